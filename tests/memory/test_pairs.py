"""What chapter 01 says of a matrix that holds pairs: what it answers, and how pairs leak."""

import pytest
import torch

from titans_book.steps.matrix import delta_write, hebb_write, loss, read


@pytest.fixture
def pairs():
    """Five pairs of random keys (4) and values (3), and a memory that already holds something."""
    random = torch.Generator().manual_seed(0)
    K, V, M = (torch.randn(*size, generator=random).double() for size in [(5, 4), (5, 3), (4, 3)])
    return K, V, M


def test_a_mixture_of_questions_gets_the_mixture_of_the_answers(pairs):
    K, _, M = pairs
    mixed = read(M, 0.3 * K[0] - 2 * K[1])
    assert torch.allclose(mixed, 0.3 * read(M, K[0]) - 2 * read(M, K[1]))
    assert torch.allclose(read(M, K)[3], read(M, K[3]))  # many at once


def test_hebb_answers_with_its_own_value_plus_crosstalk(pairs):
    K, V, M = pairs
    M = 0 * M
    for k, v in zip(K, V, strict=True):
        M = hebb_write(M, k, v)
    others = [j for j in range(5) if j != 2]
    crosstalk = sum((K[2] @ K[j]) * V[j] for j in others)
    assert torch.allclose(read(M, K[2]), (K[2] @ K[2]) * V[2] + crosstalk)
    assert torch.allclose(read(M, K), (K @ K.T) @ V)  # attention without the softmax


def test_delta_does_not_write_a_known_pair_again(pairs):
    K, V, M = pairs
    k = K[0] / K[0].norm()
    M = delta_write(M, k, V[0], 1.0)
    assert torch.allclose(read(M, k), V[0]) and loss(M, k, V[0]) < 1e-24
    assert torch.allclose(delta_write(M, k, V[0], 0.7), M)


def test_orthogonal_keys_do_not_disturb_each_other(pairs):
    _, V, M = pairs
    K = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(1)).double()).Q
    hebb, delta = 0 * M, 0 * M
    for k, v in zip(K, V[:4], strict=True):
        hebb, delta = hebb_write(hebb, k, v), delta_write(delta, k, v, 1.0)
    assert torch.allclose(read(delta, K), V[:4]) and torch.allclose(hebb, delta)


def test_the_loss_is_halved_and_summed():
    M, k, v = torch.zeros(2, 3), torch.tensor([1.0, 0.0]), torch.tensor([1.0, 2.0, 3.0])
    assert loss(M, k, v) == 7
