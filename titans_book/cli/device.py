"""The option --device of the commands that run a model."""

import argparse

UNTRIED = ("mps",)  # accelerators that are taken by name only


def add_option(parser: argparse.ArgumentParser) -> None:
    """Where the model runs."""
    words = "cpu, cuda, cuda:1, ... or auto: a GPU if there is one (default: %(default)s)"
    parser.add_argument("--device", metavar="NAME", default="auto", help=words)


def choose(name: str, place: int | None = None) -> str:
    """The device that is meant; of several, the one at this place.

    Raises ValueError for a GPU where there is none, and for a name that torch does not know.
    """
    import torch

    found = torch.accelerator.current_accelerator(check_available=True)
    there = None if found is None else found.type
    try:
        kind = "cpu" if name == "auto" else torch.device(name).type
    except RuntimeError:
        raise ValueError(f"--device must be auto, cpu, cuda, ..., got {name!r}") from None
    if name == "auto" and there not in (None, *UNTRIED):
        kind = there
    if kind not in ("cpu", there):
        raise ValueError(
            f"--device {name}: torch finds {'no GPU' if there is None else f'only {there}'} here. "
            "Leave --device out to run where it can; `python -m titans_book doctor` says what "
            "torch sees"
        )
    if kind == "cpu" or ":" in name:
        return kind if name == "auto" else name
    return kind if place is None else f"{kind}:{place}"
