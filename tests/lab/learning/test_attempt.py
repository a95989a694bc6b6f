"""@exercise: check, hints, solution; open and wrong functions never block; passed ones are kept."""

import re

import pytest
import torch

from titans_book.book.bank import EXERCISES
from titans_book.lab.editions.editions import masters
from titans_book.lab.learning import attempt, parts, running
from titans_book.lab.learning import progress as records
from titans_book.lab.learning.attempt import exercise
from titans_book.lab.learning.grading import grade
from titans_book.lab.learning.progress import Progress
from titans_book.memory import Gates, NeuralMemory, memorize, reference
from titans_book.model import TitansConfig, TitansLM
from titans_book.steps import matrix as steps


@pytest.fixture
def record(tmp_path, monkeypatch):
    """A learner's record of its own, in a file, for this test."""
    record = Progress(tmp_path / "progress.sqlite")
    monkeypatch.setattr(records, "_current", [record])
    monkeypatch.setattr(parts, "_loaded", {"sources": None, "parts": {}})
    return record


ARGUMENTS = (torch.ones(2, 2), torch.zeros(2, 2), torch.ones(2), torch.ones(2), 0.1, 0.5, 0.1)


@exercise("04.titans_step")
def open_step(M, S, k, v, theta, eta, alpha):
    """One token."""
    raise NotImplementedError("your turn")


@exercise("04.titans_step")
def wrong_step(M, S, k, v, theta, eta, alpha):
    """One token."""
    return M, S


@exercise("04.titans_step")
def titans_step(M, S, k, v, theta, eta, alpha):
    """One token."""
    u = surprise_grad(M, k, v)
    S = eta * S - theta * u
    M = (1 - alpha) * M + S
    return M, S


surprise_grad = steps.surprise_grad


def test_an_unknown_name_lists_the_known_ones(record):
    with pytest.raises(ValueError, match="no exercise is called '04.titan'; there are: .*04.tit"):
        exercise("04.titan")


@pytest.mark.parametrize(
    ("mine", "why"), [(open_step, "is still open"), (wrong_step, "has not passed")]
)
def test_what_is_open_or_wrong_falls_back_and_says_so_once(record, capsys, mine, why):
    mine._noticed = False
    expected = steps.titans_step(*ARGUMENTS)
    for _ in range(3):
        assert all(torch.equal(a, b) for a, b in zip(mine(*ARGUMENTS), expected, strict=True))
    assert capsys.readouterr().out.count(why) == 1
    assert mine.__doc__ == "One token."
    assert wrong_step.mine(*ARGUMENTS)[0] is ARGUMENTS[0]  # one's own, right or wrong


def test_attempts_are_counted_and_open_ones_are_none(record):
    open_step.check()
    assert record.exercise("04.titans_step") == {}
    wrong_step.check()
    assert not record.passed()
    assert titans_step.check().passed
    entry = record.exercise("04.titans_step")
    assert entry["attempts"] == 2 and entry["outcomes"] == ["unknown", "right"]
    assert record.passed() == {"04.titans_step"} and entry["passed"] >= entry["first"]


def test_hints_come_one_by_one_and_stay_at_the_last(record):
    wrong_step._hints = 0
    shown = [wrong_step.hint() for _ in range(4)]
    assert [repr(hint).partition("\n")[0] for hint in shown] == [
        "Hint 1 of 3, a nudge",
        "Hint 2 of 3, shapes and units",
        "Hint 3 of 3, the lines, shuffled",
        "Hint 3 of 3, the lines, shuffled",
    ]
    assert wrong_step.hint(1).text == attempt.find("04.titans_step").hints[0]
    with pytest.raises(ValueError, match="hints 1 to 3"):
        wrong_step.hint(4)
    assert record.exercise("04.titans_step")["hints"] == 5


def test_the_solution_is_the_books_code_without_its_docstring(record):
    text = repr(open_step.solution())
    assert "M = (1 - alpha) * M + S" in text and '"""' not in text
    assert "<pre>" in open_step.solution()._repr_html_()


def test_only_what_passed_is_kept_and_it_is_loaded_from_its_source(record):
    assert "not passed" in repr(wrong_step.keep())
    assert record.parts() == {}
    assert "Kept" in repr(titans_step.keep())
    source = record.parts()["04.titans_step"]
    assert source.startswith("def titans_step(") and "@exercise" not in source
    kept = parts.part("04.titans_step")
    assert kept is not steps.titans_step and kept.__code__.co_filename == "<your titans_step>"
    assert parts.credit() == "Running 1 of 4 of your own parts: titans_step."
    parts.release()
    assert parts.part("04.titans_step") is steps.titans_step
    assert parts.credit() == "Running 0 of 4 of your own parts."


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("03.momentum_step", "Later chapters and the model of chapter 13 run on your version"),
        ("02.surprise_step", "Later chapters run on your version"),
        ("06.chunk_coefficients", "`chunk_read` and `chunk_write` run on your version"),
        ("07.project", "`layer_forward` runs on your version"),
        ("07.layer_forward", "no later part is built on it"),
    ],
)
def test_keeping_says_what_will_run_on_it(record, name, words):
    function = EXERCISES[name].reference
    assert words in parts.keep(EXERCISES[name], function)


def test_the_parts_that_chapters_ask_for_are_those_that_the_words_name():
    asked = {name for m in masters() for name in re.findall(r'part\("(.+?)"\)', m.read_text())}
    assert asked == {*parts.ASKED_FOR, *parts.RECURRENCE}


def test_a_function_that_leans_on_the_notebook_is_not_kept(record):
    helper = steps.surprise_grad

    @exercise("04.titans_step")
    def titans_step(M, S, k, v, theta, eta, alpha):
        S = eta * S - theta * helper(M, k, v)
        return (1 - alpha) * M + S, S

    assert titans_step.check().passed
    assert "only this notebook has" in repr(titans_step.keep())
    assert record.parts() == {}


@pytest.mark.parametrize(
    "source",
    [
        "def titans_step(M, S, k, v, theta, eta, alpha):\n    return M, S",
        "def titans_step(:",
        "import os\nos.abort()",
        "def titans_step(M, S, k, v, theta, eta, alpha=print('boo')):\n    return M, S",
        "@print\ndef titans_step(M, S, k, v, theta, eta, alpha):\n    return M, S",
        "def other():\n    return 1",
        "def titans_step(M, S, k, v, theta, eta, alpha):\n    raise SystemExit",
    ],
)
def test_a_kept_source_that_is_not_right_any_more_gives_way_to_the_book(record, capsys, source):
    record.keep("04.titans_step", source)
    assert parts.part("04.titans_step") is steps.titans_step
    assert capsys.readouterr().out.startswith("Your titans_step does not pass its check any more")


def test_a_part_of_no_name_is_refused(record):
    with pytest.raises(ValueError, match="no part is called 'read'"):
        parts.part("read")


def cut(q, k, v, gates, where):
    """The tokens of a slice."""
    gates = Gates(*(gate[:, :, where] for gate in (gates.theta, gates.eta, gates.alpha)))
    return q[:, :, where], k[:, :, where], v[:, :, where], gates


def sequence(seed=0, batch=2, heads=3, length=7, size=4):
    generator = torch.Generator().manual_seed(seed)
    q, k, v = (torch.randn(batch, heads, length, size, generator=generator).double() for _ in "qkv")
    draws = (torch.rand(batch, heads, length, generator=generator).double() for _ in range(3))
    gates = Gates(*(0.4 * draw for draw in draws))
    return q, k, v, gates, [torch.randn(heads, size, size, generator=generator).double()]


@pytest.mark.parametrize("kept", [False, True])
def test_the_recurrence_made_of_parts_is_the_oracle(record, kept):
    if kept:
        titans_step.keep()
    q, k, v, gates, weights = sequence()
    y, state = running.memorize(q, k, v, gates, weights, chunk=1)
    expected, end = reference.memorize(q, k, v, gates, weights, chunk=1)
    assert torch.allclose(y, expected, rtol=0, atol=1e-12 * float(expected.detach().abs().max()))
    assert torch.allclose(state.weights[0], end.weights[0], rtol=0, atol=1e-11)
    first, carried = running.memorize(*cut(q, k, v, gates, slice(3)), weights)
    rest, _ = running.memorize(*cut(q, k, v, gates, slice(3, None)), weights, state=carried)
    assert torch.allclose(torch.cat([first, rest], 2), y, rtol=0, atol=1e-12)


def test_a_trace_of_parts_is_the_trace_of_the_fast_form(record):
    q, k, v, gates, weights = sequence()
    mine, fast = [], []
    running.memorize(q, k, v, gates, weights, trace=mine)
    memorize(q, k, v, gates, weights, chunk=1, trace=fast)
    assert torch.allclose(mine[0].film[0], fast[0].film[0], atol=1e-6)
    assert torch.allclose(mine[0].surprise, fast[0].surprise, rtol=1e-5)


def test_a_function_that_vmap_cannot_run_goes_one_by_one(record):
    def branches(M, q):
        return q @ M if float(q.sum()) > 0 else -(-q @ M)

    M, q = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4)
    assert torch.allclose(running._batched(branches)(M, q), (q[..., None, :] @ M)[..., 0, :])


def test_a_model_runs_and_learns_on_parts(record):
    config = TitansConfig(
        dim=16, depth=2, heads=2, hidden=16, memory=dict(depth=1, chunk=1, clamp=None)
    )
    torch.manual_seed(0)
    model = TitansLM(config)
    tokens = torch.randint(0, 256, (2, 9))
    expected, _ = model(tokens)
    titans_step.keep()
    assert running.install(model).startswith("Running 1 of 4")
    logits, _ = model(tokens)
    assert torch.allclose(logits, expected, atol=1e-5)
    logits.sum().backward()
    assert model.blocks[0].memory.project.weight.grad.abs().sum() > 0


def test_a_model_that_parts_cannot_run_is_refused(record):
    config = TitansConfig(dim=16, depth=1, heads=2, hidden=16)
    with pytest.raises(ValueError, match="cannot run chunk=16, clamp=.*depth=2"):
        running.install(TitansLM(config))


def test_a_memory_runs_on_the_oracle_as_well():
    memory = NeuralMemory(8, heads=2, chunk=4).double()
    x = torch.randn(1, 10, 8).double()
    y, _ = memory(x)
    memory.memorize = lambda *a, trace=None, **rule: reference.memorize(*a, **rule)
    assert torch.allclose(memory(x)[0], y, atol=1e-12)


def test_a_function_that_calls_itself_is_told_so(record):
    @exercise("04.titans_step")
    def titans_step(M, S, k, v, theta, eta, alpha):
        return titans_step(M, S, k, v, theta, eta, alpha)

    verdict = titans_step.check()
    assert verdict.outcome == "known" and "calls itself" in str(verdict)


def test_a_function_that_calls_itself_and_comes_to_an_end_is_as_good_as_any(record):
    @exercise("01.read")
    def read(M, q):
        if q.dim() == 2:
            return torch.stack([read(M, one) for one in q])
        return q @ M

    assert read.check().passed and grade("01.read", read).passed
    assert read(torch.eye(2), torch.ones(3, 2)).shape == (3, 2)
    assert "Kept" in repr(read.keep())
    assert parts.part("01.read")(torch.eye(2), torch.ones(3, 2)).shape == (3, 2)


def test_a_function_of_another_name_is_not_kept(record):
    @exercise("04.titans_step")
    def my_step(M, S, k, v, theta, eta, alpha):
        return steps.titans_step(M, S, k, v, theta, eta, alpha)

    assert my_step.check().passed
    assert "Call it titans_step" in repr(my_step.keep())
    assert record.parts() == {}


def test_a_check_that_passes_says_how_to_keep_and_keeping_says_how_to_undo(record):
    assert titans_step.check().lines[-1] == (
        "`titans_step.keep()` makes later chapters run on it, and `titans_step.release()` takes "
        "that back."
    )
    assert record.parts() == {}
    kept = repr(titans_step.keep())
    assert "`titans_step.release()` gives it back" in kept and str(record.path) in kept
    assert "keep()" not in str(titans_step.check())
    assert "book's version again" in repr(titans_step.release()) and record.parts() == {}
    assert "It is not kept" in repr(titans_step.release())
    wrong = str(wrong_step.check())
    nobody_needs_it = exercise("02.exact_rate")(lambda k: 1 / (k @ k)).check()
    assert nobody_needs_it.passed and "keep()" not in wrong + str(nobody_needs_it)
