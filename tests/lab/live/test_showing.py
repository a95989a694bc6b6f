"""What the reader chooses to see on the board: a moment, a token, two moments, a cell."""

import asyncio
import re

import numpy as np
import pytest

from tests.lab.live.test_moments import SETTINGS, TOKENS, build, text
from titans_book import train
from titans_book.lab.live.attention_reading import AttentionReading
from titans_book.lab.live.board import LiveBoard
from titans_book.lab.live.comparing import Comparison, alike
from titans_book.lab.live.moments import Probe, moment
from titans_book.lab.live.pointing import about_cell, about_look, about_token, panel_at
from titans_book.lab.live.reading import Reading


@pytest.fixture(scope="module")
def trained():
    """A board after six steps, with a look at the beginning and at the end at least."""
    model = build()
    board = LiveBoard(model, Probe(TOKENS), level=("table", 2.5), credit="2 of 4", share=1)
    asyncio.run(board.run(train(model, text(), SETTINGS, held_out=text()[:60])))
    return board


@pytest.fixture
def board(trained):
    """The same, as it is after a run."""
    yield trained
    trained.showing.views.limits.clear()
    trained.face.scale.value = 0.0
    trained.snapshots.clear()
    trained.face.moment.value = 6
    trained.face.views.value = "written"
    trained.showing.release()


def test_every_picture_is_of_the_same_passage(board):
    passages = {tuple(one.snapshot.tokens.tolist()) for one in board.showing.album.moments}
    assert passages == {tuple(TOKENS.tolist())} and board.showing.album.steps[::6] == [0, 6]
    assert board.face.moment.value == 6 and board.showing.moment.step == 6
    assert "table: 2.50" in board.face.numbers.value and "2 of 4" in board.face.numbers.value
    assert "After step 6 the passage costs" in board.face.summary.value
    assert "table, 2.50 bits" in board.face.loss.value


def test_an_older_moment_can_be_shown_on_the_same_scale(board):
    shown, limit = board.face.stage.value, board.face.reading.limit
    board.face.moment.value = 0
    assert board.showing.moment.step == 0 and not board.showing.following
    assert board.face.reading.limit == limit and board.face.stage.value != shown
    board.face.scale.value = 0.2
    assert board.face.reading.limit == 0.2
    board.face.moment.value = 6
    assert board.showing.following and board.face.reading.limit == 0.2


def test_the_slider_holds_the_passage_at_a_token(board):
    film = board.face.stage.value
    board.face.token.value = 17
    assert 'data-token="17"' in board.face.held.value and board.showing.held == 17
    assert board.face.stage.value == film  # the page has it already
    board.face.play.click()
    assert 'data-token=""' in board.face.held.value
    assert f'"share": {17 / 40}' in board.face.stage.value


def test_two_moments_stand_side_by_side(board):
    board.face.moment.value = 0
    board.face.keep["A"].click()
    assert "compared" not in dict(board.face.views.options).values()
    board.face.moment.value = 6
    board.face.keep["B"].click()
    assert "A, B and B − A" in board.face.status.value
    board.face.views.value = "compared"
    reading, (a, b) = board.face.reading, board.snapshots.values()
    assert (a.step, b.step) == (0, 6) and reading.shape[0] * reading.shape[1] == 6
    for at, letter in ((0, "A"), (1, "B")):
        one = Reading(board.snapshots[letter].snapshot).values()[0, 0]
        place = (0, at) if reading.across else (at, 0)
        assert np.array_equal(reading.values()[place], one)
    parts = [reading.values()[(0, n) if reading.across else (n, 0)] for n in range(3)]
    assert np.allclose(parts[2], parts[1] - parts[0])
    assert "darker where a token costs less at B" in board.face.text.value


def test_moments_that_are_not_alike_say_why():
    lmm, deep, other = build(), build(memory={"rule": "deltanet"}), build("attention")
    one, two, none = (moment(model, Probe(TOKENS), 0) for model in (lmm, deep, other))
    assert alike(one, two) == "A and B have memories of different shapes"
    assert alike(one, none) == "A and B need a memory each"
    assert "different passages" in alike(one, moment(lmm, Probe(TOKENS[:30]), 0))
    with pytest.raises(ValueError, match="different shapes: keep two moments of one model"):
        Comparison(one, two)


def test_the_pointer_finds_the_number_and_who_wrote_it(board):
    reading, now = board.face.reading, board.showing.moment
    height, width = reading.values().shape[-2:]
    board.face.asked.value = f"cell {width + 2 + 5} 3 40"  # the second head
    value = Reading(now.snapshot).values()[0, 1, 3, 5]
    entries = now.authors[0, "memory"].entries(0, 1, *reading.cell(3, 5), 40)
    said = re.sub("<.*?>", "", board.face.answer.value)
    assert "head 2" in said and f"{value:.3g} after 40 tokens" in said
    assert f"(token {int(entries.abs().argmax()) + 1}) put most into it" in said
    assert panel_at(reading, width, 0) is None and about_cell(reading, now, width, 0, 40) == ""
    assert "Nothing has been written yet" in about_cell(reading, now, 0, 0, 0)


def test_on_a_map_of_attention_the_pointer_finds_who_looks_at_whom():
    now = moment(build("mac", segment=8), Probe(TOKENS), 0)
    reading = AttentionReading(now.snapshot)
    weights = now.snapshot.attentions[0].weights  # 4 persistent columns, 40 recalled, 40 of text
    for column, seen in ((2, "persistent token 3"), (4 + 9, "memory recalled at token 10"),
                         (44 + 9, "(token 10)")):  # fmt: skip
        said = about_look(reading, column, 13)
        assert f"(token 14)</b> gives {100 * float(weights[0, 13, column]):.1f} % to" in said
        assert seen in said and "block 1, head 1" in said
    assert about_look(reading, 84, 0) == ""


def test_where_rules_do_not_add_up_it_says_when_the_number_moved():
    now = moment(build(memory={"rule": "omeganet"}), Probe(TOKENS), 0)
    assert not now.authors
    assert re.search(r"moved most at “.*” \(token 1\) to “.*” \(token 16\)",
                     about_cell(Reading(now.snapshot), now, 0, 0, 16))  # fmt: skip


def test_a_letter_says_what_comes_next_with_and_without_the_memory(board):
    board.face.asked.value = "token 12"
    now, said = board.showing.moment, board.face.answer.value
    assert f"cost {now.bits[12]:.1f} bits ({now.shut[12]:.1f} with nothing written)" in said
    assert f"{100 * now.guesses[12][0][1]:.0f} %" in said and "Had its memory written" in said
    board.face.asked.value = "token 999"
    assert board.face.answer.value == said
    assert "cost" not in about_token(board.face.reading, now, 0)


@pytest.mark.parametrize("shade", ["cost", "worth"])
def test_the_text_is_shaded_by_what_one_asks(board, shade):
    board.face.shade.value = shade
    now = board.showing.moment
    wanted = now.bits if shade == "cost" else np.maximum(now.shut - now.bits, 0)
    assert np.allclose(board.face.strip.surprise, np.nan_to_num(wanted))
    board.face.shade.value = "surprise"


def test_in_pause_the_passage_is_held_and_a_step_is_seen():
    model = build()
    board = LiveBoard(model, Probe(TOKENS), share=0)
    seen = {}

    async def main():
        board.runner.paused = True
        running = asyncio.ensure_future(board.run(train(model, text(), SETTINGS)))
        await asyncio.sleep(0.05)
        board.pause()
        while not board.showing.album.moments:
            await asyncio.sleep(0.01)
        at = board.showing.newest.step
        board.pause()
        board.step()
        while board.showing.newest.step == at:
            await asyncio.sleep(0.01)
        seen["held"], seen["shown"] = board.showing.held, board.showing.moment.step
        seen["newest"] = board.showing.newest.step
        board.resume()
        await running

    asyncio.run(asyncio.wait_for(main(), 20))
    assert seen["held"] is not None and seen["shown"] == seen["newest"] > 0
    assert board.showing.held is None and board.showing.newest.step == 6


def test_a_board_turns_to_another_model(board):
    kept = build()
    fresh = LiveBoard(kept, Probe(TOKENS))
    asyncio.run(fresh.run(train(kept, text(), SETTINGS)))
    fresh.keep("A")
    other = build("mag")
    fresh.showing.views.limits["written"] = 1e3
    fresh.observe_model(other, Probe(TOKENS), name="mag")
    assert fresh.history.steps == [] and fresh.snapshots["A"].step == 6
    asyncio.run(fresh.run(train(other, text(), SETTINGS)))
    assert fresh.showing.moment.name == "mag" and len(fresh.history.steps) == 6
    assert fresh.face.reading.limit < 1  # the scale begins anew
    with pytest.raises(ValueError, match="probe needs a model"):
        LiveBoard(None, Probe(TOKENS))
