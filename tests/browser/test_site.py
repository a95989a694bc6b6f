"""The site in a browser, opened from a folder: no errors, no requests, formulas, search, dark."""

from pathlib import Path

import pytest

from tests.project.sources import ROOT
from titans_book.book import bank  # noqa: F401  (the questions)
from titans_book.lab.site import publishing

pytestmark = pytest.mark.browser
AXE = Path(__file__).parent / "axe.min.js"  # axe-core 4.14.1, MPL-2.0; only this test uses it
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    return publishing.publish(tmp_path_factory.mktemp("site") / "out", chapters=("00", "06")).folder


@pytest.fixture
def open_page(browser, site):
    """Opens a page of the site; at the end there were no complaints and no requests outside."""
    contexts, said, asked = [], [], []

    def open_page(address: str, scheme: str = "light"):
        context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"file://{site / address}", timeout=60_000)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_chapter_is_whole(open_page, scheme):
    page = open_page("06_going_parallel.html", scheme)
    places, drawn = page.locator(".math").count(), page.locator(".math .katex").count()
    assert places == drawn > 5 and page.locator(".katex-error").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".quiz details").first.locator("summary").click()
    assert page.locator(".quiz .reason").first.is_visible()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({preload: false})")["violations"]
    assert [(one["id"], len(one["nodes"])) for one in found if one["impact"] in SERIOUS] == []


def test_search_switch_and_player(open_page):
    page = open_page("00_start_here.html")
    page.keyboard.press("/")
    page.keyboard.type("surprise")
    page.wait_for_selector(".results a")
    assert "section" in page.locator(".results p").text_content()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    assert page.locator(".results").is_hidden()
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator(".theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    player = page.locator(".titans-player").first
    player.wait_for(state="visible")
    said = player.locator("output").text_content()
    player.locator("button").nth(2).click()
    assert player.locator("output").text_content() != said


def test_every_formula_of_the_book_can_be_drawn(browser, site):
    """All of them at once, and KaTeX told to be strict about what it does not know."""
    from titans_book.lab.site.chapters import read
    from titans_book.lab.site.markdown import FORMULA, Markdown, unescape

    found = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        markdown = Markdown(lambda link: link)
        texts = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
        found += [(path.stem, unescape(tex)) for text in texts
                  for _, tex in FORMULA.findall(markdown.read(text))]  # fmt: skip
    page = browser.new_page()
    page.add_script_tag(path=site / "katex" / "katex.min.js")
    draw = """all => all.filter(([, tex]) => {
        try { katex.renderToString(tex, {strict: "ignore"}); return false } catch { return true }
    })"""
    assert len(found) > 200 and page.evaluate(draw, found) == []
    page.close()
