"""Chapter 09: the cloakroom to be wired, the recorded comparison, curves over the distance."""

import pytest
import torch

from titans_book.book.ch08.cloakroom import coats
from titans_book.book.ch09.cloakroom import BAR, evening, score
from titans_book.book.ch09.distances import distances, distances_told
from titans_book.book.ch09.exercises_wire import my_wiring
from titans_book.book.ch09.recorded import mean, record, spread, steps, table


def test_the_books_wiring_is_good_enough_and_neither_part_alone():
    assert score(my_wiring.reference) < BAR - 0.03
    assert score(lambda q, n, hang, remember: remember(range(n))(q)) > 0.85
    assert score(lambda q, n, hang, remember: hang(range(n - 16, n))(q)[0]) > 0.85


@pytest.mark.parametrize(
    "wiring, words",
    [
        (lambda q, n, hang, remember: hang(range(n))(q)[0], "48 coats, and the rail has 16"),
        (lambda q, n, hang, remember: [hang([1]), hang([2])], "hang coats once"),
        (lambda q, n, hang, remember: [remember([1]), remember([2])], "there is one memory"),
        (lambda q, n, hang, remember: remember([n])(q), "the numbers 0 to 47"),
        (lambda q, n, hang, remember: hang([])(q)[0], "at least one coat"),
        (lambda q, n, hang, remember: hang([0])(q)[1], "got \\(48, 1\\)"),
        (lambda q, n, hang, remember: None, "got NoneType"),
    ],
)
def test_what_a_wiring_may_not_do_is_said_in_words(wiring, words):
    with pytest.raises(ValueError, match=words):
        evening(wiring, *coats(0))


def test_the_rail_knows_when_it_knows():
    k, v = coats(1)

    def fits(q, n, hang, remember):
        y, fit = hang(range(4))(q)
        assert (fit[:4] > 0.999).all() and (fit[4:] < 0.95).all()
        assert (y[:4] - v[:4]).norm(dim=1).max() < 0.01
        return y

    evening(fits, k, v)


def test_the_page_says_what_the_record_says():
    shown = table(record).splitlines()
    assert len(shown) == 1 + len({row["model"] for row in record["rows"]})
    assert f"{mean(record, 'recall', 'lmm'):.2f}" in shown[1]
    assert spread(record, "text", 200) >= 0 and steps(record, "text").startswith("lmm ")


@pytest.mark.parametrize("dark", [False, True])
def test_a_curve_over_the_distance_shows_both_sides(dark):
    curves = {
        "leak": torch.tensor([0.1, 0.0, 1, 0.5, 0.2]),
        "good": torch.tensor([0.0, 0, 1, 1, 0]),
    }
    assert "leak: 2 tokens back and 2 ahead; good: 1 tokens back and 0" in distances_told(curves)
    figure = distances(curves, alt="Curves over the distance.", dark=dark)
    assert figure.png()[:4] == b"\x89PNG" and len(figure.axes) == 2
