"""Levels that learn at their own pace: who owns what, and what is left of it?

    python -m tests.benchmarks.continuum           measures what is missing in
                                                   notebooks/records/continuum_cpu.json
    python -m tests.benchmarks.continuum --anew    measures again what is there

    terms     a stream of four terms that change after 8, 64, 512 tokens and never, four levels of
              1, 8, 64 and 512: error, share of what every level says, cosine with every term.
    forget    A for 2,048 tokens, then B: the error on A and on B, and on A with the fast level
              wiped. B lasts 256 tokens, in which the slow level is not updated, or 1,024.
    births    births in the United States a day ahead: the error, who says the week, the year and
              the trend, and what is known of 1988 if nothing is learned in it.

All levels are matrices from 0, side by side, and errors are shares of the target's energy; of
births, of their variance. A way of learning:

    joint         every level is corrected for the error of all
    forgets       and the faster levels let go of a share at every update
    slow first    a level is corrected for the error of what it and the slower ones say
    C = n         one level alone

A rate is f d / (C + d - 1), d the width of a key: an update with it goes the share f of the way if
keys lie in all directions. In `terms` and `births` f is searched, each of FACTORS, for the smallest
error: on a stream with a seed of its own, or on the years up to 1974. Reported are other seeds, and
the years from 1975 on.

    alone       one level, with its best rate
    own rates   all levels, each with the rate that is best for it alone
    searched    all levels, with the best of all combinations of rates; in `births`, and of LET_GO,
                the share that the fast level keeps, which is OWN_KEEP with their own rates

In `forget` nothing is searched: f is 0.5 and 1. About five minutes on one core.
Taught in chapter 12.
"""

import argparse
from collections.abc import Sequence
from datetime import date
from functools import partial
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from tests.benchmarks.keeping import Keeper, about
from titans_book.lab.project import ROOT
from titans_book.nested.continuum import ContinuumMemory
from titans_book.nested.continuum.toys import a_then_b, linear_levels, owners, terms_stream
from titans_book.tasks.births import births, days

RECORD = ROOT / "notebooks/records/continuum_cpu.json"
SEEDS, TUNING = (0, 1, 2), 10
FACTORS = {
    "terms": (0.03, 0.1, 0.3, 0.7, 1.2),
    "births": (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.2),
}
DIM, PACES, KEEPS = 8, (1, 8, 64, 512), (0.8, 0.9, 0.95, 1.0)
TIME = 2048
FAST, SLOW, LASTING = 1, 512, (256, 1024)
YEAR_PACES, LET_GO = (1, 28, 364), (0.5, 0.7, 0.9, 0.98)
OWN_KEEP = 0.9  # of the fast level, where rates are those of the levels alone
SCORED, FROZEN = 1975, 1988  # the first year that is scored; the year in which nothing is learned

WAYS: dict[str, dict[str, Any]] = {
    "joint": {},
    "forgets": {"keep": KEEPS},
    "slow first": {"correct": "slow first"},
}
YEAR_WAYS: dict[str, tuple[dict[str, Any], Sequence[float]]] = {  # and what the fast level keeps
    "joint": ({}, (1.0,)),
    "forgets": ({}, LET_GO),
    "slow first": ({"correct": "slow first"}, (1.0,)),
    "slow first, forgets": ({"correct": "slow first"}, LET_GO),
}
CASES: dict[str, tuple[Sequence[int], dict[str, Any]]] = {  # periods and options of `forget`
    "fast only": ((FAST,), {}),
    "slow only": ((SLOW,), {}),
    "joint": ((FAST, SLOW), {}),
    "forgets": ((FAST, SLOW), {"keep": (0.98, 1.0)}),
    "slow first, forgets": ((FAST, SLOW), {"keep": (0.98, 1.0), "correct": "slow first"}),
}


def rate(factor: float, period: int, dim: int) -> float:
    """The rate with which an update goes the share `factor` of the way."""
    return factor * dim / (period + dim - 1)


# ---- a search in one pass: every row of the batch has rates of its own


class Scaled(nn.Module):
    """s W x with W from 0; x, (..., dim + levels), brings the s of every level with it.

    At rate 1 a step on W changes s W as a step of rate s^2 would.
    """

    def __init__(self, dim: int, out: int, n: int) -> None:
        super().__init__()
        self.W, self.dim, self.n = nn.Linear(dim, out, bias=False), dim, n
        nn.init.zeros_(self.W.weight)

    def forward(self, x: Tensor) -> Tensor:
        place = self.dim + self.n
        return x[..., place : place + 1] * self.W(x[..., : self.dim])


@torch.no_grad()
def searched(
    x: Tensor,
    target: Tensor,
    periods: Sequence[int],
    begin: int,
    options: dict[str, Any],
    factors: Sequence[float],
) -> dict[str, Any]:
    """The best factors on one stream, (1, time, dim), by the error from token `begin` on."""
    dim, out = x.shape[-1], target.shape[-1]
    grid = torch.tensor(list(product(factors, repeat=len(periods))))
    rates = grid * torch.tensor([rate(1, period, dim) for period in periods])
    rows, long = len(grid), x.shape[1]
    x = torch.cat([x.expand(rows, -1, -1), rates.sqrt()[:, None].expand(-1, long, -1)], -1)
    levels = [Scaled(dim, out, n) for n in range(len(periods))]
    memory = ContinuumMemory(levels, periods, "headwise", rates=1.0, **options)
    y, _ = memory.read(x, target.expand(rows, -1, -1))
    errors = (y - target)[:, begin:].square().sum((1, 2)).nan_to_num(float("inf"))
    best = int(errors.argmin())
    found = [round(f, 4) for f in grid[best].tolist()]
    return {
        "factors": found,
        "rates": [float(f"{one:.4g}") for one in rates[best].tolist()],
        "at_the_end_of_the_grid": [
            str(period) for period, f in zip(periods, found, strict=True)
            if f in (factors[0], factors[-1])
        ],
        "tried": rows,
        "error": round((errors[best] / spread(target[:, begin:])).item(), 4),
    }  # fmt: skip


def spread(target: Tensor) -> Tensor:
    """The energy of a target, of one number a token its variation about the mean."""
    return (target - (target.mean() if target.shape[-1] == 1 else 0)).square().sum()


# ---- terms


def terms_search(periods: Sequence[int], options: dict[str, Any]) -> dict[str, Any]:
    """Rates for the stream of terms, by the second half of one with the seed TUNING."""
    stream = terms_stream(time=TIME, batch=1, dim=DIM, lasts=(*PACES[1:], None), seed=TUNING)
    return searched(stream.x, stream.target, periods, TIME // 2, options, FACTORS["terms"])


def terms(
    periods: Sequence[int], options: dict[str, Any], rates: Sequence[float], seed: int
) -> dict[str, Any]:
    """Who owns which term."""
    memory = linear_levels(DIM, periods, rates=rates, **options)
    stream = terms_stream(time=TIME, dim=DIM, lasts=(*PACES[1:], None), seed=seed)
    error, cosines, state = owners(memory, stream)
    return {
        "error": round(error, 4),
        "energy": [round(one.energy, 4) for one in memory.liveness(state).levels],
        "cosines": [[round(c, 4) for c in row] for row in cosines.tolist()],
    }


def all_terms(keeper: Keeper) -> None:
    search = partial(keeper.cell, "search", "terms")
    alone = {
        f"C = {pace}": search(f"C = {pace}", measure=partial(terms_search, (pace,), {}))["rates"]
        for pace in PACES
    }
    ways = {
        ("alone", name): ((pace,), {}, alone[name]) for name, pace in zip(alone, PACES, strict=True)
    }
    for name, options in WAYS.items():
        found = search(name, measure=partial(terms_search, PACES, options))
        ways["own rates", name] = (PACES, options, [rate for (rate,) in alone.values()])
        ways["searched", name] = (PACES, options, found["rates"])
    for keys, given in ways.items():
        for seed in SEEDS:
            keeper.cell("terms", *keys, str(seed), measure=partial(terms, *given, seed))


# ---- A, then B


def forget(name: str, then: int, seed: int) -> dict[str, Any]:
    """What is left of A after B; with one level there is none to be wiped beside it."""
    periods, options = CASES[name]
    rates = [rate({FAST: 0.5, SLOW: 1.0}[period], period, DIM) for period in periods]
    memory = linear_levels(DIM, periods, rates=rates, **options)
    kept = a_then_b(memory, periods[0], first=2048, then=then, dim=DIM, seed=seed)
    wiped = {"wiped": round(kept.wiped, 4)} if len(periods) > 1 else {}
    return {"a": round(kept.a, 4), "b": round(kept.b, 4), **wiped}


def all_forget(keeper: Keeper) -> None:
    for then, name, seed in product(LASTING, CASES, SEEDS):
        keeper.cell(
            "forget", f"B for {then}", name, str(seed), measure=partial(forget, name, then, seed)
        )


# ---- births


def year_ends() -> tuple[int, int, int]:
    """Where the first day of 1970, of SCORED and of FROZEN lies in the stream."""
    return tuple(days().index(date(year, 1, 1)) for year in (1970, SCORED, FROZEN))


def parts(values: Tensor, keys: Tensor) -> Tensor:
    """Week, year and trend of a series, (3, days), each about its mean: what there is to be said.

    The trend is the mean of the year around a day, the year a sum of the waves in the keys, fitted
    to what is left, and the week the means of its days.
    """
    values = values.double()
    ones = torch.nn.functional.avg_pool1d(torch.ones_like(values)[None], 365, 1, 182)[0]
    trend = torch.nn.functional.avg_pool1d(values[None], 365, 1, 182)[0] / ones
    found = []
    for some in (keys[:, 8:].double(), keys[:, 1:8].double()):
        rest = values - trend - sum(found)
        found.append(some @ torch.linalg.lstsq(some, (rest - rest.mean())[:, None]).solution[:, 0])
    return torch.stack([one - one.mean() for one in (found[1], found[0], trend)])


def births_search(
    periods: Sequence[int], options: dict[str, Any], keeps: Sequence[float]
) -> dict[str, Any]:
    """Rates, and what the fast level keeps, by the years from 1970 to 1974."""
    stream, (begin, end, _) = births(), year_ends()
    known = stream.keys[:, :end], stream.values[:, :end]
    tried = []
    for keep in keeps:
        more = {} if keep == 1 else {"keep": (keep, *[1.0] * (len(periods) - 1))}
        tried.append(
            {**searched(*known, periods, begin, options | more, FACTORS["births"]), "keep": keep}
        )
    return {**min(tried, key=lambda one: one["error"]), "tried": sum(t["tried"] for t in tried)}


def forecast(periods: Sequence[int], options: dict[str, Any], found: dict[str, Any]) -> dict:
    """The error from SCORED on, who says what, and what is known in a year without learning."""
    stream, (_, begin, end) = births(), year_ends()
    keep = (found["keep"], *[1.0] * (len(periods) - 1))
    levels = [nn.Linear(stream.keys.shape[-1], 1, bias=False) for _ in periods]
    for level in levels:
        nn.init.zeros_(level.weight)
    memory = ContinuumMemory(
        levels, periods, "headwise", rates=found["rates"], keep=keep, **options
    )
    with torch.no_grad():
        pieces: list = []
        y, before = memory.read(stream.keys[:, :end], stream.values[:, :end], trace=pieces)
        last = stream.keys[:, end:], stream.values[:, end:]
        rest, after = memory.read(*last, before, trace=pieces)
        y = torch.cat([y, rest], 1)[0, begin:, 0]
        states = {"frozen": before}
        if len(periods) > 1:
            states["frozen_fast_wiped"] = memory.wipe(before, periods[0])
        still = {n: memory.read(*last, s, freeze=periods)[0] for n, s in states.items()}
    says = torch.stack([torch.cat(one, 1)[0, begin:, 0] for one in zip(*pieces, strict=True)])
    there = parts(stream.values[0, :, 0], stream.keys[0])[:, begin:]
    there = there - there.mean(1, keepdim=True)
    shares = (says.double() @ there.mT) / there.square().sum(1)
    return {
        "error": relative(y, stream.values[0, begin:, 0]),
        "shares": [[round(s, 4) for s in row] for row in shares.tolist()],
        "energy": [round(one.energy, 4) for one in memory.liveness(after).levels],
        "moved": [round(one.moved, 4) for one in memory.liveness(after).levels],
    } | {name: relative(y[0, :, 0], last[1][0, :, 0]) for name, y in still.items()}


def relative(y: Tensor, values: Tensor) -> float:
    """The mean squared error over the variance."""
    return round(((y - values).square().mean() / values.var(unbiased=False)).item(), 4)


def of_the_past(back: int) -> dict[str, Any]:
    """The error of saying what was told so many days ago."""
    values, begin = births().values[0, :, 0], year_ends()[1]
    return {"error": relative(values[begin - back : -back], values[begin:])}


def all_births(keeper: Keeper) -> None:
    for name, back in {"same day last week": 7, "same day a year ago": 364}.items():
        keeper.cell("births", "past", name, measure=partial(of_the_past, back))
    search, alone = partial(keeper.cell, "search", "births"), []
    for pace in YEAR_PACES:
        name = f"C = {pace}"
        alone.append(search(name, measure=partial(births_search, (pace,), {}, (1.0,))))
        measure = partial(forecast, (pace,), {}, alone[-1])
        keeper.cell("births", "alone", name, measure=measure)
    own = {"rates": [rate for one in alone for rate in one["rates"]]}
    for name, (options, keeps) in YEAR_WAYS.items():
        given = own | {"keep": OWN_KEEP if len(keeps) > 1 else 1.0}
        measure = partial(forecast, YEAR_PACES, options, given)
        keeper.cell("births", "own rates", name, measure=measure)
        found = search(name, measure=partial(births_search, YEAR_PACES, options, keeps))
        measure = partial(forecast, YEAR_PACES, options, found)
        keeper.cell("births", "searched", name, measure=measure)


# ---- all of it


def fresh() -> dict[str, Any]:
    """The record before there is a cell in it."""
    return {
        **about("tests.benchmarks.continuum"),
        "unit": "errors as shares of the target's energy; of births, of their variance",
        "settings": {
            "factors": {part: list(some) for part, some in FACTORS.items()},
            "seeds": list(SEEDS), "tuning_seed": TUNING, "dim": DIM,
            "paces": list(PACES), "keeps": list(KEEPS), "time": TIME, "forget": [FAST, SLOW],
            "year_paces": list(YEAR_PACES), "let_go": list(LET_GO), "own_keep": OWN_KEEP,
            "scored_from": SCORED,
        },
    }  # fmt: skip


def measure(anew: bool = False) -> None:
    """Every cell that is not there yet."""
    keeper = Keeper(RECORD, fresh(), anew)
    for part in (all_terms, all_forget, all_births):
        part(keeper)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--anew", action="store_true")
    torch.set_num_threads(1)
    measure(parser.parse_args().anew)


if __name__ == "__main__":
    main()
