"""The recurrence of reference.py as matrix products: the same numbers, nothing here is slow.

A chunk of b tokens starts with (M_0, S_0). All gradients are taken at its start, so they are known
at once: u_i = h_i^T D_i for a layer with inputs h and errors D. Put into recurrence.py, a layer of
the memory after token t multiplies an input g as

    g M_t = beta_t g M_0 + c_t g S_0 - sum_{i<=t} P_ti (g . h_i) theta_i D_i

which for all t of the chunk is two matrix products and one masked attention,

    G M = beta (G M_0) + c (G S_0) - ((G H^T) * P) (theta D)                 [read]

and at the end of the chunk, with the last rows of P and E,

    M_b = beta_b M_0 + c_b S_0 - H^T (P_b theta D)                           [write]
    S_b = e_b S_0 - H^T (E_b theta D)

No matrix per token is ever formed, and a deeper memory only adds layers. Titans eqs. 16-18 give the
linear, momentum-free case; the rest is derived in recurrence.py. Taught in chapter 06.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.memory import network as networks
from titans_book.memory import objective as objectives
from titans_book.memory import rule as rules
from titans_book.memory.guards import damp, soften
from titans_book.memory.recurrence import Coefficients, coefficients
from titans_book.memory.state import Gates, Layers, MemoryState, check, resume
from titans_book.memory.trace import Recorder, squared_surprise


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
    damping   how many alike tokens of a chunk may together correct an error fully, see `damp`; None
              is the paper's rule.
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
    rule = rules.resolve(len(weights), network, objective, retention, chunk, read, clamp, damping)
    out_dtype, dtype = v.dtype, torch.promote_types(v.dtype, torch.float32)
    with torch.autocast(v.device.type, enabled=False):
        state = resume(state, weights, len(k), dtype)
        q, k, v, gates = q.to(dtype), k.to(dtype), v.to(dtype), gates.map(lambda g: g.to(dtype))
        recorder = None if trace is None else Recorder(gates, state)

        lengths = lengths_of(k.shape[2], chunk, state.position)
        scalars = scalars_of(rule.keep(gates.alpha), gates.eta, lengths)
        pieces = zip(*(split(x, lengths) for x in (q, k, v, gates.theta)), strict=True)
        state, shape = state.map(flat), v.shape
        answers = []
        for numbers, piece in zip(scalars, pieces, strict=True):
            y, state = _chunk(rule, tuple(map(flat, piece)), numbers, state, recorder)
            answers.append(y)
        y = torch.cat(answers, dim=1).view(shape) if answers else torch.zeros_like(v)
    if recorder is not None:
        trace.append(recorder.finish())
    return y.to(out_dtype), state.map(lambda W: W.unflatten(0, shape[:2]))


def flat(x: Tensor) -> Tensor:
    """Batch and heads as one dimension: every sequence and head is a memory of its own."""
    return x.flatten(0, 1)


def lengths_of(time: int, chunk: int, position: int) -> list[int]:
    """The pieces between boundaries: the rest of an open chunk, full chunks, and a new open one.

    >>> lengths_of(time=10, chunk=4, position=3)
    [1, 4, 4, 1]
    """
    head = min(-position % chunk, time)
    full, tail = divmod(time - head, chunk)
    return [n for n in (head, *[chunk] * full, tail) if n]


def split(x: Tensor, lengths: list[int]) -> tuple[Tensor, ...]:
    """The pieces of x along the tokens; none where there are none."""
    return x.split(lengths, dim=2) if lengths else ()


def scalars_of(keep: Tensor, eta: Tensor, lengths: list[int]) -> list[Coefficients]:
    """The Coefficients of every piece; those of pieces of one length are made together."""
    made: dict[int, list[Coefficients]] = {}
    gates = [split(gate, lengths) for gate in (keep, eta)]
    for n in set(lengths):
        same = [torch.stack([flat(g) for g in gate if g.shape[-1] == n]) for gate in gates]
        made[n] = coefficients(*same).unbind()
    return [made[n].pop(0) for n in lengths]


def _chunk(
    rule: rules.Rule, piece, numbers: Coefficients, state: MemoryState, recorder: Recorder | None
) -> tuple[Tensor, MemoryState]:
    """One piece of a chunk: the errors at the anchor, then [read] and [write] of the header."""
    q, k, v, theta = piece
    net, M, S = rule.network, state.weights, state.momentum
    anchor = M if state.position % rule.chunk == 0 else state.anchor
    steps = net.trace(k, lambda layer, h: h @ anchor[layer])
    H, D = steps.inputs, net.errors(anchor, steps, rule.objective.error(steps.result, v))
    if rule.damping is not None:
        theta = damp(theta, squared_surprise(H, D), D[-1], rule.damping)
    if rule.clamp is not None:
        theta = theta * soften(squared_surprise(H, D), rule.clamp)

    now = numbers if rule.read == "after" else numbers.before()
    beta, c, P = now.beta[..., None], now.c[..., None], now.P * -theta[..., None, :]

    def times_weights_now(layer: int, g: Tensor) -> Tensor:
        attention = (g @ H[layer].mT) * P
        if g.shape[-1] <= D[layer].shape[-1]:  # scale where a token has fewer numbers
            old = torch.matmul(beta * g, M[layer]).baddbmm_(c * g, S[layer])
        else:
            old = torch.addcmul(beta * (g @ M[layer]), c, g @ S[layer])
        return old.baddbmm_(attention, D[layer])

    y = net.trace(q, times_weights_now).result
    state = write(H, D, theta, numbers, state, anchor)
    if recorder is not None:
        recorder.add(H, D, state)
    return y, state


def write(
    H: Layers, D: Layers, theta: Tensor, numbers: Coefficients, state: MemoryState, anchor: Layers
) -> MemoryState:
    """(M_b, S_b) from (M_0, S_0): the last rows of the coefficients."""
    last_P, last_E = -theta * numbers.P[..., -1, :], -theta * numbers.last_E
    beta, c, e = (
        x[..., None, None] for x in (numbers.beta[..., -1], numbers.c[..., -1], numbers.e)
    )
    M, S = [], []
    for h, d, m, s in zip(H, D, state.weights, state.momentum, strict=True):
        M.append(_add_products(torch.addcmul(beta * m, c, s), last_P, h, d))
        S.append(_add_products(e * s, last_E, h, d))
    return MemoryState(tuple(M), tuple(S), anchor, state.position + theta.shape[-1])


def _add_products(W: Tensor, weight: Tensor, h: Tensor, d: Tensor) -> Tensor:
    """W + sum_i weight_i h_i^T d_i, in the place of W: the weight goes to the narrow side."""
    weight = weight[..., None]
    h, d = (weight * h, d) if h.shape[-1] <= d.shape[-1] else (h, weight * d)
    return W.baddbmm_(h.mT, d)
