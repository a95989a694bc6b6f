"""--config FILE and --print-config: the options of a command in a file, .toml or .json.

    dim = 256                   # --dim 256
    [training]                  # tables only group; they add nothing to a name
    learning-rate = 1e-3        # or learning_rate
    text = ["a.txt", "b.txt"]

What stands in a file is read as if it were typed before the rest of the command line, so that the
command line has the last word, and a file is checked as the command line is.
"""

import argparse
import difflib
import json
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

OWN = ("help", "config", "print_config")
EITHER = (("text", "corpus"), ("minutes", "steps"))  # one of each pair


class Parser(argparse.ArgumentParser):
    """An argument parser that obeys --config and --print-config, where `add_config` added them."""

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:
        """As argparse does it, with what a file says in front."""
        options, rest = super().parse_known_args(args, namespace)
        if getattr(options, "config", None) is not None:
            try:
                values = read(options.config)
                front = list(_typed(self, values, options))
            except (OSError, ValueError) as error:
                self.error(f"{options.config}: {error}")
            options, rest = super().parse_known_args([*front, *(args or ())], namespace)
        if getattr(options, "print_config", False):
            print("\n".join(_lines(self, options)))
            self.exit()
        return options, rest


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add both options to a parser."""
    file = "take options from FILE, .toml or .json; those typed here count more"
    parser.add_argument("--config", metavar="FILE", type=Path, help=file)
    show = "print the options as such a file, and do nothing else"
    parser.add_argument("--print-config", action="store_true", help=show)


def read(path: Path) -> dict[str, Any]:
    """The options in a file, tables taken apart, names with _.

    Raises OSError if it cannot be read, ValueError if it is no .toml or .json, damaged, or says
    something twice.
    """
    readers = {".toml": tomllib.loads, ".json": json.loads}
    if path.suffix not in readers:
        raise ValueError("a file of options ends in .toml or .json")
    found = readers[path.suffix](path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError(f"must map names to values, got {type(found).__name__}")
    values: dict[str, Any] = {}
    for name, value in _flat(found):
        name = name.replace("-", "_")
        if name in values:
            raise ValueError(f"{name} is said twice")
        values[name] = value
    return values


def _flat(table: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value)
        else:
            yield name, value


def _typed(
    parser: argparse.ArgumentParser, values: dict[str, Any], given: argparse.Namespace
) -> Iterator[str]:
    """The values as they would be typed, but for those that what is given excludes."""
    actions = {action.dest: action for action in parser._actions if action.dest not in OWN}
    for name, value in values.items():
        if name not in actions:
            near = difflib.get_close_matches(name, actions, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"there is no option {name}{hint}")
        others = [other for pair in EITHER if name in pair for other in pair if other != name]
        if value is None or any(getattr(given, other, None) is not None for other in others):
            continue
        option = f"--{name.replace('_', '-')}"
        if isinstance(actions[name], argparse._StoreTrueAction):
            if not isinstance(value, bool):
                raise ValueError(f"{name} must be true or false, got {value!r}")
            yield from [option] if value else []
        elif isinstance(value, bool):
            raise ValueError(f"{name} takes a value, got {str(value).lower()}")
        elif isinstance(value, list):
            yield from (option, *map(str, value))
        else:
            yield f"{option}={value}"


def _lines(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Iterator[str]:
    """The options as TOML; what was not given is commented out, with its meaning."""
    for action in parser._actions:
        if action.dest in OWN:
            continue
        value = getattr(options, action.dest)
        if value is None or value is False:
            meaning = (action.help or "") % {"default": action.default}
            yield f"# {action.dest} =  # {meaning}"
        else:
            plain = str(value) if isinstance(value, Path) else value
            yield f"{action.dest} = {json.dumps(plain, ensure_ascii=False)}"
