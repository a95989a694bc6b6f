"""Attention: the short-term memory of Titans, exact over a bounded stretch of text (chapter 08).

masks says who sees whom, rotary where everybody stands, attention puts them together.
"""

from titans_book.attention.attention import Attention, AttentionState

__all__ = ["Attention", "AttentionState"]
