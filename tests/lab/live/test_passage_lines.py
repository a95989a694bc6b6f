"""Lines over a passage: what they say is what the memories did, and what relevance measured."""

import asyncio
import threading
import time

import numpy as np
import pytest
import torch

from tests.inspection.test_looking import build, tokens
from tests.lab.fakes import Training
from titans_book.inspection.looking import look
from titans_book.inspection.relevance import relevance
from titans_book.lab.live.board import LiveBoard
from titans_book.lab.live.passage_lines import LINES, owed
from titans_book.lab.live.runner import Runner
from titans_book.lab.pictures.lines import Line, places
from titans_book.lab.pictures.traces import LineDrawing, number
from titans_book.training import TrainingSettings, train

TEXT = torch.randint(0, 32, (2_000,), generator=torch.Generator().manual_seed(0))


def training(model, steps=3):
    settings = TrainingSettings(
        steps=steps, batch=2, length=40, evaluate_every=0, save_every=0, learning_rate=1e-9
    )
    return train(model, TEXT, settings)


def offered(board):
    return [name for _, name in board.face.lines.options]


def drawn(board):
    return board.face.traces.drawing.lines


def test_sizes_are_those_of_all_layers_and_heads():
    memories = [block.memory.trace for block in look(build("mac"), tokens())]
    written, momentum, step = LINES["sizes"].make(memories)
    assert written.values.shape == momentum.values.shape == (4, len(memories[0].times))
    film = [layer[:, 1] for layer in memories[1].film]  # the second head of the second block
    flat = torch.cat([layer.flatten(1) for layer in film], dim=1)
    assert np.allclose(written.values[3], (flat - flat[:1]).norm(dim=1))
    assert np.allclose(step.values[3], (flat[1:] - flat[:-1]).norm(dim=1))
    assert step.times == memories[0].times[1:]
    keys, values = LINES["lengths"].make(memories[1:])
    assert np.allclose(keys.values, 1.0) and np.allclose(values.values, memories[1].values)


def test_relevance_of_all_blocks_or_of_one():
    found = relevance(build("mag"), tokens())
    everything, second = owed(found), owed(found, 1)
    assert [line.symbol for line in everything] == ["memory", "attention"]
    assert everything[0].values.shape == (2, 45)
    assert torch.equal(second[1].values, found.moved["attention"][1:])


def test_a_number_stands_where_it_was_taken():
    """A chunk's length is known behind its last token, and not beyond the end of its line."""
    line = Line("|M|", "written", "fast", [[0.0, 1.5, 2.5], [0.0, 2.5, 3.5]], (0, 16, 32))
    assert places(line).tolist() == [0, 15, 31]
    drawing = LineDrawing([line], 40)
    shown = {upto: drawing.svg(upto) for upto in (1, 16, 31, 32, 33)}
    says = {upto: f">{number(value)}</text>" for upto, value in ((1, 0.0), (16, 2.0), (32, 3.0))}
    assert all(says[upto] in shown[upto] for upto in says)
    assert says[16] in shown[31] and says[32] not in shown[33]


def test_a_passage_of_one_token_and_lines_of_none():
    assert "polyline" in LineDrawing([Line("k", "keys", "slow", [[1.0]])], 1).svg()
    assert "polyline" not in LineDrawing([Line("k", "keys", "slow", np.zeros((2, 0)))], 1).svg(1)


@pytest.mark.parametrize("variant", ["mac", "attention"])
def test_the_board_offers_what_a_model_has(variant):
    model = build(variant).float()
    board = LiveBoard(model)
    asyncio.run(board.run(training(model, steps=1)))
    if variant == "attention":
        assert offered(board) == []
        return
    assert offered(board) == [name for name in LINES if name != "bits"]
    seen = {board.face.traces.value}
    for name in offered(board)[1:]:
        choice = LINES[name]
        board.face.lines.value = name
        assert board.face.beside.value == f"<h4>{choice.title}</h4>"
        seen.add(board.face.traces.value)
    assert len(seen) == 4 and all("<svg" in value for value in seen)


def test_relevance_is_not_offered_without_the_model():
    board = LiveBoard()
    asyncio.run(board.run(Training(steps=1)()))
    assert offered(board) == ["gates", "sizes", "lengths"]


def test_relevance_after_a_run_is_that_of_the_model():
    model = build("mal").float()
    board = LiveBoard(model)
    asyncio.run(board.run(training(model)))
    board.face.lines.value = "relevance"
    found = relevance(model, board.showing.moment.snapshot.tokens)
    for line in drawn(board):
        assert torch.equal(line.values, found.moved[line.symbol])
    board.face.blocks.value = 1
    assert drawn(board)[0].values.shape == (1, 40)
    board.face.lines.value = "gates"
    assert [line.symbol for line in drawn(board)] == ["θ", "η", "α"]


@pytest.mark.parametrize("paused", [False, True])
def test_relevance_comes_while_the_training_goes_on_or_is_held(paused):
    model = build("mag").float()
    board = LiveBoard(model)
    seen = []

    async def main():
        running = asyncio.ensure_future(board.run(training(model, steps=10_000)))
        while board.showing.moment is None:
            await asyncio.sleep(0.005)
        if paused:
            board.pause()
        board.face.lines.value = "relevance"
        assert "Measured after the running step" in board.face.traces.value
        end = time.monotonic() + 20
        while "<svg" not in board.face.traces.value:
            assert time.monotonic() < end, "waited in vain"
            await asyncio.sleep(0.005)
        seen.extend(line.symbol for line in drawn(board))
        board.stop()
        return await running

    history = asyncio.run(main())
    assert seen == ["memory", "attention"] and history.stopped


def test_no_step_runs_while_the_model_is_asked():
    """A question is answered in the thread of the training, between two of its steps."""
    busy, seen = threading.Lock(), []

    def step(_):
        assert busy.acquire(blocking=False)
        time.sleep(0.04)
        busy.release()

    def work():
        assert busy.acquire(blocking=False)
        time.sleep(0.03)
        busy.release()
        return threading.current_thread().name

    runner = Runner(lambda event: runner.ask(work, seen.append), lambda: 0.002)
    asyncio.run(runner.run(Training(steps=6, work=step)()))
    assert len(seen) >= 3 and seen[0].startswith("titans-training")
    runner.ask(lambda: 7, seen.append)
    assert seen[-1] == 7


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_question_of_the_last_step_is_answered(interrupted):
    seen, started = [], threading.Event()

    def slow():
        started.set()
        time.sleep(0.1)
        return "answer"

    runner = Runner(lambda event: None, lambda: 0.002)

    async def main():
        running = asyncio.ensure_future(runner.run(Training(steps=2, seconds=0.05)()))
        await asyncio.sleep(0.02)
        runner.ask(slow, seen.append)
        if interrupted:
            while not started.is_set():
                await asyncio.sleep(0.002)
            running.cancel()
        else:
            runner.stopping = True
        await running

    asyncio.run(main())
    assert seen == ["answer"]
