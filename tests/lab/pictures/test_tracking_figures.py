"""The picture of state tracking shows the record: a panel a memory, a line a seed."""

import json

import pytest

from titans_book.lab.pictures.tracking_figures import GUESS, tracking, tracking_told
from titans_book.lab.project import ROOT
from titans_book.tasks.languages import language
from titans_book.tasks.tracking import tracking as worlds

RECORD = {
    "lengths": [32, 64, 128],
    "settings": {"trained_at": [4, 32]},
    "tasks": {
        "parity": {
            f"memory {n}": {
                "1": {"accuracy": [1.0, 0.9, 0.5]},
                "0": {"accuracy": [1.0, 1.0, 0.1 * n]},
            }
            for n in range(5)
        }
    },
}


@pytest.mark.parametrize("dark", [False, True])
def test_a_panel_a_memory_and_a_line_a_seed(dark):
    figure = tracking(RECORD, "parity", dark=dark)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in shown] == [f"memory {n}" for n in range(5)]
    for n, axes in enumerate(shown):
        lines = [line for line in axes.lines if len(line.get_xdata()) == 3]
        assert [list(line.get_xdata()) for line in lines] == [[32, 64, 128]] * 2
        assert list(lines[0].get_ydata()) == [1.0, 1.0, 0.1 * n]  # seed 0 comes first
        assert f"{(0.5 + 0.1 * n) / 2:.2f}" in [text.get_text() for text in axes.texts]
    assert figure.png()[:4] == b"\x89PNG"


def test_the_words_are_made_of_the_record():
    figure = tracking(RECORD, "parity")
    assert figure.alt == " ".join(tracking_told(RECORD, "parity").split())
    assert "memory 4: 1.00, 0.95, 0.45." in figure.alt and "32, 64, 128 tokens" in figure.alt
    assert tracking(RECORD, "parity", alt="Five panels").alt == "Five panels"


def test_the_record_of_the_book_can_be_drawn():
    path = ROOT / "notebooks/records/tracking_cpu.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    for task, contestants in record["tasks"].items():
        figure = tracking(record, task)
        assert sum(axes.get_visible() for axes in figure.axes) == len(contestants)


@pytest.mark.parametrize("task", GUESS)
def test_a_guess_is_the_most_frequent_answer(task):
    if task in ("aa", "abab"):
        targets = language(1, kind=task, time=256).targets
    else:
        targets = worlds(400, kind=task, time=64).targets
    share = targets.flatten().bincount() / targets.numel()
    assert share.max().item() == pytest.approx(GUESS[task], abs=0.01)


def test_what_is_missing_is_named():
    with pytest.raises(ValueError, match=r"task must be one of .*\['parity'\], got 's3'"):
        tracking(RECORD, "s3")
    short = {**RECORD, "lengths": [32, 64]}
    with pytest.raises(ValueError, match="'memory 0' must have 2 accuracies"):
        tracking(short, "parity")
