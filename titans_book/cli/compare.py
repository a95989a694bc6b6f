"""The command `compare`: the variants learn the same tasks and text, with the same budget."""

import argparse
import sys
from pathlib import Path

from titans_book.cli import device
from titans_book.model.names import VARIANTS

TASKS = ("needle", "recall", "updates", "text")
MODELS = (*(name for name in VARIANTS if name != "hope"), "window", "linear attention")
SIZES = ("cpu", "gpu", "quick")
COMMAND = "python -m titans_book compare"


def add(commands: argparse._SubParsersAction) -> None:
    """Add this command to the parser."""
    what = "train the variants side by side, several seeds each, and draw the comparison"
    more = (
        "Each has the same processor time, and a learning rate of its own, found on another seed. "
    )
    more += "Finished trainings stay in the file: called again, it goes on with what is missing."
    parser = commands.add_parser("compare", help=what, description=f"{what}. {more}")
    size = (
        "cpu: 12 processor seconds a training; gpu: ten minutes; quick: to see that it runs "
        "(%(default)s)"
    )
    parser.add_argument("--profile", choices=SIZES, default="cpu", help=size)
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="of each (%(default)s)")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=TASKS, metavar="TASK",
                        help=f"some of {', '.join(TASKS)}")  # fmt: skip
    some = f"some of {', '.join(MODELS)}; and hope, 'mac tokens', "
    some += "or memories by name (notebooks/presets.md)"
    parser.add_argument("--models", nargs="+", default=MODELS, metavar="MODEL", help=some)
    out = "where the record goes; the pictures beside it, one a task (%(default)s)"
    parser.add_argument("--out", type=Path, default=Path("runs/comparison.json"), help=out)
    device.add_option(parser)
    parser.set_defaults(run=_compare, usage_error=parser.error)


def _compare(options: argparse.Namespace) -> int:
    from titans_book.comparison import PROFILES, compare, load
    from titans_book.comparison.contestants import everybody
    from titans_book.lab.pictures.comparison_figures import comparison
    from titans_book.lab.pictures.picture import save

    for model in options.models:
        if model not in everybody():
            allowed = ", ".join(map(repr, everybody()))
            options.usage_error(f"argument --models: invalid choice: {model!r} (from {allowed})")
    finished = compare(
        PROFILES[options.profile],
        seeds=options.seeds,
        trials=options.tasks,
        models=options.models,
        path=options.out,
        device=device.choose(options.device),
        command=f"{COMMAND} --profile {options.profile} --seeds {options.seeds}",
    )
    for done in finished:
        print(done, file=sys.stderr, flush=True)
    print(options.out)
    record = load(options.out)
    for task in dict.fromkeys(row["trial"] for row in record["rows"]):
        alt = f"The scores of every model on {task}, over the length of what was read."
        path = options.out.with_name(f"{options.out.stem}_{task}.png")
        print(save(comparison(record, task, alt=alt), path))
    return 0
