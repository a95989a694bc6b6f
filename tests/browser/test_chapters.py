"""Chapters without an exercise to play, as a reader meets them: in JupyterLab, top to bottom.

test_exercises.py does the same for the others, with a wrong and a right answer on the way.
"""

import pytest

from tests.browser.test_exercises import PLAYS
from titans_book.lab.editions.editions import LEARNER, masters, target
from titans_book.lab.project import ROOT

pytestmark = pytest.mark.browser
PLAYED = {play.notebook for play in PLAYS}
NOTEBOOKS = [
    str(target(master, LEARNER).relative_to(ROOT))
    for master in masters()
    if master.stem not in PLAYED
]


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_every_cell_runs_each_slider_moves_a_picture_nothing_complains(lab, notebook):
    name = notebook.removesuffix(".ipynb").replace("/", "-")
    lab.open(notebook)
    lab.run_all()
    lab.screenshot(name)
    assert lab.errors() == []
    lab.try_sliders()
    lab.screenshot(f"{name}-moved")
    assert lab.complaints == []
