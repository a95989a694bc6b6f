"""Random draws that the synthetic tasks share: keys, values, the order of a recitation."""

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor
from torch.nn.functional import normalize


def normal(g: Generator, *shape: int) -> Tensor:
    """Standard normal numbers."""
    return torch.randn(*shape, generator=g)


def unit(g: Generator, *shape: int) -> Tensor:
    """Directions drawn evenly from the sphere: the last axis has length 1."""
    return normalize(normal(g, *shape), dim=-1)


def near(
    g: Generator, keys: Float[Tensor, "batch time dim"], cosine: float | int
) -> Float[Tensor, "batch time dim"]:
    """For each key, another one of length 1 at this cosine to it, otherwise in any direction."""
    other = normal(g, *keys.shape)
    across = normalize(other - (other * keys).sum(-1, keepdim=True) * keys, dim=-1)
    return cosine * keys + (1 - cosine**2) ** 0.5 * across


def choose(
    rows: Float[Tensor, "batch rows dim"], index: Int[Tensor, "batch time"]
) -> Float[Tensor, "batch time dim"]:
    """rows[b, index[b, t]] for every b and t."""
    return rows.gather(1, index[..., None].expand(-1, -1, rows.shape[-1]))


def recite(g: Generator, batch: int, time: int, book: int) -> Int[Tensor, "batch time"]:
    """Round after round of the numbers 0 to book - 1, each round in a new order."""
    rounds = -(-time // book)
    order = torch.rand(batch, rounds, book, generator=g).argsort(dim=-1)
    return order.flatten(1)[:, :time].contiguous()


def distinct(g: Generator, batch: int, among: int, n: int) -> Int[Tensor, "batch n"]:
    """n different numbers below `among` in each row, in random order."""
    return torch.rand(batch, among, generator=g).argsort(dim=1)[:, :n]
