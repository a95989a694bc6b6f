"""Views of memory, attention and relevance: what is drawn is what was measured."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from tests.inspection.test_looking import WITH_ATTENTION, WITH_MEMORY, build, tokens
from titans_book.book.ch13.recorded import VARIANTS as RECORDED
from titans_book.book.ch13.recorded import make, recorded
from titans_book.inspection.looking import changes, look
from titans_book.inspection.relevance import relevance
from titans_book.lab.pictures import attention_figures, memory_figures, style
from titans_book.lab.pictures.over_text import Row, over_text
from titans_book.lab.pictures.relevance_figures import relevance_bars
from titans_book.model.config import VARIANTS
from titans_book.training import TrainingSettings

MEMORY = [getattr(memory_figures, name) for name in memory_figures.__all__]
ATTENTION = [attention_figures.attention_maps, attention_figures.attention_shares]


@pytest.fixture(scope="module")
def seen():
    return {variant: look(build(variant), tokens()) for variant in VARIANTS}


def panels(figure):
    """The axes in which something is drawn, without the colour bar."""
    return [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]


@pytest.mark.parametrize("draw", MEMORY + ATTENTION, ids=lambda draw: draw.__name__)
def test_words_are_asked_for_and_both_pages_are_drawn(draw, seen):
    with pytest.raises(TypeError, match="alt"):
        draw(seen["mac"])
    light, dark = (draw(seen["mac"], alt="What is seen", dark=dark) for dark in (False, True))
    assert light.alt == "What is seen" and light.png() != dark.png()


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_variant_shows_what_it_has(variant, seen):
    for draws, having in ((MEMORY, WITH_MEMORY), (ATTENTION, WITH_ATTENTION)):
        for draw in draws:
            if variant not in having:
                with pytest.raises(ValueError, match="seen is of a model without"):
                    draw(seen[variant], alt="Nothing")
            else:
                assert len(panels(draw(seen[variant], alt="Something"))) >= 4


@pytest.mark.parametrize("show", memory_figures.MAPS)
def test_a_map_for_every_block_and_head(show, seen):
    figure = memory_figures.memory_maps(seen["mag"], alt="Maps", show=show, layer=1)
    drawn = [np.asarray(axes.images[0].get_array()) for axes in panels(figure)]
    memory = seen["mag"][1].memory
    film = {"momentum": memory.momentum[1], "weights": memory.trace.film[1]}
    film["written"] = memory.trace.film[1] - memory.trace.film[1][:1]
    assert len(drawn) == 4
    assert np.allclose(drawn[3], film[show][-1, 1].mT, atol=1e-6)
    with pytest.raises(ValueError, match="show='dreams'"):
        memory_figures.memory_maps(seen["mag"], alt="Maps", show="dreams")


def test_lines_are_the_heads_of_the_blocks(seen):
    figure = memory_figures.memory_sizes(seen["mal"], alt="Sizes")
    last = panels(figure)[5]  # the third row, the second block
    wanted = changes(seen["mal"][1].memory.trace.film)
    assert [len(axes.lines) for axes in panels(figure)] == [2] * 6
    for head, line in enumerate(last.lines):
        assert np.allclose(line.get_ydata(), wanted[:, head])
        assert list(line.get_xdata()) == list(seen["mal"][1].memory.trace.times[1:])
    assert len({line.get_linestyle() for line in last.lines}) == 2
    with pytest.raises(ValueError, match="same blocks"):
        over_text([Row("a", "fast", None, [[1.0]]), Row("b", "fast", None, [])], alt="No")


def test_maps_set_their_columns_apart_and_write_out_the_sink(seen):
    figure = attention_figures.attention_maps(seen["mac"], alt="Maps")
    first, trace = panels(figure)[0], seen["mac"][0].attention
    pieces = [np.asarray(image.get_array()) for image in first.images]
    assert [piece.shape for piece in pieces] == [(45, 4), (45, 45), (45, 45)]
    assert np.allclose(np.concatenate(pieces, 1), trace.weights[0], atol=1e-6)
    ends = [image.get_extent()[:2] for image in first.images]
    assert all(left[1] < right[0] for left, right in zip(ends, ends[1:], strict=False))
    assert [label.get_text() for label in first.get_xticklabels()] == ["P", "memory", "text"]
    assert first.get_title() == "head 1: " + attention_figures.sink_words(trace, 0)
    sink = 100 * trace.weights[0, :, :4].sum(-1).mean()
    memory = 100 * trace.weights[0, :, 4:49].sum(-1).mean()
    assert attention_figures.sink_words(trace, 0) == f"P {sink:.0f} %, memory {memory:.0f} %"
    plain = seen["attention"][1].attention
    first_token = 100 * plain.weights[1, 1:, 0].mean()
    assert attention_figures.sink_words(plain, 1) == f"first token {first_token:.0f} %"


@pytest.mark.parametrize("variant", ["mag", "lmm", "attention"])
def test_bars_up_for_memory_and_down_for_attention(variant):
    x = tokens(20)
    found = relevance(build(variant), x)
    figure = relevance_bars("a" * 20, found, alt="Bars", dark=False)
    axes = panels(figure)[1]
    heights = iter([bar.get_height() for bar in axes.patches])
    for name in found.sources:
        sign = {"memory": 1, "attention": -1}[name]
        drawn = [next(heights) for _ in range(20)]
        assert np.allclose(drawn, sign * found.moved[name][1])
    words = axes.get_ylabel()
    if variant == "mag":
        assert words == f"block 2\nmemory {100 * found.share()[1].mean():.0f} %"
    else:
        assert words == f"block 2\n{found.sources[0]} alone"
    with pytest.raises(ValueError, match="tokens has 3 pieces, the relevance is of 20"):
        relevance_bars("abc", found, alt="Bars")


def test_shares_are_split_as_a_reader_names_them(seen):
    for variant, names in (
        ("mac", ["persistent", "memory", "text"]),
        ("mal", ["persistent", "text"]),
        ("attention", ["first token", "the rest"]),
    ):
        figure = attention_figures.attention_shares(seen[variant], alt="Shares")
        left = panels(figure)[::2]
        assert [axes.get_ylabel().split("\n")[1] for axes in left] == names
        total = sum(np.asarray(axes.lines[1].get_ydata()) for axes in left)
        assert np.allclose(total, 1)


def test_bars_wear_the_colours_of_their_roles():
    figure = relevance_bars("a" * 20, relevance(build("mal"), tokens(20)), alt="Bars", dark=True)
    colours = {to_hex(bar.get_facecolor()).upper() for bar in panels(figure)[0].patches}
    assert colours == {style.ROLES["fast"].dark, style.ROLES["attention"].dark}


@pytest.mark.parametrize("variant", RECORDED)
def test_recorded_models_are_what_their_record_says(variant):
    model, record = recorded(variant)
    assert model.config.variant == variant and len(record["losses"]) == 30
    assert record["losses"][-1] < 0.5 * record["losses"][0]
    assert record["bits"] < 4.0


def test_a_record_can_be_made_anew(tmp_path):
    settings = TrainingSettings(
        steps=2, batch=1, length=32, evaluate_every=0, save_every=0, watch_every=0
    )
    path = make("attention", settings, tmp_path, held_out=1_000)
    model, record = recorded("attention", tmp_path)
    assert path.name == "attention.safetensors" and record["settings"]["steps"] == 2
    assert torch.equal(model.embedding.weight, model.embedding.weight.half().float())
    with pytest.raises(ValueError, match="variant must be one of"):
        recorded("mad", tmp_path)
