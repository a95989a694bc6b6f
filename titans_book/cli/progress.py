"""How training is followed on stderr: a bar that moves on a terminal, plain lines elsewhere."""

import io
import os
import shutil
import sys
import time

WIDTH = 24
PAUSE_TERMINAL, PAUSE_LINES = 0.1, 10.0  # seconds between two looks


class Progress:
    """Shows Step events (`step`) and single remarks (`say`) without one garbling the other.

    On a terminal the bar is one line, drawn over again. In a file or a pipe a line appears every
    ten seconds, and for the last step. `out` is a stream; None for stderr.
    """

    def __init__(self, out=None):
        self.out = out or (sys.stderr if speaks() else io.StringIO())
        self.moving = self.out.isatty()
        self.next = 0.0
        self.drawn = 0  # characters of the bar that is on the line now

    def step(self, event) -> None:
        """Show a step, unless the last one shown is too recent."""
        now, last = time.monotonic(), event.step == event.steps
        if now < self.next and not last:
            return
        self.next = now + (PAUSE_TERMINAL if self.moving else PAUSE_LINES)
        text = describe(event)
        if not self.moving:
            print(text, file=self.out, flush=True)
            return
        bar = drawn(event.step / event.steps, text, shutil.get_terminal_size().columns)
        self.out.write("\r" + bar.ljust(self.drawn))
        self.out.flush()
        self.drawn = len(bar)

    def say(self, text: str) -> None:
        """A remark on a line of its own; the bar goes on below it."""
        self.clear()
        print(text, file=self.out, flush=True)

    def clear(self) -> None:
        """Take the bar away, so that others can write."""
        if self.drawn:
            self.out.write("\r" + " " * self.drawn + "\r")
            self.out.flush()
            self.drawn = 0


def speaks() -> bool:
    """Is this the process that speaks, if torchrun has started several?"""
    return os.environ.get("RANK", "0") == "0"


def drawn(share: float, text: str, columns: int) -> str:
    """A bar and the text, in one line of a terminal that has so many columns; the bar gives way.

    >>> drawn(0.5, "step 1/2", columns=24), drawn(0.5, "step 1/2", columns=9)
    ('[======      ] step 1/2', 'step 1/2')
    """
    width = min(WIDTH, columns - len(text) - 4)  # one column stays free: a full line may wrap
    if width < 4:
        return text[: columns - 1]
    done = int(width * share)
    return f"[{'=' * done}{' ' * (width - done)}] {text}"


def describe(event) -> str:
    """One step in words.

    >>> from types import SimpleNamespace as Event
    >>> describe(Event(step=50, steps=200, loss=2.5, tokens_per_second=8123.0, seconds_left=3725.0))
    'step 50/200  loss 2.500 nats  8,123 tokens/s  1:02:05 left'
    """
    return (
        f"step {event.step}/{event.steps}  loss {event.loss:.3f} nats  "
        f"{event.tokens_per_second:,.0f} tokens/s  {clock(event.seconds_left)} left"
    )


def clock(seconds: float) -> str:
    """A time as people read it.

    >>> clock(59.7), clock(3725.0)
    ('1:00', '1:02:05')
    """
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
