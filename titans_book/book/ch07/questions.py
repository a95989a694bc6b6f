"""Questions about chapter 07: what learns when, through what, and what a slow weight can hold."""

from titans_book.lab.learning.question import Choice, Question

__all__ = ["QUESTIONS"]

QUESTIONS = (
    Question(
        "07.slow",
        "A trained model reads a text that it has never seen. Which of these numbers changes "
        "while it reads?",
        (
            Choice(
                "W<sub>K</sub>, which makes the keys",
                because="W<sub>K</sub> is a slow weight: the outer loop moved it during training, "
                "and now it no longer changes. It is used at every token, and changed at none.",
            ),
            Choice(
                "M<sub>0</sub>, the memory before the first token",
                because="M<sub>0</sub> is where every reading begins. It is learned by the outer "
                "loop, like W<sub>K</sub>, and no text changes it.",
            ),
            Choice(
                "M<sub>t</sub>, the memory after t tokens",
                right=True,
                because="M<sub>t</sub> is fast: the inner loop changes it at every token, and the "
                "next text starts from M<sub>0</sub> again.",
            ),
            Choice(
                "The bias of the write gate",
                because="The gate's <i>value</i> θ<sub>t</sub> differs from token to token, as the "
                "tokens differ. The weights and the bias that make it do not change.",
            ),
        ),
    ),
    Question(
        "07.cut",
        "In somebody's code the memory is detached after every write. The loss falls a little, no "
        "error is raised. What has happened to W<sub>K</sub>?",
        (
            Choice(
                "It learns more slowly, because the gradient is smaller",
                because="The gradient is not small, it is none: keys reach the loss through the "
                "memory alone, and that path is cut.",
            ),
            Choice(
                "Nothing at all: it stays as it was drawn",
                right=True,
                because="A key has one effect only, what it writes. Detach that, and "
                "W<sub>K</sub>, W<sub>V</sub>, the gates and M<sub>0</sub> get no gradient. The "
                "rest of the model goes on learning, so the fault is easily overlooked.",
            ),
            Choice(
                "It learns from the inner loss ½|k M − v|² instead",
                because="The inner loss moves M and nothing else. Nobody takes its gradient with "
                "respect to W<sub>K</sub>; it could be made 0 by making every key and value 0.",
            ),
            Choice(
                "It learns through the queries, which share its tokens",
                because="Queries are made by W<sub>Q</sub>, and W<sub>Q</sub> does learn. "
                "W<sub>K</sub> has no part in a query.",
            ),
        ),
    ),
    Question(
        "07.where",
        "The trained model answers nearly every question, about letters and numbers that were "
        "drawn a moment ago. Where are its answers stored?",
        (
            Choice(
                "In the slow weights: training has stored them",
                because="No sequence comes twice, and the same letter has another number every "
                "time. A slow weight cannot hold what was decided after training.",
            ),
            Choice(
                "In the last four tokens that the convolution sees",
                because="Between the telling and the question lie up to twenty tokens. With its "
                "gate shut the same model is down to a blind guess.",
            ),
            Choice(
                "In the fast memory; the slow weights hold how to write and how to ask",
                right=True,
                because="Shut the write gate, and one answer in twelve is left. What training gave "
                "the slow weights is a way of reading.",
            ),
        ),
    ),
    Question(
        "07.pair",
        "Without the convolution the model stays at one right answer in four. Why just there?",
        (
            Choice(
                "The memory is too small for four pairs",
                because="With the convolution the same memory, 32 by 32, holds all four.",
            ),
            Choice(
                "No token holds both halves of a pair, so it learns which numbers were told but "
                "not whose they are",
                right=True,
                because="Key and value are made from one token each. It can write “10 was told”, "
                "and then guesses among four.",
            ),
            Choice(
                "The gradient does not reach W<sub>K</sub>",
                because="It does. But a key made of one token alone cannot bind the letter before "
                "it, whatever W<sub>K</sub> is.",
            ),
        ),
    ),
    Question(
        "07.second",
        "The same pair is written twice. What does the outer gradient of the first write know that "
        "it would not know if M were detached before the second?",
        (
            Choice(
                "That the second write corrects what the first one left",
                right=True,
                because="The surprise of the second write depends on M<sub>1</sub>. Through it the "
                "gradient contains second derivatives of the inner loss.",
            ),
            Choice(
                "What the value was",
                because="Each write knows its own value, cut or not.",
            ),
            Choice(
                "Nothing: a write depends on its own token only",
                because="A Hebbian write does. A surprise asks the memory first, and so depends on "
                "everything that was written before.",
            ),
        ),
    ),
)
