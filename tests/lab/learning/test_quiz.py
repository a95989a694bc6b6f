"""A quiz explains every choice, and only the first one counts."""

import sys
import time

import pytest

from titans_book.book.ch00.questions import QUESTIONS
from titans_book.lab.learning.leitner import DAY
from titans_book.lab.learning.progress import Progress
from titans_book.lab.learning.question import Choice, Question
from titans_book.lab.learning.quiz import Quiz, quiz
from titans_book.lab.pictures.sheet import check_name, plain

YES = Choice("<i>M</i><sub>t</sub>", right=True, because="It is.")
NO, NEVER = Choice("No", because="Why not."), Choice("Never", because="Never say never.")


def question(name="01.memory", asks="Which?", choices=(NO, YES, NEVER)):
    return Question(name, asks, choices)


@pytest.fixture
def record():
    return Progress(None)


def test_a_choice_shows_its_own_explanation_with_a_sign(record):
    shown = Quiz(question(), record)
    assert shown.explanation.value == ""
    shown.buttons[0].click()
    assert "✗ a) Not this one." in shown.explanation.value and "Why not." in shown.explanation.value
    shown.buttons[1].click()
    assert "✓ b) Right." in shown.explanation.value and "It is." in shown.explanation.value
    assert [button.description for button in shown.buttons] == ["a) ✗", "b) ✓", "c)"]
    assert "wrong" in shown.rows[0]._dom_classes and "right" in shown.rows[1]._dom_classes


def test_no_explanation_leaves_python_before_its_choice_is_pressed(record):
    shown = Quiz(question(), record)
    seen, todo = [], [shown]
    while todo:
        widget = todo.pop()
        todo.extend(getattr(widget, "children", ()))
        seen.append(str(widget.get_state()))
    assert "No" in "".join(seen)
    assert not [words for words in ("It is.", "Why not.", "Never say") if words in "".join(seen)]


def test_only_the_first_press_counts(record):
    shown = Quiz(question(), record)
    for index in (0, 1, 1):
        shown.buttons[index].click()
    entry = record.question("01.memory")
    assert entry["answers"] == [False] and entry["box"] == 0 and entry["due"] <= time.time()


def test_a_right_answer_goes_up_from_the_box_it_was_in(record):
    record.answer("01.memory", True, 2, 0.0)
    Quiz(question(), record).buttons[1].click()
    entry = record.question("01.memory")
    assert entry["box"] == 3 and entry["due"] == pytest.approx(time.time() + 7 * DAY, abs=60)


def test_it_prints_as_its_question_whatever_was_pressed(record):
    shown = Quiz(question(asks="Which <b>one</b>?"), record)
    words = "Quiz: Which one? a) No b) M_t c) Never"
    assert repr(shown) == words
    shown.buttons[0].click()
    assert repr(shown) == words == repr(Quiz(question(asks="Which <b>one</b>?"), record))


def test_buttons_and_explanation_can_be_heard(record):
    shown = Quiz(question(), record)
    assert [button.tooltip for button in shown.buttons] == ["No", "M_t", "Never"]
    assert "titans-status" in shown.explanation._dom_classes
    assert "setAttribute('role', 'status')" in "".join(
        getattr(child, "value", "").replace("&#x27;", "'") for child in shown.children
    )


def test_without_a_record_it_writes_into_the_session(monkeypatch, record):
    monkeypatch.setattr(sys.modules[Quiz.__module__], "progress", lambda: record)
    Quiz(question()).buttons[1].click()
    assert record.question("01.memory")["answers"] == [True]


def test_a_question_by_its_name(monkeypatch, record):
    two = {"01.memory": question(), "02.other": question()}
    monkeypatch.setattr(sys.modules["titans_book.lab.learning.quiz"], "QUESTIONS", two)
    assert quiz("01.memory", record).question.name == "01.memory"
    with pytest.raises(ValueError, match="'01.none' is no question: .* 01.memory, 02.other"):
        quiz("01.none")


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"name": "1.memory"}, "no chapter and word"),
        ({"name": "01"}, "no chapter and word"),
        ({"asks": " "}, "asks is empty"),
        ({"choices": (YES, NO)}, "2 choices"),
        (
            {"choices": (YES, NO, NEVER, Choice("4", because="4"), Choice("5", because="5"))},
            "5 cho",
        ),
        ({"choices": (NO, NEVER, Choice("Perhaps", because="It may."))}, "exactly one"),
        ({"choices": (YES, NO, Choice("Yes", right=True, because="Yes."))}, "exactly one"),
        ({"choices": (YES, NO, NO)}, "twice"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        question(**wrong)


def test_a_choice_needs_a_text_and_an_explanation():
    with pytest.raises(ValueError, match="text is empty"):
        Choice(" ", because="why")
    with pytest.raises(ValueError, match="every choice is explained"):
        Choice("Yes", right=True)


def test_names_and_plain_words():
    assert check_name("04.titans_step") == "04.titans_step"
    with pytest.raises(ValueError, match="no chapter and word"):
        check_name("4.step")
    assert plain("2<sup>3</sup> &lt; 9, and\n <code>a</code>") == "2^3 < 9, and a"
    assert plain("a < b, c > d") == "a < b, c > d"


def test_the_questions_of_chapter_00_are_explained_at_length_and_hide_their_answer():
    assert len(QUESTIONS) == 5 and len({question.name for question in QUESTIONS}) == 5
    assert {question.chapter for question in QUESTIONS} == {"00"}
    places = [[choice.right for choice in question.choices].index(True) for question in QUESTIONS]
    assert len(set(places)) >= 3
    assert min(len(choice.because) for question in QUESTIONS for choice in question.choices) > 60
