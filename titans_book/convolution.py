"""The short causal convolution behind q, k and v (Titans, section 4.4), for memory and attention.

    z'_t = sum_i taps_i * z_(t - n + 1 + i),    i = 0 .. n - 1

Every channel has n weights of its own ("depthwise"); the last tap is the token itself. With it a
key can speak of the tokens just before. Taught in chapter 07.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def convolve(
    z: Float[Tensor, "*batch time channels"],
    taps: Float[Tensor, "taps channels"],
    tail: Float[Tensor, "*batch before channels"] | None = None,
) -> tuple[Float[Tensor, "*batch time channels"], Float[Tensor, "*batch before channels"]]:
    """The convolution of z, and the last n - 1 inputs, which the next call needs.

    tail: the inputs just before z; None at the beginning of a text, where they are 0.

    >>> z, taps = torch.tensor([[[1.0], [2.0], [3.0]]]), torch.tensor([[10.0], [1.0]])
    >>> y, tail = convolve(z, taps)
    >>> y.flatten().tolist(), tail.flatten().tolist()
    ([1.0, 12.0, 23.0], [3.0])
    """
    time = z.shape[-2]
    if tail is None:
        tail = z.new_zeros(*z.shape[:-2], len(taps) - 1, z.shape[-1])
    padded = torch.cat([tail.to(z.dtype), z], dim=-2)
    if time == 1:  # generating a text: one product in the place of n
        return (taps * padded).sum(-2, keepdim=True), padded[..., 1:, :]
    z = sum(taps[i] * padded[..., i : i + time, :] for i in range(len(taps)))
    return z, padded[..., time:, :]


@torch.no_grad()
def start_near_identity(taps: Float[Tensor, "taps channels"]) -> None:
    """Each token as it is, and a little of those before it."""
    torch.nn.init.normal_(taps, std=0.02)
    taps[-1] += 1
