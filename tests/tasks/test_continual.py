"""Texts one after the other: they are what they say, and forgetting is counted as it should be."""

import string
from collections import Counter

import pytest
import torch

from titans_book.tasks.continual import ciphers, domains, eras, forgetting, forgetting_matrix
from titans_book.tasks.corpora import genome, speeches, text


def decoded(part):
    return bytes(torch.cat([part.train, part.test]).tolist()).decode()


@pytest.mark.parametrize("make", [domains, eras, ciphers])
def test_a_part_is_cut_where_it_should_be(make):
    for part in make(size=2000, held_out=0.25):
        assert part.train.shape == (1500,) and part.test.shape == (500,)
        assert part.train.dtype == torch.long


def test_domains_are_the_texts_that_they_are_named_for():
    shakespeare, presidents, dna, python = (decoded(part) for part in domains(5000))
    assert shakespeare == text("shakespeare")[:5000]
    first = next(speech for speech in speeches() if speech["year"] == 1900)
    assert presidents == first["text"][:5000]
    assert dna == genome()["chrI"][:5000]
    assert "def " in python and "import " in python and python.isascii()


def test_domains_are_long_enough_for_the_usual_size():
    assert {len(part.train) + len(part.test) for part in domains()} == {300_000}


def test_eras_go_through_the_years_without_a_gap():
    names = [part.name.split("-") for part in eras(6, 1000)]
    assert names[0][0] == "1790" and names[-1][1] == "2021"
    assert all(int(one[1]) <= int(two[0]) for one, two in zip(names, names[1:], strict=False))
    told = speeches()
    assert decoded(eras(6, 1000)[1]) == told[len(told) // 6]["text"][:1000]


def test_a_cipher_can_be_undone_letter_by_letter():
    plain = text("moby_dick")[:60_000]
    tables = []
    for part in ciphers(3, 60_000):
        table = {}
        for old, new in zip(plain, decoded(part), strict=True):
            assert table.setdefault(old, new) == new
        assert len(set(table.values())) == len(table)
        for old, new in table.items():
            assert (old != new) == (old in string.ascii_letters)
            assert old.islower() == new.islower()
            assert old.lower() not in table or table[old.lower()] == new.lower()
        tables.append(table)
    for one, two in ((0, 1), (0, 2), (1, 2)):
        assert not any(tables[one][x] == tables[two][x] for x in string.ascii_lowercase)


def test_ciphers_are_equally_hard():
    one, two = (Counter(decoded(part)) for part in ciphers(2, 20_000))
    assert sorted(one.values()) == sorted(two.values()) and one != two


def test_a_seed_is_an_alphabet():
    assert torch.equal(ciphers(1, 500, seed=4)[0].train, ciphers(1, 500, seed=4)[0].train)
    assert not torch.equal(ciphers(1, 500, seed=4)[0].train, ciphers(1, 500, seed=5)[0].train)


class Counts:
    """It learns how often each number comes, and lets go of a part of it at every visit."""

    def __init__(self, keep):
        self.keep, self.counts = keep, torch.ones(4)

    def learn(self, part):
        self.counts = self.keep * self.counts + torch.bincount(part, minlength=4)

    def score(self, part):
        return -(self.counts / self.counts.sum())[part].log2().mean().item()


A, B = torch.tensor([0, 0, 0, 1]), torch.tensor([2, 2, 3, 3])


def test_the_matrix_is_what_a_loop_by_hand_gives():
    model = Counts(keep=0.5)
    matrix = forgetting_matrix([A, B, A], model.learn, model.score, tested=[A, B])
    again, expected = Counts(keep=0.5), []
    for visit in (A, B, A):
        again.learn(visit)
        expected.append([again.score(A), again.score(B)])
    assert matrix.tolist() == expected and matrix.dtype == torch.float64
    assert forgetting(matrix[:2])[0] == expected[1][0] - expected[0][0] > 0
    assert forgetting(matrix[:2])[1] == 0
    assert forgetting(matrix)[0] < forgetting(matrix[:2])[0]  # visited again


def test_all_visits_are_tested_unless_told_otherwise():
    learned = []
    matrix = forgetting_matrix([A, B], learned.append, lambda part: float(len(learned)))
    assert matrix.tolist() == [[1, 1], [2, 2]] and learned[0] is A and learned[1] is B


def test_forgetting_looks_for_the_best_and_the_last():
    matrix = torch.tensor([[3.0, 9.0, 9.0], [1.0, 4.0, 9.0], [2.5, 6.0, 2.0]])
    assert forgetting(matrix).tolist() == [1.5, 2.0, 0.0]


@pytest.mark.parametrize(
    ("words", "make"),
    [
        ("size must be 2 or more", lambda: domains(1)),
        ("size must be .* or less for DNA", lambda: domains(1_200_000)),
        ("held_out must be from 0 to 1", lambda: eras(2, 100, 1.5)),
        ("held_out must leave bytes", lambda: eras(2, 100, 0)),
        ("number must be 233 or less", lambda: eras(300, 100)),
        ("number must be below 26", lambda: ciphers(26, 100)),
        ("visits must hold one part", lambda: forgetting_matrix([], id, id)),
        ("tested must hold one part", lambda: forgetting_matrix([A], id, id, tested=[])),
    ],
    ids=lambda value: value.split()[0] if isinstance(value, str) else "",
)
def test_what_cannot_be_is_named(words, make):
    with pytest.raises(ValueError, match=words):
        make()
