"""One step of the outer loop: an optimizer, a planned learning rate, a gradient that is clipped.

Both kinds of training share it, on a text (one_step.py) and on tasks (on_tasks.py). A loss or
a gradient that is NaN or inf never reaches the weights. Taught in chapters 07 and 13.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from titans_book.nested.optimizers import named
from titans_book.nested.optimizers.base import tell
from titans_book.training.errors import refuse_unless_finite
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
    rate = set_rate(optimizer, step, settings)
    optimizer.zero_grad()
    loss.backward()
    norm = clip(model, settings)
    refuse_unless_finite("gradient", norm, step)
    tell(optimizer, loss.detach())
    return rate, norm.item()


def set_rate(optimizer: torch.optim.Optimizer, step: int, settings: Descent) -> float:
    """Give every group its rate of this step, its own times the plan; returns the plan's rate."""
    rate = learning_rate(step, settings)
    for group in optimizer.param_groups:
        own = group.setdefault("initial_lr", group["lr"])
        group["lr"] = rate if own == settings.learning_rate else rate * own / settings.learning_rate
    return rate


def clip(model: nn.Module, settings: Descent) -> Float[Tensor, ""]:
    """Scale the gradients down to the norm `clip` if theirs is larger; returns what it was."""
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
    return norm.full_tensor() if hasattr(norm, "full_tensor") else norm  # of gradients in shards
