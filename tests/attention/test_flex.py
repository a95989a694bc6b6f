"""The GPU's way is the same function: here it runs on a CPU, as flex_attention's plain form."""

import inspect
import json
import os
import shutil
import subprocess
import sys

import pytest
import torch
from torch._dynamo.exc import BackendCompilerFailed
from torch.nn.attention.flex_attention import create_block_mask

from tests.attention.cases import build, tokens
from tests.attention.long_text import KINDS as LONG
from tests.attention.long_text import TIME
from titans_book import compiling
from titans_book.attention import flex, masks

KINDS = [
    {},
    {"persistent": 3},
    {"window": 50},
    {"window": 1, "persistent": 2},
    {"window": 140, "persistent": 130},
    {"segment": 60, "persistent": 3},
    {"segment": 140},
]
kinds = pytest.mark.parametrize("options", KINDS, ids=str)


@pytest.fixture
def on_this_device(monkeypatch):
    """Take the GPU's way here, as flex_attention's plain form, and count the calls."""
    calls, attend = [], flex.attend
    # torch.compile cannot look through the type checker that hangs on functions in the tests
    monkeypatch.setattr(masks, "causal", inspect.unwrap(masks.causal))
    monkeypatch.setattr(flex, "wanted", lambda *_: True)
    monkeypatch.setattr(flex, "attend", lambda *a: calls.append(a) or attend(*a))
    return calls


@kinds
@pytest.mark.parametrize("with_memory", [False, True])
@torch.no_grad()
def test_it_is_the_same_attention(options, with_memory, on_this_device, monkeypatch):
    attention, x = build(**options), tokens(batch=1, time=400)
    beside = tokens(batch=1, time=400, seed=2) if with_memory else None
    have, _ = attention(x, beside=beside)
    assert len(on_this_device) == 1
    monkeypatch.setattr(flex, "wanted", lambda *_: False)
    want, _ = attention(x, beside=beside)
    assert (have - want).abs().max() <= 1e-10


@kinds
@torch.no_grad()
def test_a_text_in_pieces(options, on_this_device):
    attention, x = build(**options), tokens(batch=1, time=400)
    whole, _ = attention(x)
    state, pieces = None, []
    for part in x.split([190, 1, 209], dim=1):
        y, state = attention(part, state)
        pieces.append(y)
    assert (torch.cat(pieces, dim=1) - whole).abs().max() <= 1e-10


@pytest.mark.parametrize("persistent", [0, 5, 128, 200])
@pytest.mark.parametrize("opened", [0, 37])
@pytest.mark.parametrize("kind", ["causal", "window", "segment"])
def test_the_tiles_are_those_that_pytorch_finds(kind, opened, persistent):
    """create_block_mask asks the mask for every row and column: the slow and certain way."""
    rows, columns = 300, opened + 300
    place = opened + torch.arange(rows)
    mask, first = {
        "causal": (masks.causal, torch.zeros_like(place)),
        "window": (masks.window(100), place - 99),
        "segment": (masks.segment(90), place // 90 * 90),
    }[kind]
    mask = masks.persistent_columns(masks.memory_columns(mask, columns), persistent)
    starts = [persistent, persistent + columns, persistent + 2 * columns]
    have = flex.tiles(first, place, starts, persistent)

    def seen(batch, head, row, column):
        return mask(opened + row, column)

    dense = create_block_mask(seen, None, None, rows, starts[-1], device="cpu").to_dense()[0, 0]
    assert torch.equal(have, dense.bool())


def test_when_it_is_wanted():
    gpu, cpu, number = torch.device("cuda"), torch.device("cpu"), torch.float32
    assert flex.wanted(400, 16, number, gpu, 64)
    assert flex.wanted(400, 16, torch.bfloat16, gpu, None)
    assert not flex.wanted(400, 16, number, cpu, 64)
    assert not flex.wanted(400, 8, number, gpu, 64)
    assert not flex.wanted(400, 16, number, gpu, 400)
    assert not flex.wanted(400, 16, torch.float64, gpu, 64)
    with compiling.when("never"):
        assert not flex.wanted(400, 16, number, gpu, 64)


@kinds
def test_where_it_cannot_be_compiled_attention_goes_block_by_block(options, monkeypatch, caplog):
    """Not in flex_attention's plain form, which would fill T x T numbers."""

    def broken(function, **_):
        def call(*_):
            raise BackendCompilerFailed(function, RuntimeError("no compiler here"), None)

        return call

    attention, x = build(**options), tokens(batch=1, time=400)
    want, _ = attention(x)
    monkeypatch.setattr(torch, "compile", broken)
    monkeypatch.setattr(flex, "wanted", lambda *_: True)
    compiling._compiled.cache_clear()
    with compiling.when("always"):
        have = [attention(x)[0] for _ in range(2)]
    compiling._compiled.cache_clear()
    assert torch.equal(have[0], want) and torch.equal(have[1], want)
    assert caplog.text.count("going on without torch.compile") == 1


def _cannot_compile() -> str:
    if not os.access("/proc/self/clear_refs", os.W_OK):
        return "the peak of memory is read from Linux's /proc"
    if not shutil.which("g++"):
        return "flex_attention is compiled with g++, which is not here"
    if "AVX" not in torch.backends.cpu.get_cpu_capability():
        return "flex_attention compiles for processors with AVX2, which this is not"
    return ""


@pytest.mark.skipif(bool(_cannot_compile()), reason=_cannot_compile())
@pytest.mark.parametrize("kind", LONG)
def test_compiled_it_forms_nothing_of_the_size_of_the_text_squared(kind, root):
    """64k tokens as flex_attention's own code: a mask of T x T bytes alone would be 4 GiB."""
    command = [sys.executable, "-m", "tests.attention.long_text", kind]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    saw = json.loads(done.stdout)
    assert saw["answered"] == 2 * [[1, 4, TIME, 16]], done.stderr
    assert saw["apart"] <= 1e-6
    assert saw["grown"] <= TIME * TIME / 8
