"""The command `train`: a model learns to write, from the book's texts or from one's own."""

import argparse
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from titans_book.cli import device
from titans_book.cli.config import add_config
from titans_book.cli.options import LEARNING, MODEL, RUNNING, add_group
from titans_book.cli.progress import Progress, speaks
from titans_book.model.names import VARIANTS
from titans_book.nested.names import OPTIMIZERS

RUN = ("text", "corpus", "stream", "minutes", "steps", "optimizer", "variant", "rule")
FIXED_BY_THE_RUN = (*RUN, *(option.name for option in (*MODEL, *LEARNING)))


def add(commands: argparse._SubParsersAction) -> None:
    """Add this command to the parser."""
    what = "train a model on the book's texts or on your own"
    more = "Ctrl-C stops it with a checkpoint; --resume goes on to the very same numbers."
    parser = commands.add_parser("train", help=what, description=f"{what}. {more}")
    text = parser.add_mutually_exclusive_group()
    own = "your own UTF-8 text files, and folders of .txt and .md files"
    text.add_argument("--text", nargs="+", metavar="FILE", help=own)
    ours = "a text of the book: shakespeare (default), shakespeare_all, moby_dick"
    text.add_argument("--corpus", metavar="NAME", help=ours)
    disk = "read the text of --text from FOLDER and not from memory; it is written there first. "
    disk += "Texts above 256 MB are streamed anyway"
    parser.add_argument("--stream", metavar="FOLDER", type=Path, help=disk)
    where = "where checkpoints and the log go (%(default)s)"
    parser.add_argument("--out", metavar="FOLDER", type=Path, default="runs/model", help=where)
    again = "go on with the run in --out, with its own text, model and learning"
    parser.add_argument("--resume", action="store_true", help=again)
    length = parser.add_mutually_exclusive_group()
    fit = "plan as many steps as fit into M minutes on this machine (default: 15 minutes)"
    length.add_argument("--minutes", metavar="M", type=float, help=fit)
    length.add_argument("--steps", metavar="N", type=int, help="take exactly N steps")
    device.add_option(parser)
    wiring = (
        "memory alone (lmm, the default), with attention as mac, mag or mal, attention "
        "alone, or hope, memories that modify themselves"
    )
    parser.add_argument("--variant", choices=VARIANTS, help=wiring)
    rule = "of the memory (default: titans); also yaad, deltanet, ... (notebooks/presets.md)"
    parser.add_argument("--rule", metavar="NAME", help=rule)
    what_trains = "what moves the weights (default: adamw); chapter 11 teaches the others"
    parser.add_argument("--optimizer", choices=OPTIMIZERS, help=what_trains)
    add_group(parser, "the model", "an option without effect on a variant is refused", MODEL)
    add_group(parser, "the learning", "all of it decides what the model becomes", LEARNING)
    add_group(parser, "the run", "may be others when the run is resumed", RUNNING)
    parts = "keep a part of the model in each process of torchrun, for one that fits into none"
    parser.add_argument("--shard", action="store_true", help=parts)
    board = "draw the curves for TensorBoard as well, in the folder tensorboard of --out"
    parser.add_argument("--tensorboard", action="store_true", help=board)
    add_config(parser)
    parser.set_defaults(run=_train, usage_error=parser.error)


def _train(options: argparse.Namespace) -> int:
    extra = [name for name in FIXED_BY_THE_RUN if getattr(options, name) is not None]
    if options.resume and extra:
        shown = ", ".join("--" + name.replace("_", "-") for name in extra)
        options.usage_error(f"--resume goes on with the run's own options: leave out {shown}")

    progress, began = Progress(), time.monotonic()
    progress.say(_first_words(options))
    from titans_book.training.team import joined, place

    with joined(device.choose(options.device, place())) as team:
        return _run(options, team, progress, began)


def _run(options: argparse.Namespace, team, progress: Progress, began: float) -> int:
    """The run, seen from one of its processes; the exit code."""
    from titans_book.cli.beginning import fresh, resumed
    from titans_book.cli.score import TABLE_ORDER, score

    folder = options.out
    run = resumed(options, team) if options.resume else fresh(options, team)
    with closing(run.train(folder, options.resume)) as events:
        team.agree(lambda: run.remember_source(folder))
        weights = sum(weight.numel() for weight in run.model.parameters())
        together = "" if team.size == 1 else f", {team.size} processes"
        progress.say(
            f"{weights:,} weights, {len(run.tokens):,} bytes to learn from, "
            f"{run.settings.steps} steps{together}"
        )
        asked = _follow(events, options, team, progress)
    progress.clear()
    if not asked and run.held_out is not None:
        result = score(run, folder, began, team)
        if result is not None:
            progress.say(
                f"all of the held-out text: {result['bits_per_byte']:.3f} bits per byte; a table "
                f"of counts needs {result[f'table_of_order_{TABLE_ORDER}']:.3f}"
            )
    return _farewell(folder, asked, progress)


def _follow(events, options: argparse.Namespace, team, progress: Progress) -> list[int]:
    """Show what happens, to its end or until somebody asks to stop; the signal that asked."""
    from titans_book.training.tensorboard import TensorBoard

    with ExitStack() as stack:
        board = None
        if options.tensorboard and team.leads:
            board = TensorBoard(options.out / "tensorboard", step=events.begins)
            stack.enter_context(board)
        asked = stack.enter_context(_asked_to_stop(patient=team.size > 1))
        for event in events:
            _show(event, progress)
            if board is not None:
                board.hear(event)
            if asked:
                events.stop()
        numbers = [number for some in team.gather(list(asked)) for number in some]
    return numbers[:1]


def _first_words(options: argparse.Namespace) -> str:
    """What is done before the first step, said at once: on a busy machine it takes a while."""
    if options.resume:
        return f"going on with the run in {options.out}"
    if options.steps is not None:
        return f"reading the text and making a model, for a run in {options.out}"
    return f"reading the text, then timing a few steps, for a run in {options.out}"


def _show(event, progress: Progress) -> None:
    from titans_book.training import Evaluated, Step

    if isinstance(event, Step):
        progress.step(event)
    elif isinstance(event, Evaluated):
        bits = event.bits_per_token
        progress.say(f"step {event.step}: {bits:.3f} bits per byte on text not trained on")


@contextmanager
def _asked_to_stop(patient: bool) -> Iterator[list[int]]:
    """A list that Ctrl-C and SIGTERM put their number in, so that the running step is finished.

    A second one interrupts as usual; the checkpoints on the disk are whole even then. Where
    torchrun hands on a Ctrl-C that the terminal has sent as well, it has to be patient.
    """
    asked: list[int] = []

    def remember(number: int, _) -> None:
        if asked and not patient:
            raise KeyboardInterrupt
        asked.append(number)

    before = {which: signal.signal(which, remember) for which in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)


def quoted(path: Path) -> str:
    """A path as the shell wants it."""
    words = [str(path)]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _farewell(folder: Path, asked: list[int], progress: Progress) -> int:
    """Say where the checkpoint is and what can be done with it; the exit code."""
    from titans_book.training import checkpoints

    if speaks():
        print(checkpoints.newest(folder))
    if asked:
        progress.say(
            f"stopped; go on with: python -m titans_book train --resume --out {quoted(folder)}"
        )
        return 128 + asked[0]
    progress.say(f"done; to write: python -m titans_book generate --checkpoint {quoted(folder)}")
    return 0
