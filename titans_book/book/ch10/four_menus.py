"""Four menus that make a memory: the widget of chapter 10.

Below the menus come the name of the model that the choice re-creates, with the proof, and the
equations that the choice amounts to.
"""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets

from titans_book.book.ch10 import menus
from titans_book.book.ch10.menus import MENUS, Choice
from titans_book.lab.pictures import style
from titans_book.lab.pictures.controls import Panel, menu
from titans_book.lab.pictures.picture import Picture, check_alt, picture
from titans_book.lab.pictures.sheet import sheet, status

__all__ = ["CALLED", "FourMenus", "equations"]

ALT = "Four menus, for memory, error, retention and rule, and the model that they make"
EXACT = 1e-12
CALLED = {
    "linear-attention": "linear attention",
    "mamba2": "the recurrence of Mamba-2",
    "deltanet": "DeltaNet, and TTT-Linear, which takes its steps in chunks",
    "gated-deltanet": "Gated DeltaNet",
    "momentum-deltanet": "Momentum DeltaNet, the step of chapter 04",
    "ttt-mlp": "TTT-MLP",
    "titans": "Titans",
    "moneta": "Moneta, with the mirror map",
    "yaad": "Yaad",
    "memora": "Memora",
}
_ERRORS = {
    "dot product": "e = −v",
    "L2": "e = y − v",
    "p = 3": "e = sign(y − v) · |y − v|²",
    "Huber": "e = y − v if it is no longer than δ, else δ · sign(y − v)",
}


def equations(choice: Choice) -> list[str]:
    """What happens at each token, in order.

    >>> equations(Choice())
    ['y = k M', 'e = −v', 'M ← M − θ kᵀe']
    """
    deep, first = choice.memory == "MLP", choice.rule == "forget before asking"
    store = "A" if choice.retention in ("l_q", "KL") else "M"
    keep = store if choice.retention == "none" or first else f"(1 − α) {store}"
    surprise = "∇" if deep else "kᵀe"
    lines = [f"{store} ← (1 − α) {store}"] if first and choice.retention != "none" else []
    lines += ["y = k + gelu(k W₁) W₂, M = (W₁, W₂)" if deep else "y = k M"]
    lines += [_ERRORS[choice.error]]
    lines += ["∇ = e, sent back to both layers"] if deep else []
    if choice.rule == "momentum":
        lines += [f"S ← η S − θ {surprise}", f"{store} ← {keep} + S"]
    else:
        lines += [f"{store} ← {keep} − θ {surprise}"]
    maps = {
        "l_q": "M = mirror map of A, q = 4",
        "KL": "M = 8 · softmax of A, column by column; inputs are doubled, (h, −h)",
    }
    return [*lines, maps[choice.retention]] if choice.retention in maps else lines


class FourMenus(Panel):
    """A menu for each of MIRAS's four choices; everything below follows them.

    choice: what is chosen at the start.
    """

    def __init__(self, *, alt: str = ALT, choice: Choice | None = None, dark: bool | None = None):
        start = choice or Choice()
        self.dark = style.is_dark(dark)
        self.menus = {
            what: menu(what, options, given)
            for (what, options), given in zip(MENUS.items(), start, strict=True)
        }
        self.result, self.steps = status(), ipywidgets.HTML()
        for one in self.menus.values():
            one.observe(self.repaint, "value")
        row = ipywidgets.HBox(list(self.menus.values()), layout={"flex_flow": "row wrap"})
        super().__init__([sheet(), row, self.result, self.steps], alt=check_alt(alt))
        self.repaint()

    @property
    def choice(self) -> Choice:
        """What the menus say now."""
        return Choice(*(one.value for one in self.menus.values()))

    def repaint(self, _change: Any = None) -> None:
        """Run the choice, compare it with the model of that name, and say what came out."""
        try:
            self.choice.made()
        except ValueError as error:
            words = "there is nothing that could forget first: its accumulator is not the memory."
            self.result.value = f"<div><b>Not together</b>: {words}</div>"
            self.steps.value = f"<div><code>{escape(str(error))}</code></div>"
            return
        lines = "".join(f"<li><code>{escape(line)}</code></li>" for line in self.equations)
        name, words = self.told()
        look = ' class="right"' if name else ""
        self.result.value = f"<div{look}><b>{escape(name or 'No name')}</b>: {words}</div>"
        self.steps.value = f"<div>At every token:<ol>{lines}</ol></div>"

    @property
    def equations(self) -> list[str]:
        """What this choice does at each token."""
        return equations(self.choice)

    def told(self) -> tuple[str | None, str]:
        """The model that the choice re-creates, and what is known about it."""
        name = menus.named(self.choice)
        if name is None:
            return None, "none of the models in this book makes these four choices. It runs."
        same = menus.proof(self.choice) < EXACT
        said = "the same answers to 1e-12 as" if same else "NOT the same answers as"
        return CALLED[name], f"{said} its formula written out by hand, over twelve tokens."

    def figure(self, *, alt: str | None = None) -> Picture:
        """What is shown now, as a still picture."""
        name, words = self.told()
        with picture(alt or self.alt, 7.0, 2.6, self.dark) as figure:
            axes = figure.subplots()
            axes.set_axis_off()
            chosen = ", ".join(
                f"{what}: {value}" for what, value in zip(MENUS, self.choice, strict=True)
            )
            axes.text(0, 1, chosen, fontsize=9, va="top")
            axes.text(0, 0.84, name or "No name", fontsize=12, va="top", weight="bold")
            axes.text(0, 0.7, words, fontsize=9, va="top")
            axes.text(0, 0.56, "\n".join(self.equations), fontsize=9, va="top")
        return figure
