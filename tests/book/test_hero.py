"""The README's picture is drawn by the project, and the README describes it."""

from titans_book.book import hero


def test_it_shows_a_memory_that_fills_once():
    film, times = hero.reading()
    change = film.diff(dim=0).abs().amax((1, 2))
    half = len(hero.SENTENCE) // 2
    assert times == tuple(range(2 * half + 1)) and film[0].abs().max() == 0
    assert change[:half].mean() > 3 * change[half:].mean()


def test_both_pictures_are_written_and_the_readme_shows_them(tmp_path, root):
    paths = hero.main(tmp_path)
    assert [path.name for path in paths] == ["memory.png", "memory-dark.png"]
    light, dark = (path.read_bytes() for path in paths)
    assert light[:4] == b"\x89PNG" and light != dark
    readme = (root / "README.md").read_text(encoding="utf-8")
    for path in paths:
        assert f"notebooks/images/{path.name}" in readme
        assert (hero.FOLDER / path.name).exists()
    assert hero.ALT in readme
