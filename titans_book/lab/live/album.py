"""The moments of a training that are kept, and the two that a reader holds side by side."""

from __future__ import annotations

from titans_book.check import choose, whole
from titans_book.lab.live.moments import Moment

__all__ = ["Album", "LETTERS"]

LETTERS = ("A", "B")


class Album:
    """Keeps moments, at most `room` of them: the first, the last, and some between.

    held: the reader's two, by letter. They stay when another training begins, so that two models
    can be compared as well.

    >>> album = Album(room=2)
    >>> for step in range(5):
    ...     album.add(Moment(step, snapshot=None))
    >>> album.steps
    [0, 4]
    """

    def __init__(self, room: int = 48) -> None:
        whole("room", room, least=2)
        self.room = room
        self.held: dict[str, Moment] = {}
        self.begin()

    def begin(self) -> None:
        """Another training begins."""
        self.moments: list[Moment] = []
        self._every, self._seen = 1, 0

    def add(self, moment: Moment) -> None:
        """Keep the newest; the one before it only if it is its turn."""
        if self.moments and (self._seen - 1) % self._every:
            self.moments.pop()
        self.moments.append(moment)
        self._seen += 1
        if len(self.moments) > self.room:
            *old, newest = self.moments
            self.moments, self._every = [*old[::2], newest], 2 * self._every

    @property
    def steps(self) -> list[int]:
        """The steps of the moments that are kept."""
        return [moment.step for moment in self.moments]

    def at(self, step: int) -> Moment | None:
        """The moment of that step, None if it has not been kept."""
        return next((moment for moment in self.moments if moment.step == step), None)

    def hold(self, letter: str, moment: Moment) -> None:
        """Keep a moment as A or as B. Raises ValueError for another letter."""
        choose("letter", letter, LETTERS)
        self.held[letter] = moment
