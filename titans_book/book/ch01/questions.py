"""Questions about chapter 01: what a matrix remembers, and how its pairs disturb each other."""

from titans_book.lab.learning.question import Choice, Question

__all__ = ["QUESTIONS"]

QUESTIONS = (
    Question(
        "01.interference",
        "Hebb's rule has stored two pairs. Both keys have length 1, and k<sub>1</sub> · "
        "k<sub>2</sub> = 0.3. What does the memory answer to k<sub>1</sub>?",
        (
            Choice(
                "v<sub>1</sub>",
                because="That would take orthogonal keys, k<sub>1</sub> · k<sub>2</sub> = 0. "
                "Here the question k<sub>1</sub> reaches a little into the second pair as well.",
            ),
            Choice(
                "v<sub>1</sub> + 0.3 v<sub>2</sub>",
                right=True,
                because="The memory is the sum of two outer products, and reading is linear: each "
                "pair answers with its value, times the dot product of its key with the question. "
                "The second term is the crosstalk.",
            ),
            Choice(
                "0.7 v<sub>1</sub> + 0.3 v<sub>2</sub>",
                because="Nothing here makes shares that add up to 1; that would be a softmax. "
                "The first pair answers in full, because k<sub>1</sub> · k<sub>1</sub> = 1.",
            ),
            Choice(
                "0.3 v<sub>1</sub> + v<sub>2</sub>",
                because="That is the answer to k<sub>2</sub>. Asked for k<sub>1</sub>, the first "
                "pair is the one that answers in full.",
            ),
        ),
    ),
    Question(
        "01.twice",
        "You write the same pair twice into an empty memory, with a key of length 1 and θ = 1. "
        "What do the two memories answer to its key?",
        (
            Choice(
                "Both answer v",
                because="Hebb's rule does not look before it writes, so it adds the pair again.",
            ),
            Choice(
                "Hebb answers 2v, delta answers v",
                right=True,
                because="Hebb adds the pair a second time. The delta rule asks first, finds that "
                "nothing is missing, and writes nothing.",
            ),
            Choice(
                "Both answer 2v",
                because="Right for Hebb. But delta's second write is θ k<sup>⊤</sup>(v − kM), and "
                "after the first one kM = v already.",
            ),
            Choice(
                "Hebb answers v, delta answers 2v",
                because="It is the other way round: the delta rule is the one that looks first.",
            ),
        ),
    ),
    Question(
        "01.capacity",
        "A memory is a matrix of 32 by 32 numbers. For how many keys in general can it be given "
        "any values you like, and answer all of them exactly?",
        (
            Choice(
                "1,024, one for each number in it",
                because="Each pair asks for 32 numbers to be right, so it uses up 32 of the "
                "1,024. That leaves room for 32 pairs.",
            ),
            Choice(
                "32, as many as a key has entries",
                right=True,
                because="The 33rd key is a mixture of the first 32. Reading is linear, so its "
                "answer is the same mixture of their answers: it is no longer free.",
            ),
            Choice(
                "As many as you like, if the delta rule goes over them often enough",
                because="Patience makes the delta rule exact only while there is an exact matrix. "
                "Beyond 32 pairs there is none, and each write spoils others.",
            ),
        ),
    ),
    Question(
        "01.measure",
        "64 random pairs have been written into a 32 by 32 memory, each once. The delta rule's "
        "answers lie nearer to the values than Hebb's. Which memory names more of the values, if "
        "you take the stored value that an answer points to most?",
        (
            Choice(
                "Delta: what is nearer is also recognised more often",
                because="It sounds convincing, but we measured the opposite: 44 % against more "
                "than 80 %. Distance punishes an answer that is too long. Recognition does not "
                "care about its length.",
            ),
            Choice(
                "Hebb: its answers are loud, but most of them still point the right way",
                right=True,
                because="Hebb's crosstalk makes every answer too long, and adds noise; the value "
                "itself is there in full strength. Delta's later writes wear the early values "
                "away, until little of them is left to be recognised.",
            ),
            Choice(
                "Neither: with more than 32 pairs nothing can be recognised",
                because="32 is where answers stop being <i>exact</i>. To be recognised, an answer "
                "only has to point more to its own value than to the others.",
            ),
        ),
    ),
    Question(
        "01.half",
        "A program follows the paper's equation (12), without the ½, and uses a write rate of 0.4. "
        "Which θ does the same in this book?",
        (
            Choice(
                "0.2",
                because="The gradient of x² is 2x, that of ½x² is x. The book's gradient is the "
                "smaller one, so it needs the larger θ.",
            ),
            Choice(
                "0.4",
                because="That would need the same loss in both. Without the ½ the gradient is "
                "twice as long, and every write twice as large.",
            ),
            Choice(
                "0.8",
                right=True,
                because="Their gradient is twice ours, so 0.4 there writes as much as 0.8 here. "
                "With keys of length 1, θ = 1 repairs an error in one write here, and 0.5 there.",
            ),
        ),
    ),
)
