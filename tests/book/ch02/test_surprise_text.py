"""Chapter 02's widget: type, slide, and see what surprises; no text breaks it."""

import pytest
import torch

from titans_book.book.ch02 import surprise_text
from titans_book.book.ch02.surprise_text import SurpriseText, changed, letters, surprises
from titans_book.memory import Gates, memorize
from titans_book.steps.matrix import surprise_score, surprise_step

LINE = "three blind mice.\n"


def cells(widget):
    return widget.strip.value.count("<b ")


def test_the_surprise_is_that_of_the_whole_memory():
    text = "a rhyme, a rhyme again"
    keys = [text[max(0, t - 2) : t] for t in range(len(text))]
    k = torch.eye(len(text))[[keys.index(key) for key in keys]]
    v = torch.eye(len(text))[[text.index(letter) for letter in text]]
    one, record = torch.ones(1, 1, len(text)), []
    gates = Gates(theta=0.8 * one, eta=0 * one, alpha=0 * one)
    empty = torch.zeros(1, len(text), len(text))
    memorize(k[None, None], k[None, None], v[None, None], gates, [empty], chunk=1, trace=record)
    torch.testing.assert_close(surprises(text, 0.8, 2), record[0].surprise[0])


def test_a_repeat_surprises_less_and_theta_says_how_much():
    widget = SurpriseText(2 * LINE)
    assert widget.surprise[len(LINE) + 5] == pytest.approx(0.2)
    widget.theta.value = 0.5
    assert widget.surprise[len(LINE) + 5] == pytest.approx(0.5)
    assert "Mean surprise" in widget.words.value and "line by line" in widget.words.value


def test_a_changed_letter_glows_with_the_letters_that_have_it_in_their_key():
    widget = SurpriseText(3 * LINE)
    plain, before = widget.surprise, widget.strip.value
    widget.edit.value = 28
    assert widget.strip.value != before and widget.strip.value.count(' now"') == 1
    assert (widget.surprise - plain > 0.5).view(3, -1).sum(1).tolist() == [0, 3, 1]
    widget.before.value = 4
    assert widget.surprise[27:32].min() > 0.99


def test_the_slider_for_the_edit_ends_with_the_text():
    widget = SurpriseText("a long text")
    assert widget.edit.max == len("a long text")
    widget.edit.value = 9
    widget.text.value = "ab"
    assert (widget.edit.max, widget.edit.value, widget.pieces) == (2, 2, ["a", "x"])


@pytest.mark.parametrize("text", ["", "a", "\n", " ", "\n\n\n", "x" * 30, "x\ty"])
def test_texts_of_next_to_nothing(text):
    widget = SurpriseText()
    widget.text.value = text
    assert cells(widget) == len(text) and "nan" not in widget.words.value
    widget.edit.value = widget.edit.max
    widget.theta.value = 2.2
    assert cells(widget) == len(text)


def test_an_empty_text_asks_for_a_word():
    assert "Nothing is typed yet" in SurpriseText("").words.value
    with pytest.raises(ValueError, match="the text is empty"):
        SurpriseText("").figure(alt="Nothing")


def test_a_long_text_is_cut_and_says_so():
    widget = SurpriseText()
    widget.text.value = "word " * 10_000
    assert cells(widget) == surprise_text.MOST
    assert f"its first {surprise_text.MOST} letters are read" in widget.words.value
    assert len(widget.text.value) == 50_000  # what was typed stays


def test_html_is_text():
    widget = SurpriseText("<script>alert('&')</script>\"")
    assert "<script" not in widget.strip.value + widget.words.value
    assert "&lt;" in widget.strip.value and "&amp;" in widget.strip.value


def test_letters_are_what_a_reader_sees():
    family, flag, thumb = "\U0001f468\u200d\U0001f469\u200d\U0001f467", "🇩🇪", "👍🏽"
    assert letters(f"{family}{flag}{flag}{thumb}é") == [family, flag, flag, thumb, "é"]
    assert letters("e\u0301\r\n") == ["é", "\n"]
    assert letters("\u0301a\ud800") == ["\u0301", "a", "?"]
    assert cells(SurpriseText(f"{family}日本語{flag}")) == 5


def test_the_change_is_to_a_letter_that_the_text_does_not_have():
    assert changed("ab", 0) == ["a", "b"] and changed("ab", 7) == ["a", "x"]
    assert changed("xa", 1) == ["z", "a"] and changed("", 3) == []
    everything = "xzqjkvw#"
    assert all(changed(everything, place) != list(everything) for place in range(1, 9))


def test_it_runs_on_the_functions_it_is_given():
    def twice(M, k, v):
        return 2 * surprise_score(M, k, v)

    widget = SurpriseText("ab", score=twice, step=surprise_step)
    assert widget.surprise.tolist() == [2.0, 2.0]


def test_an_explosion_is_told_in_few_digits():
    widget = SurpriseText("a" * 300, theta=2.2, before=1)
    assert "e+" in widget.words.value and len(widget.words.value) < 200


def test_it_prints_as_its_words_and_has_a_still_twin_on_both_pages():
    light, dark = (SurpriseText(LINE, dark=page) for page in (False, True))
    assert repr(light) == repr(dark) and "0x" not in repr(light)
    assert light.figure(alt="A line").png() != dark.figure(alt="A line").png()
