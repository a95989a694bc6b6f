"""The whole site: chapters, appendices and the package's pages, with what they share.

    python -m titans_book site --out build/site

The quizzes show the questions that a book has registered (register.py): import it first, as the
command does. Everything is read from what is committed; nothing is run, nothing is fetched. No page
asks for anything outside its folder, so it can be opened from a disk as well as from a server.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from titans_book.lab.learning.book_map import CHAPTERS, PARTS, chapter_map
from titans_book.lab.pictures import style
from titans_book.lab.pictures.text import STYLE
from titans_book.lab.project import ROOT
from titans_book.lab.site import api
from titans_book.lab.site.chapters import TEMPLATES, Chapter
from titans_book.lab.site.markdown import Markdown, scrolled, words
from titans_book.lab.site.outputs import MAP
from titans_book.lab.site.search import Index

__all__ = ["Page", "Site", "publish"]

HERE = Path(__file__).parent
ROW = re.compile(r"^\| \[(\d\d) [^\]]+\]\([^)]+\) \| (.+?) \| (\d+) \|", re.M)
MARK = ".nojekyll"  # the host publishes the files as they are; and we know our folder by it
HIGH, WIDE = 3, 5


@dataclass
class Page:
    """One page; `group` is where the contents list it."""

    address: str
    title: str
    group: str
    html: str = ""
    headings: list = field(default_factory=list)
    number: str = ""
    about: str = ""
    minutes: str = ""


class Site:
    """The site as it grows. `root`: of the project; `folder`: where the site is written."""

    def __init__(self, folder: Path, root: Path = ROOT, chapters: tuple[str, ...] = ()):
        self.folder, self.root, self.wanted = folder, root, chapters
        self.readme = (root / "README.md").read_text(encoding="utf-8")
        self.kinds: dict[str, dict[str, int]] = {}
        self.pages: list[Page] = []
        self.files = {
            path.name: f"{path.stem}.html"
            for path in [*self._notebooks(), *self._appendices()]
        }  # fmt: skip

    def _notebooks(self) -> list[Path]:
        found = sorted((self.root / "notebooks" / "solutions").glob("*.ipynb"))
        return [path for path in found if not self.wanted or path.stem[:2] in self.wanted]

    def _appendices(self) -> list[Path]:
        found = sorted((self.root / "notebooks").glob("*.md"))
        return [path for path in found if path.name != "README.md"]

    def link(self, url: str) -> str | None:
        """A link on a page: to the web as it is, to a page of ours by its address, else None."""
        if re.match(r"https?:|mailto:|#", url):
            return url
        path, _, anchor = url.partition("#")
        address = self.files.get(path.rsplit("/", 1)[-1])
        return f"{address}#{anchor}" if address and anchor else address

    def build(self) -> list[Path]:
        """Write everything; the files of the pages, the first page first."""
        (self.folder / "img").mkdir(parents=True, exist_ok=True)
        (self.folder / MARK).touch()
        self._assets()
        self._chapters()
        self._more()
        self._api()
        index, written = Index(), []
        for at, page in enumerate(self.pages):
            written.append(self._write(page, at))
            index.add(page.address, page.title, page.html)
        (self.folder / "search-index.js").write_text(index.script(), encoding="utf-8")
        return written

    def _assets(self) -> None:
        for name in ("site.css", "code.css", "site.js", "widgets.js", "search.js"):
            shutil.copy(HERE / "assets" / name, self.folder / name)
        shutil.copytree(HERE / "vendor" / "katex", self.folder / "katex", dirs_exist_ok=True)
        shutil.copytree(self.root / "notebooks" / "images", self.folder / "img", dirs_exist_ok=True)
        text = STYLE.removeprefix("<style>").removesuffix("</style>")
        player = style.asset("pictures/player.css") + text + "\n"
        (self.folder / "player.css").write_text(player, encoding="utf-8")
        script = style.asset("pictures/player.js")
        (self.folder / "player.js").write_text(script, encoding="utf-8")
        for name, dark in (("map", False), ("map-dark", True)):
            png = chapter_map(alt=MAP, dark=dark).png()
            (self.folder / "img" / f"{name}.png").write_bytes(png)

    def _chapters(self) -> None:
        about = {number: (words, minutes) for number, words, minutes in ROW.findall(self.readme)}
        short = {chapter.number: chapter.short for chapter in CHAPTERS}
        self.pages.append(Page("index.html", "titans_book", "", about="home"))
        for path in self._notebooks():
            made = Chapter(path, self.folder, self.link)
            part = PARTS[min(int(made.number) // WIDE, HIGH - 1)]
            title = short.get(made.number, words(made.title))
            page = Page(f"{path.stem}.html", title, part, made.html, made.headings, made.number)
            page.about, page.minutes = about.get(made.number, ("", ""))
            self.pages.append(page)
            self.kinds[made.number] = made.shown.kinds

    def _more(self) -> None:
        texts = {path.stem: path.read_text(encoding="utf-8") for path in self._appendices()}
        found = re.search(r"From an equation to its line.*?(?=\n## )", self.readme, re.S)
        if found:
            texts["from_equation_to_code"] = f"# From an equation to its code\n\n{found.group()}"
        for stem, text in texts.items():
            markdown = Markdown(self.link)
            html = f'<div class="prose">{markdown.read(text)}</div>'
            title = words(markdown.headings[0][2]) if markdown.headings else stem
            title = title.split(":")[0].split(",")[0]
            page = Page(f"{stem}.html", title, "Appendices", html, markdown.headings)
            self.pages.append(page)

    def _api(self) -> None:
        for part in api.parts(self.root / "titans_book"):
            html = self.environment.get_template("api.html.j2").render(part=part, code=api.code)
            headings = [(1, "", part.name)] + [
                (2, name, name.removeprefix(f"titans_book.{part.name}."))
                for name, _, _ in part.modules
            ]
            title = f"titans_book.{part.name}"
            self.pages.append(Page(f"api-{part.name}.html", title, "The package", html, headings))

    @property
    def environment(self) -> Environment:
        """Our templates."""
        return Environment(
            loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True
        )

    def _write(self, page: Page, at: int) -> Path:
        groups = list(dict.fromkeys(one.group for one in self.pages if one.group))
        around = {
            "before": self.pages[at - 1] if at else None,
            "after": self.pages[at + 1] if at + 1 < len(self.pages) else None,
        }
        template = "home.html.j2" if page.about == "home" else "page.html.j2"
        html = self.environment.get_template(template).render(
            page=page, pages=self.pages, groups=groups, scrolled=scrolled, **around,
            has=lambda name: f'class="{name}' in page.html,
        )  # fmt: skip
        if page.about == "home":
            page.html = html[html.index("<main") : html.index("</main>")]
        path = self.folder / page.address
        path.write_text(html, encoding="utf-8")
        return path


def publish(folder: Path, root: Path = ROOT, chapters: tuple[str, ...] = ()) -> Site:
    """Write the site into `folder`, whose earlier site it replaces. `chapters`: only these."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise ValueError(f"{folder} holds something else: choose an empty folder for the site")
        shutil.rmtree(folder)
    site = Site(folder, root, chapters)
    site.build()
    return site
