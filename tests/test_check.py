"""Wrong kinds of values are told apart from wrong values, and both are named."""

import pytest

from titans_book.check import choose, flag, positive, whole


@pytest.mark.parametrize("value", [1.5, "3", True, None, 0])
def test_whole(value):
    with pytest.raises(ValueError, match=f"chunk must be a whole number >= 1, got {value!r}"):
        whole("chunk", value, least=1)
    whole("chunk", 1, least=1)


@pytest.mark.parametrize("value", ["high", float("inf"), float("nan"), 0, -1.0, True, None])
def test_positive(value):
    with pytest.raises(ValueError, match="clamp must be a finite number > 0"):
        positive("clamp", value)
    positive("clamp", 0.5)


@pytest.mark.parametrize("value", [0, 1, "yes", None])
def test_flag(value):
    with pytest.raises(TypeError, match="momentum must be True or False"):
        flag("momentum", value)
    flag("momentum", False)


@pytest.mark.parametrize("value", ["tree", 3, None, ["mlp"]])
def test_choose(value):
    with pytest.raises(ValueError, match="network must be one of 'linear', 'mlp'"):
        choose("network", value, ("linear", "mlp"))
    choose("network", "mlp", ("linear", "mlp"))
