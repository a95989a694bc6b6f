"""The pictures of chapter 13 by name, with their descriptions in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from titans_book.book.ch13.pages import EDGES
from titans_book.lab.pictures import attention_figures as attention
from titans_book.lab.pictures import figures, line_figures, twice_figures
from titans_book.lab.pictures import memory_figures as memories
from titans_book.lab.pictures.picture import Drawing, Picture
from titans_book.lab.pictures.player import Player
from titans_book.lab.pictures.relevance_figures import relevance_bars

__all__ = ["PICTURES"]

MAPS = {
    "mac": "Attention of MAC, two blocks of two heads. Each map has four narrow columns for the "
    "persistent tokens, then a square for the memory's columns, almost dark, and one for the text "
    "with a bright diagonal. A few rows light up in all three parts, as far as their segment goes.",
    "mag": "Attention of MAG, two blocks of two heads: narrow columns for the persistent tokens, "
    "then a band below the diagonal, as wide as the window; one head holds on to single bytes for "
    "long.",
}


def _loss(history: Any, *, alt: str, **look: Any) -> Picture:
    evaluations = history.held_out()
    return figures.loss_curve(
        history.steps, history.losses, evaluations=evaluations, alt=alt, **look
    )


def _loss_told(history: Any) -> str:
    first, last = history.losses[0], history.losses[-1]
    return (
        f"The training loss goes from {first:.0f} nats to {last:.1f}, steeply at first and then "
        "slowly; diamonds mark the held-out text."
    )


def _surprise(passage: str, trace: Any, *, alt: str, **look: Any) -> Picture:
    return figures.surprise_strip(list(passage), trace.surprise.mean(0), alt=alt, **look)


def _film(passage: str, trace: Any, *, alt: str, **look: Any) -> Player:
    first = trace.film[0]
    return Player(
        first - first[:1], tokens=list(passage), times=trace.times,
        surprise=trace.surprise.mean(0), alt=alt, **look,
    )  # fmt: skip


def _training(bench: Any, *, alt: str, **look: Any) -> Player:
    return bench.board.film(alt=alt, **look)


def _maps(seen: Any, name: str, *, alt: str, **look: Any) -> Picture:
    return attention.attention_maps(seen, alt=alt, **look)


def _maps_told(seen: Any, name: str) -> str:
    other = f"Attention of {name.upper()}: a map for each block and head, bright where it looks."
    return MAPS.get(name, other)


def _ahead(costs: dict[str, Any], *, alt: str, **look: Any) -> Picture:
    """How far each model is ahead of attention, by its place in the passage."""
    curves = {
        name: (costs["attention"] - found).mean(0)
        for name, found in costs.items()
        if name != "attention"
    }
    return line_figures.lines(EDGES[1:], curves, alt=alt, **look)


def _large(record: dict[str, Any], *, alt: str, **look: Any) -> Picture:
    steps, losses = zip(*record["training_loss_nats_mean_of_12_steps"], strict=True)
    return figures.loss_curve(steps, losses, alt=alt, **look)


def _own(losses: dict[str, Sequence[float]], *, alt: str, **look: Any) -> Picture:
    steps = range(1, 1 + min(map(len, losses.values())))
    curves = {name: list(found)[: len(steps)] for name, found in losses.items()}
    return figures.lines(steps, curves, alt=alt, **look)


def _own_told(losses: dict[str, Sequence[float]]) -> str:
    one, other = (np.asarray(found) for found in losses.values())
    same = "exactly on top of each other" if np.abs(one - other).max() < 0.01 else "apart"
    return f"Two training losses, {same}: from {other[0]:.1f} nats to {other[-1]:.1f}."


def _twice(record: dict[str, Any], *, alt: str, **look: Any) -> Picture:
    return twice_figures.second_reading(record, alt=alt, **look)


def _twice_told(record: dict[str, Any]) -> str:
    ends = {name: found["plays"]["saved"][-1][0] for name, found in record["models"].items()}
    each = ", ".join(f"{name} {saved:.1f}" for name, saved in ends.items())
    return f"Bits a word that the first reading has saved, at the longest distance: {each}."


PICTURES = (
    Drawing("13.loss", _loss, alt=_loss_told),
    Drawing("13.surprise", _surprise, alt="The passage, each character shaded by surprise."),
    Drawing(
        "13.film",
        _film,
        alt="The fast weights of block 1, two heads, while they read the passage: empty at first, "
        "then filling with red and blue specks, chunk by chunk.",
    ),
    Drawing(
        "13.maps",
        memories.memory_maps,
        alt="What each block and head has written after the passage: one matrix each, specks of "
        "red and blue on an empty ground.",
    ),
    Drawing(
        "13.sizes",
        memories.memory_sizes,
        alt="For each block and head over the passage: how much has been written, the momentum, "
        "and the step of every chunk.",
    ),
    Drawing(
        "13.gates",
        memories.gate_lines,
        alt="Write rate, momentum, forgetting and surprise over the passage, for each block and "
        "head: the gates change from character to character.",
    ),
    Drawing(
        "13.lengths",
        memories.key_lengths,
        alt="The lengths of keys and values: all keys have length one, a flat line; the values' "
        "lengths change from character to character.",
    ),
    Drawing("13.twice", _twice, alt=_twice_told),
    Drawing(
        "13.ahead",
        _ahead,
        alt="Bits by which four models are ahead of attention, at five places of the passage. At "
        "the first two the lines cross. All four end lower than they stood at byte 128: MAL from "
        "0.08 to 0.02, memory alone from 0.06 and MAG from 0.04 to 0, MAC from -0.05 to -0.1.",
        xlabel="place in the passage, up to byte",
        ylabel="bits ahead of attention",
        levels={"": 0.0},
        limits=(-0.12, 0.13),
    ),
    Drawing("13.attention", _maps, alt=_maps_told),
    Drawing(
        "13.shares",
        attention.attention_shares,
        alt="Shares of attention over the passage, for persistent tokens, memory and text, by "
        "block and head. The text has nearly all of it; at single bytes the share of the memory "
        "leaps up to a half, and that of the persistent tokens with it.",
    ),
    Drawing(
        "13.relevance",
        relevance_bars,
        alt="A passage, byte by byte. Bars upward say what a block owes to its memory, bars "
        "downward what it owes to attention. In MAG the memory's bars are mostly longer in block 1 "
        "and shorter in block 2.",
    ),
    Drawing(
        "13.own", _own, alt=_own_told,
        roles="slow", markers=5, xlabel="step", ylabel="loss, nats a token",
    ),
    Drawing(
        "13.training",
        _training,
        alt="What every block and head made of one passage, at steps of the training.",
    ),
    Drawing(
        "13.large",
        _large,
        alt="The recorded training loss of the large model: a steep fall in the first 100 steps, "
        "then a slow one, to 1.4 nats after 2,071 steps.",
    ),
)  # fmt: skip
