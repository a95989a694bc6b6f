"""The oracle of continuum memories: one row, one token, one level at a time, with plain modules."""

from copy import deepcopy

import torch


def loop(memory, x, target):
    """Answers, weights [row][level], updates, starts of "nested"; as the equations say it."""
    rows = [_Row(memory) for _ in x]
    answers = [
        torch.stack([row.token(token, wanted) for token, wanted in zip(xs, targets, strict=True)])
        for row, xs, targets in zip(rows, x, target, strict=True)
    ]
    return torch.stack(answers), rows


class _Row:
    def __init__(self, memory):
        self.memory, self.i = memory, 0
        self.levels = [deepcopy(level) for level in memory.levels]
        self.start = [_numbers(level) for level in self.levels]
        self.windows = [[] for _ in self.levels]
        self.start_windows = [[] for _ in self.levels]
        self.updates = [0] * len(self.levels)

    def token(self, x, target):
        self.i += 1
        y = self.answer(x, self.levels)
        gradients = [self.gradient(n, x, target) for n in range(len(self.levels))]
        for n, gradient in enumerate(gradients):
            if gradient is not None:
                self.windows[n].append(gradient)
                self.start_windows[n].append(gradient)
        for n, clock in enumerate(self.memory.clocks):
            if clock.period is not None and self.i % clock.period == 0:
                self.update(n, clock)
        if self.memory.kind == "nested":
            self.start_again()
        return y.detach()

    def answer(self, x, levels):
        share = 1 / len(self.levels) if self.memory.aggregate == "mean" else 1
        if self.memory.kind == "headwise":
            return sum(share * level(x) for level in levels)
        for level in levels:
            x = level(x)
        return x

    def gradient(self, n, x, target):
        """Of the loss of one token at one level's weights."""
        if self.memory.periods[n] is None:
            return None
        levels = self.levels
        if self.memory.correct == "slow first":
            levels = [
                level
                for level, period in zip(levels, self.memory.periods, strict=True)
                if period is None or period >= self.memory.periods[n]
            ]
        loss = 0.5 * ((self.answer(x, levels) - target) ** 2).sum()
        return torch.autograd.grad(loss, list(self.levels[n].parameters()))

    def update(self, n, clock):
        C = clock.period
        assert len(self.windows[n]) == C
        for p, origin, *terms in zip(
            self.levels[n].parameters(), self.start[n], *self.windows[n], strict=True
        ):
            total = sum(terms) / (C if self.memory.average else 1)
            low = origin if self.memory.toward == "start" else torch.zeros_like(origin)
            p.data = low + clock.keep * (p.data - low) - clock.rate * total
        self.windows[n] = []
        self.updates[n] += 1

    def start_again(self):
        """(72): what is learned is where a level begins, and it begins there again."""
        order = sorted(
            (clock.period, n) for n, clock in enumerate(self.memory.clocks) if clock.period
        )
        for (_, n), (period, slower) in zip(order, order[1:], strict=False):
            if self.i % period:
                continue
            terms = self.start_windows[n]
            assert len(terms) == period
            rate = self.memory.clocks[slower].rate / (period if self.memory.average else 1)
            self.start[n] = [
                start - rate * sum(term[j] for term in terms)
                for j, start in enumerate(self.start[n])
            ]
            for p, start in zip(self.levels[n].parameters(), self.start[n], strict=True):
                p.data = start.clone()
            self.start_windows[n], self.windows[n] = [], []


def _numbers(level):
    return [p.detach().clone() for p in level.parameters()]
