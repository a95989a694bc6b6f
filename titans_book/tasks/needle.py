"""A needle in a haystack, as tokens: one fact in a long stretch of noise, asked for at its end.

    hay … hay  0 key v1 … vn  hay … hay  0 key v1 … v(n-1)        targets v1 … vn at the last n
               the needle                the question

The token twin of S-NIAH in RULER (arXiv 2404.06654), which Titans reports in Table 2: the marker 0
stands for "The special magic number for", and the question is the beginning of the needle again.
The answer is given token by token, as if the model had written it. With `distractors`, further
needles with other keys lie in the hay. The same as English text: `titans_book.tasks.needles`.
Taught in chapters 09 and 14.
"""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from titans_book.tasks.batch import IGNORED, TaskBatch
from titans_book.tasks.check import count, flag, fraction, pair, source
from titans_book.tasks.draw import distinct

__all__ = ["MARKER", "needle"]

MARKER = 0  # begins a needle and the question, and stands nowhere else


def needle(
    batch: int,
    *,
    time: int = 256,
    value: int = 1,
    depth: float | int | tuple[float | int, float | int] = (0, 1),
    distractors: int = 0,
    vocab: int = 256,
    alike: bool = False,
    hay: Int[Tensor, " total"] | None = None,
    seed: int | Generator = 0,
) -> TaskBatch:
    """A batch of haystacks, (batch, time).

    value        n, tokens in the value.
    depth        share of the hay that lies before the needle: 0 at the beginning, 1 just before the
                 question. Two numbers: anywhere between them.
    distractors  needles that are told and not asked for. No two needles share a key.
    vocab        a multiple of 4. The hay is drawn from 1 to vocab/2 - 1, keys from vocab/2 on,
                 values from 3 vocab/4 on, so that a needle can be told from hay by its tokens.
    alike        hay, keys and values are all drawn from 1 to vocab - 1: only the marker tells.
    hay          tokens to cut the hay from, such as `corpora.tokens(corpora.text())`: each sequence
                 gets a stretch of its own. With vocab=256, ASCII text fits into the hay's half.
    seed         an int or a torch.Generator; the same seed gives the same batch.

    Raises ValueError or TypeError naming the field.

    >>> task = needle(1, time=12, value=2, depth=0.5, vocab=16, seed=3)
    >>> task.inputs
    tensor([[ 1,  7,  0,  8, 12, 12,  7,  1,  7,  0,  8, 12]])
    >>> task.targets[task.asked].tolist()
    [12, 12]
    """
    batch, time, n = count("batch", batch), count("time", time), count("value", value)
    told, g = 1 + count("distractors", distractors, least=0), source(seed)
    hay_from, keys_from, values_from = _ranges(vocab, alike, told)
    size = 2 + n
    room = time - told * size - (size - 1)  # tokens of hay
    if room < 0:
        raise ValueError(f"time must be {time - room} or more for {told} needles, got {time}")

    keys = keys_from[0] + distinct(g, batch, len(keys_from), told)
    values = values_from[0] + torch.randint(len(values_from), (batch, told, n), generator=g)
    markers = torch.full((batch, told, 1), MARKER)
    needles = torch.cat([markers, keys[..., None], values], dim=2)  # the first one is asked for

    places = _places(g, batch, told, room, _between(depth, room), size)
    inputs = torch.zeros(batch, time, dtype=torch.long)
    inputs[:, 1 - size :] = needles[:, 0, :-1]
    inputs.scatter_(1, places.flatten(1), needles.flatten(1))
    free = torch.ones(batch, time, dtype=torch.bool).scatter_(1, places.flatten(1), False)
    free[:, 1 - size :] = False
    inputs[free] = _hay(g, batch, room, hay_from, hay).flatten()
    targets = torch.full_like(inputs, IGNORED)
    targets[:, -n:] = values[:, 0]
    return TaskBatch(inputs, targets)


def _ranges(vocab: int, alike: bool, told: int) -> tuple[range, range, range]:
    """The tokens of hay, keys and values."""
    if count("vocab", vocab) % 4 or vocab < 8:
        raise ValueError(f"vocab must be a multiple of 4, 8 or more, got {vocab}")
    half, high = vocab // 2, 3 * vocab // 4
    ranges = range(1, half), range(half, high), range(high, vocab)
    if flag("alike", alike):
        ranges = (range(1, vocab),) * 3
    if len(ranges[1]) < told:
        raise ValueError(f"distractors must leave a key: vocab={vocab} has {len(ranges[1])} keys")
    return ranges


def _between(depth: float | int | tuple, room: int) -> tuple[int, int]:
    """The least and the most hay before the needle, in tokens."""
    low, high = pair("depth", depth)
    low, high = round(fraction("depth", low) * room), round(fraction("depth", high) * room)
    if low > high:
        raise ValueError(f"depth must go from low to high, got {depth}")
    return low, high


def _places(
    g: Generator, batch: int, told: int, room: int, depth: tuple[int, int], size: int
) -> Int[Tensor, "batch told size"]:
    """Where the tokens of every needle lie. Before needle i are `before[i]` tokens of hay."""
    low, high = depth
    before = torch.randint(room + 1, (batch, told), generator=g)
    before[:, 0] = torch.randint(low, high + 1, (batch,), generator=g)
    order = torch.rand(batch, told, generator=g).argsort(dim=1)  # needles without hay between them
    rank = (before * told + order).argsort(dim=1).argsort(dim=1)
    return (before + size * rank)[..., None] + torch.arange(size)


def _hay(g: Generator, batch: int, room: int, tokens: range, hay: Tensor | None) -> Tensor:
    """`room` tokens of hay a sequence: drawn one by one, or a stretch of the text."""
    if hay is None:
        return torch.randint(tokens.start, tokens.stop, (batch, room), generator=g)
    if len(hay) < max(room, 1):
        raise ValueError(f"hay must hold {max(room, 1)} tokens or more, got {len(hay)}")
    low, high = (x.item() for x in hay.aminmax())
    if low < tokens.start or high >= tokens.stop:
        raise ValueError(
            f"hay must hold tokens from {tokens.start} to {tokens.stop - 1}, got {low} to {high}"
        )
    start = torch.randint(len(hay) - room + 1, (batch, 1), generator=g)
    return hay[start + torch.arange(room)].long()
