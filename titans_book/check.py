"""Errors that say which field is wrong, what it holds and what is allowed."""

from collections.abc import Iterable
from numbers import Integral, Real


def choose(field: str, value: object, allowed: Iterable[str]) -> None:
    """Raise unless `value` is one of the `allowed` names.

    >>> choose("read", "later", ("after", "before"))
    Traceback (most recent call last):
    ValueError: read must be one of 'after', 'before', got 'later'
    """
    names = list(allowed)
    if not isinstance(value, str) or value not in names:
        raise ValueError(f"{field} must be one of {', '.join(map(repr, names))}, got {value!r}")


def whole(field: str, value: object, least: int) -> int:
    """The value as an int. Raises unless it is a whole number >= `least`, Python's or numpy's.

    >>> whole("chunk", 0, least=1)
    Traceback (most recent call last):
    ValueError: chunk must be a whole number >= 1, got 0
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{field} must be a whole number >= {least}, got {value!r}")
    return int(value)


def positive(field: str, value: object) -> float:
    """The value as a float. Raises unless it is a finite number above 0, Python's or numpy's.

    >>> positive("clamp", -1)
    Traceback (most recent call last):
    ValueError: clamp must be a finite number > 0, got -1
    """
    if not (number(value) and 0 < value < float("inf")):
        raise ValueError(f"{field} must be a finite number > 0, got {value!r}")
    return float(value)


def number(value: object) -> bool:
    """Is it a number, Python's or numpy's? True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def plain(value: object) -> object:
    """The same value as JSON has it: a number of numpy's as one of Python's, a tuple as a list.

    >>> import numpy
    >>> plain(numpy.int64(3)), plain(numpy.float32(0.5)), plain("text")
    (3, 0.5, 'text')
    """
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if not number(value):
        return value
    return int(value) if isinstance(value, Integral) else float(value)


def flag(field: str, value: object) -> None:
    """Raise unless `value` is True or False.

    >>> flag("momentum", "no")
    Traceback (most recent call last):
    TypeError: momentum must be True or False, got 'no'
    """
    if not isinstance(value, bool):
        raise TypeError(f"{field} must be True or False, got {value!r}")
