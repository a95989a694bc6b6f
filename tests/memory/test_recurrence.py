"""The scalars of a chunk against plain loops, in the corners where ratios and logarithms fail."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from titans_book.memory.recurrence import coefficients, decay_matrix, integrate

gate = st.one_of(st.sampled_from([0.0, 1.0, 1e-12, 0.5]), st.floats(0, 1))
gates = st.lists(st.tuples(gate, gate), min_size=1, max_size=24)


def loop(keep, eta):
    """P, E, beta, c, e by running the two recurrences on unit writes, one token after the other."""
    n = len(keep)
    P, E = torch.zeros(n, n, dtype=torch.float64), torch.zeros(n, n, dtype=torch.float64)
    for i in range(n):
        m = s = 0.0
        for t in range(n):
            s = float(eta[t]) * s + (t == i)
            m = float(keep[t]) * m + s
            P[t, i], E[t, i] = m, s
    beta, c, m, ms, s = [], [], 1.0, 0.0, 1.0
    for t in range(n):
        s = float(eta[t]) * s
        m, ms = float(keep[t]) * m, float(keep[t]) * ms + s
        beta.append(m)
        c.append(ms)
    return P, E, *(torch.tensor(x, dtype=torch.float64) for x in (beta, c)), s


@given(gates)
def test_coefficients_are_the_two_recurrences(pairs):
    keep, eta = torch.tensor(pairs, dtype=torch.float64).T.contiguous()
    got = coefficients(keep, eta)
    P, E, beta, c, e = loop(keep, eta)
    for have, want in (
        (got.P, P),
        (got.last_E, E[-1]),
        (decay_matrix(eta), E),
        (got.beta, beta),
        (got.c, c),
    ):
        torch.testing.assert_close(have, want, rtol=1e-13, atol=1e-15)
    assert got.e.item() == pytest.approx(e, rel=1e-13, abs=1e-15)


def test_decay_matrix_is_the_log_space_form():
    decay = torch.rand(3, 40, dtype=torch.float64)
    logs = decay.log().cumsum(-1)
    want = (logs[..., :, None] - logs[..., None, :]).tril().exp().tril()
    torch.testing.assert_close(decay_matrix(decay), want, rtol=1e-11, atol=0)


def test_a_long_memory_does_not_underflow_where_the_ratio_of_products_does():
    """science: with alpha = .05 in float32 the running product sticks after about 2,000 tokens."""
    keep = torch.full((4096,), 0.95)
    running = keep.cumprod(0)
    ratio = running[4095] / running[4000]
    exact = 0.95**95
    assert abs(ratio - exact) > 0.5 * exact or not ratio.isfinite()
    column = torch.zeros(4096, 1)
    column[4000] = 1
    assert integrate(keep, column)[4095].item() == pytest.approx(exact, rel=1e-5)


@pytest.mark.parametrize("eta, keep", [(0.5, 0.98), (0.95, 0.999), (0.05, 0.98), (0.9, 0.1)])
def test_float32_keeps_every_entry_to_its_own_precision(eta, keep):
    gates = torch.full((2, 256), keep), torch.full((2, 256), eta)
    have, want = coefficients(*gates).P, coefficients(*(g.double() for g in gates)).P
    large = want > 1e-12
    assert ((have.double() - want).abs() / want)[large].max() < 1e-5


def test_nothing_denormal_reaches_the_matrix_products():
    P = coefficients(torch.full((256,), 0.5), torch.full((256,), 0.3)).P
    assert P[P > 0].min() > torch.finfo(torch.float32).tiny


def test_a_gate_of_exactly_zero_still_has_its_gradient():
    keep = torch.tensor([0.5, 0.0, 0.7], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(decay_matrix(keep)[2, 0], keep)
    assert slope.tolist() == pytest.approx([0.0, 0.7, 0.0])


def test_reading_before_the_write_sees_the_row_above():
    got = coefficients(torch.rand(6), torch.rand(6))
    before = got.before()
    assert torch.equal(before.P[1:], got.P[:-1]) and before.P[0].abs().max() == 0
    assert before.beta[0] == 1 and torch.equal(before.beta[1:], got.beta[:-1])
    assert before.c[0] == 0 and torch.equal(before.c[1:], got.c[:-1])
