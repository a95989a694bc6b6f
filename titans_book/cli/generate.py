"""The command `generate`: a trained model goes on writing."""

import argparse
import sys
from pathlib import Path

from titans_book.cli.writing import SAMPLING, Writer, add_options, readable, typed


def add(commands: argparse._SubParsersAction) -> None:
    """Add this command to the parser."""
    what = "write text with a trained model"
    more = "The text goes to stdout as it is written: the prompt, then what the model adds."
    parser = commands.add_parser("generate", help=what, description=f"{what}. {more}")
    add_options(parser, n=500)
    begin = "what the text begins with; - reads it from standard input"
    parser.add_argument("--prompt", default="\n", help=begin)
    parser.add_argument("--stop", metavar="TEXT", help="write no more behind this text")
    on = "go on from what an earlier --save-state has remembered"
    parser.add_argument("--state", metavar="FILE", type=Path, help=on)
    keep = "remember what was read and written, for another day"
    parser.add_argument("--save-state", metavar="FILE", type=Path, help=keep)
    parser.set_defaults(run=_generate)


def _generate(options: argparse.Namespace) -> int:
    if options.state is not None and not options.state.exists():
        raise FileNotFoundError(f"there is no state in {options.state}: make one by --save-state")
    writer = Writer.from_options(options)
    prompt = typed().read() if options.prompt == "-" else options.prompt
    if not prompt:
        raise ValueError("--prompt is empty: the model needs at least one character to go on from")
    sampling = {name: getattr(options, name) for name in SAMPLING}
    pieces = writer.write(prompt, options.n, options.stop, **sampling)
    sys.stdout.write(readable(prompt))
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()
    sys.stdout.write("\n")
    if options.save_state is not None:
        writer.save(options.save_state)
    return 0
