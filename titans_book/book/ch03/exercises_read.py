"""Exercise of chapter 03: the loop that reads a text with past surprise.

k is (T, d_in), v is (T, d_out); theta and eta are (T), a gate for each token.
"""

import torch

from titans_book.lab.learning.exercise import Exercise, Probe
from titans_book.steps.matrix import momentum_step, surprise_grad

CHAPTER = "notebooks/03_past_surprise.ipynb"


def read_all(k, v, theta, eta):
    """The book's version."""
    M = S = torch.zeros(k.shape[1], v.shape[1], dtype=k.dtype)
    past, memories = [], []
    for t in range(len(k)):
        u = surprise_grad(M, k[t], v[t])
        S = momentum_step(S, u, theta[t], eta[t])
        M = M + S
        past.append(S)
        memories.append(M)
    return torch.stack(past), torch.stack(memories)


def _normal(*shape):
    return lambda generator: torch.randn(*shape, generator=generator, dtype=torch.float64)


def _gates(low, high):
    return lambda g: low + (high - low) * torch.rand(5, generator=g, dtype=torch.float64)


read_all_exercise = Exercise(
    name="03.read_all",
    what="a text read with past surprise, with a record of S and M",
    reference=read_all,
    probe=Probe(
        inputs={
            "k": _normal(5, 4),
            "v": _normal(5, 3),
            "theta": _gates(0.1, 0.3),
            "eta": _gates(0.2, 0.9),
        },
        returns=("S", "M"),
        steps=3,
    ),
    hints=(
        "Before the loop: an empty M and an empty S. For each token, three things have to be "
        "computed, in the order in which each needs the one before. What is kept of them?",
        "M and S are (d_in, d_out), so k.shape[1] by v.shape[1], with k's dtype. The gates of "
        "token t are theta[t] and eta[t]. torch.stack makes one tensor of T matrices.",
        "    return torch.stack(past), torch.stack(memories)\n"
        "    M = M + S\n"
        "    past, memories = [], []\n"
        "    past.append(S)\n"
        "    u = surprise_grad(M, k[t], v[t])\n"
        "    memories.append(M)\n"
        "    M = S = torch.zeros(k.shape[1], v.shape[1], dtype=k.dtype)\n"
        "    S = momentum_step(S, u, theta[t], eta[t])\n"
        "    for t in range(len(k)):",
    ),
    source="Titans eqs. 9 and 10",
    taught=CHAPTER,
    part=False,
    grade="build",
    misfit="S and M are (d_in, d_out) at each of T tokens. Which of these three numbers is "
    "different in your result?",
)


def recorded(k, v, theta, eta, step, before=False):
    """The loop with another step(M, S, k, v, theta, eta) in it; returns the record."""
    M = S = torch.zeros(k.shape[1], v.shape[1], dtype=k.dtype)
    past, memories = [], []
    for one in zip(k, v, theta, eta, strict=True):
        old = S, M
        M, S = step(M, S, *one)
        for record, value in zip((past, memories), old if before else (S, M), strict=True):
            record.append(value)
    return torch.stack(past), torch.stack(memories)


def _right(M, S, k, v, theta, eta):
    S = momentum_step(S, surprise_grad(M, k, v), theta, eta)
    return M + S, S


@read_all_exercise.wrong("What is in the first row of your record: the memory before the token?")
def records_before_the_write(k, v, theta, eta):
    """You record S and M before the token is written, so everything comes one token late."""
    return recorded(k, v, theta, eta, _right, before=True)


@read_all_exercise.wrong("How many different tensors are in your list?")
def records_one_memory_many_times(k, v, theta, eta):
    """All rows of your record of M are the last memory. You change one tensor in place (`M += S`)
    and put it into the list again and again."""
    past, memories = read_all(k, v, theta, eta)
    return past, memories[-1:].expand_as(memories).clone()


@read_all_exercise.wrong("Which S does eq. 9 add to the memory: the old one, or the new one?")
def writes_the_old_past(k, v, theta, eta):
    """You write before S is updated, so each surprise reaches the memory one token late."""

    def step(M, S, k, v, theta, eta):
        new = momentum_step(S, surprise_grad(M, k, v), theta, eta)
        return M + S, new

    return recorded(k, v, theta, eta, step)


@read_all_exercise.wrong("Which memory should be surprised by token 3?")
def always_asks_the_empty_memory(k, v, theta, eta):
    """Every surprise is taken at the empty memory, so what was written is never seen."""
    empty = torch.zeros(k.shape[1], v.shape[1], dtype=k.dtype)
    return recorded(
        k, v, theta, eta, lambda M, S, k, v, theta, eta: _plus(M, S, empty, k, v, theta, eta)
    )


def _plus(M, S, asked, k, v, theta, eta):
    S = momentum_step(S, surprise_grad(asked, k, v), theta, eta)
    return M + S, S


@read_all_exercise.wrong("Who answers a question: M, or S?")
def asks_the_past(k, v, theta, eta):
    """You take the gradient at S. The memory that answers, and is surprised, is M."""
    return recorded(k, v, theta, eta, lambda M, S, *rest: _plus(M, S, S, *rest))


@read_all_exercise.wrong("What is left of a surprise at the next token, if S starts again at 0?")
def empties_the_past_at_every_token(k, v, theta, eta):
    """Nothing of S reaches the next token: it is set to 0 at each of them, or eta is not used."""
    return recorded(k, v, theta, eta, lambda M, S, *rest: _right(M, 0 * S, *rest))


@read_all_exercise.wrong("How many tokens does your memory know at the end?")
def empties_the_memory_at_every_token(k, v, theta, eta):
    """You make an empty M at every token. It belongs before the loop."""
    return recorded(k, v, theta, eta, lambda M, S, *rest: _right(0 * M, S, *rest))


@read_all_exercise.wrong("Eq. 9 has a sum. Where is what the memory knew before?")
def replaces_the_memory(k, v, theta, eta):
    """Your M is S alone. S has to be added to the memory."""

    def step(M, S, k, v, theta, eta):
        S = momentum_step(S, surprise_grad(M, k, v), theta, eta)
        return S, S

    return recorded(k, v, theta, eta, step)


@read_all_exercise.wrong("The minus is inside S already. Which sign does eq. 9 have?")
def subtracts_the_past(k, v, theta, eta):
    """You subtract S. It points downhill already, so it has to be added."""

    def step(M, S, k, v, theta, eta):
        S = momentum_step(S, surprise_grad(M, k, v), theta, eta)
        return M - S, S

    return recorded(k, v, theta, eta, step)


@read_all_exercise.wrong("Which gates belong to token 3?")
def uses_the_first_gates_only(k, v, theta, eta):
    """You use the gates of the first token for all of them. Each token has its own."""
    return read_all(k, v, theta[:1].expand_as(theta), eta[:1].expand_as(eta))


@read_all_exercise.wrong("In which order does `momentum_step` take its arguments?")
def swaps_the_gates(k, v, theta, eta):
    """theta and eta are swapped on the way into the step."""
    return read_all(k, v, eta, theta)


@read_all_exercise.wrong("Which gates does the first token get?")
def is_one_gate_late(k, v, theta, eta):
    """Each token gets the gates of the one before (t - 1 in the place of t)."""
    return read_all(k, v, theta.roll(1), eta.roll(1))


@read_all_exercise.wrong("In which order does the docstring name the two results?")
def returns_them_the_other_way_round(k, v, theta, eta):
    """You return M first and S second. The docstring asks for S first."""
    return read_all(k, v, theta, eta)[::-1]


@read_all_exercise.wrong("In which order does a reader meet the tokens?")
def reads_backwards(k, v, theta, eta):
    """You read the text from its end to its beginning."""
    return read_all(k.flip(0), v.flip(0), theta.flip(0), eta.flip(0))


@read_all_exercise.wrong("Which way does u point, and which way should the first write go?")
def walks_uphill(k, v, theta, eta):
    """The first write goes uphill: theta comes in with the wrong sign, or u is subtracted twice."""
    return read_all(k, v, -theta, eta)
