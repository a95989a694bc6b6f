"""The page of the presets is drawn from its record; every preset is in it and keeps its word."""

import json

from tests.benchmarks.table import ASKED, PAGE, RECORD, SHORT, WHY, causal, grads, page, stream
from titans_book.memory import presets


def test_the_page_is_what_the_record_says():
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    assert PAGE.read_text(encoding="utf-8") == page(record)
    assert list(record["presets"]) == list(presets.NAMES)


def test_every_preset_keeps_the_three_promises_and_says_why_it_misses_the_fourth():
    for name, found in json.loads(RECORD.read_text(encoding="utf-8"))["presets"].items():
        assert found["causal"] and found["stream"] and found["grads"], name
        assert min(found["recall"]) >= ASKED or WHY.get(name), name


def test_what_is_measured_can_fail(monkeypatch):
    assert causal("yaad") and stream("memora") and grads("kda")
    assert set(SHORT) <= set(presets.NAMES) and set(WHY) <= set(presets.NAMES)
    # A memory that reads the end of the text is not causal.
    from titans_book.memory import NeuralMemory

    honest = NeuralMemory.forward
    monkeypatch.setattr(
        NeuralMemory,
        "forward",
        lambda self, x, state=None: honest(self, x + 0.1 * x.mean(1, keepdim=True), state),
    )
    assert not causal("titans") and not stream("titans")
