"""Lets menus and sliders answer again and again while a cell runs, not only once.

The page sends a widget's next change when the kernel has said that it is done with the last one.
ipykernel 7.4 hears changes while an async cell runs, but does not say so: a menu would answer once
and then be dead, after the cell as well. So we say it; said twice, it does no harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ipykernel.kernelbase import Kernel

__all__ = ["confirming"]

MESSAGE = "comm_msg"  # the type of a widget's messages in Jupyter's protocol
CELL = "execute_request"  # of a cell that runs


@contextmanager
def confirming() -> Iterator[None]:
    """Confirm each message of a widget while the block lasts; without a notebook, do nothing."""
    if not Kernel.initialized():
        yield
        return
    kernel = Kernel.instance()
    usual, cell = kernel.shell_handlers[MESSAGE], kernel.get_parent("shell")
    if cell.get("header", {}).get("msg_type") != CELL:  # a button began it: no cell goes on
        yield
        return

    def say(state: str, parent: Any) -> None:
        content = {"execution_state": state}
        kernel.session.send(kernel.iopub_socket, "status", content, parent=parent, ident=b"status")

    def handle(stream: Any, identities: Any, message: Any) -> Any:
        try:
            return usual(stream, identities, message)
        finally:
            say("idle", message)
            say("busy", cell)  # for the cell goes on

    kernel.shell_handlers[MESSAGE] = handle
    try:
        yield
    finally:
        kernel.shell_handlers[MESSAGE] = usual
