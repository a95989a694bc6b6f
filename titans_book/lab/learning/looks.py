"""What does a wrong answer look like? Signs, factors, transposes: what a glance at numbers tells.

It is for mistakes that nobody has foreseen. Both the whole tensor and the change that a step makes
are looked at: a wrong learning rate is a factor of the change, not of the memory. Where an exercise
names the terms of its results, both answers are taken apart into them, and their shares compared.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from titans_book.lab.learning.exercise import Step

__all__ = ["NEARLY", "likeness", "taken_apart"]

EXACT = 1e-8
NEARLY = 1e-4  # of the expected one's size: what a rounding or a small constant makes
ROUNDED = "is something rounded (float32), added to be safe (1e-8), or a small difference?"


def likeness(
    mine: Step, true: Step, name: str, given: tuple, names: tuple[str, ...]
) -> tuple[str, ...]:
    """Sentences about how `mine[name]` relates to `true[name]`; none if it relates in no plain way.

    given: the arguments of the call, called `names`.
    """
    yours, expected = mine[name].double(), true[name].double()
    if not bool(torch.isfinite(yours).all()):
        return (
            "It holds NaN or infinity: is something divided by 0, or is infinity multiplied by 0?",
        )
    arguments = {n: v for n, v in zip(names, given, strict=False) if isinstance(v, Tensor)}
    for argument, value in arguments.items():
        if value.shape == yours.shape and torch.equal(value.double(), yours):
            return (f"Your `{name}` is `{argument}`, just as it was given.",)
    if float(yours.abs().max()) == 0:
        return (f"Your `{name}` is zero everywhere.",)
    before = arguments.get(name)
    return (
        _relation(yours, expected, f"Your `{name}` is", "the expected one")
        or _change(yours, expected, before, name)
        or _extra(yours, expected, arguments, name)
    )


def _change(yours: Tensor, expected: Tensor, before: Any, name: str) -> tuple[str, ...]:
    """The same question about what the step added."""
    if before is None or before.shape != yours.shape:
        return ()
    subject = f"The change that your step makes to `{name}` is"
    return _relation(yours - before, expected - before, subject, "the expected change")


def _relation(yours: Tensor, expected: Tensor, subject: str, other: str) -> tuple[str, ...]:
    size = float(expected.abs().max())
    if size < EXACT or float(yours.abs().max()) < EXACT:
        return ()
    off = float((yours - expected).abs().max()) / size
    if 0 < off <= NEARLY:
        return (f"{subject} {other} but for {off:.0e} of its size: {ROUNDED}",)
    factor = float((yours * expected).sum() / (expected * expected).sum())
    # Any number is a multiple of any other: of single ones, only plain multiples tell anything.
    plain = yours.numel() > 1 or abs(4 * factor - round(4 * factor)) < EXACT
    if plain and _equal(yours, factor * expected, size):
        if abs(factor + 1) < EXACT:
            return (f"{subject} {other} with the other sign.",)
        return (f"{subject} {factor:.3g} times {other}.",)
    square = yours.dim() == 2 and yours.shape == expected.mT.shape
    if square and _equal(yours, expected.mT, size):
        return (f"{subject} {other}, transposed.",)
    shift = yours - expected
    if yours.numel() > 1 and _equal(shift, shift.mean().expand_as(shift), size):
        return (f"{subject} {other} plus {float(shift.mean()):.3g} everywhere.",)
    return ()


def _extra(
    yours: Tensor, expected: Tensor, arguments: dict[str, Tensor], name: str
) -> tuple[str, ...]:
    """Is the difference a multiple of one of the arguments?"""
    shift = yours - expected
    size = float(shift.abs().max())
    for argument, value in arguments.items():
        value = value.double()
        if value.shape != shift.shape or value.dim() == 0 or float(value.abs().max()) < EXACT:
            continue
        factor = float((shift * value).sum() / (value * value).sum())
        if _equal(shift, factor * value, size):
            return (f"Your `{name}` has {factor:+.3g} times `{argument}` too much in it.",)
    return ()


def _equal(a: Tensor, b: Tensor, size: float) -> bool:
    return float((a - b).abs().max()) <= EXACT * max(size, EXACT)


def taken_apart(yours: Tensor, expected: Tensor, terms: dict[str, Tensor]) -> tuple[str, ...]:
    """Both tensors as sums of the same terms, by least squares; nothing where that is not exact.

    >>> one, two = torch.eye(2).double(), torch.ones(2, 2).double()
    >>> taken_apart(3 * one + two, 2 * one + two, {"I": one, "J": two})[0]
    'Yours is +3·I +1·J; expected is +2·I +1·J.'
    """
    names = [name for name, term in terms.items() if float(term.abs().max()) > EXACT]
    if not names or not bool(torch.isfinite(yours).all()):
        return ()
    basis = torch.stack([terms[name].double().flatten() for name in names], dim=1)
    both = torch.stack([yours.double().flatten(), expected.double().flatten()], dim=1)
    if len(basis) <= len(names):
        return ()
    shares = torch.linalg.lstsq(basis, both).solution
    if not _equal(basis @ shares, both, float(both.abs().max())):
        return ()
    mine, true = (_sum(names, shares[:, column].tolist()) for column in (0, 1))
    if mine == true:
        return ()
    return (f"Yours is {mine}; expected is {true}.",)


def _sum(names: list[str], shares: list[float]) -> str:
    kept = [f"{share:+.3g}·{name}" for name, share in zip(names, shares, strict=True)
            if abs(share) > 1e-6]  # fmt: skip
    return " ".join(kept) or "0"
