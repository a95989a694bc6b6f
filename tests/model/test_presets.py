"""Every rule by its name, through the whole house: models, files, streams, looking, contests."""

import pytest
import torch

from titans_book.comparison import PROFILES
from titans_book.comparison.contestants import everybody, new_model
from titans_book.inspection.looking import look
from titans_book.memory import NeuralMemory, presets
from titans_book.model import TitansConfig, TitansLM, load_state, save_state
from titans_book.training import TrainingSettings, train

SIZE = dict(vocab=32, dim=16, depth=1, heads=2, hidden=16)


def model(name, variant="lmm", **options):
    torch.manual_seed(0)
    return TitansLM(TitansConfig(variant, **SIZE, memory={"rule": name}, **options))


def tokens(length=40, seed=1):
    return torch.randint(32, (2, length), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", presets.NAMES)
@pytest.mark.parametrize("variant", ["lmm", "mac", "mag", "mal"])
def test_a_model_of_any_rule_reads_in_pieces_and_its_config_goes_through_json(name, variant):
    bound = {"mac": {"segment": 8}, "mag": {"window": 8}, "mal": {"window": 8}}.get(variant, {})
    made = model(name, variant, **bound).double().eval()
    assert TitansConfig(**made.config.to_dict()) == made.config
    assert made.blocks[0].memory.rule == presets.rule(name)
    x = tokens(24)
    with torch.no_grad():
        whole, _ = made(x)
        first, state = made(x[:, :11])
        second, _ = made(x[:, 11:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", presets.NAMES)
def test_a_state_of_any_rule_is_kept_in_a_file(name, tmp_path):
    made, x = model(name).eval(), tokens(21)
    with torch.no_grad():
        _, state = made(x)
        save_state(state, tmp_path / "state")
        again = load_state(tmp_path / "state")
        assert torch.equal(made(x, again)[0], made(x, state)[0])


@pytest.mark.parametrize("name", presets.NAMES)
def test_a_model_of_any_rule_is_trained_looked_at_and_writes(name):
    made = model(name)
    settings = TrainingSettings(steps=2, batch=2, length=20, watch_every=1)
    events = list(train(made, tokens(400)[0], settings))
    assert all(
        torch.isfinite(torch.tensor(event.loss)) for event in events if hasattr(event, "loss")
    )
    trace = look(made, tokens(20)[0])[0].memory.trace
    assert trace.surprise.shape[-1] == 20
    assert trace.times[-1] == 20 and len(trace.film[0]) == len(trace.times)
    assert made.generate(tokens(7)[:1], 3).shape[-1] == 10


def test_any_preset_takes_part_in_a_comparison():
    assert set(presets.NAMES) < set(everybody())
    taking = new_model("yaad", PROFILES["quick"], vocab=20, seed=0)
    assert taking.blocks[0].memory.rule == presets.rule("yaad")


def test_other_networks_are_chosen_by_name_as_well():
    for name in ("linear", "mlp", "gated", "vector"):
        memory = NeuralMemory(8, heads=2, network=name, retention="decay", clamp=None)
        y, state = memory(torch.randn(2, 20, 8))
        y.sum().backward()
        assert memory.rule.network.form == ("mlp" if name in ("linear", "mlp") else name)
        assert state.position == 20 and memory.initial[-1].grad.abs().sum() > 0
    assert TitansConfig("lmm", memory={"network": "gated"}).new_memory().rule.network.layers == 3
