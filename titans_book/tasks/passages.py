"""Tasks that can be read: a text, a question behind it, and the answer, as strings and as bytes.

A byte is a token, as everywhere in the book. What a row of the batch holds:

    text + question + answer without its last byte        targets: the answer's bytes

A model that gives all of them when it is shown those before would also have written the whole
answer by itself, taking the likeliest byte each time. Taught in chapter 14.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from titans_book.tasks.batch import IGNORED, TaskBatch
from titans_book.tasks.corpora import tokens

__all__ = ["Passage", "TextBatch", "score", "text_batch"]


@dataclass(frozen=True)
class Passage:
    """What is read, what is asked behind it (up to where the answer begins), and the answer."""

    text: str
    question: str
    answer: str

    @property
    def prompt(self) -> str:
        """What a model reads before it answers."""
        return self.text + self.question


@dataclass(frozen=True)
class TextBatch(TaskBatch):
    """A TaskBatch of bytes, and the passages that it was made of, one a row."""

    passages: tuple[Passage, ...]


def text_batch(passages: Sequence[Passage]) -> TextBatch:
    """The passages as bytes. Raises ValueError unless they are all as long.

    >>> task = text_batch([Passage("The key is 42. ", "The key is ", "42")])
    >>> bytes(task.inputs[0].tolist())
    b'The key is 42. The key is 4'
    >>> bytes(task.targets[task.asked].tolist())
    b'42'
    """
    rows = [tokens(passage.prompt + passage.answer) for passage in passages]
    lengths = {len(row) for row in rows}
    if len(lengths) != 1:
        raise ValueError(f"passages must all have as many bytes, got {sorted(lengths)}")
    whole = torch.stack(rows)
    targets = whole[:, 1:].clone()
    for row, passage in zip(targets, passages, strict=True):
        row[: -len(passage.answer.encode())] = IGNORED
    return TextBatch(whole[:, :-1], targets, tuple(passages))


def score(output: str, answer: str | Sequence[str], *, first_sentence: bool = False) -> float:
    """The share of the answer's strings that the output contains; capitals do not matter.

    That is how RULER scores a needle. BABILong looks at the first sentence of the output only:
    first_sentence=True.

    >>> score("It is 1234567, I think.", "1234567"), score("red and blue", ["red", "green"])
    (1.0, 0.5)
    """
    answers = [answer] if isinstance(answer, str) else list(answer)
    if not answers or "" in answers:
        raise ValueError(
            f"answer must hold one string or more and none that is empty, got {answers}"
        )
    heard = (output.split(".")[0] if first_sentence else output).lower()
    return sum(wanted.lower() in heard for wanted in answers) / len(answers)
