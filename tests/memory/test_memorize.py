"""`memorize` is the token-by-token reference, and the reference is the papers' equations."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.memory.cases import (
    NAMES,
    assert_equal,
    assert_same_function,
    call,
    gradients,
    parts,
    problem,
)
from titans_book.memory import Gates, memorize, reference
from titans_book.memory.fitting import check
from titans_book.memory.rule import Rule

both = pytest.mark.parametrize("function", [memorize, reference.memorize])


# ---- the reference itself, against numbers made by hand and against another derivation


@both
def test_one_step_by_hand(function):
    """k = e1, v = (3, 0), M_0 = 0: u = -k^T v, so M_1 = theta k^T v and S_1 = M_1."""
    x = torch.tensor([[[[1.0, 0.0], [1.0, 0.0]]]], dtype=torch.float64)
    gates = Gates(*(torch.full((1, 1, 2), g, dtype=torch.float64) for g in (0.5, 0.4, 0.1)))
    y, state = function(x, x, 3 * x, gates, [torch.zeros(1, 2, 2, dtype=torch.float64)], chunk=1)
    # t=1: S = 1.5, M = 1.5.  t=2: u = 1.5 - 3 = -1.5, S = .4*1.5 + .5*1.5 = 1.35, M = .9*1.5 + 1.35
    assert y[0, 0, :, 0].tolist() == pytest.approx([1.5, 2.7])
    assert state.momentum[0][0, 0, 0, 0].item() == pytest.approx(1.35)


@both
def test_linear_memory_is_the_transposed_recurrence_of_the_appendix(function):
    """Titans eqs. 32-33 with columns as tokens and no autograd, written out once more."""
    leaves = problem(batch=1, heads=1, time=15, depth=1)
    q, k, v, theta, eta, alpha, W = (x.detach()[0, 0] if x.dim() > 2 else x for x in leaves)
    W = leaves[6].detach()[0]
    M, S, answers = W.T.clone(), torch.zeros_like(W.T), []
    for t in range(15):
        if t % 4 == 0:
            anchor = M.clone()
        u = torch.outer(anchor @ k[t] - v[t], k[t])
        S = eta[t] * S - theta[t] * u
        M = (1 - alpha[t]) * M + S
        answers.append(M @ q[t])
    y, state = call(function, leaves, chunk=4)
    assert_equal(y.detach()[0, 0], torch.stack(answers))
    assert_equal(state.weights[0].detach()[0, 0], M.T)


@both
def test_dot_product_without_gates_is_linear_attention(function):
    """Titans eqs. 4-5: y_t = sum_{i<=t} (q_t k_i) v_i."""
    q, k, v, theta, eta, alpha, _ = problem(depth=1, time=12)
    gates = Gates(torch.ones_like(theta), torch.zeros_like(eta), torch.zeros_like(alpha))
    y, _ = function(q, k, v, gates, [torch.zeros(2, 4, 4, dtype=torch.float64)], objective="dot")
    assert_equal(y, (q @ k.mT).tril() @ v)


@both
def test_chunk_one_is_the_delta_rule(function):
    """DeltaNet, Titans eq. 34: M_t = M_{t-1} (I - theta k k^T) + theta k v^T, row vectors."""
    leaves = problem(batch=1, heads=1, depth=1, time=10)
    q, k, v, theta = (x.detach()[0, 0] for x in leaves[:4])
    M = leaves[6].detach()[0]
    gates = Gates(theta[None, None], *(torch.zeros(1, 1, 10, dtype=torch.float64),) * 2)
    for t in range(10):
        M = M - theta[t] * torch.outer(k[t], k[t]) @ M + theta[t] * torch.outer(k[t], v[t])
    _, state = function(q[None, None], k[None, None], v[None, None], gates, leaves[6:], chunk=1)
    assert_equal(state.weights[0].detach()[0, 0], M)


# ---- the fast form against the reference


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("chunk, time", [(1, 5), (4, 16), (4, 19), (16, 7), (16, 33), (64, 70)])
@pytest.mark.parametrize("read", ["after", "before"])
def test_values_state_and_outer_gradients(depth, chunk, time, read):
    assert_same_function(problem(time=time, depth=depth), chunk=chunk, read=read)


@pytest.mark.parametrize("objective", ["l2", "dot"])
@pytest.mark.parametrize("retention", ["decay", "none"])
@pytest.mark.parametrize("depth", [1, 2])
def test_every_choice(objective, retention, depth):
    leaves = problem(time=13, depth=depth, seed=1)
    assert_same_function(leaves, chunk=4, objective=objective, retention=retention)


@pytest.mark.parametrize("activation", ["gelu", "silu", "tanh"])
def test_every_activation(activation):
    from titans_book.memory import Network

    assert_same_function(problem(time=9, depth=3), chunk=4, network=Network(3, activation))


@pytest.mark.parametrize("depth", [1, 2])
def test_a_clamped_surprise(depth):
    leaves = problem(time=13, depth=depth)
    assert_same_function(leaves, chunk=4, clamp=1.0)
    y, _ = call(memorize, leaves, chunk=4, clamp=1.0)
    free, _ = call(memorize, leaves, chunk=4)
    loose, _ = call(memorize, leaves, chunk=4, clamp=1e3)
    assert not torch.allclose(y, free) and torch.equal(loose, free)


def test_a_clamped_memory_survives_what_breaks_a_free_one():
    """One key again and again in a chunk, at a write rate far beyond the stable one."""
    k = torch.zeros(1, 1, 640, 4, dtype=torch.float64)
    k[..., 0] = 1
    gates = Gates(*(torch.full((1, 1, 640), g, dtype=torch.float64) for g in (0.9, 0.5, 0.0)))
    start = [torch.zeros(1, 4, 4, dtype=torch.float64)]
    _, free = memorize(k, k, 3 * k, gates, start)
    _, safe = memorize(k, k, 3 * k, gates, start, clamp=6.0)
    assert free.weights[0].abs().max() > 1e20
    assert safe.weights[0].abs().max() < 640 * 0.9 * 6 / (1 - 0.5)


@pytest.mark.parametrize("read", ["after", "before"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_damped_step(depth, read):
    leaves = problem(time=13, depth=depth)
    assert_same_function(leaves, chunk=4, read=read, damping=2.0)
    assert_same_function(leaves, chunk=4, read=read, damping=2.0, clamp=0.5)


def test_one_damped_token_is_the_proximal_step():
    """damping=1, chunk=1: M_1 is the argmin of 1/2 |kM - v|^2 + |M - M_0|^2 / (2 theta)."""
    q, k, v, theta, _, _, W = problem(batch=1, heads=1, time=1, depth=1)
    k, zero = 2 * k, torch.zeros_like(theta)  # any length of key
    _, state = memorize(q, k, v, Gates(theta, zero, zero), [W], chunk=1, damping=1)
    M, k, v = state.weights[0][0, 0], k[0, 0], v[0, 0]
    slope = k.mT @ (k @ M - v) + (M - W[0]) / theta.item()
    assert slope.abs().max() < 1e-12


def test_damping_by_half_a_chunk_holds_the_border_of_stability():
    """The worst chunk there is: one key again and again, at a rate far beyond the stable one."""
    k = torch.zeros(1, 1, 640, 4, dtype=torch.float64)
    k[..., 0] = 1
    gates = Gates(*(torch.full((1, 1, 640), g, dtype=torch.float64) for g in (50.0, 0.0, 0.0)))
    start = [torch.zeros(1, 4, 4, dtype=torch.float64)]
    _, free = memorize(k, k, 3 * k, gates, start, chunk=16)
    _, held = memorize(k, k, 3 * k, gates, start, chunk=16, damping=8)
    _, broken = memorize(k, k, 3 * k, gates, start, chunk=16, damping=7)
    assert not free.weights[0].isfinite().all() or free.weights[0].abs().max() > 1e20
    assert (held.weights[0][0, 0, 0, 0] - 3).abs() < 3
    assert (broken.weights[0][0, 0, 0, 0] - 3).abs() > 30


def test_a_pair_that_is_known_has_no_step_to_damp():
    leaves = problem(batch=1, heads=1, time=4, depth=1)
    q, k, _, *gates = leaves[:6]
    known = k @ leaves[6]
    y, state = memorize(q, k, known, Gates(*gates), leaves[6:], damping=1.0)
    assert all(
        x.isfinite().all()
        for x in torch.autograd.grad(y.sum(), leaves, allow_unused=True)
        if x is not None
    )


@pytest.mark.parametrize("depth", [1, 2])
def test_gates_of_exactly_zero_and_one(depth):
    assert_same_function(problem(time=40, depth=depth, edges=True), chunk=16)


@settings(max_examples=40)
@given(
    batch=st.integers(1, 3),
    heads=st.integers(1, 3),
    time=st.integers(1, 24),
    dim=st.integers(1, 5),
    depth=st.integers(1, 3),
    chunk=st.integers(1, 9),
    seed=st.integers(0, 2**20),
    edges=st.booleans(),
)
def test_any_shape(batch, heads, time, dim, depth, chunk, seed, edges):
    leaves = problem(batch, heads, time, dim, depth, seed, edges)
    assert_same_function(leaves, chunk=chunk)


@pytest.mark.bare
@settings(max_examples=30)
@given(cuts=st.sets(st.integers(0, 40)), read=st.sampled_from(["after", "before"]), data=st.data())
def test_one_call_equals_any_split_between_both_forms(cuts, read, data):
    """Cut anywhere, also inside a chunk, and hand the state from one form to the other."""
    leaves = problem(time=41, depth=2)
    y, state = call(memorize, leaves, chunk=8, read=read)
    edges = [0, *sorted(cuts), 41]
    pieces, carried = [], None
    for a, b in zip(edges[:-1], edges[1:], strict=True):
        function = data.draw(st.sampled_from([memorize, reference.memorize]))
        part = [x[:, :, a:b] for x in leaves[:6]] + leaves[6:]
        piece, carried = call(function, part, chunk=8, read=read, state=carried)
        pieces.append(piece)
    assert_equal(torch.cat(pieces, dim=2), y)
    assert carried.position == state.position == 41
    for have, want in zip(parts(carried), parts(state), strict=True):
        assert_equal(have, want)


def test_a_split_gives_the_same_outer_gradients():
    leaves = problem(time=21, depth=2)
    y, _ = call(memorize, leaves, chunk=8)
    first, state = call(memorize, [x[:, :, :13] for x in leaves[:6]] + leaves[6:], chunk=8)
    second, _ = call(
        memorize, [x[:, :, 13:] for x in leaves[:6]] + leaves[6:], chunk=8, state=state
    )
    split = torch.cat([first, second], dim=2)
    whole, parts_ = (torch.autograd.grad(z.sin().sum(), leaves) for z in (y, split))
    for have, want in zip(parts_, whole, strict=True):
        assert_equal(have, want)


@pytest.mark.bare
@pytest.mark.parametrize("depth", [1, 2])
def test_gradcheck_of_the_outer_gradient(depth):
    leaves = problem(batch=1, heads=2, time=5, dim=3, depth=depth)

    def function(*x):
        y, state = call(memorize, list(x), chunk=2)
        return y, *state.weights, *state.momentum

    assert torch.autograd.gradcheck(function, leaves, eps=1e-6, atol=1e-6)


# ---- dtypes


@pytest.mark.parametrize("depth", [1, 2])
def test_float32_is_close_to_the_oracle(depth):
    leaves = [x.detach().float() for x in problem(time=64, depth=depth, dim=16)]
    y, state = call(memorize, leaves)
    want, _ = call(reference.memorize, leaves)
    assert y.dtype == torch.float32 and state.weights[0].dtype == torch.float32
    assert (y - want).abs().max() < 2e-5 * want.abs().max()


def test_half_precision_computes_in_float32():
    leaves = [x.detach().bfloat16() for x in problem(time=40)]
    y, state = call(memorize, leaves)
    want, _ = call(memorize, [x.float() for x in leaves])
    assert y.dtype == torch.bfloat16 and state.weights[0].dtype == torch.float32
    assert torch.equal(y, want.bfloat16())


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 3e-7), (torch.bfloat16, 3e-3)])
def test_what_a_shorter_number_costs(dtype, tolerance, depth):
    """Against the float64 oracle, relative to the size of its answers: three seeds, 96 tokens.

    Both read the same, rounded, inputs.
    """
    for seed in range(3):
        leaves = [x.detach().to(dtype) for x in problem(time=96, depth=depth, seed=seed)]
        with torch.no_grad():
            want, _ = call(reference.memorize, leaves, chunk=16)
            have, _ = call(memorize, leaves, chunk=16)
        error = (have.double() - want).square().mean().sqrt() / want.square().mean().sqrt()
        assert error < tolerance, f"{error:.1e}"


@pytest.mark.parametrize("depth", [1, 2])
def test_the_oracle_is_the_same_without_gradients(depth):
    """Weights that could be differentiated, in a block where nothing is."""
    leaves = problem(time=9, depth=depth)
    want, _ = call(reference.memorize, leaves, chunk=4)
    with torch.no_grad():
        assert torch.equal(call(reference.memorize, leaves, chunk=4)[0], want)


@pytest.mark.parametrize("recompute", [1, 2, 3, 50])
def test_chunks_computed_again_give_the_same_numbers(recompute):
    leaves = problem(time=21, depth=2)
    y, state = call(memorize, leaves, chunk=4)
    again, end = call(memorize, leaves, chunk=4, recompute=recompute)
    assert torch.equal(again, y)
    for have, want in zip(gradients(again, end, leaves), gradients(y, state, leaves), strict=True):
        assert_equal(have, want)


def test_chunks_computed_again_need_less_memory():
    """Bytes that autograd keeps for the way back, of 64 chunks."""
    leaves = problem(batch=1, heads=1, time=1024, dim=16, depth=2, dtype=torch.float32)

    def kept(**options):
        storages = {}

        def keep(x):
            storages[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
            return x

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
            call(memorize, leaves, chunk=16, **options)
        return sum(storages.values())

    assert kept(recompute=8) < kept() / 2


def test_autocast_does_not_reach_the_recurrence():
    leaves = [x.detach().float() for x in problem(time=40)]
    want, _ = call(memorize, leaves)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y, _ = call(memorize, leaves)
    assert torch.equal(y, want)


# ---- the trace


def test_the_trace_shows_surprise_and_weights_of_the_first_sequence():
    leaves = problem(time=10, depth=2)
    trace = []
    _, state = call(memorize, leaves, chunk=4, trace=trace)
    (seen,) = trace
    assert seen.times == (0, 4, 8, 10)
    for film, start, end in zip(seen.film, leaves[6:], state.weights, strict=True):
        assert torch.equal(film[0], start.detach()) and torch.equal(film[-1], end[0].detach())
    # |grad| of the inner loss by autograd, for a token of the first chunk
    k, v = (x.detach()[:, :, 2] for x in leaves[1:3])
    weights = [W.detach().requires_grad_() for W in leaves[6:]]
    hidden = torch.einsum("hd,hdm->hm", k[0], weights[0])
    answer = k[0] + torch.einsum("hm,hmd->hd", F.gelu(hidden), weights[1])
    u = torch.autograd.grad(0.5 * (answer - v[0]).square().sum(), weights)
    norm = sum(g.square().sum((-2, -1)) for g in u).sqrt()
    torch.testing.assert_close(seen.surprise[:, 2], norm)
    call(memorize, leaves, chunk=4, clamp=0.1, trace=trace)  # a clamp is not what was felt
    torch.testing.assert_close(trace[1].surprise[:, 2], norm)


def test_no_tokens_change_nothing():
    leaves = problem(time=0)
    for function in (memorize, reference.memorize):
        y, state = (
            call(function, leaves, trace=[]) if function is memorize else call(function, leaves)
        )
        assert y.shape == (2, 2, 0, 4) and state.position == 0


# ---- what is refused, and how it is said


# Shapes are tried on `check`, which both forms call first: in the tests the annotations of the
# forms themselves would speak before it does.


def refuse(error, words, **changes):
    q, k, v, *rest = [x.detach() for x in problem()]
    arguments = {"q": q, "k": k, "v": v, "weights": rest[3:], **changes}
    gates = [changes.get(name, gate) for name, gate in zip(NAMES[3:], rest[:3], strict=True)]
    with pytest.raises(error, match=words):
        weights = arguments["weights"]
        rule = Rule.of(max(1, len(weights)))
        check(*(arguments[name] for name in "qkv"), Gates(*gates), weights, rule)


def test_wrong_shapes_and_kinds_are_named():
    q, k, v, theta, *_ = [x.detach() for x in problem()]
    refuse(ValueError, r"q must have shape.*got \(2, 1, 20, 4\)", q=q[:, :1])
    refuse(TypeError, "k must be a floating-point tensor, got torch.int64", k=k.long())
    refuse(ValueError, "the last layer must answer in the dim of v", v=v[..., :3])
    short = dict.fromkeys(NAMES[3:], theta[..., :1])
    refuse(ValueError, r"gates.theta must have the shape.*\(2, 2, 20\), got \(2, 2, 1\)", **short)
    refuse(ValueError, "weights must hold one tensor for each layer", weights=[])
    refuse(ValueError, r"weights\[0\] must have shape", weights=[torch.zeros(1, 4, 4)])
    refuse(ValueError, r"weights\[1\] must have shape", weights=[torch.zeros(2, 4, 8)] * 2)


@both
@pytest.mark.parametrize(
    "name, change",
    [
        ("eta", lambda x: x + 1),
        ("alpha", lambda x: x - 1),
        ("theta", lambda x: x * math.nan),
        ("theta", lambda x: x / 0),
    ],
)
def test_gates_out_of_range_are_named(function, name, change):
    leaves = [x.detach() for x in problem()]
    leaves[NAMES.index(name)] = change(leaves[NAMES.index(name)])
    with pytest.raises(ValueError, match=f"gates.{name} must be finite and between"):
        call(function, leaves)


@both
@pytest.mark.parametrize(
    "option",
    [
        {"objective": "l3"},
        {"retention": "forever"},
        {"network": "tree"},
        {"network": "linear"},
        {"chunk": 0},
        {"read": "later"},
        {"clamp": 0},
        {"damping": 0},
        {"damping": 1, "objective": "dot"},
    ],
)
def test_wrong_options_are_named(function, option):
    with pytest.raises(ValueError, match=next(iter(option))):
        call(function, problem(), **option)


@both
def test_a_state_of_another_memory_is_named(function):
    _, other = call(function, problem(batch=1))
    with pytest.raises(ValueError, match="state belongs to another memory or batch"):
        call(function, problem(), state=other)
