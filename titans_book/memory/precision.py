"""The recurrence computes in float32 or better, whatever surrounds it."""

from contextlib import AbstractContextManager, nullcontext

import torch


def full_precision(device: torch.device) -> AbstractContextManager:
    """Without autocast; on the device "meta" there is none."""
    return nullcontext() if device.type == "meta" else torch.autocast(device.type, enabled=False)
