"""The wirings of chapter 09 are the blocks of the package, with the block's own weights."""

import pytest
import torch

from tests.model.test_blocks import BOUNDS, TIME, build, tokens
from titans_book.attention import masks
from titans_book.steps import blocks as block_steps
from titans_book.steps.blocks import mac, mac_mask, mag, mal, parts_of

# what the papers print: the memory of MAC remembers what attention has said
cases = pytest.mark.parametrize(
    "kind, bounds", [(k, b) for k in BOUNDS for b in BOUNDS[k] if "remembers" not in b]
)


def band(block, time):
    """The window's mask, persistent columns in front."""
    N_p = len(parts_of(block).P)
    mask = masks.persistent_columns(masks.window(block.attention.window), N_p)
    return masks.matrix(mask, torch.arange(time), N_p + time)


def wired(kind, block, x):
    """What the learner's function makes of one sequence, with the rest of the block around it."""
    P, recall, attend, memory, gate, norms = parts_of(block)
    if kind == "mac":
        x = x + mac(block.norm(x), P, block.attention.segment, recall, attend, memory, gate)
    elif kind == "mag":
        x = x + mag(block.norm(x), P, band(block, len(x)), attend, memory, gate)
    else:
        x = mal(x, P, band(block, len(x)), attend, memory, *norms)
    return x + block.mlp(block.mlp_norm(x))


@cases
@pytest.mark.parametrize("time", [1, 6, TIME])
def test_a_wiring_is_the_block(kind, bounds, time):
    block, x = build(kind, bounds), tokens(time=time)
    have = wired(kind, block, x[0])
    torch.testing.assert_close(have, block(x)[0][0], rtol=0, atol=1e-11)


@cases
def test_its_gradients_are_the_blocks(kind, bounds):
    block, x = build(kind, bounds), tokens(time=9)
    wired(kind, block, x[0]).sin().sum().backward()
    have = {name: p.grad for name, p in block.named_parameters()}
    block.zero_grad()
    block(x)[0].sin().sum().backward()
    for name, p in block.named_parameters():
        torch.testing.assert_close(have[name], p.grad, rtol=1e-9, atol=1e-9, msg=name)


def test_the_mask_of_mac_is_the_packages():
    for N_p, C in [(0, 1), (2, 3), (4, 5)]:
        mask = masks.persistent_columns(masks.memory_columns(masks.segment(C), C), N_p)
        assert torch.equal(mac_mask(N_p, C), masks.matrix(mask, torch.arange(C), N_p + 2 * C))


def test_questions_leave_the_memory_alone_and_may_come_in_pieces():
    parts, (x,) = parts_of(build("mac", BOUNDS["mac"][0])), tokens()
    for state in (None, parts.memory(x, None)[1]):
        whole, _ = parts.recall(x, state)
        first, asked = parts.recall(x[:7], state)
        second, after = parts.recall(x[7:], asked)
        torch.testing.assert_close(torch.cat([first, second]), whole, rtol=0, atol=1e-12)
        assert after.layer is (None if state is None else state.layer)


def test_a_block_without_persistent_tokens_has_an_empty_P():
    assert parts_of(build("mag", {"window": 5})).P.shape == (0, 8)
    assert len(block_steps.parts_of(build("mal", {"window": 4, "persistent": 2})).norms) == 2
