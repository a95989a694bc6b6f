"""Exercise of chapter 01, third part: an experiment that asks how much fits into a memory.

write(M, k, v) returns the new memory, judge(M, K, V) a number, make_pairs(seed) keys and values.
"""

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, uniform
from titans_book.steps import matrix as steps

CHAPTER = "notebooks/01_memory_is_a_function.ipynb"


def experiment_reference(write, judge, make_pairs, repeats):
    """The book's version."""
    curves = []
    for seed in range(repeats):
        K, V = make_pairs(seed)
        M = torch.zeros(K.shape[1], V.shape[1], dtype=K.dtype)
        curve = []
        for n in range(1, len(K) + 1):
            M = write(M, K[n - 1], V[n - 1])
            curve.append(judge(M, K[:n], V[:n]))
        curves.append(torch.stack(curve))
    return torch.stack(curves).mean(0)


def _rules(generator):
    """A rule of writing: delta's with a rate of its own, or Hebb's."""
    theta = float(uniform(0.3, 0.9)(generator))

    def delta(M, k, v):
        return steps.delta_write(M, k, v, theta)

    return delta if theta > 0.5 else steps.hebb_write


def _judges(generator):
    """The mean error of the answers; drawn, so that every example has its own weight."""
    weight = uniform(0.5, 2.0)(generator)

    def judge(M, K, V):
        return weight * (K @ M - V).square().sum(1).mean()

    return judge


def _makers(generator):
    """Something that makes pairs, other ones for every seed and every example."""
    first = int(torch.randint(10_000, (), generator=generator))

    def make_pairs(seed):
        random = torch.Generator().manual_seed(first + seed)
        K = torch.randn(5, 4, generator=random, dtype=torch.float64)
        return K, torch.randn(5, 3, generator=random, dtype=torch.float64)

    return make_pairs


def _counts(generator):
    return 2 + int(torch.randint(3, (), generator=generator))


experiment = Exercise(
    name="01.experiment",
    what="how good a memory is after each write, averaged over several runs",
    reference=experiment_reference,
    probe=Probe(
        inputs={"write": _rules, "judge": _judges, "make_pairs": _makers, "repeats": _counts},
        returns=("curve",),
        steps=4,
        seed=3,
    ),
    hints=(
        "Two loops, one inside the other. The outer one makes pairs and an empty memory; the inner "
        "one writes a pair and asks the judge. What has to be remembered from each loop?",
        "The memory is (d_in, d_out), so K.shape[1] by V.shape[1], and of K's dtype. After n "
        "writes the judge gets K[:n] and V[:n]. torch.stack makes one tensor of a list of tensors.",
        "    curves.append(torch.stack(curve))\n"
        "    for seed in range(repeats):\n"
        "    curve.append(judge(M, K[:n], V[:n]))\n"
        "    return torch.stack(curves).mean(0)\n"
        "    M = write(M, K[n - 1], V[n - 1])\n"
        "    K, V = make_pairs(seed)\n"
        "    M = torch.zeros(K.shape[1], V.shape[1], dtype=K.dtype)\n"
        "    for n in range(1, len(K) + 1):\n"
        "    curves, curve = [], []   (in two different places)",
    ),
    source="the book's experiment",
    taught=CHAPTER,
    part=False,
    grade="build",
    misfit="K is (n, d_in), V is (n, d_out), M is (d_in, d_out), and n numbers come back, one for "
    "each write. Which of these is different in your version?",
)


def _run(write, judge, K, V, M=None):
    """One run; returns its curve and the memory at its end."""
    M = torch.zeros(K.shape[1], V.shape[1], dtype=K.dtype) if M is None else M
    curve = []
    for n in range(1, len(K) + 1):
        M = write(M, K[n - 1], V[n - 1])
        curve.append(judge(M, K[:n], V[:n]))
    return torch.stack(curve), M


@experiment.wrong("What does the memory of the second run contain before its first write?")
def keeps_the_memory_between_runs(write, judge, make_pairs, repeats):
    """You make the empty memory only once, so each run starts with everything that the runs before
    it have written."""
    curves, M = [], None
    for seed in range(repeats):
        curve, M = _run(write, judge, *make_pairs(seed), M)
        curves.append(curve)
    return torch.stack(curves).mean(0)


@experiment.wrong("How many pairs are in your memory when the judge sees it for the fifth time?")
def empties_the_memory_at_every_pair(write, judge, make_pairs, repeats):
    """You start with an empty memory at every pair, so it never holds more than one."""
    curves = []
    for seed in range(repeats):
        K, V = make_pairs(seed)
        empty = torch.zeros(K.shape[1], V.shape[1], dtype=K.dtype)
        curves.append([judge(write(empty, K[n - 1], V[n - 1]), K[:n], V[:n])
                       for n in range(1, len(K) + 1)])  # fmt: skip
    return torch.tensor(curves, dtype=K.dtype).mean(0)


@experiment.wrong("Who notices, in your experiment, that an old pair has been spoiled?")
def judges_the_latest_pair_alone(write, judge, make_pairs, repeats):
    """The judge sees only the pair that was written last. It should see all that are in the
    memory by then."""

    def latest(M, K, V):
        return judge(M, K[-1:], V[-1:])

    return experiment_reference(write, latest, make_pairs, repeats)


@experiment.wrong("After the first write, which pairs can the memory possibly know?")
def judges_pairs_that_are_not_written_yet(write, judge, make_pairs, repeats):
    """The judge always sees all pairs, also those that are still to come."""
    curves = []
    for seed in range(repeats):
        K, V = make_pairs(seed)
        curves.append(_run(write, lambda M, *_, K=K, V=V: judge(M, K, V), K, V)[0])
    return torch.stack(curves).mean(0)


@experiment.wrong("Which comes first: the write, or the judge?")
def judges_before_it_writes(write, judge, make_pairs, repeats):
    """You ask the judge before the write, so it sees a memory without the latest pair."""
    curves = []
    for seed in range(repeats):
        K, V = make_pairs(seed)
        M, curve = torch.zeros(K.shape[1], V.shape[1], dtype=K.dtype), []
        for n in range(1, len(K) + 1):
            curve.append(judge(M, K[:n], V[:n]))
            M = write(M, K[n - 1], V[n - 1])
        curves.append(torch.stack(curve))
    return torch.stack(curves).mean(0)


@experiment.wrong("In what do your runs differ from each other?")
def repeats_one_run(write, judge, make_pairs, repeats):
    """Every run has the same seed, so the average is over copies of one and the same run."""
    return _run(write, judge, *make_pairs(0))[0]


@experiment.wrong("Which seeds does the docstring ask for?")
def starts_with_seed_one(write, judge, make_pairs, repeats):
    """Your seeds go from 1 to repeats. They should go from 0 to repeats - 1."""
    return experiment_reference(write, judge, lambda seed: make_pairs(seed + 1), repeats)


@experiment.wrong("Would twice as many runs make the memory twice as bad?")
def adds_up_the_runs(write, judge, make_pairs, repeats):
    """You add the runs up. Divide by how many there are."""
    return experiment_reference(write, judge, make_pairs, repeats) * repeats


@experiment.wrong("Which average does the docstring ask for?")
def takes_the_median(write, judge, make_pairs, repeats):
    """You take the median of the runs, where their mean is asked for."""
    curves = [_run(write, judge, *make_pairs(seed))[0] for seed in range(repeats)]
    return torch.stack(curves).median(0).values


@experiment.wrong("What has become of the curves of the other runs?")
def returns_the_last_run(write, judge, make_pairs, repeats):
    """You return the last run alone, not the average of all."""
    return _run(write, judge, *make_pairs(repeats - 1))[0]


@experiment.wrong("The judge looks at n pairs. Does it return a sum over them, or a mean?")
def divides_by_the_number_of_pairs(write, judge, make_pairs, repeats):
    """You divide what the judge says by the number of pairs. Return what it says: how to judge n
    pairs is the judge's own business."""
    curve = experiment_reference(write, judge, make_pairs, repeats)
    return curve / torch.arange(1, len(curve) + 1)
