"""Models as things: pickled, copied, drawn again, made without numbers; a variant of one's own."""

import copy
import io
import pickle

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.attention import SDPBackend, sdpa_kernel

from titans_book.evaluation import state_bytes
from titans_book.memory import LayerState, NeuralMemory
from titans_book.model import TitansConfig, TitansLM, load_state, save_state
from titans_book.model.block import Block, GatedMLP
from titans_book.model.config import as_of_format_1
from titans_book.model.variants import VARIANTS

SIZE = dict(vocab=32, dim=16, depth=2, heads=2, hidden=16)


def build(variant, **fields):
    torch.manual_seed(0)
    return TitansLM(TitansConfig(variant, **SIZE, **fields))


def tokens(time=40, batch=2):
    return torch.randint(0, 32, (batch, time), generator=torch.Generator().manual_seed(1))


@pytest.fixture(params=VARIANTS)
def variant(request):
    return request.param


def test_a_model_is_pickled_copied_and_saved_by_torch(variant, tmp_path):
    model = build(variant)
    want, _ = model(tokens())
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    for again in (
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
        torch.load(file, weights_only=False),
    ):
        assert torch.equal(again(tokens())[0], want)


def test_every_weight_is_drawn_again(variant):
    """Whatever was there, NaN included; and as large as in a fresh model."""
    model, fresh = build(variant), dict(build(variant).named_parameters())
    with torch.no_grad():
        for p in model.parameters():
            p.fill_(torch.nan)
    model.reset_parameters()
    for name, p in model.named_parameters():
        assert p.isfinite().all(), name
        if p.numel() > 100:
            assert p.std().item() == pytest.approx(fresh[name].std().item(), rel=0.4, abs=0.01), (
                name
            )


def test_a_model_without_numbers_is_given_some(variant):
    with torch.device("meta"):
        model = TitansLM(TitansConfig(variant, **SIZE))
        logits, _ = model(torch.zeros(2, 40, dtype=torch.long))
    assert logits.shape == (2, 40, 32) and logits.device.type == "meta"
    model.to_empty(device="cpu")
    model.reset_parameters()
    assert model(tokens())[0].isfinite().all()


def test_a_model_of_fake_tensors(variant):
    with FakeTensorMode():
        logits, state = TitansLM(TitansConfig(variant, **SIZE))(
            torch.zeros(2, 40, dtype=torch.long)
        )
        logits, _ = TitansLM(TitansConfig(variant, **SIZE))(torch.zeros(2, 3).long(), state)
    assert logits.shape == (2, 3, 32)


class Opaque(nn.Module):
    """A linear map that shows no weight, as a quantized or an offloaded one."""

    def __init__(self, inner):
        super().__init__()
        self.hidden = [inner]

    def forward(self, x):
        return self.hidden[0](x)


def test_maps_are_asked_and_not_looked_into(variant):
    model = build(variant)
    want, state = model(tokens())
    for parent in [part for part in model.modules() if not isinstance(part, Opaque)]:
        for name, part in list(parent.named_children()):
            if isinstance(part, nn.Linear | nn.Embedding):
                setattr(parent, name, Opaque(part))
    assert torch.equal(model(tokens())[0], want)
    assert model(tokens(5), state)[0].isfinite().all()


@pytest.mark.filterwarnings("ignore:torch.ao.quantization is deprecated", "ignore:torch.quantize")
def test_a_quantized_model_reads_and_writes(variant):
    model = build(variant).eval()
    small = torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)
    logits, state = small(tokens())
    apart = (logits - model(tokens())[0]).square().mean().sqrt()
    assert apart < 0.3 * logits.std() and state.position == 40
    assert small.generate(tokens(), 3).shape == (2, 43)


def test_an_offloaded_model_says_the_same(variant):
    """Its weights are on the CPU, and come when a block or the vocabulary is called."""
    accelerate = pytest.importorskip("accelerate")
    model = build(variant)
    want, _ = model(tokens())
    blocks = [block.__name__ for block in VARIANTS.values()]
    where = torch.device("cpu")
    accelerate.cpu_offload(model, execution_device=where, preload_module_classes=blocks)
    assert model.embedding.weight.device.type == "meta"
    assert torch.equal(model(tokens())[0], want)


def test_every_module_can_be_drawn_again_alone(variant):
    """What is drawn again is finite and new; what is beside it stays."""
    fresh = dict(build(variant).named_modules())
    for name in [n for n, m in fresh.items() if hasattr(m, "reset_parameters")]:
        model = build(variant)
        part = model.get_submodule(name)
        beside = {n: p.clone() for n, p in model.named_parameters() if not n.startswith(name)}
        with torch.no_grad():
            for p in part.parameters():
                p.fill_(torch.nan)
        part.reset_parameters()
        assert all(p.isfinite().all() for p in part.parameters()), name
        for n, p in beside.items():
            assert torch.equal(model.get_parameter(n), p), (name, n)
    ours = [m for m in fresh.values() if type(m).__module__.startswith("titans_book")]
    assert all(hasattr(m, "reset_parameters") for m in ours)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_reads_silence_and_goes_on(variant, dtype):
    """Rows of zeros give no NaN, neither in the answers nor in what is remembered."""
    model = build(variant).to(dtype)
    with torch.no_grad():
        model.embedding.weight[3:9] = 0
    logits, state = model(tokens() % 12)
    assert logits.dtype == dtype and logits.isfinite().all()
    assert all(x.isfinite().all() for x in state.tensors())
    assert model(tokens(5), state)[0].isfinite().all()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32])
def test_tokens_may_be_whole_numbers_of_any_size(variant, dtype):
    model = build(variant)
    assert torch.equal(model(tokens().to(dtype))[0], model(tokens())[0])
    written = model.generate(tokens().to(dtype), 3, temperature=0)
    assert torch.equal(written.long(), model.generate(tokens(), 3, temperature=0))


def test_attention_refuses_what_is_no_number():
    attention, x = build("attention").blocks[0].attention, torch.randn(1, 5, 16)
    x[0, 3, 2] = torch.inf
    with pytest.raises(ValueError, match="x must be finite"):
        attention(x)


def test_a_config_of_older_times_keeps_its_meaning():
    old = {"variant": "mac", **SIZE, "memory": {"chunk": 8}, "segment": 8}
    rule = TitansLM(TitansConfig(**as_of_format_1(old))).blocks[0].memory.rule
    assert rule.retention.name == "decay" and rule.damping is None and rule.chunk == 8
    rule = TitansLM(TitansConfig(**old)).blocks[0].memory.rule
    assert rule.retention.name == "initial" and rule.damping == 4
    assert as_of_format_1({"variant": "attention", **SIZE}) == {"variant": "attention", **SIZE}


@pytest.mark.parametrize(
    "variant, field, others",
    [("attention", "conv", (1, 4)), ("mac", "remembers", ("answers", "tokens"))],
)
def test_what_came_later_is_written_down_only_where_it_is_used(variant, field, others):
    as_before, new = others
    config = TitansConfig(variant, **SIZE)
    assert config.options == {field: as_before} and "options" not in config.to_dict()
    assert TitansConfig(variant, **SIZE, options={field: as_before}) == config
    config = TitansConfig(variant, **SIZE, options={field: new})
    assert (
        config.to_dict()["options"] == {field: new} and TitansConfig(**config.to_dict()) == config
    )


def test_a_rule_in_a_config_becomes_plain_values():
    rule = NeuralMemory(8, rule="deltanet").rule
    for given in ("deltanet", rule, rule.spec()):
        config = TitansConfig("lmm", **SIZE, memory={"rule": given})
        assert TitansLM(config).blocks[0].memory.rule == rule
        assert TitansConfig(**config.to_dict()) == config


class TwoMemories(Block):
    """A variant of a reader's own: a fast memory and a slow one, added up."""

    fields = {"memory": {}}
    state = LayerState

    def __init__(self, dim, hidden, memory):
        super().__init__()
        self.norm, self.memory = nn.RMSNorm(dim), memory
        self.second, self.mlp = NeuralMemory(dim, memory.heads, depth=1), GatedMLP(dim, hidden)

    def outputs(self):
        return self.memory.out, self.mlp.down

    def forward(self, x, state=None):
        y, state = self.memory(self.norm(x), state)
        x = x + y + self.second.read(self.norm(x))
        return x + self.mlp(x), state


def test_a_variant_of_ones_own_is_a_class_and_an_entry(tmp_path, monkeypatch):
    monkeypatch.setitem(VARIANTS, "two", TwoMemories)
    model, x = build("two", memory={"chunk": 4}), tokens()
    with torch.no_grad():
        want, state = model(x)
        _, half = model(x[:, :17])
        saved = load_state(save_state(half, tmp_path / "two.state", model), model=model)
        torch.testing.assert_close(model(x[:, 17:], saved)[0], want[:, 17:], rtol=0, atol=1e-5)
    assert list(model.blocks[0].memories()) == ["memory", "second"]
    assert state_bytes(state).total == state.nbytes
    with pytest.raises(ValueError, match="window has no effect on variant 'two'"):
        build("two", window=8)


@pytest.mark.bare
def test_a_model_is_exported_with_its_state(variant):
    """torch.export takes states in and hands them out: the same answers, and the text goes on."""
    model = build(variant).eval()
    want, state = model(tokens())
    first = torch.export.export(model, (tokens(),)).module()
    logits, mine = first(tokens())
    assert torch.equal(logits, want) and mine.position == 40
    later = torch.export.export(model, (tokens(5), state)).module()
    logits, mine = later(tokens(5), mine)
    assert torch.equal(logits, model(tokens(5), state)[0]) and mine.position == 45


@pytest.mark.parametrize("name", ["lmm", "attention", "mac", "mag"])
def test_weights_on_a_disk(name, tmp_path):
    """They come when they are asked for; where that cannot be, it is said what to do."""
    accelerate = pytest.importorskip("accelerate")
    model, where = build(name), torch.device("cpu")
    want, _ = model(tokens())
    apart = copy.deepcopy(model)
    blocks = [block.__name__ for block in VARIANTS.values()]
    accelerate.disk_offload(
        apart, tmp_path / "whole", execution_device=where, preload_module_classes=blocks
    )
    assert torch.equal(apart(tokens())[0], want)
    accelerate.disk_offload(model, tmp_path / "parts", execution_device=where)
    if name in ("lmm", "attention"):
        assert torch.equal(model(tokens())[0], want)
    else:
        with pytest.raises(RuntimeError, match="offload whole blocks"):
            model(tokens())


def test_a_slope_of_a_slope_through_attention():
    model = build("mag")

    def twice():
        loss = model(tokens())[0].square().mean()
        slopes = torch.autograd.grad(loss, list(model.parameters()), create_graph=True)
        sum(slope.square().sum() for slope in slopes).backward()

    with pytest.raises(RuntimeError, match="sdpa_kernel"):
        twice()
    with sdpa_kernel(SDPBackend.MATH):
        twice()
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_a_state_handed_on_through_ddp(tmp_path):
    """Two calls and one way back, as without it; and a state that is cut off."""
    plain = build("mac")
    wrapped = copy.deepcopy(plain)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path}/meet", rank=0, world_size=1
    )
    try:
        for model in (plain, ddp := nn.parallel.DistributedDataParallel(wrapped)):
            _, state = model(tokens())
            logits, state = model(tokens(9), state)
            logits.square().mean().backward()
        assert ddp(tokens(3), state.detach())[0].isfinite().all()
    finally:
        torch.distributed.destroy_process_group()
    for mine, want in zip(wrapped.parameters(), plain.parameters(), strict=True):
        assert torch.equal(mine.grad, want.grad)
