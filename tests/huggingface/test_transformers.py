"""The coat for transformers changes no number, and does what people expect of it."""

from dataclasses import fields

import pytest
import torch

pytest.importorskip("transformers", reason="the extra [hf] is not installed: it is optional")

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments  # noqa: E402
from transformers.modeling_outputs import CausalLMOutputWithPast  # noqa: E402

from tests.huggingface.small import build, tokens  # noqa: E402
from titans_book.huggingface import TitansForCausalLM  # noqa: E402
from titans_book.model import generation  # noqa: E402
from titans_book.model.config import VARIANTS  # noqa: E402

STATE = [field.name for field in fields(CausalLMOutputWithPast)][2]
variants = pytest.mark.parametrize("variant", VARIANTS)


@variants
def test_greedy_text_is_that_of_our_own_generation(variant):
    model, prompt = build(variant), tokens()
    have = model.generate(prompt, max_new_tokens=9, do_sample=False)
    want, _ = generation.generate(model.titans, prompt, 9, temperature=0)
    assert torch.equal(have, want)


@variants
def test_what_is_saved_comes_back(variant, tmp_path):
    model, prompt = build(variant), tokens()
    model.save_pretrained(tmp_path)
    for kind in TitansForCausalLM, AutoModelForCausalLM:
        again = kind.from_pretrained(tmp_path)
        assert type(again) is TitansForCausalLM
        assert again.config.titans_config() == model.config.titans_config()
        assert torch.equal(again(prompt).logits, model(prompt).logits)


@variants
def test_every_token_is_read_once(variant):
    """The cache is used: after the prompt, each call gets one token."""
    model, read = build(variant), []
    model.titans.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0].shape[1]))
    model.generate(tokens(), max_new_tokens=5, do_sample=False)
    assert read == [19, 1, 1, 1, 1]


@variants
def test_reading_goes_on_from_what_was_read(variant):
    model, x = build(variant), tokens()
    first = model(x[:, :11], use_cache=True)
    second = model(x[:, 11:], **{STATE: first[STATE]})
    torch.testing.assert_close(second.logits, model(x).logits[:, 11:], rtol=1e-4, atol=1e-5)
    whole = model.generate(x, max_new_tokens=6, do_sample=False)
    parts = model.generate(x, max_new_tokens=6, do_sample=False, **{STATE: first[STATE]})
    assert torch.equal(whole, parts)


def test_generate_goes_on_with_the_whole_text_or_with_a_mask_for_it():
    """Anything else would be read as if it came after what the state has read already."""
    model, x, settings = build(), tokens(), dict(max_new_tokens=6, do_sample=False)
    given = {STATE: model(x[:, :11], use_cache=True)[STATE]}
    mask = torch.ones_like(x)
    new = model.generate(x[:, 11:], attention_mask=mask, **given, **settings)
    assert torch.equal(new[:, 8:], model.generate(x, **settings)[:, 19:])
    for text in x[:, :11], x[:, 11:]:
        with pytest.raises(ValueError, match="generate goes on from a state if it gets the whole"):
            model.generate(text, **given, **settings)


def test_beam_search_keeps_each_rows_own_memory():
    """The best of 3 beams is at least as likely as the greedy text, by the model's own word."""
    model, prompt = build(), tokens(batch=1)

    def likelihood(text):
        logits = model(text).logits.log_softmax(-1)[:, prompt.shape[1] - 1 : -1]
        return logits.gather(-1, text[:, prompt.shape[1] :, None]).sum().item()

    settings = dict(max_new_tokens=6, do_sample=False, return_dict_in_generate=True)
    best = model.generate(prompt, num_beams=3, output_scores=True, length_penalty=0.0, **settings)
    greedy = model.generate(prompt, **settings)
    assert likelihood(best.sequences) >= likelihood(greedy.sequences) - 1e-5
    # what the search believed is what the text has, read from its beginning
    assert best.sequences_scores.item() == pytest.approx(likelihood(best.sequences), abs=1e-3)


def test_the_loss_is_the_shifted_cross_entropy_and_reaches_every_weight():
    model, x = build().train(), tokens()
    labels = x.clone()
    labels[:, :4] = -100
    loss = model(x, labels=labels).loss
    nats = model.titans(x)[0].log_softmax(-1)[:, 3:-1].gather(-1, x[:, 4:, None])
    assert loss.item() == pytest.approx(-nats.mean().item(), abs=1e-5)
    loss.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_trainer_counts_each_row_once(tmp_path):
    """Eight rows in one batch, or four times two: the same loss, gradient and weights."""

    def trained(batch, times):
        model, rows = build("lmm").train(), [{"input_ids": r, "labels": r} for r in tokens(16, 16)]
        settings = TrainingArguments(
            tmp_path, per_device_train_batch_size=batch, gradient_accumulation_steps=times,
            max_steps=2, logging_steps=1, save_strategy="no", report_to=[], use_cpu=True,
            disable_tqdm=True, seed=1, learning_rate=1e-3,
        )  # fmt: skip
        trainer = Trainer(model, settings, train_dataset=rows)
        trainer.train()
        seen = [[e["loss"], e["grad_norm"]] for e in trainer.state.log_history if "grad_norm" in e]
        return torch.tensor(seen), model

    (seen, model), (parts, other) = trained(8, 1), trained(2, 4)
    assert seen.shape == (2, 2)
    torch.testing.assert_close(seen, parts, rtol=0, atol=1e-5)
    for have, want in zip(other.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(have, want, rtol=0, atol=1e-6)


def test_more_tokens_can_be_added(tmp_path):
    model, x = build(), tokens()
    before = model(x).logits
    model.resize_token_embeddings(40)
    after = model(torch.cat([x, torch.full_like(x, 39)], dim=1)).logits
    torch.testing.assert_close(after[:, : x.shape[1], :32], before, rtol=1e-5, atol=1e-6)
    assert after.shape[-1] == model.config.vocab_size == model.titans.config.vocab == 40
    model.save_pretrained(tmp_path)
    again = TitansForCausalLM.from_pretrained(tmp_path)
    assert torch.equal(again(x).logits, model(x).logits)


def test_some_logits_are_those_of_all():
    model, x = build(), tokens()
    whole, places = model(x).logits, torch.tensor([3, 0])
    assert torch.equal(model(x, logits_to_keep=2).logits, whole[:, -2:])
    assert torch.equal(model(x, logits_to_keep=places).logits, whole[:, places])


def test_assisted_generation_is_refused():
    """What has been read cannot be unread."""
    with pytest.raises(ValueError, match="stateful"):
        build().generate(tokens(batch=1), assistant_model=build(), max_new_tokens=2)


@variants
def test_no_block_is_split_over_devices(variant):
    model = build(variant)
    assert {type(block).__name__ for block in model.titans.blocks} <= set(model._no_split_modules)


def test_rows_for_added_tokens_are_as_long_as_the_others():
    model = build(vocab=32, dim=64)
    model.resize_token_embeddings(2000, mean_resizing=False)
    lengths = model.titans.embedding.weight.norm(dim=1)
    assert lengths[32:].mean().item() == pytest.approx(lengths[:32].mean().item(), rel=0.1)


@pytest.mark.parametrize("rule", ["yaad", "memora", "kda", "deltaproduct", "softmax-attention"])
def test_a_memory_of_any_rule_generates_and_is_kept(rule, tmp_path):
    """One call and pieces say the same, beams keep their rows, and a folder brings it back."""
    model, x = build("lmm", memory={"rule": rule}), tokens(batch=2)
    settings = dict(max_new_tokens=4, do_sample=False)
    whole = model.generate(x, **settings)
    assert torch.equal(model.generate(x, use_cache=False, **settings), whole)
    assert model.generate(x, num_beams=2, **settings).shape == whole.shape
    model.save_pretrained(tmp_path)
    again = type(model).from_pretrained(tmp_path).eval()
    assert again.config.memory == {"rule": rule}
    assert torch.equal(again.generate(x, **settings), whole)
