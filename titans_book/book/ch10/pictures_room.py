"""The pictures of chapter 10 that show the room with the steam, and what memories expected there.

Their words are made of what is drawn, so they stay true when a learner has changed a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Drawing, Picture, picture

__all__ = ["ROOM"]

MINUTE = 12  # readings


def _minutes(place: Any) -> np.ndarray:
    """Minutes since the steam began, of every reading."""
    return (np.arange(len(place.series)) - place.begins) / MINUTE


def _room(place: Any, *, alt: str, dark: bool | None = None) -> Picture:
    """The record, with the steam marked."""
    with picture(alt, 6.6, 2.4, dark) as figure:
        axes = figure.subplots()
        _mark_steam(axes, place, dark)
        axes.plot(_minutes(place), place.series.numpy(), color=style.colour("slow", dark), lw=1.4)
        axes.set(xlabel="minutes since the steam began", ylabel="°C", xlim=(-120, 58))
        axes.grid(axis="y")
    return figure


def _room_told(place: Any) -> str:
    series = place.series
    return (
        f"The temperature stays between {series[: place.begins].min():.0f} and "
        f"{series[: place.begins].max():.0f} degrees, jumps to {series.max():.0f} when the steam "
        f"begins, and comes back to {series[place.ends]:.0f} until it ends."
    )


def _mark_steam(axes: Any, place: Any, dark: bool | None) -> None:
    """A band where there is steam, with its name."""
    end = (place.ends - place.begins) / MINUTE
    axes.axvspan(0, end, color=style.colour("persistent", dark), alpha=0.2, lw=0)
    look = {"xycoords": ("data", "axes fraction"), "va": "top", "fontsize": 8}
    axes.annotate("steam", (end, 0.97), (3, 0), textcoords="offset points", **look)


def _levels(
    place: Any, forecasts: Mapping[str, Any], *, alt: str, dark: bool | None = None
) -> Picture:
    """What was measured around the steam, and what each memory expected."""
    late, near = len(place.series) - len(next(iter(forecasts.values())).said), slice(-2, 13)
    minutes = _minutes(place)
    seen = (minutes >= near.start) & (minutes <= near.stop)
    looks = (("fast", "--"), ("slow", ":"), ("gates", "-."))
    with picture(alt, 6.6, 3.2, dark) as figure:
        axes = figure.subplots()
        _mark_steam(axes, place, dark)
        ink = axes.xaxis.label.get_color()
        axes.plot(minutes[seen], place.series.numpy()[seen], color=ink, lw=1.2, label="measured")
        for (name, told), (role, line) in zip(forecasts.items(), looks, strict=False):
            said = told.said.numpy()[seen[late:]]
            axes.plot(minutes[seen], said, color=style.colour(role, dark), ls=line, label=name)
        axes.set(xlabel="minutes since the steam began", ylabel="humidity, %", ylim=(30, 110))
        axes.grid(axis="y")
        axes.legend(loc="center right")
    return figure


def _levels_told(place: Any, forecasts: Mapping[str, Any]) -> str:
    late = len(place.series) - len(next(iter(forecasts.values())).said)
    at = place.begins + 2 * MINUTE
    said = ", ".join(f"{name} {told.said[at - late]:.0f}" for name, told in forecasts.items())
    return (
        "The humidity around the steam, and what each memory expected. Two minutes after the "
        f"beginning {place.series[at]:.0f} percent are measured, and expected are: {said}."
    )


def _errors_after(
    place: Any, forecasts: Mapping[str, Any], *, alt: str, dark: bool | None = None
) -> Picture:
    """Root mean square errors, over four minutes each, on a log scale."""
    width = 4 * MINUTE
    with picture(alt, 6.6, 3.2, dark) as figure:
        axes = figure.subplots()
        _mark_steam(axes, place, dark)
        looks = (("fast", "--"), ("slow", "-"), ("persistent", ":"))
        for (name, told), (role, line) in zip(forecasts.items(), looks, strict=False):
            late = len(place.series) - len(told.errors)
            first = (place.begins - late) % width  # a block begins with the steam
            whole = (len(told.errors) - first) // width * width
            runs = told.errors[first : first + whole].view(-1, width).mean(1).sqrt()
            middle = np.arange(len(runs)) * width + width / 2
            minutes = (middle + first + late - place.begins) / MINUTE
            axes.plot(minutes, runs.numpy(), color=style.colour(role, dark), ls=line, label=name)
        axes.set(
            xlabel="minutes since the steam began", ylabel="forecast error, °C", xlim=(-60, 55)
        )
        axes.set_yscale("log")
        axes.grid(axis="y")
        axes.legend(loc="upper left")
    return figure


def _errors_told(place: Any, forecasts: Mapping[str, Any]) -> str:
    told = (
        f"{name}: {one.before**0.5:.3f} before, {one.during**0.5:.1f} during, "
        f"{one.after**0.5:.3f} in the five minutes after, {one.later**0.5:.3f} later"
        for name, one in forecasts.items()
    )
    return f"The size of the forecast errors in degrees, around the steam. {'; '.join(told)}."


ROOM = (
    Drawing("10.room", _room, alt=_room_told),
    Drawing("10.after_steam", _errors_after, alt=_errors_told),
    Drawing("10.levels", _levels, alt=_levels_told),
)
