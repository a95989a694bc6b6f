"""The tests, a package of their own so that the type checker of all of them has a name."""

from tests import typechecker

__all__ = ["typechecker"]
