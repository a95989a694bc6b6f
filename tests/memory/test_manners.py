"""What every rule keeps of the manners of a PyTorch module: dtypes, devices, copies, transforms."""

import copy
import pickle

import pytest
import torch

from titans_book.memory import NeuralMemory, presets


def layer(name, **where):
    torch.manual_seed(0)
    return NeuralMemory(16, heads=2, rule=name, **where)


def tokens(length=35, **options):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(2, length, 16, generator=generator).to(**options)


@pytest.mark.parametrize("name", presets.NAMES)
def test_half_precision_goes_through_and_the_memory_computes_in_float32(name):
    for dtype in (torch.bfloat16, torch.float16):
        memory, x = layer(name).to(dtype), tokens(dtype=dtype).requires_grad_()
        y, state = memory(x)
        y.float().sum().backward()
        assert y.dtype == dtype and torch.isfinite(y).all() and torch.isfinite(x.grad).all()
        assert all(part.dtype == torch.float32 for part in state.memory.tensors())
    with torch.autocast("cpu", torch.bfloat16):
        _, state = layer(name)(tokens())
    assert all(part.dtype == torch.float32 for part in state.memory.tensors())


@pytest.mark.parametrize("name", presets.NAMES)
def test_copied_kept_without_numbers_and_drawn_again(name):
    memory, x = layer(name), tokens()
    with torch.inference_mode():
        y, _ = memory(x)
        assert memory(x[:, :0])[0].shape == (2, 0, 16)
        for other in (copy.deepcopy(memory), pickle.loads(pickle.dumps(memory))):
            assert torch.equal(other(x)[0], y)
    with torch.device("meta"):
        empty = NeuralMemory(16, heads=2, rule=name)
    assert empty(x.to("meta"))[0].shape == y.shape
    empty.to_empty(device="cpu").reset_parameters()
    assert torch.isfinite(empty(x)[0]).all()


@pytest.mark.filterwarnings("ignore:There is a performance drop")
@pytest.mark.parametrize("name", presets.NAMES)
def test_a_batch_by_vmap_is_the_batch(name):
    memory, x = layer(name).double(), tokens().double()
    one_by_one = torch.func.vmap(lambda row: memory(row[None])[0][0])(x)
    torch.testing.assert_close(one_by_one, memory(x)[0], rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", presets.NAMES)
def test_a_long_text_stays_finite(name):
    with torch.no_grad():
        y, state = layer(name)(tokens(2000)[:1])
    assert torch.isfinite(y).all() and all(torch.isfinite(x).all() for x in state.memory.tensors())
