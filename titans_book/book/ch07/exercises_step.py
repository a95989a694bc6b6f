"""The bug hunt of chapter 07: a step whose numbers are right, and whose gradient is not.

M and S are (d_in, d_out), k is (d_in), v is (d_out); theta, eta and alpha are numbers.
"""

import torch

from titans_book.lab.learning.exercise import Exercise, normal, uniform
from titans_book.lab.learning.gradients import GradientProbe
from titans_book.steps.matrix import loss, momentum_step, surprise_grad

CHAPTER = "notebooks/07_learning_to_memorise.ipynb"


def mended_step_reference(M, S, k, v, theta, eta, alpha):
    """The closed form: no autograd inside, and a gradient for everything."""
    u = surprise_grad(M, k, v)
    S = momentum_step(S, u, theta, eta)
    return (1 - alpha) * M + S, S


mended_step = Exercise(
    name="07.mended_step",
    what="one token of Titans that lets the outer gradient through",
    reference=mended_step_reference,
    probe=GradientProbe(
        inputs={
            "M": normal(4, 3),
            "S": normal(4, 3, scale=0.3),
            "k": normal(4, scale=0.5),
            "v": normal(3),
            "theta": uniform(0.1, 0.4),
            "eta": uniform(0.2, 0.9),
            "alpha": uniform(0.05, 0.4),
        },
        returns=("next M", "next S"),
        of=("M", "S", "k", "v", "theta", "eta", "alpha"),
        steps=3,
    ),
    hints=(
        "Two ways lead out: take u from chapter 02, where autograd is not needed, or keep autograd "
        "and let it build a graph of its own gradient.",
        "The surprise u = kᵀ(k M − v) is one line, with the shape of M, and PyTorch follows every "
        "product in it. No detach anywhere.",
        "    return (1 - alpha) * M + S, S\n    u = surprise_grad(M, k, v)\n"
        "    S = momentum_step(S, u, theta, eta)",
    ),
    source="Titans eqs. 13 and 14, with their gradients",
    taught=CHAPTER,
    part=False,
)


def _step(M, S, u, theta, eta, alpha):
    S = eta * S - theta * u
    return (1 - alpha) * M + S, S


def _by_autograd(M, k, v, create_graph=False):
    """u at a copy of M that is cut off from M's own history."""
    live = M.detach().requires_grad_()
    with torch.enable_grad():
        return torch.autograd.grad(loss(live, k, v), live, create_graph=create_graph)[0]


@mended_step.wrong("Which lines of yours take a tensor without its history?")
def cuts_as_it_was_found(M, S, k, v, theta, eta, alpha):
    """The numbers are right, and nothing flows back: so it is with the step as it was found, and
    with anything that runs under `no_grad` or through `.data`."""
    M, S = _step(M.detach(), S, _by_autograd(M, k, v), theta, eta, alpha)
    return M.detach(), S.detach()


@mended_step.wrong("For autograd, what is u: a formula, or just numbers?")
def cuts_the_surprise(M, S, k, v, theta, eta, alpha):
    """Better: M and S are no longer detached, but `autograd.grad` gives plain numbers unless it is
    told `create_graph=True`. So k and v still get no gradient."""
    return _step(M, S, _by_autograd(M.detach(), k.detach(), v.detach()), theta, eta, alpha)


@mended_step.wrong("The surprise depends on k, on v, and on what else?")
def cuts_the_memory_in_the_surprise(M, S, k, v, theta, eta, alpha):
    """Nearly: k, v and the gates get gradients, but the surprise is taken at a detached M, so it
    does not know that earlier writes have already answered. (It is called a first-order gradient.)
    """
    return _step(M, S, _by_autograd(M, k, v, create_graph=True), theta, eta, alpha)


@mended_step.wrong("Over how many tokens does a gradient then reach back?")
def cuts_what_it_hands_on(M, S, k, v, theta, eta, alpha):
    """The new M is still detached on its way out."""
    M, S = _step(M, S, surprise_grad(M, k, v), theta, eta, alpha)
    return M.detach(), S


@mended_step.wrong("Does past surprise belong to the graph as well?")
def cuts_the_momentum(M, S, k, v, theta, eta, alpha):
    """The new S is detached, so what momentum does later never comes back to this token."""
    M, S = _step(M, S, surprise_grad(M, k, v), theta, eta, alpha)
    return M, S.detach()


@mended_step.wrong("How shall a gate learn when to open?")
def cuts_the_gates(M, S, k, v, theta, eta, alpha):
    """Keys and values are mended, but the gates are taken as plain numbers (`item()`, `float()` or
    `detach()`), so they get no gradient."""
    return _step(M, S, surprise_grad(M, k, v), *(gate.detach() for gate in (theta, eta, alpha)))


@mended_step.wrong(
    "Two cuts are left: in the first line, and where u is made. What does each keep?"
)
def mends_the_last_line_only(M, S, k, v, theta, eta, alpha):
    """The last line is mended, and S and the gates learn. But M is detached in the first line
    still, and `autograd.grad` gives plain numbers, so M, k and v get no gradient."""
    u = _by_autograd(M.detach(), k.detach(), v.detach())
    return _step(M.detach(), S, u, theta, eta, alpha)


@mended_step.wrong("Whose surprise is in the S that comes in?")
def cuts_the_old_momentum(M, S, k, v, theta, eta, alpha):
    """The old S is detached before it is carried on, so past surprise never comes back to the
    tokens that caused it."""
    return _step(M, S.detach(), surprise_grad(M, k, v), theta, eta, alpha)


@mended_step.wrong("Which two arguments are inside that detach?")
def cuts_what_is_carried_on(M, S, k, v, theta, eta, alpha):
    """The old S is detached together with its gate, as `(eta * S).detach()`: neither earlier tokens
    nor eta learn from it."""
    return _step(M, S.detach(), surprise_grad(M, k, v), theta, eta.detach(), alpha)


@mended_step.wrong("At which M should the surprise be measured?")
def measures_at_the_new_memory(M, S, k, v, theta, eta, alpha):
    """You forget before you measure the surprise: that changes the numbers, not only the
    gradient."""
    M, S = (1 - alpha) * M, eta * S - theta * surprise_grad((1 - alpha) * M, k, v)
    return M + S, S


@mended_step.wrong("What is the derivative of ½ x²?")
def doubles_the_surprise(M, S, k, v, theta, eta, alpha):
    """Your surprise is twice too large: the loss is half the squared error."""
    return _step(M, S, 2 * surprise_grad(M, k, v), theta, eta, alpha)


@mended_step.wrong("What has the M that you return forgotten about the M that came in?")
def starts_from_a_copy(M, S, k, v, theta, eta, alpha):
    """`create_graph=True` is right, and k, v and the gates now learn. But M is a detached copy from
    the first line on, so nothing flows back to earlier tokens."""
    return _step(M.detach(), S, _by_autograd(M, k, v, create_graph=True), theta, eta, alpha)
