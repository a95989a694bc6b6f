"""Two small worlds: who owns which term, and what is left of A after B."""

import pytest
import torch

from titans_book.nested.continuum.toys import a_then_b, linear_levels, owners, terms_stream

PERIODS, LASTS, RATES = (1, 8, 64), (8, 64, None), (0.7, 0.2, 0.06)
LETS_GO = {"keep": (0.8, 0.9, 1.0)}


def test_a_stream_is_the_sum_of_terms_that_change_at_their_own_paces():
    stream = terms_stream(time=32, batch=1, dim=4, lasts=(8, None))
    assert torch.allclose(stream.terms.sum(0), stream.target)
    assert torch.allclose(stream.x.norm(dim=-1), torch.ones(1, 32))
    for term, last in zip(stream.terms, (8, 32), strict=True):
        for begin in range(0, 32, last):  # one map explains all tokens until it changes
            x, y = stream.x[0, begin : begin + last], term[0, begin : begin + last]
            assert torch.allclose(x @ torch.linalg.lstsq(x, y).solution, y, atol=1e-4)
    whole = torch.linalg.lstsq(stream.x[0], stream.terms[0, 0]).solution
    assert not torch.allclose(stream.x[0] @ whole, stream.terms[0, 0], atol=0.1)
    with pytest.raises(ValueError, match="each of lasts must be a whole number >= 1, got 0"):
        terms_stream(lasts=(0,))


def test_the_fast_level_takes_everything_unless_it_lets_go():
    stream = terms_stream(time=384, lasts=LASTS)
    found = {}
    for name, options in (("joint", {}), ("lets go", LETS_GO)):
        memory = linear_levels(8, PERIODS, rates=RATES, **options)
        _, cosines, state = owners(memory, stream)
        found[name] = cosines, [one.energy for one in memory.liveness(state).levels]
    cosines, energy = found["joint"]
    assert energy[0] > 0.85
    assert energy[2] < 0.02
    slowest, energy = found["lets go"][0][2], found["lets go"][1]
    assert energy[0] < 0.4
    assert slowest.argmax() == 2  # the slowest level says the term that never changes
    assert slowest[2] > cosines[2, 2] + 0.1


def test_with_slow_first_every_level_owns_the_term_of_its_pace():
    memory = linear_levels(8, PERIODS, rates=RATES, correct="slow first")
    _, cosines, _ = owners(memory, terms_stream(time=384, lasts=LASTS))
    assert cosines[1].argmax() == 1
    assert cosines[2].argmax() == 2
    assert cosines[1:].triu(1).sum() > 2 * cosines[1:, 0].abs().sum()


def test_after_a_and_b_a_slow_level_has_a_only_if_the_fast_one_let_go():
    def left(**options):
        memory = linear_levels(8, (1, 128), rates=(0.5, 8 / 128), **options)
        return a_then_b(memory, 1, first=512, then=64)

    joint, lets_go = left(), left(keep=(0.98, 1.0))
    both = left(keep=(0.98, 1.0), correct="slow first")
    assert joint.a > 1.5  # B is all that the memory knows
    assert joint.b < 0.1
    assert joint.wiped > 0.7  # and there is nothing beneath
    assert lets_go.wiped < 0.3
    assert both.wiped < 0.05
    assert max(lets_go.b, both.b) < 0.3
    assert lets_go.a > 1  # as long as the fast level stands, B covers A
