"""The pictures of chapter 12 and what is guessed in it, by name: words, labels, answers.

The words that describe a picture are made of what is drawn, so they stay true when a learner has
changed a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from titans_book.book.ch12 import records_hope
from titans_book.book.ch12.novel import BEFORE, LETTER, SMOOTH
from titans_book.book.ch12.visits import SKIP, WORLDS, visits
from titans_book.lab.learning.guess import Sketch
from titans_book.lab.pictures import style
from titans_book.lab.pictures.curves import spoken
from titans_book.lab.pictures.picture import Drawing, Picture, picture
from titans_book.lab.pictures.shades import shaded
from titans_book.lab.pictures.tracking_figures import tracking, tracking_told

__all__ = ["PICTURES"]

SHOWN, HIGH = 128, 2.4
ROLES = ("fast", "slow", "gates", "surprise")


def _array(values: Any) -> np.ndarray:
    return np.nan_to_num(np.asarray(values, dtype=float), nan=HIGH, posinf=HIGH)


def _smooth(values: Any) -> np.ndarray:
    """Means of a few tokens, which do not reach over the ends of a part."""
    found = _array(values)
    return found[: len(found) // SMOOTH * SMOOTH].reshape(-1, SMOOTH).mean(1)


def _around(curves: Mapping[str, Any], *, alt: str, dark: bool | None = None) -> Picture:
    """Errors before, in and after the letter, which is shaded."""
    with picture(alt, 6.6, 3.1, dark) as figure:
        axes = figure.subplots()
        axes.axvspan(0, LETTER, color=style.colour("persistent", dark), alpha=0.15, lw=0)
        axes.text(LETTER / 2, HIGH * 0.94, "the letter", ha="center", va="top", fontsize=9)
        for (name, values), role in zip(curves.items(), ROLES * len(curves), strict=False):
            height = _smooth(np.asarray(values)[BEFORE - SHOWN :])
            x = SMOOTH * (np.arange(len(height)) + 0.5) - SHOWN
            axes.plot(x, height.clip(0, HIGH), label=name, **style.line(role, dark, 4))
        axes.set(xlabel="tokens since the letter began", ylabel="error", ylim=(0, HIGH))
        axes.grid(axis="y")
        axes.legend(loc="upper left")
    return figure


def _around_told(curves: Mapping[str, Any]) -> str:
    told = []
    for name, values in curves.items():
        parts = np.split(np.asarray(values, dtype=float), [BEFORE, BEFORE + LETTER])
        before, letter, back = (part[-32:].mean() for part in (*parts[:2], parts[2][:16]))
        told.append(f"{name}: {before:.1f} before it, {letter:.1f} at its end, {back:.1f} after it")
    return (
        f"The error of {len(curves)} memories before, in and after the letter, which is shaded. "
        f"{'; '.join(told)}."
    )


def _bars(
    rows: Mapping[str, Mapping[str, float]], *, alt: str, dark: bool | None = None
) -> Picture:
    """A group of bars for each memory, with the numbers on them."""
    names = list(next(iter(rows.values())))
    wide = 0.8 / len(names)
    looks = (("fast", ""), ("surprise", "///"), ("slow", "..."))
    with picture(alt, 7.2, 3.2, dark) as figure:
        axes = figure.subplots()
        for n, (name, (role, hatch)) in enumerate(zip(names, looks, strict=False)):
            heights = np.array([row[name] for row in rows.values()]).clip(0, HIGH)
            x = np.arange(len(rows)) + (n - (len(names) - 1) / 2) * wide
            colour = style.colour(role, dark)
            look = {"facecolor": colour if not hatch else "none", "edgecolor": colour}
            axes.bar(x, heights, 0.9 * wide, label=name, hatch=hatch, **look)
            for place, height in zip(x, heights, strict=True):
                axes.text(place, height + 0.02, f"{height:.2f}", ha="center", fontsize=7.5)
        axes.set_xticks(range(len(rows)), list(rows))
        axes.set(ylabel="error", ylim=(0, None))
        axes.legend(loc="upper left", ncols=len(names))
        axes.set_ylim(0, 1.25 * axes.get_ylim()[1])
    return figure


def _bars_told(rows: Mapping[str, Mapping[str, float]]) -> str:
    told = []
    for name, row in rows.items():
        each = ", ".join(f"{what} {value:.1f}" for what, value in row.items())
        told.append(f"{name}: {each}")
    return f"Bars of the errors of {len(rows)} memories. {'; '.join(told)}."


def _moves(curves: Mapping[str, Any], *, alt: str, **look: Any) -> Picture:
    shown = {name: _array(values).clip(-1, 1) for name, values in curves.items()}
    return shaded(np.arange(len(next(iter(shown.values())))), shown, alt=alt, **look)


def _moves_told(curves: Mapping[str, Any]) -> str:
    told = []
    for name, values in curves.items():
        heights = _array(values).clip(-1, 1)
        at = np.linspace(0, len(heights) - 1, 4).round().astype(int)
        told.append(f"{name}: {spoken(at, heights[at].round(1) + 0.0)}")
    return f"The cosine of a token's key and its first key, over tokens read. {'; '.join(told)}."


def _leaks(panels: Mapping[str, Any], *, alt: str, dark: bool | None = None) -> Picture:
    """A square for each way to read: row t has a mark at s where answer t depends on token s."""
    with picture(alt, 6.4, 3.3, dark) as figure:
        axes_of = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, (name, values) in zip(axes_of, panels.items(), strict=True):
            seen = np.asarray(values, dtype=bool)
            for future, role, marker in ((False, "slow", "o"), (True, "surprise", "X")):
                rows, columns = np.nonzero(seen & (np.triu(seen, 1) > 0 if future else True))
                keep = (columns > rows) == future
                look = {"color": style.colour(role, dark), "marker": marker, "ls": ""}
                axes.plot(1 + columns[keep], 1 + rows[keep], ms=6, **look)
            axes.plot([0.5, len(seen) + 0.5], [0.5, len(seen) + 0.5], lw=0.8, ls="-", marker="",
                      color=style.colour("persistent", dark))  # fmt: skip
            axes.set(title=name, xlabel="token that is changed", aspect="equal")
            axes.set(xlim=(0.4, len(seen) + 0.6), ylim=(len(seen) + 0.6, 0.4))
        axes_of[0].set_ylabel("answer that moves")
    return figure


def _leaks_told(panels: Mapping[str, Any]) -> str:
    told = []
    for name, values in panels.items():
        seen = np.asarray(values, dtype=bool)
        told.append(f"{name}: {int(np.triu(seen, 1).sum())} of {int(seen.sum())} in the future")
    return f"Which answers move when a token is changed, a mark for each pair. {'; '.join(told)}."


def _readers(curves: Mapping[str, Any], *, alt: str, dark: bool | None = None) -> Picture:
    """Errors of several readers, one panel for each kind of visit; a visit is shaded."""
    with picture(alt, 7.4, 5.4, dark) as figure:
        panels = figure.subplots(len(WORLDS), 1, sharey=True)
        for axes, (length, every) in zip(panels, WORLDS, strict=True):
            for name, role in zip(curves, ROLES, strict=False):
                means = _folded(curves[name][length, every], length, every)
                axes.plot(means, label=name, **style.line(role, dark, 12))
            axes.axvspan(every - length, every, color=style.colour("persistent", dark), alpha=0.15)
            axes.set_title(f"{length} of {every} tokens away", fontsize=9, loc="left")
            axes.set(ylabel="error", xlim=(0, every), ylim=(0, 2.6))
            axes.grid(axis="y")
        panels[0].legend(loc="upper center", ncols=len(curves))
        panels[-1].set_xlabel("token since the return home")
    return figure


def _folded(errors: Any, length: int, every: int) -> np.ndarray:
    """The mean error at every place of the cycle, of all cycles of all streams.

    Three neighbours are averaged, but never one at home with one away.
    """
    away = np.asarray(visits(length, every).away)
    place = (np.arange(len(away)) % every)[SKIP:]
    found = np.stack([_array(one) for one in errors]).mean(0)
    means = np.array([found[place == p].mean() for p in range(every)])
    parts = np.split(means, [every - length])
    return np.concatenate(
        [np.convolve(np.pad(p, 1, "edge"), np.ones(3) / 3, "valid") for p in parts]
    )


def _readers_told(curves: Mapping[str, Any]) -> str:
    told = []
    for length, every in WORLDS:
        means = ", ".join(
            f"{name} {np.mean([_array(one).mean() for one in found[length, every]]):.1f}"
            for name, found in curves.items()
        )
        told.append(f"{length} of {every} tokens away: {means}")
    return f"The error of {len(curves)} readers over a cycle of home and visit. {'; '.join(told)}."


def _share(windows: Any, shares: Any) -> tuple[Any, Any]:
    return np.asarray(windows), np.nan_to_num(np.asarray(shares, dtype=float)).clip(0, 1)


PICTURES = (
    Drawing("12.around", _around, alt=_around_told),
    Sketch(
        "12.slow_share",
        alt="The slow level's share of all that is said, window by window",
        limits=(0.0, 1.0),
        truth=_share,
        xlabel="window of 64 tokens",
        ylabel="share of the slow level",
    ),
    Drawing("12.wiped", _bars, alt=_bars_told),
    Drawing(
        "12.drift",
        _moves,
        alt=_moves_told,
        xlabel="tokens read",
        ylabel="cosine with its first key",
        markers=False,
    ),
    Drawing("12.leaks", _leaks, alt=_leaks_told),
    Drawing("12.tracking", tracking, alt=tracking_told),
    Drawing("12.text", records_hope.text_curves, alt=records_hope.text_told),
    Drawing("12.kinds", records_hope.forgetting_map, alt=records_hope.forgetting_told),
    Drawing("12.readers", _readers, alt=_readers_told),
)
