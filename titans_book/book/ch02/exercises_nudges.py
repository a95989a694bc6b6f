"""Exercise of chapter 02: the slopes of a function of a matrix, measured by nudging its entries.

f takes a matrix and returns a number, M is (d_in, d_out), h is a number.
"""

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, gate, normal

CHAPTER = "notebooks/02_surprise_is_a_gradient.ipynb"


def by_nudges(f, M, h):
    """The book's version."""
    slopes = torch.zeros_like(M)
    for i in range(M.shape[0]):
        for j in range(M.shape[1]):
            nudge = torch.zeros_like(M)
            nudge[i, j] = h
            slopes[i, j] = (f(M + nudge) - f(M - nudge)) / (2 * h)
    return slopes


def _functions(generator):
    """A function that is no parabola: then the size of the nudge shows in the result."""
    one, two, row, column = (normal(*size)(generator) for size in [(3, 4), (3, 4), (3,), (4,)])

    def f(M):
        return (one * M**3).sum() + (two * M).sum() + (row @ M @ column) ** 2

    return f


by_nudges_exercise = Exercise(
    name="02.by_nudges",
    what="the slope at every entry of a matrix, by nudges",
    reference=by_nudges,
    probe=Probe(
        inputs={"f": _functions, "M": normal(3, 4), "h": gate(0.1, 0.5)},
        returns=("slopes",),
        steps=4,
    ),
    hints=(
        "Take one entry. You need two matrices that differ from M in this entry alone, one with "
        "more and one with less. How far apart are these two entries?",
        "Two loops, over M.shape[0] and M.shape[1]. Each nudge starts from M as it was given: work "
        "on a copy, M.clone(). f returns one number, and the result has the shape of M.",
        "    return slopes\n"
        "    low[i, j] -= h\n"
        "    for j in range(M.shape[1]):\n"
        "    high, low = M.clone(), M.clone()\n"
        "    slopes[i, j] = (f(high) - f(low)) / (2 * h)\n"
        "    high[i, j] += h\n"
        "    slopes = torch.zeros_like(M)\n"
        "    for i in range(M.shape[0]):",
    ),
    source="the definition of a slope",
    taught=CHAPTER,
    part=False,
    grade="build",
    misfit="One slope for each entry of M: what is the shape of M, and what is the shape of yours?",
)


def _each(M, slope):
    """slope(i, j) for every entry."""
    rows, columns = M.shape
    found = [[slope(i, j) for j in range(columns)] for i in range(rows)]
    return torch.stack([torch.stack(row) for row in found])


def _nudged(M, i, j, h):
    M = M.clone()
    M[i, j] += h
    return M


@by_nudges_exercise.wrong("How do you take the bend of f out of the result?")
def nudges_up_only(f, M, h):
    """You nudge up only. The result is the slope between M and the raised entry, so the bend of f
    is still in it. Nudge down as well."""
    return _each(M, lambda i, j: (f(_nudged(M, i, j, h)) - f(M)) / h)


@by_nudges_exercise.wrong("Which two points should lie at the same distance from M?")
def nudges_down_only(f, M, h):
    """You nudge down only, so the bend of f is still in the result. Nudge up as well."""
    return _each(M, lambda i, j: (f(M) - f(_nudged(M, i, j, -h))) / h)


@by_nudges_exercise.wrong("One entry is h higher, the other h lower. How far apart are they?")
def divides_by_h(f, M, h):
    """Your slopes are twice too large. The two nudged entries are not h apart."""
    return 2 * by_nudges(f, M, h)


@by_nudges_exercise.wrong("What is a slope: the rise, or the rise over the way?")
def returns_the_rise(f, M, h):
    """You return how much f rises. A slope is the rise divided by the way."""
    return 2 * h * by_nudges(f, M, h)


@by_nudges_exercise.wrong("If f gets larger when the entry is raised, what sign has the slope?")
def turns_the_sign(f, M, h):
    """The sign is turned: you subtract the raised one from the lowered one."""
    return -by_nudges(f, M, h)


@by_nudges_exercise.wrong("In the second round of your loop, is the first entry back where it was?")
def leaves_the_nudges_in(f, M, h):
    """You never undo a nudge. After the first entry all later slopes are measured at another
    matrix."""
    M, slopes = M.clone(), torch.zeros_like(M)
    for i in range(M.shape[0]):
        for j in range(M.shape[1]):
            M[i, j] += h
            high = f(M)
            M[i, j] -= 2 * h
            slopes[i, j] = (high - f(M)) / (2 * h)
    return slopes


@by_nudges_exercise.wrong("You raise the entry by h. By how much must you lower it to get below M?")
def comes_back_instead_of_going_below(f, M, h):
    """You raise the entry by h and lower it by h again, so the second value of f is f(M) itself.
    But you divide by 2 h."""
    return _each(M, lambda i, j: (f(_nudged(M, i, j, h)) - f(M)) / (2 * h))


@by_nudges_exercise.wrong("How many entries does `M + h` change?")
def nudges_all_entries_at_once(f, M, h):
    """You nudge all entries at once, so every slope is the same number: the sum of all slopes."""
    return ((f(M + h) - f(M - h)) / (2 * h)).expand(M.shape).clone()


def _central(f, M, nudge, h):
    return (f(M + nudge) - f(M - nudge)) / (2 * h)


def _moved(M, where, h):
    """A matrix of h where M is nudged, and of zeros elsewhere."""
    nudge = torch.zeros_like(M)
    nudge[where] = h
    return nudge


@by_nudges_exercise.wrong("What does `M[i] += h` change?")
def nudges_whole_rows(f, M, h):
    """You nudge a whole row at a time, so all slopes of a row are equal. Nudge one entry alone."""
    return _each(M, lambda i, _: _central(f, M, _moved(M, i, h), h))


@by_nudges_exercise.wrong("Which rows does `M[:, j] += h` change?")
def nudges_whole_columns(f, M, h):
    """You nudge a whole column at a time, so all slopes of a column are equal. Nudge one entry
    alone."""
    return _each(M, lambda _, j: _central(f, M, _moved(M, (slice(None), j), h), h))


@by_nudges_exercise.wrong("Does an entry that is 0 move, if you multiply it by 1 + h?")
def nudges_by_a_share(f, M, h):
    """You multiply the entry by 1 + h and 1 - h, so a large entry is moved further than a small
    one. The docstring asks for h itself."""
    return _each(
        M,
        lambda i, j: (
            (f(_nudged(M, i, j, h * M[i, j])) - f(_nudged(M, i, j, -h * M[i, j]))) / (2 * h)
        ),
    )


@by_nudges_exercise.wrong("Can f fall when an entry is raised?")
def forgets_the_sign(f, M, h):
    """Your slopes are all positive. f may fall when an entry is raised, and then its slope is
    negative."""
    return by_nudges(f, M, h).abs()


@by_nudges_exercise.wrong("What does `range(n - 1)` leave out?")
def leaves_out_the_last(f, M, h):
    """The last row and the last column are 0: your loops end one entry too early."""
    slopes = by_nudges(f, M, h)
    slopes[-1], slopes[:, -1] = 0, 0
    return slopes


@by_nudges_exercise.wrong("Where does `h` occur in your code?")
def has_its_own_h(f, M, h):
    """You use a nudge of your own, 0.01, and ignore the h that was given."""
    return by_nudges(f, M, 0.01)


@by_nudges_exercise.wrong("Which of your lines would also work if f were not made of torch?")
def asks_autograd(f, M, h):
    """You let autograd do it. That is the exact gradient; here the slopes are to be measured, with
    nothing but calls of f."""
    M = M.clone().requires_grad_()
    return torch.autograd.grad(f(M), M)[0]


@by_nudges_exercise.wrong("How many of your entries are not 0 at the end?")
def starts_anew_for_every_row(f, M, h):
    """Only the last row is filled. The line that makes the zeros is inside the loop over rows."""
    slopes = torch.zeros_like(M)
    slopes[-1] = by_nudges(f, M, h)[-1]
    return slopes


@by_nudges_exercise.wrong("Does `high = M` make a second matrix?")
def works_on_one_tensor(f, M, h):
    """Your slopes are all 0, because high and low are the same tensor: `high = M` is only another
    name for M. Make copies, M.clone()."""
    return torch.zeros_like(M)


@by_nudges_exercise.wrong("How many columns has M, and over how many do you loop?")
def loops_over_the_rows_twice(f, M, h):
    """Both of your loops have M.shape[0] rounds, so the last columns stay 0."""
    slopes = by_nudges(f, M, h)
    slopes[:, M.shape[0] :] = 0
    return slopes


@by_nudges_exercise.wrong("How far is your `return` indented?")
def returns_after_the_first_row(f, M, h):
    """Only the first row is filled: the `return` is inside the loop over rows."""
    slopes = torch.zeros_like(M)
    slopes[0] = by_nudges(f, M, h)[0]
    return slopes


@by_nudges_exercise.wrong("In which order does Python compute `a - b / 2 * h`?")
def divides_one_of_the_two(f, M, h):
    """Brackets are missing: `f(high) - f(low) / 2 * h` divides only the second value, and then
    multiplies by h."""
    return _each(M, lambda i, j: f(_nudged(M, i, j, h)) - f(_nudged(M, i, j, -h)) / 2 * h)
