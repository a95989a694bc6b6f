"""Curves stay apart without colour, and every picture says in words what it shows."""

import pytest

from titans_book.lab.pictures import figures, style

X = [1, 2, 4]


def curves(picture):
    return [line for line in picture.axes[0].lines if not line.get_label().startswith("_")]


def test_curves_of_one_role_share_its_colour_and_nothing_else():
    names = {name: [0.1, 0.2, 0.3] for name in "abcde"}
    drawn = curves(figures.lines(X, names, alt="Five curves", roles="gates"))
    assert {line.get_color() for line in drawn} == {style.colour("gates")}
    assert len({(line.get_linestyle(), line.get_marker()) for line in drawn}) == 5


def test_each_role_has_its_own_look():
    roles = {"memory": "fast", "gate": "gates"}
    drawn = curves(figures.lines(X, dict.fromkeys(roles, X), alt="Two roles", roles=roles))
    assert [(line.get_color(), line.get_linestyle(), line.get_marker()) for line in drawn] == [
        (style.colour(role), style.role(role).line, style.role(role).marker)
        for role in roles.values()
    ]


def test_axes_levels_and_dark_pages():
    look = {"xlabel": "pairs", "ylabel": "error", "levels": {"empty": 1}, "limits": (0, 2)}
    axes = figures.lines(X, {"a": X}, alt="One", log="x", dark=True, **look).axes[0]
    assert axes.get_xlabel() == "pairs" and axes.get_ylim() == (0, 2)
    assert axes.get_xscale() == "log" and axes.get_yscale() == "linear"
    assert [text.get_text() for text in axes.texts] == ["empty"]
    plain = figures.lines(X, {"a": X}, alt="One", dark=False)
    assert plain.png() == figures.lines(X, {"a": X}, alt="One", dark=False).png()
    assert plain.png() != figures.lines(X, {"a": X}, alt="One", dark=True).png()


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match=r"\{'a': \(2,\)\}"):
        figures.lines(X, {"a": [1, 2]}, alt="Too short")
    with pytest.raises(ValueError, match="alt"):
        figures.lines(X, {"a": X}, alt=" ")
    with pytest.raises(ValueError, match="role='slaw'"):
        figures.lines(X, {"a": X}, alt="x", roles="slaw")
