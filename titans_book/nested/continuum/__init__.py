"""The continuum memory system: levels of memory, each learning at its own pace.

memory     ContinuumMemory, the module (Nested Learning eqs. 70-74)
state      ContinuumState, what it hands on
clocks     when a level is updated, and how
levels     the levels that come with it, and how levels answer together

Taught in chapter 12.
"""

from titans_book.nested.continuum.levels import Perceptron, half_squared_error
from titans_book.nested.continuum.memory import ContinuumMemory
from titans_book.nested.continuum.state import ContinuumState, LevelState

__all__ = [
    "ContinuumMemory",
    "ContinuumState",
    "LevelState",
    "Perceptron",
    "half_squared_error",
]
