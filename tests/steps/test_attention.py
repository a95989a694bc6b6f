"""The learner's functions are the package's attention, and a text may be cut anywhere."""

import pytest
import torch

from tests.attention.cases import build, tokens
from titans_book.attention import Attention, masks, rotary
from titans_book.steps.attention import (
    attend,
    keep,
    read_on,
    segment_mask,
    window_mask,
    with_persistent,
)

SIZES = [("window", window_mask, 5), ("window", window_mask, 1), ("segment", segment_mask, 4)]
EACH = pytest.mark.parametrize(("field", "mask", "w"), SIZES)


def parts(attention: Attention, x):
    """q, k, v of a sequence with one head, and keys and values of the persistent tokens."""
    W_Q, W_K, W_V = attention.project.weight.T.chunk(3, dim=1)
    places = torch.arange(len(x))
    q, k = (rotary.rotate(x @ W, places) for W in (W_Q, W_K))
    p = attention.persistent
    p = x[:0] if p is None else p
    return q, k, x @ W_V, rotary.unplaced(p @ W_K), p @ W_V


@EACH
@pytest.mark.parametrize("persistent", [0, 3])
def test_they_are_the_packages_attention(field, mask, w, persistent):
    attention = build(dim=8, heads=1, persistent=persistent, **{field: w})
    x = tokens(batch=1, time=17, dim=8)
    q, k, v, p_k, p_v = parts(attention, x[0])
    places = torch.arange(17)
    y = attend(q, *with_persistent(k, v, mask(places, places, w), p_k, p_v))
    want, _ = attention(x)
    torch.testing.assert_close(attention.out(y), want[0], rtol=0, atol=1e-13)


@EACH
@pytest.mark.parametrize("cuts", [(9,), (1, 2, 3), (4, 8), (0, 16), tuple(range(1, 17))])
def test_one_call_equals_any_split(field, mask, w, cuts):
    q, k, v = torch.randn(3, 17, 6, dtype=torch.float64)
    places = torch.arange(17)
    whole, kept, answers = attend(q, k, v, mask(places, places, w)), (k[:0], v[:0]), []
    for first, last in zip((0, *cuts), (*cuts, 17), strict=True):
        y, *kept = read_on(q[first:last], k[first:last], v[first:last], *kept, first, mask, w)
        answers.append(y)
        assert len(kept[0]) == min(w - 1, last)
    torch.testing.assert_close(torch.cat(answers), whole, rtol=0, atol=1e-13)


@pytest.mark.parametrize("w", [1, 2, 5, 30])
def test_the_masks_are_the_packages(w):
    queries, keys = torch.arange(11, 19), torch.arange(7, 22)
    for mine, make in ((window_mask, masks.window), (segment_mask, masks.segment)):
        want = torch.tensor([[bool(make(w)(int(i), int(j))) for j in keys] for i in queries])
        assert torch.equal(mine(queries, keys, w), want)


def test_attend_is_the_sum_of_its_definition():
    q, k, v = torch.randn(3, 6, 4, dtype=torch.float64)
    visible = window_mask(torch.arange(6), torch.arange(6), 3)
    for i, y in enumerate(attend(q, k, v, visible)):
        weight = [(q[i] @ k[j] / 2).exp() * visible[i, j] for j in range(6)]
        want = sum(weight[j] * v[j] for j in range(6)) / sum(weight)
        torch.testing.assert_close(y, want)


@pytest.mark.parametrize(("length", "w", "left"), [(9, 4, 3), (2, 4, 2), (9, 1, 0), (0, 3, 0)])
def test_what_is_kept(length, w, left):
    x = torch.arange(float(length))[:, None]
    assert torch.equal(keep(x, w), x[length - left :])
