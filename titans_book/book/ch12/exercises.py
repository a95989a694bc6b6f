"""An exercise of chapter 12: a level with a clock, after one token."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.steps import continuum as steps

CHAPTER = "notebooks/12_continuum.ipynb"
CLOCKS = ((3, 0.5, 0.8), (1, 0.3, 0.9), (4, 0.2, 1.0))  # C, rate and keep of each run
TOKENS = 9


def _run(function: Callable) -> Iterator[Step]:
    """Three levels read nine tokens each, one after the other."""
    random = torch.Generator().manual_seed(0)
    for C, rate, keep in CLOCKS:
        W = torch.randn(3, 2, generator=random, dtype=torch.float64)
        window = torch.zeros_like(W)
        for i in range(1, TOKENS + 1):
            g = torch.randn(3, 2, generator=random, dtype=torch.float64)
            W, window = function(W, window, g, i, C, rate, keep)
            yield {"W": W, "window": window}


_run.names = lambda: ("W", "window", "g", "i", "C", "rate", "keep")

cms_update = Exercise(
    name="12.cms_update",
    what="a level after one token",
    reference=steps.cms_update,
    probe=_run,
    hints=(
        "The token's gradient belongs to the open window, whether an update follows or not. After "
        "which tokens is the window full, and what is in the next window before its first token?",
        "W, window and g have one shape. `i % C` is 0 when C divides i. An empty window is "
        "`torch.zeros_like(window)`.",
        "    return keep * W - rate * window, torch.zeros_like(window)\n"
        "        return W, window\n    window = window + g\n    if i % C:",
    ),
    source="Nested Learning eq. 71 with C terms",
    taught=CHAPTER,
    misfit="W, the window and the gradient are all (d_in, d_out), and so is what comes back, first "
    "the weights, then the window. What do you return when nothing is due?",
)


@cms_update.wrong("Into how many updates does the gradient of token C go?")
def takes_one_token_twice(W, window, g, i, C, rate, keep):
    """You put the last token of a window into the next one as well. That is the printed sum, with
    C + 1 terms."""
    window = window + g
    return (W, window) if i % C else (keep * W - rate * window, g)


@cms_update.wrong("When the window is full, is the newest gradient in it?")
def updates_before_it_adds(W, window, g, i, C, rate, keep):
    """You update with the window as it was before this token, so every window begins and ends one
    token early."""
    return (W, window + g) if i % C else (keep * W - rate * window, g)


@cms_update.wrong("The first token has i = 1. After which token is a window of 4 full?")
def counts_from_zero(W, window, g, i, C, rate, keep):
    """You update after the first token of a window. The tokens are counted from 1, and the update
    comes at the end."""
    window = window + g
    return (W, window) if (i - 1) % C else (keep * W - rate * window, torch.zeros_like(window))


@cms_update.wrong("What is left in the window after an update?")
def never_empties_the_window(W, window, g, i, C, rate, keep):
    """You never empty the window, so old gradients are applied again at every update."""
    window = window + g
    return (W, window) if i % C else (keep * W - rate * window, window)


@cms_update.wrong("What does an update do to weights whose window holds nothing but zeros?")
def forgets_to_let_go(W, window, g, i, C, rate, keep):
    """You leave `keep` out, so the level never lets go of anything."""
    window = window + g
    return (W, window) if i % C else (W - rate * window, torch.zeros_like(window))


@cms_update.wrong("Do the weights change between two updates?")
def lets_go_at_every_token(W, window, g, i, C, rate, keep):
    """You multiply by `keep` at every token. Between two updates the weights stand still."""
    window = window + g
    return (keep * W, window) if i % C else (keep * W - rate * window, torch.zeros_like(window))


@cms_update.wrong("Does `keep` belong to what the level knew, or to what it learns now?")
def lets_go_of_what_is_new(W, window, g, i, C, rate, keep):
    """You multiply the new step by `keep` as well. Only the old weights are let go."""
    window = window + g
    return (W, window) if i % C else (keep * (W - rate * window), torch.zeros_like(window))


@cms_update.wrong("Is the step the sum of C gradients, or their mean?")
def takes_the_mean(W, window, g, i, C, rate, keep):
    """You divide the window by C. The equation has the sum."""
    window = window + g
    after = keep * W - rate * window / C
    return (W, window) if i % C else (after, torch.zeros_like(window))


@cms_update.wrong("What happens to the gradients of the tokens before the last one?")
def uses_the_newest_alone(W, window, g, i, C, rate, keep):
    """You step along the newest gradient alone. The update takes the whole window."""
    return (W, window + g) if i % C else (keep * W - rate * g, torch.zeros_like(window))


@cms_update.wrong("Is the gradient the way up or the way down?")
def walks_uphill(W, window, g, i, C, rate, keep):
    """You add the window. The gradients point uphill."""
    window = window + g
    return (W, window) if i % C else (keep * W + rate * window, torch.zeros_like(window))


@cms_update.wrong("What does keep = 1 make of your weights?")
def keeps_what_is_let_go(W, window, g, i, C, rate, keep):
    """You multiply by 1 - keep. `keep` is the share that stays."""
    window = window + g
    return (W, window) if i % C else ((1 - keep) * W - rate * window, torch.zeros_like(window))


@cms_update.wrong("What makes a level with C = 3 slower than one with C = 1?")
def has_no_clock(W, window, g, i, C, rate, keep):
    """You update at every token, whatever C is."""
    return keep * W - rate * (window + g), torch.zeros_like(window)
