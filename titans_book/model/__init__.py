"""Whole models: what they are made of, their blocks, writing text, their state in a file.

    config       TitansConfig: plain values, checked before anything is built
    blocks       one class a variant: memory alone, MAC, MAG, MAL, attention alone
    model        TitansLM: embedding, blocks, norm, head
    generation   writing text, token by token
    saved_state  what a model remembers, in a file

Taught in chapters 09 and 13.
"""

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
