"""The stories, streams and models of chapter 12 are what the page says they are."""

import numpy as np
import pytest
import torch

from titans_book.book.ch12 import calendar, hope, novel, parity, selves, visits
from titans_book.book.ch12.exercises_design import BOOK, my_reader
from titans_book.nested.hope import self_modify_reference
from titans_book.steps.continuum import joint, read_levels, slow_first

pytestmark = pytest.mark.bare(traced=True)

LEVELS = [(1, 0.5, 0.95), (64, 0.03, 1.0)]


def test_a_story_is_one_map_then_another_then_the_first_again():
    story = novel.novel(2, before=6, letter=3, back=4)
    assert torch.allclose(story.V[:6], story.K[:6] @ story.maps[0])
    assert torch.allclose(story.V[6:9], story.K[6:9] @ story.maps[1])
    assert torch.allclose(story.V[9:], story.K[9:] @ story.maps[0])
    assert torch.allclose(story.K.norm(dim=1), torch.ones(13).double())


@pytest.mark.parametrize("correct", [joint, slow_first])
def test_stories_side_by_side_are_the_stories_one_by_one(correct):
    found = novel.told_of(LEVELS, correct)
    wrong, size = [], []
    for seed in range(novel.STORIES):
        story = novel.novel(seed)
        told, _ = read_levels(novel.empty(2), story.K, story.V, LEVELS, correct)
        wrong.append((told.sum(1) - story.V).square().mean(1))
        size.append(story.V.square().mean())
    expected = torch.stack(wrong).mean(0) / torch.stack(size).mean()
    assert torch.allclose(found.errors, expected)
    assert sum(found.energy) == pytest.approx(1)


@pytest.mark.parametrize("levels", [[], [(64, 0.03)], [(0, 0.5, 1)], [(1.5, 0.5, 1)]])
def test_levels_that_are_none_are_refused(levels, as_people_call_it):
    with pytest.raises(ValueError, match="levels must be a list|C must be a whole number >= 1"):
        novel.told_of(levels, joint)


def test_a_reader_that_is_not_the_same_twice_or_grows_is_told_so():
    seen = []

    def remembers(K, V):
        seen.append(K)
        return len(seen) + 0 * V

    def said(reader):
        return my_reader.accept(list(my_reader.probe(reader)))

    assert "answers differently" in said(remembers)
    assert "beyond all bounds" in said(lambda K, V: 1e5 + 0 * V)
    assert "Its score is" in said(lambda K, V: 0 * V) and not said(BOOK)


def test_a_frozen_level_does_not_move_in_the_letter_and_a_wiped_one_is_empty_after_it():
    letter = slice(novel.BEFORE, novel.BEFORE + novel.LETTER)
    still = novel.told_of(LEVELS, joint, freeze=1).sizes
    assert not still[letter, 0].any() and still[: novel.BEFORE, 0].all()
    assert still[letter, 1].any()
    gone = novel.told_of([(1, 0.5, 1)], joint, wipe=1)
    assert gone.errors[letter.stop] == pytest.approx(1, abs=0.5)
    assert gone.novel == novel.told_of([(1, 0.5, 1)], joint).novel


def test_the_share_of_the_slow_level_is_that_of_the_squares():
    told = torch.ones(6, 2, 3)
    told[3:, 1] = 3
    with pytest.raises(ValueError, match="more than 6 tokens"):
        novel.slow_share(told, size=6)
    windows, shares = novel.slow_share(told, size=3)
    assert windows.tolist() == [1, 2] and shares.tolist() == pytest.approx([0.5, 0.9])


def test_a_visit_is_another_world_and_home_is_one_map():
    stream = visits.visits(16, 96)
    home = torch.linalg.lstsq(stream.K[~stream.away], stream.clean[~stream.away]).solution
    off = (stream.K @ home - stream.clean).norm(dim=1)
    assert off[~stream.away].max() < 1e-9 and off[stream.away].min() > 0.1
    assert stream.away.sum() == 16 * (visits.TIME // 96)
    assert (stream.V - stream.clean).std() == pytest.approx(visits.NOISE, rel=0.05)


@pytest.mark.parametrize("kind", visits.WORLDS)
def test_the_best_single_level_is_reached_by_the_loop(kind):
    error, rate, keep = visits.best_single(*kind)
    again = torch.stack(visits.single()[kind]).mean()
    assert float(again) == pytest.approx(error)
    worse = visits.errors_of(visits._one_level(rate * 1.5, keep), *kind)
    assert float(torch.stack(worse).mean()) >= 0.999 * error


def test_the_score_of_the_single_levels_is_one_and_the_books_is_below_the_bar():
    assert visits.score(BOOK) < visits.BAR
    assert visits.score(lambda K, V: 0 * V) > 1.5


def test_births_are_forecast_before_they_are_known():
    seen = []

    def read(W, K, V, levels, correct):
        seen.append((K.shape, V.shape))
        return torch.zeros(len(K), len(levels), 1).double(), W

    nothing = calendar.forecast([(1, 0.1, 1.0), (7, 0.1, 1.0)], joint, read)
    assert seen == [((7305, 14), (7305, 1))]
    assert nothing.error > 1 and not nothing.said.any()
    week, season, year = calendar._parts()
    assert len(week) == 7305 - calendar.FIRST_DAY == len(season) == len(year)
    assert sorted(set(week)) == list(range(7)) and min(year) == 1974


def test_all_that_levels_say_adds_up_to_what_one_level_says():
    K, V = calendar._data()
    perfect = torch.stack([0.25 * V, 0.75 * V], 1)
    found = calendar.forecast([(1, 0, 1), (7, 0, 1)], joint, lambda W, *_: (perfect, W))
    assert found.error == pytest.approx(0)
    assert np.allclose(found.said.numpy(), [[0.25] * 3, [0.75] * 3])


def test_a_quiet_start_is_dead_and_the_printed_index_leaks():
    X = selves.tokens(12)
    assert selves.changes(X, apart=0.0) == 0 < 0.01 < selves.changes(X, apart=0.5)
    assert not selves.seen(X, 4, printed=False).triu(1).any()
    assert selves.seen(X, 4, printed=True).triu(1).sum() == 18


def test_a_chunk_of_no_tokens_is_refused():
    with pytest.raises(ValueError, match="chunk must be a whole number >= 1"):
        selves.seen(selves.tokens(4), 0, False)


def test_answers_in_chunks_are_the_packages():
    X = selves.tokens(9)
    W_1, W_2 = selves.memories()
    weights = {n: (a[None], b[None]) for n, a, b in zip(selves.NAMES, W_1, W_2, strict=True)}
    y, _ = self_modify_reference(X[None, None], X[None, None], weights, chunk=3, eta_max=0.5)
    assert torch.allclose(selves.answers(X, 3, printed=False), y[0, 0])


def test_the_key_of_a_token_moves_and_with_rate_zero_it_stays():
    moved = selves.drift(selves.tokens(20), eta_max=1.0)
    assert len(moved) == 21 and moved[0] == pytest.approx(1) and moved[-1] < 0.95


def test_a_short_training_knows_no_parity_and_reports_its_factors():
    found = parity.count_ones(1.0, "sigmoid", steps=2)
    assert len(found.accuracy) == len(parity.LENGTHS) and max(found.accuracy) < 0.7
    assert all(0 < factor < 1 for factor in found.factors)


def test_recorded_means_are_means_of_the_records_seeds():
    cells = parity.record()["tasks"]["parity"]["DeltaNet, θ ≤ 2"]
    first = sum(cell["accuracy"][0] for cell in cells.values()) / len(cells)
    assert parity.recorded("parity")["DeltaNet, θ ≤ 2"][0] == pytest.approx(first)


def test_a_cipher_moves_small_letters_by_thirteen_places_and_nothing_else():
    plain, hidden = hope.plays(300), hope.cipher(300)
    small = (plain >= ord("a")) & (plain <= ord("z"))
    assert torch.equal(plain[~small], hidden[~small])
    assert ((plain - hidden)[small].abs() == 13).all()


def test_taking_a_part_out_changes_the_bits_and_puts_it_back():
    model = hope.trained("hope", "adamw", steps=1)
    before = hope.bits(model)
    found = hope.worth(model)
    assert list(found) == ["the memory", *(f"the level C = {C}" for C in hope.PERIODS)]
    assert any(found.values()) and hope.bits(model) == before


def test_reading_with_rate_zero_is_the_model_and_learning_changes_the_rest_of_the_text():
    model = hope.trained("hope", "adamw", steps=1)
    text = hope.plays(200)
    still, _ = hope.reading(model, text, 0.0)
    logits, _ = model(text[None])
    nats = torch.nn.functional.cross_entropy(logits[0, :-1], text[1:], reduction="none")
    assert still == pytest.approx([float(p.mean()) / np.log(2) for p in nats.chunk(4)])
    learning, state = hope.reading(model, text, 0.3)
    assert learning[3] < still[3] and state.position == 200
