"""Key-value streams: the smallest worlds in which a memory can be right or wrong.

At every step a key and a value arrive. The memory answers before it sees the value, and is scored
against the *clean* value, which the stream knows and the memory does not:

    score = mean_t |M_{t-1}(k_t) - clean_t|^2 / mean_t |clean_t|^2          (1 = answering zero)

Seven kinds, each built to show one thing. Keys have length 1. Maps and free values are standard
normal, so a clean value has about unit size in every feature, and `noise` is in that unit.

    capacity      n unrelated pairs, once each               how much fits in
    outliers      one map, a few wild values                 L2 against Huber and Lp
    switching     a new map every `period` steps, new keys   forgetting has a best rate
    book          the same, over a small book of keys        the delta rule overwrites by itself
    surprise      a book by heart, new pairs at known times  surprise spikes, and its tail
    interference  new keys close to old ones                 one key's write damages another's
    timescales    a sum of maps, some quick, some slow       levels of memory (chapter 12)

`births` is a stream of real data.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from inspect import signature

import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor

from titans_book.tasks.check import count, fraction, source, within
from titans_book.tasks.draw import choose, near, normal, recite, unit


@dataclass(frozen=True)
class Stream:
    """One batch of streams. Rows are tokens: `keys[b, t]` is the key of step t in stream b.

    values  what the memory is shown: the clean value, plus noise and outliers
    clean   what it should say
    events  where the kind's event happens: an outlier, a switch of a map, a novel pair, a key
            close to an old one. Never in "capacity".
    pair    which key this is. Equal number, equal key.
    regime  which map or set of values is in force. Equal pair and regime, equal clean value.
    maps    the maps W, one for each regime, with clean = k W[regime]; None if values are free, or
            in "timescales".
    terms   in "timescales" what each of the maps in force adds to the clean value, the slowest
            first: clean = terms.sum(2). None elsewhere.
    """

    kind: str
    keys: Float[Tensor, "batch time dim"]
    values: Float[Tensor, "batch time dim_v"]
    clean: Float[Tensor, "batch time dim_v"]
    events: Bool[Tensor, "batch time"]
    pair: Int[Tensor, "batch time"]
    regime: Int[Tensor, "batch time"]
    maps: Float[Tensor, "batch regimes dim dim_v"] | None = None
    terms: Float[Tensor, "batch time terms dim_v"] | None = None


@dataclass(frozen=True)
class Frame:
    """What every kind shares: sizes, noise, and the source of chance. `dim_v` None means `dim`."""

    batch: int = 8
    time: int = 1024
    dim: int = 64
    dim_v: int | None = None
    noise: float | int = 0.0
    seed: int | Generator = 0

    def checked(self) -> tuple[int, int, int, int, Generator]:
        """batch, time, dim, dim_v and the generator; ValueError or TypeError for a bad field."""
        sizes = [count(name, getattr(self, name)) for name in ("batch", "time", "dim")]
        dim_v = sizes[2] if self.dim_v is None else count("dim_v", self.dim_v)
        within("noise", self.noise, 0)
        return *sizes, dim_v, source(self.seed)


FRAME = tuple(Frame.__dataclass_fields__)


def kv_stream(kind: str, **fields) -> Stream:
    """A batch of streams of one kind (see the top of this file, and each kind's own function).

    Every kind takes batch=8, time=1024, dim=64, dim_v=None (as dim), noise=0.0 and seed=0, which
    is an int or a torch.Generator. The kind's own fields are those of the function of its name.
    Raises ValueError or TypeError naming the field. The same seed gives the same stream.
    Chapters 01 to 04, 10 and 12.

    >>> stream = kv_stream("switching", time=1000, period=250)
    >>> stream.keys.shape, stream.events[0].nonzero().flatten().tolist()
    (torch.Size([8, 1000, 64]), [250, 500, 750])
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {sorted(KINDS)}, got {kind!r}")
    shared = {name: fields.pop(name) for name in FRAME if name in fields}
    known = [name for name in signature(KINDS[kind]).parameters if name != "frame"]
    if unknown := set(fields) - set(known):
        allowed = [*FRAME, *known]
        raise TypeError(f"{kind!r} has no field {sorted(unknown)[0]!r}; it takes {allowed}")
    return KINDS[kind](Frame(**shared), **fields)


def capacity(frame: Frame) -> Stream:
    """`time` unrelated pairs, each once. Beyond time = dim no linear memory can hold them all."""
    batch, time, dim, dim_v, g = frame.checked()
    keys, clean = unit(g, batch, time, dim), normal(g, batch, time, dim_v)
    return _stream("capacity", frame, g, keys, clean)


def outliers(frame: Frame, *, rate: float | int = 0.02, scale: float | int = 20.0) -> Stream:
    """One map throughout. A share `rate` of the values is thrown off by `scale` times a normal."""
    fraction("rate", rate)
    within("scale", scale, 0)
    batch, time, dim, dim_v, g = frame.checked()
    hit = torch.rand(batch, time, generator=g) < rate
    wild = scale * hit[..., None] * normal(g, batch, time, dim_v)
    keys, maps = unit(g, batch, time, dim), normal(g, batch, 1, dim, dim_v)
    return _stream("outliers", frame, g, keys, keys @ maps[:, 0], events=hit, extra=wild, maps=maps)


def switching(frame: Frame, *, period: int = 512) -> Stream:
    """The map is drawn anew every `period` steps. No key ever comes twice."""
    batch, time, dim, _, g = frame.checked()
    return _switching("switching", frame, g, unit(g, batch, time, dim), None, period)


def book(frame: Frame, *, period: int = 512, book: int = 32) -> Stream:
    """The map is drawn anew every `period` steps, the keys come from one book of `book` keys."""
    count("book", book)
    batch, time, dim, _, g = frame.checked()
    pair = torch.randint(book, (batch, time), generator=g)
    return _switching("book", frame, g, choose(unit(g, batch, book, dim), pair), pair, period)


def surprise(frame: Frame, *, book: int = 16, novel: Sequence[int] | None = None) -> Stream:
    """A book of pairs, recited in a new order each round; at the times `novel`, a pair never seen.

    `novel` defaults to every eighth of the stream: time/8, 2 time/8, ... 7 time/8.
    """
    count("book", book)
    batch, time, dim, dim_v, g = frame.checked()
    times = _times(novel, time)
    pair = recite(g, batch, time, book)
    pair[:, times] = book + torch.arange(len(times))
    events = torch.zeros(batch, time, dtype=torch.bool)
    events[:, times] = True
    keys = unit(g, batch, book + len(times), dim)
    clean = normal(g, batch, book + len(times), dim_v)
    return _stream("surprise", frame, g, choose(keys, pair), choose(clean, pair), events, pair)


def interference(frame: Frame, *, cosine: float | int = 0.9) -> Stream:
    """First half: unrelated pairs. Second half: key time/2 + i has this cosine to key i.

    Their values have nothing in common. `time` must be even and `dim` at least 2.
    """
    within("cosine", cosine, -1, 1)
    batch, time, dim, dim_v, g = frame.checked()
    if time % 2 or dim < 2:
        raise ValueError(f"time must be even and dim at least 2, got {time} and {dim}")
    old = unit(g, batch, time // 2, dim)
    keys = torch.cat([old, near(g, old, cosine)], dim=1)
    events = (torch.arange(time) >= time // 2).expand(batch, time).clone()
    return _stream("interference", frame, g, keys, normal(g, batch, time, dim_v), events)


def timescales(frame: Frame, *, periods: Sequence[int] = (512, 64, 8)) -> Stream:
    """A sum of maps of equal variance: one for good, and one drawn anew every `period` steps each.

    v_t = k_t (W_0 + W_1[t // P_1] + W_2[t // P_2] + ...), P the periods, the longest first; an
    event is where any of them is drawn anew. No key ever comes twice.
    """
    periods = _periods(periods)
    batch, time, dim, dim_v, g = frame.checked()
    keys, size = unit(g, batch, time, dim), (1 + len(periods)) ** -0.5
    maps = [size * normal(g, batch, -(-time // p), dim, dim_v) for p in (time, *periods)]
    spells = zip(maps, (time, *periods), strict=True)
    terms = torch.stack([_mapped(keys, W, period) for W, period in spells], dim=2)
    times = torch.arange(time)
    anew = torch.stack([(times % period == 0) & (times > 0) for period in periods]).any(0)
    events = anew.expand(batch, time).clone()
    regime = events.cumsum(1)
    stream = _stream("timescales", frame, g, keys, terms.sum(2), events, regime=regime)
    return replace(stream, terms=terms)


KINDS: dict[str, Callable[..., Stream]] = {
    function.__name__: function
    for function in (capacity, outliers, switching, book, surprise, interference, timescales)
}


def _switching(kind: str, frame: Frame, g: Generator, keys, pair, period: int) -> Stream:
    count("period", period)
    batch, time, dim = keys.shape
    regime = (torch.arange(time) // period).expand(batch, time).clone()
    maps = normal(g, batch, -(-time // period), dim, frame.dim_v or dim)
    clean = _mapped(keys, maps, period)
    events = regime.diff(dim=1, prepend=regime[:, :1]) > 0
    return _stream(kind, frame, g, keys, clean, events, pair, regime, maps)


def _mapped(keys: Tensor, maps: Tensor, period: int) -> Tensor:
    """k_t W[t // period] for every t."""
    spells = zip(keys.split(period, dim=1), maps.unbind(1), strict=True)
    return torch.cat([k @ w for k, w in spells], dim=1)


def _stream(
    kind,
    frame,
    g,
    keys,
    clean,
    events=None,
    pair=None,
    regime=None,
    maps=None,
    extra=0.0,
    terms=None,
):
    """Add the noise and fill in what the kind did not say: no events, no repeats, one regime."""
    batch, time = keys.shape[:2]
    zeros = torch.zeros(batch, time, dtype=torch.long)
    values = clean + extra + frame.noise * normal(g, *clean.shape)
    events = zeros.bool() if events is None else events
    pair = torch.arange(time).expand(batch, time).clone() if pair is None else pair
    regime = zeros if regime is None else regime
    return Stream(kind, keys, values, clean, events, pair, regime, maps)


def _times(novel: Sequence[int] | None, time: int) -> list[int]:
    times = [i * time // 8 for i in range(1, 8)] if novel is None else list(novel)
    whole = all(isinstance(t, int) and not isinstance(t, bool) and 0 <= t < time for t in times)
    if not whole or len(set(times)) < len(times):
        raise ValueError(f"novel must be different whole times from 0 to {time - 1}, got {times}")
    return sorted(times)


def _periods(periods: Sequence[int]) -> tuple[int, ...]:
    found = tuple(count("periods", period) for period in periods)
    if not found or sorted(set(found), reverse=True) != list(found):
        raise ValueError(f"periods must be one or more, each shorter than the last, got {periods}")
    return found
