"""MIRAS's four choices as four menus: what a choice is called, and a proof that it is that model.

`read` runs any choice; formulas.py has the models that bear a name, written out by hand. Both read
the same short stream, and `proof` says how far their answers are apart.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import gelu

from titans_book.book.ch10.formulas import FORMULAS
from titans_book.steps.miras import huber_error, lp_error, lq_retain

__all__ = ["MENUS", "NAMED", "Choice", "Stream", "example", "moved", "named", "proof", "read"]

# what is chosen -> its options, as the reader sees them
MENUS = {
    "memory": ("matrix", "MLP"),
    "error": ("dot product", "L2", "p = 3", "Huber"),
    "retention": ("none", "decay", "l_q", "KL"),
    "rule": ("plain step", "momentum", "forget before asking"),
}
LENGTH, DIM, HIDDEN, SCALE = 12, 4, 6, 2.0


class Choice(NamedTuple):
    """One option of each menu."""

    memory: str = "matrix"
    error: str = "dot product"
    retention: str = "none"
    rule: str = "plain step"


NAMED = {
    Choice(): "linear-attention",
    Choice(retention="decay"): "mamba2",
    Choice(error="L2"): "deltanet",
    Choice(error="L2", retention="decay", rule="forget before asking"): "gated-deltanet",
    Choice("MLP", "L2"): "ttt-mlp",
    Choice("MLP", "L2", "decay", "momentum"): "titans",
    Choice("MLP", "p = 3", "l_q"): "moneta",
    Choice("MLP", "Huber", "decay"): "yaad",
    Choice("MLP", "L2", "KL"): "memora",
}


class Stream(NamedTuple):
    """Twelve tokens, (T, d), and their gates (theta, eta, alpha), (T) each."""

    k: Tensor
    v: Tensor
    gates: tuple[Tensor, Tensor, Tensor]


@lru_cache(maxsize=1)
def example() -> Stream:
    """The stream that every proof runs on: random pairs, and gates that change at every token."""
    random = torch.Generator().manual_seed(10)
    k, v = torch.randn(2, LENGTH, DIM, generator=random, dtype=torch.float64)
    theta, eta, alpha = torch.rand(3, LENGTH, generator=random, dtype=torch.float64)
    return Stream(k / k.norm(dim=1, keepdim=True), v, (0.4 * theta, 0.8 * eta, 0.3 * alpha))


def _start(choice: Choice) -> list[Tensor]:
    """The memory before the first token; with KL its columns are positive and add up to SCALE."""
    random = torch.Generator().manual_seed(11)
    shapes = [(DIM, DIM)] if choice.memory == "matrix" else [(DIM, HIDDEN), (HIDDEN, DIM)]
    weights = [torch.randn(shape, generator=random, dtype=torch.float64) / 2 for shape in shapes]
    return [SCALE * W.softmax(0) for W in weights] if choice.retention == "KL" else weights


def _loss(choice: Choice, answer: Tensor, value: Tensor) -> Tensor:
    """A number whose derivative by the answer is the choice's error."""
    if choice.error == "dot product":
        return -(answer * value).sum()
    if choice.error == "L2":
        return 0.5 * (answer - value).square().sum()
    kind = lp_error(answer, value, 3) if choice.error.startswith("p") else None
    error = huber_error(answer, value, 1.0) if kind is None else kind
    return (answer * error.detach()).sum()


def _ask(weights: list[Tensor], x: Tensor) -> Tensor:
    return x @ weights[0] if len(weights) == 1 else x + gelu(x @ weights[0]) @ weights[1]


def _accumulator(choice: Choice, weights: list[Tensor]) -> list[Tensor]:
    """What the memory is a map of: itself, its logarithm, or what its mirror map came from."""
    maps = {"KL": lambda W: torch.log(W / SCALE), "l_q": lambda W: lq_retain(W, 4 / 3)}
    return [maps.get(choice.retention, lambda W: W)(W) for W in weights]


def _memory(choice: Choice, A: list[Tensor]) -> list[Tensor]:
    """The memory that an accumulator stands for."""
    maps = {"KL": lambda a: SCALE * a.softmax(0), "l_q": lambda a: lq_retain(a, 4)}
    return [maps.get(choice.retention, lambda a: a)(a) for a in A]


def read(choice: Choice, stream: Stream | None = None) -> Tensor:
    """The answers of the memory that this choice makes, after each write: (T, d).

    >>> read(Choice(error="L2")).shape
    torch.Size([12, 4])
    """
    stream = stream or example()
    A, S, answers = _accumulator(choice, _start(choice)), None, []
    for k, v, theta, eta, alpha in zip(stream.k, stream.v, *stream.gates, strict=True):
        keep = 1.0 if choice.retention == "none" else 1 - alpha
        A = [keep * a for a in A] if choice.rule == "forget before asking" else A
        W = [w.detach().requires_grad_() for w in _memory(choice, A)]
        slopes = torch.autograd.grad(_loss(choice, _ask(W, k), v), W)
        carried = eta if choice.rule == "momentum" else 0.0
        S = [carried * s - theta * u for s, u in zip(S or [0] * len(W), slopes, strict=True)]
        keep = 1.0 if choice.rule == "forget before asking" else keep
        A = [keep * a + s for a, s in zip(A, S, strict=True)]
        answers.append(_ask(_memory(choice, A), k))
    return torch.stack(answers)


def _plainly(choice: Choice) -> Choice:
    """The simplest choice that does the same.

    Forgetting first makes no difference where nothing is forgotten, or where nobody asks.
    """
    idle = choice.retention == "none" or choice.error == "dot product"
    first = choice.rule == "forget before asking"
    return choice._replace(rule="plain step") if first and idle else choice


def named(choice: Choice) -> str | None:
    """The name of the model that this choice re-creates, if it has one.

    >>> named(Choice()), named(Choice(error="Huber"))
    ('linear-attention', None)
    """
    return NAMED.get(_plainly(choice))


@lru_cache(maxsize=128)
def moved(choice: Choice) -> float:
    """How far one wrong value, 10 too large, moves the last answer: a length."""
    stream = example()
    wrong = stream.v.clone()
    wrong[LENGTH // 2, 0] += 10
    return float((read(choice, stream._replace(v=wrong)) - read(choice))[-1].norm())


@lru_cache(maxsize=32)
def proof(choice: Choice) -> float:
    """The largest difference between the answers of this choice and those of the formula."""
    stream = example()
    by_hand = FORMULAS[NAMED[_plainly(choice)]](*stream, *_start(choice))
    return float((by_hand - read(choice)).abs().max())
