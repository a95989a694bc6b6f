"""How much a model owes to its memory and to its attention, for every token and block.

This is mean ablation. A source is switched off in one block, and all that follows is computed
again. Off does not mean zero, which a model never sees, but the source's mean over the text: what
it says to any token, but nothing about this one. Then we look at two numbers for every token,

    moved_t = |x'_t - x_t| / |x_t - z_t|    z the block's input, x its output, x' without the source
    cost_t  = loss'_t - loss_t              nats of the guess of the next token

A source that always says the same has moved = 0 and cost = 0. What this cannot tell:

- The shares do not add up. In MAC and MAG the memory opens or closes what attention answers, a
  product, and without either factor the other is worth little. In MAC the memory also reads what
  attention answers, and in MAL attention reads what the memory made: the first source's number
  holds what the second one made of it.
- It is one block at a time. Two blocks that know the same cover for each other.
- The mean is over this text, so the number depends on the text.
- "Memory" is the whole branch, with its slow weights, its convolution and M_0. What was written
  while reading is only a part of it: shut the write gate theta to measure that alone.

Taught in chapter 13.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from titans_book.attention import Attention
from titans_book.inspection.watching import Seen, sources, watch
from titans_book.model import TitansLM


@dataclass(frozen=True)
class Relevance:
    """What every source is worth to every token; the last token's guess has no target.

    moved[source]   how far the block's output moves without it, in units of the block's own step.
    cost[source]    what the guess of the next token loses, in nats; below 0 the source did harm.
    """

    moved: dict[str, Float[Tensor, "blocks time"]]
    cost: dict[str, Float[Tensor, "blocks targets"]]

    @property
    def sources(self) -> tuple[str, ...]:
        """What the blocks have, by name: memory, attention, or both."""
        return tuple(self.moved)

    def share(self, source: str = "memory") -> Float[Tensor, "blocks time"]:
        """The part of a source in what all sources together move, from 0 to 1.

        With a single source it is 1: there is nothing to compare. Raises ValueError for a source
        that the model does not have.
        """
        if source not in self.moved:
            raise ValueError(f"source must be one of {self.sources}, got {source!r}")
        total = sum(self.moved.values())
        return torch.where(total > 0, self.moved[source] / total, 1 / len(self.moved))


@torch.no_grad()
def relevance(model: TitansLM, tokens: Int[Tensor, " time"]) -> Relevance:
    """Read a text once as it is, and once without each source of each block.

    Raises ValueError for a text of fewer than 2 tokens.

    >>> from titans_book import TitansConfig
    >>> model = TitansLM(TitansConfig("lmm", vocab=8, dim=16, depth=2, heads=2, hidden=16))
    >>> found = relevance(model, torch.tensor([1, 2, 3]))
    >>> found.sources, found.moved["memory"].shape, found.cost["memory"].shape
    (('memory',), torch.Size([2, 3]), torch.Size([2, 2]))
    """
    if tokens.dim() != 1 or len(tokens) < 2:
        raise ValueError(
            f"tokens must have shape (time,) with time >= 2, got {tuple(tokens.shape)}"
        )
    tokens = tokens.to(model.embedding.weight.device)
    names = list(sources(model.blocks[0]))
    moved, cost = ({name: [] for name in names} for _ in range(2))
    z = model.embedding(tokens[None])
    usual = _losses(model, z, tokens, first=0)
    for number, block in enumerate(model.blocks):
        with watch(block) as seen:
            x, _ = block(z)
        step = (x - z).norm(dim=-1)[0].clamp(min=1e-12)
        for name in names:
            with _ablated(block, name, seen):
                other, _ = block(z)
            moved[name].append((other - x).norm(dim=-1)[0] / step)
            cost[name].append(_losses(model, other, tokens, first=number + 1) - usual)
        z = x
    return Relevance(*({k: torch.stack(v).cpu() for k, v in d.items()} for d in (moved, cost)))


def _losses(model: TitansLM, x: Tensor, tokens: Tensor, first: int) -> Tensor:
    """The loss at every token when x goes into the blocks from `first` on."""
    for block in model.blocks[first:]:
        x, _ = block(x)
    logits = model.head(x)[0, :-1]
    return F.cross_entropy(logits, tokens[1:], reduction="none")


@contextmanager
def _ablated(block: nn.Module, name: str, seen: Seen) -> Iterator[None]:
    """The block with a source that answers its mean over the text, whatever it is asked.

    For MAC the memory answers twice, to attention and to the gate; both answers fall silent.
    """
    parts = sources(block)
    answer = seen.answers[0, name].mean(1, keepdim=True)

    def silent(module, given, result):
        return answer.expand_as(result[0]), result[1]

    with ExitStack() as hooks:
        hooks.callback(parts[name].register_forward_hook(silent).remove)
        if not isinstance(parts[name], Attention):
            for (_, other), recalled in seen.recalled.items():
                hook = _beside(recalled.mean(1, keepdim=True))
                made = parts[other].register_forward_pre_hook(hook, with_kwargs=True)
                hooks.callback(made.remove)
        yield


def _beside(h: Tensor):
    """A pre-hook that puts the same h beside every token."""
    return lambda module, given, named: (
        given, {**named, "beside": h.expand_as(named["beside"])}
    )  # fmt: skip
