"""Attention on the board: maps that grow row by row, and boards of every variant."""

import asyncio

import numpy as np
import pytest
import torch

from tests.inspection.test_looking import WITH_ATTENTION, build, tokens
from titans_book.inspection.looking import look
from titans_book.lab.live.attention_reading import AttentionReading, maps, received, share_words
from titans_book.lab.live.board import LiveBoard
from titans_book.lab.pictures import pixels
from titans_book.model.config import VARIANTS
from titans_book.training import LOOKED_AT, Snapshot, TrainingSettings, train


def snapshot(variant, time=45):
    seen = look(build(variant), tokens(time))
    memories = tuple(block.memory.trace for block in seen if block.memory)
    return Snapshot(tokens(time), memories, tuple(block.attention for block in seen))


@pytest.mark.parametrize("variant", WITH_ATTENTION)
def test_attention_is_a_film_of_one_picture_with_a_row_for_each_reader(variant):
    reading = AttentionReading(snapshot(variant))
    wanted = pixels.quantise(reading.values(), reading.limit, "magnitude")
    assert np.array_equal(reading.frames(), wanted[None]) and reading.times == [45]
    assert reading.reveal == (45, 45)
    assert (not reading.memories) == (variant == "attention")


def test_what_is_looked_at_is_counted_by_brute_force():
    attentions = snapshot("mac").attentions
    got = received(attentions)
    for column in (0, 7, 43):
        total = [
            float(trace.weights[head, row, 4 + 45 + column])
            for trace in attentions
            for head in range(2)
            for row in range(column + 1, 45)
        ]
        assert got[column] == pytest.approx(sum(total) / 4 / (44 - column), rel=1e-5)
    assert got[44] == 0


def test_a_large_map_keeps_its_brightest_spots():
    shot = snapshot("attention", time=300)
    small = maps(shot.attentions)
    assert small.size <= 120_000 and small.shape[2] == 150
    for block, trace in enumerate(shot.attentions):
        assert small[block, 1].max() == pytest.approx(float(trace.weights[1].max()), rel=1e-5)
        assert small[block, 1, 3, 2] == pytest.approx(
            float(trace.weights[1, 6:8, 4:6].max()), rel=1e-5
        )


def test_the_sink_is_written_out():
    shot = snapshot("mac")
    sink = torch.stack([trace.sink() for trace in shot.attentions]).mean()
    assert f"{100 * sink:.0f} % goes to persistent tokens, " in share_words(shot.attentions)
    assert share_words(snapshot("attention").attentions).endswith("% goes to the first token")


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_board_for_every_variant(variant):
    x = torch.randint(0, 32, (2_000,), generator=torch.Generator().manual_seed(0))
    settings = TrainingSettings(steps=3, batch=2, length=40, evaluate_every=0, save_every=0)
    board = LiveBoard()
    asyncio.run(board.run(train(build(variant).float(), x, settings)))
    offered = [name for _, name in board.face.views.options]
    assert ("attention" in offered) == (variant in WITH_ATTENTION)
    assert ("written" in offered) == (variant != "attention")
    assert board.face.opened.layout.display == ("none" if variant == "attention" else None)
    assert ("% goes to" in board.face.legend.value) == (variant == "attention")
    assert board.film(alt="The training").layout["frames"] == 3
    seen = {board.face.stage.value}
    for view in offered:
        board.face.views.value = view
        assert board.face.reading.kind == ("magnitude" if view == "attention" else "signed")
        seen.add(board.face.stage.value)
    assert len(seen) == len(offered)
    assert sum(bool(axes.images) for axes in board.figure(alt="The end").axes) == 4


def test_one_board_for_two_models():
    """A reader chooses another variant and runs the same board again."""
    x = torch.randint(0, 32, (2_000,), generator=torch.Generator().manual_seed(0))
    settings = TrainingSettings(steps=1, batch=2, length=40, evaluate_every=0, save_every=0)
    board = LiveBoard()
    for variant, view in (("lmm", "written"), ("attention", "attention"), ("mac", "attention")):
        board.shelf.__init__()  # a film is of one model
        asyncio.run(board.run(train(build(variant).float(), x, settings)))
        assert board.face.views.value == view


def test_a_snapshot_of_a_long_passage_keeps_the_beginning():
    x = torch.randint(0, 32, (2_000,), generator=torch.Generator().manual_seed(0))
    settings = TrainingSettings(steps=1, batch=1, length=400, evaluate_every=0, save_every=0)
    (step,) = train(build("attention").float(), x, settings)
    assert step.snapshot.attentions[0].weights.shape == (2, LOOKED_AT, LOOKED_AT)
    reading = AttentionReading(step.snapshot)
    assert len(reading.surprise) == reading.length == 400
    assert reading.reveal == (LOOKED_AT // 2, LOOKED_AT)  # two by two
    assert reading.frames().shape[3] == LOOKED_AT // 2
