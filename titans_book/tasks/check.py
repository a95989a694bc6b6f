"""Checks of a task's fields. Each error names the field, the value, and what is allowed."""

import math
from numbers import Integral, Real

import torch
from torch import Generator

from titans_book import check


def count(name: str, value: object, least: int = 1) -> int:
    """A whole number, 1 or more unless said otherwise."""
    _whole(name, value)
    if value < least:
        raise ValueError(f"{name} must be {least} or more, got {value}")
    return value


def within(name: str, value: object, low: float | int, high: float | int = math.inf):
    """A finite number from low to high, both allowed."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}")
    if not (low <= value <= high and math.isfinite(value)):
        allowed = f"{low} or more" if high == math.inf else f"from {low} to {high}"
        raise ValueError(f"{name} must be {allowed} and finite, got {value}")
    return value


def fraction(name: str, value: object):
    """A share, from 0 to 1."""
    return within(name, value, 0, 1)


def pair(name: str, value: object) -> tuple:
    """The least and the most: two numbers, or one that is both."""
    if not isinstance(value, tuple):
        return value, value
    if len(value) != 2:
        raise ValueError(f"{name} must be one number or two, got {value!r}")
    return value


def flag(name: str, value: object) -> bool:
    """True or False."""
    check.flag(name, value)
    return value


def source(seed: object) -> Generator:
    """The generator itself, or a new one that starts from the number given. Always on the CPU."""
    if isinstance(seed, Generator):
        if seed.device.type != "cpu":
            raise ValueError(f"seed must be a generator on the CPU, got one on {seed.device}")
        return seed
    _whole("seed", seed)
    return torch.Generator().manual_seed(seed)


def _whole(name: str, value: object):
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an int, got {type(value).__name__}")
