"""Questions about chapter 04: what forgetting costs, what it buys, and in which order."""

from titans_book.lab.learning.question import Choice, Question

__all__ = ["QUESTIONS"]

QUESTIONS = (
    Question(
        "04.clean",
        "A gate opens fully: α = 1 at this token, with η = 0.7. What is in the memory afterwards?",
        (
            Choice(
                "Nothing: all entries are 0",
                because="That is what “cleared” sounds like. But eq. (13) adds S after the factor "
                "1 − α, and S is not empty.",
            ),
            Choice(
                "S: past surprise, and a surprise measured at the old memory",
                right=True,
                because="M becomes 0 · M + S. The old memory is gone, but η S<sub>t−1</sub> and a "
                "correction of its answer are not, unless η and θ are 0 as well.",
            ),
            Choice(
                "This token's pair, exactly",
                because="That would be so for a memory that was empty before, with θ = 1, η = 0 "
                "and a key of length 1. Here the surprise was measured at the old memory.",
            ),
            Choice(
                "The old memory: α acts on S, not on M",
                because="It is the other way round. α acts on M alone, and S has its own rate, η.",
            ),
        ),
    ),
    Question(
        "04.lifetime",
        "In a stream the world changes about every 500 tokens. You may choose one constant α. "
        "Where would you begin to look?",
        (
            Choice(
                "Near 0.5: half of it old, half of it new",
                because="Then half of a trace is gone after one token, and nothing lasts for even "
                "one round of words. α is a share <i>per token</i>.",
            ),
            Choice(
                "Near 0.002",
                right=True,
                because="About 1/α tokens is how long a trace lasts, and a memory should be about "
                "as old as the world it is in. On the journey, with 60 tokens a world, the best "
                "rate was 0.01 to 0.02.",
            ),
            Choice(
                "At 0.0125, the best rate of the chapter",
                because="That was the best for worlds of 60 tokens. The rate belongs to the "
                "stream: for 24 tokens it was about 0.04.",
            ),
            Choice(
                "At 0, because the delta rule overwrites by itself",
                because="It does, and that is why the left wall of the U is low. But it mends a "
                "part of the error at a time, and only for the word that is said.",
            ),
        ),
    ),
    Question(
        "04.by_heart",
        "A memory knows a pair by heart: k M = v exactly, and η = 0, S = 0. The pair comes once "
        "more, with α = 0.1. What does the memory answer for k afterwards?",
        (
            Choice(
                "v: there is no surprise, so nothing changes",
                because="It is true that nothing is <i>written</i>. But forgetting does not depend "
                "on surprise. It shrinks the whole memory at every token.",
            ),
            Choice(
                "0.9 v",
                right=True,
                because="u = 0, so nothing is written, and M shrinks to 0.9 M. Gated DeltaNet "
                "forgets first, notices what is missing, and writes a part of it back.",
            ),
            Choice(
                "1.1 v: it is written once more",
                because="A memory that does not ask (the dot product) would add it once more. This "
                "one writes only what is missing, and before forgetting nothing is.",
            ),
        ),
    ),
    Question(
        "04.u_wall",
        "Forgetting at a constant rate helped in the fourth world, but in the first it only did "
        "harm. Why?",
        (
            Choice(
                "The first world is easier, so it needs no help",
                because="All four are drawn in the same way. They differ only in what is in the "
                "memory when she arrives.",
            ),
            Choice(
                "In the first world nothing in the memory is out of date",
                right=True,
                because="Forgetting cannot tell old from new, so it takes from both. It helps "
                "where there is something wrong to lose, and costs wherever there is not.",
            ),
            Choice(
                "α has not been learned yet at that time",
                because="α was a constant that we set. No gate was learned in this chapter.",
            ),
        ),
    ),
    Question(
        "04.myth",
        "Which of these memories is <b>not</b> a setting of the Titans step?",
        (
            Choice(
                "DeltaNet",
                because="It is: the squared loss, η = 0, α = 0. Checked to 1e-12.",
            ),
            Choice(
                "RetNet's memory",
                because="It is: the dot product as loss, θ = 1, η = 0 and a constant α.",
            ),
            Choice(
                "Gated DeltaNet",
                right=True,
                because="It asks after forgetting, Titans before. They differ by some 2 % after "
                "twenty tokens at α = 0.1, and agree only at α = 0, or with β = θ / (1 − α) and "
                "values that are 1 − α times as large.",
            ),
        ),
    ),
)
