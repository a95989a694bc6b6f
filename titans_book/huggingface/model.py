"""TitansLM as transformers knows a model."""

from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from titans_book.huggingface import inputs
from titans_book.huggingface.cache import Remembered, given_state
from titans_book.huggingface.config import TitansHubConfig
from titans_book.model import TitansLM
from titans_book.model.embedding import Vocabulary
from titans_book.model.variants import VARIANTS


class TitansForCausalLM(PreTrainedModel, GenerationMixin):
    """TitansLM as transformers knows a model.

    A memory has read what it has read. So prompts of different lengths cannot share a batch by
    padding, and an attention_mask that hides a token is refused. Texts to train on can: padding at
    the end of a row comes after everything that the loss asks for.
    """

    config_class = TitansHubConfig
    base_model_prefix = "titans"
    main_input_name = "input_ids"
    _is_stateful = True  # what has been read cannot be unread, as assisted generation would want
    accepts_loss_kwargs = False  # the loss is a mean: Trainer shall divide by what it accumulates

    # what of a block is read from outside its children: a block stays on one device
    _no_split_modules = [block.__name__ for block in VARIANTS.values()]

    def __init__(self, config: TitansHubConfig) -> None:
        super().__init__(config)
        self.titans = TitansLM(config.titans_config())
        self._drawn = not self.titans.embedding.weight.is_meta  # TitansLM draws its own weights
        self.post_init()

    @torch.no_grad()
    def initialize_weights(self) -> None:
        """Give what a checkpoint lacks the values that a new model has; what was loaded stays.

        from_pretrained builds the model without storage, loads, and calls this at the end.
        """
        if self._drawn:
            return
        named = self.titans.named_parameters()
        missing = {name: p for name, p in named if not getattr(p, "_is_hf_initialized", False)}
        if missing:
            with torch.device("cpu"):
                fresh = TitansLM(self.config.titans_config()).state_dict()
            for name, p in missing.items():
                p.copy_(fresh[name])
        self._drawn = True

    def _init_weights(self, module: nn.Module) -> None:
        """Draw embeddings that get more rows, when their size is changed."""
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=self.config.dim**-0.5)

    @classmethod
    def _supports_default_dynamic_cache(cls) -> bool:
        return False  # the cache is the model's own state

    def get_input_embeddings(self) -> torch.nn.Module:
        return self.titans.embedding

    def set_input_embeddings(self, value: torch.nn.Module) -> None:
        """Other embeddings, perhaps for more tokens: the head is the same tensor and goes along."""
        self.titans.embedding = Vocabulary.of(value)
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
        position_ids: Int[Tensor, "rows places"] | None = None,
        cache: Remembered | None = None,
        **unknown: Any,
    ) -> CausalLMOutputWithPast | tuple:
        """Logits (batch, time, vocab), the loss if there are labels, and what has been read.

        labels      as input_ids (they are shifted here); -100 asks for nothing. The loss is the
                    mean cross entropy, in nats a token.
        attention_mask  ones. With labels it may hide the end of rows where all labels are -100:
                    what comes later changes nothing. What has been read is then not handed on.
        logits_to_keep  only the logits of so many last tokens, or of these places; 0: of all.
        position_ids  must be the natural ones; the model counts by itself.
        past_key_values, cache  what has been read, under the name that the version of transformers
                    has for it.
        Raises ValueError for an attention_mask that hides anything else, for other positions, and
        for what is not offered: inputs_embeds, output_attentions and output_hidden_states (see
        `titans_book.inspection`). Raises TypeError for every other keyword.
        """
        inputs.refuse_unknown(unknown, self.forward)
        inputs.refuse_what_is_not_offered(
            inputs_embeds=inputs_embeds,
            output_attentions=output_attentions,
            output_hidden_states=output_hidden_states,
        )
        before, time = given_state(past_key_values, cache), input_ids.shape[1]
        start = 0 if before is None else before.position
        padded = inputs.hides_the_end(attention_mask, labels, start, time)
        inputs.check_positions(position_ids, start, time)
        if padded and use_cache:
            raise ValueError("use_cache must not be True with padding: the memory has read it, too")
        logits, after = self.titans(input_ids, before)
        loss = None if labels is None else self._loss(logits, labels)
        last = isinstance(logits_to_keep, int)
        logits = logits[:, slice(-logits_to_keep or None, None) if last else logits_to_keep]
        keep = (self.config.use_cache if use_cache is None else use_cache) and not padded
        output = CausalLMOutputWithPast(loss, logits, Remembered(after) if keep else None)
        whole = self.config.return_dict if return_dict is None else return_dict
        return output.to_tuple() if whole is False else output

    @staticmethod
    def _loss(
        logits: Float[Tensor, "batch time vocab"], labels: Int[Tensor, "batch time"]
    ) -> Float[Tensor, ""]:
        return F.cross_entropy(logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten())
