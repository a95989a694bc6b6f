"""Choice 1 of MIRAS, the memory architecture: what kind of function is the memory?

    symbol   meaning                                  shape                  identifier
    M        the memory, a network                    -                      Network
    W_l      weights of layer l, used as x @ W_l      (B, H, d_in, d_out)    weights[l]
    h_l      input of layer l                         (B, H, T, d_in)        Activations.inputs[l]
    z_l      output of layer l before sigma           (B, H, T, d_out)       Activations.outputs[l]
    D_l      error at the output of layer l           (B, H, T, d_out)       errors(...)[l]

Depth 1 is the linear map M(x) = x W of Titans eq. 17. Depth L >= 2 is the residual network
M(x) = x + sigma(... sigma(x W_1)) W_L that MIRAS and ATLAS describe (Titans leaves it open). Its
gradient with respect to W_l is an outer product, h_l^T D_l for every token: that single fact is why
the parallel form never builds a matrix per token. Taught in chapters 01 (linear) and 05 (deep).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from titans_book.check import choose, whole

NORMAL = NormalDist()
Product = Callable[[int, Tensor], Tensor]  # (layer, its input) -> that input times the layer


def _silu_error(error: Tensor, z: Tensor) -> Tensor:
    s = torch.sigmoid(z)  # aten.silu_backward cannot be differentiated again; this can
    return error * s * (1 + z * (1 - s))


def _tanh_error(error: Tensor, z: Tensor) -> Tensor:
    return error * (1 - torch.tanh(z) ** 2)


# name -> (sigma, the error sent back through it: D * sigma'(z), sigma of one number)
ACTIVATIONS = {
    "gelu": (F.gelu, torch.ops.aten.gelu_backward, lambda z: z * NORMAL.cdf(z)),
    "silu": (F.silu, _silu_error, lambda z: z / (1 + math.exp(-z))),
    "tanh": (torch.tanh, _tanh_error, math.tanh),
}


@cache
def second_moment(activation: str, spread: float) -> float:
    """E[sigma(z)^2] for z normal with mean 0 and the given standard deviation.

    In plain numbers, so that a layer can be made where tensors have none.

    >>> round(second_moment("tanh", spread=0.5), 2)
    0.17
    """
    sigma, count = ACTIVATIONS[activation][2], 4096
    return sum(sigma(spread * NORMAL.inv_cdf((i + 0.5) / count)) ** 2 for i in range(count)) / count


@dataclass(frozen=True)
class Activations:
    """What a forward pass leaves behind for the errors: h_l and z_l of every layer, and M(x)."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    result: Tensor


@dataclass(frozen=True)
class Network:
    """A linear map (depth 1) or a residual multi-layer perceptron (depth 2 and more).

    Raises ValueError for a depth below 1 or an activation that is not in ACTIVATIONS.

    >>> net = Network(depth=1)
    >>> net([torch.eye(2)], torch.tensor([[3.0, 4.0]]))
    tensor([[3., 4.]])
    """

    depth: int
    activation: str = "gelu"

    def __post_init__(self) -> None:
        whole("depth", self.depth, least=1)
        choose("activation", self.activation, ACTIVATIONS)

    def sizes(self, dim: int, expansion: int) -> list[tuple[int, int]]:
        """(d_in, d_out) of every layer: dim -> expansion * dim -> ... -> dim.

        >>> Network(depth=2).sizes(dim=8, expansion=4)
        [(8, 32), (32, 8)]
        """
        widths = [dim] + [expansion * dim] * (self.depth - 1) + [dim]
        return list(zip(widths[:-1], widths[1:], strict=True))

    def spreads(self, sizes: Sequence[tuple[int, int]]) -> list[float]:
        """|h|^2 of the input of every layer, for a unit key and layers drawn as `draw` draws them.

        >>> Network(depth=2).spreads([(8, 32), (32, 8)])[0]
        1.0
        """
        found = [1.0]
        for _, wide in sizes[:-1]:
            found.append(wide * second_moment(self.activation, spread=0.5))
        return found

    def trace(self, x: Float[Tensor, "*batch dim"], product: Product) -> Activations:
        """Run the network, with `product(l, h)` in the place of h @ W_l, and keep the steps."""
        sigma = ACTIVATIONS[self.activation][0]
        inputs, outputs = [], []
        h = x
        for layer in range(self.depth):
            z = product(layer, h)
            inputs.append(h)
            outputs.append(z)
            h = sigma(z)
        result = z if self.depth == 1 else x + z
        return Activations(tuple(inputs), tuple(outputs), result)

    def __call__(self, weights: Sequence[Tensor], x: Float[Tensor, "*batch dim"]) -> Tensor:
        """M(x) with the given weights, one tensor a layer: the read y = M*(q) of Titans eq. 15."""
        return self.trace(x, lambda layer, h: h @ weights[layer]).result

    def errors(
        self, weights: Sequence[Tensor], steps: Activations, error: Float[Tensor, "*batch dim"]
    ) -> tuple[Tensor, ...]:
        """D_l of every layer from the error at the output: D_{l-1} = (D_l W_l^T) * sigma'(z_{l-1}).

        With them the gradient of the inner loss for one token is h_l^T D_l (Titans eq. 8, layer l).
        """
        back = ACTIVATIONS[self.activation][1]
        errors = [error]
        for layer in range(self.depth - 1, 0, -1):
            errors.insert(0, back(errors[0] @ weights[layer].mT, steps.outputs[layer - 1]))
        return tuple(errors)


def resolve(network: "Network | str | None", depth: int) -> Network:
    """The Network for `depth` layers of weights; "linear" and "mlp" are names, None infers.

    >>> resolve(None, depth=2)
    Network(depth=2, activation='gelu')
    """
    if isinstance(network, Network):
        if network.depth != depth:
            raise ValueError(f"network has depth {network.depth}, but weights has {depth} layers")
        return network
    if network is not None:
        choose("network", network, ("linear", "mlp"))
        if (network == "linear") != (depth == 1):
            raise ValueError(
                f"network={network!r} does not fit weights of {depth} layers: "
                '"linear" has one layer, "mlp" two or more'
            )
    return Network(depth)
