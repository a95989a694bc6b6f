"""A board, a menu and a Train button: choose what is trained, press, watch, and press again.

bench = Bench({"lmm": lambda profile: Recipe(model, train(...), probe), ...}, ["cpu-mini"])
display(bench)
history = await bench.train()            # the button does the same
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import ipywidgets
import torch

from titans_book.check import choose
from titans_book.lab.live.board import LiveBoard
from titans_book.lab.live.history import History
from titans_book.lab.live.moments import Probe
from titans_book.lab.pictures.controls import Described, menu
from titans_book.model import TitansLM
from titans_book.model.generation import device_of

__all__ = ["Bench", "Recipe", "within"]


@dataclass(frozen=True)
class Recipe:
    """One training that can begin: see `LiveBoard` for what is not said here.

    events   of the training; nothing has happened yet. about: where and how long it trains.
    """

    model: TitansLM
    events: Iterator[Any]
    probe: Probe
    write: Callable[[], str] | None = None
    level: tuple[str, float] | None = None
    credit: str = ""
    about: str = ""


def within(events: Iterator[Any], seconds: float | int) -> Iterator[Any]:
    """The events until the time is up; then the training is closed, as if Stop had been pressed.

    >>> list(within(iter("abc"), seconds=60))
    ['a', 'b', 'c']
    """
    end = monotonic() + seconds
    try:
        for event in events:
            yield event
            if monotonic() > end:
                return
    finally:
        close = getattr(events, "close", None)
        if close is not None:
            close()


class Bench(Described, ipywidgets.VBox):
    """Trains what is chosen in its menus; taught in notebooks/13.

    recipes    by name: each makes a fresh Recipe for the name of a profile.
    profiles   names of how large and how long; profile: the one that is chosen at first.

    `model`, `name`, `device`, `history` and `profile` are those of the last training. options: of
    the LiveBoard. Raises ValueError for a profile that is not among them.
    """

    def __init__(
        self,
        recipes: Mapping[str, Callable[[str], Recipe]],
        profiles: Sequence[str],
        profile: str | None = None,
        *,
        alt: str = "Training, live, with a menu of models and a button that starts",
        **options: Any,
    ):
        profile = profiles[0] if profile is None else profile
        choose("profile", profile, profiles)
        self.alt, self.recipes = alt, dict(recipes)
        self.what = menu("train", list(recipes), next(iter(recipes)))
        self.how = menu("profile", list(profiles), profile)
        self.start = ipywidgets.Button(
            description="Train", button_style="primary", tooltip="Train a fresh model of this kind",
            layout=ipywidgets.Layout(width="92px", height="30px"),
        )  # fmt: skip
        self.about = ipywidgets.HTML()
        self.board = LiveBoard(alt=alt, **options)
        self.model: TitansLM | None = None
        self.profile, self.name = profile, ""
        self._task: asyncio.Future | None = None
        row = ipywidgets.Layout(
            display="flex", flex_flow="row wrap", align_items="center", grid_gap="0 14px"
        )
        choices = ipywidgets.Box([self.what, self.how, self.start, self.about], layout=row)
        super().__init__([choices, self.board])
        self.start.on_click(lambda _: self.press())

    @property
    def history(self) -> History:
        """The history of the last training."""
        return self.board.history

    @property
    def device(self) -> torch.device:
        """Where the model of the last training is."""
        return device_of(self.model)

    @property
    def running(self) -> bool:
        """Is a training under way?"""
        return self._task is not None and not self._task.done()

    def still(self) -> str:
        """Words without a kernel."""
        return self.board.still().replace("board.", "bench.board.")

    async def train(self) -> History:
        """Train a fresh model of the kind that is chosen, to its end or until Stop.

        If a training is under way already, its end is awaited and no other one begins. An error of
        the training is raised.
        """
        if not self.running:
            self._task = asyncio.ensure_future(self._train())
        try:
            return await asyncio.shield(self._task)
        except asyncio.CancelledError:  # the notebook's interrupt: an order, and no error
            asyncio.current_task().uncancel()
            self.board.stop()
            return await self._task

    def press(self) -> None:
        """What the button does: `train`, with an error said on the board instead of raised."""
        if self.running:
            self.board.face.say("A training runs already: press Stop first")
            return
        self._task = asyncio.ensure_future(self._train())
        self._task.add_done_callback(self._say_error)

    async def _train(self) -> History:
        self.start.disabled = True
        try:
            self.profile, self.name = self.how.value, self.what.value
            self.board.face.say("Making the model")
            await asyncio.sleep(0.02)  # the page says so before the work begins
            recipe = self.recipes[self.name](self.profile)
            self.model = recipe.model
            self.board.observe_model(
                recipe.model, recipe.probe, write=recipe.write, level=recipe.level,
                credit=recipe.credit, name=self.name,
            )  # fmt: skip
            self.about.value = recipe.about
            return await self.board.run(recipe.events)
        finally:
            self.start.disabled = False

    def _say_error(self, task: asyncio.Future) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.board.face.rest(f"It did not work: {error}")
