"""The continuum memory system: levels of memory, each learning at its own pace.

memory     ContinuumMemory, the module (Nested Learning eqs. 70-74)
liveness   which level learns, speaks, and is right; meter, the same while a model is trained
stacking   a fresh fast level on top of one that was pushed to a slower clock
toys       two small worlds to try it in: terms of several paces; A, then B
language   read_and_learn: any language model, some of its modules learning while it reads
names      where the levels of a model are
levels     how levels answer together; learning, how they learn from what they have answered
clocks     when a level is updated; steps, how; gradients, of what; state, what is handed on

Taught in chapter 12.
"""

from titans_book.nested.continuum.language import LearningState, read_and_learn
from titans_book.nested.continuum.learning import half_squared_error
from titans_book.nested.continuum.levels import Perceptron
from titans_book.nested.continuum.liveness import Liveness
from titans_book.nested.continuum.memory import ContinuumMemory
from titans_book.nested.continuum.meter import Meter, Pulse
from titans_book.nested.continuum.names import levels_of
from titans_book.nested.continuum.stacking import stack
from titans_book.nested.continuum.state import ContinuumState, LevelState

__all__ = [
    "ContinuumMemory",
    "ContinuumState",
    "LearningState",
    "LevelState",
    "Liveness",
    "Meter",
    "Perceptron",
    "Pulse",
    "half_squared_error",
    "levels_of",
    "read_and_learn",
    "stack",
]
