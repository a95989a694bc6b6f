"""The masters are there to be read: short cells, and lines that fit the page."""

import re
from statistics import median

import jupytext
import pytest

from titans_book.lab.editions.editions import EDITIONS, derive, masters, target

MASTERS = pytest.mark.parametrize("master", masters(), ids=lambda path: path.stem)
LONGEST_LINE, LONGEST_CELL, MEDIAN_CELL = 100, 25, 8


def cells(master, kind):
    return [cell.source for cell in jupytext.read(master).cells if cell.cell_type == kind]


@MASTERS
def test_code_fits_the_page(master):
    """Ruff leaves this to us: it cannot tell code from the rows of a table in a master."""
    lines = [line for source in cells(master, "code") for line in source.splitlines()]
    assert [line for line in lines if len(line) > LONGEST_LINE] == []


@MASTERS
def test_cells_fit_a_glance(master):
    lengths = [len(re.findall(r"\S.*", source)) for source in cells(master, "code")]
    assert max(lengths) <= LONGEST_CELL
    assert median(lengths) <= MEDIAN_CELL


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.name)
@MASTERS
def test_links_lead_somewhere(master, edition):
    """Every edition lies in a folder of its own, and its links count from there."""
    text = "\n".join(c.source for c in derive(master, edition).cells if c.cell_type == "markdown")
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    here = target(master, edition).parent
    assert [link for link in links if not (here / link).exists()] == []
