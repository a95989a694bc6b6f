"""More wrong versions of a self-modifying token: its two rates."""

from __future__ import annotations

import torch

from titans_book.book.ch12.exercises_token import self_token, token, usual_rates
from titans_book.steps.deep import mlp_read

__all__ = ["self_token"]


@self_token.wrong("How much does a memory keep whose M_alpha says 0?")
def forgets_half_at_every_token(W_1, W_2, x, q, eta_max):
    """You leave out the 6, so a memory that says nothing yet lets go of half at every token."""
    rates = lambda eta, alpha, most: usual_rates(eta, alpha - 6, most)  # noqa: E731
    return token(W_1, W_2, x, q, eta_max, rates=rates)


@self_token.wrong("Is the sigmoid taken of the mean, or the mean of the sigmoids?")
def opens_the_gate_too_early(W_1, W_2, x, q, eta_max):
    """You take the sigmoid of every feature and then the mean. The mean comes first."""

    def rates(eta, alpha, most):
        return most * torch.sigmoid(eta).mean(), torch.sigmoid(alpha + 6).mean()

    return token(W_1, W_2, x, q, eta_max, rates=rates)


@self_token.wrong("Which memory makes the rate, the third or the fourth?")
def swaps_rate_and_retention(W_1, W_2, x, q, eta_max):
    """You make the rate of what the memory of the retention says, and the other way round."""
    return token(W_1, W_2, x, q, eta_max, order=(0, 1, 3, 2, 4))


@self_token.wrong("In which order does `self_write` take the two?")
def hands_over_the_rates_in_the_wrong_order(W_1, W_2, x, q, eta_max):
    """You hand the retention to the write as its rate, and the rate as its retention."""
    return token(W_1, W_2, x, q, eta_max, rates=lambda *said: usual_rates(*said)[::-1])


@self_token.wrong("To which of the two means is 6 added?")
def opens_both_gates(W_1, W_2, x, q, eta_max):
    """You add 6 for the rate as well, so every write has the largest rate. It belongs to the
    retention alone."""
    rates = lambda eta, alpha, most: usual_rates(eta + 6, alpha, most)  # noqa: E731
    return token(W_1, W_2, x, q, eta_max, rates=rates)


@self_token.wrong("To which of the two means is 6 added?")
def opens_the_gate_of_the_rate(W_1, W_2, x, q, eta_max):
    """You add 6 for the rate and not for the retention."""
    rates = lambda eta, alpha, most: usual_rates(eta + 6, alpha - 6, most)  # noqa: E731
    return token(W_1, W_2, x, q, eta_max, rates=rates)


@self_token.wrong("Can a memory keep six times what it knew?")
def adds_the_six_outside(W_1, W_2, x, q, eta_max):
    """You add 6 to the sigmoid. It is added to the mean, before the sigmoid."""

    def rates(eta, alpha, most):
        return usual_rates(eta, alpha, most)[0], torch.sigmoid(alpha.mean()) + 6

    return token(W_1, W_2, x, q, eta_max, rates=rates)


@self_token.wrong("What does a fresh memory keep with the sigmoid of -6?")
def subtracts_the_six(W_1, W_2, x, q, eta_max):
    """You take 6 away, so a fresh memory forgets nearly everything at once."""
    rates = lambda eta, alpha, most: usual_rates(eta, alpha - 12, most)  # noqa: E731
    return token(W_1, W_2, x, q, eta_max, rates=rates)


@self_token.wrong("Is alpha here the share that is kept, or the share that is forgotten?")
def forgets_what_it_should_keep(W_1, W_2, x, q, eta_max):
    """You keep 1 - alpha, as in chapter 04. In these equations alpha is the share that is kept."""

    def rates(eta, alpha, most):
        eta, keep = usual_rates(eta, alpha, most)
        return eta, 1 - keep

    return token(W_1, W_2, x, q, eta_max, rates=rates)


@self_token.wrong("Is the mean of d numbers asked for, or their sum?")
def takes_the_sum(W_1, W_2, x, q, eta_max):
    """You take the sum of what a memory says. Its mean is asked for."""
    rates = lambda eta, alpha, most: usual_rates(eta.sum(), alpha.sum(), most)  # noqa: E731
    return token(W_1, W_2, x, q, eta_max, rates=rates)


@self_token.wrong("How large can your rate get if eta_max is 0.1?")
def puts_the_largest_rate_inside(W_1, W_2, x, q, eta_max):
    """You multiply by eta_max inside the sigmoid, so the rate can still reach 1."""

    def rates(eta, alpha, most):
        return torch.sigmoid(most * eta.mean()), usual_rates(eta, alpha, most)[1]

    return token(W_1, W_2, x, q, eta_max, rates=rates)


@self_token.wrong("Is the rate cut off at eta_max, or does it come near it smoothly?")
def cuts_the_rate_off(W_1, W_2, x, q, eta_max):
    """You cut the mean off at 0 and eta_max. The rate is eta_max times a sigmoid."""

    def rates(eta, alpha, most):
        return eta.mean().clamp(min=0).clamp(max=most), usual_rates(eta, alpha, most)[1]

    return token(W_1, W_2, x, q, eta_max, rates=rates)


@self_token.wrong("What are the memories of the two rates asked with: x or k?")
def makes_the_rates_of_the_key(W_1, W_2, x, q, eta_max):
    """You ask the memories of the two rates with the key. All four are asked with the token x."""
    k = mlp_read(W_1[0], W_2[0], x)
    said = [mlp_read(W_1[n], W_2[n], k / k.norm()) for n in (2, 3)]
    return token(W_1, W_2, x, q, eta_max, rates=lambda *_: usual_rates(*said, eta_max))
