"""An exercise of chapter 12: rates with which one number counts."""

from __future__ import annotations

import torch

from titans_book.lab.learning.exercise import Exercise, Probe

CHAPTER = "notebooks/12_continuum.ipynb"


def parity_rates_reference(bits):
    """The book's version."""
    return 2 * bits


def _bits(generator: torch.Generator) -> torch.Tensor:
    """Seven bits, both kinds among them, as torch makes them without a dtype."""
    bits = torch.randint(2, (7,), generator=generator).float()
    bits[:2] = torch.tensor([1.0, 0.0])
    return bits


parity_rates = Exercise(
    name="12.parity_rates",
    what="rates with which one number counts ones",
    reference=parity_rates_reference,
    probe=Probe(inputs={"bits": _bits}, returns=("theta",), steps=3),
    hints=(
        "A write multiplies m by 1 - theta. Which factor turns its sign around and leaves its size "
        "as it is? Which one leaves m alone?",
        "theta has a number for each bit, of the same shape. No loop is needed: a 0 and a 1 only "
        "have to become the right two numbers.",
        "    return ... * bits\n    (what is theta, if 1 - theta is -1?)",
    ),
    source="the sign and the size of m",
    taught=CHAPTER,
    part=False,
    misfit="bits is (T), and so is theta: one rate for each bit. Where did the others go?",
)


@parity_rates.wrong("What is left of m after the first one?")
def erases_it(bits):
    """With theta = 1, a one erases the number, and then there is no sign left to turn."""
    return bits


@parity_rates.wrong("What does a zero do to your number?")
def turns_at_every_token(bits):
    """You turn the sign at zeros as well. That counts tokens."""
    return 0 * bits + 2


@parity_rates.wrong("Is it the ones that are counted?")
def counts_the_zeros(bits):
    """You turn the sign at zeros. That counts the wrong ones."""
    return 2 * (1 - bits)


@parity_rates.wrong("How large is m after a hundred ones?")
def shrinks_a_little(bits):
    """You turn the sign, but m shrinks a little each time, or grows: after many ones nothing is
    left, or it has no bounds. The size has to stay 1."""
    return 1.9 * bits


@parity_rates.wrong("Is 1 - theta what a one multiplies by, or is theta?")
def returns_the_factor(bits):
    """You return the factor itself, -1 or 1. Asked for is theta, and the factor is 1 - theta."""
    return 1 - 2 * bits


@parity_rates.wrong("Does the rate of a token need to know what came before?")
def counts_by_itself(bits):
    """You count the ones so far in the rate. The number m does the counting, and a rate needs to
    know its own bit only."""
    return 2 * (bits.cumsum(0) % 2)


@parity_rates.wrong("Which factor does a negative rate make?")
def has_the_other_sign(bits):
    """Your rates are negative, so a one multiplies m by 3. The factor is 1 - theta."""
    return -2 * bits


@parity_rates.wrong("Is theta what m should be, or what makes it so?")
def returns_the_number_itself(bits):
    """You return m after every bit. Asked for are the rates that make m."""
    return 1 - 2 * (bits.cumsum(0) % 2)


@parity_rates.wrong("With theta = 0.5, what is m after two ones?")
def halves_it(bits):
    """A one halves m. It never gets a sign."""
    return 0.5 * bits


@parity_rates.wrong("Which of the two, a 0 or a 1, may leave m alone?")
def erases_it_at_zeros(bits):
    """A zero erases the number, and a one leaves it alone. Erasing loses the sign for ever."""
    return 1 - bits


@parity_rates.wrong("After one 1 the sign is turned. What has the next 1 to do?")
def turns_at_every_other_one(bits):
    """You turn the sign at every second one. Every one has to turn it."""
    return 2 * bits * (bits.cumsum(0) % 2 == 0)


@parity_rates.wrong("Which rate leaves m as it is?")
def doubles_it_at_zeros(bits):
    """Your rates are 1 and -1, so a one erases m and a zero doubles it."""
    return 2 * bits - 1


@parity_rates.wrong("Which rate turns a sign: 1 or 2? And does it depend on the bits before?")
def returns_the_parity(bits):
    """You return whether the number of ones so far is odd. That is the answer to the question, and
    the rates have to bring m there."""
    return bits.cumsum(0) % 2
