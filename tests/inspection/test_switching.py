"""What is switched off, against the loop with theta_t = 0 or alpha_t = 0."""

import pytest
import torch

from tests.inspection.test_ledger import build
from titans_book.inspection.switching import last_logits, switched_off, worth_of_writes
from titans_book.memory import NeuralMemory, reference
from titans_book.model import TitansConfig, TitansLM

TIME = 11


def some(*places, time=TIME):
    where = torch.zeros(time, dtype=torch.bool)
    where[list(places)] = True
    return where


OFF = {"writing": ("theta", "erase", "write"), "forgetting": ("alpha",)}
OFF["both"] = OFF["writing"] + OFF["forgetting"]


RULES = (None, "gated-deltanet", "gated-deltanet-2", "deltaproduct")
CASES = [(r, w) for r in RULES for w in OFF if (r, w) != ("deltaproduct", "forgetting")]


@pytest.mark.parametrize("rule, what", CASES)
def test_what_is_off_is_the_loop_with_a_gate_of_zero(rule, what):
    torch.manual_seed(1)
    memory = NeuralMemory(8, 2, rule=rule).double()
    x = torch.randn(1, TIME, 8).double()
    with torch.no_grad(), switched_off(memory, some(2, 3, 7), what):
        y, state = memory(x)
    asked = {}

    def loop(q, k, v, gates, weights, **options):
        for name in OFF[what]:
            if (gate := getattr(gates, name)) is not None:
                asked[name] = gate = gate.clone()
                n = gate.shape[2] // TIME
                for t in (2, 3, 7):
                    gate[:, :, n * t : n * (t + 1)] = 0
        gates = type(gates)(**{**gates.given(), **asked})
        return reference.memorize(q, k, v, gates, weights, **options)

    memory.memorize = loop
    want, want_state = memory(x)
    torch.testing.assert_close(y, want, rtol=0, atol=1e-12)
    for have, expected in zip(state.memory.weights, want_state.memory.weights, strict=True):
        torch.testing.assert_close(have, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("variant", ("lmm", "mac", "mag", "mal"))
def test_any_split_into_calls_switches_off_the_same_tokens(variant):
    model, tokens, where = build(variant), torch.arange(TIME)[None] % 9, some(1, 5, 6)
    with torch.no_grad(), switched_off(model, where):
        want, _ = model(tokens)
        state, parts = None, []
        for part in tokens.split(3, dim=1):
            logits, state = model(part, state)
            parts.append(logits)
    torch.testing.assert_close(torch.cat(parts, 1), want, rtol=0, atol=1e-12)
    with torch.no_grad():
        usual, _ = model(tokens)
    assert torch.equal(want[:, :1], usual[:, :1])  # persistent tokens were written as ever
    assert (want[:, 1:] - usual[:, 1:]).abs().max() > 1e-9


def test_rows_differ_and_tokens_beyond_the_row_are_written():
    model, tokens = build("lmm"), torch.arange(TIME) % 9
    rows = torch.stack([some(), some(4), some(*range(TIME))])
    found = last_logits(model, tokens, rows, batch=2)
    for row, have in zip(rows, found, strict=True):
        with torch.no_grad(), switched_off(model, row):
            want = model(tokens[None])[0][0, -1]
        torch.testing.assert_close(have, want, rtol=0, atol=1e-12)
    short = last_logits(model, tokens, rows[1:2, :5])
    torch.testing.assert_close(short[0], found[1], rtol=0, atol=1e-12)
    usual = model(tokens[None])[0][0, -1]  # the hooks are gone
    torch.testing.assert_close(usual, found[0], rtol=0, atol=1e-12)


def test_blocks_can_be_chosen():
    model, tokens = build("lmm"), torch.arange(TIME) % 9
    where = some(2)[None]
    one, other, both = (last_logits(model, tokens, where, blocks=b) for b in ((0,), (1,), None))
    assert not torch.allclose(one, other) and not torch.allclose(one, both)


def test_what_a_write_was_worth_is_the_fall_of_a_logit():
    model, tokens = build("lmm"), torch.arange(TIME) % 9
    found = worth_of_writes(model, tokens, target=3)
    usual = last_logits(model, tokens, some()[None])[0, 3]
    for t in (0, 4, TIME - 1):
        want = usual - last_logits(model, tokens, some(t)[None])[0, 3]
        torch.testing.assert_close(found[t], want, rtol=0, atol=1e-12)


BAD = {
    "where must be a tensor of True and False": (TypeError, torch.ones(3), {}),
    "what must be one of": (ValueError, some(), {"what": "reading"}),
    "where must have shape": (ValueError, some()[None, None], {}),
    "where must have one row, or 1 as the batch, got 2": (ValueError, some().expand(2, -1), {}),
    r"for writing in its blocks \[5\]": (ValueError, some(), {"blocks": [5]}),
}


@pytest.mark.parametrize("words", BAD)
def test_bad_input_is_refused(words):
    error, where, options = BAD[words]
    model = build("lmm")
    with pytest.raises(error, match=words), switched_off(model, where, **options):
        model(torch.zeros(1, 3, dtype=torch.long))


def test_a_model_without_such_a_gate_is_refused():
    attention = TitansLM(TitansConfig("attention", vocab=9, dim=8, heads=2, hidden=8, depth=1))
    memories = [NeuralMemory(8, rule="softmax-attention"), NeuralMemory(8, rule="deltanet")]
    for model, what in zip((attention, *memories), ("writing", "both", "forgetting"), strict=True):
        with (
            pytest.raises(ValueError, match=f"a gate for {what}"),
            switched_off(model, some(), what),
        ):
            pass
