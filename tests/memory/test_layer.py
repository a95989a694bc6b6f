"""NeuralMemory: the twelve checks that implementations of Titans fail, as a layer."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.memory.cases import pairs
from titans_book.memory import NeuralMemory

TIME, DIM = 64, 16

# Every field of the layer with another value than its default, and defaults that let it matter.
FIELDS = {
    "heads": 2,
    "depth": 1,
    "expansion": 2,
    "chunk": 4,
    "objective": "dot",
    "retention": "none",
    "momentum": False,
    "conv": 2,
    "read": "before",
    "activation": "tanh",
    "value_activation": True,
    "theta_max": 0.5,
    "gate": "hard",
    "clamp": 0.1,
    "damping": 8.0,
}


def build(seed=0, spread=0.25, **options):
    """A float64 layer with its matrices drawn wide: no fault hides behind a small start."""
    torch.manual_seed(seed)
    memory = NeuralMemory(DIM, **options).double()
    for p in memory.parameters():
        if p.dim() >= 2:
            nn.init.normal_(p, std=spread)
    return memory


def tokens(batch=2, time=TIME, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, time, DIM, generator=generator, dtype=torch.float64)


variants = pytest.mark.parametrize(
    "options",
    [{}] + [{name: value} for name, value in FIELDS.items()] + [{"heads": 4, "depth": 3}],
    ids=str,
)


@variants
def test_causal(options):
    memory, x = build(**options), tokens()
    y, _ = memory(x)
    for p in (63, 32, 16, 3):
        other = x.clone()
        other[:, p] += 1
        assert (memory(other)[0] - y)[:, :p].abs().max() == 0
        assert (memory(other)[0] - y)[:, p:].abs().max() > 0


@variants
def test_repeat_batch_and_prefix(options):
    memory, x = build(**options), tokens()
    before = copy.deepcopy(memory.state_dict())
    y, _ = memory(x)
    assert torch.equal(memory(x)[0], y)
    assert (memory(x[:1])[0] - y[:1]).abs().max() <= 1e-12
    half, _ = memory(x[:, : TIME // 2])
    assert (half - y[:, : TIME // 2]).abs().max() <= 1e-9
    assert all(torch.equal(before[name], value) for name, value in memory.state_dict().items())


@variants
@pytest.mark.parametrize("cuts", [[16], [32], [33], [7, 16, 50], list(range(1, TIME))], ids=str)
def test_stream(options, cuts):
    memory, x = build(**options), tokens()
    y, state = memory(x)
    pieces, carried = [], None
    for part in x.tensor_split(cuts, dim=1):
        piece, carried = memory(part, carried)
        pieces.append(piece)
    assert (torch.cat(pieces, dim=1) - y).abs().max() <= 1e-9
    assert carried.memory.position == state.memory.position == TIME
    torch.testing.assert_close(carried.tail, state.tail, rtol=0, atol=1e-12)


@variants
def test_modes(options):
    memory, x = build(**options), tokens()
    y, state = memory(x)
    with torch.no_grad():
        assert torch.equal(memory(x)[0], y)
        assert torch.equal(memory.eval()(x)[0], y)
    with torch.inference_mode():
        assert torch.equal(memory(x)[0], y)
        assert torch.equal(memory(x, state.detach())[0], memory.train()(x, state.detach())[0])


@variants
def test_grads(options):
    memory, x = build(**options), tokens()
    memory(x)[0].square().sum().backward()
    without = [n for n, p in memory.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


def test_grads_reach_every_parameter_from_the_start_that_is_used():
    torch.manual_seed(0)
    memory = NeuralMemory(DIM, heads=2, depth=3)
    memory(tokens().float())[0].sin().sum().backward()
    assert [n for n, p in memory.named_parameters() if not p.grad.any()] == []


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_has_an_effect(name):
    """Two layers from one seed that differ in one field answer differently."""
    torch.manual_seed(0)
    plain = NeuralMemory(DIM)
    torch.manual_seed(0)
    other = NeuralMemory(DIM, **{name: FIELDS[name]})
    x = tokens().float()
    assert not torch.allclose(plain(x)[0], other(x)[0], atol=1e-6)


def inner_losses(memory, x, times):
    """Mean inner loss of each reading when the same passage is read again and again."""
    trace = []
    memory(x.repeat(1, times, 1), trace=trace)
    surprise = trace[0].surprise.square().mean(0)
    return surprise.unflatten(0, (times, -1)).mean(1)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_learns(depth):
    """Read twelve to sixty times, a passage surprises less and less.

    How far it can fall is up to forgetting: kept for good, it is learned ever better.
    """
    torch.manual_seed(0)
    memory = NeuralMemory(32, depth=depth)
    x = torch.randn(1, 20, 32)
    losses = inner_losses(memory, x, times=60)
    assert losses[11] < 0.7 * losses[0]
    assert losses[59] < losses[11]
    keeps = NeuralMemory(32, depth=depth, retention="none")
    losses = inner_losses(keeps, x, times=60)
    assert losses[11] < 0.6 * losses[0]
    assert losses[59] < 0.5 * losses[11]


def test_a_passage_shorter_than_a_chunk_is_stored():
    memory, x = build(chunk=64), tokens(time=10)
    _, state = memory(x)
    assert any(M.abs().max() > 0 for M in state.memory.momentum)
    assert not torch.allclose(memory.read(x, state), memory.read(x))


def test_read_writes_nothing_and_agrees_with_the_last_answer():
    memory, x = build(), tokens()
    _, state = memory(x)
    kept = state.map(torch.clone)
    answer = memory.read(x[:, :5], state)
    assert torch.equal(answer, memory.read(x[:, :5], state))
    for have, want in zip(state.memory.weights, kept.memory.weights, strict=True):
        assert torch.equal(have, want)
    # With every gate shut, reading and writing is only reading.
    nn.init.constant_(memory.gates["theta"].bias, -200.0)
    nn.init.constant_(memory.gates["eta"].bias, -200.0)
    nn.init.constant_(memory.gates["alpha"].bias, -200.0)
    for gate in memory.gates.values():
        nn.init.zeros_(gate.weight)
    torch.testing.assert_close(memory(x[:, :5], state)[0], memory.read(x[:, :5], state))


def test_a_fresh_memory_keeps():
    """Half-life at the start: alpha = .005 keeps half of what it holds for about 140 tokens."""
    trace = []
    NeuralMemory(DIM)(torch.zeros(1, 1, DIM), trace=trace)
    assert trace[0].alpha.item() == pytest.approx(0.005, rel=1e-3)
    assert trace[0].eta.item() == pytest.approx(0.5)


def test_momentum_does_not_enlarge_a_write():
    """theta (1 + eta + eta^2 + ...) stays below the rate that stores a pair in one step."""
    memory, x = build(heads=2), 10 * tokens()
    trace = []
    memory(x, trace=trace)
    total = trace[0].theta / (1 - trace[0].eta)
    assert trace[0].eta.max() > 0.9 and total.max() > 0.9 * memory.stable
    assert total.max() <= memory.stable * (1 + 1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_first_gradient_of_a_fresh_memory_is_bounded(dtype):
    """The first answer of an empty memory is 0; what its norm divides by is an eps of ours."""
    torch.manual_seed(0)
    memory, x = NeuralMemory(DIM, depth=1, read="before").to(dtype), tokens().to(dtype)
    memory(x[:, :1])[0].sum().backward()
    assert 0 < memory.initial[0].grad.norm() < 1 / 1e-5**0.5


# ---- RECALL: eight pairs of 16 bits, stored and asked back in one call


class Recall(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.enter, self.memory, self.leave = (
            nn.Linear(33, dim),
            NeuralMemory(dim),
            nn.Linear(dim, 16),
        )

    def forward(self, x):
        return self.leave(self.memory(self.enter(x))[0])[:, 8:]


@pytest.mark.bare
@pytest.mark.parametrize("seed", [0, 1])
def test_recall_out_of_the_box(seed):
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = Recall()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(250):
        x, target = pairs(generator)
        loss = F.binary_cross_entropy_with_logits(model(x), (target > 0).float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x, target = pairs(generator, batch=256)
    with torch.no_grad():
        accuracy = ((model(x) > 0) == (target > 0)).float().mean().item()
    assert accuracy >= 0.95


# ---- what is refused


@pytest.mark.parametrize(
    "field, value, error",
    [
        ("dim", 0, ValueError),
        ("heads", 3, ValueError),
        ("heads", True, ValueError),
        ("depth", 0, ValueError),
        ("expansion", -1, ValueError),
        ("chunk", 0, ValueError),
        ("conv", 0, ValueError),
        ("objective", "l3", ValueError),
        ("retention", "wipe", ValueError),
        ("read", "never", ValueError),
        ("activation", "relu6", ValueError),
        ("theta_max", 0, ValueError),
        ("theta_max", float("nan"), ValueError),
        ("gate", "soft", ValueError),
    ],
)
def test_wrong_fields_are_named(field, value, error):
    with pytest.raises(error, match=field):
        NeuralMemory(**{"dim": 16, field: value})


@pytest.mark.parametrize("field", ["expansion", "activation"])
def test_a_linear_memory_has_no_hidden_layer_to_choose(field):
    with pytest.raises(ValueError, match=f"{field} has no effect at depth 1"):
        NeuralMemory(16, depth=1, **{field: FIELDS[field]})


def test_wrong_inputs_are_named():
    memory = NeuralMemory(DIM)
    with pytest.raises(ValueError, match="x must have shape"):
        memory(torch.zeros(1, 3, DIM + 1))
    with pytest.raises(ValueError, match="finite"):
        memory(torch.full((1, 3, DIM), torch.nan))
    _, state = memory(torch.zeros(2, 3, DIM))
    with pytest.raises(ValueError, match="state belongs"):
        memory(torch.zeros(1, 3, DIM), state)


@pytest.mark.parametrize("writes", [1, 2])
def test_a_memory_that_starts_one_behind_answers_what_came_next(writes):
    """Keys are the queries of the token before, up to the small taps; and it is a start only."""
    torch.manual_seed(0)
    memory = NeuralMemory(64, rule="deltanet", writes=writes).double()
    before = copy.deepcopy(memory)
    memory.start_one_behind()
    told, caught = torch.randn(1, 12, 64).double(), []

    def listening(q, k, v, *rest, **options):
        caught[:] = q, k.unflatten(2, (-1, writes)), v.unflatten(2, (-1, writes))
        return plain(q, k, v, *rest, **options)

    plain, memory.memorize = memory.memorize, listening
    memory(told)
    q, k, v = caught
    likeness = torch.einsum("bhtd,bhsnd->ts", q, k) / writes
    assert (likeness.argmax(1)[:-1] == torch.arange(1, 12)).all()
    assert likeness.diagonal(1).min() > 0.97
    before.memorize = listening
    before(told)
    torch.testing.assert_close((caught[0], caught[2]), (q, v))  # queries and values are the same


def test_a_layer_without_a_convolution_cannot_look_back():
    with pytest.raises(ValueError, match="conv must be a whole number >= 2, got 1"):
        NeuralMemory(8, conv=1).start_one_behind()
