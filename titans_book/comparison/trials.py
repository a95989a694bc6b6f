"""What the contestants learn, and how they are read: three tasks and a text.

needle   a key and its value in noise, farther back than the window, asked for at the end (S-NIAH in
         tokens). Score: the share of needles found.
recall   four pairs told at the beginning, asked for at any time (MQAR). Score: the share of right
         answers.
updates  the same, but all four keys are told again with another value, and the last one counts: who
         only adds has both values in his answer.
text     Shakespeare as bytes. Score: bits a byte on text that was never trained on, each window
         read with a fresh state.

All learn at one length, and are read at that length and at multiples of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from titans_book.comparison.contestants import Profile
from titans_book.evaluation import accuracy_by_length, bits_per_token
from titans_book.tasks import corpora
from titans_book.tasks.batch import TaskBatch
from titans_book.tasks.needle import needle
from titans_book.tasks.recall import mqar

READ = 64  # bytes of held-out text for each sequence of a profile, whatever length is read
UNSEEN = 2**40  # a seed that no step of a training has


@dataclass(frozen=True)
class Trial:
    """One thing to learn.

    vocab   tokens the models need to know.
    score   what is measured: "accuracy" (more is better) or "bits" (fewer are better).
    draw    a batch: (sequences, length, seed).
    read    the score of a model: (model, length, sequences).
    """

    name: str
    vocab: int
    score: str
    draw: Callable[[int, int, int], TaskBatch]
    read: Callable[[nn.Module, int, int], float]


def _needle(sequences: int, length: int, seed: int) -> TaskBatch:
    return needle(sequences, time=length, vocab=32, depth=(0, 0.7), seed=seed)


def _recall(sequences: int, length: int, seed: int) -> TaskBatch:
    return mqar(sequences, time=length, pairs=min(4, length // 4), vocab=64, power=1, seed=seed)


def _updates(sequences: int, length: int, seed: int) -> TaskBatch:
    pairs = min(4, length // 6)
    told = dict(pairs=pairs, updates=pairs)
    return mqar(sequences, time=length, **told, vocab=64, power=1, seed=seed)


def _found(draw: Callable[[int, int, int], TaskBatch]) -> Callable[[nn.Module, int, int], float]:
    """The share of right answers to a batch that was never trained on."""

    def read(model: nn.Module, length: int, sequences: int) -> float:
        table = accuracy_by_length(model, lambda n: draw(sequences, n, UNSEEN), [length])
        return table.accuracy.item()

    return read


@cache
def _text() -> tuple[Tensor, Tensor]:
    """Shakespeare to learn from, and the tenth that is held out."""
    learn, held_out = corpora.split(corpora.tokens(corpora.text("shakespeare")), (0.9, 0.1))
    return learn, held_out


def _passages(sequences: int, length: int, seed: int) -> TaskBatch:
    """Stretches of the text, each token's target the next one."""
    text, generator = _text()[0], torch.Generator().manual_seed(seed)
    starts = torch.randint(len(text) - length, (sequences, 1), generator=generator)
    rows = text[starts + torch.arange(length + 1)].long()
    return TaskBatch(rows[:, :-1], rows[:, 1:])


def _bits(model: nn.Module, length: int, sequences: int) -> float:
    return bits_per_token(model, _text()[1][: sequences * READ + 1], length)


TRIALS = {
    trial.name: trial
    for trial in (
        Trial("needle", 32, "accuracy", _needle, _found(_needle)),
        Trial("recall", 64, "accuracy", _recall, _found(_recall)),
        Trial("updates", 64, "accuracy", _updates, _found(_updates)),
        Trial("text", 256, "bits", _passages, _bits),
    )
}


def learn(trial: Trial, profile: Profile, seed: int) -> Callable[[int], TaskBatch]:
    """The batch of every step of a training: no two steps, and no two seeds, share one."""
    return lambda step: trial.draw(profile.batch, profile.length, (seed + 1) * 2**20 + step)
