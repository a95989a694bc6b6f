"""Exercises of chapter 06, going parallel: the decay mask, with what people write instead.

A gate is a (b) tensor, one number a token; masks are (b, b), row t, column i.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.steps import chunk as chunk_steps
from titans_book.steps.chunk import decay_mask as mask

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


@decay_mask.wrong("As time goes on, does one move down a column of the mask, or along a row?")
def runs_along_the_rows(decay):
    """Your products run along the rows. A row is one moment; a write grows older down its
    column."""
    later = decay.new_ones(len(decay), len(decay)).tril(-1) > 0
    return torch.where(later, decay[:, None], 1.0).cumprod(1).tril()


@decay_mask.wrong("How large is 1e-8 beside a running product that has become 1e-12?")
def divides_with_a_little_extra(decay):
    """You divide, with a small number added below so that it cannot be 0. That number is soon
    larger than what it stands beside."""
    beta = decay.cumprod(0)
    return (beta[:, None] / (beta[None, :] + 1e-8)).tril()


@decay_mask.wrong("What does a product begin with, if its first factor is 0?")
def runs_into_the_zeros(decay):
    """The product runs into the zeros that you put above the diagonal, and stays 0. Ones have to
    stand there while you multiply; what is above the diagonal is cut off last."""
    return decay[:, None].expand(len(decay), len(decay)).tril().cumprod(0)
