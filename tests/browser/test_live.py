"""Chapter 13's board in the browser: it moves while the model trains, and Stop stops it."""

import time

import pytest

pytestmark = pytest.mark.browser

# Alone on two cores the board repaints more than 15 times a second and Stop takes less than one.
# The bounds leave room for a machine that has other things to do.
REPAINTS, STOP = 5, 5


def test_the_board_moves_while_the_model_trains_and_stop_stops_it(lab):
    lab.open("notebooks/13_train_it.ipynb")
    lab.run_to("await board.run(")
    lab.page.get_by_role("button", name="Stop").and_(lab.page.locator(":enabled")).wait_for()
    lab.page.wait_for_timeout(2000)  # the first steps are slow
    repaints = lab.repaints(5)
    lab.screenshot("board-live")
    begin = time.monotonic()
    lab.press("Stop")
    lab.wait("() => window.ran", timeout=60)
    stopped = time.monotonic() - begin
    print(f"{repaints:.1f} repaints a second; Stop after {stopped:.2f} s")
    assert lab.errors() == []
    assert lab.complaints == []
    assert repaints > REPAINTS
    assert stopped < STOP
