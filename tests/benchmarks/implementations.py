"""What is measured: every implementation as a function of one piece of work.

`build(name, work)` gives (module or function, inputs): calling it reads and writes the whole text.
A package is imported only by its own implementation, so this file runs in any of the environments.
It stands alone: nothing of the tests, and titans_book only where it is what is measured.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F


class Work(NamedTuple):
    """One piece of work: text of `time` tokens, a memory of `depth` layers, gates per token."""

    batch: int = 2
    time: int = 512
    dim: int = 64
    heads: int = 1
    depth: int = 2
    expansion: int = 4
    chunk: int = 64
    gates_per: int = 1  # tokens that share their gates; 1 is the paper


def tokens(work: Work) -> torch.Tensor:
    g = torch.Generator().manual_seed(0)
    return torch.randn(work.batch, work.time, work.dim, generator=g)


def ours(work: Work, **options):
    from titans_book.memory import NeuralMemory

    memory = NeuralMemory(
        work.dim,
        heads=work.heads,
        depth=work.depth,
        expansion=work.expansion,
        chunk=work.chunk,
        conv=1,
        clamp=None,
        **options,
    )
    return memory, (tokens(work),)


def compiled(work: Work):
    from titans_book.compiling import when

    memory, inputs = ours(work)
    forward = memory.forward

    def always(x):
        with when("always"):
            return forward(x)

    memory.forward = always
    return memory, inputs


def loop(work: Work):
    """The oracle: token by token, float64, autograd."""
    from titans_book.memory import reference

    memory, inputs = ours(work)
    memory.memorize = lambda *a, trace=None, **rule: reference.memorize(*a, **rule)
    return memory, inputs


def attention(work: Work):
    """Scaled-dot-product attention alone, causal, without any projection."""
    d = work.dim // work.heads
    g = torch.Generator().manual_seed(0)
    shape = (work.batch, work.heads, work.time, d)
    qkv = [torch.randn(*shape, generator=g).requires_grad_() for _ in "qkv"]
    return lambda *x: F.scaled_dot_product_attention(*x, is_causal=True), qkv


def titans_pytorch(work: Work):
    from titans_pytorch import NeuralMemory

    memory = NeuralMemory(
        work.dim,
        dim_head=work.dim // work.heads,
        heads=work.heads,
        chunk_size=work.gates_per,
        batch_size=work.chunk,
        qk_rmsnorm=True,
        default_model_kwargs=dict(depth=work.depth, expansion_factor=float(work.expansion)),
    )
    return memory, (tokens(work),)


def titans_miras(work: Work):
    from titans_miras.config import NeuralMemoryConfig
    from titans_miras.neural_memory import NeuralMemory

    config = NeuralMemoryConfig(
        dim=work.dim,
        dim_head=work.dim // work.heads,
        heads=work.heads,
        chunk_size=work.gates_per,
        batch_size=work.chunk,
        default_model_kwargs=dict(depth=work.depth, expansion_factor=float(work.expansion)),
    )
    return NeuralMemory(config), (tokens(work),)


def titans_unofficial(work: Work):
    from titans.utils.memory import NeuralMemoryModule

    if work.expansion != 1 or work.heads != 1:
        raise ValueError("titans-unofficial has one head and square layers")
    return NeuralMemoryModule(work.dim, memory_depth=work.depth), (tokens(work),)


IMPLEMENTATIONS = {
    "titans_book": ours,
    "titans_book compiled": compiled,
    "token loop": loop,
    "attention": attention,
    "titans-pytorch": titans_pytorch,
    "titans-unofficial": titans_unofficial,
    "python-titans-miras": titans_miras,
}
