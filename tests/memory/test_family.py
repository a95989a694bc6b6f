"""The family of chapter 04: which memories of other papers are settings of the Titans step."""

import pytest
import torch

from titans_book.memory import Gates, memorize
from titans_book.steps.matrix import titans_step

T, D, THETA = 20, 8, 0.3
ONE = torch.ones(T, dtype=torch.float64)
EXACT = {"atol": 1e-12, "rtol": 0}


@pytest.fixture(params=range(3))
def stream(request):
    """q, k, v and a gate that varies; keys have length 1."""
    g = torch.Generator().manual_seed(request.param)
    q, k, v = torch.randn(3, T, D, generator=g, dtype=torch.float64)
    return q, k / k.norm(dim=1, keepdim=True), v, torch.rand(T, generator=g, dtype=torch.float64)


def ours(stream, theta, alpha=0.0, objective="l2"):
    q, k, v = (x[None, None] for x in stream[:3])
    gates = Gates(*((gate * ONE)[None, None] for gate in (theta, 0.0, alpha)))
    empty = [torch.zeros(1, D, D, dtype=torch.float64)]
    y, _ = memorize(q, k, v, gates, empty, objective=objective, chunk=1)
    return y[0, 0]


def attention(stream, keep, write=ONE):
    """Without a softmax, and with a decay."""
    q, k, v, _ = stream
    kept = keep.cumprod(0)
    return (q @ k.T * (kept[:, None] / kept).tril()) @ (write[:, None] * v)


def recurrence(stream, step):
    q, k, v, _ = stream
    M, answers = torch.zeros(D, D, dtype=torch.float64), []
    for t in range(T):
        M = step(M, k[t], v[t])
        answers.append(q[t] @ M)
    return torch.stack(answers), M


def test_memories_that_do_not_ask(stream):
    """Linear attention (eq. 5), RetNet and Mamba-2: the dot product as loss."""
    delta = stream[3]
    for theta, alpha, theirs in (
        (1, 0, attention(stream, ONE)),
        (1, 0.1, attention(stream, 0.9 * ONE)),
        (delta, 1 - torch.exp(-delta), attention(stream, torch.exp(-delta), delta)),
    ):
        torch.testing.assert_close(ours(stream, theta, alpha, "dot"), theirs, **EXACT)


def test_memories_that_ask(stream):
    """DeltaNet (eq. 34) and Longhorn (eq. 35), which solves for the least loss."""
    eye = torch.eye(D, dtype=torch.float64)

    def delta_net(M, k, v):
        return (eye - THETA * torch.outer(k, k)) @ M + THETA * torch.outer(k, v)

    def longhorn(M, k, v):
        near = eye + THETA * torch.outer(k, k)
        return torch.linalg.solve(near, M + THETA * torch.outer(k, v))

    for theta, step in ((THETA, delta_net), (THETA / (1 + THETA), longhorn)):
        torch.testing.assert_close(ours(stream, theta), recurrence(stream, step)[0], **EXACT)


def gated_delta_net(beta, alpha, share=1.0):
    def step(M, k, v):
        M = (1 - alpha) * M
        return M - beta * torch.outer(k, k @ M - share * v)

    return step


def titans(alpha):
    return lambda M, k, v: titans_step(M, torch.zeros_like(M), k, v, THETA, 0.0, alpha)[0]


def test_titans_without_momentum_is_not_gated_delta_net(stream):
    _, M = recurrence(stream, titans(0.1))
    _, other = recurrence(stream, gated_delta_net(THETA, 0.1))
    assert 0.01 < (M - other).norm() / other.norm() < 0.05


def test_it_is_with_no_forgetting_or_with_two_factors(stream):
    for alpha in (0.0, 0.1, 0.5):
        _, M = recurrence(stream, titans(alpha))
        _, other = recurrence(stream, gated_delta_net(THETA / (1 - alpha), alpha, 1 - alpha))
        torch.testing.assert_close(M, other, **EXACT)
