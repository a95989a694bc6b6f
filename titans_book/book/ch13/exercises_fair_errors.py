"""What goes wrong when two trainings are compared, each slip with one question."""

from __future__ import annotations

from titans_book.book.ch13.exercises_fair import fair
from titans_book.book.ch13.fairness import margin_of


def _mean(values):
    values = list(values)
    return sum(values) / len(values)


def _verdict(leads, margin=None):
    lead, margin = _mean(leads), margin_of(leads) if margin is None else margin
    if abs(lead) <= margin:
        return lead, margin, "nobody"
    return lead, margin, "ours" if lead > 0 else "theirs"


def _in_time(looks, seconds):
    return [look for look in looks if look[1] <= seconds]


def _last(looks, seconds):
    return _in_time(looks, seconds)[-1][2]


def _apart(mine, other):
    return _mean(other[name] - mine[name] for name in mine if name in other)


def _common(ours, theirs):
    return [seed for seed in ours if seed in theirs]


def _leads(ours, theirs, seconds, choose=_last, apart=_apart):
    return [
        apart(choose(ours[seed], seconds), choose(theirs[seed], seconds))
        for seed in _common(ours, theirs)
    ]


@fair.wrong("What have you done with `seconds`?")
def takes_the_last_look(ours, theirs, seconds):
    """You compare the ends of the trainings. One of them may have had much more time."""
    return _verdict(_leads(ours, theirs, seconds, lambda looks, _: looks[-1][2]))


@fair.wrong("How long does a step of each side take?")
def takes_equal_steps(ours, theirs, seconds):
    """You compare after equal steps. A step costs one side more time than the other."""
    leads = []
    for seed in _common(ours, theirs):
        pair = [_in_time(runs[seed], seconds) for runs in (ours, theirs)]
        steps = min(looks[-1][0] for looks in pair)
        mine, other = ([c for s, _, c in looks if s <= steps][-1] for looks in pair)
        leads.append(_apart(mine, other))
    return _verdict(leads)


@fair.wrong("Which passages has only one of the two sides read?")
def averages_its_own_passages(ours, theirs, seconds):
    """You take each side's mean over all passages that it was measured on. They are not the same
    passages, and some are easier than others."""
    own = lambda mine, other: _mean(other.values()) - _mean(mine.values())  # noqa: E731
    return _verdict(_leads(ours, theirs, seconds, apart=own))


@fair.wrong("Is a model with fewer bits ahead or behind?")
def turns_the_sign(ours, theirs, seconds):
    """You subtract the wrong way round. Fewer bits are better, and ours is ahead if the lead is
    above 0."""
    return _verdict([-lead for lead in _leads(ours, theirs, seconds)])


@fair.wrong("Who would choose the look in an honest training, and when?")
def takes_the_best_look(ours, theirs, seconds):
    """You take the cheapest look within the time. Choosing it by the held-out text means that you
    have looked at the answers."""
    best = lambda looks, s: min((look[2] for look in _in_time(looks, s)), key=_total)  # noqa: E731
    return _verdict(_leads(ours, theirs, seconds, best))


def _total(costs):
    return _mean(costs.values())


@fair.wrong("Which seed would you report if you did not know the results?")
def reports_the_best_seed(ours, theirs, seconds):
    """You report the seed on which ours is furthest ahead."""
    leads = _leads(ours, theirs, seconds)
    lead, margin = max(leads), margin_of(leads)
    return lead, margin, "nobody" if abs(lead) <= margin else "ours" if lead > 0 else "theirs"


@fair.wrong("Do both sides list their seeds in the same order?")
def pairs_by_order(ours, theirs, seconds):
    """You pair the first run of one side with the first run of the other. Pair them by the name of
    their seed."""
    pairs = zip(ours.values(), theirs.values(), strict=True)
    return _verdict([_apart(_last(a, seconds), _last(b, seconds)) for a, b in pairs])


@fair.wrong("Which seeds did only one of the two sides run?")
def takes_all_seeds(ours, theirs, seconds):
    """You compare the means over all seeds of each side. A seed that only one side ran tells
    nothing about the other."""
    mine = _mean(_paired(ours, theirs, seconds, side="ours"))
    other = _mean(_paired(ours, theirs, seconds, side="theirs"))
    margin = margin_of(_leads(ours, theirs, seconds))
    lead = other - mine
    return lead, margin, "nobody" if abs(lead) <= margin else "ours" if lead > 0 else "theirs"


def _paired(ours, theirs, seconds, side):
    """The costs of one side, a number for each of its seeds, on the passages of both."""
    a, b = (_last(next(iter(runs.values())), seconds) for runs in (ours, theirs))
    both = [name for name in a if name in b]
    runs = ours if side == "ours" else theirs
    return [_mean(_last(looks, seconds)[name] for name in both) for looks in runs.values()]


@fair.wrong("Was the training allowed to know anything that came later?")
def goes_beyond_the_time(ours, theirs, seconds):
    """You take the first look after the time is over, so each side had more than it was allowed."""
    after = lambda looks, s: [*[x for x in looks if x[1] > s], looks[-1]][0][2]  # noqa: E731
    return _verdict(_leads(ours, theirs, seconds, after))


@fair.wrong("What does the margin say about a lead of 0.05 with a margin of 0.2?")
def always_names_a_winner(ours, theirs, seconds):
    """You name a winner although 0 lies within the margin."""
    leads = _leads(ours, theirs, seconds)
    lead = _mean(leads)
    return lead, margin_of(leads), "ours" if lead > 0 else "theirs"


@fair.wrong("What does it mean if ours is behind by more than the margin?")
def never_says_theirs(ours, theirs, seconds):
    """You never say that theirs is ahead. A lead far below 0 is a result too."""
    leads = _leads(ours, theirs, seconds)
    lead, margin = _mean(leads), margin_of(leads)
    return lead, margin, "ours" if lead > margin else "nobody"


@fair.wrong("How many of the looks within the time do you use, and which of them?")
def takes_the_first_look(ours, theirs, seconds):
    """You take the first look, when both had just begun."""
    return _verdict(_leads(ours, theirs, seconds, lambda looks, _: looks[0][2]))


@fair.wrong("What does a seed have in common for both sides, and does your margin know it?")
def adds_two_margins(ours, theirs, seconds):
    """You add the margins of the two sides. Equal seeds share their luck, so only the scatter of
    their differences counts."""
    sides = [
        [_mean(values.values()) for values in (_last(runs[s], seconds) for s in common)]
        for common in [_common(ours, theirs)]
        for runs in (ours, theirs)
    ]
    return _verdict(_leads(ours, theirs, seconds), sum(map(margin_of, sides)))


@fair.wrong("Over what do the four passages of one seed scatter, and over what should it be?")
def margin_over_passages(ours, theirs, seconds):
    """Your margin says how far passages differ. It should say how far *seeds* differ, so collect
    one number for each seed."""
    every = []
    for seed in _common(ours, theirs):
        mine, other = _last(ours[seed], seconds), _last(theirs[seed], seconds)
        every += [other[name] - mine[name] for name in mine if name in other]
    return _verdict(every)


@fair.wrong("Does a sum grow with the number of passages?")
def sums_the_passages(ours, theirs, seconds):
    """You sum the bits over the passages. A lead in bits a byte is their mean."""
    total = lambda mine, other: sum(other[n] - mine[n] for n in mine if n in other)  # noqa: E731
    return _verdict(_leads(ours, theirs, seconds, apart=total))
