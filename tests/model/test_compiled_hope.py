"""torch.compile of a Hope: one graph, and the eager model's values and gradients.

The check runs as `python tests/model/test_compiled_hope.py` in a process of its own, because
torch.compile cannot look through the type checker that hangs on every function in the other tests.
"""

import subprocess
import sys

import torch

from titans_book.model import TitansConfig, TitansLM


def test_a_compiled_hope_is_the_eager_one(root):
    command = [sys.executable, __file__]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "equal" in done.stdout


def hope() -> TitansLM:
    """One block: five memories that are matrices (two layers take longer), and three levels."""
    torch.manual_seed(0)
    size = dict(vocab=16, dim=8, depth=1, heads=2, hidden=12)
    return TitansLM(TitansConfig("hope", **size, memory={"chunk": 4, "depth": 1})).double()


def answers(model: torch.nn.Module, of: TitansLM) -> list[torch.Tensor]:
    """The logits of a text of one and a half chunks, and their gradient for every weight."""
    x = torch.randint(0, 16, (2, 6), generator=torch.Generator().manual_seed(1))
    logits, _ = model(x)
    weigh = torch.randn(logits.shape, generator=torch.Generator().manual_seed(2)).double()
    loss = (weigh * logits).sum()
    return [logits, *torch.autograd.grad(loss, list(of.parameters()))]


def check() -> None:
    """fullgraph: a graph break would raise. grad: a weight without a path to the loss would."""
    model = hope()
    assert set(model.blocks[0].memory.initial) == {"k", "v", "eta", "alpha", "memory"}
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    for have, want in zip(answers(compiled, model), answers(model, model), strict=True):
        assert want.abs().max() > 0
        torch.testing.assert_close(have, want, rtol=0, atol=1e-12)
    print("equal")


if __name__ == "__main__":
    check()
