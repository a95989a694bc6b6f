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

A memory that forgets towards the one it began with, O (retention.py), gets (1 - beta) of it back:
(1 - beta) G O is added to what is read, (1 - beta_b) O to what is written. (Made for many chunks at
once, G O was no faster: the tensors no longer fit into the cache.)

No matrix per token is ever formed, and a deeper memory only adds layers. Titans eqs. 16-18 give the
linear, momentum-free case; the rest is derived in recurrence.py. Where the memory is a function of
what it has gathered (maps.py), M above is the gathered A, and what is read is M at the start of the
chunk; whoever wants to read more than that goes through dense.py. Taught in chapters 06 and 10.
"""

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from titans_book import compiling
from titans_book.memory import dense, omega
from titans_book.memory.gates import Gates
from titans_book.memory.pieces import SWEEP, flat, lengths_of, scalars_of, sweep, together
from titans_book.memory.recurrence import Coefficients
from titans_book.memory.rule import Rule
from titans_book.memory.state import Layers, MemoryState
from titans_book.memory.surprise import forgotten, surprise
from titans_book.memory.trace import Recorder

STEP = "the memory's chunk step"  # as the log calls it


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
) -> tuple[Tensor, MemoryState]:
    """`memorize` for arguments that are checked and of one dtype; origin is O, None for 0."""
    heads, lengths = k.shape[:2], lengths_of(k.shape[2], rule.chunk, state.position)
    theta, eta, keep = rule.rates(gates)
    scalars = scalars_of(keep, eta, lengths)
    extra = gates.given()
    tokens = [flat(x) for x in (q, k, v, theta, *(extra[name] for name in rule.objective.needs))]
    if dense.wanted(rule):
        tokens += [flat(keep), flat(eta)]
    if origin is not None:
        origin = tuple(flat(W.expand(*heads, *W.shape[-2:])) for W in origin)
    size = recompute or max(1, len(lengths))
    again = recompute is not None and recorder is None and torch.is_grad_enabled()
    state, answers, start = state.map(flat), [], 0
    for i in range(0, len(lengths), size):
        stop = start + sum(lengths[i : i + size])
        group = [x[:, start:stop] for x in tokens]
        parts = (rule, group, scalars[i : i + size], lengths[i : i + size], state, origin)
        if again and size < len(lengths):
            y, state = checkpoint(_read_and_write, *parts, use_reentrant=False)
        else:
            y, state = _read_and_write(*parts, recorder, last=stop == k.shape[2])
        answers.append(y)
        start = stop
    y = together(answers).view(v.shape) if answers else torch.zeros_like(v)
    return y, state.map(lambda W: W.unflatten(0, heads))


def _read_and_write(
    rule: Rule,
    tokens: list[Tensor],
    scalars: list[Coefficients],
    lengths: list[int],
    state: MemoryState,
    origin: Layers | None,
    recorder: Recorder | None = None,
    last: bool = True,
) -> tuple[Tensor, MemoryState]:
    """The answers of some chunks, one after the other, and the state behind them."""
    pieces = zip(*(x.split(lengths, dim=1) for x in tokens), strict=True)
    now = [numbers.before() if rule.read == "before" else numbers for numbers in scalars]
    answers = []
    for n, (piece, numbers) in enumerate(zip(pieces, scalars, strict=True)):
        time, position, felt_from = lengths[n], state.position + lengths[n], 0
        anchor = state.weights if state.position % rule.chunk == 0 else state.anchor
        at = forgotten(anchor, numbers, origin) if rule.forget_first else anchor
        both, more = (numbers, now[n]), {}
        if rule.window > 1:
            piece, both, more["window"] = omega.widen(rule, piece, both, state.layers["window"])
            felt_from = rule.window - 1
        old, watch = (state.gathered, state.momentum, at), recorder is not None
        if dense.wanted(rule):
            y, M, S, felt = dense.step(rule, piece, (*old, state.weights), origin)
        else:
            step = _chunk if time != rule.chunk else compiling.step(_chunk, piece[0].device, STEP)
            y, M, S, felt = step(rule, piece, both, old, origin, watch)
        if position % (rule.chunk * SWEEP) == 0 or (last and n == len(lengths) - 1):
            M, S = sweep(M), sweep(S)
        M, more = dense.mapped(rule, M, state.weights, position, more)
        if rule.read == "after" and rule.retention.at == "chunk" and position % rule.chunk == 0:
            y = torch.cat([y[:, :-1], rule.network(M, piece[0][:, -1:])], dim=1)
        state = MemoryState.of(M, S, anchor, position, **more)
        if recorder is not None:
            recorder.add(felt[:, felt_from:], state)
        answers.append(y)
    return together(answers), state


def _chunk(
    rule: Rule,
    piece: tuple,
    numbers: tuple,
    old: tuple[Layers, ...],
    origin: Layers | None,
    watch: bool,
) -> tuple[Tensor, Layers, Layers, Tensor | None]:
    """One piece of a chunk: the errors at the anchor, then [read] and [write] of the header.

    piece is (q, k, v, theta) and the gates of the objective, numbers the coefficients of the write
    and of the read, old is (A_0, S_0, anchor), origin is O, or None for 0. Returns y, A_b, S_b
    and, where it is needed or watched, |u_t|^2.
    """
    q = piece[0]
    M, S, anchor = old
    net = rule.network
    H, D, theta, felt = surprise(rule, piece, anchor, watch)
    if dense.at_start(rule):
        answer = net.trace(q, lambda layer, g: g @ anchor[layer])
        written = write(rule, H, D, theta, numbers[0], (M, S), origin)
        return answer.result, *written, felt

    now = numbers[1]
    beta, P = now.beta[..., None], now.P * -theta[..., None, :]
    also = [(now.c[..., None], S)] if rule.momentum else []
    also += [(1 - beta, origin)] if origin is not None else []

    def times_weights_now(layer: int, g: Tensor) -> Tensor:
        attention = (g @ H[layer].mT) * P
        narrow = g.shape[-1] <= D[layer].shape[-1]  # scale where a token has fewer numbers
        old = torch.matmul(beta * g, M[layer]) if narrow else beta * (g @ M[layer])
        for share, W in also:
            if narrow:
                old.baddbmm_(share * g, W[layer])
            else:
                old = torch.addcmul(old, share, g @ W[layer])
        return old.baddbmm_(attention, D[layer])

    y = net.trace(q, times_weights_now).result
    return y, *write(rule, H, D, theta, numbers[0], (M, S), origin), felt


def write(
    rule: Rule,
    H: Layers,
    D: Layers,
    theta: Tensor,
    numbers: Coefficients,
    old: tuple[Layers, Layers],
    origin: Layers | None = None,
) -> tuple[Layers, Layers]:
    """(M_b, S_b) from (M_0, S_0): the last rows of the coefficients. Without momentum S stays 0."""
    last_P, last_E = -theta * numbers.P[..., -1, :], -theta * numbers.last_E
    beta, c, e = (
        x[..., None, None] for x in (numbers.beta[..., -1], numbers.c[..., -1], numbers.e)
    )
    M, S = [], []
    for layer, (h, d, m, s) in enumerate(zip(H, D, *old, strict=True)):
        kept = beta * m
        if origin is not None:
            kept = torch.addcmul(kept, 1 - beta, origin[layer])
        if rule.momentum:
            kept = torch.addcmul(kept, c, s)
        M.append(_add_products(kept, last_P, h, d))
        S.append(_add_products(e * s, last_E, h, d) if rule.momentum else s)
    return tuple(M), tuple(S)


def _add_products(W: Tensor, weight: Tensor, h: Tensor, d: Tensor) -> Tensor:
    """W + sum_i weight_i h_i^T d_i, in the place of W: the weight goes to the narrow side."""
    weight = weight[..., None]
    h, d = (weight * h, d) if h.shape[-1] <= d.shape[-1] else (h, weight * d)
    return W.baddbmm_(h.mT, d)
