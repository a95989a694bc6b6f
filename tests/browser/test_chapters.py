"""The chapters as a reader meets them: in JupyterLab, in a browser, run from top to bottom."""

import pytest

from titans_book.lab.editions import LEARNER, ROOT, masters, target

pytestmark = pytest.mark.browser
NOTEBOOKS = [str(target(master, LEARNER).relative_to(ROOT)) for master in masters()]


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_every_cell_runs_each_slider_moves_a_picture_nothing_complains(lab, notebook):
    name = notebook.removesuffix(".ipynb").replace("/", "-")
    lab.open(notebook)
    lab.run_all()
    lab.screenshot(name)
    assert lab.errors() == []
    handles = lab.sliders()
    for index in range(handles.count()):
        slider = handles.nth(index)
        lab.move(slider, "ArrowLeft" if at_its_end(slider) else "ArrowRight")
    lab.screenshot(f"{name}-moved")
    assert lab.complaints == []


def at_its_end(slider) -> bool:
    """A handle of ipywidgets says where it stands in ARIA's words, a plain input in its own."""
    return slider.evaluate(
        """node => {
          const said = name => Number(node.getAttribute(`aria-value${name}`));
          return node.matches('input') ? Number(node.value) >= Number(node.max)
                                       : said('now') >= said('max');
        }"""
    )
