"""A choice that has a name and perhaps parameters: the common ground of objectives and retentions.

A kind of choice is a class; each choice of that kind is a frozen dataclass that says its name:

    @dataclass(frozen=True)
    class Huber(Objective, name="huber"):
        delta: float = 1.0
        ...

From then on it can be chosen by name, `objective="huber"`, with parameters as
`{"name": "huber", "delta": 0.5}`, or as the value itself, and it travels in configs and
checkpoints. A notebook may add its own. Taught in chapter 10.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

from titans_book.check import choose


@dataclass(frozen=True)
class Choice:
    """A named choice; see the top of this file."""

    kind: ClassVar[str]  # what it is a choice of, as errors call it
    name: ClassVar[str]
    known: ClassVar[dict[str, type]]

    def __init_subclass__(cls, kind: str | None = None, name: str | None = None) -> None:
        super().__init_subclass__()
        if kind is not None:
            cls.kind, cls.known = kind, {}
        if name is not None:
            cls.name, cls.known[name] = name, cls

    def spec(self) -> dict[str, Any]:
        """Plain values for JSON: the name and the parameters."""
        return {"name": self.name, **asdict(self)}

    @classmethod
    def of(cls, given: "Choice | str | Mapping[str, Any]") -> Any:
        """The choice of that name, or of that `spec`; a choice passes through.

        Raises ValueError for an unknown name, TypeError for a parameter that it does not have.
        """
        if isinstance(given, cls):
            return given
        options = dict(given) if isinstance(given, Mapping) else {"name": given}
        name = options.pop("name", None)
        choose(cls.kind, name, cls.known)
        try:
            return cls.known[name](**options)
        except TypeError:
            names = ", ".join(field.name for field in fields(cls.known[name])) or "none"
            raise TypeError(
                f"{cls.kind} {name!r} has the parameters: {names}; got {', '.join(options)}"
            ) from None
