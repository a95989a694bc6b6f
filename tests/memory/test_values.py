"""What is no number, or too large a one, is refused by name; what has no numbers is not asked."""

import copy
import pickle

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from tests.memory.cases import assert_equal, problem
from titans_book.memory import Gates, NeuralMemory, memorize


def call(q, k, v, theta, eta, alpha, *weights, **options):
    return memorize(q, k, v, Gates(theta, eta, alpha), weights, **options)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 1e200])
@pytest.mark.parametrize("index, name", [(0, "q"), (1, "k"), (2, "v"), (6, r"weights\[0\]")])
def test_one_number_that_would_spoil_a_chunk_is_refused(wrong, index, name):
    leaves = [x.detach().clone() for x in problem()]
    leaves[index].flatten()[-1] = wrong
    with pytest.raises(ValueError, match=f"{name} must be finite, and no number in it larger than"):
        call(*leaves)


def test_a_layer_names_x():
    x = torch.randn(1, 5, 8)
    x[0, 2, 3] = torch.nan
    with pytest.raises(ValueError, match="x must be finite"):
        NeuralMemory(8)(x)
    with pytest.raises(ValueError, match="x must be finite"):
        NeuralMemory(8)(torch.full((1, 5, 8), 1e19))


@pytest.mark.parametrize(
    "guards", [{"damping": 4.0}, {"clamp": 1.0}, {"damping": 4.0, "clamp": 1.0}]
)
def test_guards_hold_for_the_largest_numbers_that_are_taken(guards):
    depth = 2 if "clamp" in guards else 1
    leaves = [x.detach().float() for x in problem(depth=depth)]
    leaves[2] = leaves[2] * 1e14
    y, state = call(*leaves, **guards)
    assert y.isfinite().all() and all(W.isfinite().all() for W in state.weights)


def test_a_batch_of_problems_by_vmap():
    leaves = [torch.stack([x.detach(), 0.5 * x.detach()]) for x in problem(time=9)]
    y = torch.vmap(lambda *one: call(*one, chunk=4)[0])(*leaves)
    for i in range(2):
        assert_equal(y[i], call(*(x[i] for x in leaves), chunk=4)[0])


def test_a_batch_of_layers_by_vmap_over_their_weights():
    layers = [NeuralMemory(8).double() for _ in range(3)]
    params, buffers = torch.func.stack_module_state(layers)
    base, x = copy.deepcopy(layers[0]).to("meta"), torch.randn(2, 20, 8).double()

    def one(params, buffers):
        return torch.func.functional_call(base, (params, buffers), (x,))[0]

    y = torch.vmap(one)(params, buffers)
    for i, layer in enumerate(layers):
        assert_equal(y[i], layer(x)[0])


def test_shapes_without_numbers():
    with torch.device("meta"):
        y, state = NeuralMemory(8, heads=2)(torch.empty(2, 20, 8))
    assert y.shape == (2, 20, 8) and state.memory.weights[0].device.type == "meta"
    with FakeTensorMode():
        y, _ = NeuralMemory(8, heads=2)(torch.empty(2, 20, 8))
    assert y.shape == (2, 20, 8)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_rows_of_zeros_in_half_precision(dtype):
    memory, x = NeuralMemory(16, 2).to(dtype), torch.randn(1, 12, 16).to(dtype)
    x[:, 4:8] = 0
    y, state = memory(x)
    assert y.isfinite().all() and y.dtype == dtype
    y.sum().backward()
    assert all(p.grad.isfinite().all() for p in memory.parameters())


def test_a_memory_is_copied_and_pickled():
    memory, x = NeuralMemory(8), torch.randn(1, 20, 8)
    want, state = memory(x)
    for again in (copy.deepcopy(memory), pickle.loads(pickle.dumps(memory))):
        assert torch.equal(again(x)[0], want)
    kept = pickle.loads(pickle.dumps(state))
    assert torch.equal(memory(x, kept)[0], memory(x, state)[0])


def test_every_number_is_drawn_again():
    """After `reset_parameters` nothing is left of what was there, and it is as a new one."""
    memory = NeuralMemory(64, heads=2, depth=3)
    with torch.no_grad():
        for p in memory.parameters():
            p.fill_(torch.nan)
    memory.reset_parameters()
    fresh = dict(NeuralMemory(64, heads=2, depth=3).named_parameters())
    for name, p in memory.named_parameters():
        assert p.isfinite().all(), name
        assert p.std().item() == pytest.approx(fresh[name].std().item(), rel=0.3, abs=0.02), name
