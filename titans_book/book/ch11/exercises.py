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
    """You erase the share s / (1 + s) of the part along g, for a small gradient as for a large
    one. The length of g has to matter: the 1 below the line is not multiplied by |g|²."""
    k = g / g.norm(dim=-1, keepdim=True)
    return alpha * (m - s * k * _along(m, k) / (1 + s)) - eta * g


@delta_momentum.wrong("Is the step eta part of what was held before, or of what is new?")
def weighs_the_new_one_by_the_rest(m, g, alpha, eta, s):
    """You write (1 - alpha) times the gradient, as in a running mean. Here its weight is eta."""
    return alpha * (m - s * g * _along(m, g) / (1 + s * _length(g))) - (1 - alpha) * eta * g


def _erased(m, g, share):
    """m without `share` of (m·g) g, row by row."""
    return m - share * _along(m, g) * g


@delta_momentum.wrong("If two runs are two rows, may one of them change the other?")
def mixes_the_rows(m, g, alpha, eta, s):
    """You sum over all of g and m at once. Each of the n rows is a run of its own: sum along the
    last axis."""
    return alpha * (m - s * (g * m).sum() / (1 + s * g.square().sum()) * g) - eta * g


@delta_momentum.wrong("Does your sum run over the entries of a vector, or over the vectors?")
def sums_along_the_first_axis(m, g, alpha, eta, s):
    """You sum along the first axis, over the n rows. A row is one vector, and g·m is a sum over
    its entries, along the last axis."""
    along = (g * m).sum(0, keepdim=True) / (1 + s * g.square().sum(0, keepdim=True))
    return alpha * (m - s * along * g) - eta * g


@delta_momentum.wrong("For g = (3, 4): what is |g|², and what is |g|?")
def takes_the_length(m, g, alpha, eta, s):
    """You have |g| below the line, where |g|² belongs."""
    return alpha * _erased(m, g, s / (1 + s * g.norm(dim=-1, keepdim=True))) - eta * g


@delta_momentum.wrong("Is this the equation that the page found fault with?")
def is_the_printed_rule(m, g, alpha, eta, s):
    """You take equation (49) as it is printed. It multiplies all of m by α - |g|²."""
    return m * (alpha - _length(g)) - eta * g


@delta_momentum.wrong("Does your s look at the direction of m?")
def is_the_printed_rule_with_s(m, g, alpha, eta, s):
    """You take equation (49) as it is printed, with s in front of |g|². It multiplies all of m by
    one number."""
    return m * (alpha - s * _length(g)) - eta * g


@delta_momentum.wrong("What should s = 0 erase, and what does it erase in your function?")
def forgets_s_above(m, g, alpha, eta, s):
    """You have s below the line only. It belongs above it as well."""
    return alpha * _erased(m, g, 1 / (1 + s * _length(g))) - eta * g


@delta_momentum.wrong("For a very large s, which share of the part along g do you erase?")
def forgets_s_below(m, g, alpha, eta, s):
    """You have s above the line only. It belongs below it as well, or a large s erases more than
    there is."""
    return alpha * _erased(m, g, s / (1 + _length(g))) - eta * g


@delta_momentum.wrong("How much is erased if g is very short?")
def erases_all_that_lies_along(m, g, alpha, eta, s):
    """You take out all of the part along g, whatever s is, and however short g is."""
    return alpha * _erased(m, g, 1 / _length(g)) - eta * g + 0 * s


@delta_momentum.wrong("What is left of the 1 in 1 + s|g|²?")
def erases_the_share_s(m, g, alpha, eta, s):
    """You erase the share s of the part along g. For an s above 1 that is more than there is."""
    return alpha * _erased(m, g, s / _length(g)) - eta * g


@delta_momentum.wrong("g·m is a number. In which direction do you take it away?")
def takes_a_number_away(m, g, alpha, eta, s):
    """You take the number s (g·m) / (1 + s|g|²) away from every entry. It has to be multiplied by
    g, the direction in which m is too long."""
    return alpha * (m - s * _along(m, g) / (1 + s * _length(g))) - eta * g


@delta_momentum.wrong("In which direction should m become shorter: along m, or along g?")
def shortens_along_itself(m, g, alpha, eta, s):
    """You take a part of m away, in m's own direction. What is to be erased lies along g."""
    return alpha * (m - s * _along(m, g) / (1 + s * _length(g)) * m) - eta * g


@delta_momentum.wrong("Where is the new gradient, and where alpha?")
def only_erases(m, g, alpha, eta, s):
    """You return m′. The usual step comes after it: decay m′, and write the new gradient."""
    return _erased(m, g, s / (1 + s * _length(g))) + 0 * alpha * eta


@delta_momentum.wrong("How long is the first step, when m is still zero?")
def forgets_eta(m, g, alpha, eta, s):
    """You write the gradient without its rate eta."""
    return alpha * _erased(m, g, s / (1 + s * _length(g))) - g + 0 * eta


@delta_momentum.wrong("What does alpha multiply in equation (33)?")
def decays_the_new_gradient(m, g, alpha, eta, s):
    """You decay the new gradient as well. Only what was held before is multiplied by alpha."""
    return alpha * (_erased(m, g, s / (1 + s * _length(g))) - eta * g)


@delta_momentum.wrong("Which of the two is the decay, and which the rate?")
def swaps_alpha_and_eta(m, g, alpha, eta, s):
    """You have swapped alpha and eta: what is kept is multiplied by eta."""
    return eta * _erased(m, g, s / (1 + s * _length(g))) - alpha * g


@delta_momentum.wrong("Is what lies along g measured by g's length, or by m's?")
def measures_the_momentum(m, g, alpha, eta, s):
    """You have |m|² below the line. It is g's length that matters there."""
    return alpha * _erased(m, g, s / (1 + s * _length(m))) - eta * g


@delta_momentum.wrong("What is the derivative of s/2 (g·m′)² with respect to m′?")
def counts_the_half_twice(m, g, alpha, eta, s):
    """You have 2s where s belongs. The ½ in front of the square takes the 2 of its derivative
    away."""
    return alpha * _erased(m, g, 2 * s / (1 + 2 * s * _length(g))) - eta * g
