"""The variants side by side: the same task, the same time, as many weights, several seeds.

contestants says which models take part and in which size, trials what they learn and how they are
read, tuning finds a learning rate for each, learning is one training, run does them all and keeps
the record, statistics says what several seeds are worth.
Used in chapters 09 and 14; on the command line: `python -m titans_book compare`.
"""

from titans_book.comparison.contestants import CONTESTANTS, PROFILES, Profile, new_model
from titans_book.comparison.run import Finished, Tried, compare, load
from titans_book.comparison.statistics import interval
from titans_book.comparison.trials import TRIALS, Trial

__all__ = [
    "CONTESTANTS",
    "PROFILES",
    "TRIALS",
    "Finished",
    "Profile",
    "Trial",
    "Tried",
    "compare",
    "interval",
    "load",
    "new_model",
]
