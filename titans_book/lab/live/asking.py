"""Relevance for the live board: asked of the model while it rests, kept as long as its passage."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from titans_book.inspection.relevance import Relevance, relevance
from titans_book.lab.live.runner import Runner
from titans_book.model import TitansLM
from titans_book.training import LOOKED_AT

__all__ = ["Asking"]


class Asking:
    """What a passage owes to memory and to attention, found by reading it again and again.

    model: the one in training, or None. runner: who knows when no step is running. come() is
    called when an answer has come. The weights are those after the step at hand, one or a few
    later than those that the snapshot saw; of a long passage the first 192 tokens are measured.
    """

    def __init__(self, model: TitansLM | None, runner: Runner, come: Callable[[], None]):
        self.model, self.runner, self.come = model, runner, come
        self._snapshot: Any = None
        self._found: Relevance | None = None

    def can(self, snapshot: Any) -> bool:
        """Whether there is a model, and more than one token for it to read."""
        return self.model is not None and len(snapshot.tokens) > 1

    def about(self, snapshot: Any) -> Relevance | None:
        """The answer, if it is known; if not, it is asked for."""
        if self._snapshot is not snapshot:
            self._snapshot, self._found = snapshot, None
            work = partial(relevance, self.model, snapshot.tokens[:LOOKED_AT])
            self.runner.ask(work, partial(self._take, snapshot))
        return self._found

    def _take(self, snapshot: Any, found: Relevance) -> None:
        if self._snapshot is snapshot:
            self._found = found
            self.come()
