"""The reader's own files: good ones are read whole, bad ones are named."""

import os
from pathlib import Path

import pytest

from titans_book.tasks.corpora import read_texts


def test_files_and_folders_are_joined_in_order(tmp_path):
    (tmp_path / "book/part two").mkdir(parents=True)
    (tmp_path / "book/b.md").write_text("second\n")
    (tmp_path / "book/a.txt").write_text("first\n\n")
    (tmp_path / "book/part two/c.TXT").write_text("third")
    (tmp_path / "book/cover.png").write_bytes(b"\x89PNG\0")
    (tmp_path / "notes").write_text("fourth")
    text = read_texts([tmp_path / "book", str(tmp_path / "notes")])
    assert text == "first\n\nsecond\n\nthird\n\nfourth\n"


def test_one_path_needs_no_list(tmp_path):
    (tmp_path / "a.txt").write_text("alone")
    assert read_texts(tmp_path / "a.txt") == read_texts(str(tmp_path)) == "alone\n"


def test_a_file_named_twice_is_read_once(tmp_path):
    (tmp_path / "a.txt").write_text("once")
    assert read_texts([tmp_path, tmp_path / "a.txt"]) == "once\n"


def test_byte_order_mark_and_windows_line_ends_go_and_letters_stay(tmp_path):
    (tmp_path / "a.txt").write_bytes("\ufeffGrüße\r\n世界\r\n".encode())
    assert read_texts(tmp_path / "a.txt") == "Grüße\n世界\n"


BAD = {
    "binary.txt": (b"MZ\0\1", "not a text file"),
    "latin.txt": ("naïve".encode("latin-1"), "not UTF-8, see byte 2"),
    "empty.txt": (b"", "empty"),
    "blank.md": (b" \n\n", "empty"),
    "paper.pdf": (b"%PDF-1.4", "not plain text"),
    "book.EPUB": (b"PK", "not plain text"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_text_is_named(tmp_path, name):
    content, complaint = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name}: .*{complaint}"):
        read_texts(tmp_path / name)


def test_a_bad_file_in_a_folder_is_not_skipped(tmp_path):
    (tmp_path / "good.txt").write_text("good")
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="bad.txt: not UTF-8"):
        read_texts(tmp_path)


def test_paths_may_come_one_after_the_other(tmp_path):
    files = [tmp_path / name for name in ("b.txt", "a.txt")]
    for file in files:
        file.write_text(file.stem)
    assert read_texts(file for file in files) == read_texts(files) == "b\n\na\n"


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match="gone.txt: there is no such file"):
        read_texts(tmp_path / "gone.txt")
    with pytest.raises(ValueError, match="holds no .txt or .md file"):
        read_texts(tmp_path)
    with pytest.raises(ValueError, match="paths must name at least one"):
        read_texts([])
    with pytest.raises(ValueError, match="paths must name files or folders, got an empty name"):
        read_texts([""])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_neither_file_nor_folder(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="pipe: neither a file nor a folder"):
        read_texts(tmp_path / "pipe")


def test_a_file_that_the_system_refuses_is_named(tmp_path, monkeypatch):
    def refuse(path, mode):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "locked.txt").write_text("secret")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ValueError, match="locked.txt: cannot be read .Permission denied"):
        read_texts(tmp_path / "locked.txt")
