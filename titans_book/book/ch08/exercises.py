"""Exercises of chapter 08, short-term memory: softmax attention, and what people write instead.

q is (T, d), k (J, d), v (J, d_v); visible is (T, J), a row for each query.
"""

import torch
from torch import Tensor

from titans_book.lab.learning.exercise import Exercise, Probe, normal
from titans_book.steps import attention as attention_steps

CHAPTER = "notebooks/08_short_term_memory.ipynb"


def _visible(generator: torch.Generator) -> Tensor:
    """Four rows, six columns; each row sees three of them, and each column is seen."""
    order = torch.rand(4, generator=generator).argsort()
    first = torch.rand(2, 6, generator=generator).argsort(1) < 3
    return torch.cat([first, ~first])[order]


attend = Exercise(
    name="08.attend",
    what="softmax attention over the columns that a row sees",
    reference=attention_steps.attend,
    probe=Probe(
        inputs={"q": normal(4, 3), "k": normal(6, 3), "v": normal(6, 2), "visible": _visible},
        returns=("y",),
        steps=4,
    ),
    hints=(
        "Scores first, one for each pair of row and column. Then make sure that what is hidden "
        "gets the weight 0: which score has an exponential of 0? Then weights, then the mean.",
        "q @ k.T is (T, J), like visible. `scores.masked_fill(~visible, -torch.inf)` puts minus "
        "infinity where visible is False, `softmax(-1)` makes each row add up to 1, and (T, J) @ "
        "(J, d_v) is what should come back. d is `k.shape[-1]`.",
        "    return weights @ v\n    scores = scores.masked_fill(~visible, -torch.inf)\n"
        "    weights = scores.softmax(-1)\n    scores = q @ k.T / k.shape[-1] ** 0.5",
    ),
    source="Titans eq. 2",
    taught=CHAPTER,
    misfit="A row for each query, a column for each key: which of the two has to be transposed? "
    "And after the weights, what is still missing?",
)


def _scores(q, k):
    return q @ k.T / k.shape[-1] ** 0.5


def _weights(scores, visible):
    return scores.masked_fill(~visible, -torch.inf).softmax(-1)


@attend.wrong("How large are dot products of vectors with 100 entries, and with 10,000?")
def does_not_scale(q, k, v, visible):
    """The scores are not divided by the square root of d."""
    return _weights(q @ k.T, visible) @ v


@attend.wrong("Of what is the square root taken?")
def divides_by_d(q, k, v, visible):
    """You divide by d; eq. 2 divides by its square root."""
    return _weights(q @ k.T / k.shape[-1], visible) @ v


@attend.wrong("Should scores become larger with d, or smaller?")
def multiplies_by_the_root(q, k, v, visible):
    """You multiply by the square root of d where eq. 2 divides."""
    return _weights(q @ k.T * k.shape[-1] ** 0.5, visible) @ v


@attend.wrong("How many features has a key, and how many rows has q?")
def divides_by_the_rows(q, k, v, visible):
    """You divide by the square root of the number of queries. d is the number of features of a
    key."""
    return _weights(q @ k.T / len(q) ** 0.5, visible) @ v


@attend.wrong("By what does eq. 2 divide each exponential?")
def does_not_share_out(q, k, v, visible):
    """You take the exponentials as they are. The weights of a row have to add up to 1."""
    return (_scores(q, k).exp() * visible) @ v


@attend.wrong("Is the length of the text the same as the length of a key?")
def divides_by_the_columns(q, k, v, visible):
    """You divide by the square root of the number of columns. d is the number of features of a
    key."""
    return _weights(q @ k.T / len(k) ** 0.5, visible) @ v


@attend.wrong("What is the exponential of 0?")
def multiplies_the_mask(q, k, v, visible):
    """You set hidden scores to 0, and a score of 0 is a middling one: its weight is not 0. Only
    minus infinity has no weight."""
    return (_scores(q, k) * visible).softmax(-1) @ v


@attend.wrong("To how much do the weights of a row add up, once some are struck out?")
def masks_too_late(q, k, v, visible):
    """You strike out weights after the softmax. What is left no longer adds up to 1."""
    return (_scores(q, k).softmax(-1) * visible) @ v


@attend.wrong("Does True in visible mean: may see, or must not see?")
def sees_what_is_hidden(q, k, v, visible):
    """It is the other way round: you hide what may be seen and see what is hidden. `~` turns True
    into False."""
    return _weights(_scores(q, k), ~visible) @ v


@attend.wrong("Which argument has not been used yet?")
def sees_everything(q, k, v, visible):
    """The mask is not used: every row sees every column."""
    return _scores(q, k).softmax(-1) @ v


@attend.wrong("Who shares out the weight: a row among its columns, or a column among the rows?")
def normalises_the_columns(q, k, v, visible):
    """The softmax runs down the columns. Each row shares out its own weight, so it must run along
    the rows: `softmax(-1)`."""
    scores = _scores(q, k).masked_fill(~visible, -torch.inf)
    return scores.softmax(0) @ v


@attend.wrong("Where do scores become shares?")
def forgets_the_softmax(q, k, v, visible):
    """There is no softmax: the values are weighted with the scores themselves. That is linear
    attention, chapter 01's memory."""
    return (_scores(q, k) * visible) @ v


@attend.wrong("Is a column that may be seen also one that matters?")
def takes_the_mean(q, k, v, visible):
    """All visible columns get the same weight, whatever the scores say."""
    return _weights(0 * _scores(q, k), visible) @ v


@attend.wrong("A blurred look or a hard choice: what does the softmax give?")
def takes_the_best(q, k, v, visible):
    """You take the value of the best column alone. The softmax gives the others their share,
    too."""
    return v[_scores(q, k).masked_fill(~visible, -torch.inf).argmax(-1)]


@attend.wrong("How small is the weight of a score of -1, compared with one of 0?")
def hides_too_weakly(q, k, v, visible):
    """A hidden column gets the score -1. It is seen a little; only minus infinity hides."""
    return _scores(q, k).masked_fill(~visible, -1.0).softmax(-1) @ v
