"""Chapter 00: a memory reads a text, and nothing breaks whatever the text is."""

import json

import pytest
import torch

from titans_book.book import draw
from titans_book.book.ch00 import promise
from titans_book.book.ch00.beside import both_films, scoreboard
from titans_book.book.ch00.exercises_loop import read_text, read_text_reference
from titans_book.book.ch00.exercises_open import my_memory
from titans_book.book.ch00.forgetting import ForgettingSlider
from titans_book.book.ch00.impostors import four_memories
from titans_book.book.ch00.reading import cells, read
from titans_book.book.ch00.twisters import BAR, TEXTS, one_letter, price, prices
from titans_book.lab.learning.examine import examine

SENTENCE = "we learn what surprises us. "
TEXTS_OF_A_LEARNER = ("a", "ab", "aaaa", " ", "Ünïcode\nlines, yes. ", "a long one, " * 30)


@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_the_loop_of_the_exercise_and_the_packages_layer_read_alike(alpha):
    rows, columns, shape = cells(SENTENCE * 2)
    film, surprise = read_text_reference(torch.zeros(shape), rows, columns, 0.8, alpha)
    seen = read(SENTENCE * 2, alpha=alpha)
    assert torch.allclose(film.double(), seen.film, atol=1e-5)
    assert torch.allclose(surprise.double(), seen.surprise, atol=1e-5)


def test_a_text_without_letters_or_keys_is_refused():
    with pytest.raises(ValueError, match="write a sentence"):
        read("")
    with pytest.raises(ValueError, match="context=0"):
        read("a", context=0)


@pytest.mark.parametrize("sentence", TEXTS_OF_A_LEARNER, ids=len)
def test_any_sentence_can_be_played_and_drawn(sentence):
    seen = read(sentence * 2)
    assert len(seen.film) == 2 * len(sentence) + 1 and not seen.film[0].any()
    lineup = four_memories(sentence)
    assert len(lineup.answers(lineup.asked())) == 4 == len(lineup.truth().splitlines())
    for picture in (
        draw("00.film", seen),
        draw("00.memory", seen),
        draw("00.five", {0.5: seen}),
        draw("00.four", lineup),
        draw("00.both_films", read_text_reference, sentence, theta=1.0, alpha=0.5),
    ):
        assert len(picture.alt) > 40


def test_the_slider_reads_again_and_says_what_a_second_reading_is_worth():
    made = ForgettingSlider(SENTENCE)
    assert "first 1.01, second 0.27" in made.means.value
    before = made.memory.value
    made.alpha.value = 0.1
    assert made.memory.value != before and "96% of the first" in made.means.value


def test_the_clue_tells_the_four_memories_apart():
    lineup = four_memories(SENTENCE)
    assert sorted(lineup.kinds) == ["forgets", "looks back", "noise", "read"]
    true = lineup.reading.answer(lineup.asked())[0]
    said = dict(zip(lineup.kinds, lineup.answers(lineup.asked()), strict=True))
    assert repr(true) in said["read"] and repr(true) not in said["looks back"]


def test_a_wrong_film_is_shown_beside_the_books_and_a_useless_one_is_not():
    def still(M, rows, columns, theta, alpha):
        return M.expand(len(rows) + 1, *M.shape), torch.ones(len(rows))

    both = both_films(still, "abc", 0.8, 0.0, alt="Two films")
    assert both.frames.shape[2] == 2 and "left yours" in both.captions[0]
    assert not both.frames[-1, 0, 0].any() and both.frames[-1, 0, 1].any()
    for useless in (lambda *_: 3, lambda *_: 1 / 0, lambda M, *_: (M, M)):
        one = both_films(useless, "abc", 0.8, 0.0, alt="One film")
        assert one.frames.shape[2] == 1 and "yours is not ready" in one.captions[0]


def loops(M, rows, columns, theta, alpha):
    """Entry by entry, in place on a copy."""
    M = M.clone()
    film, surprise = torch.empty(len(rows) + 1, *M.shape), []
    film[0] = M
    for t in range(len(rows)):
        wanted = torch.zeros(M.shape[1])
        wanted[columns[t]] = 1
        missing = wanted - M[rows[t]]
        surprise.append(float((missing**2).sum() ** 0.5))
        M *= 1 - alpha
        M[rows[t]] += theta * missing
        film[t + 1] = M
    return film, torch.tensor(surprise)


def outer(M, rows, columns, theta, alpha):
    """With keys as vectors, as later chapters do it."""
    film, surprise = [M], []
    for k, v in zip(
        torch.eye(len(M))[list(rows)], torch.eye(M.shape[1])[list(columns)], strict=True
    ):
        error = v - torch.einsum("i,ij->j", k, film[-1])
        surprise.append(torch.linalg.norm(error))
        film.append(film[-1] - alpha * film[-1] + theta * torch.outer(k, error))
    return torch.stack(film), torch.stack(surprise)


@pytest.mark.parametrize("answer", [loops, outer])
def test_other_right_loops_pass(answer):
    verdict = examine(read_text, answer)
    assert verdict.outcome == "right", str(verdict)


@pytest.mark.parametrize(
    "answer",
    [
        lambda before: ((26 * ord(before[-1]) + ord(before[-2])) % 64, torch.tensor(0.5)),
        lambda before: (
            sum(ord(c) * w for c, w in zip(before[-2:], (27, 1), strict=True)) % 64,
            0.4,
        ),
        lambda before: (float((ord(before[-1]) + 2 * ord(before[-2])) % 64), 0.5),
    ],
)
def test_other_good_designs_pass(answer):
    assert examine(my_memory, answer).outcome == "right"


def test_the_books_design_is_below_the_bar_and_one_letter_above():
    mean = {f: sum(prices(f).values()) / len(TEXTS) for f in (my_memory.reference, one_letter)}
    assert mean[my_memory.reference] < BAR < mean[one_letter]
    assert price(one_letter, "ab")[0] == 1
    board = scoreboard(lambda before: 1 / 0)
    assert "still open" in board and f"{mean[one_letter]:.2f}" in board


def test_the_promise_is_the_record():
    record = json.loads(promise.RECORD.read_text(encoding="utf-8"))
    assert promise.recorded() == record
    for name, (words, *_) in promise.MODELS.items():
        saved = record["models"][name]["plays"]["saved"]
        told = f"{words} {', '.join(f'{abs(mean):.1f}' for mean, *_ in saved)}"
        assert told in draw("00.saved", record).alt
