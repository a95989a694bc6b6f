"""One step of the outer loop: an optimizer, a planned learning rate, a gradient that is clipped.

Both kinds of training share it, on a text (training.py) and on tasks (task_training.py). A loss or
a gradient that is NaN or inf never reaches the weights. Taught in chapters 07 and 13.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from titans_book.nested.optimizers import named
from titans_book.nested.optimizers.base import tell
from titans_book.training.errors import TrainingError
from titans_book.training.schedule import Descent, learning_rate

Chosen = torch.optim.Optimizer | Callable[[nn.Module], torch.optim.Optimizer] | str | None


def adamw(model: nn.Module, settings: Descent) -> torch.optim.Optimizer:
    """AdamW for all slow weights; weight decay on those with two axes or more."""
    return named("adamw", model, settings.learning_rate, settings.weight_decay)


def new_optimizer(
    model: nn.Module,
    settings: Descent,
    given: Chosen,
) -> torch.optim.Optimizer:
    """AdamW, or the one that was given, by its name or itself, or made by a function of the model.

    One by its name takes rate and weight decay from the settings. Raises ValueError for an unknown
    name, TypeError for what is no optimizer.
    """
    if given is None:
        return adamw(model, settings)
    if isinstance(given, str):
        return named(given, model, settings.learning_rate, settings.weight_decay)
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
    tell(optimizer, loss.detach())
    return rate, norm.item()


def refuse_unless_finite(name: str, value: Tensor, step: int) -> None:
    """Stop before NaN or inf reaches the weights, and so a checkpoint."""
    if not math.isfinite(value.item()):
        raise TrainingError(
            f"the {name} is {value.item()} at step {step + 1}: training has diverged. "
            "Lower learning_rate (or the memory's theta_max) and start again, from a checkpoint "
            "if there is one."
        )
