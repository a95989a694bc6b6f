"""One look: the six roles, both pages, and colours that do not carry the meaning alone."""

import re

import matplotlib
import pytest
from matplotlib.colors import to_hex, to_rgb

from titans_book.lab.pictures import style
from titans_book.lab.pictures.text import SHADES, STYLE

NAMED = {
    "slow": "#0072B2",
    "fast": "#D55E00",
    "gates": "#009E73",
    "surprise": "#CC79A7",
    "attention": "#E69F00",
    "persistent": "#595959",
}


def luminance(colour) -> float:
    """Relative luminance of WCAG 2."""
    parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_six_roles_have_the_colours_of_the_book():
    assert {name: role.colour for name, role in style.ROLES.items()} == NAMED


def test_no_two_roles_share_line_and_marker():
    looks = {(role.line, role.marker) for role in style.ROLES.values()}
    assert len(looks) == len(style.ROLES)


@pytest.mark.parametrize("name", NAMED)
def test_roles_can_be_seen_on_both_pages(name):
    role = style.ROLES[name]
    assert contrast(role.dark, "#111111") >= 3
    assert contrast(role.colour, "#ffffff") >= 2  # the lightest are never used for text


def test_use_sets_the_page_and_back():
    style.use(dark=True)
    try:
        assert style.is_dark() and matplotlib.rcParams["figure.facecolor"] == "#111111"
        assert style.map_name("signed") == "berlin"
    finally:
        style.use()
    assert not style.is_dark() and style.map_name("signed") == "coolwarm"


def test_the_context_gives_the_callers_settings_back():
    before = dict(matplotlib.rcParams)
    with style.context(dark=True):
        assert matplotlib.rcParams["axes.facecolor"] == "#111111"
        assert matplotlib.rcParams["svg.hashsalt"] == "titans"
    assert dict(matplotlib.rcParams) == before


def test_unknown_roles_are_named():
    with pytest.raises(ValueError, match="role='memory'.*slow, fast"):
        style.colour("memory")


def test_lines_carry_colour_style_and_marker():
    assert style.line("fast", dark=False, markers=4) == {
        "color": "#D55E00", "linestyle": "--", "marker": "s", "markevery": 4,
    }  # fmt: skip


# JupyterLab's own pages and inks; a table's every other row is a little darker than white
LIGHT_PAGES, DARK_PAGES = ("#ffffff", "#f5f5f5"), ("#111111", "#212121")
INKS = {"#ffffff": ("#000000", 0.87), "#111111": ("#ffffff", 1.0)}
READABLE = 4.5


def mixed(ink: str, share: float, page: str) -> tuple:
    """An ink that lets the page shine through."""
    pairs = zip(to_rgb(ink), to_rgb(page), strict=True)
    return tuple(share * a + (1 - share) * b for a, b in pairs)


def turned(colour: str) -> tuple:
    """What page.css makes of a colour: invert(.93) hue-rotate(180deg), as the CSS filters say."""
    css = style.asset("pictures/page.css")
    share = float(re.search(r"invert\((\.\d+)\) hue-rotate\(180deg\)", css)[1])
    r, g, b = ((1 - c) * share + c * (1 - share) for c in to_rgb(colour))
    rows = ((-0.574, 1.43, 0.144), (0.426, 0.43, 0.144), (0.426, 1.43, -0.856))
    return tuple(min(1.0, max(0.0, x * r + y * g + z * b)) for x, y, z in rows)


@pytest.mark.parametrize("name", style.ROLES)
def test_letters_of_every_role_can_be_read_on_both_pages(name):
    for page in LIGHT_PAGES:
        assert contrast(style.letters(name, dark=False), page) >= READABLE
    for page in DARK_PAGES:
        assert contrast(style.letters(name, dark=True), page) >= READABLE


@pytest.mark.parametrize("dark", [False, True])
def test_letters_of_figures_can_be_read(dark):
    look = style.settings(dark)
    for key in ("text.color", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color"):
        ink, page = (
            to_hex("#" + c.lstrip("#")) for c in (look[key], "111111" if dark else "ffffff")
        )
        assert contrast(ink, page) >= READABLE, key
        if not dark:
            assert contrast(turned(ink), turned("#ffffff")) >= READABLE, key


@pytest.mark.parametrize("role", style.ROLES.values(), ids=style.ROLES)
def test_a_picture_that_is_turned_for_a_dark_page_keeps_its_colours_visible(role):
    assert contrast(turned(role.colour), turned("#ffffff")) >= 3
    assert contrast(turned("#ffffff"), "#111111") < 1.05  # its paper is the page's own


@pytest.mark.parametrize("page", INKS)
def test_what_is_made_quieter_can_still_be_read(page):
    ink, share = INKS[page]
    css = (style.asset("pictures/player.css"), STYLE, style.asset("live/board.css"))
    quiet = [float(x) for text in css for x in re.findall(r"[;{]\s*opacity:\s*(\d?\.\d+)", text)]
    quiet += [0.7, 0.85]  # of words in drawings (traces.py, curves.py)
    assert len(quiet) >= 4
    for opacity in quiet:
        assert contrast(mixed(ink, share * opacity, page), page) >= READABLE, opacity


@pytest.mark.parametrize("page", INKS)
def test_text_can_be_read_on_every_shade_of_surprise(page):
    ink, share = INKS[page]
    for shade in range(SHADES):
        ground = mixed(style.ROLES["surprise"].colour, shade / 15, page)
        assert contrast(mixed(ink, share, ground), ground) >= READABLE, shade


def test_no_style_sheet_colours_letters_by_itself():
    """Only with colours of the page, currentColor, or letters(): those are the ones tried here."""
    sheets = ("pictures/sheet.css", "pictures/player.css", "live/board.css", "pictures/page.css")
    for sheet in sheets:
        found = re.findall(r"(?<![-\w])color:\s*([^;}]+)", style.asset(sheet))
        assert all(c.strip().startswith(("var(", "inherit", "currentColor")) for c in found), sheet


def test_the_page_is_told_how_letters_look_when_it_is_dark():
    rules = style.on_the_page()
    assert '[style*="rgb(184, 81, 0)"]' in rules and "{color:#E8772E!important}" in rules
    assert rules.count("!important") == len(style.ROLES)


def test_whoever_asks_for_less_motion_gets_less():
    reduced = "prefers-reduced-motion: reduce"
    files = ("pictures/player.js", "live/stage.js", "pictures/page.css")
    assert all(reduced in style.asset(name) for name in files)
