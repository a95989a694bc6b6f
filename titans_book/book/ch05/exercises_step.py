"""Exercise of chapter 05: one token of Titans for a memory with a hidden layer.

W_1, S_1 are (d, m); W_2, S_2 are (m, d); k and v are (d); theta, eta and alpha are numbers.
"""

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, gate, normal, vector
from titans_book.steps import deep as deep_steps
from titans_book.steps.deep import inner_grad

CHAPTER = "notebooks/05_deep_memory.ipynb"


def _terms(W_1, W_2, S_1, S_2, k, v, theta, eta, alpha):
    u_1, u_2 = inner_grad(W_1, W_2, k, v)
    return {"W_1": W_1, "S_1": S_1, "u_1": u_1, "W_2": W_2, "S_2": S_2, "u_2": u_2}


def _both(W, S, u, theta, eta, alpha):
    """Both layers, as they should be; each argument but the gates is a pair."""
    S = [eta * s - theta * one for s, one in zip(S, u, strict=True)]
    return *[(1 - alpha) * w + s for w, s in zip(W, S, strict=True)], *S


deep_step = Exercise(
    name="05.deep_step",
    what="one token of Titans for both layers",
    reference=deep_steps.deep_step,
    probe=Probe(
        state={
            "W_1": normal(4, 6, scale=0.6),
            "W_2": normal(6, 4, scale=0.6),
            "S_1": normal(4, 6, scale=0.2),
            "S_2": normal(6, 4, scale=0.2),
        },
        inputs={
            "k": vector(4),
            "v": normal(4),
            "theta": gate(0.02, 0.08),
            "eta": gate(0.2, 0.8),
            "alpha": gate(0.05, 0.3),
        },
        returns=("W_1", "W_2", "S_1", "S_2"),
    ),
    load=lambda: (
        torch.randn(64, 128).double(), torch.randn(128, 64).double(),
        torch.randn(64, 128).double(), torch.randn(128, 64).double(),
        torch.randn(64).double(), torch.randn(64).double(),
        torch.tensor(0.01), torch.tensor(0.5), torch.tensor(0.1),
    ),
    hints=(
        "Chapter 04's three lines, for two layers: be surprised, let past surprise take that in, "
        "fade and write. Both layers are surprised before either of them changes.",
        "inner_grad gives two surprises at once. Each layer has an S of its own shape; the three "
        "gates are the same for both. Four things come back: W_1, W_2, S_1, S_2.",
        "    W_1, W_2 = (1 - alpha) * W_1 + S_1, (1 - alpha) * W_2 + S_2\n"
        "    return W_1, W_2, S_1, S_2\n    u_1, u_2 = inner_grad(W_1, W_2, k, v)\n"
        "    S_1 = momentum_step(S_1, u_1, theta, eta)\n"
        "    S_2 = momentum_step(S_2, u_2, theta, eta)",
    ),
    terms=_terms,
    source="Titans eqs. 13 and 14, for each layer",
    taught=CHAPTER,
)  # fmt: skip


@deep_step.wrong("Backpropagation hands out all gradients before any weight moves. Do you?")
def changes_the_first_layer_first(W_1, W_2, S_1, S_2, k, v, theta, eta, alpha):
    """You change the first layer and measure the second one's surprise then. Both surprises belong
    to the memory as it came in."""
    S_1 = eta * S_1 - theta * inner_grad(W_1, W_2, k, v)[0]
    W_1 = (1 - alpha) * W_1 + S_1
    S_2 = eta * S_2 - theta * inner_grad(W_1, W_2, k, v)[1]
    return W_1, (1 - alpha) * W_2 + S_2, S_1, S_2


@deep_step.wrong("Backpropagation starts at the end. Do the weights change there first, as well?")
def changes_the_last_layer_first(W_1, W_2, S_1, S_2, k, v, theta, eta, alpha):
    """You change the last layer and send the error back through the changed one. Both surprises
    belong to the memory as it came in."""
    S_2 = eta * S_2 - theta * inner_grad(W_1, W_2, k, v)[1]
    W_2 = (1 - alpha) * W_2 + S_2
    S_1 = eta * S_1 - theta * inner_grad(W_1, W_2, k, v)[0]
    return (1 - alpha) * W_1 + S_1, W_2, S_1, S_2


@deep_step.wrong("What does the first layer remember of what it was surprised by?")
def writes_the_last_layer_only(W_1, W_2, S_1, S_2, k, v, theta, eta, alpha):
    """Only the last layer is written; the first one forgets, and learns nothing."""
    u = inner_grad(W_1, W_2, k, v)
    *_, W_2, _, S_2 = _both((W_1, W_2), (S_1, S_2), u, theta, eta, alpha)
    return (1 - alpha) * W_1, W_2, S_1, S_2


@deep_step.wrong("Which of the layers does eq. 13 exempt from forgetting?")
def spares_the_first_layer(W_1, W_2, S_1, S_2, k, v, theta, eta, alpha):
    """The first layer does not forget. The gate is one for the whole memory."""
    u = inner_grad(W_1, W_2, k, v)
    _, W_2, S_1, S_2 = _both((W_1, W_2), (S_1, S_2), u, theta, eta, alpha)
    return W_1 + S_1, W_2, S_1, S_2


@deep_step.wrong("Which of the layers does eq. 13 exempt from forgetting?")
def spares_the_last_layer(W_1, W_2, S_1, S_2, k, v, theta, eta, alpha):
    """The last layer does not forget. The gate is one for the whole memory."""
    u = inner_grad(W_1, W_2, k, v)
    W_1, _, S_1, S_2 = _both((W_1, W_2), (S_1, S_2), u, theta, eta, alpha)
    return W_1, W_2 + S_2, S_1, S_2


@deep_step.wrong("In which direction does the gradient point: towards less error, or more?")
def adds_the_gradient(W_1, W_2, S_1, S_2, k, v, theta, eta, alpha):
    """You step along the gradient, so every write makes the error larger."""
    u = inner_grad(W_1, W_2, k, v)
    return _both((W_1, W_2), (S_1, S_2), u, -theta, eta, alpha)


@deep_step.wrong("Which line of eqs. 13 and 14 carries S from one token to the next?")
def has_no_momentum(W_1, W_2, S_1, S_2, k, v, theta, eta, alpha):
    """Past surprise is lost: your S_1 and S_2 are the momentary surprise alone."""
    u = inner_grad(W_1, W_2, k, v)
    return _both((W_1, W_2), (S_1, S_2), u, theta, 0, alpha)


@deep_step.wrong("With eta = 0.9, how much of a new surprise does eq. 14 let in?")
def averages_the_momentum(W_1, W_2, S_1, S_2, k, v, theta, eta, alpha):
    """You average old and new surprise with eta and 1 - eta. Eq. 14 adds the new one in full."""
    u = inner_grad(W_1, W_2, k, v)
    return _both((W_1, W_2), (S_1, S_2), u, (1 - eta) * theta, eta, alpha)


@deep_step.wrong("In eq. 13, what does the factor 1 - alpha stand before?")
def forgets_what_it_just_wrote(W_1, W_2, S_1, S_2, k, v, theta, eta, alpha):
    """Forgetting also shrinks what has just been written. In eq. 13 only the old memory shrinks."""
    u = inner_grad(W_1, W_2, k, v)
    *_, S_1, S_2 = _both((W_1, W_2), (S_1, S_2), u, theta, eta, alpha)
    return (1 - alpha) * (W_1 + S_1), (1 - alpha) * (W_2 + S_2), S_1, S_2


@deep_step.wrong("At which memory does eq. 14 take the gradient?")
def is_surprised_after_forgetting(W_1, W_2, S_1, S_2, k, v, theta, eta, alpha):
    """You forget first and measure the surprise then. Titans measures at the memory before it
    forgets."""
    W = [(1 - alpha) * W_1, (1 - alpha) * W_2]
    return _both(W, (S_1, S_2), inner_grad(*W, k, v), theta, eta, 0)


@deep_step.wrong("What is left of a memory after 100 tokens with alpha = 0.1?")
def never_forgets(W_1, W_2, S_1, S_2, k, v, theta, eta, alpha):
    """Nothing is forgotten: the factor 1 - alpha is missing."""
    u = inner_grad(W_1, W_2, k, v)
    return _both((W_1, W_2), (S_1, S_2), u, theta, eta, 0)


@deep_step.wrong("Does S already hold -theta u, or do the weights have to subtract it?")
def subtracts_the_surprise_twice(W_1, W_2, S_1, S_2, k, v, theta, eta, alpha):
    """S already points downhill, with its minus in eq. 14; you subtract it once more in eq. 13."""
    u = inner_grad(W_1, W_2, k, v)
    *_, S_1, S_2 = _both((W_1, W_2), (S_1, S_2), u, theta, eta, alpha)
    return (1 - alpha) * W_1 - S_1, (1 - alpha) * W_2 - S_2, S_1, S_2


@deep_step.wrong("Which S does eq. 13 add: the one before this token, or the one after?")
def writes_the_old_surprise(W_1, W_2, S_1, S_2, k, v, theta, eta, alpha):
    """The weights take in the S that came in, so every token is written one token too late."""
    u = inner_grad(W_1, W_2, k, v)
    *_, new_1, new_2 = _both((W_1, W_2), (S_1, S_2), u, theta, eta, alpha)
    return (1 - alpha) * W_1 + S_1, (1 - alpha) * W_2 + S_2, new_1, new_2


@deep_step.wrong("In eq. 13, which alpha belongs to S?")
def forgets_the_surprise_too(W_1, W_2, S_1, S_2, k, v, theta, eta, alpha):
    """S forgets as well as the weights. alpha acts on the weights only; S has its own fading."""
    u = inner_grad(W_1, W_2, k, v)
    return _both((W_1, W_2), (S_1, S_2), u, theta, (1 - alpha) * eta, alpha)


@deep_step.wrong("Which letter forgets, and which carries on?")
def swaps_eta_and_alpha(W_1, W_2, S_1, S_2, k, v, theta, eta, alpha):
    """eta and alpha are swapped: eta carries surprise on, alpha forgets."""
    u = inner_grad(W_1, W_2, k, v)
    return _both((W_1, W_2), (S_1, S_2), u, theta, alpha, eta)


@deep_step.wrong("In which order does the last line of the docstring name them?")
def returns_the_surprise_first(W_1, W_2, S_1, S_2, k, v, theta, eta, alpha):
    """All is right but the order: you return the S before the W."""
    u = inner_grad(W_1, W_2, k, v)
    W_1, W_2, S_1, S_2 = _both((W_1, W_2), (S_1, S_2), u, theta, eta, alpha)
    return S_1, S_2, W_1, W_2


@deep_step.wrong("Which of the layers does eq. 14 exempt from momentum?")
def has_momentum_in_one_layer(W_1, W_2, S_1, S_2, k, v, theta, eta, alpha):
    """The last layer has no momentum. Every layer has an S of its own, and carries it on."""
    u = inner_grad(W_1, W_2, k, v)
    W_1, _, S_1, _ = _both((W_1, W_2), (S_1, S_2), u, theta, eta, alpha)
    return W_1, (1 - alpha) * W_2 - theta * u[1], S_1, -theta * u[1]
