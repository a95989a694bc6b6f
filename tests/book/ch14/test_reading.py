"""Finders, and what is asked of them while they read; the debugger says what it shows."""

import pytest
import torch

from titans_book.book.ch14.debugger import MemoryDebugger
from titans_book.book.ch14.finders import CHOICES, KEPT, SEEDS, finder, record
from titans_book.book.ch14.memory_box import surest, train_gates
from titans_book.book.ch14.pictures import PICTURES
from titans_book.book.ch14.reading import asked_on_the_way, haystack, share_found, told_often
from titans_book.inspection.switching import switched_off


def test_the_record_has_every_choice_with_every_seed():
    models = record()["models"]
    assert set(models) == set(CHOICES) and len(record()["lengths"]) == 4
    assert all(set(runs) == {str(seed) for seed in SEEDS} for runs in models.values())


@pytest.mark.parametrize("choice", KEPT)
def test_a_kept_finder_finds_what_its_record_says(choice):
    model = finder(choice)
    said = record()["models"][choice][str(KEPT[choice])]["found"][1][0]
    assert share_found(model, 64, 0.5) == pytest.approx(said, abs=0.05)


def test_an_unknown_finder_is_refused():
    with pytest.raises(ValueError, match="choice must be one of"):
        finder("chunk 4")


def test_a_question_on_the_way_is_that_of_a_reading_that_ends_there():
    model, hay = finder("to its start"), haystack(200, 0.0)
    found = asked_on_the_way(model, hay, (20, 90), "both")
    where = torch.zeros(200, dtype=torch.bool)
    where[20:90] = True
    with torch.no_grad(), switched_off(model, where, "both"):
        logits, _ = model(torch.cat([hay.tokens[:128], hay.question])[None])
    assert found.times == [0, 64, 128, 192, 198]
    chance = logits[0, -1].softmax(-1)[hay.answer]
    torch.testing.assert_close(found.chances[2], chance, rtol=1e-3, atol=1e-4)


def test_the_needle_is_where_it_is_said_to_be():
    for depth in (0, 0.3, 1):
        hay = haystack(64, depth)
        assert hay.tokens[hay.at] == 0 and hay.tokens[hay.at + 2] == hay.answer
    often = told_often()
    assert often.tokens[often.values].tolist() == often.told
    with pytest.raises(ValueError, match="off must be one of"):
        share_found(finder("to zero"), 64, 0.5, "behind", rows=1)


def test_the_gates_alone_are_trained():
    model = finder("to its start")
    before = {name: W.clone() for name, W in model.state_dict().items()}
    assert train_gates(model, steps=1, length=24, rows=1) == 396
    moved = {n for n, W in model.state_dict().items() if not torch.equal(W, before[n])}
    assert moved and all(".memory.gates." in name for name in moved)


def test_the_surest_memory_is_believed():
    chances = torch.tensor([[[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]], [[0.0, 0.9, 0.1], [0.4, 0.3, 0.3]]])
    assert surest(chances).tolist() == [1, 2]


def test_the_debugger_reads_again_when_the_switch_is_turned():
    widget = MemoryDebugger(length=192)
    assert widget.other.chances.tolist() == widget.plain.chances.tolist()
    widget.what.value = "writing"
    assert (widget.other.written[-1] - widget.plain.written[-1]).abs().max() > 1e-4
    assert "with writing off from 3 to 190" in widget.said.value
    widget.token.value = 0
    assert widget.frame_at == 0 and not widget.memories.values.any()
    widget.start.value = 190
    assert widget.other.chances.tolist() == pytest.approx(widget.plain.chances.tolist())
    for dark in (False, True):
        figure = MemoryDebugger(length=128, dark=dark).figure()
        assert figure.png()[:4] == b"\x89PNG" and figure.alt == widget.alt


def test_every_picture_has_a_name_of_the_chapter():
    assert all(thing.name.startswith("14.") for thing in PICTURES)
