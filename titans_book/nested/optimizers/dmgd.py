"""Deep momentum: the buffer is a network, and every step trains it.

    symbol   meaning                                        identifier
    u        gradient of the loss, row by row               u
    k, v     key and value, one pair for every row of W     key, value
    m        the network, k -> (residual) tanh(k A) B       state[p]["A"], state[p]["B"]
    alpha    what A and B keep at a step                    momentum
    rho      rate of the inner step                         inner_lr

The rows of a parameter (its last axis) are what the network maps, so a matrix of 256 rows is a
batch of 256 pairs and a vector is one. Taught in chapter 11.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.check import choose, whole
from titans_book.nested.optimizers.base import INFINITY, GroupOptimizer

KINDS = ("literal", "gradient", "next")


class DMGD(GroupOptimizer):
    """Deep momentum gradient descent (Nested Learning eq. 50), with what it learns stated.

        W_{t+1} = W_t + lr move,   (A, B)_{t+1} = momentum (A, B)_t - rho grad L2(m; k, v)

    kind         key k       value v            inner loss L2         move
    literal      u           1                  <m(k), 1>             m(k)
    gradient     u / |u|     -u                 1/2 |m(k) - v|^2      m(k)
    next         e_{t-1}     e_t = W - reach u  1/2 |m(k) - v|^2      m(e_t) - W

    literal   (50) as printed: it pushes every output of m down, whatever the gradient says, so the
              weights do not go downhill. Here to be seen, not to be used.
    gradient  the network stores gradients under their directions. It works; its gain over gradient
              descent is mostly that of a key of length 1.
    next      e is where this gradient says the minimum lies (exactly, for a bowl of curvature
              1 / reach). The network learns which estimate follows which, and the step goes to the
              one that it foretells. m(k) = k + tanh(k A) B begins as gradient descent and helps
              where the minimum moves in a way that can be learned.

    In all, L2 is a sum over rows, and m moves before it is asked. The gradient of a layer with the
    inputs X (one a row) is divided by 1 + |X^T X|, the Frobenius norm: for one row that is the
    normalised step of the delta rule, and with rho <= 1 B is stable for any rows. Ours; literal
    goes without.

    hidden     width of the network.
    seed       of its first weights: A is drawn, B is 0; in literal B is drawn as well.
    `inner_losses()` gives L2 of the last step, before and after it, for every parameter.

    Raises ValueError for an unknown kind, hidden < 1, and options out of bounds. Taught in
    chapter 11.
    """

    limits = {"momentum": (0, 1), "inner_lr": (0, INFINITY), "reach": (0, INFINITY)}

    def __init__(
        self,
        params: Any,
        lr: float = 1e-1,
        momentum: float = 1.0,
        *,
        kind: str = "gradient",
        inner_lr: float = 1.0,
        reach: float = 1.0,
        hidden: int = 32,
        seed: int = 0,
        weight_decay: float = 0.0,
    ) -> None:
        options = dict(kind=kind, inner_lr=inner_lr, reach=reach, hidden=hidden, seed=seed)
        super().__init__(
            params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay, **options)
        )

    def _check(self, group: dict[str, Any]) -> None:
        super()._check(group)
        choose("kind", group["kind"], KINDS)
        whole("hidden", group["hidden"], least=1)
        whole("seed", group["seed"], least=0)

    def inner_losses(self) -> list[tuple[float, float]]:
        """(before, after) of every parameter's last inner step, in the order of the groups."""
        owners = (p for group in self.param_groups for p in group["params"])
        seen = (self.state[p]["inner_loss"] for p in owners if "inner_loss" in self.state[p])
        return [tuple(pair.tolist()) for pair in seen]

    def _descend(self, group: dict[str, Any], params: list[Tensor]) -> None:
        for p in params:
            width = p.shape[-1] if p.dim() else 1
            W, u = p.reshape(-1, width), p.grad.reshape(-1, width)
            state = self.state[p]
            if "A" not in state:
                state["A"], state["B"] = self._drawn(group, p, width)
            move = self._asked(group, state, W, u)
            p.add_(move.reshape(p.shape), alpha=group["lr"])

    def _asked(self, group: dict[str, Any], state: dict, W: Tensor, u: Tensor) -> Tensor:
        """Train the network on this gradient and ask it for the move."""
        kind = group["kind"]
        if kind == "literal":
            self._learn(group, state, u, None)
            return answer(state["A"], state["B"], u)
        if kind == "gradient":
            length = torch.linalg.vector_norm(u, dim=-1, keepdim=True)
            key = u / (length + (length == 0))
            self._learn(group, state, key, -u)
            return answer(state["A"], state["B"], key)
        estimate = W - group["reach"] * u
        if "key" in state:
            self._learn(group, state, state["key"], estimate - state["key"])
        state["key"] = estimate
        return estimate + answer(state["A"], state["B"], estimate) - W

    def _learn(self, group: dict[str, Any], state: dict, key: Tensor, value: Tensor | None) -> None:
        """One inner step. value: what tanh(k A) B should be; None for the literal <m(k), 1>."""
        A, B = state["A"], state["B"]
        h = torch.tanh(key @ A)
        error = torch.ones_like(key) if value is None else h @ B - value
        at_z = (error @ B.mT) * (1 - h.square())
        before = inner_loss(A, B, key, value)
        calm = value is not None
        for weight, x, e in ((A, key, at_z), (B, h, error)):
            size = 1 + calm * torch.linalg.matrix_norm(x.mT @ x)
            weight.mul_(group["momentum"]).sub_(group["inner_lr"] / size * (x.mT @ e))
        state["inner_loss"] = torch.stack([before, inner_loss(A, B, key, value)])

    def _drawn(self, group: dict[str, Any], p: Tensor, width: int) -> tuple[Tensor, Tensor]:
        """The first weights, the same on every device."""
        generator, hidden = torch.Generator().manual_seed(group["seed"]), group["hidden"]
        A = torch.randn(width, hidden, generator=generator)  # keys of length 1 bend tanh
        A = A if group["kind"] == "gradient" else A / width**0.5
        B = torch.randn(hidden, width, generator=generator) / hidden**0.5
        B = B * (group["kind"] == "literal")
        return A.to(p), B.to(p)


def answer(
    A: Float[Tensor, "width hidden"],
    B: Float[Tensor, "hidden width"],
    key: Float[Tensor, "r width"],
) -> Float[Tensor, "r width"]:
    """tanh(k A) B, the network without its residual.

    >>> answer(torch.eye(2), torch.eye(2), torch.zeros(1, 2))
    tensor([[0., 0.]])
    """
    return torch.tanh(key @ A) @ B


def inner_loss(A: Tensor, B: Tensor, key: Tensor, value: Tensor | None) -> Tensor:
    """L2 of DMGD, a sum over rows; value None for the literal <m(k), 1>."""
    found = answer(A, B, key)
    rows = found if value is None else 0.5 * (found - value).square()
    return rows.sum()
