"""Gradients inside a stream, also where the caller has switched them off."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import Tensor

from titans_book.nested.continuum.state import Weights
from titans_book.state import State


def learnable(weights: Weights) -> Weights:
    """The same weights as tensors that gradients can be asked of, still joined to their graph."""
    return {
        name: W.view_as(W) if W.requires_grad else W.detach().requires_grad_()
        for name, W in weights.items()
    }


def works_in_inference_mode(function: Callable) -> Callable:
    """Within torch.inference_mode, which can take no gradients, run as within torch.no_grad."""

    @wraps(function)
    def run(*args: Any, **named: Any) -> Any:
        if not torch.is_inference_mode_enabled():
            return function(*args, **named)
        with torch.inference_mode(False), torch.no_grad():
            args = [_ordinary(one) for one in args]
            return function(*args, **{name: _ordinary(one) for name, one in named.items()})

    return run


def _ordinary(value: Any) -> Any:
    """A tensor or state that autograd knows; a tensor made in inference mode is copied."""
    if isinstance(value, State):
        return value.map(_ordinary)
    return value.clone() if isinstance(value, Tensor) and value.is_inference() else value
