"""The bug hunt of chapter 05: many sequences are written at once, each into a memory of its own.

W_1 is (B, d, m), W_2 is (B, m, d), k and v are (B, d); theta is a number.
"""

import torch
from torch import Tensor

from titans_book.lab.learning.exercise import Exercise, Probe, gate, normal
from titans_book.steps.deep import inner_grad

CHAPTER = "notebooks/05_deep_memory.ipynb"
SEQUENCES = 3


def _keys(generator: torch.Generator) -> Tensor:
    """A key for each sequence, of length 1/2 to 2."""
    k = torch.randn(SEQUENCES, 4, generator=generator, dtype=torch.float64)
    length = 0.5 + 1.5 * torch.rand(SEQUENCES, 1, generator=generator, dtype=torch.float64)
    return length * k / k.norm(dim=1, keepdim=True)


def _batch_write(W_1, W_2, k, v, theta):
    u_1, u_2 = torch.vmap(inner_grad)(W_1, W_2, k, v)
    return W_1 - theta * u_1, W_2 - theta * u_2


batch_write = Exercise(
    name="05.batch_write",
    what="one pair for each sequence of a batch, each into its own memory",
    reference=_batch_write,
    probe=Probe(
        state={
            "W_1": normal(SEQUENCES, 4, 6, scale=0.6),
            "W_2": normal(SEQUENCES, 6, 4, scale=0.6),
        },
        inputs={"k": _keys, "v": normal(SEQUENCES, 4), "theta": gate(0.05, 0.2)},
        returns=("W_1", "W_2"),
    ),
    hints=(
        "Every sequence has weights, a key and a value of its own. Which function do you have "
        "that does all that is needed for one of them?",
        "`torch.vmap(f)` maps f over the first axis of all its arguments. `inner_grad` wants "
        "W_1 (d, m), W_2 (m, d), k (d), v (d), and you have each of them B times.",
        "    return W_1 - theta * u_1, W_2 - theta * u_2\n"
        "    u_1, u_2 = torch.vmap(...)(W_1, W_2, k, v)",
    ),
    source="Titans eq. 8, for each sequence",
    taught=CHAPTER,
    part=False,
)


def _each(W_1, W_2, k, v):
    return torch.vmap(inner_grad)(W_1, W_2, k, v)


@batch_write.wrong("Whose surprise moves Ben's memory when Anna says something?")
def shares_the_mean(W_1, W_2, k, v, theta):
    """All memories take the same step, the mean of all surprises: that is the fault itself. Every
    sequence writes into everybody's memory."""
    u_1, u_2 = (u.mean(0) for u in _each(W_1, W_2, k, v))
    return W_1 - theta * u_1, W_2 - theta * u_2


@batch_write.wrong("Whose surprise moves Ben's memory when Anna says something?")
def shares_the_sum(W_1, W_2, k, v, theta):
    """All memories take the same step, the sum of all surprises. Every sequence writes into
    everybody's memory, and a larger batch writes harder."""
    u_1, u_2 = (u.sum(0) for u in _each(W_1, W_2, k, v))
    return W_1 - theta * u_1, W_2 - theta * u_2


@batch_write.wrong("You read beside 15 others: is your write rate a sixteenth?")
def divides_by_the_batch(W_1, W_2, k, v, theta):
    """Each memory is its own now, but the step is divided by the number of sequences: a mean is
    left in the loss. How much is written depends on who else is in the batch."""
    u_1, u_2 = _each(W_1, W_2, k, v)
    return W_1 - theta * u_1 / len(k), W_2 - theta * u_2 / len(k)


@batch_write.wrong("What is left of a memory if you take the mean of all of them?")
def averages_the_memories(W_1, W_2, k, v, theta):
    """Each sequence is written into its own memory, and then all memories are averaged: after one
    token they are the same."""
    W_1, W_2 = _batch_write(W_1, W_2, k, v, theta)
    return W_1.mean(0).expand_as(W_1), W_2.mean(0).expand_as(W_2)


@batch_write.wrong("Which of the sequences do W_1[0] and W_2[0] belong to?")
def asks_the_first_memory(W_1, W_2, k, v, theta):
    """Every sequence is surprised at the first one's memory."""
    u_1, u_2 = torch.vmap(inner_grad, in_dims=(None, None, 0, 0))(W_1[0], W_2[0], k, v)
    return W_1 - theta * u_1, W_2 - theta * u_2


@batch_write.wrong("Who writes the second sequence's pair?")
def writes_the_first_pair_only(W_1, W_2, k, v, theta):
    """Every memory gets the first sequence's pair."""
    u_1, u_2 = _each(W_1, W_2, k[:1].expand_as(k), v[:1].expand_as(v))
    return W_1 - theta * u_1, W_2 - theta * u_2


@batch_write.wrong("With 4 features, how many times too small is your step?")
def takes_the_mean_of_everything(W_1, W_2, k, v, theta):
    """Your loss is a mean over the sequences and over the features: the step is too small by both.
    `.mean()` without an axis takes all there are."""
    u_1, u_2 = _each(W_1, W_2, k, v)
    return W_1 - theta * u_1 / v.numel(), W_2 - theta * u_2 / v.numel()


@batch_write.wrong("Does a value with twice as many features deserve half the write?")
def takes_the_mean_over_features(W_1, W_2, k, v, theta):
    """Each memory is its own, but the loss is a mean over the features where it should be a sum."""
    u_1, u_2 = _each(W_1, W_2, k, v)
    return W_1 - theta * u_1 / v.shape[1], W_2 - theta * u_2 / v.shape[1]


@batch_write.wrong("In which direction does the gradient point: towards less error, or more?")
def adds_the_gradient(W_1, W_2, k, v, theta):
    """You step along the gradient, so every write makes the error larger."""
    return _batch_write(W_1, W_2, k, v, -theta)


@batch_write.wrong("What is the derivative of ½ x²?")
def forgets_the_half(W_1, W_2, k, v, theta):
    """The step is twice too large: the loss has a ½ in front."""
    return _batch_write(W_1, W_2, k, v, 2 * theta)


@batch_write.wrong("What should come back: the memories, or their gradients?")
def returns_the_surprise(W_1, W_2, k, v, theta):
    """You return the gradients. Asked for are the memories after the write."""
    return _each(W_1, W_2, k, v)


def _everybody(W_1, W_2, k, v):
    """For each memory, its surprise at every sequence's pair: (memories, sequences, ...)."""
    all_pairs = torch.vmap(inner_grad, in_dims=(None, None, 0, 0))
    return torch.vmap(all_pairs, in_dims=(0, 0, None, None))(W_1, W_2, k, v)


@batch_write.wrong("`k @ W_1` for k (B, d) and W_1 (B, d, m): which keys does W_1[0] meet?")
def reads_everybody_to_everybody(W_1, W_2, k, v, theta):
    """Every memory hears every sequence. A matrix product of k (B, d) and W_1 (B, d, m) broadcasts:
    it pairs each memory with all keys, so the old loss still shares, only in more places."""
    u_1, u_2 = (u.mean(1) / len(k) for u in _everybody(W_1, W_2, k, v))
    return W_1 - theta * u_1, W_2 - theta * u_2


@batch_write.wrong("`k @ W_1` for k (B, d) and W_1 (B, d, m): which keys does W_1[0] meet?")
def reads_everybody_in_full(W_1, W_2, k, v, theta):
    """Every memory hears every sequence, and in full: k (B, d) times W_1 (B, d, m) broadcasts, so
    that each memory meets all keys."""
    u_1, u_2 = (u.sum(1) for u in _everybody(W_1, W_2, k, v))
    return W_1 - theta * u_1, W_2 - theta * u_2
