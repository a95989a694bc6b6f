"""Optimizers that are memories: of gradients, of inputs, of each other (chapter 11).

    momentum     Momentum, DeltaMomentum: a linear memory, by Hebb and by the delta rule
    dmgd         DMGD: a network as memory
    dgd          DGD: a step that forgets what the layer said to this input
    m3           M3 and newton_schulz: two momenta made orthogonal
    around       what is made of other optimizers
    continuum    ContinuumOptimizer: every group at its own pace
    controller   NestedController: a network that turns the rates
    groups       build_groups: parameters by what they are for
    named        all of them by name

Each is a torch.optim.Optimizer: groups, closures, state_dict, schedules, and the Trainer of
transformers (`optimizers=(optimizer, None)`) work as with any other. Muon is torch's own.
"""

from titans_book.nested.optimizers.around import Together
from titans_book.nested.optimizers.continuum import ContinuumOptimizer
from titans_book.nested.optimizers.controller import NestedController
from titans_book.nested.optimizers.dgd import DGD
from titans_book.nested.optimizers.dmgd import DMGD
from titans_book.nested.optimizers.groups import build_groups
from titans_book.nested.optimizers.m3 import CUBIC, M3, QUINTIC, newton_schulz
from titans_book.nested.optimizers.momentum import DeltaMomentum, Momentum
from titans_book.nested.optimizers.named import named

__all__ = [
    "CUBIC",
    "DGD",
    "DMGD",
    "ContinuumOptimizer",
    "DeltaMomentum",
    "M3",
    "Momentum",
    "NestedController",
    "QUINTIC",
    "Together",
    "build_groups",
    "named",
    "newton_schulz",
]
