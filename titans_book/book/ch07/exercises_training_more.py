"""More wrong versions of the outer loop of chapter 07: gradients that pile up, losses that lag."""

import torch

from titans_book.book.ch07.exercises_training import _empty, _episode, _train, outer_loop


def _mean(W_K, W_Q, episodes, theta):
    each = [_episode(W_K, W_Q, _empty(W_K, one), one, theta)[0] for one in episodes]
    return torch.stack(each).mean()


@outer_loop.wrong("What does .backward() do with the gradient that is there from the step before?")
def lets_gradients_pile_up(W_K, W_Q, draw, steps, rate, theta):
    """Your gradients pile up: `.backward()` adds to `.grad`, so each step also repeats all those
    before it. Set `.grad` to None, or use `torch.autograd.grad`."""
    losses, sums = [], (torch.zeros_like(W_K), torch.zeros_like(W_Q))
    for step in range(steps):
        W_K, W_Q = W_K.detach().requires_grad_(), W_Q.detach().requires_grad_()
        mean = _mean(W_K, W_Q, draw(step), theta)
        losses.append(mean.detach())
        grads = torch.autograd.grad(mean, (W_K, W_Q))
        sums = tuple(old + new for old, new in zip(sums, grads, strict=True))
        W_K, W_Q = W_K - rate * sums[0], W_Q - rate * sums[1]
    return W_K.detach(), W_Q.detach(), torch.stack(losses)


@outer_loop.wrong("Is the loss of a step measured before the weights move, or after?")
def notes_the_loss_after_the_step(W_K, W_Q, draw, steps, rate, theta):
    """The weights are right, but you note the loss after each step. Note the one that you have
    differentiated: it is about episodes that the weights had never seen."""
    last_K, last_Q, _ = _train(W_K, W_Q, draw, steps, rate, theta)
    losses = []
    for step in range(steps):
        W_K, W_Q, _ = _train(W_K, W_Q, lambda _, step=step: draw(step), 1, rate, theta)
        losses.append(_mean(W_K, W_Q, draw(step), theta))
    return last_K, last_Q, torch.stack(losses)


@outer_loop.wrong("At which W_K should the gradient of W_Q be taken?")
def moves_one_after_the_other(W_K, W_Q, draw, steps, rate, theta):
    """You move W_K first and then take the gradient of W_Q at the new W_K. Both gradients belong to
    the same loss, so take both before anything moves."""
    losses = []
    for step in range(steps):
        moved, _, found = _train(W_K, W_Q, lambda _, step=step: draw(step), 1, rate, theta)
        _, W_Q, _ = _train(moved, W_Q, lambda _, step=step: draw(step), 1, rate, theta)
        W_K = moved
        losses.append(found[0])
    return W_K, W_Q, torch.stack(losses)


@outer_loop.wrong("Which weights does the second outer step start from?")
def starts_again_at_every_step(W_K, W_Q, draw, steps, rate, theta):
    """Every step starts from the weights that were given, so only the last one counts. A step goes
    on from where the one before it has arrived."""
    found = [
        _train(W_K, W_Q, lambda _, step=step: draw(step), 1, rate, theta) for step in range(steps)
    ]
    return *found[-1][:2], torch.cat([losses for _, _, losses in found])


@outer_loop.wrong("In which order does the docstring name the two weights?")
def returns_questions_first(W_K, W_Q, draw, steps, rate, theta):
    """W_K and W_Q have changed places in what you return."""
    W_K, W_Q, losses = _train(W_K, W_Q, draw, steps, rate, theta)
    return W_Q, W_K, losses


@outer_loop.wrong("What does the inner loop write before the question comes?")
def skips_the_inner_loop(W_K, W_Q, draw, steps, rate, theta):
    """You ask without writing, so every answer is 0 and no gradient reaches any weight."""
    found = [
        torch.stack([0.5 * target.square().sum() for *_, target in draw(step)]).mean()
        for step in range(steps)
    ]
    return W_K, W_Q, torch.stack(found)
