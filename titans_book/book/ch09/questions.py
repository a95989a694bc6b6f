"""Questions about chapter 09: orders, leaks, what each wiring sees, and what a split may change."""

from titans_book.lab.learning.question import Choice, Question

__all__ = ["QUESTIONS"]

QUESTIONS = (
    Question(
        "09.order",
        "What does MAC do with a segment, and in which order?",
        (
            Choice(
                "Write, recall, attend",
                because="Then every row is helped by a memory that has read the end of its own "
                "segment. A well-known implementation had this order for a while.",
            ),
            Choice(
                "Recall, attend, write, gate",
                right=True,
                because="The memory answers as it was before the segment, attention looks at both, "
                "what it makes of them is written, and the memory's answer to that is the gate.",
            ),
            Choice(
                "Attend, recall, write",
                because="That order has nothing to do with h: what is recalled stands among the "
                "columns that attention looks at, so it must be there before.",
            ),
            Choice(
                "All at once, side by side",
                because="That is MAG: window and memory read the same tokens, and meet at the "
                "gate.",
            ),
        ),
    ),
    Question(
        "09.figure",
        "The paper's Fig. 3a shows all memory columns of a segment to all of its rows. What is "
        "wrong with that?",
        (
            Choice(
                "Nothing: the memory was written before the segment began",
                because="The memory was, but the question was not. h<sub>j</sub> is the answer to "
                "token j's query, so it tells what token j is.",
            ),
            Choice(
                "Column j is asked for with token j, so row i &lt; j learns what will come",
                right=True,
                because="It holds no new memory, and yet a new question. A model trained so could "
                "call coins before they fell.",
            ),
            Choice(
                "It is slower, because more columns are visible",
                because="It would be a little slower, and it would be no fault. The fault is what "
                "the columns know.",
            ),
        ),
    ),
    Question(
        "09.mag",
        "A MAG block has a window of 8. Through which path can token 2 move the output at token "
        "40?",
        (
            Choice(
                "Through the window",
                because="The window of one block ends seven tokens back. (Six such blocks one "
                "above the other would reach that far.)",
            ),
            Choice(
                "Through the memory, whose answer at token 40 is a gate",
                right=True,
                because="The memory has read token 2 and keeps what it could; at token 40 it says "
                "how much of each feature of y goes on.",
            ),
            Choice(
                "Through the persistent tokens, which every row sees",
                because="They are seen by all and see nobody: they are the same for every text.",
            ),
            Choice(
                "It cannot",
                because="By the window it cannot. The memory has no end of that kind.",
            ),
        ),
    ),
    Question(
        "09.zero",
        "You change token 30 of a text, and the logits before it change by 10<sup>-9</sup>. What "
        "does that mean?",
        (
            Choice(
                "Rounding: with float32 such numbers always come",
                because="What is never read cannot be rounded. The two runs do the very same "
                "arithmetic on the places before, so the difference is 0, in any dtype.",
            ),
            Choice(
                "A leak, if a small one",
                right=True,
                because="Training makes small leaks large: whatever helps to predict is amplified. "
                "So the bar is exactly 0.",
            ),
            Choice(
                "Nothing, as long as it is below 10<sup>-6</sup>",
                because="A tolerance belongs to two ways of computing one thing. Here one way is "
                "used twice, and there is nothing to tolerate.",
            ),
        ),
    ),
    Question(
        "09.split",
        "A text of 5 tokens is given to a memory with chunks of 16, and then the rest of it in a "
        "second call. What has the memory after the first call?",
        (
            Choice(
                "Nothing: a chunk has to be full before it is written",
                because="Some implementations work so, and then a short text leaves no trace. Here "
                "a chunk that is not full has been written, and the state says how far it is.",
            ),
            Choice(
                "All five tokens, and the second call goes on inside the open chunk",
                right=True,
                because="The state carries the anchor, the momentum, the convolution's tail and "
                "the place, so that one call equals any split.",
            ),
            Choice(
                "Five tokens, and a new chunk begins with the second call",
                because="Then the answers would depend on where you cut. Chunks are counted from "
                "the beginning of the text.",
            ),
        ),
    ),
)
