"""Leak detectors: they find what leaks, where it leaks, and say nothing of what does not."""

import pytest
import torch

from titans_book.inspection.causality import influence, leaks, sensitivity
from titans_book.model import TitansConfig, TitansLM
from titans_book.tasks.check import source

SHORT = {"mac": {"segment": 4}, "mag": {"window": 3}, "mal": {"window": 3}}


def text(time=9, dim=3):
    return torch.randn(time, dim, generator=source(0), dtype=torch.float64)


def model(variant):
    torch.manual_seed(0)
    config = TitansConfig(
        variant, vocab=7, dim=8, depth=2, heads=2, hidden=8, **SHORT.get(variant, {})
    )
    return TitansLM(config).double()


def shifted(x):
    """Answer t is token t + 1; the last is token 0."""
    return x.roll(-1, 0)


@pytest.mark.parametrize("measure", [influence, sensitivity])
def test_who_moves_whom_is_found_cell_by_cell(measure):
    mix = torch.tensor([[1.0, 0, 0], [0, 0, 2], [3, 0, 0]]).double()
    found = measure(lambda x: mix @ x, text(3, 1))
    torch.testing.assert_close(found, mix)


def test_sensitivity_is_the_norm_of_the_jacobian():
    x, W = text(4, 3), text(3, 3)
    J = torch.func.jacrev(lambda x: (x @ W).cumsum(0).sin())(x)  # (T, d, T, d)
    found = sensitivity(lambda x: (x @ W).cumsum(0).sin(), x)
    torch.testing.assert_close(found, J.norm(dim=(1, 3)))


def test_each_detector_is_blind_somewhere():
    """A step is flat almost everywhere; a wave of period 1 is at one height after a change by 1."""
    x = torch.full((2, 1), 0.3).double()
    step = lambda x: shifted(x).round() + 0 * x  # noqa: E731
    wave = lambda x: (2 * torch.pi * shifted(x)).sin()  # noqa: E731
    assert influence(step, x)[0, 1] == 1 and sensitivity(step, x)[0, 1] == 0
    assert influence(wave, x)[0, 1] < 1e-12 and sensitivity(wave, x)[0, 1] > 1


@pytest.mark.parametrize("variant", ["lmm", "mac", "mag", "mal", "hope", "attention"])
def test_the_book_s_models_keep_the_future_out(variant):
    tokens = torch.randint(0, 7, (10,), generator=source(1))
    assert leaks(model(variant), tokens, vocab=7) == {}


def test_a_leak_is_named_by_the_token_that_leaks_and_the_places_that_know():
    table = torch.randn(5, 3, generator=source(2))

    def peeks(tokens):  # places 2 and 3 see token 5
        logits = table[tokens]
        logits[:, 2:4] += table[tokens[:, 5:6]]
        return logits, "state"

    found = leaks(peeks, torch.tensor([0, 1, 2, 3, 4, 0, 1]), vocab=5)
    assert {p: places.tolist() for p, places in found.items()} == {5: [2, 3]}


@pytest.mark.parametrize("tokens", [torch.tensor([[1]]), torch.tensor([1.0]), torch.tensor([5])])
def test_tokens_that_are_none_are_refused(tokens):
    with pytest.raises(ValueError, match="from 0 to 4"):
        leaks(lambda tokens: tokens, tokens, vocab=5)
