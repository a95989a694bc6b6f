"""One look: the six roles, both pages, and colours that do not carry the meaning alone."""

import matplotlib
import pytest
from matplotlib.colors import to_rgb

from titans_book.lab.pictures import style

NAMED = {
    "slow": "#0072B2",
    "fast": "#D55E00",
    "gates": "#009E73",
    "surprise": "#CC79A7",
    "attention": "#E69F00",
    "persistent": "#595959",
}


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""
    parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
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
