"""The open exercise of chapter 07: be the outer loop, and set the slow weights by hand.

It has many right answers. It is judged by what a small memory answers in three tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from titans_book.book.ch07 import by_hand as trial
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.lab.learning.fitting import Misfit, Nothing

__all__ = ["by_hand"]

CHAPTER = "notebooks/07_learning_to_memorise.ipynb"
LETTERS, DIM = trial.LETTERS, trial.DIM


def _reads(function: Callable) -> Iterator[Step]:
    """The tables that it makes, and the share of right answers in each task."""
    plain = getattr(function, "function", function)  # keys may be lists, tuples or tensors
    made = trial.tables(lambda before, now: _checked(plain(before, now)))
    found = torch.tensor(list(trial.scores(made).values()), dtype=torch.float64)
    yield {"k": made.k, "q": made.q, "theta": made.theta, "shares": found}


_reads.names = lambda: ("before", "now")


def _checked(found: object) -> tuple:
    """A key, a question and a rate, or Misfit."""
    asks = "In which order does the docstring name the three, and how long are the first two?"
    if found is None:
        raise Nothing("It returns nothing.", "Is there a `return` for every pair of tokens?")
    if not isinstance(found, (tuple, list)) or len(found) != 3:
        raise Misfit("A key, a question and a rate are asked for, three values.", asks)
    for name, vector in zip(("key", "question"), found, strict=False):
        size = tuple(torch.as_tensor(vector).shape)
        if size != (DIM,):
            raise Misfit(f"The {name} has the shape {size}, where ({DIM},) is asked for.", asks)
    if torch.as_tensor(found[2]).numel() != 1:
        raise Misfit("The rate has to be a single number.", asks)
    return found[0], found[1], torch.as_tensor(found[2]).item()


def _good_enough(steps: list[Step]) -> str:
    """What is missing: the task in which it is worst, and what looks wrong."""
    (step,) = steps
    told = step["theta"][1 : LETTERS + 1, LETTERS + 1 :]
    if not told.any():
        return "It writes nothing where a number follows its letter, and so nothing is remembered."
    share, place = step["shares"].min(0)
    if share >= trial.BAR:
        return ""
    name = tuple(trial.TASKS)[place]
    says = (
        f"In the task “{name}” {float(share):.0%} of the answers are right, below {trial.BAR:.0%}."
    )
    k = step["k"][1 : LETTERS + 1, LETTERS + 1]
    near = (k @ k.T).fill_diagonal_(-1)
    a, b = divmod(int(near.argmax()), LETTERS)
    letters = "abcdefghijk"
    alike = f"the keys of {letters[a]} and {letters[b]} have the product {float(near.max()):.2f}"
    return f"{says} Of all letters, {alike}, and the mean write rate is {float(told.mean()):.2f}."


def _spread() -> Tensor:
    """Eleven directions in four dimensions, at least 60 degrees apart."""
    axes = torch.eye(4, dtype=torch.float64)
    halves = [[0.5, 0.5, 0.5, 0.5], [0.5, 0.5, -0.5, -0.5], [0.5, -0.5, 0.5, -0.5]]
    return torch.cat([axes, -axes, torch.tensor(halves, dtype=torch.float64)])


KEYS = _spread()
RANDOM = torch.randn(LETTERS, DIM, generator=torch.Generator().manual_seed(0)).double()
NONE = torch.zeros(DIM, dtype=torch.float64)


def _letter(token: int, keys: Tensor = KEYS) -> Tensor:
    return keys[token - 1] if 1 <= token <= LETTERS else NONE


def _of(before: int, now: int, *, keys: Tensor = KEYS, theta: float = 0.5):
    """The book's version, with other keys or another rate."""
    return _letter(before, keys), _letter(now, keys), theta if now > LETTERS else 0.0


def _by_hand(before: int, now: int):
    return _of(before, now)


by_hand = Exercise(
    name="07.by_hand",
    what="keys, questions and write rates, made by hand",
    reference=_by_hand,
    probe=_reads,
    hints=(
        "Which token has to decide the key, when a number is to be found again by its letter? And "
        "at which tokens does a write do harm?",
        "Key and question are (4). Only their directions count: eleven letters have to share four "
        "dimensions, so look for eleven directions that are far apart. Negative entries are "
        "allowed.",
        "    rate = 0.5 if now > 11 else 0.0\n"
        "    return letter(before), letter(now), rate\n"
        "    axes, minus_axes = torch.eye(4), -torch.eye(4)   (eight directions; which more?)",
    ),
    source="the three tasks",
    taught=CHAPTER,
    part=False,
    grade="open",
    accept=_good_enough,
    solution="""def by_hand(before, now):
    axes = torch.eye(4)
    halves = [[0.5, 0.5, 0.5, 0.5], [0.5, 0.5, -0.5, -0.5], [0.5, -0.5, 0.5, -0.5]]
    rows = torch.cat([axes, -axes, torch.tensor(halves)])

    def letter(token):
        return rows[token - 1] if 1 <= token <= 11 else torch.zeros(4)

    return letter(before), letter(now), 0.5 if now > 11 else 0.0""",
)


@by_hand.wrong("When the letter comes again, under which key will it look?")
def files_a_number_under_itself(before, now):
    """It makes the key from the number itself. When the letter comes again, it cannot know that
    key: the number is what it wants to find out."""
    key = KEYS[(now - 12) % LETTERS] if now > LETTERS else NONE
    return key, _letter(now), 0.5 if now > LETTERS else 0.0


@by_hand.wrong("What is the value of a letter, and what does writing it do to the memory?")
def writes_at_every_token(before, now):
    """It writes at letters as well. A letter has the value 0, so each such write erases what is
    stored under the key of the token before it."""
    return _letter(before), _letter(now), 0.5


@by_hand.wrong("At which of the two tokens is the pair complete?")
def writes_at_the_letter(before, now):
    """It writes when the letter comes. The number has not come by then, and a letter's value is
    0."""
    return _letter(now), _letter(now), 0.5 if now <= LETTERS else 0.0


@by_hand.wrong("How is the memory to tell two letters apart that have one key?")
def gives_all_letters_one_key(before, now):
    """All letters have the same key, so the memory knows which numbers were told and not whose
    they are."""
    return _of(before, now, keys=torch.ones(LETTERS, DIM).double())


@by_hand.wrong("Which letters share an axis in your version?")
def shares_four_axes(before, now):
    """Each letter gets one of the four axes, so up to three letters share a key."""
    return _of(before, now, keys=torch.eye(DIM).double()[torch.arange(LETTERS) % DIM])


@by_hand.wrong("How large is the largest product of two of your keys?")
def draws_keys_at_random(before, now):
    """Its keys are random directions. In four dimensions some of them are always close to each
    other; keys that are chosen can be further apart."""
    return _of(before, now, keys=RANDOM)


@by_hand.wrong("How many of the four dimensions do your keys use?")
def uses_two_dimensions(before, now):
    """Its keys lie on a circle, in two of the four dimensions. There neighbours are much closer
    than they need be."""
    turn = 2 * torch.pi * torch.arange(LETTERS).double() / LETTERS
    keys = torch.stack([turn.cos(), turn.sin(), 0 * turn, 0 * turn], dim=1)
    return _of(before, now, keys=keys)


@by_hand.wrong("What is left of a key's length, once it is brought to length 1?")
def numbers_the_letters(before, now):
    """It tells letters apart by the length of their keys. Keys are brought to length 1, and then
    they are all the same, or nearly."""
    return _of(before, now, keys=torch.arange(1, LETTERS + 1).double()[:, None] * KEYS[:1])


@by_hand.wrong("How loud is an answer that was written with a rate of 0.05, beside the noise?")
def writes_too_faintly(before, now):
    """It writes so little that the noise drowns the answers."""
    return _of(before, now, theta=0.05)


@by_hand.wrong("What does a write with θ = 1 do to what similar keys have stored?")
def writes_everything(before, now):
    """It writes with θ = 1. The latest pair is then exact, and each write takes away most from the
    pairs whose keys are similar."""
    return _of(before, now, theta=1.0)


@by_hand.wrong("What do keys and questions of the same letter have to have in common?")
def asks_with_other_directions(before, now):
    """It asks with other vectors than it writes with, so a question does not meet its own key."""
    return _letter(before), _letter(now, RANDOM), 0.5 if now > LETTERS else 0.0


@by_hand.wrong("Which token is asked about at a question: this one, or the one before it?")
def asks_about_the_token_before(before, now):
    """It asks with the token before. At a question the letter that is asked about is `now`."""
    return _letter(before), _letter(before), 0.5 if now > LETTERS else 0.0


@by_hand.wrong("If no rate is ever above 0, what is in the memory at the end?")
def never_writes(before, now):
    """Its rate is 0 everywhere, so the memory stays empty."""
    return _of(before, now, theta=0.0)


@by_hand.wrong("Which letters have keys with a positive entry?")
def has_positive_keys_only(before, now):
    """Its keys have no negative entries. So all of them lie in one corner of the space, and any two
    are more alike than they need be."""
    return _of(before, now, keys=RANDOM.abs())
