"""A finder is looked into: its gates, both accounts of an answer, what a switch brings back."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from titans_book.book.ch14.finders import haystacks
from titans_book.book.ch14.reading import NEEDLE, QUESTION, Often, haystack, share_found
from titans_book.inspection import watch
from titans_book.inspection.ledger import ledgers
from titans_book.inspection.switching import worth_of_writes
from titans_book.model import TitansLM

__all__ = ["SWITCHES", "Accounts", "Looked", "accounts", "left_of_start", "look", "with_switches"]

BLOCK = 1  # the second of two
SWITCHES = {"nothing": "", "writing": "writing", "forgetting": "forgetting", "both": "both"}


class Looked(NamedTuple):
    """One haystack that was read: where its value is, which tokens are hay.

    theta  the write rate of block 2 at each token, the mean of its heads.
    worth  what the logit of the right value loses without the write of each token.
    """

    value: int
    hay: Bool[Tensor, " time"]
    theta: Float[Tensor, " time"]
    worth: Float[Tensor, " time"]


def look(model: TitansLM, length: int = 64, depth: float | int = 0.5, seed: int = 5) -> Looked:
    """Read one haystack, and take each write away in turn."""
    row = haystack(length, depth, seed)
    tokens = torch.cat([row.tokens, row.question])
    with torch.no_grad(), watch(model) as seen:
        model(tokens[None])
    hay = torch.ones(length, dtype=torch.bool)
    hay[row.at : row.at + NEEDLE] = hay[-QUESTION:] = False
    return Looked(
        row.at + NEEDLE - 1,
        hay,
        seen.memories[BLOCK, "memory"].theta.mean(0),
        worth_of_writes(model, tokens, row.answer).detach(),
    )


class Accounts(NamedTuple):
    """Two accounts of one answer.

    said    the token that the model answers.
    shares  the ledger: of the answer of that head of block 2 in which the tellings weigh most.
    worth   the replay: what the logit of `said` loses without the write of each token.
    values  the places of the values that were told.
    """

    said: int
    shares: Float[Tensor, " time"]
    worth: Float[Tensor, " time"]
    values: list[int]


@torch.no_grad()
def accounts(model: TitansLM, often: Often) -> Accounts:
    """The ledger and the replay of a row in which one key is told several times."""
    said = int(model(often.tokens[None])[0][0, -1].argmax())
    shares = ledgers(model, often.tokens)[BLOCK, "memory"].shares()[0]
    head = int(shares[:, often.values].abs().amax(1).argmax())
    worth = worth_of_writes(model, often.tokens, said)
    return Accounts(said, shares[head], worth, often.values)


def with_switches(
    model: TitansLM, length: int, depth: float | int, where: str, rows: int = 64
) -> dict[str, float]:
    """The share of needles found with nothing, writing, forgetting or both off in a stretch.

    where: "before" or "after" the needle.
    """
    return {
        name: share_found(model, length, depth, where if what else "", what or "writing", rows)
        for name, what in SWITCHES.items()
    }


@torch.no_grad()
def left_of_start(model: TitansLM, length: int = 1024) -> list[float]:
    """How large the first layer of each block's memory is after some hay, as a share of its M_0."""
    tokens: Int[Tensor, "rows time"] = haystacks(length, 1, rows=8).inputs[:, : -NEEDLE - QUESTION]
    _, state = model(tokens)
    found = []
    for block, kept in zip(model.blocks, state.blocks, strict=True):
        first = block.memory.first_weights()[0].norm(dim=(-2, -1))
        found.append(float((kept.memory.weights[0].norm(dim=(-2, -1)) / first).mean()))
    return found
