"""Every keyword of a call has its effect, or is refused by name."""

from importlib.metadata import version
from inspect import signature

import pytest
import torch

pytest.importorskip("transformers", reason="the extra [hf] is not installed: it is optional")

from transformers import Trainer, TrainingArguments  # noqa: E402

from tests.huggingface.small import build, tokens  # noqa: E402
from titans_book.huggingface import Remembered, TitansForCausalLM  # noqa: E402
from titans_book.model import generation  # noqa: E402
from titans_book.model.config import VARIANTS  # noqa: E402

NAMES = ("past_key_values", "cache")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_state_arrives_under_both_names(variant, name):
    """A loop as generate has it, before transformers 5.24 and since: the same greedy text."""
    model, text, state = build(variant), tokens(), None
    want, _ = generation.generate(model.titans, text, 5, temperature=0)
    new = text
    for _ in range(5):
        output = model(new, use_cache=True, return_dict=True, **{name: state} if state else {})
        state, new = output[1], output.logits[:, -1:].argmax(-1)
        text = torch.cat([text, new], dim=1)
    assert torch.equal(text, want)


def test_generate_uses_the_name_of_its_version(monkeypatch):
    """The name that the installed transformers hands the state on with, and no other."""
    model, forward, seen = build(), TitansForCausalLM.forward, set()

    def watched(self, *args, **keywords):
        seen.update(name for name, value in keywords.items() if isinstance(value, Remembered))
        return forward(self, *args, **keywords)

    watched.__signature__ = signature(forward)
    monkeypatch.setattr(TitansForCausalLM, "forward", watched)
    model.generate(tokens(), max_new_tokens=3, do_sample=False)
    release = tuple(int(part) for part in version("transformers").split(".")[:2])
    assert seen == {"cache" if release >= (5, 24) else "past_key_values"}


def test_two_different_states_are_refused(as_people_call_it):
    model, x = build(), tokens()
    one, other = (model(x, use_cache=True)[1] for _ in range(2))
    model(x, past_key_values=one, cache=one)
    with pytest.raises(ValueError, match="two names of one thing"):
        model(x, past_key_values=one, cache=other)
    with pytest.raises(TypeError, match="cache must be what an earlier call .* got tuple"):
        model(x, cache=(1, 2))


def test_unknown_keywords_are_refused_and_the_allowed_ones_named():
    model, x = build(), tokens()
    with pytest.raises(TypeError, match="lables is unknown .* allowed: input_ids, .*labels"):
        model(x, lables=x)
    with pytest.raises(TypeError, match="num_items_in_batch is unknown"):  # the loss is a mean
        model(x, labels=x, num_items_in_batch=3)
    with pytest.raises(ValueError, match="lables"):  # generate's own refusal
        model.generate(x, lables=x, max_new_tokens=2)


def test_what_is_not_offered_is_refused():
    model, x = build(), tokens()
    for name, value in (
        ("inputs_embeds", torch.ones(1, 3, 16)),
        ("output_attentions", True),
        ("output_hidden_states", True),
    ):
        with pytest.raises(ValueError, match=f"{name} is not offered"):
            model(x, **{name: value})
    model(x, output_attentions=False, output_hidden_states=None)


def test_natural_positions_are_accepted_and_others_refused():
    model, x = build(), tokens()
    natural = torch.arange(19).expand(2, 19)
    assert torch.equal(model(x, position_ids=natural).logits, model(x).logits)
    first = model(x[:, :11], use_cache=True)
    model(x[:, 11:], cache=first[1], position_ids=natural[:1, 11:])
    for wrong in natural + 1, natural % 7, natural[:, :5]:  # % 7: three texts in a row
        with pytest.raises(ValueError, match="position_ids must count on .* here from 0"):
            model(x, position_ids=wrong)
    with pytest.raises(ValueError, match="here from 11"):
        model(x[:, 11:], cache=first[1], position_ids=natural[:, :8])


def test_return_dict_may_stand_in_the_config():
    model, x = build(return_dict=False), tokens()
    assert isinstance(model(x), tuple)
    assert model(x, return_dict=True).logits.shape == (2, 19, 32)


def padded(lengths=(19, 12)):
    """Rows of different lengths, filled up at the end: tokens, mask, labels."""
    x = tokens(batch=len(lengths))
    mask = (torch.arange(19) < torch.tensor(lengths)[:, None]).long()
    return x.where(mask.bool(), 0), mask, x.where(mask.bool(), -100)


@pytest.mark.parametrize("variant", VARIANTS)
def test_padding_at_the_end_changes_no_loss_and_no_gradient(variant):
    """The mean over both rows is that of each row alone, by the labels that it asks for."""
    model = build(variant).train()
    x, mask, labels = padded()
    output = model(x, attention_mask=mask, labels=labels)
    output.loss.backward()
    have = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    long, short = (model(row, labels=row).loss for row in (x[:1], x[1:, :12]))
    loss = (long * 18 + short * 11) / 29
    loss.backward()
    torch.testing.assert_close(output.loss, loss, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(have, [p.grad for p in model.parameters()], rtol=1e-3, atol=1e-5)


def test_after_padding_no_state_is_handed_on():
    model, (x, mask, labels) = build(), padded()
    assert len(model(x, attention_mask=mask, labels=labels, return_dict=False)) == 2
    with pytest.raises(ValueError, match="use_cache must not be True with padding"):
        model(x, attention_mask=mask, labels=labels, use_cache=True)
    assert model(x, attention_mask=torch.ones_like(x), labels=labels)[2] is not None


def test_all_other_padding_is_refused():
    model, (x, mask, labels) = build(), padded()
    gap = torch.ones_like(mask)
    gap[1, 5] = 0
    refused = {"no labels": (mask, None), "left": (mask.flip(1), labels.flip(1)), "a gap": (gap, x),
               "a label there": (mask, x)}  # fmt: skip
    for hidden, asked in refused.values():
        with pytest.raises(ValueError, match="attention_mask must be all ones, got zeros"):
            model(x, attention_mask=hidden, labels=asked)
    for hidden in mask, mask.flip(1):
        with pytest.raises(ValueError, match="attention_mask must be all ones, got zeros"):
            model.generate(x, attention_mask=hidden, max_new_tokens=2)


def test_a_mask_of_another_shape_is_refused(as_people_call_it):
    model, x = build(), tokens()
    for shape in (2, 1, 19, 19), (2, 18):
        with pytest.raises(ValueError, match=r"attention_mask must have one place .*\(batch, 19\)"):
            model(x, attention_mask=torch.ones(shape, dtype=torch.long))


def test_trainer_takes_rows_of_different_lengths(tmp_path):
    model, (x, mask, labels) = build().train(), padded((19, 12, 7, 3))
    rows = [
        {"input_ids": a, "attention_mask": b, "labels": c}
        for a, b, c in zip(x, mask, labels, strict=True)
    ]
    settings = TrainingArguments(
        tmp_path, max_steps=2, logging_steps=1, eval_strategy="steps", eval_steps=1,
        save_strategy="no", report_to=[], use_cpu=True, disable_tqdm=True,
    )  # fmt: skip
    trainer = Trainer(model, settings, train_dataset=rows, eval_dataset=rows)
    trainer.train()
    assert len([entry for entry in trainer.state.log_history if "eval_loss" in entry]) == 2
