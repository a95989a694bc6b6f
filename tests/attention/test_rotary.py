"""Rotary positions: only distances count, as far into the text as one likes."""

import torch

from titans_book.attention.rotary import rotate, rotated_features, unplaced


def test_scores_depend_on_the_distance_only():
    torch.manual_seed(0)
    q, k = torch.randn(2, 16, dtype=torch.float64)

    def score(i, j):
        return rotate(q[None], torch.tensor([i]))[0] @ rotate(k[None], torch.tensor([j]))[0]

    assert abs(score(7, 3) - score(1004, 1000)) < 1e-12
    assert abs(score(7, 3) - score(4, 0)) < 1e-12
    assert abs(score(7, 3) - score(7, 4)) > 1e-3


def test_a_million_tokens_on_float32_still_knows_its_neighbours():
    torch.manual_seed(0)
    x = torch.randn(2, 16)
    near = rotate(x, torch.tensor([5, 3])).prod(0).sum()
    far = rotate(x, torch.tensor([1_000_005, 1_000_003])).prod(0).sum()
    assert abs(near - far) < 1e-5


def test_lengths_stay_and_half_of_the_features_have_no_position():
    x = torch.randn(3, 5, 12, dtype=torch.float64)
    y = rotate(x, torch.arange(5))
    torch.testing.assert_close(y.norm(dim=-1), x.norm(dim=-1))
    assert rotated_features(12) == 6 and torch.equal(y[..., 6:], x[..., 6:])
    assert torch.equal(y[:, 0], x[:, 0]) and not torch.equal(y[:, 1:, :6], x[:, 1:, :6])


def test_an_unplaced_key_looks_the_same_from_everywhere():
    q, key = torch.randn(1, 16, dtype=torch.float64), unplaced(torch.randn(16, dtype=torch.float64))
    scores = torch.stack([rotate(q, torch.tensor([t])) @ key for t in (0, 3, 999)])
    assert (scores - scores[0]).abs().max() < 1e-12 and scores[0].abs() > 0


def test_axial_positions_tell_offsets_and_segments_apart():
    """Pairs of the first kind see t mod C alone, those of the second t div C alone."""
    x = torch.randn(16, dtype=torch.float64)  # 8 turning features: pairs (0, 4), (1, 5), ...

    def turned(t):
        pairs = rotate(x[None], torch.tensor([t]), axial=10)[0][:8].view(2, 4)
        return pairs[:, :2], pairs[:, 2:]

    offset, segment = turned(37)
    assert torch.equal(turned(7)[0], offset) and not torch.allclose(turned(38)[0], offset)
    assert torch.equal(turned(31)[1], segment) and not torch.allclose(turned(47)[1], segment)
    plain = rotate(x[None, :], torch.tensor([7]))[0]  # other speeds: half as many pairs an axis
    assert not torch.allclose(rotate(x[None], torch.tensor([7]), axial=10)[0], plain)
