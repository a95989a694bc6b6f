"""A learning rate for each contestant on each trial: no single rate suits all of them.

It is looked for on a seed of its own, in shorter trainings. All rates are rungs of one ladder, and
the search goes towards the smaller loss until both neighbours of the best have been tried.
"""

from collections.abc import Mapping

LADDER = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
FIRST = 3e-3
SEED = 1000  # of the search, and of nothing else: the seeds that are compared are below 10


def next_rate(losses: Mapping[float, float]) -> float | None:
    """The rate to try next, given the loss of those that have been tried; None when it is found.

    >>> next_rate({}), next_rate({3e-3: 1.0}), next_rate({3e-3: 1.0, 1e-2: 2.0})
    (0.003, 0.01, 0.001)
    >>> next_rate({3e-3: 1.0, 1e-2: 2.0, 1e-3: 3.0}) is None
    True
    """
    if not losses:
        return FIRST
    at = LADDER.index(best_rate(losses))
    beside = [LADDER[i] for i in (at + 1, at - 1) if 0 <= i < len(LADDER)]
    return next((rate for rate in beside if rate not in losses), None)


def best_rate(losses: Mapping[float, float]) -> float:
    """The rate with the smallest loss; of equals the smaller rate.

    >>> best_rate({1e-2: 0.5, 3e-3: 0.5, 1e-3: 0.7})
    0.003
    """
    return min(losses, key=lambda rate: (losses[rate], rate))
