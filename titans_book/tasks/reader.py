"""The reader's own text: files and folders in, one string out.

A model can be trained on anything that is plain text. What is not says so before training starts.
"""

import os
from collections.abc import Iterable
from pathlib import Path

SUFFIXES = (".txt", ".md")  # what is taken from a folder; a file named outright may be any text
DOCUMENTS = (".pdf", ".doc", ".docx", ".odt", ".rtf", ".epub", ".zip", ".gz", ".xz")


def read_texts(paths: str | os.PathLike | Iterable[str | os.PathLike]) -> str:
    """The reader's files, joined by one empty line. Folders are searched at any depth, by name;
    what is hidden in them (a name with a dot in front: copies and notes of other programs) is not.

    Each file must be UTF-8 text (a byte-order mark is dropped, Windows line ends become "\\n").
    Raises ValueError, naming the file, if one is missing, empty, unreadable, binary, not UTF-8, a
    document such as .pdf, or if a folder holds no .txt or .md file.
    """
    paths = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if "" in paths:
        raise ValueError("paths must name files or folders, got an empty name")
    files = [file for path in paths for file in _files(Path(path))]
    if not files:
        raise ValueError("paths must name at least one text file or folder, got none")
    return "\n\n".join(_read(file).strip("\n") for file in dict.fromkeys(files)) + "\n"


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


def _read(path: Path) -> str:
    if path.suffix.lower() in DOCUMENTS:
        raise ValueError(f"{path}: {path.suffix} is not plain text; export it as .txt first")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from error
    return _decode(path, raw)


def _decode(path: Path, raw: bytes) -> str:
    if b"\0" in raw:
        raise ValueError(f"{path}: this is not a text file (it holds zero bytes)")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: not UTF-8, see byte {error.start}; save it as UTF-8 first"
        ) from error
    if not text.strip():
        raise ValueError(f"{path}: this file is empty")
    return text.replace("\r\n", "\n").replace("\r", "\n")
