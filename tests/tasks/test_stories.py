"""Stories: a reader who knows only the sentences finds every answer again."""

import re
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from titans_book.tasks.haystack import ESSAYS, sentences
from titans_book.tasks.stories import PEOPLE, PLACES, THINGS, stories

FACT = re.compile(rf"({'|'.join(PEOPLE)}) ([a-z ]+) the ({'|'.join(PLACES + THINGS)})\. ")


def reader(text):
    """Where everybody and everything is, from the text alone; and how often something was told."""
    at, holder, lies, told = {}, {}, {}, 0
    for person, verb, what in FACT.findall(text):
        told += 1
        if what in PLACES:
            assert at.get(person) != what, "goes where he is"
            at[person] = what
        elif verb in ("took", "picked up"):
            assert what not in holder, "takes what somebody holds"
            assert lies.pop(what, at[person]) == at[person], "takes what lies elsewhere"
            holder[what] = person
        else:
            assert verb in ("put down", "set down") and holder.pop(what) == person
            lies[what] = at[person]
    return at | lies | {thing: at[person] for thing, person in holder.items()}, told


@given(
    kind=st.sampled_from(["qa1", "qa2"]),
    length=st.integers(1500, 4000),
    low=st.integers(2, 15),
    more=st.integers(0, 15),
    essays=st.sampled_from(ESSAYS),
    seed=st.integers(0, 999),
)
def test_a_reader_finds_every_answer(kind, length, low, more, essays, seed):
    facts = (low, low + more)
    task = stories(3, kind=kind, length=length, facts=facts, essays=essays, seed=seed)
    assert task.inputs.shape == (3, length)
    for passage, inputs, targets in zip(task.passages, task.inputs, task.targets, strict=True):
        known, told = reader(passage.text)
        asked = re.fullmatch(r"Where is (?:the )?(\w+)\? In the ", passage.question).group(1)
        assert asked in (PEOPLE if kind == "qa1" else THINGS)
        assert passage.answer == known[asked]
        assert low <= told <= low + more
        assert bytes(inputs.tolist()).decode() == passage.prompt + passage.answer[:-1]
        assert bytes(targets[targets >= 0].tolist()).decode() == passage.answer


@pytest.mark.parametrize("kind", ["qa1", "qa2"])
def test_without_its_facts_the_text_is_the_book(kind):
    whole = " ".join(sentences("moby_dick")) + " "
    for passage in stories(6, kind=kind, length=2500, seed=2).passages:
        assert FACT.sub("", passage.text)[:-1] in whole


@pytest.mark.parametrize(("kind", "length"), [("qa1", 347), ("qa2", 657)])
def test_the_shortest_length_is_enough_for_every_story(kind, length):
    assert stories(1000, kind=kind, length=length).inputs.shape == (1000, length)


def test_facts_stand_before_any_sentence():
    """With one fact and many sentences: in each fifth of the text as often."""
    task = stories(1500, length=3000, facts=(1, 1), essays="shakespeare")
    share = [FACT.search(p.text).start() / len(p.text) for p in task.passages]
    fifths = Counter(min(4, int(5 * x)) for x in share)
    assert all(abs(fifths[i] / 1500 - 0.2) < 0.045 for i in range(5))


def test_qa1_tells_from_two_to_ten_facts_unless_told_otherwise():
    told = Counter(reader(p.text)[1] for p in stories(900, length=600).passages)
    assert set(told) == set(range(2, 11)) and min(told.values()) > 60


@pytest.mark.parametrize("kind", ["qa1", "qa2"])
def test_a_guess_is_right_once_in_six(kind):
    answers = Counter(p.answer for p in stories(1500, kind=kind, length=1200).passages)
    assert set(answers) == set(PLACES)
    assert all(abs(n / 1500 - 1 / 6) < 0.04 for n in answers.values())


@pytest.mark.parametrize("name", ESSAYS)
def test_no_person_of_the_stories_is_in_the_books(name):
    book = " ".join(sentences(name))
    assert not re.search(rf"\b({'|'.join(PEOPLE)})\b", book)


def test_the_same_seed_is_the_same_batch_and_a_generator_goes_on():
    assert stories(2, seed=5).passages == stories(2, seed=5).passages
    g = torch.Generator().manual_seed(0)
    assert stories(2, seed=g).passages != stories(2, seed=g).passages


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "qa3"}, "kind must be one of .* got 'qa3'"),
        ({"length": 346}, "length must be 347 or more for 10 facts, got 346"),
        ({"facts": (0, 3)}, "facts must be 1 or more"),
        ({"kind": "qa2", "facts": (1, 3)}, "facts must be 2 or more"),
        ({"facts": (3, 2)}, "facts must go from the fewest to the most"),
        ({"essays": "graham"}, "essays must be one of"),
    ],
)
def test_wrong_fields_are_named(fields, words):
    with pytest.raises(ValueError, match=words):
        stories(2, **fields)
