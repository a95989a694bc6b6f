"""The live board, without a front end: it follows, pauses, steps and stops, and tidies up."""

import asyncio
import json
import re
import threading
import time
from base64 import b64decode

import pytest

from tests.lab.fakes import Training, snapshot
from titans_book.lab.live.board import LiveBoard
from titans_book.lab.live.numbers import duration
from titans_book.lab.live.reading import Reading
from titans_book.lab.live.stage import Stage


def run(training, during=None, **options):
    """Run a board to its end; `during(board)` is awaited beside it."""

    async def main():
        board = LiveBoard(**options)
        running = asyncio.ensure_future(board.run(training()))
        if during is not None:
            await during(board)
        return board, await running

    return asyncio.run(main())


async def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.005)


def words(board):
    return board.face.status.value


def test_a_run_to_the_end_leaves_its_history():
    training = Training(steps=10)
    board, history = run(training)
    assert history.steps == list(range(1, 11)) and history.losses[0] == 5.0
    assert history.evaluations == [(5, 1.2), (10, 0.6)] and len(history.saved) == 2
    assert training.closed and not history.stopped
    assert "Done after step 10" in words(board)
    assert (
        "10 <small>of 10" in board.face.numbers.value and "1 min 15 s" in board.face.numbers.value
    )


def handed(board):
    """The films that the page was given, as they come: their seconds and where they begin."""
    films = []

    def note(change):
        film = json.loads(re.search(r'"titans-film">(.*?)</script>', change.new)[1])
        films.append((film["seconds"], film["share"]))

    board.face.stage.observe(note, "value")
    return films


def test_passages_follow_each_other_while_a_long_step_runs(monkeypatch):
    monkeypatch.setattr("titans_book.lab.live.showing.REST", 0.1)
    films = []

    async def during(board):
        board.face.pace.value = 1.0
        films.append(handed(board))

    run(Training(steps=2, seconds=1.5), during)
    # The first step brings a passage of 1.1 s; the next one comes while the second step runs.
    assert films[0] == [(1.0, 0.0), (1.0, 0.0), (1.0, 1.0)]


def test_a_passage_is_one_message(monkeypatch):
    films = []

    async def during(board):
        films.append(handed(board))

    run(Training(steps=60, seconds=0.01), during)
    assert films[0] == [(4.0, 0.0), (4.0, 1.0)]
    with pytest.raises(ValueError, match="fps=0"):
        LiveBoard(fps=0)


def test_another_pace_goes_on_from_where_the_passage_is():
    films = []

    async def during(board):
        films.append(handed(board))
        await until(lambda: films[0])
        await asyncio.sleep(0.4)
        board.face.pace.value = 8.0

    run(Training(steps=30, seconds=0.05), during)
    (first, second, last), end = films[0], (8.0, 1.0)
    assert first == (4.0, 0.0) and last == end
    assert second[0] == 8.0 and 0.1 <= second[1] < 0.4


def test_a_large_memory_hands_over_fewer_frames():
    """Of a film of many cells only some frames are shown, the first and the last among them."""
    stage = Stage(alt="A large memory")
    shot = snapshot(0, blocks=4, length=128, heads=2, shape=(50, 100), chunk=2)
    stage.play(Reading(shot), seconds=1.0, share=0.0)
    film = json.loads(re.search(r'"titans-film">(.*?)</script>', stage.value)[1])
    assert film["times"][0] == 0 and film["times"][-1] == 128 and len(film["times"]) == 37
    assert len(b64decode(film["frames"])) == 37 * (4 * 52 - 2) * (2 * 102 - 2)


def test_the_generator_runs_in_one_thread_that_is_not_ours():
    threads = set()
    training = Training(steps=30, work=lambda _: threads.add(threading.current_thread().name))
    run(training)
    assert len(threads) == 1 and threading.current_thread().name not in threads


def test_pause_holds_step_takes_one_and_resume_goes_on():
    training = Training(steps=30, seconds=0.01)
    seen = {}

    async def during(board):
        await until(lambda: training.made >= 3)
        board.face.pause.click()
        await asyncio.sleep(0.2)
        seen["paused"] = training.made
        assert board.face.pause.description == "Resume" and "Paused" in words(board)
        await asyncio.sleep(0.2)
        assert training.made == seen["paused"]
        board.face.step.click()
        await until(lambda: training.made > seen["paused"])
        await asyncio.sleep(0.2)
        assert training.made == seen["paused"] + 1
        board.face.keep["A"].click()
        board.face.pause.click()
        assert board.face.pause.description == "Pause"

    board, history = run(training, during)
    assert seen["paused"] < 30 and len(history.steps) == 30
    assert board.snapshots["A"].step <= seen["paused"] + 1


def test_stop_finishes_the_step_and_closes():
    training = Training(steps=1000, seconds=0.1)
    times = {}

    async def during(board):
        await until(lambda: training.made >= 2)
        times["pressed"] = time.monotonic()
        board.face.stop.click()

    board, history = run(training, during)
    assert time.monotonic() - times["pressed"] < 1.0
    assert training.closed and history.stopped and history.steps[-1] == training.made < 1000
    assert board.face.stop.disabled and not board.face.token.disabled
    assert "Stopped after step" in words(board)


@pytest.mark.parametrize("twice", [False, True])
def test_the_notebooks_interrupt_is_a_stop(twice):
    training = Training(steps=1000, seconds=0.2)

    async def main():
        board = LiveBoard()
        running = asyncio.ensure_future(board.run(training()))
        await until(lambda: training.made >= 1)
        running.cancel()
        if twice:
            await asyncio.sleep(0.02)
            running.cancel()
        return await running

    history = asyncio.run(main())
    assert training.closed and history.stopped and history.steps[-1] == training.made


def test_an_error_in_training_is_raised_after_closing():
    training = Training(steps=10, fail_at=4)
    board = LiveBoard()
    with pytest.raises(FloatingPointError, match="not a number"):
        asyncio.run(board.run(training()))
    assert training.closed and not board.runner.running and board.face.stop.disabled


def test_a_second_run_goes_on_with_the_history():
    board = LiveBoard()
    asyncio.run(board.run(Training(steps=3)()))
    history = asyncio.run(board.run(Training(steps=2)()))
    assert history.steps == [1, 2, 3, 1, 2]


def test_two_runs_at_once_are_refused():
    training = Training(steps=5, seconds=0.05)

    async def during(board):
        await until(lambda: training.made >= 1)
        with pytest.raises(RuntimeError, match="at work already"):
            await board.runner.run(training())

    run(training, during)


def test_the_reader_changes_the_view_while_it_runs():
    training = Training(steps=12, seconds=0.05)

    async def during(board):
        await until(lambda: board.face.stage.value)
        before = board.face.stage.value
        board.face.views.value = "weights"
        board.face.blocks.value = 2
        assert board.face.stage.value != before
        assert [line.values.shape[0] for line in board.face.traces.drawing.lines] == [4, 4, 4]

    run(training, during)


def test_steps_without_snapshots_are_fine():
    board, history = run(Training(steps=5, snapshots=[]))
    assert len(history.steps) == 5 and board.face.stage.value == ""
    with pytest.raises(ValueError, match="nothing yet"):
        board.figure(alt="Nothing")


def test_film_and_figure_afterwards():
    board, _ = run(Training(steps=6), keep=4)
    film = board.film(alt="Memories over training")
    assert 2 <= film.layout["frames"] <= 4 and film.captions[0] == "step 1"
    picture = board.figure(alt="Memories at the end")
    assert sum(bool(axes.images) for axes in picture.axes) == 16


def test_it_prints_the_same_before_and_after():
    board = LiveBoard(alt="Training")
    asyncio.run(board.run(Training(steps=2)()))
    assert repr(board) == "LiveBoard: Training"


def test_durations_are_said_as_people_say_them():
    assert [duration(s) for s in (0.2, 59.4, 61, 7322)] == ["0 s", "59 s", "1 min 1 s", "2 h 2 min"]
