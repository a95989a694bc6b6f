"""Nested learning: what trains a memory is a memory itself (chapter 11).

names        which optimizers bear a name, readable without PyTorch
optimizers   Momentum, DeltaMomentum, DGD, DMGD, M3, and what goes around an optimizer
"""
