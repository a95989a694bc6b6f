"""A record grows cell by cell and never measures what it has."""

import json

import pytest

from tests.benchmarks.keeping import Keeper, about


def test_a_run_that_was_killed_goes_on_where_it_stopped(tmp_path):
    path, done = tmp_path / "record.json", []

    def measured(name):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(name)
        return {"list": [1, 2.5], "name": name}

    def run(anew=False):
        keeper = Keeper(path, {"command": "here"}, anew)
        for name in "abc":
            keeper.cell("part", name, measure=lambda name=name: measured(name))
        return keeper.record

    with pytest.raises(KeyboardInterrupt):
        run()
    assert list(json.loads(path.read_text(encoding="utf-8"))["part"]) == ["a", "b"]
    done.clear()
    with pytest.raises(KeyboardInterrupt):
        run(anew=True)
    done.clear()
    record = run()
    assert done == ["c"]  # a and b were there
    assert record == json.loads(path.read_text(encoding="utf-8"))
    assert record["part"]["a"].keys() == {"list", "name", "seconds"}
    assert '"list": [1, 2.5]' in path.read_text(encoding="utf-8")


def test_what_describes_the_record_is_that_of_this_run(tmp_path):
    path = tmp_path / "record.json"
    path.write_text(json.dumps({"settings": {"old": 1}, "part": {"a": {"x": 1}}}))
    record = Keeper(path, {"settings": {"new": 2}}).record
    assert record == {"settings": {"new": 2}, "part": {"a": {"x": 1}}}
    assert about("tests.benchmarks.hope")["command"].endswith("python -m tests.benchmarks.hope")
