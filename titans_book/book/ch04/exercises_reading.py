"""Exercise of chapter 04: read a journey token by token, with a gate that is asked at each of them.

k is (T, d_in), v is (T, d_out), words are (n, d_in), meant is (T, n, d_out);
step(M, S, k, v, alpha) returns M and S, gate(surprise, usual) returns alpha.
"""

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, normal, uniform
from titans_book.steps.matrix import surprise_grad
from titans_book.steps.matrix import titans_step as titans

CHAPTER = "notebooks/04_forgetting.ipynb"
PACE, TOKENS, WORDS, D_IN, D_OUT = 0.1, 7, 3, 4, 5


def _lasting(M, S, k, v, words, meant):
    """The error after a token, as the book measures it."""
    return (words @ M - meant).square().sum() / meant.square().sum()


def _felt(M, k, v):
    return surprise_grad(M, k, v).norm()


def _read(step, gate, k, v, words, meant, felt=_felt, judge=_lasting, follow=None, order=""):
    """Read a journey; the wrong versions differ in what they feel, judge, and follow."""
    M = S = torch.zeros(k.shape[1], v.shape[1], dtype=k.dtype)
    usual, errors = torch.zeros((), dtype=k.dtype), []
    follow = follow or (lambda usual, size, t: size if t == 0 else usual + PACE * (size - usual))
    for t in range(len(k)):
        size = felt(M, k[t], v[t])
        if order == "follow first":
            usual = follow(usual, size, t)
        before = judge(M, S, k[t], v[t], words, meant[t])
        alpha = gate(size, usual)
        M, S = step(M, S, k[t], v[t], alpha)
        usual = usual if order == "follow first" else follow(usual, size, t)
        after = judge(M, S, k[t], v[t], words, meant[t])
        errors.append(before if order == "judge first" else after)
    return torch.stack(errors)


def read_journey(step, gate, k, v, words, meant):
    """The book's version."""
    M = S = torch.zeros(k.shape[1], v.shape[1], dtype=k.dtype)
    usual, errors = torch.zeros((), dtype=k.dtype), []
    for t in range(len(k)):
        surprise = surprise_grad(M, k[t], v[t]).norm()
        M, S = step(M, S, k[t], v[t], gate(surprise, usual))
        usual = surprise if t == 0 else usual + 0.1 * (surprise - usual)
        missing = (words @ M - meant[t]).square().sum()
        errors.append(missing / meant[t].square().sum())
    return torch.stack(errors)


def _steps(generator):
    """Titans' step with gates of its own."""
    theta, eta = (float(uniform(*range_)(generator)) for range_ in ((0.1, 0.3), (0.3, 0.8)))
    return lambda M, S, k, v, alpha: titans(M, S, k, v, theta, eta, alpha)


def _gates(generator):
    """A gate that shows whatever it is told: it is smooth in both of its arguments."""
    scale = float(uniform(1.0, 2.0)(generator))
    return lambda surprise, usual: torch.sigmoid(scale * (surprise - 1.5 * usual) - 1)


journey = Exercise(
    name="04.read_journey",
    what="how wrong a memory is after each token of a journey",
    grade="build",
    reference=read_journey,
    probe=Probe(
        inputs={
            "step": _steps,
            "gate": _gates,
            "k": normal(TOKENS, D_IN, scale=0.6),
            "v": normal(TOKENS, D_OUT),
            "words": normal(WORDS, D_IN, scale=0.6),
            "meant": normal(TOKENS, WORDS, D_OUT),
        },
        returns=("errors",),
        steps=3,
        seed=5,
    ),
    hints=(
        "Five things happen at each token, in this order: be surprised, ask the gate, take the "
        "step, follow what is usual, and ask for all the words. Three of them change something "
        "that the next token needs. Which three names does your loop carry along?",
        "M and S are (d_in, d_out), zero at first. `words @ M` are the answers to all words, "
        "(n, d_out), and meant[t] is what they should be. torch.stack makes one tensor of a list.",
        "    return torch.stack(errors)\n"
        "    for t in range(len(k)):\n"
        "    errors.append(missing / meant[t].square().sum())\n"
        "    usual = surprise if t == 0 else usual + 0.1 * (surprise - usual)\n"
        "    M = S = torch.zeros(k.shape[1], v.shape[1], dtype=k.dtype)\n"
        "    missing = (words @ M - meant[t]).square().sum()\n"
        "    usual, errors = torch.zeros((), dtype=k.dtype), []\n"
        "    M, S = step(M, S, k[t], v[t], alpha)\n"
        "    surprise = surprise_grad(M, k[t], v[t]).norm()\n"
        "    alpha = gate(surprise, usual)",
    ),
    source="the book's loop",
    taught=CHAPTER,
    part=False,
    misfit="k is (T, d_in), v is (T, d_out), M and S are (d_in, d_out), words are (n, d_in), and "
    "meant[t] is (n, d_out). T numbers come back. Which of these is different in your version?",
)
