"""The mask painter, by its own buttons, menus and sliders; and the puzzle's judge."""

import itertools
import re

import pytest
import torch

from titans_book.book.ch08.mask_drawing import BLANK, LEAK, RELAY, SEEN
from titans_book.book.ch08.mask_painter import MEMORY, MaskPainter
from titans_book.book.ch08.who_sees import WORDS, fits, heard, leaks, painted, spelled

SOLVED = ("#.....", "##....", "###...", ".###..", "..###.", ".#..##")


def painter(**keywords):
    return MaskPainter(alt="Who sees whom", **keywords)


def rows(made):
    return spelled(made.sees)


def test_the_patterns_are_the_chapters_masks():
    made = painter(pattern="window", size=2)
    assert rows(made)[:3] == ["#.....", "##....", ".##..."]
    made.pattern.value = "segment"
    assert rows(made)[:3] == ["#.....", "##....", "..#..."]
    made.size.value = 3
    assert rows(made)[2:4] == ["###...", "...#.."]
    made.pattern.value = "causal"
    assert rows(made)[-1] == "######" and leaks(made.sees) == []


def test_a_press_paints_a_cell_and_tells_of_its_row():
    made = painter(pattern="window", size=3)
    made.cells[5][3].click()
    made.cells[5][1].click()
    assert made.pattern.value == "painted by you" and rows(made)[5] == ".#..##"
    assert made.row.value == 5 and "<b>“coat”</b> sees “gave” “red” “coat”" in made.words.value
    made.cells[5][1].click()
    assert rows(made)[5] == "....##"
    assert ".#..##" not in made.words.value and "....##" in made.words.value


def test_what_is_painted_survives_the_size_and_is_replaced_by_a_pattern():
    made = painter(pattern="causal")
    made.cells[4][0].click()
    made.size.value = 2
    assert rows(made)[4] == ".####."
    made.pattern.value = "window"
    assert rows(made)[4] == "...##."


def test_a_cell_that_is_emptied_keeps_no_sign_of_what_it_showed():
    """A button redraws its text only where the new text is not empty."""
    made = painter(pattern="window", size=3)
    made.cells[5][0].click()
    assert made.cells[5][0].description == "■"
    made.cells[5][0].click()
    made.pattern.value = "window"
    assert made.cells[5][0].description == BLANK and not BLANK.strip()
    assert all(cell.description for row in made.cells for cell in row)
    assert SEEN not in made.cells[5][0]._dom_classes and rows(made)[5] == "...###"


def test_a_cell_in_the_future_is_striped_and_named():
    made = painter()
    assert "Nobody sees the future." in made.words.value
    made.cells[1][4].click()
    assert LEAK in made.cells[1][4]._dom_classes and made.cells[1][4].description == "!"
    assert "before it has come" in made.cells[1][4].tooltip
    assert "<b>1 leak</b>: “gave” sees “red”" in made.words.value
    made.layers.value = 2  # who sees "gave" hears of "red", too
    assert LEAK in made.cells[2][4]._dom_classes and SEEN not in made.cells[2][4]._dom_classes


def test_layers_show_the_relay():
    made = painter(pattern="window", size=3, layers=1)
    assert RELAY not in made.cells[5][2]._dom_classes
    made.layers.value = 2
    assert RELAY in made.cells[5][1]._dom_classes and made.cells[5][1].description == "·"
    assert "By relay it also hears of “gave” “Ben”. It hears nothing of “Anna”" in made.words.value
    made.layers.value = 3
    assert RELAY in made.cells[5][0]._dom_classes


def test_segments_relay_nothing_over_their_walls():
    made = painter(pattern="segment", size=3, layers=4)
    assert "hears nothing of “Anna” “gave” “Ben”" in made.words.value


def test_memory_columns_leak_as_the_figure_draws_them_and_not_as_the_book_does():
    made = painter(pattern="segment", size=3, memory=MEMORY[1], persistent=2)
    assert leaks(made.memories) == [] and "Nobody sees the future." in made.words.value
    assert "p2" in made.left.value and "h5" in made.left.value and "p3" not in made.left.value
    made.memory.value = MEMORY[2]
    assert leaks(made.memories) == [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)]
    assert "“Anna” “gave” “Ben”, but for what the memory knows." in made.words.value
    assert "6 leaks" in made.words.value and "the memory's answer to" in made.words.value
    assert made.left.value.count(LEAK) == 6
    made.memory.value = MEMORY[0]
    assert "h0" not in made.left.value


def test_relay_is_a_power_of_the_mask():
    sees = painted("#.....", "##....", ".##...", "..##..", "...##.", "....##")
    for layers in (1, 2, 3):
        reach = heard(sees, layers)
        for i, j in itertools.product(range(6), repeat=2):
            assert bool(reach[i, j]) == (0 <= i - j <= layers)


def test_the_judge_knows_the_rules():
    assert fits(painted(*SOLVED)) == ""
    assert "“gave” sees “her”" in fits(painted("#.....", "##.#..", *SOLVED[2:]))
    assert fits(painted(*SOLVED[:-1], ".#..#.")) == "“coat” does not see itself."
    assert "“coat” sees 4 words" in fits(painted(*SOLVED[:-1], ".##.##"))
    window = painted("#.....", "##....", "###...", ".###..", "..###.", "...###")
    assert fits(window) == "Through two layers “coat” hears nothing of “Anna”."


def test_a_mask_is_read_back_as_the_painter_prints_it():
    made = painter(pattern="segment", size=4)
    printed = re.search("<code>(.*)</code>", made.words.value)[1]
    assert torch.equal(painted(printed), made.sees)


def test_two_last_rows_mend_the_window():
    """Of all ways to choose the last row's three words."""
    found = []
    for pair in itertools.combinations(range(5), 2):
        last = "".join("#" if j in (*pair, 5) else "." for j in range(6))
        if not fits(painted(*SOLVED[:-1], last)):
            found.append(last)
    assert found == [".#..##", "..#.##"]


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="row '#x' of 2 rows"):
        painted("##", "#x")
    with pytest.raises(ValueError, match="'spiral' is not one of"):
        painter(pattern="spiral")
    with pytest.raises(ValueError, match="value=9"):
        painter(size=9)
    with pytest.raises(ValueError, match="alt"):
        MaskPainter(alt="")


def test_it_prints_as_its_description_and_every_cell_has_words():
    made = painter()
    assert repr(made) == "MaskPainter: Who sees whom"
    assert made.cells[2][1].tooltip == "“Ben” and “gave”: sees it"
    assert len(made.cells) == len(WORDS) and torch.equal(made.sees, made.sees.tril())


@pytest.mark.parametrize("dark", [False, True])
def test_its_still_picture_is_a_picture(dark):
    made = painter(pattern="segment", memory=MEMORY[2], persistent=2, layers=2, dark=dark)
    figure = made.figure(alt="A mask")
    assert figure.alt == "A mask" and figure.png()[:4] == b"\x89PNG"
    hatched = [patch for patch in figure.axes[0].patches if patch.get_hatch()]
    assert len(hatched) == 12  # six memory columns, and the six words that they give away
