"""Whether the step of a chunk runs as it is written, or compiled by torch.compile.

A chunk always has the same shapes, so it is compiled once, whatever the length of the text. On a
GPU that is the default: dozens of small kernels become a few. On a CPU it saves about a fifth and
costs half a minute at the start, so there one asks for it:

    with when("always"): ...            or the environment variable TITANS_BOOK_COMPILE=always

Taught in chapter 06.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import torch

from titans_book.memory.check import choose

__all__ = ["step", "when"]

CHOICES = ("auto", "always", "never")
_chosen = [os.environ.get("TITANS_BOOK_COMPILE", "auto")]


@contextmanager
def when(choice: str) -> Iterator[None]:
    """Inside the block: compile "always", "never", or "auto", on a GPU only.

    Raises ValueError for another choice.

    >>> with when("sometimes"):
    ...     pass
    Traceback (most recent call last):
    ValueError: choice must be one of 'auto', 'always', 'never', got 'sometimes'
    """
    choose("choice", choice, CHOICES)
    _chosen.append(choice)
    try:
        yield
    finally:
        _chosen.pop()


def step(function: Callable, device: torch.device) -> Callable:
    """`function`, or its compiled form, for tensors on that device.

    Raises ValueError if TITANS_BOOK_COMPILE holds something else than a choice.
    """
    choice = _chosen[-1]
    choose("TITANS_BOOK_COMPILE", choice, CHOICES)
    if choice == "never" or (choice == "auto" and device.type == "cpu"):
        return function
    return _compiled(function, device.type)


@cache
def _compiled(function: Callable, kind: str) -> Callable:
    """The compiled form; the function as it is, with a word about it, where that cannot be done."""
    log = logging.getLogger("titans_book")
    log.warning(
        "compiling the memory's chunk step for %s: the first calls are slow "
        "(TITANS_BOOK_COMPILE=never turns this off)",
        kind,
    )
    from torch._dynamo.exc import TorchDynamoException  # takes a second to import

    compiled, broken = torch.compile(function, fullgraph=True), []

    def run(*arguments: object) -> tuple:
        if not broken:
            try:
                return compiled(*arguments)
            except TorchDynamoException as error:
                log.warning("going on without torch.compile: %s", str(error).partition("\n")[0])
                broken.append(error)
        return function(*arguments)

    return run
