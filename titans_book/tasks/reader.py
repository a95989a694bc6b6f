"""The reader's own text: files and folders in, one string out.

A model can be trained on anything that is plain text. What is not says so before training starts.
"""

import codecs
import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

SUFFIXES = (".txt", ".md")  # what is taken from a folder; a file named outright may be any text
DECODER = codecs.getincrementaldecoder("utf-8-sig")
BLOCK = 2**20  # bytes that are read at a time
DOCUMENTS = (".pdf", ".doc", ".docx", ".odt", ".rtf", ".epub", ".zip", ".gz", ".xz")


def read_texts(paths: str | os.PathLike | Iterable[str | os.PathLike]) -> str:
    """The reader's files, joined by one empty line. Folders are searched at any depth, by name;
    what is hidden in them (a name with a dot in front: copies and notes of other programs) is not.

    Each file must be UTF-8 text (a byte-order mark is dropped, Windows line ends become "\\n").
    Raises ValueError, naming the file, if one is missing, empty, unreadable, binary, not UTF-8, a
    document such as .pdf, or if a folder holds no .txt or .md file.
    """
    return "".join(pieces(files_of(paths)))


def files_of(paths: str | os.PathLike | Iterable[str | os.PathLike]) -> list[Path]:
    """The files that are meant, each once, folders searched. ValueError if there are none."""
    paths = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if "" in paths:
        raise ValueError("paths must name files or folders, got an empty name")
    files = [file for path in paths for file in _files(Path(path))]
    if not files:
        raise ValueError("paths must name at least one text file or folder, got none")
    return list(dict.fromkeys(files))


def pieces(files: list[Path]) -> Iterator[str]:
    """The text of `read_texts`, piece by piece: no file is in memory as a whole."""
    for i, file in enumerate(files):
        if i:
            yield "\n\n"
        yield from _stripped(_read(file))
    yield "\n"


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.exists():
        raise ValueError(f"{path}: there is no such file or folder")
    if not path.is_dir():
        raise ValueError(f"{path}: neither a file nor a folder")
    found = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    found = [p for p in found if not any(n.startswith(".") for n in p.relative_to(path).parts)]
    if not found:
        raise ValueError(f"{path}: this folder holds no {' or '.join(SUFFIXES)} file")
    return found


def _stripped(parts: Iterator[str]) -> Iterator[str]:
    """The same text without line ends at its beginning and its end."""
    begun, kept = False, ""
    for part in parts:
        part = kept + part if begun else part.lstrip("\n")
        begun = begun or bool(part)
        text = part.rstrip("\n")
        kept = part[len(text) :]
        yield text


def _read(path: Path) -> Iterator[str]:
    if path.suffix.lower() in DOCUMENTS:
        raise ValueError(f"{path}: {path.suffix} is not plain text; export it as .txt first")
    decoder = io.IncrementalNewlineDecoder(DECODER(), translate=True)
    place, empty, raw = 0, True, b"begin"
    try:
        with path.open("rb") as file:
            while raw:
                raw = file.read(BLOCK)
                text = _decode(path, decoder, raw, place)
                place, empty = place + len(raw), empty and not text.strip()
                yield text
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from error
    if empty:
        raise ValueError(f"{path}: this file is empty")


def _decode(path: Path, decoder: io.IncrementalNewlineDecoder, raw: bytes, place: int) -> str:
    """The next bytes as text. place: how many came before; none are left at the end."""
    if b"\0" in raw:
        raise ValueError(f"{path}: this is not a text file (it holds zero bytes)")
    try:
        return decoder.decode(raw, final=not raw)
    except UnicodeDecodeError as error:
        byte = place + len(raw) - len(error.object) + error.start
        raise ValueError(f"{path}: not UTF-8, see byte {byte}; save it as UTF-8 first") from error
