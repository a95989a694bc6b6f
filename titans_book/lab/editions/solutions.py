"""Solutions in a master's cell: the lines between two markers, which are nbgrader's own."""

import re

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = ("# YOUR CODE HERE", 'raise NotImplementedError("your turn")')


def without_solution(source: str) -> str:
    """The source with a stub in the place of each solution, at the solution's own indent.

    >>> print(without_solution("def f(x):\\n    ### BEGIN SOLUTION\\n    return x\\n"
    ...                        "    ### END SOLUTION"))
    def f(x):
        # YOUR CODE HERE
        raise NotImplementedError("your turn")
    """
    lines: list[str] = []
    inside = False
    for line in source.splitlines():
        marker = line.strip()
        if marker in (BEGIN, END):
            if inside == (marker == BEGIN):
                raise ValueError(f"{marker!r} has no partner before it or after it")
            inside = marker == BEGIN
            if inside:
                indent = re.match(r"\s*", line).group()
                lines += [indent + stub for stub in STUB]
        elif not inside:
            lines.append(line)
    if inside:
        raise ValueError(f"{BEGIN!r} without {END!r}")
    return "\n".join(lines)


def solved(source: str) -> str:
    """The source with its solutions, as if there were no markers."""
    return "\n".join(line for line in source.splitlines() if line.strip() not in (BEGIN, END))


def marked(source: str) -> str:
    """The source as it is, markers and all: what nbgrader wants."""
    return source
