"""Looks at a model while it is trained: a generator of events around another one.

    observer = Observer(model, Probe(passage))
    for event in observer.follow(train(model, tokens, settings)):
        ...                      # what train says, and between two steps a Moment or a Sample

Looking takes a bounded share of the time, however slow or fast the computer is: the next look waits
until the training has earned it. The beginning and the last step are always seen. Taught in
chapter 13.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any

from torch import nn

from titans_book.check import number, whole
from titans_book.lab.live.moments import Moment, Probe, moment

__all__ = ["Observer", "Sample"]


FIRST = 0.06  # seconds that the first text is taken to cost: before that there is little to read


@dataclass(frozen=True)
class Sample:
    """What the model writes at one step of its training."""

    step: int
    text: str


class _Purse:
    """A share of the time: what may be spent, and what has been."""

    def __init__(self, share: float | int, first: float = 0.0) -> None:
        self.share, self.began, self.spent, self.last = share, monotonic(), 0.0, first

    def allows(self) -> bool:
        """Could as much as the last time be spent once more?"""
        return self.spent + self.last <= self.share * (monotonic() - self.began)

    def pay(self, work: Callable[[], Any]) -> Any:
        """Do it, and count what it cost."""
        begin = monotonic()
        found = work()
        self.last = monotonic() - begin
        self.spent += self.last
        return found


class Observer:
    """A model under observation.

    model, probe   whom, and the passage that it reads.
    write          makes the model write, and gives the text; None for no samples.
    every          steps between two looks; None: as often as `share` allows.
    share          of the time, for looks; half as much again for samples.
    name           of the model, for the reader.

    `wanted`: set it to have the next step seen, whatever it costs.
    Raises ValueError for a share that is not between 0 and 1, or for steps below 1.
    """

    def __init__(
        self,
        model: nn.Module,
        probe: Probe,
        write: Callable[[], str] | None = None,
        *,
        every: int | None = None,
        share: float | int = 0.015,
        name: str = "",
    ) -> None:
        if every is not None:
            whole("every", every, least=1)
        if not (number(share) and 0 <= share <= 1):
            raise ValueError(f"share must be between 0 and 1, got {share!r}")
        self.model, self.probe, self.write, self.name = model, probe, write, name
        self.every, self.share, self.wanted = every, share, False

    def follow(self, events: Iterator[Any]) -> Iterator[Any]:
        """The same events, each look before the step that it has seen. Closing closes both."""
        looks, texts = _Purse(self.share), _Purse(self.share / 2, first=FIRST)
        try:
            yield self.look(getattr(events, "begins", 0))
            looks.began = texts.began = monotonic()
            for event in events:
                if hasattr(event, "loss"):
                    last = event.step == event.steps
                    if last or self.wanted or self._due(event.step, looks):
                        self.wanted = False
                        yield looks.pay(lambda: self.look(event.step))  # noqa: B023
                    if self.write and (last or self._due(event.step, texts)):
                        yield texts.pay(lambda: Sample(event.step, self.write()))  # noqa: B023
                yield event
        finally:
            close = getattr(events, "close", None)
            if close is not None:
                close()

    def look(self, step: int) -> Moment:
        """The passage as the model reads it now."""
        return moment(self.model, self.probe, step, self.name)

    def _due(self, step: int, purse: _Purse) -> bool:
        return purse.allows() if self.every is None else step % self.every == 0
