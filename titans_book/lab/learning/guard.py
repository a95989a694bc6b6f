"""Runs somebody's unfinished function so that nothing can go wrong.

It gets copies, so an edit in place harms nobody. It runs in a thread of its own, so an endless loop
can be given up. What it prints is kept, up to a page of it. Random numbers and torch's default
dtype are put back. Errors come back as values.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

__all__ = ["Misfit", "Run", "Watched", "put_back", "run"]

PAGE = 2000  # characters of print that are kept
SECONDS = 5.0


class TooLong(BaseException):
    """Raised inside a function that does not come to an end."""


class Misfit(Exception):
    """What came back is not what was asked for: `says` why, and `asks` what helps."""

    def __init__(self, says: str, asks: str):
        super().__init__(says)
        self.says, self.asks = says, asks


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
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)
            if torch.get_num_threads() != threads:
                torch.set_num_threads(threads)


def run(work: Callable[[], Any], seconds: float = SECONDS) -> Run:
    """Do the work in a thread and wait for it, `seconds` at most."""
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
            worker.join(seconds)
        finally:  # too long, or the reader's own interrupt
            outcome.endless = worker.is_alive()
            _give_up(worker)
    outcome.printed = str(page)
    return outcome


def _give_up(worker: threading.Thread) -> None:
    """Raise TooLong inside the thread. A call that never returns to Python is left behind."""
    for _ in range(20):
        if not worker.is_alive():
            return
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(worker.ident), ctypes.py_object(TooLong)
        )
        worker.join(0.05)


def copies(values: tuple) -> tuple:
    """The same values; tensors as new ones that share no memory."""
    return tuple(v.detach().clone() if isinstance(v, Tensor) else v for v in values)


class Watched:
    """A function that is called on copies. What it was given, edited and returned is remembered."""

    def __init__(self, function: Callable, reference: Callable, names: tuple[str, ...] = ()):
        self.function, self.reference, self.names = function, reference, names
        self.given: list[tuple] = []
        self.edited: list[str] = []

    def __call__(self, *arguments: Any) -> Any:
        self.given.append(copies(arguments))
        mine = copies(arguments)
        result = self.function(*mine)
        for place, (after, before) in enumerate(zip(mine, arguments, strict=True)):
            same = not isinstance(before, Tensor) or _same(after, before)
            if not same and self.name(place) not in self.edited:
                self.edited.append(self.name(place))
        expected = self.reference(*copies(arguments))
        if not arguments and isinstance(result, Tensor):  # where nothing is given, nothing sets it
            result = result.to(torch.as_tensor(expected).dtype)
        return fit(result, expected)

    def name(self, place: int) -> str:
        """What an argument is called."""
        return self.names[place] if place < len(self.names) else f"argument {place + 1}"


def _same(after: Tensor, before: Tensor) -> bool:
    return after.shape == before.shape and torch.equal(
        torch.nan_to_num(after), torch.nan_to_num(before)
    )


def fit(result: Any, expected: Any) -> Any:
    """The result, made of tensors like the expected ones; Misfit says what is different."""
    if not isinstance(expected, tuple):
        return _fit(result, expected, "the result")
    if isinstance(result, list):
        result = tuple(result)
    if result is not None and (not isinstance(result, tuple) or len(result) != len(expected)):
        count = len(result) if isinstance(result, tuple) else "one"
        raise Misfit(
            f"It returns {count} value{'' if count == 'one' else 's'}; "
            f"{len(expected)} are asked for.",
            "What does the last line of the docstring say should come back, and in which order?",
        )
    results = (None,) * len(expected) if result is None else result
    return tuple(
        _fit(one, other, f"result {place}")
        for place, (one, other) in enumerate(zip(results, expected, strict=True), 1)
    )


def _fit(result: Any, expected: Any, what: str) -> Tensor:
    expected = torch.as_tensor(expected)
    if result is None:
        raise Misfit("It returns nothing.", "Is there a `return` in front of the last line?")
    if isinstance(result, (bool, int, float)) and expected.dim() == 0:
        return torch.tensor(float(result), dtype=torch.float64)
    if isinstance(result, Tensor) and result.dtype == torch.bool and expected.is_floating_point():
        result = result.to(expected.dtype)  # a comparison counts as 0 or 1
    if not isinstance(result, Tensor):
        kind = type(result).__name__
        if expected.dim() == 0:
            says = f"{what.capitalize()} is of type {kind}; a number is asked for."
            raise Misfit(says, "How is that number written in Python?")
        raise Misfit(
            f"{what.capitalize()} is of type {kind}, not a torch tensor.",
            "Which torch operation gives the same, without leaving torch?",
        )
    if result.device != expected.device:
        raise Misfit(
            f"{what.capitalize()} lies on the device {result.device}, the inputs on "
            f"{expected.device}.",
            "Which of your tensors was made elsewhere?",
        )
    _fit_shape(result, expected, what)
    if result.dtype != expected.dtype:
        raise Misfit(
            f"{what.capitalize()} has dtype {result.dtype}; the inputs have {expected.dtype}, and "
            "so must it.",
            "Where do you make a tensor without saying its dtype, or convert one?",
        )
    return result.detach()


def _fit_shape(result: Tensor, expected: Tensor, what: str) -> None:
    if result.shape == expected.shape:
        return
    have, want = tuple(result.shape), tuple(expected.shape)
    asks = f"Which product of your tensors has the shape {want}?"
    if have == want[::-1]:
        asks = "Keys are rows here: which of the two vectors comes first in the outer product?"
    elif expected.dim() == 0:
        asks = "One number is asked for: what turns all of these into one?"
    raise Misfit(f"{what.capitalize()} has the shape {have}, where {want} is asked for.", asks)
