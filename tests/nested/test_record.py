"""What is said of the optimizers is what the record of the benchmark holds."""

import json

from tests.project.sources import ROOT

RECORD = json.loads((ROOT / "notebooks/records/optimizers_cpu.json").read_text())
PARTS = {name: part["found"] for name, part in RECORD["parts"].items()}


def test_the_record_says_where_it_is_from():
    assert RECORD["device"] == "cpu" and RECORD["torch"] and RECORD["python"]
    assert "tests.benchmarks.optimizers" in RECORD["command"]
    assert set(PARTS) == {"eq53", "rotating", "heavy", "zipf", "language"}


def test_delta_momentum_finds_the_minimum_of_53_from_more_starts_where_the_walls_are_steep():
    for landscape in ("k=10, alpha=0.5, omega=5", "k=30, alpha=0.5, omega=5"):
        found = PARTS["eq53"][landscape]
        assert found["delta momentum"]["mean"] > found["momentum"]["mean"] + 0.2
        assert found["delta momentum, (49) as printed"]["mean"] < 0.1


def test_a_network_beats_a_matrix_only_where_the_next_place_is_no_linear_function():
    circle, places = PARTS["rotating"]["circle, period 20"], PARTS["rotating"]["six places"]
    network, matrix = "DMGD, next", "linear memory, next"
    assert circle[network]["mean"] < 0.6 * circle["momentum"]["mean"]
    assert abs(circle[network]["mean"] / circle[matrix]["mean"] - 1) < 0.1
    assert places[network]["mean"] < 0.8 * places[matrix]["mean"] < 0.5 * places["SGD"]["mean"]


def test_under_heavy_tails_clipping_is_better_than_a_network_and_the_literal_form_is_lost():
    heavy = {name: found["mean"] for name, found in PARTS["heavy"].items()}
    assert heavy["SGD, clipped"] < heavy["DMGD, gradient"] < 0.5 * heavy["SGD"]
    assert heavy["DMGD, literal (50)"] > 1000


def test_rare_facts_are_known_earlier_with_muon_than_with_adam():
    early = {name: found["20 steps"]["mean"] for name, found in PARTS["zipf"].items()}
    assert early["Muon"] > early["SGD, momentum"] > early["Adam"] > early["M3 as printed"]


def test_the_language_models_bits():
    language = PARTS["language"]
    bits = {name: found["mean"] for name, found in language.items()}
    assert bits["m3-printed"] > bits["m3"] + 0.3
    assert bits["dgd, erase 1"] > bits["dgd"] > bits["adamw"]
    low, tuned = "0.002", max(language["adamw"]["spread"], language["controller"]["spread"])
    assert language["controller"]["rates"][low] < language["adamw"]["rates"][low] - 0.1
    assert abs(bits["controller"] - bits["adamw"]) < tuned
