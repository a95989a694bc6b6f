"""Training, live: the memories fill while the model reads, and the reader holds the wheel.

    board = LiveBoard(model, Probe(passage))
    display(board)
    history = await board.run(train(model, data, settings))

`train` is a plain generator of events; `runner` moves it on beside the notebook. With a probe an
`Observer` lets the model read that passage between two steps, again and again, so that every
picture is of the same text and two moments of the training can be compared. Without one the board
shows what the model has just been trained on, as far as the events bring snapshots.

What is shown is the inner time of a moment: the passage is read token by token and the memories
fill. `showing` says which moment that is, and in which view. Two rules keep the cost small: the
page plays a passage by itself, from one message (`stage`), and the numbers and the loss curve
change only twice a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from time import monotonic
from typing import Any

import ipywidgets

from titans_book.lab.live.album import Album
from titans_book.lab.live.asking import Asking
from titans_book.lab.live.dashboard import Dashboard
from titans_book.lab.live.history import History, Shelf
from titans_book.lab.live.moments import Moment, Probe
from titans_book.lab.live.numbers import heard, learned, levels, numbers
from titans_book.lab.live.observer import Observer
from titans_book.lab.live.runner import Runner
from titans_book.lab.live.showing import Showing
from titans_book.lab.pictures import figures
from titans_book.lab.pictures.controls import Described
from titans_book.lab.pictures.picture import Picture, check_alt
from titans_book.lab.pictures.player import Player
from titans_book.model import TitansLM
from titans_book.nested.continuum import Meter

__all__ = ["LiveBoard"]

COUNT = 0.5  # seconds from one change of the numbers to the next
LOOK = 0.1  # seconds from one look at the clock to the next


class LiveBoard(Described, ipywidgets.VBox):
    """Shows a generator of training events while it runs; taught in notebooks/13.

    model: the one that is trained. Of a model with levels, such as Hope, the numbers say which of
    them are alive. probe: the passage that it reads again and again. write: makes it write a text.
    level: the name and the bits a token of a line to beat. credit: whose parts are running.
    matrix: which layer of the memories' network is shown. fps: pictures a second at most.
    keep: how many moments are kept. share: of the time, at most, that the observer may take for
    reading, and half as much again for writing.

    Raises ValueError for a probe without a model to read it.
    """

    def __init__(
        self,
        model: TitansLM | None = None,
        probe: Probe | None = None,
        *,
        write: Callable[[], str] | None = None,
        level: tuple[str, float] | None = None,
        credit: str = "",
        alt: str = "Training, live: memories, surprise, gates and loss",
        matrix: int = 0,
        fps: float | int = 20.0,
        keep: int = 48,
        share: float | int = 0.015,
        dark: bool | None = None,
    ):
        if not 0 < fps <= 60:
            raise ValueError(f"fps={fps} pictures a second cannot be shown: choose 1 to 60")
        self.alt, self.share, self.kept = check_alt(alt), share, keep
        self.runner = Runner(self._absorb, self._tick)
        self.face = Dashboard(fps, dark)
        self.asking = Asking(model, self.runner, lambda: self.showing.draw())
        self.showing = Showing(self.face, Album(keep), self.asking, matrix)
        self.observe_model(model, probe, write=write, level=level, credit=credit)
        super().__init__([self.face.box])
        self._connect()

    def observe_model(
        self,
        model: TitansLM | None,
        probe: Probe | None = None,
        *,
        write: Callable[[], str] | None = None,
        level: tuple[str, float] | None = None,
        credit: str = "",
        name: str = "",
    ) -> None:
        """Turn to another model, with a new history. What is kept as A and B stays.

        Raises ValueError for a probe without a model, RuntimeError while a training runs.
        """
        if self.runner.running:
            raise RuntimeError("a training runs on this board: stop it first")
        if probe is not None and model is None:
            raise ValueError("probe needs a model that reads it: give the model as well")
        self.observer = None
        if probe is not None:
            self.observer = Observer(model, probe, write, share=self.share, name=name)
        self.probe, self.face.level, self.credit = probe, level, credit
        self.history, self.shelf = History(), Shelf(self.kept, self.showing.matrix)
        self.asking.model, self.meter = model, Meter(model)
        self.showing.forget()
        self._last = self._counted = None
        self._next_numbers = 0.0

    def _connect(self) -> None:
        face = self.face
        face.pause.on_click(lambda _: self.resume() if self.runner.paused else self.pause())
        face.step.on_click(lambda _: self.step())
        face.stop.on_click(lambda _: self.stop())
        for letter, button in face.keep.items():
            button.on_click(lambda _, letter=letter: self.keep(letter))
        face.rest("Not started")

    @property
    def snapshots(self) -> dict[str, Moment]:
        """The moments that are kept, as A and as B."""
        return self.showing.album.held

    async def run(self, events: Iterator[Any]) -> History:
        """Run a generator of events to its end, or until Stop or the notebook's interrupt.

        Either way the running step is finished, the generator is closed (training then saves
        itself), and the history comes back. An error inside the generator is raised.
        """
        self.history.stopped = False
        self.showing.playing = True
        if self.showing.held is not None:
            self.showing.release()
        self.face.work("Training")
        if self.observer is not None:
            events = self.observer.follow(events)
        try:
            with self.meter.listening():
                await self.runner.run(events)
        finally:
            self._end()
        return self.history

    def pause(self) -> None:
        """Hold the training after the running step, and the passage where it is."""
        self.runner.paused = True
        self.showing.pause()
        self.face.work("Paused: drag the slider “read up to token”", paused=True)

    def resume(self) -> None:
        """Go on training, and reading."""
        self.runner.paused = False
        if self.showing.held is not None:
            self.showing.release()
        self.face.work("Training")

    def step(self) -> None:
        """Train one single step, look at what has become of the model, and hold."""
        if self.observer is not None:
            self.observer.wanted = True
        self.runner.step()
        self.showing.pause()
        self.face.work("Paused, one step at a time", paused=True)

    def stop(self) -> None:
        """End after the running step; `run` then returns."""
        self.runner.stopping = True
        self.face.say("Stopping after this step")

    def keep(self, letter: str) -> None:
        """Keep the moment that is shown as A or B, in `snapshots`. ValueError for others."""
        self.face.say(self.showing.keep(letter))

    def film(self, *, alt: str, **keywords: Any) -> Player:
        """A player over training: the memories after their passage, at the steps kept."""
        return self.shelf.film(alt=alt, **keywords)

    def still(self) -> str:
        """Words without a kernel: a board begins empty, and its films are too large to be kept."""
        keeps = "<code>board.figure(alt=...)</code> leaves a picture of what it shows."
        return f"<p>{escape(self.alt.removesuffix('.'))}. {keeps}</p>"

    def figure(self, *, alt: str, **keywords: Any) -> Picture:
        """The memories as the board shows them last, as a still picture."""
        reading = self.face.reading
        if reading is None:
            raise ValueError("the board has shown nothing yet: run it first")
        look = {"limit": reading.limit, "kind": reading.kind, "dark": self.face.dark, **keywords}
        return figures.grid(reading.values(), alt=alt, **look)

    def _absorb(self, event: Any) -> None:
        """Take one event of training into the history."""
        match event:
            case Moment():
                self._add(event)
            case object(loss=loss, step=step):
                self.history.steps.append(step)
                self.history.losses.append(float(loss))
                self._last = event
                self.meter.step()
                if self.observer is None and getattr(event, "snapshot", None) is not None:
                    self._add(Moment(step, event.snapshot))
            case object(bits_per_token=bits, step=step):
                self.history.evaluations.append((step, float(bits)))
            case object(text=text, step=step):
                self.face.write(step, text)
            case object(path=path):
                self.history.saved.append(str(path))

    def _add(self, moment: Moment) -> None:
        self.shelf.offer(moment.step, moment.snapshot)
        self.showing.add(moment)

    def _tick(self) -> float:
        """Show what is due; gives the seconds until the next look at the clock."""
        now = monotonic()
        self.showing.tick()
        if self._last is not self._counted and now >= self._next_numbers:
            self._count()
            self._next_numbers = now + COUNT
        return LOOK

    def _count(self) -> None:
        """The row of numbers, the sentence below it, and the loss curve."""
        self._counted = event = self._last
        moments, face = self.showing.album.moments, self.face
        unit = "character" if self.probe is None else self.probe.unit
        entries = numbers(event, unit) | heard(self.history, face.level, self.credit)
        face.count(entries | levels(self.meter.pulses()), event.step / event.steps)
        face.say_all(learned(moments, unit))
        face.curve(self.history)

    def _end(self) -> None:
        """The last passage, read to its end, the last numbers, and buttons at rest."""
        self.history.stopped = self.runner.stopping
        newest = self.showing.newest
        if self.observer and self._last and (newest is None or newest.step != self._last.step):
            self._add(self.observer.look(self._last.step))  # stopped between two looks
        self.showing.end()
        if self._last is not None:
            self._count()
        words = "Stopped" if self.history.stopped else "Done"
        self.face.rest(f"{words} after step {self._last.step}" if self._last else words)
