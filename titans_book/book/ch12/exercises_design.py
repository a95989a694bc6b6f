"""The open design of chapter 12: a reader of streams whose world is left now and then.

It has many right answers. It is judged by its errors, and it must not know a value beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from titans_book.book.ch12.novel import empty
from titans_book.book.ch12.visits import BAR, WORLDS, scores, visits
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.steps.continuum import joint, read_levels, slow_first

CHAPTER = "notebooks/12_continuum.ipynb"
NAN, MOST, LONG, CUT = -1.2345, 1e6, 80, 40


def _tried_on(function: Callable) -> Iterator[Step]:
    """What it answers at first and again, what changes when a value does, and its three scores."""
    stream = visits(12, 64)
    K, V = stream.K[:LONG], stream.V[:LONG]
    said = function(K, V)
    other = V.clone()
    other[CUT] += 1
    early = (function(K, other) - said)[: CUT + 1].abs().max()
    again = (function(K, V) - said).abs().max()
    seen = {"said": _marked(said), "early": _marked(early), "again": _marked(again)}
    yield seen | {"scores": torch.zeros(len(WORLDS)).double()}
    function = getattr(function, "function", function)  # the long streams once, not twice
    found = torch.tensor(list(scores(function).values()), dtype=torch.float64)
    yield seen | {"scores": _marked(found)}


_tried_on.names = lambda: ("K", "V")


def _marked(values: Tensor) -> Tensor:
    found = values.detach().double().nan_to_num(nan=NAN, posinf=MOST, neginf=-MOST)
    return found.clamp(-MOST, MOST)


def _good_enough(steps_: list[Step]) -> str:
    """What is missing, in words."""
    if (steps_[0]["said"] == NAN).any():
        return "It answers NaN within 80 tokens."
    if steps_[0]["again"] > 1e-9:
        return (
            "It reads the same stream twice and answers differently. What does it keep from the "
            "first reading, or does it draw random numbers?"
        )
    if steps_[0]["early"] > 1e-9:
        return (
            "It knows a value before it is told: its answer to a token, or to one before, changes "
            "when the value of this token is changed."
        )
    found = steps_[1]["scores"]
    if (mean := found.mean()) <= BAR:
        return ""
    if mean > 100:
        return (
            "Its answers grow beyond all bounds. Which rate is too large or negative, or which "
            "`keep` is above 1?"
        )
    worst = int(found.argmax())
    length, every = WORLDS[worst]
    return (
        f"Its score is {mean:.2f}, and {BAR} or less is asked for. It is worst where {length} of "
        f"{every} tokens are away from home: {float(found[worst]):.2f}."
    )


def _with(levels: list, correct: Callable) -> Callable:
    def reader(K: Tensor, V: Tensor) -> Tensor:
        return read_levels(empty(len(levels)), K, V, levels, correct)[0].sum(1)

    return reader


BOOK = _with([(1, 0.7, 0.93), (64, 0.05, 1.0)], slow_first)

my_reader = Exercise(
    name="12.my_reader",
    grade="open",
    what="a reader of worlds that are left now and then",
    reference=BOOK,
    probe=_tried_on,
    hints=(
        "Two things have to be remembered: home, for the whole stream, and a visitor's world, for "
        "a few tokens. Who should hold which, and what should happen to the second after it?",
        "`read_levels(empty(2), K, V, levels, correct)` gives what the levels said, (T, 2, d), and "
        "the answer is the sum over the levels. Each level is (C, rate, keep), the fastest first.",
        "    return told.sum(1)\n"
        "    told, _ = read_levels(empty(2), K, V, levels, slow_first)\n"
        "    levels = [(1, ..., ...), (64, ..., 1)]  (how fast does the first one let go?)",
    ),
    source="the best single level",
    taught=CHAPTER,
    part=False,
    accept=_good_enough,
    misfit="K is (T, 8), V is (T, 8), and so are the answers. `told` has one more axis, for the "
    "levels: what makes one answer of them?",
    solution="def my_reader(K, V):\n"
    "    levels = [(1, 0.7, 0.93), (64, 0.05, 1)]\n"
    "    told, _ = read_levels(empty(2), K, V, levels, slow_first)\n"
    "    return told.sum(1)",
)


@my_reader.wrong("What has the memory seen when it answers token t?")
def looks_at_the_value(K, V):
    """It hands back the values that it was to foresee."""
    return V + 0 * K


@my_reader.wrong("What does a single fast level still know of home after a visit?")
def is_one_fast_level(K, V):
    """It is one fast level. It follows every visitor, loses home each time, and repeats the
    noise."""
    return _with([(1, 0.6, 1.0)], joint)(K, V)


@my_reader.wrong("How long is a visit, and how often does a level with C = 64 learn?")
def is_one_slow_level(K, V):
    """It is one slow level. It keeps home, and no visitor is ever known to it."""
    return _with([(64, 0.03, 1.0)], joint)(K, V)


@my_reader.wrong("What is left for the slow level to learn?")
def has_levels_that_never_let_go(K, V):
    """Both levels keep everything, and both are corrected for the whole answer. The fast one takes
    it all."""
    return _with([(1, 0.6, 1.0), (64, 0.03, 1.0)], joint)(K, V)


@my_reader.wrong("What does the fast level say in the first tokens back home?")
def goes_slow_first_and_keeps(K, V):
    """The slow level goes first, and the fast one never lets go: after a visit it still says the
    visitor's words, on top of home."""
    return _with([(1, 0.6, 1.0), (64, 0.03, 1.0)], slow_first)(K, V)


@my_reader.wrong("Which of the two should let go?")
def lets_the_slow_level_go(K, V):
    """It is the slow level that lets go, and the fast one that keeps."""
    return _with([(1, 0.6, 1.0), (64, 0.03, 0.5)], slow_first)(K, V)


@my_reader.wrong("How much of a write is left after two more tokens?")
def lets_go_too_fast(K, V):
    """The fast level lets go of half at every token, so it cannot hold a visitor's world."""
    return _with([(1, 0.6, 0.5), (64, 0.03, 1.0)], slow_first)(K, V)


@my_reader.wrong("Does noise look like a value to your fast level?")
def copies_the_noise(K, V):
    """The fast level has a rate of 1: it stores every value in full, noise and all."""
    return _with([(1, 1.2, 0.99), (64, 0.03, 1.0)], joint)(K, V)


@my_reader.wrong("What does your reader answer?")
def says_nothing(K, V):
    """It answers zero to everything."""
    return 0 * V * K.sum()


@my_reader.wrong("Who learns first if the levels are the other way round?")
def names_the_slow_one_first(K, V):
    """The slow level stands in the first row, so it counts as the fast one, and the fast level
    goes first."""
    return _with([(64, 0.03, 1.0), (1, 0.6, 0.93)], slow_first)(K, V)


@my_reader.wrong("What is the answer of a memory with two levels: their sum, or their mean?")
def takes_the_mean_of_the_levels(K, V):
    """You average what the levels say. Their answers are added up."""
    return BOOK(K, V) / 2


@my_reader.wrong("Who answers while a visitor is there?")
def lets_the_slow_level_answer_alone(K, V):
    """Only the slow level answers, so what the fast one has learned of a visitor is not heard."""
    levels = [(1, 0.7, 0.93), (64, 0.05, 1.0)]
    return read_levels(empty(2), K, V, levels, slow_first)[0][:, 1]


@my_reader.wrong("Who answers at home?")
def lets_the_fast_level_answer_alone(K, V):
    """Only the fast level answers. It learns what the slow one leaves over, so home is missing."""
    levels = [(1, 0.7, 0.93), (64, 0.05, 1.0)]
    return read_levels(empty(2), K, V, levels, slow_first)[0][:, 0]
