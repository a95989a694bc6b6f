"""Questions about chapter 05: what a hidden layer is for, its gradients, and its two edges."""

from titans_book.lab.learning.question import Choice, Question

__all__ = ["QUESTIONS"]

QUESTIONS = (
    Question(
        "05.odd",
        "Somebody takes tanh instead of GELU: M(x) = x + tanh(x W<sub>1</sub>) W<sub>2</sub>, with "
        "a hundred hidden units. Can it hold the lamps on the stairs?",
        (
            Choice(
                "Yes: any bend will do, if there are enough units",
                because="That sounds right, and with a constant added inside the activation it "
                "would be. Here there is none. Try the memory at k and at −k.",
            ),
            Choice(
                "No, however many units it has",
                right=True,
                because="tanh(−z) = −tanh(z), and so M(−k) = −M(k), just as for a matrix. But both "
                "dark positions, k and −k, want the same answer. GELU is not odd, and that is "
                "why it can do it.",
            ),
            Choice(
                "No: tanh is flat for large inputs, so it gets no gradient",
                because="Flat parts do slow learning down, but the weights can stay small. The "
                "gradient is not the problem, because there are no weights that would do.",
            ),
        ),
    ),
    Question(
        "05.outer",
        "A memory has three layers of weights. What is the surprise of the middle one?",
        (
            Choice(
                "key<sup>T</sup> times the error of the answer, as for one matrix",
                because="Only the first layer gets the key, and only the last one has the error of "
                "the answer at its output. The middle layer sees neither.",
            ),
            Choice(
                "What went into the middle layer, transposed, times the error at its output",
                right=True,
                because="h<sup>T</sup> D, of rank one, as for every layer. The error D has come "
                "back through the last layer and its bend.",
            ),
            Choice(
                "A full matrix that only autograd can find",
                because="Autograd finds it, but it is an outer product of two vectors. You have "
                "written it down without autograd.",
            ),
        ),
    ),
    Question(
        "05.louder",
        "All values of a stream become four times as large; keys and θ stay as they are. Without "
        "clamp, what happens to a matrix memory, and to a deep one?",
        (
            Choice(
                "Both have errors four times as large, and otherwise nothing changes",
                because="For the matrix that is right: it is linear in the values. A deep memory's "
                "curvature is made of its weights, and larger values make larger weights.",
            ),
            Choice(
                "The matrix only scales; the deep memory may break",
                right=True,
                because="Whether the matrix overshoots depends on θ|k|², and the values do not "
                "occur in it. The deep one gets larger weights, so more curvature. In the "
                "chapter its largest θ fell from 1.26 to 0.40.",
            ),
            Choice(
                "Both may break, since a larger error makes a larger step",
                because="The step is larger, and so is the way to go. For a matrix the two cancel: "
                "what is left of an error is 1 − θ|k|² of it, however large it was.",
            ),
        ),
    ),
    Question(
        "05.asleep",
        "A deep memory with α = 0.01 hears nothing for a thousand tokens. Then it is taught again, "
        "and learns nothing. Why?",
        (
            Choice(
                "Its momentum has faded",
                because="S fades too, but it fills again with the first surprise. What matters "
                "here is what multiplies the surprise.",
            ),
            Choice(
                "Its weights are so small that no error passes through them",
                right=True,
                because="A layer's surprise is its input times an error that came through the "
                "other layers. If all of them are nearly 0, each waits for the others: zero is a "
                "saddle. A single matrix does not have this, since its surprise needs no weights.",
            ),
            Choice(
                "Its surprise has become too large, and is cut by the clamp",
                because="The other way round: the surprise of each layer is nearly 0, although the "
                "answers are as wrong as can be.",
            ),
            Choice(
                "α has closed the write gate",
                because="α forgets; it does not touch θ. What is written is written in full, but "
                "there is hardly anything to write.",
            ),
        ),
    ),
    Question(
        "05.batch",
        "A project computes its inner loss as a mean over the whole batch and changes one set of "
        "fast weights. Which test finds the fault?",
        (
            Choice(
                "The shapes of all outputs",
                because="They are right. So is everything, for a batch of one.",
            ),
            Choice(
                "The loss must fall while it trains",
                because="It falls. All sequences together write into one memory, and that memory "
                "learns.",
            ),
            Choice(
                "Row 0 alone must give what row 0 gives beside another row",
                right=True,
                because="A sequence's answers may not depend on who else is in the batch. This "
                "also finds the smaller fault, a write rate divided by the size of the batch.",
            ),
        ),
    ),
)
