"""The map of the book is a memory, and says what is there; so does the table of chapter 00."""

import re

import numpy as np
import pytest

from tests.project.sources import ROOT
from titans_book.lab.editions import editions
from titans_book.lab.learning import book_map as book
from titans_book.lab.learning.book_map import COLUMNS, HIGH, WIDE
from titans_book.lab.pictures import style

CHAPTER_00 = ROOT / "notebooks" / "source" / "00_start_here.py"
ROW = re.compile(r"^# \| (\d\d) \| (.+?) \| .+ \| (.+) \|$", re.MULTILINE)


def tile(matrix, index):
    row, column = divmod(index, COLUMNS)
    return matrix[row * HIGH : (row + 1) * HIGH, column * WIDE : (column + 1) * WIDE]


def test_a_chapter_that_is_written_fills_its_own_tile_and_no_other():
    matrix = book.memory(["03", "13"])
    filled = [index for index in range(15) if abs(tile(matrix, index)).max() > 0.5]
    assert filled == [3, 13]
    assert np.count_nonzero(matrix) == sum(np.count_nonzero(tile(matrix, i)) for i in filled)


def test_every_tile_is_one_outer_product_and_none_is_like_another():
    matrix = book.memory([chapter.number for chapter in book.CHAPTERS])
    tiles = [tile(matrix, index) for index in range(15)]
    assert [np.linalg.matrix_rank(cells, tol=1e-9) for cells in tiles] == [1] * 15
    assert min(abs(a - b).max() for i, a in enumerate(tiles) for b in tiles[:i]) > 0.1


def test_a_chapter_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match=r"written=\['15'\]"):
        book.memory(["15"])


@pytest.mark.parametrize("dark", [False, True])
def test_the_map_names_every_chapter_and_shows_which_are_there(dark):
    picture = book.chapter_map(["00", "04"], alt="The map", dark=dark)
    words = [text.get_text() for text in picture.axes[0].texts]
    assert [word for word in words if word.isdigit()] == [f"{n:02}" for n in range(15)]
    shown = [index for index, image in enumerate(picture.axes[0].images) if image.get_array().any()]
    assert shown == [0, 4]
    assert picture.axes[0].images[0].get_cmap().name == style.signed_map(dark)
    assert picture.png()[:4] == b"\x89PNG"


def test_the_map_and_the_key_ask_for_words():
    for make in (book.chapter_map, book.role_key):
        with pytest.raises(TypeError, match="alt"):
            make()
        with pytest.raises(ValueError, match="alt="):
            make(alt=" ")


def test_the_map_shows_what_is_ready_unless_it_is_told_otherwise():
    images = book.chapter_map(alt="The map").axes[0].images
    assert [f"{n:02}" for n, image in enumerate(images) if image.get_array().any()] == book.ready()


@pytest.mark.parametrize("dark", [False, True])
def test_the_key_draws_every_role_in_its_colour_line_and_marker(dark):
    lines = book.role_key(alt="The roles", dark=dark).axes[0].lines
    drawn = [(line.get_color(), line.get_linestyle(), line.get_marker()) for line in lines]
    roles = style.ROLES.items()
    assert drawn == [(style.colour(name, dark), role.line, role.marker) for name, role in roles]


def test_the_chapters_marked_as_there_are_those_that_have_a_master():
    assert [path.stem[:2] for path in editions.masters()] == book.ready()


def test_the_table_of_chapter_00_has_the_chapters_titles_and_links_to_those_that_are_there():
    rows = ROW.findall(CHAPTER_00.read_text(encoding="utf-8"))
    assert [(number, title) for number, title, _ in rows] == [c[:2] for c in book.CHAPTERS]
    links = {number: re.search(r"\((.+)\.ipynb\)", state) for number, _, state in rows}
    linked = {number for number, link in links.items() if link} | {"00"}
    assert linked == set(book.ready())
    for path in editions.masters():
        link = links[path.stem[:2]]
        assert link is None or link[1] == path.stem
