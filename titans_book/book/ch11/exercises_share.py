"""An exercise of chapter 11: an experiment that compares optimizers over many starts and rates."""

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, normal, uniform

CHAPTER = "notebooks/11_optimizers.ipynb"


def share_found_reference(gradient, rule, starts, rates, steps):
    """The book's version."""
    eta = rates[:, None, None]
    p = starts.expand(len(rates), -1, -1)
    m = torch.zeros_like(p)
    for _ in range(steps):
        m = rule(m, gradient(p), eta)
        p = p + m
    near = p.norm(dim=-1) < 0.1
    shares = near.double().mean(1)
    best = shares.argmax()
    return shares[best], rates[best]


def _bowls(generator):
    """A bowl with a gentle side and a steeper one."""
    steep = float(uniform(1.2, 1.8)(generator))

    def gradient(p):
        return p * torch.tensor([0.8, steep], dtype=p.dtype)

    return gradient


def _rules(generator):
    alpha = float(uniform(0.6, 0.8)(generator))

    def rule(m, g, eta):
        return alpha * m - eta * g

    return rule


def _rates(generator):
    """Four rates, the last of which blows every run up."""
    low = float(uniform(0.05, 0.1)(generator))
    return torch.tensor([low, 2 * low, 4 * low, 300.0], dtype=torch.float64)


share_found = Exercise(
    name="11.share_found",
    grade="build",
    what="from how many starts an optimizer finds the minimum, at its best rate",
    reference=share_found_reference,
    probe=Probe(
        inputs={
            "gradient": _bowls,
            "rule": _rules,
            "starts": normal(200, 2, scale=0.5),
            "rates": _rates,
            "steps": lambda generator: 9 + int(torch.randint(6, (), generator=generator)),
        },
        returns=("share", "rate"),
        steps=4,
        seed=1,
    ),
    hints=(
        "All starts can run at all rates at once: give p an axis for the rates. Then one loop over "
        "the steps is enough. What do you count at the end, and over which axis is it a mean?",
        "p and m are (rates, starts, 2); `starts.expand(len(rates), -1, -1)` makes p, and "
        "`rates[:, None, None]` fits it. Distances from 0 are `p.norm(dim=-1)`, (rates, starts).",
        "    return shares[best], rates[best]\n"
        "        p = p + m\n"
        "    m = torch.zeros_like(p)\n"
        "    shares = (p.norm(dim=-1) < 0.1).double().mean(1)\n"
        "    for _ in range(steps):\n"
        "    best = shares.argmax()\n"
        "    p = starts.expand(len(rates), -1, -1)\n"
        "        m = rule(m, gradient(p), rates[:, None, None])",
    ),
    source="the book's experiment",
    taught=CHAPTER,
    part=False,
    tolerance=1e-6,  # shares that are counted in float32 are right as well
    misfit="p and m are (rates, starts, 2), a rate is one number for each of the first axis. Which "
    "of these meets another shape in your line?",
)


def _ends(gradient, rule, starts, rates, steps):
    """Where all starts end at all rates, (rates, starts, 2)."""
    p = starts.expand(len(rates), -1, -1)
    m = torch.zeros_like(p)
    for _ in range(steps):
        m = rule(m, gradient(p), rates[:, None, None])
        p = p + m
    return p


def _best(shares, rates):
    return shares.max(), rates[shares.argmax()]


def _near(p):
    return (p.norm(dim=-1) < 0.1).double()


@share_found.wrong("Is m already a step downhill, or does p have to walk against it?")
def subtracts_the_momentum(gradient, rule, starts, rates, steps):
    """You subtract m. The rule puts the minus sign into m already, so p has to go along with
    it."""
    p = starts.expand(len(rates), -1, -1)
    m = torch.zeros_like(p)
    for _ in range(steps):
        m = rule(m, gradient(p), rates[:, None, None])
        p = p - m
    return _best(_near(p).mean(1), rates)


@share_found.wrong("Could you choose another rate for every start before you have seen it run?")
def lets_every_start_choose(gradient, rule, starts, rates, steps):
    """You count a start if any of the rates finds the minimum from it. One rate has to serve all
    starts."""
    near = _near(_ends(gradient, rule, starts, rates, steps))
    return near.amax(0).mean(), rates[near.mean(1).argmax()]


@share_found.wrong("Does the optimizer begin every step with an empty momentum?")
def forgets_the_momentum(gradient, rule, starts, rates, steps):
    """You start every step with an empty momentum, so nothing is carried on."""
    p = starts.expand(len(rates), -1, -1)
    for _ in range(steps):
        p = p + rule(torch.zeros_like(p), gradient(p), rates[:, None, None])
    return _best(_near(p).mean(1), rates)


@share_found.wrong("Where does the gradient come from after the first step?")
def keeps_the_first_gradient(gradient, rule, starts, rates, steps):
    """You ask for the gradient once, at the start. It changes with every step."""
    p = starts.expand(len(rates), -1, -1)
    m, g = torch.zeros_like(p), gradient(p)
    for _ in range(steps):
        m = rule(m, g, rates[:, None, None])
        p = p + m
    return _best(_near(p).mean(1), rates)


@share_found.wrong("Is a run that has been near the minimum, and left again, a run that found it?")
def counts_a_visit(gradient, rule, starts, rates, steps):
    """You count a start if it was ever near the minimum. It has to be there at the end."""
    p, ever = starts.expand(len(rates), -1, -1), 0
    m = torch.zeros_like(p)
    for _ in range(steps):
        m = rule(m, gradient(p), rates[:, None, None])
        p = p + m
        ever = torch.maximum(_near(p), ever * torch.ones_like(_near(p)))
    return _best(ever.mean(1), rates)


@share_found.wrong("How far is the point (0.09, 0.09) from the minimum?")
def looks_at_each_coordinate(gradient, rule, starts, rates, steps):
    """You ask whether every coordinate is below 0.1. That is a square; the distance was asked
    for."""
    p = _ends(gradient, rule, starts, rates, steps)
    return _best((p.abs() < 0.1).all(-1).double().mean(1), rates)


@share_found.wrong("Over which axis do you take the mean?")
def returns_the_mean_over_rates(gradient, rule, starts, rates, steps):
    """You average over the rates as well. The share at the best rate was asked for."""
    shares = _near(_ends(gradient, rule, starts, rates, steps)).mean(1)
    return shares.mean(), rates[shares.argmax()]


@share_found.wrong("How many of the starts are there in all?")
def returns_a_count(gradient, rule, starts, rates, steps):
    """You return how many starts found it, not which share of them."""
    return _best(_near(_ends(gradient, rule, starts, rates, steps)).sum(1), rates)


@share_found.wrong("How many steps does your loop take?")
def takes_half_the_steps(gradient, rule, starts, rates, steps):
    """You take only half of the steps."""
    return _best(_near(_ends(gradient, rule, starts, rates, steps // 2)).mean(1), rates)


@share_found.wrong("Which of the rates is the best: the largest, or the one with most finds?")
def returns_the_largest_rate(gradient, rule, starts, rates, steps):
    """You return the share at the largest rate, which blows up here."""
    shares = _near(_ends(gradient, rule, starts, rates, steps)).mean(1)
    return shares[-1], rates[-1]
