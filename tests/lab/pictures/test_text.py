"""Tokens to words, and words to shades."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from titans_book.lab.pictures import text, traces
from titans_book.lab.pictures.lines import gates
from titans_book.lab.pictures.text_figures import places


@given(st.text(max_size=40))
def test_spelling_bytes_gives_the_text_back(words):
    raw = words.encode()
    pieces = text.spell(raw)
    assert len(pieces) == len(raw) and "".join(pieces) == words


def test_tokens_that_are_not_bytes_print_as_numbers():
    assert text.spell([3, 300]) == ["3 ", "300 "]


@given(st.text(max_size=30), st.integers(0, 40))
def test_every_piece_is_shown_once_and_escaped(words, upto):
    import html
    import re

    upto = min(upto, len(words))
    shown = text.shaded(list(words), [1] * len(words), upto=upto)
    plain = html.unescape(re.sub(r"<[^>]*>", "", shown.replace('<span class="end">¶</span>', "")))
    assert plain == words
    assert shown.count('now"') == (1 if upto else 0)


def test_shades_run_from_none_to_the_limit():
    assert text.shades([0, 1, 2], limit=2.0) == [0, 4, 9]
    assert text.shades([float("nan")]) == [0]
    assert text.shades([]) == []
    assert text.shades([0.0, 0.0]) == [0, 0]


def test_lines_break_at_the_edge_and_at_line_breaks():
    assert places(["ab", "cd", "\n", "e"], across=4) == [(0, 0), (2, 0), (0, 1), (0, 2)]


@pytest.mark.parametrize(
    "value, words",
    [(float("nan"), "not a number"), (float("inf"), "infinite"), (-2500.4, "-2,500")],
)
def test_numbers_print_for_people(value, words):
    assert traces.number(value) == words


def test_the_loss_drawing_skips_what_is_not_a_number():
    svg = traces.loss_drawing([1, 2, 3], [4.0, float("nan"), 3.0], [(3, 3.5)], alt="a < b")
    assert "nan" not in svg and 'aria-label="a &lt; b"' in svg and svg.count("<path") == 1
    assert "no step yet" in traces.loss_drawing([], [], alt="nothing")


def test_gates_are_revealed_by_the_edge_alone():
    drawing = traces.LineDrawing(gates([1, 2, 3], [1, 2, 3], [1, 2, 3]), 3)
    early, late = drawing.svg(1), drawing.svg(3)
    assert early != late
    assert (
        early[early.index("<g clip") : early.index("</g>")]
        == late[late.index("<g clip") : late.index("</g>")]
    )
    assert drawing.svg(99) == late
