"""Exercise of chapter 05: the gradients of both layers, by hand.

W_1 is (d, m), W_2 is (m, d), k and v are (d).
"""

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, normal, vector
from titans_book.steps import deep as deep_steps
from titans_book.steps.deep import gelu, gelu_slope

CHAPTER = "notebooks/05_deep_memory.ipynb"


def _parts(W_1, W_2, k, v):
    """z, h and D_2, the error at the end."""
    z = k @ W_1
    h = gelu(z)
    return z, h, k + h @ W_2 - v


inner_grad = Exercise(
    name="05.inner_grad",
    what="the surprise of both layers, by hand",
    grade="build",
    reference=deep_steps.inner_grad,
    probe=Probe(
        inputs={"W_1": normal(4, 6), "W_2": normal(6, 4), "k": vector(4), "v": normal(4)},
        returns=("u_1", "u_2"),
    ),
    load=lambda: (
        torch.randn(64, 128).double(), torch.randn(128, 64).double(),
        torch.randn(64).double(), torch.randn(64).double(),
    ),
    hints=(
        "First forwards: z, h, and how wrong the answer is. Then the error goes back, the way it "
        "came: through W_2, through the bend.",
        "D_2 has d numbers, D_2 @ W_2.T has m, and so has gelu_slope(z). A layer's gradient has "
        "the layer's shape: torch.outer(what went in, the error at its output).",
        "    D_1 = (D_2 @ W_2.T) * gelu_slope(z)\n    h = gelu(z)\n"
        "    return torch.outer(k, D_1), torch.outer(h, D_2)\n    z = k @ W_1\n"
        "    D_2 = k + h @ W_2 - v",
    ),
    source="Titans eqs. 8 and 12, for each layer",
    taught=CHAPTER,
)  # fmt: skip


@inner_grad.wrong("An error passes through the bend where it is flat: how much comes out?")
def forgets_the_slope(W_1, W_2, k, v):
    """The error goes back through W_2 but not through the bend: gelu_slope(z) is missing in D_1."""
    _, h, D_2 = _parts(W_1, W_2, k, v)
    return torch.outer(k, D_2 @ W_2.T), torch.outer(h, D_2)


@inner_grad.wrong("gelu_slope wants the hidden layer before the bend: is that z or h?")
def takes_the_slope_at_h(W_1, W_2, k, v):
    """The slope is taken at h, behind the bend. It belongs to z, where the bend was entered."""
    _, h, D_2 = _parts(W_1, W_2, k, v)
    return torch.outer(k, (D_2 @ W_2.T) * gelu_slope(h)), torch.outer(h, D_2)


@inner_grad.wrong("What is the derivative of gelu: gelu again?")
def bends_the_error(W_1, W_2, k, v):
    """You multiply by gelu(z), where its derivative belongs: gelu_slope(z)."""
    _, h, D_2 = _parts(W_1, W_2, k, v)
    return torch.outer(k, (D_2 @ W_2.T) * h), torch.outer(h, D_2)


@inner_grad.wrong("If you turn the sign of u, in which direction does M − θu walk?")
def points_downhill(W_1, W_2, k, v):
    """Both gradients have the other sign: you take v - M(k) for the error. The minus comes later,
    in S."""
    z, h, D_2 = _parts(W_1, W_2, k, v)
    return -torch.outer(k, (D_2 @ W_2.T) * gelu_slope(z)), -torch.outer(h, D_2)


@inner_grad.wrong("What is the derivative of ½ x²?")
def forgets_the_half(W_1, W_2, k, v):
    """Both gradients are twice too large: the loss has a ½ in front."""
    z, h, D_2 = _parts(W_1, W_2, k, v)
    return 2 * torch.outer(k, (D_2 @ W_2.T) * gelu_slope(z)), 2 * torch.outer(h, D_2)


@inner_grad.wrong("What does this memory answer if all weights are 0?")
def forgets_the_residual(W_1, W_2, k, v):
    """The answer in your error lacks k: M(k) = k + gelu(k W_1) W_2."""
    z, h, D_2 = _parts(W_1, W_2, k, v)
    D_2 = D_2 - k
    return torch.outer(k, (D_2 @ W_2.T) * gelu_slope(z)), torch.outer(h, D_2)


@inner_grad.wrong("What went *into* the last layer: z, or what the bend made of it?")
def gives_z_to_the_last_layer(W_1, W_2, k, v):
    """The gradient of the last layer has z in it. What goes into that layer is h = gelu(z)."""
    z, _, D_2 = _parts(W_1, W_2, k, v)
    return torch.outer(k, (D_2 @ W_2.T) * gelu_slope(z)), torch.outer(z, D_2)


@inner_grad.wrong("If D_2 is 0 in one feature, should the hidden layer learn from that feature?")
def sends_nothing_back(W_1, W_2, k, v):
    """The hidden layer is left out: only the last one learns. A network whose first layer stands
    still is one matrix again, for bent keys."""
    _, h, D_2 = _parts(W_1, W_2, k, v)
    return torch.zeros_like(W_1), torch.outer(h, D_2)


@inner_grad.wrong("Does a value with twice as many features deserve half the write?")
def takes_the_mean(W_1, W_2, k, v):
    """You divide by the number of features: the loss is a sum over features, not a mean."""
    z, h, D_2 = _parts(W_1, W_2, k, v)
    D_2 = D_2 / len(v)
    return torch.outer(k, (D_2 @ W_2.T) * gelu_slope(z)), torch.outer(h, D_2)


@inner_grad.wrong("Which of the two layers is met first on the way back?")
def sends_it_through_the_first_layer(W_1, W_2, k, v):
    """You send the error back through W_1. It has to pass the last layer, W_2, to get to z."""
    z, h, D_2 = _parts(W_1, W_2, k, v)
    return torch.outer(k, (D_2 @ W_1) * gelu_slope(z)), torch.outer(h, D_2)


@inner_grad.wrong("Is D_2 what the answer is, or by how much it is wrong?")
def sends_back_the_answer(W_1, W_2, k, v):
    """You send the answer back. The error is what counts: M(k) - v."""
    z, h, D_2 = _parts(W_1, W_2, k, v)
    D_2 = D_2 + v
    return torch.outer(k, (D_2 @ W_2.T) * gelu_slope(z)), torch.outer(h, D_2)


@inner_grad.wrong("Through how many ways did k come to the answer, and which of them have weights?")
def sends_the_error_along_the_residual(W_1, W_2, k, v):
    """Your D_1 gets a share from the straight way, x + ... . That way has no weights: its error
    goes back to k, and W_1 never hears of it."""
    z, h, D_2 = _parts(W_1, W_2, k, v)
    D_1 = (D_2 @ W_2.T) * gelu_slope(z) + D_2 @ W_1
    return torch.outer(k, D_1), torch.outer(h, D_2)


@inner_grad.wrong("What stands inside the brackets of gelu in M(k) = k + gelu(k W_1) W_2?")
def bends_the_answer(W_1, W_2, k, v):
    """Your error is measured at an answer that is bent once more. The bend acts on the hidden layer
    only."""
    z, h, _ = _parts(W_1, W_2, k, v)
    D_2 = gelu(k + h @ W_2) - v
    return torch.outer(k, (D_2 @ W_2.T) * gelu_slope(z)), torch.outer(h, D_2)


@inner_grad.wrong("A unit that does not fire has slope 0. How much of the error may pass it?")
def adds_the_slope(W_1, W_2, k, v):
    """You add the slope. The error that comes back is multiplied by it, entry by entry."""
    z, h, D_2 = _parts(W_1, W_2, k, v)
    return torch.outer(k, D_2 @ W_2.T + gelu_slope(z)), torch.outer(h, D_2)
