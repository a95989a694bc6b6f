"""An exercise of chapter 09, MAC, MAG, MAL: a map of who moves whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from titans_book.book.ch09.given import CHAPTER, Given
from titans_book.inspection import causality
from titans_book.lab.learning.exercise import Exercise, Step


def _scan(x: Tensor) -> Tensor:
    """Signed, causal, and of every feature in its own way."""
    return x.cumsum(0) * torch.tensor([1.0, -2.0, 0.5]).double()


def _ahead(x: Tensor) -> Tensor:
    """Row t sees the row after it, and the last sees nothing new."""
    return torch.stack([x[:, 0], x[:, 1] - 3 * x[:, 2]], 1) - torch.cat([x[1:, :2], x[-1:, :2]])


SUSPECTS = (_scan, _ahead, lambda x: (x @ x.T).tanh() @ x)


def _suspects(function: Callable) -> Iterator[Step]:
    """The map of every suspect."""
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for suspect in SUSPECTS:
        yield {"map": function(Given(suspect, "a function from x to answers"), x)}


_suspects.names = lambda: ("answer", "x")


influence = Exercise(
    name="09.influence",
    what="a map of who moves whom",
    reference=causality.influence,
    probe=_suspects,
    hints=(
        "One column for each token: change that token alone, ask again, and see how far each "
        "answer has moved.",
        "answer(x) is (T, d_out). A column is (T): the largest change over the features, "
        "`.abs().amax(-1)`. T columns side by side: `torch.stack(columns, dim=1)`.",
        "    return torch.stack(columns, dim=1)\n"
        "        columns.append((answer(changed) - before).abs().amax(-1))\n"
        "        changed[s] += 1\n        changed = x.clone()\n"
        "    for s in range(len(x)):\n    before, columns = answer(x), []",
    ),
    source="the definition in the docstring",
    gradients=False,
    taught=CHAPTER,
    misfit="answer(x) is (T, d_out): over which axis is the largest change of one answer?",
)


@influence.wrong("Is a token a row of your map, or a column?")
def lays_it_on_its_side(answer, x):
    """Your map lies on its side: a row should be an answer, a column the token that is changed."""
    return causality.influence(answer, x).T


@influence.wrong("In the column of token 3, which tokens are not what they were?")
def lets_changes_pile_up(answer, x):
    """The copy is made once, before the loop, so the changes pile up: token 3 is changed together
    with 0, 1 and 2."""
    before, changed, columns = answer(x), x.clone(), []
    for s in range(len(x)):
        changed[s] += 1
        columns.append((answer(changed) - before).abs().amax(-1))
    return torch.stack(columns, dim=1)


@influence.wrong("What does a change look like that makes an answer smaller?")
def forgets_the_sign(answer, x):
    """Without `.abs()` an answer that becomes smaller has not moved, or by a negative length."""
    before, columns = answer(x), []
    for s in range(len(x)):
        changed = x.clone()
        changed[s] += 1
        columns.append((answer(changed) - before).amax(-1))
    return torch.stack(columns, dim=1)


@influence.wrong("One feature rises by 1 and another falls by 1: how far has the answer moved?")
def lets_features_cancel(answer, x):
    """You add the features up before you take the size: changes up and down cancel, and a leak can
    hide."""
    before, columns = answer(x), []
    for s in range(len(x)):
        changed = x.clone()
        changed[s] += 1
        columns.append((answer(changed) - before).sum(-1).abs())
    return torch.stack(columns, dim=1)


@influence.wrong("What if only the last feature of an answer knows too much?")
def looks_at_one_feature(answer, x):
    """You look at the first feature of the answers alone."""
    before, columns = answer(x), []
    for s in range(len(x)):
        changed = x.clone()
        changed[s] += 1
        columns.append((answer(changed) - before)[:, 0].abs())
    return torch.stack(columns, dim=1)


@influence.wrong("What if an answer looks only at the last feature of a token?")
def changes_one_feature(answer, x):
    """You change the first feature of the token alone; who looks at the others is not noticed."""
    before, columns = answer(x), []
    for s in range(len(x)):
        changed = x.clone()
        changed[s, 0] += 1
        columns.append((answer(changed) - before).abs().amax(-1))
    return torch.stack(columns, dim=1)


@influence.wrong("Are `x` and `changed` two tensors, or two names of one?")
def compares_a_text_with_itself(answer, x):
    """It compares a text with itself: nothing ever moves. `changed = x` makes no copy, `x.clone()`
    does."""
    return 0 * causality.influence(answer, x)


@influence.wrong("How many tokens does a column of the map stand for?")
def changes_all_that_follow(answer, x):
    """You change token s and all behind it; a column is about token s alone."""
    before, columns = answer(x), []
    for s in range(len(x)):
        changed = x.clone()
        changed[s:] += 1
        columns.append((answer(changed) - before).abs().amax(-1))
    return torch.stack(columns, dim=1)


@influence.wrong("A hundred features stand still and one jumps: has the answer moved?")
def takes_the_mean(answer, x):
    """You take the mean over the features: a leak in one of many is washed out. The docstring asks
    for the largest change."""
    before, columns = answer(x), []
    for s in range(len(x)):
        changed = x.clone()
        changed[s] += 1
        columns.append((answer(changed) - before).abs().mean(-1))
    return torch.stack(columns, dim=1)


@influence.wrong("How many numbers should remain of one answer: one, or one for each feature?")
def takes_the_length(answer, x):
    """You take the length of the change, the root of the squares; the docstring asks for the
    largest feature."""
    before, columns = answer(x), []
    for s in range(len(x)):
        changed = x.clone()
        changed[s] += 1
        columns.append((answer(changed) - before).norm(dim=-1))
    return torch.stack(columns, dim=1)


@influence.wrong("By how much is token s changed: by 1, or by what it happens to be?")
def puts_it_to_zero(answer, x):
    """You put the token to 0. That is a change, too, of another size each time, and of none for a
    token that is 0 already; the docstring adds 1."""
    before, columns = answer(x), []
    for s in range(len(x)):
        changed = x.clone()
        changed[s] = 0
        columns.append((answer(changed) - before).abs().amax(-1))
    return torch.stack(columns, dim=1)


@influence.wrong("Is it asked whether an answer moves, or how far?")
def says_only_whether(answer, x):
    """Your map says whether an answer moves, 1 or 0. The docstring asks how far."""
    return (causality.influence(answer, x) > 0).to(x.dtype)
