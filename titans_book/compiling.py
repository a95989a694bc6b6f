"""Whether the inner loops run as they are written, or compiled by torch.compile.

What is compiled, the step of a memory's chunk and attention over blocks, has the same shapes again
and again, so it is compiled once, whatever the length of the text. On a GPU that is the default:
dozens of small kernels become a few. On a CPU it saves about a fifth and costs half a minute at the
start, so there one asks for it:

    with when("always"): ...            or the environment variable TITANS_BOOK_COMPILE=always

Taught in chapter 06.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import torch

__all__ = ["step", "wanted", "when"]

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
    _check("choice", choice)
    _chosen.append(choice)
    try:
        yield
    finally:
        _chosen.pop()


def wanted(device: torch.device) -> bool:
    """Is compiled code asked for, for tensors on that device?

    Raises ValueError if TITANS_BOOK_COMPILE holds something else than a choice.
    """
    choice = _chosen[-1]
    _check("TITANS_BOOK_COMPILE", choice)
    return choice == "always" or (choice == "auto" and device.type != "cpu")


def step(
    function: Callable, device: torch.device, what: str, instead: Callable | None = None
) -> Callable:
    """`function`, or its compiled form, for tensors on that device.

    what: its name, for the log. instead: what is called where it cannot be compiled, with the same
    arguments; None: the function as it is.
    """
    return _compiled(function, device.type, what, instead) if wanted(device) else function


def _check(name: str, choice: str) -> None:
    if choice not in CHOICES:
        allowed = ", ".join(map(repr, CHOICES))
        raise ValueError(f"{name} must be one of {allowed}, got {choice!r}")


@cache
def _compiled(function: Callable, kind: str, what: str, instead: Callable | None) -> Callable:
    """The compiled form; where that cannot be done, a word about it, and what is called instead."""
    log = logging.getLogger("titans_book")
    log.warning(
        "compiling %s for %s: the first calls are slow (TITANS_BOOK_COMPILE=never turns this off)",
        what,
        kind,
    )
    from torch._dynamo.exc import TorchDynamoException  # takes a second to import

    compiled, broken = torch.compile(function, fullgraph=True), []

    def run(*arguments: object):
        if not broken:
            try:
                return compiled(*arguments)
            except TorchDynamoException as error:
                log.warning("going on without torch.compile: %s", str(error).partition("\n")[0])
                broken.append(error)
        return (instead or function)(*arguments)

    return run
