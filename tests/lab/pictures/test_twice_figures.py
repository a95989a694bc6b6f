"""Read twice, drawn: what is in the record is what is shown."""

import pytest

from titans_book.lab.pictures.twice_figures import second_reading, second_reading_table


def entry(saved: float, shut: bool) -> dict:
    bits = {name: [7.0, 7.5] for name in ("first", "second", "another")}
    bits |= {"shut": [7.123, 7.987]} if shut else {}
    rows = [[saved, saved - 0.1, saved + 0.2], [saved / 2, saved / 2 - 0.1, saved / 2 + 0.1]]
    return {"weights": 10, "plays": {"bits": bits, "saved": rows}}


RECORD = {
    "measured": {"distances": [32, 128], "passage": 16, "passages": 200},
    "models": {
        "lmm <b>": entry(2.0, shut=True),
        "window": entry(0.0, shut=False),
        "mal": entry(1.0, shut=True),
        "attention": entry(3.0, shut=False),
    },
}


@pytest.mark.parametrize("dark", [False, True])
def test_a_line_a_model_with_its_interval_at_every_distance(dark):
    figure = second_reading(RECORD, alt="Four lines", dark=dark)
    (axes,) = figure.axes
    drawn = {bar.get_label(): bar.lines for bar in axes.containers}
    assert list(drawn) == ["attention", "lmm <b>", "mal", "window"]  # the highest first
    for name, (line, _, bars) in drawn.items():
        rows = RECORD["models"][name]["plays"]["saved"]
        assert list(line.get_xdata()) == [32, 128]
        assert list(line.get_ydata()) == [mean for mean, _, _ in rows]
        ends = [segment[:, 1].tolist() for segment in bars[0].get_segments()]
        assert ends == [pytest.approx([low, high]) for _, low, high in rows]
    looks = {(x[0].get_color(), x[0].get_linestyle(), x[0].get_marker()) for x in drawn.values()}
    assert len(looks) == 4 and len({x[0].get_color() for x in drawn.values()}) == 2
    assert figure.get_suptitle() == "200 passages of 16 words, held-out Shakespeare"
    assert figure.alt == "Four lines" and figure.png()[:4] == b"\x89PNG"


def test_its_own_words_have_every_model_and_distance():
    alt = second_reading(RECORD).alt
    mean = RECORD["models"]["mal"]["plays"]["saved"][0][0]
    assert alt.startswith("Bits a word saved with 32, 128 words") and f"mal {mean:.1f}" in alt


def test_the_table_has_the_four_readings_at_the_longest_distance_or_another():
    html = second_reading_table(RECORD).html
    assert "128 words between" in html and "lmm &lt;b&gt;" in html and "<b>" not in html
    assert "<td>7.50</td><td>7.50</td><td>7.50</td><td>7.99</td>" in html
    assert "+1.00 (+0.90 to +1.10)" in html and "<td>7.50</td><td></td><td>+0.00" in html
    near = second_reading_table(RECORD, distance=32).html
    assert "+2.00 (+1.90 to +2.20)" in near and "7.12" in near


def test_what_was_not_measured_is_not_drawn():
    with pytest.raises(ValueError, match="text must be one that the record has, got 'bible'"):
        second_reading(RECORD, "bible", alt="")
    with pytest.raises(ValueError, match=r"distance must be one of \[32, 128\], got 64"):
        second_reading_table(RECORD, distance=64)
