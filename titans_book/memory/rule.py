"""The choices of one call to `memorize`, by name, checked and made ready: shared by both forms."""

from dataclasses import dataclass

from titans_book.check import choose, positive, whole
from titans_book.memory import network as networks
from titans_book.memory import objective as objectives
from titans_book.memory import retention as retentions


@dataclass(frozen=True)
class Rule:
    """MIRAS's choices of network, objective and retention, and how the rule is applied.

    keep maps alpha to what is kept; chunk, read, clamp and damping are those of
    `titans_book.memory.memorize`.
    """

    network: networks.Network
    objective: objectives.Objective
    keep: retentions.Retention
    chunk: int
    read: str
    clamp: float | None
    damping: float | None


def resolve(
    layers: int,
    network: networks.Network | str | None,
    objective: objectives.Objective | str,
    retention: str,
    chunk: int,
    read: str,
    clamp: float | None = None,
    damping: float | None = None,
) -> Rule:
    """The Rule for weights of that many layers. Raises ValueError naming the wrong choice.

    >>> resolve(2, None, "l2", "decay", chunk=16, read="after").network.depth
    2
    """
    choose("read", read, ("after", "before"))
    whole("chunk", chunk, least=1)
    if clamp is not None:
        positive("clamp", clamp)
    if damping is not None:
        positive("damping", damping)
        if objectives.resolve(objective) is objectives.OBJECTIVES["dot"]:
            raise ValueError("damping must be None with objective 'dot': no write can overshoot it")
    return Rule(
        networks.resolve(network, layers),
        objectives.resolve(objective),
        retentions.resolve(retention),
        chunk,
        read,
        clamp,
        damping,
    )
