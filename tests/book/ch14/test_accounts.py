"""What the page asks of a finder and of the record; the learner's report beside the book's."""

import pytest
import torch

from titans_book.book.ch13 import twice
from titans_book.book.ch14 import suspects
from titans_book.book.ch14.accounts import accounts, left_of_start, look, with_switches
from titans_book.book.ch14.exercises_hunt import hunt
from titans_book.book.ch14.finders import SECOND, finder, record
from titans_book.book.ch14.reading import told_often
from titans_book.book.ch14.report import POINTS, REPORT, RUBRIC, rubric
from titans_book.book.ch14.report_own import LINES, beside, the_books
from titans_book.book.ch14.tables import by_chunk, by_seed, when_trained
from titans_book.book.ch14.tomorrow import bits, state_after
from titans_book.evaluation import bits_of_each
from titans_book.lab.learning.attempt import Attempt


def test_a_look_knows_hay_from_needle():
    seen = look(finder("to its start"), length=30, depth=0.2)
    assert seen.value == 7 and seen.hay.sum() == 30 - 3 - 2
    assert not seen.hay[5:8].any() and not seen.hay[-2:].any()
    assert len(seen.theta) == len(seen.worth) == 30
    assert seen.theta[seen.value] > 3 * seen.theta[seen.hay].mean()


def test_both_accounts_are_of_one_answer():
    often = told_often()
    both = accounts(finder("to its start"), often)
    assert both.said in often.told and both.values == often.values
    assert len(both.shares) == len(both.worth) == len(often.tokens)


def test_nothing_switched_off_is_how_it_was_read():
    found = with_switches(finder("to zero"), 40, 1, "before", rows=4)
    assert list(found) == ["nothing", "writing", "forgetting", "both"]
    assert all(0 <= share <= 1 for share in found.values())


def test_forgetting_to_zero_wears_the_first_layer_down():
    assert max(left_of_start(finder("to zero"), 600)) < min(
        left_of_start(finder("to its start"), 600)
    )


def test_the_second_finder_is_another_one():
    one, other = (finder("to its start", second=second) for second in (False, True))
    assert list(SECOND) == ["to its start"]
    assert not torch.equal(
        one.blocks[0].memory.first_weights()[0], other.blocks[0].memory.first_weights()[0]
    )
    with pytest.raises(ValueError, match="choice must be one of"):
        finder("to zero", second=True)


def test_tables_are_what_the_record_says():
    runs = record()["models"]
    assert by_chunk(64).table[1][2] == pytest.approx(
        sum(run["read in chunks"]["16"][0] for run in runs["to its start"].values()) / 3
    )
    assert float(by_seed("to zero", 64)[1]) == pytest.approx(
        sum(row[0] for row in runs["to zero"]["1"]["found"]) / 3
    )
    assert when_trained("chunk 64")[2] == runs["chunk 64"]["2"]["right"]
    for wrong in (lambda: by_seed("to zero", 65), lambda: by_chunk(64, [3]), lambda: by_seed("?")):
        with pytest.raises(ValueError, match="must be one of"):
            wrong()


def test_bits_are_those_of_the_evaluation_and_a_state_is_read_on_from():
    reader, _ = twice.recorded("lmm")
    passage = twice.texts()[1]["moby_dick"][:12]
    assert bits(reader, passage) == pytest.approx(float(bits_of_each(reader, passage).mean()), 1e-3)
    assert bits(reader, passage, state_after(reader, passage)) < bits(reader, passage)


def test_a_report_is_compared_once_it_is_whole():
    assert "Still empty: Contestants, Care" in beside("Claim: a\nmore of it").alt
    whole = beside("\n".join(f"- **{name}**: mine & <yours>" for name in LINES))
    assert "mine &amp; &lt;yours&gt;" in whole.html and the_books()["Claim"] in whole.alt


def test_every_sentence_of_the_report_belongs_to_a_point_of_the_rubric():
    names = {name for name, _ in RUBRIC}
    assert set(POINTS) == set(range(1, len(REPORT) + 1)) and set(POINTS.values()) <= names
    assert all(name in rubric().alt for name in names)


def test_a_hunter_is_shown_as_it_was_written():
    wrong = Attempt(hunt, lambda ask, length, most: (0, 1))
    assert suspects.hunted(wrong).stretches == [(0, 1)] * suspects.CASES
    still_open = Attempt(hunt, lambda ask, length, most: ask(0, 99))
    assert suspects.hunted(still_open).scores == suspects.scores(hunt.reference)
    best = [case.stretch for case in suspects.cases()]
    assert suspects.score(lambda ask, length, most: best.pop(0)) == pytest.approx(1.0)
    starts = sorted(case.stretch[0] for case in suspects.cases())
    assert starts[-1] - starts[0] > 20  # no fixed stretch is good for all
