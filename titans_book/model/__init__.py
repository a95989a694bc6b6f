"""Whole models: what they are made of, their blocks, writing text, their state in a file.

    names        which variants there are, readable without PyTorch
    config       TitansConfig: plain values, checked before anything is built
    block        what a model asks of a block; variants: the block of each name
    blocks       one class a variant: memory alone, MAC, MAG, MAL, attention alone
    embedding    one table of vectors, read in both directions
    model        TitansLM: embedding, blocks, norm, head
    generation   writing text, token by token
    saved_state  what a model remembers, in a file

The public names are loaded when they are first used. Taught in chapters 09 and 13.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for those who read types; `__getattr__` below is for those who run it
    from titans_book.model.config import TitansConfig
    from titans_book.model.generation import generate, stream
    from titans_book.model.model import ModelState, TitansLM, new_block
    from titans_book.model.saved_state import load_state, save_state

__all__ = [
    "ModelState",
    "TitansConfig",
    "TitansLM",
    "generate",
    "load_state",
    "new_block",
    "save_state",
    "stream",
]
_HOMES = {
    "ModelState": "model",
    "TitansConfig": "config",
    "TitansLM": "model",
    "generate": "generation",
    "load_state": "saved_state",
    "new_block": "model",
    "save_state": "saved_state",
    "stream": "generation",
}


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
