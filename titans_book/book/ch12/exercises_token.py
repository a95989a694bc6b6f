"""An exercise of chapter 12: one token of self-modifying Titans, from the input to five writes."""

from __future__ import annotations

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, normal, uniform, vector
from titans_book.steps import continuum as steps
from titans_book.steps.continuum import self_write
from titans_book.steps.deep import mlp_read

CHAPTER = "notebooks/12_continuum.ipynb"

self_token = Exercise(
    name="12.self_token",
    what="one token of memories that make their own keys, values and rates",
    reference=steps.self_token,
    probe=Probe(
        state={"W_1": normal(5, 3, 4, scale=0.6), "W_2": normal(5, 4, 3, scale=0.6)},
        inputs={"x": vector(3), "q": vector(3), "eta_max": uniform(0.3, 0.6)},
        returns=("W_1", "W_2", "y"),
        steps=4,
    ),
    hints=(
        "First ask: four memories see x, and the fifth sees q. Then make k, v and the two rates of "
        "what they said. Only when all of that is known, let all five write.",
        "Memory n is `W_1[n], W_2[n]`, and `mlp_read(W_1[n], W_2[n], x)` is (d). A rate is one "
        "number: the sigmoid of the mean of d numbers. `torch.stack` puts five layers together.",
        "    return W_1, W_2, y\n"
        "    W_1, W_2 = (torch.stack(layers) for layers in zip(*written))\n"
        "    k, v = k / k.norm(), v / v.norm()\n"
        "    keep = torch.sigmoid(alpha.mean() + 6)\n"
        "    written = [self_write(W_1[n], W_2[n], k, v, eta, keep) for n in range(5)]\n"
        "    k, v, eta, alpha, y = (mlp_read(W_1[n], W_2[n], asked) for n, asked in ...)\n"
        "    eta = eta_max * torch.sigmoid(eta.mean())",
    ),
    source="Nested Learning eqs. 83 to 93 with C = 1",
    taught=CHAPTER,
    misfit="W_1 is (5, d, m), W_2 is (5, m, d), and y is (d). Which of the five does your line "
    "ask?",
)


def _token(W_1, W_2, x, q, eta_max, unit=(True, True), more=6, swap=False, late=False, under=None):
    """The token, with the slips that several wrong versions are made of."""
    k, v, eta, alpha, y = (
        mlp_read(W_1[n], W_2[n], asked) for n, asked in enumerate((x, x, x, x, q))
    )
    k, v = (z / z.norm() if one else z for z, one in zip((k, v), unit, strict=True))
    k, v = (v, k) if swap else (k, v)
    k = k if under is None else under
    eta, keep = eta_max * torch.sigmoid(eta.mean()), torch.sigmoid(alpha.mean() + more)
    written = [self_write(W_1[n], W_2[n], k, v, eta, keep) for n in range(5)]
    W_1, W_2 = (torch.stack(layers) for layers in zip(*written, strict=True))
    return W_1, W_2, mlp_read(W_1[4], W_2[4], q) if late else y


@self_token.wrong("Which key did M_k make?")
def writes_under_the_token(W_1, W_2, x, q, eta_max):
    """You write under x. The memories are asked with x, but they are written under the key that
    M_k has made."""
    return _token(W_1, W_2, x, q, eta_max, under=x / x.norm())


@self_token.wrong("How long is your key?")
def leaves_the_key_as_long_as_it_is(W_1, W_2, x, q, eta_max):
    """You do not bring the key to length 1."""
    return _token(W_1, W_2, x, q, eta_max, unit=(False, True))


@self_token.wrong("How long is your value?")
def leaves_the_value_as_long_as_it_is(W_1, W_2, x, q, eta_max):
    """You do not bring the value to length 1, so the memories can talk it up."""
    return _token(W_1, W_2, x, q, eta_max, unit=(True, False))


@self_token.wrong("Has the memory that answers read this token already?")
def answers_after_the_write(W_1, W_2, x, q, eta_max):
    """You ask for the answer after the write. Here a token is answered by what was written
    before it."""
    return _token(W_1, W_2, x, q, eta_max, late=True)


@self_token.wrong("What would make the next key different from this one?")
def writes_the_answering_memory_alone(W_1, W_2, x, q, eta_max):
    """You write into the memory that answers, and leave those that make keys, values and rates as
    they were. Then nothing modifies itself."""
    after = _token(W_1, W_2, x, q, eta_max)
    still = [
        torch.cat([before[:4], now[4:]]) for before, now in zip((W_1, W_2), after[:2], strict=True)
    ]
    return *still, after[2]


@self_token.wrong("How much does a memory keep whose M_alpha says 0?")
def forgets_half_at_every_token(W_1, W_2, x, q, eta_max):
    """You leave out the 6, so a memory that says nothing yet lets go of half at every token."""
    return _token(W_1, W_2, x, q, eta_max, more=0)


@self_token.wrong("How large can your rate get?")
def lets_the_rate_reach_one(W_1, W_2, x, q, eta_max):
    """You leave out eta_max."""
    return _token(W_1, W_2, x, q, 1.0)


@self_token.wrong("Which of the five is asked with q?")
def asks_with_the_token(W_1, W_2, x, q, eta_max):
    """You ask the last memory with x. It answers q."""
    return _token(W_1, W_2, x, x, eta_max)


@self_token.wrong("Which of the five memories makes keys?")
def swaps_key_and_value(W_1, W_2, x, q, eta_max):
    """You take the key for the value, and the value for the key."""
    return _token(W_1, W_2, x, q, eta_max, swap=True)


@self_token.wrong("Is the sigmoid taken of the mean, or the mean of the sigmoids?")
def opens_the_gate_too_early(W_1, W_2, x, q, eta_max):
    """You take the sigmoid of every feature and then the mean. The mean comes first."""
    k, v, eta, alpha, y = (
        mlp_read(W_1[n], W_2[n], asked) for n, asked in enumerate((x, x, x, x, q))
    )
    k, v = k / k.norm(), v / v.norm()
    eta, keep = eta_max * torch.sigmoid(eta).mean(), torch.sigmoid(alpha + 6).mean()
    written = [self_write(W_1[n], W_2[n], k, v, eta, keep) for n in range(5)]
    W_1, W_2 = (torch.stack(layers) for layers in zip(*written, strict=True))
    return W_1, W_2, y


@self_token.wrong("When is the key made: before all writes, or again after each of them?")
def makes_its_key_again(W_1, W_2, x, q, eta_max):
    """You let M_k write first, and make the key of the other writes with the new one."""
    first = _token(W_1, W_2, x, q, eta_max)
    k = mlp_read(first[0][0], first[1][0], x)
    others = _token(W_1, W_2, x, q, eta_max, under=k / k.norm())
    mixed = [
        torch.cat([mine[:1], theirs[1:]])
        for mine, theirs in zip(first[:2], others[:2], strict=True)
    ]
    return *mixed, first[2]
