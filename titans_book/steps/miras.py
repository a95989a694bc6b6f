"""What chapter 10 adds to the smallest memory: other errors, and other maps to the memory.

symbol    | meaning                                        | shape         | identifier
y, v      | the memory's answer, the value it should be    | (*, d_out)    | answer, value
p         | power of the loss, 1/p |r|^p                   | a number      | p
delta     | where Huber's loss stops growing faster        | a number      | delta
A         | accumulator: the sum of all writes             | (d_in, d_out) | A
c         | what the weights of one output add up to       | a number      | c
q, q'     | exponents with 1/q + 1/q' = 1                  | numbers       | q, (in lq_retain)

An error function is the derivative of a loss with respect to the answer, feature by feature; k^T
error is then the surprise. A retention map turns the accumulator into the memory, W = map(A). The
functions are pure, and all of them work on a single memory as well as on a batch of them.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

__all__ = ["huber_error", "lp_error", "lq_retain", "printed_map", "softmax_retain"]

Number = float | int | Float[Tensor, ""]


def lp_error(
    answer: Float[Tensor, "*n d_out"], value: Float[Tensor, "*m d_out"], p: Number
) -> Float[Tensor, "*n d_out"]:
    """The derivative of 1/p sum |answer - value|^p (MIRAS eqs. 10-11, over p).

    It is taken with respect to the answer. p = 2 is the loss of Titans, p = 1 looks at signs
    alone, p = 3 is Moneta's.
    Taught in notebooks/10_miras.ipynb.
    """
    r = answer - value
    return r.sign() * r.abs() ** (p - 1)


def huber_error(
    answer: Float[Tensor, "*n d_out"], value: Float[Tensor, "*m d_out"], delta: Number
) -> Float[Tensor, "*n d_out"]:
    """The derivative of Huber's loss, feature by feature: r, cut at +-delta (MIRAS eqs. 13-14).

    Taught in notebooks/10_miras.ipynb.
    """
    return (answer - value).clamp(-delta, delta)


def softmax_retain(A: Float[Tensor, "*n d_in d_out"], c: Number) -> Float[Tensor, "*n d_in d_out"]:
    """The memory of Memora: in every column shares of the inputs, which add up to c (MIRAS eq. 20).

    Taught in notebooks/10_miras.ipynb.
    """
    return c * A.softmax(dim=-2)


def lq_retain(A: Float[Tensor, "*n d_in d_out"], q: Number) -> Float[Tensor, "*n d_in d_out"]:
    """The mirror map of Moneta: the gradient of (q' - 1)/2 |A|_q^2, with q' = q / (q - 1).

    The norm is over all entries of a memory. Twice the accumulator is twice the memory; the map
    that MIRAS prints, `printed_map`, has no such property. Taught in notebooks/10_miras.ipynb.
    """
    norm = (A.abs() ** q).sum((-2, -1), keepdim=True) ** (1 / q)
    norm = norm + (norm == 0)  # an empty memory stays empty
    other = q / (q - 1)
    return (other - 1) * A.sign() * A.abs() ** (q - 1) / norm ** (q - 2)


def printed_map(A: Float[Tensor, "*n d_in d_out"], q: Number) -> Float[Tensor, "*n d_in d_out"]:
    """A / |A|_q^(q-2), as MIRAS prints it in eq. 24. For q = 4, half of A gives twice the memory.

    Taught in notebooks/10_miras.ipynb.
    """
    norm = (A.abs() ** q).sum((-2, -1), keepdim=True) ** (1 / q)
    norm = norm + (norm == 0)  # an empty memory stays empty
    return A / norm ** (q - 2)
