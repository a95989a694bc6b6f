"""The experiment of chapter 07 and its widget: two loops, by their own sliders."""

import copy

import pytest
import torch

from titans_book.book.ch07 import outer
from titans_book.book.ch07.two_loops import TwoLoops
from titans_book.evaluation import accuracy
from titans_book.tasks.batch import TaskBatch
from titans_book.tasks.recall import mqar
from titans_book.training.on_tasks import train_on
from titans_book.training.schedule import Descent

TASK = mqar(16, **outer.TASK, seed=7)


@pytest.fixture(scope="module")
def history():
    """A model at three outer steps, kept while it was trained."""
    model, kept = outer.fresh(), {}
    kept[0] = copy.deepcopy(model)
    for event in train_on(model, outer.draw, Descent(steps=4, learning_rate=1e-2)):
        if event.step % 2 == 0:
            kept[event.step] = copy.deepcopy(model)
    return kept


@pytest.fixture
def loops(history):
    return TwoLoops(history, TASK, alt="Two loops")


def test_a_batch_belongs_to_its_step_and_is_spelled_in_letters_and_numbers():
    task = outer.draw(3)
    assert torch.equal(task.inputs, outer.draw(3).inputs)
    assert not torch.equal(task.inputs, outer.draw(4).inputs)
    words = [outer.spell(token) for token in task.inputs[0].tolist()]
    assert all(word.isalpha() for word in words[0:8:2] + words[8:])
    assert all(word.isdigit() for word in words[1:8:2])


def test_a_film_is_what_the_model_holds_after_so_many_tokens(history):
    model, tokens = history[4], TASK.inputs[0]
    film = outer.look(model, tokens).film
    assert len(film) == 25
    for t in (1, 5, 12, 13, 24):
        _, state = model(tokens[None, :t])
        assert torch.allclose(film[t], state.blocks[0].memory.weights[0][0, 0], rtol=0, atol=1e-13)
    start = outer.memory_of(model).initial[0][0]
    assert torch.equal(film[0], start)


def test_looking_changes_nothing_and_says_what_the_model_says(history):
    model, tokens = history[0], TASK.inputs[2]
    before = model(tokens[None])[0]
    seen = outer.look(model, tokens)
    assert torch.equal(model(tokens[None])[0], before)
    assert torch.equal(seen.answers, before[0].argmax(-1))
    assert torch.allclose(seen.k.norm(dim=-1), torch.ones(24).double())


def test_told_is_any_number_of_the_sequence():
    answers = TASK.inputs[:, 1:2].expand(-1, 24)
    assert outer.told(TASK, answers).all()
    assert not outer.told(TASK, TASK.inputs[:, :1].expand(-1, 24)).any()


def test_a_shut_gate_writes_nothing(history):
    model = outer.shut(copy.deepcopy(history[0]))
    seen = outer.look(model, TASK.inputs[0])
    assert seen.written.max() == 0
    assert torch.allclose(seen.film[-1], seen.film[0], atol=0.05)


def test_it_begins_at_the_end_and_its_curve_is_the_recall(loops, history):
    assert (loops.outer.value, loops.inner.value) == (4, 24)
    right = [share for share, _ in loops.shares]
    assert right == pytest.approx([accuracy(history[step], TASK) for step in (0, 2, 4)], abs=1e-6)
    assert all(told >= share for share, told in loops.shares)


def test_the_inner_slider_goes_through_the_memory(loops):
    shown = loops.memory.value
    loops.inner.value = 0
    assert loops.memory.value != shown and loops.verdicts() == {}
    assert "0 tokens: 0 questions asked" in loops.said.value
    loops.inner.value = 24
    assert len(loops.verdicts()) == 4 and loops.memory.value == shown


def test_the_outer_slider_takes_another_model(loops):
    shown = loops.memory.value, loops.strip.value, loops.curve.value
    loops.outer.value = 0
    after = loops.memory.value, loops.strip.value, loops.curve.value
    assert all(a != b for a, b in zip(shown, after, strict=True))
    assert "After 0 outer steps" in loops.said.value


def test_the_sequence_can_be_chosen(loops):
    shown = loops.strip.value
    loops.which.value = 2
    assert loops.strip.value != shown
    assert loops.which.max == 8


@pytest.mark.parametrize(
    ("answer", "verdict"), [("due", "right"), ("other", "other"), (0, "never")]
)
def test_an_answer_is_right_anothers_or_never_told(loops, monkeypatch, answer, verdict):
    row = TASK.targets[0]
    numbers = TASK.inputs[0, 1:8:2]
    due = {"due": row, "other": torch.where(row == numbers[0], numbers[1], numbers[0])}
    said = due.get(answer, torch.zeros_like(row))
    seen = loops.look()._replace(answers=said)
    monkeypatch.setattr(loops, "look", lambda: seen)
    loops.repaint()
    assert set(loops.verdicts().values()) == {verdict}
    assert {"right": "✓", "other": "○", "never": "✗"}[verdict] in loops.strip.value


def test_at_every_end_of_the_sliders_it_draws(loops):
    for slider in (loops.outer, loops.inner, loops.which):
        for end in (slider.min, slider.max):
            slider.value = end
            assert "nan" not in loops.strip.value + loops.curve.value


def test_steps_that_are_not_evenly_spaced_are_refused(history):
    with pytest.raises(ValueError, match=r"\[0, 2, 4, 7\]"):
        TwoLoops({**history, 7: history[4]}, TASK, alt="Two loops")
    with pytest.raises(ValueError, match="at least two"):
        TwoLoops({4: history[4]}, TASK, alt="Two loops")
    with pytest.raises(ValueError, match="alt"):
        TwoLoops(history, TASK, alt="")
    with pytest.raises(ValueError, match="outside the slider"):
        TwoLoops(history, TASK, alt="Two loops", outer_step=5)


def test_it_is_told_in_words_that_never_change(loops):
    assert repr(loops) == "TwoLoops: Two loops"
    assert 'aria-label="After 4 outer steps' in loops.strip.value
    small = TaskBatch(TASK.inputs[:3], TASK.targets[:3])
    assert TwoLoops(loops.history, small, alt="Two loops").which.max == 3


@pytest.mark.parametrize("dark", [False, True])
def test_its_still_picture_is_a_picture(history, dark):
    loops = TwoLoops(history, TASK, alt="Two loops", token=12, dark=dark)
    figure = loops.figure(alt="Bars and a memory")
    assert figure.alt == "Bars and a memory" and figure.png()[:4] == b"\x89PNG"
    assert ("#2E9BD6" in loops.curve.value) == dark
