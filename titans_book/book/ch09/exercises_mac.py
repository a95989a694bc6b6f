"""The central exercise of chapter 09: MAC, in the right order, out of parts that are given."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch09.given import CHAPTER, given, loop, see, text, whole
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.model.blocks import MACBlock
from titans_book.steps import blocks as block_steps
from titans_book.steps.blocks import mac_mask


def _segments(function: Callable) -> Iterator[Step]:
    """A text of three segments, the last of them short; then one of two."""
    for seed, (time, C) in enumerate(((7, 3), (8, 4))):
        P, recall, attend, memory, gate, _ = given(MACBlock, seed, segment=C)
        yield {"o": function(text(time, seed), P, C, recall, attend, memory, gate)}


_segments.names = lambda: ("x", "P", "C", "recall", "attend", "memory", "gate")


mac = Exercise(
    name="09.mac",
    what="memory as a context",
    reference=block_steps.mac,
    probe=_segments,
    hints=(
        "Four verbs for each segment, one line each: recall, attend, write, gate. What is handed "
        "on from one segment to the next?",
        "S is (C, dim), and the last one may be shorter: use len(S). The columns are "
        "torch.cat([P, h, S]), the mask is mac_mask(len(P), len(S)). recall and memory both take "
        "the state and return a new one.",
        "        outputs.append(gate(y, m))\n        h, state = recall(S, state)\n"
        "        m, state = memory(y, state)\n"
        "        y = attend(S, torch.cat([P, h, S]), mac_mask(len(P), len(S)))\n"
        "    state, outputs = None, []\n    return torch.cat(outputs)\n    for S in x.split(C):",
    ),
    source="Titans eqs. 21-25",
    taught=CHAPTER,
    misfit="Is the last segment as long as the others? Which rows does each tensor have?",
)


@mac.wrong("When row 0 of a segment asks the memory, may the memory have read row 3?")
def writes_first(x, P, C, recall, attend, memory, gate):
    """The segment is written before the memory is asked: write, recall, attend. A well-known
    implementation has had this order, and every token then sees the end of its segment."""

    def step(S, state):
        m, state = memory(S, state)
        h, state = recall(S, state)
        return gate(see(S, P, h, attend), m), state

    return loop(x, C, step)


@mac.wrong("What does eq. 24 write: the tokens, or what attention made of them?")
def writes_the_tokens(x, P, C, recall, attend, memory, gate):
    """You write the tokens S. The paper's MAC writes y, what attention made of the tokens and of
    what was recalled: attention decides what is worth keeping."""

    def step(S, state):
        h, state = recall(S, state)
        y = see(S, P, h, attend)
        m, state = memory(S, state)
        return gate(y, m), state

    return loop(x, C, step)


@mac.wrong("What does segment 2 know of segment 1 in yours?")
def begins_anew_in_every_segment(x, P, C, recall, attend, memory, gate):
    """The state is not handed on: each segment starts with an empty memory."""

    def step(S, state):
        h, state = recall(S, None)
        m, _ = memory(see(S, P, h, attend), state)
        return gate(see(S, P, h, attend), m), None

    return loop(x, C, step)


@mac.wrong("Which memory does `recall` ask in yours: the one that has read, or a fresh one?")
def asks_a_fresh_memory(x, P, C, recall, attend, memory, gate):
    """You recall from the memory before the whole text (`recall(S, None)`), so nothing that was
    written is ever in h."""

    def step(S, state):
        h, _ = recall(S, None)
        y = see(S, P, h, attend)
        m, state = memory(y, state)
        return gate(y, m), state

    return loop(x, C, step)


@mac.wrong("Which columns did you allow all rows to see, and where do they stand?")
def puts_h_before_p(x, P, C, recall, attend, memory, gate):
    """The columns are h || P || S in yours; the mask, and eq. 22, have P first."""

    def step(S, state):
        h, state = recall(S, state)
        y = attend(S, torch.cat([h, P, S]), mac_mask(len(P), len(S)))
        m, state = memory(y, state)
        return gate(y, m), state

    return loop(x, C, step)


@mac.wrong("Who in eq. 22 tells every segment the same?")
def leaves_p_out(x, P, C, recall, attend, memory, gate):
    """The persistent tokens are not among the columns (or the mask hides them)."""

    def edit(mask, C):
        mask[:, : len(P)] = False

    return loop(x, C, whole(P, recall, attend, memory, gate, edit))


@mac.wrong("With whose query was the last column of h asked for?")
def shows_all_of_h(x, P, C, recall, attend, memory, gate):
    """Every row sees all of h, as the paper's Fig. 3a draws it: the rows learn what is asked for
    later in their segment."""

    def edit(mask, C):
        mask[:, len(P) : len(P) + C] = True

    return loop(x, C, whole(P, recall, attend, memory, gate, edit))


@mac.wrong("Through which columns can attention see earlier segments?")
def hides_h(x, P, C, recall, attend, memory, gate):
    """h is not among the columns (or the mask hides it): the memory is asked, and nobody looks at
    its answer."""

    def edit(mask, C):
        mask[:, len(P) : len(P) + C] = False

    return loop(x, C, whole(P, recall, attend, memory, gate, edit))


@mac.wrong("What does `recall` return besides h, and who needs it?")
def drops_the_asked_state(x, P, C, recall, attend, memory, gate):
    """You throw away the state that `recall` returns. The memory in it is the same, but the
    convolution of the questions begins anew at every segment."""

    def step(S, state):
        h, _ = recall(S, state)
        y = see(S, P, h, attend)
        m, state = memory(y, state)
        return gate(y, m), state

    return loop(x, C, step)


@mac.wrong("How long is the stretch that attention sees at once?")
def makes_one_segment(x, P, C, recall, attend, memory, gate):
    """The text is not split: one segment of all tokens. Then h is recalled from an empty memory,
    and attention sees everything."""
    return loop(x, len(x), whole(P, recall, attend, memory, gate))


@mac.wrong("Whose answers does eq. 24 write: those of the segment, or P as well?")
def writes_p_as_well(x, P, C, recall, attend, memory, gate):
    """You write P along with y, in every segment anew. Only the rows of the segment are written."""

    def step(S, state):
        h, state = recall(S, state)
        y = see(S, P, h, attend)
        m, state = memory(torch.cat([P, y]), state)
        return gate(y, m[len(P) :]), state

    return loop(x, C, step)


@mac.wrong("Is C a number of segments, or of tokens?")
def makes_c_segments(x, P, C, recall, attend, memory, gate):
    """You make C segments. C is the length of one: x.split(C), while x.chunk(C) makes C pieces."""
    return loop(x, -(-len(x) // C), whole(P, recall, attend, memory, gate))
