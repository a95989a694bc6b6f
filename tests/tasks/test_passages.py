"""Text as tasks: what is asked for are the answer's bytes, and scoring is RULER's."""

import pytest

from titans_book.tasks.batch import IGNORED
from titans_book.tasks.passages import Passage, score, text_batch

PASSAGES = [Passage("It was 17. ", "What? ", "17"), Passage("It was six ", "Ha? ", "six.")]


def test_the_answers_bytes_are_due_and_nothing_else():
    task = text_batch(PASSAGES)
    assert task.inputs.shape == task.targets.shape == (2, 18) and task.passages == tuple(PASSAGES)
    for passage, inputs, targets in zip(PASSAGES, task.inputs, task.targets, strict=True):
        assert bytes(inputs.tolist()).decode() == passage.prompt + passage.answer[:-1]
        due = [IGNORED] * (len(passage.prompt) - 1) + list(passage.answer.encode())
        assert targets.tolist() == due


def test_rows_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match=r"as many bytes, got \[18, 19\]"):
        text_batch([Passage("a" * 16, "", "17"), Passage("b" * 17, "", "18")])


@pytest.mark.parametrize(
    ("output", "answer", "points"),
    [
        ("the number is 123.", "123", 1.0),
        ("1234", "123", 1.0),  # contained is enough
        ("12 3", "123", 0.0),
        ("In the KITCHEN", "kitchen", 1.0),
        ("red, blue", ["blue", "red"], 1.0),
        ("red, blue", ["blue", "green", "white", "red"], 0.5),
    ],
)
def test_the_score_is_the_share_of_answers_contained(output, answer, points):
    assert score(output, answer) == points


def test_what_comes_after_the_first_sentence_may_be_left_out():
    assert score("The office. No, the kitchen.", "kitchen") == 1
    assert score("The office. No, the kitchen.", "kitchen", first_sentence=True) == 0
    assert score("The kitchen. No.", "kitchen", first_sentence=True) == 1


@pytest.mark.parametrize("answer", [[], "", ["a", ""]])
def test_an_empty_answer_is_refused(answer):
    with pytest.raises(ValueError, match="answer must hold"):
        score("anything", answer)
