"""The options of `train` that make up the model and the learning; readable without PyTorch.

The defaults shown are those of TitansConfig and TrainingSettings, which a test compares: what is
left out is left to them.
"""

import argparse
from dataclasses import dataclass

PRECISIONS = ("full", "bf16", "fp16")


@dataclass(frozen=True)
class Option:
    """An option that takes a number or a name. default: its own, or in words what stands in."""

    name: str
    meaning: str
    default: int | float | str
    kind: type = int
    choices: tuple[str, ...] | None = None

    @property
    def help(self) -> str:
        """Meaning and default, as --help shows them."""
        return f"{self.meaning} (default: {self.default})"


MODEL = (
    Option("dim", "width of the stream", 128),
    Option("depth", "blocks", 4),
    Option("heads", "memories and attention heads a block", 4),
    Option("hidden", "width of the MLP", 256),
    Option("chunk", "tokens a chunk of the memory", 16),
    Option("segment", "tokens a segment; mac, attention", "32 for mac"),
    Option("window", "tokens that attention sees; mag, mal, attention", "32 for mag and mal"),
    Option("persistent", "persistent tokens a block; all but lmm", "4, for attention 0"),
    Option("axial", "positions by segments of N tokens and offset; all but lmm", "by position"),
)
LEARNING = (
    Option("batch", "sequences a step", 8),
    Option("length", "tokens a sequence", 128),
    Option("seed", "of the weights and of the order of reading", 0),
    Option("learning_rate", "at its highest", "the optimizer's own", float),
    Option("warmup", "steps until the learning rate is at its highest", 50),
    Option("final", "share of the learning rate that is left at the end", 0.1, float),
    Option("weight_decay", "of all weights with two axes or more", 0.1, float),
    Option("clip", "largest norm of the gradient", 1.0, float),
    Option("label_smoothing", "share of a target that is spread over all tokens", 0.0, float),
    Option("precision", "full, or matrix products in 16 bits", "full", str, PRECISIONS),
)
RUNNING = (
    Option("accumulate", "parts a batch is read in, to need less memory", 1),
    Option(
        "evaluate_every", "steps between looks at held-out text; 0: at the end", "8 looks in all"
    ),
    Option("save_every", "steps between checkpoints; 0: at the end", 100),
)


def add_group(
    parser: argparse.ArgumentParser, title: str, about: str, options: tuple[Option, ...]
) -> None:
    """Add the options under a title of their own. Left out, each is None."""
    group = parser.add_argument_group(title, about)
    for option in options:
        shape = {"choices": option.choices} if option.choices else {"metavar": "N"}
        if option.kind is float:
            shape = {"metavar": "X"}
        name = f"--{option.name.replace('_', '-')}"
        group.add_argument(name, type=option.kind, help=option.help, **shape)
