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
    grade="build",
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
    gradients=False,
    misfit="W_1 is (5, d, m), W_2 is (5, m, d), k, v and y are (d), and the two rates are single "
    "numbers. Which of yours has another shape?",
)


def _unit(k, v):
    """Key and value, of length 1."""
    return k / k.norm(), v / v.norm()


def usual_rates(eta, alpha, eta_max):
    """The rate and the retention, of what two memories say."""
    return eta_max * torch.sigmoid(eta.mean()), torch.sigmoid(alpha.mean() + 6)


def token(W_1, W_2, x, q, eta_max, *, rates=usual_rates, order=range(5), unit=_unit, under=None):
    """The token, with the slips that several wrong versions are made of."""
    k, v, eta, alpha, y = (
        mlp_read(W_1[n], W_2[n], asked) for n, asked in zip(order, (x, x, x, x, q), strict=True)
    )
    k, v = unit(k, v)
    k = k if under is None else under
    eta, keep = rates(eta, alpha, eta_max)
    written = [self_write(W_1[n], W_2[n], k, v, eta, keep) for n in range(5)]
    W_1, W_2 = (torch.stack(layers) for layers in zip(*written, strict=True))
    return W_1, W_2, y


@self_token.wrong("Which key did M_k make?")
def writes_under_the_token(W_1, W_2, x, q, eta_max):
    """You write under x. The memories are asked with x, but they are written under the key that
    M_k has made."""
    return token(W_1, W_2, x, q, eta_max, under=x / x.norm())


@self_token.wrong("How long is your key?")
def leaves_the_key_as_long_as_it_is(W_1, W_2, x, q, eta_max):
    """You do not bring the key to length 1."""
    return token(W_1, W_2, x, q, eta_max, unit=lambda k, v: (k, v / v.norm()))


@self_token.wrong("How long is your value?")
def leaves_the_value_as_long_as_it_is(W_1, W_2, x, q, eta_max):
    """You do not bring the value to length 1, so the memories can talk it up."""
    return token(W_1, W_2, x, q, eta_max, unit=lambda k, v: (k / k.norm(), v))


@self_token.wrong("Has the memory that answers read this token already?")
def answers_after_the_write(W_1, W_2, x, q, eta_max):
    """You ask for the answer after the write. Here a token is answered by what was written
    before it."""
    W_1, W_2, _ = token(W_1, W_2, x, q, eta_max)
    return W_1, W_2, mlp_read(W_1[4], W_2[4], q)


@self_token.wrong("What would make the next key different from this one?")
def writes_the_answering_memory_alone(W_1, W_2, x, q, eta_max):
    """You write into the memory that answers, and leave those that make keys, values and rates as
    they were. Then nothing modifies itself."""
    after = token(W_1, W_2, x, q, eta_max)
    still = [
        torch.cat([before[:4], now[4:]]) for before, now in zip((W_1, W_2), after[:2], strict=True)
    ]
    return *still, after[2]


@self_token.wrong("How large can your rate get?")
def lets_the_rate_reach_one(W_1, W_2, x, q, eta_max):
    """You leave out eta_max."""
    return token(W_1, W_2, x, q, 1.0)


@self_token.wrong("Which of the five is asked with q?")
def asks_with_the_token(W_1, W_2, x, q, eta_max):
    """You ask the last memory with x. It answers q."""
    return token(W_1, W_2, x, x, eta_max)


@self_token.wrong("Which of the five memories makes keys?")
def swaps_key_and_value(W_1, W_2, x, q, eta_max):
    """You take the key for the value, and the value for the key."""
    return token(W_1, W_2, x, q, eta_max, order=(1, 0, 2, 3, 4))


@self_token.wrong("When is the key made: before all writes, or again after each of them?")
def makes_its_key_again(W_1, W_2, x, q, eta_max):
    """You let M_k write first, and make the key of the other writes with the new one."""
    first = token(W_1, W_2, x, q, eta_max)
    k = mlp_read(first[0][0], first[1][0], x)
    others = token(W_1, W_2, x, q, eta_max, under=k / k.norm())
    mixed = [
        torch.cat([mine[:1], theirs[1:]])
        for mine, theirs in zip(first[:2], others[:2], strict=True)
    ]
    return *mixed, first[2]


@self_token.wrong("Are the keys of the five writes the same?")
def asks_again_before_every_write(W_1, W_2, x, q, eta_max):
    """You ask all five memories again before each write, so the later ones are written with other
    keys, values and rates. Everything is made once, before the first write."""
    now = [W_1.clone(), W_2.clone()]
    for n in range(5):
        after = token(*now, x, q, eta_max)
        now = [torch.cat([W[:n], new[n : n + 1], W[n + 1 :]])
               for W, new in zip(now, after, strict=False)]  # fmt: skip
    return *now, mlp_read(W_1[4], W_2[4], q)


@self_token.wrong("What would the memory that answers have learned?")
def writes_the_four_makers_alone(W_1, W_2, x, q, eta_max):
    """You write into the four memories that make something, and leave the one that answers as it
    was. All five are written."""
    after = token(W_1, W_2, x, q, eta_max)
    layers = zip((W_1, W_2), after, strict=False)
    return *(torch.cat([new[:4], W[4:]]) for W, new in layers), after[2]


@self_token.wrong("Who asks a memory for its own value: `self_token`, or `self_write`?")
def makes_the_values_twice(W_1, W_2, x, q, eta_max):
    """You give each write the value that its memory makes of v, and `self_write` makes a value of
    that once more."""
    k, v, eta, alpha, y = (
        mlp_read(W_1[n], W_2[n], asked) for n, asked in enumerate((x, x, x, x, q))
    )
    k, v = _unit(k, v)
    rates = usual_rates(eta, alpha, eta_max)
    pairs = list(zip(W_1, W_2, strict=True))
    written = [self_write(*pair, k, mlp_read(*pair, v), *rates) for pair in pairs]
    return *(torch.stack(layers) for layers in zip(*written, strict=True)), y


@self_token.wrong("What is the value made of: of the token, or of its key?")
def makes_the_value_of_the_key(W_1, W_2, x, q, eta_max):
    """You ask M_v with the key. All four memories are asked with the token x."""

    def unit(k, v):
        k = k / k.norm()
        return _unit(k, mlp_read(W_1[1], W_2[1], k))

    return token(W_1, W_2, x, q, eta_max, unit=unit)


@self_token.wrong("How long is k / (k @ k)?")
def divides_by_the_square(W_1, W_2, x, q, eta_max):
    """You divide key and value by their squared length. By their length is asked for."""
    return token(W_1, W_2, x, q, eta_max, unit=lambda k, v: (k / (k @ k), v / (v @ v)))


@self_token.wrong("How long are your key and your value?")
def leaves_both_as_long_as_they_are(W_1, W_2, x, q, eta_max):
    """You bring neither the key nor the value to length 1."""
    return token(W_1, W_2, x, q, eta_max, unit=lambda k, v: (k, v))


@self_token.wrong("Which of the three is asked for as it is: k, v or q?")
def brings_the_query_to_length_1(W_1, W_2, x, q, eta_max):
    """You bring q to length 1 as well. The last memory is asked with q as it comes."""
    return token(W_1, W_2, x, q / q.norm(), eta_max)


@self_token.wrong("Where do the layers go that `self_write` returns?")
def throws_the_writes_away(W_1, W_2, x, q, eta_max):
    """No memory is written. `self_write` changes nothing in place. It returns the new layers, and
    they have to be put together."""
    return W_1.clone(), W_2.clone(), mlp_read(W_1[4], W_2[4], q)
