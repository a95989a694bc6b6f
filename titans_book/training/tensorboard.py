"""TensorBoard as one more listener: the events of a training as curves. It is optional.

    with TensorBoard(folder) as board:
        for event in train(model, tokens, settings, folder):
            board.hear(event)

What it draws is in log.jsonl as well, so a run needs it for nothing.
"""

from pathlib import Path
from typing import Any

from titans_book.training.events import Evaluated, Event, Step

CURVES = ("loss", "learning_rate", "gradient_norm", "tokens_per_second")


class TensorBoard:
    """Writes events for `tensorboard --logdir FOLDER`. Raises ImportError if it is not installed.

    step    where a resumed run goes on: what was drawn behind that is taken back.
    """

    def __init__(self, folder: Path | str, step: int = 0) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ImportError(
                f"TensorBoard is not installed ({error}): pip install tensorboard, or go without; "
                "log.jsonl holds the same numbers"
            ) from error
        self.writer: Any = SummaryWriter(str(folder), purge_step=step + 1 if step else None)

    def hear(self, event: Event) -> None:
        """Draw one event."""
        if isinstance(event, Step):
            for name in CURVES:
                self.writer.add_scalar(f"train/{name}", getattr(event, name), event.step)
        elif isinstance(event, Evaluated):
            name = "held_out/bits_per_token"
            self.writer.add_scalar(name, event.bits_per_token, event.step)

    def close(self) -> None:
        """Write what has not been written."""
        self.writer.close()

    def __enter__(self) -> "TensorBoard":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
