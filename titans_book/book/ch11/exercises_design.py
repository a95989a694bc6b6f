"""The open design of chapter 11: an optimizer that is good at three problems at once.

It has many right answers. It is judged by what it does, at the best of 21 rates for each problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from titans_book.book.ch11.design import BAR, scores
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.steps import optimizers as steps

CHAPTER = "notebooks/11_optimizers.ipynb"
NAN, MOST = -1.2345, 1e9


def _tried_on(function: Callable) -> Iterator[Step]:
    """Where it goes in five steps of a small problem; then its three scores.

    A check looks at one step. What follows is between the function and its state, which nobody
    else may touch, so there the function runs by itself.
    """
    random = torch.Generator().manual_seed(0)
    p, state = torch.randn(3, 2, 4, generator=random, dtype=torch.float64), {}
    rate, way = torch.full((3, 1, 1), 0.1, dtype=torch.float64), []
    function(p, p, rate, {})
    function = getattr(function, "function", function)
    for _ in range(5):
        g = p + torch.randn(p.shape, generator=random, dtype=torch.float64)
        p = function(p, g, rate, state)
        if isinstance(p, Tensor) and p.shape != g.shape:
            raise ValueError(f"the parameters are {tuple(g.shape)}, yours are {tuple(p.shape)}")
        way.append(_marked(p))
    yield {"way": torch.stack(way), "scores": torch.zeros(3)}
    found = torch.tensor(list(scores(function).values()))
    yield {"way": torch.stack(way), "scores": found}


def _marked(values: Tensor) -> Tensor:
    return values.double().nan_to_num(nan=NAN, posinf=MOST, neginf=-MOST)


_tried_on.names = lambda: ("p", "g", "rate", "state")


def _good_enough(steps_: list[Step]) -> str:
    """What is missing: the problem at which it is worst."""
    if (steps_[0]["way"] == NAN).any():
        return "It makes NaN within five steps of an easy problem. Is something divided by 0?"
    names = ("valley", "tails", "facts")
    found = dict(zip(names, steps_[1]["scores"].tolist(), strict=True))
    problem, least = min(found.items(), key=lambda pair: pair[1])
    if least >= BAR:
        return ""
    advice = {
        "valley": "A steep valley needs something that damps the swing from wall to wall and "
        "keeps the speed along the floor.",
        "tails": "There one gradient in a hundred is enormous, and says next to nothing.",
        "facts": "There the gradient of a rare fact is 180 times smaller than that of the most "
        "frequent one, and only 20 steps are allowed.",
    }
    all_three = ", ".join(f"{name} {score:.2f}" for name, score in found.items())
    said = f"Its score is {least:.2f}, where {BAR} is asked for ({all_three}). "
    if max(found.values()) < 0.1:
        return said + "It gets nowhere in any of them. Does it step against the gradient?"
    return f"{said}It is worst at “{problem}”. {advice[problem]}"


def _my_optimizer(p, g, rate, state):
    """Cut the gradient at length 2, and hand it to the delta momentum."""
    g = g * (2 / _size(g)).clamp(max=1)
    m = state.get("the book's m", torch.zeros_like(p))
    state["the book's m"] = steps.delta_momentum(m, g, 0.9, 1, 0.1)
    return p + rate * state["the book's m"]


def _size(g):
    """The length of each run's gradient, (n, 1, 1)."""
    return g.square().sum((1, 2), keepdim=True).sqrt() + 1e-30


my_optimizer = Exercise(
    name="11.my_optimizer",
    grade="open",
    what="an optimizer that is good at three problems at once",
    reference=_my_optimizer,
    probe=_tried_on,
    hints=(
        "Look at what each of the earlier ones is bad at. Momentum needs help against wild "
        "gradients. What did help there, and can it act before the gradient is written?",
        "p and g are (n, a, b), n runs at once, and rate is (n, 1, 1). The length of each run's "
        "gradient is `g.square().sum((1, 2), keepdim=True).sqrt()`, (n, 1, 1). "
        '`state.get("m", torch.zeros_like(p))` is what you kept under that name, or zeros.',
        '    return p + rate * state["m"]\n'
        '    m = state.get("m", torch.zeros_like(p))\n'
        "    g = g * (limit / size).clamp(max=1)\n"
        "    size = g.square().sum((1, 2), keepdim=True).sqrt() + 1e-30\n"
        '    state["m"] = delta_momentum(m, g, 0.9, 1, s)',
    ),
    source="the three problems of this chapter",
    taught=CHAPTER,
    part=False,
    accept=_good_enough,
    solution="def my_optimizer(p, g, rate, state):\n"
    "    size = g.square().sum((1, 2), keepdim=True).sqrt() + 1e-30\n"
    "    g = g * (2 / size).clamp(max=1)\n"
    '    m = state.get("m", torch.zeros_like(p))\n'
    '    state["m"] = delta_momentum(m, g, 0.9, 1, 0.1)\n'
    '    return p + rate * state["m"]',
)


@my_optimizer.wrong("Which of the three problems can do without a memory?")
def is_sgd(p, g, rate, state):
    """It is plain gradient descent, without any memory. In the valley it swings or crawls."""
    return p - rate * g


@my_optimizer.wrong("What does one enormous gradient do to a momentum, and for how long?")
def is_the_usual_momentum(p, g, rate, state):
    """It is the usual momentum. One wild gradient stays in it for twenty steps."""
    state["m"] = 0.9 * state.get("m", 0) + g
    return p - rate * state["m"]


@my_optimizer.wrong("Is a wild gradient erased before or after it has moved the weights?")
def is_delta_momentum_alone(p, g, rate, state):
    """It is delta momentum. It finds the minimum in the valley from everywhere, but it writes a
    wild gradient as it is."""
    m = state.get("m", torch.zeros_like(p))
    state["m"] = steps.delta_momentum(m, g, 0.9, 1, 0.1)
    return p + rate * state["m"]


@my_optimizer.wrong("How long is your last step, when the minimum is very near?")
def is_a_unit_step(p, g, rate, state):
    """It brings every gradient to length 1 and has no memory. Wild gradients cannot hurt it, but
    its steps never get shorter, and in the valley it swings."""
    return p - rate * g / _size(g)


@my_optimizer.wrong("What do Newton-Schulz steps make of a matrix with one row?")
def is_muon(p, g, rate, state):
    """It is Muon. It knows all facts, but with one row of parameters it can only give every step
    nearly the same length, and the valley is too narrow for that."""
    state["m"] = 0.9 * state.get("m", 0) + g
    return p - rate * steps.newton_schulz(state["m"], 5)


@my_optimizer.wrong("By which number does Adam divide after one enormous gradient, and how long?")
def is_adam(p, g, rate, state):
    """It is Adam. It divides by the size of what it has seen, so after a wild gradient it hardly
    moves for a while, and it is slow to learn the rare facts."""
    t = state["t"] = state.get("t", 0) + 1
    state["m"] = 0.9 * state.get("m", 0) + 0.1 * g
    state["v"] = 0.99 * state.get("v", 0) + 0.01 * g.square()
    size = (state["v"] / (1 - 0.99**t)).sqrt() + 1e-8
    return p - rate * state["m"] / (1 - 0.9**t) / size


@my_optimizer.wrong("How fast does clipping alone come down the floor of the valley?")
def only_clips(p, g, rate, state):
    """It cuts long gradients and has no memory. Wild gradients cannot hurt it, but it neither
    finds its way down the valley nor learns the rare facts in time."""
    return p - rate * g * (0.5 / _size(g)).clamp(max=1)


@my_optimizer.wrong("Does your optimizer subtract a gradient, or add it?")
def walks_uphill(p, g, rate, state):
    """It walks uphill: p has to go against the gradient."""
    return p + rate * g * (2 / _size(g)).clamp(max=1)


@my_optimizer.wrong("What is in your state after a hundred steps, if nothing ever decays?")
def never_forgets(p, g, rate, state):
    """Its momentum never decays, so it is the sum of all gradients since the beginning, and the
    parameters swing for ever."""
    state["m"] = state.get("m", 0) + g
    return p - rate * state["m"]


@my_optimizer.wrong("Where is the momentum kept between two steps?")
def forgets_its_state(p, g, rate, state):
    """It makes a new momentum at every step and keeps nothing in the state, so it remembers
    nothing."""
    m = steps.delta_momentum(torch.zeros_like(p), 2 * g / _size(g), 0.9, 1, 0.1)
    return p + rate * m
