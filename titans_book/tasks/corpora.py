"""The book's data: where it lies, how it is read, whether it is whole.

The files of `data/` come with the repository (data/README.md says what each one is). Set the
environment variable TITANS_BOOK_DATA to read them from another folder. Every text becomes bytes,
and a byte is a token: the vocabulary is 256 and no tokenizer is needed.

    text("shakespeare") -> str -> tokens(...) -> LongTensor (T,) -> split(...) -> train, valid, test
"""

import csv
import gzip
import hashlib
import io
import json
import lzma
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from titans_book.tasks.reader import read_texts

__all__ = [
    "data_folder", "genome", "manifest", "read", "read_texts", "speeches", "split", "table",
    "text", "tokens", "verify",
]  # fmt: skip

TEXTS = {
    "shakespeare": "text/shakespeare.txt",
    "shakespeare_all": "text/shakespeare_all.txt.xz",
    "moby_dick": "text/moby_dick.txt.xz",
}
TABLES = {
    "us_births": "series/us_births.csv",
    "sensor_events": "series/sensor_events.csv.gz",
    "nyc_weather_2013": "series/nyc_weather_2013.csv.gz",
    "yeast_cds": "dna/yeast_cds.csv",
}


def data_folder() -> Path:
    """The folder that holds the data: $TITANS_BOOK_DATA, or `data/` of the repository.

    Raises FileNotFoundError, with what to do about it, if there is no MANIFEST.json in it.
    """
    chosen = os.environ.get("TITANS_BOOK_DATA")
    folder = Path(chosen) if chosen else Path(__file__).resolve().parents[2] / "data"
    if not (folder / "MANIFEST.json").is_file():
        raise FileNotFoundError(
            f"No data in {folder}: it holds no MANIFEST.json. Clone the whole repository, which "
            "carries data/, or set TITANS_BOOK_DATA to the folder where its data/ lies."
        )
    return folder


def manifest() -> dict[str, dict]:
    """For every file: `bytes` and `sha256` of its content, `source`, `licence`."""
    return json.loads((data_folder() / "MANIFEST.json").read_text(encoding="utf-8"))["files"]


def read(name: str) -> bytes:
    """The content of one file of `data/`, unpacked if it is stored as .xz or .gz.

    Raises ValueError for a name that is not in the manifest, FileNotFoundError if the file is gone.

    >>> read("series/us_births.csv")[:28]
    b'date,births\\n1969-01-01,8486\\n'
    """
    if name not in manifest():
        raise ValueError(f"name must be one of {sorted(manifest())}, got {name!r}")
    path = data_folder() / name
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing. Restore it with: git checkout -- data")
    raw = path.read_bytes()
    unpack = {".xz": lzma.decompress, ".gz": gzip.decompress}
    return unpack.get(path.suffix, bytes)(raw)


def verify() -> list[str]:
    """One line for each file that is missing, damaged or changed: an empty list is good news."""
    return [line for name, facts in manifest().items() if (line := _problem(name, facts))]


def _problem(name: str, facts: dict) -> str | None:
    try:
        content = read(name)
    except FileNotFoundError:
        return f"{name} is missing"
    except (lzma.LZMAError, EOFError, OSError) as error:
        return f"{name} cannot be unpacked: {error}"
    if hashlib.sha256(content).hexdigest() != facts["sha256"]:
        return f"{name} was changed: its content does not have the manifest's SHA-256"
    return None


def text(name: str = "shakespeare") -> str:
    """One long English text: "shakespeare" (ten plays), "shakespeare_all" or "moby_dick".

    >>> text("moby_dick")[22:38]
    'Call me Ishmael.'
    """
    return read(_known(name, TEXTS)).decode()


def table(name: str) -> list[dict[str, str]]:
    """The rows of one table: "us_births", "sensor_events", "nyc_weather_2013" or "yeast_cds".

    >>> table("us_births")[0]
    {'date': '1969-01-01', 'births': '8486'}
    """
    return list(csv.DictReader(io.StringIO(read(_known(name, TABLES)).decode())))


def _known(name: str, files: dict[str, str]) -> str:
    """The file behind a short name; the file's own name will do as well."""
    if name in files.values():
        return name
    if name not in files:
        raise ValueError(f"name must be one of {sorted(files)}, got {name!r}")
    return files[name]


def speeches() -> list[dict]:
    """The 233 State of the Union addresses by year: dicts of year, speaker, party (a code), text.

    >>> first = speeches()[0]
    >>> first["year"], first["speaker"], first["party"]
    (1790, 'George Washington', 'n')
    """
    rows = [json.loads(line) for line in read("text/sotu.jsonl.xz").decode().splitlines()]
    return [row | _speaker(row["speaker"]) for row in rows]


def _speaker(code: str) -> dict[str, str]:
    name, party = code.rsplit("_", 1)
    return {"speaker": name.replace("_", " ").title(), "party": party}


def genome() -> dict[str, str]:
    """Two chromosomes of baker's yeast, "chrI" and "chrII", as strings of A, C, G and T."""
    lines = read("dna/yeast_chr1_chr2.fa.xz").decode().split()
    return {name[1:]: bases for name, bases in zip(lines[::2], lines[1::2], strict=True)}


def tokens(source: str | bytes) -> Tensor:
    """The bytes of a text as a LongTensor (T,) of numbers 0 to 255. A str is encoded as UTF-8.

    >>> tokens("Who?")
    tensor([ 87, 104, 111,  63])
    """
    if not isinstance(source, str | bytes):
        raise TypeError(f"source must be str or bytes, got {type(source).__name__}")
    raw = source.encode() if isinstance(source, str) else source
    if not raw:
        return torch.zeros(0, dtype=torch.long)  # frombuffer refuses an empty buffer
    return torch.frombuffer(bytearray(raw), dtype=torch.uint8).long()


def split(sequence: Tensor, fractions: Sequence[float] = (0.9, 0.05, 0.05)) -> tuple[Tensor, ...]:
    """Cut a sequence into consecutive parts, in order: what comes later is held out.

    The fractions must be positive and sum to 1. Part i ends at floor(T (f_1 + ... + f_i)).

    >>> [part.tolist() for part in split(torch.arange(10), (0.6, 0.4))]
    [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9]]
    """
    if not fractions or min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError(f"fractions must be positive and sum to 1, got {tuple(fractions)}")
    sums = [sum(fractions[: i + 1]) for i in range(len(fractions))]
    ends = [int(len(sequence) * total + 1e-6) for total in sums]
    starts = [0, *ends[:-1]]
    return tuple(sequence[a:b] for a, b in zip(starts, ends, strict=True))
