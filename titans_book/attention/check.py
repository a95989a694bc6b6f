"""Checks of attention's fields: each error names the field, the value, and what is allowed."""

from titans_book.check import whole


def check_width(dim: int, heads: int, axial: int | None) -> None:
    """Raise ValueError unless every head has enough features to carry its positions.

    >>> check_width(64, 16, axial=32)
    Traceback (most recent call last):
    ValueError: dim must be a multiple of heads=16 and give each at least 8 features, got 64
    """
    least = 4
    if axial is not None:
        whole("axial", axial, least=1)
        least = 8
    if dim % heads or dim // heads < least:
        raise ValueError(
            f"dim must be a multiple of heads={heads} and give each at least {least} features, "
            f"got {dim}"
        )
