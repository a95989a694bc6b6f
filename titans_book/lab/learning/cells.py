"""What the notebook has run: is the newest version of a function the one that is being judged?"""

from __future__ import annotations

import ast
import sys
from typing import Any

__all__ = ["not_run"]


def not_run(name: str) -> str:
    """A sentence if the newest cell that defines exercise `name` could not run for its syntax.

    Python then still has the definition before it. Outside a notebook there is nothing to say.
    """
    shell = _shell()
    cells = getattr(getattr(shell, "history_manager", None), "input_hist_raw", ())
    for cell in reversed(cells):
        if f'@exercise("{name}")' in cell or f"@exercise('{name}')" in cell:
            return _broken(shell, cell)
    return ""


def _shell() -> Any:
    """The IPython that runs this, if one does."""
    known = sys.modules.get("IPython")
    return known.get_ipython() if known is not None else None


def _broken(shell: Any, cell: str) -> str:
    try:
        ast.parse(shell.transform_cell(cell))
    except SyntaxError as error:
        return (
            f"This judges the version before the one you wrote last: that cell did not run, for "
            f"its line {error.lineno} is no Python ({error.msg}). Mend it and run it."
        )
    return ""
