"""Questions about chapter 12: what modifies itself, what counting needs, and what Hope is."""

from titans_book.lab.learning.question import Choice, Question

__all__ = ["QUESTIONS"]

QUESTIONS = (
    Question(
        "12.modifies",
        "What does a self-modifying memory modify?",
        (
            Choice(
                "Its own code, or the formula by which it writes",
                because="The formula is the same for every token, and the outer training cannot "
                "change it either. Nothing in the forward pass touches code.",
            ),
            Choice(
                "The weights that make its keys, its values and its rates, by a fixed rule",
                right=True,
                because="The next token gets another key than it would have got before. The rule "
                "that writes stays the same, and so does everything outside the five memories.",
            ),
            Choice(
                "The projection W_Q and the learned start of each memory",
                because="Those are outer parameters. They are trained before, and stand still "
                "while the model reads.",
            ),
        ),
    ),
    Question(
        "12.deep",
        "“Parity needs a deep memory.” What is needed?",
        (
            Choice(
                "A memory of two layers or more",
                because="You have just counted with a single number, and trained a memory of one "
                "matrix.",
            ),
            Choice(
                "A write that multiplies what is stored by −1, or very nearly",
                right=True,
                because="Then a one turns the sign and loses nothing. A plain write needs a rate "
                "of 2 for that, and a gate that gets there. A double erase needs a rate of 1.",
            ),
            Choice(
                "A large enough width",
                because="A width of one number is enough to keep a sign.",
            ),
            Choice(
                "Attention over the whole text",
                because="It is the fixed-size memory that has an easy time here: one sign, turned "
                "again and again.",
            ),
        ),
    ),
    Question(
        "12.order",
        "In our Hope, the memory comes first and the levels after it. What do the levels do while "
        "the model reads a text it was trained for?",
        (
            Choice(
                "They learn at every C-th token, as in the first half of the chapter",
                because="Only if you ask for it, with read_and_learn. Otherwise their clocks count "
                "the steps of the training.",
            ),
            Choice(
                "They stand still, like the feed-forward network of a transformer",
                right=True,
                because="Between two updates a level is a network with fixed weights. What changes "
                "while the model reads is the self-modifying memory.",
            ),
            Choice(
                "They change their own keys and values",
                because="That is what the memory before them does.",
            ),
        ),
    ),
)
