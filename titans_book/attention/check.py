"""Checks of attention's fields: each error names the field, the value, and what is allowed."""

from typing import Any

from torch import Tensor

from titans_book.attention.state import AttentionState
from titans_book.check import whole
from titans_book.values import finite


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


def check_bounds(window: int | None, segment: int | None) -> None:
    """Raise ValueError unless there is a window, or a segment, or neither, of at least 1.

    >>> check_bounds(4, 4)
    Traceback (most recent call last):
    ValueError: window and segment must not both be set, got window=4, segment=4
    """
    if window is not None and segment is not None:
        raise ValueError(
            f"window and segment must not both be set, got window={window}, segment={segment}"
        )
    for name, size in {"window": window, "segment": segment}.items():
        if size is not None:
            whole(name, size, least=1)


def check_call(
    x: Tensor, columns: list[Tensor], state: AttentionState | None, attention: Any
) -> None:
    """Raise ValueError unless these tokens and this state fit the attention."""
    for name, tokens in zip(("x", "beside"), (x, columns[0]), strict=True):
        if x.dim() != 3 or tokens.shape != (*x.shape[:2], attention.dim):
            raise ValueError(
                f"{name} must have shape (batch, time, {attention.dim}), got {tuple(tokens.shape)}"
            )
        finite(**{name: tokens})
    if state is None:
        return
    reach = state.position if attention.reach is None else attention.reach
    width = attention.dim // attention.heads
    want = (len(x), attention.heads, len(columns), reach, width)
    if tuple(state.keys.shape) != want:
        raise ValueError(
            "state belongs to another attention or batch: its keys have shape "
            f"{tuple(state.keys.shape)}, this call needs {want}"
        )
    want = None
    if attention.conv > 1:
        want = (len(x), len(columns), attention.conv - 1, 3 * attention.dim)
    have = None if state.tail is None else tuple(state.tail.shape)
    if have != want:
        raise ValueError(
            f"state belongs to another attention or batch: its tail has shape {have}, this call "
            f"needs {want}"
        )
