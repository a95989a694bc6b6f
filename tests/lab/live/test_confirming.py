"""A widget's message is confirmed while a cell runs, and the kernel is left as it was."""

from types import SimpleNamespace

import pytest
from ipykernel.kernelbase import Kernel

from titans_book.lab.live.confirming import confirming

CELL = {"header": {"msg_id": "the cell", "msg_type": "execute_request"}}


@pytest.fixture
def kernel(monkeypatch):
    said = []

    def send(socket, kind, content, parent, ident):
        said.append((content["execution_state"], parent))

    def handle(stream, identities, message):
        said.append(("handled", message))
        if message == "bad":
            raise ValueError("a handler failed")

    found = SimpleNamespace(
        said=said, shell_handlers={"comm_msg": handle}, session=SimpleNamespace(send=send),
        iopub_socket=None, get_parent=lambda channel: CELL,
    )  # fmt: skip
    monkeypatch.setattr(Kernel, "initialized", classmethod(lambda cls: True))
    monkeypatch.setattr(Kernel, "instance", classmethod(lambda cls: found))
    return found


def test_done_is_said_of_each_message_and_the_cell_goes_on(kernel):
    usual = kernel.shell_handlers["comm_msg"]
    with confirming():
        kernel.shell_handlers["comm_msg"](None, None, "moved")
        with pytest.raises(ValueError, match="a handler failed"):
            kernel.shell_handlers["comm_msg"](None, None, "bad")
    assert kernel.said == [
        ("handled", "moved"), ("idle", "moved"), ("busy", CELL),
        ("handled", "bad"), ("idle", "bad"), ("busy", CELL),
    ]  # fmt: skip
    assert kernel.shell_handlers["comm_msg"] is usual


def test_an_error_of_the_cell_leaves_the_kernel_as_it_was(kernel):
    usual = kernel.shell_handlers["comm_msg"]
    with pytest.raises(RuntimeError, match="training failed"), confirming():
        raise RuntimeError("training failed")
    assert kernel.shell_handlers["comm_msg"] is usual


def test_without_a_notebook_nothing_happens():
    assert not Kernel.initialized()
    with confirming():
        pass
    assert not Kernel.initialized()


def test_where_a_button_began_it_no_cell_goes_on(kernel):
    usual = kernel.shell_handlers["comm_msg"]
    kernel.get_parent = lambda channel: {"header": {"msg_type": "comm_msg"}}
    with confirming():
        assert kernel.shell_handlers["comm_msg"] is usual
