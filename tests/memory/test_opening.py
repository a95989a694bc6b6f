"""Hard gates: they reach 0 and 1, and a memory that turns its sign with one loses nothing."""

import pytest
import torch
from torch import nn

from tests.memory.cases import assert_equal
from titans_book.memory import NeuralMemory, Rule, presets, reference
from titans_book.memory.opening import GATES, hard
from titans_book.model import TitansConfig, TitansLM
from titans_book.training import TrainingSettings, load_checkpoint, train

LINEAR = {"rule": "deltanet", "theta_max": 2.0}


def test_a_hard_gate_is_the_tangent_of_the_sigmoid_and_reaches_both_ends():
    z = torch.zeros((), dtype=torch.float64, requires_grad=True)
    for gate in (torch.sigmoid, hard):
        assert gate(z).item() == 0.5
        assert torch.autograd.grad(gate(z), z)[0].item() == 0.25
    far = torch.tensor([-30.0, -2.0, 2.0, 30.0], dtype=torch.float64)
    assert hard(far).tolist() == [0, 0, 1, 1]
    assert torch.sigmoid(far).min() > 0 and torch.sigmoid(far).max() < 1


@pytest.mark.parametrize("name", GATES)
@pytest.mark.parametrize("share", [0.0025, 0.2, 0.5, 0.99])
def test_a_gate_opens_as_far_as_it_is_told(name, share):
    z = torch.tensor(GATES[name].closed(share), dtype=torch.float64)
    assert GATES[name].open_(z).item() == pytest.approx(share, rel=1e-12)


@pytest.mark.parametrize("rule", ["titans", "kda", "gated-deltanet-2", "yaad", "deltaproduct"])
def test_a_layer_begins_as_far_open_with_either_gate(rule):
    soft, stiff = (NeuralMemory(8, rule=rule, gate=gate) for gate in GATES)
    x = torch.zeros(1, 3, 8)
    for name, share in soft.gates(x).given().items():
        torch.testing.assert_close(getattr(stiff.gates(x), name), share, msg=name)


@pytest.mark.parametrize(
    "options",
    [
        {"rule": "deltanet", "theta_max": 2.0},
        {"rule": "gated-deltanet", "forget_first": False, "theta_max": 2.0},
        {"rule": "deltaproduct", "theta_max": 2.0},
        {"rule": "kda"},
        {"rule": "gated-deltanet-2"},
        {"rule": "yaad", "chunk": 4},
        {"depth": 2, "chunk": 4},
    ],
    ids=str,
)
def test_the_fast_form_is_the_loop_with_a_hard_gate(options):
    """Answers, end state and slopes, at gates of which some are at an end."""
    torch.manual_seed(0)
    memory = NeuralMemory(8, heads=2, gate="hard", **options).double()
    for gate in memory.gates.values():
        nn.init.normal_(gate.weight, std=0.4)
    x = torch.randn(2, 21, 8, dtype=torch.float64)
    gates = memory.gates(x).given().values()
    assert any((g == 0).any() or (g == g.max()).sum() > 1 for g in gates)
    found = []
    for function in (memory.memorize, reference.memorize):
        memory.memorize = function
        y, state = memory(x)
        total = y.sin().sum() + sum(W.cos().sum() for W in state.memory.weights)
        slopes = torch.autograd.grad(total, list(memory.parameters()), allow_unused=True)
        found.append((y, *state.tensors(), *(s for s in slopes if s is not None)))
    assert len(found[0]) == len(found[1])
    for have, want in zip(*found, strict=True):
        assert_equal(have, want)


@pytest.mark.parametrize("gate", GATES)
def test_only_a_hard_gate_turns_a_sign_for_ever(gate):
    """A token whose value is 0 multiplies what is under its key by 1 - theta."""
    torch.manual_seed(0)
    memory = NeuralMemory(8, conv=1, gate=gate, **LINEAR).double()
    nn.init.constant_(memory.gates["theta"].bias, 5.0)
    nn.init.normal_(memory.initial[0])
    with torch.no_grad():
        memory.project.weight[16:] = 0  # W_V
    x = torch.randn(1, 1, 8, dtype=torch.float64)
    key = memory._queries_keys_values(x, None)[1][0, 0, 0]
    before = key @ memory.initial[0][0]
    for tokens, sign in ((255, -1), (256, 1)):
        _, state = memory(x.expand(1, tokens, 8))
        after = key @ state.memory.weights[0][0, 0]
        assert (after * before).sign().unique().tolist() == [sign]
    factor = 1 - memory.gates(x).theta.item()
    torch.testing.assert_close(after, before * factor**256, rtol=1e-10, atol=0)
    assert factor == -1 if gate == "hard" else factor**256 < 0.05


def test_a_gate_is_part_of_the_spec_and_an_older_spec_has_a_sigmoid():
    rule = presets.rule("deltanet", gate="hard", theta_max=2.0)
    assert Rule.from_spec(rule.spec()) == rule and rule.spec()["gate"] == "hard"
    older = {name: value for name, value in rule.spec().items() if name != "gate"}
    assert Rule.from_spec(older).gate == "sigmoid"


def test_a_checkpoint_keeps_the_gate(tmp_path):
    config = TitansConfig(vocab=16, dim=8, depth=1, heads=1, memory={**LINEAR, "gate": "hard"})
    assert TitansConfig(**config.to_dict()) == config
    model, text = TitansLM(config), torch.arange(400) % 16
    list(train(model, text, TrainingSettings(steps=2, batch=2, length=8), tmp_path))
    again, _ = load_checkpoint(tmp_path)
    assert again.blocks[0].memory.rule.gate == "hard"
    assert torch.equal(again(text[None, :12])[0], model(text[None, :12])[0])


def test_wrong_gates_are_named():
    with pytest.raises(ValueError, match="gate must be one of .*got 'soft'"):
        Rule.of(1, gate="soft")
    with pytest.raises(ValueError, match="gate must be 'sigmoid' with learning 'kernel'"):
        presets.rule("softmax-attention", gate="hard")
