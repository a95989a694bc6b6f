"""Attention written out: one row at a time, one column at a time, as the equations stand."""

import math

import torch

from titans_book.attention import Attention, rotary


def tokens(batch=2, time=45, dim=16, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, time, dim, generator=generator, dtype=torch.float64)


def build(dim=16, heads=2, **options):
    torch.manual_seed(0)
    return Attention(dim, heads, **options).double()


def sees(attention, i, j):
    """Does the token at i see the one at j? Without the package's masks."""
    if j > i:
        return False
    if attention.window is not None:
        return j > i - attention.window
    return attention.segment is None or j // attention.segment == i // attention.segment


def convolved(z, taps):
    """Each token a sum of itself and those before it, one tap and one token at a time."""
    if taps is None:
        return z
    rows, n = [], len(taps)
    for t in range(len(z)):
        near = [taps[n - 1 - back] * z[t - back] for back in range(n) if back <= t]
        rows.append(torch.stack(near).sum(0))
    return torch.stack(rows)


def literal(attention, x, beside=None):
    """Titans eqs. 1, 2, 19 and 22, token by token in Python."""
    batch, time, dim = x.shape
    heads, d = attention.heads, dim // attention.heads
    W_Q, W_K, W_V = attention.project.weight.T.split(dim, dim=1)
    taps_Q, taps_K, taps_V = 3 * [None]
    if attention.conv > 1:
        taps_Q, taps_K, taps_V = attention.taps.split(dim, dim=1)
    y = torch.zeros_like(x)
    for b in range(batch):
        for n in range(heads):
            part = slice(n * d, (n + 1) * d)

            def place(z):
                return rotary.rotate(z, torch.arange(time), axial=attention.axial)

            queries = place(convolved(x[b] @ W_Q, taps_Q)[:, part])
            sources = [
                (
                    place(convolved(z[b] @ W_K, taps_K)[:, part]),
                    convolved(z[b] @ W_V, taps_V)[:, part],
                )
                for z in (beside, x)
                if z is not None
            ]
            always = []
            for p in [] if attention.persistent is None else attention.persistent:
                key = (p @ W_K)[part].clone()
                key[: rotary.rotated_features(d)] = 0  # a persistent token stands nowhere
                always.append((key, (p @ W_V)[part]))
            for i in range(time):
                columns = always + [
                    (keys[j], values[j])
                    for keys, values in sources
                    for j in range(time)
                    if sees(attention, i, j)
                ]
                scores = torch.stack([queries[i] @ key for key, _ in columns]) / math.sqrt(d)
                y[b, i, part] = sum(
                    weight * value
                    for weight, (_, value) in zip(scores.softmax(0), columns, strict=True)
                )
    return y @ attention.out.weight.T
