"""The sentences of a check: what was given, where it stopped, where it parts from the truth."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable

from torch import Tensor

from titans_book.lab.learning.compare import gap
from titans_book.lab.learning.exercise import Exercise, Step
from titans_book.lab.learning.guard import Watched

__all__ = [
    "advice",
    "calls_itself",
    "described",
    "like_an_argument",
    "line_of",
    "listed",
    "other_shape",
    "parting",
    "unit",
    "why_nothing",
]

DOT = (
    "Between two vectors `@`, like `torch.dot`, wants equal lengths and gives one number. "
    "What gives a table, a row for each entry of the one and a column for the other's?"
)
UNTRACKED = (
    "Nothing was told to collect a gradient: for which tensor is one wanted, and on which "
    "clone of it does `requires_grad_()` belong?"
)
ERRORS = {
    "inconsistent tensor size": DOT,
    "1D tensors expected": DOT,
    "does not require grad": UNTRACKED,
    "same dtype": "Where do you make a tensor without saying its dtype?",
}  # some words of torch, and what helps
GIVE_NOTHING = ("append", "backward", "extend", "insert", "print", "update")


def described(watched: Watched) -> str:
    """What the function was given when it failed, argument by argument."""
    if not watched.given:
        return "It was not even called: does it take the arguments of the stub, in their order?"
    if not watched.given[-1]:
        return "It takes no arguments."
    words = []
    for place, value in enumerate(watched.given[-1]):
        if isinstance(value, Tensor) and value.dim():
            text = f"shape {tuple(value.shape)}, {str(value.dtype).removeprefix('torch.')}"
        else:
            text = f"{float(value):.3f}" if isinstance(value, (Tensor, float)) else named(value)
        words.append(f"`{watched.name(place)}`: {text}")
    return "It was given " + "; ".join(words) + "."


def named(value: object) -> str:
    """A function by its name, anything else as Python shows it."""
    return getattr(value, "__name__", None) or repr(value)


def line_of(error: BaseException, function: Callable) -> tuple[str, ...]:
    """The line of the function at which it failed, counted from its `def`."""
    code, trace, line = getattr(function, "__code__", None), error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code is code:
            line = trace.tb_lineno - code.co_firstlineno + 1
        trace = trace.tb_next
    return (f"That was in line {line} of your function.",) if line else ()


def listed(names: list[str], last: str = "and") -> str:
    """Names in a row.

    >>> listed(["M", "k", "v"])
    '`M`, `k` and `v`'
    """
    *most, end = (f"`{name}`" for name in names)
    return f"{', '.join(most)} {last} {end}" if most else end


def why_nothing(function: Callable) -> str:
    """The question for a function that returned None: what its `return`s look like."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return "Does every way through it end in a `return` with a value?"
    values = [n.value for n in ast.walk(tree) if isinstance(n, ast.Return) and n.value is not None]
    if not values:
        return "Is there a `return` in front of the last line?"
    for value in values:
        called = value.func if isinstance(value, ast.Call) else None
        name = getattr(called, "attr", getattr(called, "id", ""))
        if name in GIVE_NOTHING:
            where = ": it leaves its result in `.grad`" if name == "backward" else ""
            return f"`{name}(...)` gives nothing back{where}. What is to be returned?"
    return "Which way through it comes to its end without a `return`, an `if` without `else`?"


def other_shape(watched: Watched, at: int) -> tuple[str, ...]:
    """An argument that has another shape in call `at` than in all calls before it."""
    for place, value in enumerate(watched.given[at] if at < len(watched.given) else ()):
        here = tuple(getattr(value, "shape", ()))
        before = [tuple(getattr(given[place], "shape", ())) for given in watched.given[:at]]
        if before and here not in before:
            name = watched.name(place)
            return (f"For `{name}` of shape {before[-1]} it was right; here it has {here}.",)
    return ()


def like_an_argument(watched: Watched, have: tuple, want: tuple) -> tuple[str, ...]:
    """Where a result has the shape of one argument, and another argument's shape is asked for."""
    shapes = {
        watched.name(place): tuple(getattr(value, "shape", ()))
        for place, value in enumerate(watched.given[-1] if watched.given else ())
    }
    mine = [name for name, shape in shapes.items() if shape and shape == have]
    asked = [name for name, shape in shapes.items() if shape and shape == want]
    if not mine or not asked or have == want[::-1]:
        return ()
    return (f"That is the shape of {listed(mine, 'or')}; {listed(asked, 'or')} has the other one.",)


def calls_itself(error: BaseException, function: Callable) -> bool:
    """Whether the function was running more than once when the error came."""
    code, trace, found = getattr(function, "__code__", None), error.__traceback__, 0
    while trace is not None:
        found += trace.tb_frame.f_code is code
        trace = trace.tb_next
    return found > 1


def advice(words: str, misfit: str = "") -> tuple[str, ...]:
    """What helps against the commonest errors, by their words; misfit: where shapes do not fit."""
    if "bitwise_xor" in words or "type(s) for ^" in words:
        return ("In Python `^` is no power: which sign is?",)
    if "Boolean value of Tensor" in words:
        return ("Between tensors `and` is `&`, `or` is `|`, `not` is `~`: are there brackets too?",)
    if "inconsistent with step sign" in words:
        return ("`torch.arange(a, b)` ends before b: is b where it ends, or how many there are?",)
    if "Sizes of tensors must match except" in words:
        return (
            "`torch.cat` puts tensors one below the other, with `dim=1` side by side: the other "
            "sizes have to agree. Which way is meant, and which size does not?",
        )
    if "stack expects each tensor" in words:
        return ("`torch.stack` lays equal tensors on top of each other: what joins unequal rows?",)
    if "slice indices must be integers" in words:
        return ("A place in a row is a whole number: which of your numbers is none?",)
    if "cat() takes" in words or "stack() takes" in words:
        return ("It wants its tensors in a list, as one argument: where are the square brackets?",)
    if "step must be greater than zero" in words:
        return ("A tensor has no `[::-1]`: which method of it turns the rows round?",)
    if known := [helps for part, helps in ERRORS.items() if part in words]:
        return (known[0],)
    if "empty sequence" in words or "iterable argument is empty" in words:
        return ("Nothing was left to choose from: which condition lets nothing pass?",)
    if "got tuple" in words or "tuple indices" in words:
        return ("Something that you call returns two values: which of your names holds both?",)
    if "modified by an inplace operation" in words:
        return (
            "Autograd needs the old numbers: which line could say `M = M + ...` for `M += ...`?",
        )
    if any(
        part in words for part in ("size mismatch", "cannot be multiplied", "must match the size")
    ):
        if misfit:
            return (misfit,)
        rows = "Tokens are rows here: a memory is asked as `q @ M`, and `torch.outer(a, b)` has the"
        return (f"{rows} shape (len(a), len(b)). Which of your shapes do not fit?",)
    return ()


def unit(exercise: Exercise) -> str:
    """What a probe consists of: steps if something is carried on, else examples."""
    return "step" if getattr(exercise.probe, "state", None) else "example"


def so_far(right: int, what: str) -> tuple[str, ...]:
    """What is right before the first difference."""
    if right == 0:
        return ()
    return (f"{what.capitalize()}{f's 1 to {right}' if right > 1 else ' 1'}: right.",)


def parting(
    steps: list[Step], truth: list[Step], at: int, name: str, exercise: Exercise
) -> tuple[str, ...]:
    """What is right so far, and where the first difference is."""
    limit = exercise.tolerance
    fine = [other for other in truth[at] if gap(steps[at][other], truth[at][other]) <= limit]
    *most, last = [f"`{one}`" for one in fine] or [""]
    those = f"{', '.join(most)} and {last} are" if most else f"{last} is"
    also = f" There {those} right still." if fine else ""
    what, from_the_start = unit(exercise), len(truth) > 1 and at == 0
    place = f"from the first {what} on" if from_the_start else f"first at {what} {at + 1}"
    return (*so_far(at, what), f"It differs {place}, in `{name}`.{also}")
