"""Where the levels of a model's continuum memories are. Taught in chapter 12."""

from __future__ import annotations

from torch import nn

from titans_book.nested.continuum.memory import ContinuumMemory


def levels_of(model: nn.Module) -> dict[int, list[str]]:
    """The names of all levels with a clock, by their period: what `read_and_learn` asks for.

    >>> levels_of(nn.Sequential(ContinuumMemory(8, periods=(1, 4, None))))
    {1: ['0.levels.0'], 4: ['0.levels.1']}
    """
    found: dict[int, list[str]] = {}
    for name, part in model.named_modules():
        if isinstance(part, ContinuumMemory):
            for n, period in enumerate(part.periods):
                if period is not None:
                    place = f"{name}.levels.{n}" if name else f"levels.{n}"
                    found.setdefault(period, []).append(place)
    return found
