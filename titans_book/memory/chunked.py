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

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from titans_book import compiling
from titans_book.memory import rule as rules
from titans_book.memory.guards import damp, soften
from titans_book.memory.recurrence import Coefficients, coefficients
from titans_book.memory.state import Gates, Layers, MemoryState
from titans_book.memory.trace import Recorder, squared_surprise

STEP = "the memory's chunk step"  # as the log calls it


def run(
    rule: rules.Rule,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    gates: Gates,
    state: MemoryState,
    recompute: int | None = None,
    recorder: Recorder | None = None,
) -> tuple[Tensor, MemoryState]:
    """`memorize` for arguments that are checked and of one dtype."""
    lengths = lengths_of(k.shape[2], rule.chunk, state.position)
    scalars = scalars_of(rule.keep(gates.alpha), gates.eta, lengths)
    pieces = zip(*(map(flat, split(x, lengths)) for x in (q, k, v, gates.theta)), strict=True)
    chunks = list(zip(scalars, pieces, strict=True))
    size = len(chunks) if recompute is None or recorder is not None else recompute
    state, answers = state.map(flat), []
    for group in (chunks[i : i + size] for i in range(0, len(chunks), max(size, 1))):
        if size < len(chunks) and torch.is_grad_enabled():
            ys, state = checkpoint(_read_and_write, rule, group, state, use_reentrant=False)
        else:
            ys, state = _read_and_write(rule, group, state, recorder)
        answers += ys
    y = torch.cat(answers, dim=1).view(v.shape) if answers else torch.zeros_like(v)
    return y, state.map(lambda W: W.unflatten(0, v.shape[:2]))


def _read_and_write(
    rule: rules.Rule, chunks: list, state: MemoryState, recorder: Recorder | None = None
) -> tuple[list[Tensor], MemoryState]:
    """The answers of some chunks, one after the other, and the state behind them."""
    answers = []
    for numbers, piece in chunks:
        anchor = state.weights if state.position % rule.chunk == 0 else state.anchor
        time = piece[0].shape[1]
        step = compiling.step(_chunk, piece[0].device, STEP) if time == rule.chunk else _chunk
        old = (state.weights, state.momentum, anchor)
        y, M, S, felt = step(rule, piece, numbers, old, recorder is not None)
        state = MemoryState(M, S, anchor, state.position + time)
        if recorder is not None:
            recorder.add(felt, state)
        answers.append(y)
    return answers, state


def flat(x: Tensor) -> Tensor:
    """Batch and heads as one dimension: every sequence and head is a memory of its own."""
    return x.flatten(0, 1)


def lengths_of(time: int, chunk: int, position: int) -> list[int]:
    """The pieces between boundaries: the rest of an open chunk, full chunks, and a new open one.

    >>> lengths_of(time=10, chunk=4, position=3)
    [1, 4, 4, 1]
    """
    head = min(-position % chunk, time)
    full, tail = (time - head) // chunk, (time - head) % chunk
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
    rule: rules.Rule, piece: tuple, numbers: Coefficients, old: tuple[Layers, ...], watch: bool
) -> tuple[Tensor, Layers, Layers, Tensor | None]:
    """One piece of a chunk: the errors at the anchor, then [read] and [write] of the header.

    piece is (q, k, v, theta), old is (M_0, S_0, anchor). Returns y, M_b, S_b and, where it is
    needed or watched, |u_t|^2.
    """
    q, k, v, theta = piece
    M, S, anchor = old
    net = rule.network
    steps = net.trace(k, lambda layer, h: h @ anchor[layer])
    H, D = steps.inputs, net.errors(anchor, steps, rule.objective.error(steps.result, v))
    guarded = rule.damping is not None or rule.clamp is not None
    felt = squared_surprise(H, D) if watch or guarded else None
    if rule.damping is not None:
        theta = theta * damp(theta, felt, D[-1], rule.damping)
    if rule.clamp is not None:
        theta = theta * soften(felt, rule.clamp)

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
    return y, *write(H, D, theta, numbers, (M, S)), felt


def write(
    H: Layers, D: Layers, theta: Tensor, numbers: Coefficients, old: tuple[Layers, Layers]
) -> tuple[Layers, Layers]:
    """(M_b, S_b) from (M_0, S_0): the last rows of the coefficients."""
    last_P, last_E = -theta * numbers.P[..., -1, :], -theta * numbers.last_E
    beta, c, e = (
        x[..., None, None] for x in (numbers.beta[..., -1], numbers.c[..., -1], numbers.e)
    )
    M, S = [], []
    for h, d, m, s in zip(H, D, *old, strict=True):
        M.append(_add_products(torch.addcmul(beta * m, c, s), last_P, h, d))
        S.append(_add_products(e * s, last_E, h, d))
    return tuple(M), tuple(S)


def _add_products(W: Tensor, weight: Tensor, h: Tensor, d: Tensor) -> Tensor:
    """W + sum_i weight_i h_i^T d_i, in the place of W: the weight goes to the narrow side."""
    weight = weight[..., None]
    h, d = (weight * h, d) if h.shape[-1] <= d.shape[-1] else (h, weight * d)
    return W.baddbmm_(h.mT, d)
