"""One more wrong version of chunk_read and of chunk_write: the loop of chapter 04, unfrozen."""

import torch

from titans_book.book.ch06.exercises_chunk_read import chunk_read
from titans_book.book.ch06.exercises_chunk_write import chunk_write
from titans_book.steps.matrix import titans_step


@chunk_read.wrong("At which memory is every token of a chunk surprised: M, or M as it is by then?")
def reads_token_by_token(M, S, q, k, v, theta, eta, alpha):
    """That is the loop of chapter 04, in which each token is surprised at the memory that the one
    before it has left. Inside a chunk all are surprised at the M that came in."""
    answers = []
    for t in range(len(k)):
        M, S = titans_step(M, S, k[t], v[t], theta[t], eta[t], alpha[t])
        answers.append(q[t] @ M)
    return torch.stack(answers)


@chunk_write.wrong("At which memory is every token of a chunk surprised: M, or M as it is by then?")
def writes_token_by_token(M, S, k, v, theta, eta, alpha):
    """That is the loop of chapter 04, in which each token is surprised at the memory that the one
    before it has left. Inside a chunk all are surprised at the M that came in."""
    for t in range(len(k)):
        M, S = titans_step(M, S, k[t], v[t], theta[t], eta[t], alpha[t])
    return M, S
