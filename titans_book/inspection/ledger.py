"""Which token wrote this answer? The bookkeeping of a memory: a sum over all of its writes.

At token t the last layer of a memory is what is left of its start, and of every write so far:

    W_t = beta_t W_0 + (1 - beta_t) O - sum_{i<=t} P_ti theta_i h_i^T D_i       (recurrence.py)
    y_t = start + sum_{i<=t} -P_ti theta_i (g . h_i) D_i          g the layer's input for the query

P_ti says what momentum and forgetting have made of write i by now. So the answer is a sum in which
every token has its share, and the sum is exact. But later errors D_j were measured with the earlier
writes in place: without write i the later tokens would have written something else. What would have
come out then is another question (switching.py). Taught in chapter 14.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from titans_book.inspection.sums import misfit
from titans_book.inspection.traces import Place
from titans_book.inspection.watching import blocks_of
from titans_book.memory import Gates, MemoryState, NeuralMemory, memorize
from titans_book.memory.fitting import check
from titans_book.memory.presets import resolve
from titans_book.memory.recurrence import coefficients
from titans_book.memory.rule import Rule
from titans_book.memory.surprise import surprise
from titans_book.model.generation import device_of

__all__ = ["Ledger", "ledger", "ledgers"]


@dataclass(frozen=True)
class Ledger:
    """An answer as a sum.

    start    what came from the memory's beginning, and for a residual memory from the query.
    tokens   what each token's write adds to it.
    """

    start: Float[Tensor, "batch heads d"]
    tokens: Float[Tensor, "batch heads time d"]

    @property
    def answer(self) -> Float[Tensor, "batch heads d"]:
        """y_t, the sum of all entries."""
        return self.start + self.tokens.sum(2)

    def shares(self) -> Float[Tensor, "batch heads time"]:
        """The part of each token in the answer, c_i . y / |y|^2; with that of start they sum to 1.

        A share below 0 pulls the other way.
        """
        y = self.answer[:, :, None]
        return (self.tokens * y).sum(-1) / y.square().sum(-1)


@torch.no_grad()
def ledger(
    q: Float[Tensor, "batch heads time dim"],
    k: Float[Tensor, "batch heads time dim"],
    v: Float[Tensor, "batch heads time dim_v"],
    gates: Gates,
    weights: Sequence[Tensor],
    *,
    rule: Rule | str | None = None,
    at: int = -1,
    **choices: Any,
) -> Ledger:
    """The answer to q at token `at` as a sum over all writes up to there, in float64.

    Arguments are those of `titans_book.memory.memorize`, for a text that is read from its start.
    `at` is a place in it; -1 is the last token. Raises ValueError for another place, for a rule
    whose memory is no sum of its writes (a map, a window, several writes a token, a gate for each
    feature, no gradient step), and for one that does not read after the write. Taught in chapter
    14.

    >>> one = torch.ones(1, 1, 2)
    >>> x = torch.eye(2)[None, None]
    >>> found = ledger(x, x, 3 * x, Gates(one, 0 * one, 0 * one), [torch.zeros(1, 2, 2)])
    >>> found.tokens[0, 0].norm(dim=-1)                          # the second token wrote it
    tensor([0., 3.], dtype=torch.float64)
    """
    rule = resolve(rule, len(weights), **choices)
    check(q, k, v, gates, weights, rule)
    _refuse(rule)
    time = q.shape[2]
    if not -time <= at < time:
        raise ValueError(f"at must be a place in a text of {time} tokens, got {at}")
    end = at % time + 1
    q, k, v = (x[:, :, :end].double() for x in (q, k, v))
    gates = gates.map(torch.Tensor.double).slice(0, end)
    h, D, state = _writes(rule, q, k, v, gates, [W.double() for W in weights])
    _, eta, keep = rule.rates(gates)
    numbers = coefficients(keep, eta)
    left, beta = numbers.P[..., -1, :], numbers.beta[..., -1, None, None]
    steps = rule.network.trace(q[:, :, -1:], lambda layer, g: g @ state.weights[layer])
    g = steps.inputs[-1]
    first, origin = weights[-1].double(), rule.origin(weights, torch.float64)
    kept = beta * first + (0 if origin is None else (1 - beta) * origin[-1])
    start = g @ kept + (steps.result - steps.outputs[-1])  # a residual memory adds the query
    tokens = -(g @ h.mT).mT * left[..., None] * D
    return Ledger(start[:, :, 0], tokens)


def _refuse(rule: Rule) -> None:
    """Raise ValueError for a memory that is no sum of its writes."""
    order = {
        "network": rule.network.form == "vector",
        "forget_first": rule.forget_first,
        "read": rule.read != "after",
    }
    if found := misfit(rule) or next((name for name, wrong in order.items() if wrong), None):
        raise ValueError(
            f"rule must make the memory a sum of its writes, read after them; {found}="
            f"{getattr(rule, found)!r} does not. To ask what a write was worth, switch it off: "
            "titans_book.inspection.switching"
        )


def _writes(
    rule: Rule, q: Tensor, k: Tensor, v: Tensor, gates: Gates, weights: list[Tensor]
) -> tuple[Tensor, Tensor, MemoryState]:
    """h_i and theta_i D_i of the last layer for every token, and the state after the last."""
    theta = rule.rates(gates)[0]
    needs = [gates.given()[name] for name in rule.objective.needs]
    anchor, state, found = tuple(W.expand(len(k), *W.shape[-3:]) for W in weights), None, []
    for start in range(0, k.shape[2], rule.chunk):
        part = slice(start, start + rule.chunk)
        piece = [x[:, :, part] for x in (q, k, v, theta, *needs)]
        H, D, rates, _ = surprise(rule, piece, anchor, watch=False)
        found.append((H[-1], rates[..., None] * D[-1]))
        some = gates.map(lambda gate, part=part: gate[:, :, part])
        _, state = memorize(*piece[:3], some, weights, rule=rule, state=state)
        anchor = state.weights
    h, D = (torch.cat(column, dim=2) for column in zip(*found, strict=True))
    return h, D, state


def ledgers(
    model: nn.Module, tokens: Integer[Tensor, " time"], at: int = -1
) -> dict[Place, Ledger]:
    """Let a model read a text, and take apart what each of its memories answered at token `at`.

    The keys are (block, name), as those of `watch`. Persistent tokens that a memory reads before
    the text are part of its start. Raises ValueError for an empty text, a place outside of it, and
    for a memory that `ledger` refuses. Taught in chapter 14.
    """
    if tokens.dim() != 1 or not -len(tokens) <= at < len(tokens):
        raise ValueError(
            f"at must be a place in tokens of shape (time,), got {at} and {tuple(tokens.shape)}"
        )
    with torch.no_grad(), _overheard(model) as heard:
        model(tokens[None].to(device_of(model)))
    found = {}
    for place, (memory, calls) in heard.items():
        if not calls:
            continue
        q, k, v = (torch.cat([call[n] for call in calls], dim=2) for n in range(3))
        named = [call[3].given() for call in calls]
        gates = Gates(**{n: torch.cat([one[n] for one in named], dim=2) for n in named[0]})
        spare = q.shape[2] - len(tokens)
        whole = ledger(q, k, v, gates, calls[0][4], rule=memory.rule, at=at % len(tokens) + spare)
        start = whole.start + whole.tokens[:, :, :spare].sum(2)
        found[place] = Ledger(start, whole.tokens[:, :, spare:])
    return found


@contextmanager
def _overheard(model: nn.Module) -> Iterator[dict[Place, tuple[NeuralMemory, list]]]:
    """While it lasts, every memory keeps what its `memorize` is given, in order."""
    found: dict[Place, tuple[NeuralMemory, list]] = {}
    usual = []
    try:
        for number, block in enumerate(blocks_of(model)):
            for name, part in block.named_modules():
                if isinstance(part, NeuralMemory):
                    found[number, name or "self"] = part, []
                    usual.append((part, part.memorize))
                    part.memorize = _keeping(part.memorize, found[number, name or "self"][1])
        yield found
    finally:
        for part, memorize_ in usual:
            part.memorize = memorize_


def _keeping(function: Any, calls: list) -> Any:
    def keeps(q, k, v, gates, weights, **options):
        calls.append((q, k, v, gates, weights))
        return function(q, k, v, gates, weights, **options)

    return keeps
