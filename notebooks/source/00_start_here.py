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
# # 00 · Start here: a memory that learns while you read
#
# Welcome. This book is about one idea: a small network can *learn while it reads*, and what it has
# learned is its memory. Google's papers on Titans, MIRAS and Nested Learning grow from that idea,
# and you will build every part of them. First, watch it happen. Run the cells with Shift + Enter;
# the chapter takes about a quarter of an hour.

# %%
import torch
from titans_book import Gates, memorize
from titans_book.lab.learning import book_map as book
from titans_book.lab.pictures import figures, style, widgets
from titans_book.book import exercise, off
from titans_book.lab.pictures.player import Player

style.use(dark=False)  # True: pictures for a dark page

# %% tags=["solution"]
off()  # this is the solved edition: it leaves your progress alone

# %% [markdown]
# What happens in a memory while it reads a sentence, and then the same sentence again? We show it
# the last two letters (the *key*) and let it learn which letter comes next (the *value*).

# %%
sentence = "we learn what surprises us. " * 2
letters = sorted(set(sentence))
before = [(sentence[-2:] + sentence)[t : t + 2] for t in range(len(sentence))]
pairs = list(dict.fromkeys(before))  # each pair once, in the order of appearance

k = torch.eye(len(pairs))[[pairs.index(pair) for pair in before]]  # (time, pairs)
v = torch.eye(len(letters))[[letters.index(letter) for letter in sentence]]

def read(k, v, alpha=0.0):
    """Read everything once, starting with an empty memory; return a record of it."""
    one, record = torch.ones(1, 1, len(k)), []
    gates = Gates(theta=0.8 * one, eta=0 * one, alpha=alpha * one)
    empty = torch.zeros(1, k.shape[-1], v.shape[-1])
    k, v = k[None, None], v[None, None]  # (batch, heads, time, letters or pairs)
    memorize(k, k, v, gates, [empty], chunk=1, trace=record)
    return record[0]

reading = read(k, v)
film, surprise = reading.film[0][:, 0].mT, reading.surprise[0]
steps = [f"after “{a}” comes “{b}”" for a, b in zip(before, sentence, strict=True)]
Player(film, ["nothing read yet", *steps], limit=1, rate=6,
       tokens=list(sentence), times=reading.times, surprise=surprise,
       alt="A memory matrix while it reads. One column after the other gets a red cell "
           "in the first reading; in the second almost nothing changes.")

# %% [markdown]
# **Press play.** The matrix is the whole memory. It starts empty. It has a column for each pair of
# letters and a row for each letter that may follow. (Elsewhere in the book keys are rows; here the
# matrix lies on its side, so that time runs to the right.) Each new pair writes into its own
# column, and the picture moves on like a piano roll.
#
# Below it, a letter's purple shade is its **surprise**: how wrong the memory was just before it
# saw that letter. (To be exact: the length of a gradient. Chapter 02 shows why.) An empty memory
# answers 0 to everything, and each new letter then surprises it by 1 (or by a little more, where it
# has guessed wrong). Nobody trained anything
# beforehand: all the learning you see takes place *during* the reading. How much less does the
# second reading surprise it than the first?

# %%
first, second = surprise.view(2, -1).mean(1).tolist()
print(f"mean surprise: first reading {first:.2f}, second reading {second:.2f}")
assert abs(first - 1.01) < 0.01 and abs(second - 0.27) < 0.01

# %% [markdown]
# From 1.01 down to 0.27. Two letters still stand out in the second reading. Which ones, and why?

# %%
half = len(sentence) // 2
for t in range(half, len(sentence)):
    if surprise[t] > 0.5:
        print(f"after {before[t]!r} comes {sentence[t]!r}: surprise {surprise[t]:.2f}")
assert (surprise[half:] > 0.5).sum() == 2 and surprise[half:].min() > 0.19

# %% [markdown]
# A space and a `w` are followed by `e` in *we* and by `h` in *what*. Two letters of context cannot
# tell them apart. Each time the memory expects the other one, and to be wrong surprises it more than
# to know nothing. All the rest it knows: there only 0.2 of the surprise is left, because one write
# mends 80 % of the error. That is the number 0.8 in `read`, the *write rate* θ. Here is the memory after the last letter, with names (`_` is a space).

# %%
M = film[-1]
names = tuple([text.replace(" ", "_") for text in texts] for texts in (letters, pairs))
figures.heatmap(M, limit=1, width=7, cells=names,
                xlabel="two letters before", ylabel="next letter",
                alt="The memory after reading. Each column has one strong red cell, such "
                    "as r in the column su; only the column of space and w has two.")

# %% [markdown]
# ## Forgetting
#
# A memory has a fixed size, and a text has no end. So Titans forgets: before each write it keeps
# only the share 1 − α of what it has. What does a little forgetting do? Move the slider. Each move
# reads the whole sentence again, from an empty memory.
#
# **A question for the slider:** how large must α be until the second reading surprises the memory
# as much as the first, to within 5 %?

# %%
import ipywidgets

alpha = widgets.slider("forgetting α", 0.0, 0.0, 0.3, step=0.005)
memory = widgets.Heatmap(M, limit=1, alt="The memory after both readings.")
strip = widgets.SurpriseStrip(sentence, surprise, limit=1.2, alt="The text, by surprise.")
means = ipywidgets.Label()

def repaint(change=None):
    reading = read(k, v, alpha.value)
    memory.show(reading.film[0][-1, 0].mT)
    strip.read(sentence, reading.surprise[0])
    strip.show()
    first, second = reading.surprise[0].view(2, -1).mean(1).tolist()
    share = f"{second / first:.0%} of the first"
    means.value = f"Mean surprise: first {first:.2f}, second {second:.2f}, {share}"

alpha.observe(repaint, "value")
repaint()
widgets.Panel([alpha, memory, strip, means], alt="Forgetting: slider, memory and text.")

# %% [markdown]
# The oldest columns fade first. If sliders do not work where you read this: here are five positions
# of it, a row each. Bright is surprise. In which row does the second half look like the first?

# %%
positions = [0.0, 0.01, 0.03, 0.1, 0.3]
rows = torch.stack([read(k, v, a).surprise[0] for a in positions])
figures.heatmap(rows, kind="magnitude", limit=1.2, width=8,
                cells=([f"α = {a}" for a in positions], sentence),
                alt="Surprise of each letter for five values of α. The second half is dark "
                    "at α = 0, and almost as bright as the first half at α = 0.1.")

# %% [markdown]
# <details><summary><b>Answer</b> (try the slider first)</summary>
#
# At about α = 0.1. With every letter a trace, that is what one letter has written, keeps only the
# share 1 − α, and the sentence comes back after 28 letters. So a share of 0.9<sup>28</sup>, about 5 %, is left of the first reading. The next cell
# searches for it.
#
# </details>

# %%
def second_to_first(alpha):
    first, second = read(k, v, alpha).surprise[0].view(2, -1).mean(1)
    return second / first

values = torch.arange(0, 0.3, 0.005).tolist()
enough = next(value for value in values if second_to_first(value) >= 0.95)
print(f"the second reading surprises as much as the first from α = {enough:.3f} on")
assert abs(enough - 0.1) < 0.006 and half == 28 and abs(0.9**half - 0.05) < 0.005

# %% [markdown]
# ## Your turn: change one number
#
# Choose α so that **half** of a trace is left when the sentence comes back, 28 letters later. Put
# your number after `return`. Paper and pencil, or a guess and a better guess: both are fine. (Left
# open or wrong, it stops nothing: the notebook then goes on with the book's number.)

# %%
@exercise("00.my_alpha")
def my_alpha():
    """The forgetting that halves a trace within 28 letters."""
    ### BEGIN SOLUTION
    return 0.0245  # (1 - alpha) ** 28 = 1/2, so alpha = 1 - 2 ** (-1/28)
    ### END SOLUTION

# %% [markdown]
# Is it right? Every exercise of the book has a check that tries to say *which* mistake it is. And
# three hints, `my_alpha.hint()`, and a solution, `my_alpha.solution()`.

# %%
my_alpha.check()

# %% [markdown]
# How much does a memory with this α keep? It writes a 1 at the start, and then only forgets.

# %%
one = torch.ones(1, 1, 1 + half)
theta = torch.eye(1 + half)[:1, None]  # one write, at the start
gates = Gates(theta, 0 * one, float(my_alpha()) * one)
x, empty = one[..., None], torch.zeros(1, 1, 1)
_, state = memorize(x, x, x, gates, [empty], chunk=1)
left = state.weights[0].item()
print(f"After {half} letters {left:.0%} is left.")
assert 0.48 < left < 0.52

# %% [markdown]
# ## Which of these four is the memory after reading?
#
# One picture is the memory you just watched, with α = 0. The three others are impostors. Think
# before you open the answer. A clue: what follows the pair `su`?

# %%
mixed = torch.Generator().manual_seed(6)
candidates = {
    "true": M,
    "looks back": read(k, v.roll(3, 0)).film[0][-1, 0].mT,
    "forgets": read(k, v, alpha=0.15).film[0][-1, 0].mT,
    "noise": M.flatten()[torch.randperm(M.numel(), generator=mixed)].view_as(M),
}
order = [list(candidates)[i] for i in torch.randperm(4, generator=mixed)]
four = torch.stack([candidates[kind] for kind in order]).view(2, 2, *M.shape)
figures.heatmap(four, limit=1, width=8.4, titles="ABCD", cells=names,
                alt="Four heatmaps, A to D. In the column su, A has a pale cell at r, B a "
                    "strong one at r, C a strong one at the space, D none. In A the left "
                    "half is pale; in D some columns have several strong cells.")

# %% [markdown]
# <details><summary><b>Answer</b> (think first)</summary>
#
# **B** is the memory. After `su` comes `r`, and only the column `_w` is torn between two letters.
#
# **A** forgot: α was 0.15. Its left columns, the oldest, have faded to almost nothing.
#
# **C** looks back: its value was the letter *before* the pair. It is as tidy as B; only reading a
# column gives it away. In the column `su` it has the space of *what surprises*.
#
# **D** is noise: the numbers of B in random places. A reading fills every column, and here several
# columns are empty.
#
# </details>
#
# What does each of the four answer when it is asked what goes with `su`?

# %%
asked = pairs.index("su")
for letter, matrix in zip("ABCD", four.flatten(0, 1), strict=True):
    strength, row = matrix[:, asked].max(0)
    print(f"{letter}: {letters[row]!r} with strength {strength:.2f}")
assert order == ["forgets", "true", "looks back", "noise"]
assert letters[M[:, asked].argmax()] == "r" and M.sum(0).min() > 0.9
assert candidates["forgets"][:, : len(pairs) // 2].max() < 0.2
assert letters[candidates["looks back"][:, asked].argmax()] == " "
assert (candidates["noise"].abs().sum(0) == 0).sum() > 3

# %% [markdown]
# ## The map of the book
#
# Where does the way lead from here? The map is a memory matrix too, written by the same `memorize`.
# Each tile is a chapter; a chapter that is still in preparation has write rate 0, so its tile is
# empty.

# %%
there = " and ".join(book.ready())
book.chapter_map(alt="A memory matrix of 3 by 5 tiles, for the chapters 00 to 14. "
                     f"The tiles {there} are written, the others are empty.")

# %% [markdown]
# | | Chapter | You build | Status |
# |---|---|---|---|
# | 00 | Start here: a memory that learns while you read | first contact, the notation | you are here |
# | 01 | Memory is a function: associative memory | a matrix that stores pairs, and its limits | [ready](01_memory_is_a_function.ipynb) |
# | 02 | Surprise is a gradient | the error that drives every write | [ready](02_surprise_is_a_gradient.ipynb) |
# | 03 | Past surprise: momentum | a memory that stays alert after a shock | [ready](03_past_surprise.ipynb) |
# | 04 | Forgetting | the decay gate; the full Titans step | [ready](04_forgetting.ipynb) |
# | 05 | Deep memory and its cliff | a memory that is itself a network | [ready](05_deep_memory.ipynb) |
# | 06 | Going parallel, honestly | the same numbers as matrix products | [ready](06_going_parallel.ipynb) |
# | 07 | Learning to memorise: the outer loop | keys, values and gates that are trained | [ready](07_learning_to_memorise.ipynb) |
# | 08 | Short-term and persistent memory | window attention, tokens that never change | [ready](08_short_term_memory.ipynb) |
# | 09 | MAC, MAG, MAL | three ways to wire memory and attention | [ready](09_mac_mag_mal.ipynb) |
# | 10 | MIRAS: design your own memory | four choices that span a family | [ready](10_miras.ipynb) |
# | 11 | Optimizers are memories: DGD, delta momentum, DMGD, Muon | optimizers that remember gradients | [ready](11_optimizers.ipynb) |
# | 12 | Continuum memory and Hope | memories that change at many speeds | [ready](12_continuum.ipynb) |
# | 13 | Train it, watch it think | a language model, trained live | [ready](13_train_it.ipynb) |
# | 14 | Read its memory: needle, length, honesty | tests of what was really remembered | [ready](14_read_its_memory.ipynb) |

# %% [markdown]
# ## Notation
#
# Colour is a role, in formulas and in pictures alike. No role relies on its colour alone: each also
# has a line style and a marker. Which role looks how?

# %%
book.role_key(alt="Six line styles: slow weights blue and solid, fast memory vermilion and "
                  "dashed, gates green and dotted, surprise purple and dash-dotted, "
                  "attention orange and solid, persistent tokens grey and dashed.")

# %% [markdown]
# We use the letters of the Titans paper. Tokens are rows, and a matrix multiplies from the right. B is the batch, H the heads, T the time in tokens, d the
# width of a head; numbers in brackets are the paper's equations.
#
# | Symbol | Meaning | In code | Shape | Titans |
# |---|---|---|---|---|
# | $k_t,\ v_t,\ q_t$ | key, value, query of token t | `k`, `v`, `q` | (B, H, T, d) | (11), (15) |
# | $\color{#009E73}{\theta_t}$ | write rate | `gates.theta` | (B, H, T) | (10) |
# | $\color{#009E73}{\eta_t}$ | momentum: how much past surprise carries on | `gates.eta` | (B, H, T) | (10) |
# | $\color{#009E73}{\alpha_t}$ | forgetting | `gates.alpha` | (B, H, T) | (13) |
# | $\color{#D55E00}{M_t}$ | the memory after token t, one matrix a layer | `state.weights` | (B, H, d_in, d_out) | (13) |
# | $\color{#D55E00}{S_t}$ | past surprise | `state.momentum` | (B, H, d_in, d_out) | (10) |
# | $\color{#D55E00}{M_{t'}}$ | the memory at the last chunk boundary | `state.anchor` | (B, H, d_in, d_out) | (16) |
# | $\color{#CC79A7}{u_t}$ | surprise: a gradient; its length shades the text | `trace.surprise` | (H, T) | (8) |
# | $\color{#0072B2}{M_0}$ | the memory before the first token | `weights` | (H, d_in, d_out) | (16) |
# | $\color{#0072B2}{W_K, W_V, W_Q}$ | make k, v and q of a token | `NeuralMemory.project` | (dim, 3 dim) | (11), (15) |
# | $y_t$ | the memory's answer | `y` | (B, H, T, d_v) | (15) |
# | $b$ | chunk: tokens whose gradients are taken together | `chunk` | a number | (16) |
# | $C$ | segment of the MAC model | chapter 09 | a number | (21) |
# | $w$ | window of attention | chapter 08 | a number | (27) |
# | $N_p$ | persistent tokens | chapter 08 | a number | (19) |
#
# Nearly all of the book is one recurrence. With t′ the last chunk boundary before token t:
#
# $$
# \begin{aligned}
# {\color{#CC79A7}{u_t}} &= \nabla_{\color{#D55E00}{M}}\ \tfrac12\,\bigl\|{\color{#D55E00}{M_{t'}}}(k_t) - v_t\bigr\|^2 && \text{surprise} \\
# {\color{#D55E00}{S_t}} &= {\color{#009E73}{\eta_t}}\,{\color{#D55E00}{S_{t-1}}} - {\color{#009E73}{\theta_t}}\,{\color{#CC79A7}{u_t}} && \text{momentum} \\
# {\color{#D55E00}{M_t}} &= (1-{\color{#009E73}{\alpha_t}})\,{\color{#D55E00}{M_{t-1}}} + {\color{#D55E00}{S_t}} && \text{forgetting} \\
# y_t &= {\color{#D55E00}{M_t}}(q_t) && \text{reading}
# \end{aligned}
# $$
#
# We take **half** the squared error, as the paper's appendix C does; its equation (12) has no half, so
# our θ is twice the θ there. Each line of the formula is a line of `titans_book/memory/reference.py`:
#
# | Line | Titans | In `reference.py` |
# |---|---|---|
# | surprise | (8), (12), (16) | `u = self._surprise(…)`, by automatic differentiation |
# | momentum | (10), (14) | `s - rate * g`, where `s` is ηS and `rate` is θ |
# | forgetting | (13) | `o + keep * (a - o) + s`, where `o` is 0 |
# | reading | (15) | `self.rule.network(…, q)` |
#
# Do these lines really stand there, and does the fast `memorize` compute the same as they do?

# %%
import inspect
from titans_book.memory import reference

source = inspect.getsource(reference)
assert "u = self._surprise(" in source
assert "s - rate * g" in source
assert "o + keep * (a - o) + s" in source
assert "self.rule.network(" in source

one = torch.ones(1, 1, len(k))
gates = Gates(theta=0.8 * one, eta=0.5 * one, alpha=0.1 * one)
K, V, empty = k[None, None], v[None, None], torch.zeros(1, len(pairs), len(letters))
fast, _ = memorize(K, K, V, gates, [empty])
slow, _ = reference.memorize(K, K, V, gates, [empty])
assert torch.allclose(fast.double(), slow, atol=1e-5)
print("All four lines are there, and both forms agree.")

# %% [markdown]
# **A trap.** Other papers use the same letters for other things. Between Titans and ATLAS, θ and η
# even swap their meanings, so a formula copied from one into code for the other runs, and is wrong.
# Come back to this table whenever you open a paper. (For MIRAS and ATLAS it follows write-ups of the
# papers, not the papers themselves.)
#
# | Meaning | **This book, Titans** | MIRAS | ATLAS | Nested Learning | TTT, DeltaNet |
# |---|---|---|---|---|---|
# | write rate | **θ** | η | η | η | η or β |
# | momentum | **η** | none | **θ** | α | none |
# | forgetting | **α forgets** | α keeps | α keeps | α keeps | α keeps |
# | kept over many tokens | β = ∏(1 − α) | β = ∏ α | β | – | – |
# | chunk | **b** | b | b | C | b or C |
# | segment | **C** | – | – | – | – |

# %% [markdown]
# ## Do you have what you need?
#
# Eight questions, half a minute each. If an answer surprises you, follow its link before chapter 01.
#
# 1. `A` is (3, 4), `B` is (4, 2). What is the shape of `A @ B`?
#    <details><summary>Answer</summary>(3, 2): rows of A by columns of B. Refresh: <a href="https://docs.pytorch.org/docs/stable/generated/torch.matmul.html">torch.matmul</a>.</details>
# 2. `x` is (B, H, T, d), `gate` is (B, H, T). How do you scale each token by its gate?
#    <details><summary>Answer</summary><code>gate[..., None] * x</code>: the new last axis is repeated d times. Refresh: <a href="https://docs.pytorch.org/docs/stable/notes/broadcasting.html">broadcasting</a>.</details>
# 3. What is the gradient of ½(3w − 6)² at w = 1?
#    <details><summary>Answer</summary>(3 − 6) · 3 = −9: the error times the input. Refresh: <a href="https://docs.pytorch.org/tutorials/beginner/blitz/autograd_tutorial.html">autograd</a>.</details>
# 4. What is the outer product of (1, 2) and (3, 4)?
#    <details><summary>Answer</summary>((3, 4), (6, 8)): each row is a multiple of (3, 4). Refresh: <a href="https://docs.pytorch.org/docs/stable/generated/torch.outer.html">torch.outer</a>.</details>
# 5. What is the softmax of (0, ln 3)?
#    <details><summary>Answer</summary>(¼, ¾): e⁰ = 1 and e<sup>ln 3</sup> = 3, over their sum. Refresh: <a href="https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax.html">softmax</a>.</details>
# 6. `x` is (2, 10, 32). What shape has `rearrange(x, "b t (h d) -> b h t d", h=4)`?
#    <details><summary>Answer</summary>(2, 4, 10, 8): 32 features are split into 4 heads of 8. Refresh: <a href="https://einops.rocks/1-einops-basics/">einops basics</a>.</details>
# 7. What is the cosine of the angle between (3, 4) and (4, 3)?
#    <details><summary>Answer</summary>24 / (5 · 5) = 0.96: the dot product of the vectors, each brought to length 1. Refresh: <a href="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cosine_similarity.html">cosine similarity</a>.</details>
# 8. What is sigmoid(0), and about what is sigmoid(−4.6)?
#    <details><summary>Answer</summary>0.5 and 0.01. It maps every number to one between 0 and 1, so gates are made of it. Refresh: <a href="https://docs.pytorch.org/docs/stable/generated/torch.sigmoid.html">torch.sigmoid</a>.</details>
#
# Does the machine agree with all eight answers?

# %%
from einops import rearrange

a, b = torch.tensor([3.0, 4.0]), torch.tensor([4.0, 3.0])
w = torch.ones(1, requires_grad=True)
x = torch.tensor([1.0, 3.0])
gates = torch.sigmoid(torch.tensor([0.0, -4.6]))
assert (torch.ones(3, 4) @ torch.ones(4, 2)).shape == (3, 2)
assert (torch.ones(1, 2, 5)[..., None] * torch.ones(1, 2, 5, 7)).shape == (1, 2, 5, 7)
assert torch.autograd.grad((3 * w - 6).square().sum() / 2, w)[0] == -9
assert torch.outer(torch.tensor([1, 2]), torch.tensor([3, 4])).tolist() == [[3, 4], [6, 8]]
assert torch.allclose(x.log().softmax(0), torch.tensor([0.25, 0.75]))
heads = rearrange(torch.ones(2, 10, 32), "b t (h d) -> b h t d", h=4)
assert heads.shape == (2, 4, 10, 8)
assert torch.allclose(torch.cosine_similarity(a, b, dim=0), torch.tensor(0.96))
assert torch.allclose(gates, torch.tensor([0.5, 0.01]), atol=1e-3)

# %% [markdown]
# ## Is my machine ready?
#
# The book needs no GPU and, once installed, no network. Is all the rest in order: Python, packages,
# the notebooks' kernel, the data? The doctor looks. (In a terminal, in the project's folder,
# `.venv/bin/python -m titans_book doctor` tells you more.)

# %%
from titans_book.lab.desk import doctor

findings = doctor.examine()
for finding in findings:
    if finding.essential and not finding.ok:
        print(f"To mend: {finding.what}\n   what to do: {finding.advice}")
print(doctor.report(findings).splitlines()[-1])

# %% [markdown]
# ## What you have seen, and where next
#
# 1. A memory is a matrix (later: a network) that changes while it reads.
# 2. It writes what surprises it; what it knows already changes it little.
# 3. θ says how much is written, α how much is forgotten. A memory of fixed size needs both.
# 4. What the key does not tell apart, the memory cannot tell apart.
# 5. One recurrence, four lines, carries the whole book.
#
# **Next:** [chapter 01](01_memory_is_a_function.ipynb), where you write such a matrix yourself. Or look
# ahead: in [chapter 13, first edition](13_train_it.ipynb), a language model with such a memory inside
# trains on Shakespeare while you watch.
