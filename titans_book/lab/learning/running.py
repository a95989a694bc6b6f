"""The recurrence made of parts, the learner's own where they were kept, and a model that uses it.

It goes token by token and is slow: what it shows is that the functions of chapters 01 to 04 are all
that a memory needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.lab.learning.parts import RECURRENCE, credit, load
from titans_book.memory.fitting import check
from titans_book.memory.gates import Gates
from titans_book.memory.groups import resume
from titans_book.memory.presets import resolve
from titans_book.memory.rule import Rule
from titans_book.memory.state import MemoryState
from titans_book.memory.surprise import squared_surprise
from titans_book.memory.trace import Recorder

__all__ = ["install", "memorize"]


def memorize(
    q: Float[Tensor, "batch heads time dim"],
    k: Float[Tensor, "batch heads time dim"],
    v: Float[Tensor, "batch heads time dim_v"],
    gates: Gates,
    weights: Sequence[Tensor],
    *,
    state: MemoryState | None = None,
    trace: list | None = None,
    rule: Rule | None = None,
    **choices: Any,
) -> tuple[Float[Tensor, "batch heads time dim_v"], MemoryState]:
    """The recurrence token by token, made of parts (Titans eqs. 8, 10, 13, 15).

    The same call as `titans_book.memory.memorize`, for a memory of one matrix that takes the
    surprise at every token: depth=1, chunk=1, clamp=None, the L2 objective, read="after".
    Raises ValueError for another rule. Taught in notebooks/13_train_it.ipynb.
    """
    rule = resolve(rule, len(weights), **({"chunk": 1, **choices} if rule is None else choices))
    _require(rule, len(weights))
    check(q, k, v, gates, weights, rule)
    found = load()
    answer, *_, step = (_batched(found[name].function) for name in RECURRENCE)
    origin = rule.origin(weights, k.dtype)
    start = resume(state, weights, len(k), k.dtype, rule)
    (M,), (S,) = start.weights, start.momentum
    state, answers = start, []
    recorder = None if trace is None else Recorder(k, v, gates, start, trace)
    for t in range(k.shape[2]):
        error = k[:, :, t : t + 1] @ M - v[:, :, t : t + 1]
        now = [gate[:, :, t].to(M.dtype) for gate in (gates.theta, gates.eta, gates.alpha)]
        M, S = step(M, S, k[:, :, t], v[:, :, t], *now)
        if origin is not None:  # it forgets towards M_0: what is let go comes back from there
            M = M + now[2][..., None, None] * origin[0]
        answers.append(answer(M, q[:, :, t]))
        state = MemoryState.of((M,), (S,), (M,), state.position + 1)
        if recorder is not None:
            felt = squared_surprise((k[:, :, t : t + 1],), (error,))
            recorder.add(felt.flatten(0, 1), state.map(lambda W: W.flatten(0, 1)))
    if recorder is not None:
        trace.append(recorder.finish())
    y = torch.stack(answers, dim=2) if answers else torch.zeros_like(v)
    return y, state


def _require(rule: Rule, layers: int) -> None:
    wanted = {"chunk": 1, "read": "after", "clamp": None, "damping": None, "forget_first": False}
    wanted |= {"window": 1, "steps": 1, "writes": 1, "split": False}
    wrong = [f"{key}={value!r}" for key in wanted if (value := getattr(rule, key)) != wanted[key]]
    if rule.objective.name != "l2":
        wrong.append(f"objective={rule.objective.name!r}")
    if rule.learning.name != "gradient":
        wrong.append(f"learning={rule.learning.name!r}")
    if rule.retention.name not in ("decay", "initial") or rule.retention.channels:
        wrong.append(f"retention={rule.retention.name!r}")
    if not rule.network.linear or rule.network.signed:
        wrong.append(f"depth={layers}" if layers != 1 else f"network={rule.network!r}")
    if wrong:
        raise ValueError(
            f"your parts are the steps of a one-matrix memory, and cannot run {', '.join(wrong)}: "
            "build the model with memory=dict(depth=1, chunk=1, clamp=None)"
        )


def _batched(function: Callable) -> Callable:
    """The function for one matrix, over batch and heads: by vmap, or one by one if that fails."""

    def call(*arguments: Tensor) -> Any:
        try:
            return torch.vmap(torch.vmap(function))(*arguments)
        except RuntimeError:
            flat = [a.flatten(0, 1) for a in arguments]
            results = [function(*one) for one in zip(*flat, strict=True)]
            shape = arguments[0].shape[:2]
            if isinstance(results[0], tuple):
                return tuple(torch.stack(r).unflatten(0, shape) for r in zip(*results, strict=True))
            return torch.stack(results).unflatten(0, shape)

    return call


def install(model: torch.nn.Module) -> str:
    """Let every memory of a model run on the parts in use; says whose they are."""
    blocks = [block.memory for block in model.blocks]
    for memory in blocks:
        _require(memory.rule, len(memory.initial))
    for memory in blocks:
        memory.memorize = memorize
    return credit()
