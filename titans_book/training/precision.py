"""Training in 16 bits: autocast around the forward pass, and a scaled loss for float16.

Weights, optimizer and memories stay in float32; only matrix products are computed in 16 bits.
bfloat16 has the range of float32. float16 does not: small gradients would become 0, so the loss is
multiplied by a large number before the backward pass, and the gradients divided by it afterwards.
Where that overflows the step is left out and the number halved. Taught in chapter 13.
"""

import math
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn, optim

from titans_book.training.errors import refuse_unless_finite

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
LEAST_SCALE = 1.0  # a gradient that overflows without any scaling is not a matter of precision


class Precision:
    """How a run computes: `precision` of its settings, on the device of its model.

    Raises ValueError for 16 bits and weights that are not in float32: autocast leaves them alone.
    """

    def __init__(self, name: str, model: nn.Module, device: torch.device) -> None:
        self.name, self.device = name, device
        self.scaler = torch.amp.GradScaler(device.type, enabled=name == "fp16")
        kinds = {weight.dtype for weight in model.parameters()}
        if name in DTYPES and kinds != {torch.float32}:
            found = ", ".join(sorted(map(str, kinds)))
            raise ValueError(f"precision={name!r} needs weights in float32, got {found}")

    def autocast(self) -> AbstractContextManager:
        """What the forward pass and the loss are computed under."""
        dtype = DTYPES.get(self.name)
        return torch.autocast(self.device.type, dtype, enabled=dtype is not None)

    def allows(self, norm: Tensor, step: int) -> bool:
        """May the optimizer step with gradients of this norm? Not if float16 overflowed.

        Raises TrainingError if the gradient is NaN or inf however small the scale.
        """
        if math.isfinite(norm.item()):
            return True
        if not self.scaler.is_enabled() or self.scaler.get_scale() < LEAST_SCALE:
            refuse_unless_finite("gradient", norm, step)
        self.scaler.update(self.scaler.get_scale() * self.scaler.get_backoff_factor())
        return False

    def step(self, optimizer: optim.Optimizer) -> None:
        """A step of the optimizer, whose gradients are unscaled already."""
        self.scaler.step(optimizer)
        self.scaler.update()
