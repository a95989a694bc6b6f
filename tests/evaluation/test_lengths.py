"""Needle grids and accuracy by length: against models of which every answer is known."""

import pytest
import torch

from tests.evaluation.toys import Parrot
from titans_book.evaluation import accuracy, accuracy_by_length, answers, needle_grid
from titans_book.model import TitansConfig, TitansLM
from titans_book.tasks.batch import IGNORED, TaskBatch
from titans_book.tasks.copying import induction
from titans_book.tasks.needle import needle
from titans_book.tasks.tracking import tracking

VARIANTS = {
    "lmm": {},
    "mac": {"segment": 8},
    "mag": {"window": 8},
    "mal": {"window": 8},
    "attention": {"window": 8},
}


def tiny(variant, vocab=16):
    memory = {} if variant == "attention" else {"memory": {"chunk": 4, "depth": 1}}
    size = dict(vocab=vocab, dim=16, depth=2, heads=2, hidden=16)
    return TitansLM(TitansConfig(variant, **size, **memory, **VARIANTS[variant]))


def signal(depth, length):
    """The SIGNAL at a known place; the answer is due at the end."""
    task = induction(20, time=length, vocab=8, seed=length)
    inputs = torch.where(task.inputs == 0, 1, task.inputs)
    place = round(depth * (length - 3))
    inputs[:, place], inputs[:, -1] = 0, 0
    targets = torch.full_like(inputs, IGNORED)
    targets[:, -1] = inputs[:, place + 1]
    return TaskBatch(inputs, targets)


@pytest.mark.parametrize("piece", [1, 7, 512])
def test_a_grid_shows_what_a_model_of_bounded_reach_finds(piece):
    """A parrot that looks 30 tokens back finds what lies at most so far from the end."""
    depths, lengths = (0, 0.5, 1), (16, 48, 80)
    parrot = Parrot(8, reach=30)
    table = needle_grid(parrot, signal, depths, lengths, piece)
    assert (table.depths, table.lengths) == (depths, lengths)
    for i, depth in enumerate(depths):
        for j, length in enumerate(lengths):
            task = signal(depth, length)
            seen = length - 1 - round(depth * (length - 3)) <= 30
            due = task.targets[:, -1]
            share = 1.0 if seen else (due == 1).float().mean().item()  # it says 1 if it knows not
            assert table.accuracy[i, j].item() == pytest.approx(share)
    assert torch.equal(table.whole, table.accuracy)  # one answer a sequence
    assert (table.sequences == 20).all()
    assert parrot.longest <= piece


def test_a_sequence_is_right_only_if_all_of_its_answers_are():
    def model(tokens, state):  # says what it hears
        return torch.nn.functional.one_hot(tokens, 5).float(), state

    inputs = torch.tensor([[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]])
    targets = torch.tensor([[1, IGNORED, 3, 4], [1, 0, 3, 4], [0, 0, IGNORED, IGNORED]])
    table = accuracy_by_length(model, lambda length: TaskBatch(inputs, targets), [4], piece=3)
    assert table.accuracy.item() == pytest.approx((3 + 3 + 0) / 9)
    assert table.whole.item() == pytest.approx(1 / 3)
    assert table.depths == () and table.sequences.tolist() == [3]


@pytest.mark.parametrize("variant", VARIANTS)
def test_pieces_give_what_one_reading_gives(variant):
    model, task = tiny(variant), tracking(3, kind="cycle", time=45)
    with torch.no_grad():
        logits, _ = model(task.inputs, None)
    for piece in (1, 8, 13, 100):
        assert torch.equal(answers(model, task.inputs, piece), logits.argmax(-1))
    table = accuracy_by_length(model, lambda _: task, [45], piece=13)
    assert table.accuracy.item() == pytest.approx(accuracy(model, task))


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_long_haystack_is_read_in_pieces_of_constant_size(variant):
    model, seen, sizes = tiny(variant), [], []

    def watched(tokens, state):
        seen.append(tokens.shape[1])
        logits, state = model(tokens, state)
        sizes.append(sum(x.numel() for x in tensors(state)))
        assert not logits.requires_grad
        return logits, state

    draw = lambda depth, length: needle(1, time=length, depth=depth, vocab=16)  # noqa: E731
    table = needle_grid(watched, draw, [0.5], [2048], piece=256)
    assert table.accuracy.shape == (1, 1)
    assert seen == [256] * 8 and len(set(sizes)) == 1


def tensors(state):
    found = []
    state.map(lambda x: found.append(x) or x)
    return found


@pytest.mark.parametrize("training", [True, False])
def test_the_model_stays_in_its_mode_and_gets_no_gradient(training):
    model = tiny("lmm").train(training)
    accuracy_by_length(model, lambda n: tracking(2, kind="s3", time=n), [8])
    assert model.training == training
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


def test_a_draw_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="draw must give 20 tokens a row, got 16"):
        accuracy_by_length(Parrot(8), lambda n: induction(2, time=16, vocab=8), [20])
    silent = TaskBatch(torch.ones(2, 4).long(), torch.full((2, 4), IGNORED))
    with pytest.raises(ValueError, match="draw must ask for something in every row of length 4"):
        needle_grid(Parrot(8), lambda d, n: silent, [0.5], [4])
    for piece in (0, True):
        with pytest.raises(ValueError, match="piece must be a whole number >= 1"):
            answers(Parrot(8), torch.ones(1, 4).long(), piece)
