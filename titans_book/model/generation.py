"""Writing one token after the other, with a state of constant size.

Works for anything that maps (tokens, state) to (logits, state); the model stands on this file, not
the other way round. Because the state holds all that has been read, each new token costs the same,
however long the text. Taught in chapter 13.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from jaxtyping import Float, Int, Integer
from torch import Tensor, nn

from titans_book.check import number, whole
from titans_book.values import extremes

PIECE = 4096  # tokens of a prompt that are read at once
Model = Callable[[Tensor, Any], tuple[Tensor, Any]]


def device_of(model: Model) -> torch.device:
    """Where the model's weights are; the CPU for a function that has none."""
    weights = model.parameters() if isinstance(model, nn.Module) else iter(())
    first = next(weights, None)
    return torch.device("cpu") if first is None else first.device


def choose_next(
    logits: Float[Tensor, "batch vocab"],
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
) -> Int[Tensor, "batch 1"]:
    """One token a row. temperature 0 takes the likeliest; top_k keeps the k likeliest; top_p keeps
    the fewest whose probabilities add up to p (nucleus sampling, Holtzman et al. 2020).
    Raises ValueError for NaN and inf.

    >>> choose_next(torch.tensor([[0.0, 2.0, 1.0]]), temperature=0)
    tensor([[1]])
    """
    if (seen := extremes(logits)) and not seen[1] < torch.inf:  # False for NaN as well
        raise ValueError(f"logits must not hold NaN or inf, got values up to {seen[1]}")
    if temperature == 0:
        return logits.argmax(-1, keepdim=True)
    ranked, order = torch.sort(logits, descending=True, stable=True)
    ranked = (ranked - ranked[:, :1]) / temperature  # the likeliest has 0: nothing overflows
    if top_k is not None:
        ranked[:, top_k:] = -torch.inf
    if top_p is not None:
        p = ranked.softmax(-1)
        ranked[p.cumsum(-1) - p >= top_p] = -torch.inf  # the likeliest has 0 before it: it stays
    picked = torch.multinomial(ranked.softmax(-1), 1, generator=generator)
    return order.gather(-1, picked)


def check_sampling(
    n: int,
    temperature: float | int,
    top_k: int | None,
    top_p: float | int | None,
    seed: int = 0,
) -> None:
    """Raise ValueError naming the first setting that is out of range."""
    whole("n", n, least=0)
    if not (number(temperature) and 0 <= temperature < float("inf")):
        raise ValueError(f"temperature must be finite and >= 0, got {temperature!r}")
    if top_k is not None:
        whole("top_k", top_k, least=1)
    if top_p is not None and not (number(top_p) and 0 < top_p <= 1):
        raise ValueError(f"top_p must be above 0 and at most 1, or None, got {top_p!r}")
    whole("seed", seed, least=0)
    if seed >= 2**64:
        raise ValueError(f"seed must be below 2**64, got {seed!r}")


def stream(
    model: Model,
    tokens: Integer[Tensor, "batch time"],
    n: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int = 0,
    stop: int | None = None,
    state: Any = None,
) -> Iterator[tuple[Int[Tensor, "batch 1"], Any]]:
    """Read the prompt once, then yield up to n times the next token and the state before it.

    model     maps (tokens, state) to (logits (batch, time, vocab), state).
    tokens    the prompt, at least one token; with a state, what comes after it.
    stop      a token behind which nothing more is written; a batch ends once every row has it.
    Raises ValueError for an empty prompt, a setting out of range, or logits that are NaN or inf.
    """
    check_sampling(n, temperature, top_k, top_p, seed)
    if stop is not None:
        whole("stop, a token,", stop, least=0)
    if tokens.dim() != 2 or tokens.shape[1] == 0:
        raise ValueError(
            f"tokens must have shape (batch, time) with time >= 1, got {tuple(tokens.shape)}"
        )
    generator = torch.Generator(tokens.device).manual_seed(seed)
    with torch.no_grad():  # a long prompt in pieces: what a call needs grows with its length
        *pieces, tokens = tokens.split(PIECE, dim=1) if n else (tokens,)
        for piece in pieces:
            _, state = model(piece, state)
    ended = torch.zeros(len(tokens), 1, dtype=torch.bool, device=tokens.device)
    for _ in range(n):
        with torch.no_grad():
            logits, state = model(tokens, state)
            tokens = choose_next(logits[:, -1].float(), temperature, top_k, top_p, generator)
        yield tokens, state
        if stop is not None:
            ended = ended | (tokens == stop)
            if ended.all():
                return


def generate(
    model: Model, tokens: Integer[Tensor, "batch time"], n: int, **settings: Any
) -> tuple[Integer[Tensor, "batch total"], Any]:
    """The prompt followed by n new tokens (fewer after `stop`), and the state; see `stream`.

    The state has read everything but the last token: hand both on to write more.
    """
    steps = list(stream(model, tokens, n, **settings))
    state = steps[-1][1] if steps else settings.get("state")
    return torch.cat([tokens, *(token for token, _ in steps)], dim=1), state
