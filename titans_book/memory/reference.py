"""The oracle: the recurrence token by token, in float64, with autograd. Nothing here is fast.

Every other form of the memory is tested against this one, never against a sibling. It is the line
that the whole book teaches, read aloud (design: one gradient per token, at the last boundary M_t'):

    u_t = gradient at M_t' of loss(M_t'(k_t), v_t)      surprise    Titans eqs. 8, 12, 16
    S_t = eta_t S_{t-1} - theta_t u_t                   momentum    Titans eqs. 10, 14
    A_t = O + keep_t (A_{t-1} - O) + S_t                forgetting  Titans eq. 13, where O = 0
    M_t = retain(A_t)                                   retention   Titans: M_t = A_t
    y_t = M_t(q_t)                                      read        Titans eq. 15

What chapter 10 adds is said where it happens, in _Reading.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.memory.fitting import check
from titans_book.memory.gates import Gates
from titans_book.memory.groups import resume
from titans_book.memory.guards import damp, soften
from titans_book.memory.learning import newton_schulz
from titans_book.memory.presets import resolve
from titans_book.memory.rule import Rule
from titans_book.memory.state import Layers, MemoryState


def memorize(
    q: Float[Tensor, "batch heads time dim"],
    k: Float[Tensor, "batch heads pairs dim"],
    v: Float[Tensor, "batch heads pairs dim_v"],
    gates: Gates,
    weights: Sequence[Tensor],
    *,
    rule: Rule | str | None = None,
    state: MemoryState | None = None,
    **choices: Any,
) -> tuple[Float[Tensor, "batch heads time dim_v"], MemoryState]:
    """The same function as `titans_book.memory.memorize`, one token after the other, in float64.

    Arguments and errors are those of the fast form; y and the state come back in float64, and both
    can be differentiated (the inner gradient keeps its graph).
    """
    rule = resolve(rule, len(weights), **choices)
    check(q, k, v, gates, weights, rule)
    q, k, v, gates = q.double(), k.double(), v.double(), gates.map(torch.Tensor.double)
    start = resume(state, weights, len(k), torch.float64, rule)
    now = _Reading(rule, start, rule.origin(weights, torch.float64))
    theta, eta, keep = rule.rates(gates)
    given = gates.given()
    answers, writes = [], rule.writes
    for t in range(q.shape[2]):
        if rule.read == "before":
            answers.append(now.answer(q[:, :, t : t + 1]))
        for w in range(writes * t, writes * (t + 1)):
            pair = {"k": k[:, :, w : w + 1], "v": v[:, :, w : w + 1]}
            pair |= {name: given[name][:, :, w : w + 1] for name in rule.needs}
            for step in range(rule.steps):
                kept = keep[:, :, w] if step == 0 else torch.ones_like(keep[:, :, w])
                now.write(pair, theta[:, :, w], eta[:, :, w], kept)
        if rule.read != "before":
            answers.append(now.answer(q[:, :, t : t + 1]))
    y = torch.cat(answers, dim=2) if answers else q.new_zeros(*q.shape[:3], v.shape[-1])
    return y, now.state()


class _Reading:
    """A memory while it reads: what `MemoryState` holds, and one step of the recurrence."""

    def __init__(self, rule: Rule, state: MemoryState, origin: Layers | None) -> None:
        self.rule, self.M, self.S, self.A = rule, state.weights, state.momentum, state.gathered
        self.anchor, self.more = state.anchor, dict(state.layers)
        self.position = state.position * rule.steps * rule.writes  # counted in writes
        self.origin = origin or tuple(torch.zeros_like(a) for a in self.A)
        self.pairs: list[dict] = []  # the last c - 1 pairs, for the Omega rule
        for i in range(rule.window - 1):
            kept = [x[:, :, i : i + 1] for x in self.more["window"]]
            names = ("k", "v", "theta", *rule.objective.needs)
            pair = dict(zip(names, kept, strict=True))
            gates = {n: pair[n][..., 0] for n in names[2:]}
            self.pairs.append(pair | gates | {"theta": gates["theta"][:, :, 0]})

    def answer(self, q: Tensor) -> Tensor:
        """y = M(q), or what stood at the start of the chunk."""
        if self.rule.learning.name == "kernel":
            keys, values = self.more["pairs"]
            scale = self.rule.learning.scale or q.shape[-1] ** -0.5
            if not keys.shape[2]:
                return torch.zeros_like(q @ self.M[0])
            return torch.softmax(scale * q @ keys.mT, dim=-1) @ values
        start = self.rule.read == "start"
        return self.rule.network(self.anchor if start else self.M, q)

    def write(self, pair: dict, theta: Tensor, eta: Tensor, keep: Tensor) -> None:
        """One pair, one step."""
        rule, k, v = self.rule, pair["k"], pair["v"]
        if self.position % rule.chunk == 0:
            self.anchor = self.M
        self.position += 1
        if rule.learning.name == "kernel":
            pairs = zip(self.more["pairs"], (k, v), strict=True)
            self.more["pairs"] = tuple(torch.cat(two, dim=2) for two in pairs)
            return
        keep = keep[..., None, None] if keep.dim() == 2 else keep[..., :, None]  # of every row
        if rule.learning.name == "least-squares":
            self._solve(k, v, theta[..., None, None], keep)
            return
        if rule.split:
            u = self._split(pair, keep)
        else:
            u = self._surprise({**pair, "theta": theta}, keep)
        S = [eta[..., None, None] * s for s in self.S]
        if rule.learning.name == "newton-schulz":
            self.S = [s - g for s, g in zip(S, u, strict=True)]
            steps = rule.learning.steps
            written = [theta[..., None, None] * newton_schulz(s, steps) for s in self.S]
        else:
            rate = 1 if rule.window > 1 else theta[..., None, None]  # a window has its own
            self.S = written = [s - rate * g for s, g in zip(S, u, strict=True)]
        self._gather(keep, written)

    def _gather(self, keep: Tensor, written: Sequence[Tensor]) -> None:
        """A_t and M_t = retain(A_t)."""
        rule, parts = self.rule, zip(self.A, self.origin, written, strict=True)
        self.A = tuple(o + keep * (a - o) + s for a, o, s in parts)
        ends = self.position % rule.chunk == 0
        if ends or rule.retention.at == "token":
            self.M = tuple(rule.retention.retain(a) for a in self.A)
        if ends:
            pairs = zip(self.A, self.M, strict=True)
            self.A = tuple(rule.retention.settle(a, m) for a, m in pairs)

    def _surprise(self, pair: dict, keep: Tensor) -> list[Tensor]:
        """u_t: of the pair, or of all pairs in the window, each with its own theta."""
        rule, at = self.rule, self.anchor
        if rule.forget_first:
            at = [o + keep * (m - o) for m, o in zip(at, self.origin, strict=True)]
        if rule.window == 1:
            u = _gradient(rule, at, pair)
            shorter = _guards(rule, u, pair, at)
            return [shorter * g for g in u]
        self.pairs.append(pair)
        total = [torch.zeros_like(m) for m in at]
        for one in self.pairs:
            rate = 1 if rule.learning.name == "newton-schulz" else one["theta"][..., None, None]
            u = _gradient(rule, at, one)
            total = [x + rate * g for x, g in zip(total, u, strict=True)]
        self.pairs.pop(0)
        return total

    def _split(self, pair: dict, keep: Tensor) -> list[Tensor]:
        """What an erase gate and a write gate make of the pair: no gradient of a loss."""
        (M,), (O,), k = self.M, self.origin, pair["k"]
        if self.rule.forget_first:
            M = O + keep * (M - O)
        return [k.mT @ ((pair["erase"] * k) @ M - pair["write"] * pair["v"])]

    def _solve(self, k: Tensor, v: Tensor, theta: Tensor, keep: Tensor) -> None:
        """All pairs so far at once: the normal equations."""
        H, G, start = self.more["sums"]
        H, G = keep * H + theta * k.mT @ k, keep * G + theta * k.mT @ v
        ridge = self.rule.learning.ridge
        self.anchor = self.M
        M = torch.linalg.solve(H + ridge * torch.eye(k.shape[-1]).to(H), G + ridge * start)
        self.M, self.more["sums"] = (M,), (H, G, start)

    def state(self) -> MemoryState:
        """What is handed on."""
        more = {name: group for name, group in self.more.items() if name in ("sums", "pairs")}
        if self.rule.retention.maps:
            more["gathered"] = self.A
        if self.rule.window > 1:
            names = ("k", "v", "theta", *self.rule.objective.needs)
            columns = ([pair[name] for pair in self.pairs] for name in names)
            k, v, theta, *gates = columns
            tail = [torch.stack(theta, dim=2)[..., None]]
            tail += [torch.cat(gate, dim=2)[..., None] for gate in gates]
            more["window"] = (torch.cat(k, dim=2), torch.cat(v, dim=2), *tail)
        tokens = self.position // (self.rule.steps * self.rule.writes)
        return MemoryState.of(self.M, self.S, self.anchor, tokens, **more)


def _guards(rule: Rule, u: Sequence[Tensor], pair: dict, anchor: Sequence[Tensor]) -> Tensor:
    """What the guards leave of the surprise, (B, H, 1, 1); all of it by the paper's rule."""
    square, factor = sum(g.square().sum((-2, -1)) for g in u), torch.ones_like(pair["theta"])
    if rule.damping is not None:
        error = _error(rule, anchor, pair)[:, :, 0]
        factor = factor * damp(pair["theta"], square, error, rule.damping)
    if rule.clamp is not None:
        factor = factor * soften(square, rule.clamp)
    return factor[..., None, None]


def _error(rule: Rule, weights: Sequence[Tensor], pair: dict) -> Tensor:
    gates = {name: pair[name] for name in rule.objective.needs}
    return rule.objective.error(rule.network(weights, pair["k"]), pair["v"], **gates)


def _gradient(rule: Rule, weights: Sequence[Tensor], pair: dict) -> tuple[Tensor, ...]:
    """u_t by autograd. Every sequence and head has weights of its own, so a sum mixes nothing.

    It is differentiated in copies of the weights: k and v may be made from the weights themselves,
    as in MAC, and the surprise at a pair takes the pair as given.
    """
    outer = torch.is_grad_enabled()  # without it every W is a constant of the outer loop
    gates = {name: pair[name] for name in rule.objective.needs}
    with torch.enable_grad():
        leaves = [
            W.clone() if outer and W.requires_grad else W.detach().requires_grad_() for W in weights
        ]
        total = rule.objective.loss(rule.network(leaves, pair["k"]), pair["v"], **gates).sum()
        return torch.autograd.grad(total, leaves, create_graph=True, materialize_grads=True)
