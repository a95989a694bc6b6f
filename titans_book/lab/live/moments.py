"""Moments of a training: the same passage, read again and again, so that two can be compared.

A probe is a passage that the model never trains on. A moment is what the model makes of it at one
step: what its memories wrote, what each token cost, and what it would have cost had the memories
written nothing. Reading changes no weight and draws no random number, so the training goes on as
if nobody had looked. Taught in chapter 13.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from titans_book.evaluation.scores import bits
from titans_book.evaluation.shut import shut
from titans_book.inspection.authors import Authors, authors
from titans_book.inspection.traces import ByPlace, Place
from titans_book.inspection.watching import Seen, watch
from titans_book.lab.pictures.text import spell
from titans_book.memory import MemoryTrace, NeuralMemory
from titans_book.model.generation import device_of
from titans_book.training import LOOKED_AT, Snapshot

__all__ = ["Moment", "Probe", "moment"]

FRAMES = 33  # of a film that is kept; a memory with chunks of one token has a frame for each
TOP = 3  # guesses that are kept of every token


@dataclass(frozen=True)
class Probe:
    """A passage that a board reads again and again, and how to print it.

    tokens   at least two of them.
    spell    one piece of text for each token; bytes unless told otherwise.
    again    so many tokens at its end are the same as at its beginning: the passage is read twice,
             with other text between. 0 if nothing comes back.
    unit     what a token is called.

    Raises ValueError for a passage that is too short, or for an end that is not the beginning.

    >>> Probe(torch.tensor([72, 105])).pieces
    ['H', 'i']
    """

    tokens: Int[Tensor, " time"]
    spell: Callable[[Sequence[int]], list[str]] = spell
    again: int = 0
    unit: str = "character"

    def __post_init__(self) -> None:
        if self.tokens.dim() != 1 or len(self.tokens) < 2:
            shape = tuple(self.tokens.shape)
            raise ValueError(f"tokens must be a passage of 2 tokens or more, got shape {shape}")
        n = self.again
        if not 0 <= 2 * n <= len(self.tokens) or n == 1:
            raise ValueError(f"again must be 0, or 2 to half of the passage, got {n}")
        if n and not torch.equal(self.tokens[:n], self.tokens[-n:]):
            raise ValueError(f"again={n}: the last {n} tokens are not those at the beginning")

    @property
    def pieces(self) -> list[str]:
        """The passage, token by token."""
        return self.spell(self.tokens.tolist())


@dataclass(frozen=True, eq=False)
class Moment:
    """What a model makes of a passage at one step of its training.

    step       how many steps it had taken. name: of the model, for the reader.
    bits       what each token cost, NaN for the first. shut: the same with all write gates shut;
               None for a model without a gate to shut.
    guesses    what was expected after each token, the likeliest first: (piece, probability).
               guesses_shut: the same with the gates shut.
    authors    which token wrote what, of the memories whose rule adds up.

    Of a snapshot of training there are only step and snapshot.
    """

    step: int
    snapshot: Any
    name: str = ""
    again: int = 0
    pieces: Sequence[str] = ()
    bits: Float[np.ndarray, " time"] | None = None
    shut: Float[np.ndarray, " time"] | None = None
    guesses: Sequence[Sequence[tuple[str, float]]] = ()
    guesses_shut: Sequence[Sequence[tuple[str, float]]] = ()
    authors: Mapping[Place, Authors] = field(default_factory=dict)

    @property
    def cost(self) -> float:
        """Bits a token, the mean over the passage."""
        return float(np.nanmean(self.bits))

    @property
    def worth(self) -> float | None:
        """How many bits a token what the memories write saves; None if that cannot be asked."""
        return None if self.shut is None else float(np.nanmean(self.shut - self.bits))

    @property
    def readings(self) -> tuple[float, float, float | None] | None:
        """Bits a token of the first reading, of the second, and of the second with gates shut.

        None if nothing comes back. The first token of a reading does not count: nothing says that
        it will come.
        """
        if not self.again or self.bits is None:
            return None
        first, second = slice(1, self.again), slice(1 - self.again, None)
        control = None if self.shut is None else float(self.shut[second].mean())
        return float(self.bits[first].mean()), float(self.bits[second].mean()), control

    def saves_most(self, count: int = 2) -> list[int]:
        """The tokens at which what the memory has written saves most bits, the first one first."""
        if self.shut is None:
            return []
        saved = np.nan_to_num(self.shut - self.bits)
        best = [int(n) for n in np.argsort(-saved)[:count] if saved[n] > 0.5]
        return sorted(best)


@torch.no_grad()
def moment(model: nn.Module, probe: Probe, step: int, name: str = "") -> Moment:
    """Let the model read the passage, with its write gates as they are and shut."""
    tokens = probe.tokens[None].long().to(device_of(model))
    with watch(model, closely=True, most=LOOKED_AT) as seen:
        logits, _ = model(tokens)
    costs, guesses = _said(logits, probe)
    without = None, ()
    if _writes(model):
        with shut(model):
            without = _said(model(tokens)[0], probe)
    traces = {place: _thinned(trace) for place, trace in seen.memories.items()}
    snapshot = Snapshot(probe.tokens.cpu(), ByPlace(traces), ByPlace(seen.attentions))
    return Moment(
        step, snapshot, name, probe.again, probe.pieces,
        costs, without[0], guesses, without[1], _authors(seen),
    )  # fmt: skip


def _writes(model: nn.Module) -> bool:
    parts = (part for part in model.modules() if isinstance(part, NeuralMemory))
    return any(len(part.gates) for part in parts)


def _said(logits: Tensor, probe: Probe) -> tuple[np.ndarray, list[list[tuple[str, float]]]]:
    """The cost of every token in bits, and what was expected after it."""
    said = logits[0].float().log_softmax(-1).cpu()
    costs = -bits(1) * said[:-1].gather(-1, probe.tokens[1:, None].long().cpu())[:, 0]
    top = said.topk(min(TOP, said.shape[-1]))
    rows = zip(top.indices.tolist(), top.values.exp().tolist(), strict=True)
    guesses = [list(zip(map(_one(probe), tokens), p, strict=True)) for tokens, p in rows]
    return np.concatenate([[np.nan], costs.numpy()]), guesses


def _one(probe: Probe) -> Callable[[int], str]:
    return lambda token: probe.spell([token])[0]


def _authors(seen: Seen) -> dict[Place, Authors]:
    found = {}
    for place, trace in seen.memories.items():
        ear = seen.ears[place]
        if isinstance(ear.module, NeuralMemory):
            found[place] = authors(ear.module, ear.along_time("x"), trace)
    return {place: made for place, made in found.items() if made is not None}


def _thinned(trace: MemoryTrace) -> MemoryTrace:
    """The trace without what only the authors need, and with few frames."""
    kept = np.linspace(0, len(trace.times) - 1, min(FRAMES, len(trace.times))).round().astype(int)
    return replace(
        trace,
        film=tuple(layer[kept] for layer in trace.film),
        momentum=trace.momentum[kept],
        times=tuple(trace.times[n] for n in kept),
        pairs=(), S=(),
    )  # fmt: skip
