"""Options in a file, options printed, and what --help says of their defaults."""

import json
import sys
import tomllib
from dataclasses import fields
from types import SimpleNamespace

import pytest

from tests.project.test_train_command import SMALL, small, stop_at, text  # noqa: F401
from tests.training.test_log import FakeWriter
from titans_book.cli import main, options
from titans_book.model import TitansConfig
from titans_book.training import TrainingSettings, load_checkpoint, log
from titans_book.training.schedule import PRECISIONS

RUN = ["--text", "a.txt", "--steps", "2"]


def printed(capsys, *arguments):
    """The options that --print-config shows."""
    with pytest.raises(SystemExit, match="0"):
        main(["train", *arguments, "--print-config"])
    return tomllib.loads(capsys.readouterr().out)


def refused(capsys, *arguments):
    with pytest.raises(SystemExit, match="2"):
        main(["train", *arguments])
    return capsys.readouterr().err.splitlines()[-1]


@pytest.fixture
def file(tmp_path):
    """Write a file of options; its path."""

    def file(content, name="run.toml"):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return str(path)

    return file


def test_help_shows_the_defaults_that_are_true():
    real = {f.name: f.default for kind in (TitansConfig, TrainingSettings) for f in fields(kind)}
    real["chunk"] = TitansConfig().new_memory().rule.chunk
    for option in (*options.MODEL, *options.LEARNING, *options.RUNNING):
        if not isinstance(option.default, str) or option.choices:  # else it is told in words
            assert option.default == real[option.name], option.name
            assert type(option.default) is option.kind
        assert str(option.default) in option.help
    for variant, name in (("mac", "segment"), ("mag", "window"), ("mal", "window")):
        assert getattr(TitansConfig(variant), name) == 32
    assert TitansConfig("mac").persistent == 4 and TitansConfig("attention").persistent == 0
    assert options.PRECISIONS == PRECISIONS


def test_a_file_gives_options_and_the_command_line_has_the_last_word(capsys, file):
    path = file(
        'text = ["a.txt", "b.txt"]\nsteps = 5\n[model]\ndim = 64\nvariant = "mac"\n'
        "[training]\nlearning-rate = 1e-3\nprecision = 'bf16'\nresume = false\n"
    )
    got = printed(capsys, "--config", path)
    assert got["text"] == ["a.txt", "b.txt"] and got["steps"] == 5 and got["dim"] == 64
    assert got["learning_rate"] == 1e-3 and got["precision"] == "bf16" and "resume" not in got
    before = printed(capsys, "--dim", "8", "--config", path)
    after = printed(capsys, "--config", path, "--dim", "8")
    assert before == after == {**got, "dim": 8}


def test_of_two_that_exclude_each_other_the_typed_one_counts(capsys, file):
    path = file('{"minutes": 3, "corpus": "moby_dick"}', "run.json")
    assert printed(capsys, "--config", path)["minutes"] == 3
    got = printed(capsys, "--config", path, "--steps", "4", "--text", "mine.txt")
    assert got["steps"] == 4 and "minutes" not in got and "corpus" not in got


def test_what_is_printed_reads_as_the_same_options(capsys, file):
    given = ["--text", 'a "b" é\\.txt', "c.txt", "--steps", "7", "--clip", "0.5", "--resume"]
    with pytest.raises(SystemExit):
        main(["train", *given, "--print-config"])
    said = capsys.readouterr().out
    assert "# dim =  # width of the stream (default: 128)" in said
    assert printed(capsys, "--config", file(said)) == tomllib.loads(said)


@pytest.mark.parametrize(
    ("content", "name", "complaint"),
    [
        ("dims = 3", "a.toml", "a.toml: there is no option dims; did you mean dim?"),
        ("config = 'b.toml'", "a.toml", "there is no option config"),
        ("[a]\ndim = 3\n[b]\ndim = 4", "a.toml", "dim is said twice"),
        ("dim: 3", "a.yaml", "a file of options ends in .toml or .json"),
        ("dim =", "a.toml", "a.toml: "),
        ("[1]", "a.json", "must map names to values, got list"),
        ("resume = 1", "a.toml", "resume must be true or false, got 1"),
        ("dim = true", "a.toml", "dim takes a value, got true"),
        ("dim = 'wide'", "a.toml", "argument --dim: invalid int value: 'wide'"),
        ("variant = 'max'", "a.toml", "argument --variant: invalid choice: 'max'"),
    ],
)
def test_a_mistake_in_a_file_is_a_mistake_in_the_command(capsys, file, content, name, complaint):
    assert complaint in refused(capsys, "--config", file(content, name))


def test_a_file_that_is_not_there_is_named(capsys):
    assert "nowhere.toml: " in refused(capsys, "--config", "nowhere.toml")


def test_all_of_it_reaches_the_run(small, tmp_path, file, capsys):  # noqa: F811
    path = file("label_smoothing = 0.1\nwarmup = 1\nclip = 0.5\nfinal = 0.2\nweight_decay = 0")
    chosen = ["--accumulate", "2", "--precision", "bf16", "--save-every", "2"]
    assert main([*small, "--steps", "4", "--config", path, *chosen, "--evaluate-every", "2"]) == 0
    settings = load_checkpoint(tmp_path / "run")[1]["settings"]
    assert settings.items() >= dict(
        label_smoothing=0.1, warmup=1, clip=0.5, final=0.2, weight_decay=0, accumulate=2,
        precision="bf16", save_every=2, evaluate_every=2,
    ).items()  # fmt: skip
    scores = [e["step"] for e in log.read(tmp_path / "run") if "held_out_bits_per_token" in e]
    assert scores == [2, 4]
    assert (tmp_path / "run" / "step-00000002").exists()


def test_tensorboard_hears_the_run_and_takes_back_what_is_taken_again(
    small,  # noqa: F811
    tmp_path,
    monkeypatch,
):
    boards = []

    class Writer(FakeWriter):
        def __init__(self, *where, **purge):
            super().__init__(*where, **purge)
            boards.append(self)

    fake = SimpleNamespace(SummaryWriter=Writer)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", fake)
    with monkeypatch.context() as patch:
        stop_at(patch, 2)
        assert main([*small, "--steps", "3", "--tensorboard"]) == 130
    again = ["--resume", "--out", str(tmp_path / "run"), "--device", "cpu", "--tensorboard"]
    assert main(["train", *again]) == 0
    assert [board.folder for board in boards] == [str(tmp_path / "run" / "tensorboard")] * 2
    assert [board.purge_step for board in boards] == [None, 3]
    drawn = [step for board in boards for name, _, step in board.drawn if name == "train/loss"]
    assert drawn == [1, 2, 3] and all(board.closed for board in boards)


def test_a_run_may_go_on_with_other_intervals_but_not_another_rate(small, tmp_path, capsys):  # noqa: F811
    assert main([*small, "--steps", "3"]) == 0
    again = ["--resume", "--out", str(tmp_path / "run"), "--device", "cpu"]
    assert main(["train", *again, "--save-every", "1", "--accumulate", "2"]) == 0
    about = json.loads((tmp_path / "run" / "step-00000003" / "checkpoint.json").read_text())
    assert about["settings"]["save_every"] == 100  # nothing was left to be done
    capsys.readouterr()
    assert "leave out --clip" in refused(capsys, *again, "--clip", "1")
    assert SMALL
