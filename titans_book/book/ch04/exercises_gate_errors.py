"""The wrong gates of chapter 04, each with what its author believes and one question.

surprise and usual are numbers, tensors without axes.
"""

import torch

from titans_book.book.ch04.exercises_gate import forget_gate
from titans_book.book.ch04.scoring import FIXED


@forget_gate.wrong("How large is surprise / usual at token 61, the first behind a border?")
def never(surprise, usual):
    """It never opens on these journeys: that is chapter 03."""
    return 0 * surprise


@forget_gate.wrong("What can a memory learn that is wiped at every token?")
def always(surprise, usual):
    """It forgets everything at every token, world or no world."""
    return 0 * surprise + 1


@forget_gate.wrong("Is it good news or bad news for the memory when nothing surprises it?")
def reversed_gate(surprise, usual):
    """It is the wrong way round: it forgets where all is well, and keeps where all is wrong."""
    return (surprise < 2 * usual).double()


@forget_gate.wrong("If all goes well, how large is `surprise`, and which branch does it take?")
def shuts_at_the_border(surprise, usual):
    """It is the wrong way round: shut where surprise is large, open where all is well."""
    return (surprise <= 2 * usual).double()


@forget_gate.wrong("How often is a surprise larger than the mean of those before it?")
def opens_above_the_mean(surprise, usual):
    """It opens whenever a surprise is larger than usual, and at the very first token as well. Noise
    is enough for that."""
    return (surprise > usual).double()


@forget_gate.wrong("About half of all surprises are above the average: how much above is unusual?")
def opens_at_every_small_surprise(surprise, usual):
    """It opens as soon as a surprise is a little larger than usual. Noise is enough for that."""
    return ((surprise > usual) & (usual > 0)).double()


@forget_gate.wrong("What if all meanings were eight times as large?")
def compares_with_a_fixed_number(surprise, usual):
    """It compares with a fixed number and does not look at `usual`, so it fits values of one size
    only."""
    return (surprise > 4.8).double()


@forget_gate.wrong("How often is a surprise smaller than usual, and what happens then?")
def is_tanh_of_the_difference(surprise, usual):
    """It is the tanh of the difference. That is negative wherever a token surprises less than
    usual, which is about every second one."""
    return torch.tanh(surprise - usual)


@forget_gate.wrong("How often is a surprise smaller than usual, and what happens then?")
def is_the_difference(surprise, usual):
    """It is the difference itself, which has no lower and no upper end."""
    return surprise - usual


@forget_gate.wrong("What does a sign say where the surprise is below your threshold?")
def is_a_sign(surprise, usual):
    """It is a sign, and a sign is −1 where nothing is wrong. What you want there is 0."""
    return torch.sign(surprise - 2 * usual)


@forget_gate.wrong("How often is a surprise smaller than usual, and what happens then?")
def is_one_less_the_inverse_ratio(surprise, usual):
    """It is 1 − usual / surprise. That is negative wherever a token surprises less than usual, and
    NaN where nothing surprises at all."""
    return 1 - usual / surprise


@forget_gate.wrong("What is the first token's surprise divided by?")
def divides_by_the_usual(surprise, usual):
    """It is the plain ratio. `usual` is 0 before the first token, and there is no upper end."""
    return surprise / usual


@forget_gate.wrong(
    "How large is the sigmoid of 0, and at how many tokens is the difference near 0?"
)
def is_a_sigmoid_of_the_difference(surprise, usual):
    """It is the sigmoid of the difference. That is ½ wherever a token surprises as usual, so half
    of the memory goes at nearly every token."""
    return torch.sigmoid(surprise - usual)


@forget_gate.wrong("A token that surprises as usual: which share of the memory does it cost?")
def is_a_share_of_both(surprise, usual):
    """It is surprise / (surprise + usual), which is a share, but ½ where all is as usual."""
    return surprise / (surprise + usual + 1e-9)


@forget_gate.wrong("How much is left of a world after ten tokens that each take a little?")
def opens_in_proportion(surprise, usual):
    """It opens in proportion to what is above usual. Noise is above usual at every second token,
    and all those small losses add up."""
    return (surprise / (usual + 1e-9) - 1).clamp(0, 1) * (usual > 0)


@forget_gate.wrong(
    "How many of the largest surprises are inside a world, and how many at a border?"
)
def has_too_low_a_threshold(surprise, usual):
    """It opens where a surprise is half as large again as usual. Noise alone does that several
    times."""
    return (surprise > 1.5 * usual).double() * (usual > 0)


@forget_gate.wrong("What is 0 / 0, and what is NaN times a memory?")
def divides_by_zero(surprise, usual):
    """It divides by `usual`, which is 0 before the first token."""
    return torch.sigmoid(8 * (surprise / usual - 2))


@forget_gate.wrong("Which function turns any number into one between 0 and 1?")
def is_the_ratio(surprise, usual):
    """It returns the ratio itself, which knows no upper end."""
    return surprise / (usual + 1e-9)


@forget_gate.wrong("Which of the two arguments does your answer depend on?")
def is_a_constant(surprise, usual):
    """It forgets a little at every token, whatever the surprise says."""
    return 0 * surprise + FIXED
