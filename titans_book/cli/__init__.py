"""The command line: `python -m titans_book COMMAND`. Each command imports what it needs itself.

Exit codes: 0 done, 1 something is wrong (stderr says what, in a line), 2 a mistake in the command
line, 130 stopped by Ctrl-C. Results go to stdout, progress and complaints to stderr.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence

from titans_book.cli import book, chat, compare, generate, standing, train
from titans_book.cli.config import Parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a mark, where it cannot show a character
            stream.reconfigure(errors="replace")
    options = parser().parse_args(arguments)
    try:
        code = options.run(options)
        sys.stdout.flush()  # while a closed pipe is still our business
        return code
    except KeyboardInterrupt:
        print(f"titans_book {options.command}: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Python must not complain while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, ValueError, TypeError, RuntimeError, ImportError) as error:
        # in one piece, because several processes may say it at once
        sys.stderr.write(f"titans_book {options.command}: {_one_line(error)}\n")
        return 1


def _one_line(error: Exception) -> str:
    said = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, ImportError):
        return f"{said}. `python -m titans_book doctor` says what to install"
    return said


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; each sets `run`, the function that does it."""
    top = argparse.ArgumentParser(
        prog="python -m titans_book",
        description="Titans, MIRAS and Nested Learning, by building them.",
        epilog="With notebooks: `lab`. Without: `train`, then `generate` or `chat`. "
        "In trouble: `doctor`. Where you are: `progress`.",
    )
    commands = top.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=Parser
    )
    book.add(commands)
    standing.add(commands)
    train.add(commands)
    generate.add(commands)
    chat.add(commands)
    compare.add(commands)
    return top
