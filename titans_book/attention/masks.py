"""Who sees whom: every mask is a function of a query's place and a column's place.

    causal      j <= i                              every token sees itself and what came before
    window      j <= i and i - j < w                the last w tokens           Titans Figs. 3b, 3c
    segment     j <= i and j // C == i // C         its own segment so far      Titans Fig. 3a
    memory      columns h_j beside the tokens x_j   row i sees h_j and x_j where the mask says so
    persistent  N_p columns in front of all others  every row sees them         Titans eq. 19

One function serves three times: `matrix` draws it or hands it to scaled_dot_product_attention, and
`mask_mod` makes of it what flex_attention's create_block_mask asks for on a GPU. So what a reader
sees is what runs.

Figure 3a draws the memory columns visible to every row of their segment. h_j is asked for with the
query of token j, so a row i < j that sees it knows the future; ours sees h_j for j <= i only.

Taught in chapter 08.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from titans_book.check import whole

# mask(i, j) for whole numbers or tensors of them: may the query at i see the column at j?
Mask = Callable[[Tensor | int, Tensor | int], Tensor | bool]


def causal(query: Tensor | int, key: Tensor | int) -> Tensor | bool:
    """j <= i: everything up to the query itself.

    >>> causal(3, 3), causal(3, 4)
    (True, False)
    """
    return key <= query


def window(size: int) -> Mask:
    """j <= i and i - j < w: the query itself and the w - 1 tokens before it.

    >>> sees = window(2)
    >>> sees(5, 5), sees(5, 4), sees(5, 3)
    (True, True, False)
    """
    whole("window", size, least=1)
    return lambda query, key: (key <= query) & (query - key < size)


def segment(size: int) -> Mask:
    """j <= i within one segment of C tokens, counted from the beginning of the text.

    >>> sees = segment(4)
    >>> sees(5, 4), sees(5, 3)
    (True, False)
    """
    whole("segment", size, least=1)
    return lambda query, key: (key <= query) & (key // size == query // size)


def chosen(window_of: int | None, segment_of: int | None) -> Mask:
    """The mask of that window or that segment; causal, where neither is set."""
    if window_of is not None:
        return window(window_of)
    return causal if segment_of is None else segment(segment_of)


def shifted(mask: Mask, first: int) -> Mask:
    """The same mask for columns that begin at position `first` of the text.

    >>> shifted(causal, 10)(11, 1), shifted(causal, 10)(11, 2)
    (True, False)
    """
    return lambda query, column: mask(query, first + column)


def memory_columns(mask: Mask, time: int) -> Mask:
    """Columns h_0 .. h_{time-1} || x_0 .. x_{time-1}: both of one place are seen together (eq. 22).

    >>> sees = memory_columns(causal, time=3)
    >>> [sees(1, column) for column in range(6)]
    [True, True, False, True, True, False]
    """
    return lambda query, column: mask(query, column % time)


def persistent_columns(mask: Mask, count: int) -> Mask:
    """p_1 .. p_count in front, visible to every row; the other columns move along (eq. 19).

    >>> sees = persistent_columns(causal, 2)
    >>> [sees(0, column) for column in range(4)]
    [True, True, True, False]
    """
    return lambda query, column: (column < count) | mask(query, column - count)


def matrix(mask: Mask, queries: Int[Tensor, " rows"], columns: int) -> Bool[Tensor, "rows columns"]:
    """The mask as a picture: row i is what the query at queries[i] sees of columns 0, 1, ...

    >>> matrix(window(2), torch.arange(3), columns=3).int()
    tensor([[1, 0, 0],
            [1, 1, 0],
            [0, 1, 1]], dtype=torch.int32)
    """
    return mask(queries[:, None], torch.arange(columns, device=queries.device)[None])


def mask_mod(mask: Mask) -> Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]:
    """The mask as `torch.nn.attention.flex_attention.create_block_mask` calls it."""
    return lambda batch, head, query, column: mask(query, column)
