"""The open exercise of chapter 01: keys of one's own, for the birds along a river.

It has many right answers. It is judged by what a memory makes of the rivers of river.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch01.river import BAR, HEARD, SIZE, keys, river_errors, slot_key
from titans_book.lab.learning.exercise import Exercise, Step

CHAPTER = "notebooks/01_memory_is_a_function.ipynb"
ASKED = torch.arange(HEARD + 1, dtype=torch.float64) / HEARD  # places, a bird's distance apart
CENTRES = torch.linspace(0, 1, SIZE, dtype=torch.float64)
TURNS = torch.linspace(0, 1, SIZE // 2, dtype=torch.float64)


def _tried_on(function: Callable) -> Iterator[Step]:
    """Its keys for a few places, whether they stay the same; then the two errors."""
    found = torch.stack([torch.as_tensor(function(x.clone())).double() for x in ASKED])
    plain = getattr(function, "function", function)
    step = {"keys": found, "change": torch.zeros(1), "errors": torch.zeros(2)}
    yield step
    if not found.isfinite().all():
        yield step
        return
    change = (keys(plain, ASKED) - found).abs().max()[None]
    measured = torch.tensor(list(river_errors(plain).values())).nan_to_num(nan=math.inf)
    yield {"keys": found, "change": change, "errors": measured.clamp(max=1e9)}


_tried_on.names = lambda: ("x",)


def _good_enough(steps: list[Step]) -> str:
    """What is missing: the birds at which it is worse, and what their keys have in common."""
    found = steps[0]["keys"]
    if not found.isfinite().all():
        return "It gives NaN or infinity for some places. Is something divided by 0?"
    if steps[1]["change"].item() > 0:
        return "It gives the same place another key each time, so no bird is ever found again."
    heard, new = steps[1]["errors"].tolist()
    if max(heard, new) <= BAR:
        return ""
    if max(heard, new) > 1000:
        return f"Its score is over 1000, where {BAR} or less is asked for. {_facts(found)}"
    return (
        f"Its score is {max(heard, new):.2f}, where {BAR} or less is asked for "
        f"(heard {heard:.2f}, new {new:.2f}). {_facts(found)}"
    )


def _facts(found: torch.Tensor) -> str:
    """How long its keys are, and how alike those of near and of distant places are."""
    lengths = found.norm(dim=1)
    if (lengths < 1e-6).any():
        return "Some places get a key of zeros. Nothing can be written or read there."
    if float(lengths.max()) > 2**0.5:
        return (
            f"Some keys have the length {lengths.max():.2f}. With θ = 1 and a key longer than √2 "
            "each write makes the error larger."
        )
    if float(lengths.min()) < 0.7:
        return (
            f"Some keys have the length {lengths.min():.2f}. With θ = 1 a write corrects only the "
            f"share {lengths.min() ** 2:.2f} of the error there."
        )
    unit = found / lengths[:, None]
    near = (unit[:-1] * unit[1:]).sum(1).mean()
    far = (unit[: -HEARD // 2] * unit[HEARD // 2 :][: HEARD // 2 + 1]).sum(1).abs().mean()
    return (
        f"Places 1/{HEARD} of the river apart have keys with a dot product of {near:.2f} on "
        f"average, and places half the river apart {far:.2f} (without sign)."
    )


def _bumps(x, width):
    key = torch.exp(-(((x - CENTRES) / width) ** 2) / 2)
    return key / key.norm()


def _waves(x, most):
    turns = 2 * math.pi * most * TURNS * x
    return torch.cat([torch.cos(turns), torch.sin(turns)]) / (SIZE // 2) ** 0.5


def my_key_reference(x):
    """A bump around the place, as wide as the distance from bird to bird, of length 1."""
    return _bumps(x, 0.08)


my_key = Exercise(
    name="01.my_key",
    what="keys that keep birds apart and still answer for their neighbours",
    reference=my_key_reference,
    probe=_tried_on,
    hints=(
        "Crosstalk is the dot product of two keys. From which birds would you like to have some, "
        "and from which none at all? How far are they away?",
        "x is a number from 0 to 1, a tensor without axes; a key (32) comes back, best of length "
        "1. torch.linspace(0, 1, 32, dtype=torch.float64) gives each entry a place on the river.",
        "    return key / key.norm()\n    centres = torch.linspace(0, 1, 32, dtype=torch.float64)\n"
        "    key = ...  (large where a centre is near x, small where it is far from x)",
    ),
    source="the errors on twelve rivers",
    taught=CHAPTER,
    part=False,
    grade="open",
    accept=_good_enough,
    misfit="A key has 32 entries and one axis. How many does yours have?",
    solution="def my_key(x):\n"
    "    centres = torch.linspace(0, 1, 32, dtype=torch.float64)\n"
    "    key = torch.exp(-(((x - centres) / 0.08) ** 2) / 2)\n"
    "    return key / key.norm()",
)


@my_key.wrong("What does a slot answer into which no bird was written?")
def gives_each_stretch_a_slot(x):
    """Each stretch of the river has a slot of its own. The keys are orthogonal and the heard birds
    come back, but the memory is silent wherever no bird was heard."""
    return slot_key(x)


@my_key.wrong("How far does a bump reach, and how far is it to the next bird?")
def makes_narrow_bumps(x):
    """Your bumps have the width 0.01. They end before the next bird, so they are slots again."""
    return _bumps(x, 0.01)


@my_key.wrong("What is the dot product of the keys of two birds at opposite ends of the river?")
def makes_wide_bumps(x):
    """Your bumps have the width 0.3, a third of the river. All keys are alike, and each bird sings
    with the voices of all."""
    return _bumps(x, 0.3)


@my_key.wrong("By how much does one write change the answer to a key with |k|² = 4?")
def forgets_the_length(x):
    """Your bumps are as wide as they should be, but their length is not 1. With θ = 1 each write
    goes too far, and the errors grow."""
    return torch.exp(-(((x - CENTRES) / 0.08) ** 2) / 2)


@my_key.wrong("The entries add up to 1. What is the sum of their squares?")
def makes_shares(x):
    """Your entries add up to 1, as after a softmax. So the key is much shorter than 1, and a write
    corrects only a small part of the error."""
    return torch.softmax(-(((x - CENTRES) / 0.08) ** 2) / 2, dim=0)


@my_key.wrong("What do the keys of two neighbours have in common?")
def draws_a_random_key(x):
    """Each place has a random key. They are nearly orthogonal, but a new bird's key has nothing to
    do with that of its neighbour."""
    random = torch.Generator().manual_seed(int(x * 1_000_000))
    key = torch.randn(SIZE, generator=random, dtype=torch.float64)
    return key / key.norm()


@my_key.wrong("For x = 0.3, how many of the powers are larger than 0.01?")
def takes_powers(x):
    """Your key holds the powers of x, with length 1. High powers are nearly 0 along most of the
    river, so all its keys are alike."""
    key = x ** torch.arange(SIZE, dtype=torch.float64)
    return key / key.norm()


@my_key.wrong("Which curves can a memory answer with, if it knows only 1 and x?")
def knows_a_straight_line(x):
    """Only two entries of your key are used, 1 and x. So all keys lie in a plane, and no more than
    two birds can be kept apart."""
    key = torch.zeros(SIZE, dtype=torch.float64)
    key[0], key[1] = 1, x
    return key / key.norm()


@my_key.wrong("Which entries do the keys of 0.9 and 0.5 share?")
def fills_up_to_the_place(x):
    """Your key has a 1 for every stretch up to the place, like a thermometer. Distant places share
    nearly as many entries as neighbours do."""
    key = (x >= CENTRES).double()
    return key / key.norm()


@my_key.wrong("How often do your waves turn between one bird and the next?")
def turns_too_fast(x):
    """Your waves turn up to 16 times along the river. Even close neighbours have keys that are
    nearly orthogonal."""
    return _waves(x, 16)


@my_key.wrong("What tells the keys of two neighbouring thirds of the river apart?")
def turns_too_slowly(x):
    """Your fastest wave turns once along the river. That is too slow to keep the birds apart."""
    return _waves(x, 1)


@my_key.wrong("What is in your key at x = 0.5 and at x = 0.6, if you print both?")
def puts_the_centres_off_the_river(x):
    """Your centres are 0, 1, 2 and so on, but the river ends at 1. Hardly more than two entries are
    ever used."""
    key = torch.exp(-(((x - torch.arange(SIZE).double()) / 0.2) ** 2) / 2)
    return key / key.norm()


@my_key.wrong("Which entries should be largest: those with centres near x, or far from it?")
def grows_with_the_distance(x):
    """Your entries are the distances from x, so the key is largest far from its own place, and the
    keys of distant places are alike."""
    key = (x - CENTRES).abs()
    return key / key.norm()


@my_key.wrong("In how many digits do 15 and 16 differ, in binary?")
def writes_the_place_in_binary(x):
    """Your key is the number of the stretch in binary digits. Neighbours such as 15 and 16 can
    differ in all of them, and distant places agree in most."""
    stretch = min(int(x * SIZE), SIZE - 1)
    key = torch.zeros(SIZE, dtype=torch.float64)
    key[:5] = torch.tensor([2.0 * (stretch >> digit & 1) - 1 for digit in range(5)])
    return key / key.norm()
