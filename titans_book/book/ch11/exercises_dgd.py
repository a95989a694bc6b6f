"""An exercise of chapter 11: the step of delta gradient descent, for inputs of any length."""

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, normal, uniform, vector
from titans_book.steps import optimizers as steps

CHAPTER = "notebooks/11_optimizers.ipynb"

dgd_step = Exercise(
    name="11.dgd_step",
    what="one step of delta gradient descent",
    reference=steps.dgd_step,
    probe=Probe(
        state={"W": normal(4, 3)},
        inputs={"x": vector(4), "e": normal(3), "eta": uniform(0.2, 1.5)},
        returns=("W",),
    ),
    hints=(
        "Write the new weights as W - x ⊗ z and put that into the objective: what z makes it "
        "smallest? Its answer to x moves by |x|² z.",
        "x is (d_in), e and x @ W are (d_out), `torch.outer(x, ...)` is (d_in, d_out). The rate is "
        "a number made of eta and x @ x.",
        "    return W - rate * torch.outer(x, x @ W + e)\n    rate = eta / (1 + eta * x @ x)",
    ),
    source="Nested Learning eqs. 56-57",
    taught=CHAPTER,
    misfit="W is (d_in, d_out), x is (d_in), e is (d_out). Which of these meets another shape in "
    "your line?",
)


def _step(W, x, e, rate):
    return W - rate * torch.outer(x, x @ W + e)


@dgd_step.wrong("Is the gradient of the objective zero at your W, for an x of length 2?")
def takes_the_printed_rate(W, x, e, eta):
    """You take eta / (1 + eta), as the paper prints it. That is right only if x has length 1."""
    return _step(W, x, e, eta / (1 + eta))


@dgd_step.wrong("What happens to your step if eta goes to infinity?")
def takes_one_gradient_step(W, x, e, eta):
    """You take one gradient step with the rate eta. The question asks for the minimum itself: at
    the minimum the error is measured after the step, not before it."""
    return _step(W, x, e, eta)


@dgd_step.wrong("What in the objective speaks of the answer that the layer gives now?")
def is_plain_gradient_descent(W, x, e, eta):
    """You leave x @ W out, so this is plain gradient descent with another rate: nothing is
    erased."""
    return W - eta / (1 + eta * x @ x) * torch.outer(x, e)


@dgd_step.wrong("The value is u = -e. Should the answer to x move towards u or away from it?")
def moves_towards_the_error(W, x, e, eta):
    """You move the answer to x towards +e. The value is -e, the direction downhill."""
    return W - eta / (1 + eta * x @ x) * torch.outer(x, x @ W - e)


@dgd_step.wrong("Which of the two terms of the objective did your step make worse?")
def walks_uphill(W, x, e, eta):
    """You add the step. Both terms of the objective ask for the other direction."""
    return _step(W, x, e, -eta / (1 + eta * x @ x))


@dgd_step.wrong("Is it |x| or |x|² that the answer to x moves by?")
def takes_the_length(W, x, e, eta):
    """You take the length of x instead of its square. A step of x ⊗ z moves the answer by
    |x|² z."""
    return _step(W, x, e, eta / (1 + eta * x.norm()))


@dgd_step.wrong("For eta = 0.01 and a short x, which rate should come out, nearly?")
def forgets_eta_below(W, x, e, eta):
    """Your denominator is 1 + |x|², without eta. For a small eta the step must be nearly eta
    itself."""
    return _step(W, x, e, eta / (1 + x @ x))


@dgd_step.wrong("What does your step do if eta is 0, so that W may not move?")
def forgets_to_stay_near(W, x, e, eta):
    """You divide by |x|² alone. Then the answer is -e exactly, and W is not held near where it
    was."""
    return _step(W, x, e, 1 / (x @ x)) + 0 * eta


@dgd_step.wrong("Does the erasing have the same rate as the writing?")
def erases_at_full_rate(W, x, e, eta):
    """You erase with the rate 1 and write with another one, as the shorter version of the paper
    prints it. One and the same rate belongs to both."""
    return W - torch.outer(x, x @ W) - eta / (1 + eta * x @ x) * torch.outer(x, e)


@dgd_step.wrong("Is the gradient of ½ z² equal to z, or to 2 z?")
def counts_the_half_loss_twice(W, x, e, eta):
    """You lose a half: with 2 eta in both places it would be the minimum without the ½ in
    front."""
    return _step(W, x, e, 2 * eta / (1 + 2 * eta * x @ x))


@dgd_step.wrong("For a very large eta, how large may the rate become?")
def squares_eta(W, x, e, eta):
    """You have eta² below the line, where eta belongs."""
    return _step(W, x, e, eta / (1 + eta**2 * x @ x))


@dgd_step.wrong("What does Python make of `eta / 1 + eta * x @ x`?")
def forgets_the_brackets(W, x, e, eta):
    """You lack brackets around 1 + eta |x|², so only the 1 is below the line."""
    return _step(W, x, e, eta / 1 + eta * x @ x)


@dgd_step.wrong("Is the x of the objective allowed to have any length?")
def makes_x_a_unit_vector(W, x, e, eta):
    """You bring x to length 1 first. Then the printed rate is right, but for another question: the
    layer is asked with x itself."""
    return _step(W, x / x.norm(), e, eta / (1 + eta))


@dgd_step.wrong("How far may W move if eta is nearly 0?")
def forgets_eta_above(W, x, e, eta):
    """You have 1 above the line, where eta belongs. For a small eta, W has to stay where it was."""
    return _step(W, x, e, 1 / (1 + eta * x @ x))


@dgd_step.wrong("In the objective, what is multiplied by 1/eta, and what by |x|²?")
def counts_one_more(W, x, e, eta):
    """You divide by 1/eta + 1 + |x|². The 1 is one too many: 1/eta + |x|² is the same as
    (1 + eta |x|²) / eta."""
    return _step(W, x, e, 1 / (1 / eta + 1 + x @ x))


@dgd_step.wrong("What does your step write, when W is still zero?")
def only_erases(W, x, e, eta):
    """You only erase. The error e has to be written as well."""
    return W - eta / (1 + eta * x @ x) * torch.outer(x, x @ W) + 0 * e


@dgd_step.wrong("Which shape has e, and which x ⊗ e?")
def adds_the_error_to_every_row(W, x, e, eta):
    """You add e itself to every row of the matrix. It has to be multiplied by x: the outer product
    is over both."""
    return W - eta / (1 + eta * x @ x) * (torch.outer(x, x @ W) + e)
