"""Through the inner step: exercises of chapter 07 that are about nothing but gradients.

W_K is (dim, d), M is (d, d_v), x is (T, dim), v is (T, d_v) or (d_v), q and k are (d).
"""

import torch

from titans_book.lab.learning.exercise import Exercise, normal, uniform
from titans_book.lab.learning.gradients import GradientProbe
from titans_book.memory import layer_steps
from titans_book.memory.steps import hebb_write, loss, momentum_step, surprise_grad, surprise_step

CHAPTER = "notebooks/07_learning_to_memorise.ipynb"

inner_then_outer = Exercise(
    name="07.inner_then_outer",
    what="an inner loop, and the outer loss behind it",
    reference=layer_steps.inner_then_outer,
    probe=GradientProbe(
        inputs={
            "W_K": normal(4, 3, scale=0.5),
            "M": normal(3, 2),
            "x": normal(4, 4),
            "v": normal(4, 2),
            "q": normal(3),
            "target": normal(2),
            "theta": uniform(0.05, 0.2),
        },
        returns=("loss",),
        of=("W_K", "M", "v", "q"),
        steps=3,
    ),
    hints=(
        "First all writes, one after the other. Then one question.",
        "x[t] @ W_K is the key of token t, (d). surprise_step gives the next M; loss(M, q, target) "
        "is ½|q M - target|², a tensor without axes.",
        "    return loss(M, q, target)\n        M = surprise_step(M, x[t] @ W_K, v[t], theta)\n"
        "    for t in range(len(x)):",
    ),
    source="Titans eqs. 8 and 11",
    taught=CHAPTER,
    part=False,
)


def _written(W_K, M, x, v, theta, *, before=lambda M: M, after=lambda M: M):
    for t in range(len(x)):
        M = after(surprise_step(before(M), x[t] @ W_K, v[t], theta))
    return M


@inner_then_outer.wrong("Which path leads from the loss back to W_K, if not through M?")
def detaches_every_write(W_K, M, x, v, q, target, theta):
    """The loss is right, but M is detached after each write. The outer gradient can only come
    through M, so W_K gets none."""
    return loss(_written(W_K, M, x, v, theta, after=torch.Tensor.detach), q, target)


@inner_then_outer.wrong("The second write corrects the first one. Does your gradient know?")
def sees_the_last_write_only(W_K, M, x, v, q, target, theta):
    """The loss is right, but M is detached before each write, so the gradient knows of the last
    write alone."""
    return loss(_written(W_K, M, x, v, theta, before=torch.Tensor.detach), q, target)


@inner_then_outer.wrong("Is the result still a tensor with a history?")
def gives_a_plain_number(W_K, M, x, v, q, target, theta):
    """The number is right, but it is only a number: `item()`, `float()` or
    `detach()` cuts it off from W_K."""
    return loss(_written(W_K, M, x, v, theta), q, target).detach()


@inner_then_outer.wrong("Which of the two loops does `target` belong to?")
def adds_up_the_inner_losses(W_K, M, x, v, q, target, theta):
    """You add up how wrong the memory was while it wrote. That is the inner loss; the outer one is
    about the question that comes afterwards."""
    total = 0 * q.sum()
    for t in range(len(x)):
        total = total + loss(M, x[t] @ W_K, v[t])
        M = surprise_step(M, x[t] @ W_K, v[t], theta)
    return total


@inner_then_outer.wrong("What is q for?")
def asks_with_the_last_key(W_K, M, x, v, q, target, theta):
    """You ask with the last token's key where the question is q."""
    return loss(_written(W_K, M, x, v, theta), x[-1] @ W_K, target)


@inner_then_outer.wrong("Which M does the second write start from?")
def forgets_the_earlier_writes(W_K, M, x, v, q, target, theta):
    """Every token writes into the first M, so only the last write is there when q asks."""
    return loss(surprise_step(M, x[-1] @ W_K, v[-1], theta), q, target)


@inner_then_outer.wrong("If the memory knew a pair already, how much should it write?")
def writes_without_asking(W_K, M, x, v, q, target, theta):
    """You write theta times the value, whatever the memory answers: Hebb's rule, not a surprise."""
    for t in range(len(x)):
        M = hebb_write(M, x[t] @ W_K, theta * v[t])
    return loss(M, q, target)


@inner_then_outer.wrong("In which direction does surprise_step go already?")
def climbs(W_K, M, x, v, q, target, theta):
    """Your memory steps along the gradient, so every write makes it more wrong."""
    return loss(_written(W_K, M, x, v, -theta), q, target)


@inner_then_outer.wrong("Which factor stands in front of the book's squared error?")
def forgets_the_half(W_K, M, x, v, q, target, theta):
    """The outer loss lacks its ½."""
    return 2 * loss(_written(W_K, M, x, v, theta), q, target)


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
