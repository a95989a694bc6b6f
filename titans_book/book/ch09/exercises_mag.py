"""An exercise of chapter 09: MAG, out of parts that are given."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from titans_book.attention import masks
from titans_book.book.ch09.given import CHAPTER, MISFIT, given, text
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.model.blocks import MAGBlock
from titans_book.steps import blocks as block_steps

TIME, WINDOW = 7, 3


def band(N_p: int) -> Tensor:
    """A window of 3 over 7 tokens, with N_p persistent columns in front."""
    mask = masks.persistent_columns(masks.window(WINDOW), N_p)
    return masks.matrix(mask, torch.arange(TIME), N_p + TIME)


def _side_by_side(function: Callable) -> Iterator[Step]:
    for seed in range(2):
        P, _, attend, memory, gate, _ = given(MAGBlock, seed, window=WINDOW)
        yield {"o": function(text(TIME, seed), P, band(len(P)), attend, memory, gate)}


_side_by_side.names = lambda: ("x", "P", "mask", "attend", "memory", "gate")


mag = Exercise(
    name="09.mag",
    what="memory as a gate",
    reference=block_steps.mag,
    probe=_side_by_side,
    hints=(
        "Two branches that know nothing of each other, and one line in which they meet. Both are "
        "given the persistent tokens in front.",
        "torch.cat([P, x]) is (N_p + T, dim). attend answers the T rows of x; the memory answers "
        "all N_p + T, so its first len(P) answers have to go.",
        "    return gate(y, m[len(P) :])\n    y = attend(x, seen, mask)\n"
        "    seen = torch.cat([P, x])\n    m, _ = memory(seen, None)",
    ),
    source="Titans eqs. 26-28",
    taught=CHAPTER,
    misfit=MISFIT,
)


@mag.wrong("What does eq. 28 hand to the memory: x, or x with a tilde?")
def memory_skips_p(x, P, mask, attend, memory, gate):
    """The memory reads x alone. In eq. 28 it reads P || x: it starts the text with what the
    persistent tokens have taught it."""
    y = attend(x, torch.cat([P, x]), mask)
    m, _ = memory(x, None)
    return gate(y, m)


@mag.wrong("Which rows of m belong to the tokens?")
def keeps_the_wrong_rows(x, P, mask, attend, memory, gate):
    """You keep the first answers of the memory; those are the ones to P, and everything is N_p
    places late."""
    y = attend(x, torch.cat([P, x]), mask)
    m, _ = memory(torch.cat([P, x]), None)
    return gate(y, m[: len(x)])


@mag.wrong("Which of the two is gated, and which is the gate?")
def swaps_the_gate(x, P, mask, attend, memory, gate):
    """gate(m, y): attention gates the memory in yours. The memory is the gate: gate(y, m)."""
    y = attend(x, torch.cat([P, x]), mask)
    m, _ = memory(torch.cat([P, x]), None)
    return gate(m[len(P) :], y)


@mag.wrong("What does the memory read in eq. 28: the tokens, or what attention made of them?")
def puts_one_behind_the_other(x, P, mask, attend, memory, gate):
    """Your memory reads y. In MAG both branches read the same tokens, side by side."""
    y = attend(x, torch.cat([P, x]), mask)
    m, _ = memory(torch.cat([P, y]), None)
    return gate(y, m[len(P) :])


@mag.wrong("Is a gate a sum?")
def adds_them_up(x, P, mask, attend, memory, gate):
    """You add the two branches; in MAG the memory says how much of y goes on: gate(y, m)."""
    m, _ = memory(torch.cat([P, x]), None)
    return attend(x, torch.cat([P, x]), mask) + m[len(P) :]


@mag.wrong("Between which two numbers should a gate lie?")
def multiplies_bare(x, P, mask, attend, memory, gate):
    """You multiply y by m itself. The ⊗ of eq. 28 is a gating, not a bare product: gate(y, m)."""
    m, _ = memory(torch.cat([P, x]), None)
    return attend(x, torch.cat([P, x]), mask) * m[len(P) :]


@mag.wrong("Does a row of the window see P in yours?")
def window_skips_p(x, P, mask, attend, memory, gate):
    """The window does not see the persistent tokens."""
    blind = mask.clone()
    blind[:, : len(P)] = False
    y = attend(x, torch.cat([P, x]), blind)
    m, _ = memory(torch.cat([P, x]), None)
    return gate(y, m[len(P) :])


@mag.wrong("In P || x, which of the two comes first?")
def puts_p_last(x, P, mask, attend, memory, gate):
    """P stands behind the text in yours: the memory has read it all when it meets P, and the mask
    takes the first tokens for persistent ones."""
    y = attend(x, torch.cat([x, P]), mask)
    m, _ = memory(torch.cat([x, P]), None)
    return gate(y, m[: len(x)])


@mag.wrong("What comes out where the memory knows nothing?")
def returns_the_window(x, P, mask, attend, memory, gate):
    """You return y; the memory has no say."""
    return attend(x, torch.cat([P, x]), mask)


@mag.wrong("Which of the functions that you were given have you not used?")
def makes_its_own_gate(x, P, mask, attend, memory, gate):
    """You gate by hand, with y * sigmoid(m). The gate that is given does more: it norms m, and maps
    what comes out."""
    seen = torch.cat([P, x])
    m, _ = memory(seen, None)
    return attend(x, seen, mask) * torch.sigmoid(m[len(P) :])


@mag.wrong(
    "The first N_p columns of the mask are always visible: which tokens stand there in yours?"
)
def looks_at_x_alone(x, P, mask, attend, memory, gate):
    """The columns are x alone, with the persistent ones cut off the mask. They are P || x, as the
    memory's rows are."""
    y = attend(x, x, mask[:, len(P) :])
    m, _ = memory(torch.cat([P, x]), None)
    return gate(y, m[len(P) :])


@mag.wrong("Which is the first row of m that belongs to a token?")
def starts_one_row_too_early(x, P, mask, attend, memory, gate):
    """m begins one row too early: each token is gated by what the memory answered to the one before
    it, and the first one by the answer to P."""
    y = attend(x, torch.cat([P, x]), mask)
    m, _ = memory(torch.cat([P, x]), None)
    return gate(y, m[len(P) - 1 : -1])


@mag.wrong("Who adds the residual: the wiring, or the block around it?")
def adds_the_tokens(x, P, mask, attend, memory, gate):
    """You add the tokens to the result. That residual is the block's; eq. 28 ends with the gate."""
    return x + block_steps.mag(x, P, mask, attend, memory, gate)
