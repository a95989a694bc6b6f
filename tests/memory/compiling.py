"""torch.compile: the same numbers, one graph whatever the length, and a step that falls back.

Run by test_compiled.py in a process of its own: torch.compile cannot look through the type checker
that hangs on every function in the other tests.
"""

import logging
from functools import partial

import pytest
import torch
from torch._dynamo.exc import BackendCompilerFailed
from torch._dynamo.testing import CompileCounterWithBackend

from tests.memory.cases import assert_equal, call, gradients, parts, problem
from titans_book import compiling
from titans_book.memory import NeuralMemory, memorize, presets


@pytest.fixture(autouse=True)
def _fresh():
    """No compiled code of another test; it is not kept between tests either."""
    torch._dynamo.reset()
    compiling._compiled.cache_clear()
    yield
    torch._dynamo.reset()
    compiling._compiled.cache_clear()


def layer(**options):
    torch.manual_seed(0)
    return NeuralMemory(8, heads=2, chunk=4, **options).double()


def tokens(time):
    return torch.randn(2, time, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_one_graph_whatever_the_length():
    """fullgraph: a graph break would raise. The second graph is the one for all lengths."""
    memory, backend = layer(), CompileCounterWithBackend("aot_eager")
    fast = torch.compile(memory, fullgraph=True, backend=backend)
    for time in (8, 12, 16, 21, 34, 60):
        assert_equal(fast(tokens(time))[0], memory(tokens(time))[0])
    assert backend.frame_count == 2


def test_a_state_goes_in_and_out_of_a_compiled_memory():
    memory, x = layer(depth=3), tokens(23)
    fast = torch.compile(memory, fullgraph=True, backend="aot_eager")
    want, want_state = memory(x)
    head, state = fast(x[:, :9])
    tail, state = fast(x[:, 9:], state)
    assert_equal(torch.cat([head, tail], dim=1), want)
    for have, expected in zip(parts(state.memory), parts(want_state.memory), strict=True):
        assert_equal(have, expected)
    assert state.memory.position == 23


@pytest.mark.parametrize(
    "options", [{}, {"damping": 2.0, "clamp": None}, {"recompute": 2}], ids=str
)
def test_outer_gradients_of_a_compiled_memory(options):
    memory, x = layer(**options), tokens(18)

    def slopes(function):
        memory.zero_grad()
        y, state = function(x)
        (y.sin().sum() + sum(W.cos().sum() for W in state.memory.weights)).backward()
        return [p.grad.clone() for p in memory.parameters()]

    fast = torch.compile(memory, fullgraph=True, backend="aot_eager")
    for have, want in zip(slopes(fast), slopes(memory), strict=True):
        assert_equal(have, want)


def test_the_operator_keeps_the_rules_of_pytorch():
    from titans_book.memory import operator
    from titans_book.memory.rule import Rule

    q, k, v, *gates, W = problem(batch=1, heads=1, time=5, dim=3, depth=1)
    M = W.detach()[None].requires_grad_()
    zero = torch.zeros_like(M, requires_grad=True)
    layers, origin = [M, zero, M.detach().clone()], [M.detach().clone().requires_grad_()]
    rule = Rule.of(1, retention="initial", chunk=2, clamp=4.0).line
    torch.library.opcheck(operator._memorize, ([q, k, v, *gates], layers, origin, 3, rule, None))


def test_a_compiled_chunk_is_the_same_function(caplog, monkeypatch):
    """Through Dynamo and AOTAutograd; what Inductor makes of it, the benchmark checks."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    leaves = problem(batch=1, heads=1, time=8, depth=1)
    want, want_state = call(memorize, leaves, chunk=4)
    with compiling.when("always"):
        have, state = call(memorize, leaves, chunk=4)
    assert_equal(have, want)
    for one, other in zip(
        gradients(have, state, leaves), gradients(want, want_state, leaves), strict=True
    ):
        assert_equal(one, other)
    assert "compiling the memory's chunk step for cpu" in caplog.text


def test_where_nothing_can_be_compiled_the_step_goes_on_as_it_is(monkeypatch, caplog):
    def broken(function, **_):
        def call(*_):
            raise BackendCompilerFailed(function, RuntimeError("no compiler here"), None)

        return call

    monkeypatch.setattr(torch, "compile", broken)
    leaves = problem(time=9)
    with compiling.when("always"), caplog.at_level(logging.WARNING):
        have, _ = call(memorize, leaves, chunk=4)
    assert_equal(have, call(memorize, leaves, chunk=4)[0])
    assert caplog.text.count("going on without torch.compile") == 1


def test_a_gpu_compiles_by_default_and_a_cpu_does_not(monkeypatch):
    monkeypatch.setattr(compiling, "_compiled", lambda function, kind, *_: kind)
    here = "as it is"
    assert compiling.step(here, torch.device("cpu"), "it") == here
    assert compiling.step(here, torch.device("cuda"), "it") == "cuda"
    with compiling.when("never"):
        assert compiling.step(here, torch.device("cuda"), "it") == here
    with compiling.when("always"):
        assert compiling.step(here, torch.device("cpu"), "it") == "cpu"


def test_a_wrong_choice_is_named(monkeypatch):
    monkeypatch.setattr(compiling, "_chosen", ["sometimes"])
    with pytest.raises(ValueError, match="TITANS_BOOK_COMPILE must be one of 'auto', 'always'"):
        compiling.step(None, torch.device("cpu"), "it")


EVERY_FORM = ["kda", "gated-deltanet-2", "deltaproduct", "longhorn", "yaad", "moneta", "memora"]
EVERY_FORM += ["gla", "omeganet", "atlas", "mesa", "softmax-attention"]


@pytest.mark.parametrize("name", EVERY_FORM)
def test_every_form_is_one_graph_with_the_same_numbers(name):
    """Gates, states and groups of a rule through the operator, or traced where it has none."""
    assert name in presets.NAMES
    torch.manual_seed(0)
    memory, x = NeuralMemory(8, heads=2, rule=name).double(), tokens(20).requires_grad_()
    compiled = torch.compile(memory, fullgraph=True, backend="aot_eager")
    found = []
    for function in (memory, compiled):
        y, state = function(x)
        leaves = [x, *(p for p in memory.parameters() if p.requires_grad)]
        ends = torch.autograd.grad(y.sin().sum(), leaves)
        found.append((y, *state.tensors(), *ends))
    for have, want in zip(*found, strict=True):
        assert_equal(have, want)


def test_one_token_compiled_is_one_token():
    """What generating a text asks for, with and without the sweep that comes every few tokens."""
    memory, x = layer(), tokens(6)
    want, want_state = memory(x)
    state, answers = None, []
    with compiling.when("always"):
        for token in x.split(1, dim=1):
            y, state = memory(token, state)
            answers.append(y)
    assert_equal(torch.cat(answers, dim=1), want)
    for have, expected in zip(parts(state.memory), parts(want_state.memory), strict=True):
        assert_equal(have, expected)
