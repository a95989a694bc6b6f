"""The blocks equal their equations, written out token by token, and MAC keeps the future out."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.attention.cases import literal
from titans_book.attention import Attention
from titans_book.inspection import watch
from titans_book.memory import LayerState, NeuralMemory, reference
from titans_book.model.blocks import (
    AttentionBlock,
    BlockState,
    LMMBlock,
    MACBlock,
    MAGBlock,
    MALBlock,
)

DIM, HEADS, TIME = 8, 2, 19
BOUNDS = {
    "mac": [
        {"segment": 5},
        {"segment": 19},
        {"segment": 4, "persistent": 2},
        {"segment": 1},
        {"segment": 5, "persistent": 1, "remembers": "tokens"},
    ],
    "mag": [{"window": 5}, {"window": 4, "persistent": 2}, {"window": 30, "persistent": 1}],
    "mal": [{"window": 5}, {"window": 4, "persistent": 2}],
}
KINDS = {"mac": MACBlock, "mag": MAGBlock, "mal": MALBlock}
cases = pytest.mark.parametrize("kind, bounds", [(k, b) for k in BOUNDS for b in BOUNDS[k]])


def tokens(batch=1, time=TIME, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, time, DIM, generator=generator, dtype=torch.float64)


def build(kind, bounds, **memory):
    """A block drawn wide, whose memory goes token by token through the reference."""
    torch.manual_seed(0)
    options, bounds = {"chunk": 6, **memory}, dict(bounds)
    own = {"remembers": bounds.pop("remembers")} if "remembers" in bounds else {}
    parts = Attention(DIM, HEADS, **bounds), NeuralMemory(DIM, HEADS, **options)
    block = KINDS[kind](DIM, 12, *parts, **own).double()
    for p in block.parameters():
        nn.init.normal_(p, std=0.4)
    return block


def norm(weight, x):
    return F.rms_norm(x, x.shape[-1:], weight)


def mlp(block, x):
    gate, value = (norm(block.mlp_norm.weight, x) @ block.mlp.up.weight.T).chunk(2, dim=-1)
    return x + (gate * gate.sigmoid() * value) @ block.mlp.down.weight.T


def one_by_one(memory, x, state):
    """The memory fed token by token."""
    answers = []
    for token in x.split(1, dim=1):
        y, state = memory(token, state)
        answers.append(y)
    return torch.cat(answers, dim=1), state


def mac(block, x):
    """Titans eqs. 21-25, token by token: h of a token, its row of attention, write, read, gate."""
    C = block.attention.segment
    z, outputs, h_all, y_all = norm(block.norm.weight, x), [], [], []
    state, before = None, None
    for t in range(x.shape[1]):
        if t % C == 0:
            before = None if state is None else state.memory
        # eq. 21: every question so far again, to the memory before the segment; the last is new
        questions = (
            LayerState(before, torch.zeros(1, block.memory.conv - 1, 3 * DIM)) if before else None
        )
        h_all.append(block.memory.read(z[:, : t + 1], questions)[:, -1:])
        # eqs. 22, 23: row t of the literal attention over what is known by now
        y = literal(block.attention, z[:, : t + 1], torch.cat(h_all, dim=1))[:, -1:]
        y_all.append(norm(block.attention_norm.weight, y))
        read = y_all[-1] if block.remembers == "answers" else z[:, t : t + 1]
        m, state = block.memory(read, state)  # eq. 24, and the read of eq. 25
        gate = torch.sigmoid(norm(block.memory_norm.weight, m))
        outputs.append((y_all[-1] * gate) @ block.out.weight.T)
    return mlp(block, x + torch.cat(outputs, dim=1))


def after_persistent(block):
    P = block.attention.persistent
    return None if P is None else one_by_one(block.memory, P[None], None)[1]


def mag(block, x):
    """Titans eqs. 26-28."""
    z = norm(block.norm.weight, x)
    y = norm(block.attention_norm.weight, literal(block.attention, z))
    m, _ = one_by_one(block.memory, z, after_persistent(block))
    gate = torch.sigmoid(norm(block.memory_norm.weight, m))
    return mlp(block, x + (y * gate) @ block.out.weight.T)


def mal(block, x):
    """Titans eqs. 29-31."""
    m, _ = one_by_one(block.memory, norm(block.memory_norm.weight, x), after_persistent(block))
    x = x + m
    return mlp(block, x + literal(block.attention, norm(block.attention_norm.weight, x)))


LITERAL = {"mac": mac, "mag": mag, "mal": mal}


@cases
def test_it_is_the_equations(kind, bounds):
    block, x = build(kind, bounds), tokens()
    have, _ = block(x)
    # the oracle's memory goes token by token, by autograd
    block.memory.memorize = lambda *x, trace=None, **rule: reference.memorize(*x, **rule)
    torch.testing.assert_close(have, LITERAL[kind](block, x), rtol=0, atol=1e-10)


@cases
@pytest.mark.parametrize("cuts", [[4, 8], [1, 7, 12], list(range(1, TIME))], ids=str)
def test_any_split_gives_the_same_answers_and_the_same_state(kind, bounds, cuts):
    block, x = build(kind, bounds), tokens(batch=2)
    y, whole = block(x)
    pieces, state = [], None
    for part in x.tensor_split(cuts, dim=1):
        piece, state = block(part, state)
        pieces.append(piece)
    assert (torch.cat(pieces, dim=1) - y).abs().max() <= 1e-9
    assert state.position == whole.position == TIME
    have, want = [], []
    state.map(lambda x: have.append(x) or x)
    whole.map(lambda x: want.append(x) or x)
    for a, b in zip(have, want, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-9)


def test_mac_keeps_the_future_out_where_the_figure_lets_it_in():
    """The last token of a segment changes h of that segment: rows before it must not see it."""
    block, x = build("mac", {"segment": 5}), tokens()
    y, _ = block(x)
    for p in range(TIME):
        other = x.clone()
        other[:, p] += 1
        change = (block(other)[0] - y).abs().amax((0, 2))
        assert not change[:p].any()
        assert change[p] > 0


def test_mac_reads_h_from_the_memory_before_the_segment():
    """What is written inside the open segment leaves h alone, and is there for the next one."""
    block, x = build("mac", {"segment": 4}), tokens()
    _, state = block(x[:, :6])
    untouched = block(x[:, :4])[1].layer.memory
    for have, want in zip(state.before.memory.weights, untouched.weights, strict=True):
        assert torch.equal(have, want)
    assert not torch.equal(state.layer.memory.weights[0], untouched.weights[0])
    _, state = block(x[:, 6:8], state)
    assert state.before.memory is state.layer.memory


def test_the_memory_carries_what_no_window_reaches():
    """A token far behind every window still changes the answers; without the memory it does not."""
    x = tokens(time=30)
    other = x.clone()
    other[:, 2] += 1
    blocks = [build(kind, bounds[0]) for kind, bounds in BOUNDS.items()]
    for block in blocks:
        assert (block(other)[0] - block(x)[0])[:, 25:].any()
    alone = AttentionBlock(DIM, 12, Attention(DIM, HEADS, window=5)).double()
    assert not (alone(other)[0] - alone(x)[0])[:, 25:].any()


@pytest.mark.parametrize("kind", ["mag", "mal"])
def test_the_memory_reads_the_persistent_tokens_first(kind):
    block = build(kind, {"window": 4, "persistent": 3})
    _, state = block(tokens())
    assert state.position == TIME and state.memory.position == TIME + 3


@cases
def test_every_parameter_has_a_gradient(kind, bounds):
    block = build(kind, bounds)
    block(tokens(batch=2))[0].sin().sum().backward()
    assert [n for n, p in block.named_parameters() if p.grad is None or not p.grad.any()] == []


@cases
def test_gradients_are_those_of_the_equations(kind, bounds):
    block, x = build(kind, bounds), tokens(time=9)
    block(x)[0].sin().sum().backward()
    have = {name: p.grad for name, p in block.named_parameters()}
    block.zero_grad()
    LITERAL[kind](block, x).sin().sum().backward()
    for name, p in block.named_parameters():
        torch.testing.assert_close(have[name], p.grad, rtol=1e-9, atol=1e-9, msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_the_film_runs_through_all_segments(kind):
    """One trace, however many segments, the same as that of the memory in one go."""
    block, x = build(kind, BOUNDS[kind][0]), tokens()
    with watch(block) as seen:
        y, state = block(x)
    assert torch.equal(block(x)[0], y)
    film = seen.memories[0, "memory"]
    assert film.surprise.shape == film.theta.shape == (HEADS, TIME)
    assert film.times[0] == 0 and film.times[-1] == TIME
    assert [len(frames) for frames in film.film] == [len(film.times)] * 2
    torch.testing.assert_close(film.film[0][-1], state.memory.weights[0][0].detach())


def test_states_move_and_are_cut_off():
    block = build("mac", {"segment": 4})
    _, state = block(tokens())
    assert isinstance(state, BlockState) and state.memory.weights[0].requires_grad
    cut = state.detach()
    assert not cut.memory.weights[0].requires_grad and not cut.before.tail.requires_grad
    assert state.to(torch.float32).attention.keys.dtype == torch.float32


def test_the_state_of_a_memory_alone_knows_its_position():
    block = LMMBlock(DIM, 12, NeuralMemory(DIM)).double()
    assert block(tokens())[1].position == TIME


def test_recall_moves_the_convolution_on_and_writes_nothing():
    memory, x = NeuralMemory(DIM).double(), tokens()
    _, state = memory(x)
    y = memory.read(x, state)
    first, moved = memory.recall(x[:, :7], state)
    second, _ = memory.recall(x[:, 7:], moved)
    torch.testing.assert_close(torch.cat([first, second], dim=1), y, rtol=0, atol=1e-12)
    assert moved.memory is state.memory


@pytest.mark.parametrize("segment, dim, heads", [(4, 16, 2), (16, 32, 2), (64, 128, 2)])
def test_mac_begins_with_its_mind_on_the_token_itself(segment, dim, heads):
    """So what its memory reads first is the token, and not a mean of the segment."""
    torch.manual_seed(0)
    block = MACBlock(dim, 8, Attention(dim, heads, segment=segment), NeuralMemory(dim, heads))
    z = F.normalize(torch.randn(4, segment, dim), dim=-1) * dim**0.5
    weights = block.attention.weights(z, block.memory.recall(z, None)[0])
    rows = torch.arange(segment)
    assert 0.6 < weights[:, :, rows, segment + rows].mean() < 0.95
    with pytest.raises(ValueError, match="attention must have a segment"):
        MACBlock(dim, 8, Attention(dim, heads), NeuralMemory(dim, heads))
    parts = Attention(dim, heads, segment=segment), NeuralMemory(dim, heads)
    with pytest.raises(ValueError, match="remembers must be one of 'answers', 'tokens', got 'all'"):
        MACBlock(dim, 8, *parts, remembers="all")
