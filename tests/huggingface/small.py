"""A small model and some tokens, for every test of the coat."""

import pytest
import torch

pytest.importorskip("transformers", reason="the extra [hf] is not installed: it is optional")

from titans_book.huggingface import TitansForCausalLM, TitansHubConfig  # noqa: E402

SIZE = dict(vocab=32, dim=16, depth=2, heads=2, hidden=16)
REACH = {"mac": {"segment": 8}, "mag": {"window": 8}, "mal": {"window": 8}}


def build(variant="mag", **fields):
    torch.manual_seed(0)
    config = TitansHubConfig(variant, **{**SIZE, **REACH.get(variant, {}), **fields})
    return TitansForCausalLM(config).eval()


def tokens(time=19, batch=2, seed=1):
    return torch.randint(0, 32, (batch, time), generator=torch.Generator().manual_seed(seed))
