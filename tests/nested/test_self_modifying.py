"""Self-modifying Titans: chunks are the loop, whatever the paper leaves open; nothing leaks."""

import pytest
import torch
import torch.nn.functional as F

from tests.memory.cases import assert_equal
from titans_book.inspection.causality import leaks
from titans_book.memory.network import Network
from titans_book.memory.trace import Closely
from titans_book.nested.hope import SelfModifyingMemory, self_modify, self_modify_reference
from titans_book.nested.self_printed import self_modify_printed
from titans_book.nested.self_rules import MEMORIES, Options

B, H, T, D = 2, 2, 21, 4
OPEN_QUESTIONS = [
    {"erase": "once", "read": "start"},
    {"erase": "once", "read": "before", "gate": "hard", "rates": "channel"},
    {"erase": "dgd", "read": "start", "gate": "hard", "retention": "initial"},
    {"erase": "dgd", "read": "before", "rates": "channel", "retention": "initial"},
    {"erase": "dgd", "normalise": False, "guarded": True, "eta_max": 0.3},
    {"erase": "once", "read": "before", "guarded": True, "eta_max": 1.2, "activation": "tanh"},
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
    options = {"chunk": chunk, "eta_max": 0.1} | open_
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

    onehot = torch.eye(D, dtype=torch.float64)

    def answers(function):
        def model(tokens):
            x = onehot[tokens][:, None].expand(-1, H, -1, -1)
            y = function(x, q[:1, :, : tokens.shape[1]], weights, **options)
            return (y[0] if isinstance(y, tuple) else y).movedim(1, 2)

        return leaks(model, torch.arange(20) % D, vocab=D)

    assert answers(self_modify) == {}
    found = answers(self_modify_printed)
    assert {
        p: [t for t in range(20) if t // 8 == p // 8 and t < p] for p in range(20) if p % 8
    } == {p: places.tolist() for p, places in found.items()}


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


def long_texts(time, dim):
    """Words that come back, noise, one word for ever, silence, and two words in turn."""
    words, noise = torch.randn(32, dim), torch.randn(time, dim)
    text = words[torch.randint(32, (time,))]
    same, turn = words[:1].expand(time, -1), words[torch.arange(time) % 2]
    return torch.stack([text, noise, same, torch.zeros(time, dim), turn])


@pytest.mark.parametrize("erase, eta_max", [("dgd", 0.5), ("dgd", 1.0), ("once", 2.0)])
@pytest.mark.parametrize("depth", [1, 2])
def test_guarded_memories_stay_finite_on_every_long_text(depth, erase, eta_max):
    torch.manual_seed(0)
    memory = SelfModifyingMemory(16, depth=depth, erase=erase, eta_max=eta_max)
    with torch.no_grad():
        y, state = memory(long_texts(3000, 16))
    assert all(x.isfinite().all() for x in (y, *state.tensors()))


def test_without_the_guard_a_deep_memory_talks_itself_up():
    torch.manual_seed(0)
    memory, x = SelfModifyingMemory(16, erase="once", guarded=False), long_texts(1500, 16)
    with torch.no_grad():
        assert not all(W.isfinite().all() for W in memory(x)[1].memory.layers)


def test_deep_memories_that_forget_towards_nothing_fall_silent():
    """So their retention is "initial" unless one asks for the paper's."""
    torch.manual_seed(0)
    x, left = long_texts(4000, 16)[:2], {}
    for retention in ("initial", "decay"):
        memory = SelfModifyingMemory(16, retention=retention)
        with torch.no_grad():
            _, state = memory(x)
        after = torch.cat([W.flatten() for W in state.memory.layers]).norm()
        before = torch.cat([W.detach().flatten() for W in memory.initial.parameters()]).norm()
        left[retention] = (after / before).item()
    assert left["initial"] > 0.2 and left["decay"] < 1e-3


def test_rates_of_single_features_are_those_of_single_columns():
    """A matrix with a rate a feature: every column learns as it would alone at its own rate."""
    x, q, weights, _ = problem(1, True)
    options = {"eta_max": 0.3, "chunk": 64, "erase": "once", "read": "before"}
    y, state = self_modify(x, q, weights, rates="channel", **options)
    said = {n: x @ weights[n][0] for n in ("k", "v", "eta", "alpha")}
    k, v = (F.normalize(said[n], dim=-1) for n in "kv")
    eta, keep = 0.3 * torch.sigmoid(said["eta"]), torch.sigmoid(said["alpha"] + 6)
    target, W = v @ weights["memory"][0], weights["memory"][0].expand(B, -1, -1, -1)
    for t in range(T):
        h, rate, kept = (z[:, :, t, None] for z in (k, eta, keep))
        assert_equal(y[:, :, t, None], q[:, :, t, None] @ W)
        W = kept * W + rate * (h.mT @ (target[:, :, t, None] - h @ W))
    assert_equal(state.memories["memory"][0], W)


def test_the_guard_bounds_what_a_memory_is_to_say_and_how_far_a_step_goes():
    from titans_book.nested.self_modifying import bounded, limited

    how = Options(guarded=True, erase="dgd")
    long, short = 100 * torch.ones(1, 4), 0.1 * torch.ones(1, 4)
    assert limited(long, how).norm().item() == pytest.approx(2)  # sqrt(4)
    assert torch.equal(limited(short, how), short)
    eta = torch.full((1, 1), 0.5)
    assert (bounded(eta, long, how) * long.square().sum()).item() == pytest.approx(1)
    assert torch.equal(bounded(eta, short, how), eta)
    assert (bounded(eta, long, Options(guarded=True)) * 40_000).item() == pytest.approx(2)


@pytest.mark.parametrize("fixed_q", [True, False])
def test_every_memory_is_filmed(fixed_q):
    x, q, weights, _ = problem(2, fixed_q)
    films = Closely()
    y, state = self_modify(x, q, weights, chunk=8, trace=films, retention="initial")
    assert torch.equal(self_modify(x, q, weights, chunk=8, retention="initial")[0], y)
    names = ["memory", *(name for name in MEMORIES[:-1] if name in weights)]
    assert len(films) == len(names)
    for name, film in zip(names, films, strict=True):
        assert film.times == (0, 8, 16, 21) and film.surprise.shape == (H, T)
        for frames, end, start in zip(film.film, state.memories[name], weights[name], strict=True):
            assert torch.equal(frames[-1], end[0]) and torch.equal(frames[0], start)
        k, value = film.pairs
        assert_equal(value.norm(dim=-1), film.values)
        at_start = Network(2)([W.detach() for W in weights[name]], F.normalize(
            Network(2)([W.detach() for W in weights["v"]], x[0]), dim=-1))  # fmt: skip
        assert_equal(value[:, :8], at_start[:, :8].detach())
    assert not films[0].eta.any() and films[0].momentum.shape == (4, H)


def test_surprise_is_the_length_of_the_write_before_its_rate():
    x, q, weights, _ = problem(2, True)
    films = []
    _, state = self_modify(x[:, :, :1], q[:, :, :1], weights, trace=films, eta_max=0.1)
    film = films[0]
    moved = sum(
        (layer[1] - (1 - film.alpha[:, :, None]) * layer[0]).square().sum((-2, -1))
        for layer in film.film
    ).sqrt()
    assert_equal(moved, (film.theta * film.surprise)[:, 0])


@pytest.mark.parametrize(
    "words, options",
    [
        ("erase must be one of 'once', 'dgd', got 'twice'", {"erase": "twice"}),
        ("dim must be a multiple of heads=3, got 8", {"heads": 3}),
        ("eta_max must be a finite number > 0, got 0", {"eta_max": 0}),
        ("chunk must be a whole number >= 1, got 0", {"chunk": 0}),
        ("rates must be one of 'mean', 'channel', got 'all'", {"rates": "all"}),
        ("retention must be one of 'decay', 'initial', got 'none'", {"retention": "none"}),
        ("guarded must be True or False, got 1", {"guarded": 1}),
    ],
)
def test_bad_values_are_named(words, options, as_people_call_it):
    with pytest.raises((ValueError, TypeError), match=words):
        SelfModifyingMemory(8, **options)


def test_wrong_arguments_are_named():
    x, q, weights, _ = problem(1, True)
    with pytest.raises(ValueError, match="weights must hold k, v, eta, alpha, memory, got k"):
        self_modify(x, q, {"k": weights["k"]})
    with pytest.raises(ValueError, match="weights must have the same layers for all memories"):
        self_modify(x, q, {**weights, "k": [*weights["k"], *weights["k"]]})
    with pytest.raises(TypeError, match="options are chunk, erase, .*; got chunks"):
        self_modify(x, q, weights, chunks=3)
    _, state = self_modify(x, q, weights)
    with pytest.raises(ValueError, match="state belongs to other memories"):
        self_modify(x[:1], q[:1], weights, state=state)
