"""More wrong versions of a write that makes its own value: the terms of its step."""

from __future__ import annotations

import torch

from titans_book.book.ch12.exercises_self import self_write, write
from titans_book.steps.deep import gelu, gelu_slope, mlp_read


@self_write.wrong("Is the value a constant in the loss, or does it move with the weights?")
def sends_the_error_through_the_value(W_1, W_2, k, v, eta, keep):
    """You let the gradient through the value as well. The memory makes it, but in the loss it
    counts as a constant, like v in the chapters before."""
    h, layers = gelu(k @ W_1), [W.detach().clone().requires_grad_() for W in (W_1, W_2)]
    loss = (mlp_read(*layers, k) - mlp_read(*layers, v)).square().sum() / 2
    g_1, g_2 = torch.autograd.grad(loss, layers)
    W_1 = keep * W_1 - eta * (torch.outer(k, k @ W_1) + g_1)
    return W_1, keep * W_2 - eta * (torch.outer(h, h @ W_2) + g_2)


@self_write.wrong("What does a memory with empty layers say to k?")
def leaves_k_out_of_its_answer(W_1, W_2, k, v, eta, keep):
    """Your error leaves out the input that is added at the end. The memory says k + gelu(k W_1) W_2
    to k."""
    D_2 = gelu(k @ W_1) @ W_2 - mlp_read(W_1, W_2, v)
    return write(W_1, W_2, k, None, eta, keep, D_2=D_2)


@self_write.wrong("At which of the two is the slope taken, at z or at gelu(z)?")
def takes_the_slope_behind_the_bend(W_1, W_2, k, v, eta, keep):
    """You take the slope of the bend at gelu(z). It is taken at z, the input of the bend."""
    bend = lambda z: gelu_slope(gelu(z))  # noqa: E731
    return write(W_1, W_2, k, mlp_read(W_1, W_2, v), eta, keep, bend=bend)


@self_write.wrong("What does the first layer itself say to k, before or after the bend?")
def erases_what_comes_after_the_bend(W_1, W_2, k, v, eta, keep):
    """In the first layer you erase gelu(k W_1). What the layer itself says is k W_1."""
    W_1_, W_2_ = write(W_1, W_2, k, mlp_read(W_1, W_2, v), eta, keep, erase=(0, 1))
    return W_1_ - eta * torch.outer(k, gelu(k @ W_1)), W_2_


@self_write.wrong("Is the input that is added at the end stored in a layer?")
def erases_the_input_as_well(W_1, W_2, k, v, eta, keep):
    """In the last layer you erase the whole answer. The k in it does not come from a layer."""
    W_1_, W_2_ = write(W_1, W_2, k, mlp_read(W_1, W_2, v), eta, keep)
    return W_1_, W_2_ - eta * torch.outer(gelu(k @ W_1), k)


@self_write.wrong("Which W_1 makes the input of the last layer, the old one or the new one?")
def feeds_the_last_layer_with_the_new_first(W_1, W_2, k, v, eta, keep):
    """You write the first layer first, and measure the input of the last one with it."""
    W_1_, _ = write(W_1, W_2, k, mlp_read(W_1, W_2, v), eta, keep)
    D_2, h = mlp_read(W_1, W_2, k) - mlp_read(W_1, W_2, v), gelu(k @ W_1_)
    return W_1_, keep * W_2 - eta * torch.outer(h, h @ W_2 + D_2)


@self_write.wrong("Which way does the equation go, with a minus or with a plus before eta?")
def walks_uphill(W_1, W_2, k, v, eta, keep):
    """You add the whole step. The equation takes it away."""
    return write(W_1, W_2, k, mlp_read(W_1, W_2, v), -eta, keep)


@self_write.wrong("What is `keep` for?")
def never_lets_go(W_1, W_2, k, v, eta, keep):
    """You leave `keep` out."""
    return write(W_1, W_2, k, mlp_read(W_1, W_2, v), eta, 1.0)


@self_write.wrong("What does keep = 1 make of your layers?")
def keeps_what_is_let_go(W_1, W_2, k, v, eta, keep):
    """You multiply by 1 - keep. Here `keep` is the share that stays."""
    return write(W_1, W_2, k, mlp_read(W_1, W_2, v), eta, 1 - keep)


@self_write.wrong("How often does the formula of a layer have h W in it?")
def erases_twice_over(W_1, W_2, k, v, eta, keep):
    """You erase what a layer says two times. The error has the second erasing in it already."""
    return write(W_1, W_2, k, mlp_read(W_1, W_2, v), eta, keep, erase=(2, 2))


@self_write.wrong("By which rate is it erased?")
def erases_all_at_once(W_1, W_2, k, v, eta, keep):
    """You erase without the rate. Both terms of the step are multiplied by eta."""
    return write(W_1, W_2, k, mlp_read(W_1, W_2, v), eta, keep, erase=(1 / eta, 1 / eta))


@self_write.wrong("What is the slope of half a square?")
def forgets_the_half(W_1, W_2, k, v, eta, keep):
    """Your error counts twice. The loss is half of the squared error."""
    return write(W_1, W_2, k, mlp_read(W_1, W_2, v), eta, keep, times=2)


@self_write.wrong("Is the loss a sum over the d numbers, or their mean?")
def takes_the_mean(W_1, W_2, k, v, eta, keep):
    """You divide the error by d. The loss is a sum."""
    return write(W_1, W_2, k, mlp_read(W_1, W_2, v), eta, keep, times=1 / len(k))


@self_write.wrong("Under which of the two is it written, and of which is the value made?")
def swaps_key_and_value(W_1, W_2, k, v, eta, keep):
    """You write under v what the memory says to k. It is the other way round."""
    return write(W_1, W_2, v, mlp_read(W_1, W_2, k), eta, keep)


@self_write.wrong("Who brings keys and values to length 1, the write or the token?")
def normalises_key_and_value(W_1, W_2, k, v, eta, keep):
    """You bring k and v to length 1. The write takes them as they come."""
    return self_write.reference(W_1, W_2, k / k.norm(), v / v.norm(), eta, keep)


@self_write.wrong("What is the input of the second layer?")
def forgets_the_bend(W_1, W_2, k, v, eta, keep):
    """You feed the second layer with k W_1. There is a bend in between, so its input is
    gelu(k W_1)."""
    z, D_2 = k @ W_1, k + k @ W_1 @ W_2 - mlp_read(W_1, W_2, v)
    W_1, D_1 = keep * W_1, (D_2 @ W_2.T) * gelu_slope(z)
    W_2 = keep * W_2 - eta * torch.outer(z, z @ W_2 + D_2)
    return W_1 - eta * torch.outer(k, z + D_1), W_2
