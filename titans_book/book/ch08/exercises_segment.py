"""The segment, an exercise of chapter 08: a mask with walls at fixed places of the text.

queries (T) and keys (J) are places, whole numbers that may begin anywhere; a mask is (T, J).
"""

from titans_book.book.ch08.exercises import CHAPTER
from titans_book.book.ch08.exercises_window import MISFIT, places
from titans_book.lab.learning.exercise import Exercise
from titans_book.steps import attention as attention_steps

segment_mask = Exercise(
    name="08.segment_mask",
    what="a token sees its own segment so far",
    reference=attention_steps.segment_mask,
    probe=places,
    hints=(
        "Two conditions: nothing that comes later, and the same segment. In which segment does "
        "place 7 stand if w is 3?",
        "`keys // w` is the number of the segment of each key. `a == b` compares, `[:, None]` "
        "stands the queries upright, and `&` needs brackets on both sides.",
        "    return (keys <= rows) & (keys // w == rows // w)\n    rows = queries[:, None]",
    ),
    source="Titans Fig. 3a",
    taught=CHAPTER,
    misfit=MISFIT,
)


def _same(queries, keys, w):
    return queries[:, None] // w == keys // w


@segment_mask.wrong("Can the first token of a segment see the last?")
def sees_the_whole_segment(queries, keys, w):
    """Every row sees its whole segment, what has not come yet included."""
    return _same(queries, keys, w)


@segment_mask.wrong("Are there walls?")
def ignores_the_walls(queries, keys, w):
    """There are no walls: each row sees everything before it."""
    return keys <= queries[:, None]


@segment_mask.wrong("At place 6, with w = 3: how many tokens should it see?")
def is_a_window(queries, keys, w):
    """That is the window. A segment has walls at fixed places, and its first token sees itself
    alone."""
    return attention_steps.window_mask(queries, keys, w)


@segment_mask.wrong("What if the first row of this call stands at place 10?")
def counts_the_walls_within_the_call(queries, keys, w):
    """Your walls count from the first row of the call. They stand at fixed places of the text,
    wherever a call begins."""
    first = queries[0]
    return _same(queries - first, keys - first, w) & (keys <= queries[:, None])


@segment_mask.wrong("In which segment is place 0, and in which is place 3, if w = 3?")
def counts_from_one(queries, keys, w):
    """Your walls are one place late: places count from 0."""
    return _same(queries - 1, keys - 1, w) & (keys <= queries[:, None])


@segment_mask.wrong("What is 7 // 3, and what is 7 % 3?")
def takes_the_remainder(queries, keys, w):
    """`%` gives the place within a segment; `//` gives the number of the segment."""
    return (queries[:, None] % w == keys % w) & (keys <= queries[:, None])


@segment_mask.wrong("What is 7 / 3, and what is 7 // 3?")
def divides_without_rounding(queries, keys, w):
    """`/` gives a fraction, and two fractions are the same only where the places are. `//` rounds
    down to the number of the segment."""
    return (queries[:, None] / w == keys / w) & (keys <= queries[:, None])


@segment_mask.wrong("May a token look at itself?")
def does_not_see_its_own(queries, keys, w):
    """A row does not see its own token. It does: j <= i."""
    return _same(queries, keys, w) & (keys < queries[:, None])


@segment_mask.wrong("Which place is the first of the segment, and does the row see it?")
def misses_the_first(queries, keys, w):
    """The first token of each segment is out of everybody's sight, its own included. The wall
    stands right before it."""
    rows = queries[:, None]
    return (keys <= rows) & (keys > rows // w * w)


@segment_mask.wrong("Who looks back: the query at the key, or the key at the query?")
def looks_ahead(queries, keys, w):
    """The comparison is turned round: each row sees itself and what comes *after* it in its
    segment."""
    return _same(queries, keys, w) & (keys >= queries[:, None])


@segment_mask.wrong("In `a <= b & c == d`, what does Python do first?")
def lacks_brackets(queries, keys, w):
    """Brackets are missing: `&` comes before `<=` and `==`, so each comparison needs its own."""
    return keys <= queries[:, None] & _same(queries, keys, w)


@segment_mask.wrong("Which segments is the row allowed to see: its own, or the last one, too?")
def sees_the_segment_before(queries, keys, w):
    """A row sees its own segment and the whole segment before it."""
    return (queries[:, None] // w - keys // w <= 1) & (keys <= queries[:, None])


@segment_mask.wrong("What does True stand for: to be seen, or to be hidden?")
def is_turned_round(queries, keys, w):
    """True and False are swapped: it is True where a row must not look."""
    return ~(_same(queries, keys, w) & (keys <= queries[:, None]))
