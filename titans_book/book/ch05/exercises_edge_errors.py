"""The wrong ways to look for the edge, each with what its author believes and one question.

start, step, ask, K, V, rates, rounds: as in exercises_edge.py.
"""

import torch

from titans_book.book.ch05.exercises_edge import LIMIT, edge


def _run(start, step, ask, K, V, theta, rounds, judge=None, breaks=None, first=0):
    """One rate; the wrong versions judge otherwise, or do not see that something breaks."""
    weights, broken = start, False
    breaks = breaks or (lambda error: not error < LIMIT)
    for round_ in range(rounds):
        for k, v in zip(K, V, strict=True):
            error = (ask(weights, k) - v).square().sum() / v.square().sum()
            broken = broken or (round_ >= first and breaks(error))
            weights = step(weights, k, v, theta)
    error = (judge or _recall)(ask, weights, K, V)
    return (torch.full_like(error, torch.inf) if broken else error), weights


def _recall(ask, weights, K, V):
    return (ask(weights, K) - V).square().sum() / V.square().sum()


def _each(start, step, ask, K, V, rates, rounds, **look):
    return torch.stack([_run(start, step, ask, K, V, r, rounds, **look)[0] for r in rates])


@edge.wrong("What does the memory of the second rate know before its first token?")
def keeps_the_weights(start, step, ask, K, V, rates, rounds):
    """Each rate starts with the weights that the one before has left behind, so one that breaks
    spoils all that follow."""
    found, weights = [], start
    for theta in rates:
        error, weights = _run(weights, step, ask, K, V, theta, rounds)
        found.append(error)
    return torch.stack(found)


@edge.wrong("Is NaN > 10,000? And is NaN < 10,000?")
def does_not_see_nan(start, step, ask, K, V, rates, rounds):
    """You ask whether an error is too large. NaN is not larger than anything, so a memory that has
    become NaN counts as sound."""
    return _each(start, step, ask, K, V, rates, rounds, breaks=lambda error: bool(error > LIMIT))


@edge.wrong("Could a memory be lost for a while, and have a small error at the end?")
def looks_only_at_the_end(start, step, ask, K, V, rates, rounds):
    """You look for a break only at the end. Watch the error at every token, because a memory may
    be lost on the way and come back by luck."""

    def never(error):
        return False

    found = _each(start, step, ask, K, V, rates, rounds, breaks=never)
    return torch.where(found < LIMIT, found, torch.inf)


@edge.wrong("If the last token is NaN, what does the plain error at the end say?")
def marks_no_break(start, step, ask, K, V, rates, rounds):
    """You return the error as it is. A memory that broke should count as infinite, whatever it
    answers in the end."""
    return _each(start, step, ask, K, V, rates, rounds, breaks=lambda error: False)


@edge.wrong("How many pairs should the memory know at the end?")
def judges_the_last_pair_alone(start, step, ask, K, V, rates, rounds):
    """At the end you ask only for the last pair. Ask for all of them."""

    def last(ask, weights, K, V):
        return _recall(ask, weights, K[-1:], V[-1:])

    return _each(start, step, ask, K, V, rates, rounds, judge=last)


@edge.wrong("An error of 8 for loud values: is that much, or little?")
def leaves_out_the_size(start, step, ask, K, V, rates, rounds):
    """Your error at the end is not a share: divide by the squared size of the values."""

    def plain(ask, weights, K, V):
        return (ask(weights, K) - V).square().sum()

    return _each(start, step, ask, K, V, rates, rounds, judge=plain)


@edge.wrong("Is the mean of four shares the share of four sums?")
def takes_the_mean_of_shares(start, step, ask, K, V, rates, rounds):
    """At the end you take a share for each pair and then their mean. Add up the squared errors of
    all pairs first, and divide once."""

    def shares(ask, weights, K, V):
        return ((ask(weights, K) - V).square().sum(1) / V.square().sum(1)).mean()

    return _each(start, step, ask, K, V, rates, rounds, judge=shares)


@edge.wrong("If an answer is twice as far off, is its squared error twice as big?")
def takes_no_squares(start, step, ask, K, V, rates, rounds):
    """Your error at the end is a ratio of lengths. It should be a ratio of squared lengths."""
    return _each(start, step, ask, K, V, rates, rounds, judge=lambda *g: _recall(*g).sqrt())


@edge.wrong("How often does the memory hear each pair?")
def hears_them_once(start, step, ask, K, V, rates, rounds):
    """You go through the pairs only once, whatever `rounds` says."""
    return _each(start, step, ask, K, V, rates, 1)


@edge.wrong("At which of the rates does your step write?")
def reads_at_the_first_rate(start, step, ask, K, V, rates, rounds):
    """Your step always gets the first rate, and never the one that the loop is at."""
    return _each(start, step, ask, K, V, rates[:1].expand_as(rates), rounds)


@edge.wrong("A rate breaks. Does that say anything about a smaller one that comes after it?")
def gives_up_at_the_first_break(start, step, ask, K, V, rates, rounds):
    """You stop at the first rate that breaks, and count all that follow as broken. Try every rate
    that you are given."""
    found = _each(start, step, ask, K, V, rates, rounds)
    return torch.where(found.isinf().cumsum(0) > 0, torch.inf, found)


@edge.wrong("A memory that broke: how wrong is it, and how wrong is an empty one?")
def calls_a_break_one(start, step, ask, K, V, rates, rounds):
    """A memory that broke has error 1 in your list, as if it were empty. It should be infinite."""
    found = _each(start, step, ask, K, V, rates, rounds)
    return torch.where(found.isinf(), 1.0, found)


@edge.wrong("When is a memory asked in the end: before its last write, or after it?")
def returns_what_was_heard(start, step, ask, K, V, rates, rounds):
    """You return the error of the last token as it was heard, before it was written. Ask for all
    pairs once more when the reading is over."""
    found = []
    for theta in rates:
        weights, broken = start, False
        for _ in range(rounds):
            for k, v in zip(K, V, strict=True):
                error = (ask(weights, k) - v).square().sum() / v.square().sum()
                broken = broken or not error < LIMIT
                weights = step(weights, k, v, theta)
        found.append(torch.full_like(error, torch.inf) if broken else error)
    return torch.stack(found)
