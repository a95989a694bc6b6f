"""The report that a learner writes, beside the book's, whose numbers come from the record."""

from __future__ import annotations

from html import escape

from titans_book.book.ch14.exercises_gain import T_OF_3, gain_
from titans_book.book.ch14.finders import record
from titans_book.book.ch14.tables import by_seed, when_trained
from titans_book.lab.pictures.picture import Words

__all__ = ["LINES", "beside", "the_books"]

LINES = ("Claim", "Contestants", "Care", "Result", "Control", "What failed", "Command")
START, ZERO, NEVER = "to its start", "to zero", "never forgets"


def the_books() -> dict[str, str]:
    """The book's report of the ablation, line by line."""
    start, zero, never = (by_seed(name) for name in (START, ZERO, NEVER))
    mean, half = (float(one) for one in gain_(start, zero, T_OF_3))
    runs = record()["models"]
    seconds = [run["seconds"] for name in (START, ZERO) for run in runs[name].values()]
    return {
        "Claim": f"In 1,024 tokens, a memory that forgets to its start finds {mean:.2f} ± "
        f"{half:.2f} more of the needles than one that forgets to zero (three paired seeds, 95 %).",
        "Contestants": "Two blocks of memory alone, 34,156 weights, with the same texts for the "
        "same seed. Only what the memory forgets to differs.",
        "Care": f"One learning rate for both, {record()['training']['learning_rate']}, out of two "
        "that were tried, on the first of them only. "
        f"{record()['training']['steps']} steps, about {sum(seconds) / len(seconds):.0f} seconds "
        f"each. At the end of the training {_each(when_trained(START))} of the answers were right "
        f"for the first and {_each(when_trained(ZERO))} for the second, so not all runs of the "
        "second had finished.",
        "Result": f"{_each(start)} against {_each(zero)}. A guess gives 0.06. A memory that never "
        f"forgets reaches {_each(never)}.",
        "Control": "Models of both kinds read again with forgetting and writing off in the hay "
        "that counts. Had the needles stayed lost, something else would be to blame. With both "
        "off, most of the lost needles came back.",
        "What failed": "The default does not beat a memory that never forgets. Training in chunks "
        "of 64 did not learn the task.",
        "Command": f"`{record()['command']}`, seeds 0, 1 and 2, torch {record()['torch']}.",
    }


def _each(values) -> str:
    *most, last = [f"{value:.2f}" for value in values.tolist()]
    return f"{', '.join(most)} and {last}"


def _written(report: str) -> dict[str, str]:
    """The lines of a report by their names; a line without a name belongs to the one above it."""
    found, name = dict.fromkeys(LINES, ""), ""
    for line in report.splitlines():
        head, colon, rest = line.partition(":")
        known = {one.lower(): one for one in LINES}.get(head.strip(" *-").lower())
        if colon and known:
            name, line = known, rest
        if name:
            found[name] = f"{found[name]} {line.strip()}".strip()
    return found


def beside(report: str) -> Words:
    """The report with what is still missing in it or, once it is whole, beside the book's.

    >>> beside("Claim: ours is better").alt.split(":")[0]
    'Of 7 lines 1 is written. Still empty'
    """
    mine = _written(report)
    empty = [name for name, words in mine.items() if not words]
    if empty:
        done = len(LINES) - len(empty)
        says = (
            f"Of {len(LINES)} lines {done} {'is' if done == 1 else 'are'} written. "
            f"Still empty: {', '.join(empty)}."
        )
        return Words(f"<p>{says}</p>", says)
    book = the_books()
    rows = "".join(
        f"<tr><th>{name}</th><td>{escape(mine[name])}</td><td>{escape(book[name])}</td></tr>"
        for name in LINES
    )
    head = "<tr><th></th><th>yours</th><th>the book's</th></tr>"
    alt = "Your report beside the book's. " + " ".join(
        f"{name}. Yours: {mine[name]} The book's: {book[name]}" for name in LINES
    )
    return Words(f"<table>{head}{rows}</table>", alt)
