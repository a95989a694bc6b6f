"""One way to look: while `watch` lasts, every memory and every attention of a model reports.

    with watch(model) as seen:
        model(tokens)
    seen.memories[0, "memory"].surprise         MemoryTrace of the memory of block 1
    seen.attentions[0, "attention"].weights     AttentionTrace: who looked at whom
    seen.answers[0, "memory"]                   what it said to every token

A place is (block, name): the name is that of the module in its block, however many there are.
Nothing in the model knows that it is watched, and it costs nothing when nobody watches: these are
the forward hooks of PyTorch. What a block asks piece by piece, as MAC does, is put together along
time; what it asks before the text, as MAG reads its persistent tokens, is left out. Only the first
sequence of a batch is kept. What is watched is one text: a call without a state begins anew.
Taught in chapter 13.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from titans_book.attention import Attention
from titans_book.inspection.traces import AttentionTrace, Place
from titans_book.memory import MemoryTrace, NeuralMemory
from titans_book.memory.trace import Closely, join


@dataclass
class _Call:
    """One call of a memory or an attention: what it was given, and what it answered."""

    x: Tensor
    beside: Tensor | None
    answer: Tensor
    begins: bool
    traces: tuple[MemoryTrace, ...]

    @property
    def time(self) -> int:
        return self.x.shape[1]


class Ear:
    """Listens to one memory or attention; keeps the first sequence, cut from its graph."""

    def __init__(self, module: nn.Module, new_film: Callable[[], list]) -> None:
        self.module, self.new_film = module, new_film
        self.calls: list[_Call] = []
        self.now: list[_Call] = []
        self.film: list[MemoryTrace] = []

    def before(self, module: nn.Module, given: tuple, named: dict) -> tuple[tuple, dict] | None:
        """As a forward pre-hook: a memory that films for nobody else films for us."""
        self.film = self.new_film()
        asked = given[2] if len(given) > 2 else named.get("trace")
        if isinstance(module, Attention) or asked is not None:
            return None
        return given[:2], {**named, "trace": self.film}

    def after(self, module: nn.Module, given: tuple, named: dict, result: tuple) -> None:
        """As a forward hook."""
        state = given[1] if len(given) > 1 else named.get("state")
        beside = given[2] if isinstance(module, Attention) and len(given) > 2 else None
        beside = named.get("beside", beside)
        x, beside, answer = (
            None if part is None else part[:1].detach() for part in (given[0], beside, result[0])
        )
        begins = state is None or state.position == 0
        self.now.append(_Call(x, beside, answer, begins, tuple(self.film)))

    def close(self, time: int) -> None:
        """The block has read so many tokens of the text: what came before them is left out."""
        spare = sum(call.time for call in self.now) - time
        while len(self.now) > 1 and self.now[0].time <= spare:
            spare -= self.now.pop(0).time
        self.calls += self.now
        self.now = []

    def along_time(self, part: str, most: int | None = None) -> Tensor | None:
        """One part of all calls, (1, time, dim), up to `most` tokens; None if it never came."""
        found = [getattr(call, part) for call in self.calls]
        if not found or found[0] is None:
            return None
        return torch.cat(found, dim=1)[:, :most]

    def memories(self) -> tuple[MemoryTrace, ...]:
        """What the memory did; one that holds several tells of each, the one that answers first."""
        films = [call.traces for call in self.calls if call.traces]
        return tuple(map(join, zip(*films, strict=True)))

    @torch.no_grad()
    def attention(self, most: int | None = None) -> AttentionTrace | None:
        """What the attention looked at, up to `most` tokens of it."""
        if not self.calls:
            return None
        if not self.calls[0].begins:
            raise ValueError("attention must be watched from the beginning of a text")
        x, beside, answer = (self.along_time(part, most) for part in ("x", "beside", "answer"))
        weights = self.module.weights(x, beside)[0].cpu()
        persistent = 0 if self.module.persistent is None else len(self.module.persistent)
        recalled = 0 if beside is None else beside.shape[1]
        kept = (None if part is None else part[0].cpu() for part in (x, beside, answer))
        return AttentionTrace(weights, persistent, recalled, *kept)


class Seen:
    """What was heard, by place. Ask before the weights are changed: maps are made when asked for.

    most: of attention, so many tokens are shown: a map is quadratic. None: all.
    """

    def __init__(self, ears: dict[Place, Ear], most: int | None = None) -> None:
        self.ears, self.most = ears, most

    def _of(self, attention: bool) -> Iterator[tuple[Place, Ear]]:
        for place, ear in self.ears.items():
            if ear.calls and isinstance(ear.module, Attention) == attention:
                yield place, ear

    @property
    def memories(self) -> dict[Place, MemoryTrace]:
        """What every memory did: gates, surprise, film."""
        return {place: traces[0] for place, traces in self.several.items()}

    @property
    def several(self) -> dict[Place, tuple[MemoryTrace, ...]]:
        """The same of all memories that one module holds, as one that modifies itself does.

        Those are the memory that answers, then the others in the order of
        `titans_book.nested.self_rules.MEMORIES`. A NeuralMemory is one alone.
        """
        found = {place: ear.memories() for place, ear in self._of(attention=False)}
        return {place: traces for place, traces in found.items() if traces}

    @property
    def attentions(self) -> dict[Place, AttentionTrace]:
        """What every attention looked at. Raises ValueError for the middle of a text."""
        return {place: ear.attention(self.most) for place, ear in self._of(attention=True)}

    @property
    def answers(self) -> dict[Place, Float[Tensor, "1 time dim"]]:
        """What every memory and attention said to the text, where the model is."""
        return {place: ear.along_time("answer") for place, ear in self.ears.items() if ear.calls}

    @property
    def recalled(self) -> dict[Place, Float[Tensor, "1 time dim"]]:
        """What stood beside the text for an attention: h of MAC (Titans eq. 22)."""
        found = {place: ear.along_time("beside") for place, ear in self.ears.items()}
        return {place: h for place, h in found.items() if h is not None}


def blocks_of(model: nn.Module) -> Sequence[nn.Module]:
    """The blocks of a model, whatever it is wrapped in; a module without blocks is one."""
    whole = next((part for part in model.modules() if hasattr(part, "blocks")), None)
    return [model] if whole is None else list(whole.blocks)


def sources(block: nn.Module) -> dict[str, nn.Module]:
    """The memories of a block by name, then its attentions.

    Whatever a block calls one of its `memories()` is one: it is called with x, state and trace, a
    list for a MemoryTrace or several, and answers y and a state.
    """
    parts = [(name or "self", part) for name, part in block.named_modules()]
    found = dict(block.memories()) if hasattr(block, "memories") else {}
    for kind in (NeuralMemory, Attention):
        found |= {name: part for name, part in parts if isinstance(part, kind)}
    return found


@contextmanager
def watch(model: nn.Module, *, closely: bool = False, most: int | None = None) -> Iterator[Seen]:
    """While it lasts, every memory and every attention of the model reports.

    model     a model, a block, a memory or an attention; one that torch.compile has wrapped runs
              as it is written while it is watched.
    closely   traces of memories hold the pairs and S themselves, not only their lengths.
    most      of attention, so many tokens are shown: a map is quadratic. None: all.

    >>> memory = NeuralMemory(8)
    >>> with watch(memory) as seen:
    ...     _ = memory(torch.randn(1, 20, 8))
    >>> seen.memories[0, "self"].times
    (0, 16, 20)
    """
    ears: dict[Place, Ear] = {}
    with ExitStack() as hooks:
        hooks.enter_context(_as_written(model))
        for number, block in enumerate(blocks_of(model)):
            film = Closely if closely else list
            heard = {name: Ear(part, film) for name, part in sources(block).items()}
            ears |= {(number, name): ear for name, ear in heard.items()}
            _listen(block, list(heard.values()), hooks)
        yield Seen(ears, most)


def _listen(block: nn.Module, ears: list[Ear], hooks: ExitStack) -> None:
    """Hooks on a block, to know what belongs to the text, and on its memories and attentions."""

    def begins(_, given: tuple, named: dict) -> None:
        state = given[1] if len(given) > 1 else named.get("state")
        for ear in ears:
            ear.now.clear()
            if state is None:
                ear.calls.clear()

    def ends(_, given: tuple, named: dict, result: tuple) -> None:
        for ear in ears:
            ear.close(given[0].shape[1])

    made = [block.register_forward_pre_hook(begins, with_kwargs=True)]
    for ear in ears:
        made.append(ear.module.register_forward_pre_hook(ear.before, with_kwargs=True))
        made.append(ear.module.register_forward_hook(ear.after, with_kwargs=True))
    made.append(block.register_forward_hook(ends, with_kwargs=True))
    for hook in made:
        hooks.callback(hook.remove)


def _as_written(model: nn.Module) -> AbstractContextManager:
    """A compiled model does not see hooks that come later."""
    compiled = any(hasattr(part, "_orig_mod") for part in model.modules())
    return torch.compiler.set_stance("force_eager") if compiled else nullcontext()
