"""Questions about chapter 08: what a window sees, what it costs, and where idle attention goes."""

from titans_book.lab.learning.question import Choice, Question

__all__ = ["QUESTIONS"]

QUESTIONS = (
    Question(
        "08.reach",
        "Four layers of attention, each with a window of 16. How far back can the last one know "
        "anything?",
        (
            Choice(
                "15 tokens",
                because="That is one layer. What it sees in the second layer has already seen "
                "something itself.",
            ),
            Choice(
                "60 tokens",
                right=True,
                because="Each layer reaches w − 1 = 15 further back: 4 · 15. But only by relay, if "
                "the tokens in between have taken it along.",
            ),
            Choice(
                "64 tokens",
                because="Nearly. The window counts the token itself, so each layer reaches 15 "
                "further back, and not 16.",
            ),
            Choice(
                "16⁴ tokens",
                because="Reach adds up from layer to layer: the edge moves on by w − 1 each time.",
            ),
        ),
    ),
    Question(
        "08.cut",
        "A text is read in two calls, and segments have 8 tokens. The second call begins at place "
        "12. Where is its first wall?",
        (
            Choice(
                "Before place 12, where the call begins",
                because="Then the answers would depend on where somebody cut the text. A segment "
                "is a part of the text and not of the call.",
            ),
            Choice(
                "Before place 16",
                right=True,
                because="Walls stand at 8, 16, 24, … wherever the calls begin. So the tokens "
                "12 to 15 still see 8 to 11, which were kept.",
            ),
            Choice(
                "Before place 20",
                because="12 + 8 counts from the beginning of the call. Places count from the "
                "beginning of the text.",
            ),
        ),
    ),
    Question(
        "08.sink",
        "In a trained model nearly all heads give most of their weight to the very first token. "
        "What does that token probably tell them?",
        (
            Choice(
                "The topic of the text",
                because="It is the same with every text, even where the first token is only a "
                "mark. What counts is that it may be looked at without an effect.",
            ),
            Choice(
                "Next to nothing, and that is why they look at it",
                right=True,
                because="Softmax has to give its weight to somebody. A token that everybody sees "
                "and whose value is close to 0 is the way to ask for nothing.",
            ),
            Choice(
                "Where the text begins, which all positions need",
                because="Positions are rotations of queries and keys here, and nobody has to look "
                "at the first token to know them.",
            ),
        ),
    ),
    Question(
        "08.prompt",
        "Four persistent tokens, or four tokens of prompt in front of the text: which of these is "
        "true of both, in a layer with a window?",
        (
            Choice(
                "A token 1,000 places later still sees them",
                because="The window has left the prompt behind long ago. Persistent tokens stand "
                "nowhere, so nothing can leave them behind.",
            ),
            Choice(
                "They give the softmax more columns to share its weight among",
                right=True,
                because="As long as the prompt is in the window, that is what both do.",
            ),
            Choice(
                "Their keys are the same in every text, in every layer",
                because="Those of persistent tokens are: they are weights of the layer. From the "
                "second layer on a prompt token is what earlier layers made of it.",
            ),
        ),
    ),
    Question(
        "08.price",
        "You hide all but the last 64 columns with a mask, in a text of 4,096 tokens. What becomes "
        "of the time that attention takes?",
        (
            Choice(
                "It falls to a sixty-fourth",
                because="Only if the hidden scores are not computed. A mask is put over scores "
                "that are there already.",
            ),
            Choice(
                "Nothing: hidden scores are computed all the same",
                right=True,
                because="What saves work is to read in pieces of w tokens with the keys of one "
                "piece before, so that most scores never come into being.",
            ),
            Choice(
                "It grows with the logarithm of the length",
                because="Nothing here divides a text again and again. With a mask it is the square "
                "of the length, in pieces the length times w.",
            ),
        ),
    ),
)
