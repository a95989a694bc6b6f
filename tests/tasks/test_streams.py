"""The key-value streams mean what they say: labels are rebuilt by brute force, one by one."""

from itertools import pairwise

import pytest
import torch

from titans_book.tasks.streams import KINDS, kv_stream

SMALL = {"batch": 3, "time": 48, "dim": 8, "dim_v": 5}
OWN = {"switching": {"period": 20}, "book": {"period": 20, "book": 6}, "surprise": {"book": 6}}
OWN["timescales"] = {"periods": (20, 6)}


def small(kind, **fields):
    return kv_stream(kind, **(SMALL | OWN.get(kind, {}) | fields))


def same(a, b):
    names = ("keys", "values", "clean", "events", "pair", "regime")
    return all(torch.equal(getattr(a, name), getattr(b, name)) for name in names)


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_types_and_unit_keys(kind):
    stream = small(kind)
    assert stream.kind == kind
    assert stream.keys.shape == (3, 48, 8)
    assert stream.values.shape == stream.clean.shape == (3, 48, 5)
    assert stream.keys.dtype == stream.values.dtype == torch.float32
    torch.testing.assert_close(stream.keys.norm(dim=-1), torch.ones(3, 48))


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_as_wide_as_keys_unless_told(kind):
    assert small(kind, dim_v=None).values.shape == (3, 48, 8)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_pairs_have_equal_keys_and_equal_regimes_equal_values(kind):
    """One pass with a dictionary, as a reader would check it by hand."""
    stream = small(kind)
    for b in range(3):
        keys, values = {}, {}
        for t in range(48):
            pair, regime = stream.pair[b, t].item(), stream.regime[b, t].item()
            key, clean = stream.keys[b, t].tolist(), stream.clean[b, t].tolist()
            assert keys.setdefault(pair, key) == key
            before = values.setdefault((pair, regime), clean)
            assert clean == pytest.approx(before, abs=1e-6)
        assert len({tuple(key) for key in keys.values()}) == len(keys)


@pytest.mark.parametrize("kind", ["outliers", "switching", "book"])
def test_the_clean_value_is_the_map_in_force_times_the_key(kind):
    stream = small(kind)
    for b in range(3):
        for t in range(48):
            w = stream.maps[b, stream.regime[b, t]]
            by_hand = [sum(stream.keys[b, t, i] * w[i, j] for i in range(8)) for j in range(5)]
            torch.testing.assert_close(stream.clean[b, t], torch.stack(by_hand))


@pytest.mark.parametrize("kind", ["switching", "book"])
def test_the_map_changes_at_every_period_and_only_there(kind):
    stream = small(kind, period=20)
    for t in range(48):
        assert (stream.regime[:, t] == t // 20).all()
        assert (stream.events[:, t] == (t in (20, 40))).all()
    assert not torch.isclose(stream.maps[:, 0], stream.maps[:, 1]).any()


@pytest.mark.parametrize(
    "kind", ["capacity", "outliers", "switching", "interference", "timescales"]
)
def test_fresh_keys_never_repeat(kind):
    stream = small(kind)
    assert all(len(stream.keys[b].unique(dim=0)) == 48 for b in range(3))


def test_terms_are_linear_maps_that_change_at_their_periods_and_add_up_to_the_clean_value():
    """Least squares finds each term's map within a spell, and not beyond it."""
    stream = small("timescales", time=240, dim=4, periods=(120, 12), noise=0.2)
    torch.testing.assert_close(stream.terms.sum(2), stream.clean)
    for term, period in enumerate((240, 120, 12)):
        maps = []
        keys, values = stream.keys.double(), stream.terms[:, :, term].double()
        for k, v in zip(keys.split(period, 1), values.split(period, 1), strict=True):
            maps.append(torch.linalg.lstsq(k, v).solution)
            torch.testing.assert_close(k @ maps[-1], v, rtol=0, atol=1e-5)
        assert all((one - two).abs().min() > 1e-6 for one, two in pairwise(maps))
    assert stream.events[0].nonzero().flatten().tolist() == list(range(12, 240, 12))
    assert stream.regime[0].tolist() == [t // 12 for t in range(240)]


def test_terms_have_equal_variance():
    stream = kv_stream("timescales", batch=16, time=2048, dim=16, periods=(64, 16, 4))
    assert stream.terms.shape == (16, 2048, 4, 16)
    spread = stream.terms.std((0, 1, 3))
    torch.testing.assert_close(spread, torch.full((4,), 0.5), rtol=0.05, atol=0)
    assert stream.clean.std().item() == pytest.approx(1, rel=0.05)


def test_only_timescales_has_terms():
    assert [kind for kind in KINDS if small(kind).terms is not None] == ["timescales"]


@pytest.mark.parametrize("periods", [(), (8, 8), (4, 16), (8, 0)])
def test_wrong_periods_are_named(periods):
    with pytest.raises(ValueError, match="periods must be"):
        small("timescales", periods=periods)


def test_a_book_uses_its_keys_and_no_others():
    stream = small("book", book=6)
    for b in range(3):
        assert len(stream.keys[b].unique(dim=0)) == 6
    assert small("book", book=1).pair.unique().tolist() == [0]


def test_an_outlier_is_marked_and_nothing_else_is_thrown_off():
    stream = kv_stream("outliers", **SMALL | {"time": 4000}, rate=0.1, scale=20.0)
    off = stream.values - stream.clean
    assert (off[~stream.events] == 0).all()
    assert off[stream.events].std().item() == pytest.approx(20, rel=0.05)
    assert stream.events.float().mean().item() == pytest.approx(0.1, rel=0.1)


def test_noise_has_the_size_asked_for():
    stream = kv_stream("capacity", **SMALL | {"time": 4000}, noise=0.3)
    assert (stream.values - stream.clean).std().item() == pytest.approx(0.3, rel=0.02)
    clear = kv_stream("capacity", **SMALL)
    assert torch.equal(clear.values, clear.clean)


def test_noise_does_not_move_the_clean_stream():
    assert torch.equal(small("book", noise=0.5).clean, small("book").clean)


@pytest.mark.parametrize("novel", [None, [3, 30, 47]])
def test_a_novel_pair_was_never_seen_and_is_never_seen_again(novel):
    stream = small("surprise", novel=novel)
    times = [6, 12, 18, 24, 30, 36, 42] if novel is None else novel
    for b in range(3):
        assert stream.events[b].nonzero().flatten().tolist() == times
        for t in times:
            others = torch.cat([stream.keys[b, :t], stream.keys[b, t + 1 :]])
            assert not (others == stream.keys[b, t]).all(dim=-1).any()


def test_a_round_of_the_book_recites_every_pair_once():
    stream = small("surprise", book=6, novel=[])
    for start in range(0, 48, 6):
        for b in range(3):
            assert sorted(stream.pair[b, start : start + 6].tolist()) == list(range(6))
    assert not stream.events.any()


@pytest.mark.parametrize("cosine", [-1.0, -0.3, 0.0, 0.9, 1.0])
def test_interfering_keys_have_the_cosine_asked_for(cosine):
    stream = small("interference", cosine=cosine)
    old, new = stream.keys[:, :24], stream.keys[:, 24:]
    torch.testing.assert_close((old * new).sum(-1), torch.full((3, 24), cosine))
    assert not stream.events[:, :24].any() and stream.events[:, 24:].all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_is_a_stream(kind):
    assert same(small(kind, seed=3, noise=0.1), small(kind, seed=3, noise=0.1))
    assert not same(small(kind, seed=3), small(kind, seed=4))


def test_a_generator_goes_on_where_it_was():
    first, again = torch.Generator().manual_seed(7), torch.Generator().manual_seed(7)
    one, two = small("book", seed=first), small("book", seed=first)
    assert same(one, small("book", seed=again)) and same(two, small("book", seed=again))
    assert not same(one, two)


def test_the_global_random_state_is_left_alone():
    before = torch.get_rng_state()
    small("surprise")
    assert torch.equal(torch.get_rng_state(), before)


WRONG = [
    ("capacity", "batch", 0), ("capacity", "time", -1), ("capacity", "dim", 0),
    ("capacity", "dim_v", 0), ("capacity", "noise", -0.1), ("capacity", "noise", float("nan")),
    ("outliers", "rate", 1.5), ("outliers", "scale", -1.0), ("switching", "period", 0),
    ("book", "book", 0), ("surprise", "book", 0), ("surprise", "novel", [48]),
    ("surprise", "novel", [-1]), ("surprise", "novel", [3, 3]), ("interference", "cosine", 1.1),
    ("interference", "time", 7), ("interference", "dim", 1),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "field", "value"), WRONG)
def test_a_bad_value_is_named(kind, field, value):
    with pytest.raises(ValueError, match=rf"{field} .*{value}".replace("[", r"\[")):
        small(kind, **{field: value})


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("capacity", "batch", 2.0),
        ("capacity", "time", True),
        ("capacity", "noise", "much"),
        ("capacity", "noise", None),
        ("capacity", "seed", 1.5),
        ("book", "period", 1.0),
        ("interference", "cosine", "near"),
        ("capacity", "period", 3),
        ("surprise", "novel", 3),
        ("capacity", "colour", "red"),
    ],
)
def test_a_wrong_type_or_field_is_named(kind, field, value):
    with pytest.raises(TypeError, match=field):
        small(kind, **{field: value})


def test_an_unknown_kind_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="kind must be one of .*'capacity'.*got 'chaos'"):
        kv_stream("chaos")
