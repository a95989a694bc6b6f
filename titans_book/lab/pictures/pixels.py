"""Numbers to pixels in a fraction of a millisecond: a small palette PNG, written by hand.

A picture of a memory is a matrix of bytes and a table of 255 colours. 253 of them are the scale;
an odd count, so that zero has a colour of its own in the middle. One marks what is not a number,
one is transparent and separates the panels, so the page shows through.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import matplotlib
import numpy as np

from titans_book.lab.pictures import style

__all__ = [
    "array",
    "check_limit",
    "compose",
    "encode",
    "magnification",
    "nice_limit",
    "palette",
    "palette_png",
    "panels",
    "quantise",
    "stacked",
]

LEVELS = 253
STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
NOT_A_NUMBER = 253
GAP = 254
WIDEST, HIGHEST = 560, 420  # pixels of the page


def array(values: Any) -> np.ndarray:
    """Any tensor, list or array as a float32 array on the CPU, cut from its graph."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().float().numpy()
    return np.asarray(values, dtype=np.float32)


@lru_cache(maxsize=8)
def palette(name: str) -> bytes:
    """The 255 colours of a colormap as RGB bytes: the scale, not-a-number, the gap."""
    scale = matplotlib.colormaps[name](np.linspace(0, 1, LEVELS), bytes=True)[:, :3]
    special = np.array([[127, 127, 127], [0, 0, 0]], dtype=np.uint8)
    return np.concatenate([scale, special]).tobytes()


def nice_limit(values: Any, share: float | int = 0.99) -> float:
    """A round number, one of STEPS times a power of ten, that covers `share` of the magnitudes.

    Round limits stay put while the data move a little, so colours keep their meaning.

    >>> nice_limit([0.3, -0.41, 0.1])
    0.5
    """
    sizes = np.abs(array(values))
    sizes = sizes[np.isfinite(sizes)]
    size = float(np.quantile(sizes, share)) if sizes.size else 0.0
    if size <= 1e-30:
        return 1.0
    unit = 10.0 ** np.floor(np.log10(size))
    step = next(step for step in STEPS if size <= step * unit * (1 + 1e-6))
    return float(f"{step * unit:.1e}")


def check_limit(limit: float | int) -> float:
    """The limit itself, or ValueError: a colour scale needs a positive end."""
    if not (np.isfinite(limit) and limit > 0):
        raise ValueError(f"limit={limit} cannot end a colour scale: it must be a positive number")
    return float(limit)


def quantise(values: Any, limit: float | int, kind: str = "signed") -> np.ndarray:
    """Values to levels 0..252: from -limit to limit when signed, from 0 to limit otherwise.

    >>> quantise([-1.0, 0.0, 0.5, 9.0, float("nan")], limit=1.0).tolist()
    [0, 126, 189, 252, 253]
    """
    style.map_name(kind)  # ValueError when there is no such kind
    top = LEVELS - 1
    low, room = (top / 2, top / 2) if kind == "signed" else (0, top)
    levels = array(values) * (room / check_limit(limit)) + low
    whole = np.clip(np.nan_to_num(levels, nan=0.0), 0, top)
    return np.where(np.isnan(levels), NOT_A_NUMBER, np.rint(whole)).astype(np.uint8)


def panels(values: np.ndarray) -> np.ndarray:
    """View a matrix, a row of matrices or a grid of matrices as (rows, columns, height, width)."""
    if not 2 <= values.ndim <= 4:
        raise ValueError(f"values has {values.ndim} axes: give a matrix, or a row or grid of them")
    return values.reshape((1,) * (4 - values.ndim) + values.shape)


def compose(levels: np.ndarray, gap: int = 2) -> np.ndarray:
    """(rows, columns, height, width) levels to one image, panels `gap` pixels apart.

    >>> compose(np.zeros((2, 3, 4, 5), dtype=np.uint8), gap=1).shape
    (9, 17)
    """
    rows, columns, height, width = levels.shape
    room = np.full((rows, columns, height + gap, width + gap), GAP, dtype=np.uint8)
    room[:, :, :height, :width] = levels
    image = room.transpose(0, 2, 1, 3).reshape(rows * (height + gap), columns * (width + gap))
    return np.ascontiguousarray(image[: image.shape[0] - gap, : image.shape[1] - gap])


def magnification(height: int, width: int) -> int:
    """How many pixels of the page a cell gets, so that an image is large and still fits.

    >>> magnification(32, 64), magnification(2, 2), magnification(900, 900)
    (8, 28, 1)
    """
    return max(1, min(28, WIDEST // width, HIGHEST // height))


@lru_cache(maxsize=8)
def _tables(name: str) -> bytes:
    """The two PNG chunks that hold the colours, and the one that sees through."""
    opaque = b"\xff" * GAP
    return _chunk(b"PLTE", palette(name)) + _chunk(b"tRNS", opaque + b"\x00")


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(data, zlib.crc32(kind))
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def encode(image: np.ndarray, name: str, *, scale: int = 1, small: bool = True) -> bytes:
    """A matrix of levels to PNG bytes in the colours of colormap `name`.

    Each cell becomes `scale` x `scale` pixels. `small=False` leaves the pixels uncompressed: ten
    times quicker, for pictures that live for one frame. PNG, ISO/IEC 15948: rows of palette
    indices, each after a byte that says "no filter", packed by zlib.
    """
    if scale > 1:
        image = image.repeat(scale, axis=0).repeat(scale, axis=1)
    height, width = image.shape
    rows = np.zeros((height, width + 1), dtype=np.uint8)
    rows[:, 1:] = image
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)  # 8 bits, palette
    pixels = zlib.compress(rows.tobytes(), 9 if small else 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", head),
            _tables(name),
            _chunk(b"IDAT", pixels),
            _chunk(b"IEND", b""),
        )
    )


def palette_png(
    values: Any,
    *,
    limit: float | int,
    kind: str = "signed",
    gap: int = 2,
    scale: int = 1,
    dark: bool | None = None,
    small: bool = True,
) -> bytes:
    """Matrices to one PNG: a heatmap a matrix, side by side, all on the same fixed scale.

    values: (h, w), (columns, h, w) or (rows, columns, h, w).

    >>> palette_png([[0.0, 1.0], [-1.0, 0.5]], limit=1.0)[:4]
    b'\\x89PNG'
    """
    image = compose(quantise(panels(array(values)), limit, kind), gap)
    return encode(image, style.map_name(kind, dark), scale=scale, small=small)


def stacked(matrices: Sequence[Any], axis: int = 0) -> np.ndarray:
    """Matrices of one shape along a new axis, each lying on its long side."""
    stack = np.stack([array(matrix) for matrix in matrices], axis=axis)
    return stack.swapaxes(-1, -2) if stack.shape[-2] > stack.shape[-1] else stack
