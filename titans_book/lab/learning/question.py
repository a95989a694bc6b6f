"""A question and its choices, each with the reason why it is right or wrong."""

from __future__ import annotations

from dataclasses import dataclass

from titans_book.lab.pictures.sheet import check_name, plain

__all__ = ["LETTERS", "Choice", "Question"]

LETTERS = "abcd"


@dataclass(frozen=True)
class Choice:
    """One answer that can be chosen, and why it is right or wrong (see Question for the texts)."""

    text: str
    right: bool = False
    because: str = ""

    def __post_init__(self):
        if not self.text.strip():
            raise ValueError("text is empty: say what the learner can choose")
        if not self.because.strip():
            raise ValueError(f"because is empty for {self.text!r}: every choice is explained")


@dataclass(frozen=True)
class Question:
    """A question of the bank: its name ("01.interference"), what it asks, three or four choices.

    Texts are HTML from this book's own bank, shown as they are: <i>, <b>, <code>, <sub>, <sup> are
    welcome, and a bare < or & is written &lt; or &amp;. Never put a learner's own text here.
    """

    name: str
    asks: str
    choices: tuple[Choice, ...]

    def __post_init__(self):
        check_name(self.name)
        if not self.asks.strip():
            raise ValueError(f"asks is empty: what does question {self.name} ask?")
        if len(self.choices) not in (3, 4):
            raise ValueError(f"{self.name} has {len(self.choices)} choices: give three or four")
        if sum(choice.right for choice in self.choices) != 1:
            raise ValueError(f"{self.name} needs exactly one choice that is right")
        if len({choice.text for choice in self.choices}) < len(self.choices):
            raise ValueError(f"{self.name} has the same choice twice")

    @property
    def chapter(self) -> str:
        """The number of the chapter that teaches it."""
        return self.name[:2]

    def __str__(self) -> str:
        choices = zip(LETTERS, self.choices, strict=False)
        return " ".join([plain(self.asks), *(f"{a}) {plain(c.text)}" for a, c in choices)])
