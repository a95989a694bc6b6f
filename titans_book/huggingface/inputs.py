"""What a call may bring besides tokens. Each keyword has its effect, or is refused by name."""

import inspect
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

HIDDEN = -100  # the label that asks for nothing


def refuse_unknown(keywords: Mapping[str, object], function: Callable) -> None:
    """Raise TypeError for keywords that the function does not name: they would have no effect."""
    if not keywords:
        return
    kinds = inspect.signature(function).parameters.values()
    names = ", ".join(p.name for p in kinds if p.kind is not inspect.Parameter.VAR_KEYWORD)
    raise TypeError(f"{sorted(keywords)[0]} is unknown and would have no effect; allowed: {names}")


def refuse_what_is_not_offered(**asked: object) -> None:
    """Raise ValueError for the first keyword that asks for something."""
    for name, value in asked.items():
        if value is not None and value is not False:
            raise ValueError(
                f"{name} is not offered: give input_ids; titans_book.inspection shows what memory "
                "and attention did"
            )


def check_positions(position_ids: Tensor | None, start: int, time: int) -> None:
    """Raise ValueError unless the positions are those that the model counts by itself."""
    if position_ids is None:
        return
    natural = torch.arange(start, start + time, device=position_ids.device)
    if position_ids.shape[-1] != time or (position_ids != natural).any():
        raise ValueError(
            f"position_ids must count on from what was read, here from {start}: the model counts "
            "by itself. Several texts in one row are not offered. generate goes on from a state if "
            "it gets the whole text, what the state has read included."
        )


def hides_the_end(mask: Tensor | None, labels: Tensor | None, start: int, time: int) -> bool:
    """Does the mask hide padding at the end of a row? Raise ValueError if it hides anything else.

    What comes after a token cannot change its output. So padding at the end of a row is harmless
    where the loss asks for nothing. Everywhere else the memory would read it.
    """
    if mask is None:
        return False
    if mask.dim() != 2 or mask.shape[1] not in (time, start + time):
        raise ValueError(
            f"attention_mask must have one place for each token, (batch, {start + time}), "
            f"got shape {tuple(mask.shape)}"
        )
    seen = mask.bool()
    if seen.all():
        return False
    comes_back = (seen[:, 1:] & ~seen[:, :-1]).any()
    if labels is None or comes_back or (labels[~seen[:, -time:]] != HIDDEN).any():
        raise ValueError(
            "attention_mask must be all ones, got zeros: a memory reads every token that it is "
            "given. Only in training may it hide the end of a row, with labels that are "
            f"{HIDDEN} there; otherwise use texts of one length a batch, without padding."
        )
    return True
