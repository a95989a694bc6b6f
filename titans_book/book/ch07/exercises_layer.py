"""The layer of chapter 07, whose gradients count as much as its numbers.

x is (T, dim), W_Q, W_K and W_V are (dim, d), W is (dim, 3), b is (3), M is (d, d).
"""

import torch

from titans_book.lab.learning.exercise import Exercise, normal
from titans_book.lab.learning.gradients import GradientProbe
from titans_book.steps import layer as layer_steps
from titans_book.steps.layer import open_gates, project
from titans_book.steps.matrix import read, titans_step

CHAPTER = "notebooks/07_learning_to_memorise.ipynb"
SLOW = ("W_Q", "W_K", "W_V", "W", "b", "M")

layer_forward = Exercise(
    name="07.layer_forward",
    what="a neural memory: project, open the gates, memorise, answer",
    reference=layer_steps.layer_forward,
    probe=GradientProbe(
        inputs={
            "x": normal(5, 4),
            "W_Q": normal(4, 3),
            "W_K": normal(4, 3),
            "W_V": normal(4, 3),
            "W": normal(4, 3, scale=0.5),
            "b": normal(3, scale=0.5),
            "M": normal(3, 3),
        },
        returns=("y", "last M"),
        of=SLOW,
        steps=2,
    ),
    load=lambda: (
        torch.randn(64, 8).double(), *(torch.randn(8, 8).double() for _ in range(3)),
        torch.randn(8, 3).double(), torch.zeros(3).double(), torch.zeros(8, 8).double(),
    ),
    slow=10.0,
    hints=(
        "Before the loop: everything that depends on x alone. In the loop: write token t, then ask "
        "for it. After it: put the answers together.",
        "S starts at zero and has the shape of M. k[t] is (d), theta[t] a number; read(M, q[t]) is "
        "(d), so the stacked answers are (T, d).",
        "    for t in range(len(x)):\n    theta, eta, alpha = open_gates(x, W, b)\n"
        "    return torch.stack(y), M\n    q, k, v = project(x, W_Q, W_K, W_V)\n"
        "        y.append(read(M, q[t]))\n    S, y = torch.zeros_like(M), []\n"
        "        M, S = titans_step(M, S, k[t], v[t], theta[t], eta[t], alpha[t])",
    ),
    source="Titans eqs. 11 and 13 to 15",
    taught=CHAPTER,
    grade="build",
)  # fmt: skip


def _layer(x, slow, M, *, ask=None, cut=lambda M: M, made=lambda *made: made, carry=True,
           S=None, step=titans_step):  # fmt: skip
    """The layer with one thing changed: what is asked, what is cut off, what is carried on."""
    (q, k, v), gates = project(x, *slow[:3]), open_gates(x, *slow[3:])
    q, k, v, theta, eta, alpha = made(q, k, v, *gates)
    S, y = torch.zeros_like(M) if S is None else S, []
    for t in range(len(x)):
        before = M
        M, S = step(M, S, k[t], v[t], theta[t], eta[t], alpha[t])
        S = S if carry else torch.zeros_like(S)
        M = cut(M)
        y.append(read(M, q[t]) if ask is None else ask(before, M, q[t], k[t]))
    return torch.stack(y), M


@layer_forward.wrong("Can token t be asked for, at token t, what it has just told?")
def asks_before_it_writes(x, W_Q, W_K, W_V, W, b, M):
    """You ask before you write: that is M_{t-1}, where M_t is meant."""
    return _layer(x, (W_Q, W_K, W_V, W, b), M, ask=lambda before, M, q, k: read(before, q))


@layer_forward.wrong("What is W_Q for, if the memory is asked with k?")
def asks_with_the_key(x, W_Q, W_K, W_V, W, b, M):
    """You ask with the key of the token. Its query may look for something else altogether."""
    return _layer(x, (W_Q, W_K, W_V, W, b), M, ask=lambda before, M, q, k: read(M, k))


@layer_forward.wrong("What may the answer at token 2 depend on?")
def asks_the_last_memory(x, W_Q, W_K, W_V, W, b, M):
    """All questions go to the memory after the last token, so early answers know the future."""
    _, M = _layer(x, (W_Q, W_K, W_V, W, b), M)
    return read(M, project(x, W_Q, W_K, W_V)[0]), M


@layer_forward.wrong("Where does S come from at the second token?")
def loses_the_momentum(x, W_Q, W_K, W_V, W, b, M):
    """S is set to zero again at every token, so past surprise is lost."""
    return _layer(x, (W_Q, W_K, W_V, W, b), M, carry=False)


@layer_forward.wrong("M_0 is one of the slow weights. Where does yours stand?")
def starts_with_an_empty_memory(x, W_Q, W_K, W_V, W, b, M):
    """You start at zero and not at the M that was given, so M_0 can learn nothing."""
    return _layer(x, (W_Q, W_K, W_V, W, b), torch.zeros_like(M))


@layer_forward.wrong("Which line hands the memory of token t on to token t + 1?")
def starts_afresh_at_every_token(x, W_Q, W_K, W_V, W, b, M):
    """Every token writes into M_0: the memory is never carried on."""
    slow, pieces = (W_Q, W_K, W_V, W, b), []
    for t in range(len(x)):
        y, last = _layer(x[t : t + 1], slow, M)
        pieces.append(y)
    return torch.cat(pieces), last


@layer_forward.wrong("From where shall W_K learn what its keys were good for?")
def detaches_the_memory(x, W_Q, W_K, W_V, W, b, M):
    """The numbers are right, but the memory is detached after every write. W_K, W_V, the gates and
    M_0 then get no gradient at all: nobody learns to write."""
    return _layer(x, (W_Q, W_K, W_V, W, b), M, cut=torch.Tensor.detach)


@layer_forward.wrong("Which slow weights make k and v, and what do they learn from then?")
def detaches_what_is_written(x, W_Q, W_K, W_V, W, b, M):
    """The numbers are right, but keys and values are detached, as if they were data: W_K and W_V
    get no gradient."""
    return _layer(
        x, (W_Q, W_K, W_V, W, b), M,
        made=lambda q, k, v, *gates: (q, k.detach(), v.detach(), *gates),
    )  # fmt: skip


@layer_forward.wrong("How shall a gate learn when to open?")
def detaches_the_gates(x, W_Q, W_K, W_V, W, b, M):
    """The numbers are right, but the gates are detached: W and b get no gradient."""
    return _layer(
        x, (W_Q, W_K, W_V, W, b), M,
        made=lambda q, k, v, *gates: (q, k, v, *(gate.detach() for gate in gates)),
    )  # fmt: skip


@layer_forward.wrong("The memory learns while it reads, without autograd. Who needs autograd then?")
def reads_without_gradients(x, W_Q, W_K, W_V, W, b, M):
    """The numbers are right, but all of it runs under no_grad: the outer loop has nothing to go
    by."""
    with torch.no_grad():
        return _layer(x, (W_Q, W_K, W_V, W, b), M)


@layer_forward.wrong("Which one is the question, and which one the answer?")
def writes_values_to_keys(x, W_Q, W_K, W_V, W, b, M):
    """Key and value are swapped in the step: the memory learns to answer v with k."""
    return _layer(x, (W_Q, W_K, W_V, W, b), M, made=lambda q, k, v, *gates: (q, v, k, *gates))


@layer_forward.wrong("Whose θ should token 4 be written with?")
def opens_all_gates_alike(x, W_Q, W_K, W_V, W, b, M):
    """All tokens get the gates of the first one."""
    return _layer(
        x, (W_Q, W_K, W_V, W, b), M,
        made=lambda q, k, v, *gates: (q, k, v, *(gate[:1].expand(len(x)) for gate in gates)),
    )  # fmt: skip


@layer_forward.wrong("Whose θ should token 4 be written with?")
def averages_the_gates(x, W_Q, W_K, W_V, W, b, M):
    """The gates are averaged over all tokens. They belong to the token; some public code pools them
    over a chunk, and that is another model."""
    return _layer(
        x, (W_Q, W_K, W_V, W, b), M,
        made=lambda q, k, v, *gates: (q, k, v, *(gate.mean().expand(len(x)) for gate in gates)),
    )  # fmt: skip


@layer_forward.wrong("In which order does titans_step return its two results?")
def swaps_memory_and_momentum(x, W_Q, W_K, W_V, W, b, M):
    """titans_step gives M first and S second; you take them the other way round."""
    swapped = lambda *given: titans_step(*given)[::-1]  # noqa: E731
    return _layer(x, (W_Q, W_K, W_V, W, b), M, step=swapped)


@layer_forward.wrong("In which order does titans_step take its gates?")
def swaps_eta_and_alpha(x, W_Q, W_K, W_V, W, b, M):
    """alpha and eta are swapped in the call of titans_step: you forget by eta."""
    return _layer(
        x, (W_Q, W_K, W_V, W, b), M,
        made=lambda q, k, v, theta, eta, alpha: (q, k, v, theta, alpha, eta),
    )  # fmt: skip


@layer_forward.wrong("Which of q, k and v is the question?")
def asks_with_the_value(x, W_Q, W_K, W_V, W, b, M):
    """You ask with the value of the token, which is what the memory should answer."""
    return _layer(
        x, (W_Q, W_K, W_V, W, b), M, made=lambda q, k, v, *gates: (v, k, v, *gates)
    )  # fmt: skip


@layer_forward.wrong("What does your first piece do that a product alone does not?")
def multiplies_and_nothing_else(x, W_Q, W_K, W_V, W, b, M):
    """q and k are plain products, without SiLU and without length 1. `project` gives them as they
    should be."""
    return _layer(
        x, (W_Q, W_K, W_V, W, b), M, made=lambda q, k, v, *gates: (x @ W_Q, x @ W_K, v, *gates)
    )  # fmt: skip


@layer_forward.wrong("How much past surprise is there before the first token?")
def starts_with_past_surprise(x, W_Q, W_K, W_V, W, b, M):
    """S starts as a copy of M. Before the first token nothing has surprised: S is zero."""
    return _layer(x, (W_Q, W_K, W_V, W, b), M, S=M)


@layer_forward.wrong("Through what does an answer depend on the keys that were written?")
def asks_a_detached_memory(x, W_Q, W_K, W_V, W, b, M):
    """The numbers are right, but the memory is detached before it is asked, so no answer tells the
    writes how good they were."""
    return _layer(
        x, (W_Q, W_K, W_V, W, b), M, ask=lambda before, M, q, k: read(M.detach(), q)
    )  # fmt: skip
