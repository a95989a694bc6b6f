"""Momentum is a memory of gradients; the delta rule lets it correct what it holds.

    symbol   meaning                          identifier
    m_t      the buffer, a memory             m, state[p]["momentum"]
    g_t      gradient of the loss at W_t      g
    alpha    what the buffer keeps            momentum
    s        how much of the old is erased    erase

Taught in chapter 11.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.check import flag
from titans_book.nested.optimizers.base import INFINITY, GroupOptimizer, matrices


class Momentum(GroupOptimizer):
    """The heavy ball: a Hebbian memory of gradients (Nested Learning eq. 33).

        m_{t+1} = momentum m_t - lr g_t,   W_{t+1} = W_t + m_{t+1}

    ema     g_t is weighted by 1 - momentum: m is a mean of gradients times -lr, so the length of a
            step does not depend on momentum.
    weight_decay is decoupled. The rate is inside m, as printed: a new rate reaches W gradually.

    Raises ValueError for lr < 0, momentum outside [0, 1], weight_decay < 0; TypeError for an ema
    that is neither True nor False. Taught in chapter 11.
    """

    limits = {"momentum": (0, 1)}

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        momentum: float = 0.9,
        *,
        ema: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, dict(lr=lr, momentum=momentum, ema=ema, weight_decay=weight_decay))

    def _check(self, group: dict[str, Any]) -> None:
        super()._check(group)
        flag("ema", group["ema"])

    def _descend(self, group: dict[str, Any], params: list[Tensor]) -> None:
        decay = group["momentum"]
        rate = group["lr"] * (1 - decay if group["ema"] else 1)
        m = [self._kept(p, "momentum") for p in params]
        torch._foreach_mul_(m, decay)
        torch._foreach_add_(m, [p.grad for p in params], alpha=-rate)
        torch._foreach_add_(params, m)


def erased(
    m: Float[Tensor, "*batch rows columns"],
    g: Float[Tensor, "*batch rows columns"],
    scale: float | Float[Tensor, "*batch 1 1"],
) -> Float[Tensor, "*batch rows columns"]:
    """m without a share of what it holds along the rows of g: m - s (m g^T) g / (1 + s |g|^2).

    For a vector, or any g of rank 1, this is m (I + s g^T g)^-1. The share lies between 0 and 1
    whatever s and g are, so nothing can grow; with s -> inf all that lies along g is gone.

    >>> erased(torch.tensor([[2.0, 5.0]]), torch.tensor([[1.0, 0.0]]), scale=1.0)
    tensor([[1., 5.]])
    """
    share = scale / (1 + scale * g.square().sum((-2, -1), keepdim=True))
    return m - share * along(m, g)


def along(m: Tensor, g: Tensor) -> Tensor:
    """m g^T g, by the cheaper of the two products.

    >>> along(torch.tensor([[2.0, 5.0]]), torch.tensor([[1.0, 0.0]]))
    tensor([[2., 0.]])
    """
    wide = g.shape[-1] >= g.shape[-2]
    return (m @ g.mT) @ g if wide else m @ (g.mT @ g)


class DeltaMomentum(GroupOptimizer):
    """A buffer that learns by the delta rule (Nested Learning eqs. 48-49).

        m_{t+1} = momentum (m_t - s (m_t g_t^T) g_t / (1 + s |g_t|^2)) - lr g_t
        W_{t+1} = W_t + m_{t+1}

    What the buffer held in the direction of the new gradient is replaced, the rest stays. Each
    matrix is a memory on the space of its rows, a vector one of a single row, a tensor of three
    axes a batch of matrices. The scaling by 1 + s |g|^2 is ours: it is the implicit step of the
    same delta rule (for one row; a bound of it otherwise), stable for every gradient.

    printed=True is (49) as printed, P = 1:  m_{t+1} = m_t (momentum I - g_t^T g_t) - lr g_t.
    It has no rate on the erase, so it diverges as soon as |g_t|^2 is above 1 + momentum.

    Raises ValueError for erase < 0 and as Momentum does. Taught in chapter 11.
    """

    limits = {"momentum": (0, 1), "erase": (0, INFINITY)}

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        momentum: float = 0.9,
        *,
        erase: float = 1.0,
        printed: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        options = dict(lr=lr, momentum=momentum, erase=erase, printed=printed)
        super().__init__(params, dict(**options, weight_decay=weight_decay))

    def _check(self, group: dict[str, Any]) -> None:
        super()._check(group)
        flag("printed", group["printed"])

    def _descend(self, group: dict[str, Any], params: list[Tensor]) -> None:
        kept = [self._kept(p, "momentum") for p in params]
        for p, state in zip(params, kept, strict=True):
            m, g = matrices(state), matrices(p.grad)
            if group["printed"]:
                m = group["momentum"] * m - along(m, g)
            else:
                m = group["momentum"] * erased(m, g, group["erase"])
            state.copy_(m.reshape(state.shape))
        torch._foreach_add_(kept, [p.grad for p in params], alpha=-group["lr"])
        torch._foreach_add_(params, kept)
