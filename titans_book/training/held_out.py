"""The score on held-out text, which the processes of a training share among them."""

import torch
from jaxtyping import Integer
from torch import Tensor, nn

from titans_book.evaluation import bits_per_token
from titans_book.training.team import Team

BATCH = 32  # windows a call


def held_out_bits(
    model: nn.Module, tokens: Integer[Tensor, " total"], length: int, team: Team
) -> float:
    """Bits a token as `bits_per_token` has them; each process reads its share of the windows.

    Every process calls the model as often as the others: a sharded one needs them all each time.
    """
    if team.size == 1:
        return bits_per_token(model, tokens, length, BATCH)
    windows = -(-(len(tokens) - 1) // length)
    each = -(-windows // team.size)
    mine = tokens[team.rank * each * length : (team.rank + 1) * each * length + 1]
    total, calls = 0.0, 0
    if len(mine) > 1:
        total = bits_per_token(model, mine, length, BATCH) * (len(mine) - 1)
        calls = -(-(len(mine) - 1) // (length * BATCH))
    for _ in range(calls, -(-each // BATCH)):
        bits_per_token(model, tokens[:2], 1)
    found = team.sum(torch.tensor(total, dtype=torch.float64))
    return found.item() / (len(tokens) - 1)
