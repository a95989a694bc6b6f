"""Look inside a model while it reads: introspection, by hooks and by ablation.

    watching    `watch`: every memory and every attention reports while it lasts
    traces      what an attention did, and where each trace is from
    looking     `look`: what the memory and the attention of every block did with a short text
    relevance   what each output owes to memory and to attention, by mean ablation
    causality   whether any output depends on a later token
    switching   the same text again, with writing or forgetting switched off for a stretch
    ledger      an answer as a sum over all that was written
    authors     which token wrote a number of the memory

Taught in chapters 09, 13 and 14.
"""

from titans_book.inspection.traces import AttentionTrace
from titans_book.inspection.watching import watch

__all__ = ["AttentionTrace", "watch"]
