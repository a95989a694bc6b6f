"""Read twice: is the second reading of a passage cheaper than the first, and is it the memory?

    second    lead  P  other text  P        the passage P has been read, so many tokens ago
    another   lead  Q  other text  P        the same tokens at the same place after another passage
    shut      lead  P  other text  P        as in the first row, with every write gate shut
    first     lead  P                       where P was read first

Only P is counted, from its second token on: nothing says that its first will come. Whatever a
position, the other text or the slow weights are worth is worth the same in the first two rows, so
that another - second is what P's first reading is worth, and nothing else. A model that cannot see
so far has exactly 0 there. Taught in chapter 13.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from titans_book.check import choose, whole
from titans_book.evaluation.lengths import PIECE
from titans_book.evaluation.pieces import Model, pieces
from titans_book.evaluation.scores import bits
from titans_book.evaluation.shut import shut
from titans_book.memory import NeuralMemory

__all__ = ["Interval", "TwiceRead", "bits_of_each", "twice_read"]

READINGS = ("first", "second", "another", "shut")


class Interval(NamedTuple):
    """A mean, and a bootstrap interval of it that holds 95 %."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class TwiceRead:
    """Bits a token of every reading, by distance and passage.

    distances   tokens between the end of the first reading and the beginning of the second.
    first, second, another, shut    as at the top of this file; shut is None without a gate to shut.
    """

    distances: tuple[int, ...]
    first: Float[Tensor, "distances passages"]
    second: Float[Tensor, "distances passages"]
    another: Float[Tensor, "distances passages"]
    shut: Float[Tensor, "distances passages"] | None

    def saved(
        self, over: str = "another", by: str = "second", *, draws: int = 10_000, seed: int = 0
    ) -> list[Interval]:
        """How much cheaper one reading is than the other, in bits a token, for every distance.

        The interval is of the mean over passages: it is drawn again `draws` times from the passages
        with replacement, and 2.5 % of these means lie beyond either end. Raises ValueError for a
        reading that there is not.
        """
        have = [name for name in READINGS if getattr(self, name) is not None]
        choose("over", over, have)
        choose("by", by, have)
        whole("draws", draws, least=1)
        return [_interval(row, draws, seed) for row in getattr(self, over) - getattr(self, by)]


def twice_read(
    model: Model,
    tokens: Int[Tensor, " total"],
    *,
    distances: Sequence[int] = (32, 64, 128, 256),
    passage: int = 32,
    passages: int = 200,
    lead: int = 32,
    batch: int = 25,
    piece: int = PIECE,
    seed: int = 0,
) -> TwiceRead:
    """Let a model read passages of a held-out text twice, with other text of the book between.

    Passages come from the first half of `tokens`, none of them twice; what is read before and
    between comes from the second half, the same for both passages that are compared.

    passage, passages   tokens of a passage, and how many there are.
    lead                tokens read before the first passage.
    batch, piece        rows side by side, and tokens at a time.

    Raises ValueError if the text is too short, and for numbers below 1 (distance and lead: 0).
    """
    for name, n in dict(passage=passage, passages=passages, batch=batch).items():
        whole(name, n, least=2 if name == "passage" else 1)
    distances = tuple(whole("distances", distance, least=0) for distance in distances)
    whole("lead", lead, least=0)
    half, longest = len(tokens) // 2, lead + max(distances, default=0)
    least = 2 * max(2 * passage * passages, longest)
    if not distances or len(tokens) < least:
        raise ValueError(f"tokens must hold {least} or more, and distances one, got {len(tokens)}")
    g = torch.Generator().manual_seed(seed)
    order = torch.randperm(half // passage, generator=g)[: 2 * passages] * passage
    P, Q = (tokens[order[:, None] + torch.arange(passage)].long()).chunk(2)
    starts = half + torch.randint(len(tokens) - half - longest + 1, (passages,), generator=g)
    text = tokens[starts[:, None] + torch.arange(longest)].long()
    found = [
        _at(model, (text[:, :lead], P, Q, text[:, lead : lead + d]), batch, piece)
        for d in distances
    ]
    columns = {name: [row[name] for row in found] for name in found[0]}
    return TwiceRead(distances, **{n: torch.stack(x) if None not in x else None
                                   for n, x in columns.items()})  # fmt: skip


def bits_of_each(model: Model, tokens: Int[Tensor, " time"]) -> Float[Tensor, " before"]:
    """What every token of a text but the first costs the model, in bits.

    Raises ValueError for fewer than two tokens.
    """
    if len(tokens) < 2:
        raise ValueError(f"tokens must hold 2 or more, got {len(tokens)}")
    return _bits(model, tokens[None].long(), 1, PIECE)[0]


def _at(model: Model, parts: tuple[Tensor, ...], batch: int, piece: int) -> dict:
    """The bits of every passage in every reading, at one distance."""
    lead, P, Q, other = parts
    told, untold = torch.cat([lead, P, other, P], dim=1), torch.cat([lead, Q, other, P], dim=1)
    n, before = P.shape[1], lead.shape[1]
    costs = _bits(model, told, batch, piece)
    found = {
        "first": costs[:, before : before + n - 1].mean(1),
        "second": costs[:, 1 - n :].mean(1),
        "another": _bits(model, untold, batch, piece)[:, 1 - n :].mean(1),
        "shut": None,
    }
    if _has_gates(model):
        with shut(model):
            found["shut"] = _bits(model, told, batch, piece)[:, 1 - n :].mean(1)
    return found


def _has_gates(model: Model) -> bool:
    """Is there a memory whose writing can be shut off? Softmax attention keeps all pairs anyway."""
    parts = model.modules() if isinstance(model, nn.Module) else ()
    return any(isinstance(part, NeuralMemory) and len(part.gates) > 0 for part in parts)


def _bits(
    model: Model, rows: Int[Tensor, "rows time"], batch: int, piece: int
) -> Float[Tensor, "rows before"]:
    """What every token but the first costs, on the CPU in float64."""
    found = []
    for some in rows.split(batch):
        due = some[:, 1:].split(piece, dim=1)
        read = zip(pieces(model, some[:, :-1], piece), due, strict=True)
        parts = [
            F.cross_entropy(y.transpose(1, 2), x.to(y.device), reduction="none").double().cpu()
            for y, x in read
        ]
        found.append(torch.cat(parts, dim=1))
    return torch.cat(found) * bits(1)


def _interval(values: Float[Tensor, " passages"], draws: int, seed: int) -> Interval:
    g = torch.Generator().manual_seed(seed)
    some = torch.randint(len(values), (draws, len(values)), generator=g)
    ends = values[some].mean(1).quantile(torch.tensor([0.025, 0.975], dtype=values.dtype))
    return Interval(values.mean().item(), *ends.tolist())
