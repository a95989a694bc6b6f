"""Questions about chapter 02: what surprise is, and what a step against it leaves."""

from titans_book.lab.learning.question import Choice, Question

__all__ = ["QUESTIONS"]

QUESTIONS = (
    Question(
        "02.whose",
        "A memory is empty, and a pair arrives that it has never seen. Which gradient of its loss "
        "says that it is new, and what to write where?",
        (
            Choice(
                "The gradient with respect to the key",
                because="For an empty memory it is (<i>kM</i> − <i>v</i>)<i>M</i><sup>T</sup> = 0, "
                "so it is smallest where everything is new. The paper's text says “input”, but its "
                "equations take <i>M</i>.",
            ),
            Choice(
                "The gradient with respect to the memory",
                right=True,
                because="It is −<i>k</i><sup>T</sup><i>v</i> here, the whole pair, in the shape of "
                "<i>M</i>, so it can be written. Equations (8), (10), (14) and (16) mean this one.",
            ),
            Choice(
                "The gradient with respect to the weights of the language model around it",
                because="That is the outer loop, which does not run while a text is being read. "
                "Surprise belongs to the inner loop, and it changes only <i>M</i>.",
            ),
            Choice(
                "The gradient with respect to the value",
                because="That is <i>v</i> − <i>kM</i>, the error with the other sign. It knows "
                "what is missing; without the key it does not know where to write it.",
            ),
        ),
    ),
    Question(
        "02.leftover",
        "|<i>k</i>| = 1 and θ = 0.8. How much of the <i>loss</i> of a pair is left after one step "
        "against its surprise?",
        (
            Choice(
                "20 %",
                because="That is what is left of the error, 1 − θ|<i>k</i>|<sup>2</sup>, and of "
                "the surprise. The loss is a square.",
            ),
            Choice(
                "4 %",
                right=True,
                because="20 % of the error is left, and 0.2<sup>2</sup> = 0.04 of its square. The "
                "surprise falls to 20 %.",
            ),
            Choice(
                "80 %",
                because="θ is the share of the error that is corrected. What is left is 1 − θ.",
            ),
            Choice(
                "0 %: a step against the gradient removes it",
                because="A step goes downhill, and θ says how far. It ends in the valley only if "
                "θ|<i>k</i>|<sup>2</sup> = 1.",
            ),
        ),
    ),
    Question(
        "02.twin",
        "Two memories meet the same pair again and again. Both report the surprises 1, ½, ¼, ⅛. "
        "Must they have the same write rate?",
        (
            Choice(
                "Yes: the surprise halves, so θ|<i>k</i>|<sup>2</sup> = 0.5",
                because="That is one possibility. The share that is left is 1 − "
                "θ|<i>k</i>|<sup>2</sup>, and −½ halves a length as well as ½ does.",
            ),
            Choice(
                "No: one may come from below with 0.5, the other swing across with 1.5",
                right=True,
                because="A length has no sign. Creeping up and jumping across leave the same "
                "surprise; only the answers differ: 0, 0.5, 0.75 and 0, 1.5, 0.75.",
            ),
            Choice(
                "No: with any rate between 0 and 2 it would look like this",
                because="With any of these it fades, but not by half each time. With "
                "θ|<i>k</i>|<sup>2</sup> = 1 the second surprise is 0 already.",
            ),
        ),
    ),
    Question(
        "02.shout",
        "A memory is empty. The same value arrives under a key that is twice as long. What happens "
        "to the error, and to the surprise |<i>u</i>|?",
        (
            Choice(
                "Both double",
                because="An empty memory answers 0 to long and short keys alike, so the error is "
                "−<i>v</i> both times.",
            ),
            Choice(
                "The error stays, the surprise doubles",
                right=True,
                because="|<i>u</i>| = |<i>k</i>| · |error|. Titans brings its keys to length 1; "
                "then a surprise is an error and nothing else.",
            ),
            Choice(
                "Both stay: surprise is about what is unexpected, not about loudness",
                because="It should be so, and with keys of length 1 it is. But the gradient itself "
                "has |<i>k</i>| as a factor.",
            ),
            Choice(
                "The error stays, the surprise grows fourfold",
                because="|<i>k</i>|<sup>2</sup> is what a <i>write and the next reading</i> see "
                "together, in 1 − θ|<i>k</i>|<sup>2</sup>. The gradient has the key once.",
            ),
        ),
    ),
    Question(
        "02.direction",
        "A memory writes θ · |error| · <i>k</i><sup>T</sup><i>v</i>, harder where it is more "
        "surprised. For a long time a key had one value, and now it has another. What happens?",
        (
            Choice(
                "It is surprised once, and then learns the new value",
                because="It adds the new value, but the old one never leaves: nothing in this "
                "write can point against it.",
            ),
            Choice(
                "It writes nothing, since it knows the key",
                because="The error is large, so it writes hard. The trouble is the direction.",
            ),
            Choice(
                "The old value stays, so the error never ends, and it soon writes more and more",
                right=True,
                because="In chapter 02 its surprise grew to 7. The size of a surprise is not "
                "enough: the gradient also says what to take out.",
            ),
        ),
    ),
)
