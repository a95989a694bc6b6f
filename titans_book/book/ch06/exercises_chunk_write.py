"""Memory and past surprise after a whole chunk, an exercise of chapter 06.

M and S are (d_in, d_out), k (b, d_in), v (b, d_out); theta, eta and alpha are (b).
"""

import torch

from titans_book.book.ch06.exercises import CHAPTER
from titans_book.book.ch06.exercises_chunk_read import GATES, PAIRS, writes
from titans_book.lab.learning.exercise import Exercise, Probe, normal
from titans_book.steps import chunk as chunk_steps
from titans_book.steps.chunk import chunk_coefficients as coefficients


def _write_terms(M, S, k, v, theta, eta, alpha):
    P, E, _, _ = coefficients(eta, alpha)
    D = writes(M, k, v, theta)
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
    return writes(M, k, v, theta), P[-1], E[-1], beta[-1], c[-1], eta.prod()


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
    D = writes(M, k, v, theta)
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


@chunk_write.wrong("c belongs to the S that came in. Which S do you add to M?")
def changes_S_first(M, S, k, v, theta, eta, alpha):
    """S is changed first, and M then takes in c of the new one. Both lines need the S that the
    chunk starts with."""
    D, P_b, E_b, beta, c, e = _given(M, k, v, theta, eta, alpha)
    S = e * S + k.T @ (E_b[:, None] * D)
    return beta * M + c * S + k.T @ (P_b[:, None] * D), S


@chunk_write.wrong("How much of S has the memory taken in after b tokens, each of them forgetting?")
def adds_the_past_surprise_in_full(M, S, k, v, theta, eta, alpha):
    """S is added to M in full. After b tokens the memory has taken in the last c of it."""
    D, P_b, E_b, beta, c, e = _given(M, k, v, theta, eta, alpha)
    return _written(M, S, k, D, P_b, E_b, beta, 0 * c + 1, e)


@chunk_write.wrong("Your chunk takes one step of eq. 13. How many does it have to take?")
def takes_a_single_step(M, S, k, v, theta, eta, alpha):
    """S is right, and then M takes a single step, (1 - alpha) M + S, as if the chunk were one
    token. b steps have been made meanwhile: that is what P and beta are for."""
    D, _, E_b, _, _, e = _given(M, k, v, theta, eta, alpha)
    S = e * S + k.T @ (E_b[:, None] * D)
    return (1 - alpha[-1]) * M + S, S


@chunk_write.wrong("Which index of P is the moment, and which the writer?")
def takes_the_last_column(M, S, k, v, theta, eta, alpha):
    """You take the last columns of P and E, what is left of the last token's write: only that token
    is written. The last rows are asked for, `P[-1]` and `E[-1]`."""
    P, E, beta, c = coefficients(eta, alpha)
    D = writes(M, k, v, theta)
    return _written(M, S, k, D, P[:, -1], E[:, -1], beta[-1], c[-1], eta.prod())


@chunk_write.wrong("How many moments are asked for here: all of the chunk, or the last one?")
def adds_up_all_moments(M, S, k, v, theta, eta, alpha):
    """`P @ D` has a row for every moment of the chunk, and `k.T @` pairs each with the key of that
    moment. Asked for is the last moment: each key with its own D, times its entry of `P[-1]`."""
    P, E, beta, c = coefficients(eta, alpha)
    D = writes(M, k, v, theta)
    return beta[-1] * M + c[-1] * S + k.T @ (P @ D), eta.prod() * S + k.T @ (E @ D)


@chunk_write.wrong("How many moments are asked for here: all of the chunk, or the last one?")
def adds_up_all_moments_of_M(M, S, k, v, theta, eta, alpha):
    """S is right. For M, `P @ D` has a row for every moment of the chunk; asked for is the last
    one: each key with its own D, times its entry of `P[-1]`."""
    P, E, beta, c = coefficients(eta, alpha)
    D = writes(M, k, v, theta)
    S_b = eta.prod() * S + k.T @ (E[-1, :, None] * D)
    return beta[-1] * M + c[-1] * S + k.T @ (P @ D), S_b
