"""Exercises of chapter 03, past surprise, with the wrong versions that people write.

S and u are (d_in, d_out); theta and eta are numbers.
"""

import torch

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


@momentum_step.wrong("u points to where the loss grows. In which direction should the write go?")
def climbs(S, u, theta, eta):
    """Your S takes the gradient with a plus, so the memory moves towards more error."""
    return eta * S + theta * u


@momentum_step.wrong("With eta = 0.9, how much of a new surprise does eq. 10 let in?")
def averages(S, u, theta, eta):
    """You average past and new surprise with eta and 1 - eta, as Adam does. Eq. 10 adds the new
    surprise in full, so S is a sum and not an average."""
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
    """You multiply the new surprise by eta. It belongs to the old S. Yours never fades, and each
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
    """theta is missing, so each new surprise goes in whole, even if the write gate is closed."""
    return eta * S - u


@momentum_step.wrong("After a shock, does the next write go the same way, or back?")
def brakes(S, u, theta, eta):
    """The past has a minus as well, so each token takes back part of the last write. Only u needs
    the minus, because S points downhill already."""
    return -eta * S - theta * u


@momentum_step.wrong("Where in eq. 10 is this token's own surprise?")
def forgets_the_present(S, u, theta, eta):
    """The new surprise is missing: your S only fades."""
    return eta * S


@momentum_step.wrong("How many times does eta multiply the surprise of the last token?")
def looks_ahead(S, u, theta, eta):
    """That is Nesterov's look-ahead: eta is applied once more to the finished S. Eq. 10 does not do
    that."""
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


@momentum_step.wrong("Eq. 10 has one theta and one minus. Which term do they belong to?")
def fades_by_the_rate(S, u, theta, eta):
    """You multiply both terms by theta, so the past fades by theta as well. It belongs to the new
    surprise alone. And the minus is lost."""
    return theta * eta * S + theta * u


@momentum_step.wrong("Which term does eta belong to, and does eq. 10 look ahead?")
def adds_the_past_to_the_gradient(S, u, theta, eta):
    """You add eta S to the gradient as well, as some versions of Nesterov's momentum do. So theta
    takes a part of the past away again."""
    return eta * S - theta * (u + eta * S)


@momentum_step.wrong("In which order does Python compute `eta * (S - theta) * u`?")
def multiplies_the_past_by_the_gradient(S, u, theta, eta):
    """Your brackets make a product of S and u. Eq. 10 is a sum of two terms, one with S and one
    with u."""
    return eta * (S - theta) * u


@momentum_step.wrong("With eta = 0.9, which share of the past should be left, and which of u?")
def averages_the_other_way(S, u, theta, eta):
    """You take a running average, and with the shares exchanged: 1 - eta of the past and eta of
    the new. Eq. 10 keeps eta of the past, and takes all of the new."""
    return (1 - eta) * S - eta * theta * u


@momentum_step.wrong("Which of the two arguments is this token's gradient?")
def never_looks_at_the_gradient(S, u, theta, eta):
    """The gradient is missing: both of your terms are made of S."""
    return eta * S - theta * S
