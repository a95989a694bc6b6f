"""Writes the notebooks, and runs those that are committed with their outputs.

python -m titans_book notebooks [CHAPTER ...]
"""

import copy
import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from titans_book.lab.editions.editions import EDITIONS, METADATA, Edition, derive, masters, target
from titans_book.lab.project import ROOT

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def build(
    chapters: Iterable[str] = (),
    *,
    editions: Iterable[Edition] = EDITIONS,
    run: bool = True,
    root: Path = ROOT,
) -> Iterator[Path]:
    """Write every edition of the chapters (all of them by default), yielding each file written.

    With run=False the executed editions are left as they are.
    """
    for master in masters(root, chapters):
        for edition in editions:
            if edition.executed and not run:
                continue
            path = target(master, edition)
            path.parent.mkdir(parents=True, exist_ok=True)
            notebook = derive(master, edition)
            if edition.executed:
                execute(notebook, path, freeze=True)
            nbformat.validate(notebook)
            path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
            yield path


def execute(
    notebook: NotebookNode, path: Path, timeout: int = 300, *, freeze: bool = False
) -> None:
    """Run the notebook in place, as if it lay at `path`. RuntimeError at the first cell that fails.

    No time stamps and no widget state are kept: they differ from run to run, and a live view
    needs a kernel anyway. What is left of a widget is its text. freeze: also a still picture, and
    in the output's metadata what `make site` needs to show it (see site/freezing.py).
    """
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name=METADATA["kernelspec"]["name"],
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
    )
    code = [number for number, cell in enumerate(notebook.cells) if cell.cell_type == "code"]

    async def after(cell_index: int, **_) -> None:
        if cell_index == code[-1]:
            await _freeze(client, notebook)

    if freeze:
        client.on_cell_executed = after
    try:
        client.execute()
    except CellExecutionError as error:
        failed = [cell.source for cell in notebook.cells if _ended_in_an_error(cell)][-1]
        what = f"{path.stem}: {error.ename}: {error.evalue}, in the cell\n{failed}"
        raise RuntimeError(what) from error
    notebook.metadata = nbformat.from_dict(copy.deepcopy(METADATA))
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(WIDGET_VIEW, None)


async def _freeze(client: NotebookClient, notebook: NotebookNode) -> None:
    """Have the kernel freeze every widget it has shown, and keep that in the outputs."""
    shown = {
        output.data[WIDGET_VIEW]["model_id"]: output
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if WIDGET_VIEW in output.get("data", {})
    }
    if not shown:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frozen.json"
        where, models = str(path), list(shown)
        code = (
            f"from titans_book.lab.site import freezing\nfreezing.freeze_to({where!r}, {models!r})"
        )
        await client.kc.execute_interactive(
            code,
            silent=True,
            store_history=False,
            output_hook=lambda _: None,
            timeout=client.timeout,
        )
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for model, kept in found.items():
        if png := kept.pop("png"):
            shown[model].data["image/png"] = png
            shown[model].metadata["image/png"] = {"alt": kept["alt"]}
        shown[model].metadata["titans_book"] = kept


def _ended_in_an_error(cell: NotebookNode) -> bool:
    return any(output.output_type == "error" for output in cell.get("outputs", ()))
