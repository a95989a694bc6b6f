"""Attention equals its equations, in one call or in many, at a cost that grows with T w."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from tests.attention.cases import build, convolved, literal, tokens
from titans_book.attention import Attention

KINDS = [
    {},
    {"persistent": 3},
    {"window": 8},
    {"window": 1, "persistent": 2},
    {"window": 7, "persistent": 3},
    {"segment": 8, "persistent": 3},
    {"segment": 7},
    {"window": 64, "persistent": 1},
    {"window": 8, "persistent": 1, "axial": 5},
    {"segment": 64},
    {"conv": 4},
    {"window": 7, "persistent": 2, "conv": 4},
    {"segment": 8, "persistent": 1, "conv": 3},
]
kinds = pytest.mark.parametrize("options", KINDS, ids=str)


def stream(attention, x, cuts, beside=None):
    pieces, state = [], None
    for i, part in enumerate(x.tensor_split(cuts, dim=1)):
        near = None if beside is None else beside.tensor_split(cuts, dim=1)[i]
        piece, state = attention(part, state, near)
        pieces.append(piece)
    return torch.cat(pieces, dim=1), state


@kinds
@pytest.mark.parametrize("with_memory", [False, True])
def test_it_is_the_equations(options, with_memory):
    attention, x = build(**options), tokens(batch=1, time=19)
    beside = tokens(batch=1, time=19, seed=2) if with_memory else None
    y, _ = attention(x, beside=beside)
    torch.testing.assert_close(y, literal(attention, x, beside), rtol=0, atol=1e-10)


@kinds
@pytest.mark.parametrize("with_memory", [False, True])
@pytest.mark.parametrize("cuts", [[8], [7, 9, 30], [0, 1], list(range(1, 45))], ids=str)
def test_stream(options, with_memory, cuts):
    attention, x = build(**options), tokens()
    beside = tokens(seed=2) if with_memory else None
    y, state = attention(x, beside=beside)
    have, carried = stream(attention, x, cuts, beside)
    assert (have - y).abs().max() <= 1e-9
    assert carried.position == state.position == 45
    torch.testing.assert_close(carried.keys, state.keys, rtol=0, atol=1e-12)
    torch.testing.assert_close(carried.values, state.values, rtol=0, atol=1e-12)
    torch.testing.assert_close(carried.tail, state.tail, rtol=0, atol=1e-12)


@kinds
def test_causal_repeat_and_batch(options):
    attention, x = build(**options), tokens()
    y, _ = attention(x)
    assert torch.equal(attention(x)[0], y)
    assert (attention(x[:1])[0] - y[:1]).abs().max() <= 1e-12
    for p in (44, 32, 16, 3):
        other = x.clone()
        other[:, p] += 1
        change = (attention(other)[0] - y).abs().amax((0, 2))
        assert change[:p].max() == 0 and change[p] > 0


def test_a_memory_column_is_seen_from_its_token_on():
    attention, x, beside = build(segment=8), tokens(), tokens(seed=2)
    y, _ = attention(x, beside=beside)
    other = beside.clone()
    other[:, 19] += 1
    change = (attention(x, beside=other)[0] - y).abs().amax((0, 2)) > 0
    assert change.nonzero().flatten().tolist() == [19, 20, 21, 22, 23]


def test_a_window_and_a_segment_end_where_they_should():
    x = tokens()
    for options, last in ({"window": 8}, 17), ({"segment": 8}, 15):
        attention = build(**options)
        other = x.clone()
        other[:, 10] += 1
        change = (attention(other)[0] - attention(x)[0]).abs().amax((0, 2)) > 0
        assert change.nonzero().flatten().tolist() == list(range(10, last + 1))


def test_a_passage_looks_the_same_wherever_it_stands():
    """Only distances count, for the persistent tokens too: read three times, two answers agree."""
    attention, x = build(window=8, persistent=3), tokens(time=30)
    _, second, third = attention(x.repeat(1, 3, 1))[0].chunk(3, dim=1)
    assert (second - third).abs().max() <= 1e-9


@kinds
def test_modes_and_grads(options):
    attention, x = build(**options), tokens()
    y, _ = attention(x)
    for mode in torch.no_grad, torch.inference_mode:
        with mode():
            assert torch.equal(attention(x)[0], y)
            assert torch.equal(attention.eval()(x)[0], y)
    y.sin().sum().backward()
    assert [n for n, p in attention.named_parameters() if not p.grad.any()] == []


@kinds
def test_gradients_go_through_the_state(options):
    """Cut or not, every parameter and every token gets the same gradient."""

    def gradients(cuts):
        attention, x = build(**options), tokens().requires_grad_()
        stream(attention, x, cuts)[0].sin().sum().backward()
        return [x.grad, *(p.grad for p in attention.parameters())]

    for have, want in zip(gradients([5, 17]), gradients([]), strict=True):
        torch.testing.assert_close(have, want, rtol=0, atol=1e-9)


def test_every_field_has_an_effect():
    x = tokens().float()

    def answer(**options):
        torch.manual_seed(0)
        return build(**options).float()(x)[0]

    plain = answer()
    for options in {"heads": 4}, {"window": 8}, {"segment": 8}, {"persistent": 2}, {"conv": 2}:
        assert not torch.allclose(answer(**options), plain, atol=1e-4)


def test_no_token_is_no_answer():
    for options in KINDS:
        attention, x = build(**options), tokens()
        y, state = attention(x[:, :0])
        assert y.shape == (2, 0, 16) and state.position == 0
        assert torch.equal(attention(x, state)[0], attention(x)[0])


class Largest(TorchDispatchMode):
    """The size of the largest tensor that is made."""

    size = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        made = out if isinstance(out, tuple | list) else (out,)
        sizes = [x.numel() for x in made if isinstance(x, torch.Tensor)]
        self.size = max(self.size, *sizes, 0)
        return out


@pytest.mark.parametrize(
    "options, with_memory", [({"window": 32}, False), ({"segment": 32}, True)], ids=str
)
def test_nothing_of_the_size_of_the_text_squared_is_formed(options, with_memory):
    """64k tokens: the largest tensor holds some numbers a token, not 64k of them."""
    attention, time = build(**options, persistent=4).float(), 65_536
    x = tokens(batch=1, time=time).float()
    with torch.no_grad(), Largest() as largest:
        y, state = attention(x, beside=x if with_memory else None)
    assert largest.size <= time * 16 * 6
    assert y.isfinite().all() and state.keys.shape[-2] == 32


def test_the_state_of_a_window_or_a_segment_does_not_grow():
    for options in {"window": 8}, {"segment": 8}:
        attention = build(**options)
        sizes, state = set(), None
        for token in tokens().split(1, dim=1):
            _, state = attention(token, state)
            sizes.add((state.keys.shape, state.keys.untyped_storage().nbytes()))
        assert len(sizes) == 1


def test_the_state_moves_and_is_cut_off():
    attention = build(window=8)
    _, state = attention(tokens())
    assert state.keys.requires_grad and not state.detach().keys.requires_grad
    assert state.to(torch.float32).values.dtype == torch.float32
    assert state.to(torch.float32).position == 45


@pytest.mark.parametrize(
    "field, options",
    [
        ("dim", {"dim": 0}),
        ("dim must be a multiple of heads=3", {"heads": 3}),
        ("at least 4 features", {"heads": 8}),
        ("heads", {"heads": 0}),
        ("window", {"window": 0}),
        ("segment", {"segment": -1}),
        ("persistent", {"persistent": -1}),
        ("conv", {"conv": 0}),
        ("window and segment", {"window": 4, "segment": 4}),
    ],
)
def test_wrong_fields_are_named(field, options):
    with pytest.raises(ValueError, match=field):
        build(**options)


def test_wrong_inputs_are_named():
    attention, x = build(window=8), tokens()
    with pytest.raises(ValueError, match="x must have shape"):
        attention(x[..., :8])
    _, state = attention(x)
    for call in (lambda: attention(x[:1], state), lambda: attention(x, state, x)):
        with pytest.raises(ValueError, match="state belongs to another attention"):
            call()
    with pytest.raises(ValueError, match="state belongs to another attention"):
        build(window=9)(x, state)
    with pytest.raises(ValueError, match="state belongs to another attention.*tail"):
        build(window=8, conv=4)(x, state)


@kinds
@pytest.mark.parametrize("with_memory", [False, True])
def test_the_weights_are_those_of_the_answers(options, with_memory):
    attention, x = build(**options), tokens(time=19)
    beside = tokens(time=19, seed=2) if with_memory else None
    weights = attention.weights(x, beside)
    W_V = attention.project.weight.T[:, 2 * attention.dim :]
    columns = [z @ W_V for z in ([] if beside is None else [beside]) + [x]]
    if attention.conv > 1:
        taps = attention.taps[:, 2 * attention.dim :]
        columns = [torch.stack([convolved(row, taps) for row in z]) for z in columns]
    if attention.persistent is not None:
        columns = [(attention.persistent @ W_V).expand(len(x), -1, -1), *columns]
    values = torch.cat(columns, dim=1).unflatten(-1, (attention.heads, -1))
    y = torch.einsum("bhij,bjhd->bihd", weights, values).flatten(2) @ attention.out.weight.T
    torch.testing.assert_close(attention(x, beside=beside)[0], y, rtol=0, atol=1e-12)
    torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights[..., 0]))


def test_keys_that_begin_one_behind_find_what_came_next():
    """Random tokens, then the first of them again: its row looks at the place behind the first."""
    attention = Attention(64, heads=2, conv=4)
    attention.start_one_behind()
    x = torch.randn(1, 20, 64)
    x[0, 19] = x[0, 4]
    found = attention.weights(x)[0, :, 19]
    assert (found.argmax(-1) == 5).all()
    with pytest.raises(ValueError, match="conv must be a whole number >= 2, got 1"):
        Attention(64, heads=2).start_one_behind()
