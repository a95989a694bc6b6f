"""Exercises of chapter 07, learning to memorise: what the slow weights make of a token.

x is (T, dim), W_Q, W_K and W_V are (dim, d), W is (dim, 3), b is (3).
"""

import torch
from torch.nn.functional import normalize, silu

from titans_book.lab.learning.exercise import Exercise, normal
from titans_book.lab.learning.gradients import GradientProbe
from titans_book.steps import layer as layer_steps

CHAPTER = "notebooks/07_learning_to_memorise.ipynb"


project = Exercise(
    name="07.project",
    what="queries, keys and values from tokens",
    reference=layer_steps.project,
    probe=GradientProbe(
        inputs={"x": normal(5, 4), "W_Q": normal(4, 3), "W_K": normal(4, 3), "W_V": normal(4, 3)},
        returns=("q", "k", "v"),
        of=("W_Q", "W_K", "W_V"),
        steps=3,
    ),
    hints=(
        "Three products of x with a matrix. Two of the three then go through SiLU and are brought "
        "to length 1; one stays as it is.",
        "x is (T, dim), each W is (dim, d), so q, k and v are (T, d). Every row has a length of "
        "its own: dim=-1.",
        "    return unit(silu(x @ W_Q), dim=-1), unit(silu(x @ W_K), dim=-1), x @ W_V\n"
        "    unit, silu = torch.nn.functional.normalize, torch.nn.functional.silu",
    ),
    source="Titans eqs. 11 and 15",
    taught=CHAPTER,
)


@project.wrong("How long is a key of yours, and how long should it be?")
def keeps_the_length(x, W_Q, W_K, W_V):
    """Your q and k are not brought to length 1: a long key then writes more than once, and θ has no
    fixed meaning."""
    return silu(x @ W_Q), silu(x @ W_K), x @ W_V


@project.wrong("Which function comes between the product and the length?")
def leaves_out_silu(x, W_Q, W_K, W_V):
    """The SiLU is missing."""
    return normalize(x @ W_Q, dim=-1), normalize(x @ W_K, dim=-1), x @ W_V


@project.wrong("After which of the two steps is the length 1?")
def normalises_first(x, W_Q, W_K, W_V):
    """You bring q and k to length 1 and bend them afterwards: then their length is no longer 1."""
    return silu(normalize(x @ W_Q, dim=-1)), silu(normalize(x @ W_K, dim=-1)), x @ W_V


@project.wrong("Could a memory then say how large a value was?")
def normalises_the_values(x, W_Q, W_K, W_V):
    """v is brought to length 1 as well. A value is what is to be remembered, its size included."""
    q, k = silu(x @ W_Q), silu(x @ W_K)
    return normalize(q, dim=-1), normalize(k, dim=-1), normalize(x @ W_V, dim=-1)


@project.wrong("What is the smallest number that SiLU can give?")
def bends_the_values(x, W_Q, W_K, W_V):
    """v goes through SiLU too. The paper has it so; here v stays plain, because SiLU never goes
    below -0.28 and could not store most negative values."""
    q, k = silu(x @ W_Q), silu(x @ W_K)
    return normalize(q, dim=-1), normalize(k, dim=-1), silu(x @ W_V)


@project.wrong("Over which axis should one token's key have length 1?")
def normalises_over_time(x, W_Q, W_K, W_V):
    """You bring each feature to length 1 over all tokens (dim=0). So a token's key depends on the
    tokens after it: the future leaks in."""
    q, k = silu(x @ W_Q), silu(x @ W_K)
    return normalize(q, dim=0), normalize(k, dim=0), x @ W_V


@project.wrong("Which matrix makes the queries?")
def asks_with_the_keys(x, W_Q, W_K, W_V):
    """Your queries are the keys: W_Q is not used."""
    k = normalize(silu(x @ W_K), dim=-1)
    return k, k, x @ W_V


@project.wrong("In which order does the docstring name the three?")
def returns_keys_first(x, W_Q, W_K, W_V):
    """Keys and queries are swapped: you return k, q, v."""
    q, k = silu(x @ W_Q), silu(x @ W_K)
    return normalize(k, dim=-1), normalize(q, dim=-1), x @ W_V


@project.wrong("Which of the keys has length 1 in yours: each, or all of them together?")
def shares_one_length(x, W_Q, W_K, W_V):
    """You divide by the length of all keys together; each token's key has a length of its own
    (dim=-1)."""
    q, k = silu(x @ W_Q), silu(x @ W_K)
    return q / q.norm(), k / k.norm(), x @ W_V


@project.wrong("Which numbers does ReLU cut off that SiLU only bends?")
def uses_relu(x, W_Q, W_K, W_V):
    """That is ReLU. SiLU is x times sigmoid(x), and lets small negative numbers through."""
    q, k = torch.relu(x @ W_Q), torch.relu(x @ W_K)
    return normalize(q, dim=-1), normalize(k, dim=-1), x @ W_V


open_gates = Exercise(
    name="07.open_gates",
    what="three gates for every token",
    reference=layer_steps.open_gates,
    probe=GradientProbe(
        inputs={"x": normal(5, 4), "W": normal(4, 3), "b": normal(3)},
        returns=("theta", "eta", "alpha"),
        of=("W", "b"),
        steps=3,
    ),
    hints=(
        "x @ W + b has three columns, one for each gate. What makes a share of any number?",
        "A column is (T). `unbind(-1)` takes a (T, 3) tensor apart into three. theta alone gets a "
        "factor, and it is a number between 0 and 1 as well.",
        "    return theta * (1 - eta), eta, alpha\n"
        "    theta, eta, alpha = torch.sigmoid(x @ W + b).unbind(-1)",
    ),
    source="the gates of NeuralMemory",
    taught=CHAPTER,
    misfit="Each gate is one number a token, (T). Does `chunk` or a slice like `[:, :1]` leave an "
    "axis of length 1, where `unbind(-1)` or `[:, 0]` takes it away?",
)


@open_gates.wrong("Momentum repeats a write 1 + η + η² + … times. How much is that at η = 0.9?")
def leaves_theta_alone(x, W, b):
    """theta lacks the factor 1 - eta: with momentum a write would be repeated 1 / (1 - eta) times,
    beyond what is stable."""
    return torch.sigmoid(x @ W + b).unbind(-1)


@open_gates.wrong("At η = 0 there is no momentum. What should θ be multiplied by?")
def multiplies_by_eta(x, W, b):
    """You multiply theta by eta where 1 - eta belongs: without momentum yours would write
    nothing."""
    theta, eta, alpha = torch.sigmoid(x @ W + b).unbind(-1)
    return theta * eta, eta, alpha


@open_gates.wrong("Where do the gates stand for x = 0, and who decides that?")
def forgets_the_bias(x, W, b):
    """The bias b is missing. It is what lets α begin near 0."""
    theta, eta, alpha = torch.sigmoid(x @ W).unbind(-1)
    return theta * (1 - eta), eta, alpha


@open_gates.wrong("May a gate that opens close the two others?")
def shares_one_between_them(x, W, b):
    """A softmax makes the three gates add up to 1; they are independent of each other."""
    theta, eta, alpha = torch.softmax(x @ W + b, dim=-1).unbind(-1)
    return theta * (1 - eta), eta, alpha


@open_gates.wrong("Which values can tanh have that a share cannot?")
def uses_tanh(x, W, b):
    """tanh goes from -1 to 1; a gate is a share, from 0 to 1."""
    theta, eta, alpha = torch.tanh(x @ W + b).unbind(-1)
    return theta * (1 - eta), eta, alpha


@open_gates.wrong("In which order does the docstring name them?")
def swaps_eta_and_alpha(x, W, b):
    """The second column is eta, the third alpha; yours are swapped."""
    theta, alpha, eta = torch.sigmoid(x @ W + b).unbind(-1)
    return theta * (1 - eta), eta, alpha


@open_gates.wrong("What does forgetting have to do with how often momentum repeats a write?")
def tames_by_alpha(x, W, b):
    """Your theta carries 1 - alpha in the place of 1 - eta."""
    theta, eta, alpha = torch.sigmoid(x @ W + b).unbind(-1)
    return theta * (1 - alpha), eta, alpha


@open_gates.wrong("Momentum enlarges a write. Should theta be made larger for it, or smaller?")
def divides_by_it(x, W, b):
    """You divide theta by 1 - eta: that enlarges once more what momentum enlarges already."""
    theta, eta, alpha = torch.sigmoid(x @ W + b).unbind(-1)
    return theta / (1 - eta), eta, alpha


@open_gates.wrong("Is the factor applied to the share, or to the number before the sigmoid?")
def multiplies_before_the_sigmoid(x, W, b):
    """The factor 1 - eta belongs to theta after its sigmoid; before it, it does not make the gate
    smaller, only less decided."""
    theta, eta, alpha = (x @ W + b).unbind(-1)
    return torch.sigmoid(theta * (1 - eta)), eta.sigmoid(), alpha.sigmoid()
