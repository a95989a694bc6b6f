"""Attention with persistent tokens, over a window, a segment or the whole text.

    q, k, v = x W_Q, x W_K, x W_V                        Titans eq. 1, per head, q and k rotated
              causal depthwise convolution of q, k, v    section 4.4; none unless conv is above 1
    y_i     = sum_j softmax_j(q_i . k_j / sqrt(d)) v_j   eq. 2, over the columns that row i sees
    out     = y W_O

The columns are p_1 .. p_N || h || x (eq. 22): persistent tokens, which belong to the layer and not
to the text (eq. 19), for MAC a memory column beside every token, and the tokens.

Nothing of size T x T is ever formed. Behind the first block, the rows go in blocks of w: a window
needs the 2w keys of its own block and the one before, a segment those of itself, and one small mask
serves all blocks. Work and memory grow as T w. On a GPU a long text goes through flex_attention,
which skips the tiles that nobody sees (flex.py).

Taught in chapter 08.
"""

import math
from contextlib import suppress
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Float
from torch import Tensor, nn

from titans_book.attention import flex, masks, opening, rotary, twice
from titans_book.attention.blocked import in_blocks
from titans_book.attention.check import check_bounds, check_call, check_width
from titans_book.attention.state import AttentionState
from titans_book.check import whole
from titans_book.convolution import convolve, start_near_identity

ROWS = 512  # full attention answers so many rows at a time


class Attention(nn.Module):
    """Causal softmax attention: y, state = attention(x, state).

    dim         width of x and y, split evenly among the heads, at least 4 features each.
    heads       independent attentions.
    window      w: a token sees itself and the w - 1 before it (MAG, MAL).
    segment     C: a token sees its own segment so far (MAC). Neither: it sees everything.
    persistent  N_p: learned tokens that every row sees, whatever the text is; 0 for none.
    axial       C: rotary positions by segment and offset, see rotary.py. None: by position alone.
    conv        taps of the causal convolution on q, k, v, as every memory has it; 1 (the default)
                for none. Persistent tokens, which stand nowhere, have no neighbours in it.

    One call equals any split into calls. Raises ValueError naming the field, its value and what is
    allowed, and RuntimeError where somebody differentiates twice through PyTorch's fast kernels.

    >>> attention = Attention(dim=16, heads=2, window=8, persistent=4)
    >>> y, state = attention(torch.randn(1, 20, 16))
    >>> y.shape, state.keys.shape, state.position
    (torch.Size([1, 20, 16]), torch.Size([1, 2, 1, 8, 8]), 20)
    """

    def __init__(
        self,
        dim: int,
        heads: int = 1,
        *,
        window: int | None = None,
        segment: int | None = None,
        persistent: int = 0,
        axial: int | None = None,
        conv: int = 1,
    ) -> None:
        super().__init__()
        for name, value in dict(dim=dim, heads=heads, conv=conv, persistent=persistent).items():
            whole(name, value, least=int(name != "persistent"))
        check_width(dim, heads, axial)
        check_bounds(window, segment)
        self.dim, self.heads, self.axial, self.conv = dim, heads, axial, conv
        self.window, self.segment, self.reach = window, segment, segment or window
        self.project = nn.Linear(dim, 3 * dim, bias=False)  # W_Q, W_K, W_V side by side
        self.out = nn.Linear(dim, dim, bias=False)
        tokens = nn.Parameter(torch.randn(persistent, dim)) if persistent else None
        self.register_parameter("persistent", tokens)
        taps = nn.Parameter(torch.empty(conv, 3 * dim)) if conv > 1 else None
        self.register_parameter("taps", taps)
        if taps is not None:
            start_near_identity(taps)

    def reset_parameters(self) -> None:
        """Draw all weights afresh, whatever they were."""
        self.project.reset_parameters()
        self.out.reset_parameters()
        if self.persistent is not None:
            nn.init.normal_(self.persistent)
        if self.taps is not None:
            start_near_identity(self.taps)

    def start_on_itself(self) -> None:
        """W_K = W_Q, of a size that gives each token some three quarters of its own row.

        For MAC, whose rows see 2 C columns at most: q_i . k_i / sqrt(d) begins log(2 C) + 2 ahead.
        """
        opening.start_alike(self.project, self.heads, math.log(2 * self.segment) + 2)

    @torch.no_grad()
    def start_one_behind(self) -> None:
        """W_K = W_Q, and keys look one token back: each token is found under the one before it.

        An induction head from the first step of the training on, as
        `NeuralMemory.start_one_behind` makes one of a memory. A match begins some 6 ahead of other
        rows. Raises ValueError if conv is 1, with which no key can look back.
        """
        whole("conv", self.conv, least=2)
        opening.start_alike(self.project, self.heads, 6)
        keys = slice(self.dim, 2 * self.dim)
        self.taps[-2:, keys] = self.taps[-2:, keys].flip(0)

    @property
    def mask(self) -> masks.Mask:
        """Which position sees which."""
        return masks.chosen(self.window, self.segment)

    if TYPE_CHECKING:  # what nn.Module hides from type checkers

        def __call__(
            self, x: Tensor, state: AttentionState | None = None, beside: Tensor | None = None
        ) -> tuple[Tensor, AttentionState]: ...

    def forward(
        self,
        x: Float[Tensor, "batch time dim"],
        state: AttentionState | None = None,
        beside: Float[Tensor, "batch time dim"] | None = None,
    ) -> tuple[Float[Tensor, "batch time dim"], AttentionState]:
        """Answer every token of x; hand the state on to go on later.

        beside: one more column at the place of every token, seen by the rows that see the token:
        what a memory answers to it (h of Titans eq. 22).
        """
        columns = [x] if beside is None else [beside, x]
        check_call(x, columns, state, self)
        state = state or self.begin(x, len(columns))
        q, k, v, tail = self._queries_keys_values(columns, state)
        state = state.to(k.dtype)
        see = self._everything if self.reach is None else self._in_blocks
        y = q if x.shape[1] == 0 else None  # no token, no answer
        if flex.wanted(*q.shape[-2:], q.dtype, q.device, self.reach):
            with suppress(flex.Unavailable):
                y = self._by_flex(q, k, v, state)
        y = see(q, k, v, state) if y is None else y
        y = rearrange(y, "b h t d -> b t (h d)")
        return self.out(y), state.read(k, v, self.reach, tail)

    def weights(
        self,
        x: Float[Tensor, "batch time dim"],
        beside: Float[Tensor, "batch time dim"] | None = None,
    ) -> Float[Tensor, "batch heads time columns"]:
        """How much every column gives to every row's answer: each row sums to 1 (Titans eq. 2).

        x is read from the beginning of the text. The columns are P || x, or P || beside || x. This
        is for looking at a short text: its size is T x T, which `forward` never forms.
        """
        columns = [x] if beside is None else [beside, x]
        check_call(x, columns, None, self)
        q, k, v, _ = self._queries_keys_values(columns, self.begin(x, len(columns)))
        k, _, mask = self._columns(k, v, 0)
        visible = masks.matrix(mask, torch.arange(x.shape[1], device=x.device), k.shape[2])
        scores = q @ k.mT / q.shape[-1] ** 0.5
        return scores.masked_fill(~visible, -torch.inf).softmax(-1)

    def begin(self, x: Float[Tensor, "batch time dim"], columns: int = 1) -> AttentionState:
        """The state before the first token of x; columns is 2 for calls with `beside`."""
        size = (self.heads, columns, self.reach or 0, self.dim // self.heads)
        return AttentionState.fresh(x, size, self.conv - 1)

    def _queries_keys_values(self, columns: list[Tensor], state: AttentionState):
        """q of the last column's tokens, (B, H, T, d); k and v of all columns, (B, H, C, T, d).

        And the inputs that the next call's convolution still needs.
        """
        z, tail = self.project(torch.stack(columns, dim=1)), None
        if self.taps is not None:
            z, tail = convolve(z, self.taps, state.tail)
        q, k, v = rearrange(z, "b c t (n h d) -> n b h c t d", n=3, h=self.heads)
        positions = state.position + torch.arange(q.shape[-2], device=q.device)
        q, k = (rotary.rotate(x, positions, axial=self.axial) for x in (q[:, :, -1], k))
        return q, k, v, tail

    def _in_blocks(self, q: Tensor, k: Tensor, v: Tensor, state: AttentionState) -> Tensor:
        """A window or a segment."""
        opened = self._opened(state.position)
        return in_blocks(self._see, q, k, v, state, opened, windowed=bool(self.window))

    def _everything(self, q: Tensor, k: Tensor, v: Tensor, state: AttentionState) -> Tensor:
        """Full attention: some rows at a time, each with the keys up to its last."""
        k, v = torch.cat([state.keys, k], dim=3), torch.cat([state.values, v], dim=3)
        answers, first = [q[:, :, :0]], state.position
        for rows in q.split(ROWS, dim=2):
            last = first + rows.shape[2]
            answers.append(self._see(rows, k[:, :, :, :last], v[:, :, :, :last], first, 0))
            first = last
        return torch.cat(answers, dim=2)

    def _by_flex(self, q: Tensor, k: Tensor, v: Tensor, state: AttentionState) -> Tensor:
        """A long text on a GPU: all rows at once. Places count from the oldest key that is seen."""
        opened = self._opened(state.position)
        kept = state.keys.shape[3] - opened
        k = torch.cat([state.keys[:, :, :, kept:], k], dim=3)
        v = torch.cat([state.values[:, :, :, kept:], v], dim=3)
        copies, time = k.shape[2:4]
        place = opened + torch.arange(q.shape[2], device=q.device)
        first = torch.zeros_like(place)
        if self.reach is not None:
            first = place - self.reach + 1 if self.window else place // self.reach * self.reach
        k, v, mask = self._columns(k, v, 0)
        persistent = k.shape[2] - copies * time
        starts = [persistent + copy * time for copy in range(copies + 1)]
        tiles = flex.tiles(first, place, starts, persistent)
        return flex.attend(q, k, v, lambda row, column: mask(opened + row, column), tiles)

    def _opened(self, position: int) -> int:
        """How many of the tokens before this position its row may see."""
        if self.reach is None:
            return position
        return min(position, self.reach) if self.window else position % self.reach

    def _see(self, q: Tensor, k: Tensor, v: Tensor, first_query: int, first_key: int) -> Tensor:
        """Softmax attention of rows that begin at one position over columns that begin at another.

        q is (B, H, T, d), k and v are (B, H, C, J, d); the columns in order are P || h || x.
        """
        k, v, mask = self._columns(k, v, first_key)
        queries = first_query + torch.arange(q.shape[2], device=q.device)
        visible = masks.matrix(mask, queries, k.shape[2])
        twice.refuse(q, k, v)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=visible)

    def _columns(self, k: Tensor, v: Tensor, first_key: int) -> tuple[Tensor, Tensor, masks.Mask]:
        """Keys and values of all columns P || h || x in one line, and which position sees which."""
        mask = masks.memory_columns(masks.shifted(self.mask, first_key), k.shape[3])
        batch, k, v = len(k), k.flatten(2, 3), v.flatten(2, 3)
        if self.persistent is not None:
            p_k, p_v = self._persistent_columns(batch)
            mask = masks.persistent_columns(mask, p_k.shape[2])
            k, v = torch.cat([p_k, k], dim=2), torch.cat([p_v, v], dim=2)
        return k, v, mask

    def _persistent_columns(self, batch: int) -> tuple[Tensor, Tensor]:
        """Keys and values of p_1 .. p_N: the same W_K and W_V, no position, no data."""
        _, k, v = rearrange(
            self.project(self.persistent), "t (n h d) -> n h t d", n=3, h=self.heads
        )
        return tuple(repeat(x, "h t d -> b h t d", b=batch) for x in (rotary.unplaced(k), v))
