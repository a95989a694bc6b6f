"""Two loops, two time scales: outer steps train the slow weights, tokens change the fast ones.

One slider goes through a training run, of which copies of the model were kept; the second goes
through one sequence, which the model of that outer step reads; the third chooses the sequence.
Below them the sequence, with what every token writes and what is answered; and at the bottom the
memory, with the recall over the whole training beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import ipywidgets
import numpy as np
import torch

from titans_book.book.ch07 import outer
from titans_book.evaluation import accuracy_asked
from titans_book.lab.pictures import style
from titans_book.lab.pictures.controls import Panel, slider
from titans_book.lab.pictures.curves import Frame, dashes
from titans_book.lab.pictures.picture import Picture, check_alt, picture
from titans_book.lab.pictures.sheet import status
from titans_book.lab.pictures.widgets import Heatmap
from titans_book.model import TitansLM
from titans_book.tasks.batch import TaskBatch

__all__ = ["TwoLoops"]

ALT = "Two loops: sliders for outer step, tokens and sequence; writes, answers, memory, recall"
LIMIT = 1.0  # of the memory's colours
WIDE, BAR = 27, 46  # pixels: a token's cell, and a write of the whole surprise
SIGNS = {"right": "✓", "other": "○", "never": "✗"}
_FONT = "font:13px var(--jp-ui-font-family,system-ui,sans-serif);fill:currentColor"


class TwoLoops(Panel):
    """Sliders for the outer step, the tokens read and the sequence.

    history: outer step -> the model at that step, as it was kept; the steps evenly spaced. task:
    sequences that it was not trained on; the curve is the mean of all, the sliders show them one by
    one. outer_step, token: where the sliders begin (None: at the end).
    """

    def __init__(
        self,
        history: Mapping[int, TitansLM],
        task: TaskBatch,
        *,
        alt: str = ALT,
        outer_step: int | None = None,
        token: int | None = None,
        dark: bool | None = None,
    ):
        self.steps, self.task, self.dark = sorted(history), task, style.is_dark(dark)
        if len(set(np.diff(self.steps))) != 1:  # of a single step there are no differences
            held = f"history holds the steps {self.steps}"
            raise ValueError(f"{held}: keep at least two, evenly spaced")
        self.history, self._looks = dict(history), {}
        self.shares = [self._share(step) for step in self.steps]
        (first, *_, last), time = self.steps, task.inputs.shape[1]
        every, at = self.steps[1] - first, last if outer_step is None else outer_step
        if first <= at <= last:
            at = min(self.steps, key=lambda step: abs(step - at))
        wide = {"width": "480px"}
        self.outer = slider("outer step: slow weights", at, first, last, step=every, **wide)
        self.inner = slider("tokens read: fast memory", time if token is None else token, 0, time,
                            **wide)  # fmt: skip
        self.which = slider("sequence", 1, 1, min(8, len(task.inputs)), **wide)
        self.curve, self.strip, self.said = ipywidgets.HTML(), ipywidgets.HTML(), status()
        self.memory = Heatmap(np.zeros((1, 1)), alt="The memory", limit=LIMIT, dark=dark)
        for one, role in ((self.outer, "slow"), (self.inner, "fast"), (self.which, "persistent")):
            one.style.handle_color = style.colour(role, self.dark)
            one.observe(self.repaint, "value")
        self.outer.observe(self._mark, "value")
        small = ipywidgets.Box([self.memory], layout={"width": "260px"})
        row = ipywidgets.HBox([small, self.curve], layout={"flex_flow": "wrap"})
        children = [self.outer, self.inner, self.which, self.said, self.strip, row]
        super().__init__(children, alt=check_alt(alt))
        self.repaint()
        self._mark()

    @torch.no_grad()
    def _share(self, step: int) -> tuple[float, float]:
        """How many of all questions get the right number, and how many one that was told."""
        logits, _ = self.history[step](self.task.inputs)
        answers = outer.told(self.task, logits.argmax(-1))[self.task.asked]
        return float(accuracy_asked(logits, self.task.targets)), float(answers.double().mean())

    def look(self) -> outer.Look:
        """What the model of this outer step does with this sequence."""
        key = self.outer.value, self.which.value - 1
        if key not in self._looks:
            self._looks[key] = outer.look(self.history[key[0]], self.task.inputs[key[1]])
        return self._looks[key]

    def verdicts(self) -> dict[int, str]:
        """For every question that has been read: right, other (another letter's), or never told."""
        seen, row = self.look(), self.which.value - 1
        due, numbers = (
            self.task.targets[row],
            set(self.task.inputs[row, 1 : outer.TOLD : 2].tolist()),
        )
        found = {}
        for t in self.task.asked[row].nonzero().flatten().tolist():
            answer = int(seen.answers[t])
            if t < self.inner.value:
                right = answer == int(due[t])
                found[t] = "right" if right else "other" if answer in numbers else "never"
        return found

    def repaint(self, _change: Any = None) -> None:
        """Show the memory of this outer step after this token."""
        self.memory.show(self.look().film[self.inner.value])
        self.said.value = f"<b>{escape(self._told())}</b>"
        self.strip.value = self._strip()

    def _mark(self, _change: Any = None) -> None:
        """Mark this outer step in the curve."""
        self.curve.value = self._curve()

    def _told(self) -> str:
        count = list(self.verdicts().values()).count
        asked = len(self.verdicts())
        return (
            f"After {self.outer.value} outer steps and {self.inner.value} tokens: {asked} "
            f"question{'' if asked == 1 else 's'} asked, {count('right')} right, "
            f"{count('other')} with another letter’s number, {count('never')} with one never told."
        )

    def _strip(self) -> str:
        """The sequence: tokens, a bar for what each writes, and the answers so far."""
        seen, row, verdicts = self.look(), self.task.inputs[self.which.value - 1], self.verdicts()
        green, wide, body = style.colour("gates", self.dark), WIDE * len(row) + 70, ""
        for t, token in enumerate(row.tolist()):
            x, bar = 64 + WIDE * t, BAR * float(seen.written[t])
            fade = 1 if t < self.inner.value else 0.35
            body += (
                f'<g opacity="{fade}"><text x="{x + WIDE / 2}" y="{BAR + 36}" text-anchor="middle"'
                f' font-weight="{"bold" if t < outer.TOLD else "normal"}">{outer.spell(token)}'
                f'</text><rect x="{x + 6}" width="{WIDE - 12}" y="{BAR + 16 - bar:.1f}"'
                f' height="{bar:.1f}" fill="{green}"/></g>'
            )
            if t in verdicts:
                answer = f"{SIGNS[verdicts[t]]}{outer.spell(int(seen.answers[t]))}"
                body += (
                    f'<text x="{x + WIDE / 2}" y="{BAR + 58}" text-anchor="middle">{answer}</text>'
                )
        edge = 64 + WIDE * self.inner.value
        body += (
            f'<line x1="{edge}" x2="{edge}" y1="8" y2="{BAR + 66}" stroke="'
            f'{style.colour("fast", self.dark)}" stroke-width="2" stroke-dasharray="8 4"/>'
        )
        names = (("writes", BAR + 8), ("token", BAR + 36), ("answer", BAR + 58))
        body += "".join(f'<text x="2" y="{y}" opacity=".8">{name}</text>' for name, y in names)
        label = f"{self._told()} A write of {float(seen.written.max()):.2f} at most."
        return (
            f'<svg viewBox="0 0 {wide} {BAR + 70}" width="{wide}" style="max-width:100%;{_FONT}"'
            f' role="img" aria-label="{escape(label)}">{body}</svg>'
        )

    def _curve(self) -> str:
        """Recall over the outer steps, and where the slider stands."""
        frame = Frame((float(self.steps[0]), float(self.steps[-1])), (0.0, 1.0), 420, 250)
        x, (right, told) = np.array(self.steps, float), np.array(self.shares).T
        blue, red = style.colour("slow", self.dark), style.colour("fast", self.dark)
        looks = {"right": (blue, dashes("slow")), "told at all": (red, dashes("fast"))}
        body = frame.line(x, told, *looks["told at all"]) + frame.line(x, right, *looks["right"])
        here, now = self.outer.value, right[self.steps.index(self.outer.value)]
        at = (float(frame.across(here)), float(frame.down(now)))
        body += f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="6" fill="{blue}"/>'
        entries = [(name, *look) for name, look in looks.items()]
        alt = f"Share of the answers that are right over the outer steps; {now:.0%} at step {here}."
        body += frame.key(entries)
        return frame.svg(body, alt=alt, xlabel="outer step", ylabel="share of the answers")

    def figure(self, *, alt: str = "") -> Picture:
        """What is shown now, as a still picture."""
        seen, row = self.look(), self.task.inputs[self.which.value - 1]
        writes = ", ".join(f"{float(share):.2f}" for share in seen.written[: outer.TOLD])
        words = f"{self._told()} The first {outer.TOLD} tokens write {writes} of their surprise."
        with picture(
            alt or f"{words} Beside the bars is the memory.", 7.6, 3.1, self.dark
        ) as figure:
            bars, place = figure.subplots(1, 2, width_ratios=[2.2, 1])
            bars.bar(range(len(row)), seen.written.numpy(), color=style.colour("gates", self.dark))
            names = [outer.spell(token) for token in row.tolist()]
            for t, verdict in self.verdicts().items():
                names[t] += f"\n{SIGNS[verdict]}{outer.spell(int(seen.answers[t]))}"
            bars.set_xticks(range(len(row)), names, fontsize=8)
            bars.set(ylim=(0, 1), ylabel="share that is written")
            bars.set_title(f"after {self.outer.value} outer steps", fontsize=9)
            look = {"cmap": style.signed_map(self.dark), "vmin": -LIMIT, "vmax": LIMIT}
            place.imshow(seen.film[self.inner.value].numpy(), **look)
            place.set(xticks=[], yticks=[])
            place.set_title(f"memory after {self.inner.value} tokens", fontsize=9)
        return figure
