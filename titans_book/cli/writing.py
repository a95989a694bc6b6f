"""What `generate` and `chat` share: a model that writes, and remembers what it read and wrote."""

import argparse
import codecs
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from titans_book.cli import device

if TYPE_CHECKING:
    from torch import Tensor

    from titans_book.model import ModelState, TitansLM

SAMPLING = ("temperature", "top_k", "top_p", "seed")


def add_options(parser: argparse.ArgumentParser, n: int) -> None:
    """The options that say which model writes, how much, and how daringly."""
    folder = "a run's folder (its newest checkpoint is taken) or one checkpoint's"
    parser.add_argument("--checkpoint", metavar="FOLDER", type=Path, required=True, help=folder)
    parser.add_argument("--n", type=int, default=n, help="bytes to write at most (%(default)s)")
    heat = "below 1 more careful, above 1 more daring, 0 always the likeliest (%(default)s)"
    parser.add_argument("--temperature", type=float, default=0.8, help=heat)
    parser.add_argument("--top-k", type=int, help="choose among the k likeliest only")
    fewest = "choose among the fewest whose probabilities add up to p"
    parser.add_argument("--top-p", type=float, help=fewest)
    same = "the same seed writes the same text (%(default)s)"
    parser.add_argument("--seed", type=int, default=0, help=same)
    device.add_option(parser)


def typed() -> io.TextIOBase:
    """Standard input, not yet read from. Bytes that are no UTF-8 come through: models read them."""
    if sys.stdin is None or sys.stdin.closed:  # started without one
        return io.StringIO()
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")
    return sys.stdin


def readable(text: str) -> str:
    """What was typed, as it can be printed: a mark in the place of a byte that is no character.

    >>> readable("caf\\udce9")
    'caf\ufffd'
    """
    return _bytes(text).decode(errors="replace")


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


class Writer:
    """A model with a state. What it reads and writes stays in it until `forget`."""

    def __init__(self, model: "TitansLM", state: "ModelState | None" = None) -> None:
        self.model, self.state = model.eval(), state
        self.unread = b""  # written last, and read when the writing goes on

    @classmethod
    def from_options(cls, options: argparse.Namespace) -> "Writer":
        """The model of --checkpoint, which remembers what is in --state, if there is such a file.

        Raises ValueError for a sampling option out of range, and CheckpointError for a file that is
        no checkpoint or no state of this model.
        """
        from titans_book.model.generation import check_sampling
        from titans_book.training import load_checkpoint

        check_sampling(options.n, **{name: getattr(options, name) for name in SAMPLING})
        where = device.choose(options.device)
        writer = cls(load_checkpoint(options.checkpoint)[0].to(where))
        if options.state is not None and options.state.exists():
            writer.load(options.state)
        return writer

    def write(self, prompt: str, n: int, stop: str | None = None, **sampling: Any) -> Iterator[str]:
        """Read the prompt, then write up to n bytes, piece by piece, or up to and with `stop`.

        Whoever stops listening stops the writing; what has been written so far is remembered.
        """
        from titans_book.model.generation import stream
        from titans_book.tasks import corpora

        end = None if not stop else _bytes(stop)
        text = self.unread + _bytes(prompt)
        if not text:
            raise ValueError("the prompt is empty: the model needs a character to go on from")
        tokens = self._row(corpora.tokens(text))
        # A character may be several bytes, and a model may write bytes that are no character.
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self.unread, written = text, b""
        for token, state in stream(self.model, tokens, n, state=self.state, **sampling):
            self.state, self.unread = state, bytes(token.flatten().tolist())
            written += self.unread
            yield decoder.decode(self.unread)
            if end is not None and written.endswith(end):
                break
        yield decoder.decode(b"", final=True)

    def _row(self, tokens: "Tensor") -> "Tensor":
        """The tokens as a batch of one, where the model is."""
        from titans_book.model.generation import device_of

        return tokens[None].to(device_of(self.model))

    def forget(self) -> None:
        """Remember nothing: the memories are those that training has left."""
        self.state, self.unread = None, b""

    def load(self, path: Path) -> None:
        """Remember what is in the file instead. Raises CheckpointError or ValueError."""
        import torch

        from titans_book.model.generation import device_of
        from titans_book.model.saved_state import load_state

        state = load_state(path, device_of(self.model), model=self.model)
        with torch.no_grad():  # a state of another model is refused here, and not in mid-sentence
            self.model(self._row(torch.zeros(0, dtype=torch.long)), state)
        self.state, self.unread = state, b""

    def save(self, path: Path) -> None:
        """Put all that has been read and written into a file."""
        import torch

        from titans_book.model.saved_state import save_state
        from titans_book.tasks import corpora

        if self.unread:
            with torch.no_grad():
                _, self.state = self.model(self._row(corpora.tokens(self.unread)), self.state)
            self.unread = b""
        if self.state is None:
            raise ValueError(f"there is nothing to save in {path}: nothing has been read yet")
        save_state(self.state, path, self.model)
