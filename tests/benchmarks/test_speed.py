"""The benchmark runs, says what it measured, and what it compares is the same work."""

import json

import pytest
import torch

from tests.benchmarks import speed
from tests.benchmarks.implementations import Work, loop, ours
from tests.benchmarks.measure import side_by_side
from titans_book.lab.pictures.speed_figures import length_scaling, peer_table

pytestmark = pytest.mark.bare


def test_the_loop_and_ours_are_one_function():
    work = Work(time=40, dim=8, heads=2, chunk=16)
    answers = []
    for build in (ours, loop):
        torch.manual_seed(0)
        memory, (x,) = build(work)
        answers.append(memory.double()(x.double())[0])
    assert (answers[0] - answers[1]).abs().max() < 1e-12


def test_the_quick_run_writes_a_record_that_the_chapter_can_draw(tmp_path, capsys):
    speed.main(["--quick", "--json", str(tmp_path / "record.json")])
    record = json.loads((tmp_path / "record.json").read_text())
    assert [row["name"] for row in record["peers"]] == ["token loop"] * 2
    assert all(row["ratio"] > 2 for row in record["peers"]), "the loop is not that fast"
    assert {row["tokens"] for row in record["lengths"]} == {1024, 4096}
    assert all(0 < row["share"] < 1 for row in record["floor"])
    said = capsys.readouterr().out
    assert "token loop" in said and "of the matrix products alone" in said
    length_scaling(record, alt="drawn from the record")
    assert "token loop" in peer_table(record)._repr_html_()


def test_a_worker_that_fails_says_why():
    with pytest.raises(RuntimeError, match="KeyError: 'no such package'"):
        side_by_side({"no such package": Work()}, "forward", 1)


def test_the_record_of_the_book_is_of_this_benchmark(root):
    record = json.loads((root / "notebooks" / "records" / "speed_cpu.json").read_text())
    assert record["command"] == "python -m tests.benchmarks.speed" and record["threads"] == 1
    works = {row["work"] for row in record["peers"]}
    assert works == {what for what, *_ in speed.comparisons()}
    assert max(row["tokens"] for row in record["lengths"]) == 2**20


def test_what_the_readme_says_is_in_the_record(root):
    """About 110 times the time, 63 times the memory, and a millionth token as dear as the others"""
    record = json.loads((root / "notebooks" / "records" / "speed_cpu.json").read_text())
    (long,) = (
        row
        for row in record["peers"]
        if row["name"] == "titans-pytorch 0.5.5"
        and row["work"] == f"{speed.SAME}, 2,048 tokens"
        and row["mode"] == "forward+backward"
    )
    assert long["ratio"] == pytest.approx(110, abs=5)
    assert long["memory_ratio"] == pytest.approx(63, abs=0.5)
    cost = {
        row["tokens"]: row["microseconds_per_token"]
        for row in record["lengths"]
        if row["name"] == "memory, 2 layers"
    }
    assert cost[2**20] == pytest.approx(cost[4096], rel=0.1)
