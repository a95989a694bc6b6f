"""A flow tracer: choose an output token, and the tokens that it owes something to light up.

Bars above the text are what came by the short path, through attention alone; bars below it what
went through the memory. Each is the size of a derivative, in a block drawn at random, so a bar says
who *can* move whom, and nothing about what a trained model would use. Taught in chapter 09.
"""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets
import numpy as np

from titans_book.book.ch09 import flows
from titans_book.lab.pictures import style
from titans_book.lab.pictures.controls import Panel, menu, slider
from titans_book.lab.pictures.picture import Picture, check_alt, picture
from titans_book.lab.pictures.sheet import status
from titans_book.lab.pictures.traces import number

__all__ = ["FlowTracer"]

ALT = "A menu for the block and a slider for the output token; bars for what it owes to whom"
LIT = 1e-9  # a derivative above this is one
WIDE, HIGH, LEFT = 25, 74, 96  # pixels: a token's cell, the longest bar, the names
_FONT = "font:13px var(--jp-ui-font-family,system-ui,sans-serif);fill:currentColor"


def _share(sizes: np.ndarray) -> np.ndarray:
    """The length of a bar: 10^-5 is short, 10 or more is full; 0 has none."""
    logs = np.log10(np.where(sizes > LIT, sizes, 1e-9))
    return np.where(sizes > LIT, (0.06 + 0.94 * (logs + 5) / 6).clip(0.06, 1), 0.0)


class FlowTracer(Panel):
    """A menu for the block and a slider for the output token (1 to 24).

    variant: a key of `flows.NAMES`. token: the output that is traced.
    """

    def __init__(
        self, *, alt: str = ALT, variant: str = "mac", token: int = 20, dark: bool | None = None
    ):
        if variant not in flows.NAMES:
            raise ValueError(f"variant={variant!r}: choose one of {', '.join(flows.NAMES)}")
        self.dark = style.is_dark(dark)
        self.block = menu("block", list(flows.NAMES.values()), flows.NAMES[variant])
        self.token = slider("output token", token, 1, flows.TIME, width="480px")
        self.token.style.handle_color = style.colour("slow", self.dark)
        self.drawing, self.said = ipywidgets.HTML(), status()
        for control in (self.block, self.token):
            control.observe(self.repaint, "value")
        children = [self.block, self.token, self.said, self.drawing]
        super().__init__(children, alt=check_alt(alt))
        self.repaint()

    @property
    def variant(self) -> str:
        """The block that is shown, by its short name."""
        return next(key for key, name in flows.NAMES.items() if name == self.block.value)

    def flow(self) -> tuple[np.ndarray, np.ndarray]:
        """What the chosen output owes to each token: by the short path, and by the long one."""
        row = self.token.value - 1
        return tuple(path[row].numpy() for path in flows.paths(self.variant))

    def lit(self) -> tuple[list[int], list[int]]:
        """The tokens that light up on either path, counted from 1."""
        return tuple((np.flatnonzero(sizes > LIT) + 1).tolist() for sizes in self.flow())

    def repaint(self, _change: Any = None) -> None:
        """Trace this output of this block."""
        self.said.value = f"<b>{escape(self._told())}</b>"
        self.drawing.value = self._svg()

    def _told(self) -> str:
        short, long = (_stretch(tokens) for tokens in self.lit())
        return (
            f"Output {self.token.value} of {self.block.value}: by the short path it sees {short}; "
            f"through the memory {long}."
        )

    def _edges(self) -> list[int]:
        """Where the short-term memory ends, in tokens: borders of segments, or of the window."""
        if self.variant == "mac":
            return list(range(flows.SPAN, flows.TIME, flows.SPAN))
        start = self.token.value - flows.SPAN
        return [start] if self.variant != "lmm" and start > 0 else []

    def _svg(self) -> str:
        wide, middle = LEFT + WIDE * flows.TIME + 8, HIGH + 26
        body = "".join(
            f'<text x="2" y="{y}" opacity=".85">{words}</text>'
            for words, y in (("attention", middle - 34), ("token", middle + 5),
                             ("memory", middle + 44))
        )  # fmt: skip
        shares = [_share(sizes) for sizes in self.flow()]
        looks = [style.colour(role, self.dark) for role in ("attention", "fast")]
        for t in range(flows.TIME):
            x, chosen = LEFT + WIDE * t, t + 1 == self.token.value
            up, down = (HIGH * float(share[t]) for share in shares)
            body += (
                f'<rect x="{x + 5}" y="{middle - 12 - up:.1f}" width="{WIDE - 10}"'
                f' height="{up:.1f}" fill="{looks[0]}"/>'
                f'<rect x="{x + 6}" y="{middle + 13:.1f}" width="{WIDE - 12}"'
                f' height="{down:.1f}" fill="{looks[1]}" fill-opacity=".55" stroke="{looks[1]}"'
                f' stroke-dasharray="4 2" stroke-width="{1.5 if down else 0}"/>'
                f'<text x="{x + WIDE / 2}" y="{middle + 5}" text-anchor="middle"'
                f' font-weight="{"bold" if chosen else "normal"}"'
                f' opacity="{1 if t < self.token.value else 0.4}">{t + 1}</text>'
            )
        at = LEFT + WIDE * (self.token.value - 1)
        body += (
            f'<rect x="{at + 1}" y="{middle - 11}" width="{WIDE - 2}" height="22" rx="4"'
            f' fill="none" stroke="{style.colour("slow", self.dark)}" stroke-width="2.5"/>'
        )
        for edge in self._edges():
            x = LEFT + WIDE * edge
            body += (
                f'<line x1="{x}" x2="{x}" y1="6" y2="{middle + 12}" stroke="currentColor"'
                ' stroke-opacity=".5" stroke-dasharray="3 3"/>'
            )
        label = f"{self._told()} Longest bar {number(max(s.max() for s in self.flow()))}."
        return (
            f'<svg viewBox="0 0 {wide} {2 * HIGH + 56}" width="{wide}" style="max-width:100%;'
            f'{_FONT}" role="img" aria-label="{escape(label)}">{body}</svg>'
        )

    def figure(self, *, alt: str | None = None) -> Picture:
        """What is shown now, as a still picture."""
        alt = alt or f"Bars for what an output owes to each token. {self._told()}"
        with picture(alt, 7.4, 2.4, self.dark) as figure:
            axes, tokens = figure.subplots(), np.arange(1, flows.TIME + 1)
            short, long = (_share(sizes) for sizes in self.flow())
            axes.bar(tokens, short, 0.7, color=style.colour("attention", self.dark))
            red = style.colour("fast", self.dark)
            axes.bar(tokens, -long, 0.7, color=red, alpha=0.55, hatch="//", edgecolor=red)
            axes.axhline(0, color=axes.xaxis.label.get_color(), linewidth=0.8)
            axes.axvline(self.token.value, color=style.colour("slow", self.dark), linewidth=2,
                         alpha=0.6)  # fmt: skip
            for edge in self._edges():
                axes.axvline(edge + 0.5, color="#888888", linewidth=0.8, linestyle=":")
            axes.set(ylim=(-1.05, 1.05), yticks=[-0.5, 0.5], xlabel="token", xlim=(0.3, 24.7))
            axes.set_yticklabels(["through\nthe memory", "by attention\nalone"], fontsize=9)
            axes.set_xticks(tokens, tokens, fontsize=8)
            axes.set_title(f"what output {self.token.value} of {self.block.value} owes to whom",
                           fontsize=10)  # fmt: skip
        return figure


def _stretch(tokens: list[int]) -> str:
    """Tokens in words; runs of neighbours are named by their ends.

    >>> _stretch([1, 2, 3, 7]), _stretch([1, 2]), _stretch([]), _stretch([4])
    ('tokens 1 to 3 and 7', 'tokens 1 and 2', 'nothing', 'token 4 alone')
    """
    if len(tokens) < 2:
        return f"token {tokens[0]} alone" if tokens else "nothing"
    runs: list[list[int]] = []
    for token in tokens:
        if runs and token == runs[-1][-1] + 1:
            runs[-1].append(token)
        else:
            runs.append([token])
    words = []
    for run in runs:
        words += map(str, run) if len(run) < 3 else [f"{run[0]} to {run[-1]}"]
    return "tokens " + ", ".join(words[:-1]) + f"{' and ' if words[1:] else ''}{words[-1]}"
