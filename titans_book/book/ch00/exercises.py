"""The exercise of chapter 00: one number."""

from collections.abc import Callable, Iterator

import torch

from titans_book.lab.learning.exercise import Exercise, Step

LETTERS = 28
CHAPTER = "notebooks/00_start_here.ipynb"


def _asked(function: Callable) -> Iterator[Step]:
    """The number itself."""
    yield {"alpha": torch.as_tensor(function(), dtype=torch.float64)}


def _left(alpha: float) -> float:
    """What is left of a trace after 28 letters."""
    return (1 - alpha) ** LETTERS


def _half(steps: list[Step]) -> str:
    alpha = float(steps[0]["alpha"])
    if not 0 <= alpha <= 1:
        return f"You return {alpha:g}. A share lies between 0 and 1."
    left = _left(alpha)
    if 0.48 <= left <= 0.52:
        return ""
    wrong = "small" if left > 0.5 else "large"
    return (
        f"With {alpha:g}, {left:.1%} of a trace is left after {LETTERS} letters. α is too {wrong}."
    )


my_alpha = Exercise(
    name="00.my_alpha",
    what="the forgetting that halves a trace within 28 letters",
    reference=lambda: 1 - 0.5 ** (1 / LETTERS),
    probe=_asked,
    hints=(
        "Each letter leaves the share 1 - α of a trace. What is left after two letters?",
        "A number between 0 and 1 is asked for. After 28 letters the share (1 - α) to the power of "
        "28 is left, and that has to be 1/2. In Python, 2 to the power of 3 is `2 ** 3`.",
        "    return    -    0.5    **    1    (1 / 28)",
    ),
    source="Titans eq. 13",
    taught=CHAPTER,
    part=False,
    accept=_half,
    solution="def my_alpha():\n    return 1 - 0.5 ** (1 / 28)  # (1 - alpha) ** 28 = 1/2",
)


@my_alpha.wrong("What is left after two letters if each takes a half?")
def takes_a_half_at_each_letter():
    """That halves the trace at every single letter."""
    return 0.5


@my_alpha.wrong("Does every letter take the same amount, or the same share of what is left?")
def takes_equal_amounts():
    """You spread one half evenly over 28 letters. But each letter takes a share of what is left, so
    the later ones take less, and more than half remains."""
    return 0.5 / LETTERS


@my_alpha.wrong("What would be left after 28 equal steps of 1/28 each?")
def takes_one_part_in_28():
    """1/28 at each letter takes too much: about 36 % is left."""
    return 1 / LETTERS


@my_alpha.wrong("Is α the share that stays, or the share that goes?")
def gives_the_share_that_stays():
    """That is 1 - α, the share that each letter leaves. α is the share that it takes."""
    return 0.5 ** (1 / LETTERS)


@my_alpha.wrong("How is 2.45 % written as a number?")
def counts_in_percent():
    """That is α in per cent. Return it as a share: divide by 100."""
    return 2.45


@my_alpha.wrong("How many letters is a trace old when the sentence comes back?")
def counts_both_readings():
    """That halves a trace within 56 letters, the length of both readings together."""
    return 1 - 0.5 ** (1 / (2 * LETTERS))


@my_alpha.wrong("Is that what is left after 28 letters, or what each letter takes?")
def raises_one_half_to_the_28th():
    """That is what 28 halvings leave, next to nothing. So is what your α takes at each letter."""
    return 0.5**LETTERS


@my_alpha.wrong("What is left after one letter of what you return, and after two?")
def takes_what_28_halvings_take():
    """You raise one half to the power of 28, where the 28th root of it is asked for. With this α a
    single letter wipes nearly everything."""
    return 1 - 0.5**LETTERS
