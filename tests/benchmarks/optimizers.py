"""Do memories make better optimizers? Five small questions, with tuned rates and fresh seeds.

    python -m tests.benchmarks.optimizers          measures all, about 7 minutes on one core, and
                                                   writes notebooks/records/optimizers_cpu.json
    python -m tests.benchmarks.optimizers eq53     measures one of them again

    eq53      Nested Learning's landscape (53) from 64 starts: share at the minimum after 300 steps.
    rotating  the minimum goes round a circle: mean squared distance, once it has settled.
    heavy     a bowl under heavy-tailed noise: loss, once it has settled.
    zipf      32 facts of Zipf frequencies in a linear memory: share known after 20 and 40 steps.
    language  a byte language model with a memory: bits a byte on text not trained on, and
              processor seconds.

Every optimizer gets the same kind of search: rates (and what else it has) from a grid, on starts or
seeds of their own; what is reported is measured on others, with the best of the grid. A best value
at the end of a grid is marked: the grid may be too short. Taught in chapter 11.
"""

import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from itertools import product

import torch
from torch import Tensor

from tests.benchmarks.language import language
from titans_book.lab.project import ROOT
from titans_book.nested.optimizers import DMGD, M3, DeltaMomentum, Momentum
from titans_book.nested.optimizers.base import GroupOptimizer

RECORD = ROOT / "notebooks/records/optimizers_cpu.json"
Grid = dict[str, Sequence[float]]
Kind = tuple[Callable, Grid, dict]  # an optimizer, what is searched, what is fixed


class LinearMemory(GroupOptimizer):
    """DMGD with a matrix in the place of its network: the control for "an MLP helps"."""

    def __init__(self, params, lr=0.1, *, inner_lr=0.5, kind="gradient", weight_decay=0.0):
        options = dict(lr=lr, inner_lr=inner_lr, kind=kind, weight_decay=weight_decay)
        super().__init__(params, options)

    def _descend(self, group, params):
        for p in params:
            state, u = self.state[p], p.grad[None]
            W = p[None]
            M = state.setdefault("M", torch.zeros(len(p), len(p)))
            ahead = group["kind"] == "next"
            now = W - u if ahead else u / u.norm().clamp_min(1e-12)
            key, value = (state.get("key", now), now) if ahead else (now, -u)
            target = value - key if ahead else value
            error = key @ M - target
            M -= group["inner_lr"] / (1 + key.square().sum()) * key.mT @ error
            state["key"] = now
            p.add_(((now - W if ahead else 0) + now @ M)[0], alpha=group["lr"])


class ClippedSGD(Momentum):
    """Gradient descent with a gradient that is no longer than `longest`."""

    def __init__(self, params, lr=0.1, *, longest=1.0):
        super().__init__(params, lr=lr, momentum=0.0)
        for group in self.param_groups:
            group.setdefault("longest", longest)

    def _descend(self, group, params):
        for p in params:
            p.grad.mul_((group["longest"] / p.grad.norm()).clamp_max(1))
        super()._descend(group, params)


class NormalisedSGD(Momentum):
    """Steps of one length down the gradient."""

    def _descend(self, group, params):
        for p in params:
            p.grad.div_(p.grad.norm() + 1e-12)
        super()._descend(group, params)


def points(grid: Grid) -> list[dict[str, float]]:
    """Every combination of the grid."""
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def searched(kind: Kind, play: Callable, tuning: list[int], fresh: list[int], best=min) -> dict:
    """The best point of the grid on the tuning seeds, and what it does on the fresh ones.

    play(make, groups of options, seeds) -> (points, seeds) scores, of which the best mean counts.
    """
    make, grid, fixed = kind
    options = [{**fixed, **point} for point in points(grid)]
    scores = play(make, options, tuning).mean(-1)
    scores = scores.nan_to_num(float("inf") if best is min else -1.0)
    index = int(scores.argmin() if best is min else scores.argmax())
    again = play(make, [options[index]], fresh)[0]
    ends = [n for n, values in grid.items() if len(values) > 2
            and points(grid)[index][n] in (values[0], values[-1])]  # fmt: skip
    return {
        "options": points(grid)[index],
        "at_the_end_of_the_grid": ends,
        "tried": len(options),
        "mean": round(again.mean().item(), 4),
        "each": [round(x, 4) for x in again.tolist()],
    }


def leaves(options: list[dict], start: Callable[[], list[Tensor]]) -> tuple[list[dict], list]:
    """A group for every point of the grid, with parameters of its own."""
    groups = [{"params": [x.clone().requires_grad_() for x in start()], **o} for o in options]
    return groups, [group["params"] for group in groups]


SGD = {"lr": [0.02, 0.1, 0.4, 0.7, 1.0, 1.4]}
HEAVY = {**SGD, "momentum": [0.3, 0.5, 0.8, 0.9]}
ERASE = {**HEAVY, "erase": [0.1, 1.0, 10.0]}
INNER = {"lr": [0.3, 0.7, 1.0], "inner_lr": [0.01, 0.03, 0.1, 0.3]}


# ---- eq. 53


LANDSCAPES = [(10, 0.5, 5), (30, 0.5, 5), (10, 1, 5), (3, 1, 3)]


def slope(x: Tensor, k: float, a: float, w: float) -> Tensor:
    """Gradient of (53), psi = r^2 + k (r - theta + a sin(w r))^2."""
    r, theta = x[..., 0], x[..., 1]
    q = r - theta + a * torch.sin(w * r)
    return torch.stack([2 * r + 2 * k * q * (1 + a * w * torch.cos(w * r)), -2 * k * q], -1)


def descended(landscape: tuple, steps: int = 300, starts: int = 64) -> Callable:
    """The share of the starts of every seed that ends at the minimum, (0, 0)."""

    def play(make, options, seeds):
        draws = [torch.Generator().manual_seed(s) for s in seeds]
        first = [torch.rand(starts, 1, 2, generator=g) * 8 - 4 for g in draws]
        groups, params = leaves(options, lambda: [torch.cat(first)])
        optimizer = make(groups)
        for _ in range(steps):
            for (x,) in params:
                x.grad = slope(x.detach(), *landscape)
            optimizer.step()
        ends = torch.stack([x.detach() for (x,) in params]).view(
            len(options), len(seeds), starts, 2
        )
        return (ends.norm(dim=-1) < 0.05).float().mean(-1)

    return play


def eq53() -> dict:
    """The rates are small: the slopes are steep. Momentum has as many points as the delta rule."""
    rates = [0.0003, 0.001, 0.003, 0.01, 0.03]
    decays = [0.5, 0.8, 0.9, 0.95, 0.98]
    many = [0.0001 * 10 ** (i * 2.5 / 19) for i in range(20)]
    tiny = [1e-6 * 10 ** (i * 4 / 19) for i in range(20)]
    kinds = {
        "momentum": (Momentum, {"lr": many, "momentum": decays}, {}),
        "delta momentum": (
            DeltaMomentum,
            {"lr": rates, "momentum": decays, "erase": [0.0003, 0.003, 0.03, 0.3]},
            {},
        ),
        "delta momentum, (49) as printed": (
            DeltaMomentum,
            {"lr": tiny, "momentum": decays},
            {"printed": True},
        ),
    }
    found = {}
    for landscape in LANDSCAPES:
        play = descended(landscape)
        name = "k={}, alpha={}, omega={}".format(*landscape)
        found[name] = {n: searched(kind, play, [0], [1, 2, 3], max) for n, kind in kinds.items()}
    return {"unit": "share of 64 starts at the minimum after 300 steps", "found": found}


# ---- a minimum that moves


def circle(period: int, steps: int = 600, radius: float = 2.0) -> Tensor:
    """Where the minimum is: the next place is a linear function of this one."""
    turn = torch.arange(steps) * 2 * torch.pi / period
    return radius * torch.stack([turn.cos(), turn.sin()], -1)


def places(steps: int = 1200, n: int = 6, radius: float = 2.0) -> Tensor:
    """n places on the circle, not in the order in which they lie: no linear function leads on."""
    turn = 2 * torch.pi / n * torch.tensor([0, 2, 5, 1, 3, 4])[torch.arange(steps) % n]
    return radius * torch.stack([turn.cos(), turn.sin()], -1)


def followed(centre: Tensor, noise: float = 0.3) -> Callable:
    """Mean squared distance to the minimum over the last third; a seed is one run."""
    steps = len(centre)

    def play(make, options, seeds):
        draws = [torch.Generator().manual_seed(s) for s in seeds]
        noises = torch.stack([torch.randn(steps, 2, generator=g) for g in draws]) * noise
        groups, params = leaves(options, lambda: [torch.zeros(2) for _ in seeds])
        optimizer, distance = make(groups), torch.zeros(len(options), len(seeds))
        for step in range(steps):
            where = torch.stack([torch.stack([p.detach() for p in mine]) for mine in params])
            if step >= steps * 2 // 3:
                distance += (where - centre[step]).square().sum(-1)
            gradients = where - centre[step] + noises[:, step]
            for mine, rows in zip(params, gradients, strict=True):
                for p, g in zip(mine, rows, strict=True):
                    p.grad = g.clone()
            optimizer.step()
        return distance / (steps - steps * 2 // 3)

    return play


def rotating() -> dict:
    kinds = {
        "SGD": (Momentum, SGD, {"momentum": 0.0}),
        "momentum": (Momentum, HEAVY, {}),
        "delta momentum": (DeltaMomentum, ERASE, {}),
        "linear memory, next": (LinearMemory, INNER, {"kind": "next"}),
        "DMGD, next": (DMGD, INNER, {"kind": "next"}),
    }
    ways = {"circle, period 20": circle(20), "six places": places()}
    found = {}
    for way, centre in ways.items():
        play = followed(centre)
        found[way] = {
            name: searched(kind, play, [0, 1], [10, 11, 12, 13]) for name, kind in kinds.items()
        }
    unit = "mean squared distance to a minimum that moves on a circle of radius 2, noise 0.3"
    return {"unit": unit, "found": found}


# ---- heavy tails


def noisy(steps: int = 400, dim: int = 16, freedom: float = 1.5) -> Callable:
    """Loss 1/2 sum lambda w^2 (lambda from 0.1 to 1) over the last quarter; noise: Student's t."""
    curve = torch.linspace(0.1, 1, dim)

    def play(make, options, seeds):
        torch.manual_seed(seeds[0])
        law = torch.distributions.StudentT(freedom)
        noises = 0.3 * law.sample((steps, len(seeds), dim))
        groups, params = leaves(options, lambda: [torch.ones(dim) for _ in seeds])
        optimizer, loss = make(groups), torch.zeros(len(options), len(seeds))
        for step in range(steps):
            where = torch.stack([torch.stack([p.detach() for p in mine]) for mine in params])
            if step >= steps * 3 // 4:
                loss += 0.5 * (curve * where.square()).sum(-1)
            for mine, rows in zip(params, curve * where + noises[step], strict=True):
                for p, g in zip(mine, rows, strict=True):
                    p.grad = g.clone()
            optimizer.step()
        return loss / (steps - steps * 3 // 4)

    return play


def heavy() -> dict:
    small = {"lr": [0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]}
    kinds = {
        "SGD": (Momentum, small, {"momentum": 0.0}),
        "momentum": (Momentum, {**small, "momentum": [0.5, 0.9]}, {}),
        "SGD, clipped": (ClippedSGD, {**small, "longest": [0.1, 0.3, 1.0, 3.0]}, {}),
        "SGD, normalised": (NormalisedSGD, small, {"momentum": 0.0}),
        "linear memory, gradient": (LinearMemory, {**small, "inner_lr": [0.02, 0.1, 0.5]}, {}),
        "DMGD, gradient": (DMGD, {**small, "inner_lr": [0.02, 0.1, 0.5]}, {}),
        "DMGD, literal (50)": (DMGD, {**small, "inner_lr": [0.02, 0.1, 0.5]}, {"kind": "literal"}),
    }
    seeds = list(range(100, 108))
    found = {n: searched(kind, noisy(), [0, 1, 2, 3], seeds) for n, kind in kinds.items()}
    return {
        "unit": "mean loss over the last 100 of 400 steps, noise Student's t of 1.5",
        "found": found,
    }


# ---- rare facts


def facts(steps: int, n: int = 32, dim: int = 32) -> Callable:
    """The share of facts whose answer is nearer to the truth than 0 is by half, |Wk - v|^2 < 1/2.

    The gradient is exact: every fact weighs what it is frequent, rank^-1.5.
    """
    share = torch.arange(1, n + 1) ** -1.5
    share = share / share.sum()

    def drawn(seed: int) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(seed)
        keys, values = (torch.randn(n, dim, generator=generator) for _ in range(2))
        keys = keys / keys.norm(dim=1, keepdim=True)
        return keys, values / values.norm(dim=1, keepdim=True)

    def play(make, options, seeds):
        groups, params = leaves(options, lambda: [torch.zeros(dim, dim) for _ in seeds])
        known, optimizer = [drawn(s) for s in seeds], make(groups)
        for _ in range(steps):
            for mine in params:
                for W, (K, V) in zip(mine, known, strict=True):
                    W.grad = (share[:, None] * (K @ W.detach().mT - V)).mT @ K
            optimizer.step()
        rows = [[(K @ W.detach().mT - V).square().sum(-1) < 0.5 for W, (K, V) in
                 zip(mine, known, strict=True)] for mine in params]  # fmt: skip
        return torch.stack([torch.stack(row) for row in rows]).float().mean(-1)

    return play


def zipf() -> dict:
    wide = {"lr": [10 ** (e / 4) for e in range(-12, 9)]}  # 0.001 to 100
    low = {"lr": [10 ** (e / 4) for e in range(-28, -7)]}  # 1e-7 to 0.01
    decays = {"momentum": [0.5, 0.8, 0.9, 0.95]}
    betas = {"betas": (0.1, 0.1, 0.1)}
    kinds = {
        "SGD": (Momentum, wide, {"momentum": 0.0}),
        "SGD, momentum": (Momentum, {**wide, **decays}, {}),
        "delta momentum": (DeltaMomentum, {**wide, **decays}, {"erase": 1.0}),
        "Adam": (lambda g: torch.optim.Adam(g), wide, {"betas": (0.9, 0.95)}),
        "Muon": (torch.optim.Muon, {**wide, **decays}, {"weight_decay": 0.0}),
        "M3, means, no division": (M3, wide, {"ema": True, "divide": False, **betas}),
        "M3, means": (M3, low, {"ema": True, **betas}),
        "M3 as printed": (M3, low, {}),
    }
    found: dict = {name: {} for name in kinds}
    for steps in (20, 40):
        for name, kind in kinds.items():
            found[name][f"{steps} steps"] = searched(kind, facts(steps), [0, 1], [5, 6, 7, 8], max)
    return {"unit": "share of 32 facts known, rates tuned for each number of steps", "found": found}


PARTS = {"eq53": eq53, "rotating": rotating, "heavy": heavy, "zipf": zipf, "language": language}


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {"parts": {}}
    record["command"] = "OMP_NUM_THREADS=1 python -m tests.benchmarks.optimizers"
    record |= {"device": "cpu", "torch": torch.__version__, "python": platform.python_version()}
    for name in names or list(PARTS):
        start = time.process_time()
        part = PARTS[name]()
        record["parts"][name] = {**part, "seconds": round(time.process_time() - start, 1)}
        print(name, json.dumps(record["parts"][name], indent=1), flush=True)
        RECORD.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
