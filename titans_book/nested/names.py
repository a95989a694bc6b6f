"""The optimizers that bear a name, and the learning rate each begins with; no PyTorch needed.

The rates lie below the best of short trainings (150 steps of a small byte language model, see
notebooks/records/optimizers_cpu.json), because longer ones want lower rates: a place to begin a
search, not its end.
"""

OPTIMIZERS = {
    "adamw": 4e-3,
    "momentum": 1e-1,
    "delta-momentum": 1e-1,
    "dgd": 1e-1,
    "dmgd": 2e-1,
    "muon": 2e-2,
    "m3": 2e-2,
    "m3-printed": 3e-4,
    "continuum": 4e-3,
    "controller": 4e-3,
}
