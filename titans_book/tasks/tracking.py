"""State tracking: a small world changes at every token, and its state is due after each of them.

    parity   0 1 are shown; how many ones so far, modulo 2?
    cycle    a walk on five places in a ring: stay, one on, one back; where am I?
    s3       three cups, and at every token they are swapped in one of the 6 possible ways
    s5, a5   the same with five cups: all 120 ways, or the 60 even ones
    z60      a clock with 60 places, turned by some places at every token

All of them are word problems of a group: y_t = x_1 x_2 ... x_t. Parity and cycle navigation are
tasks of the Chomsky suite (Deletang et al., arXiv 2207.02098), the others those of Merrill et al.
(arXiv 2404.08819): s5 and a5 are beyond every model that reads all tokens in parallel in a constant
number of layers (they are complete for NC^1), z60, which is as large as a5, is not. Nothing but the
last state has to be kept, and nothing of the past can be forgotten. Taught in chapter 12.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations, permutations

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from titans_book.tasks.batch import TaskBatch
from titans_book.tasks.check import count, source

__all__ = ["GROUPS", "group", "product_table", "tracking"]

GROUPS = ("parity", "cycle", "s3", "s5", "a5", "z60")
CYCLIC = {"parity": 2, "cycle": 5, "z60": 60}
MOVES = {"cycle": (0, 1, -1)}  # what the tokens stand for, if not for all elements in order


def tracking(
    batch: int, *, kind: str = "parity", time: int = 32, seed: int | Generator = 0
) -> TaskBatch:
    """A batch of worlds, (batch, time), with the state due at every position.

    Inputs and targets are numbers of elements of the group, 0 being the one that changes nothing;
    in "cycle" the tokens 0, 1, 2 are the moves stay, on, back. Every token is as likely as any
    other. The vocabulary is the size of the group.

    Raises ValueError or TypeError naming the field.

    >>> task = tracking(1, kind="cycle", time=8, seed=1)
    >>> task.inputs
    tensor([[1, 2, 0, 2, 1, 1, 2, 2]])
    >>> task.targets
    tensor([[1, 0, 0, 4, 0, 1, 0, 4]])
    """
    batch, time, g = count("batch", batch), count("time", time), source(seed)
    times = product_table(kind)
    moves = torch.tensor(MOVES.get(kind, range(len(times)))) % len(times)
    inputs = torch.randint(len(moves), (batch, time), generator=g)
    state, states = torch.zeros(batch, dtype=torch.long), []
    for x in moves[inputs].unbind(1):
        state = times[state, x]
        states.append(state)
    return TaskBatch(inputs, torch.stack(states, dim=1))


@cache
def group(kind: str) -> tuple[tuple[int, ...], ...]:
    """The elements of a group of permutations, in the order of their numbers.

    Element p puts what is in place p[i] into place i.

    >>> group("s3")
    ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
    """
    if kind not in ("s3", "s5", "a5"):
        raise ValueError(f"kind must be 's3', 's5' or 'a5', got {kind!r}")
    every = tuple(permutations(range(int(kind[1]))))
    return every if kind[0] == "s" else tuple(p for p in every if _even(p))


def _even(p: tuple[int, ...]) -> bool:
    """Can the permutation be done in an even number of swaps?"""
    return sum(a > b for a, b in combinations(p, 2)) % 2 == 0


@cache
def product_table(kind: str) -> Int[Tensor, "size size"]:
    """table[a, b] is the element that does a first and b then. Raises ValueError for no kind.

    >>> product_table("parity")
    tensor([[0, 1],
            [1, 0]])
    """
    if kind not in GROUPS:
        raise ValueError(f"kind must be one of {list(GROUPS)}, got {kind!r}")
    if kind in CYCLIC:
        numbers = torch.arange(CYCLIC[kind])
        return (numbers[:, None] + numbers) % len(numbers)
    elements = group(kind)
    number = {p: i for i, p in enumerate(elements)}
    rows = [[number[tuple(a[i] for i in b)] for b in elements] for a in elements]
    return torch.tensor(rows)
