"""Is a memory a sum of its writes? What the two ledgers share.

authors.py takes a number of the memory apart, ledger.py an answer. Both need a rule whose memory
is (Titans eqs. 13-18, unrolled in `titans_book.memory.recurrence`)

    M_t = O + beta_t (M_0 - O) + c_t S_0 - sum_{i<=t} P_ti theta_i h_i^T D_i

with O what the memory falls back to. Used in chapters 13 and 14.
"""

from titans_book.memory.dense import wanted
from titans_book.memory.rule import Rule

__all__ = ["adds_up", "misfit"]


def misfit(rule: Rule) -> str | None:
    """The option for which the memory of this rule is no sum of its writes, or None.

    >>> misfit(Rule.of(2)), misfit(Rule.of(2, retention="lq"))
    (None, 'retention')
    """
    reasons = {
        "retention": rule.retention.maps or rule.retention.channels,
        "learning": rule.learning.name != "gradient" or wanted(rule),
        "window": rule.window > 1,
        "steps": rule.steps > 1,
        "writes": rule.writes > 1,
        "split": rule.split,
    }
    return next((name for name, wrong in reasons.items() if wrong), None)


def adds_up(rule: Rule) -> bool:
    """Is the memory of this rule a sum of what its tokens wrote, each times a number?

    >>> adds_up(Rule.of(2)), adds_up(Rule.of(2, retention="lq"))
    (True, False)
    """
    return misfit(rule) is None
