"""Read twice: every number by hand, and models of which it is known what they remember."""

import math

import pytest
import torch
import torch.nn.functional as F

from titans_book.evaluation.twice import TwiceRead, bits_of_each, twice_read
from titans_book.model import TitansConfig, TitansLM

SIZES = dict(distances=(0, 7), passage=5, passages=6, lead=4, batch=4)


class Recalling:
    """Has read every pair of tokens: expects what came behind this token last time, by a logit."""

    def __init__(self, vocab: int, reach: int = 10**9, sure: float = 4.0) -> None:
        self.vocab, self.reach, self.sure, self.rows = vocab, reach, sure, []

    def __call__(self, tokens, state):
        heard = torch.cat([state, tokens], dim=1) if state is not None else tokens
        logits = torch.zeros(*tokens.shape, self.vocab)
        before = heard.shape[1] - tokens.shape[1]
        for b, row in enumerate(heard.tolist()):
            for t in range(tokens.shape[1]):
                now = before + t
                for s in range(max(0, now - self.reach), now):
                    if row[s] == row[now]:
                        logits[b, t] = 0
                        logits[b, t, row[s + 1]] = self.sure
        return logits, heard


class Writing(Recalling):
    """Keeps the rows that it was given."""

    def __call__(self, tokens, state):
        if state is None:
            self.rows += tokens.tolist()
        return super().__call__(tokens, state)


def uniform(tokens, state):
    return torch.zeros(*tokens.shape, 8), None


def test_passages_are_all_different_and_other_text_is_from_the_other_half():
    book, model = torch.arange(400), Writing(400)
    twice_read(model, book, **SIZES, piece=100)
    told, untold = model.rows[12:18], model.rows[18:]  # of distance 7, without their last token
    firsts = [tuple(row[4:9]) for row in told] + [tuple(row[4:9]) for row in untold]
    assert len(set(sum(firsts, ()))) == 12 * 5 and max(map(max, firsts)) < 200
    for one, two in zip(told, untold, strict=True):
        assert len(one) == len(two) == 4 + 5 + 7 + 5 - 1
        assert one[:4] + one[9:] == two[:4] + two[9:]
        assert one[16:] == one[4:8]  # the passage again
        assert one[9:16] == list(range(one[3] + 1, one[3] + 8)) and one[0] >= 200


def test_every_number_is_what_a_loop_finds():
    """The costs of a model with weights, token by token, from the rows of one that writes down."""
    torch.manual_seed(0)
    book, writing = torch.randint(0, 50, (400,)), Writing(50)
    twice_read(writing, book, **SIZES, piece=100)
    model = TitansLM(TitansConfig(vocab=50, dim=16, depth=1, heads=2, hidden=16)).double()
    found = twice_read(model, book, **SIZES, piece=3)

    def costs(row):
        log_p = model(torch.tensor([row]))[0][0].log_softmax(-1)
        return [-log_p[t, token].item() / math.log(2) for t, token in enumerate(row[1:])]

    for i, (told, untold) in enumerate(zip(writing.rows[12:18], writing.rows[18:], strict=True)):
        last = told[8]  # P's last token is no input the second time
        again, other = costs([*told, last]), costs([*untold, last])
        assert found.first[1, i].item() == pytest.approx(sum(again[4:8]) / 4)
        assert found.second[1, i].item() == pytest.approx(sum(again[-4:]) / 4)
        assert found.another[1, i].item() == pytest.approx(sum(other[-4:]) / 4)


def test_shut_is_the_same_model_whose_memory_writes_nothing():
    torch.manual_seed(1)
    book = torch.randint(0, 30, (300,))
    model = TitansLM(TitansConfig(vocab=30, dim=16, depth=2, heads=2, hidden=16)).double()
    found = twice_read(model, book, **SIZES)
    for block in model.blocks:
        for name in ("theta", "alpha", "eta"):
            block.memory.gates[name].bias.data.fill_(-1e4)
    closed = twice_read(model, book, **SIZES)
    assert torch.equal(found.shut, closed.second) and not torch.equal(found.shut, found.second)
    assert torch.equal(closed.shut, closed.second)


def test_what_remembers_everything_saves_all_it_can():
    """With a logit of 4 for the right one of 1,000 tokens that are all different."""
    book = torch.randperm(1000)
    found = twice_read(Recalling(1000), book, distances=(5, 50), passages=20, passage=8, lead=3)
    save = math.log2(1000) - (math.log2(999 + math.e**4) - 4 / math.log(2))
    assert found.shut is None and found.first.shape == (2, 20)
    for saved in (*found.saved(), *found.saved("first")):
        assert saved.mean == pytest.approx(save) and saved.low == pytest.approx(saved.high)


def test_what_sees_no_further_saves_nothing_beyond_it():
    book = torch.randperm(1000)
    sizes = dict(distances=(2, 12, 40), passages=20, passage=8, lead=3)
    near, edge, far = twice_read(Recalling(1000, reach=16), book, **sizes).saved()
    assert near.mean > 1 and edge == far == (0, 0, 0)
    assert twice_read(uniform, torch.randint(0, 8, (900,)), **sizes).saved()[0] == (0, 0, 0)


def test_the_interval_is_a_bootstrap_over_passages():
    torch.manual_seed(0)
    values = 0.3 + 0.5 * torch.randn(1, 400).double()
    rest = torch.zeros_like(values)
    found = TwiceRead((1,), rest, rest, values, None)
    (saved,) = found.saved()
    half = 1.96 * values.std().item() / 20
    assert saved.mean == pytest.approx(values.mean().item())
    assert saved.low == pytest.approx(saved.mean - half, abs=0.006)
    assert saved.high == pytest.approx(saved.mean + half, abs=0.006)
    assert found.saved(draws=500, seed=1) != [saved] and found.saved() == [saved]
    (lost,) = found.saved("second", "another")
    assert lost.mean == pytest.approx(-saved.mean)
    with pytest.raises(ValueError, match="over must be one of 'first', 'second', 'another'"):
        found.saved("shut")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"passage": 1}, "passage must be a whole number >= 2"),
        ({"passages": 0}, "passages must be a whole number >= 1"),
        ({"lead": -1}, "lead must be a whole number >= 0"),
        ({"distances": (-1,)}, "distances must be a whole number >= 0"),
        ({"distances": ()}, "tokens must hold 120 or more, and distances one"),
        ({"passages": 41}, "tokens must hold 820 or more, and distances one, got 800"),
        ({"distances": (400,)}, "tokens must hold 808 or more"),
    ],
)
def test_what_cannot_be_measured_is_said(options, words):
    with pytest.raises(ValueError, match=words):
        twice_read(uniform, torch.zeros(800, dtype=torch.long), **{**SIZES, **options})


@pytest.mark.parametrize("rule", ["deltanet", "softmax-attention"])
def test_a_memory_of_another_kind_is_read_shut_if_it_has_a_gate(rule):
    sizes = dict(vocab=9, dim=8, depth=1, heads=1, hidden=8)
    model = TitansLM(TitansConfig(**sizes, memory={"rule": rule}))
    found = twice_read(model, torch.randint(0, 9, (300,)), **SIZES)
    if rule == "deltanet":
        assert F.mse_loss(found.shut, found.second) > 0
    else:
        assert found.shut is None


def test_the_bits_of_each_token_are_those_of_the_whole():
    torch.manual_seed(0)
    model = TitansLM(TitansConfig("lmm", vocab=16, dim=16, depth=1, heads=1, hidden=16))
    tokens = torch.randint(0, 16, (9,))
    logits, _ = model(tokens[None, :-1])
    want = F.cross_entropy(logits[0], tokens[1:], reduction="none") / math.log(2)
    torch.testing.assert_close(bits_of_each(model, tokens).float(), want.detach())
    with pytest.raises(ValueError, match="tokens must hold 2 or more, got 1"):
        bits_of_each(model, tokens[:1])
