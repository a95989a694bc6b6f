"""An exercise of chapter 03: the momentum with which a faint word is heard as it was said."""

import torch

from titans_book.book.ch03 import aftershocks
from titans_book.lab.learning.exercise import Exercise

CHAPTER = "notebooks/03_past_surprise.ipynb"


def _my_eta():
    """After-shocks of the quake that bring the bridge's answer close to 1."""
    return 0.75  # past the bridge's half share of 4 theta / (1 - eta) = 1.6, its own write helps


def _heard(eta):
    """What the memory answers about the bridge at the end of the report."""
    words, k, v = aftershocks.passage()
    reading = aftershocks.read(k, v, aftershocks.THETA, eta)
    return (k[words.index("bridge")] @ reading.M[-1]).squeeze()


def _probe(function):
    eta = float(function())
    yield {"answer": _heard(eta), "eta": torch.tensor(eta, dtype=torch.float64)}


def _judge(steps):
    """Between 90 and 110 % of what was said is right."""
    answer, eta = float(steps[0]["answer"]), float(steps[0]["eta"])
    if 0 <= eta < 1 and 0.9 <= answer <= 1.1:
        return ""
    if not 0 <= eta < 1:
        return (
            f"eta = {eta:.3g} is outside. It is the share of S that stays from one token to the "
            "next: at least 0, and less than 1, or the after-shocks never end."
        )
    heard = f"With eta = {eta:.3g} the answer about the bridge is {answer:.0%} of what was said"
    if answer < 0.9:
        return f"{heard}: too little. The after-shocks end too soon: let them go on longer."
    return f"{heard}: too loud. The after-shocks go on too long: let them end sooner."


my_eta = Exercise(
    name="03.my_eta",
    what="a momentum that lets the bridge be heard",
    reference=_my_eta,
    probe=_probe,
    accept=_judge,
    part=False,
    hints=(
        "The pictures above are for eta = 0, too faint, and eta = 0.9, too loud. Try one number "
        "between, look at the share that the check tells you, and try again.",
        "One number without units, 0 <= eta < 1. A surprise of size 4 writes 4 theta / (1 - eta) "
        "in the end; half of that reaches the bridge, because the keys overlap by a half.",
        "    return eta\n    eta = 1 - 4 * theta * 0.5  # the bridge adds to it: try a bit less\n"
        "    theta = 0.1",
    ),
    source="Titans eq. 10",
    taught=CHAPTER,
)


@my_eta.wrong("In the figure above, how high does the curve for η = 0 end?")
def has_no_momentum():
    """eta = 0 is no momentum at all: the quake is written once, and the bridge hardly."""
    return 0.0


@my_eta.wrong("Which of the two numbers is the write rate?")
def takes_theta():
    """0.1 is theta, the write rate. With eta = 0.1 an after-shock is a tenth as strong as the one
    before, which is as good as none."""
    return 0.1


@my_eta.wrong("How many times does a surprise count with eta = 0.5?")
def takes_the_middle():
    """Half is a fair first guess, but it only doubles each write, and the bridge needs more than
    three times as much."""
    return 0.5


@my_eta.wrong("Does 0.25 keep a quarter of past surprise, or lose a quarter of it?")
def takes_the_rest():
    """You may have found 1 - eta, the share that fades, instead of eta, the share that stays."""
    return 0.25


@my_eta.wrong("Who else writes about the bridge, apart from the quake?")
def forgets_the_bridges_own_write():
    """Well calculated: with eta = 0.8 the quake's after-shocks alone come to 1. But the bridge is
    seen as well, and its own surprise is written on top of that."""
    return 0.8


@my_eta.wrong("How many times does a surprise count with eta = 0.9?")
def takes_the_habit():
    """0.9 is the habit of optimizers, where a small learning rate makes up for it. Here each
    surprise is written up to ten times."""
    return 0.9


@my_eta.wrong("What is 1 / (1 - eta) for eta = 1?")
def never_ends():
    """With eta = 1 nothing fades, and one surprise is written for ever."""
    return 1.0
