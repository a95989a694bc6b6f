"""titans_book: Google's Titans, MIRAS and Nested Learning, built and understood piece by piece.

The public names are loaded when they are first used, so `import titans_book` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for editors and type checkers; at run time see `__getattr__`
    from titans_book.attention import Attention
    from titans_book.memory import Gates, MemoryState, Network, NeuralMemory
    from titans_book.memory.memorize import memorize  # not the file of that name
    from titans_book.model import TitansConfig, TitansLM, generate, load_state, save_state
    from titans_book.training import TrainingSettings, train

_HOMES = {
    "Attention": "attention",
    "Gates": "memory",
    "MemoryState": "memory",
    "Network": "memory",
    "NeuralMemory": "memory",
    "memorize": "memory.memorize",
    "TitansConfig": "model",
    "TitansLM": "model",
    "TrainingSettings": "training",
    "train": "training",
    "generate": "model",
    "load_state": "model",
    "save_state": "model",
}

__all__ = [
    "Attention",
    "Gates",
    "MemoryState",
    "Network",
    "NeuralMemory",
    "TitansConfig",
    "TitansLM",
    "TrainingSettings",
    "generate",
    "load_state",
    "memorize",
    "save_state",
    "train",
]
__version__ = "0.1.0"


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'titans_book' has no attribute {name!r}")
    return getattr(import_module(f"titans_book.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
