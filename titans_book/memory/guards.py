"""Guards: what keeps a memory from growing without end. Ours, and off in the paper's rule.

    name      what it bounds                                   what it costs
    soften    how long one surprise is: |u_t| <= clamp         outliers are learned in several steps
    damp      the share of its error that a token takes away   pairs told once are stored in part

Both are factors that make a surprise shorter and leave its direction alone, so the chunk form stays
as it is. Both look at the token and the anchor only: nothing of the future, and the same
whatever the split. Where a chunk breaks, stability.py says beforehand. Taught in chapter 06.
"""

import torch
from torch import Tensor


def soften(square: Tensor, clamp: float) -> Tensor:
    """The factor that shortens a surprise u_t to a length of at most `clamp`: c / max(c, |u_t|).

    square: |u_t|^2. A surprise within bounds is left as it is. Written so that its derivative
    exists at u_t = 0. A guard of ours, not of the paper: one token can then move the memory by
    theta_t c at most, so no stretch of text makes it grow faster than its own length.

    >>> soften(torch.tensor([0.0, 4.0, 100.0]), clamp=2.0)
    tensor([1.0000, 1.0000, 0.2000])
    """
    return clamp * torch.rsqrt(square.clamp(min=clamp**2))


def damp(theta: Tensor, square: Tensor, error: Tensor, damping: float) -> Tensor:
    """The factor 1 / (1 + n theta_t rho_t), with rho_t = |u_t|^2 / |e_t|^2 and n = `damping`.

    square: |u_t|^2. error: e_t, the error of the memory's answer. A write of rate theta changes the
    answer to its own key by -theta rho e to first order (rho = |k|^2 for a linear memory), so
    theta rho is the share of the error that it takes away: 1 is all of it, more overshoots. Damped,
    a token takes away less than 1/n, and n tokens of one chunk together less than all. n = 1 is the
    proximal step of Longhorn (arXiv 2407.14207); n = b / 2 holds the gauge of every chunk of a
    linear memory below stability.BOUND. A guard of ours; the paper's rule is n = 0.

    >>> damp(torch.tensor(4.0), torch.tensor(1.0), torch.tensor([1.0, 0.0]), damping=1)
    tensor(0.2000)
    """
    tiny = torch.finfo(error.dtype).tiny
    rho = square / error.square().sum(-1).clamp(min=tiny)
    return 1 / (1 + damping * theta * rho)
