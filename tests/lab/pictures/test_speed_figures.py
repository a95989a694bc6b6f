"""The pictures of a recorded measurement: what is in the record is what is shown."""

import pytest

from titans_book.lab.pictures.speed_figures import length_scaling, peer_table

RECORD = {
    "device": "one core",
    "threads": 1,
    "lengths": [
        {"name": name, "tokens": 1024 * 4**step, "microseconds_per_token": us, "peak_mb": mb}
        for name, times in {
            "memory": ((17.1, 20.0), (17.0, 21.0), (17.4, 40.0)),
            "attention": ((5.4, 5.0), (9.4, 9.0), (30.3, 24.0)),
        }.items()
        for step, (us, mb) in enumerate(times)
    ],
    "peers": [
        {
            "name": "titans <b>", "work": "same function", "mode": "forward", "ratio": 58.4,
            "tokens_per_second": 819.2, "ours_tokens_per_second": 47831.0, "memory_ratio": 22,
        },
        {
            "name": "other", "work": "one gate a chunk", "mode": "forward+backward", "ratio": 2.1,
            "tokens_per_second": 6052, "ours_tokens_per_second": 12904, "memory_ratio": None,
        },
    ],
}  # fmt: skip


@pytest.mark.parametrize("dark", [False, True])
def test_each_name_is_a_line_over_length_for_time_and_for_memory(dark):
    figure = length_scaling(RECORD, alt="Two lines twice", dark=dark)
    time, memory = figure.axes
    assert [line.get_label() for line in time.lines] == ["memory", "attention"]
    assert list(time.lines[1].get_xdata()) == [1024, 4096, 16384]
    assert list(time.lines[1].get_ydata()) == [5.4, 9.4, 30.3]
    assert list(memory.lines[0].get_ydata()) == [20.0, 21.0, 40.0]
    assert figure.get_suptitle() == "one core, 1 thread"
    assert figure.alt == "Two lines twice" and figure.png()[:4] == b"\x89PNG"


def test_rows_in_any_order_make_the_same_line():
    turned = {**RECORD, "lengths": RECORD["lengths"][::-1]}
    line = length_scaling(turned, alt="Two lines").axes[0].lines[0]
    assert list(line.get_xdata()) == [1024, 4096, 16384]


def test_the_table_has_a_row_for_each_peer_and_escapes_names():
    table = peer_table(RECORD)
    html = table._repr_html_()
    assert html.count("<tr>") == 3 and "titans &lt;b&gt;" in html
    assert ">47,831<" in html and ">819<" in html and ">58.4 ×<" in html and ">22 ×<" in html
    assert repr(table) == "Text: 2 measurements; the smallest ratio is 2.1."


@pytest.mark.parametrize("part", ["lengths", "peers"])
def test_what_a_record_lacks_is_named(part):
    draw = {"lengths": lambda r: length_scaling(r, alt="Lines"), "peers": peer_table}[part]
    with pytest.raises(ValueError, match=f"no '{part}'"):
        draw({})
    row = {key: value for key, value in RECORD[part][0].items() if key != "name"}
    with pytest.raises(ValueError, match="lacks name"):
        draw({**RECORD, part: [row]})
