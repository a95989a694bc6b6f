"""An exercise of chapter 10: the experiment that finds the best write rate for an error."""

import torch

from titans_book.book.ch10 import rate
from titans_book.book.ch10.numbers import NaNProbe
from titans_book.book.ch10.rate import best_rate_reference
from titans_book.lab.learning.exercise import Exercise

CHAPTER = "notebooks/10_miras.ipynb"


best_rate = Exercise(
    name="10.best_rate",
    grade="build",
    what="the best write rate for an error function, and how wrong the memory is with it",
    reference=best_rate_reference,
    probe=NaNProbe(
        inputs={
            "make_stream": rate.small_makers,
            "error": rate.small_errors,
            "rates": rate.small_rates,
            "repeats": rate.small_counts,
        },
        returns=("rate", "wrong"),
        steps=4,
        seed=4,
    ),
    hints=(
        "Two loops: over the seeds, and inside it over the tokens. At each token every memory is "
        "asked, and then takes one step against its surprise. When do you compare with W?",
        "M is (n, d_in, d_out), one memory for each rate. k @ M is (n, d_out), and so is the "
        "error; k[:, None] * error[:, None] is (n, d_in, d_out). rates[:, None, None] fits that. "
        "A memory that has blown up is nan: `nan_to_num(nan=torch.inf)` makes it infinite.",
        "    wrong = (wrong / repeats).nan_to_num(nan=torch.inf)\n"
        "    for k, v in zip(K, V):\n"
        "    wrong = wrong + (M - W).square().sum((1, 2)) / W.square().sum()\n"
        "    K, V, W = make_stream(seed)\n"
        "    return rates[wrong.argmin()], wrong.min()\n"
        "    M = M - rates[:, None, None] * surprise\n"
        "    for seed in range(repeats):\n"
        "    surprise = k[:, None] * error(k @ M, v)[:, None]\n"
        "    M = torch.zeros(len(rates), *W.shape, dtype=W.dtype)\n"
        "    wrong = 0",
    ),
    source="the book's experiment",
    taught=CHAPTER,
    part=False,
    misfit="M is (n, d_in, d_out), with n rates; K is (T, d_in), V is (T, d_out), W is (d_in, "
    "d_out). Which of these meets another shape in your line?",
)


def _memories(K, V, W, error, rates, M=None):
    """The memories after the stream, one for each rate."""
    M = torch.zeros(len(rates), *W.shape, dtype=W.dtype) if M is None else M
    for k, v in zip(K, V, strict=True):
        M = M - rates[:, None, None] * k[:, None] * error(k @ M, v)[:, None]
    return M


def _wrong(M, W):
    return (M - W).square().sum((1, 2)) / W.square().sum()


def _chosen(wrong, rates):
    wrong = wrong.nan_to_num(nan=torch.inf)
    return rates[wrong.argmin()], wrong.min()


@best_rate.wrong("What does the memory of the second stream contain before its first token?")
def carries_the_memory_over(make_stream, error, rates, repeats):
    """You make the empty memories only once, so every stream starts with what the one before has
    written. Its map W is another one."""
    M, wrong = None, 0
    for seed in range(repeats):
        K, V, W = make_stream(seed)
        M = _memories(K, V, W, error, rates, M)
        wrong = wrong + _wrong(M, W)
    return _chosen(wrong / repeats, rates)


@best_rate.wrong("Which sign does a step against the surprise have?")
def walks_uphill(make_stream, error, rates, repeats):
    """You add the surprise, so every memory walks uphill. A step goes against it."""
    wrong = 0
    for seed in range(repeats):
        K, V, W = make_stream(seed)
        wrong = wrong + _wrong(_memories(K, V, W, error, -rates), W)
    return _chosen(wrong / repeats, rates)


@best_rate.wrong("Could you have chosen this rate before you had seen the stream?")
def tunes_every_stream_for_itself(make_stream, error, rates, repeats):
    """You take the best rate of every single stream, and average those. One rate is asked for,
    the one that is best on average."""
    rows = []
    for seed in range(repeats):
        K, V, W = make_stream(seed)
        rows.append(_wrong(_memories(K, V, W, error, rates), W))
    rows = torch.stack(rows).nan_to_num(nan=torch.inf)
    return rates[rows.mean(0).argmin()], rows.min(1).values.mean()


@best_rate.wrong("Would twice as many streams make a memory twice as wrong?")
def adds_the_streams_up(make_stream, error, rates, repeats):
    """You add the streams up. Divide by how many there are."""
    best, wrong = best_rate_reference(make_stream, error, rates, repeats)
    return best, wrong * repeats


@best_rate.wrong("Which of the two is easier for a large W: an error of 1, or an error of 1 %?")
def measures_in_its_own_units(make_stream, error, rates, repeats):
    """You do not divide by the size of W. An empty memory should have the error 1."""
    wrong = 0
    for seed in range(repeats):
        K, V, W = make_stream(seed)
        wrong = wrong + (_memories(K, V, W, error, rates) - W).square().sum((1, 2))
    return _chosen(wrong / repeats, rates)


@best_rate.wrong("What does the memory know when it has read only one token?")
def forgets_the_tokens_before(make_stream, error, rates, repeats):
    """You start from an empty memory at every token, so only the last one is left in it."""
    wrong = 0
    for seed in range(repeats):
        K, V, W = make_stream(seed)
        wrong = wrong + _wrong(_memories(K[-1:], V[-1:], W, error, rates), W)
    return _chosen(wrong / repeats, rates)


@best_rate.wrong("Are the seeds 0 to repeats - 1, or 1 to repeats?")
def starts_with_seed_one(make_stream, error, rates, repeats):
    """Your seeds go from 1 to repeats. They should go from 0 to repeats - 1."""
    return best_rate_reference(lambda seed: make_stream(seed + 1), error, rates, repeats)


@best_rate.wrong("Is W here the map itself, or what a noisy stream says about it?")
def compares_with_the_noisy_values(make_stream, error, rates, repeats):
    """You compare answers with the values of the stream. These are noisy; the question is how far
    the memory is from the map W behind them."""
    wrong = 0
    for seed in range(repeats):
        K, V, W = make_stream(seed)
        M = _memories(K, V, W, error, rates)
        wrong = wrong + (K @ M - V).square().sum((1, 2)) / V.square().sum()
    return _chosen(wrong / repeats, rates)


@best_rate.wrong("Is the error of an answer squared before it is handed to the memory?")
def uses_its_own_error(make_stream, error, rates, repeats):
    """You use the plain difference and never call `error`, so every error function would come out
    alike."""
    return best_rate_reference(make_stream, lambda y, v: y - v, rates, repeats)


@best_rate.wrong("Which of the rates did you hand back, the best or the first?")
def returns_the_first_rate(make_stream, error, rates, repeats):
    """You return the result of the first rate. The best one is asked for."""
    return rates[0], best_rate_reference(make_stream, error, rates[:1], repeats)[1]


def _table(make_stream, error, rates, repeats):
    """The map errors of all rates, the mean over the streams."""
    rows = []
    for seed in range(repeats):
        K, V, W = make_stream(seed)
        rows.append(_wrong(_memories(K, V, W, error, rates), W))
    return torch.stack(rows).mean(0)


@best_rate.wrong("What does argmin do with a NaN?")
def chooses_what_is_nan(make_stream, error, rates, repeats):
    """You choose a memory that has blown up. argmin takes a NaN for the smallest, and nan_to_num()
    alone makes it 0, the best error there is. Make it infinite before you compare."""
    wrong = _table(make_stream, error, rates, repeats)
    return rates[wrong.argmin()], wrong.min()


@best_rate.wrong("Is your first result a write rate, or a place among the rates?")
def returns_the_place(make_stream, error, rates, repeats):
    """You return where the best rate is, its index. The rate itself is asked for."""
    wrong = _table(make_stream, error, rates, repeats).nan_to_num(nan=torch.inf)
    return wrong.argmin(), wrong.min()


@best_rate.wrong("Which of the two results comes first?")
def swaps_the_results(make_stream, error, rates, repeats):
    """You return the map error first. The rate comes first."""
    return best_rate_reference(make_stream, error, rates, repeats)[::-1]


@best_rate.wrong("Is the map error a ratio of lengths, or of squared lengths?")
def takes_the_root(make_stream, error, rates, repeats):
    """You leave out the squares: |M - W| / |W|. The map error is |M - W|² / |W|²."""
    wrong = 0
    for seed in range(repeats):
        K, V, W = make_stream(seed)
        wrong = wrong + _wrong(_memories(K, V, W, error, rates), W).sqrt()
    return _chosen(wrong / repeats, rates)


@best_rate.wrong("How many streams have you read?")
def reads_one_stream(make_stream, error, rates, repeats):
    """You read only the stream with seed 0. All `repeats` streams are asked for."""
    return best_rate_reference(make_stream, error, rates, 1)
