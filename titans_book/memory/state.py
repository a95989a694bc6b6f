"""What goes in and comes out of a memory: the gates of every token, and the state.

    symbol   meaning                                      shape               identifier
    theta    write rate, theta >= 0                       (B, H, T)           Gates.theta
    eta      momentum decay, 0 <= eta <= 1                (B, H, T)           Gates.eta
    alpha    forgetting, 0 <= alpha <= 1                  (B, H, T)           Gates.alpha
    M_t      fast weights of layer l                      (B, H, d_in, d_out) .weights[l]
    S_t      momentum, the past surprise of layer l       (B, H, d_in, d_out) .momentum[l]
    M_t'     the weights at the last chunk boundary       (B, H, d_in, d_out) .anchor[l]
    t        tokens read so far                           -                   .position

The state is a value. Whoever holds it can hand it on, keep it for tomorrow or throw it away; no
module remembers anything by itself. Its size does not depend on how much has been read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from titans_book.state import State
from titans_book.values import extremes, finite

Layers = tuple[Tensor, ...]


@dataclass(frozen=True)
class Gates:
    """theta, eta and alpha of every token and head (Titans eqs. 10, 13, 14).

    Raises ValueError for a wrong shape, or a value that is out of range or not a number. On a GPU
    the values are not looked at, because looking would wait for the device.
    """

    theta: Float[Tensor, "batch heads time"]
    eta: Float[Tensor, "batch heads time"]
    alpha: Float[Tensor, "batch heads time"]

    def check(self, batch: int, heads: int, time: int) -> None:
        ranges = {"theta": (0, torch.inf), "eta": (0, 1), "alpha": (0, 1)}
        for name, (least, most) in ranges.items():
            gate = getattr(self, name)
            if tuple(gate.shape) != (batch, heads, time):
                raise ValueError(
                    f"gates.{name} must have the shape (batch, heads, time) of q, "
                    f"{(batch, heads, time)}, got {tuple(gate.shape)}"
                )
            seen = extremes(gate)
            # written so that NaN is refused as well
            if seen and not (seen[0] >= least and seen[1] <= most and seen[1] < torch.inf):
                raise ValueError(
                    f"gates.{name} must be finite and between {least} and {most}, "
                    f"got values from {seen[0]:g} to {seen[1]:g}"
                )

    def map(self, function) -> "Gates":
        """The same function applied to theta, eta and alpha."""
        return Gates(function(self.theta), function(self.eta), function(self.alpha))

    def slice(self, start: int, stop: int) -> "Gates":
        """The gates of the tokens from `start` up to `stop`.

        >>> ones = torch.ones(1, 1, 8)
        >>> Gates(ones, ones, ones).slice(2, 5).theta.shape
        torch.Size([1, 1, 3])
        """
        return self.map(lambda gate: gate[..., start:stop])


@dataclass(frozen=True, repr=False)
class MemoryState(State):
    """Everything a memory knows after `position` tokens, in named groups of one tensor a layer.

    weights    M_t, the fast weights.
    momentum   S_t, the past surprise.
    anchor     M_t', the weights at the last chunk boundary.

    The gradient of a token is taken at the anchor, t' = b floor((t - 1) / b) (Titans eq. 16, its
    border mended), so a state cut anywhere inside a chunk goes on as if nothing had happened.
    """

    layers: dict[str, Layers]
    position: int = 0

    @classmethod
    def from_parts(cls, parts: Mapping[str, Any]) -> "MemoryState":
        """The state in a file; an older one has the three groups side by side."""
        return cls(**parts) if "layers" in parts else cls.of(**parts)

    @classmethod
    def of(
        cls,
        weights: Sequence[Tensor],
        momentum: Sequence[Tensor],
        anchor: Sequence[Tensor],
        position: int = 0,
    ) -> "MemoryState":
        """The state with these three groups."""
        groups = {"weights": weights, "momentum": momentum, "anchor": anchor}
        return cls({name: tuple(layers) for name, layers in groups.items()}, position)

    @property
    def weights(self) -> Layers:
        """M_t, one tensor a layer, (B, H, d_in, d_out)."""
        return self.layers["weights"]

    @property
    def momentum(self) -> Layers:
        """S_t, of the shapes of the weights."""
        return self.layers["momentum"]

    @property
    def anchor(self) -> Layers:
        """M_t', of the shapes of the weights."""
        return self.layers["anchor"]


def begin(weights: Sequence[Tensor], batch: int) -> MemoryState:
    """The state before the first token: M_0 for every sequence of the batch, S_0 = 0.

    weights: one tensor a layer, (H, d_in, d_out) shared by the batch or (B, H, d_in, d_out). The
    state holds a copy: an optimizer that moves M_0 later changes no state that was handed out.
    """
    start = tuple((W if W.dim() == 4 else W.expand(batch, *W.shape)).clone() for W in weights)
    return MemoryState.of(start, [torch.zeros_like(W) for W in start], start)


def check(q: Tensor, k: Tensor, v: Tensor, gates: Gates, weights: Sequence[Tensor]) -> None:
    """Raise TypeError or ValueError, naming the argument, unless the shapes fit each other."""
    for name, x in {"q": q, "k": k, "v": v}.items():
        if not x.is_floating_point():
            raise TypeError(f"{name} must be a floating-point tensor, got {x.dtype}")
        if x.dim() != 4 or x.shape[:3] != k.shape[:3]:
            raise ValueError(
                f"{name} must have shape (batch, heads, time, dim) with the batch, heads and time "
                f"of k, {tuple(k.shape)}, got {tuple(x.shape)}"
            )
    batch, heads, time, dim = k.shape
    if len(weights) == 0:
        raise ValueError("weights must hold one tensor for each layer, got none")
    width = dim
    for layer, W in enumerate(weights):
        lead = tuple(W.shape[:-2])
        if W.dim() not in (3, 4) or lead not in ((heads,), (batch, heads)) or W.shape[-2] != width:
            raise ValueError(
                f"weights[{layer}] must have shape (heads, {width}, d_out) or "
                f"(batch, heads, {width}, d_out) with heads={heads}, batch={batch}, "
                f"got {tuple(W.shape)}"
            )
        width = W.shape[-1]
    if q.shape[-1] != dim or width != v.shape[-1] or (len(weights) > 1 and width != dim):
        raise ValueError(
            f"q and k must share their dim, and the last layer must answer in the dim of v (a "
            f"residual network: in the dim of k too); got q {q.shape[-1]}, k {dim}, "
            f"v {v.shape[-1]}, last layer {width}"
        )
    gates.check(batch, heads, time)
    finite(q=q, k=k, v=v)


def resume(
    state: MemoryState | None, weights: Sequence[Tensor], batch: int, dtype: torch.dtype
) -> MemoryState:
    """The state to go on from, in `dtype`: the one handed in, or a fresh one if that is None.

    Raises TypeError or ValueError unless a state that is handed in has the shapes of a fresh one.
    """
    if state is None:
        finite(**{f"weights[{layer}]": W for layer, W in enumerate(weights)})
        return begin([W.to(dtype) for W in weights], batch)
    check_state(state, weights, batch)
    return state if all(x.dtype == dtype for x in state.tensors()) else state.to(dtype)


def check_state(state: MemoryState, weights: Sequence[Tensor], batch: int) -> None:
    """Raise TypeError or ValueError unless it is a state of a memory with these M_0."""
    if not isinstance(state, MemoryState):
        raise TypeError(f"state must be a MemoryState or None, got {type(state).__name__}")
    want = [(batch, *W.shape[-3:]) for W in weights]
    for name in ("weights", "momentum", "anchor"):
        have = [tuple(x.shape) for x in state.layers.get(name, ())]
        if have != want:
            raise ValueError(
                f"state belongs to another memory or batch: its {name} have shapes {have}, "
                f"this call needs {want}"
            )


@dataclass(frozen=True)
class MemoryTrace:
    """What one memory did while it read one sequence, for the eye: detached, on the CPU.

    surprise is |grad loss| of each token over all layers (Titans eq. 8); keys and values are the
    lengths |k_t| and |v_t| of what was written. film[l][i] is the weight matrix of layer l after
    times[i] tokens of this call, momentum[i] the length |S| of the momentum, all layers together.

    Only for those who look closely (`titans_book.memory.trace.Closely`): pairs are k_t and v_t
    themselves, S[l][i] the momentum of layer l, at the times of the film.
    """

    theta: Float[Tensor, "heads time"]
    eta: Float[Tensor, "heads time"]
    alpha: Float[Tensor, "heads time"]
    surprise: Float[Tensor, "heads time"]
    keys: Float[Tensor, "heads time"]
    values: Float[Tensor, "heads time"]
    film: tuple[Float[Tensor, "frames heads _ _"], ...]
    momentum: Float[Tensor, "frames heads"]
    times: tuple[int, ...]
    pairs: tuple[Float[Tensor, "heads time _"], ...] = ()
    S: tuple[Float[Tensor, "frames heads _ _"], ...] = ()
