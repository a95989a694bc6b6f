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
    board.locator("select").nth(1).select_option(label=choice.name)
    drawing = board.locator(f'h4:text-is("{choice.title}")').locator(
        "xpath=ancestor::div[contains(@class, 'widget-vbox')][1]//*[name()='svg']"
    )
    drawing.wait_for(timeout=20_000)
    return " ".join(drawing.locator("tspan").all_text_contents())


def test_the_board_moves_while_the_model_trains_and_stop_stops_it(lab):
    lab.open("notebooks/13_train_it.ipynb")
    lab.run_to("await board.run(")
    lab.page.get_by_role("button", name="Stop").and_(lab.page.locator(":enabled")).wait_for()
    lab.page.wait_for_timeout(2000)  # the first steps are slow
    repaints = lab.repaints(5)
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
    assert lab.errors() == []
    assert lab.complaints == []
    assert repaints > REPAINTS
    assert stopped < STOP
