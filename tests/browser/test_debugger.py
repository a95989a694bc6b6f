"""Chapter 14's debugger in the browser: another question, a switch, a stretch, another block."""

import nbformat
import pytest

pytestmark = pytest.mark.browser

CELL = """from titans_book.book.ch14.debugger import MemoryDebugger
debugger = MemoryDebugger(length=256)
debugger"""
SAYS = "text => document.querySelector('[role=status]')?.textContent.includes(text)"


@pytest.fixture
def debugger(lab, project):
    """A page with the debugger, and nothing else. Its text ends after token 254."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [nbformat.v4.new_code_cell(CELL)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    nbformat.write(notebook, project / "notebooks/debugger.ipynb")
    lab.open("notebooks/debugger.ipynb")
    lab.run_all()
    lab.wait(SAYS, 30, "Asked after token 254")
    return lab


def press(lab, slider: str, *keys: str) -> None:
    """Keys on the handle of a slider, by its label."""
    handle = lab.page.locator(f'.noUi-handle[aria-label="{slider}"]')
    handle.focus()
    for key in keys:
        handle.press(key)


def choose(lab, place: int, option: str) -> None:
    lab.page.locator(".jp-OutputArea-output select").nth(place).select_option(label=option)


def test_every_question_is_reached_the_last_one_as_well(debugger):
    press(debugger, "look after token", "Home")
    debugger.wait(SAYS, 20, "Asked after token 0,")
    press(debugger, "look after token", *["ArrowRight"] * 3)
    debugger.wait(SAYS, 20, "Asked after token 192")
    press(debugger, "look after token", "ArrowRight")
    debugger.wait(SAYS, 20, "Asked after token 254")
    press(debugger, "look after token", "Home", "End")
    debugger.wait(SAYS, 20, "Asked after token 254")
    assert debugger.complaints == []


def test_a_switch_a_stretch_and_a_block_are_shown(debugger):
    drawn = debugger.page.locator(".jp-OutputArea-output:not(:has(.titans-still-of)) svg polyline")
    assert drawn.count() == 1
    choose(debugger, 0, "both")
    debugger.wait(SAYS, 20, "with both off from 3 to 254")
    assert drawn.count() == 2
    before = debugger.pictures()
    press(debugger, "off from token", "End")
    debugger.wait(SAYS, 20, "with both off from 254 to 254")
    debugger.wait_for_change(before)
    before = debugger.pictures()
    choose(debugger, 1, "block 1")
    debugger.wait_for_change(before)
    debugger.screenshot("debugger")
    choose(debugger, 0, "nothing")
    debugger.wait(
        "() => !/ off from /.test(document.querySelector('[role=status]').textContent)", 20
    )
    assert drawn.count() == 1
    assert debugger.complaints == []
