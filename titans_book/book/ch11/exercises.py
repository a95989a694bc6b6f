"""Exercises of chapter 11, first part: a momentum that corrects itself, and Newton-Schulz."""

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, normal, uniform
from titans_book.steps import optimizers as steps

CHAPTER = "notebooks/11_optimizers.ipynb"

delta_momentum = Exercise(
    name="11.delta_momentum",
    what="a momentum that erases along the new gradient before it adds it",
    reference=steps.delta_momentum,
    probe=Probe(
        state={"m": normal(3, 4)},
        inputs={
            "g": normal(3, 4, scale=2.0),
            "alpha": uniform(0.5, 0.95),
            "eta": uniform(0.1, 0.5),
            "s": uniform(0.2, 3.0),
        },
        returns=("m",),
    ),
    hints=(
        "Which part of m points along g? What is left of that part, if the share "
        "s|g|² / (1 + s|g|²) of it is erased? Only then comes the usual momentum.",
        "g and m are (n, size). Their product along the last axis, kept as an axis, is (n, 1): "
        "`(g * m).sum(-1, keepdim=True)`. Times g it is (n, size) again.",
        "    return alpha * (m - s * along * g) - eta * g\n"
        "    along = (g * m).sum(-1, keepdim=True) / (1 + s * length)\n"
        "    length = g.square().sum(-1, keepdim=True)",
    ),
    source="Nested Learning eqs. 48-49",
    taught=CHAPTER,
    misfit="m and g are both (n, size), and so is what comes back. A sum along the last axis needs "
    "`keepdim=True` to fit them again: where did that axis go?",
)


def _along(m, g):
    return (g * m).sum(-1, keepdim=True)


def _length(g):
    return g.square().sum(-1, keepdim=True)


@delta_momentum.wrong("For s = 2 and |g|² = 9: what share of the part along g do you erase?")
def erases_without_a_bound(m, g, alpha, eta, s):
    """You erase s g(g·m), without the division by 1 + s|g|². For a large gradient that is more
    than there is, and the momentum turns around."""
    return alpha * (m - s * g * _along(m, g)) - eta * g


@delta_momentum.wrong("If m is at a right angle to g, what should be erased?")
def shrinks_in_every_direction(m, g, alpha, eta, s):
    """You shrink all of m. What is to be erased is only the part along g."""
    return alpha * m / (1 + s * _length(g)) - eta * g


@delta_momentum.wrong("What does m contain along g after your step, if g·m was 1?")
def writes_it_again(m, g, alpha, eta, s):
    """You add the part along g instead of taking it away, so the momentum learns it twice."""
    return alpha * (m + s * g * _along(m, g) / (1 + s * _length(g))) - eta * g


@delta_momentum.wrong("Does a memory of gradients walk up or down?")
def walks_uphill(m, g, alpha, eta, s):
    """You add the new gradient. m is what the weights move by, so it has to point downhill."""
    return alpha * (m - s * g * _along(m, g) / (1 + s * _length(g))) + eta * g


@delta_momentum.wrong("Which of the two does alpha keep: what is left of m, or all of m?")
def erases_after_the_decay(m, g, alpha, eta, s):
    """You erase from alpha times m what all of m holds along g, which is more than alpha times m
    has left."""
    return alpha * m - s * g * _along(m, g) / (1 + s * _length(g)) - eta * g


@delta_momentum.wrong("Where does alpha come in?")
def forgets_alpha(m, g, alpha, eta, s):
    """You never multiply by alpha, so what is not erased stays for ever."""
    return m - s * g * _along(m, g) / (1 + s * _length(g)) - eta * g


@delta_momentum.wrong("Should the newest gradient be erased before it was ever used?")
def erases_after_it_writes(m, g, alpha, eta, s):
    """You write first, and then erase along g. That takes away what you have just written."""
    m = alpha * m - eta * g
    return m - s * g * _along(m, g) / (1 + s * _length(g))


@delta_momentum.wrong("What does s = 0 make of your function, and what of the question?")
def is_the_usual_momentum(m, g, alpha, eta, s):
    """You never erase. This is the momentum of chapter 03."""
    return alpha * m - eta * g + 0 * s


@delta_momentum.wrong("By how much does your erasing change if the gradient is twice as long?")
def erases_with_a_unit_gradient(m, g, alpha, eta, s):
    """You bring g to length 1 before you erase, so the share is s / (1 + s) for a small gradient
    as for a large one."""
    k = g / g.norm(dim=-1, keepdim=True)
    return alpha * (m - s * k * _along(m, k) / (1 + s)) - eta * g


@delta_momentum.wrong("Is the step eta part of what was held before, or of what is new?")
def weighs_the_new_one_by_the_rest(m, g, alpha, eta, s):
    """You write (1 - alpha) times the gradient, as in a running mean. Here its weight is eta."""
    return alpha * (m - s * g * _along(m, g) / (1 + s * _length(g))) - (1 - alpha) * eta * g


newton_schulz = Exercise(
    name="11.newton_schulz",
    what="Muon's Newton-Schulz steps",
    reference=steps.newton_schulz,
    probe=Probe(
        inputs={
            "G": normal(2, 4, 6, scale=0.3),
            "steps": lambda generator: 1 + int(torch.randint(3, (), generator=generator)),
        },
        returns=("X",),
    ),
    hints=(
        "Bring the whole matrix to norm 1 once, so that no singular value is above 1. Then repeat "
        "one and the same formula. Which matrix appears in it twice?",
        "X is (rows, columns), X Xᵀ is (rows, rows) and multiplies X from the left. The norm is "
        "the root of the sum of all squares: with `.sum((-2, -1), keepdim=True)` each of n "
        "matrices has its own.",
        "    return X\n"
        "        X = 3.4445 * X + (-4.775 * A + 2.0315 * A @ A) @ X\n"
        "    for _ in range(steps):\n"
        "        A = X @ X.mT\n"
        "    X = G / size.clamp(min=1e-30)\n"
        "    size = G.square().sum((-2, -1), keepdim=True).sqrt()",
    ),
    source="Nested Learning eqs. 42-44; Muon",
    taught=CHAPTER,
    misfit="X is (rows, columns). X Xᵀ is (rows, rows): on which side of X does it fit?",
)


def _unit(G):
    return G / G.square().sum((-2, -1), keepdim=True).sqrt()


def _steps(X, steps, a=3.4445, b=-4.775, c=2.0315):
    for _ in range(steps):
        A = X @ X.mT
        X = a * X + (b * A + c * A @ A) @ X
    return X


@newton_schulz.wrong("How large is the largest singular value that you start with?")
def forgets_to_divide(G, steps):
    """You do not divide by the norm. A singular value above 1.3 or so runs away within a few
    steps."""
    return _steps(G, steps)


@newton_schulz.wrong("What does Muon's step have that the cubic does not?")
def is_the_cubic(G, steps):
    """You take 1.5 X - 0.5 (X Xᵀ) X, the cubic. It goes to exactly 1, but slowly for small
    singular values."""
    return _steps(_unit(G), steps, 1.5, -0.5, 0.0)


@newton_schulz.wrong("How often do you divide by the norm?")
def divides_at_every_step(G, steps):
    """You divide by the norm at every step, so the singular values can never all be near 1: the
    sum of their squares stays 1 before every step."""
    X = G
    for _ in range(steps):
        X = _steps(_unit(X), 1)
    return X


@newton_schulz.wrong("What is the norm of a row, and what the norm of a matrix?")
def divides_every_row(G, steps):
    """You bring every row to length 1. That changes the singular vectors, which must stay."""
    return _steps(G / G.norm(dim=-1, keepdim=True), steps)


@newton_schulz.wrong("How many steps does your loop take?")
def takes_one_step_less(G, steps):
    """You take one step less than was asked for."""
    return _steps(_unit(G), steps - 1)


@newton_schulz.wrong("Which singular vectors does X stand for after your step, G's or others?")
def multiplies_by_the_gradient(G, steps):
    """You multiply by the gradient, not by X, in every step after the first. The formula has only
    one matrix in it."""
    first = X = _unit(G)
    for _ in range(steps):
        A = X @ X.mT
        X = 3.4445 * X + (-4.775 * A + 2.0315 * A @ A) @ first
    return X


@newton_schulz.wrong("Which sign does the middle coefficient have?")
def has_a_wrong_sign(G, steps):
    """You add 4.775 (X Xᵀ) X. With three plus signs the singular values grow without end."""
    return _steps(_unit(G), steps, b=4.775)


@newton_schulz.wrong("Is (X Xᵀ)² the matrix product, or the square of every entry?")
def squares_every_entry(G, steps):
    """You square every entry of X Xᵀ. The formula asks for the matrix times itself."""
    X = _unit(G)
    for _ in range(steps):
        A = X @ X.mT
        X = 3.4445 * X + (-4.775 * A + 2.0315 * A**2) @ X
    return X


@newton_schulz.wrong("What is left of G if you set every singular value to exactly 1?")
def takes_the_exact_polar_factor(G, steps):
    """You return the matrix whose singular values are exactly 1. The steps only come near it, and
    it is the steps that were asked for."""
    U, _, Vh = torch.linalg.svd(G, full_matrices=False)
    return U @ Vh + 0 * steps


@newton_schulz.wrong("Is the norm of a matrix its largest singular value?")
def divides_by_the_largest(G, steps):
    """You divide by the largest singular value. That would do as well, but it is a number that
    one has to compute first; the page divides by the root of the sum of squares."""
    return _steps(G / torch.linalg.matrix_norm(G, 2, keepdim=True), steps)


@newton_schulz.wrong("Should one matrix of a batch change what becomes of another?")
def divides_all_by_one_norm(G, steps):
    """You divide all matrices by the norm of the whole batch. Each has a norm of its own."""
    return _steps(G / G.norm(), steps)
