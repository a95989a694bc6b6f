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
# *Read 25 minutes, play 10, code 30. Any CPU will do.*
#
# A memory that is surprised anew at every token has to wait for every token. This chapter lets a whole
# chunk of tokens go at once. It is much faster, it is one small matrix product, and it is **not the same
# memory any more**. You will see exactly what is the same, what is not, and the one number that tells
# beforehand when it goes wrong.
#
# **You will be able to**
#
# 1. read and write a whole chunk without a matrix per token, and prove that it is exact for what it is;
# 2. catch an implementation that looks into the future, and mend it;
# 3. say at which chunk length a memory explodes, before it does;
# 4. tell Titans' chunks from the exact delta rule, and say what each costs.
#
# **You need** the Titans step of chapter 04. [Chapter 05](05_deep_memory.ipynb) is about deeper memories; here
# one matrix is enough.

# %%
import time
import torch
from titans_book import Gates, memorize
from titans_book.lab.pictures import figures, style
from titans_book.book import Predict, exercise, off, part, progress_map, quiz, review
from titans_book.book.ch06 import alike, chunk_figures
from titans_book.book.ch06.chunk_dial import ChunkDial
from titans_book.memory import exact, reference
from titans_book.steps import chunk as chunk_steps
from titans_book.memory.stability import BOUND, gauge

style.use(dark=False)  # True: pictures for a dark page
torch.set_num_threads(1)  # times below are those of one core
titans_step = part("04.titans_step")  # yours, if kept

# %% tags=["solution"]
off()  # the solved edition leaves your progress alone

# %% [markdown]
# What is still there from before?

# %%
review("06")

# %% [markdown]
# ## Forty-eight flatmates
#
# Forty-eight people share a flat and a fridge. The list on its door says: *one litre of milk*. In the
# course of a day they look in, one after the other, and each buys half of what is missing: half a litre,
# a quarter, an eighth. In the evening there is a litre in the fridge, but for a drop that nobody sees.
#
# That is the delta rule with θ = ½, on a memory of one number. Now let them look in **b at a time**: b
# people look, all see the same, and each buys half of what was missing. How much milk is there in the
# evening? Say a number for b = 2, and one for b = 16.

# %%
def in_the_evening(b):
    """Litres of milk after 48 looks: key 1, value 1, theta 1/2, chunks of b."""
    one = torch.ones(1, 1, 48).double()
    x = one[..., None]
    _, state = memorize(x, x, x, Gates(one / 2, 0 * one, 0 * one), [0 * x[:, 0, :1]], chunk=b)
    return state.weights[0].item()

milk = {b: in_the_evening(b) for b in (1, 2, 3, 4, 8, 16)}
print(", ".join(f"b = {b}: {litres:.0f}" for b, litres in milk.items()), "litres")
assert [round(litres) for litres in milk.values()] == [1, 1, 1, 0, -728, 344]

# %% [markdown]
# Two at a time is even better than one: the first two buy the litre, and everybody else goes home. Three
# buy too much, the next three pour some away, and it settles. Four buy two litres, the next four pour
# both away, and so on all day. Sixteen buy eight litres; the next sixteen see seven too many and pour away
# *fifty-six*. What a fridge cannot do, a matrix can.
#
# Why would anybody let them look in together? Because the fridge is in the cellar. It is not the buying that
# takes time but the forty-eight walks. For a processor a walk is a small matrix operation that waits for the
# one before. How much do we win on a text of 512 tokens?

# %%
def seconds(work):
    """The best of three runs, in seconds of one core."""
    best = float("inf")
    for _ in range(3):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
    return best

g = torch.Generator().manual_seed(0)
x, one = torch.randn(1, 1, 512, 32, generator=g), torch.ones(1, 1, 512)
gates, empty = Gates(one / 64, one / 2, one / 100), [torch.zeros(1, 32, 32)]

def one_by_one():
    state = None
    for t in range(512):
        now, rates = x[:, :, t : t + 1], gates.slice(t, t + 1)
        _, state = memorize(now, now, now, rates, empty, chunk=1, state=state)

alone = seconds(one_by_one)
together = seconds(lambda: memorize(x, x, x, gates, empty, chunk=64))
print("chunks of 64 took less than a fifth of the time of one token after the other")
assert alone > 5 * together

# %% [markdown]
# (Usually much less; the cell asks for what holds on every computer.) So everybody goes parallel, Titans
# too. The honest question is what one gives up for it.
#
# ## The equation
#
# Cut the text into chunks of b tokens, and let $t' = b\lfloor (t-1)/b\rfloor$ be the last token before t's
# chunk. All surprise of a chunk is measured at the memory $M_{t'}$ that it starts with:
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
# One index is new: $M_{t'}$ where chapter 04 has $M_{t-1}$. The gradients are *frozen*, so they are all known
# before the chunk begins, and what is left is adding up and fading. Unroll both lines, and every memory of
# the chunk is a sum of things that are known at its start:
#
# $$
# {\color{#D55E00}{M_t}} = {\color{#009E73}{\beta_t}}\,{\color{#D55E00}{M_{t'}}}
# + {\color{#009E73}{c_t}}\,{\color{#D55E00}{S_{t'}}}
# + \sum_{i\le t}{\color{#009E73}{P_{ti}}}\;k_i^\top {\color{#CC79A7}{d_i}},
# \qquad {\color{#CC79A7}{d_i}} = {\color{#009E73}{\theta_i}}\,(v_i - k_i{\color{#D55E00}{M_{t'}}}),
# \qquad {\color{#009E73}{P = A\,E}} .
# $$
#
# | Term | In words | In `titans_book/steps/chunk.py` | Test in `tests/steps/test_chunk.py` |
# |---|---|---|---|
# | $d_i$ | what token i writes under its key | `D = theta[:, None] * (v - k @ M)` | one chunk is the oracle |
# | $A_{ti}=\prod_{i<j\le t}(1-\alpha_j)$ | what the *memory* keeps at t of what came at i | `decay_mask(1 - alpha)` | the mask survives tiny products |
# | $E_{ti}=\prod_{i<j\le t}\eta_j$ | what *momentum* keeps of it | `decay_mask(eta)` | the same |
# | $P = AE$ | how much of write i is in $M_t$ | `chunk_coefficients` | the sums of the header |
# | $\beta_t,\ c_t$ | how much of the first M, and of the first S, is in $M_t$ | `chunk_coefficients` | the same |
# | all $y_t = q_tM_t$ | the answers | `chunk_read` | one chunk is the oracle |
# | $M_b,\ S_b$ | the state for the next chunk | `chunk_write` | the same |
#
# **Where we differ.** The paper has forgetting without momentum (eq. 16, with $\beta_t/\beta_i$ for A) and
# momentum without forgetting (18); both together are one more product, `A @ E`. And its
# $t' = t - \mathrm{mod}(t, b)$ slips at the border: t = b would be surprised at a memory that it has
# already written.
#
# ## By hand
#
# Let η = ½ and 1 − α = ½ for ever. One write of size 1 at token 1, nothing else. How much of it is in the
# memory?
#
# | token | S = ½ S + new | M = ½ M + S |
# |---|---|---|
# | 1 | 1 | 1 |
# | 2 | ½ | ½ · 1 + ½ = **1** |
# | 3 | ¼ | ½ · 1 + ¼ = **¾** |
#
# The same by the masks: the last row of A is ¼, ½, 1, the first column of E is 1, ½, ¼, so the entry of P
# is ¼ · 1 + ½ · ½ + 1 · ¼ = **¾**. Three summands are three ways into the memory: the write is handed over at
# token 1, 2 or 3, and it fades the rest of the way. That is why it is `@` and not `*`.
#
# ## Predict: how loud is a write, and when?
#
# Now 1 − α = 0.9 and η = 0.8. One write of size 1 at token 0. **How much of it is in the memory after
# n tokens?** Shape the curve; only its beginning is easy.

# %%
n = torch.arange(25).double()
write_left = (0.9 ** (n + 1) - 0.8 ** (n + 1)) / (0.9 - 0.8)  # the column of P, for constant gates
Predict("06.two_filters", n, write_left, xlabel="tokens since the write", ylabel="how much is in M",
        limits=(0, 4), points=6, alt="How much of one write of size 1 is in the memory later on")

# %% [markdown]
# What do momentum alone and forgetting alone make of the same write?

# %%
momentum, memory = 0.8**n, 0.9**n
figures.lines(
    n, {"in S: momentum (E)": momentum, "in M without momentum (A)": memory,
        "in M with both (P)": write_left}, roles={"in S: momentum (E)": "surprise",
        "in M without momentum (A)": "gates", "in M with both (P)": "fast"},
    markers=4, xlabel="tokens since the write", ylabel="how much is there", limits=(0, 3),
    alt="Two curves fade from 1 at once. The third, in M with both, first rises to 2.7 after five "
        "tokens and then fades slowly to 0.7 after 24.",
)  # fmt: skip

# %% [markdown]
# It grows before it fades. An electrician would say: **momentum is the first low-pass filter, the memory
# the second.** What comes out of two of them rises late and is gone late. How loud does it become, and when?

# %%
print(f"loudest after {int(write_left.argmax())} tokens: {write_left.max():.2f} times the write")
assert int(write_left.argmax()) == 5 and abs(write_left.max() - 2.69) < 0.005

# %% [markdown]
# ## Your turn: the masks
#
# **First, what is left of what.** `decay_mask(decay)` gets the decays of b tokens and returns the (b, b)
# matrix with $A_{ti} = \text{decay}_{i+1}\cdots\text{decay}_t$: row t asks, column i has written. It serves
# twice, for `1 - alpha` and for `eta`. About three lines, no loop. It has to be right for a decay of exactly
# 0, and for tiny ones.
#
# `.check()`, `.hint()`, `.solution()` and `.keep()` are there as always; while an exercise is open, the
# book's version answers.

# %%
@exercise("06.decay_mask")
def decay_mask(decay):
    """A_ti = decay_{i+1} ... decay_t for i <= t, else 0. decay: (b); returns (b, b)."""
    ### BEGIN SOLUTION
    later = decay.new_ones(len(decay), len(decay)).tril(-1) > 0
    factors = torch.where(later, decay[:, None], 1.0)
    return factors.cumprod(0).tril()
    ### END SOLUTION

# %%
decay_mask.check()

# %% [markdown]
# Did you think of a division? On paper $A_{ti} = \beta_t/\beta_i$ with one running product β, and eq. (16) is
# printed that way. Take α = 0.05 and a text of 4,096 tokens. The last 95 tokens keep 0.95⁹⁵ = 0.0077 of a
# write. What does float32 make of the quotient, and what of a difference of logarithms?

# %%
decay = torch.full((4096,), 0.95)
beta, log_beta = decay.cumprod(0), decay.log().cumsum(0)
by_division, by_logarithm = beta[4095] / beta[4000], (log_beta[4095] - log_beta[4000]).exp()
print(f"the quotient is off by more than half; by logarithms: {by_logarithm:.4f}")
print(f"a running product of 2,100 decays: below {torch.finfo(torch.float32).tiny:.0e}")
assert not (by_division - 0.0077).abs() < 0.0038 and abs(by_logarithm - 0.00765) < 1e-4
assert beta[2100] < torch.finfo(torch.float32).tiny and abs(0.95**95 - 0.0077) < 1e-4

# %% [markdown]
# After some 2,000 tokens the running product is too small for a float, and the quotient is a ruin: 0 / 0 on
# one computer, 1 on another. **Logarithms** survive that, and most fast code uses them; but they have nothing
# to say about a gate that is exactly 0, such as η without momentum. Products that begin anew in every column
# have neither problem. (The package makes them row by row, for all chunks and heads at once:
# `titans_book/memory/recurrence.py`.)
#
# **Now all coefficients of a chunk.** P and E; β, the running product of 1 − α; and c. The old S
# fades to $e_t = \eta_1\cdots\eta_t$, and the memory takes that in at every token and forgets some of it: $c = A\,e$.

# %%
@exercise("06.chunk_coefficients")
def chunk_coefficients(eta, alpha):
    """P = A E, E, beta and c = A e, in this order. eta, alpha: (b). P, E: (b, b); beta, c: (b)."""
    ### BEGIN SOLUTION
    A, E = decay_mask(1 - alpha), decay_mask(eta)
    beta, e = (1 - alpha).cumprod(0), eta.cumprod(0)
    return A @ E, E, beta, A @ e
    ### END SOLUTION

# %%
chunk_coefficients.check()

# %% [markdown]
# What do they look like? Sixteen tokens; momentum is nearly shut at the ninth (η = 0.1), and the memory
# forgets most at the thirteenth (α = 0.8). Where do you see which?

# %%
eta, alpha = torch.full((16,), 0.8).double(), torch.full((16,), 0.1).double()
eta[8], alpha[12] = 0.1, 0.8
P, E, beta, c = chunk_coefficients(eta, alpha)
figures.heatmap(
    torch.stack([decay_mask(1 - alpha), E, P]), kind="magnitude", limit=2.7, width=7.6,
    titles=["A: the memory keeps", "E: momentum keeps", "P = A E: is in the memory"],
    alt="Three lower triangular matrices. A fades slowly away from the diagonal and is cut at row "
        "13; E fades faster and is cut at row 9. P is brightest a few cells below the diagonal, "
        "dims from row 9 on and is dark below row 13.",
)  # fmt: skip

# %% [markdown]
# P is brightest *below* the diagonal: the after-shocks. At row 9 momentum drops what it holds, and the
# memory only stops gaining; at row 13 it loses most of what it has.
#
# ## Your turn: a whole chunk
#
# Multiply the unrolled equation by a query. Then $q_t k_i^\top$ is a number, what question t and key i have
# in common, and no matrix per token is left anywhere:
#
# $$
# Y = \beta\odot(Q{\color{#D55E00}{M}}) + c\odot(Q{\color{#D55E00}{S}})
# + \bigl((QK^\top)\odot {\color{#009E73}{P}}\bigr)\,{\color{#CC79A7}{D}} .
# $$
#
# Do you recognise the last term? It is attention without softmax, with a mask that fades. (β and c multiply
# rows: `beta[:, None] * ...`.)

# %%
@exercise("06.chunk_read")
def chunk_read(M, S, q, k, v, theta, eta, alpha):
    """The answers y_t = q_t M_t of all tokens of a chunk that starts with M, S: (b, d_out).

    M, S: (d_in, d_out). q, k: (b, d_in), v: (b, d_out). theta, eta, alpha: (b).
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
# **And its end.** The next chunk needs M and S after the last token. For M that is the last row of P,
# `P[-1]`, with the last β and c. For S it is the last row of E, and of the old S the product of all η.

# %%
@exercise("06.chunk_write")
def chunk_write(M, S, k, v, theta, eta, alpha):
    """M and S after the last token of a chunk, shapes as in chunk_read."""
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
# **What goes wrong in class (15 minutes).** `theta * (v - k @ M)` without `[:, None]` fails with a shape error if
# you are lucky, and runs if b = d_out: let the probe's odd sizes be your friend. The commonest silent
# mistake is E and P exchanged in `chunk_write`; ask "which of the two can be larger than 1?" (P: a write repeated by
# momentum. E never.)

# %% [markdown]
# ## A fault from the wild
#
# Two functions, one text: chunk after chunk. Here is how several published implementations put them
# together, retold in our words. Everything in it is right, in a way. **What is wrong?**

# %%
def published(M, S, q, k, v, theta, eta, alpha, b):
    answers = []
    for start in range(0, len(k), b):
        now = [x[start : start + b] for x in (q, k, v, theta, eta, alpha)]
        M, S = chunk_write(M, S, *now[1:])  # learn from this chunk
        answers.append(now[0] @ M)  # and ask the memory
    return torch.cat(answers), M, S

# %% [markdown]
# Reading will not convince anybody; measuring will. Write a test that knows nothing about memories: change
# token p of a text, and see whether any answer *before* p moves. `answer` is a function from x, (T, d), to
# answers, (T, d_out). Three lines.

# %%
@exercise("06.leak")
def leak(answer, x, p):
    """The largest change of any answer before token p, when token p of x is changed: a number."""
    ### BEGIN SOLUTION
    changed = x.clone()
    changed[p] += 1
    return (answer(changed) - answer(x))[:p].abs().max()
    ### END SOLUTION

# %%
leak.check()

# %% [markdown]
# Let it loose on `published`: a text of twelve tokens in chunks of four, where each token is key, value
# and query at once. Which tokens leak into their past?

# %%
T, d = 12, 5
x = torch.randn(T, d, generator=g).double() / 2
nothing, drawn = torch.zeros(2, d, d).double(), torch.rand(3, T, generator=g).double() / 2

def answers_of(form, b=4):
    """A function from a text to the answers of this form."""
    return lambda x: form(*nothing, x, x, x, *drawn, b)[0]

leaks = [float(leak(answers_of(published), x, p)) for p in range(1, T)]
print("tokens that move an answer before them:", [p for p, s in enumerate(leaks, 1) if s > 1e-9])
assert all((size > 1e-9) == (p % 4 > 0) for p, size in enumerate(leaks, 1))

# %% [markdown]
# All but the first of each chunk. A model with this fault has a wonderful training loss, because each token
# can look up the next one, and it falls apart when it has to write the text itself. We have met it in four
# public implementations of Titans.
#
# **Mend it.** Two lines inside the loop. Each chunk is read at the memory that it finds, and written after that.

# %%
@exercise("06.in_chunks")
def in_chunks(M, S, q, k, v, theta, eta, alpha, b):
    """A whole text in chunks of b tokens: the answers (T, d_out), and M, S after the last token."""
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
# Here is who sees whom. A cell is lit where changing the token below it moves the answer beside it; a dot
# marks the future. What is left above the diagonal?

# %%
seen = {name: chunk_figures.influence(answers_of(form), x)
        for name, form in (("published", published), ("mended", in_chunks))}  # fmt: skip
above = {name: float(grid.triu(1).max()) for name, grid in seen.items()}
assert above["published"] > 1e-3 and above["mended"] == 0
chunk_figures.influence_map(
    seen, b=4, alt="Two maps of twelve by twelve cells. Published: the lower triangle is lit, and "
    "three squares on the diagonal are full, with dots above it. Mended: the lower triangle alone.",
)

# %% [markdown]
# Nothing, and not just nearly nothing: the largest number above the diagonal is 0.
#
# ## What is exact
#
# **Claim one: nothing is lost by not forming any matrices.** There are three ways to work out a chunk. The
# *loop* goes token by token with frozen surprise. The *scan* is what eq. (18) suggests: make all matrices uᵢ,
# and add them up in log₂ b rounds, each over all tokens at once. The *mask* is
# yours (timed in the book's version, so that the clock asks the same of everybody).

# %%
def by_loop(M, S, q, k, v, theta, eta, alpha):
    start, answers = M, []
    for t in range(len(k)):
        u = torch.outer(k[t], k[t] @ start - v[t])  # frozen
        S = eta[t] * S - theta[t] * u
        M = (1 - alpha[t]) * M + S
        answers.append(q[t] @ M)
    return torch.stack(answers)

def scan(decay, h):
    """h_t = decay_t h_{t-1} + h_t for every t, in rounds: each adds what lies 1, 2, 4, ... back."""
    step = 1
    while step < len(h):
        h = torch.cat([h[:step], h[step:] + decay[step:] * h[:-step]])
        decay = torch.cat([decay[:step], decay[step:] * decay[:-step]])
        step *= 2
    return h

def by_scan(M, S, q, k, v, theta, eta, alpha):
    theta, eta, keep = (gate[:, None, None] for gate in (theta, eta, 1 - alpha))
    write = -theta * k[:, :, None] * (k @ M - v)[:, None, :]  # a matrix per token
    write = torch.cat([write[:1] + eta[:1] * S, write[1:]])
    S_all = scan(eta, write)
    M_all = scan(keep, torch.cat([S_all[:1] + keep[:1] * M, S_all[1:]]))
    return (q[:, None, :] @ M_all)[:, 0]

# %% [markdown]
# One chunk of 64 tokens, d = 64. How far apart are they, how many numbers does each hold, and which one is fast?

# %%
b = d = 64
M, S = torch.randn(2, d, d, generator=g).double() / d
q, k, v = torch.nn.functional.normalize(torch.randn(3, b, d, generator=g).double(), dim=-1)
chunk = M, S, q, k, v, *torch.rand(3, b, generator=g).double()
forms = {"loop": by_loop, "scan": by_scan, "mask": chunk_steps.chunk_read}
answers = {name: form(*chunk) for name, form in forms.items()}
assert max((y - answers["mask"]).abs().max() for y in answers.values()) < 1e-12
print("loop, scan and mask: the same answers to 1e-12")
print(f"a scan holds {b * d * d:,} numbers, a mask {b * b:,}")

# %%
took = {name: seconds(lambda f=form: [f(*chunk) for _ in range(5)]) for name, form in forms.items()}
print("the mask was more than three times as fast as the loop, and as the scan")
assert took["loop"] > 3 * took["mask"] and took["scan"] > 3 * took["mask"]

# %% [markdown]
# The scan saves *rounds* (which a GPU likes), and pays with a d × d matrix for every token. The matrices were
# never needed; only what a query sees of them was.
#
# What comes of it, against other implementations and for long texts? That was measured once, with one thread of
# the processor named in the drawing: `python -m tests.benchmarks.speed` does it again on yours (ten minutes; it
# installs the others into folders of their own). Your times will differ, the shapes will not.

# %%
import json
from titans_book.lab.pictures.speed_figures import length_scaling, peer_table
from titans_book.tasks import corpora

records = corpora.data_folder().parent / "notebooks" / "records"
record = json.loads((records / "speed_cpu.json").read_text())
peer_table(record)

# %% [markdown]
# Read the column "work" first. Where the others compute the same function, with gates for each token, they build
# a matrix per token. Where they share one set of gates among 64 tokens they compute a coarser one, and the gap is
# small. `titans-unofficial` takes its gradients at every token, which a deep memory cannot do in parallel: there
# we are less than twice as fast, and the factor of thirty is the price of b = 1.

# %%
length_scaling(
    record,
    alt="Two panels over the number of tokens, from a thousand to a million, both axes "
    "logarithmic. Left, time a token: level for both memories, rising with the length for "
    "attention, which overtakes the deep memory near eight thousand tokens. Right, memory on top: "
    "level from sixteen thousand tokens on for both memories, proportional to the length for "
    "attention.",
)

# %%
cost = {(r["name"], r["tokens"]): r["microseconds_per_token"] for r in record["lengths"]}
assert cost["memory, 2 layers", 2**20] < 1.15 * cost["memory, 2 layers", 2**12]
assert cost["attention", 2**16] > 5 * cost["memory, 2 layers", 2**20]
assert cost["attention", 2**12] < cost["memory, 2 layers", 2**12]
assert cost["attention", 2**14] > cost["memory, 2 layers", 2**14]
print("a million tokens: as fast a token as four thousand, to 15 %")
print("attention is the faster one at 4k tokens, and no longer at 16k")

# %%
def ratios(name, work):
    """How many times as long `name` took, in the rows that say `work`."""
    return [p["ratio"] for p in record["peers"] if name in p["name"] and work in p["work"]]

assert min(ratios("titans-pytorch", "gates per token, gradients every 64 tokens, 2,048")) > 100
assert 2 < min(ratios("titans-pytorch", "one set of gates")) < 5
assert max(ratios("titans-pytorch", "one set of gates")) < 5
assert all(25 < ratio < 40 for ratio in ratios("titans-unofficial", "ours every 64"))
assert all(1 < ratio < 2 for ratio in ratios("titans-unofficial", "ours too"))
print("titans-pytorch: more than 100 times slower with gates per token,")
print("2 to 5 times with shared gates")

# %% [markdown]
# **Claim two: it is the same function as the oracle**, which takes gradients with autograd and goes token
# by token. For b = 1 it is your step of chapter 04, and two calls equal one.

# %%
T, d = 40, 6
q, k, v = torch.randn(3, T, d, generator=g).double() / 2
gates = theta, eta, alpha = torch.rand(3, T, generator=g).double() / 2
M = S = nothing = torch.zeros(d, d).double()
for t in range(T):
    M, S = titans_step(M, S, k[t], v[t], theta[t], eta[t], alpha[t])
_, *alone = in_chunks(nothing, nothing, q, k, v, *gates, 1)
assert max((alone[0] - M).abs().max(), (alone[1] - S).abs().max()) < 1e-12
for b in (1, 8, 16, 64):
    y, *_ = in_chunks(nothing, nothing, q, k, v, *gates, b)
    three, rates = (x[None, None] for x in (q, k, v)), Gates(*(x[None, None] for x in gates))
    oracle, _ = reference.memorize(*three, rates, [nothing[None]], chunk=b)
    assert (y - oracle[0, 0]).abs().max() < 1e-12
print("b = 1 is titans_step; b = 1, 8, 16 and 64 are the oracle: all to 1e-12")

# %% [markdown]
# And two calls? Read a text of 40 tokens in chunks of 8; stop, take M and S along, and go on. Does it matter
# where one stops?

# %%
def in_two_calls(cut, b=8):
    """How far the answers of two calls are from those of one."""
    whole, *_ = in_chunks(nothing, nothing, q, k, v, *gates, b)
    first, M, S = in_chunks(nothing, nothing, *(x[:cut] for x in (q, k, v, *gates)), b)
    second, *_ = in_chunks(M, S, *(x[cut:] for x in (q, k, v, *gates)), b)
    return float((torch.cat([first, second]) - whole).abs().max())

assert in_two_calls(16) < 1e-12 and in_two_calls(19) > 1e-3
print("cut at a border, 16: the same to 1e-12.  Cut inside a chunk, 19: another answer")

# %% [markdown]
# At a border it does not. Inside a chunk the second call starts a chunk too early, and surprise is measured
# elsewhere. A state that can be cut anywhere has to carry a third matrix, the *anchor*: the memory that the
# open chunk started with. `memorize` does. (Some implementations wait until a chunk is full instead; then a
# text shorter than a chunk leaves no trace at all.)

# %%
def piece(now, state=None):
    """The answers of memorize to the tokens of a slice, and the state after them."""
    asked, keys, values, *rates = (x[None, None, now] for x in (q, k, v, *gates))
    return memorize(asked, keys, values, Gates(*rates), [nothing[None]], chunk=8, state=state)

whole, _ = piece(slice(T))
for cut in range(1, T):
    first, state = piece(slice(cut))
    second, _ = piece(slice(cut, T), state)
    assert (torch.cat([first, second], dim=2) - whole).abs().max() < 1e-12
print("memorize, cut after any of the 39 tokens: the same to 1e-12")

# %% [markdown]
# ## What is not exact
#
# So the chunk is worked out without an error. But it is the chunk's rule, and not that of chapter 04. How
# far apart do the two memories go?
#
# We need a text in which milk and buttermilk occur. `alike.text(likeness)` draws 192 keys of length 1; any
# two of them have, on average, the product `likeness`: at 0 nothing in common, at 1 the same key. A value is
# what the world W answers to the key. No momentum and no forgetting, so whatever happens is the chunk's
# doing. Half alike, θ = 0.1: how far is the memory from the one with b = 1, and how far from the world?

# %%
told = alike.text(likeness=0.5)

def after(b, theta):
    """The memory after the whole text."""
    rate = torch.full((alike.TIME,), theta).double()
    empty, none = torch.zeros_like(told.W), 0 * rate
    return in_chunks(empty, empty, told.k, told.k, told.v, rate, none, none, b)[1]

online = after(1, 0.1)
apart = [float((after(b, 0.1) - online).norm() / online.norm()) for b in alike.CHUNKS[:6]]
wrong = [float((after(b, 0.1) - told.W).norm() / told.W.norm()) for b in alike.CHUNKS[:6]]
figures.lines(
    alike.CHUNKS[:6], {"from the memory with b = 1": apart, "from the world": wrong},
    roles={"from the memory with b = 1": "surprise", "from the world": "fast"}, limits=(0, 0.7),
    xlabel="chunk b", ylabel="distance, as a share",
    alt="Over chunks of 1 to 32 the distance from the one-token memory rises from 0 to 0.14. The "
        "distance from the world stays flat at 0.54, and even falls a little.",
)  # fmt: skip

# %%
print("from b = 1:    ", [f"{x:.3f}" for x in apart])
print("from the world:", [f"{x:.3f}" for x in wrong])
assert apart == sorted(apart) and abs(apart[-1] - 0.145) < 0.002
assert max(wrong) - min(wrong) < 0.02 and wrong[-1] < wrong[0]

# %% [markdown]
# A surprise, at least for us. The longer the chunk, the *staler* the memory at which surprise is measured,
# and the further it goes from the online one. But it is not worse! Stale surprise is too large, if anything,
# and a little too much is no harm while there is much to learn. You will often hear that staleness costs
# quality; on this text, at this θ, it costs nothing. And then b doubles once more:

# %%
broken = float((after(64, 0.1) - told.W).norm() / told.W.norm())
print(f"b = 64: {broken:.2f} from the world; an empty memory has 1")
assert abs(broken - 1.97) < 0.01

# %% [markdown]
# Worse than knowing nothing. There is no gentle slope; there is a cliff.
#
# ## The gauge
#
# The flatmates tell where it is. Without momentum and forgetting, a chunk as a whole is one linear step. Put
# v = kW into the equation and collect:
#
# $$
# {\color{#D55E00}{M_b}} - W = \Bigl(I - \sum_{i\le b}{\color{#009E73}{\theta_i}}\,k_i^\top k_i\Bigr)
# \bigl({\color{#D55E00}{M_0}} - W\bigr).
# $$
#
# An error along an eigenvector of the sum (a direction that the sum only stretches, and the eigenvalue λ says
# by how much) is multiplied by 1 − λ. Below λ = 1 it shrinks. From 1 to 2 it
# changes sign and still shrinks: three flatmates. Above 2 it grows: five. So the gauge is the largest
# eigenvalue, and **the border is at 2**. A single key of length 1 has λ = θ; b keys at right angles have θ,
# too; and b like keys have *bθ*. It is not the number of tokens that is dangerous, but the number of tokens
# that say the same. What does the gauge say about our text?

# %%
rate = torch.full((alike.TIME,), 0.1).double()
levels = {b: float(gauge(told.k, rate, b).max()) for b in alike.CHUNKS}
print(", ".join(f"b = {b}: {level:.2f}" for b, level in levels.items()))
assert abs(levels[32] - 1.80) < 0.01 and abs(levels[64] - 3.33) < 0.01

# %% [markdown]
# 1.80 at b = 32, and 3.33 at b = 64: it knew.
#
# **Your turn: predict the explosion.** Write `safe_chunk(k, theta)`: the longest of 1, 2, 4, … 64 tokens with
# which no chunk of this text reaches the border. `gauge(k, theta, b)` has one number for each chunk of b
# tokens; `BOUND` is 2.

# %%
@exercise("06.safe_chunk")
def safe_chunk(k, theta):
    """The largest b of 1, 2, 4, ... 64 whose every gauge is below 2. k: (T, d), theta: (T)."""
    ### BEGIN SOLUTION
    lengths = (1, 2, 4, 8, 16, 32, 64)
    return max(b for b in lengths if gauge(k, theta, b).max() < BOUND)
    ### END SOLUTION

# %%
safe_chunk.check()

# %% [markdown]
# Does the prediction hold? A map of the error after the text, over write rate and chunk, each cell a memory of
# its own. Crosses are memories that know less than nothing. The line is where the gauge is 2.

# %%
thetas = [0.02, 0.04, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0]
error = torch.stack([
    torch.stack([alike.errors(told, theta, b)[-1] for theta in thetas]) for b in alike.CHUNKS
])  # fmt: skip
border = [2 / float(gauge(told.k, torch.ones_like(rate), b).max()) for b in alike.CHUNKS]
chunk_figures.stability_map(
    error, border, thetas, alike.CHUNKS,
    alt="Seven rows, chunks of 1 to 64, over write rates from 0.02 to 1. Each row darkens to the "
        "right, until crosses begin. They begin earlier, the longer the chunk: at 0.1 for 64, "
        "never for 1 and 2. The line of the gauge runs down the same stairs, left of all crosses.",
)  # fmt: skip

# %%
left_of_it = [max(e for e, theta in zip(row.tolist(), thetas, strict=True) if theta < limit)
              for row, limit in zip(error, border, strict=True)]  # fmt: skip
best = {b: float(row.min()) for b, row in zip(alike.CHUNKS, error, strict=True)}
print("left of the line the largest error is", f"{max(left_of_it):.2f}")
print("best error of each chunk:", ", ".join(f"{b}: {e:.2f}" for b, e in best.items()))
assert max(left_of_it) < 0.88 and abs(best[1] - 0.02) < 0.005 and abs(best[64] - 0.69) < 0.005
assert list(best.values())[2:] == sorted(best.values())[2:]

# %% [markdown]
# Left of the line there is no cross, and there can be none: below 2 no chunk makes any error larger. And here
# is the price of a long chunk after all. At θ = 0.1 all chunks were equally good, until they broke. But the
# largest θ that a chunk can bear falls as the chunk grows, and with it what the memory can learn from a
# text: the best error is 0.02 for b = 1, and 0.69 for b = 64.
#
# **The chunk is part of the function, not a matter of scheduling.** A model that was trained with b = 64 has learned a θ
# for it; read with another b it is another model.

# %% [markdown] tags=["instructor"]
# **For discussion (5 minutes).** "Then take θ/b!" Somebody will say it, and it is what dividing by the chunk
# length does (a mean instead of a sum). Ask what happens to a text of unlike keys: each is then written
# b times too faintly. The gauge shows what would be needed: divide by what the keys have in common.

# %% [markdown]
# ## Play: the dial
#
# Your `chunk_write` writes the text anew at each move. **A question for the dial:** set b = 16. How far can θ
# go until the trace breaks, when all keys are the same (1.0), half alike (0.5), and unlike (0.0)? And where
# does the gauge stand then: always just above 2?

# %%
ChunkDial(
    write=chunk_write,
    alt="Sliders for chunk, write rate and likeness of keys; a gauge and an error trace.",
)

# %% [markdown]
# Where sliders do not work: b = 16 and θ = 0.3 on keys that are half alike.

# %%
ChunkDial(alt="A memory that breaks", b=16, theta=0.3).figure(
    alt="The error falls from 1 to 0.8, then swings up and leaves the picture at token 112, marked "
        "by a cross. Below it a bar, the gauge, stands at 2.9, beyond the line at 2."
)  # fmt: skip

# %% [markdown]
# <details><summary><b>Answer</b> (try the dial first)</summary>
#
# The same keys break at θ = 0.14, with the gauge at 2.24; it would be 2 at 0.125. Half alike they break at
# 0.28 (2.72), and unlike keys hold out until θ = 1.14 (4.26). The gauge is a promise in one direction. Below
# 2 nothing can go wrong. Above 2 *some* error grows *in that chunk*; whether it goes on depends on whether
# the next chunk overshoots in the same direction. Like keys always do; for unlike keys the worst direction is
# another one each time, and meanwhile the last one shrinks.
#
# </details>

# %%
def first_break(likeness, b=16):
    """The smallest theta on the dial at which the trace leaves the picture, and the gauge there."""
    told = alike.text(likeness)
    for theta in (n / 50 for n in range(1, 61)):
        if alike.errors(told, theta, b).max() > 2:
            return theta, float(gauge(told.k, theta * torch.ones_like(rate), b).max())

breaks = {likeness: first_break(likeness) for likeness in (1.0, 0.5, 0.0)}
for likeness, (theta, level) in breaks.items():
    print(f"likeness {likeness}: breaks at theta = {theta:.2f}, gauge {level:.2f}")
assert [theta for theta, _ in breaks.values()] == [0.14, 0.28, 1.14]
assert abs(breaks[1.0][1] - 2.24) < 0.01 and abs(breaks[0.0][1] - 4.26) < 0.01

# %% [markdown]
# **Momentum** repeats a write up to 1/(1 − η) times. So be careful, and put θ/(1 − η) into the gauge:
# for b like keys it is at 2 when θ = 2(1 − η)/b. How much too careful is that? One key of length 1, again and
# again:

# %%
def border_of_one_key(eta, b, tokens=640):
    """The first theta that drives the memory away, as a multiple of 2 (1 - eta) / b."""
    times = torch.logspace(0, 1.3, 391, dtype=torch.float64)  # from 1 to 20
    x = torch.ones(391, 1, tokens, 1).double()
    one = x[..., 0]
    theta = times[:, None, None] * 2 * (1 - eta) / b * one
    _, state = memorize(x, x, x, Gates(theta, eta * one, 0 * one), [0 * x[:1, 0, :1]], chunk=b)
    return float(times[(state.weights[0].flatten() - 1).abs() > 1][0])

careful = {(eta, b): border_of_one_key(eta, b) for eta in (0.5, 0.9) for b in (1, 16)}
for (eta, b), times in careful.items():
    print(f"η = {eta}, b = {b}: breaks at {times:.2f} times that θ")
expected = (3.0, 1.15, 19.0, 1.5)
assert all(abs(m / n - 1) < 0.02 for m, n in zip(careful.values(), expected, strict=True))

# %% [markdown]
# So here θ/(1 − η) in the gauge puts you on the safe side, often far on it. (For b = 1 the border is even
# higher than without momentum: at 2(1 + η).) The book's layer multiplies its θ by 1 − η for that reason.
#
# A **deep** memory has no fixed gauge: its λ changes with the weights, and that is the cliff of chapter 05.
#
# ## The exact rule beside it
#
# Is there no way to have b = 1 and be parallel? For the flatmates there is: notes. All sixteen look in, one
# litre is missing. The first writes on the door *I buy ½*. The second reads that and buys only ¼, the third
# ⅛. One walk to the cellar, sixteen lines on a piece of paper. In symbols, each token subtracts what those
# before it have written, as far as their keys are alike:
#
# $$
# {\color{#CC79A7}{d_t}} = {\color{#009E73}{\theta_t}}\Bigl(v_t - k_t{\color{#D55E00}{M_{0}}}
# - \sum_{i<t} (k_tk_i^\top)\,{\color{#CC79A7}{d_i}}\Bigr)
# \quad\Longleftrightarrow\quad
# \bigl(I + {\color{#009E73}{\Theta}}\,\mathrm{tril}(KK^\top,-1)\bigr)\,{\color{#CC79A7}{D}}
# = {\color{#009E73}{\Theta}}\,(V - K{\color{#D55E00}{M_0}}).
# $$
#
# One triangular system, and D is what b = 1 writes. (DeltaNet computes it in this way; it is called the WY
# form. Momentum and forgetting chunk exactly as well, with a P in the triangle: Momentum DeltaNet is the
# model that does so, and `titans_book/memory/exact.py` the code.) What do the flatmates' notes say?

# %%
K, missing = torch.ones(4, 1).double(), torch.ones(4, 1).double()  # four looks, a litre is missing
triangle = torch.eye(4).double() + 0.5 * (K @ K.T).tril(-1)
notes = torch.linalg.solve_triangular(triangle, 0.5 * missing, upper=False)
print("what each buys:", notes.flatten().tolist(), " frozen:", (0.5 * missing).flatten().tolist())
assert notes.flatten().tolist() == [0.5, 0.25, 0.125, 0.0625]

# %% [markdown]
# Everything else is your code: only D is made in another way. On the text that broke b = 64, with momentum and
# forgetting as well, is it really the memory that is surprised token by token?

# %%
k, v = told.k[None, None], told.v[None, None]
one = torch.ones(1, 1, alike.TIME).double()
rates, empty = Gates(0.4 * one, 0.5 * one, 0.01 * one), [torch.zeros(1, 16, 16).double()]
slow = reference.memorize(k, k, v, rates, empty, chunk=1)[0].detach()
fast = exact.memorize(k, k, v, rates, empty)[0]
frozen = memorize(k, k, v, rates, empty, chunk=64)[0]
far = float((frozen - slow).norm() / slow.norm())
assert (slow - fast).abs().max() < 1e-10 and far > 100
print("blocks of 64, solved exactly: b = 1 to 1e-10; frozen chunks of 64: more than 100 times off")

# %% [markdown]
# So for a *linear* memory with the squared loss nobody has to freeze anything, and `memorize(…, chunk=1)`
# takes this form by itself. The price is a triangular
# system in every block, each row of which waits for the one above. Titans freezes because its memory is meant
# to be **deep**. There an earlier write moves a later surprise through the nonlinearity, in a way that depends
# on all weights; no table of products $k_tk_i^\top$ can foresee it.
#
# | | frozen chunk | exact (WY) |
# |---|---|---|
# | same as one by one | for b = 1; without momentum and forgetting also for keys at right angles | always |
# | memory | any depth | one matrix, squared loss |
# | in a chunk | products of matrices | and a triangular system |
# | can explode | yes: gauge above 2 | as one token can: θ\|k\|² above 2 |
#
# ## Guards
#
# What if a text comes along that nobody foresaw, a page of one and the same key? Two guards of ours, neither of them in
# the paper:
#
# `clamp=c` shortens a surprise that is longer than c. One chunk can then move the memory by θbc at most.
#
# `damping=n` shortens a write by the length of its own key: $\theta / (1 + n\,\theta\,|k|^2)$ for one matrix.
# With n = 1 that is Longhorn's step, from the family of chapter 04: it asks where it will *land*, and never
# overshoots by itself. With n = b/2 even b like keys stay below the border, because
# $b \cdot \theta/(1 + \tfrac b2\theta) < 2$.
#
# On our text, with the θ = 0.4 that drove b = 64 away:

# %%
rates, last = Gates(0.4 * one, 0 * one, 0 * one), {}
guards = {"none": {}, "clamp=2": {"clamp": 2.0}, "damping=32": {"damping": 32}}
for name, guard in guards.items():
    _, state = memorize(k, k, v, rates, empty, chunk=64, **guard)
    last[name] = float((state.weights[0][0, 0] - told.W).norm() / told.W.norm())
print("; ".join(f"{name}: {min(far, 100):.2f}" for name, far in last.items()), "(100: or more)")
assert last["none"] > 100 and abs(last["clamp=2"] - 2.3) < 0.1
assert abs(last["damping=32"] - 0.82) < 0.01

# %% [markdown]
# The clamp is a guard rail: no crash, but the memory is lost (2.3 is worse than nothing). Damping slows down
# before the bend: 0.82, not as good as the 0.69 of the best θ, for it takes all keys for alike. Both are tested
# against the oracle; the layer of this book comes with a clamp.
#
# ## What have you kept?

# %%
quiz("06.border")

# %%
quiz("06.exact")

# %%
quiz("06.future")

# %% [markdown]
# ## In five lines
#
# 1. A chunk freezes surprise at the memory it starts with; the rest is one masked product.
# 2. P = A E: momentum is the first low-pass, the memory the second. No matrix per token, no division.
# 3. Exact: mask = scan = loop = oracle, for every b. Not exact: b > 1 against one token at a time.
# 4. Staleness is harmless up to a cliff, and the gauge θ · λ_max(Σ kᵀk) knows where: at 2.
# 5. A linear memory can have b = 1 in parallel by a triangular solve; a deep one cannot.
#
# **You can now** turn any recurrence with known inputs into one matrix product, test whether it sees the
# future, and tell beforehand whether it will stand. Keep what has passed; then the map:

# %%
for one in (decay_mask, chunk_coefficients, chunk_read, chunk_write, in_chunks):
    print(one.keep())

# %%
progress_map()

# %% [markdown]
# **Where we differ from the paper.** The border of a chunk is moved by one token (above); momentum is carried
# over it, which the paper leaves open; a chunk that is not full has already been written; and θ is twice the θ
# of eq. (12), whose loss has no ½, so that in its θ the border would be at 1. All of it is in
# [where we differ](where_we_differ.md).
#
# **Next.** Keys, values and gates have been given so far. Who makes them, and how are they learned *through* all
# these writes? That is [chapter 07](07_learning_to_memorise.ipynb), learning to memorise.
