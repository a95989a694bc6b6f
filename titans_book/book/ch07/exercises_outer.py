"""The outer loss of chapter 07: an inner loop, one question, and what W_K learns from it.

W_K is (dim, d), M is (d, d_v), x is (T, dim), v is (T, d_v), q is (d).
"""

import torch

from titans_book.lab.learning.exercise import Exercise, normal, uniform
from titans_book.lab.learning.gradients import GradientProbe
from titans_book.steps import layer as layer_steps
from titans_book.steps.matrix import hebb_write, loss, surprise_step

CHAPTER = "notebooks/07_learning_to_memorise.ipynb"

inner_then_outer = Exercise(
    name="07.inner_then_outer",
    what="an inner loop, and the outer loss behind it",
    reference=layer_steps.inner_then_outer,
    probe=GradientProbe(
        inputs={
            "W_K": normal(5, 4, scale=0.4),
            "M": normal(4, 3),
            "x": normal(6, 5),
            "v": normal(6, 3),
            "q": normal(4),
            "target": normal(3),
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


@inner_then_outer.wrong("What happens to the memory that surprise_step returns?")
def throws_the_new_memory_away(W_K, M, x, v, q, target, theta):
    """The memory that is asked is the one from the start: surprise_step returns a new memory and
    leaves the old one as it is, so its result has to be kept, with `M = ...`."""
    return loss(M, q, target)


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


@inner_then_outer.wrong("Does the loss add up the squares, or take their mean?")
def takes_the_mean(W_K, M, x, v, q, target, theta):
    """You take the mean of the squared errors, so the loss depends on how many features a value
    has. `loss` is half their sum."""
    return 2 / len(target) * loss(_written(W_K, M, x, v, theta), q, target)


@inner_then_outer.wrong("What is the argument M for?")
def starts_at_zero(W_K, M, x, v, q, target, theta):
    """Your memory starts at zero, whatever M is given."""
    return loss(_written(W_K, 0 * M.detach(), x, v, theta), q, target)


@inner_then_outer.wrong("Which M is the second token's surprise measured at?")
def writes_all_at_once(W_K, M, x, v, q, target, theta):
    """All pairs are written in one step, from the surprise of the first M, Kᵀ(KM - V). One after
    the other, each write knows what the writes before it have done."""
    K = x @ W_K
    return loss(M - theta * K.T @ (K @ M - v), q, target)


@inner_then_outer.wrong("How often is q asked?")
def asks_after_every_write(W_K, M, x, v, q, target, theta):
    """You ask q after every write and add the losses up. It is asked once, when all is written."""
    total = 0 * q.sum()
    for t in range(len(x)):
        M = surprise_step(M, x[t] @ W_K, v[t], theta)
        total = total + loss(M, q, target)
    return total


@inner_then_outer.wrong("For autograd, what is the surprise: a formula, or just numbers?")
def takes_the_surprise_as_numbers(W_K, M, x, v, q, target, theta):
    """The loss is right, but the surprise comes as plain numbers: `autograd.grad` gives nothing
    else unless it is told `create_graph=True`. So W_K gets no gradient."""
    for t in range(len(x)):
        M = M - (M - surprise_step(M, x[t] @ W_K, v[t], theta)).detach()
    return loss(M, q, target)


@inner_then_outer.wrong("Could M_0 be learned, as the other slow weights are?")
def detaches_the_start(W_K, M, x, v, q, target, theta):
    """Nearly: the writes let the gradient through, but the M that was given is detached at the
    start, so M_0 could never be learned."""
    return loss(_written(W_K, M.detach(), x, v, theta), q, target)


@inner_then_outer.wrong("How often does `range(len(x) - 1)` run?")
def leaves_out_the_last_pair(W_K, M, x, v, q, target, theta):
    """The last pair is not written."""
    return loss(_written(W_K, M, x[:-1], v, theta), q, target)
