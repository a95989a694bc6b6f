"""Rotary positions: a query and a key meet at the angle of the distance between their tokens.

    angle of pair n at position t:   t * base^(-n / pairs)
    (a, b)  ->  (a cos - b sin,  a sin + b cos)             Su et al. 2021, "RoFormer", eq. 34

The dot product of a rotated query and a rotated key depends on the difference of their positions
only, so positions count from the beginning of the text and keys are kept rotated: whoever reads on
from a state goes on counting. The angles are computed in float64, since a float32 angle is off by
0.06 at position one million.

Axial positions, an option, split the pairs: some turn with the place inside the segment of C
tokens, t mod C, the others with the number of the segment, t div C. Within a segment only the first
kind tells places apart; angles of offsets stay small, however long the text is.

Only the first half of the features is rotated. The other half has no position, and a persistent
token, which stands nowhere in the text, has its key there alone: it looks the same from everywhere.

Taught in chapter 08.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def rotated_features(dim: int) -> int:
    """How many of a head's features carry position: half of them, and an even number.

    >>> rotated_features(16), rotated_features(6)
    (8, 2)
    """
    return 2 * (dim // 4)


def rotate(
    x: Float[Tensor, "*batch time dim"],
    positions: Int[Tensor, " time"],
    base: float = 10_000.0,
    axial: int | None = None,
) -> Float[Tensor, "*batch time dim"]:
    """x with its first half turned by the angle of its position; axial: C, or None for one axis.

    >>> x = torch.tensor([[1.0, 0.0, 5.0, 5.0]])
    >>> rotate(x, torch.tensor([0]))
    tensor([[1., 0., 5., 5.]])
    """
    turning = rotated_features(x.shape[-1])
    if axial is None:
        angle = _angles(positions, turning // 2, base)
    else:
        offset, number = turning // 2 - turning // 4, turning // 4
        parts = (positions % axial, offset), (positions // axial, number)
        angle = torch.cat([_angles(places, pairs, base) for places, pairs in parts], dim=-1)
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x[..., :turning].chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos, x[..., turning:]], dim=-1)


def _angles(positions: Tensor, pairs: int, base: float) -> Tensor:
    """The angle of every pair at every position, (time, pairs), in float64."""
    steps = torch.arange(pairs, device=positions.device, dtype=torch.float64)
    return positions.to(torch.float64)[:, None] * base ** (-steps / max(pairs, 1))


def unplaced(x: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
    """x with nothing in the features that carry position: a key that stands nowhere."""
    turning = rotated_features(x.shape[-1])
    return torch.cat([torch.zeros_like(x[..., :turning]), x[..., turning:]], dim=-1)
