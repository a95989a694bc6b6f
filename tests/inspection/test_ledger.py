"""An answer as a sum over writes, against the loop and against the loop's own derivative."""

import pytest
import torch

from tests.memory.cases import assert_equal, call, problem
from titans_book.inspection.ledger import ledger, ledgers
from titans_book.memory import NeuralMemory, memorize, reference
from titans_book.model import TitansConfig, TitansLM

CHOICES = {
    "linear": {"depth": 1, "chunk": 1},
    "linear, chunks, clamp": {"depth": 1, "chunk": 4, "clamp": 0.5},
    "deep": {"depth": 2, "chunk": 3},
    "deep, to its start": {"depth": 2, "chunk": 4, "retention": "initial"},
    "deep, no momentum, damped": {"depth": 2, "momentum": False, "damping": 2.0},
    "three layers, dot, keeps": {"depth": 3, "objective": "dot", "retention": "none"},
    "local and global": {"depth": 1, "retention": "local-global", "momentum": False},
}


def given(name, edges=True, seed=0):
    options = dict(CHOICES[name])
    leaves = problem(time=11, depth=options.pop("depth"), edges=edges, seed=seed)
    return [x.detach() for x in leaves], options


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("at", (0, 6, -1))
def test_the_entries_add_up_to_what_the_loop_answers(name, at):
    leaves, options = given(name)
    found = call(ledger, leaves, at=at, **options)
    want = call(reference.memorize, leaves, **options)[0][:, :, at]
    assert_equal(found.answer, want)
    assert found.tokens.shape[2] == at % 11 + 1
    rest = (found.start * want).sum(-1) / want.square().sum(-1)
    torch.testing.assert_close(found.shares().sum(-1) + rest, torch.ones_like(rest))


def test_an_entry_is_what_the_answer_owes_to_a_write_whose_error_is_given():
    """With "dot" no error depends on earlier writes, so leaving a write out takes its entry away.

    The loop reads the text once without each write; the entry must be what is then missing.
    """
    leaves, options = given("linear", seed=3)
    options["objective"] = "dot"
    found = call(ledger, leaves, **options)
    whole = call(reference.memorize, leaves, **options)[0][:, :, -1]
    for i in range(11):
        theta = leaves[3].clone()
        theta[..., i] = 0
        without = [*leaves[:3], theta, *leaves[4:]]
        missing = whole - call(reference.memorize, without, **options)[0][:, :, -1]
        assert_equal(found.tokens[:, :, i], missing)


def test_with_an_error_that_is_corrected_the_entry_is_not_what_is_missing():
    leaves, options = given("linear", edges=False)
    theta = leaves[3].clone()
    theta[..., 2] = 0
    whole = call(reference.memorize, leaves, **options)[0][:, :, -1]
    without = call(reference.memorize, [*leaves[:3], theta, *leaves[4:]], **options)[0][:, :, -1]
    entry = call(ledger, leaves, **options).tokens[:, :, 2]
    assert (whole - without - entry).abs().max() > 1e-3


REFUSED = {
    "learning": {"learning": "newton-schulz"},
    "retention": {"retention": "lq"},
    "window": {"window": 2},
    "read": {"read": "before"},
    "forget_first": {"forget_first": True, "momentum": False, "chunk": 1},
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_memory_that_is_no_sum_of_its_writes_is_refused_by_name(name):
    leaves = [x.detach() for x in problem(time=3, depth=1)]
    with pytest.raises(ValueError, match=f"sum of its writes.*{name}="):
        call(ledger, leaves, **REFUSED[name])


@pytest.mark.parametrize("at", (3, -4))
def test_a_place_outside_of_the_text_is_refused(at):
    leaves = [x.detach() for x in problem(time=3, depth=1)]
    with pytest.raises(ValueError, match="at must be a place in a text of 3 tokens"):
        call(ledger, leaves, at=at)
    model = build("lmm")
    with pytest.raises(ValueError, match="at must be a place"):
        ledgers(model, torch.tensor([1, 2, 3]), at=at)


def build(variant):
    torch.manual_seed(0)
    bound = {"mac": {"segment": 4}, "lmm": {}}.get(variant, {"window": 4})
    memory = {"chunk": 4}
    config = TitansConfig(
        variant, vocab=9, dim=8, depth=2, heads=2, hidden=8, memory=memory, **bound
    )
    return TitansLM(config).double()


@pytest.mark.parametrize("variant", ("lmm", "mac", "mag", "mal"))
@pytest.mark.parametrize("at", (4, -1))
def test_the_memories_of_a_model_are_taken_apart(variant, at):
    """The sum is what `memorize` said to that token; a fresh call hears it without a ledger."""
    model, tokens = build(variant), torch.arange(11) % 9
    said = {}
    for number, block in enumerate(model.blocks):
        block.memory.memorize = _heard(said, number)
    found = ledgers(model, tokens, at)
    assert set(found) == {(0, "memory"), (1, "memory")}
    for (number, _), one in found.items():
        y = torch.cat(said[number], dim=2)[:, :, -11:]
        assert_equal(one.answer, y[:, :, at])
        assert one.tokens.shape[2] == at % 11 + 1
    assert all(block.memory.memorize.__name__ == "hears" for block in model.blocks)


def _heard(said, number):
    def hears(*given, **options):
        y, state = memorize(*given, **options)
        said.setdefault(number, []).append(y.detach())
        return y, state

    return hears


def test_a_memory_alone_can_be_asked():
    memory = NeuralMemory(8, 2)
    with pytest.raises(ValueError, match="at must be a place"):
        ledgers(memory, torch.zeros(0, dtype=torch.long))
