"""Reading with a gate: several ways to write the loop pass its check, and it is travel.read."""

import pytest
import torch

from titans_book.book.bank import EXERCISES
from titans_book.book.ch04 import travel
from titans_book.book.ch04.exercises_reading import read_journey
from titans_book.book.ch04.family import Stream
from titans_book.book.ch04.proofs import layer_apart, three_ways
from titans_book.lab.learning.examine import examine
from titans_book.steps.matrix import titans_step

pytestmark = pytest.mark.bare


def in_one_list(step, gate, k, v, words, meant):
    M, S = k.new_zeros(k.shape[1], v.shape[1]), k.new_zeros(k.shape[1], v.shape[1])
    felt, found = [], []
    for key, value, right in zip(k, v, meant, strict=True):
        now = key.norm() * (key @ M - value).norm()
        usual = k.new_zeros(())
        for t, size in enumerate(felt):
            usual = size if t == 0 else 0.9 * usual + 0.1 * size
        M, S = step(M, S, key, value, gate(now, usual))
        felt.append(now)
        off = torch.einsum("ni,ij->nj", words, M) - right
        found.append((off**2).sum() / (right**2).sum())
    return torch.stack(found)


def into_a_tensor(step, gate, k, v, words, meant):
    M = S = torch.zeros(k.shape[1], v.shape[1]).double()
    errors, usual = torch.empty(len(k)).double(), torch.tensor(0.0).double()
    for t in range(len(k)):
        u = torch.outer(k[t], k[t] @ M - v[t])
        size = u.square().sum().sqrt()
        M, S = step(M, S, k[t], v[t], gate(size, usual))
        usual = usual.lerp(size, 0.1) if t else size
        errors[t] = (words @ M - meant[t]).pow(2).mean() / meant[t].pow(2).mean()
    return errors


@pytest.mark.parametrize("answer", [in_one_list, into_a_tensor])
def test_other_ways_to_write_the_loop_are_right(answer):
    verdict = examine(EXERCISES["04.read_journey"], answer)
    assert verdict.passed, verdict


def test_it_reads_as_the_books_journeys_are_read():
    trip = travel.journey(length=24)

    def gate(surprise, usual):
        return 0.3 if surprise > 1.8 * usual else 0.02

    def step(M, S, k, v, alpha):
        return titans_step(M, S, k, v, travel.THETA, travel.ETA, alpha)

    own = read_journey(step, gate, trip.k, trip.v, trip.words, trip.meanings[trip.world])
    assert torch.allclose(own, travel.read(trip, gate).error)


def test_three_forms_and_a_layer_agree_and_a_wrong_step_does_not():
    assert max(three_ways(titans_step).values()) < 1e-12 and layer_apart() < 1e-12
    wrong = three_ways(lambda M, S, k, v, *gates: titans_step(M, S, k, 0 * v, *gates))
    assert min(wrong.values()) > 0.1


@pytest.mark.parametrize("name", ["linear attention", "RetNet", "Mamba-2", "DeltaNet", "Longhorn"])
def test_only_the_right_settings_make_another_model(name):
    stream = Stream(seed=3)
    assert stream.apart(name, "l2", 0.7, 0.2) > 1e-3
