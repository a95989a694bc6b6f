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
the parallel form never builds a matrix per token. The same holds for the gated form,
M(x) = x + (sigma(x W_1) * (x W_2)) W_3. The smallest memory is a vector, M(x) = x * w: every feature
is a memory of its own. Taught in chapters 01 (linear), 05 (deep) and 10 (the others).
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

from titans_book.check import choose, flag, whole

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
    """A linear map (depth 1), a residual multi-layer perceptron (depth 2 and more), or another form.

    form     "mlp"; "gated": two layers, of which the first has a gate; "vector": M(x) = x * w.
    signed   every layer sees its input h as (h, -h), so that weights which may not be negative
             (retention "kl", "sigmoid") still hold any map: d_in of every layer is doubled.

    Raises ValueError for a depth below 1, one that the form does not have, or an unknown name.

    >>> net = Network(depth=1)
    >>> net([torch.eye(2)], torch.tensor([[3.0, 4.0]]))
    tensor([[3., 4.]])
    """

    depth: int
    activation: str = "gelu"
    form: str = "mlp"
    signed: bool = False

    def __post_init__(self) -> None:
        whole("depth", self.depth, least=1)
        choose("activation", self.activation, ACTIVATIONS)
        choose("form", self.form, ("mlp", "gated", "vector"))
        flag("signed", self.signed)
        want = {"gated": 2, "vector": 1}.get(self.form, self.depth)
        if self.depth != want:
            raise ValueError(f"depth must be {want} with form {self.form!r}, got {self.depth}")
        if self.signed and self.form == "vector":
            raise ValueError("signed must be False with form 'vector': it has no inputs to double")

    @property
    def layers(self) -> int:
        """How many tensors of weights it has."""
        return 3 if self.form == "gated" else self.depth

    @property
    def linear(self) -> bool:
        """Is it one matrix?"""
        return self.form == "mlp" and self.depth == 1

    def sizes(self, dim: int, expansion: int) -> list[tuple[int, int]]:
        """(d_in, d_out) of every layer: dim -> expansion * dim -> ... -> dim.

        >>> Network(depth=2).sizes(dim=8, expansion=4)
        [(8, 32), (32, 8)]
        """
        wide = expansion * dim
        if self.form == "vector":
            return [(1, dim)]
        if self.form == "gated":
            sizes = [(dim, wide), (dim, wide), (wide, dim)]
        else:
            widths = [dim] + [wide] * (self.depth - 1) + [dim]
            sizes = list(zip(widths[:-1], widths[1:], strict=True))
        return [(2 * rows if self.signed else rows, columns) for rows, columns in sizes]

    def spreads(self, sizes: Sequence[tuple[int, int]]) -> list[float]:
        """|h|^2 of the input of every layer, for a unit key and layers drawn as `draw` draws them.

        >>> Network(depth=2).spreads([(8, 32), (32, 8)])[0]
        1.0
        """
        bent = second_moment(self.activation, spread=0.5)
        if self.form == "gated":
            found = [1.0, 1.0, sizes[0][1] * bent / 4]  # the gate multiplies by a spread of 1/2
        else:
            found = [1.0, *(wide * bent for _, wide in sizes[:-1])]
        return [2 * size if self.signed else size for size in found]

    def seen(self, h: Tensor) -> Tensor:
        """The input of a layer as its weights meet it."""
        return torch.cat([h, -h], dim=-1) if self.signed else h

    def trace(self, x: Float[Tensor, "*batch dim"], product: Product) -> Activations:
        """Run the network, with `product(l, h)` in the place of h @ W_l, and keep the steps."""
        sigma = ACTIVATIONS[self.activation][0]
        inputs, outputs = [], []

        def layer(number: int, h: Tensor) -> Tensor:
            inputs.append(self.seen(h))
            outputs.append(product(number, inputs[-1]))
            return outputs[-1]

        if self.form == "gated":
            z = layer(2, sigma(layer(0, x)) * layer(1, x))
        else:
            z = layer(0, x)
            for number in range(1, self.depth):
                z = layer(number, sigma(z))
        result = z if self.depth == 1 else x + z
        return Activations(tuple(inputs), tuple(outputs), result)

    def __call__(self, weights: Sequence[Tensor], x: Float[Tensor, "*batch dim"]) -> Tensor:
        """M(x) with the given weights, one tensor a layer: the read y = M*(q) of Titans eq. 15."""
        if self.form == "vector":
            return x * weights[0]
        return self.trace(x, lambda layer, h: h @ weights[layer]).result

    def errors(
        self, weights: Sequence[Tensor], steps: Activations, error: Float[Tensor, "*batch dim"]
    ) -> tuple[Tensor, ...]:
        """D_l of every layer from the error at the output: D_{l-1} = (D_l W_l^T) * sigma'(z_{l-1}).

        With them the gradient of the inner loss for one token is h_l^T D_l (Titans eq. 8, layer l).
        """
        back = ACTIVATIONS[self.activation][1]
        if self.form == "gated":
            sigma = ACTIVATIONS[self.activation][0]
            gate, open_ = steps.outputs[:2]
            at_h = self._before(error, weights[2])
            return back(at_h * open_, gate), at_h * sigma(gate), error
        errors = [error]
        for layer in range(self.depth - 1, 0, -1):
            at_h = self._before(errors[0], weights[layer])
            errors.insert(0, back(at_h, steps.outputs[layer - 1]))
        return tuple(errors)

    def _before(self, error: Tensor, W: Tensor) -> Tensor:
        """The error at the input of a layer, from the one at its output."""
        back = error @ W.mT
        if not self.signed:
            return back
        there, negated = back.chunk(2, dim=-1)
        return there - negated


NAMES = {
    "linear": Network(1),
    "mlp": Network(2),
    "gated": Network(2, form="gated"),
    "vector": Network(1, form="vector"),
}


def named(name: str) -> Network:
    """The network of that name, one of NAMES; ValueError says which there are."""
    choose("network", name, NAMES)
    return NAMES[name]


def resolve(network: "Network | str | None", layers: int) -> Network:
    """The Network for that many layers of weights, from one of NAMES; None goes by `layers`.

    >>> resolve(None, layers=2).depth
    2
    """
    if network is None:
        return Network(layers)
    if network == "mlp" and layers > 2:
        return Network(layers)
    found = network if isinstance(network, Network) else named(network)
    if found.layers != layers:
        word = "" if network is found else f"={network!r}"
        raise ValueError(
            f"network{word} does not fit: it has depth {found.depth} and {found.layers} layers of "
            f"weights, but weights has {layers} layers"
        )
    return found
