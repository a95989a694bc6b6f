"""The six answers, and what is said of an answer that nobody foresaw. Nothing does any harm."""

import importlib
import sys
import threading
import time

import pytest
import torch

from titans_book.book.bank import EXERCISES
from titans_book.lab.learning import guard
from titans_book.lab.learning.compare import distance
from titans_book.lab.learning.examine import examine
from titans_book.lab.learning.exercise import Exercise, Probe, normal
from titans_book.lab.learning.verdict import OUTCOMES

STEP = EXERCISES["04.titans_step"]


def right(M, S, k, v, theta, eta, alpha):
    S = eta * S - theta * torch.outer(k, k @ M - v)
    return (1 - alpha) * M + S, S


def said(function, exercise=STEP, **options):
    verdict = examine(exercise, function, **options)
    assert verdict.outcome in OUTCOMES
    return verdict.outcome, " ".join(verdict.lines)


def test_right_whatever_the_way():
    assert said(right) == ("right", said(right)[1])

    def with_einsum(M, S, k, v, theta, eta, alpha):
        S = S * eta + theta * torch.einsum("i,j->ij", k, v - torch.einsum("i,ij->j", k, M))
        return [M - alpha * M + S, S]  # a list is as good as a tuple

    assert said(with_einsum)[0] == "right"


def test_an_error_is_shown_with_its_line_and_what_was_given():
    def crashes(M, S, k, v, theta, eta, alpha):
        u = k @ M
        return u @ M, S

    outcome, words = said(crashes)
    assert outcome == "crashed"
    assert "line 3 of your function" in words and "`k`: shape (5,), float64" in words


def test_wrong_arguments_are_a_crash_that_names_the_stub():
    outcome, words = said(lambda M: M)
    assert outcome == "crashed" and "takes 1 positional argument" in words


def test_the_commonest_errors_of_torch_get_a_word_of_advice():
    def ends_before_it_begins(*_):
        return torch.arange(5, 2)

    def puts_rows_beside_others(*_):
        return torch.cat([torch.ones(2, 3), torch.ones(4, 3)], dim=1)

    def turns_rows_round(M, *_):
        return M[::-1]

    def mixes_dtypes(M, *_):
        return torch.ones(5, 5) @ M

    assert "which method" in said(turns_rows_round)[1]
    assert "without saying its dtype" in said(mixes_dtypes)[1]
    assert "is b where it ends" in said(ends_before_it_begins)[1]
    assert "Which way is meant" in said(puts_rows_beside_others)[1]
    assert "joins unequal rows" in said(lambda *_: torch.stack([torch.ones(2), torch.ones(3)]))[1]
    assert "a whole number" in said(lambda M, *_: M[: 0.5 * len(M)])[1]
    assert "square brackets" in said(lambda M, S, *_: torch.cat(M, S, M))[1]


def test_a_list_of_numbers_is_no_tensor():
    attend = EXERCISES["08.attend"]
    outcome, words = said(lambda *_: [[1.0], [2.0]], attend)
    assert outcome == "known" and words.endswith("What makes one tensor of them?")
    assert said(lambda *_: [torch.ones(2)], attend)[1].endswith("Which of them is the result?")
    pieces = said(lambda *_: [torch.ones(2), torch.ones(1)], attend)[1]
    assert pieces.endswith("What makes one tensor of them?")


def test_a_list_is_no_number():
    words = said(lambda t, C: [1, 2], EXERCISES["12.tokens_read"])[1]
    assert "one number is asked for" in words and words.endswith("or how many are they?")


def test_functions_are_given_by_name():
    def crashes(*_):
        raise ValueError

    assert "`mask`: window_mask;" in said(crashes, EXERCISES["08.read_on"])[1]


def test_an_endless_loop_is_stopped():
    def endless(M, S, k, v, theta, eta, alpha):
        while True:
            pass

    begin = time.monotonic()
    outcome, words = said(endless, seconds=0.3)
    assert outcome == "crashed" and "0.3 seconds" in words
    assert time.monotonic() - begin < 5


def test_an_endless_loop_that_swallows_errors_is_stopped_too():
    def stubborn(M, S, k, v, theta, eta, alpha):
        for _ in range(3):
            try:
                while True:
                    pass
            except BaseException:
                continue
        return right(M, S, k, v, theta, eta, alpha)

    assert said(stubborn, seconds=0.3)[0] == "crashed"


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, RecursionError, MemoryError])
def test_exceptions_of_every_kind_end_the_check_only(error):
    def raises(*_):
        raise error("bye")

    outcome, words = said(raises)
    assert outcome == "crashed" and error.__name__ in words


def test_a_flood_of_prints_is_kept_to_a_page_and_stdout_comes_back(capsys):
    def floods(*arguments):
        print("hello\n" * 50_000)
        return right(*arguments)

    stdout = sys.stdout
    verdict = examine(STEP, floods)
    assert verdict.outcome == "right" and len(verdict.printed) < 2100
    assert "characters more" in verdict.printed
    assert sys.stdout is stdout and capsys.readouterr().out == ""


def test_an_edit_in_place_is_named_and_reaches_nobody():
    def edits(M, S, k, v, theta, eta, alpha):
        S.mul_(eta).sub_(theta * torch.outer(k, k @ M - v))
        return (1 - alpha) * M + S, S

    outcome, words = said(edits)
    assert outcome == "known" and "`S` is changed in place" in words


def test_two_arguments_changed_in_place_are_many():
    def edits(M, S, k, v, theta, eta, alpha):
        M_new, S_new = right(M, S, k, v, theta, eta, alpha)
        M.zero_()
        S.zero_()
        return M_new, S_new

    assert "`M` and `S` are changed in place" in said(edits)[1]


def test_results_in_another_order_are_asked_for_their_order():
    deep, asks = EXERCISES["05.deep_step"], "In which order does the last line of the docstring"

    def by_layer(*arguments):
        W_1, W_2, S_1, S_2 = deep.reference(*arguments)
        return W_1, S_1, W_2, S_2

    outcome, words = said(by_layer, deep)
    assert outcome == "known" and "Result 2 has the shape (4, 6)" in words and asks in words
    assert "transposed" not in words

    gradient = EXERCISES["05.inner_grad"]
    words = said(lambda *given: tuple(u.T for u in gradient.reference(*given)), gradient)[1]
    assert asks in words and "all transposed" in words


def test_a_maximum_of_nothing_is_asked_for_its_condition():
    outcome, words = said(lambda k, theta: max(b for b in ()), EXERCISES["06.safe_chunk"])
    assert outcome == "crashed" and words.endswith("which condition lets nothing pass?")


def test_global_settings_are_put_back():
    def meddles(*arguments):
        torch.manual_seed(1)
        torch.set_default_dtype(torch.float64)
        return right(*arguments)

    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    assert said(meddles)[0] == "right"
    assert torch.get_default_dtype() == torch.float32
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "returns nothing"),
        ((None, None), "returns nothing"),
        (torch.zeros(5, 3).double(), "returns one value; 2 are asked for"),
        ((torch.zeros(5, 3).double(),) * 3, "returns 3 values; 2 are asked for"),
        ((torch.zeros(3, 5).double(),) * 2, "shape (3, 5), where (5, 3)"),
        ((torch.zeros(5, 3),) * 2, "dtype torch.float32"),
        ((torch.zeros(5, 3).double().numpy(),) * 2, "of type ndarray"),
        ((torch.zeros(5, 3, dtype=torch.float64, device="meta"),) * 2, "device meta"),
        ("nonsense", "returns one value"),
    ],
)
def test_the_wrong_kind_of_result_is_a_known_mistake(result, words):
    outcome, said_ = said(lambda *_: result)
    assert outcome == "known" and words in said_


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda M, S, new: (new[0] * float("nan"), new[1]), "NaN"),
        (lambda M, S, new: (M, new[1]), "`M` is `M`, just as it was given"),
        (lambda M, S, new: (torch.zeros_like(M), new[1]), "zero everywhere"),
        (lambda M, S, new: (3 * new[0], new[1]), "3 times the expected one"),
        (lambda M, S, new: (-new[0], new[1]), "with the other sign"),
        (lambda M, S, new: (M + 0.25 * (new[0] - M), new[1]), "change that your step makes to `M`"),
        (lambda M, S, new: (new[0] + 2 * S, new[1]), "+2 times `S` too much"),
        (lambda M, S, new: (new[0] + 1.5, new[1]), "plus 1.5 everywhere"),
    ],
)
def test_an_unforeseen_answer_is_described(change, words):
    def wrong(M, S, k, v, theta, eta, alpha):
        return change(M, S, right(M, S, k, v, theta, eta, alpha))

    verdict = examine(STEP, wrong)
    assert verdict.outcome == "unknown"
    assert words in " ".join(verdict.lines)
    assert "differs from the first step on, in `M`" in verdict.lines[0]
    yours, expected, difference = verdict.difference.panels().values()
    assert torch.allclose(torch.tensor(yours - expected), torch.tensor(difference), equal_nan=True)


def test_the_terms_of_an_unforeseen_answer_are_weighed():
    def three_times(M, S, k, v, theta, eta, alpha):
        return right(M, S, k, v, 3 * theta, eta, alpha)

    _, words = said(three_times)
    assert "-0.631·kᵀ(k M)" in words and "-0.21·kᵀ(k M)" in words and "theta = 0.21" in words


def test_a_likeness_to_a_known_mistake_is_told_as_one():
    def nearly_averaged(M, S, k, v, theta, eta, alpha):
        S = eta * S - (1.02 - eta) * theta * torch.outer(k, k @ M - v)
        return (1 - alpha) * M + S, S

    outcome, words = said(nearly_averaged)
    assert (
        outcome == "unknown" and "nearly like a mistake that the book knows: You average" in words
    )


def test_what_differs_only_later_is_said_to_be_right_so_far():
    calls = []

    def tires(*arguments):
        calls.append(1)
        new = right(*arguments)
        return new if len(calls) < 4 else (new[0] + 1, new[1])

    assert "Steps 1 to 3: right. It differs first at step 4, in `M`." in said(tires)[1]


def test_right_but_slow():
    def crawls(M, S, k, v, theta, eta, alpha):
        error = k @ M - v
        u = torch.stack([torch.stack([a * b / 2 + a * b / 2 for b in error]) for a in k])
        S = eta * S - theta * u
        return (1 - alpha) * M + S, S

    verdict = examine(STEP, crawls)
    assert verdict.outcome == "slow" and verdict.passed


def test_what_a_loaded_machine_takes_does_not_count_as_slow():
    """Another program's turn is no time of this thread; sleeping stands for it."""

    def waits(*arguments):
        time.sleep(0.01)
        return right(*arguments)

    assert said(waits)[0] == "right"
    inner = EXERCISES["05.inner_grad"]
    assert [said(inner.reference, inner)[0] for _ in range(5)] == ["right"] * 5


def test_one_step_from_nothing_misses_what_six_steps_find():
    """The reason for the probes: without a past, several mistakes cannot show."""
    empty = Probe(
        state={
            "M": lambda _: torch.zeros(5, 3).double(),
            "S": lambda _: torch.zeros(5, 3).double(),
        },
        inputs=STEP.probe.inputs,
        returns=("M", "S"),
        steps=1,
    )
    truth = list(empty(STEP.reference))
    missed = [w.name for w in STEP.bank if distance(list(empty(w.function)), truth) < 1e-9]
    assert len(missed) >= 5
    assert all(distance(list(STEP.probe(w.function)), STEP.truth) > 0.05 for w in STEP.bank)


def open_ended(accept):
    return Exercise(
        name="99.at_least",
        what="a number of at least 2",
        reference=lambda: torch.tensor(3.0).double(),
        probe=lambda f: iter([{"number": f()}]),
        hints=("h" * 30,) * 3,
        source="nothing",
        taught="nowhere",
        part=False,
        accept=accept,
    )


def test_an_exercise_with_many_right_answers_is_judged_by_its_effect():
    exercise = open_ended(lambda steps: "" if steps[0]["number"] >= 2 else "It is below 2.")
    assert examine(exercise, lambda: 7.5).outcome == "right"
    verdict = examine(exercise, lambda: torch.tensor(1.0).double())
    assert verdict.outcome == "unknown" and "It is below 2." in verdict.lines
    assert verdict.difference.expected is None  # the answer is not given away


def test_the_answer_reads_well_as_text_and_as_html():
    verdict = examine(STEP, STEP.bank[0].function)
    text, html = str(verdict), verdict._repr_html_()
    assert text.startswith("✗ titans_step: not yet") and repr(verdict) == text
    assert "yours:" in text and "expected:" in text and "difference:" in text
    assert html.count("<img") == 3 and html.count('alt="') == 3 and 'role="status"' in html

    def prints_html(*_):
        print("<b>&")
        raise ValueError("<script>")

    html = examine(STEP, prints_html)._repr_html_()
    assert "<script>" not in html and "&lt;b&gt;&amp;" in html


def test_a_probe_without_numbers_is_no_likeness():
    probe = Probe(inputs={"x": normal(2)}, returns=("y",))
    exercise = Exercise(
        "99.double",
        "twice",
        lambda x: 2 * x,
        probe,
        ("h" * 30,) * 3,
        "eq. 0",
        "nowhere",
        part=False,
    )
    assert examine(exercise, lambda x: x + x).outcome == "right"
    assert "`y` is `x`" in " ".join(examine(exercise, lambda x: x).lines)


def test_only_a_stub_is_open():
    assert said(lambda *_: torch.ones(2) ^ torch.ones(2))[0] == "crashed"
    assert "no power" in said(lambda *_: torch.ones(2) ^ torch.ones(2))[1]
    assert "no power" in said(lambda: 1 - 0.5 ^ (1 / 28), EXERCISES["00.my_alpha"])[1]  # noqa: E225

    def nbgraders_stub(*_):
        raise NotImplementedError()

    assert said(nbgraders_stub)[0] == "open"


def test_and_between_tensors_gets_a_word_about_its_sign():
    outcome, words = said(lambda M, *_: M > 0 and M < 1)
    assert outcome == "crashed" and "`and` is `&`" in words


def test_shapes_that_do_not_fit_get_a_word_about_rows():
    outcome, words = said(lambda M, S, k, *_: (M @ k, S))
    assert outcome == "crashed" and "`q @ M`" in words


def test_an_exercise_may_have_a_question_of_its_own_for_shapes_that_do_not_fit():
    outcome, words = said(
        lambda logits, targets: (logits.argmax(1) == targets).double().mean(),
        EXERCISES["07.accuracy_asked"],
    )
    assert outcome == "crashed" and "Over which axis" in words and "`q @ M`" not in words


def test_a_mask_holds_true_and_false_and_a_shape_may_have_its_own_question():
    mask = Exercise(
        name="08.mask", what="a mask", reference=lambda x: x[:, None] >= x[:2],
        probe=Probe(inputs={"x": normal(5)}, returns=("visible",)),
        hints=("one",) * 3, source="Fig. 3", taught="", misfit="Rows or columns?",
    )  # fmt: skip
    outcome, words = said(lambda x: (x[:, None] >= x[:2]).double(), mask)
    assert outcome == "known" and "holds numbers (torch.float64); True and False" in words
    outcome, words = said(lambda x: x[:2, None] >= x, mask)
    assert outcome == "known" and words.endswith("(5, 2) is asked for. Rows or columns?")
    assert said(lambda x: ~(x[:, None] < x[:2]), mask)[0] == "right"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.int64])
def test_where_a_number_is_due_its_dtype_does_not_matter(dtype):
    exercise = open_ended(lambda steps: "" if steps[0]["number"] >= 2 else "It is below 2.")
    assert examine(exercise, lambda: torch.tensor(3, dtype=dtype)).outcome == "right"
    gate = EXERCISES["04.forget_gate"]
    opens = lambda s, u: torch.where((s > 2 * u) & (u > 0), 1.0, 0.0)  # noqa: E731
    assert said(opens, gate)[0] == "right"


def test_nothing_is_asked_for_its_return():
    def no_return(M, k, v):
        torch.outer(k, k @ M - v)

    def returns_nothing(M, k, v):
        M = M.clone().requires_grad_()
        return (0.5 * (k @ M - v).square().sum()).backward()

    def only_if(M, k, v):
        if float(k.sum()) > 1e9:
            return torch.outer(k, k @ M - v)

    grad = EXERCISES["02.surprise_grad"]
    assert "`return` in front of the last line" in said(no_return, grad)[1]
    assert (
        "`backward(...)` gives nothing back: it leaves its result in"
        in said(returns_nothing, grad)[1]
    )
    assert "an `if` without `else`" in said(only_if, grad)[1]
    assert "Does every way through it" in said(eval("lambda M, k, v: None"), grad)[1]


def test_a_rounding_is_called_one():
    read = EXERCISES["01.read"]
    assert said(lambda M, q: q @ M + 1e-8, read)[1].endswith("Which line is not exact?")
    words = said(lambda M, q: (q.float() @ M.float()).double(), read)[1]
    assert "rounded (float32)" in words and "times the expected" not in words


@pytest.mark.parametrize(
    ("only", "words"),
    [
        (lambda M, q: torch.mv(M.T, q), "stopped in example"),
        (lambda M, q: (q @ M).flatten(), "has the shape (6,)"),
        (lambda M, q: q @ M if q.dim() == 1 else q @ M + 1, "It differs first"),
    ],
)
def test_right_for_one_question_and_wrong_for_many_is_said(only, words):
    found = said(only, EXERCISES["01.read"])[1]
    assert words in found and "For `q` of shape (4,) it was right; here it has (2, 4)." in found
    assert "q @ M" not in found.partition("Here it has")[2]


def test_where_there_is_no_equation_none_is_named():
    with_one = said(lambda M, S, k, *_: (2 * M, S), STEP)[1]
    assert "Which term of the equation (Titans eqs. 13 and 14)" in with_one
    persistent = EXERCISES["08.with_persistent"]
    twice = lambda *given: (2 * persistent.reference(*given)[0], *persistent.reference(*given)[1:])  # noqa: E731, E501
    assert "(the" not in said(twice, persistent)[1]


def test_a_stop_is_no_crash_in_the_headline():
    verdict = examine(STEP, lambda M, S, k, *_: (M @ k, S))
    assert verdict.outcome == "crashed" and verdict.title == "not yet"


def test_where_a_number_is_due_it_may_be_more_exact_than_the_inputs():
    wide = EXERCISES["07.accuracy_asked"]
    right = lambda logits, targets: wide.reference(logits, targets).double()  # noqa: E731
    assert said(right, wide)[0] == "right"


def test_an_import_does_not_count_as_an_endless_loop(tmp_path, monkeypatch):
    (tmp_path / "takes_long.py").write_text("import time\ntime.sleep(0.6)\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def imports(*arguments):
        importlib.import_module("takes_long")
        return STEP.reference(*arguments)

    assert said(imports, seconds=0.3)[0] == "right"


def test_gradients_switched_on_in_the_callers_memory_are_named():
    def by_autograd(M, k, v):
        M.requires_grad_()
        (0.5 * (k @ M - v).square().sum()).backward()
        return M.grad

    outcome, words = said(by_autograd, EXERCISES["02.surprise_grad"])
    assert outcome == "known" and "`M`" in words and "clone" in words

    def on_a_clone(M, k, v):
        return by_autograd(M.detach().clone(), k, v)

    assert "no gradient passes" in said(on_a_clone, EXERCISES["02.surprise_grad"])[1]


def test_a_python_number_is_no_tensor_where_a_gradient_has_to_pass():
    outcome, words = said(
        lambda M, k, v: 0.5 * ((k @ M - v) ** 2).sum().item(), EXERCISES["01.loss"]
    )
    assert outcome == "known" and "Python number" in words
    assert said(lambda k: 1 / float(k @ k), EXERCISES["02.exact_rate"])[0] == "right"


class Unprintable(Exception):
    def __str__(self):
        raise ValueError("no words")


def test_errors_without_words_and_of_other_kinds():
    def raises(error):
        def function(*_):
            raise error

        return function

    assert "cannot be printed" in said(raises(Unprintable()))[1]
    assert "`SystemExit`." in said(raises(SystemExit()))[1]

    class StdinMissing(NotImplementedError):
        """What a kernel raises for input() where nobody can type."""

    assert said(raises(StdinMissing("raw_input was called")))[0] == "crashed"
    assert said(raises(NotImplementedError("todo")))[0] == "open"


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda *_: (yield 1), "`yield`"),
        (lambda M, k, v: (M, M), "2 values in a tuple; one tensor"),
        (lambda M, k, v: [M], "1 value in a list; one tensor"),
    ],
)
def test_one_tensor_is_one_tensor(function, words):
    outcome, said_ = said(function, EXERCISES["02.surprise_grad"])
    assert outcome == "known" and words in said_


def test_a_step_takes_plain_numbers_and_tensors():
    def items(M, S, k, v, theta, eta, alpha):
        return right(M, S, k, v, theta.item(), eta.item(), alpha.item())

    outcome, words = said(items)
    assert outcome == "crashed" and "'float' object has no attribute 'item'" in words


def test_the_notebooks_own_defaults_do_not_matter():
    def makes_zeros(M, k, v):
        return torch.zeros(M.shape) + torch.outer(k, k @ M - v)

    torch.set_default_dtype(torch.float64)
    try:
        outcome, _ = said(lambda M, k, v: torch.zeros(M.shape) * 1, EXERCISES["02.surprise_grad"])
        assert outcome == "known"  # float32, as it would be in a fresh notebook
    finally:
        torch.set_default_dtype(torch.float32)
    assert said(makes_zeros, EXERCISES["02.surprise_grad"])[0] == "right"
    torch.set_default_device("meta")
    try:
        assert said(right)[0] == "right"
    finally:
        torch.set_default_device(None)


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="reads what Linux says of a thread"
)
def test_a_thread_that_waits_for_a_processor_is_told_from_one_that_sleeps():
    ends = threading.Event()

    def works():
        while not ends.is_set():
            pass

    busy, asleep = (threading.Thread(target=target) for target in (works, ends.wait))
    for thread in (busy, asleep):
        thread.start()
    try:
        looked = [guard._is_kept_waiting(busy) for _ in range(200) if not time.sleep(0.001)]
        assert any(looked) and not guard._is_kept_waiting(asleep)
    finally:
        ends.set()
