"""Runs somebody's unfinished function so that nothing can go wrong.

It gets copies, so an edit in place harms nobody. It runs in a thread of its own, so an endless loop
can be given up. What it prints is kept, up to a page of it. Random numbers and torch's default
dtype are put back. Errors come back as values.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from titans_book.lab.learning.fitting import fit

__all__ = ["Run", "Watched", "copies", "put_back", "run"]

PAGE = 2000  # characters of print that are kept
SECONDS = 5.0
PATIENCE = 12.0  # how many times longer than that a thread is waited for that others hold up


class TooLong(BaseException):
    """Raised inside a function that does not come to an end."""


@dataclass
class Run:
    """How a run ended: `error` is what it raised, `endless` that it was given up."""

    error: BaseException | None = None
    endless: bool = False
    printed: str = ""


class _Page(io.TextIOBase):
    """Keeps the first page of what is printed, and lets a flood pass by."""

    def __init__(self):
        self.text, self.lost = "", 0

    def write(self, text: str) -> int:
        room = PAGE - len(self.text)
        self.text += text[:room]
        self.lost += max(0, len(text) - room)
        return len(text)

    def __str__(self) -> str:
        return self.text + (f"… and {self.lost:,} characters more" if self.lost else "")


@contextlib.contextmanager
def put_back() -> Iterator[None]:
    """torch's global settings as they were, whatever the function did to them."""
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)
            if torch.get_num_threads() != threads:
                torch.set_num_threads(threads)


def run(work: Callable[[], Any], seconds: float = SECONDS) -> Run:
    """Do the work in a thread and wait until it has worked for `seconds`, or sleeps longer."""
    outcome = Run()

    def body() -> None:
        try:
            work()
        except BaseException as error:  # SystemExit and the like end the check, not the notebook
            outcome.error = error

    page, worker = _Page(), threading.Thread(target=body, daemon=True, name="titans-check")
    with put_back(), contextlib.redirect_stdout(page), contextlib.redirect_stderr(page):
        worker.start()
        try:
            _wait(worker, seconds)
            if _imported(worker):  # torch.func's first call imports 800 modules: not its fault
                _wait(worker, seconds)
        finally:  # too long, or the reader's own interrupt
            outcome.endless = worker.is_alive()
            _give_up(worker)
    outcome.printed = str(page)
    return outcome


def _wait(worker: threading.Thread, seconds: float) -> None:
    """Join the thread until it has had so many seconds of a processor: a busy machine is no fault.

    Whoever waits does nothing else, so what the process has used is what the thread has used.
    """
    begun, start = time.process_time(), time.monotonic()
    worker.join(seconds)
    while worker.is_alive() and (passed := time.monotonic() - start) < PATIENCE * seconds:
        used = time.process_time() - begun
        if used >= seconds or used < 0.02 * passed and not _is_kept_waiting(worker):
            return  # it works too long, or it sleeps
        worker.join(0.05)


def _is_kept_waiting(worker: threading.Thread) -> bool:
    """Whether the thread wants a processor and gets none; known on Linux only."""
    try:
        stat = Path(f"/proc/self/task/{worker.native_id}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "R"


def _give_up(worker: threading.Thread) -> None:
    """Raise TooLong inside the thread. A call that never returns to Python is left behind.

    An import is waited for: interrupted, it would leave half a module behind.
    """
    _imported(worker)
    for _ in range(20):
        if not worker.is_alive():
            return
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(worker.ident), ctypes.py_object(TooLong)
        )
        worker.join(0.05)


def _imported(worker: threading.Thread) -> bool:
    """Wait until an import of the thread is over, 30 s at most; whether there was one."""
    for waited in range(600):
        if not _importing(worker):
            return waited > 0
        worker.join(0.05)
    return False


def _importing(worker: threading.Thread) -> bool:
    """Whether the thread is in the middle of an import."""
    frame = sys._current_frames().get(worker.ident) if worker.is_alive() else None
    while frame is not None:
        if "importlib" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


def copies(values: tuple) -> tuple:
    """The same values; tensors as new ones that share no memory."""
    return tuple(v.detach().clone() if isinstance(v, Tensor) else v for v in values)


class Watched:
    """A function that is called on copies, and whose result is fitted to the reference's.

    given: the arguments of every call; edited: those it changed in place; tracked: those on which
    it switched gradients. numbers: whether a Python number is as good as a tensor without axes.
    """

    def __init__(
        self,
        function: Callable,
        reference: Callable,
        names: tuple[str, ...] = (),
        numbers: bool = False,
    ):
        self.function, self.reference = function, reference
        self.names, self.numbers = names, numbers
        self.given: list[tuple] = []
        self.edited: list[str] = []
        self.tracked: list[str] = []

    def __call__(self, *arguments: Any) -> Any:
        self.given.append(copies(arguments))
        mine = copies(arguments)
        result = self.function(*mine)
        for place, (after, before) in enumerate(zip(mine, arguments, strict=True)):
            if isinstance(before, Tensor):
                self._look(self.name(place), after, before)
        expected = self.reference(*copies(arguments))
        if not arguments and isinstance(result, Tensor):  # where nothing is given, nothing sets it
            result = result.to(torch.as_tensor(expected).dtype)
        return fit(result, expected, self.numbers)

    def _look(self, name: str, after: Tensor, before: Tensor) -> None:
        """Note an argument that the function has changed, or made to collect gradients."""
        if not _same(after.detach(), before) and name not in self.edited:
            self.edited.append(name)
        if after.requires_grad and name not in self.tracked:
            self.tracked.append(name)

    def name(self, place: int) -> str:
        """What an argument is called."""
        return self.names[place] if place < len(self.names) else f"argument {place + 1}"


def _same(after: Tensor, before: Tensor) -> bool:
    return after.shape == before.shape and torch.equal(
        torch.nan_to_num(after), torch.nan_to_num(before)
    )
