"""The choices of one call to `memorize`, by name, checked and made ready: shared by both forms."""

from dataclasses import dataclass

from titans_book.memory import network as networks
from titans_book.memory import objective as objectives
from titans_book.memory import retention as retentions
from titans_book.memory.check import choose, positive, whole


@dataclass(frozen=True)
class Rule:
    """MIRAS's choices of network, objective and retention, and how the rule is applied.

    keep maps alpha to what is kept; chunk, read and clamp are as in `titans_book.memory.memorize`.
    """

    network: networks.Network
    objective: objectives.Objective
    keep: retentions.Retention
    chunk: int
    read: str
    clamp: float | None


def resolve(
    layers: int,
    network: networks.Network | str | None,
    objective: objectives.Objective | str,
    retention: str,
    chunk: int,
    read: str,
    clamp: float | None,
) -> Rule:
    """The Rule for weights of that many layers. Raises ValueError naming the wrong choice.

    >>> resolve(2, None, "l2", "decay", chunk=16, read="after", clamp=None).network.depth
    2
    """
    choose("read", read, ("after", "before"))
    whole("chunk", chunk, least=1)
    if clamp is not None:
        positive("clamp", clamp)
    return Rule(
        networks.resolve(network, layers),
        objectives.resolve(objective),
        retentions.resolve(retention),
        chunk,
        read,
        clamp,
    )
