"""The exact delta rule: a matrix memory that is surprised anew at every token, as matrix products.

The chunk of chunked.py freezes the memory at which surprise is measured. For a single matrix and
the L2 objective that is not necessary. Let d_t = theta_t (v_t - k_t M_{t-1}) be what token t writes
under its key. By recurrence.py, M_{t-1} = beta' M_0 + c' S_0 + sum_{i<t} P'_ti k_i^T d_i, with the
coefficients of the token before (Coefficients.before). So the d_t of a block depend on each other
only through a triangle of numbers,

    (I + theta (K K^T * P')) D = theta (V - beta' K M_0 - c' K S_0)           one triangular solve

and the rest is the read and the write of chunked.py. The result is the token-by-token recurrence
with b = 1 to rounding, momentum and forgetting included, whatever the block: a block is a matter of
speed here, and no part of the function.

Without momentum and forgetting this is DeltaNet's WY form (arXiv 2406.06464); with forgetting it is
near Gated DeltaNet, which however forgets before it asks (chapter 04). Titans' own chunks (eqs. 16
to 18) are an approximation of it. A deep memory has no such form: its surprise is not linear in M.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.memory import chunked
from titans_book.memory.memorize import full_precision
from titans_book.memory.memorize import memorize as memorize_frozen
from titans_book.memory.presets import resolve
from titans_book.memory.recurrence import Coefficients
from titans_book.memory.rule import Rule
from titans_book.memory.state import Gates, MemoryState, check, resume

__all__ = ["memorize"]

BLOCK = 64  # tokens of one triangular solve


def memorize(
    q: Float[Tensor, "batch heads time dim"],
    k: Float[Tensor, "batch heads time dim"],
    v: Float[Tensor, "batch heads time dim_v"],
    gates: Gates,
    weights: Sequence[Tensor],
    *,
    block: int = BLOCK,
    state: MemoryState | None = None,
    trace: list | None = None,
    rule: Rule | str | None = None,
    **choices: Any,
) -> tuple[Float[Tensor, "batch heads time dim_v"], MemoryState]:
    """`titans_book.memory.memorize(..., chunk=1)` for a memory of one matrix, block by block.

    Arguments, errors and result as there; block is how many tokens are solved for together. With a
    trace it goes token by token. Raises ValueError where the rule has no exact form: more than one
    layer, another objective than "l2", a chunk other than 1, a clamp, or damping.

    >>> one = torch.ones(1, 1, 3)
    >>> x = torch.eye(2)[None, None, [0, 1, 0]]
    >>> y, state = memorize(x, x, 3 * x, Gates(one, 0 * one, 0 * one), [torch.zeros(1, 2, 2)])
    >>> state.weights[0]                             # the third token knew its pair: no surprise
    tensor([[[[3., 0.],
              [0., 3.]]]])
    """
    if trace is not None:
        return memorize_frozen(
            q, k, v, gates, weights, rule=rule, **{"chunk": 1, **choices}, state=state, trace=trace
        )
    check(q, k, v, gates, weights)
    rule = _resolve(len(weights), rule, **choices)
    out_dtype, dtype = v.dtype, torch.promote_types(v.dtype, torch.float32)
    with full_precision(v.device):
        state = resume(state, weights, len(k), dtype)
        q, k, v, gates = q.to(dtype), k.to(dtype), v.to(dtype), gates.map(lambda g: g.to(dtype))
        lengths = chunked.lengths_of(k.shape[2], block, position=0)
        scalars = chunked.scalars_of(rule.retention.keep(gates.alpha), rule.eta(gates.eta), lengths)
        origin = rule.origin(weights, dtype)
        fallen = None if origin is None else chunked.flat(origin[0].expand(*k.shape[:2], -1, -1))
        pieces = zip(*(chunked.split(x, lengths) for x in (q, k, v, gates.theta)), strict=True)
        state, shape = state.map(chunked.flat), v.shape
        answers = []
        for numbers, piece in zip(scalars, pieces, strict=True):
            y, state = _block(rule.read, tuple(map(chunked.flat, piece)), numbers, state, fallen)
            answers.append(y)
        y = torch.cat(answers, dim=1).view(shape) if answers else torch.zeros_like(v)
    return y.to(out_dtype), state.map(lambda W: W.unflatten(0, shape[:2]))


def _resolve(layers: int, rule: Rule | str | None = None, **choices: Any) -> Rule:
    """The rule, or ValueError if it has no exact form."""
    rule = resolve(rule, layers, **{"chunk": 1, **choices})
    wrong = {
        "layers": (layers, 1),
        "chunk": (rule.chunk, 1),
        "clamp": (rule.clamp, None),
        "damping": (rule.damping, None),
        "objective": (rule.objective.name, "l2"),
    }
    for name, (have, want) in wrong.items():
        if have != want:
            other = "titans_book.memory.memorize takes the others"
            raise ValueError(f"{name} is {have!r}, and only {want!r} has an exact form; {other}")
    return rule


def _block(
    read: str,
    piece: tuple[Tensor, ...],
    numbers: Coefficients,
    state: MemoryState,
    origin: Tensor | None,
) -> tuple[Tensor, MemoryState]:
    """What every token writes, by one triangular solve; then the read and the write."""
    q, k, v, theta = piece
    (M,), (S,) = state.weights, state.momentum
    before, rate = numbers.before(), theta[..., None]
    foreseen = before.beta[..., None] * (k @ M) + before.c[..., None] * (k @ S)
    if origin is not None:
        foreseen = foreseen + (1 - before.beta)[..., None] * (k @ origin)
    eye = torch.eye(k.shape[-2], dtype=k.dtype, device=k.device)
    triangle = eye + rate * ((k @ k.mT) * before.P)
    missing = rate * (v - foreseen)
    D = torch.linalg.solve_triangular(triangle, missing, upper=False, unitriangular=True)
    now = numbers if read == "after" else before
    y = now.beta[..., None] * (q @ M) + now.c[..., None] * (q @ S) + ((q @ k.mT) * now.P) @ D
    if origin is not None:
        y = y + (1 - now.beta)[..., None] * (q @ origin)
    # The memory before the last token is the one at which surprise was measured last.
    last = (x[..., -1, None, None] for x in (before.beta, before.c))
    anchor = sum(x * W for x, W in zip(last, (M, S), strict=True))
    if origin is not None:
        anchor = anchor + (1 - before.beta[..., -1, None, None]) * origin
    anchor = anchor + k.mT @ (before.P[..., -1, :, None] * D)
    written = -torch.ones_like(theta)  # D holds theta and the sign already
    origins = None if origin is None else (origin,)
    M, S = chunked.write((k,), (D,), written, numbers, (state.weights, state.momentum), origins)
    M, S = chunked.sweep(M), chunked.sweep(S)
    return y, MemoryState.of(M, S, (anchor,), state.position + k.shape[-2])
