"""The option --device of the commands that train."""

import argparse


def add_option(parser: argparse.ArgumentParser) -> None:
    """Where the training runs."""
    words = "cpu, cuda, or auto: a GPU if there is one (%(default)s)"
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help=words)


def choose(name: str) -> str:
    """The device that is meant. Raises ValueError for a GPU where there is none."""
    import torch

    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise ValueError(
            "--device cuda: torch finds no GPU here. Leave --device out to train on the CPU; "
            "`python -m titans_book doctor` says what torch sees"
        )
    return name if name != "auto" else "cuda" if there else "cpu"
