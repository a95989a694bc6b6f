"""TitansLM: the checks that whole models of other implementations fail."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from titans_book.model import TitansConfig, TitansLM

SMALL = dict(vocab=64, dim=32, depth=2, heads=2, hidden=48)
FIELDS = {"vocab": 65, "dim": 16, "depth": 1, "heads": 4, "hidden": 32, "memory": {"chunk": 4}}


def build(seed=0, **changes):
    """A float64 model with its matrices drawn wide, so that no fault hides behind a small start."""
    torch.manual_seed(seed)
    model = TitansLM(TitansConfig(**{**SMALL, **changes})).double()
    for p in model.parameters():
        if p.dim() >= 2:
            nn.init.normal_(p, std=0.25)
    return model


def tokens(batch=2, time=64, seed=1):
    return torch.randint(0, 64, (batch, time), generator=torch.Generator().manual_seed(seed))


depths = pytest.mark.parametrize("depth", [1, 2, 3])


@depths
@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("time", [64, 61])
def test_causal(depth, train, time):
    model, x = build(depth=depth).train(train), tokens(time=time)
    y, _ = model(x)
    for p in (time - 1, 32, 16, 3):
        other = x.clone()
        other[:, p] = (other[:, p] + 1) % 64
        change = (model(other)[0] - y).abs().amax((0, 2))
        assert change[:p].max() == 0 and change[p] > 0


@depths
def test_repeat_batch_prefix(depth):
    model, x = build(depth=depth), tokens()
    y, _ = model(x)
    assert torch.equal(model(x)[0], y)
    assert (model(x[:1])[0] - y[:1]).abs().max() <= 1e-12
    assert (model(x[:, :32])[0] - y[:, :32]).abs().max() <= 1e-9


@depths
@pytest.mark.parametrize("cuts", [[16], [32], [33], [1, 2, 40], list(range(1, 64))], ids=str)
def test_stream(depth, cuts):
    model, x = build(depth=depth), tokens()
    y, _ = model(x)
    pieces, state = [], None
    for part in x.tensor_split(cuts, dim=1):
        piece, state = model(part, state)
        pieces.append(piece)
    assert (torch.cat(pieces, dim=1) - y).abs().max() <= 1e-9
    assert state.position == 64


def test_modes():
    model, x = build(), tokens()
    y, _ = model(x)
    with torch.no_grad():
        assert torch.equal(model(x)[0], y)
        assert torch.equal(model.eval()(x)[0], y)
    with torch.inference_mode():
        assert torch.equal(model(x)[0], y)


@depths
def test_grads(depth):
    model, x = build(depth=depth), tokens()
    logits, _ = model(x[:, :-1])
    F.cross_entropy(logits.flatten(0, 1), x[:, 1:].flatten()).backward()
    assert [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_has_an_effect(name):
    def answer(config):
        torch.manual_seed(0)
        return TitansLM(config)(tokens())[0][..., :64]

    plain, other = TitansConfig(**SMALL), TitansConfig(**{**SMALL, name: FIELDS[name]})
    assert not torch.allclose(answer(plain), answer(other), atol=1e-6)


def test_a_forward_pass_leaves_the_model_as_it_was():
    model = build()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model(tokens())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_a_fresh_model_is_as_unsure_as_it_should_be():
    torch.manual_seed(0)
    model, x = TitansLM(TitansConfig()), torch.randint(0, 256, (2, 65))
    logits, _ = model(x[:, :-1])
    loss = F.cross_entropy(logits.flatten(0, 1), x[:, 1:].flatten()).item()
    assert loss == pytest.approx(torch.log(torch.tensor(256.0)).item(), abs=0.8)


def test_the_trace_holds_one_film_a_block():
    trace = []
    build()(tokens(), trace=trace)
    assert len(trace) == 2 and trace[0].times == (0, 16, 32, 48, 64)
    assert trace[0].surprise.shape == (2, 64) and len(trace[0].film) == 2


def test_the_config_survives_json():
    import json

    config = TitansConfig(**{**SMALL, "memory": {"chunk": 8, "read": "before"}})
    assert TitansConfig(**json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    "field, value, error, named",
    [
        ("variant", "mamba", ValueError, "variant"),
        ("vocab", 0, ValueError, "vocab"),
        ("dim", 0, ValueError, "dim"),
        ("heads", 5, ValueError, "multiple of heads=5"),
        ("depth", -1, ValueError, "depth"),
        ("hidden", 0, ValueError, "hidden"),
        ("memory", {"chunks": 4}, ValueError, "memory: option must be .*'chunk'.*got 'chunks'"),
        ("memory", {"chunk": 0}, ValueError, "chunk"),
        ("memory", {"dim": 8}, ValueError, "memory must not set"),
    ],
)
def test_wrong_fields_are_named(field, value, error, named):
    with pytest.raises(error, match=named):
        TitansConfig(**{**SMALL, field: value})


def test_wrong_tokens_and_states_are_named():
    model = TitansLM(TitansConfig(**SMALL))
    with pytest.raises(ValueError, match="between 0 and 63"):
        model(torch.tensor([[64]]))
    with pytest.raises(ValueError, match="between 0 and 63"):
        model(torch.tensor([[-1]]))
    _, state = TitansLM(TitansConfig(**{**SMALL, "depth": 1}))(tokens())
    with pytest.raises(ValueError, match="blocks"):
        model(tokens(), state)
