"""Chapters that keep the rules of a learner's page: nothing on it that is only there for the book.

PATTERNED names the chapters that are written by these rules; notebooks/README.md says how.
"""

import json
import re

import pytest

import titans_book.book  # noqa: F401  (whose pictures and predictions the chapters draw)
from titans_book.lab.editions.building import execute
from titans_book.lab.editions.editions import (
    ASSIGNMENT,
    INSTRUCTOR,
    LEARNER,
    SOLUTION,
    derive,
    masters,
    target,
)

PATTERNED = ("01", "04", "05", "10", "11", "12", "14")
CHAPTERS = pytest.mark.parametrize(
    "master", masters(chapters=PATTERNED), ids=lambda path: path.stem
)
# what a learner has no use for, or what would answer a question before it is asked
FURNITURE = re.compile(
    r"\bassert\b|### CLAIM|\balt=|# fmt:|# noqa|\bright=|\bbecause=|\btest_\w+\.py|titans_book/\w"
)
SENTENCE = re.compile(r"[A-Z].{30,}[.!?]", re.DOTALL)

# For each chapter: what a curious reader changes, alone or with other things, and to what.
CHANGES = {
    "01": [
        {
            "wolf, fox = vector(0, 0.8, 0.6, 0)": "wolf, fox = vector(0, 0.6, 0.8, 0)",
        },
        {
            "d=32": "d=16",
            "repeats=12": "repeats=3",
            "(0.1, 0.5, 1.0)": "(0.05, 1.5)",
        },
        {
            "fox = vector(0, 0.8, 0.6, 0), vector(0.6, 0.8": "fox = dog, vector(9, -2.5",
            "manual_seed(1)": "manual_seed(7)",
            "1.0)": "0.5)",
        },
        {
            "randn(3, 7, 5": "randn(3, 9, 4",
            "randn(32, 32": "randn(20, 20",
            "(32, 33, 64)": "(8,)",
        },
    ],
    "04": [
        {
            "journey(seed=0)": "journey(seed=5)",
            "(0.1, 0.01)": "(0.5, 0.03)",
            "0.2, 0.7, 1)": "0.4, 0.1, 0.5)",
            "0.02, 0.03, 0.05, 0.075, 0.1]": "0.04, 0.3]",
            "range(6)": "range(2)",
            "[0.15, 0.2, 0.3]": "[0.5]",
            "[61, 121, 181]": "[30]",
            "Stream(seed=0)": "Stream(seed=4)",
        },
        {
            "journey(seed=0)": "journey(seed=0, length=30, worlds=6, size=3)",
            "mixture[:, 190]": "mixture[:, 100]",
            ".view(4, -1)": ".view(6, -1)",
            "token=121": "token=7",
            'wipe", 121': 'wipe", 3',
            "(1.5, 1.9, 2.4, 2.5)": "(9.0, 0.1)",
            "theta=0.2, eta=0.7": "theta=1.9, eta=0.9",
            "(0, 0.1, 0.3)": "(0.9,)",
            "0.0125": "1.0",
        },
    ],
    "05": [
        {
            "v, 0.01)": "v, 0.3)",
            "[[1, 1, -1], [1, -1, 1]]": "[[2, 1, -1], [1, -3, 1]]",
            "nudge = 0.01": "nudge = 0.5",
            "d, m = 16, 64": "d, m = 5, 7",
            "tokens=30": "tokens=9",
            "climb(0.05)": "climb(0.4, rounds=12)",
            "counts = [8, 16, 24, 32, 48, 64]": "counts = [4, 20]",
            "[1.2, 1.3]": "[0.1, 2.5, 9.0]",
            "value = 4": "value = 1",
            "(0.3, 1.2, 1.3)": "(0.01, 5.0)",
            "logspace(-1.3, 0.5, 19": "logspace(-0.5, 0.9, 4",
            "(1, 2, 3, 4)": "(1, 2)",
        },
        {
            "watched = 60": "watched = 20",
            "logspace(-1.3, 0.5, 19": "logspace(-2, -1, 3",
            "deep.pairs(32": "deep.pairs(9",
            "for seed in (1, 2)": "for seed in (5,)",
            "for loud in (1, 4)": "for loud in (30,)",
            "depth=2, hidden=16, theta=1.0": "depth=4, hidden=64, theta=2.5",
            "3, 32)": "1, 8)",
            '"loud"': '"narrow"',
            "tried = [0.1, 0.2, 0.5, 1.0, 2.0, 4.0]": "tried = [0.3, 8.0]",
            "silence=300": "silence=0",
            "pairs(600)": "pairs(60)",
            "relearned(known, 100)": "relearned(known, 3)",
            "[0, 512, 1024, 2048, 3072, 4096]": "[0, 512, 1024]",
            "range(30)": "range(2)",
        },
    ],
    "10": [
        {
            "10 * forecasts": "99 * forecasts",
            "p=3": "p=1.5",
            '"humidity"': '"temperature"',
            "1, 1.25, 1.5, 2, 2.5, 3, 4]": "1, 5, 9]",
            "repeats=2": "repeats=1",
            "-3, 3": "-9, 5",
        },
        {
            "d = 16": "d = 24",
            "rates=[30.0]": "rates=[500.0]",
            "16, 32, 64, 128, 256": "8, 16",
            "length=1000": "length=300",
            "0.99**": "0.5**",
            "steps=250, theta=0.4": "steps=9, theta=2",
            "q=4": "q=2.5",
            "(1, 2, 3, 3.6, 4, 8)": "(2, 100)",
        },
    ],
    "11": [
        {
            "0.9 * m": "0.5 * m",
            "0.5 * torch.outer(x, e": "1.9 * torch.outer(x, e",
            "range(8)": "[3]",
            "(1, 10, 30)": "(100,)",
            "-3.5, -1.5, 9": "-2, 3, 4",
            "starts(64)": "starts(7)",
            "facts()": "facts(seed=5, power=0.5)",
            "steps=20": "steps=3",
            "steps=100": "steps=2",
        },
        {
            "(0.001, 0.01, 0.03)": "(0.03, 0.1, 10.0)",
            "tails(wild=False)": "tails(runs=2)",
            "eta=0.5": "eta=9.0",
            "(0.5, 1.0, 2.0)": "(0.1, 7.0)",
            "0.9**last": "0.99**last",
            "layer_stream(seed)": "layer_stream(seed, correlated=0.5)",
            "manual_seed(0)": "manual_seed(3)",
            "rotating.PATHS": "rotating.PATHS[1:]",
            "spectra(G)": "spectra(G, 3)",
            "count = 5": "count = 1",
        },
    ],
    "12": [
        {
            "(1, 0.5, 1)": "(2, 1.9, 0.5)",
            "(64, 0.03, 1)": "(7, 0.5, 0.9)",
            "novel()": "novel(3)",
            '(2.0, "hard")': '(1.5, "hard")',
            '"adamw"': '"muon"',
            "(0.0, 0.3)": "(5.0,)",
            "plays(2048)": "plays(300)",
            "(1, 0.6, 1)": "(3, 0.1, 1)",
        },
        {
            "C=4, length=14": "C=5, length=9",
            "[:200]": "[:40]",
            "rates=[0.5, 0.03]": "rates=0.9",
            "0.5 * k * (m": "3.0 * k * (m",
            "tokens(192)": "tokens(200, seed=4)",
            "(0.1, 0.3, 1.0)": "(0.5, 3.0)",
            "tokens(12), 4": "tokens(9), 3",
            "(0.2, 0.5, 1.0)": "(0.1, 1.5)",
        },
    ],
    "14": [
        {
            "(0, 0.5, 1)": "(0.3,)",
            "[64, 256, 1024, 2048]": "[64, 100]",
            "time=2)": "time=2, seed=4)",
            "1, 4, 16, 64)": "1, 16)",
            "t=4.303": "t=1.0",
            "[5000:5032]": "[9000:9020]",
            "steps=30": "steps=1",
            "haystacks(2048": "haystacks(192",
        },
    ],
}


@CHAPTERS
@pytest.mark.parametrize("edition", [LEARNER, ASSIGNMENT], ids=lambda edition: edition.name)
def test_a_learners_cell_is_for_the_learner(master, edition):
    own = [cell for cell in derive(master, edition).cells if "check" not in cell.id]
    found = {match: cell.source for cell in own for match in FURNITURE.findall(cell.source)}
    assert found == {}


@CHAPTERS
def test_the_claims_run_in_the_tested_editions(master):
    for edition in (SOLUTION, INSTRUCTOR):
        source = "\n".join(cell.source for cell in derive(master, edition).cells)
        assert "assert " in source and "### CLAIM" not in source


@CHAPTERS
def test_every_picture_is_described_in_sentences(master):
    """In the committed solution edition, which has been run."""
    notebook = json.loads(target(master, SOLUTION).read_text(encoding="utf-8"))
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    said = [output["metadata"].get("image/png", {}).get("alt", "") for output in pictures]
    assert said and [words for words in said if not SENTENCE.fullmatch(words)] == []


@CHAPTERS
def test_the_reading_time_on_the_page_is_measured(master):
    """Words at 180 a minute and code at 40 lines a minute; folded cells are not read."""
    cells = derive(master, LEARNER).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    stated = int(re.search(r"Read (\d+) minutes", prose).group(1))
    prose = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|<[^>]*>", " x ", prose, flags=re.DOTALL)
    words = len(re.findall(r"[^\W\d_][\w’'-]*", prose))
    code = [c.source for c in cells if c.cell_type == "code" and "jupyter" not in c.metadata]
    lines = sum(len(re.findall(r"\S.*", source)) for source in code)
    assert stated == pytest.approx(words / 180 + lines / 40, abs=1.5)


@pytest.mark.bare
@pytest.mark.parametrize(
    "chapter, changes",
    [(chapter, changes) for chapter in PATTERNED for changes in CHANGES[chapter]],
    ids=lambda value: value if isinstance(value, str) else " ".join(value.values()).strip(),
)
def test_a_learner_may_change_any_number(chapter, changes, monkeypatch):
    monkeypatch.setenv("TITANS_BOOK_PROGRESS", "off")
    (master,) = masters(chapters=[chapter])
    notebook = derive(master, LEARNER)
    for old, new in changes.items():
        touched = [cell for cell in notebook.cells if cell.cell_type == "code"]
        touched = [cell for cell in touched if old in cell.source]
        assert touched, f"nothing to change: {old!r} is in no cell"
        for cell in touched:
            cell.source = cell.source.replace(old, new)
    execute(notebook, target(master, LEARNER), timeout=60)  # raises where a cell fails
