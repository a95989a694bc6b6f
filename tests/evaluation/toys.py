"""Models whose answers are known, to measure the measures with."""

import torch
import torch.nn.functional as F


class Parrot:
    """Hears a 0 and says what came behind the first one, if that was at most `reach` tokens ago.

    It is no module and has no weights; its state is a plain tuple. `longest`: tokens of a call.
    """

    def __init__(self, vocab, reach=10**9):
        self.vocab, self.reach, self.longest = vocab, reach, 0

    def __call__(self, tokens, state):
        batch, time = tokens.shape
        self.longest = max(self.longest, time)
        position, heard = state or (0, [[] for _ in range(batch)])
        said = torch.ones(batch, time, dtype=torch.long)
        for b, row in enumerate(tokens.tolist()):
            heard[b] = heard[b] + row
            for t in range(time):
                now = position + t
                if row[t] == 0 and 0 in heard[b][:now]:
                    at = heard[b].index(0)
                    said[b, t] = heard[b][at + 1] if now - at <= self.reach else 1
        return F.one_hot(said, self.vocab).float(), (position + time, heard)


class Counting(torch.nn.Module):
    """Expects the last token again, by a logit that grows by 0.1 with every token read before."""

    def __init__(self, vocab=4):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(0.1))
        self.vocab, self.longest, self.widest = vocab, 0, 0

    def forward(self, tokens, state):
        batch, time = tokens.shape
        self.longest, self.widest = max(self.longest, time), max(self.widest, batch)
        read = 0 if state is None else state
        sure = self.scale * torch.arange(read, read + time)
        return sure[:, None] * F.one_hot(tokens, self.vocab), read + time
