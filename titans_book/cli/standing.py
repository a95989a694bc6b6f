"""`python -m titans_book progress`: where you stand, and how to undo."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Callable

WIDE = 79  # columns


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser."""
    what = "show what you have passed and kept, what is due, and what is next; undo"
    about = f"{what}. Before anything is forgotten, a copy of the record is kept beside it."
    parser = commands.add_parser("progress", help=what, description=about)
    undo = parser.add_mutually_exclusive_group()
    some = "forget one exercise, such as 01.read: its attempts and the kept part"
    undo.add_argument("--undo", metavar="NAME", help=some)
    some = "forget a whole chapter, such as 01, with its questions and predictions; or `all`"
    undo.add_argument("--reset", metavar="CHAPTER", help=some)
    parser.add_argument("--yes", action="store_true", help="do not ask before forgetting")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from titans_book.book import bank  # noqa: F401  (the exercises and questions there are)
    from titans_book.lab.learning.book_map import CHAPTERS
    from titans_book.lab.learning.progress import progress
    from titans_book.lab.register import EXERCISES

    if options.undo is not None:
        if options.undo not in EXERCISES:
            raise ValueError(f"no exercise is called {options.undo!r}: they are like 01.read")
        return _forget(options.undo, lambda name: name == options.undo, options.yes)
    if options.reset is not None:
        known = [chapter.number for chapter in CHAPTERS]
        if options.reset not in (*known, "all"):
            raise ValueError(f"no chapter is called {options.reset!r}: they are 00 to 14, or all")
        chapter = "" if options.reset == "all" else options.reset
        return _forget(options.reset, lambda name: name.startswith(chapter), options.yes)
    print(report(progress()))
    return 0


def _forget(what: str, wanted: Callable[[str], bool], sure: bool) -> int:
    """Say what would be lost, ask, keep a copy, forget. 1 if the answer is no."""
    from titans_book.lab.learning.progress import progress

    record = progress()
    found = {kind: names for kind, names in record.names(wanted).items() if names}
    if not found:
        print(f"There is nothing about {what} in your record.")
        return 0
    counts = ", ".join(f"{len(names)} {_one_or_many(kind, names)}" for kind, names in found.items())
    print(f"This forgets about {what}: {counts}.")
    if not sure and not _agreed():
        print("Nothing was changed.")
        return 1
    copy = record.backup()
    record.undo(wanted)
    print("Done.")
    if copy is not None:
        print(f"The record as it was is in\n  {copy}\nTo have it back, copy it to\n  {record.path}")
    return 0


def _one_or_many(kind: str, names: list[str]) -> str:
    """A section's name as one says it: "part" for one of the parts.

    >>> _one_or_many("parts", ["01.read"])
    'kept part'
    """
    words = {"parts": "kept parts"}.get(kind, kind)
    return words.removesuffix("s") if len(names) == 1 else words


def _agreed() -> bool:
    """Whether the person at the terminal says yes; nobody there means no."""
    try:
        return input("Go on? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print("no answer; --yes does it without asking", file=sys.stderr)
        return False


def report(record) -> str:
    """The whole page for a terminal of 80 columns."""
    from titans_book.lab.learning.standing import standing, told

    found = standing(record)
    where = f"Your progress, in {record.path}" if record.path else "Your progress, not on disk"
    lines = [where, ""]
    for one in found.chapters:
        total = len(one.tasks)
        done = round(8 * one.passed / total) if total else 0
        bar = f"[{'#' * done}{'.' * (8 - done)}]"
        kept = f", {one.kept} kept" if one.kept else ""
        name = f"{one.chapter.number} {one.chapter.short}"
        said = f"{bar} {one.passed} of {total}{kept}" if total else "no exercises"
        lines.append(f"{name:30}{said}")
        if one.begun:
            lines += _wrapped(", ".join(map(str, one.tasks)), "   ")
    lines.append("")
    for words, line in told(found).items():
        lines += _wrapped(f"{words + ':':10}{line}", "", " " * 10)
    lines += ["", "Undo one exercise with --undo 01.read, a chapter with --reset 01."]
    return "\n".join(lines)


def _wrapped(text: str, first: str, later: str | None = None) -> list[str]:
    """A text in lines that fit."""
    later = first if later is None else later
    return textwrap.wrap(text, WIDE, initial_indent=first, subsequent_indent=later)
