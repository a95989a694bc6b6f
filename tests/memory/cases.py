"""Random problems for the memory, and the comparison that every fast form must pass."""

from itertools import pairwise

import torch
import torch.nn.functional as F

from titans_book.memory import Gates, memorize, reference

NAMES = ("q", "k", "v", "theta", "eta", "alpha")


def problem(batch=2, heads=2, time=20, dim=4, depth=2, seed=0, edges=False, dtype=torch.float64):
    """Leaves (q, k, v, theta, eta, alpha, *weights); `edges` sets some gates to exactly 0 and 1."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=dtype)

    def uniform():
        return torch.rand(batch, heads, time, generator=generator, dtype=dtype)

    q, v = normal(batch, heads, time, dim), normal(batch, heads, time, dim)
    k = F.normalize(normal(batch, heads, time, dim), dim=-1)
    theta, eta, alpha = 0.3 * uniform(), uniform(), uniform()
    if edges:
        eta[..., ::3], eta[..., 1::7], alpha[..., ::5], alpha[..., 1::5] = 0, 1, 1, 0
    widths = [dim] + [2 * dim] * (depth - 1) + [dim]
    weights = [0.5 * normal(heads, *size) for size in pairwise(widths)]
    return [x.requires_grad_() for x in (q, k, v, theta, eta, alpha, *weights)]


def call(function, leaves, **options):
    q, k, v, *gates = leaves[:6]
    return function(q, k, v, Gates(*gates), leaves[6:], **options)


def parts(state):
    return [*state.weights, *state.momentum, *state.anchor]


def gradients(y, state, leaves):
    """Outer gradients of a scalar that sees every output: y, M and S."""
    seen = y.sin().sum() + sum(x.cos().sum() for x in (*state.weights, *state.momentum))
    return torch.autograd.grad(seen, leaves, allow_unused=True, materialize_grads=True)


def assert_equal(have, want, tolerance=1e-12):
    """Equal up to `tolerance` of the larger of 1 and the largest number that is expected."""
    assert have.shape == want.shape
    scale = max(1.0, want.abs().max().item()) if want.numel() else 1.0
    worst = (have - want).abs().max().item() if want.numel() else 0.0
    assert worst <= tolerance * scale, f"differs by {worst:.1e} at a scale of {scale:.1e}"


def assert_same_function(leaves, **options):
    """Values, end state and outer gradients of `memorize` equal the token-by-token reference."""
    y, state = call(memorize, leaves, **options)
    want, want_state = call(reference.memorize, leaves, **options)
    assert_equal(y, want)
    assert state.position == want_state.position
    for have, expected in zip(parts(state), parts(want_state), strict=True):
        assert_equal(have, expected)
    for have, expected in zip(
        gradients(y, state, leaves), gradients(want, want_state, leaves), strict=True
    ):
        assert_equal(have, expected)


def pairs(generator: torch.Generator, batch: int = 32, n: int = 8, bits: int = 16):
    """Tokens (key, value, 1) then (key, 0, 0) in another order, and the values to answer."""
    key, value = (
        torch.randint(0, 2, (batch, n, bits), generator=generator) * 2.0 - 1 for _ in range(2)
    )
    order = torch.rand(batch, n, generator=generator).argsort(-1)[..., None].expand_as(key)
    store = torch.cat([key, value, torch.ones(batch, n, 1)], -1)
    ask = torch.cat([key.gather(1, order), torch.zeros(batch, n, bits + 1)], -1)
    return torch.cat([store, ask], 1), value.gather(1, order)
