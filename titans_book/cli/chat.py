"""The command `chat`: a conversation with a trained model, which remembers all of it.

The state does not grow with the conversation, so a turn costs as much on the hundredth day as on
the first.
"""

import argparse
import io
import sys
from pathlib import Path

from titans_book.cli.writing import SAMPLING, Writer, add_options, typed

HELP = """\
/save FILE   put what the model remembers into a file
/load FILE   remember what is in the file instead
/forget      remember nothing of this conversation
/help        this list
/quit        leave; so does Ctrl-D. Ctrl-C stops an answer.
Anything else is read by the model, which goes on from there."""


def add(commands: argparse._SubParsersAction) -> None:
    """Add this command to the parser."""
    what = "talk with a trained model, which remembers the conversation"
    more = "Answers go to stdout, all else to stderr. /help lists what else can be typed."
    parser = commands.add_parser("chat", help=what, description=f"{what}. {more}")
    add_options(parser, n=300)
    end = "an answer ends with this text (default: an empty line)"
    parser.add_argument("--stop", metavar="TEXT", default="\n\n", help=end)
    day = "go on from this file if it is there, and save into it on leaving"
    parser.add_argument("--state", metavar="FILE", type=Path, help=day)
    parser.set_defaults(run=_chat)


def _chat(options: argparse.Namespace) -> int:
    writer = Writer.from_options(options)
    begun = writer.state
    read = 0 if writer.state is None else writer.state.position
    _say(f"the model remembers {read:,} bytes; /help says what can be typed")
    try:
        _talk(writer, options)
    finally:  # whatever ends it, nothing that was said is lost
        if options.state is not None and (writer.unread or writer.state is not begun):
            _keep(writer, options.state)
    return 0


def _talk(writer: Writer, options: argparse.Namespace) -> None:
    turn, stdin = 0, typed()
    while (line := _next_line(stdin)) is not None:
        if line.startswith("/"):
            if not _obey(line, writer):
                return
        elif line.strip():
            _answer(writer, line, options, options.seed + turn)
            turn += 1


def _keep(writer: Writer, path: Path) -> None:
    """Put what is remembered into the file; no file where nothing is."""
    if writer.unread or writer.state is not None:
        writer.save(path)
        _say(f"saved what was said in {path}")
    else:
        path.unlink(missing_ok=True)
        _say(f"nothing is remembered: {path} is removed")


def _next_line(stdin: io.TextIOBase) -> str | None:
    """What is typed next; None at the end. Only a person at a terminal is shown a prompt."""
    while True:
        try:
            if stdin.isatty():
                return input("> ")
            line = stdin.readline()
            return line.rstrip("\n") if line else None
        except EOFError:
            return None
        except KeyboardInterrupt:
            _say("\n/quit or Ctrl-D leaves")


def _obey(line: str, writer: Writer) -> bool:
    """Do what a line with / asks for; False means: leave."""
    command, _, rest = line.partition(" ")
    path = Path(rest.strip()) if rest.strip() else None
    try:
        match command:
            case "/quit":
                return False
            case "/help":
                _say(HELP)
            case "/forget":
                writer.forget()
                _say("forgotten")
            case "/save" | "/load" if path is None:
                _say(f"{command} needs the name of a file")
            case "/save":
                writer.save(path)
                _say(f"saved in {path}")
            case "/load":
                writer.load(path)
                _say(f"the model now remembers {writer.state.position:,} bytes")
            case _:
                _say(f"{command} is not known: /help lists what is")
    except (RuntimeError, OSError, ValueError) as error:  # CheckpointError is the first
        _say(str(error))
    return True


def _answer(writer: Writer, line: str, options: argparse.Namespace, seed: int) -> None:
    sampling = {name: getattr(options, name) for name in SAMPLING} | {"seed": seed}
    last = ""
    try:
        for piece in writer.write(line + "\n", options.n, options.stop, **sampling):
            sys.stdout.write(piece)
            sys.stdout.flush()
            last = piece or last
    except KeyboardInterrupt:
        pass
    sys.stdout.write("" if last.endswith("\n") else "\n")
    sys.stdout.flush()


def _say(words: str) -> None:
    print(words, file=sys.stderr)
