"""The open exercise of chapter 07: slow weights made by hand, tried on a small memory.

A learner says what a token's key, question and write rate are, given that token and the one before
it, which is what a layer with a short convolution could compute. A memory of 4 by 12 numbers then
reads three tasks by the delta rule. Keys and questions are brought to length 1, and noise is added
to every answer, so that a faint answer is of no use.

symbol    meaning                                                    shape
k, q      a key and a question for each (token before, token)         (24, 24, 4)
theta     the write rate, from 0 to 1                                 (24, 24)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from titans_book.tasks.batch import TaskBatch
from titans_book.tasks.recall import mqar

__all__ = [
    "BAR",
    "DIM",
    "LETTERS",
    "TASKS",
    "Tables",
    "gram",
    "scores",
    "tables",
    "task",
    "trained",
]

DIM, VOCAB, LETTERS, NUMBERS = 4, 24, 11, 12
NOISE, BAR = 0.1, 0.8
TASKS = {
    "four pairs": {"pairs": 4},
    "six pairs": {"pairs": 6},
    "told twice": {"pairs": 4, "updates": 4},
}
Rule = Callable[[int, int], tuple[Tensor, Tensor, float]]


class Tables(NamedTuple):
    """Keys, questions and write rates for every pair of tokens; see the top of this file."""

    k: Float[Tensor, "before now dim"]
    q: Float[Tensor, "before now dim"]
    theta: Float[Tensor, "before now"]


def task(name: str, batch: int = 200, seed: int = 7) -> TaskBatch:
    """Sequences of 32 tokens of one of the three tasks."""
    where = seed + list(TASKS).index(name)
    return mqar(batch, time=32, vocab=VOCAB, power=1.0, fill=True, seed=where, **TASKS[name])


def tables(rule: Rule) -> Tables:
    """Ask a rule about all pairs of tokens; what it says is brought to length 1, and to 0 ... 1."""
    answers = [rule(before, now) for before in range(VOCAB) for now in range(VOCAB)]
    k, q, theta = zip(*answers, strict=True)
    square = VOCAB, VOCAB
    rate = torch.tensor([float(one) for one in theta], dtype=torch.float64).view(square)
    rows = (_rows(one).view(*square, DIM) for one in (k, q))
    return Tables(*rows, rate.clamp(0, 1))


def _rows(vectors: tuple) -> Tensor:
    """Vectors of length 1, or 0 where nothing is said."""
    rows = torch.stack([torch.as_tensor(one, dtype=torch.float64) for one in vectors])
    return F.normalize(rows.nan_to_num(0, 0, 0), dim=-1)


def read(given: Tables, tokens: Tensor) -> Float[Tensor, "batch time numbers"]:
    """What the memory answers at every token: written first, then asked."""
    before = F.pad(tokens[:, :-1], (1, 0))
    k, q, theta = (table[before, tokens] for table in given)
    v = torch.eye(VOCAB, dtype=k.dtype)[tokens][..., LETTERS + 1 :]  # a letter has the value 0
    M, answers = torch.zeros(len(tokens), DIM, NUMBERS, dtype=k.dtype), []
    for t in range(tokens.shape[1]):
        missing = v[:, t] - (k[:, t, None] @ M)[:, 0]
        M = M + theta[:, t, None, None] * k[:, t, :, None] * missing[:, None]
        answers.append((q[:, t, None] @ M)[:, 0])
    return torch.stack(answers, 1)


def scores(given: Tables | Rule) -> dict[str, float]:
    """The share of right answers in each task, with noise; the smallest one counts."""
    given = given if isinstance(given, Tables) else tables(given)
    found = {}
    for place, name in enumerate(TASKS):
        batch = task(name)
        heard = read(given, batch.inputs)
        g = torch.Generator().manual_seed(place)
        heard = heard + NOISE * torch.randn(heard.shape, generator=g, dtype=heard.dtype)
        right = heard.argmax(-1) + LETTERS + 1 == batch.targets
        found[name] = float(right[batch.asked].double().mean())
    return found


def gram(given: Tables | Rule) -> Float[Tensor, "letters letters"]:
    """How alike the keys of two letters are, for a number (token 12) told after each."""
    given = given if isinstance(given, Tables) else tables(given)
    k = given.k[1 : LETTERS + 1, LETTERS + 1]
    return k @ k.T


@lru_cache(maxsize=2)
def trained(steps: int = 60) -> Tables:
    """What an outer loop finds: a key for each letter and one write rate, trained on the tasks."""
    g = torch.Generator().manual_seed(0)
    keys = torch.randn(LETTERS, DIM, generator=g, dtype=torch.float64).requires_grad_()
    rate, loud = torch.zeros(()).double().requires_grad_(), torch.ones(()).double().requires_grad_()
    optimizer = torch.optim.Adam([keys, rate, loud], lr=0.1)
    for step in range(steps):
        batches = [task(name, 16, seed=1000 + 3 * step) for name in TASKS]
        inputs = torch.cat([batch.inputs for batch in batches])
        targets = torch.cat([batch.targets for batch in batches])
        heard, asked = read(_of_letters(keys, rate.sigmoid()), inputs), targets >= 0
        noisy = heard + NOISE * torch.randn(heard.shape, generator=g, dtype=heard.dtype)
        loss = F.cross_entropy(loud.exp() * noisy[asked], targets[asked] - LETTERS - 1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return Tables(*(table.detach() for table in _of_letters(keys, rate.sigmoid())))


def _of_letters(keys: Tensor, rate: Tensor) -> Tables:
    """A number is written under the key of the letter before it, a letter asks with its own."""
    every = F.pad(F.normalize(keys, dim=-1), (0, 0, 1, NUMBERS))
    k = every[:, None].expand(VOCAB, VOCAB, DIM)
    q = every[None].expand(VOCAB, VOCAB, DIM)
    writes = torch.zeros(VOCAB, VOCAB, dtype=keys.dtype)
    writes[1 : LETTERS + 1, LETTERS + 1 :] = 1
    return Tables(k, q, rate * writes)
