"""What goes around an optimizer: windows that lose nothing, a network that turns rates, groups."""

import copy
import math

import pytest
import torch
from torch import nn

from tests.nested.test_rules import gradients, leaves, walked
from titans_book.model import TitansConfig, TitansLM
from titans_book.nested.names import OPTIMIZERS
from titans_book.nested.optimizers import (
    DGD,
    M3,
    ContinuumOptimizer,
    Momentum,
    NestedController,
    Together,
    build_groups,
    named,
)

AdamW = torch.optim.AdamW
SHAPES = [(3, 5), (4,), (2, 3, 4)]


def grouped(params, **options):
    return [{"params": [p], **options} for p in params]


@pytest.mark.parametrize("make", [AdamW, Momentum, M3])
def test_with_all_periods_1_it_is_the_inner_optimizer_to_the_bit(make):
    params, others = leaves(), leaves()
    wrapped = ContinuumOptimizer(make(grouped(params), lr=0.01), 1)
    plain = make(grouped(others), lr=0.01)
    have, want = walked(wrapped, params, gradients()), walked(plain, others, gradients())
    assert all(map(torch.equal, have, want))


def test_a_window_has_c_terms_and_none_is_lost_or_counted_twice():
    """SGD with rate 1 subtracts what it is given: equation 71, term by term."""
    params, periods = leaves(), [1, 3, 4]
    start = [p.detach().clone() for p in params]
    optimizer = ContinuumOptimizer(torch.optim.SGD(grouped(params), lr=1.0), periods)
    steps = gradients(14)
    for i, step in enumerate(steps, start=1):
        walked(optimizer, params, [step])
        for p, before, period, n in zip(params, start, periods, range(3), strict=True):
            done = i - i % period
            want = before - sum((s[n] for s in steps[:done]), torch.zeros_like(before))
            torch.testing.assert_close(p.detach(), want, rtol=1e-12, atol=1e-12)
            assert torch.equal(p.grad, step[n])  # the gradients are as they were
    assert optimizer.counts() == [14, 4, 3]
    optimizer.flush()
    assert optimizer.counts() == [14, 5, 4] and not optimizer.windows
    for p, before, n in zip(params, start, range(3), strict=True):
        torch.testing.assert_close(p.detach(), before - sum(s[n] for s in steps))


def test_the_mean_of_a_window():
    (w,) = leaves(shapes=[(4,)])
    start, steps = w.detach().clone(), gradients(4, shapes=[(4,)])
    walked(ContinuumOptimizer(torch.optim.SGD([w], lr=1.0), 4, average=True), [w], steps)
    torch.testing.assert_close(w.detach(), start - sum(s[0] for s in steps) / 4)


def test_a_parameter_without_a_gradient_in_the_whole_window_stays():
    one, two = leaves(shapes=[(3,), (3,)])
    before = two.detach().clone()
    optimizer = ContinuumOptimizer(AdamW([one, two], lr=0.1, weight_decay=0.5), 2)
    for _ in range(4):
        one.grad = torch.ones(3).double()
        optimizer.step()
    assert torch.equal(two.detach(), before) and two.grad is None


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_window_that_is_open_survives_a_state_dict(cut):
    params, steps = leaves(), gradients(9)
    optimizer = ContinuumOptimizer(AdamW(grouped(params), lr=0.01), [1, 3, 4])
    walked(optimizer, params, steps[:cut])
    again = [nn.Parameter(p.detach().clone()) for p in params]
    other = ContinuumOptimizer(AdamW(grouped(again), lr=0.01), [1, 3, 4])
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    have, want = walked(other, again, steps[cut:]), walked(optimizer, params, steps[cut:])
    assert all(map(torch.equal, have, want))
    assert other.counts() == optimizer.counts() == [9, 3, 2]


def test_dgd_in_a_window_counts_all_the_inputs_of_the_window():
    torch.manual_seed(0)
    one = nn.Linear(4, 3).double()
    other, x = copy.deepcopy(one), torch.randn(6, 4).double()
    windowed = ContinuumOptimizer(DGD(one, lr=0.4), 2)
    for rows in x.chunk(2):
        windowed.zero_grad()
        (one(rows).square().mean() / 2).backward()
        windowed.step()
    at_once = DGD(other, lr=0.4)
    other(x).square().mean().backward()
    at_once.step()
    torch.testing.assert_close(one.weight, other.weight, rtol=1e-12, atol=1e-12)


def test_groups_can_be_added_and_schedules_reach_them():
    one, two = leaves(shapes=[(3,), (3,)])
    optimizer = ContinuumOptimizer(torch.optim.SGD([one], lr=1.0))
    optimizer.add_param_group({"params": [two], "lr": 0.5, "period": 2})
    plan = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.1)
    walked(optimizer, [one, two], gradients(2, shapes=[(3,), (3,)]))
    plan.step()
    assert [g["lr"] for g in optimizer.inner.param_groups] == pytest.approx([0.1, 0.05])
    assert optimizer.counts() == [2, 1]


@pytest.mark.parametrize("around", [lambda o: ContinuumOptimizer(o, 3), NestedController])
def test_a_copy_of_both_goes_on_alike_and_apart(around):
    params, steps = leaves(), gradients(8)
    optimizer = around(AdamW(params, lr=0.01))
    walked(optimizer, params, steps[:4])
    again, other = copy.deepcopy((params, optimizer))
    have, want = walked(other, again, steps[4:]), walked(optimizer, params, steps[4:])
    assert all(map(torch.equal, have, want))


# ---- the controller


def bowl(optimizer, w, steps, curve):
    for _ in range(steps):
        optimizer.zero_grad()

        def closure():
            loss = 0.5 * (curve * w.square()).sum()
            loss.backward()
            return loss

        optimizer.step(closure)
    return 0.5 * (curve * w.detach().square()).sum().item()


def test_the_controller_begins_as_the_inner_optimizer_and_with_rate_0_stays_it():
    params, others = leaves(), leaves()
    wrapped = NestedController(AdamW(grouped(params), lr=0.01), rate=0.0)
    have = walked(wrapped, params, gradients())
    want = walked(AdamW(grouped(others), lr=0.01), others, gradients())
    assert all(map(torch.equal, have, want)) and wrapped.factors() == [1.0] * 3


def test_the_network_changes_and_turns_the_rate_the_right_way():
    curve = torch.ones(3).double()
    factors = {}
    for rate in (0.003, 1.9):  # far too low; beyond the minimum and almost as far on
        w = torch.ones(3).double().requires_grad_()
        controller = NestedController(torch.optim.SGD([w], lr=rate), rate=0.1)
        before = {name: x.clone() for name, x in controller.network.items()}
        bowl(controller, w, 30, curve)
        factors[rate] = controller.factors()[0]
        assert not any(torch.equal(x, before[n]) for n, x in controller.network.items())
        assert controller.param_groups[0]["lr"] == rate  # a schedule is not disturbed
    assert factors[0.003] > 2 and factors[1.9] < 0.9


def test_the_controller_descends_its_stated_objective():
    """Its step against autograd on cos log c + calm / 2 (log c)^2."""
    params = leaves()
    controller = NestedController(torch.optim.SGD(grouped(params), lr=0.1), rate=0.3, calm=0.1)
    steps = gradients(5)
    walked(controller, params, steps[:4])
    heard, moves = controller.heard.clone(), {p: m.clone() for p, m in controller.moves.items()}
    phi = {n: x.clone().requires_grad_() for n, x in controller.network.items()}
    goal = 0.0
    said = controller.speak(heard, phi)
    for index, (p, g) in enumerate(zip(params, steps[4], strict=True)):
        cosine = torch.nn.functional.cosine_similarity(g.flatten(), moves[p].flatten(), dim=0)
        goal = goal + cosine.float() * said[index] + 0.05 * said[index] ** 2
    slopes = torch.autograd.grad(goal, list(phi.values()))
    walked(controller, params, steps[4:])
    for (name, old), slope in zip(phi.items(), slopes, strict=True):
        want = old.detach() - 0.3 * slope
        torch.testing.assert_close(controller.network[name], want, rtol=1e-5, atol=1e-7)


def test_a_controller_that_is_too_low_gets_down_faster():
    curve, ends = torch.tensor([1.0, 0.5]).double(), {}
    for rate in (0.0, 0.1):
        w = torch.ones(2).double().requires_grad_()
        ends[rate] = bowl(NestedController(torch.optim.SGD([w], lr=0.01), rate), w, 100, curve)
    assert ends[0.1] < 0.5 * ends[0.0]


def test_the_controller_goes_on_from_a_state_dict_to_the_bit():
    params, steps = leaves(), gradients(9)
    optimizer = NestedController(AdamW(grouped(params), lr=0.01), rate=0.3)
    walked(optimizer, params, steps[:5])
    again = [nn.Parameter(p.detach().clone()) for p in params]
    other = NestedController(AdamW(grouped(again), lr=0.01), rate=0.3, seed=5)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    have, want = walked(other, again, steps[5:]), walked(optimizer, params, steps[5:])
    assert all(map(torch.equal, have, want)) and other.factors() == optimizer.factors()


@pytest.mark.parametrize("told", ["closure", "observe"])
def test_a_controller_hears_the_loss_through_what_is_around_it(told):
    """Continuum and Together pass it on: the numbers are those of the controller alone."""
    ends = {}
    for name in ("alone", "continuum", "together"):
        (w,) = leaves(shapes=[(3,)])
        controller = NestedController(torch.optim.SGD([w], lr=0.01), rate=0.3)
        optimizer = controller
        if name == "continuum":
            optimizer = ContinuumOptimizer(controller, 1)
        elif name == "together":
            optimizer = Together([controller])
        if told == "closure":
            bowl(optimizer, w, 6, torch.ones(3).double())
        else:
            for _ in range(6):
                optimizer.zero_grad()
                loss = 0.5 * w.square().sum()
                loss.backward()
                optimizer.observe(loss)
                optimizer.step()
        assert controller.heard[0, 0] != 0
        ends[name] = w.detach()
    assert torch.equal(ends["alone"], ends["continuum"])
    assert torch.equal(ends["alone"], ends["together"])


def test_in_a_window_the_controller_hears_the_loss_at_its_update():
    (w,) = leaves(shapes=[(3,)])
    controller = NestedController(torch.optim.SGD([w], lr=0.01), rate=0.3)
    optimizer = ContinuumOptimizer(controller, 2)
    for loss in (9.0, 4.0, 9.0, 2.0):
        optimizer.observe(loss)
        walked(optimizer, [w], gradients(1, shapes=[(3,)]))
    assert controller.heard[0, 0].item() == pytest.approx(math.log(2 / 4))
    optimizer = ContinuumOptimizer(torch.optim.SGD([w], lr=0.01))
    optimizer.observe(1.0)  # nobody listens, and nothing is wrong with that


# ---- groups, and several at once


def test_groups_by_role_hold_every_parameter_once():
    config = TitansConfig(dim=16, depth=1, heads=2, hidden=16, variant="mag", window=8)
    model = TitansLM(config)
    groups = build_groups(model, memories={"period": 2}, rest={"lr": 0.5})
    assert [g["role"] for g in groups] == ["embeddings", "memories", "attention", "rest"]
    members = [p for group in groups for p in group["params"]]
    assert len(members) == len(set(members)) and set(members) == set(model.parameters())
    assert groups[0]["params"] == [model.embedding.weight]
    assert set(groups[1]["params"]) == set(model.blocks[0].memory.parameters())
    assert groups[1]["period"] == 2 and groups[3]["lr"] == 0.5
    model.embedding.weight.requires_grad_(False)
    assert [g["role"] for g in build_groups(model)] == ["memories", "attention", "rest"]
    with pytest.raises(ValueError, match="role must be one of .*'rest', got 'heads'"):
        build_groups(model, heads={})


def test_together_is_each_on_its_own():
    params, others = leaves(), leaves()
    both = Together([AdamW(params[:1], lr=0.1), Momentum(params[1:])])
    each = [AdamW(others[:1], lr=0.1), Momentum(others[1:])]
    steps = gradients(8)
    walked(both, params, steps[:4])
    again = [nn.Parameter(p.detach().clone()) for p in params]
    copied = Together([AdamW(again[:1], lr=0.1), Momentum(again[1:])])
    copied.load_state_dict(copy.deepcopy(both.state_dict()))
    for step in steps:
        for p, g in zip(others, step, strict=True):
            p.grad = g.clone()
        for one in each:
            one.step()
    want = [p.detach() for p in others]
    assert all(map(torch.equal, walked(both, params, steps[4:]), want))
    assert all(map(torch.equal, walked(copied, again, steps[4:]), want))


def test_every_name_makes_an_optimizer_of_all_parameters():
    model = TitansLM(TitansConfig(dim=16, depth=1, heads=2, hidden=16))
    for name in OPTIMIZERS:
        optimizer = named(name, model, weight_decay=0.1)
        owned = [p for group in optimizer.param_groups for p in group["params"]]
        assert len(owned) == len(set(owned)) and set(owned) == set(model.parameters()), name
        decayed = [p for g in optimizer.param_groups if g["weight_decay"] for p in g["params"]]
        assert set(decayed) == {p for p in model.parameters() if p.dim() >= 2}, name


# ---- what can go wrong, and what is said


def test_wrong_values_are_named():
    inner, model = torch.optim.SGD(grouped(leaves())), nn.Linear(2, 2)
    for periods in (0, [1, 2], [1, 2, 0]):
        with pytest.raises(ValueError, match="period"):
            ContinuumOptimizer(torch.optim.SGD(grouped(leaves())), periods)
    with pytest.raises(TypeError, match="inner"):
        ContinuumOptimizer(model)
    with pytest.raises(TypeError, match="average"):
        ContinuumOptimizer(inner, average=2)
    for options in ({"rate": -1}, {"bound": 0.5}, {"calm": -1}, {"hidden": 0}, {"seed": -1}):
        with pytest.raises(ValueError, match=next(iter(options))):
            NestedController(inner, **options)
    with pytest.raises(ValueError, match="it lacks"):
        ContinuumOptimizer(inner).load_state_dict(inner.state_dict())
    with pytest.raises(RuntimeError, match="before it is given a controller"):
        NestedController(inner).add_param_group({"params": leaves(seed=3)})
    with pytest.raises(TypeError, match="each"):
        Together([model])
    with pytest.raises(ValueError, match="each"):
        Together([])
    with pytest.raises(ValueError, match="must hold 1 optimizers, got 0"):
        Together([inner]).load_state_dict({})
    with pytest.raises(ValueError, match="optimizer must be one of 'adamw'"):
        named("adam", model)
