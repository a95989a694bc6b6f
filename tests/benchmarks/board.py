"""What does watching cost? `python -m tests.benchmarks.board`, from the root of the project.

    --rounds N       pairs of trainings (default 9: some four minutes)
    --steps N        steps of each (default 100)

Chapter 13's first model is trained in a notebook, in JupyterLab in a headless Chromium, by turns
alone and with the live board on the page, which lets it read a passage and write a text now and
then. Server and browser need processor time of their own, and on two cores they share with the
training. Where the computer is a guest of a busy host, the host takes more away while two cores
work than while one does; so what was stolen is printed beside. There few pairs say little: the
median of seven may be a tenth off. The processor time of the kernel alone is steadier: it holds all
that the board does there, and nothing of the page.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import nbformat

from tests.benchmarks.watched import summary
from tests.browser.conftest import chromium
from tests.browser.lab_page import LabPage
from tests.project.sources import ROOT
from titans_book.lab.desk.server import Server
from titans_book.lab.editions.editions import METADATA

SETUP = """
import json, sys
sys.path.insert(0, {root!r})
from tests.benchmarks.watched import LiveBoard, measure
board = LiveBoard()
board
"""
MEASURE = "print(json.dumps(await measure(board, {rounds}, {steps})))"
LINE = (
    "watched / alone {ratio:.2f} (median of {rounds} pairs), in the kernel's own processor time "
    "{worked:.2f}; {repaints:.1f} repaints a second; "
    "stolen by the host: {stolen_alone:.0%} of a core alone, {stolen_watched:.0%} watched"
)


def compare(browser: Any, rounds: int, steps: int) -> tuple[list[dict[str, Any]], int]:
    """The rows of `watched.measure`, from a notebook in this browser; how many pictures it drew."""
    cells = [SETUP.format(root=str(ROOT)), MEASURE.format(rounds=rounds, steps=steps)]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=METADATA
    )
    with tempfile.TemporaryDirectory() as folder:
        nbformat.write(notebook, Path(folder, "cost.ipynb"))
        with Server("--expose-app-in-browser", folder=Path(folder)) as server:
            context = browser.new_context(viewport={"width": 1400, "height": 1000})
            lab = LabPage(context.new_page(), server)
            lab.open("cost.ipynb")
            lab.run_all(timeout=1800)
            if lab.errors():
                raise RuntimeError("\n".join(lab.errors()))
            (said,) = lab.printed()[-1:]
            pictures = lab.page.evaluate("document.querySelector('.titans-board').pictures")
            context.close()
    return json.loads(said), pictures


def main(arguments: list[str] | None = None) -> None:
    """Measure, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=100)
    chosen = parser.parse_args(arguments)
    with chromium() as browser:
        rows, pictures = compare(browser, chosen.rounds, chosen.steps)
    repaints = pictures / sum(row["watched"] for row in rows)
    print(LINE.format(rounds=chosen.rounds, repaints=repaints, **summary(rows)))


if __name__ == "__main__":
    main()
