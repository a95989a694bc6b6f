"""The experiment of chapter 07: a small model learns to memorise, and can be looked into.

Four letters are told, each with a number; then the letters come again among others, and at each of
them its number is due. Every sequence has letters and numbers of its own, so nothing that is right
in one is right in the next.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from titans_book.book import old_start
from titans_book.memory import Gates, NeuralMemory, memorize
from titans_book.model import TitansConfig, TitansLM
from titans_book.tasks.batch import TaskBatch
from titans_book.tasks.recall import mqar
from titans_book.training.schedule import Descent

__all__ = [
    "SETTINGS",
    "TASK",
    "Kept",
    "Look",
    "draw",
    "fresh",
    "look",
    "memory_of",
    "spell",
    "told",
]

TASK = {"time": 24, "pairs": 4, "vocab": 24, "power": 1.0, "fill": True}
TOLD = 2 * TASK["pairs"]  # tokens until everything is told
SETTINGS = Descent(steps=150, learning_rate=2e-2, warmup=10, weight_decay=0.0)
FRESH = 1000  # the seeds of training start here; those below are for looking


def draw(step: int) -> TaskBatch:
    """The batch of one outer step: 32 sequences that come this one time."""
    return mqar(32, **TASK, seed=FRESH + step)


def fresh(seed: int = 0, **memory: object) -> TitansLM:
    """A model of one block with one memory, a single matrix of 32 by 32; slow weights random.

    memory: options of NeuralMemory, such as conv=1. float64, so that numbers agree everywhere.
    """
    torch.manual_seed(seed)
    options = {"depth": 1, "chunk": 12, **old_start.MEMORY, **memory}
    config = TitansConfig(vocab=TASK["vocab"], dim=32, depth=1, heads=1, hidden=32, memory=options)
    return old_start.start(TitansLM(config)).double()


class Kept(dict):
    """Models by outer step; asked for a step that was not kept, it gives the nearest one.

    >>> fresh, later = (TitansLM(TitansConfig("lmm", dim=8, heads=1)) for _ in range(2))
    >>> Kept({0: fresh, 10: later})[8] is later
    True
    """

    def __missing__(self, step: int) -> TitansLM:
        if not self:
            raise KeyError(step)
        return self[min(self, key=lambda kept: abs(kept - step))]


def memory_of(model: TitansLM) -> NeuralMemory:
    """The memory of a model with one block."""
    return model.blocks[0].memory


def spell(token: int) -> str:
    """A token as a reader writes it: letters are keys, numbers are values.

    >>> spell(1), spell(12), spell(23)
    ('a', '1', '12')
    """
    half = TASK["vocab"] // 2
    return str(token - half + 1) if token >= half else "-abcdefghijk"[token]


def told(task: TaskBatch, answers: Int[Tensor, "batch time"]) -> Tensor:
    """Whether an answer is one of the numbers of its sequence, right or wrong; bool."""
    return (answers[..., None] == task.inputs[:, None, 1:TOLD:2]).any(-1)


class Look(NamedTuple):
    """What a model did with one sequence.

    answers is what it says after every token. written is the share of a token's surprise that
    reaches the memory in all, theta / (1 - eta). film[t] is the memory after t tokens.
    """

    answers: Int[Tensor, " time"]
    q: Float[Tensor, "time d"]
    k: Float[Tensor, "time d"]
    gates: Gates
    written: Float[Tensor, " time"]
    film: Float[Tensor, "frames d d"]


@torch.no_grad()
def look(model: TitansLM, tokens: Int[Tensor, " time"]) -> Look:
    """Read one sequence, and keep what can be seen on the way."""
    memory, seen = memory_of(model), []

    def watching(*inputs, **rule):
        seen.append((inputs, rule))
        return memorize(*inputs, **rule)

    plain, memory.memorize = memory.memorize, watching
    try:
        logits, _ = model(tokens[None])
    finally:
        memory.memorize = plain
    (q, k, v, gates, weights), rule = seen[0]
    written = gates.theta / (1 - gates.eta)
    film = _film(q, k, v, gates, weights, rule)
    return Look(logits[0].argmax(-1), q[0, 0], k[0, 0], gates, written[0, 0], film)


def _film(q: Tensor, k: Tensor, v: Tensor, gates: Gates, weights: list, rule: dict) -> Tensor:
    """The memory after 0, 1, ... tokens: as many copies, in each of which the rest is shut out.

    With every gate at 0 a token neither writes nor fades anything, and momentum ends at once.
    """
    time = k.shape[2]
    reached = torch.ones(time + 1, time, dtype=k.dtype).tril(-1)[:, None]
    copies = [x.expand(time + 1, -1, -1, -1) for x in (q, k, v)]
    shut = gates.map(lambda gate: gate * reached)
    _, state = memorize(*copies, shut, weights, **{**rule, "trace": None})
    return state.weights[0][:, 0]


def shut(model: nn.Module) -> nn.Module:
    """The model with its write gate shut for good: nothing is ever written. Changes the model."""
    with torch.no_grad():
        memory_of(model).gates["theta"].bias.fill_(-1e4)
    return model
