"""Is a result of the right kind? Number of values, type, shape, dtype, device."""

from __future__ import annotations

import inspect
from numbers import Real
from typing import Any

import torch
from torch import Tensor

__all__ = ["Misfit", "Nothing", "fit"]


class Misfit(Exception):
    """What came back is not what was asked for: `says` why, and `asks` what helps.

    shape: whether it is the shape that does not fit; an exercise may have a better question then.
    have, want: the two shapes, if it is.
    """

    def __init__(self, says: str, asks: str, shape: bool = False, have: Any = (), want: Any = ()):
        super().__init__(says)
        self.says, self.asks, self.shape = says, asks, shape
        self.have, self.want = tuple(have), tuple(want)


class Nothing(Misfit):
    """None came back."""


def fit(result: Any, expected: Any, numbers: bool = False) -> Any:
    """The result, made of tensors like the expected ones; Misfit says what is different.

    numbers: whether a Python number is as good as a tensor without axes.
    """
    if inspect.isgenerator(result) or inspect.iscoroutine(result):
        word = "`yield`" if inspect.isgenerator(result) else "`async`"
        raise Misfit(f"It does not return its result: there is {word} in it.", "What ends it?")
    if not isinstance(expected, tuple):
        if isinstance(result, (tuple, list)):
            says = f"It returns {len(result)} value{'s' * (len(result) != 1)} in a "
            tensors = any(isinstance(one, Tensor) for one in result)
            gathered = isinstance(result, list) and len(result) > 1  # by a loop, as a rule
            one_of_them = tensors and not gathered
            asks = (
                "Which of them is the result?" if one_of_them else "What makes one tensor of them?"
            )
            one = "tensor" if isinstance(expected, Tensor) else "number"
            asks = asks if one == "tensor" else "Which of them is it, or how many are they?"
            raise Misfit(f"{says}{type(result).__name__}; one {one} is asked for.", asks)
        return _fit(result, expected, "the result", numbers)
    if isinstance(result, list):
        result = tuple(result)
    if result is not None and (not isinstance(result, tuple) or len(result) != len(expected)):
        count = len(result) if isinstance(result, tuple) else "one"
        raise Misfit(
            f"It returns {count} value{'' if count == 'one' else 's'}; "
            f"{len(expected)} are asked for.",
            "What does the last line of the docstring say should come back, and in which order?",
        )
    results = (None,) * len(expected) if result is None else result
    _fit_order(results, expected)
    return tuple(
        _fit(one, other, f"result {place}", numbers)
        for place, (one, other) in enumerate(zip(results, expected, strict=True), 1)
    )


def _fit_order(results: tuple, expected: tuple) -> None:
    """Several results that have the right shapes in another order."""
    have, want = ([getattr(one, "shape", None) for one in row] for row in (results, expected))
    if have == want or None in have or None in want or sorted(have) != sorted(want):
        return
    place = next(i for i, (one, other) in enumerate(zip(have, want, strict=True)) if one != other)
    mine, asked = tuple(have[place]), tuple(want[place])
    says = f"Result {place + 1} has the shape {mine}, where {asked} is asked for."
    asks = "In which order does the last line of the docstring name them?"
    if all(one == other[::-1] for one, other in zip(have, want, strict=True)):
        asks += " Or if the order is right: are they all transposed (keys are rows here)?"
    raise Misfit(says, asks)


def _fit(result: Any, expected: Any, what: str, numbers: bool) -> Tensor:
    numbers = numbers or not isinstance(expected, Tensor)
    expected = torch.as_tensor(expected)
    if result is None:
        raise Nothing("It returns nothing.", "Is there a `return` in front of the last line?")
    if isinstance(result, Real) and expected.dim() == 0:
        if numbers:
            return torch.tensor(float(result), dtype=torch.float64)
        raise _no_tensor(result, what)
    if isinstance(result, Tensor) and result.dtype == torch.bool and expected.is_floating_point():
        result = result.to(expected.dtype)  # a comparison counts as 0 or 1
    if not isinstance(result, Tensor):
        kind = type(result).__name__
        if expected.dim() == 0:
            says = f"{what.capitalize()} is of type {kind}; a number is asked for."
            raise Misfit(says, "How is that number written in Python?")
        raise Misfit(
            f"{what.capitalize()} is of type {kind}, not a torch tensor.",
            "Which torch operation gives the same, without leaving torch?",
        )
    if result.device != expected.device:
        raise Misfit(
            f"{what.capitalize()} lies on the device {result.device}, the inputs on "
            f"{expected.device}.",
            "Which of your tensors was made elsewhere?",
        )
    _fit_shape(result, expected, what)
    if numbers and result.dim() == 0 and not result.is_complex():
        return result.detach().double()  # as good as a Python number, whatever its dtype is
    if expected.dtype == torch.bool != result.dtype:
        says = f"{what.capitalize()} holds numbers ({result.dtype}); True and False are asked for."
        asks = "Which comparison is True just where it should be, or is `dtype=torch.bool` missing?"
        raise Misfit(says, asks)
    if result.dtype != expected.dtype:
        raise Misfit(
            f"{what.capitalize()} has dtype {result.dtype}; the inputs have {expected.dtype}, and "
            "so must it.",
            "Where do you make a tensor without saying its dtype, or convert one?",
        )
    return result.detach()


def _no_tensor(result: Real, what: str) -> Misfit:
    """For a Python number where later chapters need a tensor without axes."""
    kind = "True or False" if isinstance(result, bool) else "a Python number"
    says = f"{what.capitalize()} is {kind}; a tensor without axes is asked for."
    asks = "Which call turns a tensor into that, and cuts its gradient, or was there never one?"
    return Misfit(says, asks)


def _fit_shape(result: Tensor, expected: Tensor, what: str) -> None:
    if result.shape == expected.shape:
        return
    have, want = tuple(result.shape), tuple(expected.shape)
    asks = f"Which product of your tensors has the shape {want}?"
    if have == want[::-1]:
        asks = "Keys are rows here: which of the two vectors comes first in the outer product?"
    elif expected.dim() == 0:
        asks = "One number is asked for: what turns all of these into one?"
    says = f"{what.capitalize()} has the shape {have}, where {want} is asked for."
    raise Misfit(says, asks, expected.dim() > 0, have, want)
