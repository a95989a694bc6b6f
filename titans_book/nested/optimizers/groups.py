"""Which parameters go together: by what they are for, or by whether they decay."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from titans_book.attention import Attention
from titans_book.check import choose
from titans_book.memory import NeuralMemory
from titans_book.nested.continuum import ContinuumMemory
from titans_book.nested.hope import SelfModifyingMemory

ROLES = {
    "embeddings": nn.Embedding,
    "memories": (NeuralMemory, SelfModifyingMemory),
    "attention": Attention,
    "levels": (),  # of a ContinuumMemory, those that have a clock
    "rest": (),
}


def build_groups(model: nn.Module, **options: dict[str, Any]) -> list[dict[str, Any]]:
    """Groups of parameters by role: embeddings, memories, attention, levels, and the rest.

        build_groups(model, memories={"period": 1}, rest={"period": 4, "lr": 1e-3})

    options   what the group of a role is given beside "params" and "role". Roles that no parameter
              has are left out. Parameters that are frozen are in no group.

    The levels of a ContinuumMemory have a group for each period, with it as "period": a model of
    variant "hope" then learns by its own clocks. A level without a clock is of the rest.

    Raises ValueError for an unknown role. Taught in chapters 11 and 12.
    """
    for role in options:
        choose("role", role, ROLES)
    period_of = dict(_levels(model))
    role_of = dict.fromkeys(period_of, "levels")
    for role, kinds in ROLES.items():
        for module in model.modules():
            if kinds and isinstance(module, kinds):
                for p in module.parameters():
                    role_of.setdefault(p, role)
    members: dict[tuple[str, int | None], list[Tensor]] = {}
    for p in model.parameters():
        if p.requires_grad:
            key = role_of.get(p, "rest"), period_of.get(p)
            members.setdefault(key, []).append(p)
    order = sorted(members, key=lambda key: (list(ROLES).index(key[0]), key[1] or 0))
    return [
        {"params": members[role, period], "role": role}
        | ({"period": period} if period else {})
        | options.get(role, {})
        for role, period in order
    ]


def _levels(model: nn.Module) -> Iterator[tuple[Tensor, int]]:
    """The parameters of every level that has a clock, and its period."""
    for module in model.modules():
        if isinstance(module, ContinuumMemory):
            for level, period in zip(module.levels, module.periods, strict=True):
                if period is not None:
                    yield from ((p, period) for p in level.parameters())


def decaying(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Two groups: weight decay on what has two axes or more, none on the rest.

    That is on matrices, and with them on the taps of convolutions and on M_0; not on biases and
    norms.
    """
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
