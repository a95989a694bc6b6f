"""The open exercise of chapter 09: wire a rail and a memory, and be judged by all the guests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch08.cloakroom import coats
from titans_book.book.ch09.cloakroom import BAR, GUESTS, HOOKS, evening, wired_error
from titans_book.book.ch09.given import CHAPTER
from titans_book.lab.learning.exercise import Exercise, Step

EVENINGS = 6


def my_wiring_(q, guests, hang, remember):
    """The book's version."""
    look = hang(range(guests - 16, guests))
    recall = remember(range(guests - 16))
    y, fit = look(q)
    return torch.where(fit > 0.99, y, recall(q))


def _evenings(function: Callable) -> Iterator[Step]:
    """The mean error for each guest. A check looks at one evening; after that the function runs by
    itself, because nobody else touches the rail and the memory."""
    evening(function, *coats(0), once=False)
    function = getattr(function, "function", function)
    yield {"error": wired_error(function, EVENINGS).nan_to_num(nan=9.0)}


_evenings.names = lambda: ("q", "guests", "hang", "remember")


def _good_enough(steps: list[Step]) -> str:
    """What is missing, in words."""
    error = steps[0]["error"].detach()
    mean, near, far = (float(part.mean()) for part in (error, error[:HOOKS], error[HOOKS:]))
    if mean <= BAR:
        return ""
    return (
        f"Its score is {mean:.2f}, and {BAR} or less is asked for. The mean error is {near:.2f} "
        f"for the latest {HOOKS} guests and {far:.2f} for the {GUESTS - HOOKS} before them."
    )


my_wiring = Exercise(
    name="09.my_wiring",
    what="a rail and a memory that help each other",
    reference=my_wiring_,
    probe=_evenings,
    hints=(
        "Each of the two is good at something that the other is not. Who should answer whom, and "
        "how can your wiring know which of them to believe?",
        "hang(places) gives a look, and look(q) gives y (n, d) and fit (n, 1); remember(places) "
        "gives a recall. fit is 1 where a number is on a hook. Places are numbers from 0, the "
        "first guest, to guests - 1, the latest. Which coats need not be remembered?",
        "    return torch.where(fit > 0.99, ..., ...)\n    y, fit = look(q)\n"
        "    recall = remember(...)\n    look = hang(range(guests - 16, guests))",
    ),
    source="the mean over all guests",
    taught=CHAPTER,
    part=False,
    grade="open",
    accept=_good_enough,
    solution="def my_wiring(q, guests, hang, remember):\n"
    "    look = hang(range(guests - 16, guests))\n"
    "    recall = remember(range(guests - 16))\n"
    "    y, fit = look(q)\n"
    "    return torch.where(fit > 0.99, y, recall(q))",
)


def _both(q, guests, hang, remember, places=None):
    """The rail's answers and fit, with the latest coats, and what the memory says of all."""
    y, fit = hang(range(guests - HOOKS, guests))(q)
    return y, fit, remember(range(guests) if places is None else places)(q)


@my_wiring.wrong("What does the rail hand out to a guest whose coat is not on it?")
def uses_the_rail_alone(q, guests, hang, remember):
    """Only the rail answers. It is exact for sixteen guests, and hands all others somebody else's
    coat, which is worse than silence."""
    return hang(range(guests - HOOKS, guests))(q)[0]


@my_wiring.wrong("For which guests is there an exact answer at hand?")
def uses_the_memory_alone(q, guests, hang, remember):
    """Only the memory answers, although the last sixteen coats hang on the rail."""
    return remember(range(guests))(q)


@my_wiring.wrong("How long is a sum of two answers, if both are right?")
def adds_them_up(q, guests, hang, remember):
    """You add both answers. Near guests then get the same coat twice, and far ones a stranger's
    coat on top."""
    y, _, m = _both(q, guests, hang, remember)
    return y + m


@my_wiring.wrong("When is the rail half right?")
def takes_the_mean(q, guests, hang, remember):
    """You take the mean of both answers. The rail is either right or wrong, so half of it is never
    the best choice."""
    y, _, m = _both(q, guests, hang, remember)
    return (y + m) / 2


@my_wiring.wrong("What does the memory know about the quality of the rail's answer?")
def gates_as_mag_does(q, guests, hang, remember):
    """It is MAG's gate, y · sigmoid(m). In a trained block that works, because training shapes m
    for it. Here m is a coat, which says nothing about whether y is right."""
    y, _, m = _both(q, guests, hang, remember)
    return y * torch.sigmoid(m)


@my_wiring.wrong("Who finds the coats on the rail, if not their own numbers?")
def asks_the_rail_with_answers(q, guests, hang, remember):
    """It is MAL's order: the rail is asked with what the memory says. But hooks carry numbers, and
    a coat is no number."""
    recall = remember(range(guests))
    return hang(range(guests - HOOKS, guests))(recall(q))[0]


@my_wiring.wrong("Do the last sixteen coats need a place in the memory?")
def remembers_everybody(q, guests, hang, remember):
    """You choose well between rail and memory, but the memory also reads the coats that hang on the
    rail. Those sixteen writes disturb all the others."""
    y, fit, m = _both(q, guests, hang, remember)
    return torch.where(fit > 0.99, y, m)


@my_wiring.wrong("Whose coats are left for the memory?")
def remembers_those_on_the_rail(q, guests, hang, remember):
    """The memory reads the sixteen coats that hang on the rail, so nobody keeps the others."""
    y, fit, m = _both(q, guests, hang, remember, range(guests - HOOKS, guests))
    return torch.where(fit > 0.99, y, m)


@my_wiring.wrong("What does a fit of 1 say?")
def chooses_the_wrong_way_round(q, guests, hang, remember):
    """The choice is the wrong way round: where the number is on the rail, you take the memory's
    answer."""
    y, fit, m = _both(q, guests, hang, remember, range(guests - HOOKS))
    return torch.where(fit > 0.99, m, y)


@my_wiring.wrong("How well does the nearest of sixteen random numbers fit by chance?")
def believes_too_easily(q, guests, hang, remember):
    """You believe the rail from a fit of 0.3 on. Among sixteen random numbers there is often one
    that fits so well by chance."""
    y, fit, m = _both(q, guests, hang, remember, range(guests - HOOKS))
    return torch.where(fit > 0.3, y, m)


@my_wiring.wrong("Which guests does the memory remember worst, and are they on your rail?")
def mixes_by_the_fit(q, guests, hang, remember):
    """You mix both answers in the ratio of the fit. The fit of a number that is not on the rail is
    far from 0, so every far guest gets a part of a stranger's coat."""
    y, fit, m = _both(q, guests, hang, remember, range(guests - HOOKS))
    return fit * y + (1 - fit) * m
