"""The oracle itself: the surprise is a partial derivative, whatever the pairs are made of."""

import torch

from tests.memory.cases import assert_equal, gradients, problem
from titans_book.memory import Gates, memorize, reference


def test_pairs_made_from_the_weights_surprise_like_any_others():
    """MAC writes what it has read from M_0: no gradient of the inner loss goes that way."""
    leaves = problem(time=9, dim=4)

    def answer(form):
        q, k, v, *gates = leaves[:6]
        W = leaves[6] @ leaves[7]
        y, state = form(q, torch.tanh(k @ W), v @ W, Gates(*gates), leaves[6:], chunk=4)
        return [y, *gradients(y, state, leaves)]

    for have, want in zip(answer(memorize), answer(reference.memorize), strict=True):
        assert_equal(have, want)
