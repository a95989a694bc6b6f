"""All tokens of a chunk read without a matrix per token, an exercise of chapter 06.

M and S are (d_in, d_out), q and k (b, d_in), v (b, d_out); theta, eta and alpha are (b).
"""

import torch

from titans_book.book.ch06.exercises import CHAPTER, drawn
from titans_book.lab.learning.exercise import Exercise, Probe, normal
from titans_book.steps import chunk as chunk_steps
from titans_book.steps.chunk import chunk_coefficients as coefficients
from titans_book.steps.chunk import decay_mask

GATES = {"theta": drawn(5, 0.1, 0.4), "eta": drawn(5, 0.2, 0.9), "alpha": drawn(5, 0.05, 0.4)}
PAIRS = {"k": normal(5, 4), "v": normal(5, 3)}


def writes(M, k, v, theta):
    """D: what each token writes under its key."""
    return theta[:, None] * (v - k @ M)


def _read_terms(M, S, q, k, v, theta, eta, alpha):
    P, E, beta, c = coefficients(eta, alpha)
    D, near = writes(M, k, v, theta), q @ k.T
    return {
        "β q M": beta[:, None] * (q @ M),
        "c q S": c[:, None] * (q @ S),
        "(q kᵀ * P) D": (near * P) @ D,
        "q M": q @ M,
        "q S": q @ S,
        "(q kᵀ * E) D": (near * E) @ D,
        "q kᵀ D": near @ D,
    }


chunk_read = Exercise(
    name="06.chunk_read",
    what="the answers of all tokens of a chunk",
    reference=chunk_steps.chunk_read,
    probe=Probe(
        inputs={"M": normal(4, 3), "S": normal(4, 3), "q": normal(5, 4), **PAIRS, **GATES},
        returns=("Y",),
    ),
    load=lambda: (
        *torch.randn(2, 32, 32).double(), *torch.randn(3, 64, 32).double(),
        *torch.full((3, 64), 0.1).double(),
    ),
    hints=(
        "An answer has three parts: what is left of M, what S has added since, and what the tokens "
        "of this chunk have written. The third is a masked attention without softmax.",
        "D = theta (v - k M) is (b, d_out), and theta needs `[:, None]` to stand beside its token. "
        "`q @ k.T` is (b, b), row t, column i, just as P is: multiply them entry by entry.",
        "    return old + (q @ k.T * P) @ D\n"
        "    old = beta[:, None] * (q @ M) + c[:, None] * (q @ S)\n"
        "    P, _, beta, c = chunk_coefficients(eta, alpha)\n"
        "    D = theta[:, None] * (v - k @ M)",
    ),
    terms=_read_terms,
    source="Titans eqs. 15 to 18",
    taught=CHAPTER,
)  # fmt: skip


def _read(M, S, q, k, D, P, beta, c):
    return beta[:, None] * (q @ M) + c[:, None] * (q @ S) + (q @ k.T * P) @ D


@chunk_read.wrong("What can token 1 know of token 5?")
def reads_after_the_whole_chunk(M, S, q, k, v, theta, eta, alpha):
    """Every token reads the memory at the end of the chunk: it sees what later tokens write."""
    M, _ = chunk_steps.chunk_write(M, S, k, v, theta, eta, alpha)
    return q @ M


@chunk_read.wrong("A pair and then its question stand in one chunk. What should be the answer?")
def reads_before_the_chunk(M, S, q, k, v, theta, eta, alpha):
    """Every token reads the memory that the chunk starts with. Frozen is only where surprise is
    measured; what has been written in the chunk can be read at once."""
    return q @ M


@chunk_read.wrong("What has happened to M_0 by the fifth token?")
def never_forgets_the_start(M, S, q, k, v, theta, eta, alpha):
    """M_0 stands in the answers in full. By token t only beta_t of it is left."""
    P, _, beta, c = coefficients(eta, alpha)
    return _read(M, S, q, k, writes(M, k, v, theta), P, 0 * beta + 1, c)


@chunk_read.wrong("If theta were 0 throughout the chunk, would M still move?")
def forgets_the_past_surprise(M, S, q, k, v, theta, eta, alpha):
    """S is missing: what earlier chunks have set in motion goes on being written in this one."""
    P, _, beta, c = coefficients(eta, alpha)
    return _read(M, S, q, k, writes(M, k, v, theta), P, beta, 0 * c)


@chunk_read.wrong(
    "By token t, how much of S has come into the memory, and what is that number called?"
)
def takes_the_past_surprise_in_full(M, S, q, k, v, theta, eta, alpha):
    """S is added in full to every answer. By token t the memory has taken in c_t of it."""
    P, _, beta, c = coefficients(eta, alpha)
    return _read(M, S, q, k, writes(M, k, v, theta), P, beta, 0 * c + 1)


@chunk_read.wrong("P = A E. Which of the two knows about momentum?")
def leaves_out_momentum(M, S, q, k, v, theta, eta, alpha):
    """The mask is that of forgetting alone (A): the writes of this chunk have no after-shocks."""
    _, _, beta, c = coefficients(eta, alpha)
    return _read(M, S, q, k, writes(M, k, v, theta), decay_mask(1 - alpha), beta, c)


@chunk_read.wrong("E says what is left in S. Which matrix says what is in M?")
def masks_with_momentum_only(M, S, q, k, v, theta, eta, alpha):
    """The mask is E: what momentum still holds. The answer comes from the memory, which has
    gathered all that momentum handed it: P."""
    _, E, beta, c = coefficients(eta, alpha)
    return _read(M, S, q, k, writes(M, k, v, theta), E, beta, c)


@chunk_read.wrong("Is a write of four tokens ago as strong as that of this token?")
def masks_without_decay(M, S, q, k, v, theta, eta, alpha):
    """A mask of ones and zeros is the causal mask of attention. Here each entry says how much of a
    write is there: P."""
    P, _, beta, c = coefficients(eta, alpha)
    return _read(M, S, q, k, writes(M, k, v, theta), torch.ones_like(P).tril(), beta, c)


@chunk_read.wrong("Titans has no softmax in its memory. What would it do to a negative product?")
def takes_a_softmax(M, S, q, k, v, theta, eta, alpha):
    """The habit of attention: a softmax over the products. A memory multiplies by what the keys
    have in common, and that may be negative."""
    P, _, beta, c = coefficients(eta, alpha)
    near = (q @ k.T).masked_fill(P == 0, float("-inf")).softmax(-1)
    old = beta[:, None] * (q @ M) + c[:, None] * (q @ S)
    return old + (near * P) @ writes(M, k, v, theta)


@chunk_read.wrong("Where in q M_t would a square root of d come from?")
def scales_as_attention_does(M, S, q, k, v, theta, eta, alpha):
    """The habit of attention: the products are divided by the root of d. No memory does that."""
    P, _, beta, c = coefficients(eta, alpha)
    near = k / k.shape[1] ** 0.5
    return _read(M, S, q, near, writes(M, k, v, theta), P, beta, c)


@chunk_read.wrong("Is what token i writes the error, or what mends it?")
def writes_the_error(M, S, q, k, v, theta, eta, alpha):
    """D has the wrong sign: k M - v is the error, and v - k M is what mends it."""
    P, _, beta, c = coefficients(eta, alpha)
    return _read(M, S, q, k, -writes(M, k, v, theta), P, beta, c)


@chunk_read.wrong("Whose theta decides how hard token i writes?")
def uses_the_readers_theta(M, S, q, k, v, theta, eta, alpha):
    """theta belongs to the token that writes. Yours scales the answer of the token that asks."""
    P, _, beta, c = coefficients(eta, alpha)
    D = writes(M, k, v, 0 * theta + 1)
    old = beta[:, None] * (q @ M) + c[:, None] * (q @ S)
    return old + theta[:, None] * ((q @ k.T * P) @ D)


@chunk_read.wrong("How hard should a token write whose theta is 0?")
def ignores_theta(M, S, q, k, v, theta, eta, alpha):
    """theta is missing: every token writes all that is missing."""
    P, _, beta, c = coefficients(eta, alpha)
    return _read(M, S, q, k, writes(M, k, v, 0 * theta + 1), P, beta, c)


@chunk_read.wrong("If the memory knew the pair already, what should the token write?")
def writes_without_looking(M, S, q, k, v, theta, eta, alpha):
    """The tokens write their values, whatever M answers: that is linear attention with a decay."""
    P, _, beta, c = coefficients(eta, alpha)
    return _read(M, S, q, k, theta[:, None] * v, P, beta, c)


@chunk_read.wrong("Which memory does the docstring say token t asks: M_t, or M_{t-1}?")
def reads_one_token_early(M, S, q, k, v, theta, eta, alpha):
    """Each token reads the memory before its own write. That is read=\"before\", a reading of
    eq. 15 that others take; the book's default is M_t."""
    P, _, beta, c = coefficients(eta, alpha)
    P, beta, c = P.roll(1, 0).tril(-1), beta.roll(1), c.roll(1)
    beta[0], c[0] = 1.0, 0.0
    return _read(M, S, q, k, writes(M, k, v, theta), P, beta, c)


@chunk_read.wrong("In `q @ k.T`, does row t belong to the token that asks?")
def crosses_q_and_k(M, S, q, k, v, theta, eta, alpha):
    """`k @ q.T` has the token that writes in its rows; P has the one that asks there."""
    P, _, beta, c = coefficients(eta, alpha)
    old = beta[:, None] * (q @ M) + c[:, None] * (q @ S)
    return old + (k @ q.T * P) @ writes(M, k, v, theta)


@chunk_read.wrong("What is surprised by v: the answer to the key, or to the query?")
def is_surprised_at_the_query(M, S, q, k, v, theta, eta, alpha):
    """D is measured with q M. What a token writes depends on what the memory answers to its key."""
    P, _, beta, c = coefficients(eta, alpha)
    return _read(M, S, q, k, writes(M, q, v, theta), P, beta, c)


@chunk_read.wrong(
    "P says how much of each write is there. Is that a factor of each entry, or a sum?"
)
def multiplies_the_masks(M, S, q, k, v, theta, eta, alpha):
    """`q @ k.T @ P` mixes the tokens. P is a mask: it multiplies q @ k.T entry by entry, with
    `*`."""
    P, _, beta, c = coefficients(eta, alpha)
    old = beta[:, None] * (q @ M) + c[:, None] * (q @ S)
    return old + (q @ k.T @ P) @ writes(M, k, v, theta)


@chunk_read.wrong("Which of the two says what is left of M, and which what S has added?")
def crosses_beta_and_c(M, S, q, k, v, theta, eta, alpha):
    """beta and c have changed places: beta is what is left of M, c what has come in from S."""
    P, _, beta, c = coefficients(eta, alpha)
    return _read(M, S, q, k, writes(M, k, v, theta), P, c, beta)


@chunk_read.wrong(
    "P holds forgetting already. How often is a write of this chunk forgotten in yours?"
)
def forgets_everything_twice(M, S, q, k, v, theta, eta, alpha):
    """beta stands before all three parts. It belongs to M alone: c and P know of forgetting."""
    P, _, beta, c = coefficients(eta, alpha)
    return beta[:, None] * _read(M, S, q, k, writes(M, k, v, theta), P, 0 * beta + 1, c)
