"""The exact delta rule: a matrix memory that is surprised anew at every token, as matrix products.

The chunk of chunked.py freezes the memory at which surprise is measured. For a single matrix and
the L2 objective that is not necessary. Let e_t = v_t - k_t M_{t-1} be what token t finds missing,
and d_t = theta_t e_t what it writes under its key. By recurrence.py,
M_{t-1} = beta' M_0 + c' S_0 + sum_{i<t} P'_ti k_i^T d_i, with the coefficients of the token before
(Coefficients.before). So the e_t of a block depend on each other only through a triangle,

    (I + (K K^T * P') theta) E = V - beta' K M_0 - c' K S_0           one triangular solve

and the rest is the read and the write of chunked.py. The result is the token-by-token recurrence
with b = 1 to rounding, momentum and forgetting included, whatever the block: a block is a matter of
speed here, and no part of the function. Variations, alone or together:

    forget_first   asks keep_t M_{t-1} instead: Gated DeltaNet (its alpha is our 1 - alpha)
    channels       keep_t has one number for each feature of the key: a P for each of them (KDA)
    split          asks with erase_t * k_t, and writes towards write_t * v_t (Gated DeltaNet-2)
    damping        theta_t / (1 + n theta_t |k_t|^2): Longhorn's implicit step at n = 1

Without any of them, without momentum and forgetting, this is DeltaNet's WY form (arXiv 2406.06464),
and with momentum that of momentum DeltaNet. Titans' own chunks (eqs. 16 to 18) are an approximation
of it. A deep memory has no such form: its surprise is not linear in M. With channels, other
objectives and longer chunks run here too, surprised at their anchor. Taught in chapters 06 and 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from titans_book.memory import pieces as cut
from titans_book.memory.fitting import check
from titans_book.memory.gates import Gates
from titans_book.memory.groups import resume
from titans_book.memory.precision import full_precision
from titans_book.memory.presets import resolve
from titans_book.memory.recurrence import Coefficients, Weighted, coefficients
from titans_book.memory.rule import Rule
from titans_book.memory.state import Layers, MemoryState
from titans_book.memory.surprise import surprise
from titans_book.memory.trace import Recorder

__all__ = ["has", "memorize", "run"]

BLOCK = 64  # tokens of one triangular solve
NARROW = 16  # the same where every feature of the key has coefficients of its own


def has(rule: Rule) -> bool:
    """Does this file run the rule?"""
    return solved(rule) or rule.retention.channels


def solved(rule: Rule) -> bool:
    """Is the surprise of every token that of the memory just before it, by a triangular solve?"""
    matrix = rule.network.linear and not rule.network.signed and not rule.retention.maps
    plain = rule.learning.name == "gradient" and rule.window == 1 and rule.clamp is None
    return matrix and plain and rule.objective.name == "l2" and rule.chunk == 1


def run(
    rule: Rule,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    gates: Gates,
    state: MemoryState,
    origin: Layers | None = None,
    recompute: int | None = None,
    recorder: Recorder | None = None,
    block: int | None = None,
) -> tuple[Tensor, MemoryState]:
    """`memorize` for a rule that this file has, and arguments that are checked, of one dtype."""
    heads, time = k.shape[:2], k.shape[2]
    lengths = _lengths(rule, time, state.position, recorder, block)
    theta, eta, keep = rule.rates(gates)
    if rule.damping is not None and solved(rule):
        theta = theta / (1 + rule.damping * theta * k.square().sum(-1))
    made = [None] * len(lengths)
    if not rule.retention.channels:
        made = cut.scalars_of(keep, eta, lengths)
    extra = gates.given()
    tokens = (q, k, v, theta, keep, eta, *(extra[name] for name in rule.needs))
    pieces = zip(*(cut.split(x, lengths) for x in tokens), strict=True)
    if origin is not None:
        origin = tuple(cut.flat(W.expand(*heads, *W.shape[-2:])) for W in origin)
    state, answers, shape = state.map(cut.flat), [], v.shape
    again = recompute is not None and recorder is None and torch.is_grad_enabled()
    for numbers, piece in zip(made, pieces, strict=True):
        parts = (rule, tuple(map(cut.flat, piece)), numbers, state, origin)
        done = checkpoint(_block, *parts, use_reentrant=False) if again else _block(*parts)
        y, state, felt = done
        if recorder is not None:
            recorder.add(felt, state)
        answers.append(y)
    y = cut.together(answers).view(shape) if answers else torch.zeros_like(v)
    return y, state.map(lambda W: W.unflatten(0, heads))


def _lengths(rule: Rule, time: int, position: int, recorder, block: int | None) -> list[int]:
    """The tokens of every block: those of a chunk, where surprise is felt at its start."""
    if not solved(rule):
        return cut.lengths_of(time, rule.chunk, position)
    usual = NARROW if rule.retention.channels else BLOCK
    return cut.lengths_of(time, 1 if recorder is not None else block or usual, 0)


def _block(
    rule: Rule,
    piece: Sequence[Tensor],
    numbers: Coefficients | None,
    state: MemoryState,
    origins: Layers | None,
) -> tuple[Tensor, MemoryState, Tensor]:
    """What every token writes, by one triangular solve or at the anchor; the read and the write."""
    q, k, v, theta, keep, eta, *extra = piece
    (M,), (S,) = state.weights, state.momentum if rule.momentum else (None,)
    origin = None if origins is None else origins[0]
    channels = rule.retention.channels
    if channels:
        numbers = coefficients(keep.mT, eta[:, None].expand_as(keep.mT))
    after, before = Weighted(numbers, channels), Weighted(numbers.before(), channels)
    if solved(rule):
        E = _missing(rule, piece, before, (M, S, origin))
        D, felt = theta[..., None] * E, k.square().sum(-1) * E.square().sum(-1)
        # The memory before the last token is the one at which surprise was measured last.
        anchor = _written(before, k, D, (M, S, origin))
    else:
        (anchor,) = state.weights if state.position % rule.chunk == 0 else state.anchor
        told, at = (q, k, v, theta, *extra), anchor
        if rule.forget_first:  # a chunk of one token
            at = keep.mT * (anchor if origin is None else anchor - origin)
            at = at if origin is None else origin + at
        _, (error,), theta, felt = surprise(rule, told, (at,), watch=True)
        D = -theta[..., None] * error
    now = after if rule.read == "after" else before
    y = now.answers(q, M, S, origin) + now.scores(q, k) @ D
    M, last = cut.sweep((_written(after, k, D, (M, S, origin)),)), state.momentum
    if rule.momentum:
        e, E = (x if channels else x[..., None] for x in (numbers.e, numbers.last_E))
        S = e[..., None] * S + (k * (E.mT if channels else E)).mT @ D
        last = cut.sweep((S,))
    return y, MemoryState.of(M, last, (anchor,), state.position + k.shape[-2]), felt


def _missing(rule: Rule, piece: Sequence[Tensor], before: Weighted, old: tuple) -> Tensor:
    """E: what every token finds missing, v_t - k_t M_{t-1}, and the variations of the header."""
    _, k, v, theta, keep, _, *extra = piece
    M, S, origin = old
    asked = k
    if rule.split:
        erase, write = extra
        asked, v = erase * k, write * v
    missing = v
    if rule.forget_first:
        kept = keep if rule.retention.channels else keep[..., None]
        if origin is not None:
            missing = missing - (asked * (1 - kept)) @ origin
        asked = asked * kept
    missing = missing - before.answers(asked, M, S, origin)
    eye = torch.eye(k.shape[-2], dtype=k.dtype, device=k.device)
    triangle = eye + before.scores(asked, k) * theta[..., None, :]
    return torch.linalg.solve_triangular(triangle, missing, upper=False, unitriangular=True)


def _written(numbers: Weighted, k: Tensor, D: Tensor, old: tuple) -> Tensor:
    """The memory at the last token: what was there before, and the pairs of the block."""
    M, S, origin = old
    beta, P = numbers.last(numbers.of.beta), numbers.rows(numbers.of.P[..., -1, :])
    M = beta * M + (k * P).mT @ D
    if S is not None:
        M = M + numbers.last(numbers.of.c) * S
    return M if origin is None else M + (1 - beta) * origin


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
    layer, another objective than "l2", a chunk other than 1, a clamp, several writes a token.

    >>> one = torch.ones(1, 1, 3)
    >>> x = torch.eye(2)[None, None, [0, 1, 0]]
    >>> y, state = memorize(x, x, 3 * x, Gates(one, 0 * one, 0 * one), [torch.zeros(1, 2, 2)])
    >>> state.weights[0]                             # the third token knew its pair: no surprise
    tensor([[[[3., 0.],
              [0., 3.]]]])
    """
    rule = _resolve(len(weights), rule, **choices)
    check(q, k, v, gates, weights, rule)
    out_dtype, dtype = v.dtype, torch.promote_types(v.dtype, torch.float32)
    with full_precision(v.device):
        state = resume(state, weights, len(k), dtype, rule)
        q, k, v, gates = q.to(dtype), k.to(dtype), v.to(dtype), gates.map(lambda g: g.to(dtype))
        recorder = None if trace is None else Recorder(k, v, gates, state, trace)
        origin = rule.origin(weights, dtype)
        y, state = run(rule, q, k, v, gates, state, origin, None, recorder, block)
        if recorder is not None:
            trace.append(recorder.finish())
    return y.to(out_dtype), state


def _resolve(layers: int, rule: Rule | str | None = None, **choices: Any) -> Rule:
    """The rule, or ValueError if it has no exact form."""
    rule = resolve(rule, layers, **{"chunk": 1, **choices})
    wrong = {
        "layers": (layers, 1),
        "chunk": (rule.chunk, 1),
        "clamp": (rule.clamp, None),
        "objective": (rule.objective.name, "l2"),
        "steps": (rule.steps, 1),
        "writes": (rule.writes, 1),
    }
    for name, (have, want) in wrong.items():
        if have != want:
            other = "titans_book.memory.memorize takes the others"
            raise ValueError(f"{name} is {have!r}, and only {want!r} has an exact form; {other}")
    if not solved(rule):
        raise ValueError("this rule has no exact form; titans_book.memory.memorize takes it")
    return rule
