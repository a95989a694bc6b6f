"""Numbers to pixels: the scale, the panels, and PNGs that another library can read."""

import io

import matplotlib
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from titans_book.lab.pictures import pixels


@given(st.lists(st.floats(-10, 10, width=32), min_size=1), st.floats(0.1, 5))
def test_levels_grow_with_values_and_mirror_about_zero(values, limit):
    levels = pixels.quantise(sorted(values), limit).astype(int)
    mirrored = pixels.quantise([-value for value in sorted(values)], limit).astype(int)
    assert (np.diff(levels) >= 0).all()
    assert (abs(levels + mirrored - 252) <= 1).all()


def test_zero_is_the_middle_and_magnitudes_start_at_the_bottom():
    assert pixels.quantise([0.0], 3.0).tolist() == [126]
    assert pixels.quantise([0.0, 3.0, -1.0], 3.0, "magnitude").tolist() == [0, 252, 0]


def test_infinities_are_ends_and_nan_has_its_own_level():
    levels = pixels.quantise([np.inf, -np.inf, np.nan], 1.0)
    assert levels.tolist() == [252, 0, pixels.NOT_A_NUMBER]


def test_a_png_decodes_to_the_colours_of_the_colormap():
    values = np.linspace(-2, 2, 12).reshape(3, 4)
    image = Image.open(io.BytesIO(pixels.palette_png(values, limit=2.0, scale=3, dark=False)))
    assert image.size == (12, 9)
    levels = pixels.quantise(values, 2.0)
    wanted = matplotlib.colormaps["coolwarm"](levels / 252, bytes=True)
    assert (np.asarray(image.convert("RGBA"))[::3, ::3] == wanted).all()


@pytest.mark.parametrize("small", [True, False])
def test_the_gap_between_panels_is_transparent(small):
    png = pixels.palette_png(np.ones((2, 3, 4, 5)), limit=1.0, gap=2, small=small)
    seen = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
    assert seen.shape == (2 * 4 + 2, 3 * 5 + 2 * 2, 4)
    assert (seen[4:6, :, 3] == 0).all() and (seen[:, 5:7, 3] == 0).all()
    assert (seen[:4, :5, 3] == 255).all()


def test_panels_keep_their_places():
    grid = np.arange(6, dtype=np.uint8).reshape(2, 3, 1, 1) * np.ones((2, 2), np.uint8)
    image = pixels.compose(grid, gap=1)
    assert image[::3, ::3].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_tensors_of_any_kind_are_taken():
    tensor = torch.ones(2, 2, dtype=torch.bfloat16, requires_grad=True)
    assert pixels.array(tensor).dtype == np.float32


def test_nice_limits_are_round_and_cover_the_values():
    for size in (0.0137, 0.4, 1.0, 7.3, 812.0):
        limit = pixels.nice_limit(np.full(100, size))
        assert size <= limit <= 1.6 * size
        assert float(f"{limit:.1e}") == limit
    assert pixels.nice_limit(np.zeros(3)) == 1.0
    assert pixels.nice_limit([np.nan, 2.0]) == 2.0


@pytest.mark.parametrize("limit", [0.0, -1.0, np.inf, np.nan])
def test_a_scale_needs_a_positive_end(limit):
    with pytest.raises(ValueError, match="limit"):
        pixels.palette_png([[1.0]], limit=limit)


def test_wrong_shapes_and_kinds_are_named():
    with pytest.raises(ValueError, match="values has 1 axes"):
        pixels.palette_png([1.0], limit=1.0)
    with pytest.raises(ValueError, match="kind='rainbow'"):
        pixels.quantise([1.0], 1.0, "rainbow")
