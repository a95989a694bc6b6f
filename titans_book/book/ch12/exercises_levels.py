"""An exercise of chapter 12: the loop in which several levels read a stream together."""

from __future__ import annotations

from collections.abc import Callable

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, normal
from titans_book.steps import continuum as steps
from titans_book.steps.continuum import cms_update

CHAPTER = "notebooks/12_continuum.ipynb"


def _levels(generator: torch.Generator) -> list[tuple[int, float, float]]:
    """Three levels with rates of their own, and with one that lets go."""
    low = round(0.1 + 0.1 * float(torch.rand((), generator=generator)), 3)
    return [(1, low, 0.9), (2, round(low / 2, 3), 0.95), (3, round(low / 3, 3), 1.0)]


def _correct(generator: torch.Generator) -> Callable:
    """Each level is corrected for a share of its own of what all say."""
    share = 0.5 + torch.rand(3, 3, generator=generator, dtype=torch.float64)

    def correct(says, v):
        return share @ says - v

    return correct


read_levels = Exercise(
    name="12.read_levels",
    grade="build",
    what="several levels that read a stream together",
    reference=steps.read_levels,
    probe=Probe(
        inputs={
            "W": normal(3, 4, 2),
            "K": normal(7, 4, scale=0.5),
            "V": normal(7, 2),
            "levels": _levels,
            "correct": _correct,
        },
        returns=("told", "W"),
        steps=3,
    ),
    hints=(
        "For every token: ask all levels, note what they said, work out their errors, and give "
        "each level its own gradient. Which of these steps need a loop over the levels?",
        "W is (levels, d_in, d_out) and k is (d_in): `k @ W` asks all levels at once, (levels, "
        "d_out). A level's gradient is `torch.outer(k, errors[n])`. Count tokens from 1: "
        "`enumerate(zip(K, V), 1)`.",
        "    return torch.stack(told), W\n"
        "            W[n], windows[n] = cms_update(W[n], windows[n], g, i, C, rate, keep)\n"
        "        errors = correct(says, v)\n        told.append(says)\n"
        "    for i, (k, v) in enumerate(zip(K, V), 1):\n"
        "        for n, (C, rate, keep) in enumerate(levels):\n"
        "    windows, told = torch.zeros_like(W), []\n"
        "            g = torch.outer(k, errors[n])\n        says = k @ W\n    W = W.clone()",
    ),
    source="Nested Learning eqs. 71 and 74",
    taught=CHAPTER,
    gradients=False,
    misfit="What the levels say to one key is (levels, d_out), and to all keys (T, levels, d_out). "
    "Which of your tensors has another shape?",
)


def read(W, K, V, levels, correct, first=1, after=False, fresh=False, close=False):
    """The loop, with the slips that several wrong versions are made of."""
    W = W.clone()
    windows, told = torch.zeros_like(W), []
    for i, (k, v) in enumerate(zip(K, V, strict=True), first):
        says = k @ W
        errors = correct(says, v)
        windows = torch.zeros_like(W) if fresh else windows
        for n, (C, rate, keep) in enumerate(levels):
            g = torch.outer(k, errors[n])
            W[n], windows[n] = cms_update(W[n], windows[n], g, i, C, rate, keep)
        told.append(k @ W if after else says)
    for n, (C, rate, keep) in enumerate(levels if close else ()):
        W[n] = keep * W[n] - rate * windows[n] if len(K) % C else W[n]
    return torch.stack(told), W


@read_levels.wrong("Had the levels seen the value when they answered?")
def asks_after_they_learned(W, K, V, levels, correct):
    """You note what the levels say after they have learned from the token."""
    return read(W, K, V, levels, correct, after=True)


@read_levels.wrong("What is in the window of a slow level after its first token?")
def opens_a_window_at_every_token(W, K, V, levels, correct):
    """You make new windows at every token, so a slow level learns from the last token alone."""
    return read(W, K, V, levels, correct, fresh=True)


@read_levels.wrong("Which number does the first token have?")
def counts_from_zero(W, K, V, levels, correct):
    """You count the tokens from 0, so every level is updated after its first token."""
    return read(W, K, V, levels, correct, first=0)


@read_levels.wrong("Where do you measure the error of a token: at the window's start, or now?")
def measures_at_the_start_of_the_window(W, K, V, levels, correct):
    """You measure a slow level's errors at the weights that all levels had when its window began.
    The fast levels have learned since then, and the error is what is left now."""
    W = W.clone()
    began = [W.clone() for _ in levels]
    windows, told = torch.zeros_like(W), []
    for i, (k, v) in enumerate(zip(K, V, strict=True), 1):
        told.append(k @ W)
        for n, (C, rate, keep) in enumerate(levels):
            g = torch.outer(k, correct(k @ began[n], v)[n])
            W[n], windows[n] = cms_update(W[n], windows[n], g, i, C, rate, keep)
        for n, (C, *_) in enumerate(levels):
            began[n] = began[n] if i % C else W.clone()
    return torch.stack(told), W


@read_levels.wrong("Do the levels learn from one answer, or one after the other?")
def asks_again_after_every_level(W, K, V, levels, correct):
    """You ask again after every level, so the second one is corrected for what the first has just
    learned. All of them learn from the same answer."""
    W = W.clone()
    windows, told = torch.zeros_like(W), []
    for i, (k, v) in enumerate(zip(K, V, strict=True), 1):
        told.append(k @ W)
        for n, (C, rate, keep) in enumerate(levels):
            g = torch.outer(k, correct(k @ W, v)[n])
            W[n], windows[n] = cms_update(W[n], windows[n], g, i, C, rate, keep)
    return torch.stack(told), W


@read_levels.wrong("Who says which error a level is corrected for?")
def corrects_each_for_itself(W, K, V, levels, correct):
    """You correct every level for its own answer alone, and never ask `correct`."""
    return read(W, K, V, levels, lambda says, v: says - v)


@read_levels.wrong("Whose clock do your levels go by?")
def has_one_clock_for_all(W, K, V, levels, correct):
    """You give all levels the period of the first."""
    return read(W, K, V, [(levels[0][0], rate, keep) for _, rate, keep in levels], correct)


@read_levels.wrong("What do the levels know before the first token?")
def starts_from_nothing(W, K, V, levels, correct):
    """You start from empty levels. They start from the W that is given."""
    return read(torch.zeros_like(W), K, V, levels, correct)


@read_levels.wrong("Is a window that is still open at the end of the text applied?")
def closes_the_last_window(W, K, V, levels, correct):
    """You apply the open windows at the end. They belong to an update that has not come yet."""
    return read(W, K, V, levels, correct, close=True)


@read_levels.wrong("Does the retention of a level stay at 1?")
def forgets_retention(W, K, V, levels, correct):
    """You leave the retention of the levels out, so none of them ever lets go."""
    return read(W, K, V, [(C, rate, 1.0) for C, rate, _ in levels], correct)


@read_levels.wrong("Which row of the errors belongs to the fastest level?")
def gives_errors_to_the_wrong_level(W, K, V, levels, correct):
    """You give the errors to the levels in the opposite order."""
    return read(W, K, V, levels, lambda says, v: correct(says, v).flip(0))
