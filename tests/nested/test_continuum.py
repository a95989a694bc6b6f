"""The continuum memory system: pieces are the loop, for all kinds, periods and corrections."""

import copy
import pickle
import subprocess
import sys

import pytest
import torch
from torch import nn

from tests.memory.cases import assert_equal
from tests.nested.continuum_loop import loop
from titans_book.model import TitansConfig, TitansLM
from titans_book.model.block import GatedMLP
from titans_book.model.saved_state import load_state, save_state
from titans_book.nested.continuum import ContinuumMemory, ContinuumState, Perceptron

DIM, TIME = 4, 21
KINDS = ("chain", "headwise", "nested", "sequential")
CASES = {
    "plain": {},
    "one level": {"periods": (5,)},
    "two odd clocks": {"periods": (3, 5), "not": "nested"},
    "slow to fast": {"periods": (16, 4, 1)},
    "a frozen level": {"periods": (None, 4, 2)},
    "lets go": {"keep": (0.8, 0.9, 1.0)},
    "lets go of all": {"keep": 0.5, "toward": "zero"},
    "means": {"average": True, "rates": (0.1, 0.5, 1.0)},
    "slow first": {"correct": "slow first"},
    "slow first, two of one pace": {
        "correct": "slow first",
        "periods": (4, 2, 4),
        "keep": 0.9,
        "not": "nested",
    },
    "slow first over a frozen one": {"correct": "slow first", "periods": (2, None, 8)},
}


def problem(kind="headwise", batch=2, time=TIME, **options):
    """A memory of small levels, and a stream that it cannot know yet."""
    options = {"periods": (1, 4, 16), "rates": 0.05, **options}
    periods = options.pop("periods")
    options.pop("not", None)
    levels = [
        Perceptron(DIM, 3) if n % 2 else nn.Sequential(nn.Linear(DIM, DIM), nn.Tanh())
        for n in range(len(periods))
    ]
    memory = ContinuumMemory(levels, periods, kind, **options).double()
    generator = torch.Generator().manual_seed(1)
    x, target = torch.randn(2, batch, time, DIM, dtype=torch.float64, generator=generator)
    return memory, x, target


def cases():
    return [
        pytest.param(kind, options, id=f"{kind}-{name}")
        for name, options in CASES.items()
        for kind in KINDS
        if options.get("not") != kind
    ]


def assert_same_state(have, want, tolerance=1e-12):
    assert have.position == want.position
    for one, other in zip(have.tensors(), want.tensors(), strict=True):
        assert_equal(one, other, tolerance)


@pytest.mark.parametrize(("kind", "options"), cases())
def test_a_piece_is_the_loop_in_answers_weights_windows_and_counts(kind, options):
    memory, x, target = problem(kind, **options)
    y, state = memory.read(x, target)
    want, rows = loop(memory, x, target)
    assert_equal(y, want)
    for b, row in enumerate(rows):
        assert memory.counts(state) == row.updates
        for n, level in enumerate(state.levels):
            if memory.periods[n] is None:
                assert not level.weights
                continue
            for W, p in zip(level.weights.values(), row.levels[n].parameters(), strict=True):
                assert_equal(W[b].detach(), p.detach())
            terms = [sum(g) for g in zip(*row.windows[n], strict=True)]
            if not terms:
                assert level.window is None
            for start, p in zip((level.start or {}).values(), row.start[n], strict=False):
                assert_equal(start[b].detach(), p)
            for g, total in zip((level.window or {}).values(), terms, strict=True):
                assert_equal(g[b], total)
    assert (y - memory(x)).abs().max() > 1e-3  # and it has learned something


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "cuts", [[5], [16, 1], [3, 3, 12], [1] * 21], ids=lambda each: str(each[:4])
)
def test_one_call_is_any_split_also_inside_a_window(kind, cuts):
    memory, x, target = problem(kind, keep=0.9)
    y, end = memory.read(x, target)
    state, answers = None, []
    lengths = [*cuts, TIME - sum(cuts)]
    for xs, wanted in zip(x.split(lengths, 1), target.split(lengths, 1), strict=True):
        answer, state = memory.read(xs, wanted, state)
        answers.append(answer)
    assert_equal(torch.cat(answers, 1), y)
    assert_same_state(state, end)
    assert memory.counts(state) == memory.counts(end) == memory.counts() == [21, 5, 1]


def test_a_token_is_served_before_its_own_target_and_updates_begin_with_the_next_one():
    memory, x, target = problem(periods=(4, 16), rates=0.1)
    y, _ = memory.read(x, target)
    for t, first in ((0, 4), (3, 4), (4, 8), (13, 16)):
        other = target.clone()
        other[:, t] += 1
        z, _ = memory.read(x, other)
        assert torch.equal(z[:, :first], y[:, :first])
        assert (z[:, first] - y[:, first]).abs().max() > 1e-6


def test_a_window_has_the_terms_of_its_period_and_not_one_more():
    """With a loss that is linear in the weights all gradients are 1: a sum counts its terms."""
    level = nn.Linear(1, 1, bias=False)
    memory = ContinuumMemory([level], [4], rates=1.0, loss=lambda y, target: y.squeeze(-1)).double()
    ones = torch.ones(1, 9, 1, dtype=torch.float64)
    y, state = memory.read(ones, ones)
    moved = (y - y[:, :1]).flatten().detach()
    assert_equal(moved, -torch.tensor([0, 0, 0, 0, 4, 4, 4, 4, 8], dtype=torch.float64))
    assert state.levels[0].window["weight"].item() == 1


@pytest.mark.parametrize("kind", KINDS)
def test_no_row_sees_another(kind):
    memory, x, target = problem(kind, batch=3)
    y, state = memory.read(x, target)
    one, alone = memory.read(x[1:2], target[1:2])
    assert_equal(one, y[1:2])
    assert_same_state(alone, state.rows([1]))
    spoilt = target.clone()
    spoilt[0] += 3
    z, _ = memory.read(x, spoilt)
    assert torch.equal(z[1:], y[1:])


def test_a_state_survives_a_file_to_the_bit_inside_a_window(tmp_path):
    memory, x, target = problem("nested")
    y, end = memory.read(x, target)
    first, state = memory.read(x[:, :14], target[:, :14])
    back = load_state(save_state(state, tmp_path / "state", memory), model=memory)
    assert isinstance(back, ContinuumState)
    on, last = memory.read(x[:, 14:], target[:, 14:], back)
    straight, want = memory.read(x[:, 14:], target[:, 14:], state)
    assert torch.equal(on, straight)
    assert all(map(torch.equal, last.tensors(), want.tensors()))
    assert memory.counts(last) == memory.counts(end)
    assert_equal(torch.cat([first, on], 1), y)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_at_rate_0_these_are_the_mlps_of_a_transformer_to_the_bit(kind, dtype):
    config = TitansConfig(variant="attention", dim=16, hidden=24, heads=2, depth=3)
    mlps = [block.mlp for block in TitansLM(config).to(dtype).blocks]
    memory = ContinuumMemory(mlps, (1, 4, None), kind, rates=0.0)
    x = torch.randn(2, 21, 16).to(dtype)
    want = memory(x)
    if kind == "headwise":
        assert torch.equal(want, mlps[0](x) + mlps[1](x) + mlps[2](x))
    else:
        assert torch.equal(want, mlps[2](mlps[1](mlps[0](x))))
    y, state = memory.read(x, torch.randn_like(x))
    assert torch.equal(y, want)
    again, _ = memory.read(x, x, state)
    assert torch.equal(again, want)
    assert memory.counts() == [0, 0, 0]


def test_small_rates_come_back_to_the_modules():
    memory, x, target = problem("chain", rates=1.0)
    apart = []
    for rate in (1e-3, 1e-4, 1e-5):
        small = ContinuumMemory(memory.levels, memory.periods, rates=rate)
        apart.append((small.read(x, target)[0] - memory(x)).abs().max().item())
    assert apart[0] == pytest.approx(10 * apart[1], rel=0.1)
    assert apart[1] == pytest.approx(10 * apart[2], rel=0.1)


def test_a_state_goes_on_with_what_it_has_learned_at_rate_0():
    memory, x, target = problem("chain")
    _, state = memory.read(x, target)
    still = ContinuumMemory(memory.levels, memory.periods, rates=0.0)
    y, after = still.read(x, target, state)
    frozen, _ = memory.read(x, target, state, freeze=(1, 4, 16))
    assert_equal(y, frozen)
    assert (y - memory(x)).abs().max() > 1e-3
    assert still.counts(after) == memory.counts(state)


def test_freezing_keeps_a_level_and_its_window_as_they_are():
    memory, x, target = problem()
    _, state = memory.read(x[:, :6], target[:, :6])
    _, after = memory.read(x[:, 6:], target[:, 6:], state, freeze=[4])
    assert memory.counts(after) == [21, 1, 1]
    assert after.levels[1] is state.levels[1]
    assert state.levels[1].window is not None
    assert_equal(after.levels[0].moved, torch.full((2,), 21.0, dtype=torch.float64))


def test_wiping_brings_one_level_back_to_its_start():
    memory, x, target = problem("headwise")
    _, state = memory.read(x, target)
    wiped = memory.wipe(state, 1)
    y, _ = memory.read(x, target, wiped, freeze=(1, 4, 16))
    whole, _ = memory.read(x, target, state, freeze=(1, 4, 16))
    weights = {name: W[0] for name, W in state.levels[0].weights.items()}
    now = torch.func.functional_call(memory.levels[0], weights, (x[:1],))
    assert_equal((whole - y)[:1], now - memory.levels[0](x[:1]))
    assert wiped.levels[0].window is None
    assert wiped.levels[1:] == state.levels[1:]
    nested, x, target = problem("nested")
    _, state = nested.read(x, target)
    wiped = nested.wipe(state, 1)
    assert wiped.levels[0].weights is state.levels[0].start


@pytest.mark.parametrize("exact", [True, False])
def test_outer_gradients_are_those_of_small_changes_where_they_are_exact(exact):
    memory, x, target = problem("sequential", rates=0.2, time=9)

    def total():
        y, state = memory.read(x, target, create_graph=exact)
        return y.sin().sum() + sum(W.cos().sum() for W in state.levels[2].weights.values())

    ends = list(memory.parameters())
    found = torch.autograd.grad(total(), ends)
    ways = [torch.randn_like(p) for p in ends]
    slope = sum((g * way).sum() for g, way in zip(found, ways, strict=True)).item()
    with torch.no_grad():
        sides = []
        for step in (1e-5, -2e-5):
            for p, way in zip(ends, ways, strict=True):
                p += step * way
            sides.append(total().item())
    measured = (sides[0] - sides[1]) / 2e-5
    assert (abs(slope - measured) < 1e-6 * abs(measured)) == exact


def test_outer_gradients_are_exact_for_sequential_and_first_order_for_others():
    found = {}
    for kind in ("chain", "sequential"):
        for exact in (None, True, False):
            torch.manual_seed(0)
            memory, x, target = problem(kind, rates=0.2)
            y, _ = memory.read(x, target, create_graph=exact)
            found[kind, exact] = torch.autograd.grad(y.sum(), memory.levels[0][0].weight)[0]
    assert torch.equal(found["chain", None], found["sequential", False])
    assert torch.equal(found["sequential", None], found["chain", True])
    assert not torch.equal(found["chain", None], found["sequential", None])


@pytest.mark.parametrize("correct", ["joint", "slow first"])
def test_exact_outer_gradients_reach_the_stream_and_nothing_is_kept_without_them(correct):
    memory, x, target = problem("headwise", 1, 4, correct=correct, periods=(1, 2))
    double = lambda x, t: memory.read(x, t, create_graph=True)[0]  # noqa: E731
    assert torch.autograd.gradcheck(double, (x.requires_grad_(), target.requires_grad_()))
    with torch.no_grad():
        y, state = memory.read(x, target)
    assert not y.requires_grad
    assert not any(one.requires_grad for one in state.tensors())
    assert all(p.grad is None for p in memory.parameters())


@pytest.mark.parametrize("aggregate", ["mean", "learned"])
def test_levels_side_by_side_are_summed_averaged_or_weighed(aggregate):
    memory, x, target = problem("headwise", aggregate=aggregate)
    if aggregate == "learned":
        with torch.no_grad():
            memory.shares.copy_(torch.tensor([0.5, 2.0, 0.25]))
    shares = [1 / 3] * 3 if memory.shares is None else memory.shares.tolist()
    want = sum(share * level(x) for share, level in zip(shares, memory.levels, strict=True))
    assert_equal(memory(x), want)
    y, _ = memory.read(x, target)
    assert (y - want).abs().max() > 1e-3
    if aggregate == "mean":
        assert_equal(y, loop(memory, x, target)[0])
    else:
        assert torch.autograd.grad(y.sum(), memory.shares)[0].abs().min() > 0


def test_other_losses_and_targets():
    """Classes for targets, as in a language model."""
    memory = ContinuumMemory(
        [nn.Linear(DIM, 5)],
        [2],
        rates=0.5,
        loss=lambda y, target: nn.functional.cross_entropy(y, target, reduction="none"),
    )
    x = torch.ones(1, 20, DIM)
    target = torch.full((1, 20), 3)
    y, state = memory.read(x, target)
    assert y.shape == (1, 20, 5)
    assert y[0, -1].softmax(0)[3] > 0.9 > y[0, 0].softmax(0)[3]
    assert memory.liveness(state).levels[0].cosine != memory.liveness(state).levels[0].cosine


def test_forward_serves_and_behaves_as_a_module():
    memory = ContinuumMemory([GatedMLP(8, 16) for _ in range(3)], (1, 4, 16))
    x = torch.randn(2, 5, 8)
    want = memory(x)
    assert torch.equal(copy.deepcopy(memory)(x), want)
    assert torch.equal(pickle.loads(pickle.dumps(memory))(x), want)
    other = ContinuumMemory([GatedMLP(8, 16) for _ in range(3)], (1, 4, 16))
    other.load_state_dict(memory.state_dict())
    assert torch.equal(other(x), want)
    other.reset_parameters()
    assert not torch.equal(other(x), want)
    assert list(dict(memory.named_parameters()))[0] == "levels.0.up.weight"


def test_forward_is_one_graph():
    """In a process of its own: torch.compile cannot look through the tests' type checker."""
    code = (
        "import torch\n"
        "from titans_book.model.block import GatedMLP\n"
        "from titans_book.nested.continuum import ContinuumMemory\n"
        "for kind in ('chain', 'headwise'):\n"
        "    memory = ContinuumMemory([GatedMLP(8, 16) for _ in range(3)], (1, 4, 16), kind)\n"
        "    x = torch.randn(2, 5, 8)\n"
        "    compiled = torch.compile(memory, backend='eager', fullgraph=True)\n"
        "    assert torch.equal(compiled(x), memory(x))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_our_own_levels():
    chain, side = ContinuumMemory(8, (1, 4)), ContinuumMemory(8, (1, 4), "headwise")
    x = torch.randn(1, 3, 8)
    for memory, residual in ((chain, True), (side, False)):
        for level in memory.levels:
            assert level.residual == residual
            nn.init.zeros_(level.down.weight)
        assert torch.equal(memory(x), x if residual else torch.zeros_like(x))
    side.reset_parameters()
    assert side(x).abs().max() > 0


def test_inference_mode_learns_as_no_grad_does():
    memory, x, target = problem("nested")
    with torch.no_grad():
        want, end = memory.read(x, target)
    with torch.inference_mode():
        first, state = memory.read(x[:, :9] + 0, target[:, :9] + 0)
        second, last = memory.read(x[:, 9:] + 0, target[:, 9:] + 0, state.map(lambda W: W + 0))
    assert_equal(torch.cat([first, second], 1), want)
    assert_same_state(last, end)


def test_a_trace_holds_what_each_level_says():
    memory, x, target = problem("headwise")
    pieces = []
    y, state = memory.read(x, target, trace=pieces)
    says = [torch.cat(one, 1) for one in zip(*pieces, strict=True)]
    assert_equal(sum(says), y.detach())
    energy = torch.stack([said.square().sum() for said in says])
    have = [level.energy for level in memory.liveness(state).levels]
    assert_equal(torch.tensor(have, dtype=torch.float64), energy / energy.sum())


def test_half_precision_streams_learn_in_full():
    memory, x, target = problem("chain", periods=(1, None, 4))
    memory = memory.bfloat16()
    y, state = memory.read(x.bfloat16(), target.bfloat16())
    assert y.dtype == torch.bfloat16
    assert state.levels[0].weights["0.weight"].dtype == torch.float32


def test_an_empty_stream_changes_nothing():
    memory, x, target = problem()
    _, state = memory.read(x, target)
    y, after = memory.read(x[:, :0], target[:, :0], state)
    assert y.shape == (2, 0, DIM)
    assert after is state


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"periods": (1, 4)}, "periods must be 3 numbers, one a level, got 2"),
        ({"periods": (1, 0, 4)}, "each of periods must be a whole number >= 1, got 0"),
        ({"periods": (1, 2.5, 4)}, "each of periods must be a whole number >= 1, got 2.5"),
        ({"periods": ()}, "periods must hold a number for each level, got none"),
        ({"periods": 4}, "periods must be a sequence, one number a level, got 4"),
        ({"kind": "parallel"}, "kind must be one of 'chain', 'headwise', 'nested', 'sequential'"),
        ({"kind": "nested", "periods": (1, 4, 6)}, "each must divide the next slower one, got 4"),
        ({"kind": "nested", "periods": (4, 4, 8)}, "periods of kind='nested' must differ"),
        ({"correct": "fast first"}, "correct must be one of 'joint', 'slow first'"),
        ({"toward": "end"}, "toward must be one of 'start', 'zero'"),
        ({"aggregate": "max"}, "aggregate must be one of 'sum', 'mean', 'learned'"),
        ({"rates": (0.1, 0.2)}, "rates must be one number or 3, one a level, got 2"),
        ({"rates": float("nan")}, "rates must be finite and >= 0, got nan"),
        ({"rates": -1}, "rates must be finite and >= 0, got -1"),
        ({"keep": 1.5}, "keep must be between 0 and 1, got 1.5"),
        ({"average": 1}, "average must be True or False, got 1"),
        ({"loss": "l2"}, "loss must be a function of answer and target, got 'l2'"),
    ],
    ids=lambda value: None if isinstance(value, dict) else value[:40],
)
def test_bad_options_are_refused_by_name(options, message, as_people_call_it):
    settings = {"periods": (1, 4, 16), **options}
    with pytest.raises((ValueError, TypeError)) as raised:
        ContinuumMemory([nn.Linear(2, 2) for _ in range(3)], **settings)
    assert message in str(raised.value)


def test_bad_levels_and_streams_are_refused_by_name(as_people_call_it):
    with pytest.raises(TypeError, match="levels must be modules or one whole number"):
        ContinuumMemory([nn.Linear(2, 2), "linear"], (1, 2))
    memory, x, target = problem()
    _, state = memory.read(x, target)
    broken = x.clone()
    broken[0, 3, 1] = float("nan")
    for given, message in (
        ((broken, target), "x must be finite"),
        ((x, broken), "target must be finite"),
        ((x, target[:, 1:]), "target must begin with the batch and time of x"),
        ((x, target[..., :2]), "target must have the shape of the answer"),
        ((x[0], target[0]), "x must be numbers of shape"),
        ((x[:1], target[:1], state), "state belongs to another memory or batch"),
        ((x, target, problem(periods=(1, 4))[0].read(x, target)[1]), "another memory"),
        ((x, target, problem("nested")[0].read(x, target)[1]), "another memory"),
    ):
        with pytest.raises(ValueError, match=message):
            memory.read(*given)
    with pytest.raises(TypeError, match="state must be a ContinuumState or None, got dict"):
        memory.read(x, target, {})
    with pytest.raises(TypeError, match="target must be a torch.Tensor, got NoneType"):
        memory.read(x, None)
    with pytest.raises(ValueError, match=r"named by its period, one of \[1, 4, 16\], got 3"):
        memory.wipe(state, 3)
    with pytest.raises(ValueError, match="named by its period"):
        memory.read(x, target, freeze=[None])
    with pytest.raises(ValueError, match="nothing has been read yet"):
        problem()[0].counts()
