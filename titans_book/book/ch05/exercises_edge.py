"""Exercise of chapter 05: the experiment that finds the edge of a memory.

K is (n, d_in), V is (n, d_out); step(weights, k, v, theta) returns new weights, ask(weights, K)
answers. The probe's memories are small. Some break at once, some slowly, some only for a while.
"""

from collections.abc import Callable, Iterator

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, Step, normal, uniform

CHAPTER = "notebooks/05_deep_memory.ipynb"
LIMIT = 1e4
NAN, INFINITE = -1.0, 10.0  # stand for NaN and infinity, in numbers that can be compared


def find_edge(start, step, ask, K, V, rates, rounds):
    """The book's version."""
    found = []
    for theta in rates:
        weights, broken = start, False
        for k, v in list(zip(K, V, strict=True)) * rounds:
            error = (ask(weights, k) - v).square().sum() / v.square().sum()
            if not error < 1e4:
                broken = True
                break
            weights = step(weights, k, v, theta)
        error = (ask(weights, K) - V).square().sum() / V.square().sum()
        found.append(torch.full_like(error, torch.inf) if broken else error)
    return torch.stack(found)


def _starts(generator):
    """The weights of a small memory: two matrices that are multiplied."""
    return [0.3 * normal(3, 4)(generator), 0.3 * normal(4, 2)(generator)]


def _ask(weights, q):
    return q @ weights[0] @ weights[1]


def _steps(generator):
    """A gradient step; each in a memory that goes wrong in a way of its own.

    At a rate above 3 it is NaN at once. Between 2 and 3 it is lost for a while, and comes back.
    """
    scale = float(uniform(0.1, 0.2)(generator))

    def step(weights, k, v, theta):
        theta = float(theta)
        error = _ask(weights, k) - v
        new = [
            weights[0] - scale * theta * torch.outer(k, error @ weights[1].T),
            weights[1] - scale * theta * torch.outer(k @ weights[0], error),
        ]
        if theta > 3:
            return [W * torch.nan for W in new]
        if theta > 2:
            large = float(weights[1].abs().max()) > 1e5
            return [new[0] if not large else weights[0], weights[1] * (1e-7 if large else 1e7)]
        return new

    return step


def _rates(generator):
    """Two that hold, one that is lost for a while, one that is NaN, and one that holds again."""
    low = float(uniform(0.3, 0.9)(generator))
    return torch.tensor([low, 1.5 * low, 2.5, 3.5, 0.5 * low], dtype=torch.float64)


def _counts(generator):
    return 2 + int(torch.randint(2, (), generator=generator))


PROBE = Probe(
    inputs={
        "start": _starts,
        "step": _steps,
        "ask": lambda generator: _ask,
        "K": normal(4, 3),
        "V": normal(4, 2),
        "rates": _rates,
        "rounds": _counts,
    },
    returns=("errors",),
    steps=3,
    seed=2,
)


def _marked(function: Callable) -> Iterator[Step]:
    """The probe's steps, with NAN and INFINITE in the places of NaN and infinity."""
    for step in PROBE(function):
        errors = torch.as_tensor(step["errors"]).double()
        yield {"errors": errors.nan_to_num(nan=NAN, posinf=INFINITE)}


_marked.names = PROBE.names


edge = Exercise(
    name="05.find_edge",
    what="the error of a memory for each write rate, and where it breaks",
    grade="build",
    reference=find_edge,
    probe=_marked,
    hints=(
        "One loop over the rates, and inside it one over all the pairs that the memory hears. In "
        "which of them are the weights reset, and in which is the error of a pair watched?",
        "`not error < 1e4` is also true for NaN, and `error > 1e4` is not. At the end, "
        "ask(weights, K) has the shape of V. torch.stack makes one tensor of a list of numbers.",
        "    return torch.stack(found)\n"
        "    for theta in rates:\n"
        "    if not error < 1e4: broken = True; break\n"
        "    weights, broken = start, False\n"
        "    for k, v in list(zip(K, V)) * rounds:\n"
        "    found.append(torch.full_like(error, torch.inf) if broken else error)\n"
        "    weights = step(weights, k, v, theta)\n"
        "    error = (ask(weights, k) - v).square().sum() / v.square().sum()\n"
        "    error = (ask(weights, K) - V).square().sum() / V.square().sum()",
    ),
    source="the book's experiment",
    taught=CHAPTER,
    part=False,
    misfit="K is (n, d_in), V is (n, d_out), and one number comes back for each rate. Which of "
    "these is different in your version?",
)
