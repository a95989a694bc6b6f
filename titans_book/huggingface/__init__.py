"""The model for Hugging Face's transformers: save_pretrained, from_pretrained, generate, Trainer.

    from titans_book.huggingface import TitansForCausalLM, TitansHubConfig

    model = TitansForCausalLM(TitansHubConfig(variant="mag", dim=64, window=16))
    model.save_pretrained("folder")
    again = TitansForCausalLM.from_pretrained("folder")     # AutoModelForCausalLM does it as well
    text = again.generate(torch.tensor([list(b"To be")]), max_new_tokens=40)

It is a thin coat: the numbers are those of `TitansLM`. What transformers calls past_key_values, or
cache from 5.24 on, is the state of all memories and windows, of constant size. A keyword or a field
that would have no effect is refused. Needs `pip install 'titans-book[hf]'`; the rest of the package
does not. Taught in chapter 13.
"""

try:
    from transformers import AutoConfig, AutoModelForCausalLM
except ImportError as error:
    raise ImportError(
        "titans_book.huggingface needs transformers: pip install 'titans-book[hf]'"
    ) from error

from titans_book.huggingface.cache import Remembered
from titans_book.huggingface.config import TitansHubConfig
from titans_book.huggingface.model import TitansForCausalLM

__all__ = ["Remembered", "TitansForCausalLM", "TitansHubConfig"]

AutoConfig.register(TitansHubConfig.model_type, TitansHubConfig)
AutoModelForCausalLM.register(TitansHubConfig, TitansForCausalLM)
