"""A field of the config has its effect, is stored for transformers, or is refused by name."""

import json

import pytest

pytest.importorskip("transformers", reason="the extra [hf] is not installed: it is optional")

from transformers import AutoConfig  # noqa: E402

from tests.huggingface.small import SIZE, build, tokens  # noqa: E402
from titans_book.huggingface import TitansForCausalLM, TitansHubConfig  # noqa: E402


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ({"widnow": 8}, "widnow is not a field of this model, did you mean window?"),
        ({"rope_theta": 1e4}, "rope_theta is not a field .* Fields: .*variant, vocab"),
        ({"temperature": 0.5}, "temperature is not a field .* set it on generation_config"),
        ({"output_hidden_states": True}, "output_hidden_states has no effect"),
        ({"output_attentions": True}, "output_attentions has no effect"),
        ({"is_encoder_decoder": True}, "is_encoder_decoder has no effect"),
        ({"chunk_size_feed_forward": 4}, "chunk_size_feed_forward has no effect"),
        ({"tie_word_embeddings": True}, "tie_word_embeddings has no effect"),
        ({"attn_implementation": "sdpa"}, "attn_implementation has no effect"),
        ({"model_type": "llama"}, "model_type has no effect"),
        ({"segment": 3}, "segment has no effect on variant 'mag'"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_field_without_effect_is_refused(field, says):
    with pytest.raises(ValueError, match=says):
        TitansHubConfig("mag", **field)


def test_transformers_names_are_the_fields_they_stand_for():
    config = TitansHubConfig("mag", vocab_size=300, hidden_size=64, num_hidden_layers=2)
    chosen = config.titans_config()
    assert (chosen.vocab, chosen.dim, chosen.depth) == (300, 64, 2)
    assert TitansHubConfig(hidden_size=64, dim=64).dim == 64
    with pytest.raises(ValueError, match="hidden_size and dim are one field: got 64 and 32"):
        TitansHubConfig(hidden_size=64, dim=32)
    with pytest.raises(ValueError, match="dim must be a multiple of heads"):
        TitansHubConfig(hidden_size=63)


def test_what_transformers_stores_comes_back(tmp_path):
    labels = {0: "calm", 1: "surprised"}
    stored = dict(id2label=labels, label2id={"calm": 0, "surprised": 1}, architectures=["Any"],
                  dtype="float32", eos_token_id=10, pad_token_id=0, bos_token_id=None,
                  tokenizer_class="ByT5Tokenizer", name_or_path="folder", problem_type=None,
                  output_attentions=False, attn_implementation="eager")  # fmt: skip
    config = TitansHubConfig("mag", **SIZE, **stored)
    config.save_pretrained(tmp_path)
    again = AutoConfig.from_pretrained(tmp_path)
    assert again.to_diff_dict() == config.to_diff_dict()
    assert (again.id2label, again.eos_token_id) == (labels, 10)
    assert TitansHubConfig(**config.to_dict()).to_diff_dict() == config.to_diff_dict()


def test_a_default_config_comes_back(tmp_path):
    TitansHubConfig().save_pretrained(tmp_path)
    assert AutoConfig.from_pretrained(tmp_path).to_diff_dict() == TitansHubConfig().to_diff_dict()


def test_a_typo_in_a_file_is_refused(tmp_path):
    build().save_pretrained(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "persistant": 2}))
    with pytest.raises(ValueError, match="persistant is not .* did you mean persistent?"):
        TitansForCausalLM.from_pretrained(tmp_path)


def test_a_field_may_be_changed_while_loading(tmp_path):
    build("attention", window=8).save_pretrained(tmp_path)
    again = TitansForCausalLM.from_pretrained(tmp_path, window=4)
    assert again.titans.config.window == again.config.window == 4
    want = build("attention", window=4)(tokens()).logits
    assert (again(tokens()).logits - want).abs().max() < 1e-6
    with pytest.raises(TypeError, match="widnow"):
        TitansForCausalLM.from_pretrained(tmp_path, widnow=4)
