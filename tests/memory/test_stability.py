"""The gauge is the largest eigenvalue, and 2 is where the frozen chunk starts to blow up."""

import pytest
import torch
import torch.nn.functional as F

from titans_book.memory import Gates, memorize
from titans_book.memory.stability import BOUND, gauge


def keys(time, dim, likeness=0.0, seed=0):
    g = torch.Generator().manual_seed(seed)
    own = torch.randn(2, 3, time, dim, generator=g).double()
    shared = torch.randn(2, 3, 1, dim, generator=g).double()
    return F.normalize((1 - likeness) ** 0.5 * own + likeness**0.5 * shared, dim=-1)


@pytest.mark.parametrize(("time", "chunk", "dim"), [(32, 8, 4), (30, 8, 16), (5, 16, 4), (1, 1, 4)])
def test_it_is_the_largest_eigenvalue_of_each_chunk(time, chunk, dim):
    k = keys(time, dim)
    theta = torch.rand(2, 3, time, generator=torch.Generator().manual_seed(1)).double()
    found = gauge(k, theta, chunk)
    assert found.shape == (2, 3, -(-time // chunk))
    for number, where in enumerate(range(0, time, chunk)):
        part, rate = k[:, :, where : where + chunk], theta[:, :, where : where + chunk, None]
        expected = torch.linalg.eigvalsh((rate * part).mT @ part)[..., -1]
        assert torch.allclose(found[..., number], expected, atol=1e-12)


def test_like_keys_add_up_and_unlike_ones_do_not():
    one = torch.ones(16)
    assert torch.allclose(gauge(torch.eye(16), one), torch.ones(1))
    assert torch.allclose(gauge(torch.eye(16)[[3] * 16], one), torch.full((1,), 16.0))
    by_likeness = [gauge(keys(64, 32, r), torch.full((2, 3, 64), 0.3).double()).mean() for r in
                   (0.0, 0.5, 0.9)]  # fmt: skip
    assert by_likeness[0] < by_likeness[1] < by_likeness[2]


@pytest.mark.parametrize("likeness", [0.0, 0.5, 0.9])
@pytest.mark.parametrize(("target", "grows"), [(0.9, False), (1.9, False), (2.1, True)])
def test_two_is_the_border(likeness, target, grows):
    """The same chunk, read sixty times: its answers settle below the bound and run away above."""
    chunk, k = 16, keys(16, 8, likeness)[:1, :1]
    theta = torch.full((1, 1, chunk), 1.0).double()
    theta = theta * target / gauge(k, theta, chunk)
    assert torch.allclose(gauge(k, theta, chunk), torch.tensor(target).double())
    many, v = 60, keys(16, 8, seed=5)[:1, :1]
    gates = Gates(*(rate.repeat(1, 1, many) for rate in (theta, 0 * theta, 0 * theta)))
    _, state = memorize(
        k.repeat(1, 1, many, 1), k.repeat(1, 1, many, 1), v.repeat(1, 1, many, 1), gates,
        [torch.zeros(1, 8, 8).double()], chunk=chunk,
    )  # fmt: skip
    assert (float(state.weights[0].norm()) > 50) == grows == (target > BOUND)


def test_wrong_arguments_are_named_and_no_tokens_have_no_chunks():
    k = keys(4, 4)
    with pytest.raises(ValueError, match="chunk must be a whole number >= 1"):
        gauge(k, torch.ones(2, 3, 4).double(), 0)
    with pytest.raises(ValueError, match="theta must not be negative"):
        gauge(k, -torch.ones(2, 3, 4).double())
    assert gauge(k[:, :, :0], torch.ones(2, 3, 0).double()).shape == (2, 3, 0)
