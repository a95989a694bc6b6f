"""An exercise of chapter 12: a memory of two layers writes what it says itself."""

from __future__ import annotations

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, normal, uniform, vector
from titans_book.steps import continuum as steps
from titans_book.steps.deep import gelu, gelu_slope, mlp_read

CHAPTER = "notebooks/12_continuum.ipynb"

self_write = Exercise(
    name="12.self_write",
    grade="build",
    what="one write of a memory that makes its own value",
    reference=steps.self_write,
    probe=Probe(
        state={"W_1": normal(3, 5, scale=0.7), "W_2": normal(5, 3, scale=0.7)},
        inputs={
            "k": vector(3),
            "v": vector(3),
            "eta": uniform(0.1, 0.4),
            "keep": uniform(0.7, 0.95),
        },
        returns=("W_1", "W_2"),
        steps=4,
    ),
    hints=(
        "Four things in order: the value that the memory makes of v, the inputs of both layers for "
        "k, the errors at their outputs, and the step of each layer. Which of these are measured "
        "before anything is written?",
        "The error at the end, D_2, is (d). Sent back it is (m): `(D_2 @ W_2.T) * gelu_slope(z)` "
        "with z = k @ W_1. A layer with the input h says h @ W, and its step is "
        "`torch.outer(h, h @ W + D)`.",
        "    return W_1, W_2\n    D_1 = (D_2 @ W_2.T) * gelu_slope(z)\n"
        "    W_1 = keep * W_1 - eta * torch.outer(k, k @ W_1 + D_1)\n"
        "    D_2 = k + h @ W_2 - value\n"
        "    h = gelu(z)\n    W_2 = keep * W_2 - eta * torch.outer(h, h @ W_2 + D_2)\n"
        "    z = k @ W_1\n    value = mlp_read(W_1, W_2, v)",
    ),
    source="Nested Learning eqs. 84, 88 and 93",
    taught=CHAPTER,
    gradients=False,
    misfit="W_1 is (d, m) and takes k, (d). W_2 is (m, d) and takes gelu(k @ W_1), (m). Which of "
    "the two meets the wrong input?",
)


def write(W_1, W_2, k, value, eta, keep, D_2=None, bend=gelu_slope, erase=(1, 1), times=1):
    """The write, with the slips that several wrong versions are made of."""
    z = k @ W_1
    h = gelu(z)
    D_2 = times * (k + h @ W_2 - value) if D_2 is None else D_2
    D_1 = (D_2 @ W_2.T) * bend(z)
    W_1 = keep * W_1 - eta * torch.outer(k, erase[0] * (k @ W_1) + D_1)
    W_2 = keep * W_2 - eta * torch.outer(h, erase[1] * (h @ W_2) + D_2)
    return W_1, W_2


@self_write.wrong("Who makes the value: M_v, or the memory that is written?")
def stores_v_itself(W_1, W_2, k, v, eta, keep):
    """You write v. Each memory makes its own value of v first, by asking itself."""
    return write(W_1, W_2, k, v, eta, keep)


@self_write.wrong("Which loss has an error that knows nothing of the memory's own answer?")
def has_the_error_of_the_dot_product(W_1, W_2, k, v, eta, keep):
    """Your error is minus the value, so it does not hold what the memory says to k. That is the
    loss of (92); asked for is the squared one, of (93)."""
    value = mlp_read(W_1, W_2, v)
    return write(W_1, W_2, k, value, eta, keep, D_2=-value)


@self_write.wrong("What happens to an error on its way back through the bend?")
def sends_the_error_past_the_bend(W_1, W_2, k, v, eta, keep):
    """You send the error back through W_2, but not through the bend."""
    return write(W_1, W_2, k, mlp_read(W_1, W_2, v), eta, keep, bend=torch.ones_like)


@self_write.wrong("Does your memory say more of the value after the write, or less?")
def writes_with_the_other_sign(W_1, W_2, k, v, eta, keep):
    """Your error is the value minus the answer, so the memory walks away from the value."""
    value = mlp_read(W_1, W_2, v)
    return write(W_1, W_2, k, value, eta, keep, D_2=value - mlp_read(W_1, W_2, k))


@self_write.wrong("What does delta gradient descent have that plain gradient descent has not?")
def is_plain_gradient_descent(W_1, W_2, k, v, eta, keep):
    """You take the plain gradient step, -eta h D, in each layer. Delta gradient descent erases
    what the layer says to its input as well."""
    return write(W_1, W_2, k, mlp_read(W_1, W_2, v), eta, keep, erase=(0, 0))


@self_write.wrong("Which layers does delta gradient descent erase in?")
def erases_in_the_last_layer_alone(W_1, W_2, k, v, eta, keep):
    """You erase in the last layer alone. Every layer erases what it says to its own input."""
    return write(W_1, W_2, k, mlp_read(W_1, W_2, v), eta, keep, erase=(0, 1))


@self_write.wrong("Which W_2 was the error measured with?")
def goes_back_through_the_new_layer(W_1, W_2, k, v, eta, keep):
    """You write the last layer first, and send the error back through the new one."""
    value = mlp_read(W_1, W_2, v)
    z = k @ W_1
    h = gelu(z)
    D_2 = k + h @ W_2 - value
    W_2 = keep * W_2 - eta * torch.outer(h, h @ W_2 + D_2)
    D_1 = (D_2 @ W_2.T) * gelu_slope(z)
    return keep * W_1 - eta * torch.outer(k, k @ W_1 + D_1), W_2


@self_write.wrong("Does keep shrink what is written now?")
def lets_go_of_what_is_new(W_1, W_2, k, v, eta, keep):
    """You multiply by keep after the write, so the new value shrinks as well."""
    W_1, W_2 = write(W_1, W_2, k, mlp_read(W_1, W_2, v), eta, 1.0)
    return keep * W_1, keep * W_2


@self_write.wrong("What does the layer say to its input before it lets go of anything?")
def measures_after_letting_go(W_1, W_2, k, v, eta, keep):
    """You let go first, and measure what the layers say afterwards. All is measured at the weights
    that came in."""
    value = mlp_read(W_1, W_2, v)
    return write(keep * W_1, keep * W_2, k, value, eta, 1.0)


@self_write.wrong("Is there an error in your step, and is the value made of v?")
def has_no_error(W_1, W_2, k, v, eta, keep):
    """Your error is zero, so the step only erases. Either it is left out, or the value is made of
    k, and then the memory says it already."""
    return write(W_1, W_2, k, mlp_read(W_1, W_2, k), eta, keep)


@self_write.wrong("Does the first layer learn?")
def writes_the_last_layer_alone(W_1, W_2, k, v, eta, keep):
    """You write the last layer and leave the first as it was."""
    return W_1, write(W_1, W_2, k, mlp_read(W_1, W_2, v), eta, keep)[1]


@self_write.wrong("What is M(v) for a memory whose W_2 is zero?")
def forgets_that_it_is_residual(W_1, W_2, k, v, eta, keep):
    """Your value leaves out the input that is added at the end: M(v) = v + gelu(v W_1) W_2."""
    return write(W_1, W_2, k, gelu(v @ W_1) @ W_2, eta, keep)
