"""Questions about chapter 14: what a grid, a ledger, a replay and three seeds say."""

from titans_book.lab.learning.question import Choice, Question

__all__ = ["QUESTIONS"]

QUESTIONS = (
    Question(
        "14.chance",
        "A model finds 6 % of the needles. The value is one of 16 tokens. What has it shown?",
        (
            Choice(
                "That its memory is weak, but there",
                because="One of 16 is 6 %. A model that knows which tokens are values gets as much "
                "without any memory.",
            ),
            Choice(
                "Nothing about its memory: that is chance",
                right=True,
                because="A guess among 16 values is right in 6 % of the cases. Compare every share "
                "on this page with that.",
            ),
            Choice(
                "That it forgets 94 % of all it reads",
                because="A share of right answers says nothing about how much is kept. It could "
                "keep everything and be asked in a way that it does not understand.",
            ),
        ),
    ),
    Question(
        "14.two_answers",
        "The ledger gives token 7 a share of nearly 0, and without its write the answer loses "
        "much. Which of the two is wrong?",
        (
            Choice(
                "The ledger: a token without which the answer falls must have a large share",
                because="The ledger adds up exactly to the answer. It counts what the write itself "
                "still says, with all errors as they were.",
            ),
            Choice(
                "The replay: it reads a text that nobody has read",
                because="It does, and that is what it is for. There is no other way to find out "
                "what would have happened.",
            ),
            Choice(
                "Neither: one says what the answer is made of, the other what would have happened",
                right=True,
                because="Without the write of token 7, later tokens with the same key meet another "
                "memory, have other errors, and write something else. The ledger cannot know that.",
            ),
        ),
    ),
    Question(
        "14.suspect",
        "An early needle is lost in a long text. What could have done it?",
        (
            Choice(
                "Only the forgetting gate: that is what it is for",
                because="Later writes may have changed what the needle wrote. You have to test "
                "both.",
            ),
            Choice(
                "Only the hay: each token writes over what was there",
                because="A trained model writes little of the hay. And the gate α takes away a "
                "part of everything at each token.",
            ),
            Choice(
                "Both could, and only switching each of them off will tell",
                right=True,
                because="The grid shows what is lost, and not why. Switch off one suspect at a "
                "time, then both.",
            ),
        ),
    ),
    Question(
        "14.chunks",
        "A model was trained with chunks of 16. Somebody reads with chunks of 64, because that is "
        "faster. What is different?",
        (
            Choice(
                "Nothing: the chunk is only a matter of speed",
                because="Within a chunk all gradients are measured at its beginning. A longer "
                "chunk measures them at an older memory.",
            ),
            Choice(
                "The memory's rule: errors are measured at an older memory",
                right=True,
                because="64 tokens now share one set of weights, and none of them sees what the "
                "others have written. The gates were trained for 16.",
            ),
            Choice(
                "It becomes more exact, because it sees more tokens at once",
                because="It is the other way round. With chunks of one token every error is "
                "measured at the latest memory.",
            ),
        ),
    ),
    Question(
        "14.seeds",
        "Three seeds give a gain of 0.10 with an interval from −0.05 to 0.25. What may you write?",
        (
            Choice(
                "“Ours is better by 0.10”",
                because="0 lies well inside the interval. Another three seeds could show the "
                "opposite.",
            ),
            Choice(
                "“0.10 ± 0.15 over three seeds: we cannot tell”",
                right=True,
                because="That is what was measured. More seeds would make the interval smaller.",
            ),
            Choice(
                "“Both are equally good”",
                because="That is not known either. A gain of 0.25 would fit the three runs too.",
            ),
        ),
    ),
    Question(
        "14.state",
        "You saved a state yesterday. Overnight the model was trained further. Can you load "
        "the state into it?",
        (
            Choice(
                "Yes: the shapes are the same",
                because="The numbers are weights of a memory whose keys were made by yesterday's "
                "projections. Today's make other keys.",
            ),
            Choice(
                "No: with other weights the state means nothing, so it is refused",
                right=True,
                because="A question would be turned into a key that nothing was stored under. The "
                "file holds a fingerprint of the weights, and `load_state` compares it.",
            ),
            Choice(
                "Yes, if you wipe the momentum",
                because="Momentum is not the problem. Everything is stored under keys that the old "
                "weights made.",
            ),
        ),
    ),
)
