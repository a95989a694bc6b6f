"""The outer loop of chapter 07: training steps that go through an inner loop.

W_K and W_Q are (features, d); an episode is x (T, features), v (T, d_v), ask (features) and target
(d_v); draw(step) gives a list of episodes.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from titans_book.lab.learning.exercise import Exercise, Probe, normal, uniform
from titans_book.steps.layer import inner_then_outer
from titans_book.steps.matrix import loss, surprise_step

__all__ = ["outer_loop"]

CHAPTER = "notebooks/07_learning_to_memorise.ipynb"


def outer_loop_reference(W_K, W_Q, draw, steps, rate, theta):
    """The book's version."""
    losses = []
    for step in range(steps):
        W_K, W_Q = W_K.detach().requires_grad_(), W_Q.detach().requires_grad_()
        total = 0
        episodes = draw(step)
        for x, v, ask, target in episodes:
            M = torch.zeros(W_K.shape[1], v.shape[1], dtype=v.dtype)
            total = total + inner_then_outer(W_K, M, x, v, ask @ W_Q, target, theta)
        mean = total / len(episodes)
        losses.append(mean.detach())
        for_keys, for_questions = torch.autograd.grad(mean, (W_K, W_Q))
        W_K, W_Q = W_K - rate * for_keys, W_Q - rate * for_questions
    return W_K.detach(), W_Q.detach(), torch.stack(losses)


def _draws(generator: Generator) -> Callable:
    """Something that draws three episodes for a step, others for each step and each example."""
    first = int(torch.randint(10_000, (), generator=generator))

    def draw(step: int) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
        g = torch.Generator().manual_seed(first + step)
        shapes = (4, 5), (4, 2), (5,), (2,)
        return [tuple(torch.randn(*s, generator=g).double() for s in shapes) for _ in range(3)]

    return draw


outer_loop = Exercise(
    name="07.outer_loop",
    what="an outer loop that trains two slow weights through an inner loop",
    reference=outer_loop_reference,
    probe=Probe(
        inputs={
            "W_K": normal(5, 3, scale=0.3),
            "W_Q": normal(5, 3, scale=0.3),
            "draw": _draws,
            "steps": lambda g: 3 + int(torch.randint(2, (), generator=g)),
            "rate": uniform(0.05, 0.1),
            "theta": uniform(0.1, 0.2),
        },
        returns=("last W_K", "last W_Q", "losses"),
        steps=3,
    ),
    hints=(
        "One step of the outer loop: draw episodes, go through them with an empty memory each, "
        "take the mean of the losses, differentiate it, and move both weights downhill. What has "
        "to be new for each step, and what for each episode?",
        "The memory is (d, d_v): W_K.shape[1] by v.shape[1], and the question is ask @ W_Q, (d). "
        "torch.autograd.grad(mean, (W_K, W_Q)) gives both gradients, if both weights were made "
        "with .detach().requires_grad_() before the episodes.",
        "    mean = total / len(episodes)\n"
        "    for x, v, ask, target in episodes:\n"
        "    W_K, W_Q = W_K.detach().requires_grad_(), W_Q.detach().requires_grad_()\n"
        "    for step in range(steps):\n"
        "    W_K, W_Q = W_K - rate * for_keys, W_Q - rate * for_questions\n"
        "    M = torch.zeros(W_K.shape[1], v.shape[1], dtype=v.dtype)\n"
        "    for_keys, for_questions = torch.autograd.grad(mean, (W_K, W_Q))\n"
        "    losses.append(mean.detach())\n"
        "    total = total + inner_then_outer(W_K, M, x, v, ask @ W_Q, target, theta)",
    ),
    source="the book's outer loop",
    taught=CHAPTER,
    part=False,
    grade="build",
    misfit="W_K and W_Q are (features, d), the losses (steps), one for each outer step: which of "
    "them has another shape in your version?",
)


def _episode(W_K, W_Q, M, one, theta, cut=lambda M: M):
    """The outer loss of one episode, and the memory after it."""
    x, v, ask, target = one
    for t in range(len(x)):
        M = cut(surprise_step(M, x[t] @ W_K, v[t], theta))
    return loss(M, ask @ W_Q, target), M


def _empty(W_K, one):
    return torch.zeros(W_K.shape[1], one[1].shape[1], dtype=W_K.dtype)


def _train(W_K, W_Q, draw, steps, rate, theta, *, batch=None, mean=True, moves=(1, 1), **how):
    """The loop with one thing changed."""
    losses = []
    for step in range(steps):
        W_K, W_Q = W_K.detach().requires_grad_(), W_Q.detach().requires_grad_()
        episodes = draw(step) if batch is None else batch(draw, step)
        each = [_episode(W_K, W_Q, _empty(W_K, one), one, theta, **how)[0] for one in episodes]
        found = torch.stack(each).mean() if mean else torch.stack(each).sum()
        losses.append(found.detach())
        grads = torch.autograd.grad(found, (W_K, W_Q), allow_unused=True, materialize_grads=True)
        W_K, W_Q = W_K - moves[0] * rate * grads[0], W_Q - moves[1] * rate * grads[1]
    return W_K.detach(), W_Q.detach(), torch.stack(losses)


@outer_loop.wrong("Which path leads from the loss back to W_K, if not through M?")
def detaches_the_memory(W_K, W_Q, draw, steps, rate, theta):
    """The losses fall, but W_K never moves: the memory is detached inside the inner loop (or runs
    under no_grad), and W_K reaches the loss through the memory alone."""
    return _train(W_K, W_Q, draw, steps, rate, theta, cut=torch.Tensor.detach)


@outer_loop.wrong("Which sign does a step downhill have?")
def climbs(W_K, W_Q, draw, steps, rate, theta):
    """You add the gradient, so each outer step makes the answers worse."""
    return _train(W_K, W_Q, draw, steps, rate, theta, moves=(-1, -1))


@outer_loop.wrong("How many slow weights are there, and how many does your step move?")
def moves_the_keys_alone(W_K, W_Q, draw, steps, rate, theta):
    """You move W_K only. W_Q decides how the memory is asked, and has to learn as well."""
    return _train(W_K, W_Q, draw, steps, rate, theta, moves=(1, 0))


@outer_loop.wrong("Does a batch of twice the size call for steps of twice the size?")
def adds_the_losses_up(W_K, W_Q, draw, steps, rate, theta):
    """You take the sum over the episodes. The mean is asked for."""
    return _train(W_K, W_Q, draw, steps, rate, theta, mean=False)


@outer_loop.wrong("What could a slow weight learn by heart, if the same episodes came every time?")
def draws_once(W_K, W_Q, draw, steps, rate, theta):
    """Every outer step has the episodes of step 0. Draw new ones in each step, with draw(step)."""
    return _train(W_K, W_Q, draw, steps, rate, theta, batch=lambda draw, step: draw(0))


@outer_loop.wrong("Which steps does range(steps) count?")
def counts_from_one(W_K, W_Q, draw, steps, rate, theta):
    """You draw for the steps 1 to `steps`. They should go from 0 to steps - 1."""
    return _train(W_K, W_Q, draw, steps, rate, theta, batch=lambda draw, step: draw(step + 1))


@outer_loop.wrong("How many episodes does draw(step) return?")
def learns_from_the_first_episode(W_K, W_Q, draw, steps, rate, theta):
    """Each outer step looks at the first episode alone, where all that were drawn count."""
    return _train(W_K, W_Q, draw, steps, rate, theta, batch=lambda draw, step: draw(step)[:1])


@outer_loop.wrong("What does the memory know when an episode begins?")
def carries_the_memory_on(W_K, W_Q, draw, steps, rate, theta):
    """An episode starts with the memory that the one before it has left. Each begins with an empty
    one."""
    losses = []
    for step in range(steps):
        W_K, W_Q = W_K.detach().requires_grad_(), W_Q.detach().requires_grad_()
        M, each = None, []
        for one in draw(step):
            M = _empty(W_K, one) if M is None else M
            found, M = _episode(W_K, W_Q, M, one, theta)
            each.append(found)
        mean = torch.stack(each).mean()
        losses.append(mean.detach())
        grads = torch.autograd.grad(mean, (W_K, W_Q))
        W_K, W_Q = W_K - rate * grads[0], W_Q - rate * grads[1]
    return W_K.detach(), W_Q.detach(), torch.stack(losses)


@outer_loop.wrong("How many steps does the outer loop make for one batch of episodes?")
def steps_after_every_episode(W_K, W_Q, draw, steps, rate, theta):
    """You move the weights after every episode. One step is asked for after all episodes of a
    batch, along the gradient of their mean loss."""
    losses = []
    for step in range(steps):
        each = []
        for one in draw(step):
            W_K, W_Q, found = _train(W_K, W_Q, lambda _, one=one: [one], 1, rate, theta)
            each.append(found[0])
        losses.append(torch.stack(each).mean())
    return W_K, W_Q, torch.stack(losses)


@outer_loop.wrong("How large is the step of the outer loop, and how large that of the inner one?")
def mixes_up_the_rates(W_K, W_Q, draw, steps, rate, theta):
    """`rate` and `theta` have changed places: theta is the write rate of the memory, rate the step
    of the slow weights."""
    return _train(W_K, W_Q, draw, steps, theta, rate)


@outer_loop.wrong("Which token is the question: one that was told, or `ask`?")
def asks_with_the_keys(W_K, W_Q, draw, steps, rate, theta):
    """You make the question with W_K. W_Q makes questions, so in your version it learns nothing."""

    def with_keys(W_K, _, one):
        return _episode(W_K, W_K, _empty(W_K, one), one, theta)[0]

    losses = []
    for step in range(steps):
        W_K = W_K.detach().requires_grad_()
        mean = torch.stack([with_keys(W_K, W_Q, one) for one in draw(step)]).mean()
        losses.append(mean.detach())
        W_K = W_K - rate * torch.autograd.grad(mean, W_K)[0]
    return W_K.detach(), W_Q, torch.stack(losses)
