"""Look inside a model while it reads: introspection, by hooks and by ablation.

    watching    `watch`: every memory and every attention reports while it lasts
    traces      what an attention did, and where each trace is from
    looking     `look`: what the memory and the attention of every block did with a short text
    relevance   what each output owes to memory and to attention, by mean ablation
    causality   whether any output depends on a later token
    ledger      which token wrote a number of the memory

Taught in chapters 09 and 13.
"""

from titans_book.inspection.traces import AttentionTrace
from titans_book.inspection.watching import watch

__all__ = ["AttentionTrace", "watch"]
