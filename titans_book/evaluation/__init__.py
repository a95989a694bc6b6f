"""How good is a model? Bits a token on a text, right answers on a task, and how far both carry.

scores has the two measures, ngram a floor for the first. The others are for long texts, read in
pieces with the state handed on, so that 16,384 tokens need no more memory than one piece: lengths
(needle grids, accuracy by length), positions (bits by position), twice (is a second reading
cheaper?), size (bytes of a state). `shut` shuts the write gates of a model for a while. A model is
anything that maps (tokens, state) to (logits, state); it stays in the mode that it is in.
"""

from titans_book.evaluation.lengths import LengthTable, accuracy_by_length, answers, needle_grid
from titans_book.evaluation.ngram import NGram
from titans_book.evaluation.positions import PositionBits, bits_by_position
from titans_book.evaluation.scores import accuracy, accuracy_asked, bits, bits_per_token
from titans_book.evaluation.shut import shut
from titans_book.evaluation.size import StateBytes, state_bytes
from titans_book.evaluation.twice import TwiceRead, bits_of_each, twice_read

__all__ = [
    "LengthTable",
    "NGram",
    "PositionBits",
    "StateBytes",
    "TwiceRead",
    "accuracy",
    "accuracy_asked",
    "accuracy_by_length",
    "answers",
    "bits",
    "bits_by_position",
    "bits_of_each",
    "bits_per_token",
    "needle_grid",
    "shut",
    "state_bytes",
    "twice_read",
]
