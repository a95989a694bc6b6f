"""No misspelt word: not on a page, in a docstring, in a comment or in a README."""

import re
import subprocess
import sys

from tests.project.sources import ROOT, tracked_files

READ = {".py", ".md", ".cff", ".css", ".js", ".html", ".toml", ".yml"}
NOT_OURS = ("data/",)  # old texts spell as they like
NOT_WORDS = re.compile(r"\.min\.|/katex/")  # other people's programs, as they ship them


def misspelt(*paths: str) -> str:
    """What codespell says of the files, by the words of pyproject.toml."""
    command = [sys.executable, "-m", "codespell_lib", *paths]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert not done.stderr, done.stderr
    return done.stdout


def test_every_text_is_spelled():
    names = [path.relative_to(ROOT).as_posix() for path in tracked_files() if path.suffix in READ]
    names = [n for n in names if not n.startswith(NOT_OURS) and not NOT_WORDS.search(n)]
    assert any(name.startswith("notebooks/source/") for name in names) and "README.md" in names
    assert misspelt(*names) == ""


def test_a_misspelt_word_would_be_seen(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("The memory is " + "wirt" + "ten" + " token by token.\n", encoding="utf-8")
    assert "==> written" in misspelt(str(page))
