"""The pictures of chapter 06: a map with its border, and who sees whom."""

import pytest
import torch

from titans_book.book.ch06.chunk_figures import influence, influence_map, stability_map


def test_influence_is_the_largest_change_of_each_answer():
    x = torch.randn(6, 2, generator=torch.Generator().manual_seed(0)).double()
    ahead = influence(lambda x: x + 3 * x.roll(-1, 0), x)
    assert torch.allclose(ahead, torch.eye(6).double() + 3 * torch.eye(6).roll(-1, 0).double())
    assert influence(lambda x: x.cumsum(0), x).triu(1).max() == 0


@pytest.mark.parametrize("dark", [False, True])
def test_the_map_marks_what_broke_and_draws_the_border_where_it_is_on_the_map(dark):
    error = [[0.5, 0.1], [0.5, 3.0], [float("nan"), float("inf")]]
    figure = stability_map(error, [9.0, 0.2, 0.05], [0.1, 0.3], [1, 2, 4], alt="A map", dark=dark)
    axes = figure.axes[0]
    assert [text.get_position() for text in axes.texts] == [(1, 1), (0, 2), (1, 2)]
    places = sorted({float(line.get_xdata()[0]) for line in axes.lines})
    assert places == pytest.approx([-0.5, 0.5]) and len(axes.lines) == 4
    assert figure.png()[:4] == b"\x89PNG"


def test_a_map_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="one row a chunk"):
        stability_map([[0.1]], [1.0], [0.1, 0.2], [1], alt="A map")


@pytest.mark.parametrize("dark", [False, True])
def test_the_future_is_dotted(dark):
    leaking, honest = torch.ones(3, 3), torch.ones(3, 3).tril()
    figure = influence_map({"a": leaking, "b": honest}, b=2, alt="Who sees whom", dark=dark)
    dots = [sum(line.get_marker() == "." for line in axes.lines) for axes in figure.axes]
    assert dots == [3, 0] and [axes.get_title() for axes in figure.axes] == ["a", "b"]
    assert figure.png()[:4] == b"\x89PNG"
