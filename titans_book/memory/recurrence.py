"""Choice 4 of MIRAS, the learning rule: momentum and decay, unrolled over a chunk.

Inside a chunk the gradients u_i are known beforehand, so only two linear recurrences are left:

    S_t = eta_t S_{t-1} - theta_t u_t            Titans eq. 14
    M_t = keep_t M_{t-1} + S_t                   Titans eq. 13

Each is a leaky integrator h_t = decay_t h_{t-1} + x_t, and two in a row give

    M_t = beta_t M_0 + c_t S_0 - sum_{i<=t} P_ti theta_i u_i
    S_t = e_t S_0 - sum_{i<=t} E_ti theta_i u_i

    symbol   meaning                             in words                     identifier
    E_ti     prod_{i<j<=t} eta_j                 what momentum keeps of u_i   decay_matrix(eta)
    A_ti     prod_{i<j<=t} keep_j                what the memory keeps of it  decay_matrix
    P        A E                                 both, one after the other    Coefficients.P
    beta_t   prod_{j<=t} keep_j                  what is left of M_0          Coefficients.beta
    c_t      sum_{s<=t} A_ts prod_{j<=s} eta_j   what S_0 still adds          Coefficients.c
    e_b      prod_{j<=b} eta_j                   what is left of S_0          Coefficients.e

The paper has the decay alone (eq. 16); both together are derived here and proved against the loop.
Taught in chapter 06.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def integrate(
    decay: Float[Tensor, "*batch time"], x: Float[Tensor, "*batch time columns"]
) -> Float[Tensor, "*batch time columns"]:
    """h_t = decay_t h_{t-1} + x_t with h_0 = 0, for every column of x.

    Row by row, for all chunks, heads and columns at once. It only multiplies and adds numbers
    between 0 and 1, so no ratio of underflown products is ever taken, and a gate of exactly 0 is
    exact in value and gradient. The first decay is not used.

    >>> integrate(torch.tensor([1.0, 0.5, 0.5]), torch.ones(3, 1)).flatten()
    tensor([1.0000, 1.5000, 1.7500])
    """
    return torch.stack(_rows(decay, x.unbind(-2)), dim=-2)


def _rows(decay: Tensor, x: Sequence[Tensor]) -> list[Tensor]:
    """The rows h_t of `integrate`, from the rows x_t."""
    rows = [x[0]]
    for factor, row in zip(decay[..., None].unbind(-2)[1:], x[1:], strict=True):
        rows.append(torch.addcmul(row, factor, rows[-1]))
    return rows


def decay_matrix(decay: Float[Tensor, "*batch time"]) -> Float[Tensor, "*batch time time"]:
    """A_ti = prod_{i<j<=t} decay_j, lower triangular: what is left at t of what came in at i.

    The same matrix as exp(L_t - L_i), L the running sum of log decay (the log-space form, Titans
    eq. 16's beta_t / beta_i), and as accurate where that form has no logarithm to take.

    >>> decay_matrix(torch.tensor([0.5, 0.5, 0.1]))
    tensor([[1.0000, 0.0000, 0.0000],
            [0.5000, 1.0000, 0.0000],
            [0.0500, 0.1000, 1.0000]])
    """
    return integrate(decay, _identity(decay))


def _identity(decay: Tensor) -> Tensor:
    time = decay.shape[-1]
    eye = torch.eye(time, dtype=decay.dtype, device=decay.device)
    return eye.expand(*decay.shape[:-1], time, time)


def _flush(x: Tensor) -> Tensor:
    """Zeros for products too small to matter: denormal numbers make a CPU ten times slower.

    In the place of x, and no part of the function that is differentiated: a kind of rounding.
    """
    with torch.no_grad():
        return F.threshold(x, torch.finfo(x.dtype).tiny ** 0.5, 0.0, inplace=True)


@dataclass(frozen=True)
class Coefficients:
    """The scalars of one chunk, or of many side by side: shapes with C tokens in a chunk.

    P is (..., C, C); last_E, beta and c are (..., C); e is (...).
    """

    P: Tensor
    last_E: Tensor
    beta: Tensor
    c: Tensor
    e: Tensor

    def unbind(self) -> list["Coefficients"]:
        """One Coefficients for each index of the first dimension."""
        columns = (x.unbind(0) for x in (self.P, self.last_E, self.beta, self.c, self.e))
        return [Coefficients(*row) for row in zip(*columns, strict=True)]

    def before(self) -> "Coefficients":
        """The same for M_{t-1} in the place of M_t: a read that comes before the write."""
        return Coefficients(
            P=torch.cat([torch.zeros_like(self.P[..., :1, :]), self.P[..., :-1, :]], dim=-2),
            last_E=self.last_E,
            beta=torch.cat([torch.ones_like(self.beta[..., :1]), self.beta[..., :-1]], dim=-1),
            c=torch.cat([torch.zeros_like(self.c[..., :1]), self.c[..., :-1]], dim=-1),
            e=self.e,
        )


def coefficients(
    keep: Float[Tensor, "*batch time"], eta: Float[Tensor, "*batch time"]
) -> Coefficients:
    """P, beta, c, e and the last row of E, see the header; row by row.

    >>> no = torch.zeros(3)
    >>> coefficients(keep=1 - no, eta=no).P    # no decay, no momentum: a running sum
    tensor([[1., 0., 0.],
            [1., 1., 0.],
            [1., 1., 1.]])
    """
    E = _rows(eta, _identity(eta).unbind(-2))
    P = _flush(torch.stack(_rows(keep, E), dim=-2))
    first = _identity(keep)[..., :1]  # its integral is what is left at t of the first token's M
    rest = _flush(integrate(keep, first))[..., 0]
    return Coefficients(
        P=P,
        last_E=E[-1],
        beta=keep[..., :1] * rest,
        c=eta[..., :1] * P[..., 0],
        e=eta[..., 0] * E[-1][..., 0],
    )


@dataclass(frozen=True)
class Weighted:
    """Coefficients of a block, of tokens or of features, as what they do to queries and keys."""

    of: Coefficients
    channels: bool

    def rows(self, numbers: Tensor) -> Tensor:
        """One number for each token, (N, T), or for each of its features, (N, d, T): as factors."""
        return numbers.mT if self.channels else numbers[..., None]

    def last(self, numbers: Tensor) -> Tensor:
        """What the last token has of them, as a factor of a matrix."""
        return numbers[..., -1, None] if self.channels else numbers[..., -1, None, None]

    def scores(self, g: Tensor, h: Tensor) -> Tensor:
        """(g_t . h_i) P_ti, or sum_a g_ta h_ia P_ati where every feature has a P."""
        if self.channels:
            return torch.einsum("nta,nia,nati->nti", g, h, self.of.P)
        return (g @ h.mT) * self.of.P

    def answers(self, g: Tensor, M: Tensor, S: Tensor | None, origin: Tensor | None) -> Tensor:
        """What g is told by that which was there before the block."""
        beta = self.rows(self.of.beta)
        told = (beta * g) @ M
        if S is not None:
            told = told + (self.rows(self.of.c) * g) @ S
        return told if origin is None else told + ((1 - beta) * g) @ origin
