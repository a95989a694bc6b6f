"""S-NIAH, the needle in a haystack as RULER words it: one sentence of a long text is asked for.

    One of the special magic numbers for quiet-harbour is: 3046211.

    kind   haystack                              key               value        Titans, Table 2
    1      the same five sentences, repeated     adjective-noun    7 digits     S-NIAH-PK
    2      a book                                adjective-noun    7 digits     S-NIAH-N
    3      a book                                adjective-noun    a UUID       S-NIAH-W

RULER (arXiv 2404.06654) has no "W": we read it as its third kind. The sentences are RULER's; where
it takes essays of Paul Graham, the hay is one of the book's corpora, and the words of the keys are
our own. For the same with tokens see `titans_book.tasks.needle`. Taught in chapter 14.
"""

from __future__ import annotations

import random
import uuid

from torch import Generator

from titans_book.tasks.check import count, flag, fraction, pair
from titans_book.tasks.haystack import dice, fill, sentences
from titans_book.tasks.passages import Passage, TextBatch, text_batch

__all__ = ["s_niah"]

NOISE = (
    "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.",
)
NEEDLE = "One of the special magic {what}s for {key} is: {value}."
INTRO = (
    "A special magic {what} is hidden within the following text. Make sure to memorize it. I will "
    "quiz you about the {what} afterwards.\n"
)
QUESTION = (
    "\nWhat is the special magic {what} for {key} mentioned in the provided text? "
    "The special magic {what} for {key} mentioned in the provided text is "
)
SHORT = "The special magic {what} for {key} is: "
ADJECTIVES = [
    "amber", "bold", "brisk", "calm", "clever", "cosy", "crisp", "curious", "dusty", "eager",
    "faint", "gentle", "golden", "grand", "hidden", "humble", "jolly", "keen", "lively", "lofty",
    "mellow", "narrow", "nimble", "odd", "patient", "plain", "proud", "quiet", "rapid", "rough",
    "silent", "steady",
]  # fmt: skip
NOUNS = [
    "anchor", "apple", "badge", "barrel", "basket", "beacon", "bridge", "button", "candle",
    "canyon", "castle", "comet", "drum", "feather", "forest", "harbour", "hammer", "island",
    "kettle", "ladder", "lantern", "meadow", "mirror", "needle", "orchard", "pebble", "pillow",
    "rocket", "saddle", "sparrow", "violin", "window",
]  # fmt: skip


def s_niah(
    batch: int,
    *,
    kind: int = 1,
    length: int = 1024,
    depth: float | int | tuple[float | int, float | int] = (0, 1),
    essays: str = "moby_dick",
    short: bool = False,
    seed: int | Generator = 0,
) -> TextBatch:
    """A batch of haystacks in bytes, (batch, length), each with one needle and a key of its own.

    kind     1, 2 or 3: see the top of this file.
    length   bytes of a row: text, question and all of the answer but its last byte.
    depth    share of the hay's sentences (kind 1: lines) before the needle. Two numbers: drawn
             evenly between them.
    essays   the hay of kinds 2 and 3: "moby_dick", "shakespeare", "shakespeare_all" or "sotu", each
             row from a sentence of its own on.
    short    no instruction at the beginning, and a question that is the needle's own beginning: for
             models that have to learn all of it from scratch.
    seed     an int or a torch.Generator; the same seed gives the same batch.

    Raises ValueError or TypeError naming the field.

    >>> passage = s_niah(1, kind=2, length=300, depth=0.5, short=True, seed=2).passages[0]
    >>> print(passage.text)
    In vain the English Captain hailed him. With back to the stranger ship, and face set like a
    flint to his own, Ahab stood upright till alongside of the Pequod. One of the special magic
    numbers for keen-button is: 6224590. CHAPTER 101. The Decanter.
    >>> print(passage.question, passage.answer, sep="|")
    The special magic number for keen-button is: |6224590
    """
    batch, length, chance = count("batch", batch), count("length", length), dice(seed)
    hay = _hay(kind, essays)
    low, high = pair("depth", depth)
    if fraction("depth", low) > fraction("depth", high):
        raise ValueError(f"depth must go from low to high, got {depth}")
    rows = []
    for _ in range(batch):
        at = chance.uniform(low, high)
        rows.append(_passage(chance, kind, hay, length, at, flag("short", short)))
    return text_batch(rows)


def _hay(kind: int, essays: str) -> tuple[str, ...]:
    if kind not in (1, 2, 3) or isinstance(kind, bool):
        raise ValueError(f"kind must be 1, 2 or 3, got {kind!r}")
    book = sentences(essays)  # a wrong name is refused even where the hay is noise
    return NOISE if kind == 1 else book


def _passage(
    chance: random.Random, kind: int, hay: tuple[str, ...], length: int, depth: float, short: bool
) -> Passage:
    what, gap = "uuid" if kind == 3 else "number", "\n" if kind == 1 else " "
    key, value = f"{chance.choice(ADJECTIVES)}-{chance.choice(NOUNS)}", _value(chance, what)
    facts = {"what": what, "key": key, "value": value}
    intro = "" if short else INTRO.format(**facts)
    question = (SHORT if short else QUESTION).format(**facts)
    needle = NEEDLE.format(**facts) + gap
    room = length - len(intro + needle + question + value) + 1
    if room < 0:
        raise ValueError(f"length must be {length - room} or more for this needle, got {length}")
    lines = fill(hay, chance.randrange(len(hay)), room, gap)
    lines.insert(round(depth * len(lines)), needle)
    return Passage(intro + "".join(lines), question, value)


def _value(chance: random.Random, what: str) -> str:
    if what == "number":
        return str(chance.randrange(10**6, 10**7))
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))
