"""Memories as the papers' rule has them and as this book first started them, for older experiments.

The toys of chapters 07 and 09 were measured with memories that forget towards 0, undamped, whose
gates begin at theta = 0.2 and alpha = 0.001. Layers begin with lower write rates today, since a
memory then survives any text (chapter 05); in these short toys that is not the point.
"""

import math
from typing import Any

from torch import nn

from titans_book.memory import NeuralMemory

__all__ = ["MEMORY", "start"]

MEMORY: dict[str, Any] = {"retention": "decay", "damping": None}  # options of NeuralMemory
GATES = {"theta": 0.2, "alpha": 0.001}


def start(model: nn.Module) -> nn.Module:
    """Let the gates of all memories of the model begin there; the same model."""
    for part in model.modules():
        if isinstance(part, NeuralMemory):
            for name, share in GATES.items():
                if name in part.gates:
                    nn.init.constant_(part.gates[name].bias, math.log(share / (1 - share)))
    return model
