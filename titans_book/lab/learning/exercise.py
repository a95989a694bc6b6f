"""What an exercise is: one declaration, with everything that its check, hints and solution need.

    titans_step = Exercise(
        name="04.titans_step",
        what="one token of Titans",
        reference=steps.titans_step,
        probe=Probe(...),
        hints=("a nudge", "shapes and units", "the lines, shuffled"),
        source="Titans eqs. 13 and 14",
        taught="notebooks/04_forgetting.ipynb",
    )

    @titans_step.wrong("Which line of eq. 13 says that S forgets?")
    def forgets_the_surprise_too(M, S, k, v, theta, eta, alpha):
        '''Your S forgets as well. Only M does.'''
        ...

The probe runs a function for several steps with random gates in float64: in a single step from an
empty memory several wrong answers look right.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import torch
from torch import Tensor

__all__ = [
    "GRADES",
    "Exercise",
    "Probe",
    "Wrong",
    "gate",
    "normal",
    "one_or_many",
    "uniform",
    "vector",
]

Step = dict[str, Tensor]

# grade -> minutes: a line or three, a loop or an experiment, a design that is scored
GRADES = {"short": 4, "build": 12, "open": 15}


@dataclass(frozen=True)
class Wrong:
    """A wrong version: the function, what its author believes, and a question that helps."""

    name: str
    function: Callable
    says: str
    asks: str


@dataclass(frozen=True)
class Probe:
    """Runs a function step by step; calling it yields what the function returned, by name.

    inputs: maker(generator) for each argument that is drawn afresh at every step, in order.
    state: the same for arguments that come first and are carried from step to step: the function's
    first results replace them. returns: a name for each result.

    >>> probe = Probe(inputs={"x": normal(2)}, returns=("y",), steps=3)
    >>> [tuple(step["y"].shape) for step in probe(lambda x: 2 * x)]
    [(2,), (2,), (2,)]
    """

    inputs: Mapping[str, Callable[[torch.Generator], Tensor]]
    returns: tuple[str, ...]
    state: Mapping[str, Callable[[torch.Generator], Tensor]] = field(default_factory=dict)
    steps: int = 6
    seed: int = 0

    def __call__(self, function: Callable) -> Iterator[Step]:
        """Run the function and yield one dict of results a step."""
        generator = torch.Generator().manual_seed(self.seed)
        state = [make(generator) for make in self.state.values()]
        for _ in range(self.steps):
            given = [make(generator) for make in self.inputs.values()]
            results = function(*state, *given)
            results = results if isinstance(results, tuple) else (results,)
            state = list(results[: len(state)])
            yield dict(zip(self.returns, results, strict=True))

    def names(self) -> tuple[str, ...]:
        """The names of the function's arguments, in order."""
        return (*self.state, *self.inputs)


def normal(*shape: int, scale: float = 1.0) -> Callable[[torch.Generator], Tensor]:
    """Draws tensors of normal numbers in float64."""

    def make(generator: torch.Generator) -> Tensor:
        return scale * torch.randn(*shape, generator=generator, dtype=torch.float64)

    return make


def vector(size: int) -> Callable[[torch.Generator], Tensor]:
    """Draws vectors of a length between 1/2 and 2, never just 1: |k| must not go unnoticed."""

    def make(generator: torch.Generator) -> Tensor:
        direction = torch.randn(size, generator=generator, dtype=torch.float64)
        length = 0.5 + 1.5 * torch.rand((), generator=generator, dtype=torch.float64)
        return length * direction / direction.norm()

    return make


def one_or_many(size: int) -> Callable[[torch.Generator], Tensor]:
    """Draws one vector or, about half of the time, two at once as rows: (size) or (2, size).

    For an argument whose docstring promises both; give the probe a seed that begins with one.
    """
    draw = vector(size)

    def make(generator: torch.Generator) -> Tensor:
        many = torch.rand((), generator=generator) < 0.5
        return torch.stack([draw(generator), draw(generator)]) if many else draw(generator)

    return make


def uniform(low: float, high: float) -> Callable[[torch.Generator], Tensor]:
    """Draws single numbers, as tensors without axes."""

    def make(generator: torch.Generator) -> Tensor:
        return low + (high - low) * torch.rand((), generator=generator, dtype=torch.float64)

    return make


def gate(low: float, high: float) -> Callable[[torch.Generator], Tensor | float]:
    """Draws single numbers like `uniform`, about half of them as plain Python numbers.

    The chapters call a step with numbers, a model with tensors: a function has to take both.
    """
    draw = uniform(low, high)

    def make(generator: torch.Generator) -> Tensor | float:
        value = draw(generator)
        return value if int(float(value) * 1e9) % 2 else float(value)

    return make


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise.

    name        chapter and function, "04.titans_step".
    what        in a few words, "one token of Titans".
    reference   the function it is compared with; for the parts of a model, the package's own.
    probe       `probe(function)` yields a dict of named tensors, step by step.
    hints       three: a nudge, shapes and units, the lines shuffled.
    source      the equation and its paper.
    taught      the notebook.
    part        whether a function that passed can be kept and used by later chapters.
    load        one large call, for the time it takes; None: never called slow.
    slow        how many times the reference's time is too slow.
    tolerance   relative to the size of the expected tensors.
    terms       terms(*arguments) gives the tensors that the results are sums of, by name: an answer
                that nobody foresaw is then taken apart into them, and so is the right one.
    accept      for exercises with many right answers: a judge of the steps, instead of equality;
                it returns "" if they are right, and otherwise what is missing, in words.
    misfit      the question for an answer whose shapes do not fit; "": the one about q M.
    gradients   whether later chapters learn through a part: then gradients have to pass (later.py).
    solution    one solution as a `def`, where the reference's own source is none.
    grade       "short", "build" or "open" (GRADES): the map of the book shows it.
    """

    name: str
    what: str
    reference: Callable
    probe: Callable[[Callable], Iterator[Step]]
    hints: tuple[str, str, str]
    source: str
    taught: str
    part: bool = True
    load: Callable[[], tuple] | None = None
    slow: float = 50.0
    tolerance: float = 1e-9
    terms: Callable[..., dict[str, Tensor]] | None = None
    accept: Callable[[list[Step]], str] | None = None
    misfit: str = ""
    gradients: bool = True
    solution: str = ""
    grade: str = "short"
    bank: list[Wrong] = field(default_factory=list)

    def __post_init__(self) -> None:
        """ValueError for a grade that is none."""
        if self.grade not in GRADES:
            raise ValueError(f"grade={self.grade!r} is none: choose one of {', '.join(GRADES)}")

    @property
    def short(self) -> str:
        """The function's own name."""
        return self.name.partition(".")[2]

    def wrong(self, asks: str) -> Callable[[Callable], Callable]:
        """Put a function into the bank; its docstring says what its author believes."""

        def add(function: Callable) -> Callable:
            says = " ".join(_doc(function).split())
            if not says:
                raise ValueError(f"{function.__name__} has no docstring: say the misconception")
            self.bank.append(Wrong(function.__name__, function, says, asks))
            return function

        return add

    @cached_property
    def truth(self) -> list[Step]:
        """What the reference returns, step by step."""
        return list(self.probe(self.reference))

    @cached_property
    def versions(self) -> list[tuple[Wrong, list[Step]]]:
        """The bank, with what each wrong version returns; complete when it is first asked for."""
        return [(wrong, list(self.probe(wrong.function))) for wrong in self.bank]

    def __repr__(self) -> str:
        return f"Exercise: {self.name}, {self.what}"


def _doc(function: Callable) -> str:
    """A function's docstring; from its source where Python was told to drop them (-OO)."""
    if function.__doc__:
        return function.__doc__
    code = inspect.unwrap(function).__code__
    return _docs(code.co_filename).get(code.co_name, "")


@lru_cache(maxsize=64)
def _docs(path: str) -> dict[str, str]:
    """The docstrings of a file's functions, by their names."""
    try:
        tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    except (OSError, SyntaxError):
        return {}
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {node.name: ast.get_docstring(node) or "" for node in functions}
