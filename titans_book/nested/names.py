"""The optimizers that bear a name, and the learning rate each begins with; no PyTorch needed.

The rates are the best of a small grid on a byte language model of 0.1 million weights or fewer
(`python -m tests.benchmarks.optimizers`): a place to begin a search, not its end.
"""

OPTIMIZERS = {
    "adamw": 4e-3,
    "momentum": 1e-1,
    "delta-momentum": 1e-1,
    "dgd": 3e-1,
    "dmgd": 1e-1,
    "muon": 1e-2,
    "m3": 1e-2,
    "m3-printed": 1e-4,
    "continuum": 4e-3,
    "controller": 4e-3,
}
