"""Generation: what is written does not depend on how it is fed, and costs the same for ever."""

import subprocess
import sys

import pytest
import torch

from titans_book.model import TitansConfig, TitansLM, generation
from titans_book.model.generation import choose_next, generate, stream

SMALL = dict(vocab=32, dim=32, depth=2, heads=2, hidden=32)
# Prompts of 3, 8 and 29 tokens are shorter and longer than every chunk, segment and window.
VARIANTS = [
    {"variant": "lmm", "memory": {"chunk": 8}},
    {"variant": "mac", "memory": {"chunk": 8}, "segment": 6, "persistent": 2},
    {"variant": "mag", "memory": {"chunk": 8}, "window": 6, "persistent": 2},
    {"variant": "mal", "memory": {"chunk": 8}, "window": 6, "persistent": 2},
    {"variant": "hope", "memory": {"chunk": 8}},
    {"variant": "attention", "window": 6},
    {"variant": "attention"},
]
every_variant = pytest.mark.parametrize("model", VARIANTS, indirect=True, ids=str)


@pytest.fixture
def model(request):
    variant = getattr(request, "param", VARIANTS[0])
    return TitansLM(TitansConfig(**SMALL, **variant)).double()


def prompt(time=11, batch=1):
    return torch.randint(0, 32, (batch, time), generator=torch.Generator().manual_seed(3))


@pytest.mark.bare
@every_variant
@pytest.mark.parametrize("time", [3, 8, 29])
def test_token_by_token_is_one_parallel_call(model, time):
    """DECODE: prompts shorter and longer than a chunk; greedy, so every token must agree."""
    written = model.generate(prompt(time), 20, temperature=0)
    logits, _ = model(written[:, :-1])
    assert torch.equal(logits[:, time - 1 :].argmax(-1), written[:, time:])
    state, pieces = None, []
    for token in written.split(1, dim=1):
        piece, state = model(token, state)
        pieces.append(piece)
    assert (torch.cat(pieces, dim=1)[:, :-1] - logits).abs().max() <= 1e-9


@pytest.mark.bare
@every_variant
def test_writing_on_from_a_state_is_writing_in_one_go(model):
    whole = model.generate(prompt(), 12, temperature=0)
    first, state = generate(model, prompt(), 5, temperature=0)
    more, _ = generate(model, first[:, -1:], 7, temperature=0, state=state)
    assert torch.equal(torch.cat([first, more[:, 1:]], dim=1), whole)


@pytest.mark.bare
@every_variant
def test_a_prompt_may_come_in_pieces(model):
    whole = model.generate(prompt(), 6, temperature=0)
    _, state = model(prompt()[:, :4])
    rest, _ = generate(model, prompt()[:, 4:], 6, temperature=0, state=state)
    assert torch.equal(rest[:, 7:], whole[:, 11:])


@pytest.mark.bare
@pytest.mark.parametrize("model", VARIANTS[:-1], indirect=True, ids=str)
def test_the_state_does_not_grow(model):
    """Neither what it holds nor the storage behind it; only a plain transformer keeps it all."""

    def size(state):
        seen = []
        state.map(lambda x: seen.append((x.numel(), x.untyped_storage().nbytes())) or x)
        return tuple(map(sum, zip(*seen, strict=True)))

    sizes = {size(state) for _, state in list(stream(model, prompt(), 40))[5:]}
    assert len({numbers for numbers, _ in sizes}) == 1
    assert max(bytes for _, bytes in sizes) <= 2 * min(bytes for _, bytes in sizes)


@pytest.mark.bare
def test_a_seed_repeats_and_another_differs(model):
    one, same, other = (model.generate(prompt(), 30, seed=seed) for seed in (5, 5, 6))
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_nothing_written_for_n_zero(model):
    written, state = generate(model, prompt(), 0)
    assert torch.equal(written, prompt()) and state is None


def frequencies(logits, **settings):
    generator = torch.Generator().manual_seed(0)
    rows = torch.tensor([logits]).expand(20_000, -1)
    drawn = choose_next(rows, generator=generator, **settings)
    return torch.bincount(drawn.flatten(), minlength=len(logits)) / len(rows)


def test_sampling_follows_the_softmax_at_every_temperature():
    logits = [0.0, 1.0, 2.0]
    for temperature in (0.5, 1.0, 2.0):
        want = (torch.tensor(logits) / temperature).softmax(-1)
        assert (frequencies(logits, temperature=temperature) - want).abs().max() < 0.015


def test_top_k_and_top_p_keep_the_likeliest():
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log().tolist()
    kept = frequencies(logits, top_k=2)
    assert kept[2:].sum() == 0 and kept[0].item() == pytest.approx(0.625, abs=0.015)
    nucleus = frequencies(logits, top_p=0.6)  # .5 is not enough, .5 + .3 is
    assert nucleus[2:].sum() == 0 and nucleus[1] > 0
    assert frequencies(logits, top_p=0.01)[0] == 1
    assert frequencies(logits, top_k=99).min() > 0


def test_stop_ends_the_text_behind_the_token(model):
    whole = model.generate(prompt(batch=1), 30, seed=1)[0, 11:]
    stop = whole[7].item()
    first = whole.tolist().index(stop)
    assert torch.equal(model.generate(prompt(), 30, seed=1, stop=stop)[0, 11:], whole[: first + 1])


def test_a_batch_stops_once_every_row_has(model):
    whole = model.generate(prompt(batch=2), 40, seed=1)[:, 11:]
    common = set(whole[0].tolist()) & set(whole[1].tolist())
    stop = min(common)
    last = max(row.tolist().index(stop) for row in whole)
    written = model.generate(prompt(batch=2), 40, seed=1, stop=stop)[:, 11:]
    assert torch.equal(written, whole[:, : last + 1])


@pytest.mark.parametrize(
    "name, value",
    [
        ("stop", -1),
        ("n", -1),
        ("temperature", -0.1),
        ("temperature", float("nan")),
        ("top_k", 0),
        ("top_p", 0.0),
        ("top_p", 1.5),
        ("seed", -1),
        ("seed", 2**64),
    ],
)
def test_wrong_settings_are_named(model, name, value):
    settings = {"n": 3, name: value}
    with pytest.raises(ValueError, match=name):
        model.generate(prompt(), settings.pop("n"), **settings)


@pytest.mark.bare
@every_variant
def test_a_long_prompt_is_read_in_pieces_to_the_same_text(model, monkeypatch):
    whole, state = generate(model, prompt(29, batch=2), 8, temperature=0)
    monkeypatch.setattr(generation, "PIECE", 7)
    longest, forward = [], model.forward
    monkeypatch.setattr(model, "forward", lambda x, s: longest.append(x.shape[1]) or forward(x, s))
    pieces, after = generate(model, prompt(29, batch=2), 8, temperature=0)
    assert max(longest) == 7 and torch.equal(pieces, whole) and after.position == state.position


MEASURE = """
import resource, sys, torch
from titans_book.model import TitansConfig, TitansLM
model = TitansLM(TitansConfig("mag", dim=32, depth=1, heads=2, hidden=32))
model.generate(torch.randint(0, 256, (1, 9000)), 1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
model.generate(torch.randint(0, 256, (1, 60_000)), 1)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.bare
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has another unit elsewhere")
def test_a_prompt_of_sixty_thousand_tokens_needs_no_more_than_one_of_nine():
    """In megabytes; in one go it took 185 more."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 60


def test_an_empty_prompt_is_refused(model):
    with pytest.raises(ValueError, match="time >= 1"):
        model.generate(torch.zeros(1, 0, dtype=torch.long), 3)
