"""Attention over a long text on a GPU: one flex_attention call with the masks of this folder.

flex_attention skips every tile of BLOCK rows and BLOCK columns in which no row sees a column, and
asks the mask inside the others. Which tiles those are follows from the first and the last position
that a tile's rows see, so nothing of size T x T is formed here either. On a CPU, and for heads that
its kernels do not take, `Attention` goes block by block itself: the same function, tested.

Taught in chapter 08.
"""

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from titans_book import compiling
from titans_book.attention import masks

BLOCK = 128
KERNELS = (torch.float16, torch.bfloat16, torch.float32)


class Unavailable(RuntimeError):
    """flex_attention cannot be compiled here."""


def _unavailable(*_: object) -> None:
    raise Unavailable("flex_attention cannot be compiled here: go block by block")


def wanted(time: int, d: int, dtype: torch.dtype, device: torch.device, reach: int | None) -> bool:
    """Are so many rows of d features a call for flex_attention? A short call is one small mask."""
    long = time > max(BLOCK, reach or 0)
    takes = dtype in KERNELS and d >= 16 and device.type == "cuda"
    return long and takes and compiling.wanted(device) and not torch.compiler.is_compiling()


def attend(
    q: Tensor, k: Tensor, v: Tensor, mask: masks.Mask, tiles: Bool[Tensor, "row_tiles column_tiles"]
) -> Tensor:
    """Softmax attention of q (B, H, T, d) over k and v (B, H, J, d), where the mask lets it.

    mask is asked with the places 0, 1, ... of rows and columns; tiles as `tiles` below finds them.
    Raises Unavailable where it cannot be compiled: its plain form would need T x T numbers.
    """
    from torch.nn.attention.flex_attention import BlockMask, flex_attention  # takes a while

    count = tiles.sum(-1, dtype=torch.int32)
    order = (~tiles).to(torch.int8).argsort(dim=-1, stable=True).to(torch.int32)
    blocks = BlockMask.from_kv_blocks(
        count[None, None],
        order[None, None],
        BLOCK_SIZE=BLOCK,
        mask_mod=masks.mask_mod(mask),
        seq_lengths=(q.shape[-2], k.shape[-2]),
    )
    run = compiling.step(flex_attention, q.device, "attention", instead=_unavailable)
    return run(q, k, v, None, blocks)


def tiles(
    first: Int[Tensor, " time"], last: Int[Tensor, " time"], starts: list[int], persistent: int
) -> Bool[Tensor, "row_tiles column_tiles"]:
    """Which tiles hold something: (row blocks, column blocks).

    first, last   the places that every row sees, from and to, among the tokens.
    starts        where the columns of the tokens begin, and where they end: [N_p, N_p + J] for
                  P || x, [N_p, N_p + J, N_p + 2 J] for P || h || x.
    persistent    N_p, columns in front that every row sees.

    >>> rows = torch.arange(300)
    >>> tiles(rows - 50, rows, [0, 300], 0).int()        # a window of 51
    tensor([[1, 0, 0],
            [1, 1, 0],
            [0, 1, 1]], dtype=torch.int32)
    """
    heads = torch.arange(0, len(first), BLOCK, device=first.device)
    tails = (heads + BLOCK).clamp(max=len(first)) - 1
    low, high = first[heads].clamp(min=0)[:, None], last[tails][:, None]
    column = torch.arange(-(-starts[-1] // BLOCK), device=first.device)[None]
    seen = (column * BLOCK < persistent).expand(len(heads), -1)
    for start in starts[:-1]:
        seen = seen | ((column >= (start + low) // BLOCK) & (column <= (start + high) // BLOCK))
    return seen
