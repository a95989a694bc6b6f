"""Little stories lost in a book: who is where, and where is what? After bAbI and BABILong.

Four people walk between six rooms, and pick up three things and put them down. The facts are
strewn, in their order, among the sentences of a book; at the end one place is asked for.

    kind "qa1"    Where is Nora?          one fact settles it: the last room that she went to
    kind "qa2"    Where is the lantern?   two: who took it last, and where that person went since

The tasks are the first two of bAbI (Weston et al. 2015), the book between the facts is BABILong's
idea (arXiv 2406.10149), which Titans reports in Figure 6. Simulator and wording are our own. Who
guesses is right in one of six cases. Taught in chapter 14.
"""

from __future__ import annotations

import random

from torch import Generator

from titans_book.tasks.check import count, pair
from titans_book.tasks.haystack import dice, fill, sentences
from titans_book.tasks.passages import Passage, TextBatch, text_batch

__all__ = ["PEOPLE", "PLACES", "THINGS", "World", "stories"]

PEOPLE = ("Nora", "Hugo", "Olga", "Felix")  # none of them lives in one of the corpora
PLACES = ("kitchen", "garden", "hallway", "bedroom", "bathroom", "office")
THINGS = ("lantern", "apple", "letter")
GO, TAKE, DROP = (
    ("went to", "walked to", "hurried to"),
    ("took", "picked up"),
    ("put down", "set down"),
)
FACTS = {"qa1": (2, 10), "qa2": (5, 20)}
LONGEST_FACT = len("Felix hurried to the bathroom. ")
LONGEST_QUESTION = len("Where is the lantern? In the bathroom")


class World:
    """People, things and where they are. `facts` is what a reader has been told.

    >>> world = World(random.Random(36))
    >>> for _ in range(6): world.happen(things=True)
    >>> print(*world.facts, sep=" ")
    Olga went to the kitchen. Hugo walked to the garden. Felix hurried to the hallway. Olga picked
    up the letter. Felix took the lantern. Felix put down the lantern.
    >>> sorted(world.known_things().items())
    [('lantern', 'hallway'), ('letter', 'kitchen')]
    """

    def __init__(self, chance: random.Random):
        self.chance, self.facts = chance, []
        self.at: dict[str, str] = {}  # of people, once they have gone somewhere
        self.lies = {thing: chance.choice(PLACES) for thing in THINGS}
        self.held: dict[str, str] = {}  # thing -> who holds it
        self.seen: set[str] = set()  # things that have been in a fact: their place can be known

    def happen(self, things: bool) -> None:
        """One more fact: somebody goes somewhere or, if there are things, takes or drops one."""
        person = self.chance.choice(PEOPLE)
        near = [t for t in THINGS if t not in self.held and self.lies[t] == self.at.get(person)]
        mine = [t for t in THINGS if self.held.get(t) == person]
        if things and (near or mine) and self.chance.random() < 0.6:
            self._handle(person, self.chance.choice(near + mine))
        else:
            place = self.chance.choice([p for p in PLACES if p != self.at.get(person)])
            self.at[person] = place
            self._tell(person, GO, place)

    def _handle(self, person: str, thing: str) -> None:
        self.seen.add(thing)
        if self.held.get(thing) == person:
            self.lies[thing] = self.at[self.held.pop(thing)]
            self._tell(person, DROP, thing)
        else:
            self.held[thing] = person
            self._tell(person, TAKE, thing)

    def _tell(self, person: str, ways: tuple[str, ...], what: str) -> None:
        self.facts.append(f"{person} {self.chance.choice(ways)} the {what}.")

    def known_things(self) -> dict[str, str]:
        """Things whose place follows from the facts, and the place."""
        return {t: self.at[self.held[t]] if t in self.held else self.lies[t] for t in self.seen}


def stories(
    batch: int,
    *,
    kind: str = "qa1",
    length: int = 1024,
    facts: int | tuple[int, int] | None = None,
    essays: str = "moby_dick",
    seed: int | Generator = 0,
) -> TextBatch:
    """A batch of stories in bytes, (batch, length).

    kind     "qa1" or "qa2": see the top of this file.
    length   bytes of a row: text, question and all of the answer but its last byte.
    facts    how many are told, or the fewest and the most, drawn evenly. None: (2, 10) for "qa1",
             (5, 20) for "qa2", which needs 2 or more.
    essays   the book between them: "moby_dick", "shakespeare", "shakespeare_all" or "sotu". Each
             fact stands before one of its sentences, any of them as likely.
    seed     an int or a torch.Generator; the same seed gives the same batch.

    Raises ValueError or TypeError naming the field.

    >>> passage = stories(1, length=220, facts=(3, 3), seed=2).passages[0]
    >>> print(passage.text)
    Felix walked to the kitchen. Any man may kill a snake, but only a Perseus, a St. Felix walked
    to the garden. Nora hurried to the hallway. George, a Coffin, have the heart in them to march
    bol
    >>> print(passage.question, passage.answer, sep="|")
    Where is Felix? In the |garden
    """
    batch, length, chance = count("batch", batch), count("length", length), dice(seed)
    if kind not in FACTS:
        raise ValueError(f"kind must be one of {list(FACTS)}, got {kind!r}")
    low, high = FACTS[kind] if facts is None else pair("facts", facts)
    if count("facts", low, least=2 if kind == "qa2" else 1) > count("facts", high):
        raise ValueError(f"facts must go from the fewest to the most, got {facts}")
    if length < (least := LONGEST_FACT * high + LONGEST_QUESTION):
        raise ValueError(f"length must be {least} or more for {high} facts, got {length}")
    book = sentences(essays)
    rows = []
    for _ in range(batch):
        told, question, answer = _story(chance, kind, chance.randint(low, high))
        room = length - len("".join(fact + " " for fact in told) + question + answer) + 1
        lines = fill(book, chance.randrange(len(book)), room)
        rows.append(Passage(_strewn(chance, told, lines), question, answer))
    return text_batch(rows)


def _story(chance: random.Random, kind: str, facts: int) -> tuple[list[str], str, str]:
    """Facts, question and answer. A story of which nothing can be asked is told anew."""
    things, known = kind == "qa2", {}
    while not known:
        world = World(chance)
        for _ in range(facts):
            world.happen(things)
        known = world.known_things() if things else world.at
    asked = chance.choice(sorted(known))
    name = f"the {asked}" if things else asked
    return world.facts, f"Where is {name}? In the ", known[asked]


def _strewn(chance: random.Random, facts: list[str], lines: list[str]) -> str:
    """Every fact before a sentence of the book, in the order of the story."""
    places = sorted(chance.randrange(max(1, len(lines))) for _ in facts)
    told: dict[int, str] = {}
    for place, fact in zip(places, facts, strict=True):
        told[place] = told.get(place, "") + fact + " "
    return "".join(told.get(i, "") + line for i, line in enumerate(lines or [""]))
