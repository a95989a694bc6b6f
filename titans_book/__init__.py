"""titans_book: Google's Titans, MIRAS and Nested Learning, built and understood piece by piece.

The public names are loaded when they are first used, so `import titans_book` costs nothing.
"""

from importlib import import_module

_HOMES = {
    "Attention": "attention",
    "Gates": "memory",
    "MemoryState": "memory",
    "Network": "memory",
    "NeuralMemory": "memory",
    "memorize": "memory",
    "TitansConfig": "model",
    "TitansLM": "model",
    "TrainingSettings": "training",
    "train": "training",
    "generate": "model",
    "load_state": "model",
    "save_state": "model",
}

__all__ = sorted(_HOMES)
__version__ = "0.1.0"


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'titans_book' has no attribute {name!r}")
    return getattr(import_module(f"titans_book.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
