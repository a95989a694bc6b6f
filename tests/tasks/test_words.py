"""Words as tokens: the commonest of a text, and one token for all others."""

import pytest
import torch

from titans_book.tasks.corpora import text
from titans_book.tasks.words import Words

LINE = "The king's men -- the KING, 24 of them.\nThe end"


def test_words_numbers_and_marks_are_tokens_in_lower_case():
    words = Words.of(LINE, size=11)
    everything = ["the", "king's", "men", "-", "-", "the", "king", ",", "24", "of", "them", ".",
                  "the", "end"]  # fmt: skip
    assert words.known == ("…", "the", "-", "king's", "men", "king", ",", "24", "of", "them", ".")
    tokens = words.tokens(LINE)
    assert tokens.dtype == torch.long and len(words) == 11
    assert [words.known[i] for i in tokens] == [w if w != "end" else "…" for w in everything]
    assert words.text(tokens) == " ".join(everything[:-1]) + " …"


def test_nothing_is_no_token():
    words = Words.of(LINE, size=3)
    assert words.tokens(" \n").shape == (0,) and words.text(words.tokens("")) == ""


def test_a_vocabulary_covers_what_was_counted():
    """Of the ten plays, the 2,047 commonest words are nine of ten."""
    play = text("shakespeare")
    share = (Words.of(play, 2048).tokens(play) > 0).float().mean().item()
    assert 0.88 < share < 0.93


@pytest.mark.parametrize(("size", "words"), [(1, "be 2 or more"), (13, "be 12 or less")])
def test_a_size_that_cannot_be_is_named(size, words):
    with pytest.raises(ValueError, match=f"size must {words}"):
        Words.of(LINE, size)
