"""The marks inside a master's cell: what the learner writes, and what the book claims.

The lines between `### BEGIN SOLUTION` and `### END SOLUTION` (nbgrader's own markers) are the
solution. From a line `### CLAIM` to the end of its cell the book claims something about its own
numbers: asserts, as a rule. Claims run in the tested editions. A learner's cell is free of them,
so a learner can change any number in it.
"""

import re

BEGIN, END, CLAIM = "### BEGIN SOLUTION", "### END SOLUTION", "### CLAIM"
STUB = ("# YOUR CODE HERE", 'raise NotImplementedError("your turn")')


def without_solution(source: str) -> str:
    """The source without its claims, and with a stub in the place of each solution.

    A stub has the solution's own indent. A cell that is nothing but a claim becomes empty.

    >>> print(without_solution("def f(x):\\n    ### BEGIN SOLUTION\\n    return x\\n"
    ...                        "    ### END SOLUTION\\n### CLAIM\\nassert f(1) == 1"))
    def f(x):
        # YOUR CODE HERE
        raise NotImplementedError("your turn")
    """
    lines: list[str] = []
    inside = False
    for line in marked(source).splitlines():
        marker = line.strip()
        if marker in (BEGIN, END):
            inside = marker == BEGIN
            if inside:
                indent = re.match(r"\s*", line).group()
                lines += [indent + stub for stub in STUB]
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def solved(source: str) -> str:
    """The source with its solutions and claims, as if there were no marks."""
    _check(source)
    lines = source.splitlines()
    return "\n".join(line for line in lines if line.strip() not in (BEGIN, END, CLAIM))


def marked(source: str) -> str:
    """The source with its solutions between their markers, as nbgrader wants it; no claims.

    >>> marked("x = 2\\n### CLAIM\\nassert x == 2")
    'x = 2'
    """
    _check(source)
    lines = source.splitlines()
    claims = [number for number, line in enumerate(lines) if line.strip() == CLAIM]
    return "\n".join(lines[: claims[0]]).rstrip() if claims else source


def _check(source: str) -> None:
    """ValueError for marks that do not belong together."""
    inside = claimed = False
    for line in source.splitlines():
        marker = line.strip()
        if marker in (BEGIN, END, CLAIM) and claimed:
            raise ValueError(f"{marker!r} after {CLAIM!r}: a claim goes on to the end of its cell")
        if marker in (BEGIN, END):
            if inside == (marker == BEGIN):
                raise ValueError(f"{marker!r} has no partner before it or after it")
            inside = marker == BEGIN
        elif marker == CLAIM:
            claimed = True
            if line != CLAIM or inside:
                raise ValueError(f"{CLAIM!r} is indented or inside a solution: put it at the end")
    if inside:
        raise ValueError(f"{BEGIN!r} without {END!r}")
    if claimed and not source.partition(CLAIM)[2].strip():
        raise ValueError(f"{CLAIM!r} with nothing after it")
