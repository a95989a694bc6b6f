"""Self-modifying Titans: chunks are the loop, whatever the paper leaves open; nothing leaks."""

import pytest
import torch

from tests.memory.cases import assert_equal
from titans_book.nested.hope import SelfModifyingMemory, self_modify, self_modify_reference
from titans_book.nested.self_modifying import MEMORIES

B, H, T, D = 2, 2, 21, 4
OPEN_QUESTIONS = [
    {"erase": "once", "read": "start"},
    {"erase": "once", "read": "before", "gate": "hard"},
    {"erase": "dgd", "read": "start", "gate": "hard"},
    {"erase": "dgd", "read": "before"},
    {"erase": "dgd", "read": "start", "normalise": False},
]


def problem(depth, fixed_q, seed=0):
    """x, q and the initial layers of all memories, to differentiate."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        made = torch.randn(*shape, generator=generator, dtype=torch.float64)
        return made.requires_grad_()

    sizes = [(D, D)] if depth == 1 else [(D, 6), *[(6, 6)] * (depth - 2), (6, D)]
    names = [name for name in MEMORIES if name != "q" or not fixed_q]
    x, q = normal(B, H, T, D), normal(B, H, T, D) if fixed_q else None
    weights = {n: [(0.4 * normal(H, *s)).detach().requires_grad_() for s in sizes] for n in names}
    leaves = [x, *(q for q in (q,) if q is not None), *(W for n in names for W in weights[n])]
    return x, q, weights, leaves


@pytest.mark.parametrize("chunk", [1, 4, 16, 64])
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("n", range(len(OPEN_QUESTIONS)), ids=map(str, OPEN_QUESTIONS))
def test_a_chunk_is_the_loop_in_values_states_and_outer_gradients(chunk, depth, n):
    open_, fixed_q = OPEN_QUESTIONS[n], n % 2 == 0
    x, q, weights, leaves = problem(depth, fixed_q)
    options = {"chunk": chunk, "eta_max": 0.1, **open_}
    found = []
    for function in (self_modify, self_modify_reference):
        y, state = function(x, q, weights, **options)
        total = y.sin().sum() + sum(W.cos().sum() for W in state.tensors())
        ends = torch.autograd.grad(total, leaves, materialize_grads=True)
        found.append((y, *state.tensors(), *ends))
    for have, want in zip(*found, strict=True):
        assert_equal(have, want)


@pytest.mark.parametrize("cut", [1, 5, 16, 20])
@pytest.mark.parametrize("read", ["start", "before"])
def test_one_call_is_any_split_also_inside_a_chunk(cut, read):
    x, q, weights, _ = problem(2, True)
    options = {"chunk": 8, "eta_max": 0.1, "read": read}
    y, end = self_modify(x, q, weights, **options)
    first, middle = self_modify(x[:, :, :cut], q[:, :, :cut], weights, **options)
    second, last = self_modify(x[:, :, cut:], q[:, :, cut:], weights, state=middle, **options)
    assert_equal(torch.cat([first, second], dim=2), y)
    for have, want in zip(last.tensors(), end.tensors(), strict=True):
        assert_equal(have, want)


def test_no_token_is_seen_before_its_time_while_the_printed_index_leaks():
    """(90) takes what is generated at the end of the token's own chunk: that is in its future."""
    x, q, weights, _ = problem(2, True)
    other = x.detach().clone()
    other[:, :, 13] += 1
    options = {"chunk": 8, "eta_max": 0.1}
    y, z = (self_modify(tokens, q, weights, **options)[0] for tokens in (x, other))
    assert torch.equal(y[:, :, :13], z[:, :, :13])
    assert torch.equal(
        y[:, :, 13:16], z[:, :, 13:16]
    )  # its own chunk reads what stood at its start
    assert (y[:, :, 16:] - z[:, :, 16:]).abs().max() > 1e-6

    def printed(tokens):  # every token of the second chunk reads the memory at that chunk's end
        _, state = self_modify(tokens[:, :, :16], q[:, :, :16], weights, **options)
        net = lambda W, g: g + torch.nn.functional.gelu(g @ W[0]) @ W[1]  # noqa: E731
        return net(state.memories["memory"], q[:, :, 8:16])

    assert (printed(x) - printed(other))[:, :, :5].abs().max() > 1e-6


def test_both_erasures_are_alpha_minus_two_eta_and_alpha_minus_eta():
    """A matrix, C = 1, k = v^ = a unit vector: what is left of an old answer at its own key."""
    x = torch.zeros(1, 1, 1, 2, dtype=torch.float64)
    x[..., 0] = 1
    eye = torch.eye(2, dtype=torch.float64)[None]
    loud = 100 * torch.ones_like(eye)
    weights = {"k": [eye], "v": [eye], "eta": [loud], "alpha": [loud], "memory": [eye]}
    left = {}
    for erase in ("once", "dgd"):
        options = {"chunk": 1, "erase": erase, "eta_max": 0.3}
        _, state = self_modify(x, x, weights, **options)
        answer = state.memories["memory"][0][0, 0, 0, 0]  # 1 - n 0.3 of the old, + 0.3 of v^ = 1
        left[erase] = round(answer.item() - 0.3, 6)
    assert left == {"once": 0.7, "dgd": 0.4}


def test_memories_that_start_alike_write_nothing_and_the_layers_start_apart():
    """k = v and M(k) = k: every value is the answer that is there already."""
    x = torch.nn.functional.normalize(torch.randn(1, 1, 30, 4, dtype=torch.float64), dim=-1)
    quiet = [torch.randn(1, 4, 8).double(), torch.zeros(1, 8, 4).double()]
    weights = {name: quiet for name in ("k", "v", "eta", "alpha", "memory")}
    _, state = self_modify(x, x, weights, erase="dgd", eta_max=0.1, chunk=8)
    assert not state.memories["memory"][1].any()  # nothing was ever written
    torch.manual_seed(0)
    memory = SelfModifyingMemory(8).double()
    _, state = memory(torch.randn(1, 30, 8).double())
    for name, layers in state.memory.memories.items():
        assert (layers[-1] - memory.initial[name][-1]).norm() > 1e-3, name


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"depth": 1, "erase": "once", "eta_max": 2.0, "gate": "hard", "chunk": 1},
        {"fixed_q": False, "read": "before", "chunk": 4},
    ],
    ids=str,
)
def test_the_layer_streams_learns_and_equals_its_reference(options):
    torch.manual_seed(0)
    memory = SelfModifyingMemory(16, heads=2, **options).double()
    x = torch.randn(2, 40, 16).double()
    y, state = memory(x)
    y.sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in memory.parameters())
    first, middle = memory(x[:, :13])
    assert_equal(torch.cat([first, memory(x[:, 13:], middle)[0]], dim=1), y)
    memory.self_modify = self_modify_reference
    assert_equal(memory(x)[0], y)
    assert state.position == 40


def test_a_row_of_the_batch_is_read_alone_and_a_long_text_stays_finite():
    torch.manual_seed(0)
    memory, x = SelfModifyingMemory(8), torch.randn(3, 600, 8)
    with torch.no_grad():
        y, _ = memory(x)
        assert torch.isfinite(y).all()
        torch.testing.assert_close(memory(x[1:2])[0], y[1:2])


@pytest.mark.parametrize(
    "words, options",
    [
        ("erase must be one of 'once', 'dgd', got 'twice'", {"erase": "twice"}),
        ("dim must be a multiple of heads=3, got 8", {"heads": 3}),
        ("eta_max must be a finite number > 0, got 0", {"eta_max": 0}),
        ("chunk must be a whole number >= 1, got 0", {"chunk": 0}),
    ],
)
def test_bad_values_are_named(words, options):
    with pytest.raises((ValueError, TypeError), match=words):
        SelfModifyingMemory(8, **options)


def test_wrong_arguments_are_named():
    x, q, weights, _ = problem(1, True)
    with pytest.raises(ValueError, match="weights must hold k, v, eta, alpha, memory, got k"):
        self_modify(x, q, {"k": weights["k"]})
    with pytest.raises(TypeError, match="options are chunk, erase, .*; got chunks"):
        self_modify(x, q, weights, chunks=3)
    _, state = self_modify(x, q, weights)
    with pytest.raises(ValueError, match="state belongs to other memories"):
        self_modify(x[:1], q[:1], weights, state=state)
