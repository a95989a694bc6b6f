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
# # 06 · Going parallel, honestly
#
# *Read 30 minutes, play 10, code 55. Any CPU will do.*
#
# A GPU is fast because it does thousands of things at once. The memory of chapter 04 cannot use that.
# Each token is surprised at the memory that the token before it has left, so 100,000 tokens are 100,000
# small steps, one after the other. Nobody can train a language model like that.
#
# Titans therefore lets a whole **chunk** of tokens look at the memory at the same moment and then write
# together (section 3.2 of the paper). A chunk is a few matrix products, which is what a GPU is good at.
# But it is no longer the same memory, and with an unlucky chunk length it explodes. In this chapter you
# write the fast version, find out what exactly has changed, and learn to tell beforehand when it explodes.
#
# **You will be able to**
#
# 1. read and write a whole chunk without a matrix for each token, and prove what is exact about it;
# 2. catch an implementation that looks into the future, and mend it;
# 3. measure the chunk length at which a memory explodes, and compute it beforehand;
# 4. cut a stream into chunks within a budget of steps;
# 5. explain how Titans' chunks differ from the exact delta rule, and what each of them costs.
#
# **You need** the Titans step of chapter 04. [Chapter 05](05_deep_memory.ipynb) is about deeper memories;
# here one matrix is enough. The chapter is long. A good place for a break is before "What is not exact".
#
# Run the next cell first. It is folded because it only imports what the chapter uses.

# %% tags=["folded"]
import json
import torch
from titans_book import Gates, memorize
from titans_book.lab.pictures import style
from titans_book.lab.pictures.speed_figures import peer_table
from titans_book.book import draw, exercise, off, part, predict, progress_map, quiz, review
from titans_book.book.ch06 import alike, streams
from titans_book.book.ch06.chunk_dial import ChunkDial
from titans_book.book.ch06.chunk_figures import influence
from titans_book.book.ch06.forms import (
    border_of_one_key, by_loop, by_scan, dial_border, one_by_one, seconds,
)
from titans_book.memory import exact, reference
from titans_book.memory.stability import BOUND, gauge
from titans_book.steps import chunk as chunk_steps
from titans_book.tasks import corpora

style.use(dark=False)  # True: pictures for a dark page
torch.set_num_threads(1)  # times below are those of one core
titans_step = part("04.titans_step")  # yours, if kept

# %% tags=["solution"]
off()  # the solved edition leaves your progress alone

# %% [markdown]
# What do you remember from earlier chapters?

# %%
review("06")

# %% [markdown]
# ## Forty-eight flatmates
#
# Forty-eight people share a flat and a fridge, and they want one litre of milk in it. In the course of a
# day they look into the fridge, one after the other, and each of them buys half of what is missing: half a
# litre, then a quarter, then an eighth. In the evening there is one litre in the fridge, give or take a
# drop.
#
# This is the delta rule with θ = ½, on a memory of one number. Now let them look **b at a time**: b people
# look, all of them see the same fridge, and each buys half of what is missing. **Decide before you run the
# cell.** How much milk is there in the evening if b = 2? And if b = 16?

# %%
def in_the_evening(b):
    """Litres of milk after 48 looks in chunks of b: key 1, value 1, theta 1/2."""
    milk, looks = 0.0, 48
    for start in range(0, looks, b):
        people = min(b, looks - start)
        milk = milk + people * 0.5 * (1 - milk)  # all of them see the same fridge
    return milk

for b in (1, 2, 3, 4, 8, 16):
    print(f"b = {b:2}: {in_the_evening(b):5.0f} litres")
### CLAIM
litres = [round(in_the_evening(b)) for b in (1, 2, 3, 4, 8, 16)]
assert litres == [1, 1, 1, 0, -728, 344]

# %%
### CLAIM
for b in (1, 2, 3, 4, 8, 16):
    one = torch.ones(1, 1, 48).double()
    x = one[..., None]
    _, state = memorize(x, x, x, Gates(one / 2, 0 * one, 0 * one), [0 * x[:, 0, :1]], chunk=b)
    assert abs(state.weights[0].item() - in_the_evening(b)) < 1e-9

# %% [markdown]
# With two at a time it is even better than with one: the first two buy the litre, and the others go home.
# Three buy too much, the next three pour some away, and it settles. Four buy two litres, the next four pour
# both of them away, and so on all day. Sixteen buy eight litres. The next sixteen see seven litres too many
# and pour away *fifty-six*. A fridge cannot hold −48 litres, but a matrix can.
#
# Why would anybody let them look together? Because the fridge is in the cellar, and it is the forty-eight
# walks that take the time, not the shopping. For a processor, a walk is a small matrix operation that has to
# wait for the one before it. How much time do chunks save on a text of 512 tokens?

# %% tags=["nbval-ignore-output"]
g = torch.Generator().manual_seed(0)
x = torch.randn(1, 1, 512, 32, generator=g)
one, empty = torch.ones(x.shape[:3]), [torch.zeros(1, x.shape[3], x.shape[3])]
gates = Gates(one / 64, one / 2, one / 100)

alone = seconds(lambda: one_by_one(x, gates, empty))
together = seconds(lambda: memorize(x, x, x, gates, empty, chunk=64))
print(f"one token at a time: {1000 * alone:.0f} ms, chunks of 64: {1000 * together:.1f} ms")
print(f"that is {alone / together:.0f} times as fast")
### CLAIM
assert alone > 5 * together

# %% [markdown]
# On a GPU the gap is wider still. So everybody works in chunks, Titans included. What do we give up for it?
#
# ## The equation
#
# Cut the text into chunks of b tokens. Let $t' = b\lfloor (t-1)/b\rfloor$ be the last token before the chunk
# that t belongs to. All surprise of a chunk is measured at $M_{t'}$, the memory with which the chunk starts:
#
# $$
# \begin{aligned}
# {\color{#CC79A7}{u_t}} &= k_t^\top\bigl(k_t{\color{#D55E00}{M_{t'}}} - v_t\bigr)
#   &&\text{Titans (16), (18)}\\
# {\color{#D55E00}{S_t}} &= {\color{#009E73}{\eta_t}}\,{\color{#D55E00}{S_{t-1}}}
#   - {\color{#009E73}{\theta_t}}\,{\color{#CC79A7}{u_t}} &&\text{Titans (18)}\\
# {\color{#D55E00}{M_t}} &= (1-{\color{#009E73}{\alpha_t}})\,{\color{#D55E00}{M_{t-1}}}
#   + {\color{#D55E00}{S_t}} &&\text{Titans (13)}
# \end{aligned}
# $$
#
# Only one index is new: $M_{t'}$, where chapter 04 has $M_{t-1}$. We say that the surprise is **frozen**. It
# no longer depends on what happens inside the chunk, so it is known before the chunk begins. What remains
# are two sums that fade. If you insert the second line into the third, again and again, every memory of the
# chunk becomes a sum of things that are known at its start:
#
# $$
# {\color{#D55E00}{M_t}} = {\color{#009E73}{\beta_t}}\,{\color{#D55E00}{M_{t'}}}
# + {\color{#009E73}{c_t}}\,{\color{#D55E00}{S_{t'}}}
# + \sum_{i\le t}{\color{#009E73}{P_{ti}}}\;k_i^\top {\color{#CC79A7}{d_i}},
# \qquad {\color{#CC79A7}{d_i}} = {\color{#009E73}{\theta_i}}\,(v_i - k_i{\color{#D55E00}{M_{t'}}}),
# \qquad {\color{#009E73}{P = A\,E}} .
# $$
#
# | Term | In words |
# |---|---|
# | $d_i$ | what token i writes under its key |
# | $A_{ti}=(1-\alpha_{i+1})\cdots(1-\alpha_t)$ | the share that the *memory* keeps until t of what came into it at i |
# | $E_{ti}=\eta_{i+1}\cdots\eta_t$ | the share that *momentum* keeps until t of what came into it at i |
# | $P = AE$ | how much of the write of token i is in $M_t$ |
# | $\beta_t = (1-\alpha_1)\cdots(1-\alpha_t)$ | how much of the memory from the start is in $M_t$ |
# | $c = A\,e$, with $e_t=\eta_1\cdots\eta_t$ | how much of the momentum from the start is in $M_t$ |
#
# **Where we differ.** The paper prints forgetting without momentum in (16) and momentum without forgetting
# in (18). With both, the mask is one more product, A E. Its $t' = t - \mathrm{mod}(t, b)$ also slips at
# the border of a chunk: token b would be surprised at a memory that it has already written.

# %% [markdown] tags=["solution"]
# *In the package:* `titans_book/steps/chunk.py`, tested in `tests/steps/test_chunk.py`. The header of the
# file has the same table.

# %% [markdown]
# **By hand.** Let η = ½ and 1 − α = ½ throughout. Token 1 makes a write of size 1, and nothing else is
# written. How much of it is in the memory?
#
# | token | S = ½ S + new | M = ½ M + S |
# |---|---|---|
# | 1 | 1 | 1 |
# | 2 | ½ | ½ · 1 + ½ = **1** |
# | 3 | ¼ | ½ · 1 + ¼ = **¾** |
#
# Now the same with the masks. The last row of A is ¼, ½, 1 and the first column of E is 1, ½, ¼. Their
# product is ¼ · 1 + ½ · ½ + 1 · ¼ = **¾**. The three terms are three ways into the memory, because momentum
# can pass the write on at token 1, 2 or 3. Before that moment the write fades by η, and after it by 1 − α.
# All ways count, so P is a matrix product and not a product entry by entry.
#
# ## Predict: how strong is a write, and when?
#
# Let 1 − α = 0.9 and η = 0.8, and make one write of size 1 at token 0. **How much of it is in the memory
# after n tokens?** Shape the curve.

# %%
n = torch.arange(25).double()
write_left = (0.9 ** (n + 1) - 0.8 ** (n + 1)) / (0.9 - 0.8)  # the first column of P
predict("06.two_filters", n, write_left)

# %% [markdown]
# Here it is beside the two shares that it is made of. What do momentum alone and forgetting alone do to the
# same write?

# %%
draw("06.write_left", n, {
    "in S: momentum (E)": 0.8**n,
    "in M without momentum (A)": 0.9**n,
    "in M with both (P)": write_left,
})

# %%
### CLAIM
assert int(write_left.argmax()) == 5 and abs(write_left.max() - 2.69) < 0.005

# %% [markdown]
# It grows before it fades: in the book's run it is strongest after 5 tokens, at 2.69 times its size. In the
# language of signals, **momentum is a first low-pass filter and the memory a second one**. What passes
# through two of them arrives late and leaves late.
#
# ## Your turn: the masks (*short*)
#
# **First, a mask of what is left.** The same function makes A and E, from `1 - alpha` and from `eta`. Row t
# belongs to the token that asks, column i to the token that has written. It takes about three lines and no
# loop. It has to be right for tiny decays, and for a decay of exactly 0.

# %%
@exercise("06.decay_mask")
def decay_mask(decay):
    """What is left at token t of what came in at token i, for all t and i.

    decay: (b), the share that is kept at each token. Returns (b, b): row t, column i. A token finds
    all of what it has just written, and nothing of what is written after it.
    """
    ### BEGIN SOLUTION
    later = decay.new_ones(len(decay), len(decay)).tril(-1) > 0
    factors = torch.where(later, decay[:, None], 1.0)
    return factors.cumprod(0).tril()
    ### END SOLUTION

# %%
decay_mask.check()

# %% [markdown]
# Did you think of a division? On paper $A_{ti} = \beta_t/\beta_i$, and eq. (16) is printed that way. Take
# α = 0.05 and a text of 4,096 tokens. Of a write that is 95 tokens old, 0.95⁹⁵ = 0.0077 is left. What does
# float32 say if you divide? And if you subtract logarithms?

# %% tags=["nbval-ignore-output"]
decay = torch.full((4096,), 0.95)
beta, log_beta = decay.cumprod(0), decay.log().cumsum(0)
print(f"the two running products: {beta[-96]:.2g} and {beta[-1]:.2g}")
print(f"their quotient:  {beta[-1] / beta[-96]:.4f}")
print(f"with logarithms: {(log_beta[-1] - log_beta[-96]).exp():.4f}")
### CLAIM
by_division, by_logarithm = beta[-1] / beta[-96], (log_beta[-1] - log_beta[-96]).exp()
assert not (by_division - 0.0077).abs() < 0.0038 and abs(by_logarithm - 0.00765) < 1e-4
assert beta[2100] < torch.finfo(torch.float32).tiny and abs(0.95**95 - 0.0077) < 1e-4

# %% [markdown]
# After some 2,000 tokens the running product is smaller than the smallest float. The quotient is then 0/0,
# which is NaN, or on some computers the quotient of two tiny numbers without any correct digit. Most fast
# code therefore works with **logarithms**. They survive small gates, but not a gate of exactly 0, which is
# what η is without momentum. Products that start anew in every column have neither problem.
#
# **Now all the coefficients of a chunk** (*short*).

# %%
@exercise("06.chunk_coefficients")
def chunk_coefficients(eta, alpha):
    """All that two fading sums need to know about a chunk; see the table of terms.

    eta, alpha: (b), the gates. Returns four tensors: P (b, b), E (b, b), beta (b) and c (b).
    """
    ### BEGIN SOLUTION
    A, E = decay_mask(1 - alpha), decay_mask(eta)
    beta, e = (1 - alpha).cumprod(0), eta.cumprod(0)
    return A @ E, E, beta, A @ e
    ### END SOLUTION

# %%
chunk_coefficients.check()

# %% [markdown]
# What do the masks look like? We take sixteen tokens. At the ninth, momentum is nearly shut (η = 0.1). At the
# thirteenth, the memory forgets most of what it has (α = 0.8). Where do you see the one, and where the other?

# %%
eta, alpha = torch.full((16,), 0.8).double(), torch.full((16,), 0.1).double()
eta[8], alpha[12] = 0.1, 0.8
P, E, beta, c = chunk_coefficients(eta, alpha)
draw("06.masks", torch.stack([decay_mask(1 - alpha), E, P]))

# %% [markdown]
# P is brightest a few cells *below* the diagonal, because momentum goes on writing after the token that
# caused it. From row 9 on, momentum has lost what it held, so the memory stops gaining. From row 13 on, the
# memory itself has lost most of what it had.
#
# ## Your turn: a whole chunk (*short*)
#
# Multiply the equation by a query. Then $q_t k_i^\top$ is a number, which says how much question t and key i
# have in common, and no matrix for each token is left:
#
# $$
# Y = \beta\odot(Q{\color{#D55E00}{M}}) + c\odot(Q{\color{#D55E00}{S}})
# + \bigl((QK^\top)\odot {\color{#009E73}{P}}\bigr)\,{\color{#CC79A7}{D}} .
# $$
#
# ($\odot$ multiplies entry by entry; β and c multiply rows, `beta[:, None] * ...`.) Have you seen the last
# term before? It is attention without softmax, and its causal mask fades.

# %%
@exercise("06.chunk_read")
def chunk_read(M, S, q, k, v, theta, eta, alpha):
    """The answers of all tokens of a chunk, each from the memory after its own write.

    M, S: (d_in, d_out), memory and momentum at the start of the chunk. q, k: (b, d_in), v: (b,
    d_out); theta, eta, alpha: (b). Returns (b, d_out).
    """
    ### BEGIN SOLUTION
    P, _, beta, c = chunk_coefficients(eta, alpha)
    D = theta[:, None] * (v - k @ M)
    old = beta[:, None] * (q @ M) + c[:, None] * (q @ S)
    return old + (q @ k.T * P) @ D
    ### END SOLUTION

# %%
chunk_read.check()

# %% [markdown]
# **The end of the chunk** (*short*). The next chunk has to start somewhere. Which row of P, and which row of
# E, belong to the last token?

# %%
@exercise("06.chunk_write")
def chunk_write(M, S, k, v, theta, eta, alpha):
    """Memory and momentum after the last token of a chunk.

    The arguments are those of chunk_read, without q. Returns M and S, (d_in, d_out) each.
    """
    ### BEGIN SOLUTION
    P, E, beta, c = chunk_coefficients(eta, alpha)
    D = theta[:, None] * (v - k @ M)
    M_b = beta[-1] * M + c[-1] * S + k.T @ (P[-1, :, None] * D)
    S_b = eta.prod() * S + k.T @ (E[-1, :, None] * D)
    return M_b, S_b
    ### END SOLUTION

# %%
chunk_write.check()

# %% [markdown] tags=["instructor"]
# **In class (15 minutes).** `theta * (v - k @ M)` without `[:, None]` fails with a shape error if you are
# lucky, and runs if b = d_out; the check uses odd sizes for that reason. The commonest silent mistake is that E
# and P are exchanged in `chunk_write`. Ask which of the two can be larger than 1 (P can, because momentum
# repeats a write; E never).

# %% [markdown]
# ## What is wrong with this code?
#
# You have two functions for a chunk. A text is one chunk after the other. Here is how somebody put them
# together; we have rewritten it in our own words. It runs, and each line looks reasonable. **What is wrong
# with it?**

# %%
def published(M, S, q, k, v, theta, eta, alpha, b):
    answers = []
    for start in range(0, len(k), b):
        now = [x[start : start + b] for x in (q, k, v, theta, eta, alpha)]
        M, S = chunk_write(M, S, *now[1:])  # learn from this chunk
        answers.append(now[0] @ M)  # and ask the memory
    return torch.cat(answers), M, S

# %% [markdown]
# Whatever you suspect, a measurement is more convincing. Write a test that knows nothing about memories
# (*short*). It changes token p of a text and looks whether any answer *before* p moves.

# %%
@exercise("06.leak")
def leak(answer, x, p):
    """How much token p reveals to the tokens before it.

    answer: a function of a text x, (T, d), that returns the answers, (T, d_out). p: a token.
    Returns a number: 0 if no answer before p depends on token p, and otherwise how much one moves.
    """
    ### BEGIN SOLUTION
    changed = x.clone()
    changed[p] += 1
    return (answer(changed) - answer(x))[:p].abs().max()
    ### END SOLUTION

# %%
leak.check()

# %% [markdown]
# Try it on `published`, with a text of twelve tokens in chunks of four. Each token is key, value and query at
# once. Which tokens reveal themselves to their past?

# %%
T, d = 12, 5
x = torch.randn(T, d, generator=g).double() / 2
nothing, drawn = torch.zeros(2, d, d).double(), torch.rand(3, T, generator=g).double() / 2

def answers_of(form, b=4):
    """A function from a text to the answers of this form."""
    return lambda x: form(*nothing, x, x, x, *drawn, b)[0]

found = [p for p in range(1, T) if leak(answers_of(published), x, p) > 1e-9]
print("tokens that move an answer before them:", found)
### CLAIM
assert found == [p for p in range(1, T) if p % 4]

# %% [markdown]
# All but the first token of each chunk. A model with this fault reaches a wonderful training loss, because
# each token can look up the next one in the memory. When it has to write text itself, there is no next token
# to look up, and it falls apart.
#
# **Mend it** (*short*). Two lines inside the loop are enough.

# %%
@exercise("06.in_chunks")
def in_chunks(M, S, q, k, v, theta, eta, alpha, b):
    """A whole text in chunks of b tokens, where no answer depends on a later token.

    M, S: (d_in, d_out). q, k: (T, d_in), v: (T, d_out); theta, eta, alpha: (T).
    Returns the answers (T, d_out), and M and S after the last token.
    """
    answers = []
    for start in range(0, len(k), b):
        now = [x[start : start + b] for x in (q, k, v, theta, eta, alpha)]
        ### BEGIN SOLUTION
        answers.append(chunk_read(M, S, *now))
        M, S = chunk_write(M, S, *now[1:])
        ### END SOLUTION
    return torch.cat(answers), M, S

# %%
in_chunks.check()

# %% [markdown]
# Here is who sees whom. A cell is lit where a change of the token below it moves the answer beside it. A dot
# marks a lit cell above the diagonal, which is the future. Is any dot left?

# %%
seen = {
    "published": influence(answers_of(published), x),
    "mended": influence(answers_of(in_chunks), x),
}
draw("06.influence", seen, b=4)

# %%
for name, grid in seen.items():
    print(f"{name}: the largest number above the diagonal is {grid.triu(1).max():.3g}")
### CLAIM
assert seen["published"].triu(1).max() > 1e-3 and seen["mended"].triu(1).max() == 0

# %% [markdown]
# None is left, and the number above the diagonal is exactly 0, not just small.
#
# ## What is exact
#
# **One: nothing is lost by not forming any matrices.** There are three ways to work out a chunk. The *loop*
# goes from token to token with frozen surprise. The *scan*, which eq. (18) suggests, makes a matrix for every
# token and adds them up in log₂ b rounds, each over all tokens at once. The *mask* is what you have written
# (we time the book's version of it). Take one chunk of 64 tokens with d = 64. How far apart are the three,
# and which one is fast?

# %% tags=["nbval-ignore-output"]
b = d = 64
M, S = torch.randn(2, d, d, generator=g).double() / d
q, k, v = torch.nn.functional.normalize(torch.randn(3, b, d, generator=g).double(), dim=-1)
chunk = M, S, q, k, v, *torch.rand(3, b, generator=g).double()
forms = {"loop": by_loop, "scan": by_scan, "mask": chunk_steps.chunk_read}
for name, form in forms.items():
    apart = (form(*chunk) - by_loop(*chunk)).abs().max()
    took = seconds(lambda form=form: [form(*chunk) for _ in range(5)]) / 5
    print(f"{name}: {1000 * took:6.2f} ms, at most {apart:.0e} from the loop")
print(f"a scan holds {b * d * d:,} numbers, a mask {b * b:,}")
### CLAIM
took = {name: seconds(lambda f=form: [f(*chunk) for _ in range(5)]) for name, form in forms.items()}
assert max((form(*chunk) - by_loop(*chunk)).abs().max() for form in forms.values()) < 1e-12
assert took["loop"] > 3 * took["mask"] and took["scan"] > 3 * took["mask"]

# %% [markdown]
# All three give the same answers, and the mask is by far the fastest. The scan needs only a few rounds, but it
# pays with a d × d matrix for every token. Those matrices were never needed, because a query sees only a
# product with them.
#
# How does this compare with other implementations, and with attention on long texts? We measured it once, on
# one thread of the processor that is named in the drawing. On another computer the times differ, but the
# shapes of the curves stay the same. (`python -m tests.benchmarks.speed` repeats it in ten minutes.)

# %%
records = corpora.data_folder().parent / "notebooks" / "records"
record = json.loads((records / "speed_cpu.json").read_text())
peer_table(record)

# %% [markdown]
# Read the column "work" first. Where the others compute the same function as we do, with gates for each
# token, they build a matrix for each token, and they are more than 100 times slower. Where they share one set
# of gates among 64 tokens, they compute something coarser, and they are 2 to 5 times slower.
# `titans-unofficial` takes its gradients at every token, which no deep memory can do in parallel. On that work
# we are less than twice as fast, so the factor of thirty beside it is the price of b = 1, not of their code.

# %%
### CLAIM
def ratios(name, work):
    return [p["ratio"] for p in record["peers"] if name in p["name"] and work in p["work"]]

assert min(ratios("titans-pytorch", "gates per token, gradients every 64 tokens, 2,048")) > 100
assert min(ratios("titans-pytorch", "one set of gates")) > 2
assert max(ratios("titans-pytorch", "one set of gates")) < 5
assert all(25 < ratio < 40 for ratio in ratios("titans-unofficial", "ours every 64"))
assert all(1 < ratio < 2 for ratio in ratios("titans-unofficial", "ours too"))

# %%
draw("06.length_scaling", record)

# %% [markdown]
# A million tokens cost the memory as much time *per token* as four thousand do. Attention is faster than the
# deep memory at 4,000 tokens, and slower at 16,000.

# %%
### CLAIM
cost = {(r["name"], r["tokens"]): r["microseconds_per_token"] for r in record["lengths"]}
assert cost["memory, 2 layers", 2**20] < 1.15 * cost["memory, 2 layers", 2**12]
assert cost["attention", 2**16] > 5 * cost["memory, 2 layers", 2**20]
assert cost["attention", 2**12] < cost["memory, 2 layers", 2**12]
assert cost["attention", 2**14] > cost["memory, 2 layers", 2**14]

# %% [markdown]
# **Two: the chunks compute what the equation says.** The book has a slow version that goes token by token and
# takes every gradient with autograd. Your chunks should agree with it for every b. With b = 1 they should also
# agree with your step of chapter 04.

# %%
T, d = 40, 6
q, k, v = torch.randn(3, T, d, generator=g).double() / 2
gates = theta, eta, alpha = torch.rand(3, T, generator=g).double() / 2
nothing = torch.zeros(d, d).double()

def off_by(b):
    """How far chunks of b are from the slow version."""
    y, *_ = in_chunks(nothing, nothing, q, k, v, *gates, b)
    three, rates = (x[None, None] for x in (q, k, v)), Gates(*(x[None, None] for x in gates))
    slow, _ = reference.memorize(*three, rates, [nothing[None]], chunk=b)
    return float((y - slow[0, 0].detach()).abs().max())

for b in (1, 8, 16, 64):
    print(f"b = {b}: the same to 1e-12?", off_by(b) < 1e-12)
### CLAIM
assert max(off_by(b) for b in (1, 8, 16, 64)) < 1e-12

# %%
M = S = nothing
for t in range(T):
    M, S = titans_step(M, S, k[t], v[t], theta[t], eta[t], alpha[t])
_, *alone = in_chunks(nothing, nothing, q, k, v, *gates, 1)
same = [torch.allclose(*pair) for pair in zip(alone, (M, S), strict=True)]
print("b = 1 is titans_step:", all(same))
### CLAIM
assert max((alone[0] - M).abs().max(), (alone[1] - S).abs().max()) < 1e-12

# %% [markdown]
# **Three: a text can be read in two calls.** We read 40 tokens in chunks of 8, stop somewhere, take M and S
# along and go on. Does it matter where we stop?

# %%
def in_two_calls(cut, b=8):
    """How far the answers of two calls are from those of one."""
    whole, *_ = in_chunks(nothing, nothing, q, k, v, *gates, b)
    first, M, S = in_chunks(nothing, nothing, *(x[:cut] for x in (q, k, v, *gates)), b)
    second, *_ = in_chunks(M, S, *(x[cut:] for x in (q, k, v, *gates)), b)
    return float((torch.cat([first, second]) - whole).abs().max())

for cut in (16, 19):
    print(f"stopped after {cut} tokens: {in_two_calls(cut):.1e} from a single call")
### CLAIM
assert in_two_calls(16) < 1e-12 and in_two_calls(19) > 1e-3

# %% [markdown]
# At the border of a chunk it does not matter. Inside a chunk it does, because the second call starts a new
# chunk too early, and surprise is then measured at another memory. A state that can be cut anywhere has to
# carry a third matrix: the memory with which the open chunk started. `memorize` carries it, so it may be
# stopped after any token.

# %%
### CLAIM
def piece(now, state=None):
    asked, keys, values, *rates = (x[None, None, now] for x in (q, k, v, *gates))
    return memorize(asked, keys, values, Gates(*rates), [nothing[None]], chunk=8, state=state)

whole, _ = piece(slice(T))
for cut in range(1, T):
    first, state = piece(slice(cut))
    second, _ = piece(slice(cut, T), state)
    assert (torch.cat([first, second], dim=2) - whole).abs().max() < 1e-12

# %% [markdown]
# ## What is not exact
#
# So we can work out a chunk without any error. But it follows the chunk's rule, and not that of chapter 04,
# because within a chunk all surprise is **stale**: it is measured at a memory that does not know the chunk.
# How much does that matter?
#
# It can only matter if tokens of one chunk have something to say to each other, that is, if their keys are
# alike. So we need a text in which we can choose how alike the keys are. `alike.text(likeness)` draws 192
# keys of length 1. The dot product of two of them is `likeness` on average: 0 means that they have nothing in
# common, 1 that they are all the same. There is a fixed map W, and each value is k W. A memory that has
# learned everything is equal to W. Nothing is forgotten and there is no momentum, so whatever happens is
# the chunk's doing.
#
# Take keys that are half alike and θ = 0.1. How far is the memory from the one with b = 1? And how far is it
# from W, where 1 is an empty memory?

# %%
told = alike.text(likeness=0.5)

def after(b, theta):
    """The memory after the whole text."""
    rate = torch.full((len(told.k),), theta).double()
    empty, none = torch.zeros_like(told.W), 0 * rate
    return in_chunks(empty, empty, told.k, told.k, told.v, rate, none, none, b)[1]

online, lengths = after(1, 0.1), (1, 2, 4, 8, 16, 32)
apart = [float((after(b, 0.1) - online).norm() / online.norm()) for b in lengths]
wrong = [float((after(b, 0.1) - told.W).norm() / told.W.norm()) for b in lengths]
draw("06.apart", lengths, {"from the memory with b = 1": apart, "from W": wrong})

# %%
print("from b = 1:", ", ".join(f"{share:.3f}" for share in apart))
print("from W:    ", ", ".join(f"{share:.3f}" for share in wrong))
### CLAIM
assert apart == sorted(apart) and abs(apart[-1] - 0.145) < 0.002
assert max(wrong) - min(wrong) < 0.02 and wrong[-1] < wrong[0]

# %% [markdown]
# This surprised us. The longer the chunk, the further it is from the memory with b = 1. But it is not *worse*:
# its distance from W stays the same. If anything, stale surprise writes too much, and while there is much
# to learn, that does no harm. You will often hear that stale surprise costs quality. On this text and at this
# θ it costs nothing. Now double b once more:

# %%
broken = float((after(64, 0.1) - told.W).norm() / told.W.norm())
print(f"b = 64: {broken:.2f} from W, where an empty memory has 1")
### CLAIM
assert abs(broken - 1.97) < 0.01

# %% [markdown]
# The memory is now worse than an empty one. There was no warning. Where is the edge?
#
# ## Your experiment: the first chunk that explodes (*build*)
#
# The flatmates suggest an answer. With four of them at θ = ½, the milk went back and forth forever, and with
# more it exploded. So if all keys are the same, a chunk should explode as soon as **θ b > 2**. Is that right? And
# what about keys that are only half alike? Write the experiment that finds out: try one length after the
# other, and read the whole text with each. Say that a memory has exploded when it is, *at any time*, further
# from the truth than an empty one.

# %%
@exercise("06.first_explosion")
def first_explosion(write, error, k, v, lengths):
    """The shortest chunk at which a memory explodes.

    write(M, k, v) returns the memory after one chunk, error(M) a number that says how wrong a
    memory is. k: (T, d_in), v: (T, d_out), the text. lengths: chunk lengths, from short to long.
    Each of them starts with an empty memory, zeros of k's dtype, and reads the whole text; the last
    chunk may be shorter. Returns the first length at which the error is ever larger than that of
    the empty memory, or 0 if there is none.
    """
    ### BEGIN SOLUTION
    empty = torch.zeros(k.shape[1], v.shape[1], dtype=k.dtype)
    for b in lengths:
        M = empty
        for start in range(0, len(k), b):
            M = write(M, k[start : start + b], v[start : start + b])
            if error(M) > error(empty):
                return b
    return 0
    ### END SOLUTION

# %%
first_explosion.check()

# %% [markdown]
# **Predict.** Take θ = 0.15, so that θ b > 2 from b = 14 on. On the right all keys are the same, and further
# to the left they are less and less alike. How does the first length that explodes depend on that? (At the
# top of the picture, nothing explodes.)

# %%
def measure(theta, likeness):
    """Your experiment, for a text whose keys are alike to this degree."""
    told = alike.text(likeness)

    def write(M, k, v):
        return M + theta * k.T @ (v - k @ M)

    def error(M):
        return (M - told.W).norm()

    return first_explosion(write, error, told.k, told.v, range(1, 61))

likeness = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
first = {theta: [measure(theta, x) for x in likeness] for theta in (0.15, 0.3, 0.6)}
predict("06.where_it_breaks", likeness, next(iter(first.values())))

# %% [markdown]
# Here are all three rates. How good is the prediction θ b > 2?

# %%
draw("06.first_explosion", likeness, {f"θ = {theta}": found for theta, found in first.items()})

# %%
print("alike:    predicted ", " ".join(f"{x:4}" for x in likeness))
for theta, found in first.items():
    rule = int(2 / theta) + 1
    print(f"θ = {theta:4}: {rule:8}  ", " ".join(f"{b or '-':>4}" for b in found))
### CLAIM
assert [found[-1] for found in first.values()] == [int(2 / theta) + 1 for theta in first]
assert [found[3] for found in first.values()] == [30, 14, 7]
assert all(found[0] > found[3] or not found[0] for found in first.values())

# %% [markdown]
# If all keys are the same, the prediction is exact: 14, 7 and 4. If they are half alike, a chunk can be
# about twice as long before it explodes: 30, 14 and 7. So it is not the number of tokens that is dangerous. It is how many of them *say the
# same thing*. Can we compute that?
#
# ## The gauge
#
# Without momentum and forgetting, a whole chunk is one linear step. Put v = k W into the equation, and
# collect:
#
# $$
# {\color{#D55E00}{M_b}} - W = \Bigl(I - \sum_{i\le b}{\color{#009E73}{\theta_i}}\,k_i^\top k_i\Bigr)
# \bigl({\color{#D55E00}{M_0}} - W\bigr).
# $$
#
# On the left is the error after the chunk, on the right the error before it. An eigenvector of the sum is a
# direction that the sum only stretches, and its eigenvalue λ says by how much. An error along that direction
# is multiplied by 1 − λ. For λ < 1 it shrinks. For λ between 1 and 2 it changes its sign and still shrinks:
# those were the three flatmates. For λ > 2 it grows. So the **gauge** of a chunk is the largest eigenvalue,
# and the border is at 2.
#
# A single key of length 1 has λ = θ. b keys at right angles to each other have λ = θ, too. b equal keys have
# λ = θ b, and that is the rule you have just tested. `gauge(k, theta, b)` returns one number for each chunk
# of b tokens. What does it say about the text that broke at b = 64?

# %%
rate = torch.full((len(told.k),), 0.1).double()
for b in alike.CHUNKS:
    print(f"b = {b:2}: the largest gauge of all chunks is {gauge(told.k, rate, b).max():.2f}")
### CLAIM
levels = {b: float(gauge(told.k, rate, b).max()) for b in alike.CHUNKS}
assert abs(levels[32] - 1.80) < 0.01 and abs(levels[64] - 3.33) < 0.01

# %% [markdown]
# At b = 32 it is below 2, and at b = 64 far above. The gauge needs only the keys and the rates, so we know
# this before anything is read.
#
# **Your turn: the longest safe chunk** (*short*). `BOUND` is 2.

# %%
@exercise("06.safe_chunk")
def safe_chunk(k, theta):
    """The longest chunk with which no chunk of this text can make any error grow.

    k: (T, d), the keys; theta: (T), the write rates. Returns one of 1, 2, 4, 8, 16, 32, 64.
    """
    ### BEGIN SOLUTION
    lengths = (1, 2, 4, 8, 16, 32, 64)
    return max(b for b in lengths if gauge(k, theta, b).max() < BOUND)
    ### END SOLUTION

# %%
safe_chunk.check()

# %% [markdown]
# Does it hold? Here is a map of the error after the text, for many rates and chunks. Each cell is a memory of
# its own. A cross means that the memory knows less than an empty one. The line is where the gauge is 2.

# %%
thetas = [0.02, 0.04, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0]
rows = [[alike.errors(told, theta, b)[-1] for theta in thetas] for b in alike.CHUNKS]
error = torch.tensor(rows)
border = [2 / float(gauge(told.k, torch.ones_like(rate), b).max()) for b in alike.CHUNKS]
draw("06.stability", error, border, thetas, alike.CHUNKS)

# %%
for b, row in zip(alike.CHUNKS, error, strict=True):
    print(f"b = {b:2}: the smallest error is {row.min():.2f}, at θ = {thetas[int(row.argmin())]}")
### CLAIM
left_of_it = [max(e for e, theta in zip(row.tolist(), thetas, strict=True) if theta < limit)
              for row, limit in zip(error, border, strict=True)]  # fmt: skip
best = [float(row.min()) for row in error]
assert max(left_of_it) < 0.88 and abs(best[0] - 0.02) < 0.005 and abs(best[-1] - 0.69) < 0.005
assert best[2:] == sorted(best)[2:]

# %% [markdown]
# There is no cross to the left of the line, and there cannot be one: below 2, no chunk makes any error larger.
#
# The map also shows the real price of a long chunk. At θ = 0.1 all chunks were equally good until they broke.
# But the longer a chunk, the smaller the largest θ that it can bear, and a small θ learns less from a text.
# The best error is 0.02 for b = 1 and 0.69 for b = 64.
#
# So the chunk length is part of the function, and not only a question of speed. A model that was trained
# with b = 64 has learned a θ that suits it. Read with another b, it is another model.

# %% [markdown] tags=["instructor"]
# **Discussion (5 minutes).** Somebody will say: "Then take θ/b!" That is what dividing by the chunk length
# does (a mean in place of a sum). Ask what happens to a text of unlike keys: each is then written b times
# too faintly. The gauge shows what would be needed: divide by what the keys have in common.

# %% [markdown]
# ## Play: the dial
#
# Your `chunk_write` writes the text anew at each move. **A question for the dial:** set b = 16. How far can you
# raise θ until the trace breaks, if all keys are the same (1.0), half alike (0.5), and unlike (0.0)? And is
# the gauge always just above 2 when that happens?

# %%
ChunkDial(write=chunk_write)

# %% [markdown]
# Where sliders do not work, here is the dial at b = 16 and θ = 0.3, with keys that are half alike.

# %%
ChunkDial(b=16, theta=0.3).figure()

# %% [markdown]
# <details><summary><b>Answer</b> (try the dial first)</summary>
#
# Equal keys break at θ = 0.14, where the gauge is 2.24 (it would be 2 at 0.125). Half alike, they break at
# 0.28, where the gauge is 2.72. Unlike keys hold until θ = 1.14, where it is 4.26. So the gauge is a promise
# in one direction. Below 2 nothing can go wrong. Above 2 *some* error grows *in that chunk*, and whether it
# goes on growing depends on the next chunk. Equal keys always overshoot in the same direction. With unlike
# keys the worst direction is another one in each chunk, and meanwhile the last one shrinks.
#
# </details>

# %%
### CLAIM
breaks = [dial_border(likeness) for likeness in (1.0, 0.5, 0.0)]
assert [theta for theta, _ in breaks] == [0.14, 0.28, 1.14]
assert [round(level, 2) for _, level in breaks] == [2.24, 2.72, 4.26]

# %% [markdown]
# **And momentum?** It repeats a write up to 1/(1 − η) times in all. To be careful, put θ/(1 − η) into the gauge.
# For b equal keys, the gauge is then 2 at θ = 2(1 − η)/b. Is that too careful, and by how much? We read the
# same key again and again, and look for the first θ that really explodes.

# %%
for eta in (0.5, 0.9):
    for b in (1, 16):
        times = border_of_one_key(eta, b)
        print(f"η = {eta}, b = {b:2}: explodes at {times:5.2f} times the careful θ")
### CLAIM
found = [border_of_one_key(eta, b) for eta in (0.5, 0.9) for b in (1, 16)]
assert all(abs(m / n - 1) < 0.02 for m, n in zip(found, (3.0, 1.15, 19.0, 1.5), strict=True))

# %% [markdown]
# The careful θ is always on the safe side. For chunks of 16 it is close to the border, and for b = 1 it is far
# below it. The book's layer multiplies its θ by 1 − η for this reason.
#
# A *deep* memory has no fixed gauge, because its λ changes with its weights. That was the sudden explosion of
# chapter 05.
#
# ## The exact rule beside it
#
# Can we have b = 1 and still be parallel? The flatmates can. All sixteen walk down together and see that one
# litre is missing. The first writes on a piece of paper: *I buy ½.* The second reads that and buys only ¼, the
# third ⅛. It is one walk to the cellar and sixteen lines on paper. In symbols, each token subtracts what the
# tokens before it write, as far as their keys are alike:
#
# $$
# {\color{#CC79A7}{d_t}} = {\color{#009E73}{\theta_t}}\Bigl(v_t - k_t{\color{#D55E00}{M_{0}}}
# - \sum_{i<t} (k_tk_i^\top)\,{\color{#CC79A7}{d_i}}\Bigr)
# \quad\Longleftrightarrow\quad
# \bigl(I + {\color{#009E73}{\Theta}}\,\mathrm{tril}(KK^\top,-1)\bigr)\,{\color{#CC79A7}{D}}
# = {\color{#009E73}{\Theta}}\,(V - K{\color{#D55E00}{M_0}}).
# $$
#
# That is one triangular system of equations, and its solution D is exactly what b = 1 writes. (DeltaNet
# computes it in this way; it is called the WY form. Momentum and forgetting can be included, with P in the
# triangle, as in Momentum DeltaNet.) What do four flatmates buy?

# %%
K, missing = torch.ones(4, 1).double(), torch.ones(4, 1).double()  # four people, one litre
triangle = torch.eye(len(K)).double() + 0.5 * (K @ K.T).tril(-1)
exactly = torch.linalg.solve_triangular(triangle, 0.5 * missing, upper=False)
print("exact: ", exactly.flatten().tolist())
print("frozen:", (0.5 * missing).flatten().tolist())
### CLAIM
assert exactly.flatten().tolist() == [0.5, 0.25, 0.125, 0.0625]

# %% [markdown]
# Everything else is your code. Only D is made differently. Now take the text that broke, with a larger θ, with
# momentum and with forgetting. Which of the two agrees with the memory that reads token by token?

# %%
k, v = told.k[None, None], told.v[None, None]
one = torch.ones(k.shape[:3]).double()
rates, empty = Gates(0.4 * one, 0.5 * one, 0.01 * one), [torch.zeros_like(told.W)[None]]
slow = reference.memorize(k, k, v, rates, empty, chunk=1)[0].detach()
fast = exact.memorize(k, k, v, rates, empty)[0]
frozen = memorize(k, k, v, rates, empty, chunk=64)[0]
print("exact, in blocks of 64: the same to 1e-10?", bool((fast - slow).abs().max() < 1e-10))
times = float((frozen - slow).norm() / slow.norm())
print(f"frozen chunks of 64: off by {times:.0e} times the size of the answers")
### CLAIM
assert (fast - slow).abs().max() < 1e-10 and times > 100

# %% [markdown]
# So for a *linear* memory with the squared loss nobody has to freeze anything, and `memorize(…, chunk=1)` takes
# this form by itself. The price is a triangular system in every block, in which each row waits for the one
# above it. Titans freezes because its memory is meant to be **deep**. There, an earlier write changes a later
# surprise through a nonlinearity, in a way that depends on all weights, and no table of the products
# $k_tk_i^\top$ can say how.
#
# | | frozen chunk | exact (WY) |
# |---|---|---|
# | agrees with one token at a time | for b = 1; without momentum and forgetting also for keys at right angles | always |
# | memory | any depth | one matrix, squared loss |
# | work in a chunk | matrix products | the same, and a triangular system |
# | can explode | yes, with a gauge above 2 | only as one token can, with θ\|k\|² above 2 |
#
# ## Guards
#
# What if a text comes along that nobody foresaw, such as a page of one word? The book offers two guards. Neither
# is in the paper.
#
# - `clamp=c` shortens every surprise that is longer than c. So one chunk can move the memory by θ b c at most.
# - `damping=n` shortens a write by the length of its own key: for one matrix it replaces θ by
#   $\theta / (1 + n\,\theta\,|k|^2)$. With n = 1 that is Longhorn's step, a relative from chapter 04. It asks
#   where it will *land*, and never overshoots. With n = b/2, even b equal keys stay below the border, because
#   $b \cdot \theta/(1 + \tfrac b2\theta) < 2$.
#
# Here they are on our text with b = 64 and θ = 0.4, four times the rate at which it broke.

# %%
rates = Gates(0.4 * one, 0 * one, 0 * one)
for guard in ({}, {"clamp": 2.0}, {"damping": 32}):
    _, state = memorize(k, k, v, rates, empty, chunk=64, **guard)
    far = float((state.weights[0][0, 0] - told.W).norm() / told.W.norm())
    print(guard or "no guard", f"{far:.2f} from W" if far < 100 else "more than 100 from W")

# %%
### CLAIM
def far_with(**guard):
    _, state = memorize(k, k, v, rates, empty, chunk=64, **guard)
    return float((state.weights[0][0, 0] - told.W).norm() / told.W.norm())

assert far_with() > 100 and abs(far_with(clamp=2.0) - 2.3) < 0.1
assert abs(far_with(damping=32) - 0.82) < 0.01

# %% [markdown]
# With the clamp nothing crashes, but what the memory knew is lost: 2.3 is worse than an empty memory. Damping
# prevents the damage. Its 0.82 is not as good as the 0.69 of the best θ, because it treats all keys as if they
# were the same. The layer of this book comes with a clamp.
#
# ## Cut a stream of your own (*open*)
#
# So far all chunks of a text had the same length. But real text is uneven: a list of names, where no two keys
# are alike, is followed by a chorus that repeats one line. A chunk that is right for the list explodes in the
# chorus, and a chunk that is right for the chorus wastes time on the list.
#
# Now you decide where to cut. Each of three streams has 256 tokens in four passages, and θ = 0.4. You see all
# keys beforehand, and you may use at most **32 chunks**, because each chunk is one sequential step. **Your
# score** is the error of a memory that reads one token at a time (256 steps), divided by the error of yours.
# Above 1 you are better than that memory, with an eighth of its steps. The worst of the three streams counts, and you pass
# with 0.7.

# %%
@exercise("06.my_chunks")
def my_chunks(k, theta, budget):
    """Where to cut a stream.

    k: (T, d), the keys; theta: (T), the write rates; budget: how many chunks there may be at most.
    Returns a list of chunk lengths, in order, that add up to T.
    """
    ### BEGIN SOLUTION
    def cut(limit):
        lengths, start = [], 0
        for end in range(2, len(k) + 1):
            if gauge(k[start:end], theta[start:end], end - start).max() > limit:
                lengths.append(end - 1 - start)
                start = end - 1
        return [*lengths, len(k) - start]

    for limit in (1.33, 1.43, 1.53, 1.63, 1.73, 1.83, 1.93):
        lengths = cut(limit)
        if len(lengths) <= budget:
            break
    return lengths
    ### END SOLUTION

# %%
my_chunks.check()

# %% [markdown]
# Here is the third stream, cut into equal chunks, by you, and by the book. Each bar is a chunk, as wide as it is
# long and as high as its gauge.

# %%
third = streams.stream("third")
theta = torch.full((len(third.k),), streams.THETA).double()
ways = {
    "equal chunks": [8] * 32,
    "yours": my_chunks(third.k, theta, streams.BUDGET),
    "the book's": streams.the_books(third.k, theta, streams.BUDGET),
}
draw("06.cuts", third, ways)

# %%
for name, choose in {"equal chunks": lambda *_: [8] * 32, "yours": my_chunks}.items():
    each = streams.scores(choose)
    told_each = ", ".join(f"{stream} {score:.2f}" for stream, score in each.items())
    print(f"{name:12}: score {min(each.values()):.2f} ({told_each})")
print("the book's  : score 0.91 (first 1.06, second 1.06, third 0.91)")
### CLAIM
assert [round(score, 2) for score in each.values()] == [1.06, 1.06, 0.91]
assert min(streams.scores(lambda *_: [8] * 32).values()) < 0.02

# %% [markdown]
# The book lets each chunk grow until its gauge reaches a limit, and takes the smallest limit that stays within
# the budget. So all chunks are about equally risky. It makes no use of *which* directions have been learned
# already. Can you get above 1 on all three streams?
#
# ## Do you have it?

# %%
quiz("06.border")

# %%
quiz("06.exact")

# %%
quiz("06.future")

# %% [markdown]
# ## What you have seen
#
# 1. A chunk measures all its surprise at the memory with which it starts. The rest is one masked product.
# 2. P = A E: momentum is a first low-pass filter and the memory a second. No matrix for each token is needed,
#    and no division.
# 3. The masked product is exact for its rule, for every b. But a chunk with b > 1 is another rule than one token
#    at a time.
# 4. Stale surprise does no harm up to an edge, and then the memory explodes. The gauge, the largest eigenvalue
#    of Σ θ kᵀk, tells beforehand: below 2 nothing can go wrong.
# 5. A linear memory can have b = 1 in parallel by solving a triangular system. A deep memory cannot.
#
# **What this does not show.** The texts are made of random keys and one map W, read by one matrix. They show
# where the edge is and why. They do not show what a trained model loses or gains with another chunk length.
#
# <details><summary>For readers of the paper: where we differ</summary>
#
# The border of a chunk is moved by one token (see above). Momentum is carried across it, which the paper leaves
# open. A chunk that is not full yet has already been written. Our θ is twice the θ of eq. (12), whose loss has
# no ½, so with the paper's θ the border would be at 1. See [where we differ](where_we_differ.md).
#
# </details>
#
# **Keep your code.** Later chapters, and in the end the model that you train, can run on your own functions.

# %%
for mine in (decay_mask, chunk_coefficients, chunk_read, chunk_write, in_chunks):
    print(mine.keep())

# %%
progress_map()

# %% [markdown]
# **Next.** So far we have always been given the keys, values and gates. Who makes them in a model, and how are
# they learned *through* all these writes? That is [chapter 07](07_learning_to_memorise.ipynb).
