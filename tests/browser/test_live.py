"""Chapter 13's board in the browser: it moves, shows the lines it is asked for, and stops."""

import time

import pytest

from titans_book.lab.live.passage_lines import LINES

pytestmark = pytest.mark.browser

# Alone on two cores the board repaints more than 15 times a second and Stop takes less than one.
# The bounds leave room for a machine that has other things to do.
REPAINTS, STOP = 5, 5


def choose(lab, choice) -> str:
    """Choose other lines; what is drawn, once it is there."""
    board = lab.page.locator(".titans-board")
    board.locator("select").nth(2).select_option(label=choice.name)
    drawing = board.locator(f'h4:text-is("{choice.title}")').locator(
        "xpath=ancestor::div[contains(@class, 'widget-vbox')][1]//*[name()='svg']"
    )
    drawing.wait_for(timeout=20_000)
    return " ".join(drawing.locator("tspan").all_text_contents())


def test_the_board_moves_while_the_model_trains_and_stop_stops_it(lab):
    lab.open("notebooks/13_train_it.ipynb")
    lab.run_to("await bench.train(")
    lab.page.get_by_role("button", name="Stop").and_(lab.page.locator(":enabled")).wait_for()
    lab.page.wait_for_timeout(2000)  # the first steps are slow
    repaints = lab.repaints(4)
    lab.screenshot("board-live")
    shown = [choose(lab, choice) for choice in reversed(LINES.values())]
    lab.screenshot("board-lines")
    begin = time.monotonic()
    lab.press("Stop")
    lab.wait("() => window.ran", timeout=60)
    stopped = time.monotonic() - begin
    print(f"{repaints:.1f} repaints a second; Stop after {stopped:.2f} s")
    assert len(set(shown)) == len(LINES)
    assert choose(lab, LINES["sizes"]) in shown  # and after the run
    assert "put most into it" in pointed_at(lab)
    trained_again(lab)
    assert lab.errors() == []
    assert lab.complaints == []
    assert repaints > REPAINTS
    assert stopped < STOP


def pointed_at(lab) -> str:
    """What the board says of a cell of its picture."""
    stage = lab.page.locator(".titans-stage")
    stage.scroll_into_view_if_needed()
    stage.hover(position={"x": 40, "y": 20})  # between two panels there is nothing to say
    lab.wait("() => /after \\d+ tokens/.test(document.querySelector('.here').textContent)", 20)
    return lab.page.locator(".here").inner_text()


def trained_again(lab) -> None:
    """Press Train, in Pause drag the slider of the tokens, and stop."""
    lab.press("Train")
    busy = lab.page.get_by_role("button", name="Pause").and_(lab.page.locator(":enabled"))
    busy.wait_for(timeout=60_000)
    lab.wait("() => document.querySelector('.titans-board .numbers')?.textContent", 60)
    lab.press("Pause")
    handle = lab.page.locator('.titans-board [aria-label="read up to token"]')
    handle.focus()
    handle.press("Home")
    handle.press("ArrowRight")
    lab.wait("() => document.querySelector('.titans-held').dataset.token === '1'", 20)
    lab.wait("() => document.querySelectorAll('.titans-text > b.rest').length > 90", 20)
    lab.press("Stop")
    lab.wait("() => /Stopped/.test(document.querySelector('[role=status]').textContent)", 60)
