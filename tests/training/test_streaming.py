"""A text on the disk: the same bytes, windows, curve and resumption as one in memory."""

import json
import os
import re
import sys
from pathlib import Path

import pytest
import torch

from tests.project.test_train_command import same, small, stop_at, text, weights  # noqa: F401
from tests.training.test_training import SETTINGS, TEXT, losses, model
from titans_book.cli import beginning, main
from titans_book.tasks import reader
from titans_book.tasks.corpora import read_texts, tokens
from titans_book.tasks.streaming import size_of, streamed
from titans_book.training import order, train
from titans_book.training.schedule import TrainingSettings, windows

AWKWARD = {
    "a.txt": "\ufeff\r\n\r\nGrüße\r\n世界\r\r\n\n end \n\n\n".encode(),
    "b.md": b"\n\nx\n" + b"\n" * 9 + b"y",
    "c.txt": ("naïve 🦊 " * 30).encode() + b"\r",
}


@pytest.fixture
def texts(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    for name, content in AWKWARD.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("block", [1, 2, 3, 7, 2**20])
def test_wherever_a_text_is_cut_it_has_the_same_bytes(texts, tmp_path, monkeypatch, block):
    want = "\n\n".join(
        content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").strip("\n")
        for content in AWKWARD.values()
    )
    monkeypatch.setattr(reader, "BLOCK", block)
    found = streamed([texts], tmp_path / "cache")
    assert bytes(found.tokens.tolist()).decode() == want + "\n" == read_texts(texts)
    assert found.tokens.dtype == torch.uint8
    assert size_of([texts]) == sum(map(len, AWKWARD.values()))


@pytest.mark.parametrize("block", [1, 3, 2**20])
def test_the_byte_that_is_no_text_is_found_in_any_block(tmp_path, monkeypatch, block):
    monkeypatch.setattr(reader, "BLOCK", block)
    file = tmp_path / "bad.txt"
    for content, byte in ((b"12345\xff678", 5), (b"12\xe4\xb8", 2), (b"1234\xe4x", 4)):
        file.write_bytes(content)
        with pytest.raises(ValueError, match=f"bad.txt: not UTF-8, see byte {byte};"):
            streamed([file], tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())  # and no half of it is left


def test_a_text_is_written_once_and_again_when_it_has_changed(texts, tmp_path):
    first = streamed([texts], tmp_path / "cache")
    written = {file: file.stat().st_mtime_ns for file in (tmp_path / "cache").iterdir()}
    assert streamed([texts], tmp_path / "cache").sha256 == first.sha256
    assert {f: f.stat().st_mtime_ns for f in (tmp_path / "cache").iterdir()} == written
    (texts / "b.md").write_text("other")
    assert streamed([texts], tmp_path / "cache").sha256 != first.sha256
    (cut,) = [file for file in written if file.suffix == ".bytes"]
    os.truncate(cut, 3)
    (texts / "b.md").write_bytes(AWKWARD["b.md"])
    assert bytes(streamed([texts], tmp_path / "cache").tokens[-2:].tolist()) == b" \n"


def test_training_on_it_is_training_on_the_text(tmp_path):
    file = tmp_path / "text.txt"
    file.write_bytes(bytes(TEXT.tolist()))
    mapped = streamed([file], tmp_path / "cache").tokens
    held = {"held_out": mapped[:90]}
    whole = tokens(read_texts(file))
    straight = list(train(model(), whole, SETTINGS, held_out=whole[:90]))
    first = train(model(), mapped, SETTINGS, tmp_path / "run", **held)
    seen = losses([next(first) for _ in range(3)])
    first.close()
    rest = list(train(model(7), mapped, SETTINGS, tmp_path / "run", resume=True, **held))
    assert seen + losses(rest) == losses(straight)


@pytest.mark.parametrize("total", [1, 2, 3, 100, 4097, 70_000])
def test_a_computed_order_is_an_order(total):
    keys = [5, 2**61, 17, 3, 2**40 + 1, 11]
    found = order.scattered(torch.arange(total), total, keys)
    assert torch.equal(found.sort().values, torch.arange(total))
    if total > 1000:
        assert abs(torch.corrcoef(torch.stack([torch.arange(total), found]).double())[0, 1]) < 0.05


def test_of_many_windows_the_order_is_computed_and_each_comes_once(monkeypatch):
    monkeypatch.setattr(order, "LARGE", 4)
    order.epoch.cache_clear()
    settings = TrainingSettings(batch=3, length=5)
    numbers = torch.arange(5 * 10 + 2)
    rows = torch.cat([windows(numbers, step, settings) for step in range(16)])
    epochs = [rows[i * 8 : (i + 1) * 8] for i in range(6)]
    for epoch in epochs:
        assert torch.equal(epoch[:, 0].sort().values.diff(), torch.full((7,), 5))
    assert len({tuple(epoch[:, 0].tolist()) for epoch in epochs}) == 6
    order.epoch.cache_clear()


def held() -> int:
    """Bytes of this process that are no copy of a file, which the system may take back."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"RssAnon:\s+(\d+)", status)[1])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what is a copy of a file")
def test_a_large_text_is_not_in_memory(tmp_path):
    file, before = tmp_path / "large.txt", held()
    with open(file, "wb") as out:
        for _ in range(32):
            out.write(b"the memory reads. " * 58254)
    mapped = streamed([file], tmp_path / "cache").tokens
    for step in range(20):
        windows(mapped, step, TrainingSettings(batch=8, length=128))
    assert len(mapped) > 3.3e7
    assert held() - before < 16e6


def test_the_command_streams_and_goes_on_to_the_very_same_weights(
    small,  # noqa: F811
    tmp_path,
    monkeypatch,
    capsys,
):
    straight, run = tmp_path / "straight", tmp_path / "run"
    assert main([*small, "--steps", "4", "--out", str(straight)]) == 0
    more = [*small, "--steps", "4", "--stream", str(tmp_path / "cache")]
    with monkeypatch.context() as patch:
        stop_at(patch, 2)
        assert main(more) == 130
    source = json.loads((run / "text.json").read_text())
    assert source["sha256"] == json.loads((straight / "text.json").read_text())["sha256"]
    assert main(["train", "--resume", "--out", str(run), "--device", "cpu"]) == 0
    assert same(weights(run), weights(straight))
    results = [json.loads((folder / "result.json").read_text()) for folder in (run, straight)]
    assert results[0]["bits_per_byte"] == results[1]["bits_per_byte"]


def test_a_large_text_is_streamed_unasked_and_little_of_it_is_held_out(
    small,  # noqa: F811
    tmp_path,
    monkeypatch,
):
    monkeypatch.setattr(beginning, "LARGE", 100)
    monkeypatch.setattr(beginning, "MOST_HELD_OUT", 64)
    assert main([*small, "--steps", "1"]) == 0
    assert list((tmp_path / "texts").glob("*.bytes"))
    assert json.loads((tmp_path / "run" / "result.json").read_text())["bytes_held_out"] == 64


def test_only_texts_of_ones_own_are_streamed(tmp_path, capsys):
    assert main(["train", "--out", str(tmp_path), "--stream", str(tmp_path), "--steps", "1"]) == 1
    assert "--stream is for texts of your own" in capsys.readouterr().err
