"""How good the model became: bits per byte on the tenth of the text that was held out."""

import json
import os
import platform
import time
from pathlib import Path

import torch

from titans_book.evaluation import NGram
from titans_book.files import replace_file
from titans_book.model.generation import device_of
from titans_book.training.held_out import held_out_bits
from titans_book.training.team import Team

TABLE_LEARNS = 2**24  # bytes at most, the last ones
TABLE_ORDER = 4  # the best table of counts for a megabyte of text


def score(run, folder: Path, began: float, team: Team) -> dict | None:
    """The model and a table of counts on the same held-out text; kept in result.json.

    began: `time.monotonic()` of when the command was given. Of several processes all read the text,
    and the first one gets the result.
    """
    where = device_of(run.model)
    bits = held_out_bits(run.model, run.held_out, run.settings.length, team)
    if not team.leads:
        return None
    last = run.tokens[-TABLE_LEARNS:]
    table = NGram(TABLE_ORDER).fit(bytes(last.tolist()))
    result = {
        "bits_per_byte": bits,
        f"table_of_order_{TABLE_ORDER}": table.bits_per_character(bytes(run.held_out.tolist())),
        "bytes_the_table_learned_from": len(last),
        "bytes_to_learn_from": len(run.tokens),
        "bytes_held_out": len(run.held_out),
        "steps": run.settings.steps,
        "minutes_since_the_last_start": (time.monotonic() - began) / 60,
        "device": _name(where),
        "processes": team.size,
        "cpu_cores": os.cpu_count(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
    replace_file(folder / "result.json", (json.dumps(result, indent=1) + "\n").encode())
    return result


def _name(where: torch.device) -> str:
    """What the device is called, if PyTorch knows; else its kind."""
    module = torch.get_device_module(where) if where.type != "cpu" else None
    named = getattr(module, "get_device_name", None)
    return where.type if named is None else named(where)
