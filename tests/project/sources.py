"""The project's own Python files, and what each of them imports."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "titans_book"
OURS = ("titans_book", "tests", "notebooks/source", "data")


def python_files(*folders: str) -> list[Path]:
    """Every .py file in these folders of the project (all of its own by default)."""
    return sorted(path for folder in folders or OURS for path in (ROOT / folder).rglob("*.py"))


def tracked_files() -> list[Path]:
    """Every file that is committed or about to be."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def syntax(path: Path) -> ast.Module:
    """The syntax tree; a master's cells may await at the top level."""
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    return compile(path.read_text(encoding="utf-8"), str(path), "exec", flags, dont_inherit=True)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, full dotted name) of every import in the file, inside functions too.

    `from a.b import c` gives `a.b.c`, because c may be a module; relative ones are spelled out.
    """
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            start = ".".join([*above, *filter(None, [node.module])])
            yield from ((node.lineno, f"{start}.{alias.name}") for alias in node.names)
