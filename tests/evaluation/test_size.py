"""Bytes of a state: counted by hand from the model's sizes, and constant but for full attention."""

import pytest
import torch

from titans_book.evaluation import StateBytes, state_bytes
from titans_book.model import TitansConfig, TitansLM

FLOAT, BATCH, BLOCKS, HEADS, D = 4, 3, 2, 2, 8
DIM = HEADS * D


def after(time, variant, **fields):
    memory = {} if variant == "attention" else {"memory": {"chunk": 4, "depth": 1, "conv": 4}}
    size = dict(vocab=16, dim=DIM, depth=BLOCKS, heads=HEADS, hidden=16)
    model = TitansLM(TitansConfig(variant, **size, **memory, **fields))
    with torch.no_grad():
        _, state = model(torch.randint(0, 16, (BATCH, time)))
    return state_bytes(state)


def test_a_linear_memory_is_one_matrix_a_head():
    matrices = FLOAT * BATCH * BLOCKS * HEADS * D * D
    tail = FLOAT * BATCH * BLOCKS * 3 * (3 * DIM)
    for time in (3, 50):
        assert after(time, "lmm") == StateBytes(matrices, matrices, matrices, convolution=tail)
        assert after(time, "lmm").total == 3 * matrices + tail


def test_a_window_keeps_its_keys_and_values_and_full_attention_all_of_them():
    one = 2 * FLOAT * BATCH * BLOCKS * DIM  # a key and a value
    small, large = after(50, "attention", window=8), after(500, "attention", window=8)
    assert small == large and small.cache % one == 0 and 7 * one <= small.cache <= 8 * one
    assert after(50, "attention") == StateBytes(cache=50 * one)
    assert after(500, "attention") == StateBytes(cache=500 * one)


@pytest.mark.parametrize(
    ("variant", "fields"), [("mac", {"segment": 8}), ("mag", {"window": 8}), ("mal", {"window": 8})]
)
def test_both_memories_of_a_block_are_counted_and_do_not_grow(variant, fields):
    small, large = after(9, variant, **fields), after(500, variant, **fields)
    assert small == large
    assert min(small.weights, small.momentum, small.cache, small.convolution) > 0
    assert small.other == 0 and small.total < after(500, "attention").total


def test_any_nest_of_tensors_is_counted():
    state = {
        "a": (torch.zeros(3), [torch.zeros(2, dtype=torch.int64)]),
        "b": 7,
        "c": None,
        "d": "x",
    }
    assert state_bytes(state) == StateBytes(other=12 + 16)
    assert state_bytes(None).total == 0
