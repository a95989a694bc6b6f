"""Models that bear a name, each as one Rule: what differs between them is a choice or two.

    from titans_book.memory import presets
    presets.rule("linear-attention")                       the rule
    NeuralMemory(dim=64, heads=2, rule="linear-attention") a layer that follows it

Each equals the formula of its paper, written out by hand in tests/memory/test_presets.py. A preset
of your own is a function that returns a Rule, decorated with `preset`. Taught in chapter 10.
"""

from collections.abc import Callable
from typing import Any

from titans_book.check import choose
from titans_book.memory.maps import KL, Lq
from titans_book.memory.network import Network
from titans_book.memory.objective import Dot, Huber, Lp
from titans_book.memory.retention import Decay
from titans_book.memory.rule import Rule

__all__ = ["NAMES", "called", "preset", "resolve", "rule"]

_MADE: dict[str, Callable[[], Rule]] = {}
NAMES = _MADE.keys()  # the names of all presets, those added later included


def preset(function: Callable[[], Rule]) -> Callable[[], Rule]:
    """Make a function that returns a Rule known by its name, with hyphens for underscores."""
    _MADE[function.__name__.replace("_", "-")] = function
    return function


def rule(name: str, **options: Any) -> Rule:
    """The preset of that name, with some choices made otherwise (see `Rule`).

    Raises ValueError for an unknown name or choice.

    >>> rule("deltanet", read="before").chunk
    1
    """
    choose("rule", name, _MADE)
    return _MADE[name]().but(**options)


def resolve(given: Rule | str | None, layers: int, **choices: Any) -> Rule:
    """The Rule for weights of that many layers: a Rule, the name of a preset, or choices alone.

    Raises ValueError if the rule's network has another number of layers.
    """
    if layers == 0:
        raise ValueError("weights must hold one tensor for each layer, got none")
    if given is None:
        return Rule.of(layers, **choices)
    found = rule(given, **choices) if isinstance(given, str) else given.but(**choices)
    if found.network.layers != layers:
        raise ValueError(
            f"rule has a network of depth {found.network.depth}, with {found.network.layers} layers "
            f"of weights, but weights has {layers} layers"
        )
    return found


def called(given: Rule) -> str | None:
    """The name of the preset that is this rule, None if there is none.

    The length of a chunk does not count where no form of it changes the function: with the dot
    product, whose error does not look at the memory.

    >>> called(Rule.of(1, objective="dot", retention="none", momentum=False, chunk=4))
    'linear-attention'
    """
    blind = {"chunk": 16} if given.objective == Dot() and not given.retention.maps else {}
    for name in NAMES:
        made = rule(name)
        if made == given or (blind and made.but(**blind) == given.but(**blind)):
            return name
    return None


@preset
def titans() -> Rule:
    """Titans eqs. 8-18: a deep memory, momentum, and forgetting towards 0."""
    return Rule.of(2)


@preset
def titans_to_initial() -> Rule:
    """Titans with forgetting towards M_0, the default of our layers: it does not age."""
    return Rule.of(2, retention="initial")


@preset
def linear_attention() -> Rule:
    """Titans eqs. 4-5, Katharopoulos et al. 2020: M_t = M_{t-1} + theta_t k_t^T v_t."""
    return Rule.of(1, objective="dot", retention="none", momentum=False)


@preset
def retnet() -> Rule:
    """Sun et al. 2023: M_t = (1 - alpha) M_{t-1} + theta_t k_t^T v_t, one alpha a head."""
    return Rule.of(1, objective="dot", retention=Decay(steady=True), momentum=False)


@preset
def lightning_attention() -> Rule:
    """Qin et al. 2024: the rule of RetNet, computed in blocks of 64 tokens."""
    return Rule.of(1, objective="dot", retention=Decay(steady=True), momentum=False, chunk=64)


@preset
def gla() -> Rule:
    """Yang et al. 2023, gated linear attention: M_t = diag(1 - alpha_t) M_{t-1} + theta_t k_t^T v_t."""
    return Rule.of(1, objective="dot", retention=Decay(channels=True), momentum=False)


@preset
def mamba2() -> Rule:
    """Dao and Gu 2024: M_t = (1 - alpha_t) M_{t-1} + theta_t k_t^T v_t, alpha_t of the token."""
    return Rule.of(1, objective="dot", retention="decay", momentum=False)


@preset
def deltanet() -> Rule:
    """Titans eq. 34, Schlag et al. 2021: M_t = M_{t-1} + theta_t k_t^T (v_t - k_t M_{t-1}).

    With theta_max=2.0 a layer's write may turn the sign of what it finds: negative eigenvalues.
    """
    return Rule.of(1, retention="none", momentum=False, chunk=1)


@preset
def gated_deltanet() -> Rule:
    """Yang et al. 2024: M_t = N_t + theta_t k_t^T (v_t - k_t N_t), N_t = (1 - alpha_t) M_{t-1}.

    It forgets before it asks. Titans without momentum asks first, and is another model.
    """
    return Rule.of(1, momentum=False, chunk=1, forget_first=True)


@preset
def gated_deltanet_2() -> Rule:
    """M_t = N_t + theta_t k_t^T (w_t * v_t - (b_t * k_t) N_t), N_t = diag(1 - alpha_t) M_{t-1}.

    An erase gate b_t on the key and a write gate w_t on the value, where the delta rule has one
    number for both (arXiv 2605.22791, whose theta is 1).
    """
    decay = Decay(channels=True)
    return Rule.of(1, retention=decay, momentum=False, chunk=1, forget_first=True, split=True)


@preset
def kda() -> Rule:
    """Kimi Linear: Gated DeltaNet with one forgetting gate for each feature of the key."""
    return Rule.of(1, retention=Decay(channels=True), momentum=False, chunk=1, forget_first=True)


@preset
def longhorn() -> Rule:
    """Titans eq. 35, Liu et al. 2024: DeltaNet with the rate theta_t / (1 + theta_t |k_t|^2).

    The step that solves its own objective, |M - M_{t-1}|^2 + theta_t |k_t M - v_t|^2, exactly.
    """
    return Rule.of(1, retention="none", momentum=False, chunk=1, damping=1.0)


@preset
def deltaproduct() -> Rule:
    """arXiv 2502.10297: two pairs a token, one delta step after the other; writes=n for n of them."""
    return Rule.of(1, retention="none", momentum=False, chunk=1, writes=2)


@preset
def momentum_deltanet() -> Rule:
    """arXiv 2605.05838: the delta rule with momentum, which chunks exactly as well.

    S_t = eta_t S_{t-1} - theta_t u_t, M_t = (1 - alpha_t) M_{t-1} + S_t; its own rate for S is 1.
    """
    return Rule.of(1, chunk=1)


@preset
def ttt_linear() -> Rule:
    """Sun et al. 2024, without its norm: a linear memory, one gradient step a token, in chunks."""
    return Rule.of(1, retention="none", momentum=False)


@preset
def ttt_mlp() -> Rule:
    """Sun et al. 2024, without its norm: the same with a network of two layers."""
    return Rule.of(2, retention="none", momentum=False)


@preset
def mesa() -> Rule:
    """von Oswald et al. 2023, 2025: the least squares fit of all pairs so far, ridge 1. For small d."""
    return Rule.of(1, momentum=False, chunk=1, learning="least-squares")


@preset
def softmax_attention() -> Rule:
    """Titans eq. 2: no matrix, all pairs are kept; M_0 and the gates have no effect."""
    return Rule.of(1, retention="none", momentum=False, chunk=1, learning="kernel")


@preset
def yaad() -> Rule:
    """MIRAS eq. 26: a deep memory with the Huber objective, whose threshold is learned per token.

    M_t = (1 - alpha_t) M_{t-1} - theta_t u_t; the error is r if |r| <= delta_t, else delta_t sign(r).
    """
    return Rule.of(2, objective=Huber(delta=None, on="switch"), momentum=False)


@preset
def moneta() -> Rule:
    """MIRAS eq. 24: a deep memory, the L3 objective, and retention by Lq with q = 4, M_0 as A_0.

    A_t = (1 - alpha_t) A_{t-1} - theta_t u_t, M = sign(A) |A|^3 / (3 |A|_4^2). The map as it is
    printed is retention=Lq(map="printed").
    """
    return Rule.of(2, objective=Lp(p=3.0), retention=Lq(q=4.0), momentum=False)


@preset
def memora() -> Rule:
    """MIRAS eq. 27: a deep memory whose weights are a softmax, by the KL divergence.

    M_t = 8 softmax((1 - alpha_t) log M_{t-1} - theta_t u_t) over the inputs of every layer, which
    are (h, -h), so that the map may have any sign. M_0 must be positive.
    """
    network = Network(2, signed=True)
    return Rule(network, retention=KL(scale=8.0), momentum=False)


@preset
def omeganet() -> Rule:
    """ATLAS eqs. 8-11: a deep memory that writes its last four pairs again at every token.

    Without the polynomial features of the paper, which belong to the keys.
    """
    return Rule.of(2, momentum=False, window=4)


@preset
def atlas() -> Rule:
    """ATLAS eqs. 32-33: the same with momentum, made orthogonal by five Newton-Schulz steps.

    S_t = eta_t S_{t-1} - sum of the window's u, A_t = (1 - alpha_t) A_{t-1} + theta_t NS(S_t).
    """
    return Rule.of(2, window=4, learning="newton-schulz")
