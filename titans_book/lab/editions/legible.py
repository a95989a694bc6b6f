"""Coloured letters in Markdown: masters name a role's own colour, notebooks carry a legible one.

The bright colours of the roles are too light for letters on white. On a dark page
`style.on_the_page` then exchanges what is written here for the colours of that page.
"""

import re

from titans_book.lab.pictures.style import ROLES, letters

__all__ = ["legible"]

OLDER = {"#767676": "persistent"}  # a grey that formulas use for the same role
LETTERS = {role.colour: letters(name, dark=False) for name, role in ROLES.items()}
LETTERS |= {grey: letters(name, dark=False) for grey, name in OLDER.items()}
COLOURED = re.compile(r"(\\color\{|(?<![-\w])color:\s*)(#[0-9A-Fa-f]{6})")


def legible(source: str) -> str:
    r"""The source with letters of a role in the colour that can be read; lines and areas stay.

    >>> legible(r"{\color{#D55E00}{M}} <i style='border-color:#D55E00;color:#D55E00'>")
    "{\\color{#B85100}{M}} <i style='border-color:#D55E00;color:#B85100'>"
    """
    return COLOURED.sub(lambda found: found[1] + LETTERS.get(found[2].upper(), found[2]), source)
