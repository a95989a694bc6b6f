"""Questions about chapter 03: what past surprise writes, and how much of it."""

from titans_book.lab.learning.question import Choice, Question

__all__ = ["QUESTIONS"]

QUESTIONS = (
    Question(
        "03.total",
        "With θ = 0.1 and η = 0.9, one token surprises by 1; all later ones surprise by 0. How "
        "much has this one surprise written in the end?",
        (
            Choice(
                "0.1",
                because="That is its first write, θ times the surprise. Nine tenths of it are "
                "written again at the next token, and so on.",
            ),
            Choice(
                "0.19",
                because="That is the first write and one after-shock, 0.1 + 0.09. The next ones "
                "are 0.081, 0.0729 and so on: it takes many tokens until they end.",
            ),
            Choice(
                "1",
                right=True,
                because="θ (1 + η + η² + …) = θ / (1 − η) = 0.1 / 0.1. A momentum of 0.9 makes ten "
                "writes of one, which is why this book's layer multiplies θ by 1 − η.",
            ),
            Choice(
                "More and more, without end",
                because="That happens with η = 1. With 0.9 each after-shock is smaller than the "
                "one before, and all of them together are finite.",
            ),
        ),
    ),
    Question(
        "03.writes",
        "After a shock come harmless words that surprise by 0. What does a memory with momentum "
        "write while it reads them?",
        (
            Choice(
                "Nothing: without surprise there is no write",
                because="With η = 0 that is so. With momentum S is not 0 yet, and every token adds "
                "S to the memory.",
            ),
            Choice(
                "The harmless words, more strongly than usual",
                because="Many people read the paper that way. But S holds the key and the error of "
                "the shock, and the words that come later have no part in it.",
            ),
            Choice(
                "The shock's own pair, again and again, fainter each time",
                right=True,
                because="S = η S: the same matrix, a little smaller at each token. Later "
                "words benefit if their keys overlap with the shock's, and so do earlier ones.",
            ),
        ),
    ),
    Question(
        "03.zero",
        "What becomes of eqs. 9 and 10 when η = 0?",
        (
            Choice(
                "The step of chapter 02: M − θu",
                right=True,
                because="S is then −θu, this token's own write, and M + S is eq. 8. Momentum is a "
                "dial whose zero is what you knew already.",
            ),
            Choice(
                "The memory forgets all it knew",
                because="What goes is <i>past surprise</i>, S. The memory M keeps what was "
                "written; forgetting is α, in chapter 04.",
            ),
            Choice(
                "Nothing is written any more",
                because="That would be θ = 0. η only says how much of the past write is repeated.",
            ),
            Choice(
                "Nothing changes as long as θ is larger",
                because="In a quiet text a larger θ comes near it. But where all keys share a "
                "part, the best θ without momentum was worse than the best with it.",
            ),
        ),
    ),
    Question(
        "03.change",
        "The topic of a text suddenly changes, while S still holds a large past surprise. "
        "What should the gates do at that token?",
        (
            Choice(
                "η towards 1, so that the memory stays alert",
                because="Then the old topic's surprise is carried on into the new one, like the "
                "alarm that rises after the all-clear.",
            ),
            Choice(
                "η towards 0, so that the old surprise is dropped",
                right=True,
                because="It is the paper's own reading of η: near 0 where the context changes, "
                "near 1 where a token belongs to its recent past. So η depends on the token.",
            ),
            Choice(
                "θ towards 0, so that nothing new disturbs",
                because="θ multiplies the <i>new</i> surprise. With θ = 0 the past goes on "
                "writing, and the new topic is not heard.",
            ),
        ),
    ),
    Question(
        "03.probe",
        "A check calls your step once, with S = 0 and η = 0.5. Your function returns "
        "(1 − η) S − θu. What does the check say?",
        (
            Choice(
                "It is wrong: the past has the wrong factor",
                because="That is true, but the check cannot see it, because the factor multiplies "
                "S, and S is 0.",
            ),
            Choice(
                "It is right, and with η = 0.5 it would be at every later step as well",
                right=True,
                because="Twice hidden: S = 0 makes the past invisible, and at one half 1 − η "
                "equals η. Only several steps with other gates bring the mistake to light.",
            ),
            Choice(
                "It is right, but a second step with η = 0.5 would find the mistake",
                because="The second step has a past to multiply, which is better. But 1 − 0.5 is "
                "0.5, so the numbers are the same again.",
            ),
        ),
    ),
)
