"""Exercises of chapter 03, past surprise, with the wrong versions that people write.

S and u are (d_in, d_out); theta and eta are numbers.
"""

import torch

from titans_book.book.ch03 import aftershocks
from titans_book.lab.learning.exercise import Exercise, Probe, gate, normal
from titans_book.steps import matrix as steps

CHAPTER = "notebooks/03_past_surprise.ipynb"

momentum_step = Exercise(
    name="03.momentum_step",
    what="past surprise after one token",
    reference=steps.momentum_step,
    probe=Probe(
        state={"S": normal(4, 3)},
        inputs={"u": normal(4, 3), "theta": gate(0.1, 0.4), "eta": gate(0.2, 0.9)},
        returns=("S",),
    ),
    load=lambda: (
        torch.randn(128, 128).double(), torch.randn(128, 128).double(),
        torch.tensor(0.1), torch.tensor(0.5),
    ),
    hints=(
        "The new S has two parts: what is left of the past, and what this token adds. Which gate "
        "belongs to which?",
        "S and u have one shape, eta and theta are numbers. eta multiplies the old S and nothing "
        "else, theta multiplies u and nothing else; u points uphill, and S must point downhill.",
        "    return past + now\n    now = -theta * u\n    past = eta * S",
    ),
    terms=lambda S, u, *_: {"S": S, "u": u},
    source="Titans eq. 10",
    taught=CHAPTER,
)  # fmt: skip


@momentum_step.wrong("u points to where the loss grows. Where should the write go?")
def climbs(S, u, theta, eta):
    """Your S takes the gradient with a plus, so the memory moves towards more error."""
    return eta * S + theta * u


@momentum_step.wrong("With eta = 0.9, how much of a new surprise does eq. 10 let in?")
def averages(S, u, theta, eta):
    """You average past and new surprise with eta and 1 - eta, as Adam does. Eq. 10 adds the new
    surprise in full: S is a sum, and no average."""
    return eta * S - (1 - eta) * theta * u


@momentum_step.wrong("A surprise of three tokens ago: with which theta was it written?")
def scales_the_past_again(S, u, theta, eta):
    """theta multiplies all of S, so that the past is scaled once more at every token. It belongs
    to the new surprise alone."""
    return theta * (eta * S - u)


@momentum_step.wrong("If nothing surprises at this token, should S be zero?")
def loses_the_past(S, u, theta, eta):
    """Past surprise is lost: your S is this token's step alone, as in eq. 8."""
    return -theta * u


@momentum_step.wrong("Which of the two terms is the past, and which one fades?")
def fades_the_new(S, u, theta, eta):
    """eta stands before the new surprise. It belongs to the old S: yours never fades, and each
    token's own write is made smaller."""
    return S - eta * theta * u


@momentum_step.wrong("How much of a surprise should S hold at the very token that surprises?")
def fades_both(S, u, theta, eta):
    """eta multiplies both terms, so that a surprise has faded before it was ever written. Eq. 10
    fades the past and takes the new in full."""
    return eta * (S - theta * u)


@momentum_step.wrong("After 100 quiet tokens, what should be left of an old surprise?")
def never_fades(S, u, theta, eta):
    """eta is missing: past surprise never fades, so that one surprise is written for ever."""
    return S - theta * u


@momentum_step.wrong("Chapter 00 has a table of letters: which one is the write rate in ATLAS?")
def swaps_theta_and_eta(S, u, theta, eta):
    """theta and eta are swapped, as other papers write them. In Titans theta is the write rate and
    eta carries the past on."""
    return theta * S - eta * u


@momentum_step.wrong("eta = 0 should leave nothing of the past. What does yours leave?")
def keeps_the_rest(S, u, theta, eta):
    """You keep the share 1 - eta of the past. eta is what is kept; only for alpha, in chapter 04,
    does 1 minus the gate do the keeping."""
    return (1 - eta) * S - theta * u


@momentum_step.wrong("What does theta = 0, a closed write gate, have to do to u?")
def ignores_theta(S, u, theta, eta):
    """theta is missing: each new surprise goes in whole, however far the write gate is open."""
    return eta * S - u


@momentum_step.wrong("After a shock, does the next write go the same way, or back?")
def brakes(S, u, theta, eta):
    """The past has a minus as well, so each token takes back part of the last write. Only u is
    turned round: S points downhill already."""
    return -eta * S - theta * u


@momentum_step.wrong("Where in eq. 10 is this token's own surprise?")
def forgets_the_present(S, u, theta, eta):
    """The new surprise is missing: your S only fades."""
    return eta * S


@momentum_step.wrong("How many times does eta multiply the surprise of the last token?")
def looks_ahead(S, u, theta, eta):
    """That is Nesterov's look ahead: eta is applied once more to the finished S. Eq. 10 stops
    before."""
    return eta * (eta * S - theta * u) - theta * u


@momentum_step.wrong("Eq. 9 adds S to M, with a plus. Which sign must u have in S then?")
def is_an_optimizers_buffer(S, u, theta, eta):
    """That is the buffer of torch.optim.SGD: gradients without minus and without theta, which come
    in when the step is taken. In Titans both are inside S."""
    return eta * S + u


@momentum_step.wrong("What should a surprise ten times as large do to S?")
def forgets_how_large(S, u, theta, eta):
    """You bring u to length 1, so that a whisper writes as much as a shock."""
    return eta * S - theta * u / u.norm()


@momentum_step.wrong("Eq. 10 has one theta and one minus. Before which term do they stand?")
def fades_by_the_rate(S, u, theta, eta):
    """theta stands before both terms, where it belongs to the new one, so that the past fades by
    theta as well. And the minus is lost."""
    return theta * eta * S + theta * u


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


@my_eta.wrong("In the figure above, how high is the dashed curve at the end?")
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
    three times as much as it got."""
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
