"""The model for Hugging Face's transformers: save_pretrained, from_pretrained, generate, Trainer.

    from titans_book.huggingface import TitansForCausalLM, TitansHubConfig

    model = TitansForCausalLM(TitansHubConfig(variant="mag", dim=64, window=16))
    model.save_pretrained("folder")
    again = TitansForCausalLM.from_pretrained("folder")     # AutoModelForCausalLM does it as well
    text = again.generate(torch.tensor([list(b"To be")]), max_new_tokens=40)

It is a thin coat: the numbers are those of `TitansLM`. What transformers calls past_key_values is
the state of all memories and windows, of constant size. Needs `pip install 'titans-book[hf]'`; the
rest of the package does not. Taught in chapter 13.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

try:
    from transformers import (
        AutoConfig,
        AutoModelForCausalLM,
        GenerationMixin,
        PretrainedConfig,
        PreTrainedModel,
    )
    from transformers.modeling_outputs import CausalLMOutputWithPast
except ImportError as error:
    raise ImportError(
        "titans_book.huggingface needs transformers: pip install 'titans-book[hf]'"
    ) from error

from titans_book.model import ModelState, TitansLM
from titans_book.model.config import TitansConfig


class TitansHubConfig(PretrainedConfig):
    """The fields of `TitansConfig`, with its checks, in the form that config.json has.

    >>> TitansHubConfig(variant="mag", dim=64, window=16).titans_config().window
    16
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
        use_cache: bool = True,
        **others: Any,
    ) -> None:
        sizes = dict(vocab=vocab, dim=dim, depth=depth, heads=heads, hidden=hidden)
        reach = dict(segment=segment, window=window, persistent=persistent, axial=axial)
        chosen = TitansConfig(variant, **sizes, memory=memory or {}, **reach)
        for name, value in chosen.to_dict().items():
            setattr(self, name, value)
        self.use_cache = use_cache
        others["tie_word_embeddings"] = False  # the head *is* the embedding: one tensor, no tie
        super().__init__(**others)

    def titans_config(self) -> TitansConfig:
        """The package's own config."""
        names = TitansConfig.__dataclass_fields__
        return TitansConfig(**{name: getattr(self, name) for name in names})


class Remembered:
    """A ModelState where transformers expects a cache. Reading on makes a new one."""

    is_compileable = False

    def __init__(self, state: ModelState) -> None:
        self.state = state

    def get_seq_length(self, layer: int = 0) -> int:
        """Tokens read so far."""
        return self.state.position

    def reorder_cache(self, beams: Int[Tensor, " batch"]) -> None:
        """Row i becomes what row beams[i] was: beam search goes on with its best rows."""
        self.state = self.state.map(lambda x: x.index_select(0, beams.to(x.device)))


class TitansForCausalLM(PreTrainedModel, GenerationMixin):
    """TitansLM as transformers knows a model.

    A call with attention_mask that hides a token is refused: a memory has read what it has read, so
    prompts of different lengths cannot share a batch by padding.
    """

    config_class = TitansHubConfig
    base_model_prefix = "titans"
    main_input_name = "input_ids"
    _is_stateful = True  # what has been read cannot be unread, as assisted generation would want
    accepts_loss_kwargs = False  # the loss is a mean: Trainer shall divide by what it accumulates

    def __init__(self, config: TitansHubConfig) -> None:
        super().__init__(config)
        self.titans = TitansLM(config.titans_config())
        self.post_init()

    def _init_weights(self, module: torch.nn.Module) -> None:
        """TitansLM has chosen its first weights itself."""

    @classmethod
    def _supports_default_dynamic_cache(cls) -> bool:
        return False  # the cache is the model's own state

    def get_input_embeddings(self) -> torch.nn.Module:
        return self.titans.embedding

    def set_input_embeddings(self, value: torch.nn.Module) -> None:
        """Other embeddings, perhaps for more tokens: the head is the same tensor and goes along."""
        self.titans.embedding = value
        self.titans.config = replace(self.titans.config, vocab=value.num_embeddings)

    def forward(
        self,
        input_ids: Int[Tensor, "batch time"],
        past_key_values: Remembered | None = None,
        labels: Int[Tensor, "batch time"] | None = None,
        attention_mask: Int[Tensor, "batch total"] | None = None,
        use_cache: bool | None = None,
        return_dict: bool | None = None,
        logits_to_keep: int | Int[Tensor, " kept"] = 0,
        inputs_embeds: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        **ignored: Any,
    ) -> CausalLMOutputWithPast | tuple:
        """Logits (batch, time, vocab), the loss if there are labels, and what has been read.

        labels      as input_ids (they are shifted here); -100 asks for nothing. The loss is the
                    mean cross entropy, in nats a token.
        logits_to_keep  only the logits of so many last tokens, or of these places; 0: of all.
        Raises ValueError for an attention_mask that hides a token, and for what is not offered:
        inputs_embeds, output_attentions and output_hidden_states (see `titans_book.inspection`).
        """
        refused = {"inputs_embeds": inputs_embeds is not None,
                   "output_attentions": output_attentions,
                   "output_hidden_states": output_hidden_states}  # fmt: skip
        if asked := [name for name, there in refused.items() if there]:
            raise ValueError(
                f"{asked[0]} is not offered: give input_ids; titans_book.inspection shows what "
                "memory and attention did"
            )
        if attention_mask is not None and not attention_mask.all():
            raise ValueError(
                "attention_mask must be all ones, got zeros: a memory reads every token that it is "
                "given. Use prompts of one length a batch, without padding."
            )
        before = None if past_key_values is None else past_key_values.state
        logits, after = self.titans(input_ids, before)
        loss = None if labels is None else self._loss(logits, labels)
        last = isinstance(logits_to_keep, int)
        logits = logits[:, slice(-logits_to_keep or None, None) if last else logits_to_keep]
        keep = self.config.use_cache if use_cache is None else use_cache
        output = CausalLMOutputWithPast(loss, logits, Remembered(after) if keep else None)
        return output if return_dict is not False else output.to_tuple()

    @staticmethod
    def _loss(
        logits: Float[Tensor, "batch time vocab"], labels: Int[Tensor, "batch time"]
    ) -> Float[Tensor, ""]:
        return F.cross_entropy(logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten())


AutoConfig.register(TitansHubConfig.model_type, TitansHubConfig)
AutoModelForCausalLM.register(TitansHubConfig, TitansForCausalLM)
