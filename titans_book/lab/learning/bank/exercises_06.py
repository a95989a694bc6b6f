"""Exercises of chapter 06, going parallel: the decay mask and the coefficients of a chunk.

A gate is a (b) tensor, one number a token; masks are (b, b), row t, column i.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from titans_book.lab.learning.exercise import Exercise, Probe, Step
from titans_book.memory import chunk_steps
from titans_book.memory.chunk_steps import decay_mask as mask

CHAPTER = "notebooks/06_going_parallel.ipynb"


def drawn(size: int, low: float, high: float) -> Callable[[torch.Generator], Tensor]:
    """Draws the gates of `size` tokens."""

    def make(generator: torch.Generator) -> Tensor:
        draw = torch.rand(size, generator=generator, dtype=torch.float64)
        return low + (high - low) * draw

    return make


def _masks(function: Callable) -> Iterator[Step]:
    """Gates of every kind: drawn, of another length, a single one, tiny, and exactly 0.

    -1 stands for what is no number.
    """
    g = torch.Generator().manual_seed(0)
    plain, longer = drawn(5, 0.3, 0.95)(g), drawn(8, 0.1, 1.0)(g)
    tiny, closed = plain.clone(), plain.clone()
    tiny[1:4], closed[2] = 1e-160, 0.0
    for decay in (plain, longer, plain[:1], tiny, closed):
        yield {"A": function(decay).nan_to_num(nan=-1.0)}


_masks.names = lambda: ("decay",)

decay_mask = Exercise(
    name="06.decay_mask",
    what="what is left at token t of what came in at token i",
    reference=chunk_steps.decay_mask,
    probe=_masks,
    load=lambda: (torch.full((160,), 0.9).double(),),
    hints=(
        "Look down one column of the mask, column i: it is 0 above the diagonal, 1 on it, and from "
        "there each row multiplies by the decay of its own token.",
        "decay is (b), the mask (b, b), row t, column i. `decay[:, None]` stands in every column; "
        "`x.cumprod(0)` multiplies down the columns; `x.tril()` keeps what is on the diagonal and "
        "below, `x.tril(-1)` only what is below.",
        "    return factors.cumprod(0).tril()\n"
        "    factors = torch.where(later, decay[:, None], 1.0)\n"
        "    later = decay.new_ones(len(decay), len(decay)).tril(-1) > 0",
    ),
    source="Titans eq. 16",
    taught=CHAPTER,
)


@decay_mask.wrong("How much of a write has faded at the very token that writes it?")
def fades_at_once(decay):
    """A token's own decay has already bitten into its own write: the diagonal must be 1."""
    return mask(decay) * decay


@decay_mask.wrong("Token 3 forgets, and then token 4 asks: which gates has token 2's write met?")
def is_one_gate_early(decay):
    """You multiply the gates i to t - 1. What is written at i meets the gates i + 1 to t."""
    return mask(decay.roll(1))


@decay_mask.wrong("Which index is the row: who asks, or who has written?")
def is_transposed(decay):
    """It is the right mask, transposed: rows are the tokens that ask (t), columns those that have
    written (i). Yours lets tokens see what comes after them."""
    return mask(decay).T


@decay_mask.wrong("How much of its own write does a token find in the memory after that write?")
def loses_the_diagonal(decay):
    """The diagonal is 0, so no token finds its own write. M_t is the memory after token t."""
    return mask(decay).tril(-1)


@decay_mask.wrong("What is 0 / 0, and how long does a running product take to get there?")
def divides(decay):
    """beta_t / beta_i is right on paper. In a computer the running product becomes 0 after enough
    small gates, or one that is 0, and then you divide 0 by 0: NaN, drawn as -1."""
    beta = decay.cumprod(0)
    return (beta[:, None] / beta[None, :]).tril()


@decay_mask.wrong("What is the logarithm of a gate that is 0, as eta is without momentum?")
def takes_the_logarithm(decay):
    """Differences of summed logarithms survive gates as small as you like, and fail for one that
    is exactly 0: infinity minus infinity is NaN, drawn as -1."""
    L = decay.log().cumsum(0)
    return (L[:, None] - L[None, :]).tril().exp().tril()


@decay_mask.wrong("Can token 1 know anything of token 4?")
def shows_the_future(decay):
    """What lies above the diagonal is not 0, so every token sees those after it."""
    A = mask(decay)
    return A + torch.ones_like(A).triu(1)


@decay_mask.wrong("Three gates of 0.5 lie between a write and a question: how much is left?")
def takes_the_last_gate(decay):
    """Each entry has one gate, that of the token that asks. Everything between writing and asking
    has to be multiplied."""
    return torch.where(mask(0 * decay + 1).tril(-1) > 0, decay[:, None], mask(0 * decay))


@decay_mask.wrong("Whose gate makes an old write fade: that of the writer, or those that follow?")
def fades_by_the_writers_gate(decay):
    """Each column fades with the gate of the token that wrote it. A write fades by the gates of
    the tokens that come after it."""
    b = len(decay)
    steps = torch.arange(b)[:, None] - torch.arange(b)[None, :]
    return (decay[None, :] ** steps.clamp(min=0)).tril()


@decay_mask.wrong("decay is what is kept. What would 1 - decay be?")
def keeps_what_it_should_lose(decay):
    """You multiply 1 - decay. What comes in is already the share that is kept."""
    return mask(1 - decay)


@decay_mask.wrong("Is a product of gates the same as one gate to a power, if the gates differ?")
def has_one_gate_for_all(decay):
    """You raise one gate to the power t - i. In Titans each token has a gate of its own."""
    return mask(decay[:1].expand(len(decay)))


@decay_mask.wrong("What does a running product down column 3 begin with?")
def counts_from_the_start(decay):
    """Every column has the same numbers, the product from the very first token on. Column i begins
    at i, with a 1."""
    return decay.cumprod(0)[:, None].expand(len(decay), len(decay)).tril()


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
