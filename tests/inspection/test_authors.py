"""The ledger: its entries are the memory that the token-by-token loop has written."""

import pytest
import torch

from titans_book.inspection.authors import authors
from titans_book.inspection.sums import adds_up
from titans_book.inspection.watching import watch
from titans_book.memory import NeuralMemory, presets, reference
from titans_book.model import TitansConfig, TitansLM

RULES = ("titans", "titans-to-initial", "deltanet", "gated-deltanet", "retnet", "yaad", "longhorn")


def read(memory, T=37, seed=1):
    torch.manual_seed(seed)
    x = torch.randn(1, T, memory.dim, dtype=torch.float64)
    with watch(memory, closely=True) as seen:
        memory(x)
    return x, seen.memories[0, "self"]


@pytest.mark.parametrize("rule", RULES)
def test_its_entries_sum_up_to_what_the_loop_has_written(rule):
    torch.manual_seed(0)
    memory = NeuralMemory(12, heads=2, rule=rule).double()
    x, trace = read(memory)
    found = authors(memory, x, trace)
    with torch.no_grad():
        q, k, v, _ = memory._queries_keys_values(x, None)
        options = dict(rule=memory.rule, state=None)
        _, state = reference.memorize(q, k, v, memory.gates(x), memory.first_weights(), **options)
        keep = memory.rule.rates(memory.gates(x))[2][0].prod(-1)[:, None, None]
    for layer, W in enumerate(state.weights):
        first = memory.first_weights()[layer].detach()
        left = keep * first + (1 - keep) * first * memory.rule.retention.to_initial
        cells = torch.stack([
            torch.stack([found.entries(layer, h, i, j, 37).sum()
                         for i in range(W.shape[2]) for j in range(W.shape[3])])
            for h in range(2)
        ])  # fmt: skip
        assert torch.allclose(left + cells.view(W[0].shape), W[0], rtol=0, atol=1e-12)


def test_a_write_counts_from_its_token_on():
    memory = NeuralMemory(8, rule="deltanet").double()
    x, trace = read(memory, T=9)
    found = authors(memory, x, trace)
    early = found.entries(0, 0, 1, 2, 4)
    assert early.shape == (4,)
    assert torch.allclose(early, found.entries(0, 0, 1, 2, 9)[:4])  # nothing is forgotten
    assert found.entries(0, 0, 1, 2, 0).shape == (0,)


@pytest.mark.parametrize("variant", ["lmm", "mac", "mag", "mal"])
def test_it_balances_in_every_block(variant):
    """MAG begins a text inside a chunk, MAC reads it in segments that are no multiple of one."""
    torch.manual_seed(0)
    own = {"mac": {"segment": 10}}.get(variant, {})
    model = TitansLM(TitansConfig(variant, dim=16, depth=1, heads=2, hidden=16,
                                  memory={"chunk": 8}, **own))  # fmt: skip
    tokens = torch.arange(50)[None] % 7
    with watch(model, closely=True) as seen:
        model(tokens)
    for place, trace in seen.memories.items():
        ear = seen.ears[place]
        assert authors(ear.module, ear.along_time("x"), trace) is not None


def test_rules_that_do_not_add_up_have_none():
    assert not adds_up(presets.rule("memora")) and not adds_up(presets.rule("kda"))
    assert not adds_up(presets.rule("atlas")) and not adds_up(presets.rule("softmax-attention"))
    memory = NeuralMemory(8, rule="omeganet").double()
    x, trace = read(memory)
    assert authors(memory, x, trace) is None


def test_a_ledger_that_does_not_balance_is_not_given():
    memory = NeuralMemory(8).double()
    x, trace = read(memory)
    assert authors(memory, x + 1, trace) is None
    with pytest.raises(ValueError, match="closely=True"):
        with watch(memory) as seen:
            memory(x)
        authors(memory, x, seen.memories[0, "self"])
