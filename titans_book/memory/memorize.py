"""The door to the memory: what is handed in is checked, made of one dtype, and read and written.

Behind it are chunked.py, the recurrence as matrix products, and operator.py, the same as one
operator for models that are compiled as a whole. Taught in chapters 04 to 06.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.check import whole
from titans_book.memory import chunked, operator
from titans_book.memory import network as networks
from titans_book.memory import objective as objectives
from titans_book.memory import rule as rules
from titans_book.memory.state import Gates, MemoryState, check, resume
from titans_book.memory.trace import Recorder


def memorize(
    q: Float[Tensor, "batch heads time dim"],
    k: Float[Tensor, "batch heads time dim"],
    v: Float[Tensor, "batch heads time dim_v"],
    gates: Gates,
    weights: Sequence[Tensor],
    *,
    network: networks.Network | str | None = None,
    objective: objectives.Objective | str = "l2",
    retention: str = "decay",
    chunk: int = 16,
    read: str = "after",
    clamp: float | None = None,
    damping: float | None = None,
    recompute: int | None = None,
    state: MemoryState | None = None,
    trace: list | None = None,
) -> tuple[Float[Tensor, "batch heads time dim_v"], MemoryState]:
    """Write (k, v) into the memory and read q from it, for a whole sequence (Titans eqs. 8-18).

    q, k, v   what is asked, and what is written, (B, H, T, d). Row vectors are tokens.
    gates     theta, eta, alpha of every token, each (B, H, T).
    weights   M_0: one tensor a layer, (H, d_in, d_out) or (B, H, d_in, d_out), used as x @ W.
    network   "linear" (one layer), "mlp" (two or more), or a Network; None goes by len(weights).
    objective "l2" or "dot"; retention "decay" or "none".
    chunk     b: gradients are taken at the weights of the last multiple of b tokens.
    read      "after": y_t = M_t(q_t). "before": y_t = M_{t-1}(q_t).
    clamp     the longest surprise |u_t| that is taken at full length; None is the paper's rule.
    damping   how many alike tokens of a chunk may together correct an error fully, see `damp`;
              None is the paper's rule.
    recompute how many chunks are forgotten together on the way forward and computed again on the
              way back: less memory in training, more time, the same numbers. None forgets nothing.
    state     where an earlier call stopped; then M_0 is not used. None starts afresh.
    trace     a list that receives one MemoryTrace of the first sequence.

    Returns y, (B, H, T, d_v) in the dtype of v, and the new state. One call equals any split into
    calls. Computes in float32 or better. Raises ValueError or TypeError, naming the argument.

    >>> one = torch.ones(1, 1, 1)
    >>> x = torch.tensor([[[[1.0, 0.0]]]])
    >>> y, state = memorize(x, x, 3 * x, Gates(one, 0 * one, 0 * one), [torch.zeros(1, 2, 2)])
    >>> y                                            # one full step stores the pair exactly
    tensor([[[[3., 0.]]]])
    """
    check(q, k, v, gates, weights)
    choices = dict(objective=objective, retention=retention, chunk=chunk, read=read)
    choices |= dict(clamp=clamp, damping=damping)
    rule = rules.resolve(len(weights), network, **choices)
    if recompute is not None:
        whole("recompute", recompute, least=1)
    out_dtype, dtype = v.dtype, torch.promote_types(v.dtype, torch.float32)
    with torch.autocast(v.device.type, enabled=False):
        state = resume(state, weights, len(k), dtype)
        q, k, v, gates = q.to(dtype), k.to(dtype), v.to(dtype), gates.map(lambda g: g.to(dtype))
        if torch.compiler.is_compiling() and trace is None and isinstance(objective, str):
            choices |= dict(activation=rule.network.activation, recompute=recompute)
            y, state = operator.memorize(q, k, v, gates, choices, state)
        else:
            recorder = None if trace is None else Recorder(k, v, gates, state)
            y, state = chunked.run(rule, q, k, v, gates, state, recompute, recorder)
            if recorder is not None:
                trace.append(recorder.finish())
    return y.to(out_dtype), state
