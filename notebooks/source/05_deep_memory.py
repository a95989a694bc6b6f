# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 05 · Deep memory and its cliff
#
# *Read 20 minutes, play 15, code 25. Any CPU will do.*
#
# For four chapters a memory has been one matrix. Now it becomes a network, and that network learns while
# it reads. It will hold what no matrix can hold, and a good deal more of it. It also gets an edge that it
# can fall over, from a small error to NaN within a few words. You will go to that edge and look down.
#
# **You will be able to**
#
# 1. name a map that no matrix holds, and build a hidden layer that holds it, with a pencil;
# 2. send an error back through a memory by hand, and say why every gradient is an outer product;
# 3. write a token of Titans for a deep memory, and prove it;
# 4. see a NaN coming, say why deeper and louder memories fall sooner, and what one can do;
# 5. find a fault of real systems: one memory for a whole batch.
#
# **You need** the surprise of chapter 02, the momentum of 03 and the step of 04.

# %%
import torch
from titans_book import Gates, NeuralMemory, memorize
from titans_book.evaluation import aging
from titans_book.lab.pictures import figures, style
from titans_book.lab.pictures.line_figures import lines
from titans_book.book import Pick, Predict, exercise, off, part
from titans_book.book import progress_map, quiz, review
from titans_book.book.ch05 import deep
from titans_book.book.ch05.deep_dial import DeepDial
from titans_book.memory import reference
from titans_book.steps.deep import gelu, gelu_slope

style.use(dark=False)  # True: pictures for a dark page
torch.set_num_threads(1)  # matrices this small only wait for a second thread
surprise_step, momentum_step = part("02.surprise_step"), part("03.momentum_step")

# %% tags=["solution"]
off()  # the solved edition leaves your progress alone

# %% [markdown]
# Before you start: what is still there from before?

# %%
review("05")

# %% [markdown]
# ## A lamp on the stairs
#
# There is a switch at the foot of the stairs and one at the top, and a lamp beside each. Whoever flips a
# switch, up or down, changes both lamps. A memory is to learn this: the key is the position of the two
# switches, +1 for up and −1 for down, and the value is the two lamps, +1 for light. Four pairs of two
# numbers; what could be easier? We let the memory of chapter 02 go up and down the stairs 300 times.

# %%
switches = torch.tensor([[1, 1], [1, -1], [-1, 1], [-1, -1]], dtype=torch.float64)
lamps = -(switches[:, :1] * switches[:, 1:]).expand(4, 2)  # dark if both point the same way
M = torch.zeros(2, 2, dtype=torch.float64)
for _ in range(300):
    for k, v in zip(switches, lamps, strict=True):
        M = surprise_step(M, k, v, 0.01)

for k, v in zip(switches, lamps, strict=True):
    print(f"{k.tolist()}: it answers {(k @ M)[0]:+.2f}, the lamps are {v[0]:+.0f}")
assert (switches @ M).abs().max() < 0.03

# %% [markdown]
# Nothing. Was it taught badly? Here is the best matrix that there is, by least squares:

# %%
best = torch.linalg.pinv(switches) @ lamps
assert best.abs().max() < 1e-12
print("the best matrix for the stairs:", best.round(decimals=6).abs().tolist())

# %% [markdown]
# The two dark positions are k and −k. Whatever the matrix, it answers kM and −kM: opposite things, where
# the same darkness is asked for. The best it can do is to say nothing. More room would not help, for this
# is not a matter of capacity. A matrix can add up what the switches say; it cannot see them *together*.
#
# ## The equation
#
# Titans lets the memory be any network with $L_{\mathcal M}\ge1$ layers. Ours has one hidden layer:
#
# $$
# \begin{aligned}
# {\color{#D55E00}{M}}(x) &= x + \sigma\bigl(x\,{\color{#D55E00}{W_1}}\bigr)\,{\color{#D55E00}{W_2}}
#   && \text{the memory}\\
# {\color{#CC79A7}{u^{(l)}_t}} &= \frac{\partial}{\partial {\color{#D55E00}{W_l}}}\,
#   \tfrac12\bigl\|{\color{#D55E00}{M_{t-1}}}(k_t) - v_t\bigr\|^2 && \text{Titans (8), (12)}\\
# y_t &= {\color{#D55E00}{M_t^*}}(q_t) && \text{Titans (15)}
# \end{aligned}
# $$
#
# | Term | Meaning | In `steps/deep.py` | Test in `tests/steps/test_deep.py` |
# |---|---|---|---|
# | ${\color{#D55E00}{W_1}}, {\color{#D55E00}{W_2}}$ | fast weights, (d, m) and (m, d): they change at every token | `W_1`, `W_2` | – |
# | $\sigma$ | a bend, here GELU | `gelu`, `gelu_slope` | the slope is the derivative |
# | ${\color{#D55E00}{M^*}}(q)$ | ask, and write nothing | `mlp_read` | equals `Network(depth=2)` |
# | ${\color{#CC79A7}{u^{(1)}}}, {\color{#CC79A7}{u^{(2)}}}$ | a surprise for each layer | `inner_grad` | equals autograd |
# | (13), (14), per layer | forgetting and momentum | `deep_step` | equals `reference.memorize` |
#
# (In full: `titans_book/steps/deep.py`, `tests/steps/test_deep.py`. Eq. 12 has no ½, so our θ
# is twice the paper's; eq. 15 has no t, and we read after the write.) The paper says neither
# how wide the network is, nor which bend it has. The straight way, x + …, and GELU come from
# later papers of the same group (as we have them, at second hand). What does that bend look like?

# %%
z = torch.linspace(-4, 4, 81, dtype=torch.float64)
figures.lines(
    z, {"gelu(z)": gelu(z), "its slope": gelu_slope(z)}, markers=20, height=2.6,
    roles={"gelu(z)": "fast", "its slope": "surprise"}, xlabel="z", limits=(-0.5, 4),
    alt="GELU is near zero for negative z, dips to −0.17, and follows the diagonal for positive z. "
        "Its slope goes from 0 to 1 and is a half at zero.",
)  # fmt: skip

# %% [markdown]
# It lets through what is positive and stops what is negative. So a hidden unit can *fire*, or not.
#
# ## By hand: three watchers
#
# For the pencil, make the bend a sharp one: positive numbers pass, negative ones become 0. Three hidden
# units watch the switches. The first adds them up, the others take differences:
#
# $$
# {\color{#D55E00}{W_1}} = \begin{pmatrix}1 & 1 & -1\\ 1 & -1 & 1\end{pmatrix},\qquad
# {\color{#D55E00}{W_2}} = \begin{pmatrix}-1 & -1\\ 0 & 1\\ 1 & 0\end{pmatrix}.
# $$
#
# | switches | straight way | who fires | what it adds | answer |
# |---|---|---|---|---|
# | (1, 1) | (1, 1) | the first, with 2 | 2 · (−1, −1) | (−1, −1), dark |
# | (1, −1) | (1, −1) | the second, with 2 | 2 · (0, 1) | (1, 1), light |
# | (−1, 1) | (−1, 1) | the third, with 2 | 2 · (1, 0) | (1, 1), light |
# | (−1, −1) | (−1, −1) | nobody | – | (−1, −1), dark |
#
# Each watcher looks at both switches at once, and that is what the matrix could not do. Now write it down
# for any weights. As always, `mlp_read.hint()` helps, `mlp_read.solution()` shows the book's version, and
# what has passed can be kept with `mlp_read.keep()`. `gelu` is there.


# %%
@exercise("05.mlp_read")
def mlp_read(W_1, W_2, q):
    """The answer of a deep memory, q + gelu(q W_1) W_2.

    W_1 is (d, m), W_2 is (m, d), q is one question (d) or many, (T, d). Returns the shape of q.
    """
    ### BEGIN SOLUTION
    h = gelu(q @ W_1)
    return q + h @ W_2
    ### END SOLUTION


# %%
mlp_read.check()

# %% [markdown]
# GELU is softer than the pencil's bend. Do the three watchers still light the stairs?

# %%
W_1 = torch.tensor([[1, 1, -1], [1, -1, 1]], dtype=torch.float64)
W_2 = torch.tensor([[-1, -1], [0, 1], [1, 0]], dtype=torch.float64)
answers = mlp_read(W_1, W_2, switches)
for k, y in zip(switches, answers, strict=True):
    print(f"{k.tolist()}: {y[0]:+.2f} {y[1]:+.2f}  {'light' if y[0] > 0 else 'dark'}")
assert (answers - lamps).abs().max() < 0.05

# %% [markdown]
# They do. But nobody will set these weights by hand. The memory must find them while it reads, and for
# that it has to know how surprised *each layer* is.
#
# ## The surprise of each layer
#
# **Let autograd do it, first.** `torch.func.grad` turns a loss into its gradient, and `torch.vmap` maps
# that over a batch. Here are five sequences, each with weights of its own. Is one call for all of them
# the same as five calls?


# %%
def inner_loss(weights, k, v):
    return 0.5 * ((mlp_read(*weights, k) - v) ** 2).sum()


g = torch.Generator().manual_seed(0)
many = [torch.randn(5, *shape, generator=g, dtype=torch.float64) for shape in ((4, 6), (6, 4))]
k, v = torch.randn(2, 5, 4, generator=g, dtype=torch.float64)
surprise = torch.func.grad(inner_loss)
at_once = torch.vmap(surprise)(tuple(many), k, v)
for b in range(5):
    alone = surprise((many[0][b], many[1][b]), k[b], v[b])
    apart = max((one[b] - two).abs().max().item() for one, two in zip(at_once, alone, strict=True))
    assert apart < 1e-12
print("five calls and one call agree to 1e-12; shapes", *(tuple(u.shape) for u in at_once))

# %% [markdown]
# Remember `torch.func.grad` and `torch.vmap`; they come back in the bug hunt. **Now by hand**, because what
# you will see carries the rest of the book. One number for everything, and a bend of slope 1: k = 1, W₁ = 2, W₂ = ½,
# and the value is v = 5.
#
# *Forwards:* z = 2 and h = 2; the answer is 1 + 2 · ½ = 2. *The error at the end:* D₂ = 2 − 5 = **−3**.
# *Sent back* through W₂ and the bend: D₁ = −3 · ½ · 1 = **−1.5**. *Surprise:* each layer multiplies what
# went in with the error at its output. Last layer: h · D₂ = 2 · (−3) = **−6**. Hidden layer: k · D₁ =
# 1 · (−1.5) = **−1.5**. In general, with ⊙ for entry by entry:
#
# $$
# \begin{aligned}
# D_2 &= {\color{#D55E00}{M}}(k) - v, &\qquad {\color{#CC79A7}{u^{(2)}}} &= h^\top D_2,\\
# D_1 &= \bigl(D_2{\color{#D55E00}{W_2}}^\top\bigr)\odot\sigma'(z), &\qquad
#   {\color{#CC79A7}{u^{(1)}}} &= k^\top D_1 .
# \end{aligned}
# $$
#
# <div style="border:2px solid #CC79A7; border-radius:6px; padding:.2em 1em">
#
# **A layer's surprise is an outer product: what went in, times the error at its output.** For one matrix
# it was kᵀ(kM − v). Deeper, only the two vectors have other names.
#
# </div>
#
# Try the pencil's numbers: does the loss fall by about 0.06 if W₂ grows by 0.01?


# %%
def pencil(w_1, w_2):
    return 0.5 * (1 + 1 * w_1 * w_2 - 5) ** 2


for name, change in {"W_2": (0, 0.01), "W_1": (0.01, 0)}.items():
    slope = (pencil(2 + change[0], 0.5 + change[1]) - pencil(2, 0.5)) / 0.01
    print(f"{name}: the loss changes at the rate {slope:.2f}")
    assert abs(slope - {"W_2": -6, "W_1": -1.5}[name]) < 0.03

# %% [markdown]
# Your turn: five lines. `gelu_slope(z)` is σ′(z). (Autograd passes too, but then you have not seen the outer
# product.)


# %%
@exercise("05.inner_grad")
def inner_grad(W_1, W_2, k, v):
    """The gradients of 1/2 |M(k) - v|^2 for W_1 and W_2, without autograd.

    W_1 is (d, m), W_2 is (m, d), k and v are (d). Returns u_1 (d, m), u_2 (m, d).
    """
    ### BEGIN SOLUTION
    z = k @ W_1
    h = gelu(z)
    D_2 = k + h @ W_2 - v
    D_1 = (D_2 @ W_2.T) * gelu_slope(z)
    return torch.outer(k, D_1), torch.outer(h, D_2)
    ### END SOLUTION


# %%
inner_grad.check()

# %% [markdown]
# Is it what autograd found for the five sequences? And how much has to be stored for one token: the
# gradient, or the four vectors that it is made of?

# %%
for b in range(5):
    by_hand = inner_grad(many[0][b], many[1][b], k[b], v[b])
    assert all((u[b] - own).abs().max() < 1e-12 for u, own in zip(at_once, by_hand, strict=True))
    assert [int(torch.linalg.matrix_rank(u)) for u in by_hand] == [1, 1]
d, m = 16, 64
print("equal to autograd, to 1e-12; each of rank one")
print(f"d = {d}, m = {m}: gradients {2 * d * m} numbers, vectors k, D_1, h, D_2 {2 * (d + m)}")
assert (2 * d * m, 2 * (d + m)) == (2048, 160)

# %% [markdown]
# Rank one, always. 160 numbers instead of 2,048, and the gap grows with the size. That is why chapter 06
# can read a thousand tokens at once without ever forming a thousand matrices.

# %% [markdown] tags=["instructor"]
# **What goes wrong in class (15 minutes).** Nearly everybody gets u₂ at once. For D₁ the usual slips are a
# missing slope and `gelu_slope(h)`. Let them say aloud where an error "enters" the bend. Those who finish
# early: what would D₀, the error at k itself, be? (It has a second summand, from the straight way.)

# %% [markdown]
# ## The whole step
#
# Forgetting and momentum carry over layer by layer, with the same three gates:
#
# $$
# \begin{aligned}
# {\color{#D55E00}{S^{(l)}_t}} &= {\color{#009E73}{\eta_t}}\,{\color{#D55E00}{S^{(l)}_{t-1}}}
#   - {\color{#009E73}{\theta_t}}\,{\color{#CC79A7}{u^{(l)}_t}} && \text{Titans (14)}\\
# {\color{#D55E00}{W^{(l)}_t}} &= (1-{\color{#009E73}{\alpha_t}})\,{\color{#D55E00}{W^{(l)}_{t-1}}}
#   + {\color{#D55E00}{S^{(l)}_t}} && \text{Titans (13)}
# \end{aligned}
# $$
#
# `inner_grad` is there, and `momentum_step(S, u, theta, eta)` from chapter 03.


# %%
@exercise("05.deep_step")
def deep_step(W_1, W_2, S_1, S_2, k, v, theta, eta, alpha):
    """One token: both layers are surprised, then each takes the step of chapter 04.

    W_1, S_1 are (d, m), W_2, S_2 are (m, d), k and v are (d), the gates are numbers.
    Returns W_1, W_2, S_1, S_2.
    """
    ### BEGIN SOLUTION
    u_1, u_2 = inner_grad(W_1, W_2, k, v)
    S_1, S_2 = momentum_step(S_1, u_1, theta, eta), momentum_step(S_2, u_2, theta, eta)
    W_1, W_2 = (1 - alpha) * W_1 + S_1, (1 - alpha) * W_2 + S_2
    return W_1, W_2, S_1, S_2
    ### END SOLUTION


# %%
deep_step.check()

# %% [markdown]
# Thirty tokens with gates that change at every token: is your step the oracle's (autograd), and that of
# the fast form (no autograd, matrix products)?

# %%
T = 30
k, v = 0.6 * torch.randn(2, T, 4, generator=g, dtype=torch.float64)
theta, eta, alpha = torch.rand(3, T, generator=g, dtype=torch.float64) * torch.tensor(
    [[0.1], [0.9], [0.1]]
)
first = [0.4 * W[0] for W in many]
state = (*first, 0 * first[0], 0 * first[1])
for t in range(T):
    state = deep_step(*state, k[t], v[t], theta[t], eta[t], alpha[t])

gates = Gates(theta[None, None], eta[None, None], alpha[None, None])
for form in (reference.memorize, memorize):
    _, end = form(k[None, None], k[None, None], v[None, None], gates, [W[None] for W in first],
                  chunk=1)  # fmt: skip
    theirs = (*end.weights, *end.momentum)
    assert max((a - b[0, 0]).abs().max() for a, b in zip(state, theirs, strict=True)) < 1e-12
print("your step, the oracle and the fast form agree to 1e-12 after", T, "tokens")

# %% [markdown]
# Now let it climb the stairs: 16 hidden units with small random weights, a last layer of zeros, and
# nobody who sets a watcher. Does it find the light?


# %%
def climb(theta, rounds=40):
    """The mean |M(k) - v|^2 over the four positions, before each round."""
    start, _ = deep.start(2, expansion=8, dim=2)
    state, errors = (*start, 0 * start[0], 0 * start[1]), []
    for _ in range(rounds):
        errors.append((mlp_read(*state[:2], switches) - lamps).square().sum(1).mean())
        for k, v in zip(switches, lamps, strict=True):
            state = deep_step(*state, k, v, theta, 0, 0)
    return torch.stack(errors)


found = climb(0.05)
figures.lines(
    range(40), {"hidden layer": found}, markers=10, levels={"the best matrix": 2}, height=2.6,
    xlabel="times up and down the stairs", ylabel="|M(k) − v|²", limits=(0, 4.2),
    alt="The error of the deep memory starts at 4, falls below the best matrix within four "
        "rounds, and is zero after about twenty. The best matrix stays at 2 forever.",
)  # fmt: skip

# %%
print(f"after 20 rounds: {found[20]:.3f}; the best matrix has 2")
assert found[20] < 0.05

# %% [markdown]
# It does. Three watchers were enough for a pencil; *learning* wants more of them than needed, so that some
# look in a useful direction from the start.
#
# ## How much does it hold?
#
# Back to random pairs: d = 16, keys of length 1, and values with features of size 1. No matrix holds more
# than 16 of them; beyond, even the best one has an error of about 1 − 16/n (chapter 01). Error means
# |M(k) − v|² as a share of |v|²; an empty matrix has 1. Our deep memory has 64 hidden units and hears n
# pairs in 20 rounds. `deep.read` does what your step does, for any depth and many write rates at once.
#
# **Predict** its error, for 8 to 64 pairs.

# %%
counts = [8, 16, 24, 32, 48, 64]


def heard(n, rounds, depth=2, theta=0.3):
    """The error of a memory that has heard n pairs so often; theta in units of `stable`."""
    k, v = deep.pairs(n)
    weights, stable = deep.start(depth)
    read = deep.read(k.repeat(rounds, 1), v.repeat(rounds, 1), weights, theta * stable)
    return deep.recall(read.weights, k, v).item()


held = [heard(n, rounds=20) for n in counts]

# %%
Predict(
    "05.capacity", counts, held, limits=(0, 1), xlabel="pairs, n", ylabel="error",
    alt="The error of a deep memory against the number of pairs",
)  # fmt: skip

# %% [markdown]
# How does that compare with the best matrix, and with a single round?


# %%
def best_matrix(n):
    k, v = deep.pairs(n)
    left = k @ (torch.linalg.pinv(k) @ v) - v
    return (left.square().sum() / v.square().sum()).item()


once = [heard(n, rounds=1) for n in counts]
figures.lines(
    counts, {"deep, 20 rounds": held, "best matrix": [best_matrix(n) for n in counts],
             "deep, one round": once, "matrix, one round": [heard(n, 1, depth=1) for n in counts]},
    xlabel="pairs, n (d = 16)", ylabel="error", limits=(0, 1.3),
    alt="Four curves. The best matrix is at zero up to 16 pairs and climbs to 0.76 at 64. The deep "
        "memory after 20 rounds stays below 0.15. After one round, deep and matrix lie together, "
        "between 0.5 and 0.8.",
)  # fmt: skip

# %%
best = [best_matrix(n) for n in counts]
print("pairs:          ", counts)
print("best matrix:    ", [round(x, 2) for x in best])
print("deep, 20 rounds:", [round(x, 2) for x in held])
assert max(held[:4]) < 0.04 and held[5] < 0.16 and 0.42 < best[3] < 0.54 and best[5] > 0.7

# %% [markdown]
# At 32 pairs the best of all matrices is half wrong, and the deep memory almost right. It pays for that
# with 2,048 numbers instead of 256; but a matrix could not use more, for its size is that of its key.
#
# Mind the upper curves. After a *single* round, deep and matrix are alike. A hidden layer gives room; it
# does not make one hearing worth more. What it makes of that room depends on θ, and here the trouble
# begins.
#
# ## The cliff
#
# 32 pairs, eight rounds, two memories that differ in nothing but θ: 1.2 and 1.3, in units of 1/|h|², the
# rate at which a fresh memory stores a pair in one step. (`stable` in the code; h is what goes into the
# last layer.) What would you expect of 8 % more?

# %%
k, v = deep.pairs(32)
heard_k, heard_v = k.repeat(8, 1), v.repeat(8, 1)
weights, stable = deep.start(2)
two = deep.read(heard_k, heard_v, weights, torch.tensor([1.2, 1.3]) * stable)
figures.lines(
    range(1, 257), {"θ = 1.2": two.error[0], "θ = 1.3": two.error[1].where(two.error[1] < 1e9,
                                                                           torch.nan)},
    log="y", markers=40, xlabel="token (a round is 32)", ylabel="error", limits=(1e-2, 1e9),
    alt="Two errors on a logarithmic axis. They run together for about fifty tokens; then that of "
        "1.3 shoots straight up, past a thousand million, while 1.2 goes on and slowly falls.",
)  # fmt: skip

# %%
gone = int((~two.error[1].isfinite()).nonzero()[0]) + 1
left = deep.recall(two.weights, k, v)[0].item()
print(f"θ = 1.2: error {left:.2f} in the end. θ = 1.3: no number left at token {gone}.")
assert 60 <= gone <= 68 and left < 0.4

# %% [markdown]
# Not a little worse: gone, within a few tokens, and for ever, since NaN survives every further write. A
# matrix breaks differently. Chapter 02: above θ|k|² = 2 it overshoots, and each overshoot is larger than
# the last by the *same* factor. Why is this so sudden?
#
# ### By hand: two numbers that multiply each other
#
# Take the smallest deep memory there is: y = a · b, no bend, no straight way, k = 1. The surprises are
# (y − v) b and (y − v) a. Start with a = b = 1, θ = 1, and a value of **1**: no error, nothing happens. Now a
# value of **4**:
#
# | token | a = b | answer a · b | error | next a: a − error · b |
# |---|---|---|---|---|
# | 1 | 1 | 1 | −3 | 1 + 3 = 4 |
# | 2 | 4 | 16 | 12 | 4 − 48 = −44 |
# | 3 | −44 | 1,936 | 1,932 | −44 + 85,008 = 84,964 |
#
# A step moves the answer by θ(a² + b²) times the error, to first order. That factor, the **curvature**,
# is made of the weights themselves. An overshoot makes the weights larger; they make the next overshoot
# larger by more than its share; the number of digits triples with each token. For a matrix the factor is
# |k|², and nothing in the memory can change it. How many tokens until float64 has no number left?

# %%
a = torch.tensor(1.0, dtype=torch.float64)
sizes = []
while a.isfinite():
    sizes.append(a.item())
    a = a - (a * a - 4) * a
print([f"{size:.3g}" for size in sizes])
assert sizes[:4] == [1, 4, -44, 84964] and len(sizes) < 10

# %% [markdown]
# In our memory two layers move the answer, and the curvature has a part from each. The last layer gives
# |h|², as a matrix gives |k|². The hidden layer's change still has to pass the bend and W₂. Call these two
# together G: each row of W₂ times the slope σ′(z) of its unit. If G can make a vector g times as long, and
# no longer, the hidden layer gives |k|²g². So the curvature is |h|² + |k|²g² (in the worst direction of
# the error). Times θ it is one number a token: 1 stores a pair at one stroke, and above 2 one pair, heard
# again and again, would be overshot more each time, as long as this number stays where it is. Where does it
# stand at θ = 1.2 and at 1.3?


# %%
def gauge(theta, tokens=60):
    """theta times the curvature at each token, while the memory reads."""
    W_1, W_2 = weights
    state, factors = (W_1, W_2, 0 * W_1, 0 * W_2), []
    for k, v in zip(heard_k[:tokens], heard_v[:tokens], strict=True):
        z = k @ state[0]
        G = gelu_slope(z)[:, None] * state[1]
        curvature = gelu(z).square().sum() + k.square().sum() * torch.linalg.matrix_norm(G, 2) ** 2
        factors.append(theta * curvature)
        state = deep_step(*state, k, v, theta, 0, 0)
    return torch.stack(factors)


# %%
steady, near, over = (gauge(theta * stable) for theta in (0.3, 1.2, 1.3))
figures.lines(
    range(1, 61), {"θ = 0.3": steady, "θ = 1.2": near, "θ = 1.3": over.clamp(max=99)}, log="y",
    levels={"2": 2}, limits=(0.2, 99), markers=10, xlabel="token", ylabel="θ · curvature",
    alt="Theta times curvature on a logarithmic axis. At 0.3 it stays between 0.2 and 0.5. At "
        "1.2 it wanders between 1 and 3.5. At 1.3 it wanders as high as 7; then, within a few "
        "tokens, it leaves the picture upwards.",
)  # fmt: skip

# %%
print(f"largest so far: {steady.max():.2f} at θ = 0.3, {near.max():.2f} at 1.2")
assert steady.max() < 0.7 and 2.5 < near.max() < 3.5 and over.max() > 1e3

# %% [markdown]
# An honest word about the line at 2: with changing pairs the memory goes beyond it for a while and comes
# back, as θ = 1.2 shows. The gauge does not tell the day; it tells the weather.
#
# ### Deeper falls sooner
#
# **Predict.** The same pairs, depths 1 to 4 (a matrix, then one, two, three hidden layers of 64). What is
# the largest θ that survives, in units of 1/|h|²? For the matrix you know it from chapter 02.

# %%
rates = torch.logspace(-1.3, 0.5, 19, dtype=torch.float64)


def at_every_rate(depth, loud=1.0, rounds=6):
    """The error after some rounds, for every write rate; infinite where the memory broke."""
    k, v = deep.pairs(32, loud=loud)
    weights, stable = deep.start(depth)
    read = deep.read(k.repeat(rounds, 1), v.repeat(rounds, 1), weights, rates * stable)
    return deep.recall(read.weights, k, v).where((read.error < 1e4).all(1), torch.inf)


def largest(errors):
    """The largest rate before the first that breaks."""
    return rates[int(errors.isinf().double().argmax()) - 1].item()


by_depth = {depth: at_every_rate(depth) for depth in (1, 2, 3, 4)}

# %%
Predict(
    "05.cliff", [1, 2, 3, 4], [largest(by_depth[depth]) for depth in by_depth], points=4,
    limits=(0, 3), xlabel="depth L", ylabel="largest θ", role="gates",
    alt="The largest write rate that survives, for memories of depth 1 to 4",
)  # fmt: skip

# %% [markdown]
# And the whole landscape, on logarithmic axes. Where a memory has broken, its curve stands at the top.

# %%
figures.lines(
    rates, {f"depth {depth}": errors.clamp(max=300) for depth, errors in by_depth.items()},
    log="xy", limits=(0.03, 400), levels={"broken: NaN, or on the way": 300}, markers=2, width=7,
    xlabel="write rate θ, in units of 1/|h|²", ylabel="error after 6 rounds",
    alt="Error against write rate for depths 1 to 4. Each curve falls, reaches a least value, "
        "about 0.5 for the matrix and 0.1 for the others, and then jumps to the top; the matrix "
        "climbs to 41 first. The deeper the memory, the further left: behind 2, 1.3, 0.8 and 0.5 "
        "for depths 1 to 4.",
)  # fmt: skip

# %%
for depth, errors in by_depth.items():
    best = int(errors.argmin())
    print(f"depth {depth}: largest θ {largest(errors):.2f}; "
          f"best {errors[best]:.2f}, at θ = {rates[best]:.2f}")  # fmt: skip
edges = [largest(errors) for errors in by_depth.values()]
bold = [largest(errors) / rates[errors.argmin()] for errors in by_depth.values()]
assert edges == sorted(edges, reverse=True) and edges[0] > 1.9 and 0.2 < edges[3] < 0.7
assert (
    40 < by_depth[1][16] < 41
    and bold[0] > 6
    and max(bold[1:]) < 3
    and by_depth[1][0] > 0.6
    and by_depth[4][0] > 0.5
)
assert by_depth[1].min() > 4 * max(by_depth[depth].min() for depth in (2, 3, 4))

# %% [markdown]
# At their best all three deep memories are four times better than the matrix, and more. But look where that
# best lies. The matrix could be six times as bold before it breaks; the deep ones not even three times.
# And the size of the values, which a matrix never even notices, matters as well:

# %%
for loud in (1, 4):
    edges = [largest(at_every_rate(depth, loud, rounds=3)) for depth in (1, 2, 3)]
    print(f"values of size {loud}: largest θ at depth 1, 2, 3:", [round(x, 2) for x in edges])
assert edges[0] > 1.9 and edges[1] < 0.8 and edges[2] < 0.4

# %% [markdown]
# A louder value makes larger weights, larger weights more curvature. Your a · b said so: 1 was calm, 4 was
# the end.

# %% [markdown] tags=["instructor"]
# **Discussion (10 minutes).** "Then take a tiny θ." Look at the left end of the landscape: at θ = 0.05
# all four are still more than half wrong after six rounds. A memory that reads a text once cannot afford it.
# Learning fast and staying on the path is one and the same dial. Who knows the *edge of stability* from
# training large networks will recognise it: there the weights change over hours, here over words.

# %% [markdown]
# ## Play: the deep dial
#
# Twelve pairs of eight numbers, four rounds. The upper drawing (left, in the still picture) is the memory reading;
# where it breaks, the rest is hatched and red. The lower one shows the error at the end for *every* θ, and
# the zone where there is none.
#
# **A question for the dial:** set θ|h|² = 1, the rate that looks so natural. How many hidden units does
# depth 2 need to survive it? Depth 3? Depth 4?

# %%
DeepDial(
    depth=2, hidden=16, theta=1.0,
    alt="Deep dial: sliders for depth, hidden units, write rate and loudness; two error curves.",
)  # fmt: skip

# %% [markdown]
# Where sliders do not work: this is depth 3 with 32 hidden units.

# %%
DeepDial(alt="Depth 3, 32 hidden units, a write rate of 1", depth=3, hidden=32, theta=1.0).figure(
    alt="Two panels, errors on a logarithmic axis. Left, the error over the tokens: it swings "
        "between 0.8 and 4 for seven tokens, then shoots up, and the rest is hatched red. Right, "
        "the error in the end for every write rate: it falls to about 0.16 at 0.3 and rises to "
        "0.8 at 0.7; from there on everything is hatched red."
)  # fmt: skip

# %% [markdown]
# <details><summary><b>Answer</b> (try the dial first)</summary>
#
# 32, 56, and depth 4 does not survive it with 64 either. Wider is safer: with more units each one has to
# move less. Deeper is more dangerous. Double the loudness, and depth 2 needs 56 units.
#
# </details>


# %%
def survives(depth, hidden, loud=1.0):
    return DeepDial(alt="dial", depth=depth, hidden=hidden, theta=1.0, loud=loud).lost is None


assert survives(2, 32) and not survives(2, 24) and survives(3, 56) and not survives(3, 48)
assert not survives(4, 64) and survives(2, 56, 2.0) and not survives(2, 48, 2.0)

# %% [markdown]
# ## The other edge: zero
#
# Back to a · b, now with a = b = 0. Both surprises are 0, since each is multiplied by the *other* weight. A
# value of 4, or of 4,000: nothing moves. Zero is a saddle, flat but no valley: with the slightest push the
# memory rolls off, but from zero itself it cannot start. And forgetting leads just there. Eq. (13) shrinks
# *all* layers.
#
# A memory reads eight pairs for twenty rounds, with α = 0.01. Then there is silence: 300 tokens with k = 0
# and v = 0, during which it only forgets. Then the same eight pairs come again. **Pick:** one of these
# curves is a matrix, one a memory of depth 2, and one is invented. Which is the deep memory? (The silence,
# after round 20, is not shown.)


# %%
def after_silence(depth, silence=300, rounds=(20, 30)):
    """The error in each round of eight pairs, before and after a silence."""
    k, v = deep.pairs(8)
    weights, stable = deep.start(depth)
    before = deep.read(k.repeat(rounds[0], 1), v.repeat(rounds[0], 1), weights, 0.3 * stable,
                       alpha=0.01)  # fmt: skip
    asleep = [W * (1 - 0.01) ** silence for W in before.weights]
    after = deep.read(k.repeat(rounds[1], 1), v.repeat(rounds[1], 1), asleep, 0.3 * stable,
                      alpha=0.01)  # fmt: skip
    return torch.cat([before.error, after.error], 1).view(-1, 8).mean(1)


matrix, hidden = after_silence(1), after_silence(2)

# %%
Pick(
    "05.silence", range(1, 51),
    {"matrix": matrix, "fresh": torch.cat([hidden[:20], hidden[:20], hidden[19].expand(10)]),
     "deep": hidden},
    right="deep", limits=(0, 1.6), xlabel="round", ylabel="error",
    because={
        "matrix": "This is the matrix. The silence has emptied it, and an empty matrix learns like "
                  "a fresh one: its surprise does not need any weights.",
        "fresh": "This would be a deep memory that the silence has made as good as new. But what "
                 "is new about it is M₀, and that was forgotten as well.",
        "deep": "The silence took both layers down to a twentieth of their size, and then they "
                "shrink further: each waits for the other to send it an error.",
    },
    alt="Three curves of an error over fifty rounds with a silence after round 20, A to C",
)  # fmt: skip

# %%
dead = after_silence(2, silence=1000)
first, _ = deep.start(2)
restless = deep.read(*deep.pairs(600), first, 0.3 * stable, alpha=0.01).weights
print(f"300 silent tokens, ten rounds later: matrix {matrix[29]:.2f}, deep {hidden[29]:.2f}")
print(f"1000 silent tokens, thirty rounds later: deep {dead[49]:.2f}")
print(f"600 new pairs: |W_1| goes from {first[0].norm():.0f} to {restless[0].norm():.2f}")
assert max(W.norm() for W in restless) < 0.1 and first[0].norm() > 15
assert matrix[29] < 0.25 and hidden[29] > 0.9 and dead[49] > 1.0

# %% [markdown]
# After 1,000 silent tokens it is dead: thirty rounds of perfectly good lessons leave no trace. It needs no
# silence, either. Where nothing is ever repeated, no write holds the weights up against α: after 600 new
# pairs W₁ has shrunk from a length of 16 to less than 0.1.
#
# And the **wipe** of chapter 04, α = 1, which did a matrix good at a border? A memory knows eight pairs by
# heart, and is wiped once, by your own step, while it reads one of them. Forgetting is off after that. How
# long until it knows them again? And if the pair at the wipe is one that it has never heard?

# %%
k, v = deep.pairs(8)
known = deep.read(k.repeat(20, 1), v.repeat(20, 1), weights, 0.3 * stable).weights
W_1, W_2 = (W[0] for W in known)
new_k, new_v = (x[0] for x in deep.pairs(1, seed=9))


def relearned(rounds, key=k[0], value=v[0]):
    """The error after so many rounds, behind a wipe at this pair."""
    start = deep_step(W_1, W_2, 0 * W_1, 0 * W_2, key, value, 0.3 * stable, 0, 1.0)[:2]
    taught = deep.read(k.repeat(rounds, 1), v.repeat(rounds, 1), start, 0.3 * stable)
    return deep.recall(taught.weights, k, v).item()


newborn, later, much_later = heard(8, 10), relearned(50), relearned(100)
pushed = relearned(50, new_k, new_v)
print(f"a fresh start, 10 rounds: error {newborn:.2f}")
print(f"after the wipe, 50 rounds: {later:.2f}, 100 rounds: {much_later:.2f}")
print(f"wiped at a pair it did not know, 50 rounds: {pushed:.2f}")
assert round(newborn, 2) == 0.01 and later > 0.9 and 0.06 < much_later < 0.075
assert 0.14 < pushed < 0.17

# %% [markdown]
# Ten times as long as a newborn one, and still not as good (0.07 against 0.01). We wiped at a pair that it
# knew, so next to nothing was written with the wipe. A surprising pair leaves a small push behind, and the
# memory wakes up earlier; after 50 rounds it is still far behind a newborn one. A wiped matrix is a new
# matrix; a wiped network is not a new network. New ones come from M₀, and eq. (13) pulls M to 0, past its
# own beginning.
#
# ### The same on real text, and the cure
#
# That was a toy. Here is a layer as it comes out of the box. It reads Moby-Dick byte by byte, each byte a
# random vector of 64 numbers. Now and then we stop, write eight new pairs into a copy of its memory, each
# pair once, and ask for them. How many of their bits does it give back? Guessing gets half of them.
#
# One layer forgets as eq. (13) says, towards 0. The other forgets towards the memory it began with:
#
# $$M_t = M_0 + (1 - \alpha_t)\,(M_{t-1} - M_0) + S_t$$
#
# In words: what it has *read* fades. What it knew *before* it read anything stays.


# %%
ages, recalled = [0, 512, 1024, 2048, 3072, 4096], {}
for name, retention in {"towards 0": "decay", "towards M₀": "initial"}.items():
    torch.manual_seed(0)
    memory, state = NeuralMemory(64, retention=retention), None
    bits = [aging.recall(memory, None)]
    with torch.no_grad():
        for piece in aging.stream("text", ages[-1], piece=512):
            _, state = memory(piece, state)
            if state.position in ages:
                bits.append(aging.recall(memory, state.memory))
    recalled[name] = bits
    print(f"{name}: " + ", ".join(f"{share:.2f}" for share in bits))
assert min(recalled["towards M₀"]) > 0.96 and recalled["towards 0"][-1] < 0.6

# %%
lines(
    ages, recalled, xlabel="bytes of Moby-Dick read", ylabel="bits recalled", limits=(0.4, 1.02),
    levels={"guessing": 0.5},
    alt="The share of bits recalled, over the bytes read. Towards M₀ it stays near 0.98. "
        "Towards 0 it falls and reaches guessing, 0.5, before 4096 bytes.",
)  # fmt: skip

# %% [markdown]
# The first memory is not full. Its hidden layer is gone: forgetting has taken the features that M₀ came
# with, no token ever writes them back, and without features there is nothing to store under. The second one
# still stores like a newborn memory, and it does so after a million bytes as well. That is why the layers
# and models of this book forget towards M₀ unless you ask for `retention="decay"`, the paper's rule.
#
# ## What can be done
#
# Nobody can repeal the cliff, but `NeuralMemory` keeps away from both edges.
#
# - **It measures θ in units of 1/|h|²** (`stable`), times 1 − η for the momentum. It starts θ at 0.1 of that
#   unit or less, where all four depths of the landscape are safe, and lets no gate open beyond 1.
# - **It starts beside the saddle:** the last layer is 0, so nothing is remembered; the hidden layers are
#   not, so it can learn. It forgets towards M₀, never towards 0, so it stays beside the saddle.
# - **It has a fuse,** `clamp`: a surprise longer than four times what a fresh memory feels is cut to that
#   length. Then weights grow at most in step with the text.
#
# And the gauge offers a cure. ρ = |u|² / |D₂|² is the curvature in the direction of the error, and your
# four vectors give it for nothing: |u|² = |k|²|D₁|² + |h|²|D₂|². So divide: θ / (1 + θρ) takes away nearly
# all of the error for a large θ and, to first order, never more than all. For one matrix that is Longhorn,
# which you met in chapter 04. Here it is called `damping=1` (`guards.py`), and it is off unless asked for,
# since it also makes small steps smaller. What do the fuse and the cure make of depth 4?

# %%
k, v = deep.pairs(32)
weights, stable = deep.start(4)
tried = torch.tensor([0.1, 0.2, 0.5, 1.0, 2.0, 4.0], dtype=torch.float64)
lesson = [x.repeat(8, 1).expand(6, 1, 256, 16) for x in (k, k, v)]  # one sequence for each rate
theta = (tried * stable)[:, None, None].expand(6, 1, 256)


def guarded(**guard):
    """The error of depth 4 after eight rounds, for each rate."""
    gates = Gates(theta, 0 * theta, 0 * theta)
    _, end = memorize(*lesson, gates, [W[None] for W in weights], chunk=1, **guard)
    return deep.recall([W[:, 0] for W in end.weights], k, v).nan_to_num(nan=torch.inf)


plain, damped = guarded(), guarded(damping=1.0)
fused = guarded(clamp=4 * (16 / stable) ** 0.5)

# %%
figures.lines(
    tried, {"the paper's rule": plain.clamp(max=30), "with the fuse": fused,
            "damped": damped},
    log="xy", limits=(0.01, 40), levels={"broken": 30}, xlabel="write rate θ, in units of 1/|h|²",
    ylabel="error after 8 rounds",
    alt="Error of depth 4 against the write rate. All three fall together to 0.1 at a rate of 0.2. "
        "Then the paper's rule jumps to broken at 1; with the fuse the error stays near 1; damped "
        "it goes on falling, to 0.02.",
)  # fmt: skip

# %%
print(f"θ = 1: paper's rule {plain[3]} (broken), fuse {fused[3]:.2f}, damped {damped[3]:.2f}")
assert plain[3] == torch.inf and plain[1] < 0.12 and damped[2:].max() < 0.05
assert fused[2:].min() > 0.6 and fused[2:].max() < 1.5 and abs(damped[1] - plain[1]) < 0.05

# %% [markdown]
# The fuse is no cure: behind the edge there are numbers, and they know nothing. But one bad passage does
# not turn all that follows into NaN. Damped, the cliff is gone; a large θ is even the best one.
#
# > **Asked again and again: "my memory is NaN at depth 4, or at length 4,096, or after ten steps".** It is
# > this chapter. Depth moves the edge to the left; a longer text brings larger weights, and more chances
# > for a loud value; a chunk of b tokens steps up to b times as far at once (chapter 06). In this order:
# > give θ the unit 1/|h|²; multiply it by 1 − η; start M₀'s last layer at zero; fuse or damp; try depth 2.
#
# ## Bug hunt: whose dog is it?
#
# Anna and Ben talk to the same server, which reads both in one batch. Anna says: *my dog is called Rex*.
# Ben has no dog, and talks of the weather. This is how somebody writes both into the memory. The code
# runs; a loss falls; variants of it are in several public projects. What does Ben's memory know?


# %%
def faulty_batch_write(W_1, W_2, k, v, theta):
    """W_1 (d, m), W_2 (m, d); k, v: one pair for each sequence, (B, d)."""

    def loss(weights):
        answers = mlp_read(*weights, k)
        return 0.5 * ((answers - v) ** 2).sum(-1).mean()  # over the batch

    u_1, u_2 = torch.func.grad(loss)((W_1, W_2))
    return W_1 - theta * u_1, W_2 - theta * u_2


# %%
words, meanings = deep.pairs(2, seed=1)
dog, weather = words
rex, rain = meanings
W_1, W_2 = deep.start(2)[0]
stable = deep.start(2)[1]
shared = (W_1, W_2)
for _ in range(30):
    shared = faulty_batch_write(*shared, words, meanings, stable)
told = mlp_read(*shared, dog)
print(f"Ben asks for his dog's name: {torch.cosine_similarity(told, rex, 0):.0%} Rex")
assert torch.cosine_similarity(told, rex, 0) > 0.95

# %% [markdown]
# He is told the name of Anna's dog. There is **one** memory for everybody: W₁ and W₂ have no batch axis,
# and the mean adds up what each sequence wants. Tests of shapes pass, tests with a batch of one pass.
#
# Mend it. Give every sequence weights of its own, W₁ (B, d, m) and W₂ (B, m, d), and write each pair into
# its own memory only. (There is a second trap, once the first is mended: what remains of the mean?)


# %%
@exercise("05.batch_write")
def batch_write(W_1, W_2, k, v, theta):
    """Write one pair for each sequence into that sequence's own memory: W - theta u.

    W_1 is (B, d, m), W_2 is (B, m, d), k and v are (B, d). Returns the new W_1, W_2.
    """
    ### BEGIN SOLUTION
    u_1, u_2 = torch.vmap(inner_grad)(W_1, W_2, k, v)
    return W_1 - theta * u_1, W_2 - theta * u_2
    ### END SOLUTION


# %%
batch_write.check()

# %% [markdown]
# Ask Ben once more. And the test that finds this fault in any system, in two lines: does a sequence get
# the same memory alone as beside others?

# %%
own = (W_1.expand(2, 16, 64), W_2.expand(2, 64, 16))
for _ in range(30):
    own = batch_write(*own, words, meanings, stable)
anna, ben = (torch.cosine_similarity(mlp_read(own[0][b], own[1][b], dog), rex, 0) for b in (0, 1))
print(f"asked for the dog's name: Anna hears {anna:.0%} Rex, Ben {ben:.0%}")

alone = batch_write(own[0][:1], own[1][:1], words[:1], meanings[:1], stable)
beside = batch_write(*own, words, meanings, stable)
assert all((a[0] - b[0]).abs().max() < 1e-12 for a, b in zip(alone, beside, strict=True))
assert anna > 0.95 and ben < 0.5

# %% [markdown]
# > **Asked again and again: "is there one memory for each element of the batch?"** Yes: for each sequence
# > and each head. *M₀*, where they all start, is one for all: a slow weight, learned in training. The fast
# > weights of `NeuralMemory` are (B, H, d_in, d_out) from the first token on, and `S` starts at 0.
#
# ## What have you kept?

# %%
quiz("05.odd")

# %%
quiz("05.louder")

# %%
quiz("05.outer")

# %% [markdown]
# ## In five lines
#
# 1. A matrix answers −k with the opposite of k, so there are simple maps that no matrix holds. One hidden
#    layer with a bend is enough.
# 2. A layer's surprise is an outer product: what went in, times the error at its output.
# 3. Momentum and forgetting act on each layer as they did on the matrix.
# 4. A deep memory's curvature is made of its own weights. Deeper, narrower, louder: the edge comes sooner,
#    and behind it is NaN.
# 5. Zero is a saddle: a deep memory that forgets towards 0 for long forgets how to learn. Let it forget
#    towards M₀ instead. And each sequence has a memory of its own.
#
# **You can now** build and run a memory of any depth, take its gradients without autograd, and tell a
# friend why his loss is NaN. Keep what has passed; then the map:

# %%
for one in (mlp_read, inner_grad, deep_step):
    print(one.keep())

# %%
progress_map()

# %% [markdown]
# **Where we differ from the paper.** Form, width and bend of the memory, the unit of θ, the start and the
# fuse are ours, since the paper leaves them open. That eq. (13) also forgets M₀ is the paper's rule; the
# saddle is a consequence that it does not mention, and forgetting towards M₀ is our cure. All of it is in
# [where we differ](where_we_differ.md).
# Our numbers are those of toys (d = 16, one seed); the order of the edges is the point, not their place.
#
# **Next.** Token by token is slow. A chunk of tokens that all take their surprise at the same weights can
# be written at once. What is gained by that, and what is lost, is [chapter 06](06_going_parallel.ipynb).
