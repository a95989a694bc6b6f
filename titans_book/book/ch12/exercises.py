"""An exercise of chapter 12: a level with a clock, after one token."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.steps import continuum as steps

CHAPTER = "notebooks/12_continuum.ipynb"
CLOCKS = ((3, 0.4, 0.8), (1, 0.3, 0.9), (4, 0.2, 1.0))  # C, rate and keep of each run
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
    gradients=False,
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


@cms_update.wrong("What does the docstring name first: the weights or the window?")
def returns_the_window_first(W, window, g, i, C, rate, keep):
    """You return the window first and the weights second. The weights come first."""
    W, window = steps.cms_update(W, window, g, i, C, rate, keep)
    return window, W


@cms_update.wrong("After which tokens may the window be emptied?")
def empties_the_window_at_every_token(W, window, g, i, C, rate, keep):
    """You empty the window at every token, so an update sees the last token alone. It is emptied
    only after an update."""
    return steps.cms_update(W, window, g, i, C, rate, keep)[0], torch.zeros_like(window)


@cms_update.wrong("Is `i % C` 0 when C divides i, or when it does not?")
def turns_the_clock_round(W, window, g, i, C, rate, keep):
    """You update at every token that C does *not* divide, and wait when it does."""
    window = window + g
    return (keep * W - rate * window, torch.zeros_like(window)) if i % C else (W, window)


@cms_update.wrong("With C = 4: is the update after token 3 or after token 4?")
def updates_a_token_early(W, window, g, i, C, rate, keep):
    """You update one token before C divides i."""
    return steps.cms_update(W, window, g, i + 1, C, rate, keep)


@cms_update.wrong("What happens after token 5, if C = 4?")
def waits_only_once(W, window, g, i, C, rate, keep):
    """You wait for the first C tokens, and after that you update at every token."""
    window = window + g
    return (W, window) if i < C else (keep * W - rate * window, torch.zeros_like(window))


@cms_update.wrong("What happens after token 8, if C = 4?")
def updates_only_once(W, window, g, i, C, rate, keep):
    """You update after token C and never again. An update comes whenever C divides i."""
    window = window + g
    return (W, window) if i != C else (keep * W - rate * window, torch.zeros_like(window))


@cms_update.wrong("Which of the two numbers is divided by the other?")
def divides_the_period(W, window, g, i, C, rate, keep):
    """You ask whether i divides C. The question is whether C divides i."""
    window = window + g
    return (W, window) if C % i else (keep * W - rate * window, torch.zeros_like(window))


@cms_update.wrong("Into which update does the gradient of token C go?")
def loses_the_newest(W, window, g, i, C, rate, keep):
    """You leave the gradient of the last token of a window out, so it is in no update at all."""
    return (W, window + g) if i % C else (keep * W - rate * window, torch.zeros_like(window))


@cms_update.wrong("Which of the two is kept only in part: the weights or the window?")
def lets_the_window_fade(W, window, g, i, C, rate, keep):
    """Your window fades: you multiply it by `keep` at every token. The sum of the gradients is
    whole, and only the old weights are let go."""
    return steps.cms_update(W, keep * window, g, i, C, rate, keep)


@cms_update.wrong("Does `keep` stand before W or before the window?")
def keeps_a_share_of_the_step(W, window, g, i, C, rate, keep):
    """You multiply the step by `keep` and leave the weights whole. It is the other way round."""
    window = window + g
    return (W, window) if i % C else (W - keep * rate * window, torch.zeros_like(window))


@cms_update.wrong("How far does a level with the rate 0 move?")
def leaves_the_rate_out(W, window, g, i, C, rate, keep):
    """You leave the rate out, so all levels take the whole sum as their step."""
    return steps.cms_update(W, window, g, i, C, 1.0, keep)


@cms_update.wrong("Is `keep` the share that a token keeps, or the share that an update keeps?")
def keeps_a_share_for_every_token(W, window, g, i, C, rate, keep):
    """You let go C times, `keep` to the power of C. An update keeps the share `keep`, once."""
    return steps.cms_update(W, window, g, i, C, rate, keep**C)


@cms_update.wrong("What is in the window already: one gradient, or the sum of them?")
def adds_up_the_window_again(W, window, g, i, C, rate, keep):
    """You add up the window C + 1 times, as the sign of the sum in the equation seems to say. The
    window is that sum already."""
    window = window + g
    after = keep * W - (C + 1) * rate * window
    return (W, window) if i % C else (after, torch.zeros_like(window))
