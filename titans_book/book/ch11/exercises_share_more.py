"""More wrong versions of chapter 11's experiment: what is counted, and what is returned."""

import torch

from titans_book.book.ch11.exercises_share import _best, _ends, _near, share_found


@share_found.wrong("Where do the starts of the second rate lie?")
def starts_where_the_last_rate_ended(gradient, rule, starts, rates, steps):
    """You change `starts` in place (`p += m`), so every rate starts where the one before it has
    ended. Write `p = p + m`."""
    p, best = starts.clone(), (-torch.ones((), dtype=starts.dtype), rates[0])
    for rate in rates:
        m = torch.zeros_like(p)
        for _ in range(steps):
            m = rule(m, gradient(p), rate)
            p = p + m
        if _near(p).mean() > best[0]:
            best = _near(p).mean(), rate
    return best


@share_found.wrong("Is a point at a distance of 0.2 near, if 0.2² is below 0.1?")
def forgets_the_root(gradient, rule, starts, rates, steps):
    """You compare the square of the distance with 0.1. The distance is its root."""
    p = _ends(gradient, rule, starts, rates, steps)
    return _best((p.square().sum(-1) < 0.1).double().mean(1), rates)


@share_found.wrong("How near is near enough?")
def asks_for_a_smaller_distance(gradient, rule, starts, rates, steps):
    """You ask for a distance below 0.01. It is 0.1 that counts."""
    p = _ends(gradient, rule, starts, rates, steps)
    return _best((p.norm(dim=-1) < 0.01).double().mean(1), rates)


@share_found.wrong("How many steps does your loop take if steps is 1?")
def takes_one_step_more(gradient, rule, starts, rates, steps):
    """You take one step more than was asked for."""
    return _best(_near(_ends(gradient, rule, starts, rates, steps + 1)).mean(1), rates)


@share_found.wrong("Where is p after the first step, if m was zero before it?")
def walks_before_it_looks(gradient, rule, starts, rates, steps):
    """You add m to p before the rule has made the new one, so the first step goes nowhere and the
    last one is missing."""
    return _best(_near(_ends(gradient, rule, starts, rates, steps - 1)).mean(1), rates)


@share_found.wrong("Is `shares.argmax()` a rate, or the place of one?")
def returns_the_place_of_the_rate(gradient, rule, starts, rates, steps):
    """You return the index of the best rate. The rate itself was asked for."""
    shares = _near(_ends(gradient, rule, starts, rates, steps)).mean(1)
    return shares.max(), shares.argmax().to(rates.dtype)


@share_found.wrong("Which of the two comes first in the docstring?")
def returns_them_the_other_way(gradient, rule, starts, rates, steps):
    """You return the rate first. The share comes first."""
    share, rate = _best(_near(_ends(gradient, rule, starts, rates, steps)).mean(1), rates)
    return rate, share


@share_found.wrong("p is (rates, starts, 2). Which axis holds the starts?")
def averages_over_the_rates(gradient, rule, starts, rates, steps):
    """You take the mean over the rates, so your shares belong to starts and not to rates."""
    shares = _near(_ends(gradient, rule, starts, rates, steps)).mean(0)
    return shares.max(), rates[shares.argmax().clamp(max=len(rates) - 1)]


@share_found.wrong("How often does eta take part in a step: in the rule, or once more outside?")
def uses_the_rate_twice(gradient, rule, starts, rates, steps):
    """You multiply m by the rate again. The rule has used it already."""
    p = starts.expand(len(rates), -1, -1)
    m = torch.zeros_like(p)
    for _ in range(steps):
        m = rule(m, gradient(p), rates[:, None, None])
        p = p + rates[:, None, None] * m
    return _best(_near(p).mean(1), rates)


@share_found.wrong("Which rate is the best: the one with most finds, or with the nearest ends?")
def chooses_by_the_distance(gradient, rule, starts, rates, steps):
    """You choose the rate whose ends are nearest on average. The rate at which most starts find
    the minimum was asked for."""
    p = _ends(gradient, rule, starts, rates, steps)
    best = p.norm(dim=-1).mean(1).nan_to_num(torch.inf).argmin()
    return _near(p).mean(1)[best], rates[best]
