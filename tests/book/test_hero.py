"""The README's picture is drawn by the project, and the README describes it."""

from titans_book.book import hero


def test_it_shows_a_memory_that_fills_once():
    film, times = hero.reading()
    change = film.diff(dim=0).abs().amax((1, 2))
    half = len(hero.SENTENCE) // 2
    assert times == tuple(range(2 * half + 1)) and film[0].abs().max() == 0
    assert change[:half].mean() > 3 * change[half:].mean()


def test_the_pictures_are_written_and_the_readme_shows_and_describes_them(tmp_path, root):
    paths = hero.main(tmp_path)
    names = ["memory.png", "memory-dark.png", "twice.png", "twice-dark.png"]
    assert [path.name for path in paths] == names
    for light, dark in (paths[:2], paths[2:]):
        assert light.read_bytes()[:4] == b"\x89PNG" and light.read_bytes() != dark.read_bytes()
    readme = (root / "README.md").read_text(encoding="utf-8")
    for path in paths:
        assert f"notebooks/images/{path.name}" in readme
        assert (hero.FOLDER / path.name).exists()
    assert hero.ALT in readme and hero.TWICE_ALT in readme
