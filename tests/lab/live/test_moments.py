"""Moments of a training: the same passage, read beside it, and what is known of each token."""

import math

import numpy as np
import pytest
import torch

from titans_book import TitansConfig, TitansLM, TrainingSettings, train
from titans_book.evaluation import bits_of_each
from titans_book.evaluation.shut import shut
from titans_book.lab.live.album import Album
from titans_book.lab.live.moments import Moment, Probe, moment
from titans_book.lab.live.numbers import learned
from titans_book.lab.live.observer import Observer, Sample
from titans_book.training import checkpoints

TOKENS = torch.arange(40) % 9
SETTINGS = TrainingSettings(steps=6, batch=2, length=20, evaluate_every=0, save_every=0)


def build(variant="lmm", **options):
    torch.manual_seed(0)
    return TitansLM(TitansConfig(variant, vocab=16, dim=16, depth=1, heads=2, hidden=16, **options))


def text():
    return torch.randint(0, 16, (500,), generator=torch.Generator().manual_seed(0))


def test_a_moment_says_what_each_token_costs_and_would_with_nothing_written():
    model = build()
    found = moment(model, Probe(TOKENS, again=4), step=3, name="lmm")
    assert (found.step, found.name) == (3, "lmm") and math.isnan(found.bits[0])
    assert np.allclose(found.bits[1:], bits_of_each(model, TOKENS), atol=1e-5)
    with shut(model):
        closed = bits_of_each(model, TOKENS)
    assert np.allclose(found.shut[1:], closed, atol=1e-5)
    assert found.worth == pytest.approx((found.shut - found.bits)[1:].mean())
    first, second, control = found.readings
    assert first == pytest.approx(found.bits[1:4].mean())
    assert (second, control) == pytest.approx((found.bits[-3:].mean(), found.shut[-3:].mean()))
    (place,) = found.authors
    assert found.snapshot.memories.places == (place,)


def test_guesses_are_the_likeliest_and_in_words():
    model = build()
    spell = [f"<{token}>" for token in range(16)]
    found = moment(model, Probe(TOKENS, spell=lambda tokens: [spell[t] for t in tokens]), 0)
    with torch.no_grad():
        p = model(TOKENS[None])[0][0].softmax(-1)
    for row, guesses in zip(p, found.guesses, strict=True):
        assert [piece for piece, _ in guesses] == [spell[t] for t in row.topk(3).indices]
        assert [q for _, q in guesses] == pytest.approx(row.topk(3).values.tolist(), rel=1e-4)
    assert found.pieces[10] == "<1>"


def test_a_model_without_a_gate_has_no_control():
    found = moment(build("attention"), Probe(TOKENS), 0)
    assert found.shut is None and found.worth is None and not found.guesses_shut
    assert found.saves_most() == [] and found.readings is None
    assert learned([found]).endswith(f"costs {found.cost:.2f} bits a character.")


def test_what_is_kept_of_a_memory_with_chunks_of_one_token_is_little():
    found = moment(build(memory={"rule": "deltanet"}), Probe(TOKENS), 0)
    (trace,) = found.snapshot.memories
    assert len(trace.times) == 33 == len(trace.film[0]) and trace.times[::32] == (0, 40)
    assert trace.pairs == () and (0, "memory") in found.authors


@pytest.mark.parametrize(
    ("tokens", "again", "words"),
    [
        (torch.arange(1), 0, "2 tokens or more"),
        (TOKENS, 30, "half of the passage"),
        (TOKENS, 5, "not those at the beginning"),
    ],
    ids=["short", "long", "other"],
)
def test_a_probe_that_cannot_be_is_refused(tokens, again, words):
    with pytest.raises(ValueError, match=words):
        Probe(tokens, again=again)


def test_watching_changes_nothing_and_the_first_and_last_step_are_seen():
    plain, watched = build(), build()
    losses = [event.loss for event in train(plain, text(), SETTINGS)]
    observer = Observer(watched, Probe(TOKENS), lambda: "a text", every=4, name="mine")
    events = list(observer.follow(train(watched, text(), SETTINGS)))
    assert [e.loss for e in events if hasattr(e, "loss")] == losses
    both = zip(plain.parameters(), watched.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in both)
    assert [e.step for e in events if isinstance(e, Moment)] == [0, 4, 6]
    assert [e.step for e in events if isinstance(e, Sample)] == [4, 6]
    assert hasattr(events[-1], "loss")  # a step is told when it has been looked at


def test_no_more_than_a_share_of_the_time_is_taken():
    model, looks = build(), []
    observer = Observer(model, Probe(TOKENS), share=0)
    for event in observer.follow(train(model, text(), SETTINGS)):
        looks += [event.step] if isinstance(event, Moment) else []
        observer.wanted = getattr(event, "step", 0) == 2 and hasattr(event, "loss")
    assert looks == [0, 1, 3, 6]  # the first look tells what one costs
    with pytest.raises(ValueError, match="share must be between 0 and 1"):
        Observer(model, Probe(TOKENS), share=2)


def test_closing_closes_the_training(tmp_path):
    model = build()
    events = Observer(model, Probe(TOKENS)).follow(train(model, text(), SETTINGS, tmp_path))
    while not hasattr(next(events), "loss"):
        pass
    events.close()
    assert checkpoints.newest(tmp_path) is not None


def test_an_album_keeps_the_first_and_the_last():
    album = Album(room=4)
    for step in range(30):
        album.add(Moment(step, None))
    assert album.steps[0] == 0 and album.steps[-1] == 29 and len(album.steps) <= 4
    album.hold("A", album.at(29))
    album.begin()
    assert album.steps == [] and album.held["A"].step == 29 and album.at(3) is None
    with pytest.raises(ValueError, match="letter must be one of 'A', 'B'"):
        album.hold("C", Moment(0, None))


def test_what_has_been_learned_is_said_in_words():
    bits, closed = np.array([np.nan, 2.0, 3.0, 4.0]), np.array([np.nan, 2.0, 3.0, 7.0])
    last = Moment(9, None, "", 2, ["t", "o", "\n", "x"], bits, closed)
    assert learned([Moment(0, None, bits=2 * bits), last]) == (
        "After step 9 the passage costs 3.00 bits a character (6.00 after step 0). What its memory "
        "writes while it reads saves 1.00 of them. It saves most at “x” (token 4). The passage "
        "begins and ends alike: 2.00 bits a character the first time, 4.00 the second. Had it "
        "written nothing, the second would cost 7.00."
    )
    assert learned([]) == "" == learned([Moment(1, None)])
