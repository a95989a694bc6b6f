"""The experiments of chapter 09: blocks to look through, a coat to find again, coins to foresee.

`paths` takes what a block's output owes to each token apart, into what came by attention alone and
what went through the memory. `Wired` runs a trained block on a learner's own wiring, and can switch
parts of it off. `peeking` is MAC with the memory columns of Fig. 3a by the letter.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from titans_book.attention import AttentionState
from titans_book.book import old_start
from titans_book.book.ch09.wired import SPAN, Wired, band, mixing, silent
from titans_book.inspection.causality import jacobian
from titans_book.memory import NeuralMemory
from titans_book.model import TitansConfig, TitansLM, new_block
from titans_book.model.blocks import MACBlock
from titans_book.steps.blocks import attend, mac, mac_mask, mag, mal, parts_of
from titans_book.tasks.batch import TaskBatch
from titans_book.tasks.needle import needle
from titans_book.tasks.recall import mqar
from titans_book.training.on_tasks import train_on
from titans_book.training.schedule import Descent

__all__ = [
    "COMPARED",
    "HAY",
    "NAMES",
    "SPAN",
    "TASK",
    "TIME",
    "Wired",
    "band",
    "block_of",
    "by_wiring",
    "coins",
    "draw",
    "fresh",
    "hay",
    "mixed",
    "paths",
    "peeking",
    "spell",
    "taught",
    "text",
]

NAMES = {"attention": "window alone", "lmm": "memory alone", "mac": "MAC", "mag": "MAG",
         "mal": "MAL"}  # fmt: skip
COMPARED = (*NAMES, "window", "linear attention")  # the models of the recorded comparison
TIME, WIDTH = 24, 8  # of the blocks to look through: tokens and features

TASK = {"time": 16, "pairs": 1, "vocab": 8, "power": 12.0, "fill": True}
HAY = {"time": 32, "vocab": 16}
SETTINGS = Descent(steps=50, learning_rate=2e-2, warmup=5, weight_decay=0.0)
SEARCH = Descent(steps=120, learning_rate=2e-2, warmup=5, weight_decay=0.0)
FORESEE = Descent(steps=60, learning_rate=2e-2, warmup=5, weight_decay=0.0)
FRESH = 1000  # the seeds of training start here; those below are for looking


def spans(variant: str) -> dict[str, int]:
    """What bounds the short-term memory of a variant, and its persistent tokens."""
    if variant == "lmm":
        return {}
    return {"segment" if variant == "mac" else "window": SPAN, "persistent": 2}


def _config(variant: str, vocab: int, width: int, **memory: Any) -> TitansConfig:
    own = {"depth": 1, **old_start.MEMORY, **memory}
    memory = {} if variant == "attention" else {"memory": own}
    size = dict(vocab=vocab, dim=width, depth=1, heads=1, hidden=width)
    return TitansConfig(variant, **size, **spans(variant), **memory)


def text(time: int = TIME, seed: int = 0) -> Float[Tensor, "time 8"]:
    """A text for the blocks: tokens that have nothing to do with each other."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(time, WIDTH, generator=generator, dtype=torch.float64)


@lru_cache(maxsize=8)
def block_of(variant: str) -> nn.Module:
    """A block of a variant, untrained and drawn wide, so that every path can be seen."""
    with torch.random.fork_rng(devices=[]):
        block = new_block(_config(variant, vocab=2, width=WIDTH, chunk=4, conv=1)).double()
        torch.manual_seed(0)
        for weight in block.parameters():
            nn.init.normal_(weight, std=0.5)
    return block.requires_grad_(False)


WIRINGS = {"mac": mac, "mag": mag, "mal": mal}


def mixed(variant: str, how: Callable[[Tensor], Tensor] = lambda m: m) -> Callable:
    """A function from a text to what the block's mixing makes of it; `how` changes the memory's
    answers."""
    block = block_of(variant)
    if variant == "attention":
        return lambda x: x + block.attention(block.attention_norm(x[None]))[0][0]
    if variant == "lmm":
        return lambda x: x + how(block.memory(block.memory_norm(x[None]))[0][0])
    parts = parts_of(block)
    parts = parts._replace(recall=silent(parts.recall, how), memory=silent(parts.memory, how))
    if variant == "mal":
        return lambda x: mixing(variant, parts, mal, x)
    return lambda x: x + mixing(variant, parts, WIRINGS[variant], block.norm(x))


@lru_cache(maxsize=8)
def paths(variant: str) -> tuple[Float[Tensor, "T T"], Float[Tensor, "T T"]]:
    """How much output t owes to token s: by the short path, and by the long one.

    Both are sizes of a derivative. The short one has the memory's answers held fast, so it holds
    the token itself and what attention sees of the text; the long one is all the rest, the paths
    that enter a memory at least once.
    """
    x = text()
    everything = jacobian(mixed(variant), x)
    short = jacobian(mixed(variant, torch.Tensor.detach), x)
    return short.norm(dim=(1, 3)), (everything - short).norm(dim=(1, 3))


def draw(step: int) -> TaskBatch:
    """A batch of one coat each: a letter and its number are told first and asked for late."""
    return mqar(32, **TASK, seed=FRESH + step)


def hay(step: int) -> TaskBatch:
    """A batch of haystacks, each with a needle at any depth that is asked for at the end."""
    return needle(32, **HAY, seed=FRESH + step)


def taught(model: TitansLM, draw: Callable[[int], TaskBatch], settings: Descent) -> TitansLM:
    """The model itself, trained on these batches."""
    for _ in train_on(model, draw, settings):
        pass
    return model


def by_wiring(block: nn.Module, variant: str, wiring: Callable, x: Tensor) -> Tensor:
    """A block's answers to a text, (time, dim), with its parts on another wiring."""
    made = mixing(variant, parts_of(block), wiring, x if variant == "mal" else block.norm(x))
    made = made if variant == "mal" else x + made
    return made + block.mlp(block.mlp_norm(made))


def spell(token: int) -> str:
    """A token of the coat task as a reader writes it: a, b, c are letters, 1 to 4 numbers.

    >>> spell(1), spell(4), spell(7)
    ('a', '1', '4')
    """
    return str(token - 3) if token >= 4 else "-abc"[token]


def _drawn(config: TitansConfig, seed: int) -> TitansLM:
    """A model whose projections are all drawn in PyTorch's own way, whatever a block prefers.

    So the five start alike, and the experiment stays what it is when a block learns to start
    better.
    """
    model = TitansLM(config)
    torch.manual_seed(seed)
    kinds = [m for m in model.modules() if isinstance(m, nn.Linear)]
    kinds += [m for m in model.modules() if isinstance(m, NeuralMemory)]
    for module in (*kinds, model):  # a memory draws its gates once more, and the model its outputs
        module.reset_parameters() if isinstance(module, nn.Linear) else module._start()
    for name, weight in model.named_parameters():
        if name.endswith("persistent"):
            nn.init.normal_(weight)
    return old_start.start(model).double()


def fresh(variant: str, seed: int = 0, vocab: int = TASK["vocab"]) -> TitansLM:
    """A model of one small block for the coat, or hay. Chunks fit the stretch that is written."""
    chunk = SPAN if variant == "mac" else TASK["time"]
    return _drawn(_config(variant, vocab, 16, chunk=chunk), seed)


def coins(batch: int, seed: int, time: int = 16) -> TaskBatch:
    """Coins, heads 1 and tails 0: at each the next one is due. Nobody can know it."""
    generator = torch.Generator().manual_seed(seed)
    thrown = torch.randint(0, 2, (batch, time + 1), generator=generator)
    return TaskBatch(thrown[:, :-1].clone(), thrown[:, 1:].clone())


class AllOfH(MACBlock):
    """MAC as Fig. 3a draws it: a row sees all memory columns of its segment."""

    def attend(
        self, z: Tensor, h: Tensor, state: AttentionState | None
    ) -> tuple[Tensor, AttentionState]:
        """As MACBlock, with another mask; a segment has to come in one piece."""
        _, state = super().attend(z, h, state)
        P, time = self.attention.persistent, z.shape[1]
        mask = mac_mask(len(P), time)
        mask[:, len(P) : len(P) + time] = True
        columns = torch.cat([P.expand(len(z), *P.shape), h, z], dim=1)
        return torch.vmap(lambda S, c: attend(self.attention, S, c, mask))(z, columns), state


def peeking(seed: int = 0) -> TitansLM:
    """A small MAC for coins, with Fig. 3a by the letter."""
    model = _drawn(_config("mac", vocab=2, width=16, chunk=SPAN), seed)
    model.blocks[0].__class__ = AllOfH
    return model


@torch.no_grad()
def one_by_one(model: nn.Module, inputs: Tensor) -> Tensor:
    """What a model says after each token when it has been given nothing behind it: its guesses."""
    told = (inputs[:, : t + 1] for t in range(inputs.shape[1]))
    return torch.stack([model(some)[0][:, -1].argmax(-1) for some in told], dim=1)
