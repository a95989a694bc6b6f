"""Persistent tokens in front of all others, an exercise of chapter 08."""

import torch
from torch import Tensor

from titans_book.book.ch08.exercises import CHAPTER
from titans_book.lab.learning.exercise import Exercise, Probe, normal
from titans_book.steps import attention as attention_steps
from titans_book.steps.attention import window_mask


def _window(generator: torch.Generator) -> Tensor:
    """A piece in the middle of a text: five rows, seven columns, a window of three or four."""
    w = int(torch.randint(3, 5, (), generator=generator))
    return window_mask(torch.arange(10, 15), torch.arange(8, 15), w)


with_persistent = Exercise(
    name="08.with_persistent",
    what="keys, values and mask with the persistent tokens in front",
    reference=attention_steps.with_persistent,
    probe=Probe(
        inputs={
            "k": normal(7, 3), "v": normal(7, 3), "visible": _window,
            "p_k": normal(2, 3), "p_v": normal(2, 3),
        },
        returns=("k", "v", "visible"),
        steps=3,
    ),
    hints=(
        "Three things grow, and all three at the front: keys, values, and the mask. What does the "
        "mask say about a persistent token, in every row?",
        "`torch.cat([a, b])` puts b below a; `torch.cat([a, b], dim=1)` puts it to the right. "
        "`visible.new_ones(T, N)` is a mask of T rows and N columns that is True everywhere.",
        "    return keys, values, torch.cat([always, visible], dim=1)\n"
        "    keys, values = torch.cat([p_k, k]), torch.cat([p_v, v])\n"
        "    always = visible.new_ones(len(visible), len(p_k))",
    ),
    source="Titans eq. 19",
    taught=CHAPTER,
    misfit="Persistent tokens are more keys and values, so more rows of both. Of the mask, are "
    "they rows or columns?",
)  # fmt: skip


def _front(visible, p_k):
    return visible.new_ones(len(visible), len(p_k))


@with_persistent.wrong("Read eq. 19 from left to right: who comes first?")
def puts_them_behind(k, v, visible, p_k, p_v):
    """They stand behind the text. Whoever sees them gets the same answers, but eq. 19 puts them in
    front, and so do the masks of this book."""
    columns = torch.cat([visible, _front(visible, p_k)], dim=1)
    return torch.cat([k, p_k]), torch.cat([v, p_v]), columns


@with_persistent.wrong("Column 0 of the mask is which key?")
def moves_the_mask_only(k, v, visible, p_k, p_v):
    """In the mask they are in front, in keys and values behind: each column's permission belongs
    to another token."""
    columns = torch.cat([_front(visible, p_k), visible], dim=1)
    return torch.cat([k, p_k]), torch.cat([v, p_v]), columns


@with_persistent.wrong("Column 0 of the mask is which key?")
def leaves_the_mask_behind(k, v, visible, p_k, p_v):
    """In keys and values they are in front, in the mask behind: each column's permission belongs
    to another token."""
    columns = torch.cat([visible, _front(visible, p_k)], dim=1)
    return torch.cat([p_k, k]), torch.cat([p_v, v]), columns


@with_persistent.wrong("What does a row get that looks at a persistent token?")
def gives_their_keys_for_values(k, v, visible, p_k, p_v):
    """Their keys stand where their values should: what goes in front of v is p_v."""
    columns = torch.cat([_front(visible, p_k), visible], dim=1)
    return torch.cat([p_k, k]), torch.cat([p_k, v]), columns


@with_persistent.wrong("Which rows see a persistent token?")
def hides_them(k, v, visible, p_k, p_v):
    """They are there, and nobody may see them: the new columns are False."""
    columns = torch.cat([~_front(visible, p_k), visible], dim=1)
    return torch.cat([p_k, k]), torch.cat([p_v, v]), columns


@with_persistent.wrong("Do the tokens of the text become visible to everybody, too?")
def opens_everything(k, v, visible, p_k, p_v):
    """Every row sees every column now, what has not come yet included. Only the new columns are
    open to all."""
    columns = torch.cat([_front(visible, p_k), torch.ones_like(visible)], dim=1)
    return torch.cat([p_k, k]), torch.cat([p_v, v]), columns


@with_persistent.wrong("Does a persistent token go out of sight as the text goes on?")
def lets_them_pass_by(k, v, visible, p_k, p_v):
    """You treat them as the first tokens of the text, so that a window leaves them behind. They
    belong to the layer, and every row sees them."""
    columns = torch.cat([_front(visible, p_k), visible], dim=1)
    columns[1:, : len(p_k)] = False
    return torch.cat([p_k, k]), torch.cat([p_v, v]), columns


@with_persistent.wrong("Which of the two is compared with a query?")
def swaps_their_keys_and_values(k, v, visible, p_k, p_v):
    """Their keys and values are swapped: p_k belongs to k, p_v to v."""
    columns = torch.cat([_front(visible, p_k), visible], dim=1)
    return torch.cat([p_v, k]), torch.cat([p_k, v]), columns


@with_persistent.wrong("What does a row get that looks at a persistent token?")
def gives_them_no_values(k, v, visible, p_k, p_v):
    """Their values are zeros. In the end they may become that; here they are p_v."""
    columns = torch.cat([_front(visible, p_k), visible], dim=1)
    return torch.cat([p_k, k]), torch.cat([0 * p_v, v]), columns


@with_persistent.wrong("Does row 1 see fewer persistent tokens than row 2?")
def makes_them_causal(k, v, visible, p_k, p_v):
    """You put a causal mask over them as well. They are no part of the text: row 0 sees all."""
    columns = torch.cat([_front(visible, p_k).tril(), visible], dim=1)
    return torch.cat([p_k, k]), torch.cat([p_v, v]), columns
