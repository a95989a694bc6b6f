"""Errors that say which field is wrong, what it holds and what is allowed."""

from collections.abc import Iterable


def choose(field: str, value: object, allowed: Iterable[str]) -> None:
    """Raise unless `value` is one of the `allowed` names.

    >>> choose("read", "later", ("after", "before"))
    Traceback (most recent call last):
    ValueError: read must be one of 'after', 'before', got 'later'
    """
    names = list(allowed)
    if not isinstance(value, str) or value not in names:
        raise ValueError(f"{field} must be one of {', '.join(map(repr, names))}, got {value!r}")


def whole(field: str, value: object, least: int) -> None:
    """Raise unless `value` is a whole number of at least `least`.

    >>> whole("chunk", 0, least=1)
    Traceback (most recent call last):
    ValueError: chunk must be a whole number >= 1, got 0
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{field} must be a whole number >= {least}, got {value!r}")


def positive(field: str, value: object) -> None:
    """Raise unless `value` is a finite number above 0.

    >>> positive("clamp", -1)
    Traceback (most recent call last):
    ValueError: clamp must be a finite number > 0, got -1
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and 0 < value < float("inf")):
        raise ValueError(f"{field} must be a finite number > 0, got {value!r}")


def flag(field: str, value: object) -> None:
    """Raise unless `value` is True or False.

    >>> flag("momentum", "no")
    Traceback (most recent call last):
    TypeError: momentum must be True or False, got 'no'
    """
    if not isinstance(value, bool):
        raise TypeError(f"{field} must be True or False, got {value!r}")
