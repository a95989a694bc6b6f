"""Memory that learns while it reads: what is remembered, and how (chapters 01-07 and 10).

The four choices of MIRAS are the rooms: network (architecture), objective (attentional bias),
retention and maps (retention gate), learning (learning rule). A `Rule` puts them together, `presets`
has those that bear a name. `memorize` runs a rule as matrix products, `reference.memorize` token by
token, and `NeuralMemory` is the layer around them.
"""

from titans_book.memory.gates import Gates
from titans_book.memory.layer import LayerState, NeuralMemory
from titans_book.memory.learning import Learning
from titans_book.memory.memorize import memorize
from titans_book.memory.network import Network
from titans_book.memory.objective import Objective
from titans_book.memory.retention import Retention
from titans_book.memory.rule import Rule
from titans_book.memory.state import MemoryState, MemoryTrace

__all__ = [
    "Gates",
    "LayerState",
    "Learning",
    "MemoryState",
    "MemoryTrace",
    "Network",
    "Objective",
    "Retention",
    "Rule",
    "NeuralMemory",
    "memorize",
]
