"""The masks: what is drawn is what runs, on the CPU and as flex_attention's mask_mod."""

import pytest
import torch
from torch.nn.attention.flex_attention import create_block_mask, create_mask

from titans_book.attention import masks


def picture(mask, rows, columns):
    return [
        "".join(".#"[int(x)] for x in row)
        for row in masks.matrix(mask, torch.arange(rows), columns)
    ]


def test_the_three_masks_by_hand():
    assert picture(masks.causal, 4, 4) == ["#...", "##..", "###.", "####"]
    assert picture(masks.window(2), 4, 4) == ["#...", "##..", ".##.", "..##"]
    assert picture(masks.segment(2), 5, 5) == ["#....", "##...", "..#..", "..##.", "....#"]


def test_persistent_columns_are_always_seen():
    assert picture(masks.persistent_columns(masks.window(1), 2), 3, 5) == [
        "###..",
        "##.#.",
        "##..#",
    ]


def test_memory_columns_are_seen_from_their_token_on():
    """Row i sees h_j and x_j of its segment for j <= i; the figure of the paper leaks."""
    mac = masks.persistent_columns(masks.memory_columns(masks.segment(2), 4), 1)
    assert picture(mac, 4, 9) == ["##...#...", "###..##..", "#..#...#.", "#..##..##"]


def test_a_shifted_mask_begins_later_in_the_text():
    far = masks.shifted(masks.segment(4), 102)
    rows = torch.arange(102, 110)
    want = masks.matrix(masks.segment(4), rows, 110)[:, 102:]
    assert torch.equal(masks.matrix(far, rows, 8), want)


@pytest.mark.parametrize(
    "mask",
    [
        masks.causal,
        masks.window(5),
        masks.segment(6),
        masks.persistent_columns(masks.window(3), 4),
        masks.persistent_columns(masks.memory_columns(masks.segment(6), 20), 4),
    ],
)
def test_flex_attention_takes_the_same_mask(mask):
    drawn = masks.matrix(mask, torch.arange(20), 44)
    size = dict(B=None, H=None, Q_LEN=20, KV_LEN=44, device="cpu")
    assert torch.equal(create_mask(masks.mask_mod(mask), **size)[0, 0], drawn)
    tiles = create_block_mask(masks.mask_mod(mask), **size, BLOCK_SIZE=4)
    some = drawn.unflatten(0, (5, 4)).unflatten(2, (11, 4)).any(1).any(-1)
    assert torch.equal(tiles.to_dense()[0, 0].bool(), some)


@pytest.mark.parametrize("make", [masks.window, masks.segment])
@pytest.mark.parametrize("size", [0, -3, True])
def test_wrong_sizes_are_named(make, size):
    with pytest.raises(ValueError, match=f"{make.__name__} must be a whole number >= 1"):
        make(size)
