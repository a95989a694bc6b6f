"""`make site`: every page is there, small, whole without the web, and says what a picture shows."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

from titans_book.book import bank  # noqa: F401  (the questions)
from titans_book.cli import main
from titans_book.lab.project import ROOT
from titans_book.lab.site import publishing
from titans_book.lab.site.markdown import FORMULA, Markdown
from titans_book.lab.site.outputs import Shown
from titans_book.lab.site.search import Index

LARGEST = 2_000_000  # bytes of a page
VOID = {"img", "input", "link", "meta", "br", "hr", "col", "path", "source"}


class Read(HTMLParser):
    """What a page links to, what it loads, its ids, and its pictures without words."""

    def __init__(self, html: str):
        super().__init__()
        self.links, self.loads, self.ids, self.bare, self.marks = [], [], [], [], set()
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.marks.add(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if tag == "a" and "href" in found else []
        if tag == "link" or "src" in found:
            self.loads.append(found.get("href") or found.get("src"))
        if tag == "img" and not found.get("alt"):
            self.bare.append(found.get("src"))


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> publishing.Site:
    return publishing.publish(tmp_path_factory.mktemp("site") / "out", chapters=("00", "03"))


@pytest.fixture(scope="module")
def pages(site) -> dict[str, Read]:
    return {
        page.address: Read((site.folder / page.address).read_text(encoding="utf-8"))
        for page in site.pages
    }


def test_the_pages_are_there_and_small(site):
    addresses = {page.address for page in site.pages}
    assert {"index.html", "00_start_here.html", "where_we_differ.html", "api-memory.html"} <= (
        addresses
    )
    sizes = {path.name: path.stat().st_size for path in site.folder.glob("*.html")}
    assert set(sizes) == addresses and max(sizes.values()) < LARGEST


def test_every_link_leads_somewhere(site, pages):
    lost = []
    for address, page in pages.items():
        for link in page.links:
            path, _, anchor = link.partition("#")
            if re.match(r"https?:|mailto:", link):
                continue
            target = pages.get(path or address)
            known = target.ids if target else []
            if not (site.folder / (path or address)).exists():
                lost.append(f"{address} -> {link}")
            elif anchor and unquote(anchor) not in known:
                lost.append(f"{address} -> {link}: no such place")
    assert not lost


def test_nothing_is_loaded_from_the_web(site, pages):
    for address, page in pages.items():
        away = [one for one in page.loads if not one.startswith("data:")]
        assert [one for one in away if not (site.folder / one).is_file()] == [], address
    for sheet in site.folder.rglob("*.css"):
        addresses = re.findall(r"url\(([^)]+)\)", sheet.read_text(encoding="utf-8"))
        assert [one for one in addresses if not (sheet.parent / one).is_file()] == []
    for script in site.folder.glob("*.js"):
        text = script.read_text(encoding="utf-8")
        assert script.name == "search-index.js" or "http" not in text, script.name


def test_every_picture_has_words_and_every_page_its_landmarks(pages):
    for address, page in pages.items():
        assert not page.bare, address
        assert {"header", "nav", "main", "footer", "h1"} <= page.marks, address
        assert len(page.ids) == len(set(page.ids)), address


def test_widgets_do_not_end_as_a_line_of_text(site):
    kinds = site.kinds["03"]
    assert kinds["quiz"] == 3 and kinds["review"] == 1 and kinds["map"] == 1
    html = (site.folder / "03_past_surprise.html").read_text(encoding="utf-8")
    for name in ("Quiz: ", "Review: ", "Predict: The size", "MomentumDial: "):
        assert f'<pre class="out" tabindex="0">{name}' not in html
    assert html.count('class="quiz"') == 6  # three of them in the review


def test_a_question_is_asked_once(site):
    page = (site.folder / "03_past_surprise.html").read_text(encoding="utf-8")
    assert page.count("Do you still know?") == 1 and "Run this cell again" not in page


def test_a_solution_is_folded_and_what_is_to_be_written_is_seen(site):
    html = (site.folder / "03_past_surprise.html").read_text(encoding="utf-8")
    stub, solution = html.index("YOUR CODE HERE"), html.index('class="folded solution"')
    assert stub < solution and "leaves your progress alone" not in html


def test_the_search_knows_surprise(site):
    script = (site.folder / "search-index.js").read_text(encoding="utf-8")
    assert script.startswith("window.BOOK=") and '"surprise":[' in script


def test_formulas_keep_their_colours_and_code_keeps_its_dollars():
    read = Markdown(lambda link: link).read
    legible = read("$\\color{#B85100}M_t$, <b style='color:#9B5C7F'>u</b>")  # as notebooks write it
    assert "\\color{fast}M_t" in legible and "color:var(--surprise)" in legible
    html = read("Then $\\color{#D55E00}M_t < 1$, in `$HOME`.\n\n$$\\|M\\| = \\tfrac12$$\n\n"
                "<details><summary>A fold</summary>Here is $x_t$.</details>")  # fmt: skip
    found = [tex for _, tex in FORMULA.findall(html)]
    assert found == ["\\color{fast}M_t &lt; 1", "\\|M\\| = \\tfrac12", "x_t"]
    assert "<code>$HOME</code>" in html


def test_a_link_to_what_the_site_does_not_have_is_only_its_words():
    site = publishing.Site(Path("unused"), ROOT)
    read = Markdown(site.link).read
    assert "href" not in read("[a record](records/speed_cpu.json), [data](data/README.md)")
    assert 'href="04_forgetting.html#x"' in read("[next](../04_forgetting.ipynb#x)")


def test_what_was_frozen_is_alive(tmp_path):
    """A prediction, a line-up and a dial, as the notebooks keep them."""
    curve = {"x": [0, 1], "truth": [0, 1], "limits": [0, 1], "knots": [0, 1]}
    names = {"xlabel": "x", "ylabel": "y", "role": "fast", "name": "03.a"}
    dial = {"html": '<div data-leaf="0"></div>', "first": [0], "words": [["a", "b"]],
            "values": [["one", "</script>"]], "states": {"0": [0], "1": [1]}}  # fmt: skip
    pick = {"cards": ["<svg></svg>"] * 2, "right": 1, "because": ["no", "yes"], "letters": "AB"}
    frozen = {"predict": {**curve, **names}, "pick": pick, "dial": dial}
    shown = Shown("03_past_surprise", tmp_path)
    for kind, kept in frozen.items():
        output = nbformat.v4.new_output("execute_result", {"text/plain": f"{kind.title()}: words"})
        output.metadata["titans_book"] = {"alt": "words", "frozen": {"kind": kind, **kept}}
        (html,) = shown.of([output])
        assert f'class="{kind}"' in html and html.count("</script>") == ("<script" in html)
    assert shown.kinds == {"predict, alive": 1, "pick, alive": 1, "dial, alive": 1}


def test_a_search_index_counts_headings_more():
    index = Index()
    index.add("a.html", "A", "<h2 id='x'>no</h2><p>Surprise.</p>".replace("'", '"'))
    index.add("b.html", "B", '<h2 id="y">Surprise</h2><p>Text.</p>')
    first, second = (index.table["surprise"][at] for at in (0, 1))
    assert first < second


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("mine")
    assert main(["site", "--out", str(tmp_path)]) == 1
    assert "choose an empty folder" in capsys.readouterr().err
    assert (tmp_path / "thesis.txt").read_text() == "mine"
