"""Questions about chapter 00: what a memory does while it reads."""

from titans_book.lab.learning.question import Choice, Question

__all__ = ["QUESTIONS"]

QUESTIONS = (
    Question(
        "00.when",
        "In chapter 00 the second reading surprised the memory much less than the first: 0.27 "
        "instead of 1.01 in the book's run. When did it learn?",
        (
            Choice(
                "In a training run, before the notebook was opened",
                because="There was none: the memory starts as a matrix of zeros, and its first "
                "surprises have length 1. You watched it answer 0 to everything.",
            ),
            Choice(
                "Between the two readings, from all the letters at once",
                because="Nothing happens between the readings. The film shows it: columns change "
                "one after the other, each at the very moment when its letter is read.",
            ),
            Choice(
                "While it read, with every letter",
                right=True,
                because="Reading <i>is</i> learning here. Each letter is one small step of "
                "learning, and what has been learned is the memory. That is the idea of the book.",
            ),
            Choice(
                "Not at all: it keeps a copy of the text and looks things up",
                because="The whole memory is one matrix, and it does not grow with the text. A "
                "list that keeps every token is closer to attention; chapter 08 puts the two side "
                "by side.",
            ),
        ),
    ),
    Question(
        "00.leftover",
        "With write rate θ = 0.8 and nothing forgotten, the memory meets a pair for the first "
        "time: its surprise is 1. How large is it at the next meeting, if no other letter ever "
        "follows that pair?",
        (
            Choice(
                "0.2",
                right=True,
                because="One write mends 80 % of the error, and a fifth of it is left. A third "
                "meeting would find 0.04: each write mends 80 % of what remains.",
            ),
            Choice(
                "0.8",
                because="0.8 is the part that was written, so it is what the memory now "
                "answers. Surprise is what still <i>lacks</i>: 1 − 0.8.",
            ),
            Choice(
                "0",
                because="That would take θ = 1, the whole error mended at one stroke. In chapter "
                "00 every letter of the second reading still surprised a little.",
            ),
        ),
    ),
    Question(
        "00.torn",
        "After a space and a <code>w</code> comes <code>e</code> in <i>we</i> and <code>h</code> "
        "in <i>what</i>. The memory sees two letters at a time. What happens at this pair in the "
        "second reading?",
        (
            Choice(
                "It has learned both letters, so it is surprised by neither",
                because="It has one answer for a key, not a list of them. The same key gives the "
                "same answer each time, and here it cannot be right each time.",
            ),
            Choice(
                "It expects the letter that came last, and is more surprised than if it knew "
                "nothing",
                right=True,
                because="Knowing nothing costs 1. Expecting the wrong letter costs more: one "
                "letter is missing and another stands in its place. What the key does not tell "
                "apart, the memory cannot tell apart.",
            ),
            Choice(
                "It answers 0, because the two letters cancel out",
                because="The two letters have cells of their own in that column, so they do not "
                "cancel. The latest one stands out strongly, the other one faintly.",
            ),
            Choice(
                "Only the first reading is confused; by the second it has found out which is which",
                because="To find out it would need a longer key, say three letters. More reading "
                "does not help when the question itself is ambiguous.",
            ),
        ),
    ),
    Question(
        "00.fading",
        "Forgetting is set to α = 0.5. A trace was written three letters ago, and nothing has "
        "touched it since but forgetting. How much of it is left?",
        (
            Choice(
                "Nothing: three times one half is more than all of it",
                because="Forgetting takes a share of what is <i>still there</i>, so it never "
                "takes more than there is. It multiplies; it does not subtract.",
            ),
            Choice(
                "One half: α says how much is kept",
                because="That is one letter's worth. And in Titans α says how much is "
                "<i>forgotten</i>; what is kept is 1 − α. (At α = 0.5 you cannot see the "
                "difference, which is why this trap snaps shut elsewhere.)",
            ),
            Choice(
                "One sixth",
                because="A fair guess for something that shrinks in step with time. But each "
                "letter halves what the letter before has left: ½ · ½ · ½.",
            ),
            Choice(
                "One eighth",
                right=True,
                because="(1 − α)<sup>3</sup> = ½ · ½ · ½. By the same sum α = 0.1 leaves 5 % after "
                "28 letters, and so the second reading was nearly as surprising as the first.",
            ),
        ),
    ),
    Question(
        "00.letters",
        "In a paper about another memory you find a gate called α, close to 1 all the time. In "
        "this book α stays close to 0. Who is right?",
        (
            Choice(
                "The paper: a gate should be open most of the time",
                because="Open for what? A number near 1 means hardly anything until you know "
                "what it multiplies: the old memory, or the part that is thrown away.",
            ),
            Choice(
                "Both, most likely: there α says what is kept, here what is forgotten",
                right=True,
                because="Titans keeps 1 − α, MIRAS and ATLAS keep α. Between Titans and ATLAS "
                "θ and η even swap. Look at what a letter multiplies before you copy a formula: "
                "the wrong one runs, too.",
            ),
            Choice(
                "The book: with α near 1 nothing would ever be forgotten",
                because="In <i>this</i> book α near 1 forgets nearly everything with every "
                "letter. Where α says what is kept, near 1 is just what a good memory wants.",
            ),
        ),
    ),
)
