"""Look inside a model while it reads.

    looking     what the memory and the attention of every block did
    relevance   what each output owes to memory and to attention, by mean ablation
    causality   whether any output depends on a later token

Taught in chapters 09 and 13.
"""
