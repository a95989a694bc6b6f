"""An exercise of chapter 11: Muon's Newton-Schulz steps."""

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, normal
from titans_book.steps import optimizers as steps

CHAPTER = "notebooks/11_optimizers.ipynb"

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


@newton_schulz.wrong("How often does X Xᵀ appear in the last term?")
def forgets_the_square(G, steps):
    """You have X Xᵀ only once in the last term, where it is squared."""
    return _steps(_unit(G), steps, b=-4.775 + 2.0315, c=0.0)


@newton_schulz.wrong("Is the norm the sum of all squares, or its root?")
def forgets_the_root(G, steps):
    """You divide by the sum of all squares. The norm is its root."""
    return _steps(_unit(G) / G.square().sum((-2, -1), keepdim=True).sqrt(), steps)


@newton_schulz.wrong("How many steps does your loop take if steps is 1?")
def takes_one_step_more(G, steps):
    """You take one step more than was asked for."""
    return _steps(_unit(G), steps + 1)


@newton_schulz.wrong("Which of your numbers should depend on `steps`?")
def always_takes_five(G, steps):
    """You always take five steps. How many is an argument."""
    return _steps(_unit(G), 5) + 0 * steps


@newton_schulz.wrong("How large should the singular values be at the end: near 1, or near G's?")
def puts_the_norm_back(G, steps):
    """You multiply by the norm again at the end. The singular values should stay near 1."""
    return _steps(_unit(G), steps) * G.square().sum((-2, -1), keepdim=True).sqrt()


@newton_schulz.wrong("Can a matrix whose entries are at most 1 have a singular value above 1?")
def divides_by_the_largest_entry(G, steps):
    """You divide by the largest entry. Then a singular value can still be far above 1, and it
    runs away."""
    return _steps(G / G.abs().amax((-2, -1), keepdim=True), steps)


@newton_schulz.wrong("Is X Xᵀ a product of matrices, or of entries?")
def multiplies_entries(G, steps):
    """You multiply entry by entry (`*`, `**`). The formula has products of matrices (`@`)."""
    X = _unit(G)
    for _ in range(steps):
        X = 3.4445 * X - 4.775 * X**3 + 2.0315 * X**5
    return X


@newton_schulz.wrong("What is the norm of a column, and what the norm of a matrix?")
def divides_every_column(G, steps):
    """You bring every column to length 1. That changes the singular vectors, which must stay."""
    return _steps(G / G.norm(dim=-2, keepdim=True), steps)
