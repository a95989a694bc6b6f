"""Which parameters go together: by what they are for, or by whether they decay."""

from typing import Any

from torch import Tensor, nn

from titans_book.attention import Attention
from titans_book.check import choose
from titans_book.memory import NeuralMemory

ROLES = {"embeddings": nn.Embedding, "memories": NeuralMemory, "attention": Attention, "rest": ()}


def build_groups(model: nn.Module, **options: dict[str, Any]) -> list[dict[str, Any]]:
    """Groups of parameters by role: embeddings, memories, attention, and the rest.

        build_groups(model, memories={"period": 1}, rest={"period": 4, "lr": 1e-3})

    options   what the group of a role is given beside "params" and "role". Roles that no parameter
              has are left out. Parameters that are frozen are in no group.

    Raises ValueError for an unknown role. Taught in chapter 11.
    """
    for role in options:
        choose("role", role, ROLES)
    found: dict[Tensor, str] = {}
    for role, kinds in ROLES.items():
        for module in model.modules():
            if isinstance(module, kinds):
                for p in module.parameters():
                    found.setdefault(p, role)
    members: dict[str, list[Tensor]] = {role: [] for role in ROLES}
    for p in model.parameters():
        if p.requires_grad:
            members[found.get(p, "rest")].append(p)
    return [
        {"params": params, "role": role, **options.get(role, {})}
        for role, params in members.items()
        if params
    ]


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
