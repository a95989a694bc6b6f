"""Momentum, delta momentum, DGD, DMGD and M3 do what their equations say, number by number."""

import copy
import pickle

import pytest
import torch
from torch import nn

from titans_book.memory.learning import newton_schulz as of_the_memory
from titans_book.nested.optimizers import (
    CUBIC,
    DGD,
    DMGD,
    M3,
    QUINTIC,
    DeltaMomentum,
    Momentum,
    newton_schulz,
)

SHAPES = [(3, 5), (4,), (2, 3, 4)]
EXACT = dict(rtol=1e-12, atol=1e-12)


def leaves(seed=0, shapes=SHAPES):
    generator = torch.Generator().manual_seed(seed)
    drawn = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
    return [nn.Parameter(x) for x in drawn]


def gradients(steps=7, seed=1, shapes=SHAPES):
    generator = torch.Generator().manual_seed(seed)
    return [
        [torch.randn(s, generator=generator, dtype=torch.float64) for s in shapes]
        for _ in range(steps)
    ]


def walked(optimizer, params, steps):
    for step in steps:
        for p, g in zip(params, step, strict=True):
            p.grad = g.clone()
        optimizer.step()
    return [p.detach() for p in params]


def same(have, want):
    for one, other in zip(have, want, strict=True):
        torch.testing.assert_close(one, other, **EXACT)


@pytest.mark.parametrize("ema", [False, True])
def test_momentum_is_equation_33(ema):
    W, m = [p.detach().clone() for p in leaves()], [torch.zeros(s).double() for s in SHAPES]
    for step in gradients():
        for i, g in enumerate(step):
            m[i] = 0.8 * m[i] - 0.05 * (0.2 if ema else 1) * g
            W[i] = W[i] + m[i]
    params = leaves()
    same(walked(Momentum(params, lr=0.05, momentum=0.8, ema=ema), params, gradients()), W)


def test_momentum_is_the_heavy_ball_of_torch_while_the_rate_stays():
    params, others = leaves(), leaves()
    torchs = torch.optim.SGD(others, lr=0.05, momentum=0.8)
    ours = Momentum(params, lr=0.05, momentum=0.8)
    same(walked(ours, params, gradients()), walked(torchs, others, gradients()))


@pytest.mark.parametrize("printed", [False, True])
def test_delta_momentum_is_equations_48_and_49(printed):
    """By loops over rows: the buffer m of a matrix maps inputs, one dot product at a time."""
    W, m = [p.detach().clone() for p in leaves()], [torch.zeros(s).double() for s in SHAPES]
    s = 0.7
    for step in gradients():
        for i, g in enumerate(step):
            flat_m, flat_g = (x.reshape(-1, *x.shape[-2:]) if x.dim() > 1 else x[None, None]
                              for x in (m[i], g))  # fmt: skip
            new = torch.empty_like(flat_m)
            for b in range(len(flat_m)):
                for r in range(flat_m.shape[1]):
                    said = sum((flat_m[b, r] @ row) * row for row in flat_g[b])
                    size = sum(row @ row for row in flat_g[b])
                    if printed:
                        new[b, r] = 0.9 * flat_m[b, r] - said
                    else:
                        new[b, r] = 0.9 * (flat_m[b, r] - s / (1 + s * size) * said)
            m[i] = new.reshape(m[i].shape) - 0.05 * g
            W[i] = W[i] + m[i]
    params = leaves()
    made = DeltaMomentum(params, lr=0.05, momentum=0.9, erase=s, printed=printed)
    have = walked(made, params, gradients())
    for one, other in zip(have, W, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


def test_what_lies_along_the_gradient_is_replaced_and_the_rest_stays():
    (w,) = leaves(shapes=[(4,)])
    optimizer = DeltaMomentum([w], lr=1.0, momentum=1.0, erase=1e12)
    e = torch.eye(4, dtype=torch.float64)
    walked(optimizer, [w], [[3 * e[0]], [5 * e[1]], [2 * e[0]]])
    torch.testing.assert_close(optimizer.state[w]["momentum"], -2 * e[0] - 5 * e[1])


def test_delta_momentum_is_stable_for_any_gradient_and_the_printed_form_is_not():
    sizes = {}
    for printed in (False, True):
        (w,) = leaves(shapes=[(4, 6)])
        optimizer = DeltaMomentum([w], lr=1e-3, printed=printed, erase=5.0)
        walked(optimizer, [w], [[30 * g[0]] for g in gradients(20, shapes=[(4, 6)])])
        sizes[printed] = optimizer.state[w]["momentum"].norm().item()
    assert sizes[False] < 2 and sizes[True] > 1e20


# ---- DGD


def layer(inputs=4, outputs=3):
    torch.manual_seed(0)
    return nn.Linear(inputs, outputs).double()


@pytest.mark.parametrize("length", [0.1, 1.0, 7.0])
def test_one_datum_is_equation_57_for_any_length(length):
    one, rate = layer(), 0.3
    x = torch.randn(4, dtype=torch.float64)
    x = length * x / x.norm()
    target = torch.randn(3, dtype=torch.float64)
    W, b = one.weight.detach().clone(), one.bias.detach().clone()
    at_y = W @ x + b - target
    eta = rate / (1 + rate * x @ x)
    want = W @ (torch.eye(4).double() - eta * torch.outer(x, x)) - eta * torch.outer(at_y, x)
    optimizer = DGD(one, lr=rate)
    (0.5 * (one(x) - target).square().sum()).backward()
    optimizer.step()
    same([one.weight.detach(), one.bias.detach()], [want, b - rate * at_y])
    closed = 0.5 * (want @ x + at_y).square().sum() + (want - W).square().sum() / (2 * rate)
    for _ in range(20):  # and it is the minimum of (56)
        near = want + 1e-3 * torch.randn(3, 4, dtype=torch.float64)
        value = 0.5 * (near @ x + at_y).square().sum() + (near - W).square().sum() / (2 * rate)
        assert value > closed


@pytest.mark.parametrize("erase", [0.0, 0.2, 1.0])
def test_a_batch_is_the_minimum_over_all_its_rows(erase):
    """Found by plain gradient descent on the objective that the docstring states."""
    one, rate = layer(), 0.5
    x, target = torch.randn(5, 2, 4).double(), torch.randn(5, 2, 3).double()
    W = one.weight.detach().clone()
    optimizer = DGD(one, lr=rate, erase=erase)
    (0.5 * (one(x) - target).square().sum(-1).mean()).backward()
    g = one.weight.grad.clone()
    optimizer.step()
    rows, found = x.reshape(-1, 4), W.clone()
    for _ in range(3000):
        pull = g + erase * sum(torch.outer(found @ r, r) for r in rows) / 10 + (found - W) / rate
        found = found - 0.05 * pull
    torch.testing.assert_close(one.weight.detach(), found, rtol=0, atol=1e-9)


def test_several_backward_passes_are_one_batch():
    one = layer()
    other = copy.deepcopy(one)
    x = torch.randn(6, 4).double()
    whole, parts = DGD(one, lr=0.4), DGD(other, lr=0.4)
    one(x).square().mean().backward()
    for rows in x.chunk(3):
        (other(rows).square().mean() / 3).backward()
    whole.step()
    parts.step()
    same([other.weight.detach()], [one.weight.detach()])


def test_only_inputs_with_a_gradient_count_and_zero_grad_forgets_them():
    one = layer()
    other = copy.deepcopy(one)
    x = torch.randn(6, 4).double()
    first, second = DGD(one, lr=0.4), DGD(other, lr=0.4)
    with torch.no_grad():
        one(100 * x)
    one(100 * x)  # never differentiated
    one(10 * x).sum().backward()
    first.zero_grad()
    for model, optimizer in ((one, first), (other, second)):
        model(x).square().mean().backward()
        optimizer.step()
    same([one.weight.detach()], [other.weight.detach()])
    assert not first.state


def test_without_hooks_dgd_is_gradient_descent():
    one = layer()
    other, x = copy.deepcopy(one), torch.randn(6, 4).double()
    optimizer = DGD(one, lr=0.4)
    optimizer.remove()
    for model, made in ((one, optimizer), (other, torch.optim.SGD(other.parameters(), lr=0.4))):
        model(x).square().mean().backward()
        made.step()
    same([p.detach() for p in one.parameters()], [p.detach() for p in other.parameters()])


def two_layers():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)).double()


def trained(model, optimizer, steps, seed=2):
    """The weights after some steps on drawn rows."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(6, 4, generator=generator).double()).square().mean().backward()
        optimizer.step()
    return [p.detach().clone() for p in optimizer.param_groups[0]["params"]]


def pickled(both):
    return pickle.loads(pickle.dumps(both))


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_a_copy_of_model_and_dgd_goes_on_alike_and_apart(copied):
    model = two_layers()
    optimizer = DGD(model, lr=0.4)
    start = trained(model, optimizer, 3)
    other, its_own = copied((model, optimizer))
    same(trained(other, its_own, 3, seed=5), want := trained(model, optimizer, 3, seed=5))
    assert not torch.equal(want[0], start[0])
    assert set(optimizer.state) <= set(model.parameters())
    its_own.remove()
    assert pickled((other, its_own))[1].layers == []  # taken off, they stay off


def test_dgd_does_not_hear_a_copy_of_its_model():
    model, x = two_layers(), torch.randn(6, 4).double()
    optimizer = DGD(model, lr=0.4)
    other = copy.deepcopy(model)
    other(x).sum().backward()
    assert not optimizer.state and other[0].weight.grad is not None
    for p, its in zip(model.parameters(), other.parameters(), strict=True):
        p.grad = its.grad
    with pytest.raises(RuntimeError, match="no input of any .* copy it together with its model"):
        optimizer.step()
    optimizer.remove()
    optimizer.step()  # plain gradient descent, as asked for


@pytest.mark.parametrize("first", ["DGD", "compile"])
def test_dgd_hears_a_model_that_is_compiled_after_it_was_made(first):
    torch._dynamo.reset()
    model, plain = two_layers(), two_layers()
    want = trained(plain, DGD(plain, lr=0.4), 3)
    optimizer = DGD(model, lr=0.4) if first == "DGD" else None
    compiled = torch.compile(model, backend="aot_eager")
    optimizer = optimizer or DGD(compiled, lr=0.4)
    same(trained(compiled, optimizer, 3), want)


def test_dgd_says_so_if_the_compiled_model_had_run_before():
    torch._dynamo.reset()  # or it runs what was traced with the hooks of another model
    model = two_layers()
    compiled = torch.compile(model, backend="aot_eager")
    compiled(torch.randn(6, 4).double()).sum().backward()
    before = [p.detach().clone() for p in model.parameters()]
    with pytest.raises(RuntimeError, match="before the model's first compiled call"):
        trained(compiled, DGD(model, lr=0.4), 1)
    same([p.detach() for p in model.parameters()], before)
    trained(compiled, DGD(model, lr=0.4, erase=0.0), 1)  # nothing to erase, nothing to say


# ---- DMGD


@pytest.mark.parametrize("kind", ["literal", "gradient", "next"])
def test_dmgd_is_a_network_trained_on_its_stated_objective(kind):
    """Autograd on the objective of the docstring, against gradients written by hand."""
    shape, alpha, rho, lr, reach = (3, 5), 0.9, 0.2, 0.1, 0.5
    (W,) = leaves(shapes=[shape])
    optimizer = DMGD([W], lr, alpha, kind=kind, inner_lr=rho, reach=reach, hidden=6, seed=3)
    generator = torch.Generator().manual_seed(3)
    A = torch.randn(5, 6, generator=generator) / (1 if kind == "gradient" else 5**0.5)
    A = A.double()
    B = (torch.randn(6, 5, generator=generator) / 6**0.5 * (kind == "literal")).double()
    V, last = W.detach().clone(), None
    for (u,) in gradients(shapes=[shape]):
        if kind == "next":
            key, value = last, V - reach * u
        else:
            key = u if kind == "literal" else torch.stack([row / row.norm() for row in u])
            value = -u
        if key is not None:
            A, B = A.requires_grad_(), B.requires_grad_()
            out = torch.tanh(key @ A) @ B + (key if kind == "next" else 0)
            each = out.sum(-1) if kind == "literal" else 0.5 * (out - value).square().sum(-1)
            at_A, at_B = torch.autograd.grad(each.sum(), (A, B))
            h = torch.tanh(key @ A).detach()
            calm_A, calm_B = (1 + sum((a @ b) ** 2 for a in x for b in x).sqrt() for x in (key, h))
            if kind == "literal":
                calm_A = calm_B = 1
            A = alpha * A.detach() - rho / calm_A * at_A
            B = alpha * B.detach() - rho / calm_B * at_B
        asked = value if kind == "next" else key
        move = torch.tanh(asked @ A) @ B + (asked - V if kind == "next" else 0)
        V, last = V + lr * move, value
    same(walked(optimizer, [W], gradients(shapes=[shape])), [V.detach()])


@pytest.mark.parametrize("kind", ["literal", "gradient", "next"])
def test_the_network_moves_and_lowers_its_inner_loss(kind):
    params = leaves()
    optimizer = DMGD(params, lr=0.0, kind=kind, inner_lr=0.2)
    steps = gradients(3) if kind == "next" else gradients(1) * 300
    walked(optimizer, params, steps)
    losses = optimizer.inner_losses()
    assert len(losses) == len(SHAPES)
    assert all(after < before or before < 1e-20 for before, after in losses)
    assert all(optimizer.state[p]["B"].abs().sum() > 0 for p in params)
    if kind == "gradient":  # one gradient, often: in the end it is what the network says
        whole = [0.5 * g.square().sum() for g in steps[0]]
        assert all(after < 0.1 * size for (_, after), size in zip(losses, whole, strict=True))


def bowl(optimizer, w, steps=100):
    start = w.square().sum().item()
    for _ in range(steps):
        w.grad = w.detach().clone()
        optimizer.step()
    return w.square().sum().item() / start


def test_the_literal_form_does_not_go_downhill_and_the_others_do():
    ends = {}
    for kind in ("literal", "gradient", "next"):
        (w,) = leaves(shapes=[(6,)])
        ends[kind] = bowl(DMGD([w], lr=0.05, kind=kind), w)
    assert ends["literal"] > 10
    assert ends["gradient"] < 0.1 and ends["next"] < 0.1


# ---- M3


@pytest.mark.parametrize("ema", [False, True])
@pytest.mark.parametrize("divide", [False, True])
def test_m3_is_algorithm_1(ema, divide):
    betas, lr, slow, period = (0.3, 0.2, 0.4), 0.01, 0.6, 3
    keep = [1 - b if ema else 1 for b in betas]
    params = leaves()
    W = [p.detach().clone() for p in params]
    for i, shape in enumerate(SHAPES):
        M1 = M2 = V = total = torch.zeros(shape).double()
        pull = torch.zeros(shape).double()
        for t, step in enumerate(gradients(), start=1):
            g = step[i]
            M1, V = keep[0] * M1 + betas[0] * g, keep[1] * V + betas[1] * g**2
            total = total + g
            if t % period == 0:
                M2, total = keep[2] * M2 + betas[2] * total, torch.zeros(shape).double()
                pull = of_the_memory(M2[None] if M2.dim() == 1 else M2).reshape(shape)
            way = of_the_memory(M1[None] if M1.dim() == 1 else M1).reshape(shape) + slow * pull
            W[i] = W[i] - lr * way / (V.sqrt() + 1e-8 if divide else 1)
    optimizer = M3(params, lr, betas, slow=slow, every=period, ema=ema, divide=divide)
    same(walked(optimizer, params, gradients()), W)


def test_m3_as_printed_cannot_settle_and_with_means_it_nears_the_minimum():
    """On a bowl, the best of eleven rates: sums never forget where the descent began."""
    best = {}
    for name, options in {"printed": {}, "means": {"ema": True, "divide": False}}.items():
        ends = []
        for exponent in range(-10, 1):
            (w,) = leaves(shapes=[(6, 6)])
            ends.append(bowl(M3([w], lr=2.0**exponent, **options), w, steps=60))
        best[name] = min(ends)
    assert best["means"] < 0.05 and best["printed"] > 5 * best["means"]


def test_newton_schulz_cubic_comes_to_one_and_the_quintic_near_it():
    G = torch.randn(6, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert newton_schulz is of_the_memory
    cubic = torch.linalg.svdvals(newton_schulz(G, 25, CUBIC))
    torch.testing.assert_close(cubic, torch.ones(6).double(), rtol=0, atol=1e-9)
    quintic = torch.linalg.svdvals(newton_schulz(G, 5, QUINTIC))
    assert 0.6 < quintic.min() < 0.99 < quintic.max() < 1.3


def test_the_cubic_is_a_step_of_equation_44():
    """Down |P^T P - I|^2 / 4 with zeta = 1/2, no pull: O - zeta (O O^T O - O)."""
    O = torch.randn(4, 5, dtype=torch.float64)  # noqa: E741
    want = O / O.norm()
    want = want - 0.5 * (want @ want.mT @ want - want)
    torch.testing.assert_close(newton_schulz(O, 1, CUBIC), want, **EXACT)


# ---- what all of them share


def every(params):
    return [
        Momentum(params),
        DeltaMomentum(params),
        DMGD(params),
        M3(params),
        DGD(nn.ParameterList(params)),
    ]


@pytest.mark.parametrize("which", range(5))
def test_a_closure_is_evaluated_with_gradients_and_its_loss_returned(which):
    (w,) = leaves(shapes=[(3, 3)])
    optimizer = every([w])[which]

    def closure():
        optimizer.zero_grad()
        loss = w.square().sum()
        loss.backward()
        return loss

    before = w.detach().clone()
    loss = optimizer.step(closure)
    torch.testing.assert_close(loss.detach(), before.square().sum())
    assert not torch.equal(w.detach(), before)


@pytest.mark.parametrize("which", range(5))
def test_groups_have_their_own_rates_and_weight_decay_is_decoupled(which):
    frozen, shrunk, idle = leaves(shapes=[(3, 3)] * 3)
    groups = [
        {"params": [frozen], "lr": 0.0},
        {"params": [shrunk], "lr": 0.1, "weight_decay": 0.5},
    ]
    if which == 4:
        optimizer = DGD(nn.ParameterList([frozen, shrunk]), params=groups)
    else:
        optimizer = [Momentum, DeltaMomentum, DMGD, M3][which](groups)
    optimizer.add_param_group({"params": [idle]})
    before = [x.detach().clone() for x in (frozen, shrunk, idle)]
    frozen.grad, shrunk.grad = torch.ones(3, 3).double(), torch.zeros(3, 3).double()
    optimizer.step()
    assert torch.equal(frozen.detach(), before[0]) and torch.equal(idle.detach(), before[2])
    torch.testing.assert_close(shrunk.detach(), 0.95 * before[1], **EXACT)


@pytest.mark.parametrize("which", range(5))
def test_a_state_dict_goes_on_to_the_bit(which):
    params, steps = leaves(), gradients(9)
    optimizer = every(params)[which]
    walked(optimizer, params, steps[:5])
    again = [nn.Parameter(p.detach().clone()) for p in params]
    other = every(again)[which]
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for one, two in zip(
        walked(optimizer, params, steps[5:]), walked(other, again, steps[5:]), strict=True
    ):
        assert torch.equal(one, two)


@pytest.mark.parametrize(
    "make, options, said",
    [
        (Momentum, {"lr": -1}, "lr must be"),
        (Momentum, {"momentum": 1.5}, "momentum must be a number from 0 to 1"),
        (Momentum, {"weight_decay": float("nan")}, "weight_decay"),
        (DeltaMomentum, {"erase": -1}, "erase"),
        (DMGD, {"kind": "deep"}, "kind must be one of 'literal'"),
        (DMGD, {"hidden": 0}, "hidden"),
        (DMGD, {"inner_lr": float("inf")}, "inner_lr"),
        (M3, {"every": 0}, "every"),
        (M3, {"betas": (1, 2)}, "betas must be three numbers"),
        (M3, {"betas": (0.1, 2, 0.1), "ema": True}, "betas must be a number from 0 to 1"),
        (M3, {"coefficients": None}, "coefficients"),
        (M3, {"steps": 0}, "steps"),
        (M3, {"eps": 0}, "eps"),
    ],
)
def test_wrong_options_are_named(make, options, said):
    with pytest.raises(ValueError, match=said):
        make([{"params": leaves(), **options}])
    good = make(leaves())
    with pytest.raises(ValueError, match=said):
        good.add_param_group({"params": leaves(seed=5), **options})
    assert len(good.param_groups) == 1


def test_wrong_kinds_are_named():
    with pytest.raises(TypeError, match="ema must be True or False"):
        Momentum([{"params": leaves(), "ema": "yes"}])
    with pytest.raises(TypeError, match="printed must be True or False"):
        DeltaMomentum([{"params": leaves(), "printed": 1}])
    with pytest.raises(TypeError, match="model"):
        DGD(leaves())
    with pytest.raises(ValueError, match="erase"):
        DGD(layer(), erase=-1)
    table = nn.Embedding(4, 3, sparse=True)
    table(torch.tensor([1])).sum().backward()
    with pytest.raises(TypeError, match="dense gradients"):
        Momentum(table.parameters()).step()
