"""An exercise of chapter 09: MAL, out of parts that are given."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch09.exercises_mag import TIME, WINDOW, band
from titans_book.book.ch09.given import CHAPTER, MISFIT, given, text
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.model.blocks import MALBlock
from titans_book.steps import blocks as block_steps


def _one_behind_the_other(function: Callable) -> Iterator[Step]:
    """Two texts, each read by a block of its own."""
    for seed in range(2):
        P, _, attend, memory, _, norms = given(MALBlock, seed, window=WINDOW)
        yield {"o": function(text(TIME, seed), P, band(len(P)), attend, memory, *norms)}


_one_behind_the_other.names = lambda: ("x", "P", "mask", "attend", "memory", "norm_m", "norm_a")


mal = Exercise(
    name="09.mal",
    what="memory as a layer",
    reference=block_steps.mal,
    probe=_one_behind_the_other,
    hints=(
        "Two sub-layers, one behind the other, each of them `x = x + layer(norm(x))`. The memory "
        "comes first.",
        "The memory reads torch.cat([P, norm_m(x)]), (N_p + T, dim), and its first len(P) answers "
        "are dropped. Attention works on z = norm_a(x) of the *new* x, rows and columns alike. P "
        "is never normed.",
        "    return x + attend(z, torch.cat([P, z]), mask)\n"
        "    m, _ = memory(torch.cat([P, norm_m(x)]), None)\n"
        "    z = norm_a(x)\n    x = x + m[len(P) :]",
    ),
    source="Titans eqs. 29-31",
    taught=CHAPTER,
    misfit=MISFIT,
)


def _remember(x, P, memory, norm):
    return memory(torch.cat([P, norm(x)]), None)[0][len(P) :]


def _look(x, P, mask, attend, norm):
    z = norm(x)
    return attend(z, torch.cat([P, z]), mask)


@mal.wrong("Which reads the text first in MAL?")
def looks_first(x, P, mask, attend, memory, norm_m, norm_a):
    """Attention comes first in yours, and the memory reads what it has made. In MAL the memory is
    the layer below."""
    x = x + _look(x, P, mask, attend, norm_a)
    return x + _remember(x, P, memory, norm_m)


@mal.wrong("What does the window look at: the text, or what the memory has made of it?")
def goes_side_by_side(x, P, mask, attend, memory, norm_m, norm_a):
    """Your attention reads the old x: both work side by side, as in MAG. In MAL it reads what the
    memory has made of the text."""
    return x + _remember(x, P, memory, norm_m) + _look(x, P, mask, attend, norm_a)


@mal.wrong("What is left of the token itself if a layer has nothing to say?")
def leaves_out_residuals(x, P, mask, attend, memory, norm_m, norm_a):
    """Both residuals are missing. Eqs. 30 and 31 do not print them; section 4.4 has them in every
    block."""
    return _look(_remember(x, P, memory, norm_m), P, mask, attend, norm_a)


@mal.wrong("How many sub-layers are there, and how many residuals?")
def leaves_out_the_second_residual(x, P, mask, attend, memory, norm_m, norm_a):
    """The residual around attention is missing: what the memory has added goes on only as far as
    the window lets it through."""
    return _look(x + _remember(x, P, memory, norm_m), P, mask, attend, norm_a)


@mal.wrong("Can the window see the token itself behind your memory?")
def leaves_out_the_first_residual(x, P, mask, attend, memory, norm_m, norm_a):
    """The residual around the memory is missing: attention sees the memory's answers, and the
    tokens no more."""
    x = _remember(x, P, memory, norm_m)
    return x + _look(x, P, mask, attend, norm_a)


@mal.wrong("Which norm stands before which layer?")
def swaps_the_norms(x, P, mask, attend, memory, norm_m, norm_a):
    """The two norms are exchanged: norm_m belongs before the memory, norm_a before attention."""
    x = x + _remember(x, P, memory, norm_a)
    return x + _look(x, P, mask, attend, norm_m)


@mal.wrong("Is P part of the stream that a norm works on?")
def norms_p_as_well(x, P, mask, attend, memory, norm_m, norm_a):
    """P goes through the norm in yours. It is learned as it is, and joins behind the norm."""
    m, _ = memory(norm_m(torch.cat([P, x])), None)
    x = x + m[len(P) :]
    return x + attend(norm_a(x), norm_a(torch.cat([P, x])), mask)


@mal.wrong("Which rows of m belong to the tokens?")
def keeps_the_wrong_rows(x, P, mask, attend, memory, norm_m, norm_a):
    """You keep the first answers of the memory, which are the ones to P."""
    x = x + memory(torch.cat([P, norm_m(x)]), None)[0][: len(x)]
    return x + _look(x, P, mask, attend, norm_a)


@mal.wrong("Does the memory of eq. 30 read x, or x with a tilde?")
def memory_skips_p(x, P, mask, attend, memory, norm_m, norm_a):
    """The memory reads the tokens without P in front."""
    x = x + memory(norm_m(x), None)[0]
    return x + _look(x, P, mask, attend, norm_a)


@mal.wrong("What are the columns that a row of z compares itself with?")
def looks_without_a_norm(x, P, mask, attend, memory, norm_m, norm_a):
    """norm_a is missing before attention: rows and columns are the bare x."""
    x = x + _remember(x, P, memory, norm_m)
    return x + attend(x, torch.cat([P, x]), mask)


@mal.wrong("To what does the second layer add: to x, or to what the norm made of it?")
def adds_to_the_normed(x, P, mask, attend, memory, norm_m, norm_a):
    """Your second residual adds to z = norm_a(x); it goes around the norm and adds to x itself."""
    z = norm_a(x + _remember(x, P, memory, norm_m))
    return z + attend(z, torch.cat([P, z]), mask)


@mal.wrong("What are the columns that a row of z compares itself with?")
def norms_the_rows_alone(x, P, mask, attend, memory, norm_m, norm_a):
    """norm_a works on the rows and not on the columns: they are P || z, with the same z."""
    x = x + _remember(x, P, memory, norm_m)
    return x + attend(norm_a(x), torch.cat([P, x]), mask)


@mal.wrong("What does the memory read: x, or norm_m(x)?")
def remembers_without_a_norm(x, P, mask, attend, memory, norm_m, norm_a):
    """norm_m is missing: the memory reads the bare x."""
    x = x + memory(torch.cat([P, x]), None)[0][len(P) :]
    return x + _look(x, P, mask, attend, norm_a)


@mal.wrong("Which comes first, the norm or the P in front?")
def norms_p_for_the_memory(x, P, mask, attend, memory, norm_m, norm_a):
    """Attention is right. Before the memory P goes through norm_m; it joins behind the norm."""
    x = x + memory(norm_m(torch.cat([P, x])), None)[0][len(P) :]
    return x + _look(x, P, mask, attend, norm_a)


@mal.wrong("In x + layer(norm(x)), what is inside the norm?")
def norms_afterwards(x, P, mask, attend, memory, norm_m, norm_a):
    """Your norms come behind each sum. Here they stand before each layer, and nothing norms the
    stream itself."""
    x = norm_m(x + memory(torch.cat([P, x]), None)[0][len(P) :])
    return norm_a(x + attend(x, torch.cat([P, x]), mask))


@mal.wrong("To which x is attention added: to the one that came in, or to the new one?")
def adds_attention_to_the_old_x(x, P, mask, attend, memory, norm_m, norm_a):
    """The second residual starts from the x that came in, so what the memory said is lost."""
    new = x + _remember(x, P, memory, norm_m)
    return x + _look(new, P, mask, attend, norm_a)


@mal.wrong("What are `norm_m` and `norm_a` for?")
def leaves_out_both_norms(x, P, mask, attend, memory, norm_m, norm_a):
    """Both norms are missing: each layer reads norm(x), and adds its answer to x itself."""
    x = x + memory(torch.cat([P, x]), None)[0][len(P) :]
    return x + attend(x, torch.cat([P, x]), mask)
