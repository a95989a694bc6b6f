"""Still pictures: described, reproducible, and made without pyplot."""

import subprocess
import sys

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from titans_book.lab.pictures import figures, style
from titans_book.lab.pictures.lines import gates
from titans_book.lab.pictures.picture import Picture

RNG = np.random.default_rng(0)
GATES = [RNG.random((4, 30)) * top for top in (0.1, 0.9, 0.01)]
MAKERS = {
    "heatmap": lambda **k: figures.heatmap(RNG.normal(size=(2, 3, 4, 5)), rows=["a", "b"], **k),
    "film_strip": lambda **k: figures.film_strip(RNG.normal(size=(9, 4, 4)), range(9), **k),
    "traces": lambda **k: figures.traces(gates(*GATES), **k),
    "loss_curve": lambda **k: figures.loss_curve([1, 2], [3, 2], evaluations=[(2, 2.5)], **k),
    "surprise_strip": lambda **k: figures.surprise_strip("ab\nc", [0.1, 1, 0.2, 3], **k),
    "surprise_text": lambda **k: figures.surprise_text("ab\nc", [0.1, 1, 0.2, 3], **k),
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("alt", ["", "  "])
def test_no_picture_without_words(name, alt):
    with pytest.raises(ValueError, match="alt="):
        MAKERS[name](alt=alt)


@pytest.mark.parametrize("name", MAKERS)
def test_words_are_asked_for(name):
    with pytest.raises(TypeError, match="alt"):
        MAKERS[name]()


@pytest.mark.parametrize("name", MAKERS)
def test_the_words_are_what_prints(name):
    shown = MAKERS[name](alt="What  is\nseen.")
    assert shown.alt == "What is seen."
    assert repr(shown).endswith(": What is seen.") and "0x" not in repr(shown)


def test_signed_limits_are_symmetric_and_shared():
    picture = figures.heatmap(np.array([[[0.2, 0.0]], [[-0.9, 0.0]]]), alt="Two panels")
    assert {axes.images[0].get_clim() for axes in picture.axes if axes.images} == {(-1.0, 1.0)}
    fixed = figures.heatmap([[5.0]], alt="One panel", limit=0.5, kind="magnitude")
    assert fixed.axes[0].images[0].get_clim() == (0.0, 0.5)


def test_cells_and_matrices_have_names_and_stay_inside_the_picture():
    cells = (["first", "second"], ["ab", "cd", "ef"])
    grid = np.zeros((2, 2, 2, 3))
    picture = figures.heatmap(grid, alt="Four", titles="ABCD", cells=cells, width=4)
    panels = [axes for axes in picture.axes if axes.images]
    assert [axes.get_title(loc="center") for axes in panels] == list("ABCD")
    for axes in panels:
        ticks = (axes.get_yticklabels(), axes.get_xticklabels())
        assert tuple([text.get_text() for text in texts] for texts in ticks) == cells
        box = axes.get_tightbbox()
        assert box.x0 >= 0 and box.y0 >= 0
    first, *_, last = [axes.get_tightbbox() for axes in panels]
    assert not first.overlaps(last)


def test_a_film_strip_keeps_the_first_and_the_last_frame():
    film = np.arange(20.0)[:, None, None] * np.ones((20, 2, 2))
    strip = figures.film_strip(film, range(0, 200, 10), alt="A film", most=4, label="t={}")
    panels = [axes for axes in strip.axes if axes.images]
    assert [axes.get_title() for axes in panels][:: len(panels) - 1] == ["t=0", "t=190"]
    assert len(panels) == 4
    with pytest.raises(ValueError, match="frames has shape"):
        figures.film_strip(np.zeros((2, 2)), alt="Not a film")


def test_traces_draw_the_mean_of_the_heads_in_the_colour_of_gates():
    picture = figures.traces(gates(*GATES), alt="Gates", dark=False)
    line = picture.axes[0].lines[0]
    assert np.allclose(line.get_ydata(), GATES[0].mean(0))
    assert {axes.lines[0].get_color() for axes in picture.axes} == {style.ROLES["gates"].colour}
    assert len({axes.lines[0].get_linestyle() for axes in picture.axes}) == 3


def test_shaded_text_shows_every_number():
    words = figures.surprise_text("ab", [0.25, 1.5], alt="Two letters")
    shown = words._repr_html_()
    assert 'title="surprise 0.25"' in shown and 'title="surprise 1.5"' in shown


SAVE = """
import sys
import numpy as np
from titans_book.lab.pictures import figures
picture = figures.heatmap(np.eye(4), alt="Ones along the diagonal", title="One")
for ending in ("png", "svg"):
    figures.save(picture, f"{sys.argv[1]}/one.{ending}")
"""


def test_two_processes_write_the_same_bytes(tmp_path, root):
    for name in ("first", "second"):
        command = [sys.executable, "-c", SAVE, str(tmp_path / name)]
        (tmp_path / name).mkdir()
        subprocess.run(command, check=True, cwd=root)
    for ending in ("png", "svg"):
        first, second = (tmp_path / name / f"one.{ending}" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
    assert "Ones along the diagonal" in (tmp_path / "first" / "one.svg").read_text()


def test_save_wants_png_or_svg(tmp_path):
    with pytest.raises(ValueError, match=r"'\.gif'"):
        figures.save(figures.heatmap([[1.0]], alt="One cell"), tmp_path / "one.gif")


def test_the_callers_page_does_not_change_the_bytes():
    plain = figures.heatmap(np.eye(3), alt="Ones", dark=False).png()
    style.use(dark=True)
    try:
        assert figures.heatmap(np.eye(3), alt="Ones", dark=False).png() == plain
        assert figures.heatmap(np.eye(3), alt="Ones").png() != plain
    finally:
        style.use()


def test_pyplot_never_hears_of_a_picture():
    code = (
        "import sys; from titans_book.lab.pictures import figures;"
        "figures.heatmap([[1.0]], alt='x').png();"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_notebook_gets_the_pixels_then_the_words():
    InteractiveShell.instance()
    with capture_output() as captured:
        figures.heatmap([[1.0]], alt='One "red" cell')._ipython_display_()
    image, words = captured.outputs
    assert set(image.data) == {"image/png", "text/plain"}
    assert image.metadata == {"image/png": {"alt": 'One "red" cell'}}
    assert ">One &quot;red&quot; cell</p>" in words.data["text/html"]
    assert "base64" not in words.data["text/html"]  # what nbval compares holds no pixels
    assert isinstance(figures.heatmap([[1.0]], alt="x"), Picture)


def test_save_writes_where_it_says(tmp_path):
    picture = figures.heatmap(np.eye(3), alt="Ones")
    png = figures.save(picture, tmp_path / "new" / "one.png")
    assert png.read_bytes() == picture.png()
    assert "Ones" in figures.save(picture, tmp_path / "one.svg").read_text()


def test_a_short_text_can_be_drawn_larger():
    once, twice = (figures.surprise_strip("ab", [0, 1], alt="Two", zoom=zoom) for zoom in (1, 2))
    assert list(twice.get_size_inches()) == pytest.approx(list(2 * once.get_size_inches()))
    sizes = [picture.axes[0].texts[0].get_fontsize() for picture in (once, twice)]
    assert sizes[1] == pytest.approx(2 * sizes[0])
