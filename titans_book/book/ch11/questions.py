"""Questions about chapter 11: what optimizers remember, and which claims are not true."""

from titans_book.lab.learning.question import Choice, Question

__all__ = ["QUESTIONS"]

QUESTIONS = (
    Question(
        "11.pair",
        "A linear layer is trained with plain gradient descent. If you read each training step as "
        "a write into a memory, which pair does it write?",
        (
            Choice(
                "The input as key, the target as value",
                because="That is what one would like to store. But the target itself never enters "
                "the step: only the error at the output does.",
            ),
            Choice(
                "The input as key, minus the error at the output as value",
                right=True,
                because="The step is −η x ⊗ e, a Hebb write. The layer's own answer is part of e, "
                "so the layer makes its values itself.",
            ),
            Choice(
                "The old weights as key, the new weights as value",
                because="Weights are what is written into. A step is an outer product of two "
                "vectors, of the input and of the error.",
            ),
        ),
    ),
    Question(
        "11.half",
        "One pair (x, v) with |x| = 1 comes again and again. The loss is ½|xW − v|², so e = xW − "
        "v. Where does delta gradient descent bring the answer xW in the end?",
        (
            Choice(
                "To v, and faster than plain gradient descent",
                because="At xW = v the error is 0, so nothing is written. But x ⊗ xW is still "
                "being erased, so the answer cannot stay there.",
            ),
            Choice(
                "To v/2",
                right=True,
                because="The step stops where xW + e = 0, which is xW + xW − v = 0. What is "
                "erased is a decay of the weights along x, and it pulls against the target.",
            ),
            Choice(
                "To 0",
                because="The erasing alone would lead there. The error keeps writing, and the two "
                "come to a balance.",
            ),
        ),
    ),
    Question(
        "11.always",
        "“Delta momentum beats the usual momentum.” <b>What have you seen?</b>",
        (
            Choice(
                "Yes: from no start and in no landscape was it worse",
                because="On the map there are starts from which it is worse. Counted over many "
                "starts, it did better in the steep valleys and no better in the gentle one.",
            ),
            Choice(
                "It helps where the walls are steep, and makes no difference where they are not",
                right=True,
                because="With k = 1 both come home from every start. With k = 10 and 30 the delta "
                "momentum comes home from more starts. It also has one more number to tune.",
            ),
            Choice(
                "No: as printed it was worse, so the idea is wrong",
                because="The printed form scales all of m by a number that can be very negative. "
                "The idea, to erase along g, survives if it is bounded.",
            ),
        ),
    ),
    Question(
        "11.literal",
        "The momentum becomes an MLP m(u), which is asked with the gradient u of 16 weights. It "
        "is trained on the inner loss ⟨m(u), 1⟩, the sum of its outputs, and its last layer "
        "starts at 0. Its answer is added to the weights. What will it do?",
        (
            Choice(
                "It goes downhill: the inner loss is made of the gradient",
                because="The gradient is the MLP's <i>input</i>. Nothing in the inner loss asks "
                "for an output that points against it.",
            ),
            Choice(
                "It moves all 16 weights by the same amount",
                right=True,
                because="The inner loss asks every output to fall, and makes no difference between "
                "them. Whatever u says, each of the 16 outputs is the same number.",
            ),
            Choice(
                "It moves only the weight with the largest gradient",
                because="Nothing in the sum of the outputs prefers one of them.",
            ),
        ),
    ),
    Question(
        "11.mlp",
        "“DMGD puts an MLP into the optimizer, and so it can do more.” When did the MLP earn its "
        "place here?",
        (
            Choice(
                "Whenever the gradient rotates",
                because="On the two circles with even speed, a matrix whose keys have a constant "
                "entry does about as well: slightly worse on one, slightly better on the other. "
                "The next place on a circle is a linear function of this one.",
            ),
            Choice(
                "When the value was not a linear function of the key",
                right=True,
                because="On the circle at uneven speed, how far to go depends on where one is. "
                "Only there was the MLP clearly ahead. What matters first is which key and which "
                "value it is given.",
            ),
            Choice(
                "With wild gradients",
                because="There it beat SGD, and so did a plain matrix. Clipping has no memory at "
                "all, and it was better than both.",
            ),
        ),
    ),
    Question(
        "11.exactly",
        "Muon's quintic takes 5 steps, and then 50 more. Where do the singular values end?",
        (
            Choice(
                "At exactly 1",
                because="That is the cubic's goal. The quintic has been tuned to lift small values "
                "fast, and 1 is not a place where it comes to rest.",
            ),
            Choice(
                "Somewhere between 0.7 and 1.2, and not all at the same place",
                right=True,
                because="Its coefficients add up to 0.70, not to 1. So a singular value of 1 is "
                "sent away to 0.70, and the next step sends it elsewhere.",
            ),
            Choice(
                "They grow without end, because 3.4445 is larger than 1",
                because="Only small ones are multiplied by 3.4445. For large ones the middle term "
                "pulls back.",
            ),
        ),
    ),
    Question(
        "11.memories",
        "A friend says: “Momentum is a trick for acceleration. Calling it a memory is a way of "
        "speaking.” What is the best answer?",
        (
            Choice(
                "It is a memory only if it is an MLP",
                because="The microscope asked a plain decaying sum, and it answered. A memory is a "
                "map from keys to values, whatever it is made of.",
            ),
            Choice(
                "One can ask it for an old error, and change what it keeps, and for how long",
                right=True,
                because="That makes it more than a way of speaking. You asked it with old inputs, "
                "you changed its rule, and what it kept changed as foreseen. Whether a model "
                "trains better for it is another question, to be measured each time.",
            ),
            Choice(
                "Right: the two words mean the same, so nothing follows from it",
                because="Something did follow: a rule that asks before it writes, erasing along "
                "the gradient, and a memory that foresees where the minimum goes.",
            ),
        ),
    ),
)
