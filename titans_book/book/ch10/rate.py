"""The experiment that finds the best write rate, and small inputs to probe it with."""

import torch

from titans_book.lab.learning.exercise import uniform
from titans_book.steps import miras as steps

__all__ = ["best_rate_reference", "small_counts", "small_errors", "small_makers", "small_rates"]


def best_rate_reference(make_stream, error, rates, repeats):
    """The book's version."""
    wrong = 0
    for seed in range(repeats):
        K, V, W = make_stream(seed)
        M = torch.zeros(len(rates), *W.shape, dtype=W.dtype)
        for k, v in zip(K, V, strict=True):
            surprise = k[:, None] * error(k @ M, v)[:, None]
            M = M - rates[:, None, None] * surprise
        wrong = wrong + (M - W).square().sum((1, 2)) / W.square().sum()
    wrong = (wrong / repeats).nan_to_num(nan=torch.inf)
    best = wrong.argmin()
    return rates[best], wrong[best]


def small_makers(generator):
    """Something that makes small streams, every other one noisy, new ones for every example."""
    first = int(torch.randint(10_000, (), generator=generator))

    def make_stream(seed):
        random = torch.Generator().manual_seed(first + seed)
        W = torch.randn(3, 2, generator=random, dtype=torch.float64)
        K = torch.randn(12, 3, generator=random, dtype=torch.float64)
        K = K / K.norm(dim=1, keepdim=True)
        noise = torch.randn(12, 2, generator=random, dtype=torch.float64)
        return K, K @ W + (0.02 if seed % 2 else 1.0) * noise, W

    return make_stream


def small_errors(generator):
    """An error function with a power of its own."""
    p = float(uniform(1.5, 3.0)(generator))

    def error(answer, value):
        return steps.lp_error(answer, value, p)

    return error


def small_rates(generator):
    """Five rates, the last of which blows every memory up."""
    low = float(uniform(0.05, 0.15)(generator))
    return torch.tensor([low, 2 * low, 4 * low, 6 * low, 1e200], dtype=torch.float64)


def small_counts(generator):
    """How many streams: two to four."""
    return 2 + int(torch.randint(3, (), generator=generator))
