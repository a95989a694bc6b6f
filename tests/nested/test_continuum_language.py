"""Language models whose modules learn while they read: pieces of a plain copy, row by row."""

from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.memory.cases import assert_equal
from titans_book.model import TitansConfig, TitansLM
from titans_book.model.saved_state import load_state, save_state
from titans_book.nested.continuum import read_and_learn

VOCAB, TIME = 11, 23
LEVELS = {3: ["blocks.0.mlp"], 5: ["blocks.1.mlp.up", "blocks.1.mlp.down.weight"]}
HOW = {"levels": LEVELS, "rates": (0.3, 0.1), "keep": (0.9, 1.0)}
VARIANTS = ("attention", "lmm", "mac", "mag", "mal")


class Bigram(nn.Module):
    """Each token by itself: a model without a state."""

    def __init__(self):
        super().__init__()
        self.embedding, self.mlp = nn.Embedding(VOCAB, 6), nn.Linear(6, 6)
        self.head = nn.Linear(6, VOCAB)

    def forward(self, tokens):
        return self.head(torch.tanh(self.mlp(self.embedding(tokens))))


def problem(variant, batch=2):
    short = {"mac": {"segment": 4}, "mag": {"window": 4}, "mal": {"window": 4}}.get(variant, {})
    sizes = {"vocab": VOCAB, "dim": 8, "hidden": 12, "heads": 2, "depth": 2}
    config = TitansConfig(variant=variant, **sizes, **short)
    tokens = torch.randint(VOCAB, (batch, TIME), generator=torch.Generator().manual_seed(2))
    return TitansLM(config).double(), tokens


def by_hand(model, tokens, levels, rates, keep):
    """One row: a copy of the model, its weights set by hand at the end of each piece."""
    model, state, answers = deepcopy(model), None, []
    own = dict(model.named_parameters())
    groups = [
        [p for name, p in own.items() if any(f"{name}.".startswith(f"{n}.") for n in names)]
        for names in levels.values()
    ]
    start = [[p.detach().clone() for p in group] for group in groups]
    windows = [[torch.zeros_like(p) for p in group] for group in groups]
    counts = [0] * len(groups)
    ends = sorted({i for C in levels for i in range(C, len(tokens), C)}) + [len(tokens)]
    for begin, end in zip([0, *ends], ends, strict=False):
        given = (tokens[None, begin:end],) + (() if state is None else (state,))
        found = model(*given)
        logits, state = found if isinstance(found, tuple) else (found, None)
        state = None if state is None else state.detach()
        answers.append(logits[0].detach())
        if end == len(tokens):
            break
        loss = F.cross_entropy(logits[0], tokens[begin + 1 : end + 1], reduction="sum")
        for group, window in zip(groups, windows, strict=True):
            gradients = torch.autograd.grad(loss, group, retain_graph=True)
            for sum_, gradient in zip(window, gradients, strict=True):
                sum_ += gradient
        for n, C in enumerate(levels):
            if end % C == 0:
                counts[n] += 1
                for p, low, g in zip(groups[n], start[n], windows[n], strict=True):
                    p.data = low + keep[n] * (p.data - low) - rates[n] * g
                    g.zero_()
    return torch.cat(answers), groups, counts


@pytest.mark.parametrize("variant", [*VARIANTS, "no state"])
def test_reading_is_that_of_a_copy_whose_weights_are_set_by_hand(variant):
    model, tokens = problem("lmm" if variant == "no state" else variant)
    how = dict(HOW)
    if variant == "no state":
        model, how["levels"] = Bigram().double(), {3: ["mlp"], 5: ["head"]}
    logits, state = read_and_learn(model, tokens, **how)
    plain = model(tokens) if variant == "no state" else model(tokens)[0]
    for b, row in enumerate(tokens):
        want, groups, counts = by_hand(model, row, **how)
        assert_equal(logits[b], want)
        assert [level.updates for level in state.levels] == counts
        for level, group in zip(state.levels, groups, strict=True):
            for W, p in zip(level.weights.values(), group, strict=True):
                assert_equal(W[b], p.detach())
    assert_equal(logits[:, :3], plain[:, :3].detach())
    assert (logits[:, 3:] - plain[:, 3:]).abs().amax((0, 2)).min() > 1e-6


@pytest.mark.parametrize(
    ("variant", "lengths"),
    [
        ("attention", [1] * TIME),
        ("lmm", [3, 20]),
        ("mac", [7, 16]),
        ("mag", [9, 14]),
        ("mal", [22, 1]),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} calls",
)
def test_one_call_is_any_split_and_a_state_survives_a_file(variant, lengths, tmp_path):
    model, tokens = problem(variant)
    want, end = read_and_learn(model, tokens, **HOW)
    state, answers = None, []
    for part in tokens.split(lengths, 1):
        logits, state = read_and_learn(model, part, state, **HOW)
        state = load_state(save_state(state, tmp_path / "state", model), model=None)
        answers.append(logits)
    assert_equal(torch.cat(answers, 1), want, 1e-11)
    assert state.position == TIME
    for one, other in zip(state.levels, end.levels, strict=True):
        assert one.updates == other.updates
        for have, wanted in zip(one.tensors(), other.tensors(), strict=True):
            assert_equal(have, wanted, 1e-11)


@pytest.mark.parametrize("variant", VARIANTS)
def test_at_rate_0_it_is_the_model_to_the_bit(variant):
    model, tokens = problem(variant)
    model = model.float()
    want, end = model(tokens)
    have, state = read_and_learn(model, tokens, levels=LEVELS, rates=0.0)
    assert torch.equal(have, want)
    assert all(map(torch.equal, state.model.tensors(), end.tensors()))
    first, between = read_and_learn(model, tokens[:, :7], levels=LEVELS, rates=0.0)
    second, _ = read_and_learn(model, tokens[:, 7:], between, levels=LEVELS, rates=0.0)
    a, state = model(tokens[:, :7])
    assert torch.equal(
        torch.cat([first, second], 1), torch.cat([a, model(tokens[:, 7:], state)[0]], 1)
    )


def test_nothing_is_seen_before_its_time_and_no_row_sees_another():
    model, tokens = problem("attention")
    want, _ = read_and_learn(model, tokens, **HOW)
    for t in (5, 14):
        other = tokens.clone()
        other[0, t] = (other[0, t] + 1) % VOCAB
        have, _ = read_and_learn(model, other, **HOW)
        assert torch.equal(have[0, :t], want[0, :t])
        assert (have[0, t] - want[0, t]).abs().max() > 1e-6
        assert_equal(have[1], want[1])
    alone, _ = read_and_learn(model, tokens[1:], **HOW)
    assert_equal(alone, want[1:])


def test_the_models_own_weights_stay_as_they_are_and_repetition_is_learned():
    model, tokens = problem("attention", batch=1)
    text = tokens[:, :4].repeat(1, 40)
    before = {name: W.clone() for name, W in model.state_dict().items()}
    logits, _ = read_and_learn(model, text, levels={4: "blocks.0.mlp"}, rates=0.1)
    assert all(torch.equal(W, before[name]) for name, W in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    assert not logits.requires_grad
    losses = F.cross_entropy(logits[0, :-1], text[0, 1:], reduction="none")
    plain = F.cross_entropy(model(text)[0][0, :-1], text[0, 1:], reduction="none")
    assert losses[-20:].mean() < 0.3 * plain[-20:].mean()


def test_inference_mode_learns_as_no_grad_does():
    model, tokens = problem("lmm")
    want, _ = read_and_learn(model, tokens, **HOW)
    with torch.inference_mode():
        have, state = read_and_learn(model, tokens + 0, **HOW)
    assert_equal(have, want)
    assert state.position == TIME


def test_bad_calls_are_refused_by_name(as_people_call_it):
    model, tokens = problem("lmm")
    _, state = read_and_learn(model, tokens, **HOW)
    for options, message in (
        ({"levels": {3: ["blocks.7.mlp"]}}, "levels names 'blocks.7.mlp', which has no parameters"),
        ({"levels": {3: "blocks.0.mlp", 5: "blocks.0"}}, "levels holds blocks.0.mlp"),
        ({"levels": {0: "blocks.0.mlp"}}, "each of periods must be a whole number >= 1, got 0"),
        ({"levels": {}}, "periods must hold a number for each level"),
        ({"levels": LEVELS, "rates": (1.0,)}, "rates must be one number or 2"),
    ):
        with pytest.raises(ValueError, match=message):
            read_and_learn(model, tokens, **options)
    with pytest.raises(TypeError, match="levels must map periods to names of modules"):
        read_and_learn(model, tokens, levels=["blocks.0.mlp"])
    for given in (tokens[0], tokens.double(), tokens[:, :0]):
        with pytest.raises(ValueError, match="tokens must"):
            read_and_learn(model, given, **HOW)
    with pytest.raises(TypeError, match="state must be a LearningState or None, got ModelState"):
        read_and_learn(model, tokens, state.model, **HOW)
    with pytest.raises(ValueError, match="state belongs to other levels or another batch"):
        read_and_learn(model, tokens, state, levels={3: "blocks.0.mlp"})
    with pytest.raises(ValueError, match="state belongs to other levels or another batch"):
        read_and_learn(model, tokens[:1], state, **HOW)
