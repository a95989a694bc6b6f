"""Checks of attention's fields: each error names the field, the value, and what is allowed."""


def whole(field: str, value: object, least: int) -> None:
    """Raise ValueError unless `value` is a whole number of at least `least`.

    >>> whole("window", 0, least=1)
    Traceback (most recent call last):
    ValueError: window must be a whole number >= 1, got 0
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{field} must be a whole number >= {least}, got {value!r}")
