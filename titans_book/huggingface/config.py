"""The fields of a model as config.json has them. A field that would have no effect is refused."""

from difflib import get_close_matches
from typing import Any

from transformers import GenerationConfig, PretrainedConfig

from titans_book.model.config import TitansConfig

OWN = TitansConfig.__dataclass_fields__

# What transformers writes into any config.json, and what it, not the model, makes use of.
STORED = {
    "_commit_hash", "_name_or_path", "architectures", "auto_map", "bos_token_id", "dtype",
    "eos_token_id", "id2label", "label2id", "name_or_path", "num_labels", "pad_token_id",
    "problem_type", "quantization_config", "return_dict", "tokenizer_class", "torch_dtype",
    "transformers_version",
}  # fmt: skip

# Fields of every transformers model that ours has no use for, and the values that ask for nothing.
IDLE = {
    "model_type": ("titans_book",),
    "tie_word_embeddings": (False,),  # the head *is* the embedding: one tensor, no tie
    "output_attentions": (None, False),
    "output_hidden_states": (None, False),
    "is_encoder_decoder": (None, False),
    "chunk_size_feed_forward": (None, 0),
    "attn_implementation": (None, "eager"),
    "experts_implementation": (None, "eager"),
}


class TitansHubConfig(PretrainedConfig):
    """The fields of `TitansConfig`, with its checks, in the form that config.json has.

    Takes transformers' names for them as well (hidden_size for dim), and what transformers stores
    beside them (architectures, dtype, id2label). Raises ValueError for every other field.

    >>> TitansHubConfig(variant="mag", dim=64, window=16).titans_config().window
    16
    >>> TitansHubConfig(variant="mag", widnow=16)
    Traceback (most recent call last):
    ValueError: widnow is not a field of this model, did you mean window? It would have no effect...
    """

    model_type = "titans_book"
    attribute_map = {
        "vocab_size": "vocab",
        "hidden_size": "dim",
        "num_hidden_layers": "depth",
        "num_attention_heads": "heads",
        "intermediate_size": "hidden",
    }

    def __init__(
        self,
        variant: str = "lmm",
        vocab: int = 256,
        dim: int = 128,
        depth: int = 4,
        heads: int = 4,
        hidden: int = 256,
        memory: dict[str, Any] | None = None,
        segment: int | None = None,
        window: int | None = None,
        persistent: int | None = None,
        axial: int | None = None,
        options: dict[str, Any] | None = None,
        use_cache: bool = True,
        **others: Any,
    ) -> None:
        sizes = dict(vocab=vocab, dim=dim, depth=depth, heads=heads, hidden=hidden)
        reach = dict(segment=segment, window=window, persistent=persistent, axial=axial)
        for alias, name in self.attribute_map.items():
            if alias in others:
                sizes[name] = _one_value(alias, others.pop(alias), name, sizes[name])
        _refuse_what_has_no_effect(others)
        own = dict(memory=memory or {}, options=options or {})
        chosen = TitansConfig(variant, **sizes, **reach, **own)
        for name, value in chosen.to_dict().items():
            setattr(self, name, value)
        self.use_cache = use_cache
        others["tie_word_embeddings"] = False
        super().__init__(**others)

    def titans_config(self) -> TitansConfig:
        """The package's own config."""
        return TitansConfig(**{name: getattr(self, name) for name in OWN if hasattr(self, name)})


def _one_value(alias: str, value: object, name: str, own: object) -> object:
    """What a field with two names is; the value it has when left out counts as not given."""
    if own not in (OWN[name].default, value):
        raise ValueError(f"{alias} and {name} are one field: got {value!r} and {own!r}")
    return value


def _refuse_what_has_no_effect(fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if name in IDLE and value not in IDLE[name]:
            raise ValueError(
                f"{name} has no effect on this model: leave it out, got {value!r} "
                f"(allowed: {', '.join(map(repr, IDLE[name]))})"
            )
        if name in IDLE or name in STORED:
            continue
        known = sorted({*OWN, "use_cache", *TitansHubConfig.attribute_map})
        meant = get_close_matches(name, known, 1)
        hint = f", did you mean {meant[0]}?" if meant else "."
        if hasattr(GenerationConfig(), name):
            hint = ": set it on generation_config."
        raise ValueError(
            f"{name} is not a field of this model{hint} It would have no effect. "
            f"Fields: {', '.join(known)}"
        )
