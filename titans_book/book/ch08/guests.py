"""Guests at a cloakroom, most of whom ask for nothing: where does attention look then?

Token 0 says that the door opens. After that each token is a guest who hands in a coat; a tenth of
them also ask which coat was handed in right before. All others ask for nothing, and the right
answer to them is 0. One attention layer has to do that, nothing else: no memory, no residual.

    features 0 .. 11   the coat, one of twelve
    feature 12, 13     the door opens; this guest asks
    feature 14         1 in every token

Taught in chapter 08.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from titans_book.attention import Attention

__all__ = [
    "COATS",
    "DIM",
    "Evening",
    "errors",
    "evening",
    "idle",
    "idle_looks",
    "looked_at",
    "loudness",
    "mistakes",
    "returned",
    "through",
    "train",
    "weight_on",
]

COATS, DIM = 12, 16
DOOR, ASKS, ONE = COATS, COATS + 1, COATS + 2
STEPS, TIME, MANY, RATE = 200, 24, 16, 0.1


class Evening(NamedTuple):
    """Many evenings side by side: the tokens, the right answers, and who asks."""

    x: Float[Tensor, "many time dim"]
    due: Float[Tensor, "many time dim"]
    asks: Bool[Tensor, "many time"]


def evening(seed: int, many: int = MANY, time: int = TIME) -> Evening:
    """Evenings drawn with this seed.

    >>> evening(0, many=2, time=5).x.shape
    torch.Size([2, 5, 16])
    """
    g = torch.Generator().manual_seed(seed)
    coats = F.one_hot(torch.randint(COATS, (many, time), generator=g), DIM).float()
    coats[:, 0] = 0
    asks = torch.rand(many, time, generator=g) < RATE
    asks[:, :2] = False  # nobody has been there before
    x = coats.clone()
    x[:, 0, DOOR], x[..., ASKS], x[..., ONE] = 1, asks.float(), 1
    return Evening(x, coats.roll(1, 1) * asks[..., None], asks)


def train(
    *, window: int | None = None, persistent: int = 0, seed: int = 0, steps: int = STEPS
) -> Attention:
    """One layer of one head, taught on a fresh batch of evenings at every step."""
    torch.manual_seed(seed)
    attention = Attention(DIM, window=window, persistent=persistent)
    optimizer = torch.optim.Adam(attention.parameters(), lr=2e-2)
    for step in range(steps):
        now = evening(step)
        loss = errors(attention, now).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return attention.requires_grad_(False)


def errors(attention: Attention, now: Evening) -> Float[Tensor, "many time"]:
    """The squared error of each answer; 1 for silence where a coat is due."""
    return (attention(now.x)[0] - now.due).square().sum(-1)


def returned(attention: Attention, now: Evening) -> Float[Tensor, " coats"]:
    """How much of each kind of coat is returned when it is asked for: 1 is all, 0 nothing."""
    much = (attention(now.x)[0] * now.due).sum(-1)[now.asks]
    kind = now.due.argmax(-1)[now.asks]
    return torch.stack([much[kind == coat].mean() for coat in range(COATS)])


def looked_at(
    attention: Attention, now: Evening, rows: Bool[Tensor, "many time"]
) -> Float[Tensor, " coats"]:
    """How much of their weight these rows give to each kind of coat, on average."""
    columns = attention.weights(now.x)[:, 0, :, -now.x.shape[1] :]
    return (columns @ now.x[..., :COATS])[rows].mean(0)


def through(attention: Attention, window: int) -> Attention:
    """The same weights, reading through a window."""
    count = 0 if attention.persistent is None else len(attention.persistent)
    made = Attention(DIM, window=window, persistent=count).requires_grad_(False)
    made.load_state_dict(attention.state_dict())
    return made


def idle_looks(attention: Attention, now: Evening, place: int = 23) -> Float[Tensor, " columns"]:
    """The weights of the guest at this place, a mean over the evenings in which it asks for
    nothing; the columns are those up to its own."""
    return attention.weights(now.x)[:, 0, place, : place + 1][~now.asks[:, place]].mean(0)


def loudness(attention: Attention) -> tuple[float, float]:
    """The length of what the layer answers to all weight on the door, and on a coat (a mean)."""
    says = attention.out(attention.project(torch.eye(DIM)).chunk(3, dim=-1)[2])
    door, coats = says[DOOR] + says[ONE], says[:COATS] + says[ONE]
    return door.norm().item(), coats.norm(dim=1).mean().item()


def weight_on(
    attention: Attention, now: Evening, columns: slice, rows: Bool[Tensor, "many time"]
) -> float:
    """How much of their weight these rows give to these columns, on average."""
    return attention.weights(now.x)[:, 0, :, columns].sum(-1)[rows].mean().item()


def mistakes(attention: Attention, now: Evening) -> tuple[float, float]:
    """The mean squared error where a coat is asked for, and where nothing is, a while after the
    door has opened."""
    wrong = errors(attention, now)
    return wrong[now.asks].mean().item(), wrong[idle(now)].mean().item()


def idle(now: Evening) -> Bool[Tensor, "many time"]:
    """Who asks for nothing, from the eighth guest on."""
    return ~now.asks & (torch.arange(now.asks.shape[1]) >= 8)
