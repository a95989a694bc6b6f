"""64k tokens by flex_attention, compiled: `python -m tests.attention.long_text KIND` prints JSON.

Run by test_flex.py in a process of its own: torch.compile cannot look through the type checker that
hangs on every function in the other tests, and the peak of memory shall be this call's.
"""

import json
import re
import sys
from pathlib import Path

import torch

from titans_book import compiling
from titans_book.attention import Attention, flex

TIME = 65_536
KINDS = {"window": {"window": 256}, "segment": {"segment": 256}}


def memory(which: str) -> int:
    """Bytes that this process has now (VmRSS), or has had at most (VmHWM)."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(rf"{which}:\s+(\d+)", status)[1])


@torch.no_grad()
def main(kind: str) -> None:
    torch.manual_seed(0)
    attention, x = Attention(64, 4, persistent=4, **KINDS[kind]), torch.randn(1, TIME, 64)
    beside = x.flip(1) if kind == "segment" else None  # MAC's memory columns
    want, _ = attention(x, beside=beside)
    answered, attend = [], flex.attend

    def watched(*arguments):
        y = attend(*arguments)
        answered.append(tuple(y.shape))
        return y

    flex.attend, flex.wanted = watched, lambda *_: True
    with compiling.when("always"):
        attention(x, beside=beside)  # compiles
        Path("/proc/self/clear_refs").write_text("5")  # VmHWM begins anew
        before = memory("VmRSS")
        have, _ = attention(x, beside=beside)
        grown = memory("VmHWM") - before
    apart = (have - want).abs().max().item()
    print(json.dumps({"answered": answered, "apart": apart, "grown": grown}))


if __name__ == "__main__":
    main(sys.argv[1])
