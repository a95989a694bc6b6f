"""Attention in its smallest form: one sequence, one head, functions of a line or three.

symbol      | meaning                                           | shape     | identifier
q, k, v     | queries, keys, values of the tokens               | (T, d)    | q, k, v
i, j        | where rows and columns stand in the text          | (T), (J)  | queries, keys
w, C        | window, segment                                   |           | w
visible     | may row i see column j?                           | (T, J)    | visible
p_1 .. p_N  | keys and values of the persistent tokens          | (N, d)    | p_k, p_v
y           | the answers                                       | (T, d)    | y

Places count from the beginning of the text, not from the beginning of a call: that is why one call
equals any split. It is what `attention.Attention` computes between its projections. Taught in
chapter 08.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

__all__ = ["attend", "keep", "read_on", "segment_mask", "window_mask", "with_persistent"]

Rows = Int[Tensor, " T"]
Columns = Int[Tensor, " J"]
Visible = Bool[Tensor, "T J"]


def attend(
    q: Float[Tensor, "T d"],
    k: Float[Tensor, "J d"],
    v: Float[Tensor, "J d_v"],
    visible: Visible,
) -> Float[Tensor, "T d_v"]:
    """y_i = sum_j softmax_j(q_i . k_j / sqrt(d)) v_j over the columns j that row i sees.

    Titans eq. 2. A row that sees nothing gives NaN. Taught in
    notebooks/08_short_term_memory.ipynb.
    """
    scores = q @ k.T / k.shape[-1] ** 0.5
    return scores.masked_fill(~visible, -torch.inf).softmax(-1) @ v


def window_mask(queries: Rows, keys: Columns, w: int) -> Visible:
    """Row i sees column j if j <= i and i - j < w: itself and the w - 1 before (Titans Fig. 3b).

    >>> window_mask(torch.arange(4), torch.arange(4), 2).int()
    tensor([[1, 0, 0, 0],
            [1, 1, 0, 0],
            [0, 1, 1, 0],
            [0, 0, 1, 1]], dtype=torch.int32)

    Taught in notebooks/08_short_term_memory.ipynb.
    """
    back = queries[:, None] - keys
    return (back >= 0) & (back < w)


def segment_mask(queries: Rows, keys: Columns, w: int) -> Visible:
    """Row i sees column j if j <= i and both stand in one segment of w tokens (Titans Fig. 3a).

    >>> segment_mask(torch.arange(4), torch.arange(4), 2).int()
    tensor([[1, 0, 0, 0],
            [1, 1, 0, 0],
            [0, 0, 1, 0],
            [0, 0, 1, 1]], dtype=torch.int32)

    Taught in notebooks/08_short_term_memory.ipynb.
    """
    rows = queries[:, None]
    return (keys <= rows) & (keys // w == rows // w)


def with_persistent(
    k: Float[Tensor, "J d"],
    v: Float[Tensor, "J d_v"],
    visible: Visible,
    p_k: Float[Tensor, "N d"],
    p_v: Float[Tensor, "N d_v"],
) -> tuple[Float[Tensor, "N_J d"], Float[Tensor, "N_J d_v"], Bool[Tensor, "T N_J"]]:
    """Keys, values and mask with the persistent tokens in front, seen by every row (Titans eq. 19).

    Taught in notebooks/08_short_term_memory.ipynb.
    """
    always = visible.new_ones(len(visible), len(p_k))
    return torch.cat([p_k, k]), torch.cat([p_v, v]), torch.cat([always, visible], dim=1)


def keep(x: Float[Tensor, "J d"], w: int) -> Float[Tensor, "kept d"]:
    """The last w - 1 rows, or all if there are fewer: what a later token may still see.

    >>> keep(torch.arange(5.0)[:, None], 3).flatten()
    tensor([3., 4.])

    Taught in notebooks/08_short_term_memory.ipynb.
    """
    return x[max(0, len(x) - (w - 1)) :]


def read_on(
    q: Float[Tensor, "T d"],
    k: Float[Tensor, "T d"],
    v: Float[Tensor, "T d_v"],
    kept_k: Float[Tensor, "kept d"],
    kept_v: Float[Tensor, "kept d_v"],
    start: int,
    mask: Callable[[Rows, Columns, int], Visible],
    w: int,
) -> tuple[Float[Tensor, "T d_v"], Float[Tensor, "_ d"], Float[Tensor, "_ d_v"]]:
    """The answers of tokens that begin at place `start`, and the keys and values to keep.

    mask is `window_mask` or `segment_mask`; kept_k and kept_v stand right before the new ones.
    Taught in notebooks/08_short_term_memory.ipynb.
    """
    k, v = torch.cat([kept_k, k]), torch.cat([kept_v, v])
    queries = start + torch.arange(len(q))
    keys = start - len(kept_k) + torch.arange(len(k))
    y = attend(q, k, v, mask(queries, keys, w))
    return y, keep(k, w), keep(v, w)
