"""A start that is dragged in a picture: sliders, kernel and picture follow the pointer."""

import nbformat
import pytest

pytestmark = pytest.mark.browser

CELL = """from titans_book.book.ch11.valley_map import ValleyMap
map = ValleyMap()
map"""
# Where a point of the map lies in the browser's window; the map is drawn anew at every step.
PLACE = """point => {
  const drawing = document.querySelector('svg[data-drag]');
  drawing.scrollIntoView({ block: 'center' });
  const [left, top, right, bottom, x0, y0, x1, y1] = drawing.dataset.drag.split(' ').map(Number);
  const x = left + ((point[0] - x0) / (x1 - x0)) * (right - left);
  const y = bottom - ((point[1] - y0) / (y1 - y0)) * (bottom - top);
  const { x: across, y: down } = new DOMPoint(x, y).matrixTransform(drawing.getScreenCTM());
  return [across, down];
}"""
SAYS = "text => document.querySelector('svg[data-drag]')?.ariaLabel.startsWith(text)"


@pytest.fixture
def valley(lab, project):
    """A page with the map of chapter 11, and nothing else."""
    cells = [nbformat.v4.new_code_cell(CELL), nbformat.v4.new_code_cell("map.r.value")]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    nbformat.write(notebook, project / "notebooks/valley.ipynb")
    lab.open("notebooks/valley.ipynb")
    lab.run_all()
    lab.wait(SAYS, 20, "From (-3.5, 2.0)")
    return lab


def test_the_start_follows_the_pointer_and_rests_when_it_is_let_go(valley):
    mouse = valley.page.mouse
    mouse.move(*valley.page.evaluate(PLACE, [1.0, 3.0]))
    assert valley.page.evaluate(SAYS, "From (-3.5, 2.0)")  # not pressed yet
    mouse.down()
    valley.wait(SAYS, 20, "From (1.0, 3.0)")
    mouse.move(*valley.page.evaluate(PLACE, [-1.5, 1.0]), steps=5)
    valley.wait(SAYS, 20, "From (-1.5, 1.0)")
    mouse.move(*valley.page.evaluate(PLACE, [4.4, 1.0]), steps=2)
    valley.wait(SAYS, 20, "From (4.0, 1.0)")  # the sliders end at 4
    mouse.up()
    mouse.move(*valley.page.evaluate(PLACE, [0.0, 0.0]), steps=3)
    valley.run_cell("map.r.value")
    valley.said("map.r.value", "4.0")  # the kernel heard it, and nothing after it
    assert valley.page.evaluate(SAYS, "From (4.0, 1.0)")
    assert valley.complaints == []


def test_the_sliders_are_still_the_way_for_the_keyboard(valley):
    valley.page.locator(".titans-drag-x .noUi-handle").focus()
    valley.page.keyboard.press("ArrowRight")
    valley.wait(SAYS, 20, "From (-3.4, 2.0)")
