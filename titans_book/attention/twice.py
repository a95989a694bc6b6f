"""Second derivatives through attention: PyTorch's fast kernels have none, and say so in riddles.

Taught in chapter 08.
"""

import torch
from torch import Tensor

MESSAGE = (
    "PyTorch's fast attention has no second derivatives: run the forward pass with its plain one, "
    "from torch.nn.attention import SDPBackend, sdpa_kernel; with sdpa_kernel(SDPBackend.MATH): ..."
)


class _Once(torch.autograd.Function):
    """A gradient as it is, of which nobody can take the gradient."""

    @staticmethod
    def forward(ctx, gradient: Tensor) -> Tensor:
        return gradient.view_as(gradient)

    @staticmethod
    def backward(ctx, *_: Tensor) -> Tensor:
        raise RuntimeError(MESSAGE)


def _guarded(gradient: Tensor) -> Tensor:
    """Where this gradient is part of a graph itself, as with create_graph=True."""
    return _Once.apply(gradient) if torch.is_grad_enabled() else gradient


def refuse(*inputs: Tensor) -> None:
    """Let whoever differentiates twice through attention over these read what to do about it."""
    fast = (
        torch.backends.cuda.flash_sdp_enabled() or torch.backends.cuda.mem_efficient_sdp_enabled()
    )
    if not fast or not torch.is_grad_enabled() or torch.compiler.is_compiling():
        return
    for x in inputs:
        if x.requires_grad:
            x.register_hook(_guarded)
