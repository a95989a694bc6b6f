"""The notation of the book, as one table, and the page that is drawn from it.

    python -m titans_book.book.notation     writes notebooks/notation.md

A test compares the page with the table, and looks whether the four lines of the recurrence are in
`titans_book/memory/reference.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from titans_book.lab.project import ROOT

__all__ = ["LETTERS", "LINES", "PAGE", "SYMBOLS", "Line", "Symbol", "page"]

PAGE = ROOT / "notebooks" / "notation.md"


class Symbol(NamedTuple):
    """A symbol: what it means, its role (the colour), its name in code, its shape, Titans' number
    of the equation, and the chapter that explains it first."""

    tex: str
    meaning: str
    role: str
    code: str
    shape: str
    titans: str
    chapter: str


class Line(NamedTuple):
    """A line of the recurrence: its equation, Titans' numbers, and a piece of reference.py."""

    name: str
    tex: str
    titans: str
    code: str
    note: str = ""


MATRIX = "(B, H, d_in, d_out)"
SYMBOLS = (
    Symbol("k_t, v_t", "key and value of token t", "", "`k`, `v`", "(B, H, T, d)", "11", "00"),
    Symbol("M_t", "the memory after token t", "fast", "`state.weights`", MATRIX, "13", "00"),
    Symbol(r"\theta_t", "write rate", "gates", "`gates.theta`", "(B, H, T)", "10", "00"),
    Symbol(r"\alpha_t", "forgetting: the share that goes", "gates", "`gates.alpha`", "(B, H, T)",
           "13", "00"),
    Symbol("q_t", "query of token t: what the memory is asked", "", "`q`", "(B, H, T, d)", "15",
           "01"),
    Symbol("y_t", "the memory's answer", "", "`y`", "(B, H, T, d_v)", "15", "01"),
    Symbol("u_t", "surprise: a gradient; its length shades the text", "surprise",
           "`trace.surprise`", "(H, T)", "8", "02"),
    Symbol(r"\eta_t", "momentum: how much past surprise carries on", "gates", "`gates.eta`",
           "(B, H, T)", "10", "03"),
    Symbol("S_t", "past surprise", "fast", "`state.momentum`", MATRIX, "10", "03"),
    Symbol("b", "chunk: tokens whose gradients are taken together", "", "`chunk`", "a number",
           "16", "06"),
    Symbol("M_{t'}", "the memory at the last chunk boundary", "fast", "`state.anchor`", MATRIX,
           "16", "06"),
    Symbol("M_0", "the memory before the first token", "slow", "`weights`", "(H, d_in, d_out)",
           "16", "07"),
    Symbol("W_K, W_V, W_Q", "make k, v and q of a token", "slow", "`NeuralMemory.project`",
           "(dim, 3 dim)", "11, 15", "07"),
    Symbol("w", "window of attention", "attention", "`window`", "a number", "27", "08"),
    Symbol("N_p", "persistent tokens", "persistent", "`persistent`", "a number", "19", "08"),
    Symbol("C", "segment of the MAC model", "attention", "`segment`", "a number", "21", "09"),
)  # fmt: skip

LINES = (
    Line("surprise", r"u_t = \nabla_M\ \tfrac12\,\|M_{t'}(k_t) - v_t\|^2", "8, 12, 16",
         "u = self._surprise(", "by automatic differentiation"),
    Line("momentum", r"S_t = \eta_t S_{t-1} - \theta_t u_t", "10, 14", "s - rate * g",
         "where `s` is ηS and `rate` is θ"),
    Line("forgetting", r"M_t = (1 - \alpha_t) M_{t-1} + S_t", "13", "o + keep * (a - o) + s",
         "where `o` is 0"),
    Line("reading", r"y_t = M_t(q_t)", "15", "self.rule.network("),
)  # fmt: skip

PAPERS = ("This book, Titans", "MIRAS", "ATLAS", "Nested Learning", "TTT, DeltaNet")
LETTERS = {
    "write rate": ("**θ**", "η", "η", "η", "η or β"),
    "momentum": ("**η**", "none", "**θ**", "α", "none"),
    "forgetting": ("**α forgets**", "α keeps", "α keeps", "α keeps", "α keeps"),
    "kept over many tokens": ("β = ∏(1 − α)", "β = ∏ α", "β", "–", "–"),
    "chunk": ("**b**", "b", "b", "C", "b or C"),
    "segment": ("**C**", "–", "–", "–", "–"),
}

TOP = """# Notation

*Written by `python -m titans_book.book.notation`, from `titans_book/book/notation.py`.*

We use the letters of the Titans paper. Each chapter explains a symbol before it uses it, so you
need not learn this page by heart. Tokens are rows, and a matrix multiplies from the right. B is
the batch, H the heads, T the time in tokens, d the width of a head. Numbers in brackets are the
paper's equations.

## Symbols

The role is the colour that a symbol has in formulas and pictures.
"""
RECURRENCE = """
## The recurrence

Nearly all of the book is one recurrence of four lines. In them, t′ is the last chunk boundary
before token t. Chapter 06 explains chunks; until then every token is a chunk of its own, and t′
is t − 1.

$$
\\begin{aligned}
%s
\\end{aligned}
$$

We take half the squared error, as the paper's appendix C does. Its equation (12) has no half, so
our θ is twice the θ there. Each line of the formula is a line of
`titans_book/memory/reference.py`, and a test holds the fast `memorize` to these lines.
"""
TRAP = """
## A trap: other papers' letters

Other papers use the same letters for other things. Between Titans and ATLAS, θ and η even swap
their meanings, so a formula copied from one paper into code for the other runs, and is wrong.
Come back to this table whenever you open a paper. (For MIRAS and ATLAS it follows write-ups of
the papers, not the papers themselves.)
"""


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def page() -> str:
    """The whole page."""
    symbols = [
        (f"${s.tex}$", s.meaning, s.role or "–", s.code, s.shape, f"({s.titans})", s.chapter)
        for s in SYMBOLS
    ]
    code = [
        (line.name, f"({line.titans})", f"`{line.code}`" + f", {line.note}" * bool(line.note))
        for line in LINES
    ]
    heads = ("Symbol", "Meaning", "Role", "In code", "Shape", "Titans", "Chapter")
    aligned = " \\\\\n".join(
        line.tex.replace(" = ", " &= ", 1) + rf" && \text{{{line.name}}}" for line in LINES
    )
    letters = [(meaning, *cells) for meaning, cells in LETTERS.items()]
    parts = [
        TOP,
        _table(heads, symbols),
        RECURRENCE % aligned,
        _table(("Line", "Titans", "In `reference.py`"), code),
        TRAP,
        _table(("Meaning", *PAPERS), letters),
    ]
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def main(path: Path = PAGE) -> Path:
    """Write the page; its path."""
    path.write_text(page(), encoding="utf-8")
    return path


if __name__ == "__main__":
    print(main())
