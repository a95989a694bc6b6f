"""Questions about chapter 10: which choice does what, and which claims are not true."""

from titans_book.lab.learning.question import Choice, Question

__all__ = ["QUESTIONS"]

QUESTIONS = (
    Question(
        "10.robust",
        "Three sentences from descriptions of MIRAS on the web. <b>Which one is false?</b>",
        (
            Choice(
                "“Yaad uses Huber's loss, so a few extreme values do not ruin its memory.”",
                because="This one is true: an error beyond δ counts no more than δ.",
            ),
            Choice(
                "“Moneta uses an l<sub>p</sub> loss with p = 3, so it is robust to outliers.”",
                right=True,
                because="With p = 3 an error of 10 counts a hundred times as much as with L1, and "
                "ten times as much as with L2. Only powers below 2 are robust.",
            ),
            Choice(
                "“DeltaNet and TTT-Linear minimise the same loss while they read.”",
                because="This one is true. Both take gradient steps on ½|kM − v|², with a matrix. "
                "They differ in how many tokens share a step.",
            ),
        ),
    ),
    Question(
        "10.change",
        "A memory with Huber's loss forecasts the humidity itself, not its change. Somebody opens "
        "a window, and the humidity stays 20 points lower for good. How does this memory behave, "
        "compared with one that has L2?",
        (
            Choice(
                "It follows sooner, because it is robust",
                because="Robust means that large errors count less. A real change begins with "
                "large errors, and those are the ones it plays down.",
            ),
            Choice(
                "It follows later, because it takes the change for an outlier",
                right=True,
                because="The first large errors look alike, whether the world has changed or a "
                "sensor is broken. Huber's loss takes small steps either way.",
            ),
            Choice(
                "It follows equally fast, because both end at the same answer",
                because="They end at the same place, but a step that is cut off at δ gets there "
                "in many more tokens.",
            ),
        ),
    ),
    Question(
        "10.forgotten",
        "A Memora memory reads a long text in which nothing is worth writing (θ = 0), and forgets "
        "a little at every token (α = 0.01). What does it become?",
        (
            Choice(
                "A matrix of zeros",
                because="A softmax is never zero. What becomes zero is the accumulator, and the "
                "softmax of zeros is something else.",
            ),
            Choice(
                "A matrix in which all inputs have equal weight",
                right=True,
                because="The accumulator fades to zero, and the softmax of zeros gives everybody "
                "the same share. This memory answers every question with an average.",
            ),
            Choice(
                "The matrix it started with",
                because="Only if that was uniform as well. Forgetting knows nothing about the "
                "start; the retention “initial” of this book does.",
            ),
        ),
    ),
    Question(
        "10.ascent",
        "Two of the five readers go <b>uphill</b>: one with the dot product, one with L2. All "
        "projections are trained. Which of the two ascents costs bits?",
        (
            Choice(
                "Both",
                because="For one of them the trained projections can undo the sign. Which of the "
                "two errors contains nothing but the value?",
            ),
            Choice(
                "Only that of the dot product",
                because="Its error is −v, so uphill is the same as downhill with −v, and a "
                "projection can learn to turn the sign of v.",
            ),
            Choice(
                "Only that of L2",
                right=True,
                because="Its error is answer − v. Turning the sign of v does not turn the sign of "
                "the answer, so no projection of the value undoes the ascent.",
            ),
            Choice(
                "Neither",
                because="That is what the paper observed in large models, where more can adapt. "
                "Look at what these small ones do.",
            ),
        ),
    ),
    Question(
        "10.steps",
        "One reader takes three inner steps per token instead of one, so its memory fits its "
        "pairs better. What do the three steps do to the bits that it gets right?",
        (
            Choice(
                "Clearly more bits are right",
                because="That would be so if the task were to fit the pairs. The inner loss asks "
                "with keys, the task with queries.",
            ),
            Choice(
                "About as many are right, or slightly fewer",
                right=True,
                because="The projections are trained with whatever the inner steps do, so the "
                "reader with one step has adapted to one step.",
            ),
            Choice(
                "Only about half are right, as for a guess",
                because="More steps on a pair do not destroy what the memory knows. They fit that "
                "pair better.",
            ),
        ),
    ),
    Question(
        "10.fit",
        "You let a memory take three inner steps per token instead of one. Its inner loss falls to "
        "half. What do you know about the model?",
        (
            Choice(
                "It remembers more, so it will do its task better",
                because="You have seen the opposite: the fit was better and the answers were not. "
                "The inner loss asks with keys, the task with queries.",
            ),
            Choice(
                "Nothing yet: measure the task",
                right=True,
                because="The inner loss is a tool, and the outer loss is the goal. The model is "
                "trained with whatever the inner steps do, and may need no better fit.",
            ),
            Choice(
                "It overfits, so it will do worse",
                because="Not necessarily. With a smaller rate, three steps did neither good nor "
                "harm. Only the task can say.",
            ),
        ),
    ),
    Question(
        "10.menus",
        "You have a DeltaNet and want Titans. Which of the four choices do you have to change?",
        (
            Choice(
                "Memory, retention and rule",
                right=True,
                because="The matrix becomes an MLP, nothing forgotten becomes a decay, and the "
                "plain step gets a momentum. The error stays what it was, L2.",
            ),
            Choice(
                "All four",
                because="One of them is the same in both: DeltaNet and Titans both look at the "
                "difference between answer and value, L2.",
            ),
            Choice(
                "Only the memory, from a matrix to an MLP",
                because="That gives TTT-MLP. Titans forgets as well, and carries past surprise on.",
            ),
        ),
    ),
)
