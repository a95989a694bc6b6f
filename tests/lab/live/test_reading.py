"""A passage made ready, and the shelf that keeps a bounded number of them."""

import numpy as np
import pytest

from tests.lab.fakes import snapshot
from titans_book.inspection.traces import ByPlace
from titans_book.lab.live.board import LiveBoard
from titans_book.lab.live.history import History, Shelf
from titans_book.lab.live.moments import Moment
from titans_book.lab.live.passage_lines import LINES
from titans_book.lab.live.reading import Reading, films
from titans_book.lab.pictures import pixels


def small(seed=0, **keywords):
    return snapshot(seed, blocks=2, length=32, heads=3, shape=(4, 8), **keywords)


def test_written_starts_empty_and_ends_at_the_difference():
    shot = small()
    reading = Reading(shot)
    film = films(shot.memories)
    assert reading.times == [0, 16, 32] and (reading.frames()[0] == 126).all()
    assert np.allclose(reading.values(), film[-1] - film[0])
    assert np.array_equal(reading.frames()[-1], pixels.quantise(film[-1] - film[0], reading.limit))


def test_the_memory_itself_is_shown_from_the_first_frame_on():
    shot = small()
    reading = Reading(shot, view="weights")
    wanted = pixels.quantise(films(shot.memories), reading.limit)
    assert np.array_equal(reading.frames(), wanted)


def test_tall_matrices_lie_down():
    shot = small()
    assert films(shot.memories, 1).shape == films(shot.memories, 0).shape == (3, 2, 3, 4, 8)
    assert films(shot.memories, ends=True).shape[0] == 2


def test_traces_of_one_block_or_of_all():
    shot = small()
    everything, second = Reading(shot), Reading(shot, block=1)
    rows = [LINES["gates"].make(reading.memories)[0].values for reading in (everything, second)]
    assert rows[0].shape == (6, 32) and rows[1].shape == (3, 32)
    assert np.allclose(second.surprise, shot.memories[1].surprise.mean(0))


def test_what_is_not_a_number_shows():
    shot = small()
    shot.memories[0].film[0][-1, 0, 0, 0] = np.nan
    assert Reading(shot).frames()[-1, 0, 0, 0, 0] == pixels.NOT_A_NUMBER


def test_rescaling_moves_colours_only():
    reading = Reading(small())
    values = reading.values().copy()
    reading.rescale(10 * reading.limit)
    assert np.array_equal(values, reading.values())
    assert abs(reading.frames().astype(int) - 126).max() < 30


def test_unknown_views_are_named():
    with pytest.raises(ValueError, match="view='dream'"):
        Reading(small(), view="dream")


def test_the_shelf_is_bounded_and_spread_over_the_run():
    shelf, shot = Shelf(room=8), small()
    for step in range(1, 101):
        shelf.offer(step, shot)
    assert 4 <= len(shelf.steps) <= 8 and shelf.steps[0] == 1
    assert len(set(np.diff(shelf.steps))) == 1 and shelf.steps[-1] > 75
    player = shelf.film(alt="Training")
    assert player.captions == [f"step {step}" for step in shelf.steps]
    film = films(shot.memories)
    assert np.allclose(player.frames[0], film[-1] - film[0], atol=1e-2)
    assert np.allclose(shelf.film(alt="x", view="weights").frames[0], film[-1], atol=1e-2)


def test_an_empty_shelf_says_so():
    with pytest.raises(ValueError, match="no film yet"):
        Shelf().film(alt="Nothing")
    with pytest.raises(ValueError, match="room=1"):
        Shelf(room=1)


def test_history_prints_without_numbers_that_wobble():
    history = History(steps=[1, 2], losses=[3.1, 3.0], evaluations=[(2, 1.0)])
    assert repr(history) == "History: 2 steps"
    assert history.held_out() == [(2, pytest.approx(0.6931472))]
    history.stopped = True
    assert repr(history) == "History: 2 steps, stopped early"


def test_large_memories_show_every_second_cell():
    shot = snapshot(0, blocks=1, length=16, heads=1, shape=(400, 800))
    assert films(shot.memories).shape[-2:] == (200, 400)


def test_memories_of_one_block_are_named_and_those_of_another_shape_left_out():
    traces = [
        *small().memories,
        snapshot(1, blocks=1, length=32, heads=3, shape=(4, 12)).memories[0],
    ]
    shot = small()
    shot.memories = ByPlace(dict(zip([(0, "fast"), (1, "fast"), (1, "slow")], traces, strict=True)))
    reading = Reading(shot, block=1)
    assert reading.labels == ["block 1, fast", "block 2, fast"]
    assert reading.words == "2 of 3 memories, those of one shape"
    assert reading.memories == [traces[1]] and reading.shape == (2, 3)
    board = LiveBoard(alt="Two memories")
    board.showing.show(Moment(1, shot), 1.0)
    assert [name for name, _ in board.face.blocks.options][1:] == ["block 1", "block 2"]
    assert "block 2, fast" in board.face.rows.value
