"""The four menus of chapter 10: every name is proved, every other choice runs or says why not."""

from itertools import product

import pytest

from titans_book.book.ch10 import menus
from titans_book.book.ch10.formulas import FORMULAS
from titans_book.book.ch10.four_menus import CALLED, FourMenus, equations
from titans_book.book.ch10.menus import MENUS, Choice
from titans_book.memory import presets

ALL = [Choice(*options) for options in product(*MENUS.values())]


@pytest.mark.parametrize("name", FORMULAS)
def test_every_name_can_be_reached_and_is_its_formula_by_hand(name):
    choice = menus.choices()[name]
    assert menus.proof(choice) < 1e-12
    assert name in presets.NAMES and name in CALLED


def test_only_one_choice_for_each_name_but_for_those_that_do_the_same():
    reached = [menus.named(choice) for choice in ALL if _runs(choice)]
    often = {name: reached.count(name) for name in FORMULAS}
    assert {name for name, times in often.items() if times > 1} == {
        "linear-attention", "mamba2", "deltanet", "ttt-mlp",
    }  # fmt: skip


def _runs(choice):
    try:
        return bool(choice.made())
    except ValueError:
        return False


def test_every_choice_runs_but_a_map_that_should_forget_first():
    refused = [choice for choice in ALL if not _runs(choice)]
    assert {choice.retention for choice in refused} == {"l_q", "KL"}
    assert {choice.rule for choice in refused} == {"forget before asking"}
    assert all(menus.read(choice).isfinite().all() for choice in ALL if _runs(choice))


def test_the_menus_name_the_model_and_say_why_two_do_not_go_together():
    widget = FourMenus()
    assert "linear attention" in widget.result.value and "1e-12" in widget.result.value
    widget.menus["error"].value = "L2"
    assert "DeltaNet" in widget.result.value
    widget.menus["retention"].value = "decay"
    assert "No name" in widget.result.value
    widget.menus["rule"].value = "forget before asking"
    assert "Gated DeltaNet" in widget.result.value
    widget.menus["retention"].value = "KL"
    assert "Not together" in widget.result.value and "forget_first" in widget.steps.value


def test_the_equations_follow_the_choice():
    assert equations(Choice()) == ["y = k M", "e = −v", "M ← M − θ kᵀe"]
    titans = equations(Choice("MLP", "L2", "decay", "momentum"))
    assert titans[-2:] == ["S ← η S − θ ∇", "M ← (1 − α) M + S"]
    assert equations(Choice(error="L2", retention="KL"))[-1].startswith("M = 8 · softmax")


def test_a_choice_without_a_name_has_no_proof():
    with pytest.raises(ValueError, match="no name"):
        menus.proof(Choice(error="Huber"))


@pytest.mark.parametrize("dark", [False, True])
def test_its_still_picture_is_a_picture(dark):
    figure = FourMenus(dark=dark).figure()
    assert figure.png()[:4] == b"\x89PNG" and figure.alt == FourMenus().alt
