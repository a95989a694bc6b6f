"""The coefficients of a chunk, an exercise of chapter 06: two leaky sums, one after the other.

eta and alpha are (b) tensors, one number a token.
"""

import torch

from titans_book.book.ch06.exercises import CHAPTER, drawn
from titans_book.lab.learning.exercise import Exercise, Probe
from titans_book.steps import chunk as chunk_steps
from titans_book.steps.chunk import decay_mask as mask

chunk_coefficients = Exercise(
    name="06.chunk_coefficients",
    what="what momentum and forgetting leave of every write",
    reference=chunk_steps.chunk_coefficients,
    probe=Probe(
        inputs={"eta": drawn(5, 0.2, 0.95), "alpha": drawn(5, 0.05, 0.4)},
        returns=("P", "E", "beta", "c"),
    ),
    load=lambda: (torch.full((160,), 0.9).double(), torch.full((160,), 0.1).double()),
    hints=(
        "Momentum is the first leaky sum, the memory the second. E says what momentum keeps of a "
        "write, A what the memory keeps of what momentum hands it; a write has to pass both.",
        "Momentum keeps eta, the memory 1 - alpha. P and E are (b, b), beta and c (b). beta and e "
        "are running products of all gates from the first token on: `x.cumprod(0)`. c is A times "
        "e: what is left of S at each token, gathered by the memory.",
        "    return A @ E, E, beta, A @ e\n"
        "    A, E = decay_mask(1 - alpha), decay_mask(eta)\n"
        "    beta, e = (1 - alpha).cumprod(0), eta.cumprod(0)",
    ),
    source="Titans eqs. 13 and 14, unrolled",
    taught=CHAPTER,
)


def _all(eta, alpha):
    """A, E, beta, e: what the wrong versions are made of."""
    return mask(1 - alpha), mask(eta), (1 - alpha).cumprod(0), eta.cumprod(0)


@chunk_coefficients.wrong("A write goes through momentum first. Which factor stands on the right?")
def multiplies_in_the_other_order(eta, alpha):
    """E A instead of A E: the memory first, then momentum. With gates that never change it would
    be the same; with gates of every token it is not."""
    A, E, beta, e = _all(eta, alpha)
    return E @ A, E, beta, A @ e


@chunk_coefficients.wrong("In how many ways can token 1's write have come into M_3?")
def multiplies_entry_by_entry(eta, alpha):
    """`*` multiplies entry by entry: one way from i to t. `@` adds up all the tokens s at which
    momentum can hand the write to the memory."""
    A, E, beta, e = _all(eta, alpha)
    return A * E, E, beta, A @ e


@chunk_coefficients.wrong("With alpha = 0 nothing is forgotten: what should be multiplied then?")
def keeps_alpha(eta, alpha):
    """The memory keeps 1 - alpha; you let it keep alpha."""
    A, E, beta, e = _all(eta, 1 - alpha)
    return A @ E, E, beta, A @ e


@chunk_coefficients.wrong("Which of the two gates does momentum have, and which the memory?")
def swaps_the_gates(eta, alpha):
    """eta and 1 - alpha have changed places: eta is for momentum (E), 1 - alpha for the memory
    (A, beta)."""
    A, E, beta, e = _all(1 - alpha, 1 - eta)
    return A @ E, E, beta, A @ e


@chunk_coefficients.wrong("How often is S_0 added to M in a chunk of five tokens: once?")
def adds_the_old_surprise_once(eta, alpha):
    """c is only what is left of S itself. The memory takes in what is left at every token, and
    forgets some of it: A times e."""
    A, E, beta, e = _all(eta, alpha)
    return A @ E, E, beta, e


@chunk_coefficients.wrong("Who meets the first token's gates: M_0, or only what is written later?")
def starts_one_token_late(eta, alpha):
    """beta is the first column of A, which begins with 1. The memory that a chunk starts with has
    to pass the first token's forgetting as well."""
    A, E, _, e = _all(eta, alpha)
    return A @ E, E, A[:, 0], A @ e


@chunk_coefficients.wrong("S_0 came in before token 1. Which gate does it meet first?")
def lets_the_old_surprise_in_free(eta, alpha):
    """c is the first column of P, as if S_0 had been written at token 1. It was there before, so
    it meets eta_1 as well."""
    A, E, beta, _ = _all(eta, alpha)
    return A @ E, E, beta, (A @ E)[:, 0]


@chunk_coefficients.wrong("What would P be without momentum?")
def has_no_momentum(eta, alpha):
    """Your P is A alone: each write goes into the memory once, and momentum never repeats it."""
    A, E, beta, e = _all(eta, alpha)
    return A, E, beta, A @ e


@chunk_coefficients.wrong("What would P be with alpha = 1 at every token?")
def has_no_memory(eta, alpha):
    """Your P is E alone: it says what is left in momentum, and not what the memory has gathered."""
    A, E, beta, e = _all(eta, alpha)
    return E, E, beta, A @ e


@chunk_coefficients.wrong("Which one tells what is left in S: the mask of 1 - alpha, or of eta?")
def returns_the_other_mask(eta, alpha):
    """In second place you return A, what the memory keeps. E is asked for, what momentum keeps:
    S at the end of a chunk needs it."""
    A, E, beta, e = _all(eta, alpha)
    return A @ E, A, beta, A @ e


@chunk_coefficients.wrong("In which order does the docstring name the four?")
def returns_c_before_beta(eta, alpha):
    """All four are right, but beta and c have changed places."""
    A, E, beta, e = _all(eta, alpha)
    return A @ E, E, A @ e, beta


@chunk_coefficients.wrong("M_0 and S_0 are two things. Does forgetting M_0 shrink S_0?")
def fades_the_old_surprise_twice(eta, alpha):
    """c is beta times e: S_0 fades by both gates at every token, and is handed over once. It is a
    sum over the tokens at which it can be handed over."""
    A, E, beta, e = _all(eta, alpha)
    return A @ E, E, beta, beta * e


@chunk_coefficients.wrong(
    "S_0 is in momentum already. Which of the two does it still have to pass?"
)
def takes_the_old_surprise_through_both(eta, alpha):
    """c is P times e. S_0 has faded by eta in e already, so only the memory's A is left to pass."""
    A, E, beta, e = _all(eta, alpha)
    return A @ E, E, beta, A @ E @ e


@chunk_coefficients.wrong("Two gates of one half: is a half left, or a quarter, or a whole?")
def adds_the_gates_up(eta, alpha):
    """beta and e are running sums. What is left after several gates is their product: `cumprod`."""
    A, E, _, _ = _all(eta, alpha)
    return A @ E, E, (1 - alpha).cumsum(0), A @ eta.cumsum(0)


@chunk_coefficients.wrong("Is e the gate of a token, or the product of all up to it?")
def takes_the_gates_for_e(eta, alpha):
    """c is A times eta. What is left of S_0 at token t is e, the running product of all eta up to
    it."""
    A, E, beta, _ = _all(eta, alpha)
    return A @ E, E, beta, A @ eta


@chunk_coefficients.wrong("Is e the gate of a token, and which of A and P has S_0 still to pass?")
def takes_P_times_the_gates(eta, alpha):
    """c is P times eta. P has momentum in it already, and eta is the gate of one token: what is
    left of S_0 is the running product e, and it has only A to pass."""
    A, E, beta, _ = _all(eta, alpha)
    return A @ E, E, beta, A @ E @ eta


@chunk_coefficients.wrong("What comes second: how much is in M, or how much is in S?")
def returns_P_twice(eta, alpha):
    """In second place you return P once more. E is asked for, what momentum keeps."""
    A, E, beta, e = _all(eta, alpha)
    return A @ E, A @ E, beta, A @ e


@chunk_coefficients.wrong("Row s of E is a moment, too. Over which index does A E add up?")
def turns_E_round(eta, alpha):
    """You multiply by E transposed. Its rows are then the writers: E as it is hands over at s, its
    row, what was written at i, its column."""
    A, E, beta, e = _all(eta, alpha)
    return A @ E.T, E, beta, A @ e
