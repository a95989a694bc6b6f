"""More wrong versions of MAC, an exercise of chapter 09: those around the gate."""

from __future__ import annotations

import torch

from titans_book.lab.learning.bank.exercises_09_mac import mac
from titans_book.lab.learning.bank.given_09 import loop, see


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
    """You ask the memory a second time after it has read the whole segment. Eq. 25 taken by the
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
