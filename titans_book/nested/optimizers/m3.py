"""M3: a fast and a slow momentum, both made orthogonal (Nested Learning, Algorithm 1).

    symbol        meaning                                   identifier
    M^(1), M^(2)  fast and slow momentum                    fast, slow
    V             sum of squared gradients                  square
    beta_1, 2, 3  weights of what is new in M1, V, M2       betas
    f             steps between two updates of M^(2)        every
    NS_T          T steps of Newton-Schulz (eqs. 43-44)     newton_schulz

Taught in chapter 11.
"""

from typing import Any

from torch import Tensor

from titans_book.check import flag, whole
from titans_book.memory.learning import QUINTIC, newton_schulz
from titans_book.nested.optimizers.base import INFINITY, GroupOptimizer, matrices, within

CUBIC = (1.5, -0.5, 0.0)  # the plain iteration of (44) with zeta = 1/4 and no pull towards g

__all__ = ["CUBIC", "M3", "QUINTIC", "newton_schulz"]


class M3(GroupOptimizer):
    """Multi-scale momentum Muon (Nested Learning, Algorithm 1).

        M1_t = M1_{t-1} + beta_1 g_t
        V_t  = V_{t-1} + beta_2 g_t^2
        M2_t = M2_{t-1} + beta_3 (g_{t-f+1} + ... + g_t)     when f divides t
        W_t  = W_{t-1} - lr (NS(M1_t) + slow NS(M2_t)) / (sqrt(V_t) + eps)

    The defaults are Algorithm 1 as printed: nothing decays, so old gradients weigh as much as new
    ones for ever, and an orthogonal matrix (numbers near 1 / sqrt(width), whatever the loss) is
    divided by the size of the gradient, so the steps grow as the gradients shrink. It does not
    train well, with any rate. Two options make it work:

    ema      every "M + beta x" above is (1 - beta) M + beta x.
    divide   False: without sqrt(V), as Muon. V is then not kept.

    A vector counts as a matrix of one row, and a tensor of three axes as a batch of matrices.
    coefficients: of newton_schulz; QUINTIC is Muon's, CUBIC the plain one.

    Raises ValueError for betas that are not three numbers (from 0 to 1 with ema), for every or
    steps below 1, for slow < 0, eps <= 0, and coefficients that are not three numbers. Taught in
    chapter 11.
    """

    limits = {"slow": (0, INFINITY), "eps": (1e-30, INFINITY)}

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float, float] = (0.1, 0.1, 0.1),
        *,
        slow: float = 0.5,
        every: int = 8,
        ema: bool = False,
        divide: bool = True,
        steps: int = 5,
        coefficients: tuple[float, float, float] = QUINTIC,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        form = dict(ema=ema, divide=divide, steps=steps, coefficients=coefficients, eps=eps)
        options = dict(lr=lr, betas=betas, slow=slow, every=every, weight_decay=weight_decay)
        super().__init__(params, {**options, **form})

    def _check(self, group: dict[str, Any]) -> None:
        super()._check(group)
        flag("ema", group["ema"])
        flag("divide", group["divide"])
        whole("every", group["every"], least=1)
        whole("steps", group["steps"], least=1)
        bounds = {"betas": (0, 1 if group["ema"] else INFINITY), "coefficients": (-1e9, 1e9)}
        for name, (low, high) in bounds.items():
            if not isinstance(group[name], tuple | list) or len(group[name]) != 3:
                raise ValueError(f"{name} must be three numbers, got {group[name]!r}")
            for value in group[name]:
                within(name, value, low, high)

    def _descend(self, group: dict[str, Any], params: list[Tensor]) -> None:
        (beta_1, beta_2, beta_3), ema = group["betas"], group["ema"]
        for p in params:
            g, state = p.grad, self.state[p]
            state["count"] = state.get("count", 0) + 1
            fast, window = self._kept(p, "fast"), self._kept(p, "window")
            _add(fast, g, beta_1, ema)
            window.add_(g)
            if state["count"] % group["every"] == 0:
                _add(self._kept(p, "slow"), window, beta_3, ema)
                state["pull"] = self._orthogonal(group, state["slow"])  # the same until the next
                window.zero_()
            way = self._orthogonal(group, fast)
            if "pull" in state:
                way.add_(state["pull"], alpha=group["slow"])
            if group["divide"]:
                square = self._kept(p, "square")
                _add(square, g.square(), beta_2, ema)
                way.div_(square.sqrt().add_(group["eps"]))
            p.sub_(way, alpha=group["lr"])

    def _orthogonal(self, group: dict[str, Any], m: Tensor) -> Tensor:
        found = newton_schulz(matrices(m), group["steps"], tuple(group["coefficients"]))
        return found.reshape(m.shape)


def _add(m: Tensor, x: Tensor, beta: float, ema: bool) -> None:
    if ema:
        m.mul_(1 - beta)
    m.add_(x, alpha=beta)
