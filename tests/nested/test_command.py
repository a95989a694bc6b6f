"""`train --optimizer NAME`: its own rate, its own checkpoint, and --resume finds it again."""

import shlex

import pytest

from tests.project.test_train_command import same, small, stop_at, text, weights  # noqa: F401
from titans_book.cli import main
from titans_book.nested.names import OPTIMIZERS
from titans_book.training import load_checkpoint


@pytest.mark.parametrize("name", ["momentum", "continuum", "controller"])
def test_a_stop_saves_and_resume_ends_at_the_very_same_weights(
    small,  # noqa: F811
    tmp_path,
    monkeypatch,
    name,
):
    run, straight = tmp_path / "run", tmp_path / "straight"
    options = [*small, "--steps", "6", "--optimizer", name]
    assert main([*options, "--out", str(straight)]) == 0
    with monkeypatch.context() as patch:
        stop_at(patch, 3)
        assert main(options) == 130
    _, about = load_checkpoint(run)
    assert about["optimizer"]["asked"] == name
    assert about["settings"]["learning_rate"] == OPTIMIZERS[name]
    assert main(["train", "--resume", "--out", str(run), "--device", "cpu"]) == 0
    assert same(weights(run), weights(straight))


def test_a_rate_that_is_given_is_taken_and_another_optimizer_is_another_run(small, tmp_path):  # noqa: F811
    other = tmp_path / "other"
    chosen = shlex.split("--optimizer momentum --learning-rate 0.02 --steps 3")
    assert main([*small, *chosen]) == 0
    assert main([*small, "--learning-rate", "0.02", "--steps", "3", "--out", str(other)]) == 0
    assert load_checkpoint(tmp_path / "run")[1]["settings"]["learning_rate"] == 0.02
    assert not same(weights(tmp_path / "run"), weights(other))


def test_unknown_names_and_a_choice_while_resuming_are_refused(small, tmp_path, capsys):  # noqa: F811
    with pytest.raises(SystemExit):
        main([*small, "--optimizer", "adam"])
    assert "invalid choice: 'adam'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["train", "--resume", "--out", str(tmp_path), "--optimizer", "momentum"])
    assert "leave out --optimizer" in capsys.readouterr().err
