"""An exercise of chapter 09: who may see whom inside a segment of MAC."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from titans_book.book.ch09.given import CHAPTER
from titans_book.lab.learning.exercise import Exercise, Probe
from titans_book.steps import blocks as block_steps


def _size(least: int, most: int) -> Callable[[torch.Generator], int]:
    return lambda g: int(torch.randint(least, most + 1, (), generator=g))


mac_mask = Exercise(
    name="09.mac_mask",
    what="who sees whom inside a segment of MAC",
    reference=block_steps.mac_mask,
    probe=Probe(inputs={"N_p": _size(1, 3), "C": _size(2, 5)}, returns=("mask",), steps=5, seed=2),
    hints=(
        "Three blocks side by side: for P, for h and for x. In one of them everything is visible, "
        "the other two are alike.",
        "The blocks are (C, N_p), (C, C) and (C, C), of bool. `torch.ones(C, C).tril().bool()` is "
        "True for j <= i. Side by side: `torch.cat([...], dim=1)`.",
        "    return torch.cat([torch.ones(C, N_p).bool(), past, past], dim=1)\n"
        "    past = torch.ones(C, C).tril().bool()",
    ),
    source="eq. 22, made causal",
    taught=CHAPTER,
    misfit="The blocks are (C, N_p), (C, C) and (C, C): along which axis do they stand?",
)


def _blocks(N_p: int, C: int, p: Tensor, h: Tensor, x: Tensor) -> Tensor:
    return torch.cat([p.bool().expand(C, N_p), h.bool(), x.bool()], dim=1)


@mac_mask.wrong("With whose query was h_5 asked for, and may row 2 know that?")
def shows_all_of_h(N_p, C):
    """Every row sees all of h. That is how the paper's Fig. 3a is drawn, and it leaks: h_j is asked
    for with token j, so a row before j learns what will come."""
    all_of_it, past = torch.ones(C, C), torch.ones(C, C).tril()
    return _blocks(N_p, C, torch.ones(1), all_of_it, past)


@mac_mask.wrong("May a token see itself?")
def hides_the_token_itself(N_p, C):
    """A row does not see its own token and its own h: the diagonal is missing. Nothing of the
    future is in them."""
    past = torch.ones(C, C).tril(-1)
    return _blocks(N_p, C, torch.ones(1), past, past)


@mac_mask.wrong("What do rows and columns stand for, and which of them asks?")
def turns_it_round(N_p, C):
    """Your triangles point the other way: a row sees what comes after it."""
    future = torch.ones(C, C).triu()
    return _blocks(N_p, C, torch.ones(1), future, future)


@mac_mask.wrong("Does a persistent token depend on the text at all?")
def hides_persistent_tokens(N_p, C):
    """Persistent tokens are hidden. They are the same for every text, so there is nothing in them
    that a row must not know."""
    past = torch.ones(C, C).tril()
    return _blocks(N_p, C, torch.zeros(1), past, past)


@mac_mask.wrong("In which order does eq. 22 put P, h and S?")
def puts_p_last(N_p, C):
    """The columns are P || h || x, in this order; your free block stands at the end."""
    past = torch.ones(C, C).tril()
    return torch.cat([past, past, torch.ones(C, N_p)], dim=1).bool()


@mac_mask.wrong("What could MAC still remember of earlier segments?")
def hides_h(N_p, C):
    """h is hidden from everybody: attention then knows nothing from before its segment."""
    return _blocks(N_p, C, torch.ones(1), torch.zeros(C, C), torch.ones(C, C).tril())


@mac_mask.wrong("How many of the columns of h belong to row 3?")
def shows_one_h(N_p, C):
    """A row sees its own h_i alone. It may see all that was recalled so far, h_j for j <= i."""
    return _blocks(N_p, C, torch.ones(1), torch.eye(C), torch.ones(C, C).tril())


@mac_mask.wrong("Which tokens of its own segment may row 0 see?")
def shows_the_whole_segment(N_p, C):
    """h is right, and all tokens of the segment are visible: rows see the tokens after them."""
    return _blocks(N_p, C, torch.ones(1), torch.ones(C, C).tril(), torch.ones(C, C))


@mac_mask.wrong("How many triangles are there, and where does the second one begin?")
def draws_one_triangle(N_p, C):
    """You draw one triangle over all columns, P included. There are three blocks, and h and x have
    a triangle each."""
    return torch.ones(C, N_p + 2 * C).tril().bool()


@mac_mask.wrong("Where does the triangle of x begin anew?")
def draws_one_wide_triangle(N_p, C):
    """h and x share one wide triangle in yours: nearly all of h is visible in the later rows, and
    hardly any x. Each of the two has a triangle of its own."""
    wide = torch.ones(C, 2 * C).tril()
    return torch.cat([torch.ones(C, N_p), wide], dim=1).bool()


@mac_mask.wrong("Has token i been read when row i asks for h_i?")
def hides_its_own_h(N_p, C):
    """x is right; in h the diagonal is missing. h_i was asked for with token i itself, so row i
    may see it."""
    return _blocks(N_p, C, torch.ones(1), torch.ones(C, C).tril(-1), torch.ones(C, C).tril())


@mac_mask.wrong("Does True mean visible or hidden?")
def says_who_is_hidden(N_p, C):
    """True and False are exchanged: yours is True where a row must *not* look."""
    return ~block_steps.mac_mask(N_p, C)


@mac_mask.wrong("May row 0 see the last persistent token?")
def cuts_p_as_well(N_p, C):
    """P has a triangle in yours, too. Persistent tokens come from nowhere in the text, so all rows
    see all of them."""
    past = torch.ones(C, C).tril()
    return torch.cat([torch.ones(C, N_p).tril(), past, past], dim=1).bool()
