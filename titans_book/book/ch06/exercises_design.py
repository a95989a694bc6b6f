"""The open exercise of chapter 06: where to cut a stream, if only so many steps are allowed.

It has many right answers. It is judged by what a memory knows after it has read three streams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from titans_book.book.ch06 import streams
from titans_book.book.ch06.exercises import CHAPTER
from titans_book.book.ch06.streams import cut_at, the_books
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.lab.learning.fitting import Misfit, Nothing

__all__ = ["my_chunks"]

MOST = 257  # entries of an answer that are looked at


def _cuts(function: Callable) -> Iterator[Step]:
    """The lengths for each stream, filled up with zeros, and what the memory knows at the end."""
    for name in streams.PASSAGES:
        told = streams.stream(name)
        theta = torch.full((len(told.k),), streams.THETA, dtype=told.k.dtype)
        plain = getattr(function, "function", function)  # its result may be a list or a tensor
        lengths = _listed(plain(told.k.clone(), theta, streams.BUDGET))
        filled = torch.zeros(MOST, dtype=torch.float64)
        filled[: len(lengths)] = lengths[:MOST]
        step = {"lengths": filled, "chunks": torch.tensor(float(len(lengths))).double()}
        fits = not _does_not_fit(lengths, len(told.k))
        ratio = streams.score(told, lengths.long().tolist()) if fits else 0.0
        yield step | {"score": torch.tensor(ratio, dtype=torch.float64)}


def _listed(found: object) -> Tensor:
    """The lengths as a tensor, or Misfit: a list, a tuple or a tensor of numbers will do."""
    asks = "What would the list look like for a stream of ten tokens, cut into 4, 4 and 2?"
    if found is None:
        raise Nothing("It returns nothing.", "Is there a `return` in front of the last line?")
    try:
        lengths = torch.as_tensor(found, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        says = f"It returns a {type(found).__name__} that is no list of numbers."
        raise Misfit(says, asks) from None
    if lengths.dim() != 1:
        raise Misfit("It returns a single number; a list of lengths is asked for.", asks)
    return lengths


_cuts.names = lambda: ("k", "theta", "budget")


def _does_not_fit(lengths: Tensor, time: int) -> str:
    """Why these are no lengths of chunks, in words, or ""."""
    if not len(lengths) or (lengths < 1).any() or (lengths % 1 != 0).any():
        return "It returns a length that is not a whole number of at least 1."
    if int(lengths.sum()) != time:
        return f"Its lengths add up to {int(lengths.sum())}, and the stream has {time} tokens."
    return ""


def _good_enough(steps: list[Step]) -> str:
    """What is missing: the stream on which it is worst, and the chunk with the largest gauge."""
    for name, step in zip(streams.PASSAGES, steps, strict=True):
        told, count = streams.stream(name), int(step["chunks"])
        lengths = step["lengths"][:count]
        if says := _does_not_fit(lengths, len(told.k)):
            return f"On the {name} stream: {says[0].lower()}{says[1:]}"
        if count > streams.BUDGET:
            return f"On the {name} stream it takes {count} steps, and {streams.BUDGET} are allowed."
    name, step = min(zip(streams.PASSAGES, steps, strict=True), key=lambda one: one[1]["score"])
    if step["score"] >= streams.BAR:
        return ""
    lengths = step["lengths"][: int(step["chunks"])].long().tolist()
    found = streams.levels(streams.stream(name), lengths)
    worst = max(range(len(found)), key=found.__getitem__)
    start = sum(lengths[:worst])
    return (
        f"On the {name} stream the score is {float(step['score']):.2f}, below {streams.BAR}. The "
        f"largest gauge there is {found[worst]:.2f}, in the chunk of {lengths[worst]} tokens that "
        f"begins at token {start}."
    )


my_chunks = Exercise(
    name="06.my_chunks",
    what="a way to cut a stream into chunks, within a budget of steps",
    reference=the_books,
    probe=_cuts,
    hints=(
        "Where keys are unlike, a chunk may be long; where they repeat, it has to be short. What "
        "can tell you which is which, before anything is read?",
        "gauge(k[start:end], theta[start:end], end - start) has one entry, the gauge of this one "
        "chunk. Let a chunk grow until its gauge passes a limit of yours. A list of whole numbers "
        "comes back, and they add up to len(k).",
        "    lengths.append(end - 1 - start)\n"
        "    for end in range(2, len(k) + 1):\n"
        "    if gauge(k[start:end], theta[start:end], end - start).max() > limit:\n"
        "    start = end - 1\n"
        "    return lengths   (with the last chunk; and which limit uses up the budget?)",
    ),
    source="a reading of one token at a time",
    taught=CHAPTER,
    part=False,
    grade="open",
    accept=_good_enough,
    solution="""def my_chunks(k, theta, budget):
    def cut(limit):
        lengths, start = [], 0
        for end in range(2, len(k) + 1):
            if gauge(k[start:end], theta[start:end], end - start).max() > limit:
                lengths.append(end - 1 - start)
                start = end - 1
        return [*lengths, len(k) - start]

    for limit in (1.33, 1.43, 1.53, 1.63, 1.73, 1.83, 1.93):
        lengths = cut(limit)
        if len(lengths) <= budget:
            break
    return lengths""",
)


def _equal(time: int, b: int) -> list[int]:
    return [min(b, time - start) for start in range(0, time, b)]


@my_chunks.wrong("Which passage of the stream would need shorter chunks than the others?")
def cuts_into_equal_chunks(k, theta, budget):
    """It makes all chunks equally long and never looks at the keys. They are too long where the
    keys repeat, and shorter than they need be elsewhere."""
    return _equal(len(k), -(-len(k) // budget))


@my_chunks.wrong("How many sequential steps does one token at a time take?")
def reads_one_by_one(k, theta, budget):
    """It reads one token at a time. That is the memory of chapter 04, and takes a step for each
    token."""
    return [1] * len(k)


@my_chunks.wrong("Which chunks of yours hold keys that are not alike at all?")
def fears_that_all_are_alike(k, theta, budget):
    """It makes every chunk short enough for keys that are all the same, below 2 / theta. Most keys
    are not, so it takes more steps than are allowed."""
    return _equal(len(k), int(2 / theta.max()) - 1)


@my_chunks.wrong("What is the gauge of the chunk that holds all the rest?")
def lumps_the_rest_together(k, theta, budget):
    """It cuts carefully until the budget is used up, and then puts all that is left into one last
    chunk."""
    lengths = cut_at(k, theta, 0.8)[: budget - 1]
    return [*lengths, len(k) - sum(lengths)]


@my_chunks.wrong("How many steps do you get, if no gauge may be above 1?")
def stops_at_one(k, theta, budget):
    """It allows no gauge above 1, so no error is ever overshot. That takes more steps than are
    allowed; up to 2 an error still shrinks."""
    return cut_at(k, theta, 1.0)


@my_chunks.wrong("Do your numbers say how long a chunk is, or where it begins?")
def returns_the_borders(k, theta, budget):
    """It returns where each chunk ends. The length of each chunk is asked for."""
    return torch.tensor(the_books(k, theta, budget)).cumsum(0).tolist()


@my_chunks.wrong("What happens to the tokens after your last cut?")
def forgets_the_last_chunk(k, theta, budget):
    """It leaves out the last chunk, the one that the loop never closes."""
    return the_books(k, theta, budget)[:-1]


@my_chunks.wrong("How large may a gauge be before some error grows?")
def goes_far_beyond_the_limit(k, theta, budget):
    """It lets the gauge of a chunk go up to 4. Above 2 an error grows in that chunk."""
    return cut_at(k, theta, 4.0)


@my_chunks.wrong("At a gauge of 1.99, by what is an error along that direction multiplied?")
def goes_to_the_very_limit(k, theta, budget):
    """It makes every chunk as long as it can be without exploding, and does not use the steps that
    are left. At a gauge just below 2 an error changes its sign and hardly shrinks."""
    return cut_at(k, theta, 1.995)


@my_chunks.wrong("Is a key alike to its neighbour only, or to others in its chunk as well?")
def compares_neighbours_only(k, theta, budget):
    """It cuts where a key is alike to the one before it. Keys that are not neighbours add up in a
    chunk, too."""
    near = (k[1:] * k[:-1]).sum(1)
    places = near.argsort(descending=True)[: budget - 1].sort().values + 1
    edges = [0, *places.tolist(), len(k)]
    return [late - soon for soon, late in zip(edges, edges[1:], strict=False)]


@my_chunks.wrong("In which order does the memory read the chunks?")
def sorts_the_lengths(k, theta, budget):
    """It has the right lengths in another order, so the short chunks are no longer where the keys
    repeat."""
    return sorted(the_books(k, theta, budget))
