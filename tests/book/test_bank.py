"""Every exercise of the book: its stub is open, its solution right, each known mistake is named."""

import ast
import contextlib
import dataclasses
import inspect
import itertools
import subprocess
import sys
import types

import jupytext
import pytest

from titans_book.book.bank import EXERCISES
from titans_book.lab.editions.editions import masters
from titans_book.lab.learning import attempt
from titans_book.lab.learning.compare import distance
from titans_book.lab.learning.examine import examine
from titans_book.lab.learning.exercise import Exercise

pytestmark = pytest.mark.bare(traced=True)  # each answer is run as often as there are wrong ones

ALL = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
CENTRAL = ("01.delta_write", "02.surprise_grad", "03.momentum_step", "04.titans_step")
CENTRAL += ("01.experiment", "01.my_key")
CENTRAL += ("02.by_nudges", "02.my_rate", "03.read_all", "03.my_gate")
CENTRAL += ("05.mlp_read", "05.inner_grad", "05.deep_step", "05.batch_write", "06.decay_mask")
CENTRAL += ("06.chunk_coefficients", "06.chunk_read", "06.chunk_write", "07.layer_forward")
CENTRAL += ("07.mended_step", "08.attend", "08.window_mask", "08.read_on")
CENTRAL += ("08.read_pieces", "08.far_mask", "09.by_distance", "09.my_wiring")
CENTRAL += ("09.influence", "09.mac", "09.mag", "09.mal", "10.lp_error", "10.huber_error")
CENTRAL += ("10.best_rate", "10.my_error", "10.softmax_retain", "10.lq_retain")
CENTRAL += ("11.recall", "11.delta_momentum", "11.share_found", "11.dgd_step")
CENTRAL += ("11.newton_schulz", "11.my_optimizer", "12.cms_update", "12.read_levels")
CENTRAL += ("06.first_explosion", "06.my_chunks", "07.outer_loop", "07.by_hand")
CENTRAL += ("12.self_write", "12.self_token", "12.my_reader", "14.find_stretch", "14.unfair")
CENTRAL += ("13.fair",)


def stub(*_):
    raise NotImplementedError("your turn")


@ALL
def test_the_stub_is_open_and_the_reference_right(exercise: Exercise):
    assert examine(exercise, stub).outcome == "open"
    assert examine(exercise, exercise.reference).outcome == "right"


@ALL
def test_every_wrong_version_is_caught_called_by_its_name_and_told_from_the_others(exercise):
    for wrong in exercise.bank:
        verdict = examine(exercise, wrong.function)
        assert verdict.outcome == "known", f"{wrong.name}: {verdict}"
        assert verdict.lines[-2:] == (wrong.says, wrong.asks), f"{wrong.name}: {verdict}"
        page = verdict._repr_html_()
        assert str(verdict) == repr(verdict) and wrong.says in str(verdict)
        assert verdict.difference is None or page.count("<img") in (0, 1, 3)
    runs = {wrong.name: run for wrong, run in exercise.versions}
    alike = [
        pair
        for pair in itertools.combinations(runs, 2)
        if distance(runs[pair[0]], runs[pair[1]]) <= 1e3 * exercise.tolerance
    ]
    assert not alike


@ALL
def test_it_says_all_that_a_learner_needs(exercise: Exercise):
    least = 8 if exercise.name in CENTRAL else 4
    assert len(exercise.bank) >= least
    assert len(exercise.hints) == 3 and all(len(hint) > 20 for hint in exercise.hints)
    assert all(wrong.asks.endswith("?") for wrong in exercise.bank)
    chapter = exercise.taught.removeprefix("notebooks/").removesuffix(".ipynb")
    assert chapter.startswith(exercise.name[:2])
    assert chapter in {master.stem for master in masters()}


def written_solutions() -> dict[str, ast.FunctionDef]:
    """The functions under @exercise("…") in the masters, by exercise name."""
    found = {}
    for master in masters():
        for cell in jupytext.read(master).cells:
            if cell.cell_type != "code" or "@exercise(" not in cell.source:
                continue
            for node in ast.parse(cell.source).body:
                if isinstance(node, ast.FunctionDef) and node.decorator_list:
                    found[node.decorator_list[0].args[0].value] = node
    return found


SOLUTIONS = written_solutions()


def code(function: ast.FunctionDef) -> tuple[list[str], str]:
    """The names of the arguments, and the body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return [a.arg for a in function.args.args], "\n".join(ast.unparse(node) for node in body)


def test_every_exercise_is_asked_in_a_chapter_and_every_one_asked_is_declared():
    assert sorted(SOLUTIONS) == sorted(EXERCISES)


@pytest.mark.parametrize("name", [name for name, e in EXERCISES.items() if e.part])
def test_a_solution_meant_for_the_package_is_the_packages_code(name):
    reference = EXERCISES[name].reference
    package = ("steps", "memory", "attention", "inspection")
    assert reference.__module__.startswith(tuple(f"titans_book.{room}" for room in package))
    (declared,) = ast.parse(inspect.getsource(reference)).body
    assert code(SOLUTIONS[name]) == code(declared)


def imported(chapter: str) -> dict[str, object]:
    """The names that the first cells of a chapter bring: imports, and parts of earlier chapters."""
    names: dict[str, object] = {}
    (master,) = (m for m in masters() if m.stem.startswith(chapter))
    for cell in jupytext.read(master).cells:
        for node in ast.parse(cell.source).body if cell.cell_type == "code" else ():
            kept = isinstance(node, ast.Assign) and "part(" in ast.unparse(node)
            if kept or isinstance(node, (ast.Import, ast.ImportFrom)):
                with contextlib.suppress(ImportError):  # the other names do not depend on it
                    exec(compile(ast.Module([node], []), "<imports>", "exec"), names)
    return names


@pytest.mark.parametrize("chapter", sorted({name[:2] for name in EXERCISES}))
def test_the_shown_solution_can_be_pasted_into_its_chapter(chapter, tmp_path):
    names = imported(chapter)
    in_order = [name for name in SOLUTIONS if name.startswith(chapter)]
    for name in in_order:
        shown = attempt.Attempt(EXERCISES[name], stub).solution().text
        (pasted,) = ast.parse(shown).body
        asked = SOLUTIONS[name]
        assert pasted.name == asked.name and shown.startswith(f'@exercise("{name}")\ndef ')
        assert [a.arg for a in pasted.args.args] == [a.arg for a in asked.args.args]
        assert '"""' not in shown and not any(a.annotation for a in pasted.args.args)
        exec(compile(shown, f"<{name}>", "exec"), names)
        verdict = names[pasted.name].check()
        assert verdict.passed, f"{name}: {verdict}"


PROMISES_MANY = [
    name for name, node in SOLUTIONS.items() if " or many" in (ast.get_docstring(node) or "")
]


@pytest.mark.parametrize("name", PROMISES_MANY)
def test_where_a_docstring_promises_one_or_many_the_probe_gives_both(name):
    seen = []

    def looks(*arguments):
        seen.append(arguments[-1].dim())
        return EXERCISES[name].reference(*arguments)

    list(EXERCISES[name].probe(looks))
    assert seen[0] == 1 and set(seen) == {1, 2}


def test_docstrings_that_python_drops_are_read_from_the_source():
    """python -OO strips them; a wrong version still has to say what its author believes."""
    wrong = EXERCISES["04.titans_step"].bank[0]
    bare = types.FunctionType(inspect.unwrap(wrong.function).__code__, {}, wrong.name)
    bare.__doc__ = None
    step = dataclasses.replace(EXERCISES["04.titans_step"], bank=[])
    step.wrong("Why?")(bare)
    assert step.bank[0].says == wrong.says


def test_python_without_docstrings_and_asserts_still_has_the_bank():
    code = (
        "from titans_book.book.bank import EXERCISES as e; print(e['04.titans_step'].bank[0].says)"
    )
    done = subprocess.run([sys.executable, "-OO", "-B", "-c", code], capture_output=True, text=True)
    assert EXERCISES["04.titans_step"].bank[0].says in done.stdout, done.stderr
