"""Switch off writing or forgetting for a stretch, and read again: what would the answer have been?

    with switched_off(model, where):              where[t]: token t is read, and nothing is written
        logits, state = model(tokens)
    last_logits(model, tokens, several)           the same for many choices at once
    worth_of_writes(model, tokens, target)        each token's write alone: wipe and replay

A token whose write is off has theta_t = 0 in Titans eq. 14: it is asked, it forgets, and momentum
goes on, but nothing of it is stored. One whose forgetting is off has alpha_t = 0 in eq. 13.
Everything that comes later is computed again, so this answers a counterfactual question. The ledger
(ledger.py) answers another one. Taught in chapter 14.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import torch
from jaxtyping import Bool, Float, Integer
from torch import Tensor, nn

from titans_book.check import choose, whole
from titans_book.inspection.watching import blocks_of
from titans_book.memory import Gates, NeuralMemory
from titans_book.model.blocks import MAGBlock, MALBlock
from titans_book.model.generation import device_of

__all__ = ["last_logits", "switched_off", "worth_of_writes"]

WRITING, FORGETTING = ("theta", "erase", "write"), ("alpha",)
GATES = {"writing": WRITING, "forgetting": FORGETTING, "both": WRITING + FORGETTING}


@contextmanager
def switched_off(
    model: nn.Module,
    where: Tensor,
    what: str = "writing",
    *,
    blocks: Collection[int] | None = None,
) -> Iterator[None]:
    """While it lasts, the memories of a model do not write, or forget, at these tokens of the text.

    model    a model, a block, or a NeuralMemory.
    where    (time,) or (batch, time) of True and False: off where True. Tokens beyond its end are
             read as ever, and persistent tokens always are.
    what     "writing": theta_t = 0 (Titans eq. 14). "forgetting": alpha_t = 0 (eq. 13). "both".
    blocks   the numbers of the blocks whose memories are meant, the first is 0; None: all.

    Raises TypeError if `where` is not of True and False, and ValueError for another shape, an
    unknown `what`, or if no memory has such a gate. Taught in chapter 14.

    >>> memory, x = NeuralMemory(8), torch.randn(1, 5, 8)
    >>> with switched_off(memory, torch.ones(5, dtype=torch.bool)):
    ...     state = memory(x)[1]
    >>> torch.equal(state.memory.weights[0][0], memory.first_weights()[0])
    True
    """
    choose("what", what, GATES)
    if not isinstance(where, Tensor) or where.dtype != torch.bool:
        found = where.dtype if isinstance(where, Tensor) else type(where).__name__
        raise TypeError(f"where must be a tensor of True and False, got {found}")
    if where.dim() not in (1, 2):
        raise ValueError(
            f"where must have shape (time,) or (batch, time), got {tuple(where.shape)}"
        )
    with ExitStack() as hooks:
        switches = [
            _Switch(memory, where, before, GATES[what])
            for number, block in enumerate(blocks_of(model))
            for memory, before in _memories(block, GATES[what])
            if blocks is None or number in blocks
        ]
        if not switches:
            raise ValueError(
                f"model must have a NeuralMemory with a gate for {what}"
                + ("" if blocks is None else f" in its blocks {sorted(blocks)}")
            )
        for switch in switches:
            switch.listen(hooks)
        yield


def _memories(block: nn.Module, gates: Collection[str]) -> Iterator[tuple[NeuralMemory, int]]:
    """The memories of a block with such gates, and how many tokens each reads before the text."""
    P = block.attention.persistent if isinstance(block, (MAGBlock, MALBlock)) else None
    for part in block.modules():
        if isinstance(part, NeuralMemory) and any(name in part.gates for name in gates):
            yield part, 0 if P is None else len(P)


class _Switch:
    """Closes gates of one memory at some tokens; it knows how far the text was read."""

    def __init__(
        self, memory: NeuralMemory, where: Tensor, before: int, gates: Collection[str]
    ) -> None:
        self.memory, self.before, self.gates = memory, before, gates
        self.where = where if where.dim() == 2 else where[None]
        self.position = 0

    def listen(self, hooks: ExitStack) -> None:
        told = self.memory.register_forward_pre_hook(self._begins, with_kwargs=True)
        closed = self.memory.gates.register_forward_hook(self._closed)
        hooks.callback(told.remove)
        hooks.callback(closed.remove)

    def _begins(self, _: nn.Module, given: tuple, named: dict) -> None:
        state = given[1] if len(given) > 1 else named.get("state")
        self.position = (0 if state is None else state.position) - self.before

    def _closed(self, _: nn.Module, given: tuple, gates: Gates) -> Gates:
        batch, time = given[0].shape[:2]
        if len(self.where) not in (1, batch):
            raise ValueError(
                f"where must have one row, or {batch} as the batch, got {len(self.where)}"
            )
        places = self.position + torch.arange(time)
        inside = (places >= 0) & (places < self.where.shape[1])
        off = torch.zeros(len(self.where), time, dtype=torch.bool)
        off[:, inside] = self.where[:, places[inside]].cpu()
        off = off.repeat_interleave(self.memory.rule.writes, dim=1)[:, None]
        return replace(gates, **{n: _zeroed(g, off) for n in self.gates
                                 if (g := getattr(gates, n)) is not None})  # fmt: skip


def _zeroed(gate: Tensor, off: Tensor) -> Tensor:
    """The gate, (B, H, T) or (B, H, T, d), with 0 where `off`, (B or 1, 1, T), is True."""
    off = off.to(gate.device)
    return gate.masked_fill(off if gate.dim() == 3 else off[..., None], 0.0)


@torch.no_grad()
def last_logits(
    model: nn.Module,
    tokens: Integer[Tensor, " time"],
    where: Bool[Tensor, "rows length"],
    what: str = "writing",
    *,
    blocks: Collection[int] | None = None,
    batch: int = 64,
) -> Float[Tensor, "rows vocab"]:
    """What the model says after the last token, for each choice of tokens that are switched off.

    Every row of `where` reads the same text; `batch` rows are read side by side. Errors are those
    of `switched_off`. Taught in chapter 14.
    """
    whole("batch", batch, least=1)
    found = []
    for rows in where.split(batch):
        with switched_off(model, rows, what, blocks=blocks):
            logits, _ = model(tokens.expand(len(rows), -1).to(device_of(model)))
        found.append(logits[:, -1].cpu())
    return torch.cat(found)


def worth_of_writes(
    model: nn.Module,
    tokens: Integer[Tensor, " time"],
    target: int,
    *,
    blocks: Collection[int] | None = None,
    batch: int = 64,
) -> Float[Tensor, " time"]:
    """Wipe and replay: how far the logit of `target` falls if the write of each token is off.

    The text is read once as it is, and once more for each of its tokens; the logit is that after
    the last token. Above 0: the write helped. Errors are those of `switched_off`. Taught in
    chapter 14.
    """
    each = torch.eye(len(tokens), dtype=torch.bool)
    rows = torch.cat([torch.zeros_like(each[:1]), each])
    logits = last_logits(model, tokens, rows, blocks=blocks, batch=batch)[:, target]
    return logits[0] - logits[1:]
