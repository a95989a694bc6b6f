"""generate and chat with a memory: what was said is remembered, over a night as well."""

import io
import shlex

import pytest
import torch

from titans_book.cli import main
from titans_book.cli.writing import Writer
from titans_book.model import TitansConfig, TitansLM, generation
from titans_book.model.saved_state import load_state, save_state
from titans_book.tasks import corpora
from titans_book.training import runs
from titans_book.training.optimizer import adamw
from titans_book.training.schedule import TrainingSettings


def model(variant="mag"):
    torch.manual_seed(0)
    return TitansLM(TitansConfig(variant, dim=8, depth=1, heads=1, hidden=8, memory={"chunk": 4}))


@pytest.fixture
def folder(tmp_path):
    """A run's folder with an untrained model."""
    settings = TrainingSettings(steps=1)
    runs.save(tmp_path / "run", 1, model(), adamw(model(), settings), settings)
    return tmp_path / "run"


@pytest.fixture
def talk(folder, monkeypatch, capsys):
    """Say some lines to `chat`; what comes back on stdout and stderr."""

    def talk(*lines, options=""):
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(line + "\n" for line in lines)))
        command = ["chat", "--checkpoint", str(folder), "--n", "12", *shlex.split(options)]
        assert main(command) == 0
        return capsys.readouterr()

    return talk


def test_a_writer_reads_every_byte_once():
    """Two turns are one text: prompt, answer, prompt, as the model's own generation writes it."""
    writer, sampling = Writer(model()), dict(temperature=0)
    first = "".join(writer.write("To be ", 7, **sampling))
    second = "".join(writer.write("or not ", 7, **sampling))
    text = corpora.tokens("To be ")[None]
    text, state = generation.generate(model(), text, 7, **sampling)
    assert bytes(text[0].tolist()).decode(errors="replace") == "To be " + first
    more = torch.cat([text[:, -1:], corpora.tokens("or not ")[None]], dim=1)
    more, _ = generation.generate(model(), more, 7, state=state, **sampling)
    assert bytes(more[0, 8:].tolist()).decode(errors="replace") == second
    assert writer.state.position == len("To be or not ") + 7 + 6  # the last byte is not read yet


def test_writing_ends_behind_the_stop_text(monkeypatch):
    script = iter(b"one\n\ntwo")
    monkeypatch.setattr(
        "titans_book.model.generation.choose_next", lambda *_: torch.tensor([[next(script)]])
    )
    assert "".join(Writer(model()).write("x", 50, "\n\n")) == "one\n\n"


def test_a_conversation_goes_on_the_next_day(talk, tmp_path):
    keep = f"--state {tmp_path / 'friend.state'}"
    whole = talk("Good day.", "And now?").out
    first = talk("Good day.", options=keep)
    assert "remembers 0 bytes" in first.err and "saved what was said" in first.err
    second = talk("And now?", options=keep + " --seed 1")
    assert first.out + second.out == whole
    assert "remembers 22 bytes" in second.err  # ten that were typed, twelve that were answered


def test_commands_of_a_conversation(talk, tmp_path):
    path = tmp_path / "one.state"
    typed = f"/help|/save|/save {path}|Hi|/save {path}|/forget|/load {path}|/load nowhere|/dance"
    said = talk(*typed.split("|"), "/quit", "never read")
    answers = "/save FILE|needs the name of a file|nothing has been read|saved in|forgotten"
    for words in (answers + "|now remembers 15 bytes|no state in nowhere|/dance is not").split("|"):
        assert words in said.err
    assert len(said.out) <= 13  # one answer alone: nothing behind /quit is read


def test_what_is_forgotten_is_in_no_file(talk, tmp_path):
    path = tmp_path / "friend.state"
    keep = f"--state {path}"
    talk("Good day.", options=keep)
    assert "remembers 22 bytes" in talk("/quit", options=keep).err  # and leaves the file as it is
    said = talk("And now?", "/forget", "/quit", options=keep)
    assert f"nothing is remembered: {path} is removed" in said.err
    assert not path.exists()
    talk("Hm.", "/forget", options=keep)
    assert not path.exists()


def test_any_byte_can_be_typed(folder, tmp_path, monkeypatch, capsys):
    """A model of bytes reads bytes: one that is no character ends no conversation."""
    path, run = tmp_path / "odd.state", ["--checkpoint", str(folder), "--n", "1"]
    for command, more in (("chat", ["--state"]), ("generate", ["--prompt", "-", "--save-state"])):
        typed = io.TextIOWrapper(io.BytesIO(b"caf\xe9\n"), encoding="utf-8")
        monkeypatch.setattr("sys.stdin", typed)
        assert main([command, *run, *more, str(path)]) == 0
        assert load_state(path).position == 6  # five bytes that were typed, one that was written
        path.unlink()
    assert capsys.readouterr().out.count("caf\ufffd\n") == 1  # the prompt of generate


def test_nothing_said_is_lost_when_a_chat_breaks(folder, tmp_path, monkeypatch, capsys):
    path = tmp_path / "friend.state"

    class Cut(io.StringIO):
        def readline(self):
            if line := super().readline():
                return line
            raise OSError("the terminal is gone")

    monkeypatch.setattr("sys.stdin", Cut("Good day.\n"))
    chat = ["chat", "--checkpoint", str(folder), "--n", "12", "--state", str(path)]
    assert main(chat) == 1
    assert "the terminal is gone" in capsys.readouterr().err
    assert load_state(path).position == 22


def test_ctrl_c_stops_an_answer_and_not_the_conversation(talk, monkeypatch):
    turns = []

    def interrupted(self, prompt, *_, **__):
        turns.append(prompt)
        yield "so far"
        raise KeyboardInterrupt

    monkeypatch.setattr(Writer, "write", interrupted)
    assert talk("one", "two").out == "so far\nso far\n"
    assert turns == ["one\n", "two\n"]


def test_a_state_of_another_model_is_refused_before_anything_is_said(folder, tmp_path, capsys):
    other, path = Writer(model("lmm")), tmp_path / "other.state"
    list(other.write("x", 1))
    other.save(path)
    chat = ["chat", "--checkpoint", str(folder), "--state", str(path)]
    assert main(chat) == 1
    assert "made by other weights than this model's" in capsys.readouterr().err
    save_state(other.state, path)  # a file that names no weights
    assert main(chat) == 1
    assert "state belongs to another model" in capsys.readouterr().err


def test_generate_remembers_and_goes_on(folder, tmp_path, capsys, monkeypatch):
    path, run = str(tmp_path / "a.state"), ["generate", "--checkpoint", str(folder), "--n", "6"]
    assert main([*run, "--prompt", "Ah ", "--save-state", path, "--temperature", "0"]) == 0
    first = capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO("oh "))
    assert main([*run, "--prompt", "-", "--state", path, "--temperature", "0"]) == 0
    second = capsys.readouterr().out
    writer = Writer(model())
    want = ["".join(writer.write(prompt, 6, temperature=0)) for prompt in ("Ah ", "oh ")]
    assert [first, second] == [f"Ah {want[0]}\n", f"oh {want[1]}\n"]
    assert main([*run, "--state", "nowhere"]) == 1
    assert "there is no state in nowhere" in capsys.readouterr().err
