"""Who depends on whom? Three ways to ask, of any function or model that reads a text in order.

    influence(answer, x)[t, s]       how far answer t moves when token s is changed       (T, T)
    sensitivity(answer, x)[t, s]     |d answer_t / d x_s|, the size of the derivative     (T, T)
    leaks(model, tokens, vocab)      {p: the places before p whose logits moved}

A causal model has nothing above the diagonal: exactly 0, in any dtype, for what is not read cannot
make a rounding error. The first looks at one change of one text, and the second at no change at
all, so each can miss what the other finds: a function may be flat just where one looks, or have two
ends of a change at one height. Taught in chapter 09.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["influence", "jacobian", "leaks", "sensitivity"]

Answer = Callable[[Tensor], Tensor]  # (T, d) -> (T, d_out)


def influence(answer: Answer, x: Float[Tensor, "T d"]) -> Float[Tensor, "T T"]:
    """Row t, column s: how far answer t moves, at most, when token s is changed by 1.

    Taught in notebooks/09_mac_mag_mal.ipynb.

    >>> influence(lambda x: x.cumsum(0), torch.zeros(2, 1).double())
    tensor([[1., 0.],
            [1., 1.]], dtype=torch.float64)
    """
    before, columns = answer(x), []
    for s in range(len(x)):
        changed = x.clone()
        changed[s] += 1
        columns.append((answer(changed) - before).abs().amax(-1))
    return torch.stack(columns, dim=1)


def jacobian(answer: Answer, x: Float[Tensor, "T d"]) -> Float[Tensor, "T d_out T d"]:
    """d answer_t / d x_s for all t and s, by one backward pass a number, all of them at once."""
    leaf = x.detach().clone().requires_grad_()
    found = answer(leaf)
    seeds = torch.eye(found.numel(), dtype=found.dtype).view(-1, *found.shape)
    (rows,) = torch.autograd.grad(found, leaf, seeds, is_grads_batched=True)
    return rows.view(*found.shape, *x.shape)


def sensitivity(answer: Answer, x: Float[Tensor, "T d"]) -> Float[Tensor, "T T"]:
    """Row t, column s: the Frobenius norm of d answer_t / d x_s.

    >>> sensitivity(lambda x: x.cumsum(0) ** 2, torch.ones(2, 1).double())
    tensor([[2., 0.],
            [4., 4.]], dtype=torch.float64)
    """
    return jacobian(answer, x).norm(dim=(1, 3))


@torch.no_grad()
def leaks(model: Callable, tokens: Tensor, vocab: int) -> dict[int, Int[Tensor, " places"]]:
    """For every place p whose token moves an earlier logit: the places that moved. {} is causal.

    tokens is one text, (time) of whole numbers; every token is changed once, to the next one of the
    vocabulary. model maps (1, time) to logits, or to a tuple that begins with them. Raises
    ValueError for tokens that are not a row of whole numbers below `vocab`.

    >>> onehot = torch.eye(4)
    >>> leaks(lambda tokens: onehot[tokens].cumsum(1), torch.tensor([0, 1, 2]), vocab=4)
    {}
    >>> leaks(lambda tokens: onehot[tokens.roll(-1, 1)], torch.tensor([0, 1, 2]), vocab=4)
    {1: tensor([0]), 2: tensor([1])}
    """
    whole = not tokens.is_floating_point() and tokens.dim() == 1
    if not whole or not tokens.numel() or tokens.min() < 0 or tokens.max() >= vocab:
        raise ValueError(
            f"tokens must be a row of whole numbers from 0 to {vocab - 1}, got {tokens.dtype} of "
            f"shape {tuple(tokens.shape)}"
        )
    before, found = _logits(model, tokens), {}
    for p in range(1, len(tokens)):
        changed = tokens.clone()
        changed[p] = (changed[p] + 1) % vocab
        moved = (_logits(model, changed) != before)[:p].flatten(1).any(1)
        if moved.any():
            found[p] = moved.nonzero().flatten()
    return found


def _logits(model: Callable, tokens: Tensor) -> Tensor:
    """The logits of one text, (time, vocab)."""
    out = model(tokens[None])
    return (out[0] if isinstance(out, tuple) else out)[0]
