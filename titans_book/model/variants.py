"""The variants by name, and the block of each: the table that all others read."""

from importlib import import_module

from titans_book.model import names
from titans_book.model.block import Block


def _found(where: str) -> type[Block]:
    """The class at a dotted place, such as "titans_book.model.blocks.LMMBlock"."""
    module, _, kind = where.rpartition(".")
    return getattr(import_module(module), kind)


VARIANTS: dict[str, type[Block]] = {name: _found(where) for name, where in names.VARIANTS.items()}
