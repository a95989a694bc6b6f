"""Nested learning: what trains a memory is a memory itself (chapters 11 and 12).

names            which optimizers bear a name, readable without PyTorch
optimizers       Momentum, DeltaMomentum, DGD, DMGD, M3, and what goes around an optimizer
self_modifying   memories that make their own keys, values and rates; self_loop, its oracle
hope             the same as a layer
continuum        levels of memory, each learning at its own pace; a package of its own
"""
