"""Problems of modular arithmetic: Python works out every one of them again."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from titans_book.tasks.arithmetic import SIGNS, arithmetic, spell
from titans_book.tasks.batch import IGNORED


@given(
    terms=st.integers(1, 12),
    share=st.floats(0, 1),
    modulus=st.integers(1, 11),
    seed=st.integers(0, 999),
)
def test_python_finds_the_same_answer(terms, share, modulus, seed):
    shortest = max(1, round(share * terms))
    task = arithmetic(5, terms=terms, shortest=shortest, modulus=modulus, seed=seed)
    assert task.inputs.shape == task.targets.shape == (5, 2 * terms)
    for inputs, targets in zip(task.inputs.tolist(), task.targets.tolist(), strict=True):
        words = [str(t) if t < modulus else SIGNS[t - modulus] for t in inputs]
        problem = "".join(words).lstrip(" ")
        assert problem.endswith("=") and len(problem.removesuffix("=")) >= 2 * shortest - 1
        answer = eval(problem.removesuffix("=")) % modulus
        assert targets == [IGNORED] * (2 * terms - 1) + [answer]


def test_known_sums():
    """A product belongs to the sum that it stands in, and to its sign."""
    task = arithmetic(4000, terms=3, seed=0)
    answers = dict(zip(map(spell, task.inputs), task.targets[:, -1].tolist(), strict=True))
    assert answers["2+3*4="] == 4 and answers["2-3*4="] == 0 and answers["1-1-1="] == 4


def test_lengths_digits_and_signs_are_all_as_likely():
    task = arithmetic(4000, terms=4, shortest=1)
    blanks = (task.inputs == 5 + SIGNS.index(" ")).sum(1)
    assert set(blanks.tolist()) == {0, 2, 4, 6}
    assert (torch.bincount(blanks)[::2] / 4000 - 1 / 4).abs().max() < 0.03
    full = arithmetic(4000, terms=4).inputs
    assert (torch.bincount(full[:, ::2].flatten()) / 16_000 - 1 / 5).abs().max() < 0.02
    signs = torch.bincount(full[:, 1:-1:2].flatten())[5:] / 12_000
    assert len(signs) == 3 and (signs - 1 / 3).abs().max() < 0.02


def test_the_same_seed_is_the_same_batch_and_a_generator_goes_on():
    assert torch.equal(arithmetic(4, seed=5).inputs, arithmetic(4, seed=5).inputs)
    g = torch.Generator().manual_seed(0)
    assert not torch.equal(arithmetic(4, seed=g).inputs, arithmetic(4, seed=g).inputs)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"terms": 0}, "terms must be 1 or more"),
        ({"shortest": 0}, "shortest must be 1 or more"),
        ({"shortest": 9}, "shortest must be from 1 to terms=8, got 9"),
        ({"modulus": 0}, "modulus must be 1 or more"),
    ],
)
def test_wrong_fields_are_named(fields, words):
    with pytest.raises(ValueError, match=words):
        arithmetic(2, **fields)
