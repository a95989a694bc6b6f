"""The door to the memory: what is handed in is checked, made of one dtype, and read and written.

Behind it are engine.py, which knows the forms of the recurrence, and operator.py, the same as one
operator for models that are compiled as a whole. Taught in chapters 04 to 06 and 10.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.check import whole
from titans_book.memory import engine, operator, several
from titans_book.memory.fitting import check
from titans_book.memory.gates import Gates
from titans_book.memory.groups import resume
from titans_book.memory.precision import full_precision
from titans_book.memory.presets import resolve
from titans_book.memory.rule import Rule
from titans_book.memory.state import MemoryState
from titans_book.memory.trace import Recorder


def memorize(
    q: Float[Tensor, "batch heads time dim"],
    k: Float[Tensor, "batch heads pairs dim"],
    v: Float[Tensor, "batch heads pairs dim_v"],
    gates: Gates,
    weights: Sequence[Tensor],
    *,
    rule: Rule | str | None = None,
    recompute: int | None = None,
    state: MemoryState | None = None,
    trace: list | None = None,
    **choices: Any,
) -> tuple[Float[Tensor, "batch heads time dim_v"], MemoryState]:
    """Write (k, v) into the memory and read q from it, for a whole sequence (Titans eqs. 8-18).

    q, k, v   what is asked, and what is written, (B, H, T, d). Row vectors are tokens. Where a token
              writes several pairs, k, v and the gates have so many times the tokens of q.
    gates     theta, eta, alpha of every token, each (B, H, T); few rules have more, see `Gates`.
    weights   M_0: one tensor a layer, (H, d_in, d_out) or (B, H, d_in, d_out), used as x @ W.
    rule      a Rule, or the name of a preset. None: the choices below make one. With a rule they
              change it.
    choices   the fields of `Rule` by name, of which these are most used:
    network   "linear" (one layer), "mlp" (two or more), or a Network; None goes by len(weights).
    objective "l2", "dot", or an Objective; retention "decay", "initial", "none", or a Retention.
    chunk     b: gradients are taken at the weights of the last multiple of b tokens.
    read      "after": y_t = M_t(q_t). "before": y_t = M_{t-1}(q_t). "start": y_t = M_t'(q_t).
    momentum  False: eta has no effect, as if it were 0.
    clamp, damping   guards of ours, None in the papers' rules: see `Rule`.
    recompute how many chunks are forgotten together on the way forward and computed again on the
              way back: less memory in training, more time, the same numbers. None forgets nothing.
    state     where an earlier call stopped; None starts afresh, at M_0.
    trace     a list that receives one MemoryTrace of the first sequence.

    Returns y, (B, H, T, d_v) in the dtype of v, and the new state. One call equals any split into
    calls. Computes in float32 or better. Raises ValueError or TypeError, naming the argument.

    >>> one = torch.ones(1, 1, 1)
    >>> x = torch.tensor([[[[1.0, 0.0]]]])
    >>> y, state = memorize(x, x, 3 * x, Gates(one, 0 * one, 0 * one), [torch.zeros(1, 2, 2)])
    >>> y                                            # one full step stores the pair exactly
    tensor([[[[3., 0.]]]])
    """
    rule = resolve(rule, len(weights), **choices)
    check(q, k, v, gates, weights, rule)
    if recompute is not None:
        whole("recompute", recompute, least=1)
    out_dtype, dtype = v.dtype, torch.promote_types(v.dtype, torch.float32)
    with full_precision(v.device):
        state = resume(state, weights, len(k), dtype, rule)
        q, k, v, gates = q.to(dtype), k.to(dtype), v.to(dtype), gates.map(lambda g: g.to(dtype))
        origin, shape = rule.origin(weights, dtype), (*q.shape[:3], v.shape[-1])
        q, k, v, gates = several.spread(rule, q, k, v, gates)
        state = several.times(rule, state, more=True)
        if torch.compiler.is_compiling() and trace is None and rule.learning.gradual:
            y, state = operator.memorize(rule, q, k, v, gates, state, origin, recompute)
        else:
            recorder = None if trace is None else Recorder(k, v, gates, state, trace)
            y, state = engine.run(rule, q, k, v, gates, state, origin, recompute, recorder)
            if recorder is not None:
                trace.append(several.fold(rule, recorder.finish()))
        y, state = several.gather(rule, y, shape), several.times(rule, state, more=False)
    return y.to(out_dtype), state
