"""Look into a model while it reads: what the memory and the attention of every block did.

    seen = look(model, tokens)                one reading, from the beginning of the text
    seen[0].memory.trace.film[0]              the fast weights of block 1, chunk by chunk
    seen[0].attention.weights                 who looked at whom

Nothing in the model knows that it is watched. Hooks collect what every attention was asked and what
it answered; for MAC, which asks segment by segment, the pieces are put together along time. Then
`Attention.weights` forms the matrix that the reading itself never forms, so the text should be
short: its size is T x T a head. Taught in chapter 13.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from titans_book.attention import Attention
from titans_book.memory import NeuralMemory
from titans_book.memory.state import MemoryTrace
from titans_book.memory.trace import size


@dataclass(frozen=True)
class AttentionTrace:
    """What one attention looked at: every row of weights sums to 1 (Titans eq. 2).

    The columns are P || beside || x: `persistent` columns for the tokens of the layer, `recalled`
    columns for what a memory answered to every token (MAC, eq. 22; else 0), then the text.
    """

    weights: Float[Tensor, "heads time columns"]
    persistent: int
    recalled: int
    x: Float[Tensor, "time dim"]
    beside: Float[Tensor, "time dim"] | None
    answer: Float[Tensor, "time dim"]

    def shares(self) -> dict[str, Float[Tensor, "heads time"]]:
        """How much of every row goes to persistent tokens, to recalled columns, to the text."""
        text = self.weights.shape[-1] - self.persistent - self.recalled
        parts = self.weights.split([self.persistent, self.recalled, text], dim=-1)
        names = ("persistent", "recalled", "text")
        return {name: part.sum(-1) for name, part in zip(names, parts, strict=True)}

    def sink(self) -> Float[Tensor, " heads"]:
        """The mean share that goes where no token of the text is: to the persistent tokens.

        Without any, attention tends to park what it does not need on the first token; then the
        share is that token's, over the other rows (Xiao et al. 2023, "attention sinks").
        """
        if self.persistent:
            return self.shares()["persistent"].mean(-1)
        return self.weights[:, 1:, self.recalled].mean(-1)


@dataclass(frozen=True)
class MemoryLook:
    """What one memory did: its trace, its momentum at the same times, and what was written.

    momentum   S_t of every layer, (frames, heads, d_in, d_out), at trace.times.
    keys       k_t after its normalisation: of length 1 (Titans section 4.4).
    values     v_t, of any length.
    """

    trace: MemoryTrace
    momentum: tuple[Float[Tensor, "frames heads _ _"], ...]
    keys: Float[Tensor, "heads time d"]
    values: Float[Tensor, "heads time d"]


@dataclass(frozen=True)
class BlockLook:
    """One block: what it has of the two, and None in the place of what it does not have."""

    memory: MemoryLook | None
    attention: AttentionTrace | None


class Ear:
    """Listens to one attention; keeps the first sequence of the batch, cut from its graph."""

    def __init__(self, attention: Attention) -> None:
        self.attention = attention
        self.x: list[Tensor] = []
        self.beside: list[Tensor] = []
        self.answer: list[Tensor] = []

    def __call__(self, module, arguments, named, result) -> None:
        """As a forward hook is called."""
        self.x.append(arguments[0][:1].detach())
        self.answer.append(result[0][:1].detach())
        if named.get("beside") is not None:
            self.beside.append(named["beside"][:1].detach())

    @torch.no_grad()
    def trace(self, most: int | None = None) -> AttentionTrace:
        """What was heard, up to `most` tokens of it; the text has to begin at position 0."""
        x, answer = (torch.cat(parts, dim=1)[:, :most] for parts in (self.x, self.answer))
        beside = torch.cat(self.beside, dim=1)[:, :most] if self.beside else None
        weights = self.attention.weights(x, beside)[0].cpu()
        persistent = 0 if self.attention.persistent is None else len(self.attention.persistent)
        recalled = 0 if beside is None else beside.shape[1]
        kept = (None if part is None else part[0].cpu() for part in (x, beside, answer))
        return AttentionTrace(weights, persistent, recalled, *kept)


@contextmanager
def listening(model: nn.Module) -> Iterator[list[Ear]]:
    """An Ear at every Attention of the model, in the order of its blocks, while the block lasts."""
    ears = [Ear(part) for part in model.modules() if isinstance(part, Attention)]
    hooks = [ear.attention.register_forward_hook(ear, with_kwargs=True) for ear in ears]
    try:
        yield ears
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def _writing(model: nn.Module) -> Iterator[list[list[tuple[Tensor, Tensor]]]]:
    """The keys and values that every memory of the model is given, call by call."""
    memories = [part for part in model.modules() if isinstance(part, NeuralMemory)]
    usual, heard = [memory.memorize for memory in memories], [[] for _ in memories]

    def spy(memorize, calls):
        def listen(q, k, v, *others, **named):
            calls.append((k[0].cpu(), v[0].cpu()))
            return memorize(q, k, v, *others, **named)

        return listen

    try:
        for memory, memorize, calls in zip(memories, usual, heard, strict=True):
            memory.memorize = spy(memorize, calls)
        yield heard
    finally:
        for memory, memorize in zip(memories, usual, strict=True):
            memory.memorize = memorize


@torch.no_grad()
def look(model: nn.Module, tokens: Int[Tensor, " time"]) -> tuple[BlockLook, ...]:
    """Let a model read a short text, and tell what every block did.

    model is a TitansLM, or whatever has `blocks` and maps (tokens, state, trace) to (logits,
    state). Raises ValueError for a text without tokens.
    """
    if tokens.dim() != 1 or len(tokens) == 0:
        raise ValueError(
            f"tokens must have shape (time,) with time >= 1, got {tuple(tokens.shape)}"
        )
    tokens = tokens[None].to(next(model.parameters()).device)
    traces: list[MemoryTrace] = []
    with listening(model) as ears, _writing(model) as writes:
        model(tokens, None, traces)
    momenta = _momenta(model, tokens, traces[0].times) if traces else ()
    memories = [
        MemoryLook(trace, momentum, *_last(calls, tokens.shape[1]))
        for trace, momentum, calls in zip(traces, momenta, writes, strict=True)
    ]
    attentions = [ear.trace() for ear in ears]
    nothing = [None] * len(model.blocks)
    pairs = zip(memories or nothing, attentions or nothing, strict=True)
    return tuple(BlockLook(memory, attention) for memory, attention in pairs)


def _last(calls: list[tuple[Tensor, Tensor]], time: int) -> tuple[Tensor, Tensor]:
    """Keys and values of the text; what came before it are the persistent tokens."""
    keys, values = (torch.cat(parts, dim=1)[:, -time:] for parts in zip(*calls, strict=True))
    return keys, values


def _momenta(model: nn.Module, tokens: Tensor, times: tuple[int, ...]):
    """S at these times, for each block: read in pieces, for one call equals any split."""
    state, films = None, [[] for _ in model.blocks]
    for start, stop in pairwise((0, *times)):
        _, state = model(tokens[:, start:stop], state)
        for film, block in zip(films, state.blocks, strict=True):
            film.append([S[0].cpu() for S in block.memory.momentum])
    return [tuple(map(torch.stack, zip(*film, strict=True))) for film in films]


def written(film: tuple[Tensor, ...]) -> Float[Tensor, "frames heads"]:
    """How far each frame of a film is from the first one, |M_t - M_0|: what the text has written.

    >>> written((torch.tensor([1.0, 4.0, 1.0]).view(3, 1, 1, 1),)).T
    tensor([[0., 3., 0.]])
    """
    return size(tuple(W - W[:1] for W in film))


def changes(film: tuple[Tensor, ...]) -> Float[Tensor, "steps heads"]:
    """How far the memory moved from each frame of a film to the next, |M_t - M_t'|.

    >>> changes((torch.tensor([0.0, 3.0, 3.0]).view(3, 1, 1, 1),))
    tensor([[3.],
            [0.]])
    """
    return size(tuple(W[1:] - W[:-1] for W in film))
