"""Memory that learns while it reads: what is remembered, and how (chapters 01-07 and 10).

The four choices of MIRAS are the rooms: network (architecture), objective (attentional bias),
retention (retention gate), recurrence (learning rule). `memorize` puts them together as matrix
products, `reference.memorize` token by token, and `NeuralMemory` is the layer around them.
"""

from titans_book.memory.layer import LayerState, NeuralMemory
from titans_book.memory.memorize import memorize
from titans_book.memory.network import Network
from titans_book.memory.objective import Objective
from titans_book.memory.retention import Retention
from titans_book.memory.rule import Rule
from titans_book.memory.state import Gates, MemoryState, MemoryTrace

__all__ = [
    "Gates",
    "LayerState",
    "MemoryState",
    "MemoryTrace",
    "Network",
    "Objective",
    "Retention",
    "Rule",
    "NeuralMemory",
    "memorize",
]
