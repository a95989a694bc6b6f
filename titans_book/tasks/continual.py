"""Texts that are learned one after the other, and what is left of the first at the end.

    domains   Shakespeare, presidents from 1900 on, DNA, Python       four kinds of text
    eras      addresses to Congress, in slices by year                one kind that drifts
    ciphers   the same English under other alphabets                  what is new looks like the old

    for every visit i: learn(visits[i]), and then every part j is scored         matrix[i, j]
    forgetting[j] = last score of j - best score of j

Scores are such that less is better, such as bits a byte. Taught in chapter 12.
"""

from __future__ import annotations

import string
import sysconfig
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from titans_book.tasks.check import count, source, within
from titans_book.tasks.corpora import genome, speeches, text, tokens

__all__ = ["Part", "ciphers", "domains", "eras", "forgetting", "forgetting_matrix"]

Visit = TypeVar("Visit")


class Part(NamedTuple):
    """One text as bytes: what is learned, and the end of it, which is held out."""

    name: str
    train: Int[Tensor, " train"]
    test: Int[Tensor, " test"]


def domains(size: int = 300_000, held_out: float | int = 0.1) -> tuple[Part, ...]:
    """Four kinds of text, `size` bytes of each, of which the last share `held_out` is the test.

    The Python source is that of the standard library of the Python that runs this, in the order of
    its file names: it is always there, but another Python has another text. Raises ValueError or
    TypeError naming the field, and ValueError if a text is too short.

    >>> [part.name for part in domains(1000)]
    ['Shakespeare', 'presidents', 'DNA', 'Python']
    """
    texts = {
        "Shakespeare": [text("shakespeare")],
        "presidents": (s["text"] for s in speeches() if s["year"] >= 1900),
        "DNA": genome().values(),
        "Python": _library(),
    }
    return tuple(_part(name, pieces, size, held_out) for name, pieces in texts.items())


def eras(number: int = 6, size: int = 300_000, held_out: float | int = 0.1) -> tuple[Part, ...]:
    """The addresses to Congress of 1790 to 2021 in slices of as many addresses each, by year.

    Of each slice the first `size` bytes. Raises as `domains` does.

    >>> [part.name for part in eras(3, 1000)]
    ['1790-1866', '1867-1945', '1946-2021']
    """
    told = speeches()
    if count("number", number) > len(told):
        raise ValueError(f"number must be {len(told)} or less, got {number}")
    cuts = [i * len(told) // number for i in range(number + 1)]
    slices = [told[a:b] for a, b in zip(cuts, cuts[1:], strict=False)]
    names = [f"{some[0]['year']}-{some[-1]['year']}" for some in slices]
    return tuple(
        _part(name, (s["text"] for s in some), size, held_out)
        for name, some in zip(names, slices, strict=True)
    )


def ciphers(
    number: int = 2,
    size: int = 300_000,
    held_out: float | int = 0.1,
    seed: int | Generator = 0,
) -> tuple[Part, ...]:
    """The same English, Moby-Dick, in `number` substitution ciphers: languages of one grammar.

    In each, every letter stands for another letter, small for small and large for large; all else
    stays. No letter means the same in two of them, or itself in any. Raises as `domains` does.

    >>> len(ciphers(2, 1000))
    2
    """
    if count("number", number) >= len(string.ascii_lowercase):
        raise ValueError(f"number must be below {len(string.ascii_lowercase)}, got {number}")
    order = torch.randperm(26, generator=source(seed)).tolist()
    turned = [order[i:] + order[:i] for i in range(1, number + 1)]
    plain = text("moby_dick")
    return tuple(
        _part(f"cipher {name}", [plain.translate(_alphabet(order, new))], size, held_out)
        for name, new in zip(string.ascii_uppercase, turned, strict=False)
    )


def forgetting_matrix(
    visits: Sequence[Visit],
    learn: Callable[[Visit], object],
    score: Callable[[Visit], float],
    tested: Sequence[Visit] | None = None,
) -> Float[Tensor, "visits tested"]:
    """Row i: the score of every part after the first i + 1 visits. float64.

    visits  what is learned, in order; a part may be visited again.
    learn   trains on one part, going on from where it is. score: of one part, less is better.
    tested  what is scored, in the order of the columns; all visits unless told otherwise.

    Raises ValueError if there is nothing to visit or to test.
    """
    tested = visits if tested is None else tested
    for name, parts in {"visits": visits, "tested": tested}.items():
        if not len(parts):
            raise ValueError(f"{name} must hold one part or more, got none")
    rows = []
    for visit in visits:
        learn(visit)
        rows.append([float(score(part)) for part in tested])
    return torch.tensor(rows, dtype=torch.float64)


def forgetting(matrix: Float[Tensor, "visits tested"]) -> Float[Tensor, " tested"]:
    """How much of every part is lost at the end: its last score less its best one, 0 or more.

    >>> forgetting(torch.tensor([[2.0, 5.0], [3.0, 1.0]])).tolist()
    [1.0, 0.0]
    """
    if matrix.dim() != 2 or not len(matrix):
        raise ValueError(f"matrix must have a row for each visit, got shape {tuple(matrix.shape)}")
    return matrix[-1] - matrix.amin(0)


def _part(name: str, pieces: Iterable[str], size: int, held_out: float | int) -> Part:
    """The first `size` bytes of the pieces, cut in two."""
    count("size", size, least=2)
    within("held_out", held_out, 0, 1)
    held = round(held_out * size)
    if not 0 < held < size:
        raise ValueError(f"held_out must leave bytes on both sides of size={size}, got {held_out}")
    whole, length = [], 0
    for piece in pieces:
        whole.append(piece.encode())
        length += len(whole[-1])
        if length >= size:
            break
    if length < size:
        raise ValueError(f"size must be {length} or less for {name}, got {size}")
    all_ = tokens(b"".join(whole)[:size])
    return Part(name, all_[:-held], all_[-held:])


def _library() -> Iterable[str]:
    """The files of the standard library that are plain ASCII, in the order of their names."""
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        source_ = path.read_bytes()
        if source_.isascii():
            yield source_.decode()


def _alphabet(order: Sequence[int], new: Sequence[int]) -> dict[int, str]:
    """For str.translate: the letter of number order[i] becomes that of number new[i]."""
    pairs = list(zip(order, new, strict=True))
    return {
        ord(letters[a]): letters[b]
        for letters in (string.ascii_lowercase, string.ascii_uppercase)
        for a, b in pairs
    }
