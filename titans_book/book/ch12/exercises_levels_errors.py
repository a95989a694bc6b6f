"""More wrong versions of levels that read together: their errors and their windows."""

from __future__ import annotations

import torch

from titans_book.book.ch12.exercises_levels import read, read_levels
from titans_book.steps.continuum import cms_update, joint


@read_levels.wrong("Is the error what is said minus the value, and which way does an update go?")
def walks_uphill(W, K, V, levels, correct):
    """Your gradients have the wrong sign, so every level moves away from the value."""
    return read(W, K, V, levels, lambda says, v: -correct(says, v))


@read_levels.wrong("Which loss has the outer product of key and error as its gradient?")
def takes_a_square_without_the_half(W, K, V, levels, correct):
    """Your gradients are twice as large. The loss is half of the squared error, so its gradient is
    the outer product of the key and the error."""
    return read(W, K, V, levels, lambda says, v: 2 * correct(says, v))


@read_levels.wrong("Is the step of a window the sum of its gradients, or their mean?")
def takes_the_mean_of_a_window(W, K, V, levels, correct):
    """You divide the rate by the period, so a window counts as its mean. The sum is asked for."""
    return read(W, K, V, [(C, rate / C, keep) for C, rate, keep in levels], correct)


@read_levels.wrong("In which order are the three numbers of a level?")
def swaps_rate_and_keep(W, K, V, levels, correct):
    """You take the rate for `keep` and `keep` for the rate. A level is (C, rate, keep)."""
    return read(W, K, V, [(C, rate, keep) for C, keep, rate in levels], correct)


@read_levels.wrong("How many windows do three levels need?")
def shares_one_window(W, K, V, levels, correct):
    """All your levels add to one window. Each level needs a window of its own."""
    W = W.clone()
    window, told = torch.zeros_like(W[0]), []
    for i, (k, v) in enumerate(zip(K, V, strict=True), 1):
        told.append(k @ W)
        errors = correct(told[-1], v)
        for n, (C, rate, keep) in enumerate(levels):
            W[n], window = cms_update(W[n], window, torch.outer(k, errors[n]), i, C, rate, keep)
    return torch.stack(told), W


@read_levels.wrong("Where do the new weights go that `cms_update` returns?")
def throws_the_updates_away(W, K, V, levels, correct):
    """Your levels never change. `cms_update` changes nothing in place. It returns the new weights
    and the new window, and they have to be stored."""
    return torch.stack([K @ one for one in W], 1), W.clone()


@read_levels.wrong("Which loop is outside: the one over the tokens or the one over the levels?")
def lets_one_level_read_after_the_other(W, K, V, levels, correct):
    """You let the first level read the whole text, then the second, and so on. All levels read a
    token together, before anybody reads the next one."""
    W, told = W.clone(), torch.stack([K @ one for one in W], 1)
    for n, (C, rate, keep) in enumerate(levels):
        window = torch.zeros_like(W[n])
        for i, (k, v) in enumerate(zip(K, V, strict=True), 1):
            g = torch.outer(k, correct(k @ W, v)[n])
            W[n], window = cms_update(W[n], window, g, i, C, rate, keep)
    return told, W


@read_levels.wrong("What is `correct` for, if all errors are the same?")
def corrects_all_for_the_whole_answer(W, K, V, levels, correct):
    """You correct all levels for the error of the whole answer, and never ask `correct`."""
    return read(W, K, V, levels, joint)


@read_levels.wrong("Which weights are asked for: those before the first token or after the last?")
def returns_the_weights_it_was_given(W, K, V, levels, correct):
    """You return the weights as they were before the first token."""
    return read(W, K, V, levels, correct)[0], W.clone()
