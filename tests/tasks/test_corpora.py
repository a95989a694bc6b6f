"""The corpora are whole, say what they are, and complain clearly."""

import gzip
import json
import shutil

import pytest
import torch

from titans_book.tasks import corpora


def test_every_file_has_the_hash_of_the_manifest():
    assert corpora.verify() == []


def test_the_manifest_names_a_size_a_source_and_a_licence_for_every_file():
    for name, facts in corpora.manifest().items():
        assert set(facts) == {"bytes", "sha256", "source", "licence"}, name
        assert len(corpora.read(name)) == facts["bytes"]
        assert facts["source"] and facts["licence"]


def test_every_file_in_the_folder_is_in_the_manifest():
    folder = corpora.data_folder()
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    ours = {"MANIFEST.json", "README.md", "build.py", ".gitattributes"}
    found = {name for name in found if "__pycache__" not in name}
    assert found == ours | set(corpora.manifest())


def test_every_data_file_has_a_line_in_the_readme():
    readme = (corpora.data_folder() / "README.md").read_text()
    for name, facts in corpora.manifest().items():
        if not name.startswith("LICENSES/"):
            assert f"| `{name}` | {facts['bytes']:,} |" in readme


@pytest.fixture
def small_data(tmp_path, monkeypatch):
    """A data folder of one's own: two small files, and a manifest that knows them."""
    shutil.copytree(corpora.data_folder() / "LICENSES", tmp_path / "LICENSES")
    facts = corpora.manifest()
    names = ("LICENSES/shakespeare.txt", "LICENSES/stdlib_notice.txt")
    manifest = {"files": {name: facts[name] for name in names}}
    (tmp_path / "MANIFEST.json").write_text(json.dumps(manifest))
    monkeypatch.setenv("TITANS_BOOK_DATA", str(tmp_path))
    return tmp_path


def test_the_environment_variable_chooses_the_folder(small_data):
    assert corpora.data_folder() == small_data
    assert corpora.verify() == []


def test_verify_names_the_changed_and_the_missing_file(small_data):
    (small_data / "LICENSES/shakespeare.txt").write_text("To be, or not")
    (small_data / "LICENSES/stdlib_notice.txt").unlink()
    assert corpora.verify() == [
        "LICENSES/shakespeare.txt was changed: its content does not have the manifest's SHA-256",
        "LICENSES/stdlib_notice.txt is missing",
    ]


@pytest.mark.parametrize("suffix", [".xz", ".gz"])
def test_verify_names_a_file_that_cannot_be_unpacked(small_data, suffix):
    manifest = {"files": {f"a.txt{suffix}": {"bytes": 3, "sha256": "0"}}}
    (small_data / "MANIFEST.json").write_text(json.dumps(manifest))
    (small_data / f"a.txt{suffix}").write_bytes(gzip.compress(b"abc")[:-9])
    assert len(corpora.verify()) == 1
    assert corpora.verify()[0].startswith(f"a.txt{suffix} cannot be unpacked")


def test_a_missing_folder_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("TITANS_BOOK_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="nowhere.*set TITANS_BOOK_DATA"):
        corpora.text()


def test_a_missing_file_says_what_to_do(small_data):
    (small_data / "LICENSES/shakespeare.txt").unlink()
    with pytest.raises(FileNotFoundError, match="shakespeare.txt is missing.*git checkout"):
        corpora.read("LICENSES/shakespeare.txt")


@pytest.mark.parametrize("reader", [corpora.read, corpora.text, corpora.table])
def test_an_unknown_name_is_answered_with_the_known_ones(reader):
    with pytest.raises(ValueError, match="name must be one of .*got '../README.md'"):
        reader("../README.md")


def test_shakespeare_is_ten_plays_of_plain_ascii():
    text = corpora.text("shakespeare")
    assert text.isascii() and len(set(text)) == 76
    assert text.startswith("THE TRAGEDY OF CORIOLANUS") and "Gutenberg" not in text
    assert text.count("by William Shakespeare") == 10
    assert "TWELFTH NIGHT" in text[int(0.9 * len(text)) :]


def test_all_of_shakespeare_holds_the_ten_plays():
    ten, everything = corpora.text("shakespeare"), corpora.text("shakespeare_all")
    plays = ten.split("\n\n\n")
    assert len(plays) == 10 and all(play.strip() in everything for play in plays)


def test_moby_dick_begins_and_ends():
    text = corpora.text("moby_dick")
    assert "Call me Ishmael." in text[:100] and "five thousand years ago" in text[-60:]


def test_speeches_run_through_the_years():
    speeches = corpora.speeches()
    years = [speech["year"] for speech in speeches]
    assert len(speeches) == 233 and years == sorted(years)
    assert (years[0], years[-1]) == (1790, 2021)
    last = speeches[-1]
    assert (last["speaker"], last["party"]) == ("Joseph R Biden", "d")
    assert all(len(speech["text"]) > 5000 for speech in speeches)


def test_tables_have_the_rows_they_should():
    births = corpora.table("us_births")
    years = {int(row["date"][:4]) for row in births}
    assert years == {*range(1969, 1989), *range(1994, 2015)}
    assert len(births) == sum(366 if year % 4 == 0 else 365 for year in years)
    weather = corpora.table("nyc_weather_2013")
    assert {row["origin"] for row in weather} == {"EWR", "JFK", "LGA"}
    sensors = corpora.table("series/sensor_events.csv.gz")
    assert sum(row["label"] == "1" for row in sensors) == 58 + 100


def test_the_genome_is_two_whole_chromosomes():
    genome = corpora.genome()
    lengths = {name: len(bases) for name, bases in genome.items()}
    assert lengths == {"chrI": 230_208, "chrII": 813_178}
    assert set("".join(genome.values())) == set("ACGT")


def test_the_coding_table_fits_the_genome():
    """Genes begin with ATG and end with a stop, but for the inner pieces of the few split ones."""
    genome, mirror = corpora.genome(), str.maketrans("ACGT", "TGCA")
    stretches = []
    for row in corpora.table("yeast_cds"):
        bases = genome[row["chromosome"]][int(row["start"]) : int(row["end"])]
        stretches.append(bases if row["strand"] == "+" else bases[::-1].translate(mirror))
    assert len(stretches) == 616
    assert sum(bases.startswith("ATG") for bases in stretches) == 121 + 460
    assert sum(bases.endswith(("TAA", "TAG", "TGA")) for bases in stretches) == 585


def test_tokens_are_the_bytes_of_the_text():
    text = "naïve — 1\n"
    assert bytes(corpora.tokens(text).tolist()).decode() == text
    assert corpora.tokens(text.encode()).tolist() == corpora.tokens(text).tolist()
    assert corpora.tokens("").shape == (0,) and corpora.tokens("").dtype == torch.long


def test_tokens_refuse_what_is_no_text():
    with pytest.raises(TypeError, match="source"):
        corpora.tokens(3)


@pytest.mark.parametrize("length", [1, 7, 20, 1000, 1_312_533])
def test_split_loses_nothing_and_keeps_the_order(length):
    whole = torch.arange(length)
    parts = corpora.split(whole)
    assert torch.equal(torch.cat(parts), whole)
    assert [len(part) for part in parts[:1]] == [length * 9 // 10]


@pytest.mark.parametrize("fractions", [(), (0.5, 0.4), (1.2, -0.2), (0.9, 0.1, 0.0)])
def test_split_refuses_fractions_that_are_no_partition(fractions):
    with pytest.raises(ValueError, match="fractions must be positive and sum to 1"):
        corpora.split(torch.arange(9), fractions)
