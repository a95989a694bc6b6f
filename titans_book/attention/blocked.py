"""A window or a segment over a long text: block after block, so that no row meets all columns.

The first block is read with what the state has kept. All others have the same size, and are read at
once, as if they were rows of a larger batch. Taught in chapter 08.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from titans_book.attention.state import AttentionState


def in_blocks(
    see: Callable[[Tensor, Tensor, Tensor, int, int], Tensor],
    q: Tensor,
    k: Tensor,
    v: Tensor,
    state: AttentionState,
    opened: int,
    *,
    windowed: bool,
) -> Tensor:
    """The answers (B, H, T, d) to q; k and v are (B, H, C, T, d).

    see       attends: (q, k, v, position of the first query, position of the first key).
    opened    how many of the kept places the first query may see.
    windowed  a window, which reaches back behind its block; else a segment, which does not.
    """
    time, start, reach = q.shape[2], state.position, state.keys.shape[3]
    head = min(time, reach if windowed else reach - opened)
    old_k, old_v = (x[:, :, :, reach - opened :] for x in (state.keys, state.values))
    first = see(
        q[:, :, :head],
        torch.cat([old_k, k[:, :, :, :head]], dim=3),
        torch.cat([old_v, v[:, :, :, :head]], dim=3),
        start,
        start - opened,
    )
    if head == time:
        return first
    back = reach if windowed else 0
    blocks = -(-(time - head) // reach)
    spare = blocks * reach - (time - head)
    q = F.pad(q[:, :, head:], (0, 0, 0, spare)).unflatten(2, (blocks, reach))
    k, v = (
        F.pad(x[:, :, :, head - back :], (0, 0, 0, spare)).unfold(3, back + reach, reach)
        for x in (k, v)
    )
    rest = see(
        rearrange(q, "b h n t d -> (b n) h t d"),
        *(rearrange(x, "b h c n d t -> (b n) h c t d") for x in (k, v)),
        start + head,
        start + head - back,
    )
    rest = rearrange(rest, "(b n) h t d -> b h (n t) d", n=blocks)
    return torch.cat([first, rest[:, :, : time - head]], dim=2)
