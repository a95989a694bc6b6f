"""A state_dict of any optimizer as tensors and JSON, and back: so no checkpoint needs pickle.

    {"state": {0: {"step": tensor}}}  ->  {"state.0.step": tensor}  and  a tree that refers to it

Keys and tuples come back as they were. Numbers come back to the bit: JSON keeps every digit.
"""

from typing import Any

from torch import Tensor

PLAIN = (str, int, float, bool, type(None))


def pack(value: Any, tensors: dict[str, Tensor], path: str = "") -> Any:
    """The tree of a value; its tensors are put into `tensors` under their paths.

    Raises TypeError naming what can be neither.

    >>> found = {}
    >>> pack({0: (1.5, "a")}, found), found
    ({'dict': [[0, {'tuple': [1.5, 'a']}]]}, {})
    """
    if isinstance(value, Tensor):
        tensors[path] = value
        return {"tensor": path}
    if isinstance(value, dict):
        pairs = value.items()
        return {"dict": [[k, pack(v, tensors, f"{path}.{k}".lstrip("."))] for k, v in pairs]}
    if isinstance(value, tuple | list):
        items = [pack(v, tensors, f"{path}.{i}") for i, v in enumerate(value)]
        return {"tuple": items} if isinstance(value, tuple) else items
    if isinstance(value, PLAIN):
        return value
    raise TypeError(
        f"the optimizer's state holds a {type(value).__name__} at {path!r}, which a checkpoint "
        "cannot: only tensors, numbers, text, None, lists, tuples and dictionaries"
    )


def unpack(tree: Any, tensors: dict[str, Tensor]) -> Any:
    """What was packed.

    >>> unpack({"dict": [[0, {"tuple": [1.5, "a"]}]]}, {})
    {0: (1.5, 'a')}
    """
    if isinstance(tree, list):
        return [unpack(item, tensors) for item in tree]
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "tuple":
        return tuple(unpack(item, tensors) for item in content)
    return {key: unpack(item, tensors) for key, item in content}
