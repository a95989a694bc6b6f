"""What stops a training."""

import math

from torch import Tensor


class TrainingError(RuntimeError):
    """Training cannot go on; the message says why and what to do."""


def refuse_unless_finite(name: str, value: Tensor, step: int) -> None:
    """Stop before NaN or inf reaches the weights, and so a checkpoint."""
    if not math.isfinite(value.item()):
        raise TrainingError(
            f"the {name} is {value.item()} at step {step + 1}: training has diverged. "
            "Lower learning_rate (or the memory's theta_max) and start again, from a checkpoint "
            "if there is one."
        )
