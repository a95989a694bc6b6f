"""The house stands: imports point down the floors, and the front door is light."""

import subprocess
import sys

import pytest

import titans_book
from tests.project.sources import PACKAGE, ROOT, imports, module_name, python_files

FLOORS = (
    {"check", "compiling", "convolution", "files", "values", "state"},
    {"memory", "attention", "tasks"},
    {"nested"},
    {"model"},
    {"steps", "evaluation", "inspection", "huggingface"},
    {"training"},
    {"comparison"},
    {"lab"},
    {"book"},
    {"cli"},
    {"__main__"},
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
ROOMS = [path for path in python_files("titans_book") if path != PACKAGE / "__init__.py"]
HEAVY = ("torch", "numpy", "matplotlib", "ipywidgets", "IPython", "nbformat", "jupytext", "PIL")


def room_of(name: str) -> str | None:
    """The room that a dotted name lies in; None for what is not ours or is the front door."""
    house, _, inside = name.partition(".")
    if house != "titans_book" or not inside or inside == "__version__":
        return None
    first = inside.split(".")[0]
    home = titans_book._HOMES.get(first, first)  # a public name stands for the room it is from
    return home.split(".")[0]


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    own = room_of(module_name(path))
    assert own in FLOOR_OF, f"{own} stands on no floor: give it one in FLOORS"
    wrong = [
        f"line {line}: {own} imports {name}"
        for line, name in imports(path)
        if (room := room_of(name)) not in (None, own)
        and FLOOR_OF.get(room, len(FLOORS)) >= FLOOR_OF[own]
    ]
    assert not wrong


def graph() -> dict[str, set[str]]:
    """Which of our files each of our files imports, at its top or inside a function.

    A file that names a package asks for its __init__, unless it stands in that package itself:
    then it asks for what it names.
    """
    files = {module_name(path): path for path in python_files("titans_book")}
    arrows: dict[str, set[str]] = {}
    for name, path in files.items():
        found = set()
        for _, target in imports(path):
            while target and target not in files:
                target = target.rpartition(".")[0]
            found.add(target)
        arrows[name] = found - {name, "", "titans_book"}
    return arrows


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """The files of one circle, in order; none where there is none."""
    done: set[str] = set()

    def walk(name: str, above: list[str]) -> list[str]:
        if name in above:
            return [*above[above.index(name) :], name]
        if name in done:
            return []
        for target in sorted(arrows.get(name, ())):
            if found := walk(target, [*above, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(arrows) if (found := walk(name, []))), [])


def test_no_file_imports_itself_by_a_detour():
    assert circle(graph()) == []
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]


def test_learning_loads_no_notebook_library():
    """The first cell of every chapter imports it."""
    loaded = loaded_after("import titans_book.lab.learning")
    assert loaded.isdisjoint(("jupytext", "nbformat", "jsonschema"))


def loaded_after(code: str) -> set[str]:
    """The modules that a fresh Python has loaded after running the code."""
    report = f"{code}\nimport sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", report], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_import_titans_book_loads_nothing_heavy():
    assert loaded_after("import titans_book").isdisjoint(HEAVY)


def test_the_package_below_the_lab_loads_no_plotting_and_no_notebook_library():
    names = "; ".join(f"titans_book.{name}" for name in titans_book.__all__)
    loaded = loaded_after(f"import titans_book; {names}")
    assert "torch" in loaded
    assert loaded.isdisjoint(("matplotlib", "ipywidgets", "IPython", "nbformat", "jupytext", "PIL"))
    assert not [name for name in loaded if name.startswith("titans_book.lab")]


def test_the_doctor_and_the_help_load_no_torch():
    """They have to work in an environment in which torch is missing or broken."""
    code = "from titans_book.cli import parser; parser(); import titans_book.lab.desk.doctor"
    assert loaded_after(code).isdisjoint(HEAVY)


def test_the_names_of_the_variants_load_no_torch():
    loaded = loaded_after("import titans_book.model.names")
    assert loaded.isdisjoint(HEAVY) and "titans_book.model.names" in loaded


def test_every_public_name_leads_to_something():
    for name in titans_book.__all__:
        assert getattr(titans_book, name).__module__.startswith("titans_book.")


def test_editors_see_what_is_loaded_lazily():
    """Every public name is also imported for type checkers, from where it is loaded."""
    assert (PACKAGE / "py.typed").exists()
    seen = {name.rpartition(".") for _, name in imports(PACKAGE / "__init__.py")}
    homes = {name: home.removeprefix("titans_book.") for home, _, name in seen}
    assert {name: homes[name] for name in titans_book.__all__} == titans_book._HOMES


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'titan'"):
        titans_book.titan  # noqa: B018
