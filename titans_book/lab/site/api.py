"""The package's public names, with their docstrings, one page for each of its parts.

The sources are read, not imported: what has a docstring and no underscore, or is in `__all__`.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonConsoleLexer, PythonLexer

__all__ = ["PARTS", "Entry", "Part", "docstring", "parts"]

PARTS = ("memory", "steps", "attention", "model", "training", "nested", "tasks", "evaluation",
         "inspection", "comparison", "huggingface")  # fmt: skip
_CODE = re.compile(r"`([^`]+)`")


@dataclass
class Entry:
    """One public name: how it is called, what it says of itself, and its public methods."""

    name: str
    anchor: str
    signature: str
    html: str
    methods: list[Entry] = field(default_factory=list)


@dataclass
class Part:
    """One part of the package: its docstring, and for each module its entries."""

    name: str
    html: str
    modules: list[tuple[str, str, list[Entry]]] = field(default_factory=list)


def parts(package: Path) -> Iterator[Part]:
    """Every part that has something public."""
    for name in PARTS:
        folder = package / name
        if not folder.is_dir():
            continue
        tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
        part = Part(name, docstring(ast.get_docstring(tree) or ""))
        for path in sorted(folder.rglob("*.py")):
            if path.stem != "__init__" and (module := _module(path, package)):
                part.modules.append(module)
        yield part


def _module(path: Path, package: Path) -> tuple[str, str, list[Entry]] | None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    name = ".".join(path.relative_to(package.parent).with_suffix("").parts)
    public = _listed(tree)
    entries = [
        _entry(node, name)
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and (node.name in public if public is not None else not node.name.startswith("_"))
        and ast.get_docstring(node)
    ]
    return (name, docstring(ast.get_docstring(tree) or ""), entries) if entries else None


def _listed(tree: ast.Module) -> set[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return set(ast.literal_eval(node.value))
    return None


def _entry(node: ast.FunctionDef | ast.ClassDef, module: str) -> Entry:
    anchor = f"{module}.{node.name}"
    made = Entry(node.name, anchor, _signature(node), docstring(ast.get_docstring(node) or ""))
    if isinstance(node, ast.ClassDef):
        made.methods = [
            Entry(method.name, f"{anchor}.{method.name}", _signature(method),
                  docstring(ast.get_docstring(method) or ""))
            for method in node.body
            if isinstance(method, ast.FunctionDef) and not method.name.startswith("_")
            and ast.get_docstring(method)
        ]  # fmt: skip
    return made


def _signature(node: ast.FunctionDef | ast.ClassDef) -> str:
    """The call as in the source, one argument a line where it is long."""
    if isinstance(node, ast.ClassDef):
        start = next((one for one in node.body if getattr(one, "name", "") == "__init__"), None)
        head, arguments = f"class {node.name}", start.args if start else None
        if arguments is None:
            lines = [ast.unparse(one) for one in node.body if isinstance(one, ast.AnnAssign)]
            return "\n    ".join([f"{head}:", *lines]) if lines else head
        returns = ""
    else:
        head, arguments = f"def {node.name}", node.args
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    pieces = _arguments(arguments)
    line = f"{head}({', '.join(pieces)}){returns}"
    if len(line) <= 88:
        return line
    return f"{head}(\n    " + ",\n    ".join(pieces) + f",\n){returns}"


def _arguments(arguments: ast.arguments) -> list[str]:
    def one(argument: ast.arg, default: ast.expr | None) -> str:
        text = ast.unparse(argument)
        return text if default is None else f"{text} = {ast.unparse(default)}"

    plain = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(plain) - len(arguments.defaults)) + list(arguments.defaults)
    pieces = [one(*pair) for pair in zip(plain, defaults, strict=True)]
    if arguments.vararg:
        pieces.append(f"*{ast.unparse(arguments.vararg)}")
    elif arguments.kwonlyargs:
        pieces.append("*")
    pieces += [one(*pair) for pair in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    if arguments.kwarg:
        pieces.append(f"**{ast.unparse(arguments.kwarg)}")
    return [piece for piece in pieces if piece.split(":")[0] not in ("self", "cls")]


def code(text: str, console: bool = False) -> str:
    """Python, coloured."""
    lexer = PythonConsoleLexer() if console else PythonLexer()
    html = highlight(text, lexer, HtmlFormatter())
    return f'<div class="code">{html}</div>'


def docstring(text: str) -> str:
    """A docstring as HTML: paragraphs, what is indented as it stands, examples as code.

    >>> docstring("Adds `one`.\\n\\n>>> 1 + 1\\n2").startswith("<p>Adds <code>one</code>.</p>")
    True
    """
    pieces = []
    for block in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        if block.lstrip().startswith(">>>"):
            pieces.append(code(inspect.cleandoc(block), console=True))
        elif any(line.startswith("  ") for line in block.splitlines()):
            pieces.append(f'<pre class="plain" tabindex="0">{escape(block, quote=False)}</pre>')
        elif block.strip():
            said = _CODE.sub(r"<code>\1</code>", escape(block, quote=False))
            pieces.append(f"<p>{said}</p>")
    return "".join(pieces)
