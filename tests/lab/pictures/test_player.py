"""The replay: every frame is in the sheet, and the page needs nothing else."""

import io
import json
import re

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from PIL import Image

from titans_book.lab.pictures import pixels
from titans_book.lab.pictures.player import Player

RNG = np.random.default_rng(0)


def film(frames=7, shape=(5, 6), **keywords):
    return Player(RNG.normal(size=(frames, *shape)), alt="A memory that fills", **keywords)


def reading(**keywords):
    words = "a memory"
    options = {"tokens": list(words), "times": range(9), "surprise": np.arange(8.0)}
    return film(9, **{**options, **keywords})


def sheet(player):
    return np.asarray(Image.open(io.BytesIO(player.sheet)))


@pytest.mark.parametrize("shape", [(5, 6), (2, 5, 6), (3, 2, 5, 6)])
def test_the_sheet_holds_every_frame_where_the_script_looks(shape):
    player = film(7, shape)
    layout, seen = player.layout, sheet(player)
    wide, high = layout["size"]
    assert [seen.shape[1], seen.shape[0]] == layout["sheet"]
    for index, frame in enumerate(player.frames):
        x = index % layout["columns"] * (wide * layout["scale"] + layout["gap"])
        y = index // layout["columns"] * (high * layout["scale"] + layout["gap"])
        every = layout["scale"]
        part = seen[y : y + high * every : every, x : x + wide * every : every]
        wanted = pixels.compose(pixels.quantise(frame, player.limit), 1)
        assert (part == wanted).all()


def test_surprise_lies_at_the_foot_of_the_sheet():
    player = reading()
    foot, unit = sheet(player)[-1], player.layout["unit"]
    levels = foot[: 8 * unit : unit]
    assert unit >= 1 and levels[0] == 0 and (np.diff(levels.astype(int)) > 0).all()


def test_captions_default_to_tokens_or_frames():
    assert reading().captions[:2] == ["token 0", "token 1"]
    assert film(2).captions == ["frame 1 of 2", "frame 2 of 2"]


def test_long_films_leave_out_cells_not_frames():
    player = film(10, (64, 64), max_cells=10_000)
    assert player.layout["frames"] == 10 and np.prod(player.layout["size"]) <= 1_000
    assert player.every == 3 and "one cell in 3 by 3 is shown" in player.html()


def test_a_typical_film_is_small():
    walk = RNG.normal(size=(24, 4, 4, 32, 128)).cumsum(0)
    player = Player(walk, alt="Sixteen memories over training")
    assert len(player.page()) < 500_000


def test_html_holds_no_pixels_and_is_the_same_for_other_roundings():
    first = Player(np.full((3, 4, 4), 0.5), alt="Even", limit=1.0)
    other = Player(np.full((3, 4, 4), 0.5) + 0.01, alt="Even", limit=1.0)
    assert first.sheet != other.sheet and first.html() == other.html()


def test_words_cannot_break_out_of_the_page():
    player = Player(np.zeros((1, 2, 2)), ["</script><b>"], alt='a "quoted" </div>')
    assert "</script><b>" not in player.html()
    data = re.search(r'json">(.*?)</script>', player.html(), re.S).group(1)
    assert json.loads(data)["captions"] == ["</script><b>"]
    assert 'aria-label="a &quot;quoted&quot; &lt;/div&gt;"' in player.html()


def test_the_page_reaches_for_nothing(tmp_path):
    page = film().save(tmp_path / "film.html").read_text(encoding="utf-8")
    assert "http" not in page and "@import" not in page and 'alt="A memory that fills"' in page


def test_controls_have_names():
    html = film().html()
    assert html.count("<button") == html.count('<button type="button" aria-label="') == 3
    assert 'type="range"' in html and 'aria-label="Frame"' in html and "stopPropagation" in html


def test_a_notebook_gets_the_sheet_then_the_player():
    InteractiveShell.instance()
    player = film()
    with capture_output() as captured:
        player._ipython_display_()
    image, page = captured.outputs
    assert set(image.data) == {"image/png", "text/plain"}
    assert page.data == {"text/html": player.html(), "text/plain": "Player: A memory that fills"}


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"captions": ["one"]}, "captions has 1 texts for 7 frames"),
        ({"tokens": ["a", "b"]}, "times=None"),
        ({"tokens": ["a"], "times": range(7), "surprise": [1, 2]}, "surprise has 2 numbers"),
        ({"start": "middle"}, "start='middle'"),
        ({"limit": 0.0}, "limit=0.0"),
    ],
)
def test_what_does_not_fit_is_named(wrong, words):
    with pytest.raises(ValueError, match=words):
        film(**wrong)


def test_a_film_needs_frames():
    with pytest.raises(ValueError, match="frames has shape"):
        Player(np.zeros((2, 2)), alt="Not a film")
