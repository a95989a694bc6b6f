"""Chapter 03's larger exercises: the streams of the open one, and right answers in other styles."""

import pytest
import torch

from titans_book.book.bank import EXERCISES
from titans_book.book.ch03 import alarms
from titans_book.book.ch03.aftershocks import shocked
from titans_book.book.ch03.exercises_gate import my_gate_reference
from titans_book.book.ch03.probing import let_through
from titans_book.book.ch03.worlds import tuned, world
from titans_book.lab.learning.examine import examine
from titans_book.lab.pictures.draw import draw
from titans_book.steps.matrix import surprise_grad


def by_hand(k, v, theta, eta):
    M, S = k.new_zeros(k.shape[1], v.shape[1]), 0
    record = []
    for one, other, rate, share in zip(k, v, theta, eta, strict=True):
        S = share * S - rate * torch.einsum("i,j->ij", one, one @ M - other)
        M = M + S
        record.append((S, M))
    return tuple(torch.stack(each) for each in zip(*record, strict=True))


def into_tensors(k, v, theta, eta):
    size = len(k), k.shape[1], v.shape[1]
    past, memories = torch.zeros(size, dtype=k.dtype), torch.zeros(size, dtype=k.dtype)
    M = torch.zeros(size[1:], dtype=k.dtype)
    S = torch.zeros(size[1:], dtype=k.dtype)
    for t in range(len(k)):
        S = eta[t] * S - theta[t] * surprise_grad(M, k[t], v[t])
        M = M + S
        past[t], memories[t] = S, M
    return past, memories


def fades(S, u):
    return 0.75 * torch.exp(-u.norm())


def two_steps(S, u):
    if (S * u).sum() > 0:
        return 0.0
    return 0.75 if torch.linalg.norm(u) < 0.55 else 0.0


@pytest.mark.parametrize("answer", [by_hand, into_tensors])
def test_the_loop_may_be_written_in_other_ways(answer):
    assert examine(EXERCISES["03.read_all"], answer).outcome == "right"


def test_a_memory_that_is_changed_in_place_is_seen_in_its_record():
    def in_place(k, v, theta, eta):
        M = torch.zeros(k.shape[1], v.shape[1], dtype=k.dtype)
        S, past, memories = torch.zeros_like(M), [], []
        for t in range(len(k)):
            S = eta[t] * S - theta[t] * surprise_grad(M, k[t], v[t])
            M += S
            past.append(S)
            memories.append(M)
        return torch.stack(past), torch.stack(memories)

    verdict = examine(EXERCISES["03.read_all"], in_place)
    assert verdict.outcome == "known" and "in place" in str(verdict)


@pytest.mark.parametrize("answer", [fades, two_steps])
def test_many_gates_are_right(answer):
    assert examine(EXERCISES["03.my_gate"], answer).outcome == "right"


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda S, u: 0.6, "same number at every word"),
        (lambda S, u: 1 + u.norm(), "lies between 0 and 1"),
        (lambda S, u: (S * u).sum() / (S.norm() * u.norm()), "gives NaN"),
        (lambda S, u: 0.7 if S.norm() > 0.1 else 0.0, "asked for"),
    ],
)
def test_a_gate_that_does_not_pass_hears_why(answer, words):
    verdict = examine(EXERCISES["03.my_gate"], answer)
    assert verdict.outcome == "unknown" and words in str(verdict)


def test_no_constant_momentum_passes_and_the_books_gate_does():
    constant = [max(alarms.errors(lambda S, u, c=c: c).values()) for c in (0, 0.5, 0.65, 0.8)]
    assert min(constant) > 0.35 and max(alarms.errors(my_gate_reference).values()) < alarms.BAR
    with pytest.raises(ValueError, match="fire"):
        alarms.stream("fire")


def test_a_gate_cannot_change_the_memory_that_it_looks_at():
    def meddles(S, u):
        S.zero_()
        return 0.75

    assert torch.equal(alarms.answers(meddles, "faint"), alarms.answers(lambda S, u: 0.75, "faint"))


def test_the_picture_says_what_is_drawn():
    assert "yours" in draw("03.streams", lambda S, u: 0.5).alt
    assert "yours" not in draw("03.streams", lambda S, u: None).alt


def test_the_shock_is_the_only_loud_pair():
    k, v = shocked(loud=6, shock=40)
    assert v.norm(dim=1).argmax() == 40 and torch.allclose(v[:40].norm(dim=1), v.new_ones(40))
    assert torch.allclose(k.norm(dim=1), k.new_ones(len(k)))


def test_more_steps_and_changing_gates_let_fewer_mistakes_through():
    once = let_through(1, past=False, changing=True)[0]
    assert once > let_through(6, past=False, changing=False)[0] > 0
    assert let_through(6, past=True, changing=True)[0] == 0


def test_the_worlds_differ_in_what_momentum_is_worth():
    with pytest.raises(ValueError, match="calm"):
        world("calm")
    share = tuned("share", [0, 0.8])
    assert share.shape == (2, 8) and (share[1] < share[0]).all()
