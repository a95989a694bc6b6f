"""What a source is worth, against the blocks' equations written out once more."""

import pytest
import torch
import torch.nn.functional as F

from tests.inspection.test_looking import WITH_MEMORY, build, tokens
from titans_book.inspection.relevance import relevance
from titans_book.memory import LayerState
from titans_book.model.config import VARIANTS

BOTH = ("mac", "mag", "mal")


def mean(y):
    return y.mean(1, keepdim=True).expand_as(y)


def mixed(block, variant, z, without=None):
    """A block's output, its equations by hand; what is in `without` answers its mean."""
    off = {name: mean if without == name else lambda y: y for name in ("memory", "attention")}
    if variant == "mag":
        x = block.norm(z)
        P = block.attention.persistent[None]
        m = block.memory(torch.cat([P, x], 1))[0][:, P.shape[1] :]
        y = block.attention_norm(off["attention"](block.attention(x)[0]))
        gate = torch.sigmoid(block.memory_norm(off["memory"](m)))
        out = z + block.out(y * gate)
    if variant == "mal":
        P = block.attention.persistent[None]
        m = block.memory(torch.cat([P, block.memory_norm(z)], 1))[0][:, P.shape[1] :]
        out = z + off["memory"](m)
        out = out + off["attention"](block.attention(block.attention_norm(out))[0])
    return out + block.mlp(block.mlp_norm(out))


@pytest.mark.parametrize("source", ("memory", "attention"))
@pytest.mark.parametrize("variant", ("mag", "mal"))
@torch.no_grad()
def test_it_is_the_blocks_equations_with_a_mean_in_place_of_an_answer(variant, source):
    model, x = build(variant), tokens()
    found = relevance(model, x)
    z = [model.embedding(x[None])]
    for block in model.blocks:
        z.append(mixed(block, variant, z[-1]))

    def losses(h):
        logits = F.linear(model.norm(h), model.embedding.weight)[0]
        return -logits.log_softmax(-1)[:-1].gather(-1, x[1:, None])[:, 0]

    for number, block in enumerate(model.blocks):
        other = mixed(block, variant, z[number], without=source)
        step = (z[number + 1] - z[number]).norm(dim=-1)
        moved = (other - z[number + 1]).norm(dim=-1) / step
        torch.testing.assert_close(found.moved[source][number], moved[0])
        for later in model.blocks[number + 1 :]:
            other = mixed(later, variant, other)
        torch.testing.assert_close(found.cost[source][number], losses(other) - losses(z[-1]))


@torch.no_grad()
def test_mac_loses_both_answers_of_its_memory():
    """Segment by segment: h and the gate answer their means over the whole text."""
    model, x = build("mac", segment=16), tokens()
    block, z = model.blocks[0], model.embedding(tokens()[None])
    asked, before, layer = [], None, None
    for part in block.norm(z).split(16, dim=1):
        h, before = block.memory.recall(part, before)
        # a segment alone: its rotations depend on differences of positions only
        y = block.attention_norm(block.attention(part, beside=h)[0])
        m, layer = block.memory(y, layer)
        before = LayerState(layer.memory, before.tail)
        asked.append((part, h, m))
    h = torch.cat([h for _, h, _ in asked], 1).mean(1, keepdim=True)
    m = torch.cat([m for *_, m in asked], 1).mean(1, keepdim=True)
    out = []
    for part, *_ in asked:
        y = block.attention_norm(block.attention(part, beside=h.expand_as(part))[0])
        out.append(y * torch.sigmoid(block.memory_norm(m)))
    other = z + block.out(torch.cat(out, 1))
    other = other + block.mlp(block.mlp_norm(other))
    usual = block(z)[0]
    moved = (other - usual).norm(dim=-1) / (usual - z).norm(dim=-1)
    torch.testing.assert_close(relevance(model, x).moved["memory"][:1], moved)


@pytest.mark.parametrize("variant", BOTH)
@pytest.mark.parametrize("source", ("memory", "attention"))
def test_a_source_that_always_says_the_same_is_worth_nothing(variant, source):
    model = build(variant)
    for block in model.blocks:
        getattr(block, source).out.weight.data.zero_()
    found = relevance(model, tokens())
    other = {"memory": "attention", "attention": "memory"}[source]
    assert found.moved[source].abs().max() < 1e-12
    assert found.cost[source].abs().max() < 1e-12
    if variant == "mal" or source == "memory":  # a gate has nothing to open without attention
        assert found.moved[other].max() > 1e-3
        assert found.share(other).min() > 0.999


@pytest.mark.parametrize("variant", VARIANTS)
def test_sources_are_those_of_the_variant_and_nothing_is_left_behind(variant):
    model, x = build(variant), tokens()
    before = model(x[None])[0]
    found = relevance(model, x)
    have = {"lmm": ("memory",), "hope": ("memory",), "attention": ("attention",)}
    assert found.sources == have.get(variant, ("memory", "attention"))
    shares = torch.stack([found.share(name) for name in found.sources])
    torch.testing.assert_close(shares.sum(0), torch.ones_like(shares[0]))
    assert torch.equal(model(x[None])[0], before)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


@pytest.mark.parametrize("variant", WITH_MEMORY)
def test_a_block_without_its_source_still_takes_a_step(variant):
    found = relevance(build(variant), tokens())
    assert found.moved["memory"].min() > 0 and found.cost["memory"].abs().max() > 0


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(ValueError, match="time >= 2"):
        relevance(build("lmm"), tokens(1))
    with pytest.raises(ValueError, match="source must be one of .'memory',., got 'attention'"):
        relevance(build("lmm"), tokens()).share("attention")
