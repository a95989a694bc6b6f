"""Any language model, some of its modules learning while it reads (Nested Learning 7.3).

    symbol    meaning                                             identifier
    x_i       a token                                             tokens
    C         tokens in a window, the period of a level           levels, the keys
    W_i       weights of the named modules, for token i           state.levels[n].weights
    g_i       gradient of -log p(x_{i+1} | x_1 ... x_i) at W_i    state.levels[n].window (the sum)

Levels are updated as those of a ContinuumMemory are. The loss of token i needs token i + 1, so the
last token of a call waits for the next one: an update that is due after it is done as soon as the
next token is known, before that is read. Gradients are taken of whole pieces, from one update of
any level to the next, and end at the piece: what the model remembers of the text before it
(attention's keys, a memory) counts as given. That memory was made by the weights of its time, and
stays as it is when they learn. Taught in chapter 12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Integer
from torch import Tensor, nn
from torch.func import functional_call

from titans_book.nested.continuum.clocks import Clock, clocks_of, pieces
from titans_book.nested.continuum.gradients import works_in_inference_mode
from titans_book.nested.continuum.state import LevelState, Weights
from titans_book.nested.continuum.steps import fresh, gathered, shapes, started, untouched, updated
from titans_book.state import State

Levels = Mapping[int, str | Sequence[str]]


@dataclass(frozen=True, repr=False)
class LearningState(State):
    """What the learning modules and the model hand on after `position` tokens.

    levels   weights, open windows and counts of every level.
    open     tokens served since the last update, which the gradients are still to be taken of.
    before   the model's own state before these; model: after them. None if it has none.
    """

    levels: tuple[LevelState, ...]
    open: Tensor
    before: State | None = None
    model: State | None = None
    position: int = 0


@dataclass(frozen=True)
class _Reader:
    """The model, the paces, and the parameters of the levels by name."""

    model: nn.Module
    clocks: tuple[Clock, ...]
    average: bool
    named: tuple[dict[str, Tensor], ...]

    @property
    def active(self) -> list[int]:
        """The levels that learn."""
        return [n for n, clock in enumerate(self.clocks) if clock.ticks]

    def serve(self, levels: tuple[LevelState, ...], tokens: Tensor, state: State | None):
        """Logits and the model's next state; every row with its own weights."""
        with torch.no_grad():
            if all(untouched(self.model, level.weights) for level in levels):
                return _called(self.model, tokens, state)
            rows = [
                _called(self._with(_row(levels, b)), tokens[b : b + 1], _state_row(state, b))
                for b in range(len(tokens))
            ]
        return torch.cat([logits for logits, _ in rows]), _joined([state for _, state in rows])

    def gradients(self, state: LearningState, targets: Tensor) -> list[Weights]:
        """The gradients of the open tokens' losses, a level each, for every row."""
        found = []
        for b in range(len(targets)):
            own = {name: W.detach().requires_grad_() for name, W in _row(state.levels, b).items()}
            with torch.enable_grad():
                call = self._with(own)
                logits, _ = _called(call, state.open[b : b + 1], _state_row(state.before, b))
                logits = logits[0].to(torch.promote_types(logits.dtype, torch.float32))
                loss = F.cross_entropy(logits, targets[b], reduction="sum")
            found.append(torch.autograd.grad(loss, list(own.values()), materialize_grads=True))
        stacked = dict(zip(own, map(torch.stack, zip(*found, strict=True)), strict=True))
        return [{name: stacked[name] for name in level.weights} for level in state.levels]

    def learned(self, state: LearningState, following: Tensor) -> LearningState:
        """The state after the open tokens were learned from; `following` is the next token."""
        targets = torch.cat([state.open[:, 1:], following], 1).long()
        levels = list(state.levels)
        gradients = self.gradients(state, targets)
        for n in self.active:
            levels[n] = replace(levels[n], window=gathered(levels[n].window, gradients[n]))
            if self.clocks[n].due(state.position):
                origin = started(self.named[n], len(following))
                levels[n] = updated(levels[n], origin, self.clocks[n], self.average)
        return replace(state, levels=tuple(levels), open=state.open[:, :0], before=state.model)

    def _with(self, weights: Weights):
        """The model with these weights."""
        own = {n: p.dtype for level in self.named for n, p in level.items()}
        weights = {name: W.to(own[name]) for name, W in weights.items()}
        return lambda *given: functional_call(self.model, weights, given)


@works_in_inference_mode
def read_and_learn(
    model: nn.Module,
    tokens: Integer[Tensor, "batch time"],
    state: LearningState | None = None,
    *,
    levels: Levels,
    rates: float | Sequence[float] = 0.01,
    keep: float | Sequence[float] = 1.0,
    average: bool = False,
) -> tuple[Float[Tensor, "batch time vocab"], LearningState]:
    """Logits of the next token after every token, the named modules learning on the way.

    model     logits, state = model(tokens, state), as a TitansLM, its state a `State`; or logits =
              model(tokens), each token by itself. Its own weights stay as they are.
    levels    names of modules, or of single parameters, by their period in tokens, such as
              {16: ["blocks.0.mlp"], 64: ["blocks.1.mlp"]}.
    rates, keep   one for all or one a level, as for ContinuumMemory; average: of the mean over C.
    state     where an earlier call stopped, to be read on with the same options.

    Token i is served before its loss is known, every row of the batch has weights of its own, and
    one call equals any split. With all rates 0 this is the model, to the bit. Gradients stay
    inside: the logits carry none to an outer loop.

    Raises ValueError or TypeError naming the argument.
    """
    reader = _reader(model, levels, rates, keep, average)
    state = _checked(reader, tokens, state)
    active, answers = reader.active, []
    cuts = pieces(state.position, tokens.shape[1], [reader.clocks[n].period for n in active])
    for part in tokens.split(cuts, 1):
        ended = any(reader.clocks[n].due(state.position) for n in active)
        if ended and state.open.shape[1]:
            state = reader.learned(state, part[:, :1])
        logits, after = reader.serve(state.levels, part, state.model)
        answers.append(logits)
        if active:
            state = replace(state, open=torch.cat([state.open, part], 1), model=after)
        else:
            state = replace(state, open=part[:, :0], before=after, model=after)
        state = replace(state, position=state.position + part.shape[1])
    return torch.cat(answers, 1), state


def _reader(model: nn.Module, levels: Levels, rates, keep, average: bool) -> _Reader:
    if not isinstance(levels, Mapping):
        raise TypeError(f"levels must map periods to names of modules, got {levels!r}")
    clocks = clocks_of(list(levels), rates, keep)
    own = {name: p.detach() for name, p in model.named_parameters()}
    named, taken = [], set()
    for names in levels.values():
        found = {}
        for name in [names] if isinstance(names, str) else names:
            inside = {n: p for n, p in own.items() if n == name or n.startswith(f"{name}.")}
            if not inside:
                raise ValueError(f"levels names {name!r}, which has no parameters in the model")
            if again := sorted(taken & inside.keys()):
                raise ValueError(f"levels holds {again[0]} twice")
            taken |= inside.keys()
            found |= inside
        named.append(found)
    return _Reader(model, clocks, average, tuple(named))


def _checked(reader: _Reader, tokens: Tensor, state: LearningState | None) -> LearningState:
    if not isinstance(tokens, Tensor) or tokens.dim() != 2 or tokens.is_floating_point():
        raise ValueError("tokens must be a tensor of whole numbers of shape (batch, time)")
    if not tokens.shape[1]:
        raise ValueError("tokens must hold at least one token")
    if state is not None and not isinstance(state, LearningState):
        raise TypeError(f"state must be a LearningState or None, got {type(state).__name__}")
    none = next(iter(reader.named[0].values())).new_zeros(len(tokens), dtype=torch.float32)
    begin = tuple(fresh(own, len(tokens), none) for own in reader.named)
    if state is None:
        return LearningState(begin, tokens[:, :0])
    if shapes(state.levels) != shapes(begin):
        raise ValueError(
            f"state belongs to other levels or another batch: it has {shapes(state.levels)}, this "
            f"call needs {shapes(begin)}"
        )
    return state


def _called(call: Any, tokens: Tensor, state: State | None) -> tuple[Tensor, State | None]:
    """Logits and the next state, None of a model that has none."""
    found = call(tokens) if state is None else call(tokens, state)
    return (found, None) if isinstance(found, Tensor) else found


def _row(levels: tuple[LevelState, ...], b: int) -> Weights:
    return {name: W[b] for level in levels for name, W in level.weights.items()}


def _state_row(state: State | None, b: int) -> State | None:
    return None if state is None else state.rows([b])


def _joined(parts: Sequence[Any]) -> Any:
    """One state of the states of single rows."""
    first = parts[0]
    if isinstance(first, Tensor):
        return torch.cat(list(parts))
    if isinstance(first, State):
        return type(first)(*map(_joined, zip(*(p.parts().values() for p in parts), strict=True)))
    if isinstance(first, tuple):
        return tuple(map(_joined, zip(*parts, strict=True)))
    if isinstance(first, Mapping):
        return {name: _joined([part[name] for part in parts]) for name in first}
    return first
