"""Copies of a function's source with one small change in each, and what each change would mean.

They undo the slips that everybody makes: brackets that are missing, a result that is dropped, two
arguments in the wrong order, one name for another, a sign, a factor too much.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from typing import NamedTuple

__all__ = ["POWER", "Change", "changes", "smaller"]

SIGNS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**",
    ast.FloorDiv: "//", ast.Mod: "%", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
}  # fmt: skip
OPPOSITE = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
POWER = "In Python `^` is no power: which sign is?"
SMALL = 0.02  # a number below it may be a nudge, or something added to be safe


class Change(NamedTuple):
    """A changed copy, and what it says of the original if the copy is right."""

    tree: ast.FunctionDef
    says: str
    asks: str


Node = ast.AST
Made = Iterator[tuple[Node, str, str]]  # what replaces a node, and the words for it


def changes(source: str, tree: ast.FunctionDef, *, few: bool = False) -> Iterator[Change]:
    """All changes, the likeliest slips first; few: without those that only a number confirms.

    >>> source = "def rate(k):\\n    return 1 / k @ k"
    >>> next(changes(source, ast.parse(source).body[0])).says
    'Python reads `1 / k @ k` in line 2 as `(1 / k) @ k`.'
    """
    yield from _power(source, tree)
    for make in (_brackets, _unary, _dropped, _inside, _order, _sides):
        yield from _each(source, tree, make)
    if few:
        return
    for make in (_sign, _too_much):
        yield from _each(source, tree, make)
    names = _names(tree)
    yield from _each(source, tree, lambda node, text: _other_name(node, text, names))


def smaller(source: str, tree: ast.FunctionDef) -> Iterator[Change]:
    """Copies in which one small number is a tenth of what it was."""
    yield from _each(source, tree, _tenth)


def _each(source: str, tree: ast.FunctionDef, make: Callable[..., Made]) -> Iterator[Change]:
    """One copy for each thing that `make` offers for a node of the body.

    Lines are counted as in a traceback, from the decorator where there is one.
    """

    def text(node: Node) -> str:
        return " ".join((ast.get_source_segment(source, node) or ast.unparse(node)).split())

    for place, node in enumerate(ast.walk(tree)):
        if not isinstance(node, (ast.expr, ast.stmt)) or node is tree:
            continue
        line = f"line {node.lineno}"
        for new, says, asks in make(node, text):
            copied = copy.deepcopy(tree)
            old = next(n for i, n in enumerate(ast.walk(copied)) if i == place)
            yield Change(_Put(old, new).visit(copied), says.format(line=line), asks)


class _Put(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, old: Node, new: Node):
        self.old, self.new = old, new

    def visit(self, node: Node) -> Node:
        return copy.deepcopy(self.new) if node is self.old else self.generic_visit(node)


def _names(tree: ast.FunctionDef) -> list[str]:
    """The arguments, and what is assigned."""
    found = [argument.arg for argument in tree.args.args]
    found += [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and _stored(n)]
    return list(dict.fromkeys(found))


def _stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def _quoted(text: str) -> str:
    """Source in backticks, safe for `format`, cut where it is long."""
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"`{text.replace('{', '{{').replace('}', '}}')}`"


def _power(source: str, tree: ast.FunctionDef) -> Iterator[Change]:
    """`**` for `^`, read anew: the two do not bind equally."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):
            (other,) = ast.parse(source.replace("^", "**")).body
            words = _quoted(ast.get_source_segment(source, node) or "^")
            yield Change(other, f"{words} in line {node.lineno} is no power.", POWER)
            return


def _brackets(node: Node, text: Callable) -> Made:
    """(a + b) * c for a + b * c, and the other way round."""
    if not isinstance(node, ast.BinOp):
        return
    left, op, right = node.left, node.op, node.right
    asks = "Where do brackets have to stand?"
    for inner, new in (
        (right, lambda: ast.BinOp(ast.BinOp(left, op, right.left), right.op, right.right)),
        (left, lambda: ast.BinOp(left.left, left.op, ast.BinOp(left.right, op, right))),
    ):
        if isinstance(inner, ast.BinOp):
            sign = SIGNS.get(type(op), "?")
            parts = [f"({text(one)})" if one is inner else text(one) for one in (left, right)]
            read = _quoted(f"{parts[0]} {sign} {parts[1]}")
            yield new(), f"Python reads {_quoted(text(node))} in {{line}} as {read}.", asks


def _unary(node: Node, text: Callable) -> Made:
    """-(a + b) for -a + b."""
    if isinstance(node, ast.BinOp) and isinstance(node.left, ast.UnaryOp):
        inside = ast.BinOp(node.left.operand, node.op, node.right)
        new = ast.UnaryOp(node.left.op, inside)
        says = f"The sign in front of {_quoted(text(node))} in {{line}} is for its first part only."
        yield new, says, "Where do brackets have to stand?"


def _dropped(node: Node, text: Callable) -> Made:
    """name = f(...) for a line that is f(...) alone."""
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return
    says = f"{_quoted(text(node))} in {{line}} is worked out, and its result is dropped."
    for argument in dict.fromkeys(n.id for n in ast.walk(node) if isinstance(n, ast.Name)):
        new = ast.Assign([ast.Name(argument, ast.Store())], node.value)
        yield new, says, "Which of your names should hold it?"


def _inside(node: Node, text: Callable) -> Made:
    """f(a, b - c) for f(a, b) - c."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, (ast.Add, ast.Sub)):
        return
    done = "added to" if isinstance(node.op, ast.Add) else "subtracted from"
    for at, call in enumerate(ast.walk(node.left)):
        for place in range(len(call.args) if isinstance(call, ast.Call) else 0):
            new = copy.deepcopy(node.left)
            inner = next(n for i, n in enumerate(ast.walk(new)) if i == at)
            inner.args[place] = ast.BinOp(inner.args[place], node.op, node.right)
            all_of_it = f"the whole of {_quoted(text(node.left))}"
            says = f"In {{line}} {_quoted(text(node.right))} is {done} {all_of_it}."
            small = done.split()[1]
            yield new, says, f"Should it be {done} all of that, or {small} a part of it?"


def _order(node: Node, text: Callable) -> Made:
    """f(b, a) for f(a, b)."""
    if not isinstance(node, ast.Call):
        return
    for i in range(len(node.args)):
        for j in range(i + 1, len(node.args)):
            new = copy.deepcopy(node)
            new.args[i], new.args[j] = new.args[j], new.args[i]
            given = ", ".join(map(text, node.args))
            says = f"{_quoted(text(node.func))} is given {_quoted(given)} in {{line}}."
            yield new, says, "In which order does it take them?"


def _sides(node: Node, text: Callable) -> Made:
    """b - a for a - b."""
    ordered = (ast.Sub, ast.Div, ast.MatMult, ast.Pow)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ordered):
        new = ast.BinOp(node.right, node.op, node.left)
        says = f"The two sides of {_quoted(text(node))} in {{line}} cannot be exchanged."
        yield new, says, "Which of them has to come first?"


def _other_name(node: Node, text: Callable, names: list[str]) -> Made:
    if not isinstance(node, ast.Name) or _stored(node) or node.id not in names:
        return
    for name in names:
        if name != node.id:
            says = f"In {{line}} one `{node.id}` should be another of your names."
            yield ast.Name(name, ast.Load()), says, "What is meant there?"


def _sign(node: Node, text: Callable) -> Made:
    if isinstance(node, ast.BinOp) and type(node.op) in OPPOSITE:
        new = ast.BinOp(node.left, OPPOSITE[type(node.op)](), node.right)
        added = isinstance(node.op, (ast.Add, ast.Sub))
        sign = SIGNS[type(node.op)]
        says = f"The `{sign}` of {_quoted(text(node))} in {{line}} does the opposite of its task."
        yield new, says, "Is it to be added or subtracted?" if added else "Multiplied or divided?"


def _too_much(node: Node, text: Callable) -> Made:
    if not isinstance(node, ast.BinOp):
        return
    what = "term" if isinstance(node.op, (ast.Add, ast.Sub)) else "factor"
    for kept, other in ((node.left, node.right), (node.right, node.left)):
        if kept is node.right and isinstance(node.op, (ast.Sub, ast.Div)):
            continue
        whole = _quoted(text(node))
        says = f"In {{line}} {_quoted(text(other))} is one {what} too much in {whole}."
        yield kept, says, "What is it to do there?"


def _tenth(node: Node, text: Callable) -> Made:
    if isinstance(node, ast.Constant) and type(node.value) is float and 0 < node.value <= SMALL:
        says = (
            f"The smaller `{text(node)}` in {{line}} is, the nearer this comes to the expected "
            "result: a nudge or a safety margin is exact only at 0."
        )
        yield ast.Constant(node.value / 10), says, "Which exact formula does it come near to?"
