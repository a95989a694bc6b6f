"""Questions about chapter 06: what a chunk keeps, what it gives up, and where it breaks."""

from titans_book.lab.learning.question import Choice, Question

__all__ = ["QUESTIONS"]

QUESTIONS = (
    Question(
        "06.border",
        "θ = 0.1, keys of length 1, b = 32. Which text is beyond the border at 2?",
        (
            Choice(
                "32 different words, with keys at right angles to each other",
                because="Then no key sees what another one writes, and the gauge is θ = 0.1, as "
                "for a single token. Without momentum and forgetting the chunk is even exact.",
            ),
            Choice(
                "One word, said 32 times",
                right=True,
                because="Like keys add up: θ b = 3.2. All 32 correct the same error, and three "
                "times too much of a correction is worse than none.",
            ),
            Choice(
                "Any text: 0.1 · 32 is more than 2",
                because="That is the worst case. What counts is not how many tokens there are, but "
                "how many of them say the same.",
            ),
            Choice(
                "None: θ = 0.1 is far below 2",
                because="2 is the border for one token. A chunk is one step as a whole, with the "
                "largest eigenvalue of the sum.",
            ),
        ),
    ),
    Question(
        "06.exact",
        "Which of these is <i>not</i> exact?",
        (
            Choice(
                "The masked product P, against a loop with the same frozen gradients",
                because="Exact: the loop only adds and fades, and so does P. They agreed to 1e-12.",
            ),
            Choice(
                "A chunk of 16, against one token at a time",
                right=True,
                because="It is another rule: the surprise of 15 tokens is measured at a memory "
                "that has not seen its neighbours. It may be just as good, and it may explode.",
            ),
            Choice(
                "The triangular solve, against b = 1, for one matrix",
                because="Exact: each token subtracts what those before it in the block have "
                "written.",
            ),
            Choice(
                "Two calls of memorize, against one, cut anywhere",
                because="Exact: the state carries the anchor of an open chunk.",
            ),
        ),
    ),
    Question(
        "06.future",
        "A model's training loss is surprisingly good, and the text it generates is poor. You "
        "change token 50 of an input, and answer 47 moves. What do you look for first?",
        (
            Choice(
                "A chunk that is read after it has been written",
                right=True,
                because="Answer 47 knows token 50. In training it can look up what comes next; "
                "when it generates, there is nothing there to look up.",
            ),
            Choice(
                "A chunk that is too long for its θ",
                because="That would make answers large, but only those at or after token 50.",
            ),
            Choice(
                "Momentum that is lost at a border",
                because="Losing S makes a memory worse. It tells no token of a later one.",
            ),
            Choice(
                "Rounding: float32 is not exact",
                because="A change of token 50 cannot reach answer 47 by rounding: its arithmetic "
                "would be the same to the last bit.",
            ),
        ),
    ),
    Question(
        "06.ways",
        "Why is P the matrix product A @ E, and not A * E, entry by entry?",
        (
            Choice(
                "A write fades by both gates at every token",
                because="That would be A * E. But momentum and memory are two stores, and a write "
                "fades by η only while it is in the first, by 1 − α only in the second.",
            ),
            Choice(
                "Momentum can hand a write over at any token between, and all these ways add up",
                right=True,
                because="Up to token s it is in momentum (E), after that in the memory (A); the "
                "sum over s is the matrix product. So a write first grows, and then fades.",
            ),
            Choice(
                "It does not matter: with constant gates they are the same",
                because="They are not: with both at ½, token 3 has ¾ of the write in A @ E and "
                "1/16 in A * E. What is the same for constant gates is A @ E and E @ A.",
            ),
        ),
    ),
    Question(
        "06.deep",
        "Titans freezes the surprise of a chunk, DeltaNet does not need to. Why?",
        (
            Choice(
                "DeltaNet's chunks are shorter",
                because="Its blocks may have any length, the result is that of b = 1. Length is a "
                "matter of speed there.",
            ),
            Choice(
                "DeltaNet has no momentum and no forgetting",
                because="Both fit into the triangular system, by way of P. The book's exact form "
                "has them.",
            ),
            Choice(
                "Its memory is one matrix: a later surprise is linear in what was written before",
                right=True,
                because="So a table of products of keys says what every write does to every later "
                "surprise. In a deep memory that depends on all the weights.",
            ),
            Choice(
                "It keeps one matrix for each token",
                because="No: the system has one unknown row for each token, and no matrix at all.",
            ),
        ),
    ),
)
