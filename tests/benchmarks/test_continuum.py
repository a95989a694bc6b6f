"""The record of levels with clocks is whole, and can be measured again."""

import json
import statistics

import pytest
import torch

from tests.benchmarks import continuum
from tests.benchmarks.continuum import (
    CASES,
    LASTING,
    PACES,
    RECORD,
    SEEDS,
    TUNING,
    WAYS,
    YEAR_PACES,
    YEAR_WAYS,
)  # fmt: skip
from titans_book.nested.continuum.toys import linear_levels, terms_stream
from titans_book.tasks.births import births

FOUND = json.loads(RECORD.read_text(encoding="utf-8"))


def test_the_record_says_where_it_is_from():
    assert FOUND["device"] and set(FOUND["versions"]) == {"python", "torch"}
    assert FOUND["command"].endswith("python -m tests.benchmarks.continuum")
    assert FOUND["settings"] == json.loads(json.dumps(continuum.fresh()["settings"]))


def test_every_way_is_there_with_every_seed():
    assert TUNING not in SEEDS
    seeds = [str(seed) for seed in SEEDS]
    terms, year = FOUND["terms"], FOUND["births"]
    assert list(terms["alone"]) == [f"C = {pace}" for pace in PACES]
    assert list(year["alone"]) == [f"C = {pace}" for pace in YEAR_PACES]
    for rates in ("own rates", "searched"):
        assert list(terms[rates]) == list(WAYS) and list(year[rates]) == list(YEAR_WAYS)
        assert all(len(one["shares"]) == len(YEAR_PACES) for one in year[rates].values())
    assert list(FOUND["forget"]) == [f"B for {then}" for then in LASTING]
    parts = [*terms.values(), *FOUND["forget"].values()]
    assert all(list(cells) == seeds for part in parts for cells in part.values())
    assert all(list(part) == list(CASES) for part in FOUND["forget"].values())


def test_a_row_of_the_search_learns_as_a_memory_with_its_rates():
    stream = terms_stream(time=96, batch=1, dim=4, lasts=(8, None), seed=3)
    periods, options = (1, 8), {"keep": (0.9, 1.0)}
    for factors in ((0.2,), (0.2, 0.5)):
        found = continuum.searched(stream.x, stream.target, periods, 48, options, factors)
        memory = linear_levels(4, periods, rates=found["rates"], **options)
        y, _ = memory.read(stream.x, stream.target)
        wrong = (y - stream.target)[:, 48:].square().sum() / stream.target[:, 48:].square().sum()
        assert found["error"] == pytest.approx(wrong.item(), rel=2e-3)  # rates are rounded
        assert found["tried"] == len(factors) ** 2


def test_week_year_and_trend_are_found_in_a_series_made_of_them():
    keys = births().keys[0]
    week, year = keys[:, 2] * 3, keys[:, 9] * 2 - keys[:, 12]
    trend = torch.linspace(0, 4, len(keys))
    found = continuum.parts(week + year + trend, keys)
    for one, there in zip(found, (week, year, trend), strict=True):
        there = (there - there.mean()).double()
        assert ((one - there).square().mean() / there.square().mean()).item() < 0.02


@pytest.mark.parametrize("seed", [0, 2])
def test_a_cell_is_what_it_was(seed):
    """Cheap ones. Another processor may round otherwise on its way."""
    rates = FOUND["search"]["terms"]["C = 64"]["rates"]
    was, now = FOUND["terms"]["alone"]["C = 64"][str(seed)], continuum.terms((64,), {}, rates, seed)
    assert now["error"] == pytest.approx(was["error"], abs=1e-3)
    assert now["cosines"][0] == pytest.approx(was["cosines"][0], abs=1e-3)
    was, now = FOUND["forget"]["B for 1024"]["slow only"], continuum.forget("slow only", 1024, seed)
    assert now["a"] == pytest.approx(was[str(seed)]["a"], abs=1e-3)


def test_the_births_are_what_they_were():
    assert (
        continuum.of_the_past(7)["error"] == FOUND["births"]["past"]["same day last week"]["error"]
    )
    name = f"C = {YEAR_PACES[1]}"
    now = continuum.forecast((YEAR_PACES[1],), {}, FOUND["search"]["births"][name])
    assert now["error"] == pytest.approx(FOUND["births"]["alone"][name]["error"], abs=1e-3)
    assert now["shares"][0] == pytest.approx(FOUND["births"]["alone"][name]["shares"][0], abs=1e-3)


def mean(cells, name):
    return statistics.mean(one[name] for one in cells.values())


def test_the_fast_level_takes_everything_unless_it_lets_go():
    for rates in ("own rates", "searched"):
        for one in FOUND["terms"][rates]["joint"].values():
            assert one["energy"][0] > 0.9
        for one in FOUND["terms"][rates]["forgets"].values():
            assert one["energy"][0] < 0.5
    own = FOUND["terms"]["own rates"]
    assert mean(own["forgets"], "error") < mean(own["joint"], "error") - 0.03


def test_levels_protect_a_only_if_the_fast_one_lets_go_and_b_is_short():
    short, long = FOUND["forget"].values()
    assert mean(short["joint"], "wiped") > 0.9 and mean(long["joint"], "wiped") > 0.9
    assert mean(short["forgets"], "wiped") < 0.2 < 0.5 < mean(long["forgets"], "wiped")
    name = "slow first, forgets"
    assert mean(short[name], "wiped") < 0.01 and mean(long[name], "wiped") > 1.5
    assert mean(short["slow only"], "a") < 0.01 and mean(long["slow only"], "a") > 1.5


def test_of_births_forgetting_beats_the_best_single_level_and_joint_does_not():
    year = FOUND["births"]
    best = min(one["error"] for one in year["alone"].values())
    assert year["searched"]["forgets"]["error"] < 0.96 * best
    assert year["searched"]["joint"]["error"] > best - 0.001
    for rates in ("own rates", "searched"):
        shares = year[rates]["joint"]["shares"]
        assert all(a > b > c for a, b, c in zip(*shares, strict=True))
