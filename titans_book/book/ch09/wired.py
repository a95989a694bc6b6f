"""A trained block on a wiring of one's own, and with parts of it switched off (chapter 09)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from titans_book.attention import masks
from titans_book.model import TitansLM
from titans_book.steps.blocks import Parts, parts_of

__all__ = ["SPAN", "Wired", "band", "looks", "mixing", "silent"]

SPAN = 8  # tokens of a window, and of a segment


def band(N_p: int, time: int) -> Tensor:
    """A window of SPAN tokens behind N_p persistent columns, (time, N_p + time)."""
    mask = masks.persistent_columns(masks.window(SPAN), N_p)
    return masks.matrix(mask, torch.arange(time), N_p + time)


def mixing(variant: str, parts: Parts, wiring: Callable, x: Tensor) -> Tensor:
    """What a wiring makes of a text x, in these parts."""
    P, recall, attend, memory, gate, norms = parts
    if variant == "mac":
        return wiring(x, P, SPAN, recall, attend, memory, gate)
    last = norms if variant == "mal" else (gate,)
    return wiring(x, P, band(len(P), len(x)), attend, memory, *last)


def silent(part: Callable, how: Callable[[Tensor], Tensor]) -> Callable:
    """A part of which only its answer is changed."""

    def call(x: Tensor, state: Any) -> tuple[Tensor, Any]:
        answer, state = part(x, state)
        return how(answer), state

    return call


class Wired(nn.Module):
    """A trained model of one block, run on a wiring of your own; `off` switches parts of it off.

    off: any of "h" and "m" (what the memory recalls, and what it answers to gate or to add),
    "window" (of the tokens, a token sees itself alone; of h as much as before) and "persistent"
    (nobody sees P). Slow: text by text.
    """

    def __init__(self, model: TitansLM, wiring: Callable, off: tuple[str, ...] = ()):
        super().__init__()
        if unknown := set(off) - {"h", "m", "window", "persistent"}:
            raise ValueError(f"off={sorted(unknown)}: choose of h, m, window and persistent")
        self.model, self.wiring, self.off = model, wiring, off

    def _parts(self, block: nn.Module) -> Parts:
        parts, nothing = parts_of(block), torch.zeros_like
        recall = silent(parts.recall, nothing) if "h" in self.off else parts.recall
        memory = silent(parts.memory, nothing) if "m" in self.off else parts.memory

        def attend(x: Tensor, columns: Tensor, mask: Tensor) -> Tensor:
            mask, N_p = mask.clone(), len(parts.P)
            if "persistent" in self.off:
                mask[:, :N_p] = False
            if "window" in self.off:
                for start in range(N_p, len(columns), len(x)):
                    place = slice(start, start + len(x))
                    if torch.equal(columns[place], x):  # the tokens themselves, and not h
                        mask[:, place] &= torch.eye(len(x)).bool()
            return parts.attend(x, columns, mask)

        return parts._replace(recall=recall, memory=memory, attend=attend)

    @torch.no_grad()
    def forward(self, tokens: Tensor) -> tuple[Tensor, None]:
        """Logits, as the model's own."""
        (block,), variant = self.model.blocks, self.model.config.variant
        x, parts = self.model.embedding(tokens), self._parts(block)
        if variant == "mal":
            x = torch.stack([mixing(variant, parts, self.wiring, one) for one in x])
        else:
            z = block.norm(x)
            x = x + torch.stack([mixing(variant, parts, self.wiring, one) for one in z])
        x = x + block.mlp(block.mlp_norm(x))
        return self.model.head(x), None


@torch.no_grad()
def looks(model: TitansLM, wiring: Callable, tokens: Tensor) -> Tensor:
    """What the rows of MAC's attention give to P, to h and to the tokens of a text, (time, 3)."""
    block, recalled = model.blocks[0], []
    P, recall, attend, memory, gate, _ = parts_of(block)

    def asking(S: Tensor, state: Any) -> tuple[Tensor, Any]:
        h, state = recall(S, state)
        recalled.append(h)
        return h, state

    z = block.norm(model.embedding(tokens))
    wiring(z, P, SPAN, asking, attend, memory, gate)
    given = block.attention.weights(z[None], torch.cat(recalled)[None])[0, 0]
    return torch.stack([part.sum(1) for part in given.split([len(P), len(z), len(z)], 1)], 1)
