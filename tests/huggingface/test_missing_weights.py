"""Weights that a checkpoint lacks are drawn as a new model draws them; those it has stay."""

import pytest
import torch

pytest.importorskip("transformers", reason="the extra [hf] is not installed: it is optional")

from tests.huggingface.small import build, tokens  # noqa: E402
from titans_book.huggingface import TitansForCausalLM  # noqa: E402

BEFORE_AND_AFTER = {
    "persistent tokens added": ("mag", dict(persistent=0), dict(persistent=4)),
    "persistent tokens added, mac": ("mac", dict(persistent=0), dict(persistent=4)),
    "momentum added": ("lmm", dict(memory={"momentum": False}), dict(memory={"momentum": True})),
    "a block added, lmm": ("lmm", dict(depth=1), dict(depth=2)),
    "a block added, mac": ("mac", dict(depth=1), dict(depth=2)),
    "a block added, mag": ("mag", dict(depth=1), dict(depth=2)),
    "a block added, mal": ("mal", dict(depth=1), dict(depth=2)),
    "a block added, attention": ("attention", dict(depth=1), dict(depth=2)),
}


@pytest.fixture
def spoiled(monkeypatch):
    """Storage that nobody has written to holds anything: here it holds 1e9."""
    empty = torch.empty_like

    def full(*args, **keywords):
        made = empty(*args, **keywords)
        return made.fill_(1e9) if made.is_floating_point() and not made.is_meta else made

    monkeypatch.setattr(torch, "empty_like", full)


@pytest.mark.parametrize(
    ("variant", "before", "after"), BEFORE_AND_AFTER.values(), ids=BEFORE_AND_AFTER
)
def test_missing_weights_are_drawn(variant, before, after, tmp_path, spoiled):
    """Each is spread as in a new model (a constant is the same constant); what was there stays."""
    model = build(variant, **before)
    with torch.no_grad():
        for p in model.parameters():  # trained: nothing is as it was drawn
            p.add_(torch.rand_like(p))
    model.save_pretrained(tmp_path)
    again = TitansForCausalLM.from_pretrained(tmp_path, **after)
    saved, new = model.state_dict(), build(variant, **after).state_dict()
    assert new.keys() - saved.keys()
    for name, value in again.state_dict().items():
        if name in saved:
            assert torch.equal(value, saved[name]), name
            continue
        spread = new[name].std(correction=0).item()
        assert value.std(correction=0).item() == pytest.approx(spread, rel=0.5), name
        assert (value.mean() - new[name].mean()).abs() < 3 * spread + 1e-6, name
    assert again(tokens()).logits.isfinite().all()


def test_a_new_model_is_drawn_once():
    """The coat changes no first weight: they are those of TitansLM."""
    model = build("mac")
    torch.manual_seed(0)
    plain = type(model.titans)(model.config.titans_config())
    for name, value in model.titans.state_dict().items():
        assert torch.equal(value, plain.state_dict()[name]), name


def test_loading_all_weights_draws_nothing(tmp_path):
    build().save_pretrained(tmp_path)
    torch.manual_seed(5)
    TitansForCausalLM.from_pretrained(tmp_path)
    drawn = torch.rand(3)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(3))
