"""An exercise of chapter 13: from recorded trainings, who is ahead in a fair comparison?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch13.fairness import margin_of
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.lab.learning.fitting import Misfit

__all__ = ["CHAPTER", "fair"]

CHAPTER = "notebooks/13_train_it.ipynb"
WHO = {"ours": 1.0, "theirs": -1.0, "nobody": 0.0}
# better by, scatter of a seed, seconds allowed: ours wins, theirs wins, nobody does
CASES = ((0.5, 0.02, 10.0), (-0.4, 0.03, 7.0), (0.06, 0.2, 12.0), (-0.05, 0.25, 9.0))
PASSAGES = {"act 1": 0.0, "act 2": 0.7, "act 3": -0.5, "act 4": 1.3, "act 5": -0.9}


def fair_(ours, theirs, seconds):
    """The book's version."""
    leads = []
    for seed in ours:
        if seed not in theirs:
            continue
        mine = [costs for _, time, costs in ours[seed] if time <= seconds][-1]
        other = [costs for _, time, costs in theirs[seed] if time <= seconds][-1]
        both = [name for name in mine if name in other]
        leads.append(sum(other[name] - mine[name] for name in both) / len(both))
    lead, margin = sum(leads) / len(leads), margin_of(leads)
    if abs(lead) <= margin:
        return lead, margin, "nobody"
    return lead, margin, "ours" if lead > 0 else "theirs"


def _runs(draw, better, names, pace, seeds):
    """Trainings that fall and sway; one that is slow per step has fewer looks in its time."""
    found = {}
    for seed, luck in seeds:
        looks = []
        for number in range(1, 9):
            steps, time = 25 * number, pace * number * (1 + 0.02 * seed)
            level = 2.5 + 2 / (1 + 0.3 * time) + luck - better + 0.15 * (-1) ** number
            costs = {name: level + PASSAGES[name] + 0.05 * draw() for name in names}
            looks.append((steps, time, costs))
        found[seed] = looks
    return found


def case(number: int, better: float, scatter: float):
    """Two sides with some seeds and some passages in common, and each with others of its own."""
    generator = torch.Generator().manual_seed(number)

    def draw() -> float:
        return float(torch.randn((), generator=generator, dtype=torch.float64))

    shared = {seed: 0.4 * draw() for seed in (0, 1, 2, 3)}  # the luck of a seed, for both sides
    mine = [(seed, shared[seed] + scatter * draw()) for seed in (2, 0, 1, 3)]
    others = [(seed, shared[seed] + scatter * draw()) for seed in (0, 1, 3, 2)]
    ours = _runs(draw, better, ("act 1", "act 2", "act 3", "act 4"), 2.9, [*mine, (7, 1.5)])
    names = ("act 5", "act 3", "act 2", "act 1")
    return ours, _runs(draw, 0.0, names, 1.3, [(5, -0.8), *others])


def _judged(function: Callable) -> Iterator[Step]:
    """Four comparisons: lead, margin and the verdict as a number."""
    bare = getattr(function, "function", function)
    for number, (better, scatter, seconds) in enumerate(CASES):
        if function is not bare:
            function.given.append((seconds,))  # the runs are too long to be read
        found = bare(*case(number, better, scatter), seconds)
        try:
            lead, margin, who = found
            values = {"lead": float(lead), "margin": float(margin)}
        except (TypeError, ValueError):
            says = "It does not return two numbers and a word."
            raise Misfit(says, "What three things does the docstring ask for?") from None
        if not isinstance(who, str) or who not in WHO:
            says = f"It says {str(who)[:40]!r}. The word must be 'ours', 'theirs' or 'nobody'."
            raise Misfit(says, "Which of the three words fits?")
        values["who"] = WHO[who]
        yield {name: torch.tensor(x, dtype=torch.float64) for name, x in values.items()}


_judged.names = lambda: ("seconds",)

fair = Exercise(
    name="13.fair",
    what="a comparison of two trainings, made fair",
    reference=fair_,
    probe=_judged,
    hints=(
        "First repair one seed. Which look of each side may you use, and which passages? Then "
        "collect one number for each seed.",
        "`ours[seed]` is a list of (steps, seconds, costs), in the order of time, and costs is a "
        "dict from a passage to bits. A seed, or a passage, that only one side has cannot be "
        "compared. `margin_of(leads)` takes the list of all leads.",
        "    lead, margin = sum(leads) / len(leads), margin_of(leads)\n"
        "        leads.append(... the mean of what theirs costs more, over both ...)\n"
        "        both = [name for name in mine if name in other]\n"
        "        mine = [costs for _, time, costs in ours[seed] if time <= seconds][-1]\n"
        "    for seed in ours:  # and what if it is not in theirs?",
    ),
    source="a paired comparison at equal cost",
    taught=CHAPTER,
    part=False,
    grade="build",
    solution="def fair(ours, theirs, seconds):\n"
    "    leads = []\n"
    "    for seed in ours:\n"
    "        if seed not in theirs:\n"
    "            continue\n"
    "        mine = [costs for _, time, costs in ours[seed] if time <= seconds][-1]\n"
    "        other = [costs for _, time, costs in theirs[seed] if time <= seconds][-1]\n"
    "        both = [name for name in mine if name in other]\n"
    "        leads.append(sum(other[name] - mine[name] for name in both) / len(both))\n"
    "    lead, margin = sum(leads) / len(leads), margin_of(leads)\n"
    "    if abs(lead) <= margin:\n"
    '        return lead, margin, "nobody"\n'
    '    return lead, margin, "ours" if lead > 0 else "theirs"',
)
