"""A made-up report with five unfair comparisons in it, and the rubric to judge a report by."""

from __future__ import annotations

from titans_book.lab.pictures.picture import Words

__all__ = ["POINTS", "REPORT", "RUBRIC", "UNFAIR", "rubric", "shown"]

REPORT = (
    "We compare our memory model with a transformer of the same number of weights, on needles.",
    "Ours has a convolution of four tokens in front of keys and values; the transformer has none.",
    "Both read the same training texts in the same order, with the same tokenizer.",
    "For ours we tried nine learning rates; the transformer has the rate of its paper.",
    "Both were trained for 5,000 steps, in which ours took 14 hours and the transformer 4.",
    "The rates were chosen on texts that are used neither for training nor in the table.",
    "The table gives the best of five runs of ours, and one run of the transformer.",
    "The needles of the table are new: no key and no value of theirs was seen in training.",
    "In the test the needle is 4,000 tokens back, and the transformer sees the last 512.",
    "With its write gates shut, our model finds 4 % of the needles, which is chance.",
    "At 512 tokens the transformer is better than ours, with 99 % against 96 %.",
    "The code, the versions and the seeds of the test texts are in the appendix.",
)
UNFAIR = (2, 4, 5, 7, 9)
POINTS = {  # the point of the rubric that each sentence answers to
    1: "Same parts", 2: "Same parts", 3: "Same parts", 4: "Same care", 5: "Same time",
    6: "Same care", 7: "Several seeds", 8: "Same care", 9: "A task for both", 10: "A control",
    11: "Failures", 12: "Repeatable",
}  # fmt: skip
RUBRIC = (
    ("Same parts", "Do all contestants have the same front end, the same size, and the same data?"),
    ("Same care", "Was each one tuned with equal effort, on data that is not in the table?"),
    ("Same time", "Do the results hold at equal processor time, or after all curves are flat?"),
    ("Several seeds", "Are all runs in it, with an interval?"),
    (
        "A task for both",
        "Can each contestant solve the task at all, and what would a perfect one reach?",
    ),
    ("A control", "Is there one that could have refuted the claim?"),
    ("Failures", "Does it say what did not work?"),
    ("Repeatable", "Is there a command, with seeds and versions?"),
)


def shown() -> Words:
    """The report, sentence by sentence, with numbers.

    >>> shown().alt.split(".")[0]
    'A made-up report of 12 sentences'
    """
    items = "".join(f"<li>{sentence}</li>" for sentence in REPORT)
    alt = f"A made-up report of {len(REPORT)} sentences. " + " ".join(
        f"{number}: {sentence}" for number, sentence in enumerate(REPORT, 1)
    )
    return Words(f"<ol>{items}</ol>", alt)


def rubric() -> Words:
    """What a report is judged by, as a table.

    >>> rubric().alt.split(":")[0]
    'A rubric of 8 points. Same parts'
    """
    rows = "".join(f"<tr><th>{name}</th><td>{asks}</td></tr>" for name, asks in RUBRIC)
    alt = f"A rubric of {len(RUBRIC)} points. " + " ".join(
        f"{name}: {asks}" for name, asks in RUBRIC
    )
    return Words(f"<table>{rows}</table>", alt)
