"""The benchmark runs, says what it measured, and what it compares is the same work."""

import json

import pytest
import torch

from tests.benchmarks import speed
from tests.benchmarks.implementations import Work, loop, ours
from tests.benchmarks.measure import side_by_side
from titans_book.lab.speed_figures import length_scaling, peer_table


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
    with pytest.raises(RuntimeError, match="one head and square layers|titans"):
        side_by_side({"titans-unofficial at this environment": Work()}, "forward", 1)


def test_the_record_of_the_book_is_of_this_benchmark(root):
    record = json.loads((root / "notebooks" / "records" / "speed_cpu.json").read_text())
    assert record["command"] == "python -m tests.benchmarks.speed" and record["threads"] == 1
    works = {row["work"] for row in record["peers"]}
    assert works == {what for what, *_ in speed.comparisons()}
    assert max(row["tokens"] for row in record["lengths"]) == 2**20
