"""MIRAS's table 1, drawn from the code: what every preset is, whether it holds, and what it costs.

    python -m tests.benchmarks.table            measures all, about 15 minutes on one core, and
                                                writes notebooks/records/presets.json
    python -m tests.benchmarks.table moneta     measures some of them again
    python -m tests.benchmarks.table page       draws the page alone

The page notebooks/presets.md is drawn from that file, by the same command; a test compares them.

    CAUSAL   another token t changes no answer before t, to the bit.
    STREAM   one call equals two, in answers and in the state, to 1e-12 in float64.
    GRADS    outer gradients of x equal finite differences of the float64 oracle.
    RECALL   eight pairs of 16 bits, stored and asked in one call, after 250 steps of Adam at 3e-3:
             the share of bits, worst of two seeds; a guess has 0.5. 0.95 is asked for.
    time     of a layer of width 128 with two heads over 1,024 tokens, forward, as a multiple of
             that of Titans: medians of pairs measured in turn.
    state    bytes of the memory of such a layer, for one sequence in float32.
"""

import json
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

from tests.memory.cases import pairs
from titans_book.lab.project import ROOT
from titans_book.memory import NeuralMemory, presets, reference

RECORD, PAGE = ROOT / "notebooks/records/presets.json", ROOT / "notebooks/presets.md"
ASKED = 0.95  # of RECALL
SHORT = {"moneta": 8, "memora": 8}  # chunks with which RECALL's 16 tokens are more than one


def causal(name: str) -> bool:
    torch.manual_seed(0)
    memory, x = NeuralMemory(8, heads=2, rule=name).double(), torch.randn(1, 40, 8).double()
    y, other = memory(x)[0], x.clone()
    other[:, 21] += 1
    moved = memory(other)[0]
    return torch.equal(moved[:, :21], y[:, :21]) and not torch.equal(moved[:, 21:], y[:, 21:])


def stream(name: str) -> bool:
    torch.manual_seed(0)
    memory, x = NeuralMemory(8, heads=2, rule=name).double(), torch.randn(1, 40, 8).double()
    y, end = memory(x)
    first, middle = memory(x[:, :13])
    second, last = memory(x[:, 13:], middle)
    tensors = zip(end.tensors(), last.tensors(), strict=True)
    same = [(torch.cat([first, second], dim=1), y), *tensors]
    return all((one - two).abs().max() < 1e-12 for one, two in same)


def grads(name: str) -> bool:
    """Of the fast form, by finite differences of the oracle along five directions."""
    torch.manual_seed(0)
    memory = NeuralMemory(8, heads=2, rule=name).double()
    x = torch.randn(1, 20, 8).double().requires_grad_()
    weights = torch.randn(1, 20, 8).double()
    (slope,) = torch.autograd.grad((memory(x)[0] * weights).sum(), x)
    memory.memorize = reference.memorize
    worst, step = 0.0, 1e-5
    for _ in range(5):
        way = torch.randn_like(x)
        with torch.no_grad():
            up, down = ((memory(x + s * way)[0] * weights).sum() for s in (step, -step))
        measured = ((up - down) / (2 * step)).item()
        gap = abs((slope * way).sum().item() - measured)
        worst = max(worst, gap / max(1.0, abs(measured)))
    return worst < 1e-6


class Recall(nn.Module):
    """A line in, one memory, a line out."""

    def __init__(self, dim: int = 32, **options) -> None:
        super().__init__()
        self.enter, self.leave = nn.Linear(33, dim), nn.Linear(dim, 16)
        self.memory = NeuralMemory(dim, **options)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.leave(self.memory(self.enter(x))[0])[:, 8:]


def recall(seed: int, **options) -> float:
    """The share of bits that a model trained from this seed gets right."""
    torch.manual_seed(seed)
    generator, model = torch.Generator().manual_seed(seed), Recall(**options)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(250):
        x, target = pairs(generator)
        loss = F.binary_cross_entropy_with_logits(model(x), (target > 0).float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x, target = pairs(generator, batch=256)
    with torch.no_grad():
        return ((model(x) > 0) == (target > 0)).float().mean().item()


def cost(name: str) -> tuple[float, int]:
    """(the time over that of Titans, bytes of the memory)."""
    x = torch.randn(1, 1024, 128)
    layers = [NeuralMemory(128, heads=2, rule=rule) for rule in (name, "titans")]
    ratios = []
    with torch.no_grad():
        for _ in range(5):
            took = []
            for layer in layers:
                start = time.perf_counter()
                _, state = layer(x)
                took.append(time.perf_counter() - start)
                if layer is layers[0]:
                    bytes_ = state.memory.nbytes
            ratios.append(took[0] / took[1])
    return statistics.median(ratios[1:]), bytes_


def measure(name: str) -> dict:
    ratio, bytes_ = cost(name)
    options = {"rule": name} | ({"chunk": SHORT[name]} if name in SHORT else {})
    return {
        "causal": causal(name),
        "stream": stream(name),
        "grads": grads(name),
        "recall": [round(recall(seed, **options), 3) for seed in (0, 1)],
        "time": round(ratio, 2),
        "bytes": bytes_,
    }


DOT = "it adds up its pairs and corrects nothing, so that every pair disturbs the others"
CLOSE = "the worse of the two seeds stays just below; the other one reaches it"
WHY = {
    "titans-to-initial": CLOSE,
    "linear-attention": DOT,
    "retnet": DOT,
    "lightning-attention": DOT,
    "gla": DOT,
    "mamba2": DOT,
    "gated-deltanet-2": "its erase and its write gate begin half open: no pair is stored in one "
    "step before they have learned to open",
    "kda": "a gate for each of 32 features has more to learn in 250 steps",
    "momentum-deltanet": CLOSE,
    "ttt-linear": "in a chunk of 16 all errors are those of the empty memory: it adds up as well",
    "ttt-mlp": CLOSE,
    "yaad": CLOSE,
    "moneta": "the power 3 in the map leaves little of small weights, and it learns more slowly. "
    "With its own chunk of 16 the text would be one chunk, in which nothing that was written is "
    "read yet; measured with 8",
    "memora": "with its own chunk of 16 the text would be one chunk, in which nothing that was "
    "written is read yet; measured with 8",
}


def words(rule) -> list[str]:
    """The four choices in short."""
    network = rule.network
    what = {"gated": "gated MLP", "vector": "vector"}.get(
        network.form, "matrix" if network.depth == 1 else f"MLP of {network.depth} layers"
    )
    if rule.learning.name == "kernel":
        what = "all pairs"
    keeps = {"none": "everything", "decay": "decay", "initial": "decay towards M_0"}
    keep = keeps.get(rule.retention.name, rule.retention.name)
    if rule.retention.channels:
        keep += ", a gate a feature"
    if rule.retention.steady:
        keep += ", one a head"
    how = {"least-squares": "solved", "kernel": "softmax"}.get(rule.learning.name, "gradient")
    if rule.learning.name == "newton-schulz":
        how = "Newton-Schulz"
    more = {
        "momentum": rule.momentum,
        "forgets first": rule.forget_first,
        f"window {rule.window}": rule.window > 1,
        f"{rule.writes} writes": rule.writes > 1,
        "two gates": rule.split,
        "implicit": rule.damping == 1,
    }
    objective = rule.objective.name
    if objective == "lp":
        objective = f"l{rule.objective.p:g}"
    return [what, objective, keep, ", ".join([how, *(word for word, on in more.items() if on)])]


HEAD = """# The presets: models that bear a name, as four choices

Drawn from the code by `python -m tests.benchmarks.table`. Each row is one rule, chosen by its name
everywhere: `NeuralMemory(dim, rule="yaad")`, `TitansConfig(memory={"rule": "yaad"})`,
`python -m titans_book train --rule yaad`. Each equals the formula of its paper to 1e-12
(`tests/memory/test_presets.py`). [Chapter 10](10_miras.ipynb) teaches the choices.
"""
COLUMNS = ("preset", "memory", "objective", "keeps", "learns by", "CAUSAL", "STREAM", "GRADS")
COLUMNS += ("RECALL", "time", "state")


def page(record: dict) -> str:
    """The table and the reasons, in Markdown."""
    rows = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    reasons = []
    for name, found in record["presets"].items():
        marks = ["yes" if found[test] else "**no**" for test in ("causal", "stream", "grads")]
        worst, told = min(found["recall"]), name in SHORT or min(found["recall"]) < ASKED
        cost = [f"{found['time']:g}", f"{found['bytes'] / 1024:.0f} kB"]
        row = [f"`{name}`", *words(presets.rule(name)), *marks, f"{worst:.3f}{' ¹' * told}"]
        rows.append(f"| {' | '.join([*row, *cost])} |")
        if told:
            reasons.append(f"- `{name}`: {WHY[name]}.")
    where = f"Measured with {record['where']}."
    return "\n".join([HEAD, *rows, "", EXPLAINED.strip(), "", *reasons, "", where, ""])


EXPLAINED = """
- **CAUSAL**: another token changes no answer before it, to the bit.
- **STREAM**: one call equals two, in answers and state, to 1e-12.
- **GRADS**: outer gradients equal finite differences of the token-by-token oracle.
- **RECALL**: eight pairs of 16 bits, stored and asked in one call, after 250 training steps. The
  share of bits that come back, the worse of two seeds. A guess has 0.5, and 0.95 is asked for.
- **time**: of a layer's forward pass over 1,024 tokens on one core, as a multiple of Titans'.
- **state**: the memory of a layer of width 128 with two heads after these tokens, in float32.

¹ Why RECALL does not reach 0.95, or how it was measured:
"""


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {"presets": {}}
    for name in [] if names == ["page"] else names or list(presets.NAMES):
        record["presets"][name] = found = measure(name)
        print(name, found, flush=True)
        ordered = {n: record["presets"][n] for n in presets.NAMES if n in record["presets"]}
        record = {"where": f"torch {torch.__version__}, one core", "presets": ordered}
        RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(record), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
