"""Gates shut: every memory stays at M_0, and opens again."""

import pytest
import torch

from titans_book.evaluation.shut import shut
from titans_book.memory import NeuralMemory
from titans_book.model import TitansConfig, TitansLM


@pytest.mark.parametrize("variant", ["lmm", "mac", "mag", "mal"])
def test_no_memory_of_the_model_writes_while_it_is_shut(variant):
    torch.manual_seed(0)
    model = TitansLM(TitansConfig(variant, vocab=11, dim=16, depth=2, heads=2, hidden=16))
    tokens = torch.randint(0, 11, (2, 40))
    before = model(tokens)[0]
    with shut(model):
        _, state = model(tokens)
    for block, end in zip(model.blocks, state.blocks, strict=True):
        memory = end if variant == "lmm" else end.layer
        for W, first in zip(memory.memory.weights, block.memory.first_weights(), strict=True):
            assert torch.equal(W, first.expand_as(W))
    assert torch.equal(model(tokens)[0], before)


@pytest.mark.parametrize("rule", ["yaad", "gated-deltanet-2", "kda", "moneta"])
def test_gates_of_other_rules_are_shut_as_well(rule):
    torch.manual_seed(0)
    memory = NeuralMemory(8, rule=rule).double()
    with shut(memory):
        y, state = memory(torch.randn(1, 20, 8, dtype=torch.float64))
    fresh = memory(torch.randn(1, 0, 8, dtype=torch.float64))[1]
    for W, first in zip(state.memory.weights, fresh.memory.weights, strict=True):
        torch.testing.assert_close(W, first)
    assert y.isfinite().all()


def test_without_a_memory_nothing_changes():
    model = TitansLM(TitansConfig("attention", vocab=11, dim=16, depth=1, heads=2, hidden=16))
    tokens = torch.randint(0, 11, (1, 12))
    with shut(model):
        y = model(tokens)[0]
    assert torch.equal(y, model(tokens)[0])
