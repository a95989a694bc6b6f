"""Which moment is on the stage, up to which token, in which view: what a reader looks at.

The newest moment follows the training unless the reader has chosen an older one, or two of them. A
passage is played again and again unless it is held at a token. In one training the colour scale
grows when values leave it and never shrinks, so whatever is on the page is on one scale (`views`).
"""

from __future__ import annotations

from time import monotonic
from typing import Any

from titans_book.lab.live import pointing
from titans_book.lab.live.album import Album
from titans_book.lab.live.asking import Asking
from titans_book.lab.live.attention_reading import AttentionReading
from titans_book.lab.live.comparing import alike
from titans_book.lab.live.dashboard import Dashboard
from titans_book.lab.live.moments import Moment
from titans_book.lab.live.passage_lines import LINES, owed
from titans_book.lab.live.reading import Reading
from titans_book.lab.live.views import Views

__all__ = ["Showing"]

REST = 0.8  # seconds a passage stays when it has been read


class Showing:
    """Puts moments on the face of a board. matrix: the layer of the memories that is shown."""

    def __init__(self, face: Dashboard, album: Album, asking: Asking, matrix: int = 0) -> None:
        self.face, self.album, self.asking, self.matrix = face, album, asking, matrix
        self.views = Views(face, album, asking, matrix)
        self.moment: Moment | None = None  # the one that is shown
        self.held: int | None = None  # the token that the passage is held at
        self.following = True  # the newest moment; else the one that the reader has chosen
        self.playing = False  # in a run passages follow each other; else they stand at their end
        self._began = self._seconds = 0.0
        self._busy = False
        for menu in (face.views, face.shade, face.blocks, face.scale):
            menu.observe(self._on(self.again), "value")
        face.pace.observe(self._on(self.again), "value")
        face.lines.observe(self._on(self.draw), "value")
        face.moment.observe(self._on(self._chosen), "value")
        face.token.observe(self._on(lambda: self.hold(face.token.value)), "value")
        face.play.on_click(lambda _: self.release())
        face.asked.observe(lambda change: self.point(change.new), "value")
        face.hold(None)

    def _on(self, answer: Any) -> Any:
        """A handler for a widget, which rests while we change widgets ourselves."""
        return lambda _: self._busy or answer()

    @property
    def newest(self) -> Moment | None:
        """The last moment of the training."""
        return self.album.moments[-1] if self.album.moments else None

    def forget(self) -> None:
        """Another training begins: its first moment will be shown."""
        self.album.begin()
        self.views.limits.clear()
        self.moment, self.following = None, True

    def add(self, moment: Moment) -> None:
        """A new moment. It is shown at once where the passage is held, else when its turn comes."""
        self.album.add(moment)
        if self.moment is None and moment.again:  # what it costs the second time is the point
            self.show(moment)
            self.face.shade.value = "cost"
        if self.following and (self.held is not None or self.moment is None or not self.playing):
            self.show(moment)
        elif self.moment is not None:
            self._offer_steps()

    def tick(self) -> None:
        """The passage has been read and has rested: the newest moment takes its place."""
        over = monotonic() > self._began + self._seconds + REST
        if self.playing and self.held is None and self.newest is not None and over:
            self.show(self.newest if self.following else self.moment)

    def show(self, moment: Moment, share: float | int | None = None) -> None:
        """Have the passage played from `share` of it on, at the pace of this moment."""
        if share is None:
            share = 0.0 if self.playing else 1.0
        self.moment, face = moment, self.face
        reading = self._prepare(moment)
        self._seconds = face.pace.value
        self._began = monotonic() - share * self._seconds
        face.read(reading, seconds=self._seconds, share=share)
        self._offer_steps()
        self.draw()

    def again(self) -> None:
        """The moment in hand once more, from where its passage is."""
        if self.moment is not None:
            passed = (monotonic() - self._began) / max(self._seconds, 1e-6)
            self.show(self.moment, min(1.0, passed) if self.playing else 1.0)

    def hold(self, token: int) -> None:
        """Hold the passage after so many tokens, whatever else goes on."""
        self.held = token
        self.face.hold(token)

    def release(self) -> None:
        """Let the passage be read on from where it is held, or from its beginning."""
        held, self.held = self.held, None
        self.face.hold(None)
        if self.moment is not None:
            length = self.face.reading.length
            self.show(self.moment, held / length if held and held < length else 0.0)

    def pause(self) -> None:
        """Hold the passage where it is."""
        if self.moment is not None and self.held is None:
            length = self.face.reading.length
            share = min(1.0, (monotonic() - self._began) / max(self._seconds, 1e-6))
            self._set(self.face.token, max(1, round(share * length)))
            self.hold(self.face.token.value)

    def end(self) -> None:
        """The run is over: the newest moment, read to its end."""
        self.playing = False
        if self.newest is not None and self.following:
            self.show(self.newest, 1.0)
            if self.held is None:
                self._set(self.face.token, self.face.reading.length)

    def keep(self, letter: str) -> str:
        """Keep the moment that is shown as A or B; what there is to say about it."""
        if self.moment is None:
            return "There is no moment to keep yet"
        self.album.hold(letter, self.moment)
        said = f"Step {self.moment.step} is {letter} now"
        pair = self.views.pair
        if pair is not None and (why := alike(*pair)):
            said = f"{said}. {why}: they cannot be laid side by side"
        elif pair is not None:
            said = f"{said}. Choose “A, B and B − A” in the first menu"
        self.again()
        return said

    def draw(self) -> None:
        """The chosen lines over the passage in hand; relevance is drawn when it comes."""
        name, moment = self.face.lines.value, self.moment
        if name is None or moment is None:
            return
        if name == "relevance":
            found = self.asking.about(moment.snapshot)
            self.face.draw(found and owed(found, self.views.block(moment)))
        elif name == "bits":
            self.face.draw(LINES[name].make(moment))
        else:
            self.face.draw(LINES[name].make(self.face.reading.memories))

    def point(self, asked: str) -> None:
        """Say what is known of the place that the page asks about: "cell x y token", "token n"."""
        reading, moment = self.face.reading, self.moment
        kind, *at = asked.split()
        if moment is None or not at:
            return
        numbers = [int(n) for n in at]
        if kind == "token" and numbers[0] < reading.length:
            self.face.say_here(pointing.about_token(reading, moment, numbers[0]))
        elif kind == "cell" and isinstance(reading, Reading):
            x, y, token = numbers
            token = min(token, reading.length)
            self.face.say_here(pointing.about_cell(reading, moment, x, y, token))
        elif kind == "cell":
            self.face.say_here(pointing.about_look(reading, *numbers[:2]))

    def _chosen(self) -> None:
        found = self.album.at(self.face.moment.value)
        if found is not None:
            self.following = found is self.newest
            self.show(found)

    def _prepare(self, moment: Moment) -> Reading | AttentionReading:
        """The moment in the chosen view; menus and sliders offer what it has."""
        self._busy = True
        self.face.offer(*self.views.choices(moment, self.following))
        self._busy = False
        reading = self.views.reading(moment)
        self._set(self.face.token, min(self.face.token.value, reading.length), reading.length)
        return reading

    def _offer_steps(self) -> None:
        self._busy = True
        steps = self.album.steps
        if self.moment is not None and self.moment.step in steps:
            self.face.offer_steps(steps, self.moment.step)
        self._busy = False

    def _set(self, slider: Any, value: int, top: int | None = None) -> None:
        """Move a slider without being told of it."""
        self._busy = True
        if top is not None:
            slider.max = top
        slider.value = value
        self._busy = False
