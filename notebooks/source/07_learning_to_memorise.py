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
# # 07 · Learning to memorise: the outer loop
#
# *Read 20 minutes, play 10, code 30. Any CPU will do; three cells train for a few seconds each.*
#
# Until now somebody always handed the memory its keys, its values and its gates: you did. In a text
# nobody does. Who decides which word is a key, what goes with it, and whether it is worth a write? In
# Titans all of that is *learned*, by a second loop around the first. Inside, the memory learns while it
# reads. Outside, a few matrices learn how it should read.
#
# **You will be able to**
#
# 1. say which weights are slow, which are fast, and what each of them can know;
# 2. take a gradient through the inner loop, by hand and in code;
# 3. write the heart of `NeuralMemory`, and prove that it is the book's layer, number for number;
# 4. find the most common fault of public code for Titans, and mend it.
#
# **You need** the Titans step of chapter 04 and the chunks of [chapter 06](06_going_parallel.ipynb);
# and from PyTorch, what `detach` does.

# %%
import copy
import torch
from titans_book import NeuralMemory, memorize
from titans_book.evaluation import accuracy
from titans_book.lab.pictures import figures, style
from titans_book.book import Pick, Predict, exercise, off, part
from titans_book.book import progress_map, quiz, review
from titans_book.book.ch07 import outer
from titans_book.book.ch07.two_loops import TwoLoops
from titans_book.training.on_tasks import train_on
from titans_book.tasks.recall import IGNORED, Recall, mqar

torch.set_num_threads(1)  # the fastest for tensors as small as these
style.use(dark=False)  # True: pictures for a dark page
read, loss, titans_step = part("01.read"), part("01.loss"), part("04.titans_step")
surprise_grad, surprise_step = part("02.surprise_grad"), part("02.surprise_step")
momentum_step = part("03.momentum_step")  # yours, where you kept them

# %% tags=["solution"]
off()  # the solved edition leaves your progress alone

# %% [markdown]
# Before you start: what is still there from before?

# %%
review("07")

# %% [markdown]
# ## A cloakroom
#
# You hand in a coat and get a number. At the end of the evening the number has to lead to that coat and
# to no other. A cloakroom attendant does not know your coat beforehand. What she has learned, on many
# other evenings, is *how to run a cloakroom*.
#
# Here is an evening for a memory. Four letters are told, each with a number. Then letters come in any
# order, and at each of the four the model has to say its number. The next sequence has other letters
# and other numbers. (The task is called MQAR, multi-query associative recall; Zoology,
# arXiv 2312.04927, compares models on it.) What does a sequence look like, and what is asked?

# %%
test = mqar(200, **outer.TASK, seed=7)  # 200 sequences that nobody is trained on
names = [outer.spell(token) for token in test.inputs[0].tolist()]
due = ["·" if t == IGNORED else outer.spell(t) for t in test.targets[0].tolist()]
print("token: ", *(f"{name:>2}" for name in names))
print("answer:", *(f"{name:>2}" for name in due))

# %% [markdown]
# The model is as small as they come: an embedding, one block, one head. Its memory is a single matrix
# of 32 by 32, and each sequence begins with the same one, $M_0$: empty before training, and a slow
# weight like the others. No slow weight has been trained yet.
#
# ### First, count
#
# How many questions does it answer? That needs a number between 0 and 1. Targets are `IGNORED` (−100)
# wherever nothing is asked, and those places must not count. `check()` says what is right,
# `hint()` helps in three steps, `solution()` shows the book's version. Left open, nothing stops.

# %%
@exercise("07.accuracy_asked")
def accuracy_asked(logits, targets):
    """The share of right answers among the places where one is due, a tensor without axes.

    logits are (batch, time, vocab), targets (batch, time); an answer is the largest logit.
    """
    ### BEGIN SOLUTION
    asked = targets != IGNORED
    return (logits.argmax(-1) == targets)[asked].float().mean()
    ### END SOLUTION

# %%
accuracy_asked.check()

# %% [markdown]
# A blind guess at one of the twelve numbers would be right once in twelve, 8 %. And the fresh model?

# %%
model = outer.fresh()
logits, _ = model(test.inputs)
before = float(accuracy_asked(logits, test.targets))
says = [outer.spell(int(token)) for token in logits[0].argmax(-1)[test.asked[0]]]
print(f"right answers: {before:.1%}; it was asked for e i b g and says", *says)
letters = (logits.argmax(-1) < 12)[test.asked].float().mean()
assert before < 0.03 and letters > 0.9

# %% [markdown]
# Worse than blind: it answers with letters, and does not even know that a number is wanted. (`-` is
# token 0, which this task never uses; we count it as a letter.) Now 150 **outer steps**. Each draws
# 32 fresh sequences, lets the model read them, and takes the gradient of its mistakes with respect to
# all slow weights. (`train_on` is a loop around AdamW, 20 lines; it yields an event after every step.) We
# keep a copy of the model at every tenth step, for later. It takes a few seconds. How well does it
# recall then?

# %%
history = {0: copy.deepcopy(model)}
for event in train_on(model, outer.draw, outer.SETTINGS):
    if event.step % 10 == 0:
        history[event.step] = copy.deepcopy(model)

after = accuracy(model, test)
print(f"right answers after {event.step} outer steps: {after:.0%}")
assert after > 0.98

# %% [markdown]
# Nearly all of them. And here is the odd thing: *what* it answers was never in the training data. No
# sequence comes twice, and `e` has a new number every evening. So where are the answers? Close the write
# gate of the trained model (one bias; all other slow weights stay), so that nothing is ever written.

# %%
idle = outer.shut(copy.deepcopy(model))
print(f"right answers with the gate shut: {accuracy(idle, test):.0%}, one in twelve is 8%")
assert abs(accuracy(idle, test) - 1 / 12) < 0.04

# %% [markdown]
# Back to a blind guess. **The answers are in the fast memory; the slow weights hold no answer at all.**
# They hold the craft. But then, through what did they learn it?
#
# ## The equation
#
# Two loops, one inside the other. Blue is slow, vermilion is fast.
#
# $$
# \begin{aligned}
# k_t &= x_t{\color{#0072B2}{W_K}},\quad v_t = x_t{\color{#0072B2}{W_V}},\quad
#   q_t = x_t{\color{#0072B2}{W_Q}} &&\text{Titans (11), (15)}\\
# {\color{#D55E00}{M_t}} &= (1-{\color{#009E73}{\alpha_t}}){\color{#D55E00}{M_{t-1}}}
#   + {\color{#D55E00}{S_t}},\qquad y_t = q_t{\color{#D55E00}{M_t}}
#   &&\text{inner loop, Titans (13), (15)}\\
# {\color{#D55E00}{S_t}} &= {\color{#009E73}{\eta_t}}{\color{#D55E00}{S_{t-1}}}
#   - {\color{#009E73}{\theta_t}}\,
#   {\color{#CC79A7}{k_t^\top(k_t{\color{#D55E00}{M_{t-1}}}-v_t)}}
#   &&\text{Titans (14), (12) with a ½}\\
# {\color{#0072B2}{W}} &\leftarrow {\color{#0072B2}{W}} - \lambda\,
#   \frac{\partial}{\partial {\color{#0072B2}{W}}}\,
#   \mathcal L\bigl(y_1,\dots,y_T\bigr) &&\text{outer loop}
# \end{aligned}
# $$
#
# Aloud: *inside, every token changes the memory; outside, every batch changes what tokens do to it.* The
# paper says it beside its eqs. (11) and (12): for the inner loss $W_K$ and $W_V$ are given, like
# hyper-parameters; the outer loop is what trains them, along with everything else that is not M.
# (The book uses AdamW for the outer step; the last line, with its $\lambda$, stands for the simplest
# form.)
#
# | Term | Meaning | In the code | Test |
# |---|---|---|---|
# | $\color{#0072B2}{W_Q, W_K, W_V}$ | slow: what to ask, under what to write, what to write | `steps/layer.py`, `project` | `tests/steps/test_layer.py` |
# | $\color{#009E73}{\theta_t, \eta_t, \alpha_t}$ | gates; their values vary, the weights behind them are slow | `open_gates` | the same |
# | $\color{#D55E00}{M_t, S_t}$ | fast: made anew for every sequence | `layer_forward`, the loop | the same |
# | $\color{#0072B2}{M_0}$ | slow: where each fast memory begins | `layer_forward`, argument `M` | the same |
# | $\mathcal L$ | the outer loss: cross entropy where something is asked | `training/on_tasks.py`, `train_on` | `tests/training/test_on_tasks.py` |
#
# (Files are in `titans_book/`.) The chain from $\mathcal L$ to $W_K$ has only one way: through M. A key
# is never compared with anything outside; all that it ever does is write.
#
# ## By hand
#
# Everything is a single number. A token x = 1 is to be written with the value v = 2; $W_K$ = ½, θ = ½,
# and the memory starts at 0. Then it is asked with q = 1, and 2 is due.
#
# *Inner.* k = ½. Surprise: k(kM − v) = ½(0 − 2) = −1. So M₁ = 0 + ½ · 1 = **½**. The answer is ½.
#
# *Outer.* 𝓛 = ½(½ − 2)² = 1.125. And since M₁ = θvk = k, the derivative is
# (½ − 2) · θv = **−1.5**. A longer key would have written more. With λ = 0.2, $W_K$ becomes
# ½ + 0.3 = 0.8, and next time the answer is 0.8, the loss 0.72. The memory itself was thrown away in
# between. What has improved is how it will learn.
#
# *Twice.* Write the same pair a second time: M₂ = ½ + ½ · ½(2 − ½ · ½) = 0.9375. The second write knows
# what the first has done, and so must the gradient:
#
# $$
# \frac{\partial M_2}{\partial k} = \underbrace{\theta v}_{\text{first write}}(1-\theta k^2)
# + \underbrace{\theta(v - 2kM_1)}_{\text{second write}} = 0.875 + 0.75 .
# $$
#
# In the factor $1-\theta k^2$, $k^2$ is the second derivative of the inner loss: that is what comes out
# when you differentiate a gradient step. Times (0.9375 − 2), that makes **−1.73**. Forget the first
# write, and you have −0.80, not even half.
#
# ## Your turn: an inner loop, and the loss behind it
#
# Write every pair, then ask once. `surprise_step(M, k, v, theta)` is chapter 02's
# M − θu, `loss(M, q, target)` is ½|qM − target|². This check looks at two things, the number and *its
# gradient*: a function can be right in the first and blind in the second.

# %%
@exercise("07.inner_then_outer")
def inner_then_outer(W_K, M, x, v, q, target, theta):
    """Write (x_t W_K, v_t) for all t, with surprise_step; return the loss of asking q.

    W_K is (dim, d), M (d, d_v), x (T, dim), v (T, d_v), q (d), target (d_v), theta a number.
    """
    ### BEGIN SOLUTION
    for t in range(len(x)):
        M = surprise_step(M, x[t] @ W_K, v[t], theta)
    return loss(M, q, target)
    ### END SOLUTION

# %%
inner_then_outer.check()

# %% [markdown]
# Are the numbers by hand right? `torch.func.grad` differentiates for the first argument, $W_K$.

# %%
one = torch.ones(1, 1).double()
for pairs in (one, torch.ones(2, 1).double()):
    given = (0.5 * one, 0 * one, pairs, 2 * pairs, one[0], 2 * one[0], 0.5)
    L, slope = inner_then_outer(*given), torch.func.grad(inner_then_outer)(*given)
    print(f"written {len(pairs)} times: loss {L:.4f}, derivative {slope.item():.4f}")
assert abs(L - 0.5645) < 1e-4 and abs(slope.item() + 1.7266) < 1e-4
assert abs(0.75 * (0.9375 - 2) + 0.80) < 0.005  # the second write alone

# %% [markdown]
# And the outer step with λ = 0.2, for the pair that is written once?

# %%
once = (0 * one, one, 2 * one, one[0], 2 * one[0], 0.5)
longer = 0.5 * one - 0.2 * torch.func.grad(inner_then_outer)(0.5 * one, *once)
L = inner_then_outer(longer, *once)
print(f"W_K {longer.item():.2f}, loss {L:.2f}: now the answer is {2 - (2 * L).sqrt():.2f}")
assert abs(longer.item() - 0.8) < 1e-9 and abs(L - 0.72) < 1e-9

# %% [markdown]
# Now the outer loop itself, as small as it can be: four pairs, one question, and nothing is trained but
# $W_K$. The memory starts at 0 in every step. Does the answer get better?

# %%
g = torch.Generator().manual_seed(0)
x, v = torch.randn(4, 6, generator=g).double(), torch.randn(4, 3, generator=g).double()
W_K, q = 0.5 * torch.randn(6, 4, generator=g).double(), torch.eye(4).double()[0]
given = (torch.zeros(4, 3).double(), x, v, q, v[1], 0.2)  # q should get the second value
losses = []
for _ in range(60):
    losses.append(inner_then_outer(W_K, *given).item())
    W_K = W_K - 0.2 * torch.func.grad(inner_then_outer)(W_K, *given)

print(f"outer loss: {losses[0]:.3f} at the start, {losses[-1]:.3f} after 60 steps")
assert abs(losses[0] - 0.982) < 1e-3 and abs(losses[-1] - 0.013) < 1e-3

# %% [markdown]
# It does, and nobody ever told $W_K$ what a good key is. It found out by watching what its keys did.
#
# ## In which order does it learn?
#
# Back to the model and its 150 steps. **Predict first:** how did the share of right answers grow, from
# the first step to the last? Evenly, all at once, or fast and then slower? Drag the five points.

# %%
steps = sorted(history)
right = [accuracy(history[step], test) for step in steps]
Predict(
    "07.growth", steps, right, xlabel="outer step", ylabel="share of right answers",
    limits=(0, 1), role="slow", alt="How the recall of the model grows over 150 outer steps",
)  # fmt: skip

# %% [markdown]
# And here it is, with a second curve beside it: the share of answers that are *any* of the four numbers
# told, right or wrong.

# %%
@torch.no_grad()
def share_told(model):
    logits, _ = model(test.inputs)
    return outer.told(test, logits.argmax(-1))[test.asked].double().mean().item()

told = [share_told(history[step]) for step in steps]
figures.lines(
    steps, {"right": right, "told at all": told}, roles={"right": "slow", "told at all": "fast"},
    xlabel="outer step", ylabel="share of the answers",
    levels={"one in three": 1 / 3},
    alt="Two curves over the outer steps. The share of answers that were told at all rises at "
        "once, above one in three, to 0.7 at step 30; the share that is right stays low until "
        "then, and rises from 0.17 at step 30 to 0.77 at step 60 and to 1.",
)  # fmt: skip

# %% [markdown]
# Two lessons, one after the other. First *what*: at step 30, 69 % of the answers are numbers of this
# very sequence; a blind number would be one in three times. So something is being written and found
# again. But only 17 % are right, a quarter of those 69 %: among the four numbers told it draws lots.
# Then, *whose*: between steps 30 and 60 the right answers climb from 17 % to 77 %.

# %%
at = {step: (round(right[i], 2), round(told[i], 2)) for i, step in enumerate(steps)}
print("step 30:", at[30], " step 60:", at[60], " (right, told at all)")
assert abs(at[30][0] - 0.17) < 0.02 and abs(at[30][1] - 0.69) < 0.02
assert abs(at[60][0] - 0.77) < 0.02 and abs(at[30][0] / at[30][1] - 0.25) < 0.03

# %% [markdown]
# Some questions come right after the telling, others up to 21 tokens after their number. Does it lose
# anything on the way?

# %%
@torch.no_grad()
def by_place(model):
    """The share of right answers for questions at places 9, 11, ... 23."""
    logits, _ = model(test.inputs)
    hit = (logits.argmax(-1) == test.targets)[:, 8::2].double()
    return hit.sum(0) / test.asked[:, 8::2].sum(0)

along = {f"step {step}": by_place(history[step]) for step in (150, 60, 40, 0)}
figures.lines(
    range(9, 25, 2), along, roles="slow", limits=(0, 1.05), xlabel="place of the question",
    ylabel="share right", alt="Four lines over the place of the question, none of which falls: 0 "
    "at outer step 0, from 0.29 up to 0.37 at step 40, about 0.77 at step 60, and 1 at step 150.",
)  # fmt: skip

# %% [markdown]
# Nothing: no line falls. At every stage a question at the end is no harder than one right behind the
# telling, because α has stayed near 0, and as soon as there is something to lose the letters in between
# hardly write. (That is no law. Chapter 14 will measure much longer ways.)

# %%
level = along["step 150"]
alpha = outer.look(model, test.inputs[0]).gates.alpha.mean().item()
print(f"step 150: {level.min():.2f} at the worst place; mean alpha {alpha:.3f}")
assert level.min() > 0.97 and alpha < 0.005
assert all(line[-1] > line[0] - 0.02 for line in along.values())

# %% [markdown]
# ## What did the gates learn?
#
# The write gate θ began at the same value for every token. What counts for a write in the end is
# θ / (1 − η), since momentum repeats it. **Pick:** which of these is the trained model, reading the
# sequence of the top? The first eight tokens are letter, number, letter, number. Two curves are invented.

# %%
written = outer.look(model, test.inputs[0]).written
letters_only, both = written.roll(-1), torch.maximum(written, written.roll(-1))
Pick(
    "07.gate", range(1, 25), {"both": both, "numbers": written, "letters": letters_only},
    right="numbers", role="gates", limits=(0, 1), xlabel="token", ylabel="share written",
    because={
        "letters": "It would open for the letters that are told. But at a letter, its number has "
                   "not come yet: there is nothing to write with it.",
        "both": "It would write whatever is told. But at a letter, its number has not come yet, "
                "and a write there costs room and confuses.",
        "numbers": "At a number the pair is complete. At all other tokens the gate is shut, "
                   "although nobody ever said which tokens are numbers.",
    },
    alt="Three curves of what each of 24 tokens writes, A to C",
)  # fmt: skip

# %% [markdown]
# How did it get there? A row for each of some outer steps; bright is a large write.

# %%
chosen = [0, 10, 20, 30, 50, 150]
rows = torch.stack([outer.look(history[step], test.inputs[0]).written for step in chosen])
figures.heatmap(
    rows, kind="magnitude", limit=0.9, width=7.6, ylabel="outer step",
    cells=([str(step) for step in chosen], names),
    alt="What each of the 24 tokens writes, at six outer steps. At step 0 all are alike, at 0.2. "
        "From step 20 on the numbers 10, 6, 3 and 9 are bright and all letters dark.",
)  # fmt: skip

# %% [markdown]
# At step 0 every token writes a fifth of its surprise. From step 20 on the numbers stand out, and at the
# end letters write next to nothing. The gate sees one token and nothing else. So it cannot tell a letter
# that was told from one that was not, and shuts for all letters.

# %%
value = torch.zeros(24, dtype=torch.bool)
value[1:8:2] = True
looks = [outer.look(history[step], test.inputs[i]) for step in (0, 150) for i in range(50)]
writes = torch.stack([seen.written for seen in looks]).view(2, 50, 24)
for step, w in zip((0, 150), writes, strict=True):
    print(f"step {step}: numbers {w[:, value].mean():.2f}, letters {w[:, ~value].mean():.2f}")
assert (writes[0] - 0.2).abs().max() < 0.1
assert writes[1][:, value].mean() > 0.5 and writes[1][:, ~value].mean() < 0.06

# %% [markdown] tags=["instructor"]
# **For discussion (5 minutes).** Is a gate that opens for numbers "understanding"? Ask what would happen
# in a task where some numbers are announced as false by a word *before* them: the gate sees one token
# only, so it could not know. (The second block of a deeper model could.)

# %% [markdown]
# ## The layer, in three pieces
#
# So what is trained here? You are going to write it: the heart of `NeuralMemory`, for one sequence and
# one head.
#
# **Piece 1: queries, keys, values.** Three products. Then SiLU (x · sigmoid(x), `torch.nn.functional.silu`) and
# length 1 (`torch.nn.functional.normalize`) for q and k, as in the paper's section 4.4. The value stays
# plain here, so that it may be negative.

# %%
@exercise("07.project")
def project(x, W_Q, W_K, W_V):
    """q, k, v = x W_Q, x W_K, x W_V, each (T, d); then SiLU and length 1 for q and k."""
    ### BEGIN SOLUTION
    unit, silu = torch.nn.functional.normalize, torch.nn.functional.silu
    return unit(silu(x @ W_Q), dim=-1), unit(silu(x @ W_K), dim=-1), x @ W_V
    ### END SOLUTION

# %%
project.check()

# %% [markdown]
# **Piece 2: gates.** The paper says that they depend on the token and leaves their form open. Ours are
# sigmoids of a linear map; and θ carries a factor 1 − η. Momentum repeats a write 1 + η + η² + … =
# 1 / (1 − η) times, so with that factor it spreads a write over time and does not enlarge it.

# %%
@exercise("07.open_gates")
def open_gates(x, W, b):
    """theta, eta, alpha, each (T): the columns of sigmoid(x W + b), theta times 1 - eta.

    x is (T, dim), W is (dim, 3), b is (3).
    """
    ### BEGIN SOLUTION
    theta, eta, alpha = torch.sigmoid(x @ W + b).unbind(-1)
    return theta * (1 - eta), eta, alpha
    ### END SOLUTION

# %%
open_gates.check()

# %% [markdown]
# **Piece 3: read the sequence.** Project, open the gates; then for each token
# `titans_step(M, S, k, v, theta, eta, alpha)`, which gives the next M and S, and `read(M, q)` right
# after it. S starts at zero, M at the M_0 that is given. The check looks at the gradients of all
# slow weights, too.

# %%
@exercise("07.layer_forward")
def layer_forward(x, W_Q, W_K, W_V, W, b, M):
    """y (T, d), the answers y_t = q_t M_t, and the last M. The three pieces, in a loop."""
    ### BEGIN SOLUTION
    q, k, v = project(x, W_Q, W_K, W_V)
    theta, eta, alpha = open_gates(x, W, b)
    S, y = torch.zeros_like(M), []
    for t in range(len(x)):
        M, S = titans_step(M, S, k[t], v[t], theta[t], eta[t], alpha[t])
        y.append(read(M, q[t]))
    return torch.stack(y), M
    ### END SOLUTION

# %%
layer_forward.check()

# %% [markdown]
# Keep it, once all three have passed. (Pieces first, so that the layer finds them.)

# %%
for piece in (project, open_gates, layer_forward):
    print(piece.keep())

# %% [markdown]
# ### Is it the book's layer?
#
# A `NeuralMemory` with one matrix, chunks of one token, no convolution, no clamp. What it adds at the end
# is a norm and an output gate, two lines of PyTorch. Do the two agree?

# %%
torch.manual_seed(0)
layer = NeuralMemory(
    dim=8, depth=1, chunk=1, conv=1, clamp=None, retention="decay",  # towards 0, as your step
).double()
for weight in layer.parameters():
    torch.nn.init.normal_(weight, std=0.5)
torch.nn.init.ones_(layer.taps)

gates = [layer.gates[name] for name in ("theta", "eta", "alpha")]
W_Q, W_K, W_V = layer.project.weight.T.chunk(3, dim=1)
W, b = torch.cat([gate.weight for gate in gates]).T, torch.cat([gate.bias for gate in gates])
slow = dict(W_Q=W_Q, W_K=W_K, W_V=W_V, W=W, b=b, M_0=layer.initial[0][0])

# %%
probe = torch.randn(10, 8).double()  # ten tokens
y, _ = layer_forward(probe, *slow.values())
normed = torch.nn.functional.rms_norm(y, (8,), eps=1e-5) * layer.norm
mine = layer.out(normed * torch.nn.functional.silu(layer.out_gate(probe)))
apart = (mine - layer(probe[None])[0][0]).abs().max().item()
assert apart < 1e-12
print("your layer and NeuralMemory agree to 1e-12")

# %% [markdown]
# They do. One thing is missing in yours, and the model at the top could not do without it: the
# convolution.
#
# ## What the convolution is for
#
# A key is made from one token, a value from one token. But a pair is two tokens! At `10` the letter is
# gone, at `b` the number has not come. `NeuralMemory` lets q, k and v look back over four tokens, each
# feature with weights of its own (a *causal depthwise convolution*, Titans section 4.4); it starts
# close to the identity. Did the model learn to use it? For each of the four letters, when it is asked for: how
# strongly does its query meet the key of each of the eight tokens told, times what that token has
# written? The mean of 50 sequences, at three outer steps.

# %%
def meetings(model):
    """How strongly the question for the n-th letter hears each token told, (4, 8)."""
    heard = torch.zeros(4, 8).double()
    for row, asked in zip(test.inputs[:50], test.asked, strict=False):
        seen = outer.look(model, row)
        strength = seen.q @ seen.k[:8].T * seen.written[:8]
        for t in asked.nonzero().flatten():
            heard[row[:8:2] == row[t]] += strength[t] / 50
    return heard

# %%
maps = torch.stack([meetings(history[step]) for step in (0, 30, 150)])
places = [f"{kind} {n}" for n in (1, 2, 3, 4) for kind in ("letter", "number")]
figures.heatmap(
    maps, limit=0.35, width=8, titles=["step 0", "step 30", "step 150"],
    cells=([f"asks letter {n}" for n in (1, 2, 3, 4)], places),
    alt="Three matrices, questions for letters 1 to 4 against the eight tokens told. Step 0: pale "
        "everywhere. Step 30: all four number columns about equally strong. Step 150: each "
        "question has one strong cell, at the number of its own letter.",
)  # fmt: skip

# %% [markdown]
# There are the two lessons again. At step 30 every question hears all numbers alike: *what* without
# *whose*. At step 150 the question for letter 1 hears number 1 alone: the key under which a number is
# written has become the letter *before* it. That is what the slow weights know. Is it true in numbers?

# %%
own, numbers = maps[:, range(4), [1, 3, 5, 7]].mean(1), maps[:, :, 1::2].mean((1, 2))
others = (4 * numbers - own) / 3
for step, mine, theirs in zip((0, 30, 150), own.tolist(), others.tolist(), strict=True):
    print(f"step {step}: own number {mine:.2f}, each of the others {theirs:.2f}")
assert own[1] < 1.2 * others[1] and own[2] > 0.2 and others[2].abs() < 0.02

# %% [markdown]
# And without the convolution? The same model, `conv=1`, the same 150 steps. What is your guess?

# %%
alone = outer.fresh(conv=1)
for _ in train_on(alone, outer.draw, outer.SETTINGS):
    pass
print(f"no convolution: {accuracy(alone, test):.0%} right, {share_told(alone):.0%} told at all")
assert abs(accuracy(alone, test) - 0.25) < 0.06 and share_told(alone) > 0.9

# %% [markdown]
# One in four: it answers with the numbers told, and draws lots. The convolution binds, the memory keeps;
# with the gate shut from the start and all four taps open, training ends at the blind guess (a test of
# the book does it). Each alone is of no use here.
#
# ## Bug hunt: the memory that never learned to write
#
# This step is a composite of public code, retold: it takes the inner gradient by autograd, as the paper
# writes it. Its author detached M, because "otherwise the graph grows with every token". It does. The
# numbers that it returns are perfect, the training loss falls, no test fails.

# %%
def step_as_found(M, S, k, v, theta, eta, alpha):
    M = M.detach().requires_grad_()
    error = 0.5 * ((k @ M - v) ** 2).sum()
    (u,) = torch.autograd.grad(error, M)
    S = eta * S - theta * u
    M = (1 - alpha) * M + S
    return M.detach(), S.detach()

# %% [markdown]
# What do the slow weights get from it? Here is a table to make for *every* model you train: each weight,
# and whether a gradient arrives. Say first: which of the six will be empty?

# %%
def layer_with(step, x, W_Q, W_K, W_V, W, b, M):
    """layer_forward, on any step."""
    (q, k, v), (theta, eta, alpha) = project(x, W_Q, W_K, W_V), open_gates(x, W, b)
    S, y = torch.zeros_like(M), []
    for t in range(len(x)):
        M, S = step(M, S, k[t], v[t], theta[t], eta[t], alpha[t])
        y.append(q[t] @ M)
    return torch.stack(y)

def arrives(step):
    """For each slow weight, whether a gradient arrives."""
    leaves = [weight.detach().requires_grad_() for weight in slow.values()]
    out = layer_with(step, probe, *leaves).square().sum()
    found = torch.autograd.grad(out, leaves, allow_unused=True, materialize_grads=True)
    return {name: bool(grad.any()) for name, grad in zip(slow, found, strict=True)}

# %%
empty = [name for name, arrived in arrives(step_as_found).items() if not arrived]
print("no gradient arrives at:", ", ".join(empty))
assert empty == ["W_K", "W_V", "W", "b", "M_0"]

# %% [markdown]
# All but $W_Q$. The model can learn how to *ask*, and stays for ever with the keys, values and gates that
# it was born with. How much does that cost? We train the model of the top once more, with the same seeds
# and the same sequences. Only: what is written is detached. (In the fast form that is the same as to
# detach keys, values, gates and M_0.)

# %%
def severed(q, k, v, gates, weights, **rule):
    """memorize, with everything that is written cut off from the graph."""
    gates, weights = gates.map(torch.Tensor.detach), [W.detach() for W in weights]
    return memorize(q, k.detach(), v.detach(), gates, weights, **rule)

blind = outer.fresh()
outer.memory_of(blind).memorize = severed
born_with = outer.memory_of(blind).project.weight[32:].clone()  # W_K and W_V
losses = [event.loss for event in train_on(blind, outer.draw, outer.SETTINGS)]

# %%
still = torch.equal(outer.memory_of(blind).project.weight[32:], born_with)
print(f"loss {losses[0]:.1f}, at the end {losses[-1]:.1f}; W_K, W_V as they were born: {still}")
print(f"cut: {accuracy(blind, test):.0%} right; not cut, at the top: {after:.0%} right")
assert abs(accuracy(blind, test) - 0.25) < 0.08 and still and losses[-1] < 0.85 * losses[0]

# %% [markdown]
# One in four again, the same number as without the convolution, and for the same reason: nobody teaches
# the keys to look back. The rest of the model learns what it can, which is why the loss falls and nobody
# notices.
#
# ### Mend it
#
# Same arguments, same numbers, and a gradient for everything. There are two ways. One keeps autograd: ask
# it to build a graph of its own gradient (`create_graph=True`), on `M.clone().requires_grad_()` in place
# of the detached M: a clone keeps its history, and leaves your caller's M alone. `torch.func.grad`, as
# in chapter 05, does both for you. Detach nothing. The other way needs no autograd: you have known u in
# closed form since chapter 02.

# %%
@exercise("07.mended_step")
def mended_step(M, S, k, v, theta, eta, alpha):
    """One token: the next M and S, as step_as_found gives them, with gradients for all inputs."""
    ### BEGIN SOLUTION
    u = surprise_grad(M, k, v)
    S = momentum_step(S, u, theta, eta)
    return (1 - alpha) * M + S, S
    ### END SOLUTION

# %%
mended_step.check()

# %% [markdown]
# Does a gradient arrive everywhere now?

# %%
print("arrives at:", ", ".join(name for name, arrived in arrives(mended_step).items() if arrived))
assert all(arrives(mended_step).values())

# %% [markdown]
# With that, the 25 % become the result of the top. The price is what the author feared: the graph
# remembers every write, so training memory grows with the length of the sequence (with chunks, chapter 06, by
# one matrix a chunk and not one a token). That is the price of learning to memorise, and at test time
# nobody pays it.

# %% [markdown] tags=["instructor"]
# **What goes wrong in class (10 minutes).** Many will write `create_graph=True` and leave
# `M = M.detach()` in the first line. The check then says so: k and v learn, but nothing flows back to earlier
# tokens. Worth a board drawing: three arrows into u, from k, from v, and from M; and one more from M to the
# next M. Which arrow did they cut?

# %% [markdown]
# ## Play: two time scales
#
# Two sliders for two loops. The upper one takes you through the *training*: the slow weights of outer step
# 0, 10, … 150. The one below takes you through *one sequence*: the memory after so many tokens. A third
# one chooses the sequence. At 0 tokens you see $M_0$: it is no longer empty at step 150, and is the same
# for every sequence. Green bars are writes; ✓ is a right answer, ○ the number of another letter, ✗ an
# answer never told.
#
# **A question for the sliders:** stay with sequence 1. From which outer step on does every letter write
# less than a tenth? From which on are all four answers right, for good? What does the model answer in
# between?

# %%
some = Recall(test.inputs[:64], test.targets[:64])
loops = TwoLoops(
    history, some, outer_step=30,
    alt="Two loops: sliders for outer step, tokens and sequence; writes, answers, memory, recall.",
)  # fmt: skip
loops

# %% [markdown]
# Where sliders do not work: the same sequence, read by the slow weights of outer step 30 and of step 150.

# %%
TwoLoops(history, some, outer_step=30, alt="Two loops").figure(
    alt="Outer step 30: bars at the four numbers, almost none at letters. All four answers are 3, "
        "and one is right. Beside them the memory, a matrix of 32 by 32 with three strong rows."
)  # fmt: skip

# %%
TwoLoops(history, some, outer_step=150, alt="Two loops").figure(
    alt="Outer step 150: bars from 0.45 to 0.86 at the four numbers, almost none at letters; all "
        "four answers are right. The memory beside them is filled more evenly."
)  # fmt: skip

# %% [markdown]
# <details><summary><b>Answer</b> (try the sliders first)</summary>
#
# From step 30 on every letter writes less than a tenth: the gate knows its trade. All four answers are right
# from step 90 on, and stay so. In the 60 steps between, the memory is written at the right places and under the wrong
# keys. At step 30 the model says 3 to everybody: a number of this very sequence, and right once, by luck.
# (Look at the memory there: a few strong rows. All four numbers lie under nearly the same key.)
# The answers come apart one by one.
#
# </details>

# %%
ours = {step: outer.look(history[step], test.inputs[0]) for step in steps}
row_asked, row_due = test.asked[0], test.targets[0]
shut_from = [step for step in steps if ours[step].written[~value].max() < 0.1]
right_at = [s for s in steps if (ours[s].answers == row_due)[row_asked].all()]
print(f"letters below a tenth from step {shut_from[0]} on; all four right:", right_at)
assert shut_from == steps[3:] and right_at == steps[9:]
assert {outer.spell(int(a)) for a in ours[30].answers[row_asked]} == {"3"}

# %% [markdown]
# ## Prove
#
# The outer gradient goes through second derivatives of the inner loss. Is it right? `gradcheck` compares
# it with finite differences, for your layer and all its slow weights, and for the book's layer with
# everything switched on: convolution, two heads, a network of two layers, chunks, clamp.

# %%
few = torch.randn(5, 4, generator=g).double()
small = [0.5 * torch.randn(*shape, generator=g).double().requires_grad_()
         for shape in ((4, 3), (4, 3), (4, 3), (4, 3), (3,), (3, 3))]  # fmt: skip
assert torch.autograd.gradcheck(lambda *slow: layer_forward(few, *slow), small)
print("your layer: the outer gradient of all six slow weights is right")

# %%
torch.manual_seed(0)
full = NeuralMemory(4, heads=2, expansion=2, chunk=3).double()
keys, weights = zip(*full.named_parameters(), strict=True)
leaves = [0.3 * torch.randn_like(weight).detach() for weight in weights]

def answers(*slow):
    return torch.func.functional_call(full, dict(zip(keys, slow, strict=True)), (few[None],))[0]

leaves = [leaf.requires_grad_() for leaf in leaves]
assert torch.autograd.gradcheck(answers, leaves, fast_mode=True)
print("NeuralMemory: right for all of its", len(leaves), "slow tensors")

# %% [markdown]
# ## What have you kept?
#
# Three questions. Every answer, right or wrong, says why.

# %%
quiz("07.slow")

# %%
quiz("07.cut")

# %%
quiz("07.pair")

# %% [markdown]
# ## In five lines
#
# 1. Two loops: inside, M learns at every token; outside, W_K, W_V, W_Q, the gates' weights and M_0 learn at
#    every batch.
# 2. Answers live in the fast memory, the craft in the slow weights: shut the gate, and only a blind guess
#    is left.
# 3. A key has one effect, what it writes. So the outer gradient must pass *through* the writes.
# 4. Detach the memory, and W_K, W_V, the gates and M_0 never learn. No error says so; a table of gradients
#    does.
# 5. The convolution binds a pair, the gate opens when it is complete, and the memory keeps it.
#
# **You can now** write a neural memory with all its slow weights, prove its gradient, and tell in one
# table whether somebody else's memory can learn to memorise.

# %%
progress_map()

# %% [markdown]
# **Where we differ from the paper.** The form of the gates and their start, the factor 1 − η in θ, the
# plain value, the convolution that starts close to the identity, the learned M_0, and the outer gradient through all
# inner updates with second derivatives: the paper leaves them open, and all stand with their reasons in
# [where we differ](where_we_differ.md). MQAR is not in the paper; it is the smallest task that shows the
# outer loop at work. Ours is tiny, one seed, and no evidence about large models.
#
# **Next.** A memory of constant size cannot do everything. What is it good to keep word for word, for a
# short while? That is attention, and [chapter 08](08_short_term_memory.ipynb) puts it beside the memory. If you want to see the same
# outer loop on text, go to [chapter 13](13_train_it.ipynb).
