"""Exercises of chapter 04, forgetting: the Titans step, with the wrong versions that people write.

M and S are (d_in, d_out), k is (d_in), v is (d_out); theta, eta and alpha are numbers.
"""

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, gate, normal, vector
from titans_book.steps import matrix as steps

CHAPTER = "notebooks/04_forgetting.ipynb"


def _error(M, k, v):
    return k @ M - v


def _terms(M, S, k, v, theta, eta, alpha):
    return {"M": M, "S": S, "kᵀ(k M)": torch.outer(k, k @ M), "kᵀv": torch.outer(k, v)}


titans_step = Exercise(
    name="04.titans_step",
    what="one token of Titans: surprise, momentum, forgetting",
    reference=steps.titans_step,
    probe=Probe(
        state={"M": normal(5, 3), "S": normal(5, 3, scale=0.3)},
        inputs={
            "k": vector(5),
            "v": normal(3),
            "theta": gate(0.1, 0.4),
            "eta": gate(0.2, 0.9),
            "alpha": gate(0.05, 0.4),
        },
        returns=("M", "S"),
    ),
    load=lambda: (
        torch.randn(96, 96).double(), torch.randn(96, 96).double(), torch.randn(96).double(),
        torch.randn(96).double(), torch.tensor(0.01), torch.tensor(0.5), torch.tensor(0.1),
    ),
    hints=(
        "Three things happen, in this order: the memory is asked and is wrong (u), past surprise "
        "takes that in (S), the memory forgets a little and takes S in (M).",
        "u has the shape of M: k as a column times the error as a row. Only M is multiplied by "
        "(1 - alpha), and u is taken at the M that came in.",
        "    M = (1 - alpha) * M + S\n    return M, S\n    u = surprise_grad(M, k, v)\n"
        "    S = momentum_step(S, u, theta, eta)",
    ),
    terms=_terms,
    source="Titans eqs. 13 and 14",
    taught=CHAPTER,
)  # fmt: skip


@titans_step.wrong("In which direction does the gradient point: towards less error, or more?")
def adds_the_gradient(M, S, k, v, theta, eta, alpha):
    """You step along the gradient, so every write makes the error larger."""
    S = eta * S + theta * torch.outer(k, _error(M, k, v))
    return (1 - alpha) * M + S, S


@titans_step.wrong("What is the derivative of ½ x²?")
def forgets_the_half(M, S, k, v, theta, eta, alpha):
    """Your surprise is twice too large. The book's loss has a ½ in front, so that its gradient has
    no 2; eq. 12 of the paper is printed without."""
    S = eta * S - 2 * theta * torch.outer(k, _error(M, k, v))
    return (1 - alpha) * M + S, S


@titans_step.wrong("Does a value with twice as many features deserve half the write?")
def takes_the_mean(M, S, k, v, theta, eta, alpha):
    """You divide the surprise by the number of features: the loss is a sum over features, not a
    mean."""
    S = eta * S - theta * torch.outer(k, _error(M, k, v)) / len(v)
    return (1 - alpha) * M + S, S


@titans_step.wrong("Which line of eqs. 13 and 14 carries S from one token to the next?")
def has_no_momentum(M, S, k, v, theta, eta, alpha):
    """Past surprise is lost: your S is the momentary surprise alone."""
    S = -theta * torch.outer(k, _error(M, k, v))
    return (1 - alpha) * M + S, S


@titans_step.wrong("With eta = 0.9, how much of a new surprise does eq. 14 let in?")
def averages_the_momentum(M, S, k, v, theta, eta, alpha):
    """You average old and new surprise with eta and 1 - eta, as some optimizers do. Eq. 14 adds
    the new surprise in full."""
    S = eta * S - (1 - eta) * theta * torch.outer(k, _error(M, k, v))
    return (1 - alpha) * M + S, S


@titans_step.wrong("In eq. 13, what does the factor 1 - alpha stand before?")
def forgets_what_it_just_wrote(M, S, k, v, theta, eta, alpha):
    """Forgetting acts on M + S, so that it also shrinks what has just been written. In eq. 13 only
    the old memory shrinks."""
    S = eta * S - theta * torch.outer(k, _error(M, k, v))
    return (1 - alpha) * (M + S), S


@titans_step.wrong("alpha = 0 should keep everything. What does yours keep?")
def keeps_what_it_should_forget(M, S, k, v, theta, eta, alpha):
    """You keep the share alpha of the memory; alpha is the share that goes."""
    S = eta * S - theta * torch.outer(k, _error(M, k, v))
    return alpha * M + S, S


@titans_step.wrong("A surprise that happened three tokens ago: which theta should it carry?")
def scales_past_surprise_again(M, S, k, v, theta, eta, alpha):
    """theta multiplies all of S, past surprise as well. It belongs to the new surprise only."""
    S = theta * (eta * S - torch.outer(k, _error(M, k, v)))
    return (1 - alpha) * M + S, S


@titans_step.wrong("Which S does eq. 13 add: the one before this token, or the one after?")
def writes_the_old_surprise(M, S, k, v, theta, eta, alpha):
    """M takes in the S that came in, so every token is written one token too late."""
    new = eta * S - theta * torch.outer(k, _error(M, k, v))
    return (1 - alpha) * M + S, new


@titans_step.wrong("At which memory does eq. 14 take the gradient?")
def is_surprised_after_forgetting(M, S, k, v, theta, eta, alpha):
    """You forget first and measure the surprise then. With eta = 0 that is Gated DeltaNet; Titans
    measures at the memory before it forgets."""
    M = (1 - alpha) * M
    S = eta * S - theta * torch.outer(k, _error(M, k, v))
    return M + S, S


@titans_step.wrong("If the memory knew the pair already, how much should it write?")
def writes_without_looking(M, S, k, v, theta, eta, alpha):
    """You write the value whatever the memory already answers: that is Hebb's rule, not a
    surprise."""
    S = eta * S + theta * torch.outer(k, v)
    return (1 - alpha) * M + S, S


@titans_step.wrong("Which letter forgets, and which carries on?")
def swaps_eta_and_alpha(M, S, k, v, theta, eta, alpha):
    """eta and alpha are swapped: eta carries surprise on, alpha forgets."""
    S = alpha * S - theta * torch.outer(k, _error(M, k, v))
    return (1 - eta) * M + S, S


@titans_step.wrong("Which of the papers in the table of chapter 00 calls the write rate eta?")
def swaps_theta_and_eta(M, S, k, v, theta, eta, alpha):
    """theta and eta are swapped, as other papers write them: here theta is the write rate and eta
    the momentum."""
    S = theta * S - eta * torch.outer(k, _error(M, k, v))
    return (1 - alpha) * M + S, S


@titans_step.wrong("Where does alpha stand in eq. 14?")
def forgets_the_surprise_too(M, S, k, v, theta, eta, alpha):
    """Your S forgets as well as M. alpha acts on M only; S has its own fading, eta."""
    S = (1 - alpha) * eta * S - theta * torch.outer(k, _error(M, k, v))
    return (1 - alpha) * M + S, S


@titans_step.wrong("What is left of a memory after 100 tokens with alpha = 0.1?")
def never_forgets(M, S, k, v, theta, eta, alpha):
    """Nothing is forgotten: the factor 1 - alpha is missing."""
    S = eta * S - theta * torch.outer(k, _error(M, k, v))
    return M + S, S
