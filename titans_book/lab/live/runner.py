"""Moves a generator on in a worker thread, so that the notebook's own thread stays free.

Between two events the notebook's thread paints, and answers buttons and sliders. The reader can
pause, take a single step and stop; the notebook's interrupt means stop. Whoever wants to look into
the model itself asks, and gets an answer from between two steps. However it ends, the
running step is finished and the generator is closed in its own thread, before `run` returns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

from titans_book.lab.live.confirming import confirming

__all__ = ["Runner"]

BATCH = 0.03  # seconds; quick steps are taken together, as hopping between threads costs time


class Runner:
    """absorb(event) takes each event; tick() does the painting and gives the seconds to wait.

    Both are called in the notebook's thread. An event with a `loss` is a step.
    """

    def __init__(self, absorb: Callable[[Any], None], tick: Callable[[], float]):
        self.absorb, self.tick = absorb, tick
        self.paused = self.stopping = self.running = False
        self._single = 0
        self._pending: asyncio.Future | None = None
        self._question: tuple[Callable[[], Any], Callable[[Any], None]] | None = None

    def ask(self, work: Callable[[], Any], answer: Callable[[Any], None]) -> None:
        """Have `work()` done when no step is running, and its result taken by `answer`.

        In a run the worker does it, between two steps or while the training is held; a newer
        question takes the place of one that still waits. Without a run it is done at once.
        """
        if self.running:
            self._question = (work, answer)
        else:
            answer(work())

    def step(self) -> None:
        """Pause, but take one more step."""
        self.paused = True
        self._single += 1

    async def run(self, events: Iterator[Any]) -> None:
        """Run to the end of `events`, or until stopped or interrupted; its errors are raised."""
        if self.running:
            raise RuntimeError("this runner is at work already: stop it first")
        self.running, self.paused, self.stopping, self._single = True, False, False, 0
        worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="titans-training")
        with confirming():
            try:
                await self._follow(events, worker)
            except (KeyboardInterrupt, asyncio.CancelledError):
                self.stopping = True  # the reader's interrupt is an order, and no error
                asyncio.current_task().uncancel()
            finally:
                await self._close(events, worker)

    async def _follow(self, events: Iterator[Any], worker: ThreadPoolExecutor) -> None:
        loop, more = asyncio.get_running_loop(), True
        while more and not self.stopping:
            if self._question is not None:
                await self._reply(worker)
            elif self.paused and not self._single:
                await asyncio.sleep(self.tick())
            else:
                self._single = max(0, self._single - 1)
                self._pending = loop.run_in_executor(worker, self._advance, events)
                await self._wait(self._pending)
                more = self._take()

    async def _wait(self, pending: asyncio.Future) -> None:
        """Paint while the worker works."""
        while not pending.done():
            await asyncio.wait({pending}, timeout=self.tick())

    async def _reply(self, worker: ThreadPoolExecutor) -> None:
        question = work, answer = self._question
        result = asyncio.get_running_loop().run_in_executor(worker, work)
        await self._wait(result)
        if self._question is question:  # else a newer one waits
            self._question = None
        answer(result.result())

    def _advance(self, events: Iterator[Any]) -> tuple[list[Any], bool]:
        """In the worker: at least one step, more while there is time; and whether more is left."""
        taken, end = [], monotonic() + BATCH
        for event in events:
            taken.append(event)
            hold = self.paused or self.stopping or monotonic() > end
            if hold and hasattr(event, "loss"):
                return taken, True
        return taken, False

    def _take(self) -> bool:
        finished, self._pending = self._pending, None
        taken, more = finished.result()
        for event in taken:
            self.absorb(event)
        return more

    async def _close(self, events: Iterator[Any], worker: ThreadPoolExecutor) -> None:
        """The worker has one thread: closing waits its turn behind the running step."""
        close = getattr(events, "close", int)
        closing = asyncio.get_running_loop().run_in_executor(worker, close)
        while not closing.done():
            try:
                await asyncio.wait({closing})
            except (KeyboardInterrupt, asyncio.CancelledError):
                asyncio.current_task().uncancel()  # a second interrupt: the checkpoint comes first
        worker.shutdown()
        self.running = False
        if self._pending is not None:
            self._take()
        if self._question is not None:  # asked during the last step
            (work, answer), self._question = self._question, None
            answer(work())
        closing.result()
