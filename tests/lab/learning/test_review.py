"""The review asks what is due, then what is new; the boxes are Leitner's."""

import sys

import hypothesis.strategies as st
import pytest
from hypothesis import given

from titans_book.lab.learning.leitner import DAY, DAYS, lay, place
from titans_book.lab.learning.progress import Progress
from titans_book.lab.learning.question import Choice, Question
from titans_book.lab.learning.review import due, review

CHOICES = (Choice("a", True, "a"), Choice("b", because="b"), Choice("c", because="c"))
NOW = 1e9
MODULE = sys.modules[review.__module__]


def questions(*names):
    return {name: Question(name, f"{name}?", CHOICES) for name in names}


BANK = questions("00.a", "00.b", "00.c", "01.a", "01.b", "02.a", "03.a", "03.b")


def names(chapter, record, bank=BANK, now=NOW):
    return [question.name for question in due(chapter, bank, record, now)]


@given(st.integers(0, 5), st.booleans(), st.floats(0, 2e9))
def test_right_goes_one_box_up_and_wrong_back_to_the_first(box, right, now):
    new, when = lay(box, right, now)
    assert new == (min(box + 1, 5) if right else 0)
    assert when == now + DAYS[new] * DAY >= now
    assert place({"box": new, "due": when}) == (new, when)


@given(st.lists(st.booleans(), max_size=12))
def test_a_box_is_the_number_of_right_answers_since_the_last_wrong_one(answers):
    box = 0
    for right in answers:
        box, _ = lay(box, right, NOW)
    streak = next((i for i, right in enumerate(reversed(answers)) if not right), len(answers))
    assert box == min(streak, 5)


@pytest.mark.parametrize(
    "entry", [{}, {"box": 1}, {"box": 9, "due": 1.0}, {"box": 1, "due": float("nan")}, {"due": "x"}]
)
def test_an_entry_that_makes_no_sense_counts_as_never_answered(entry):
    assert place(entry) is None


def test_a_new_learner_gets_one_question_of_each_chapter_the_latest_first():
    assert names("04", Progress(None)) == ["03.a", "02.a", "01.a"]
    assert names("02", Progress(None)) == ["01.a", "00.a", "01.b"]
    assert names("01", Progress(None)) == ["00.a", "00.b", "00.c"]


def test_due_ones_come_first_the_oldest_before_the_others():
    record = Progress(None)
    record.answer("00.b", False, 0, NOW - 5)
    record.answer("01.b", True, 1, NOW - 50)
    record.answer("02.a", True, 1, NOW + 50)
    assert names("04", record) == ["01.b", "00.b", "03.a"]


def test_when_all_were_seen_those_due_soonest_come_next():
    record = Progress(None)
    for index, name in enumerate(["00.c", "00.a", "00.b"]):
        record.answer(name, True, 1, NOW + index)
    assert names("01", record) == ["00.c", "00.a", "00.b"]
    assert names("01", record, now=NOW + 1) == ["00.c", "00.a", "00.b"]
    record.answer("00.c", True, 5, NOW + 100)
    assert names("01", record, now=NOW + 2) == ["00.a", "00.b", "00.c"]


entries = st.dictionaries(
    st.sampled_from(sorted(BANK)), st.tuples(st.integers(0, 5), st.integers(-9, 9))
)


@given(entries, st.sampled_from(["01", "02", "03", "04", "14"]))
def test_a_review_is_three_different_earlier_questions_and_leaves_none_due_out(known, chapter):
    record = Progress(None)
    for name, (box, shift) in known.items():
        record.answer(name, True, box, NOW + shift)
    found = names(chapter, record)
    earlier = [name for name in BANK if name[:2] < chapter]
    assert len(found) == len(set(found)) == min(3, len(earlier)) and set(found) <= set(earlier)
    assert found == names(chapter, record)
    late = [name for name in earlier if name in known and known[name][1] <= 0]
    assert len(set(found) & set(late)) == min(3, len(late))
    fresh = [name for name in earlier if name not in known]
    assert len(set(found) & set(fresh)) == min(max(0, 3 - len(late)), len(fresh))


@pytest.mark.parametrize("chapter", ["00", "15", "1"])
def test_a_chapter_without_earlier_ones_is_refused(chapter):
    with pytest.raises(ValueError, match="has no earlier ones"):
        due(chapter, BANK, Progress(None), NOW)


@pytest.mark.parametrize("count, title", [(3, "Three questions"), (1, "One question"), (0, "No q")])
def test_the_panel_prints_the_same_whatever_it_asks(monkeypatch, count, title):
    monkeypatch.setattr(MODULE, "QUESTIONS", questions(*list(BANK)[:count]))
    shown = review("01", Progress(None))
    assert repr(shown) == "Review: three questions from earlier chapters"
    assert len(shown.quizzes) == count and title in shown.children[2].value


def test_answers_in_the_review_reach_the_record(monkeypatch):
    monkeypatch.setattr(MODULE, "QUESTIONS", BANK)
    record = Progress(None)
    review("01", record).quizzes[0].buttons[0].click()
    assert record.question("00.a")["box"] == 1
    assert [quiz.question.name for quiz in review("01", record).quizzes][-1] == "00.a"


def test_the_record_may_be_the_sessions_own(monkeypatch):
    monkeypatch.setattr(MODULE, "QUESTIONS", BANK)
    record = Progress(None)
    record.answer("00.c", True, 1, 0.0)
    monkeypatch.setattr(MODULE, "progress", lambda: record)
    assert review("01").quizzes[0].question.name == "00.c"
