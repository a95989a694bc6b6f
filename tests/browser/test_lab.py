"""JupyterLab with the project's settings; and proof that the helpers here see what is wrong."""

import nbformat
import pytest

from tests.browser.lab_page import LabPage
from titans_book.lab.desk.server import START_PAGE
from titans_book.lab.editions.editions import METADATA

pytestmark = pytest.mark.browser

BROKEN = (
    "1 / 0",
    "from IPython.display import HTML; HTML('<script>console.error(\"oh no\")</script>')",
    "import ipywidgets; ipywidgets.VBox([ipywidgets.IntSlider(), ipywidgets.HTML('still')])",
)


@pytest.mark.parametrize(("lab", "light"), [("light", "true"), ("dark", "false")], indirect=["lab"])
def test_the_theme_follows_the_desktop_and_nobody_is_asked_about_news(lab: LabPage, light):
    lab.open(START_PAGE)
    lab.page.wait_for_function(f"() => document.body.dataset.jpThemeLight === '{light}'")
    lab.page.wait_for_timeout(1000)
    lab.screenshot(f"theme-light-{light}")
    assert lab.page.locator(".Toastify__toast").count() == 0
    assert lab.complaints == []


def test_errors_of_cells_and_console_are_seen_and_a_dead_slider_is_too(lab: LabPage, project):
    cells = [nbformat.v4.new_code_cell(source) for source in BROKEN]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
    nbformat.write(notebook, project / "broken.ipynb")
    lab.open("broken.ipynb")
    lab.run_all()
    assert lab.errors() == ["code cell 1: ZeroDivisionError: division by zero"]
    for text in BROKEN[1:]:  # Run All stops at an error
        lab.run_cell(text)
    lab.sliders().first.wait_for()
    assert [line for line in lab.complaints if "oh no" in line]
    with pytest.raises(Exception, match="Timeout"):
        lab.move(lab.sliders().first, timeout=2)
