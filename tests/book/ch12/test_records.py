"""The pictures and tables of the two records show what is in them."""

import pytest

from titans_book.book.ch12 import records, records_births, records_hope
from titans_book.lab.pictures.picture import Picture, Words

LEVELS = records.recorded("continuum")
HOPE = records.recorded("hope")


@pytest.mark.parametrize(
    "draw", [records.owners_map, records.forget_bars, records_births.shares_map]
)
@pytest.mark.parametrize("dark", [False, True])
def test_a_picture_of_levels_is_drawn_and_told(draw, dark):
    figure = draw(LEVELS, dark=dark)
    assert isinstance(figure, Picture) and figure.png()[:4] == b"\x89PNG"
    assert draw(LEVELS, alt="In words.").alt == "In words."


@pytest.mark.parametrize("draw", [records_hope.text_curves, records_hope.forgetting_map])
def test_a_picture_of_hope_is_drawn_and_told(draw):
    figure = draw(HOPE, dark=False)
    assert isinstance(figure, Picture) and figure.png()[:4] == b"\x89PNG"


@pytest.mark.parametrize("dark", [False, True])
def test_every_cell_of_what_is_lost_has_its_number(dark):
    figure = records_hope.forgetting_map(HOPE, dark=dark)
    found = HOPE["forgetting"]["keeps"]
    gain = found["matrix"][3][0] - found["frozen"][0]
    as_is, wiped = figure.axes[:2]
    assert len(as_is.texts) == len(wiped.texts) == 16
    assert as_is.texts[12].get_text() == f"{gain:+.1f}" == "+0.9"


def test_the_map_of_owners_has_the_means_of_the_seeds():
    figure = records.owners_map(LEVELS)
    images = [axes.images[0] for axes in figure.axes if axes.images and axes.get_title()]
    for way, image in zip(records.WAYS, images, strict=True):
        wanted = records.means(LEVELS["terms"]["own rates"][way], "cosines")
        assert image.get_array().data == pytest.approx(wanted)
        error = records.means(LEVELS["terms"]["own rates"][way], "error")
        assert any(f"{way}, error {error:.2f}" == axes.get_title() for axes in figure.axes)
    best = records.means(LEVELS["terms"]["own rates"]["forgets"], "cosines").argmax(1)
    assert f"forgets: {', '.join(records.TERMS[t] for t in best)}" in figure.alt


def test_the_bars_are_means_with_a_dot_for_each_seed():
    figure = records.forget_bars(LEVELS)
    for axes, (lasts, cases) in zip(figure.axes, LEVELS["forget"].items(), strict=True):
        assert axes.get_title(loc="left") == f"{lasts} tokens"
        heights = [bar.get_height() for bar in axes.patches]
        wanted = [
            records.means(cells, key).item()
            for cells in cases.values()
            for key in ("a", "wiped", "b")
            if key in next(iter(cells.values()))
        ]
        assert heights == pytest.approx(wanted)


def test_tables_have_a_row_for_each_measurement():
    rows = {
        records.terms_table(LEVELS): 3 + 4,
        records_births.births_table(LEVELS, "searched"): 2 + 3 + 4,
        records_hope.models_table(HOPE): len(HOPE["models"]),
        records_hope.levels_table(HOPE): 9,
        records_hope.reading_table(HOPE, "presidents"): len(HOPE["reading"]["presidents"]),
    }
    for words, wanted in rows.items():
        assert isinstance(words, Words) and words.html.count("<tr>") == wanted + 1
        assert LEVELS["device"] in words.html and words.alt


def test_the_numbers_of_the_tables_are_those_of_the_record():
    one = HOPE["models"]["hope"]["0"]
    assert (
        f"hope {one['bits']:.2f} after {one['steps']:,} steps"
        in records_hope.models_table(HOPE).alt
    )
    read = HOPE["reading"]["cipher A"]["all levels"]
    words = records_hope.reading_table(HOPE, "cipher A")
    assert f"all levels {read['frozen']:.2f} to {read['bits']:.2f}" in words.alt
    assert f"{read['bits']:.3f}" in words.html
    lost = HOPE["forgetting"]["keeps"]["lost"]
    assert f"DNA {lost[0][2]:.2f}" in records_hope.forgetting_told(HOPE)


def test_an_unknown_record_is_refused():
    with pytest.raises(ValueError, match=r"name must be one of .*got 'other'"):
        records.recorded("other")
