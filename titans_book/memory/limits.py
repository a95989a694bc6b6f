"""The two limits of the family: the best matrix for all pairs so far, and no matrix at all.

    least-squares   M_t = (H_t + ridge I)^-1 (G_t + ridge M_0)     what every gradient step aims at
    kernel          softmax attention over all pairs               what no state of fixed size has

The first solves a system for every token, the second looks at every pair for every token. Titans
stands between them: one gradient step a token, and a state of fixed size. Taught in chapter 10.
"""

import torch
from torch import Tensor

from titans_book.memory import pieces
from titans_book.memory.gates import Gates
from titans_book.memory.recurrence import decay_matrix
from titans_book.memory.rule import Rule
from titans_book.memory.state import MemoryState
from titans_book.memory.trace import Recorder

BLOCK = 16  # tokens whose matrices are formed together


def run(
    rule: Rule,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    gates: Gates,
    state: MemoryState,
    recorder: Recorder | None = None,
) -> tuple[Tensor, MemoryState]:
    """`memorize` for a rule without gradient steps."""
    heads, time = k.shape[:2], k.shape[2]
    theta, _, keep = rule.rates(gates)
    tokens = [pieces.flat(x).split(BLOCK, dim=1) for x in (q, k, v, theta, keep)] if time else []
    state, answers, shape = state.map(pieces.flat), [], v.shape
    step = _kernel if rule.learning.name == "kernel" else _least_squares
    for piece in zip(*tokens, strict=True):
        y, state, felt = step(rule, piece, state)
        if recorder is not None:
            recorder.add(felt, state)
        answers.append(y)
    y = pieces.together(answers).view(shape) if answers else torch.zeros_like(v)
    return y, state.map(lambda W: W.unflatten(0, heads))


def _least_squares(rule: Rule, piece, state: MemoryState) -> tuple[Tensor, MemoryState, Tensor]:
    q, k, v, theta, keep = piece
    H, G, start = state.layers["sums"]
    decays = decay_matrix(keep)
    left = (keep[:, :1] * decays[..., 0])[..., None, None]
    written = decays * theta[:, None, :]
    H = left * H[:, None] + torch.einsum("nti,nia,nib->ntab", written, k, k)
    G = left * G[:, None] + torch.einsum("nti,nia,nib->ntab", written, k, v)
    ridge = rule.learning.ridge
    eye = torch.eye(k.shape[-1], dtype=k.dtype, device=k.device)
    M = torch.linalg.solve(H + ridge * eye, G + ridge * start[:, None])
    before = torch.cat([state.weights[0][:, None], M[:, :-1]], dim=1)
    read = M if rule.read == "after" else before
    y = (q[..., None, :] @ read)[..., 0, :]
    missing = (k[..., None, :] @ before)[..., 0, :] - v
    felt = k.square().sum(-1) * missing.square().sum(-1)
    position = state.position + k.shape[1]
    groups = {"sums": (H[:, -1], G[:, -1], start)}
    last = (M[:, -1],), state.momentum, (before[:, -1],)
    return y, MemoryState.of(*last, position, **groups), felt


def _kernel(rule: Rule, piece, state: MemoryState) -> tuple[Tensor, MemoryState, Tensor]:
    q, k, v = piece[:3]
    old, time = state.position, k.shape[1]
    keys, values = (
        torch.cat(two, dim=1) for two in zip(state.layers["pairs"], (k, v), strict=True)
    )
    scale = rule.learning.scale or k.shape[-1] ** -0.5
    seen = torch.ones(time, old + time, dtype=torch.bool, device=q.device).tril(
        old if rule.read == "after" else old - 1
    )
    scores = (scale * (q @ keys.mT)).masked_fill(~seen, -torch.inf)
    # Before the first pair there is nothing to look at, and the answer is 0.
    scores = torch.where(seen.any(-1, keepdim=True), scores, 0)
    y = torch.where(seen.any(-1, keepdim=True), torch.softmax(scores, dim=-1) @ values, 0)
    felt = (k.square().sum(-1) * v.square().sum(-1)).detach()
    layers = {**state.layers, "pairs": (keys, values)}
    return y, MemoryState(layers, state.position + time), felt


def ask(rule: Rule, state: MemoryState, q: Tensor) -> Tensor:
    """What the memory answers as it stands, (B, H, T, d_v), without a write."""
    if rule.learning.name != "kernel":
        return rule.network(state.weights, q)
    keys, values = state.layers["pairs"]
    if not state.position:
        return torch.zeros_like(q @ state.weights[0])
    scale = rule.learning.scale or q.shape[-1] ** -0.5
    return torch.softmax(scale * (q @ keys.mT), dim=-1) @ values
