"""How good the model became: bits per byte on the tenth of the text that was held out."""

import json
import os
import platform
import time
from pathlib import Path

import torch

from titans_book.evaluation import NGram, bits_per_token
from titans_book.files import replace_file
from titans_book.model.generation import device_of

TABLE_ORDER = 4  # the best table of counts for a megabyte of text


def score(run, folder: Path, began: float) -> dict:
    """The model and a table of counts on the same held-out text; kept in result.json.

    began: `time.monotonic()` of when the command was given.
    """
    where = device_of(run.model)
    table = NGram(TABLE_ORDER).fit(bytes(run.tokens.tolist()))
    result = {
        "bits_per_byte": bits_per_token(run.model, run.held_out, run.settings.length),
        f"table_of_order_{TABLE_ORDER}": table.bits_per_character(bytes(run.held_out.tolist())),
        "bytes_to_learn_from": len(run.tokens),
        "bytes_held_out": len(run.held_out),
        "steps": run.settings.steps,
        "minutes_since_the_last_start": (time.monotonic() - began) / 60,
        "device": torch.cuda.get_device_name(where) if where.type == "cuda" else "cpu",
        "cpu_cores": os.cpu_count(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
    replace_file(folder / "result.json", (json.dumps(result, indent=1) + "\n").encode())
    return result
