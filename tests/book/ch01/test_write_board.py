"""The board writes what is pressed, in order, and shows what each animal is remembered to say."""

import pytest
import torch

from titans_book.book.ch01.write_board import SAYS, WriteBoard, animals, sound


def board(**keywords):
    return WriteBoard(alt="Animals and their sounds", **keywords)


def words(made):
    return [row.words.strip() for row in made.rows()]


def test_keys_have_length_one_and_the_likeness_asked_for():
    for likeness in (0.0, 0.37, 1.0):
        keys = animals(likeness)
        assert float(keys["dog"] @ keys["wolf"]) == pytest.approx(likeness)
        assert all(float(key.norm()) == pytest.approx(1) for key in keys.values())


def test_an_empty_board_says_nothing():
    made = board()
    assert not made.M.any()
    assert words(made) == [f"the {name} says nothing" for name in (*SAYS, "fox")]
    assert "nothing yet" in made.history.value


def test_a_button_writes_its_pair_and_changes_the_picture():
    made = board()
    before = made.drawing.value
    made.buttons["dog"].click()
    assert torch.equal(made.M, torch.outer(animals()["dog"], sound("woof")))
    assert made.drawing.value != before and "the dog says woof ✓" in made.drawing.value
    made.buttons["cat"].click()
    assert "Written, in this order: dog, cat" in made.history.value


def test_similar_keys_disturb_each_other():
    made = board(writes=("dog", "wolf"), likeness=0.8)
    assert made.answers["dog"].tolist() == pytest.approx([0, 1, 0.8])  # Hebb: all too loud
    made.rule.value = "delta"
    assert made.answers["wolf"].tolist() == pytest.approx([0, 0, 1])
    assert made.answers["dog"].tolist() == pytest.approx([0, 0.36, 0.8])
    assert words(made)[1:3] == ["the dog says howl ✗", "the wolf says howl ✓"]


def test_the_slider_writes_everything_again():
    made = board(writes=("dog", "wolf"), rule="delta")
    made.likeness.value = 0.61
    assert words(made)[1] == "the dog says woof ✓"
    made.likeness.value = 0.62  # past the golden ratio
    assert words(made)[1] == "the dog says howl ✗"


def test_patience_helps_the_delta_rule_alone():
    for rule, says in (("delta", 1.0), ("Hebb", 20.0)):
        made = board(writes=("dog", "wolf") * 20, rule=rule)
        assert float(made.answers["dog"][1]) == pytest.approx(says, abs=0.01)
    assert "… " in made.history.value  # only the latest writes are listed
    assert "NaN" not in made.drawing.value


def test_the_fox_is_asked_and_never_written():
    made = board(writes=("cat", "dog"))
    assert "fox" not in made.buttons
    assert made.answers["fox"].tolist() == pytest.approx([0.6, 0.8, 0])
    assert words(made)[3] == "the fox says woof"


def test_clear_empties_the_memory():
    made = board(writes=("cat",))
    made.clear.click()
    assert made.writes == [] and not made.M.any()


def test_it_runs_on_the_learners_own_functions():
    calls = []

    def hebb(M, k, v):
        calls.append("hebb")
        return M + torch.outer(k, v)

    def delta(M, k, v, theta):
        calls.append(theta)
        return M

    made = board(writes=("cat",), hebb=hebb, delta=delta, read=lambda M, q: 0 * (q @ M))
    made.rule.value = "delta"
    assert calls == ["hebb", 1.0] and words(made)[0] == "the cat says nothing ✗"


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match=r"writes=\['fox'\]"):
        board(writes=("fox",))
    with pytest.raises(ValueError, match="rule='Oja'"):
        board(rule="Oja")
    with pytest.raises(ValueError, match="value=1.2"):
        board(likeness=1.2)
    with pytest.raises(ValueError, match="alt"):
        WriteBoard(alt="")


def test_it_prints_as_its_description_and_speaks_its_drawing():
    made = board(writes=("dog",))
    assert repr(made) == "WriteBoard: Animals and their sounds"
    assert 'aria-label="The memory holds snout woof 1. the cat says nothing' in made.drawing.value


def test_the_still_figure_shows_the_same_light_and_dark():
    made = board(writes=("cat", "dog", "wolf"), dark=False)
    figure = made.figure(alt="Dog and wolf disturb each other")
    assert figure.alt == "Dog and wolf disturb each other"
    titles = [axes.get_title("left").replace("\n", " ") for axes in figure.axes]
    assert "the dog says woof ✓" in " ".join(titles)
    dark = board(writes=("cat", "dog", "wolf"), dark=True)
    assert dark.drawing.value != made.drawing.value and dark.figure().png() != figure.png()
