"""Hay: the corpora's sentences, in their order, to the byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from titans_book.tasks import corpora
from titans_book.tasks.haystack import ESSAYS, dice, fill, sentences


@pytest.mark.parametrize("name", ESSAYS)
def test_the_sentences_are_the_text_again(name):
    text = " ".join(s["text"] for s in corpora.speeches()) if name == "sotu" else corpora.text(name)
    found = sentences(name)
    assert " ".join(found) == " ".join("".join(c for c in text if ord(c) < 128).split())
    assert len(found) > 8000 and all(found)
    ends = sum(sentence[-1] in ".!?" for sentence in found)
    assert ends >= len(found) - 1  # all but the end of the text


@given(
    hay=st.lists(st.text(alphabet="abc .", min_size=1, max_size=9), min_size=1, max_size=5),
    start=st.integers(0, 9),
    room=st.integers(0, 60),
)
def test_hay_fills_the_room_exactly(hay, start, room):
    found = fill(hay, start, room)
    assert sum(map(len, found)) == room
    for i, sentence in enumerate(found):
        whole = hay[(start + i) % len(hay)] + " "
        assert sentence == whole or (i == len(found) - 1 and whole.startswith(sentence[:-1]))


def test_chance_is_repeatable():
    assert dice(3).random() == dice(3).random() != dice(4).random()


def test_another_book_is_refused():
    with pytest.raises(ValueError, match="essays must be one of .* got 'graham'"):
        sentences("graham")
