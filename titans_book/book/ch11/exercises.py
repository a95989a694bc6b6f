"""An exercise of chapter 11: a momentum that corrects itself."""

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
