"""The cloakroom of chapter 08, its score of masks, and what a stack of windows feels."""

import pytest
import torch

from titans_book.attention import Attention
from titans_book.book.ch08.cloakroom import coats, mean_error
from titans_book.book.ch08.exercises_far import far_mask, looking_back
from titans_book.book.ch08.reach import BAR, answered, in_pieces, influence, lacks, seconds
from titans_book.steps.attention import attend, read_on, segment_mask


def test_an_evening_is_drawn_by_its_seed_and_the_latest_guest_comes_first():
    assert torch.equal(coats(3), coats(3)) and not torch.equal(coats(3), coats(4))
    assert torch.allclose(coats(0).norm(dim=-1), torch.ones(2, 48).double())
    silence = mean_error(lambda k, v: torch.cat([0 * v[:-1], v[-1:]]), evenings=2, guests=5)
    assert torch.allclose(silence, torch.tensor([0.0, 1, 1, 1, 1]).double())


def test_the_score_counts_who_hears_of_whom():
    assert answered(torch.eye(4).bool()) == pytest.approx(0.4)
    assert answered(looking_back(0, 1, 2, 3)) == pytest.approx(0.49)
    assert answered(far_mask.reference(24, 4)) > BAR


def test_what_a_mask_lacks_is_said_in_words():
    assert lacks(far_mask.reference(24, 4)) == ""
    assert "column 1, which has not come yet" in lacks(looking_back(0, -1))
    assert lacks(looking_back(1)) == "Row 0 does not see itself."
    assert lacks(looking_back(0, 1, 2, 3, 4)) == "Row 4 sees 5 columns; 4 is the most."
    assert "it answers 49.0% of the questions; 60% is asked for" in lacks(looking_back(0, 1, 2, 3))


def test_influence_ends_where_the_window_does():
    layers = [Attention(4, window=3).double() for _ in range(2)]
    felt = influence(layers, places=8, texts=1)
    assert (felt[:5] > 0).all() and not felt[5:].any()


def test_a_text_in_pieces_is_the_text():
    q, k, v = torch.randn(3, 9, 2).double()
    at = torch.arange(9)
    whole = attend(q, k, v, segment_mask(at, at, 4))
    assert torch.allclose(in_pieces(read_on, q, k, v, [2, 7], segment_mask, 4), whole)
    assert seconds(lambda: None) < 1
