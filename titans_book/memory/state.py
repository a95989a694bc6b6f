"""What a memory hands on: its state, and what was seen of it while it read.

    symbol   meaning                                      shape               identifier
    M_t      fast weights of layer l                      (B, H, d_in, d_out) .weights[l]
    S_t      momentum, the past surprise of layer l       (B, H, d_in, d_out) .momentum[l]
    M_t'     the weights at the last chunk boundary       (B, H, d_in, d_out) .anchor[l]
    t        tokens read so far                           -                   .position

Rules of chapter 10 carry more groups; groups.py lists them.

The state is a value. Whoever holds it can hand it on, keep it for tomorrow or throw it away; no
module remembers anything by itself. Its size does not depend on how much has been read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float
from torch import Tensor

from titans_book.state import State

Layers = tuple[Tensor, ...]


@dataclass(frozen=True, repr=False)
class MemoryState(State):
    """Everything a memory knows after `position` tokens, in named groups of one tensor a layer.

    weights    M_t, the fast weights.
    momentum   S_t, the past surprise; 0 under a rule without momentum.
    anchor     M_t', the weights at the last chunk boundary.

    More of them where the rule needs more: see groups.py.

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
        **more: Sequence[Tensor],
    ) -> "MemoryState":
        """The state with these three groups, and others by name."""
        groups = {"weights": weights, "momentum": momentum, "anchor": anchor, **more}
        return cls({name: tuple(layers) for name, layers in groups.items()}, position)

    @property
    def weights(self) -> Layers:
        """M_t, one tensor a layer, (B, H, d_in, d_out)."""
        return self.layers["weights"]

    @property
    def gathered(self) -> Layers:
        """A_t, of the shapes of the weights: M_t itself where no retention maps."""
        return self.layers.get("gathered", self.weights)

    @property
    def momentum(self) -> Layers:
        """S_t, of the shapes of the weights."""
        return self.layers["momentum"]

    @property
    def anchor(self) -> Layers:
        """M_t', of the shapes of the weights."""
        return self.layers["anchor"]


@dataclass(frozen=True)
class MemoryTrace:
    """What one memory did while it read one sequence, for the eye: detached, on the CPU.

    surprise is |grad loss| of each token over all layers (Titans eq. 8); keys and values are the
    lengths |k_t| and |v_t| of what was written; alpha is the mean over features where it has some.
    film[l][i] is the weight matrix of layer l after times[i] tokens of this call, momentum[i] the
    length |S| of the momentum, all layers together.

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
