"""More wrong versions of MAC, an exercise of chapter 09: those around the gate."""

from __future__ import annotations

import torch

from titans_book.book.ch09.exercises_mac import mac
from titans_book.book.ch09.given import loop, see, whole


@mac.wrong("Which of the two is gated, and which is the gate?")
def swaps_the_gate(x, P, C, recall, attend, memory, gate):
    """gate(m, y): attention gates the memory in yours. The memory is the gate: gate(y, m)."""

    def step(S, state):
        h, state = recall(S, state)
        y = see(S, P, h, attend)
        m, state = memory(y, state)
        return gate(m, y), state

    return loop(x, C, step)


@mac.wrong("Is eq. 25's gate made of what was recalled, or of what the memory answers to y?")
def gates_with_h(x, P, C, recall, attend, memory, gate):
    """You gate with h, the answer to the tokens. Eq. 25 asks once more, about y: m."""

    def step(S, state):
        h, state = recall(S, state)
        y = see(S, P, h, attend)
        _, state = memory(y, state)
        return gate(y, h), state

    return loop(x, C, step)


@mac.wrong("What happens to y between eq. 24 and the output?")
def forgets_the_gate(x, P, C, recall, attend, memory, gate):
    """You return y itself: the gate of eq. 25 is missing."""

    def step(S, state):
        h, state = recall(S, state)
        y = see(S, P, h, attend)
        _, state = memory(y, state)
        return y, state

    return loop(x, C, step)


@mac.wrong("What has the memory read when it gates row 0: row 0, or the whole segment?")
def reads_after_the_segment(x, P, C, recall, attend, memory, gate):
    """You ask the memory once more after it has read the whole segment. Eq. 25 taken by the
    letter says so, and it leaks: row 0 is gated by a memory that knows the last row. `memory`
    answers each token when it has read that one."""

    def step(S, state):
        h, state = recall(S, state)
        y = see(S, P, h, attend)
        _, state = memory(y, state)
        m, _ = recall(y, state)
        return gate(y, m), state

    return loop(x, C, step)


@mac.wrong("Which of the functions that you were given have you not used?")
def makes_its_own_gate(x, P, C, recall, attend, memory, gate):
    """You gate by hand, with y * sigmoid(m). The gate that is given does more: it norms m, and maps
    what comes out."""

    def step(S, state):
        h, state = recall(S, state)
        y = see(S, P, h, attend)
        m, state = memory(y, state)
        return y * torch.sigmoid(m), state

    return loop(x, C, step)


@mac.wrong("Eq. 25 has M_t, eq. 21 M_{t-1}: which of them gates in yours?")
def gates_before_it_writes(x, P, C, recall, attend, memory, gate):
    """The gate asks about y before y is read. In eq. 25 the memory has read it: the m that `memory`
    returns."""

    def step(S, state):
        h, state = recall(S, state)
        y = see(S, P, h, attend)
        m, _ = recall(y, state)
        _, state = memory(y, state)
        return gate(y, m), state

    return loop(x, C, step)


@mac.wrong("Whose answer to y gates: the memory that has read it, or the one before?")
def recalls_y_and_then_writes(x, P, C, recall, attend, memory, gate):
    """You ask about y with `recall`, and gate with that. `memory` reads y and answers it; its m is
    the gate, and `recall` is for the tokens of the segment."""

    def step(S, state):
        h, state = recall(S, state)
        y = see(S, P, h, attend)
        m, state = recall(y, state)
        _, state = memory(y, state)
        return gate(y, m), state

    return loop(x, C, step)


@mac.wrong("How often does your memory read y?")
def writes_twice(x, P, C, recall, attend, memory, gate):
    """The memory reads y twice: once for eq. 24, and once more for eq. 25. One call does both, for
    `memory` reads and answers."""

    def step(S, state):
        h, state = recall(S, state)
        y = see(S, P, h, attend)
        _, state = memory(y, state)
        m, state = memory(y, state)
        return gate(y, m), state

    return loop(x, C, step)


@mac.wrong("What does eq. 24 write: y, or what the gate lets through?")
def writes_what_is_gated(x, P, C, recall, attend, memory, gate):
    """The memory is left with o, what has come through the gate. Eq. 24 writes y, before it."""

    def step(S, state):
        h, state = recall(S, state)
        y = see(S, P, h, attend)
        m, _ = memory(y, state)
        o = gate(y, m)
        _, state = memory(o, state)
        return o, state

    return loop(x, C, step)


@mac.wrong("Who adds the residual: the wiring, or the block around it?")
def adds_the_tokens(x, P, C, recall, attend, memory, gate):
    """You add the tokens to the result. That residual is the block's; eq. 25 ends with the gate."""
    return x + loop(x, C, whole(P, recall, attend, memory, gate))
