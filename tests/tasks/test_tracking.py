"""State tracking: every label is what a plain simulation of the little world says."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from titans_book.tasks.tracking import GROUPS, group, product_table, tracking


def cups(kind, tokens):
    """Move marked cups about; which permutation of the marks is there after every move?"""
    elements = group(kind)
    row, seen = list(elements[0]), []
    for token in tokens:
        row = [row[place] for place in elements[token]]  # what was in p[i] comes to place i
        seen.append(elements.index(tuple(row)))
    return seen


def ring(places, steps):
    """A walk on numbered places in a ring."""
    at, seen = 0, []
    for step in steps:
        at = (at + step) % places
        seen.append(at)
    return seen


def simulated(kind, tokens):
    match kind:
        case "parity":
            return [sum(tokens[: t + 1]) % 2 for t in range(len(tokens))]
        case "cycle":
            return ring(5, [{0: 0, 1: 1, 2: -1}[token] for token in tokens])
        case "z60":
            return ring(60, tokens)
    return cups(kind, tokens)


@pytest.mark.parametrize("kind", GROUPS)
@given(time=st.integers(1, 40), seed=st.integers(0, 999))
def test_every_label_is_what_a_simulation_says(kind, time, seed):
    task = tracking(3, kind=kind, time=time, seed=seed)
    assert task.inputs.shape == task.targets.shape == (3, time) and task.asked.all()
    for inputs, targets in zip(task.inputs.tolist(), task.targets.tolist(), strict=True):
        assert targets == simulated(kind, inputs)


@pytest.mark.parametrize(
    ("kind", "size", "commutes"),
    [("parity", 2, True), ("cycle", 5, True), ("z60", 60, True), ("s3", 6, False)]
    + [("a5", 60, False), ("s5", 120, False)],
)
def test_the_tables_are_groups(kind, size, commutes):
    table = product_table(kind)
    numbers = torch.arange(size)
    assert table.shape == (size, size)
    assert torch.equal(table[0], numbers) and torch.equal(table[:, 0], numbers)  # 0 does nothing
    assert torch.equal(table.sort(dim=1).values, numbers.expand(size, size))  # every row, once each
    assert (table == 0).any(1).all()  # everything can be undone
    a, b, c = torch.randint(size, (3, 500))
    assert torch.equal(table[table[a, b], c], table[a, table[b, c]])
    assert torch.equal(table, table.T) == commutes


def test_all_tokens_are_as_likely():
    for kind, tokens in {"cycle": 3, "s3": 6, "a5": 60}.items():
        share = torch.bincount(tracking(600, kind=kind, time=100).inputs.flatten()) / 60_000
        assert len(share) == tokens and (share - 1 / tokens).abs().max() < 0.01


def test_the_same_seed_is_the_same_batch_and_a_generator_goes_on():
    assert torch.equal(tracking(4, seed=5).inputs, tracking(4, seed=5).inputs)
    g = torch.Generator().manual_seed(0)
    assert not torch.equal(tracking(4, seed=g).inputs, tracking(4, seed=g).inputs)


def test_wrong_fields_are_named():
    with pytest.raises(ValueError, match="kind must be one of .* got 's4'"):
        tracking(2, kind="s4")
    with pytest.raises(ValueError, match="time must be 1 or more"):
        tracking(2, time=0)
    with pytest.raises(ValueError, match="kind must be 's3', 's5' or 'a5', got 'parity'"):
        group("parity")
