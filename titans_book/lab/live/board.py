"""Training, live: the memories fill while the model reads, and the reader holds the wheel.

    board = LiveBoard(model)
    display(board)
    history = await board.run(train(model, data, settings))

`train` is a plain generator of events; `runner` moves it on beside the notebook. What is shown
is the inner time of the last snapshot: the passage is read token by token and the memories fill.
When it has been read, the newest snapshot takes its place. Of a model with attention the maps can
be watched, row by row; a model without a memory shows nothing else. Beside the pictures stand lines
over the passage: gates, sizes of memory and step, lengths of keys and values, and, of a model that
was handed in, what each token owes to memory and to attention, measured between two steps.

Two rules keep the cost small: the page plays a passage by itself, from one message (`stage`); and
the numbers and the loss curve change only twice a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic
from typing import Any

import ipywidgets

from titans_book.lab.live.asking import Asking
from titans_book.lab.live.attention_reading import AttentionReading
from titans_book.lab.live.dashboard import Dashboard
from titans_book.lab.live.history import History, Shelf
from titans_book.lab.live.numbers import levels, numbers
from titans_book.lab.live.passage_lines import LINES, owed
from titans_book.lab.live.reading import Reading, places
from titans_book.lab.live.runner import Runner
from titans_book.lab.pictures import figures
from titans_book.lab.pictures.controls import Described
from titans_book.lab.pictures.picture import Picture, check_alt
from titans_book.lab.pictures.player import Player
from titans_book.model import TitansLM
from titans_book.nested.continuum import Meter

__all__ = ["LiveBoard"]

REST = 0.8  # seconds a passage stays when it has been read
COUNT = 0.5  # seconds from one change of the numbers to the next
LOOK = 0.1  # seconds from one look at the clock to the next


class LiveBoard(Described, ipywidgets.VBox):
    """Shows a generator of training events while it runs; taught in notebooks/13.

    model: the one that is trained; relevance asks it, and is not offered without. Of a model with
    levels, such as Hope, the numbers say which of them are alive.
    matrix: which layer of the memories' network is shown. fps: pictures a second at most.
    keep: how many steps the film holds.
    """

    def __init__(
        self,
        model: TitansLM | None = None,
        *,
        alt: str = "Training, live: memories, surprise, gates and loss",
        matrix: int = 0,
        fps: float | int = 20.0,
        keep: int = 48,
        dark: bool | None = None,
    ):
        if not 0 < fps <= 60:
            raise ValueError(f"fps={fps} pictures a second cannot be shown: choose 1 to 60")
        self.alt, self.matrix = check_alt(alt), matrix
        self.history, self.shelf = History(), Shelf(keep, matrix)
        self.snapshots: list[tuple[int, Any]] = []
        self.runner = Runner(self._absorb, self._tick)
        self.asking = Asking(model, self.runner, self._draw)
        self.meter = Meter(model)
        self._last = self._counted = self._latest = self._shown = self._limit = None
        self._started = self._seconds = self._next_numbers = 0.0
        self._preparing = False
        self.face = Dashboard(fps, dark)
        super().__init__([self.face.box])
        self._connect()

    def _connect(self) -> None:
        face = self.face
        face.pause.on_click(lambda _: self.resume() if self.runner.paused else self.pause())
        face.step.on_click(lambda _: self.step())
        face.stop.on_click(lambda _: self.stop())
        face.keep.on_click(lambda _: self.keep())
        for menu in (face.views, face.blocks):
            menu.observe(lambda _: self._refresh(), "value")
        face.pace.observe(lambda _: self._replay(), "value")
        face.lines.observe(lambda _: self._preparing or self._draw(), "value")
        face.rest("Not started")

    async def run(self, events: Iterator[Any]) -> History:
        """Run a generator of events to its end, or until Stop or the notebook's interrupt.

        Either way the running step is finished, the generator is closed (training then saves
        itself), and the history comes back. An error inside the generator is raised.
        """
        self.history.stopped = False
        self.face.work("Training")
        try:
            with self.meter.listening():
                await self.runner.run(events)
        finally:
            self._end()
        return self.history

    def pause(self) -> None:
        """Hold the training after the running step. The passage goes on being read."""
        self.runner.paused = True
        self.face.work("Paused", paused=True)

    def resume(self) -> None:
        """Go on training."""
        self.runner.paused = False
        self.face.work("Training")

    def step(self) -> None:
        """Train one single step, and hold."""
        self.runner.step()
        self.face.work("Paused, one step at a time", paused=True)

    def stop(self) -> None:
        """End after the running step; `run` then returns."""
        self.runner.stopping = True
        self.face.say("Stopping after this step")

    def keep(self) -> None:
        """Keep the last snapshot, with its step, in `snapshots`."""
        if self._latest is not None:
            self.snapshots.append((self._last.step, self._latest))
            self.face.say(f"Step {self._last.step} kept in board.snapshots")

    def film(self, *, alt: str, **keywords: Any) -> Player:
        """A player over training: the memories after their passage, at the steps kept."""
        return self.shelf.film(alt=alt, **keywords)

    def figure(self, *, alt: str, **keywords: Any) -> Picture:
        """The memories as the board shows them last, as a still picture."""
        if self._shown is None:
            raise ValueError("the board has shown nothing yet: run it first")
        reading = self.face.reading
        look = {"limit": reading.limit, "kind": reading.kind, "dark": self.face.dark, **keywords}
        return figures.grid(reading.values(), alt=alt, **look)

    def _absorb(self, event: Any) -> None:
        """Take one event of training into the history."""
        match event:
            case object(loss=loss, step=step):
                self.history.steps.append(step)
                self.history.losses.append(float(loss))
                self._last = event
                self.meter.step()
                if event.snapshot is not None:
                    self.shelf.offer(step, event.snapshot)
                    self._latest = event.snapshot
            case object(bits_per_token=bits, step=step):
                self.history.evaluations.append((step, float(bits)))
            case object(path=path):
                self.history.saved.append(str(path))

    def _tick(self) -> float:
        """Show what is due; gives the seconds until the next look at the clock."""
        now = monotonic()
        if self._latest is not None and now > self._started + self._seconds + REST:
            self._show(self._latest)
        if self._last is not self._counted and now >= self._next_numbers:
            self._count()
            self._next_numbers = now + COUNT
        return LOOK

    def _show(self, snapshot: Any, share: float | int = 0.0) -> None:
        """Have a snapshot's passage played, from `share` of it on, at the pace of this moment.

        The colour scale moves only when the values have left it.
        """
        reading = self._prepare(snapshot)
        if self._limit and 0.5 * self._limit < reading.limit <= self._limit:
            reading.rescale(self._limit)
        self._limit, self._shown, self._seconds = reading.limit, snapshot, self.face.pace.value
        self._started = monotonic() - share * self._seconds
        self.face.read(reading, seconds=self._seconds, share=share)
        self._draw()

    def _replay(self) -> None:
        """The passage in hand once more, from where it is; without a run, as it is at its end."""
        if self._shown is not None and not self._preparing:
            passed = (monotonic() - self._started) / self._seconds
            self._show(self._shown, min(1.0, passed) if self.runner.running else 1.0)

    def _draw(self) -> None:
        """The chosen lines over the passage in hand; relevance is drawn when it comes."""
        name, snapshot = self.face.lines.value, self._shown
        if name is None or snapshot is None:
            return
        if name == "relevance":
            found = self.asking.about(snapshot)
            self.face.draw(found and owed(found, self._block(snapshot)))
        else:
            self.face.draw(LINES[name].make(self.face.reading.memories))

    def _block(self, snapshot: Any) -> int | None:
        number = self.face.blocks.value
        blocks = {block for block, _ in places(snapshot.memories or snapshot.attentions)}
        return number if number in blocks else None

    def _prepare(self, snapshot: Any) -> Reading | AttentionReading:
        """The snapshot in the view that was chosen, out of those that its model has."""
        attentions = getattr(snapshot, "attentions", ())
        views = ("written", "weights") * bool(snapshot.memories) + ("attention",) * bool(attentions)
        lines = tuple(n for n in LINES if n != "relevance" or self.asking.can(snapshot))
        self._preparing = True
        self.face.offer(views, lines * bool(snapshot.memories))
        self._preparing = False
        block = self._block(snapshot)
        if self.face.views.value == "attention":
            return AttentionReading(snapshot, block=block)
        return Reading(snapshot, matrix=self.matrix, view=self.face.views.value, block=block)

    def _refresh(self) -> None:
        """Another view was chosen: its colours are its own."""
        if not self._preparing:
            self._limit = None
            self._replay()

    def _count(self) -> None:
        """The row of numbers and the loss curve."""
        self._counted = event = self._last
        entries = numbers(event) | levels(self.meter.pulses())
        self.face.count(entries, event.step / event.steps)
        self.face.curve(self.history)

    def _end(self) -> None:
        """The last passage, read to its end, the last numbers, and buttons at rest."""
        self.history.stopped = self.runner.stopping
        if self._latest is not None:
            self._show(self._latest, share=1.0)
        if self._last is not None:
            self._count()
        words = "Stopped" if self.history.stopped else "Done"
        self.face.rest(f"{words} after step {self._last.step}" if self._last else words)
