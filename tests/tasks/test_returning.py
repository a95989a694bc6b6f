"""Text in which passages come back: where they are from, and what is marked."""

import pytest
import torch

from titans_book.tasks.batch import IGNORED
from titans_book.tasks.returning import returning

BOOK = torch.arange(10**6)


def pieces(row: list[int]) -> list[list[int]]:
    """A sequence cut where the book does not go on."""
    found = [[row[0]]]
    for before, token in zip(row, row[1:], strict=False):
        if token == before + 1:
            found[-1].append(token)
        else:
            found.append([token])
    return found


def whole(task) -> list[list[int]]:
    """Inputs and the last target: the rows as they were drawn."""
    return torch.cat([task.inputs, task.targets[:, -1:]], dim=1).tolist()


@pytest.mark.parametrize("part", [0, 0.5, 1])
@pytest.mark.parametrize("back", [0.3, 0.7])
def test_what_is_marked_was_told_before_and_nothing_else(back, part):
    task = returning(BOOK, 8, time=200, passage=(6, 20), back=back, part=part, seed=3)
    assert task.inputs.shape == task.targets.shape == task.again.shape == (8, 200)
    for row, again in zip(whole(task), task.again.tolist(), strict=True):
        told: set[int] = set()
        start = 0
        for piece in pieces(row):
            marks = ([False] + again)[start : start + len(piece)]
            # No new passage of a million tokens happens to be one that was told, nor to follow it.
            old = set(piece) <= told
            assert marks == [False] + [old] * (len(piece) - 1)
            told |= set(piece)
            start += len(piece)


def test_passages_keep_to_their_sizes_and_parts_to_half_of_them():
    task = returning(BOOK, 16, time=400, passage=(10, 14), back=0.5, part=1, seed=1)
    for row, again in zip(whole(task), task.again.tolist(), strict=True):
        start = 0
        for piece in pieces(row)[:-1]:  # the last one is cut
            old = len(piece) > 1 and ([False] + again)[start + 1]
            assert len(piece) in range(5, 15) if old else len(piece) in range(10, 15)
            start += len(piece)


@pytest.mark.parametrize(("back", "share"), [(0, 0), (1, 9 / 10)])
def test_back_is_the_share_of_passages_that_return(back, share):
    task = returning(BOOK, 4, time=1000, passage=10, back=back, part=0, seed=2)
    assert task.again.float().mean().item() == pytest.approx(share * (99 / 100 if back else 1))


def test_of_plain_text_a_share_is_due_and_of_what_returns_all():
    all_due, some, none = (returning(BOOK, 32, time=100, plain=p, seed=4) for p in (1, 0.25, 0))
    assert all_due.asked.all() and torch.equal(none.asked, none.again)
    assert torch.equal(all_due.inputs, some.inputs) and some.asked[some.again].all()
    assert some.asked[~some.again].float().mean().item() == pytest.approx(0.25, abs=0.05)
    assert (some.targets[~some.asked] == IGNORED).all()
    assert torch.equal(some.targets[some.asked], all_due.targets[some.asked])


def test_the_same_seed_gives_the_same_batch_and_goes_on():
    one, two = (returning(BOOK, 2, seed=5) for _ in range(2))
    assert torch.equal(one.inputs, two.inputs) and torch.equal(one.again, two.again)
    g = torch.Generator().manual_seed(5)
    first, second = (returning(BOOK, 2, seed=g) for _ in range(2))
    assert torch.equal(first.inputs, one.inputs) and not torch.equal(second.inputs, one.inputs)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("passage", (9, 8), "passage must go from low to high"),
        ("passage", 10**6 + 1, "at most the 1000000 tokens"),
        ("passage", 0, "passage must be 1 or more"),
        ("back", 1.5, "back must be from 0 to 1"),
        ("plain", -1, "plain must be from 0 to 1"),
        ("time", 0, "time must be 1 or more"),
    ],
)
def test_a_field_that_cannot_be_is_named(field, value, message):
    with pytest.raises(ValueError, match=message):
        returning(BOOK, 1, **{field: value})
