"""The experiments of chapter 09 and the flow tracer, by its own slider and menu."""

import pytest
import torch

from titans_book.book.ch09 import flows, wiring_figures
from titans_book.book.ch09.flow_tracer import FlowTracer
from titans_book.inspection.causality import influence
from titans_book.steps.blocks import mac, mag, mal
from titans_book.training.on_tasks import train_on

pytestmark = pytest.mark.bare(traced=True)

WIRING = {"mac": mac, "mag": mag, "mal": mal}


@pytest.fixture
def tracer():
    return FlowTracer(alt="A flow tracer")


@pytest.mark.parametrize("variant", flows.NAMES)
def test_both_paths_together_are_who_moves_whom(variant):
    """The support of the derivative is that of a change, and none of it is in the future."""
    short, long = flows.paths(variant)
    moved = influence(flows.mixed(variant), flows.text())
    assert torch.equal((short + long) > 1e-9, moved > 1e-9)
    assert short.triu(1).max() == long.triu(1).max() == 0


def test_the_short_path_is_what_the_masks_say():
    i, j = torch.arange(flows.TIME)[:, None], torch.arange(flows.TIME)
    window = (j <= i) & (i - j < flows.SPAN)
    segment = (j <= i) & (i // flows.SPAN == j // flows.SPAN)
    want = {"attention": window, "mag": window, "mal": window, "mac": segment, "lmm": i == j}
    for variant, seen in want.items():
        assert torch.equal(flows.paths(variant)[0] > 1e-9, seen), variant


def test_a_window_alone_has_no_long_path_and_a_memory_reaches_back_to_the_first_token():
    assert flows.paths("attention")[1].max() == 0
    for variant in ("lmm", "mac", "mag", "mal"):
        assert flows.paths(variant)[1][-1, 0] > 1e-9


@pytest.mark.parametrize("variant", WIRING)
def test_a_model_run_on_its_wiring_is_the_model(variant):
    model, task = flows.fresh(variant), flows.draw(0)
    with torch.no_grad():
        want, _ = model(task.inputs[:3])
    have, _ = flows.Wired(model, WIRING[variant])(task.inputs[:3])
    torch.testing.assert_close(have, want, rtol=0, atol=1e-11)


def test_what_is_off_has_no_effect_any_more():
    model, tokens = flows.fresh("mac"), flows.draw(0).inputs[:2]
    for off, named in (("persistent", "attention.persistent"), ("m", "memory.project.weight")):
        silent = flows.Wired(model, mac, (off, "h") if off == "m" else (off,))
        before = silent(tokens)[0]
        dict(model.blocks[0].named_parameters())[named].data += 1.0
        assert torch.equal(silent(tokens)[0], before)
    whole, alone = flows.Wired(model, mac), flows.Wired(model, mac, ("window",))
    assert not torch.equal(whole(tokens)[0], alone(tokens)[0])
    other = tokens.clone()
    other[:, 1] = 1 + other[:, 1] % 7
    moved = {}
    for off in (("window", "h", "m"), ("window", "m")):
        wired = flows.Wired(model, mac, off)
        moved[off] = wired(tokens)[0] != wired(other)[0]
    assert not moved["window", "h", "m"][:, 2:].any()  # without a window and a memory: each alone
    assert moved["window", "m"][:, 8:].any()  # without a window h is seen as before
    with pytest.raises(ValueError, match="gate"):
        flows.Wired(model, mac, ("gate",))


def test_a_block_that_sees_all_of_h_sees_the_future_and_otherwise_is_mac():
    peeking = flows.peeking()
    with torch.no_grad():
        for weight in peeking.parameters():
            torch.nn.init.normal_(weight, std=0.4)
    tokens = flows.coins(1, seed=0).inputs
    other = tokens.clone()
    other[0, 6] = 1 - other[0, 6]
    moved = (peeking(tokens)[0] != peeking(other)[0])[0].any(-1)
    assert moved[:6].all() and moved[6:].all()
    last = tokens.clone()
    last[0, 7] = 1 - last[0, 7]
    assert (peeking(tokens)[0] != peeking(last)[0])[0, :7].any()
    honest = flows.peeking()
    honest.load_state_dict(peeking.state_dict())
    honest.blocks[0].__class__ = flows.MACBlock
    short = tokens[:, :1]  # a segment of one token has no future
    torch.testing.assert_close(peeking(short)[0], honest(short)[0], rtol=0, atol=1e-12)


def test_one_by_one_gives_a_model_nothing_to_peek_at():
    task = flows.coins(2, seed=1)
    model = flows.fresh("mag")
    with torch.no_grad():
        want = model(task.inputs)[0].argmax(-1)
    assert torch.equal(flows.one_by_one(model, task.inputs), want)


def test_a_fresh_model_can_be_trained_on_coats():
    model = flows.fresh("lmm")
    losses = [event.loss for event in train_on(model, flows.draw, flows.SETTINGS)]
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])
    assert flows.spell(int(flows.draw(0).inputs[0, 1])) in "1234"


def test_the_slider_traces_another_output(tracer):
    assert (tracer.variant, tracer.token.value) == ("mac", 20)
    assert tracer.lit()[0] == [17, 18, 19, 20] and tracer.lit()[1][0] == 1
    shown = tracer.drawing.value, tracer.said.value
    tracer.token.value = 17
    assert tracer.lit()[0] == [17] and "token 17 alone" in tracer.said.value
    assert all(a != b for a, b in zip(shown, (tracer.drawing.value, tracer.said.value),
                                      strict=True))  # fmt: skip


def test_the_menu_takes_another_block(tracer):
    tracer.block.value = "window alone"
    assert tracer.lit() == ([*range(13, 21)], [])
    assert "through the memory nothing" in tracer.said.value
    tracer.block.value = "memory alone"
    assert tracer.lit()[0] == [20]


def test_at_every_end_it_draws_and_lights_no_future(tracer):
    for name in flows.NAMES.values():
        tracer.block.value = name
        for token in (1, flows.TIME):
            tracer.token.value = token
            assert "nan" not in tracer.drawing.value
            assert max(max(tokens, default=0) for tokens in tracer.lit()) <= token


def test_it_is_told_in_words_that_never_change(tracer):
    assert repr(tracer) == "FlowTracer: A flow tracer"
    assert 'aria-label="Output 20 of MAC' in tracer.drawing.value
    with pytest.raises(ValueError, match="'mega'"):
        FlowTracer(alt="A flow tracer", variant="mega")
    with pytest.raises(ValueError, match="outside the slider"):
        FlowTracer(alt="A flow tracer", token=25)
    with pytest.raises(ValueError, match="alt"):
        FlowTracer(alt=" ")


@pytest.mark.parametrize("dark", [False, True])
def test_its_still_picture_is_a_picture(dark):
    tracer = FlowTracer(alt="A flow tracer", variant="mag", dark=dark)
    figure = tracer.figure(alt="Bars up and down")
    assert figure.alt == "Bars up and down" and figure.png()[:4] == b"\x89PNG"
    assert ("#E8772E" in tracer.drawing.value) == dark


@pytest.mark.parametrize("dark", [False, True])
def test_the_chapters_figures_are_pictures(dark):
    mask = torch.ones(3, 8).tril().bool()
    for figure in (
        wiring_figures.wirings(alt="Boxes", dark=dark),
        wiring_figures.four_lengths(alt="Stripes", dark=dark),
        wiring_figures.mask_pictures({"a": (mask, (2, 3, 3))}, alt="Cells", dark=dark),
        wiring_figures.influence_maps({"a": torch.eye(4).roll(1)}, alt="Maps", dark=dark, span=2),
    ):
        assert figure.png()[:4] == b"\x89PNG"
