"""The layer in its smallest form is NeuralMemory, and its gradients are the true ones."""

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck

from titans_book.memory import NeuralMemory
from titans_book.steps.layer import inner_then_outer, layer_forward, open_gates, project

DIM, TIME = 6, 7


def layer(seed=0):
    """A NeuralMemory of one matrix, one head, no convolution, drawn wide."""
    torch.manual_seed(seed)
    one = dict(depth=1, chunk=1, conv=1, clamp=None, retention="decay")  # towards 0, as the step
    memory = NeuralMemory(DIM, **one).double()
    for p in memory.parameters():
        torch.nn.init.normal_(p, std=0.5)
    torch.nn.init.ones_(memory.taps)
    return memory


def slow_weights(memory):
    """W_Q, W_K, W_V, W, b and M_0 of a layer, as layer_forward takes them."""
    gates = [memory.gates[name] for name in ("theta", "eta", "alpha")]
    W = torch.cat([gate.weight for gate in gates]).T
    b = torch.cat([gate.bias for gate in gates])
    return [*memory.project.weight.T.chunk(3, dim=1), W, b, memory.initial[0][0]]


def tokens(seed=1):
    return torch.randn(TIME, DIM, generator=torch.Generator().manual_seed(seed)).double()


@pytest.mark.parametrize("seed", range(3))
def test_it_is_neural_memory_before_its_output_stage(seed):
    memory, x = layer(seed), tokens()
    want, state = memory(x[None])
    y, M = layer_forward(x, *slow_weights(memory))
    answer = F.rms_norm(y, (DIM,), eps=1e-5) * memory.norm * F.silu(memory.out_gate(x))
    assert torch.allclose(memory.out(answer), want[0], rtol=0, atol=1e-12)
    assert torch.allclose(M, state.memory.weights[0][0, 0], rtol=0, atol=1e-12)


def test_it_has_the_gradients_of_neural_memory():
    memory, x = layer(), tokens()
    y, M = layer_forward(x, *slow_weights(memory))
    leaves = [memory.project.weight, *memory.gates.parameters(), *memory.initial]
    answer = F.rms_norm(y, (DIM,), eps=1e-5) * memory.norm * F.silu(memory.out_gate(x))
    mine = torch.autograd.grad(memory.out(answer).sin().sum(), leaves)
    books = torch.autograd.grad(memory(x[None])[0].sin().sum(), leaves)
    for have, want in zip(mine, books, strict=True):
        assert want.any() and torch.allclose(have, want, rtol=0, atol=1e-12)


def test_gradcheck_of_the_whole_layer():
    x, slow = tokens(), [w.detach().requires_grad_() for w in slow_weights(layer())]
    assert gradcheck(lambda *slow: layer_forward(x, *slow), slow)


def test_gradcheck_of_neural_memory_with_everything_on():
    """Convolution, two heads, two layers, chunks, clamp, momentum, decay: all slow weights."""
    torch.manual_seed(0)
    memory = NeuralMemory(4, heads=2, expansion=2, chunk=3).double()
    for p in memory.parameters():
        torch.nn.init.normal_(p, std=0.3)
    x, names = torch.randn(1, 5, 4).double(), [name for name, _ in memory.named_parameters()]

    def answers(*slow):
        given = dict(zip(names, slow, strict=True))
        return torch.func.functional_call(memory, given, (x,))[0]

    slow = [p.detach().requires_grad_() for p in memory.parameters()]
    assert gradcheck(answers, slow, fast_mode=True)


def test_queries_and_keys_have_length_one_and_values_are_plain():
    x, (W_Q, W_K, W_V, *_) = tokens(), slow_weights(layer())
    q, k, v = project(x, W_Q, W_K, W_V)
    assert torch.allclose(q.norm(dim=-1), torch.ones(TIME).double())
    assert torch.allclose(k.norm(dim=-1), torch.ones(TIME).double())
    assert torch.equal(v, x @ W_V)


def test_gates_are_shares_and_an_open_one_is_stable():
    theta, eta, alpha = open_gates(100 * tokens(), *slow_weights(layer())[3:5])
    assert all(gate.min() >= 0 and gate.max() <= 1 for gate in (theta, eta, alpha))
    assert (theta <= 1 - eta + 1e-12).all()


def test_the_outer_loss_by_hand():
    """W_K = 1/2, one pair written with theta = 1/2: M = 1/2, the answer 1/2, 2 was due."""
    one = torch.ones(1, 1).double()
    W_K = (0.5 * one).requires_grad_()
    loss = inner_then_outer(W_K, 0 * one, one, 2 * one, one[0], 2 * one[0], 0.5)
    loss.backward()
    assert loss.item() == pytest.approx(1.125) and W_K.grad.item() == pytest.approx(-1.5)
