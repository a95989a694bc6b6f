"""Exercises of chapter 02 whose answer is one number: how surprising, and how far to step.

M is (d_in, d_out), k is (d_in), v is (d_out).
"""

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, normal, vector
from titans_book.steps import matrix as steps

CHAPTER = "notebooks/02_surprise_is_a_gradient.ipynb"


def _error(M, k, v):
    return k @ M - v


def _u(M, k, v):
    return torch.outer(k, _error(M, k, v))


surprise_score = Exercise(
    name="02.surprise_score",
    what="the length of the gradient, one number",
    reference=steps.surprise_score,
    probe=Probe(
        inputs={"M": normal(5, 3), "k": vector(5), "v": normal(3)},
        returns=("score",),
    ),
    hints=(
        "How long is u, if you see it as an arrow whose coordinates are all of its entries?",
        "One number, never negative: the root of the sum of all squared entries of u. A tensor "
        "can tell you its length: `.norm()`.",
        "    return length\n    u = surprise_grad(M, k, v)\n    length = u.norm()",
    ),
    source="the length of u (Titans eq. 8)",
    gradients=False,
    taught=CHAPTER,
)


@surprise_score.wrong("If the error is three times as large, how much longer is u?")
def forgets_the_root(M, k, v):
    """That is the square of the length: the root is missing."""
    return (_u(M, k, v) ** 2).sum()


@surprise_score.wrong("Is the question how wrong the answer is, or how strong the gradient?")
def is_the_loss(M, k, v):
    """That is the loss. Surprise is the length of its gradient: it grows with the error, not with
    the square of the error, and with the length of the key."""
    return 0.5 * (_error(M, k, v) ** 2).sum()


@surprise_score.wrong("Why does the same error surprise more with a longer key?")
def forgets_the_key(M, k, v):
    """That is the length of the error alone: |k| is missing. Both are equal only where |k| = 1."""
    return _error(M, k, v).norm()


@surprise_score.wrong("You walk 3 miles east and 4 miles north. How far are you from the start?")
def adds_the_sizes(M, k, v):
    """You add the absolute values of the entries. The length of an arrow is the root of the sum of
    the squares."""
    return _u(M, k, v).abs().sum()


@surprise_score.wrong("What happens to all the other entries?")
def takes_the_largest(M, k, v):
    """That is the largest entry alone."""
    return _u(M, k, v).abs().max()


@surprise_score.wrong("Can +3 and -3 together be no surprise at all?")
def adds_with_signs(M, k, v):
    """You add the entries with their signs, so that they cancel one another."""
    return _u(M, k, v).sum()


@surprise_score.wrong("Should a larger memory be less surprised by the same error?")
def takes_the_root_mean_square(M, k, v):
    """You take a mean over the entries instead of their sum: it shrinks as the memory grows."""
    return (_u(M, k, v) ** 2).mean().sqrt()


@surprise_score.wrong("Should a larger memory be less surprised by the same error?")
def takes_the_mean_size(M, k, v):
    """That is the mean size of an entry, and not the length of the whole gradient."""
    return _u(M, k, v).abs().mean()


@surprise_score.wrong("What is the derivative of ½ x²?")
def scores_with_the_two(M, k, v):
    """Your score is twice too large: a factor 2 has come back. The loss has a ½ in front."""
    return 2 * _u(M, k, v).norm()


@surprise_score.wrong("How much should a pair surprise that the memory knows by heart?")
def scores_without_asking(M, k, v):
    """The memory is not asked: your score is |k| |v|, however well it knows the pair."""
    return torch.outer(k, v).norm()


@surprise_score.wrong("If the key is twice as long, is u twice as long, or four times?")
def counts_the_key_twice(M, k, v):
    """The key counts twice: you have |k|² where |k| belongs."""
    return (k @ k) * _error(M, k, v).norm()


@surprise_score.wrong("Does the key have a part in the loss, beyond its answer?")
def is_the_root_of_the_loss(M, k, v):
    """That is the root of the loss: the length of the error over √2. The key is missing, and the
    half should not be there."""
    return (0.5 * (_error(M, k, v) ** 2).sum()).sqrt()


@surprise_score.wrong("Twice the error: twice the surprise, or four times?")
def squares_the_error(M, k, v):
    """The error stands squared in your score; a gradient holds it once."""
    return k.norm() * (_error(M, k, v) ** 2).sum()


@surprise_score.wrong("An arrow has one length. How many lengths have you added up?")
def adds_the_lengths_of_the_columns(M, k, v):
    """You take the length of each column and add these up. Take one length of all entries."""
    return _u(M, k, v).norm(dim=0).sum()


def _exact_rate(k):
    return 1 / (k @ k)


exact_rate = Exercise(
    name="02.exact_rate",
    what="the write rate that makes a pair exact in one write",
    reference=_exact_rate,
    probe=Probe(inputs={"k": vector(4)}, returns=("theta",)),
    hints=(
        "After a step the share 1 - theta |k|² of the error is left. How much should be left?",
        "One number. |k|² is the sum of the squared entries of k, `k @ k`.",
        "    return 1 / squared\n    squared = k @ k",
    ),
    source="the equation 1 - theta |k|² = 0",
    taught=CHAPTER,
    part=False,
)


@exact_rate.wrong("For k = (1, 2), is |k|² equal to 5, or to its root?")
def divides_by_the_length(k):
    """You divide by |k|, where its square belongs: k enters once when the memory is asked, and
    once more when it is written."""
    return 1 / k.norm()


@exact_rate.wrong("A key twice as long: how much further does the same theta carry?")
def is_always_one(k):
    """1 is right for keys of length 1 only."""
    return k.new_ones(())


@exact_rate.wrong("With theta |k|² = 2, what does the memory answer after the write?")
def stands_on_the_border(k):
    """That is the border, theta |k|² = 2: the answer jumps to the mirror image of its error,
    and back again at the next write."""
    return 2 / (k @ k)


@exact_rate.wrong("Which factor does this book's loss have that eq. 12 does not have?")
def belongs_to_equation_12(k):
    """That is right for eq. 12 as it is printed, without the ½. Our gradient is half of that one,
    so our theta is twice as large."""
    return 1 / (2 * (k @ k))


@exact_rate.wrong("Does a longer key need a larger theta, or a smaller one?")
def multiplies_by_the_square(k):
    """You have |k|² itself: its inverse is what makes theta |k|² = 1."""
    return k @ k


@exact_rate.wrong("What would your rate be for k = (1, -1)?")
def divides_by_the_sum(k):
    """You divide by the sum of the entries. |k|² is the sum of their squares."""
    return 1 / k.sum()


@exact_rate.wrong("Two keys of four features, one long, one short: the same rate?")
def divides_by_the_features(k):
    """You divide by the number of features. It is the length of the key that counts."""
    return k.new_ones(()) / len(k)


@exact_rate.wrong("`k * k` has as many entries as k: which single number do they add up to?")
def divides_by_the_mean_square(k):
    """You divide by the mean of the squares; |k|² is their sum."""
    return 1 / (k * k).mean()


@exact_rate.wrong("And which rate for a key of another length?")
def remembers_the_example(k):
    """0.2 is right for the key (1, 2) of the example, and for no other length."""
    return k.new_full((), 0.2)


@exact_rate.wrong("Which number do you want this share to be, and what is theta then?")
def is_the_share_itself(k):
    """That is the share of the error that theta = 1 would leave. You want the one that leaves 0."""
    return 1 - k @ k


@exact_rate.wrong("In which order does Python read `1 / k @ k`?")
def divides_before_it_multiplies(k):
    """Python works from the left: (1 / k) @ k, which is the number of features."""
    return (1 / k) @ k
