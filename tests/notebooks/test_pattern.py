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

PATTERNED = tuple(f"{number:02}" for number in range(15))
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
    "00": [
        {
            "we learn what surprises us. ": "The cat sat on the mat, and that was that! ",
            '"and", "the", "fox"': '"off"',
            "> 0.5": "> 0.1",
            "0.1, 0.3]": "0.5]",
            "0.3, 0.005": "0.2, 0.05",
            "alpha=0.02": "alpha=0.5",
            '"Peter"': '"Betty"',
            "context=3": "context=1",
        },
        {
            "we learn what surprises us. ": "aaaa",
            "theta=0.8, alpha=0.02": "theta=1.5, alpha=0.9",
            "0.8, 0.02)": "1.0, 0.0)",
            "range(28)": "range(5)",
            "four_memories(sentence)": "four_memories(sentence, seed=3)",
        },
    ],
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
            "river_errors(slot_key)": "river_errors(slot_key, [5])",
            'draw("01.river", my_key)': 'draw("01.river", my_key, 6)',
        },
    ],
    "02": [
        {
            '"three blind mice.\\n"': '"one fat cat\\n"',
            "theta=0.8, before=2": "theta=1.5, before=1",
            "[0.5, 1.0]]": "[-2.0, 1.0]]",
            "tensor([1.0, 2.0])": "tensor([3.0, 1.0])",
            "(0.1, 0.01, 0.001)": "(1.0, 0.5)",
            "manual_seed(2)": "manual_seed(9)",
            "meet(0.5, 5)": "meet(1.9, 7)",
            "meet(1.5, n)": "meet(0.3, n)",
        },
        {
            "(0.1, 0.16, 0.2)": "(0.5, 0.0)",
            "[0.2, 0.5, 1.0, 1.5, 1.9, 2.0, 2.1]": "[3.0]",
            '"ABCDEFGHABCDXEFGH"': '"AABBA"',
            "common=1.5": "common=0.1",
            "3 * mice, [0, 23, 25, 27, 29, 31]": '"ab", [0, 3]',
            "(2, 4)": "(1,)",
            "5 * [old] + 6 * [new]": "1 * [old] + 2 * [new]",
            "M, k, v: 0.1": "M, k, v: 3.0",
            "tensor([0.6, 0.8])": "tensor([0.6, 0.8, 0.5])",
        },
    ],
    "03": [
        {
            "(k, v, theta=0.1)": "(k, v, theta=0.5)",
            "passage()": "passage(9, 0.9)",
            "(0.0, 0.5, 0.9)": "(0.99,)",
            "constant(0.8, K)": "constant(0.3, K)",
            "told(0.9)": "told(0.5)",
            "eta=0.75, step": "eta=0.1, step",
            "[0, 0.3, 0.6, 0.8, 0.9]": "[0.95]",
            "said[0] = 4": "said[0] = -1",
        },
        {
            "shocked()": "shocked(loud=20, seed=5)",
            "[40:49]": "[38:44]",
            "range(20)": "range(3, 9)",
            "theta=0.4": "theta=2.1",
            "(0.5, 0.0))": "(1.0, 0.2))",
            "(0.0, 0.65, 0.9)": "(0.99,)",
            "(25, 1)": "(9, 1)",
            "constant(0.75, key)": "constant(0.5, key)",
            "theta[40], theta[41:] = 0.4, 0.1": "theta[3] = 1.5",
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
    "06": [
        {
            "(1, 2, 3, 4, 8, 16)": "(5, 48, 100)",
            "milk, looks = 0.0, 48": "milk, looks = 0.3, 50",
            "1, 1, 512, 32": "1, 1, 70, 8",
            "arange(25)": "arange(9)",
            "(4096,), 0.95": "(300,), 0.5",
            "T, d = 12, 5": "T, d = 10, 3",
            "b=4": "b=3",
            "b = d = 64": "b = d = 16",
            "T, d = 40, 6": "T, d = 33, 4",
            "likeness=0.5": "likeness=0.9",
            "(0.15, 0.3, 0.6)": "(0.2, 1.5)",
            "0.8, 0.9, 1.0]": "0.8]",
            "(0.5, 0.9)": "(0.3,)",
            "torch.ones(4, 1)": "torch.ones(7, 1)",
            '"clamp": 2.0': '"clamp": 0.1',
            'stream("third")': 'stream("first")',
        },
    ],
    "07": [
        {
            "mqar(200": "mqar(40",
            "event.step % 10": "event.step % 50",
            "seed=7)": "seed=3)",
            "for times in (1, 2)": "for times in (1, 3, 9)",
            "steps=150, rate=0.2, theta=0.5": "steps=5, rate=0.4, theta=0.1",
            "for step in (30, 60)": "for step in (10, 77)",
            "(150, 60, 40, 0)": "(150, 0)",
            "chosen = [0, 10, 20": "chosen = [0, 5, 99",
            "looked_at = [0, 30, 150]": "looked_at = [20, 140]",
            "outer.fresh(conv=1)": "outer.fresh(conv=2)",
            "dim=8": "dim=6",
            "outer_step=30": "outer_step=110",
            "expansion=2, chunk=3": "expansion=1, chunk=2",
            "trial.trained()": "trial.trained(3)",
        },
    ],
    "08": [
        {
            "theta=0.6": "theta=0.3",
            "w=16": "w=10",
            "60 * k": "5 * k",
            "(1, 16, 17, 40)": "(2, 48)",
            "[13, 14]": "[20]",
            "w=64": "w=32",
            "[256, 512, 1024, 2048]": "[100, 300]",
            "range(3)]": "range(4)]",
            "window=8)": "window=5)",
            "evening(9999, many=200": "evening(3, many=90",
        },
        {
            "w=16": "w=60",
            "3, 40, 8": "3, 25, 8",
            "persistent=4)": "persistent=2)",
            "test.x[3:4, :24]": "test.x[5:6, :30]",
            "torch.arange(64)": "torch.arange(20)",
            "size=3, layers=2": "size=2, layers=3",
            "torch.randn(1, 4, 16)": "torch.randn(1, 9, 16)",
            "torch.arange(16)": "torch.arange(9)",
        },
    ],
    "09": [
        {
            "coins(200, seed=7)": "coins(50, seed=3)",
            "flows.FORESEE": "flows.Descent(steps=2, learning_rate=1e-2)",
            "[4.0], [0], [2], [6]": "[1.0], [5], [2]",
            "flows.text(20)": "flows.text(11)",
            "flows.text(12)": "flows.text(9)",
            "text(16, seed)": "text(10, seed)",
            "texts=2": "texts=1",
            "mqar(200": "mqar(60",
            "flows.SETTINGS": "flows.Descent(steps=2, learning_rate=1e-2)",
            "flows.SEARCH": "flows.Descent(steps=2, learning_rate=1e-2)",
            "[:60]": "[:12]",
        },
        {
            "flows.FORESEE": "flows.Descent(steps=1, learning_rate=1e-2)",
            "flows.SETTINGS": "flows.Descent(steps=1, learning_rate=1e-2)",
            "flows.SEARCH": "flows.Descent(steps=1, learning_rate=1e-2)",
            "drawn[:, 2:8]": "drawn[:, 2:5]",
            "mac_mask(2, 6)": "mac_mask(3, 5)",
            "(2, 6, 6)": "(3, 5, 5)",
            '"mac", token=20': '"mal", token=9',
            "range(n - 16, n)": "range(n - 10, n)",
            "(0, 0.25, 0.5, 0.75, 1), (32, 64, 128)": "(0, 1), (32, 48)",
            "seed=1), flows.draw": "seed=4), flows.draw",
            "dim=16, chunk=16": "dim=8, chunk=4",
            "randn(2, 40, 16)": "randn(3, 21, 8)",
            "[5], [1, 9, 10], [8]": "[3]",
            "mqar(200": "mqar(60",
            "[:60]": "[:9]",
            "'text', 200": "'text', 100",
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
    "13": [],  # a page that trains for two minutes; tests/book/ch13 tries its helpers
    "14": [
        {
            "(0, 0.5, 1)": "(0.3,)",
            "randint(1, 32, (11,))": "randint(1, 32, (4,))",
            "length=64, depth=0.5)\nprint": "length=40, depth=0.9)\nprint",
            "length=64, depth=0.5):": "length=30, depth=0):",
            "[64, 256, 1024, 2048]": "[64, 100]",
            "[0.0, 0.25, 0.5, 0.75, 1.0]": "[0.0, 0.1, 1.0]",
            "time=2)": "time=2, seed=4)",
            "tensor([0.9, 0.9])": "tensor([0.5, 0.2])",
            "told_often()": "told_often(places=(10, 50))",
            "MemoryDebugger()": "MemoryDebugger(length=256, depth=0.5)",
            "1024, 0, ": "90, 0.5, ",
            "1024, 1, ": "70, 0.2, ",
            "[512, 768, 1024, 1280, 1536, 2048]": "[64, 80, 100]",
            "by_chunk(length=256)": "by_chunk(length=64, read=[1, 64])",
            "by_seed(name, length=1024)": "by_seed(name, length=64)",
            "t=4.303": "t=1.0",
            "[5000:5032]": "[9000:9020]",
            "[5500:5532]": "[100:103]",
            "steps=30": "steps=1",
            "(64, 1024, 2048)": "(64,)",
            "haystacks(2048": "haystacks(192",
            "split(64": "split(50",
            "Claim:\n": "Claim: it is better\n",
        },
        {
            "[0, 40, 50]": "[0, 41, 51, 52]",
            "[64, 256, 1024, 2048]": "[30, 64]",
            "told_often()": "told_often(seed=3, length=60, places=(2, 8, 30))",
            "1024, 0, ": "64, 1, ",
            "1024, 1, ": "64, 0, ",
            "left_of_start(model, length=1024)": "left_of_start(model, length=32)",
            "[512, 768, 1024, 1280, 1536, 2048]": "[100, 64, 70]",
            '"no momentum")': '"chunk 4", "chunk 64")',
            "(64, 1024, 2048)": "(20, 30)",
            "steps=30": "steps=0",
            "haystacks(2048, depth=0)": "haystacks(64, depth=1)",
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
    pictures = [one for one in pictures if "titans_book" not in one["metadata"]]  # a widget's still
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
    execute(notebook, target(master, LEARNER), timeout=300)  # raises where a cell fails
