"""How fast the memory is, from a recorded measurement: time and memory over length, and peers.

A record (notebooks/records/speed_cpu.json) is a mapping with

    device, versions, command, seed, threads    what was measured, and how to measure it again
    lengths    rows of name, tokens, microseconds_per_token, peak_mb
    peers      rows of name, work, mode, tokens_per_second, ours_tokens_per_second, ratio,
               memory_ratio

Drawn, and not measured: another computer has other times, and the same shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from titans_book.lab.pictures import style
from titans_book.lab.pictures.picture import Picture, Words, picture
from titans_book.lab.pictures.traces import number

__all__ = ["length_scaling", "peer_table"]

Row = Mapping[str, Any]
DASHES = ("-", "--", ":")  # tell memories apart: colour says only that they are memories
COLUMNS = ("implementation", "work", "run", "tokens a second", "ours", "faster", "less memory")


def _rows(record: Mapping[str, Any], part: str, needed: Iterable[str]) -> list[Row]:
    """The rows of one part of a record; ValueError says what is missing."""
    rows = record.get(part)
    if not rows:
        raise ValueError(f"the record has no {part!r}: was it made by tests/benchmarks?")
    for row in rows:
        if missing := [key for key in needed if key not in row]:
            raise ValueError(f"a row of {part!r} lacks {', '.join(missing)}: {dict(row)}")
    return rows


def _caption(record: Mapping[str, Any]) -> str:
    """Where it was measured, in a line."""
    threads = record.get("threads")
    core = "" if threads is None else f", {threads} thread{'s' * (threads != 1)}"
    return f"{record.get('device', 'device not recorded')}{core}"


def length_scaling(
    record: Mapping[str, Any], *, alt: str, dark: bool | None = None, width: float | int = 7.4
) -> Picture:
    """Time a token (left) and memory (right) over the length of the text, a line for each name."""
    keys = ("microseconds_per_token", "peak_mb")
    rows = _rows(record, "lengths", ("name", "tokens", *keys))
    names = list(dict.fromkeys(row["name"] for row in rows))
    with picture(alt, width, 3.2, dark) as figure:
        both = figure.subplots(1, 2)
        for axes, key, label in zip(
            both, keys, ("microseconds a token", "memory on top, MB"), strict=True
        ):
            for name, look in _looks(names, dark):
                line = sorted((row["tokens"], row[key]) for row in rows if row["name"] == name)
                axes.plot(*zip(*line, strict=True), label=name, **look)
            axes.set_xscale("log", base=2)
            axes.set_yscale("log")
            axes.set(xlabel="tokens", ylabel=label)
            axes.grid(axis="y")
        both[0].legend(handlelength=4, fontsize=8)
        figure.suptitle(_caption(record), x=0.01, ha="left", fontsize=9)
    return figure


def _looks(names: list[str], dark: bool | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Attention in the colour of attention, memories in theirs, each with a dash of its own."""
    memories = 0
    for name in names:
        if name == "attention":
            yield name, style.line("attention", dark, markers=1)
            continue
        look = style.line("fast", dark, markers=1)
        yield name, {**look, "linestyle": DASHES[memories % len(DASHES)]}
        memories += 1


def _times(value: float | int | None) -> str:
    return "" if value is None else f"{number(value)} ×"


def peer_table(record: Mapping[str, Any]) -> Words:
    """Other implementations beside ours, a row for each measurement, as a table."""
    needed = ("name", "work", "mode", "tokens_per_second", "ours_tokens_per_second", "ratio")
    rows = _rows(record, "peers", needed)
    head = "".join(f'<th style="text-align:left">{words}</th>' for words in COLUMNS)
    body = ""
    for row in rows:
        speeds = (f"{row[key]:,.0f}" for key in ("tokens_per_second", "ours_tokens_per_second"))
        ratios = (_times(row["ratio"]), _times(row.get("memory_ratio")))
        cells = (row["name"], row["work"], row["mode"], *speeds, *ratios)
        looks = ["left"] * 3 + ["right"] * 4
        body += "<tr>" + "".join(
            f'<td style="text-align:{look}">{escape(str(cell))}</td>'
            for look, cell in zip(looks, cells, strict=True)
        ) + "</tr>"  # fmt: skip
    least = min(rows, key=lambda row: row["ratio"])
    alt = f"{len(rows)} measurements; the smallest ratio is {number(least['ratio'])}."
    caption = f"<caption>{escape(_caption(record))}</caption>"
    return Words(f"<table>{caption}<tr>{head}</tr>{body}</table>", alt)
