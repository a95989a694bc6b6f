"""The page of the notation is its table, and what it quotes is in the code."""

import inspect
import re

import torch

from titans_book.book import notation
from titans_book.lab.editions.editions import masters
from titans_book.lab.learning import book_map
from titans_book.lab.pictures import style
from titans_book.memory import Gates, memorize, reference


def test_the_page_is_the_table_and_chapter_00_leads_to_it(root):
    committed = notation.PAGE.read_text(encoding="utf-8")
    assert committed == notation.page(), "write it: python -m titans_book.book.notation"
    (master,) = masters(root, ["00"])
    assert "(notation.md)" in master.read_text(encoding="utf-8")


def test_it_writes_the_page_where_it_is_told(tmp_path):
    assert notation.main(tmp_path / "page.md").read_text(encoding="utf-8") == notation.page()


def test_the_four_lines_are_in_the_reference():
    source = inspect.getsource(reference)
    assert [line.name for line in notation.LINES if line.code not in source] == []


def test_the_fast_form_and_the_four_lines_agree():
    random = torch.Generator().manual_seed(0)
    k, v = (torch.randn(1, 1, 12, 3, generator=random).double() for _ in range(2))
    one = torch.ones(1, 1, 12).double()
    gates = Gates(theta=0.1 * one, eta=0.5 * one, alpha=0.1 * one)
    weights = [torch.zeros(1, 3, 3).double()]
    fast, _ = memorize(k, k, v, gates, weights)
    slow, _ = reference.memorize(k, k, v, gates, weights)
    assert torch.allclose(fast, slow, atol=1e-9)


def test_every_name_in_code_is_there(root):
    rooms = [root / "titans_book" / room for room in ("memory", "model", "attention")]
    sources = [path.read_text("utf-8") for room in rooms for path in room.rglob("*.py")]
    words = set(re.findall(r"\w+", "\n".join(sources)))
    named = {name for s in notation.SYMBOLS for name in re.findall(r"`(?:\w+\.)?(\w+)`", s.code)}
    assert len(named) > 12 and named - words == set()


def test_roles_chapters_and_columns_fit():
    assert {symbol.role for symbol in notation.SYMBOLS} - {""} == set(style.ROLES)
    order = [symbol.chapter for symbol in notation.SYMBOLS]
    assert order == sorted(order) and set(order) <= set(book_map.ready())
    assert all(len(cells) == len(notation.PAPERS) for cells in notation.LETTERS.values())
