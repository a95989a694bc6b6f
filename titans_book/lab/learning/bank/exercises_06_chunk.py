"""Exercises of chapter 06, a whole chunk: all tokens read without a matrix per token, then written.

M and S are (d_in, d_out), q and k (b, d_in), v (b, d_out); theta, eta and alpha are (b).
"""

import torch

from titans_book.lab.learning.bank.exercises_06 import CHAPTER, drawn
from titans_book.lab.learning.exercise import Exercise, Probe, normal
from titans_book.memory import chunk_steps
from titans_book.memory.chunk_steps import chunk_coefficients as coefficients
from titans_book.memory.chunk_steps import decay_mask

GATES = {"theta": drawn(5, 0.1, 0.4), "eta": drawn(5, 0.2, 0.9), "alpha": drawn(5, 0.05, 0.4)}
PAIRS = {"k": normal(5, 4), "v": normal(5, 3)}


def _writes(M, k, v, theta):
    return theta[:, None] * (v - k @ M)


def _read_terms(M, S, q, k, v, theta, eta, alpha):
    P, E, beta, c = coefficients(eta, alpha)
    D, near = _writes(M, k, v, theta), q @ k.T
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
    return _read(M, S, q, k, _writes(M, k, v, theta), P, 0 * beta + 1, c)


@chunk_read.wrong("If theta were 0 throughout the chunk, would M still move?")
def forgets_the_past_surprise(M, S, q, k, v, theta, eta, alpha):
    """S is missing: what earlier chunks have set in motion goes on being written in this one."""
    P, _, beta, c = coefficients(eta, alpha)
    return _read(M, S, q, k, _writes(M, k, v, theta), P, beta, 0 * c)


@chunk_read.wrong("How much of S has come into the memory by token t? It has a name.")
def takes_the_past_surprise_in_full(M, S, q, k, v, theta, eta, alpha):
    """S is added in full to every answer. By token t the memory has taken in c_t of it."""
    P, _, beta, c = coefficients(eta, alpha)
    return _read(M, S, q, k, _writes(M, k, v, theta), P, beta, 0 * c + 1)


@chunk_read.wrong("P = A E. Which of the two knows about momentum?")
def leaves_out_momentum(M, S, q, k, v, theta, eta, alpha):
    """The mask is that of forgetting alone (A): the writes of this chunk have no after-shocks."""
    _, _, beta, c = coefficients(eta, alpha)
    return _read(M, S, q, k, _writes(M, k, v, theta), decay_mask(1 - alpha), beta, c)


@chunk_read.wrong("E says what is left in S. Which matrix says what is in M?")
def masks_with_momentum_only(M, S, q, k, v, theta, eta, alpha):
    """The mask is E: what momentum still holds. The answer comes from the memory, which has
    gathered all that momentum handed it: P."""
    _, E, beta, c = coefficients(eta, alpha)
    return _read(M, S, q, k, _writes(M, k, v, theta), E, beta, c)


@chunk_read.wrong("Is a write of four tokens ago as strong as that of this token?")
def masks_without_decay(M, S, q, k, v, theta, eta, alpha):
    """A mask of ones and zeros is the causal mask of attention. Here each entry says how much of a
    write is there: P."""
    P, _, beta, c = coefficients(eta, alpha)
    return _read(M, S, q, k, _writes(M, k, v, theta), torch.ones_like(P).tril(), beta, c)


@chunk_read.wrong("Titans has no softmax in its memory. What would it do to a negative product?")
def takes_a_softmax(M, S, q, k, v, theta, eta, alpha):
    """The habit of attention: a softmax over the products. A memory multiplies by what the keys
    have in common, and that may be negative."""
    P, _, beta, c = coefficients(eta, alpha)
    near = (q @ k.T).masked_fill(P == 0, float("-inf")).softmax(-1)
    old = beta[:, None] * (q @ M) + c[:, None] * (q @ S)
    return old + (near * P) @ _writes(M, k, v, theta)


@chunk_read.wrong("Where in q M_t would a square root of d come from?")
def scales_as_attention_does(M, S, q, k, v, theta, eta, alpha):
    """The habit of attention: the products are divided by the root of d. No memory does that."""
    P, _, beta, c = coefficients(eta, alpha)
    near = k / k.shape[1] ** 0.5
    return _read(M, S, q, near, _writes(M, k, v, theta), P, beta, c)


@chunk_read.wrong("Is what token i writes the error, or what mends it?")
def writes_the_error(M, S, q, k, v, theta, eta, alpha):
    """D has the wrong sign: k M - v is the error, and v - k M is what mends it."""
    P, _, beta, c = coefficients(eta, alpha)
    return _read(M, S, q, k, -_writes(M, k, v, theta), P, beta, c)


@chunk_read.wrong("Whose theta decides how hard token i writes?")
def uses_the_readers_theta(M, S, q, k, v, theta, eta, alpha):
    """theta belongs to the token that writes. Yours scales the answer of the token that asks."""
    P, _, beta, c = coefficients(eta, alpha)
    D = _writes(M, k, v, 0 * theta + 1)
    old = beta[:, None] * (q @ M) + c[:, None] * (q @ S)
    return old + theta[:, None] * ((q @ k.T * P) @ D)


@chunk_read.wrong("How hard should a token write whose theta is 0?")
def ignores_theta(M, S, q, k, v, theta, eta, alpha):
    """theta is missing: every token writes all that is missing."""
    P, _, beta, c = coefficients(eta, alpha)
    return _read(M, S, q, k, _writes(M, k, v, 0 * theta + 1), P, beta, c)


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
    return _read(M, S, q, k, _writes(M, k, v, theta), P, beta, c)


@chunk_read.wrong("In `q @ k.T`, does row t belong to the token that asks?")
def crosses_q_and_k(M, S, q, k, v, theta, eta, alpha):
    """`k @ q.T` has the token that writes in its rows; P has the one that asks there."""
    P, _, beta, c = coefficients(eta, alpha)
    old = beta[:, None] * (q @ M) + c[:, None] * (q @ S)
    return old + (k @ q.T * P) @ _writes(M, k, v, theta)


@chunk_read.wrong("What is surprised by v: the answer to the key, or to the query?")
def is_surprised_at_the_query(M, S, q, k, v, theta, eta, alpha):
    """D is measured with q M. What a token writes depends on what the memory answers to its key."""
    P, _, beta, c = coefficients(eta, alpha)
    return _read(M, S, q, k, _writes(M, q, v, theta), P, beta, c)


def _write_terms(M, S, k, v, theta, eta, alpha):
    P, E, _, _ = coefficients(eta, alpha)
    D = _writes(M, k, v, theta)
    return {
        "M": M,
        "S": S,
        "kᵀ (P_b D)": k.T @ (P[-1, :, None] * D),
        "kᵀ (E_b D)": k.T @ (E[-1, :, None] * D),
        "kᵀ D": k.T @ D,
    }


chunk_write = Exercise(
    name="06.chunk_write",
    what="memory and past surprise after a chunk",
    reference=chunk_steps.chunk_write,
    probe=Probe(
        state={"M": normal(4, 3), "S": normal(4, 3, scale=0.3)},
        inputs={**PAIRS, **GATES},
        returns=("M", "S"),
        steps=4,
    ),
    load=lambda: (
        *torch.randn(2, 32, 32).double(), *torch.randn(2, 64, 32).double(),
        *torch.full((3, 64), 0.1).double(),
    ),
    hints=(
        "After the last token: what is left of M and S, and what is left of each token's write. "
        "Which row of P says that for M, and which of E for S?",
        "`P[-1, :, None]` is the last row of P, stood up so that it multiplies the rows of D; then "
        "`k.T @ ...` is (d_in, d_out). M has beta[-1] and c[-1], and of S itself the product of "
        "all eta is left.",
        "    return M_b, S_b\n    D = theta[:, None] * (v - k @ M)\n"
        "    S_b = eta.prod() * S + k.T @ (E[-1, :, None] * D)\n"
        "    P, E, beta, c = chunk_coefficients(eta, alpha)\n"
        "    M_b = beta[-1] * M + c[-1] * S + k.T @ (P[-1, :, None] * D)",
    ),
    terms=_write_terms,
    source="Titans eqs. 16 to 18",
    taught=CHAPTER,
)  # fmt: skip


def _written(M, S, k, D, P_b, E_b, beta, c, e):
    return (
        beta * M + c * S + k.T @ (P_b[:, None] * D),
        e * S + k.T @ (E_b[:, None] * D),
    )


def _given(M, k, v, theta, eta, alpha):
    """D, the last rows of P and E, the last beta and c, and e."""
    P, E, beta, c = coefficients(eta, alpha)
    return _writes(M, k, v, theta), P[-1], E[-1], beta[-1], c[-1], eta.prod()


@chunk_write.wrong("Is the first token's write as strong at the end as the last one's?")
def only_adds_up(M, S, k, v, theta, eta, alpha):
    """Each write counts once and in full, in M and in S. The last rows of P and E say how much of
    it is left."""
    D, P_b, E_b, *rest = _given(M, k, v, theta, eta, alpha)
    return _written(M, S, k, D, 0 * P_b + 1, 0 * E_b + 1, *rest)


@chunk_write.wrong("P belongs to M. What belongs to S?")
def takes_P_for_both(M, S, k, v, theta, eta, alpha):
    """S takes in the writes with P. That is what the memory has gathered of them; momentum itself
    holds E."""
    D, P_b, _, *rest = _given(M, k, v, theta, eta, alpha)
    return _written(M, S, k, D, P_b, P_b, *rest)


@chunk_write.wrong("E says what is left in S. Which matrix says what has come into M?")
def takes_E_for_both(M, S, k, v, theta, eta, alpha):
    """M takes in the writes with E, what momentum still holds. The memory has gathered more: P."""
    D, _, E_b, *rest = _given(M, k, v, theta, eta, alpha)
    return _written(M, S, k, D, E_b, E_b, *rest)


@chunk_write.wrong("If theta were 0 in this chunk, would M still move?")
def forgets_the_past_surprise_in_M(M, S, k, v, theta, eta, alpha):
    """S from the chunks before is missing in M: it goes on being written, c of it."""
    D, P_b, E_b, beta, c, e = _given(M, k, v, theta, eta, alpha)
    return _written(M, S, k, D, P_b, E_b, beta, 0 * c, e)


@chunk_write.wrong("How much of the M that came in is left at the end?")
def never_forgets(M, S, k, v, theta, eta, alpha):
    """The M that came in stays in full; the last beta of it is left."""
    D, P_b, E_b, beta, c, e = _given(M, k, v, theta, eta, alpha)
    return _written(M, S, k, D, P_b, E_b, 0 * beta + 1, c, e)


@chunk_write.wrong("Is a border of a chunk an event in the text, that surprise should end there?")
def drops_momentum_at_the_border(M, S, k, v, theta, eta, alpha):
    """Your S begins anew in each chunk. A border moves only the place where surprise is measured;
    what is left of the old S is carried on."""
    D, P_b, E_b, beta, c, e = _given(M, k, v, theta, eta, alpha)
    return _written(M, S, k, D, P_b, E_b, beta, c, e)[0], k.T @ (E_b[:, None] * D)


@chunk_write.wrong("What have b tokens, each with its eta, left of S?")
def never_fades_the_past(M, S, k, v, theta, eta, alpha):
    """The S that came in stays in full; the product of all eta is what is left of it."""
    D, P_b, E_b, beta, c, e = _given(M, k, v, theta, eta, alpha)
    return _written(M, S, k, D, P_b, E_b, beta, c, 0 * e + 1)


@chunk_write.wrong("How many tokens has S passed by the end of the chunk: one, or b?")
def fades_the_past_once(M, S, k, v, theta, eta, alpha):
    """The S that came in fades by the last eta only. It has passed all of them."""
    D, P_b, E_b, beta, c, _ = _given(M, k, v, theta, eta, alpha)
    return _written(M, S, k, D, P_b, E_b, beta, c, eta[-1])


@chunk_write.wrong("Which row of P belongs to the last token?")
def takes_the_first_column(M, S, k, v, theta, eta, alpha):
    """You take the first columns of P and E: what is left of token 1's write as time goes on. The
    last rows are asked for: what is left of every write at the end."""
    P, E, beta, c = coefficients(eta, alpha)
    D = _writes(M, k, v, theta)
    return _written(M, S, k, D, P[:, 0], E[:, 0], beta[-1], c[-1], eta.prod())


@chunk_write.wrong("Which gate does a token's own write meet: its own, or only later ones?")
def takes_the_diagonal(M, S, k, v, theta, eta, alpha):
    """The weights are the diagonals of P and E, which are 1, for M only: M gathers each write
    once, without after-shocks and without fading."""
    D, P_b, E_b, *rest = _given(M, k, v, theta, eta, alpha)
    return _written(M, S, k, D, 0 * P_b + 1, E_b, *rest)


@chunk_write.wrong("Is what a token writes the error, or what mends it?")
def writes_the_errors(M, S, k, v, theta, eta, alpha):
    """D has the wrong sign, so every chunk makes the error larger."""
    D, *rest = _given(M, k, v, theta, eta, alpha)
    return _written(M, S, k, -D, *rest)


@chunk_write.wrong("How hard should a token write whose theta is 0?")
def leaves_out_theta(M, S, k, v, theta, eta, alpha):
    """theta is missing: every token writes all that is missing."""
    D, *rest = _given(M, k, v, 0 * theta + 1, eta, alpha)
    return _written(M, S, k, D, *rest)


@chunk_write.wrong("Do sixteen tokens that write the same count once, or sixteen times?")
def averages_the_chunk(M, S, k, v, theta, eta, alpha):
    """You average over the tokens of the chunk. The equation adds them up (and that is where a
    chunk's danger comes from)."""
    D, *rest = _given(M, k, v, theta, eta, alpha)
    return _written(M, S, k, D / len(k), *rest)


@chunk_write.wrong("If the memory knew all pairs already, what should the chunk write?")
def writes_the_values(M, S, k, v, theta, eta, alpha):
    """The tokens write their values, whatever M answers. What is missing is v - k M."""
    _, *rest = _given(M, k, v, theta, eta, alpha)
    return _written(M, S, k, theta[:, None] * v, *rest)


@chunk_write.wrong("In which order does the docstring name them?")
def returns_S_first(M, S, k, v, theta, eta, alpha):
    """All is right but the order: you return S before M."""
    return _written(M, S, k, *_given(M, k, v, theta, eta, alpha))[::-1]
