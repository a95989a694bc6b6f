"""Questions about chapter 12: what levels and their clocks do, and what they do not."""

from titans_book.lab.learning.question import Choice, Question

__all__ = ["QUESTIONS"]

QUESTIONS = (
    Question(
        "12.terms",
        "C = 4. Which gradients does the printed sum apply after the tokens 4, 8 and 12?",
        (
            Choice(
                "Those of 1 to 4, 5 to 8, and 9 to 12: each of them once",
                because="That is what was meant. But a sum from t = 4 to t = 8 has five terms.",
            ),
            Choice(
                "Those of 8 tokens are used once, and those of 4 and 8 twice",
                because="Tokens 4 and 8 are used twice, but twelve tokens less two are ten.",
            ),
            Choice(
                "All twelve, and those of 4 and 8 twice",
                right=True,
                because="The sum after token 8 begins with token 4, which has already been applied "
                "after token 4. It has C + 1 terms, one too many.",
            ),
            Choice(
                "Those of 4, 8 and 12 only",
                because="Then nothing would be learned from the other tokens. The sum is over a "
                "whole window.",
            ),
        ),
    ),
    Question(
        "12.higher",
        "A paper has levels with the frequencies 1/16, 1/4 and 1, in updates per token. Which is "
        "the slowest, and what is it called here?",
        (
            Choice(
                "The one with frequency 1, because it has the highest level",
                because="A frequency of 1 is an update at every token. No level is faster. The "
                "words high and low are used both ways, so we do not use them.",
            ),
            Choice(
                "The one with frequency 1/16; we call it C = 16",
                right=True,
                because="It is updated after every sixteenth token. A level is named by its "
                "period, the number of tokens from one update to the next.",
            ),
            Choice(
                "The one with the smallest learning rate",
                because="A frequency says how often a level is updated, and a learning rate how "
                "far it then goes. Both can be chosen freely.",
            ),
        ),
    ),
    Question(
        "12.remember",
        "A friend says: “A slow level remembers by itself, because it is slow.” Your first memory "
        "with two levels has just read the novel and the letter. What do you answer?",
        (
            Choice(
                "Right: what is written slowly is also lost slowly",
                because="Only what has been written at all. Here the fast level said nearly "
                "everything, and the slow one had hardly an error to learn from.",
            ),
            Choice(
                "It remembers what it was made to learn, and here that was next to nothing",
                right=True,
                because="Being slow protects a level from the letter. It does not bring the novel "
                "into it. As long as the fast level corrects the whole error, nothing is left to "
                "learn.",
            ),
            Choice(
                "Wrong: a slow level forgets just as fast as a fast one",
                because="It is changed once in 64 tokens, and only a little. It loses slowly. The "
                "question is whether it had anything to lose.",
            ),
        ),
    ),
    Question(
        "12.wipe",
        "After the letter, somebody empties the fast level. Then the novel goes on. For which "
        "memory is that good news?",
        (
            Choice(
                "For none: to lose a level can only make an answer worse",
                because="A level may say the wrong thing. After the letter, the fast level says "
                "what the letter taught it.",
            ),
            Choice(
                "For all of them: the slow level is always there",
                because="It is there, but look at its share in what the joint memory says. It "
                "has said next to nothing.",
            ),
            Choice(
                "For those whose slow level holds the novel: with letting go, and with slow first",
                right=True,
                because="There the slow level knows the novel, and the fast level only stands in "
                "its way after the letter. The joint memory has to start again from what little "
                "its slow level has.",
            ),
        ),
    ),
    Question(
        "12.rates",
        "So is a level nothing but a learning rate of its own?",
        (
            Choice(
                "Yes: periods and rates are two words for one thing",
                because="They gave nearly the same errors in our small world. But between two "
                "updates a level with a long period stands still, and that can be used.",
            ),
            Choice(
                "No: only a long period can keep the novel",
                because="You have just seen a level that learns at every token keep it. What it "
                "needed was a small rate, and an error to learn from.",
            ),
            Choice(
                "For what is remembered the rate did the work here; the period is for the cost",
                right=True,
                because="A level that stands still for 64 tokens can serve them all at once, and "
                "is updated once. That is what chapter 06 used. In this world it remembers no "
                "better than a small rate does.",
            ),
        ),
    ),
    Question(
        "12.cures",
        "“The continuum memory system cures forgetting.” What have you seen?",
        (
            Choice(
                "Yes, as soon as there is a slow level",
                because="The joint memory had a slow level, and forgot the novel as a single "
                "fast level did.",
            ),
            Choice(
                "With the right retention or order, a slow level kept most of the novel; as "
                "printed, with one joint error, it kept next to nothing",
                right=True,
                because="And even then the fast level's answers stood in the way until it let go "
                "or was wiped. For the births of the next day, three levels gained 5 %, if the "
                "fast one let go, and nothing with a joint error.",
            ),
            Choice(
                "No: levels do not make any difference",
                because="They did: after the letter, the memory whose fast level lets go made an "
                "error less than half as large as a single fast level's.",
            ),
        ),
    ),
)
