"""TitansLM: the checks that whole models of other implementations fail."""

import json
from itertools import combinations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from titans_book.inspection import watch
from titans_book.model import TitansConfig, TitansLM, config

SMALL = dict(vocab=64, dim=32, depth=2, heads=2, hidden=48)
# Every variant, with segments and windows that do and that do not divide 64.
VARIANTS = [
    {"variant": "lmm"},
    {"variant": "mac", "segment": 16},
    {"variant": "mac", "segment": 7, "persistent": 2, "options": {"remembers": "tokens"}},
    {"variant": "mag", "window": 16, "persistent": 0},
    {"variant": "mag", "window": 7},
    {"variant": "mal", "window": 9},
    {"variant": "hope"},
    {"variant": "hope", "memory": {"chunk": 7, "read": "start", "fixed_q": False}},
    {"variant": "attention"},
    {"variant": "attention", "window": 7, "persistent": 3, "options": {"conv": 4}},
]
# Another value of every field; those of one variant only are tried on that variant.
FIELDS = [
    ({}, {"vocab": 65}),
    ({}, {"dim": 16}),
    ({}, {"depth": 1}),
    ({}, {"heads": 4}),
    ({}, {"hidden": 32}),
    *[
        ({"variant": variant}, {field: value})
        for variant, fields in {
            "lmm": ("memory",),
            "mac": ("memory", "segment", "persistent", "axial", "heads"),
            "mag": ("memory", "window", "persistent", "axial", "heads"),
            "mal": ("memory", "window", "persistent", "axial", "heads"),
            "hope": ("memory", "heads"),
            "attention": ("segment", "window", "persistent", "axial", "heads"),
        }.items()
        for field in fields
        for value in [{"memory": {"chunk": 4}, "heads": 4}.get(field, 3)]
    ],
]


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


variants = pytest.mark.parametrize("variant", VARIANTS, ids=str)
depths = pytest.mark.parametrize("depth", [1, 2, 3])


@pytest.mark.bare
@variants
@pytest.mark.parametrize("depth, train, time", [(1, True, 64), (2, False, 64), (3, True, 61)])
def test_causal(variant, depth, train, time):
    model, places = build(depth=depth, **variant).train(train), (time - 1, 32, 16, 3)
    x = tokens(batch=1, time=time).repeat(len(places), 1)
    other = x.clone()
    for row, p in enumerate(places):
        other[row, p] = (other[row, p] + 1) % 64
    change = (model(other)[0] - model(x)[0]).abs().amax(2)
    for row, p in zip(change, places, strict=True):
        assert row[:p].max() == 0 and row[p] > 0


@pytest.mark.bare
@variants
@pytest.mark.parametrize("depth", [1, 3])
def test_repeat_batch_prefix(variant, depth):
    model, x = build(depth=depth, **variant), tokens()
    y, _ = model(x)
    assert torch.equal(model(x)[0], y)
    assert (model(x[:1])[0] - y[:1]).abs().max() <= 1e-12
    assert (model(x[:, :32])[0] - y[:, :32]).abs().max() <= 1e-9


@pytest.mark.bare
@variants
@pytest.mark.parametrize(
    "depth, cuts", [(1, [16]), (2, [1, 2, 40]), (3, [33]), (1, list(range(1, 64)))], ids=str
)
def test_stream(variant, depth, cuts):
    model, x = build(depth=depth, **variant), tokens()
    y, _ = model(x)
    pieces, state = [], None
    for part in x.tensor_split(cuts, dim=1):
        piece, state = model(part, state)
        pieces.append(piece)
    assert (torch.cat(pieces, dim=1) - y).abs().max() <= 1e-9
    assert state.position == 64


@pytest.mark.bare
@variants
def test_modes(variant):
    model, x = build(**variant), tokens()
    y, _ = model(x)
    with torch.no_grad():
        assert torch.equal(model(x)[0], y)
        assert torch.equal(model.eval()(x)[0], y)
    with torch.inference_mode():
        assert torch.equal(model(x)[0], y)
        first, state = model(x[:, :21])
        assert (model(x[:, 21:], state)[0] - y[:, 21:]).abs().max() <= 1e-9


@variants
@depths
def test_grads(variant, depth):
    model, x = build(depth=depth, **variant), tokens()
    logits, _ = model(x[:, :-1])
    F.cross_entropy(logits.flatten(0, 1), x[:, 1:].flatten()).backward()
    assert [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


@pytest.mark.parametrize("variant, change", FIELDS, ids=str)
def test_every_field_has_an_effect(variant, change):
    def answer(**options):
        torch.manual_seed(0)
        return TitansLM(TitansConfig(**{**SMALL, **variant, **options}))(tokens())[0][..., :64]

    assert not torch.allclose(answer(), answer(**change), atol=1e-6)


def test_every_variant_is_another_function():
    answers = [build(**{"variant": name})(tokens())[0] for name in config.VARIANTS]
    for one, other in combinations(answers, 2):
        assert not torch.allclose(one, other, atol=1e-3)


@pytest.mark.parametrize(
    "variant, field, value",
    [
        ("lmm", "segment", 8),
        ("lmm", "window", 8),
        ("lmm", "persistent", 0),
        ("mac", "window", 8),
        ("mag", "segment", 8),
        ("mal", "segment", 8),
        ("hope", "window", 8),
        ("attention", "memory", {"chunk": 8}),
    ],
)
def test_a_field_without_an_effect_is_refused(variant, field, value):
    with pytest.raises(ValueError, match=f"{field} has no effect on variant '{variant}'"):
        TitansConfig(**{**SMALL, "variant": variant, field: value})


@pytest.mark.parametrize("name", config.VARIANTS)
def test_the_state_of_every_variant_can_be_cut_off_and_moved(name):
    model, x = build(variant=name), tokens()
    _, state = model(x[:, :40])
    want, _ = model(x[:, 40:], state)
    have, after = model(x[:, 40:], state.detach())
    assert torch.equal(have, want) and after.position == 64
    rough = state.to(torch.float32)
    assert rough.position == 40
    assert (model(x[:, 40:], rough)[0] - want).abs().max() < 1e-3


@pytest.mark.parametrize("name", config.VARIANTS)
def test_no_token_changes_nothing(name):
    model, x = build(variant=name), tokens()
    logits, state = model(x[:, :0])
    assert logits.shape == (2, 0, 64) and state.position == 0
    _, state = model(x[:, :5], state)
    logits, same = model(x[:, :0], state)
    assert same.position == 5
    assert torch.equal(model(x[:, 5:], same)[0], model(x[:, 5:], state)[0])


@variants
def test_a_forward_pass_leaves_the_model_as_it_was(variant):
    model = build(**variant)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model(tokens())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize("name", config.VARIANTS)
def test_a_fresh_model_is_as_unsure_as_it_should_be(name):
    torch.manual_seed(0)
    model, x = TitansLM(TitansConfig(name)), torch.randint(0, 256, (2, 65))
    logits, _ = model(x[:, :-1])
    loss = F.cross_entropy(logits.flatten(0, 1), x[:, 1:].flatten()).item()
    assert loss == pytest.approx(torch.log(torch.tensor(256.0)).item(), abs=0.8)


@pytest.mark.parametrize("name", ["lmm", "mac", "mag", "mal", "hope"])
def test_a_watched_model_shows_one_film_a_block(name):
    model = build(variant=name)
    with watch(model) as seen:
        model(tokens())
    first = seen.memories[0, "memory"]
    assert list(seen.memories) == [(0, "memory"), (1, "memory")]
    assert first.times[0] == 0 and first.times[-1] == 64
    assert first.surprise.shape == (2, 64) and len(first.film) == 2
    if name == "lmm":
        assert first.times == (0, 16, 32, 48, 64)


@variants
def test_the_config_survives_json(variant):
    made = TitansConfig(**{**SMALL, **variant})
    assert TitansConfig(**json.loads(json.dumps(made.to_dict()))) == made


def test_a_config_from_before_there_were_variants_still_loads():
    old = dict(variant="lmm", vocab=64, dim=32, depth=2, heads=2, hidden=48, memory={"chunk": 8})
    assert TitansConfig(**old) == TitansConfig(**{**SMALL, "memory": {"chunk": 8}})


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
        ("memory", {"chunk": 0}, ValueError, "memory: chunk must be"),
        ("memory", {"depth": True}, ValueError, "memory: depth must be"),
        ("memory", {"dim": 8}, ValueError, "memory must not set"),
        ("segment", 0, ValueError, "segment must be a whole number >= 1"),
        ("window", -2, ValueError, "window must be a whole number >= 1"),
        ("persistent", -1, ValueError, "persistent must be a whole number >= 0"),
    ],
)
def test_wrong_fields_are_named(field, value, error, named):
    variant = {"segment": "mac", "window": "mag", "persistent": "mal"}.get(field, "lmm")
    with pytest.raises(error, match=named):
        TitansConfig(**{**SMALL, "variant": variant, field: value})


def test_wrong_tokens_and_states_are_named():
    model = TitansLM(TitansConfig(**SMALL))
    with pytest.raises(ValueError, match="between 0 and 63"):
        model(torch.tensor([[64]]))
    with pytest.raises(ValueError, match="between 0 and 63"):
        model(torch.tensor([[-1]]))
    _, state = TitansLM(TitansConfig(**{**SMALL, "depth": 1}))(tokens())
    with pytest.raises(ValueError, match="blocks"):
        model(tokens(), state)
    other = TitansLM(TitansConfig(**{**SMALL, "variant": "mac"}))
    for mine, theirs in (model, other), (other, model):
        _, state = theirs(tokens())
        with pytest.raises(ValueError, match="state belongs to another model"):
            mine(tokens(), state)


@pytest.mark.parametrize(
    "arguments, error, named",
    [
        (([[1, 2]],), TypeError, "tokens must be a torch.Tensor, got list"),
        ((tokens().float(),), ValueError, "tokens must be whole numbers .* got torch.float32"),
        ((tokens()[0],), ValueError, r"tokens must be .* \(batch, time\), .* shape \(64,\)"),
        ((tokens(), [None, None]), TypeError, "state must be a ModelState or None, got list"),
    ],
)
def test_wrong_types_are_named(arguments, error, named, as_people_call_it):
    with pytest.raises(error, match=named):
        TitansLM(TitansConfig(**SMALL))(*arguments)
