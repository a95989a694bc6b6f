"""The base of all states: whoever inherits it is moved, cut off, counted, shown, and selected."""

import copy
import pickle
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from titans_book.memory import NeuralMemory
from titans_book.model import TitansConfig, TitansLM
from titans_book.model.variants import VARIANTS
from titans_book.state import State

NAMES = {"ModelState", "BlockState", "AttentionState", "LayerState", "MemoryState"}


@pytest.fixture(params=VARIANTS)
def read(request):
    torch.manual_seed(0)
    config = TitansConfig(request.param, vocab=32, dim=16, depth=2, heads=2, hidden=16)
    model = TitansLM(config).double()
    tokens = torch.randint(0, 32, (3, 40))
    return model, tokens, model(tokens)[1]


def test_every_kind_is_known_by_name():
    assert set(State.kinds) >= NAMES


def test_rows_of_a_batch_go_on_as_they_would(read):
    model, tokens, state = read
    more = torch.randint(0, 32, (3, 5))
    want, _ = model(more, state)
    have, _ = model(more[[2, 0, 2]], state.rows([2, 0, 2]))
    torch.testing.assert_close(have, want[[2, 0, 2]], rtol=0, atol=1e-12)


def test_it_is_counted_moved_and_cut_off(read):
    _, _, state = read
    assert state.nbytes == sum(x.numel() * 8 for x in state.tensors())
    assert state.to(torch.float32).nbytes * 2 == state.nbytes
    assert not any(x.requires_grad for x in state.detach().tensors())
    assert any(x.requires_grad for x in state.tensors())
    assert state.detach().position == 40


def test_it_is_shown_in_short(read):
    words = repr(read[2])
    assert words.startswith("ModelState(blocks=") and "float64[3, " in words
    assert len(words) < 1000 and "tensor(" not in words


def test_it_is_copied_and_pickled(read):
    model, tokens, state = read
    for kept in (copy.deepcopy(state.detach()), pickle.loads(pickle.dumps(state.detach()))):
        assert torch.equal(model(tokens[:, :3], kept)[0], model(tokens[:, :3], state)[0])


def test_a_new_kind_needs_no_line_of_its_own():
    @dataclass(frozen=True, repr=False)
    class Window(State):
        parts_of_it: dict[str, tuple[Tensor, ...]]
        inner: State | None = None
        position: int = 0

    try:
        _, inner = NeuralMemory(8)(torch.randn(2, 5, 8))
        one = Window({"sums": (torch.ones(2, 3), torch.zeros(2))}, inner, 5)
        doubled = one.map(lambda x: 2 * x)
        assert doubled.parts_of_it["sums"][0].sum() == 12 and doubled.position == 5
        assert one.rows([1]).inner.tail.shape[0] == 1
        assert one.nbytes == 32 + inner.nbytes
    finally:
        del State.kinds["Window"]
