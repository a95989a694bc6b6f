"""What a page looks like when it is dark, and when it is opened again without a kernel."""

import nbformat
import pytest

from tests.browser.lab_page import PANEL, LabPage
from titans_book.lab.editions.editions import METADATA
from titans_book.lab.editions.legible import legible

pytestmark = pytest.mark.browser

FORMULA = legible(
    r"The memory ${\color{#D55E00}{M}}$, a <span style='color:#0072B2'>weight</span>."
)
FIGURES = """from titans_book.lab.pictures import figures
figures.heatmap([[1.0, -1.0]], alt="two cells")"""
BRIGHT = "figures.heatmap([[1.0, 0.0]], kind='magnitude', alt='two shades')"
WIDGETS = """import titans_book.book
from titans_book.lab.learning.quiz import quiz
quiz("01.interference")"""
# The mean brightness of the corner of every picture, as it is painted.
CORNERS = """() => [...document.querySelectorAll('.jp-OutputArea img[alt^="two"]')].map(image => {
  const canvas = document.createElement('canvas'), brush = canvas.getContext('2d');
  brush.filter = getComputedStyle(image).filter;
  brush.drawImage(image, 0, 0);
  return brush.getImageData(2, 2, 1, 1).data[0];
})"""
COLOURS = """() => [...document.querySelectorAll('.jp-MarkdownOutput [style*="color"]')]
  .map(node => getComputedStyle(node).color)"""
SHOWN = "() => [...document.querySelectorAll('.titans-still-of')].map(n => n.offsetHeight > 0)"


def write(project, *cells) -> None:
    notebook = nbformat.v4.new_notebook(cells=list(cells), metadata=METADATA)
    nbformat.write(notebook, project / "page.ipynb")


@pytest.mark.parametrize(
    ("lab", "dark"), [("light", False), ("dark", True)], indirect=["lab"], ids=["light", "dark"]
)
def test_pictures_and_coloured_letters_follow_the_page(lab: LabPage, project, dark):
    markdown = nbformat.v4.new_markdown_cell(FORMULA)
    write(project, markdown, *map(nbformat.v4.new_code_cell, (FIGURES, BRIGHT)))
    lab.open("page.ipynb")
    lab.run_all()
    lab.wait(f"() => ({CORNERS})().length === 2", 20)
    lab.page.wait_for_timeout(500)
    lab.screenshot(f"page-{'dark' if dark else 'light'}")
    corners = lab.page.evaluate(CORNERS)
    assert all(c < 30 for c in corners) if dark else corners == [255, 255]
    wanted = (
        {"rgb(232, 119, 46)", "rgb(46, 155, 214)"}
        if dark
        else {"rgb(184, 81, 0)", "rgb(0, 114, 178)"}
    )
    assert set(lab.page.evaluate(COLOURS)) == wanted
    assert lab.complaints == []


def test_a_widget_that_is_opened_again_without_its_kernel_shows_a_still(lab: LabPage, project):
    write(project, nbformat.v4.new_code_cell(WIDGETS))
    lab.page.set_default_timeout(60_000)
    lab.page.set_default_navigation_timeout(60_000)
    lab.open("page.ipynb")
    lab.run_all()
    lab.page.locator(".titans-quiz button").first.wait_for()
    assert lab.page.evaluate(SHOWN) == [False]
    lab.screenshot("quiz-alive")
    lab.page.evaluate(f"() => {PANEL}.context.save()")
    for session in lab.server.ask("sessions"):
        lab.server.ask(f"sessions/{session['id']}", "DELETE")
    lab.open("page.ipynb")
    lab.wait(f"() => ({SHOWN})()[0]", 20)
    lab.screenshot("quiz-without-kernel")
    said = lab.page.locator(".jp-OutputArea").first.inner_text()
    assert "Run this cell again" in said and "Error displaying widget" not in said
    assert lab.page.locator(".titans-still-of details").count() == 4
