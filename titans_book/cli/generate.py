"""The command `generate`: a trained model goes on writing."""

import argparse
import codecs
import sys
from pathlib import Path


def add(commands: argparse._SubParsersAction) -> None:
    """Add this command to the parser."""
    what = "write text with a trained model"
    more = "The text goes to stdout as it is written: the prompt, then what the model adds."
    parser = commands.add_parser("generate", help=what, description=f"{what}. {more}")
    folder = "a run's folder (its newest checkpoint is taken) or one checkpoint's"
    parser.add_argument("--checkpoint", metavar="FOLDER", type=Path, required=True, help=folder)
    parser.add_argument("--prompt", default="\n", help="what the text begins with")
    parser.add_argument("--n", type=int, default=500, help="bytes to write (%(default)s)")
    heat = "below 1 more careful, above 1 more daring, 0 always the likeliest (%(default)s)"
    parser.add_argument("--temperature", type=float, default=0.8, help=heat)
    parser.add_argument("--top-k", type=int, help="choose among the k likeliest only")
    fewest = "choose among the fewest whose probabilities add up to p"
    parser.add_argument("--top-p", type=float, help=fewest)
    same = "the same seed writes the same text (%(default)s)"
    parser.add_argument("--seed", type=int, default=0, help=same)
    parser.set_defaults(run=_generate)


def _generate(options: argparse.Namespace) -> int:
    from titans_book.generation import stream
    from titans_book.tasks import corpora
    from titans_book.training import load_checkpoint

    model, _ = load_checkpoint(options.checkpoint)
    model.eval()
    if not options.prompt:
        raise ValueError("--prompt is empty: the model needs at least one character to go on from")
    prompt = corpora.tokens(options.prompt)[None]
    chosen = {name: getattr(options, name) for name in ("temperature", "top_k", "top_p", "seed")}
    written = stream(model, prompt, options.n, **chosen)
    # A character may be several bytes, and a model may write bytes that are no character.
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    sys.stdout.write(options.prompt)
    for token, _ in written:
        sys.stdout.write(decoder.decode(bytes(token.flatten().tolist())))
        sys.stdout.flush()
    sys.stdout.write(decoder.decode(b"", final=True) + "\n")
    return 0
