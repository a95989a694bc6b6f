"""Exercises of chapter 06 about a whole text: a test for leaks, the mended loop, a safe chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from titans_book.lab.learning.bank.exercises_06 import CHAPTER, drawn
from titans_book.lab.learning.exercise import Exercise, Probe, Step, normal
from titans_book.lab.play.alike import CHUNKS, text
from titans_book.memory import chunk_steps
from titans_book.memory.chunk_steps import chunk_read, chunk_write
from titans_book.memory.stability import BOUND, gauge


def _ahead(x: Tensor) -> Tensor:
    """Row t sees the next row as well."""
    return x + x.roll(-1, 0)


# What a leak test is tried on: a function of x, (T, d), the token that is changed, and whether
# anything before it moves.
SUSPECTS: tuple[tuple[Callable[[Tensor], Tensor], int, bool], ...] = (
    (lambda x: x.cumsum(0), 3, False),
    (lambda x: x.flip(0).cumsum(0).flip(0), 3, True),
    (lambda x: -1e-3 * _ahead(x), 4, True),
    (lambda x: x.view(2, 4, -1).mean(1, keepdim=True).expand(2, 4, -1).reshape(x.shape), 6, True),
    (lambda x: x.view(2, 4, -1).mean(1, keepdim=True).expand(2, 4, -1).reshape(x.shape), 4, False),
    (lambda x: torch.stack([1.0 * x[:, 0], x[:, 0] * x[:, 1]], 1).cumsum(0), 5, False),
    (lambda x: torch.cat([x[:1] - 50 * x[5:6], x[1:]]), 5, True),
)


def _tests(function: Callable) -> Iterator[Step]:
    """What the leak test measures, suspect by suspect."""
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for suspect, p, _ in SUSPECTS:
        found = function(suspect, x, p)
        yield {"leak": torch.as_tensor(found, dtype=torch.float64)}


_tests.names = lambda: ("answer", "x", "p")


def _leak(answer, x, p):
    changed = x.clone()
    changed[p] += 1
    return (answer(changed) - answer(x))[:p].abs().max()


def _finds_leaks(steps: list[Step]) -> str:
    for number, (step, (_, p, leaks)) in enumerate(zip(steps, SUSPECTS, strict=True), 1):
        found = float(step["leak"])
        if not found >= 0:
            return f"In example {number} it measures {found:.3g}; a largest change is 0 or more."
        if leaks != (found > 1e-9):
            truth = "answers before it do move" if leaks else "nothing before it moves"
            return (
                f"In example {number} token {p} is changed and {truth}; your test says {found:.3g}."
            )
    return ""


leak = Exercise(
    name="06.leak",
    what="a test that finds out who sees the future",
    reference=_leak,
    probe=_tests,
    hints=(
        "Ask twice: once with x as it is, once with a copy in which token p is something else. "
        "What may differ between the two lists of answers, and what may not?",
        "x is (T, d), answer(x) is (T, d_out). `y[:p]` are the answers before token p. A largest "
        "change has no sign: `.abs().max()`. x itself must stay as it is: `.clone()`.",
        "    return (answer(changed) - answer(x))[:p].abs().max()\n"
        "    changed[p] += 1\n    changed = x.clone()",
    ),
    source="the answers before token p",
    taught=CHAPTER,
    part=False,
    accept=_finds_leaks,
)


@leak.wrong("May an answer at token p depend on token p?")
def counts_the_token_itself(answer, x, p):
    """It also counts the answer at p itself. That one may change: p has been read by then."""
    changed = x.clone()
    changed[p] += 1
    return (answer(changed) - answer(x))[: p + 1].abs().max()


@leak.wrong("Which answers are forbidden to move: those before p, or those after?")
def looks_behind(answer, x, p):
    """It looks at the answers from p on. Those are allowed to change."""
    changed = x.clone()
    changed[p] += 1
    return (answer(changed) - answer(x))[p:].abs().max()


@leak.wrong("What does a leak look like that makes an answer smaller?")
def misses_what_falls(answer, x, p):
    """It misses answers that become smaller: a change has two directions."""
    changed = x.clone()
    changed[p] += 1
    return (answer(changed) - answer(x))[:p].max().clamp(min=0)


@leak.wrong("What are the two texts that you compare, and where do they differ?")
def changes_the_answers(answer, x, p):
    """It compares a text with itself. Either nothing is changed between the two questions, or both
    names stand for one tensor: `changed = x` makes no copy, `x.clone()` does."""
    return (answer(x) - answer(x.clone()))[:p].abs().max()


@leak.wrong("If answer 0 sees everything and answer p - 1 nothing: does your test notice?")
def looks_at_one_answer(answer, x, p):
    """It looks only at the answer just before p. A leak may be anywhere before it."""
    changed = x.clone()
    changed[p] += 1
    return (answer(changed) - answer(x))[p - 1].abs().max()


@leak.wrong("Which token is changed, and may the answers behind it move?")
def changes_what_came_before(answer, x, p):
    """It changes the tokens before p. Their own answers may well move: change token p alone."""
    changed = x.clone()
    changed[:p] += 1
    return (answer(changed) - answer(x))[:p].abs().max()


@leak.wrong("What if two changes of opposite sign stand beside each other?")
def lets_changes_cancel(answer, x, p):
    """It takes the size of a sum: changes up and down cancel, or nearly, and small ones drown."""
    changed = x.clone()
    changed[p] += 1
    return (answer(changed) - answer(x))[:p].sum().abs().round()


in_chunks = Exercise(
    name="06.in_chunks",
    what="a whole text in chunks, each read before it is written",
    reference=chunk_steps.in_chunks,
    probe=Probe(
        inputs={
            "M": normal(4, 3), "S": normal(4, 3, scale=0.3), "q": normal(10, 4),
            "k": normal(10, 4), "v": normal(10, 3), "theta": drawn(10, 0.05, 0.3),
            "eta": drawn(10, 0.2, 0.9), "alpha": drawn(10, 0.05, 0.3),
            "b": lambda g: int(torch.randint(3, 6, (), generator=g)),
        },
        returns=("Y", "M", "S"),
        steps=4,
    ),
    hints=(
        "Two lines inside the loop, one that reads and one that writes. Which memory may the "
        "tokens of this chunk start from?",
        "chunk_read(M, S, q, k, v, theta, eta, alpha) gives the (b, d_out) answers of this chunk; "
        "`*now` hands over the six. chunk_write takes no queries: `*now[1:]`.",
        "        M, S = chunk_write(M, S, *now[1:])\n"
        "        answers.append(chunk_read(M, S, *now))",
    ),
    source="Titans eq. 16, chunk after chunk",
    taught=CHAPTER,
)  # fmt: skip


def _cut(rows, b):
    return [[x[start : start + b] for x in rows] for start in range(0, len(rows[0]), b)]


@in_chunks.wrong("When the first token of a chunk asks, what may already be in the memory?")
def writes_first_then_asks(M, S, q, k, v, theta, eta, alpha, b):
    """The fault itself: the chunk is written and then asked, so its first token reads what its
    last one says."""
    answers = []
    for now in _cut((q, k, v, theta, eta, alpha), b):
        M, S = chunk_write(M, S, *now[1:])
        answers.append(now[0] @ M)
    return torch.cat(answers), M, S


@in_chunks.wrong("chunk_read lets a chunk's own writes in already. Who writes them a second time?")
def writes_first_then_reads(M, S, q, k, v, theta, eta, alpha, b):
    """The order of the two lines is turned round. chunk_read works with the memory at the *start*
    of the chunk; yours gets the one at its end, which holds the whole chunk already."""
    answers = []
    for now in _cut((q, k, v, theta, eta, alpha), b):
        M, S = chunk_write(M, S, *now[1:])
        answers.append(chunk_read(M, S, *now))
    return torch.cat(answers), M, S


@in_chunks.wrong("What does the second chunk know of the first?")
def never_writes(M, S, q, k, v, theta, eta, alpha, b):
    """Nothing is handed on: every chunk starts with the memory of the very beginning."""
    answers = [chunk_read(M, S, *now) for now in _cut((q, k, v, theta, eta, alpha), b)]
    return torch.cat(answers), M, S


@in_chunks.wrong("Where does chunk_write put the past surprise, and who needs it next?")
def drops_the_past_surprise(M, S, q, k, v, theta, eta, alpha, b):
    """M is handed on and S is not: every chunk takes up the past surprise of the very beginning."""
    answers, first = [], S
    for now in _cut((q, k, v, theta, eta, alpha), b):
        answers.append(chunk_read(M, first, *now))
        M, S = chunk_write(M, first, *now[1:])
    return torch.cat(answers), M, S


@in_chunks.wrong("A pair and its question in one chunk: does the question find the pair?")
def asks_the_old_memory(M, S, q, k, v, theta, eta, alpha, b):
    """It sees no future, and no present either: what a chunk writes is not found within it."""
    answers = []
    for now in _cut((q, k, v, theta, eta, alpha), b):
        answers.append(now[0] @ M)
        M, S = chunk_write(M, S, *now[1:])
    return torch.cat(answers), M, S


@in_chunks.wrong("At which memory is the surprise of the last chunk measured?")
def measures_at_the_very_start(M, S, q, k, v, theta, eta, alpha, b):
    """All surprise is measured at the first memory, as if the text were a single chunk: a memory
    that never notices what it has learned."""
    rest = (k, v, theta, eta, alpha)
    return chunk_read(M, S, q, *rest), *chunk_write(M, S, *rest)


@in_chunks.wrong("How often does each chunk's momentum have to be worked out: once, or twice?")
def writes_twice(M, S, q, k, v, theta, eta, alpha, b):
    """Every chunk is written twice: once before the reading and once after it."""
    answers = []
    for now in _cut((q, k, v, theta, eta, alpha), b):
        answers.append(chunk_read(M, S, *now))
        M, S = chunk_write(*chunk_write(M, S, *now[1:]), *now[1:])
    return torch.cat(answers), M, S


def _safe_chunk(k, theta):
    return max(b for b in CHUNKS if gauge(k, theta, b).max() < BOUND)


def _texts(function: Callable) -> Iterator[Step]:
    """The largest safe chunk of texts that are more or less alike, with rates that change."""
    kinds = ((0.0, 0.5), (0.5, 0.25), (0.9, 0.05), (0.3, 0.9), (0.7, 0.12), (0.0, 0.25), (0.2, 0.1))
    for number, (likeness, rate) in enumerate(kinds):
        k, _, _ = text(likeness, seed=int(100 * likeness))
        theta = rate * torch.linspace(0.3, 1.4, len(k)).double()
        theta = theta if number % 3 else theta.flip(0)
        yield {"b": torch.as_tensor(float(function(k, theta)), dtype=torch.float64)}


_texts.names = lambda: ("k", "theta")

safe_chunk = Exercise(
    name="06.safe_chunk",
    what="the longest chunk that cannot explode",
    reference=_safe_chunk,
    probe=_texts,
    hints=(
        "Try all seven lengths. For each of them the gauge gives one number a chunk; one chunk "
        "beyond the border is enough to spoil the memory.",
        "gauge(k, theta, b) has one entry for each chunk: `.max()`. What is asked for is the "
        "length b, a whole number, and not the gauge.",
        "    return max(safe)\n"
        "    safe = [b for b in lengths if gauge(k, theta, b).max() < BOUND]\n"
        "    lengths = (1, 2, 4, 8, 16, 32, 64)",
    ),
    source="the gauge, with the border at 2",
    taught=CHAPTER,
    part=False,
)


def _longest(level, limit=BOUND, least=1):
    """The longest chunk whose level stays below the limit."""
    return max([b for b in CHUNKS if level(b) < limit], default=least)


@safe_chunk.wrong("If one chunk of sixteen explodes, is the text safe on average?")
def takes_the_mean(k, theta):
    """It asks the gauge of an average chunk. One chunk beyond the border is enough."""
    return _longest(lambda b: gauge(k, theta, b).mean())


@safe_chunk.wrong("At a gauge of 1.5, is an error of 1 afterwards larger than 1?")
def stops_at_one(k, theta):
    """It stops at 1. From there on an error is overshot, but up to 2 it still shrinks."""
    return _longest(lambda b: gauge(k, theta, b).max(), limit=1.0)


@safe_chunk.wrong("What does a chunk of sixteen keys at right angles have for a gauge?")
def fears_that_all_are_alike(k, theta):
    """It divides 2 by theta, as if all keys were the same. Keys that differ do not add up."""
    return _longest(lambda b: b * theta.max())


@safe_chunk.wrong("What does the gauge say at the length that you return?")
def takes_the_first_that_explodes(k, theta):
    """It returns the first length that is beyond the border, one too long."""
    return next((b for b in CHUNKS if gauge(k, theta, b).max() >= BOUND), 64)


@safe_chunk.wrong("Is a text safe whose calmest chunk is?")
def takes_the_calmest_chunk(k, theta):
    """It looks at the smallest gauge of all chunks."""
    return _longest(lambda b: gauge(k, theta, b).min())


@safe_chunk.wrong("The chunks begin again and again. Which ones has yours looked at?")
def looks_at_the_first_chunk(k, theta):
    """It looks only at the first chunk of each length."""
    return _longest(lambda b: gauge(k, theta, b)[0])


@safe_chunk.wrong("What is asked for: how far the gauge goes, or how long a chunk may be?")
def returns_the_gauge(k, theta):
    """It returns the gauge itself. A length is asked for."""
    return float(gauge(k, theta, _safe_chunk(k, theta)).max())


@safe_chunk.wrong("Does a write rate of 0.1 at one token help where it is 0.9 at the next?")
def takes_the_mean_rate(k, theta):
    """It asks the gauge with one mean rate for all tokens. theta stands inside the sum: each key
    counts with its own."""
    return _longest(lambda b: gauge(k, 0 * theta + theta.mean(), b).max())
