"""More wrong versions of the Titans step: what people do with S, M and their brackets.

M and S are (d_in, d_out), k is (d_in), v is (d_out); theta, eta and alpha are numbers.
"""

import torch

from titans_book.book.ch04.exercises import _error, titans_step


@titans_step.wrong("Does S already hold -theta u, or does M have to subtract it?")
def subtracts_the_surprise_twice(M, S, k, v, theta, eta, alpha):
    """S already points downhill, with its minus in eq. 14; you subtract it once more in eq. 13."""
    S = eta * S - theta * torch.outer(k, _error(M, k, v))
    return (1 - alpha) * M - S, S


@titans_step.wrong("In which order does the last line of the docstring name them?")
def returns_them_swapped(M, S, k, v, theta, eta, alpha):
    """All is right but the order: you return S before M."""
    S = eta * S - theta * torch.outer(k, _error(M, k, v))
    return S, (1 - alpha) * M + S


@titans_step.wrong("What does eq. 13 add to the memory: the surprise of this token, or S?")
def writes_this_surprise_only(M, S, k, v, theta, eta, alpha):
    """S is right, but M takes in the momentary surprise alone, so past surprise never arrives."""
    u = torch.outer(k, _error(M, k, v))
    return (1 - alpha) * M - theta * u, eta * S - theta * u


@titans_step.wrong("With alpha = 0, how much should be written: nothing, or all of S?")
def mixes_memory_and_surprise(M, S, k, v, theta, eta, alpha):
    """You mix M and S with 1 - alpha and alpha. In eq. 13 alpha stands at M only, and S comes in
    full: what is forgotten does not decide what is written."""
    S = eta * S - theta * torch.outer(k, _error(M, k, v))
    return (1 - alpha) * M + alpha * S, S


@titans_step.wrong("Should yesterday's forgetting go on forgetting today, eta times?")
def forgets_through_the_surprise(M, S, k, v, theta, eta, alpha):
    """Your forgetting goes through S, as weight decay does that is added to a gradient: momentum
    then repeats it. In eq. 13 it acts on M directly."""
    S = eta * S - theta * torch.outer(k, _error(M, k, v)) - alpha * M
    return M + S, S


@titans_step.wrong("A memory that writes nothing, theta = 0: may it still forget?")
def forgets_by_theta_too(M, S, k, v, theta, eta, alpha):
    """You forget theta times alpha, as AdamW does with its weight decay. In eq. 13 the two gates
    are independent."""
    S = eta * S - theta * torch.outer(k, _error(M, k, v))
    return (1 - theta * alpha) * M + S, S


@titans_step.wrong("Which of u, S and M has to be there before the next one can be made?")
def changes_M_first(M, S, k, v, theta, eta, alpha):
    """You change M first, with the S that came in, and ask it afterwards. The order is u, then S,
    then M."""
    M = (1 - alpha) * M + S
    return M, eta * S - theta * torch.outer(k, _error(M, k, v))


@titans_step.wrong("What does Python do first in `1 - alpha * M`?")
def forgets_the_brackets(M, S, k, v, theta, eta, alpha):
    """The brackets are missing: `1 - alpha * M` is 1 minus alpha M, in every entry. What stays of
    the memory is (1 - alpha) M."""
    S = eta * S - theta * torch.outer(k, _error(M, k, v))
    return 1 - alpha * M + S, S


@titans_step.wrong("Where does the new past surprise go, once momentum_step has made it?")
def throws_the_new_surprise_away(M, S, k, v, theta, eta, alpha):
    """The result of momentum_step is thrown away: your M takes in the S that came in, and that S
    goes out again. A function that returns something new changes nothing by itself."""
    return (1 - alpha) * M + S, S


@titans_step.wrong("momentum_step(S, u, theta, eta): which of the first two is the older one?")
def swaps_S_and_u(M, S, k, v, theta, eta, alpha):
    """S and u are swapped on the way into momentum_step: the new surprise fades by eta, and past
    surprise is written with theta."""
    S = eta * torch.outer(k, _error(M, k, v)) - theta * S
    return (1 - alpha) * M + S, S


@titans_step.wrong("In eq. 14, is there an alpha?")
def fades_all_of_the_surprise(M, S, k, v, theta, eta, alpha):
    """You multiply the whole new S by 1 - alpha. In eqs. 13 and 14 alpha belongs to the memory M
    alone."""
    S = (1 - alpha) * (eta * S - theta * torch.outer(k, _error(M, k, v)))
    return (1 - alpha) * M + S, S


@titans_step.wrong("Who answers a question, the memory or its momentum?")
def asks_the_momentum(M, S, k, v, theta, eta, alpha):
    """You measure the surprise at S. It is the memory, M, that is asked and is wrong."""
    S = eta * S - theta * torch.outer(k, _error(S, k, v))
    return (1 - alpha) * M + S, S


@titans_step.wrong("At which memory does eq. 14 take the gradient?")
def looks_ahead(M, S, k, v, theta, eta, alpha):
    """You ask the memory as it will be, with S already added: that is Nesterov's momentum. Titans
    asks the memory as it came in."""
    S = eta * S - theta * torch.outer(k, _error(M + S, k, v))
    return (1 - alpha) * M + S, S


@titans_step.wrong("At which memory does eq. 14 take the gradient?")
def looks_ahead_by_eta(M, S, k, v, theta, eta, alpha):
    """You ask the memory with eta S already added: that is Nesterov's momentum. Titans asks the
    memory as it came in."""
    S = eta * S - theta * torch.outer(k, _error(M + eta * S, k, v))
    return (1 - alpha) * M + S, S


@titans_step.wrong("How often does eq. 13 add S?")
def adds_the_surprise_twice(M, S, k, v, theta, eta, alpha):
    """S is added twice: once when M is made, and once more when it is returned."""
    S = eta * S - theta * torch.outer(k, _error(M, k, v))
    return (1 - alpha) * M + 2 * S, S


@titans_step.wrong("Is alpha a share of each entry, or an amount that is taken from it?")
def subtracts_alpha(M, S, k, v, theta, eta, alpha):
    """You subtract the number alpha from every entry. What goes is the share alpha of each."""
    S = eta * S - theta * torch.outer(k, _error(M, k, v))
    return M - alpha + S, S
