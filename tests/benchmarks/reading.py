"""The last part of hope.py: a trained Hope goes on learning while it reads another text.

The levels of the model that was trained on Shakespeare get clocks in tokens, 16, 64 and 256, and
learn by `read_and_learn`, with the mean gradient of a window. The text is one stream, and starts
from the trained weights.

    reading    bits a byte of 4,096 bytes, with all levels learning, or one alone; each with the
               rate that was best on another 2,048 bytes of the same kind. `frozen` is the same
               stream without learning, `fresh` the same in windows of 128 with a fresh memory. The
               MLPs of Titans, which have no clocks, learn at C = 16, to compare.
    forgetting   four kinds of text, 4,096 bytes each, are read one after the other by one state.
               Row i has the bits on 2,048 other bytes of every kind after i + 1 of them, windows of
               128, nothing learned. `wiped` is the same with the level of C = 16 back at its
               start, and `frozen` the row of the model that has read nothing. `lost` is the last
               score less the best, of every kind, as the model stands and wiped.
"""

from copy import deepcopy
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.benchmarks.keeping import Keeper
from titans_book.evaluation import bits_per_token
from titans_book.evaluation.scores import bits
from titans_book.model import TitansLM
from titans_book.nested.continuum import LearningState, read_and_learn
from titans_book.tasks.continual import Part, ciphers, domains, forgetting, forgetting_matrix

PERIODS, RATES, KEEP, LENGTH = (16, 64, 256), (0.01, 0.03, 0.1, 0.3, 1.0), 0.9, 128
READ, VALID, TEST = 4096, 2048, 2048
Names = dict[int, list[str]]


def settings() -> dict[str, Any]:
    """What the numbers above are, for the record."""
    clocks = {"periods": list(PERIODS), "rates": list(RATES), "keep": KEEP}
    return {**clocks, "bytes": {"read": READ, "valid": VALID, "test": TEST}}


def kinds() -> dict[str, Part]:
    """Texts that are read: two kinds that the model does not know, and the rest of the domains."""
    size = READ + VALID + TEST
    found = [*domains(size, TEST / size), *ciphers(1, size, TEST / size)]
    return {part.name: part for part in found}


def clocked(model: TitansLM) -> Names:
    """The names of the levels by their period in tokens; of Titans all MLPs have the first."""
    found: Names = {}
    for b, block in enumerate(model.blocks):
        if hasattr(block, "levels"):
            for n, period in enumerate(PERIODS):
                found.setdefault(period, []).append(f"blocks.{b}.levels.levels.{n}")
        else:
            found.setdefault(PERIODS[0], []).append(f"blocks.{b}.mlp")
    return found


def read(
    model: TitansLM, text: Tensor, names: Names, state: LearningState | None = None, **how: Any
) -> tuple[list[float], LearningState]:
    """Bits a byte in each quarter of the text, and the state after it."""
    logits, state = read_and_learn(model, text[None, :-1], state, levels=names, average=True, **how)
    nats = F.cross_entropy(logits[0], text[1:].long(), reduction="none")
    return [bits(one.mean().item()) for one in nats.chunk(4)], state


def mean(quarters: list[float]) -> float:
    return round(sum(quarters) / len(quarters), 4)


def learned(model: TitansLM, part: Part, names: Names) -> dict[str, Any]:
    """What learning while reading is worth, with the best rate on a text beside it."""
    test, valid = part.train[:READ], part.train[READ:]
    tried = {rate: mean(read(model, valid, names, rates=rate)[0]) for rate in (0.0, *RATES)}
    best = min(RATES, key=tried.__getitem__)
    quarters, state = read(model, test, names, rates=best)
    own = dict(model.named_parameters())
    changes = []
    for level in state.levels:
        before = torch.cat([own[name].detach().flatten() for name in level.weights])
        after = torch.cat([W[0].flatten() for W in level.weights.values()])
        changes.append(round(((after - before).norm() / before.norm()).item(), 4))
    return {
        "valid": {f"{rate:g}": found for rate, found in tried.items()},
        "rate": best,
        "frozen": mean(read(model, test, names, rates=0.0)[0]),
        "fresh": round(bits_per_token(model, test, LENGTH), 4),
        "bits": mean(quarters),
        "quarters": [round(one, 4) for one in quarters],
        "updates": [level.updates for level in state.levels],
        "moved": [round(level.moved.item() / level.updates, 4) for level in state.levels],
        "change": changes,
    }


def standing(model: TitansLM, state: LearningState, wiped: int | None = None) -> TitansLM:
    """The model with what the levels have learned, the one with the number `wiped` left out."""
    copy = deepcopy(model)
    for n, level in enumerate(state.levels):
        if n != wiped:
            own = {name: W[0] for name, W in level.weights.items()}
            copy.load_state_dict(own, strict=False)
    return copy


def forgotten(model: TitansLM, rate: float, keep: float) -> dict[str, Any]:
    """The matrix of four kinds of text, as it stands and with the fast level wiped."""
    parts, names, states = domains(READ + TEST, TEST / (READ + TEST)), clocked(model), []
    how = {"rates": rate, "keep": (keep, *[1.0] * (len(names) - 1))}

    def learn(part: Part) -> None:
        states.append(read(model, part.train, names, states[-1] if states else None, **how)[1])

    def score(part: Part) -> float:
        return bits_per_token(standing(model, states[-1]), part.test, LENGTH)

    rows = forgetting_matrix(parts, learn, score)
    bare = [[bits_per_token(standing(model, s, 0), p.test, LENGTH) for p in parts] for s in states]
    bare = torch.tensor(bare, dtype=rows.dtype)
    lost = torch.stack([forgetting(rows), forgetting(bare)])
    found = {"matrix": rows, "wiped": bare, "lost": lost}
    frozen = [bits_per_token(model, part.test, LENGTH) for part in parts]
    return {
        "parts": [part.name for part in parts],
        "rate": rate,
        "keep": keep,
        "frozen": [round(one, 4) for one in frozen],
        **{name: [[round(x, 4) for x in row] for row in m.tolist()] for name, m in found.items()},
    }


def all_reading(keeper: Keeper, hope: TitansLM, titans: TitansLM) -> None:
    """Every cell that is not there yet."""
    texts, names = kinds(), clocked(hope)
    for kind in ("presidents", "cipher A"):
        cell = partial(keeper.cell, "reading", kind)
        cell("all levels", measure=partial(learned, hope, texts[kind], names))
        for period, own in names.items():
            measure = partial(learned, hope, texts[kind], {period: own})
            cell(f"C = {period} alone", measure=measure)
        cell("titans, lmm", measure=partial(learned, titans, texts[kind], clocked(titans)))
    rate = keeper.record["reading"]["presidents"]["all levels"]["rate"]
    for name, keep in {"keeps": 1.0, "fast level forgets": KEEP}.items():
        keeper.cell("forgetting", name, measure=partial(forgotten, hope, rate, keep))
