"""One step of the outer loop: AdamW, a planned learning rate, and a gradient that is clipped.

Both kinds of training share it, on a text (training.py) and on tasks (task_training.py). A loss or
a gradient that is NaN or inf never reaches the weights. Taught in chapters 07 and 13.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from titans_book.training.errors import TrainingError
from titans_book.training.schedule import Descent, learning_rate


def adamw(model: nn.Module, settings: Descent) -> torch.optim.AdamW:
    """AdamW for all slow weights; weight decay on those with two axes or more.

    That is on matrices, and with them on the taps of convolutions and on M_0; not on biases and
    norms.
    """
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.95))


def new_optimizer(
    model: nn.Module,
    settings: Descent,
    given: torch.optim.Optimizer | Callable[[nn.Module], torch.optim.Optimizer] | None,
) -> torch.optim.Optimizer:
    """AdamW, or the one that was given, or made by a function of the model.

    Raises TypeError if that is no optimizer.
    """
    if given is None:
        return adamw(model, settings)
    made = given if isinstance(given, torch.optim.Optimizer) else given(model)
    if not isinstance(made, torch.optim.Optimizer):
        raise TypeError(f"optimizer must be a torch.optim.Optimizer, got {type(made).__name__}")
    return made


def differentiate(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Float[Tensor, ""],
    step: int,
    settings: Descent,
) -> tuple[float, float]:
    """Make everything ready for `optimizer.step()`: learning rate, gradients, clipped.

    step counts from 0. Returns the learning rate and the norm of the gradient before it was
    clipped. Raises TrainingError if the loss or the gradient is NaN or inf; nothing is lost then.
    """
    refuse_unless_finite("loss", loss, step)
    rate = learning_rate(step, settings)
    for group in optimizer.param_groups:  # each keeps its own rate, times the plan
        own = group.setdefault("initial_lr", group["lr"])
        group["lr"] = rate if own == settings.learning_rate else rate * own / settings.learning_rate
    optimizer.zero_grad()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
    refuse_unless_finite("gradient", norm, step)
    return rate, norm.item()


def refuse_unless_finite(name: str, value: Tensor, step: int) -> None:
    """Stop before NaN or inf reaches the weights, and so a checkpoint."""
    if not math.isfinite(value.item()):
        raise TrainingError(
            f"the {name} is {value.item()} at step {step + 1}: training has diverged. "
            "Lower learning_rate (or the memory's theta_max) and start again, from a checkpoint "
            "if there is one."
        )
