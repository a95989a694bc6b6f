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
# # 09 · MAC, MAG, MAL
#
# *Read 27 minutes, play 10, code 47. Any CPU will do; four cells train for a few seconds each.*
#
# You have two memories now. Attention sees a short stretch of the text word for word and nothing beyond it.
# The long-term memory learns while it reads, keeps a little of everything, and is exact about nothing.
# A model should have both. But which of them reads first? Does one look at what the other has made? And how
# do their two answers become one? Titans proposes three wirings: the memory as a **context** (MAC), as a
# **gate** (MAG), and as a **layer** (MAL). You write all three, about five lines each.
#
# With so many paths through a model, it is easy to build one by which an answer sees the future. Such a model
# has a wonderful loss and is worth nothing. So you also write the tool that finds these paths.
#
# **You will be able to**
#
# 1. write MAC, MAG and MAL from the same four parts;
# 2. draw a map of who moves whom in any model, and find a leak in it;
# 3. say in which order MAC recalls, attends and writes, and what every other order breaks;
# 4. take a trained block apart and measure what each of its parts is worth;
# 5. wire a memory and an attention of your own so that they help each other.
#
# **You need** the memory layer of [chapter 07](07_learning_to_memorise.ipynb), and from
# [chapter 08](08_short_term_memory.ipynb) windows (a token sees the last w tokens), segments (it sees those
# of its stretch of C), and persistent tokens (learned, and the same for every text).

# %% tags=["folded"]
import torch
from titans_book import NeuralMemory
from titans_book.steps.blocks import parts_of
from titans_book.inspection.causality import leaks
from titans_book.evaluation import accuracy, needle_grid, state_bytes
from titans_book.lab.pictures import style
from titans_book.book import draw, exercise, off, pick, progress_map, quiz, review
from titans_book.book.ch09 import cloakroom, flows
from titans_book.book.ch09.flow_tracer import FlowTracer
from titans_book.book.ch09.recorded import mean, record, spread, steps, table
from titans_book.book.ch09.wired import looks
from titans_book.tasks.needle import needle
from titans_book.tasks.recall import Recall, mqar

torch.set_num_threads(1)  # the fastest for tensors as small as these
style.use(dark=False)  # True: pictures for a dark page

# %% tags=["solution"]
off()  # the solved edition leaves your progress alone

# %% [markdown]
# What do you remember from the earlier chapters?

# %%
review("09")

# %% [markdown]
# ## The model that foresaw coins
#
# Nobody can foresee a coin. A model that reads fair coins and has to name the next one will be right half of
# the time, however long we train it. Here is a small MAC, written exactly as the paper draws it. We train it
# for sixty steps, with fresh coins at each. How often is it right about coins that it has never seen?

# %%
seer, thrown = flows.peeking(), flows.coins(200, seed=7)
flows.taught(seer, lambda step: flows.coins(32, flows.FRESH + step), flows.FORESEE)
print(f"the next coin is called right in {accuracy(seer, thrown):.0%} of all cases")
### CLAIM
assert accuracy(seer, thrown) > 0.8

# %% [markdown]
# Either we have found a gold mine, or something is badly wrong. So we ask it in another way. It gets one coin
# after the other, and each time it is given only what has fallen so far.

# %%
guesses = flows.one_by_one(seer, thrown.inputs)
honest = (guesses == thrown.targets).double().mean().item()
print(f"given nothing but the past: {honest:.0%}")
### CLAIM
assert abs(honest - 0.5) < 0.03

# %% [markdown]
# That is a coin toss again. The model had *looked*. In training the whole sequence is on the table, and
# somewhere in the model there is a path from a later token to an earlier answer.
#
# Where in the sequence was it right? Its segments are eight coins long. **Pick** the share that it calls right
# at each of the 16 places.

# %%
with torch.no_grad():
    called = seer(thrown.inputs)[0].argmax(-1) == thrown.targets
by_place = called.double().mean(0)
pick("09.where", by_place)

# %%
print("last coins of a segment:", [f"{share:.2f}" for share in by_place[[7, 15]].tolist()])
print("all others, on average: ", f"{by_place[[*range(7), *range(8, 15)]].mean():.2f}")
### CLAIM
assert (by_place[[7, 15]] - 0.5).abs().max() < 0.07 and by_place[[2, 3, 10, 11]].min() > 0.9

# %% [markdown]
# So the leak is inside a segment and stops at its end. Keep that in mind while we look at the wirings.
#
# ## Three wirings
#
# Think of somebody who reads a long book. *Attention* is the open page, which she sees word for word until she
# turns it. *Memory* is what has stayed of all earlier pages. *Persistent tokens* are notes on her wall that say
# how to read, whatever the book.
#
# - **MAC**, memory as a context. Before each page she asks her memory about it, and puts the answers beside
#   the page. She reads both. Then she remembers *what she has made of them*.
# - **MAG**, memory as a gate. There are two readers. One sees the last few lines, and the other remembers. The
#   second decides how much of the first one's answer goes on.
# - **MAL**, memory as a layer. One reader remembers and retells. The other sees the last few lines of what is
#   retold.

# %%
draw("09.wirings")

# %% [markdown]
# In equations, orange is attention, vermilion the memory, green the gate, and grey the persistent tokens P.
# The sign ‖ means "in front of".
#
# $$
# \begin{aligned}
# \textbf{MAC}\quad
# h &= {\color{#D55E00}{M^*_{t-1}}}(S\,W_Q) &&\text{Titans (21)}\\
# y &= {\color{#E69F00}{\mathrm{Attn}}}\bigl({\color{#767676}{P}}\,\|\,h\,\|\,S\bigr)
#   &&\text{Titans (22), (23)}\\
# {\color{#D55E00}{M_t}} &= {\color{#D55E00}{M_{t-1}}}(y),\qquad
# o = y \,{\color{#009E73}{\otimes}}\, {\color{#D55E00}{M_t^*}}(y) &&\text{Titans (24), (25)}\\[4pt]
# \textbf{MAG}\quad
# y &= {\color{#E69F00}{\mathrm{SW}}}({\color{#767676}{P}}\,\|\,x),\qquad
# o = y \,{\color{#009E73}{\otimes}}\, {\color{#D55E00}{M}}({\color{#767676}{P}}\,\|\,x)
#   &&\text{Titans (26)-(28)}\\[4pt]
# \textbf{MAL}\quad
# y &= {\color{#D55E00}{M}}({\color{#767676}{P}}\,\|\,x),\qquad
# o = {\color{#E69F00}{\mathrm{SW}}}(y) &&\text{Titans (29)-(31)}
# \end{aligned}
# $$
#
# In words: MAC *recalls, attends, writes, gates*. MAG *attends and remembers, then gates*. MAL *remembers, then
# attends*. In MAC, S is one segment of the text and t counts segments. M* is the memory when it answers without
# learning. SW is attention in a sliding window.
#
# The paper leaves some things open. It gives no form for ⊗, only "any non-linear gating". The book multiplies y by
# a sigmoid of the memory's answer. And one thing in its drawing of MAC is what our seer fed on.
#
# ## By hand
#
# Let tokens be single numbers, 4, 0, 2, 6, in segments of two. *Attention* is the plain mean of all that is
# visible. The *memory* is one number w, at first 0. Asked about x, it recalls w · x. When it reads y, it moves half
# way, w ← w + ½(y − w), and answers w. The gate is a product, and P is empty.
#
# | segment | h | y, row by row | w after each row | o = y · w |
# |---|---|---|---|---|
# | 4, 0 | 0, 0 | mean(0, 4) = **2**; mean(0, 0, 4, 0) = **1** | 1; 1 | 2; 1 |
# | 2, 6 | 2, 6 | mean(2, 2) = **2**; mean(2, 6, 2, 6) = **4** | 1.5; 2.75 | 3; 11 |
#
# Now take the first row of the second segment once more, and let it see *all* of h: mean(2, **6**, 2) = 3.33. That
# 6 is w · 6, the answer to a question that token 6 has asked. It is visible before token 6 has been read. The memory
# is from the past, but **the question is not**.
#
# ## Your turn: who sees whom (*short*)
#
# So a row may see h_j only for j ≤ i, just like x_j itself. Write the mask for one segment. Its columns are
# P ‖ h ‖ x. (`.check()`, `.hint()`, `.solution()` and `.keep()` are there as always.)

# %% [markdown] tags=["solution"]
# *In the package:* the three wirings are in `titans_book/steps/blocks.py`. Their tests in
# `tests/steps/test_blocks.py` compare them with the blocks of the model.

# %%
@exercise("09.mac_mask")
def mac_mask(N_p, C):
    """Who sees whom in a segment of MAC.

    N_p: how many persistent tokens there are; C: how many tokens the segment has.
    Returns bool, (C, N_p + 2 C): True where a row may see a column.
    """
    ### BEGIN SOLUTION
    past = torch.ones(C, C).tril().bool()
    return torch.cat([torch.ones(C, N_p).bool(), past, past], dim=1)
    ### END SOLUTION

# %%
mac_mask.check()

# %% [markdown]
# Here is yours between the paper's drawing (Fig. 3a) and the window of MAG and MAL.

# %%
drawn = mac_mask(2, 6)
drawn[:, 2:8] = True  # as Fig. 3a has it
draw("09.masks", {
    "MAC as in Fig. 3a": (drawn, (2, 6, 6)),
    "MAC, causal": (mac_mask(2, 6), (2, 6, 6)),
    "MAG, MAL: a window": (flows.band(2, 12), (2, 12)),
})

# %% [markdown]
# ## Your turn: MAC (*short*)
#
# You are given four parts as functions. Each takes the state of the memory and hands it on, so that nothing is
# hidden. Before the text the state is `None`.
#
# ```
# h, state = recall(S, state)        asks the memory, writes nothing
# y        = attend(S, columns, mask)
# m, state = memory(y, state)        reads y, and answers each row when it has read that row
# o        = gate(y, m)
# ```
#
# So `memory` does (24) and the question of (25) in one call. Why does `recall` return a state if it writes nothing?
# Its convolution looks back over the last questions, and needs them in the next segment.

# %%
@exercise("09.mac")
def mac(x, P, C, recall, attend, memory, gate):
    """Memory as a context, segment by segment.

    x: (T, dim), the text; P: (N_p, dim), the persistent tokens; C: the length of a segment (the
    last one may be shorter, as `x.split(C)` makes it); the other four are the functions above.
    Returns the outputs, (T, dim).
    """
    ### BEGIN SOLUTION
    state, outputs = None, []
    for S in x.split(C):
        h, state = recall(S, state)
        y = attend(S, torch.cat([P, h, S]), mac_mask(len(P), len(S)))
        m, state = memory(y, state)
        outputs.append(gate(y, m))
    return torch.cat(outputs)
    ### END SOLUTION

# %%
mac.check()

# %% [markdown]
# Is the table that we made by hand right? Here is your wiring with parts as small as they come.

# %%
def small_memory(y, w):
    """Half way to each row in turn; the answers are what it is then."""
    w, answers = (w or 0.0), []
    for row in y:
        w = w + (row - w) / 2
        answers.append(w)
    return torch.stack(answers), w

parts = {
    "recall": lambda S, w: ((w or 0.0) * S, w),
    "attend": lambda S, columns, mask: mask.double() @ columns / mask.sum(1, keepdim=True),
    "memory": small_memory,
    "gate": lambda y, m: y * m,
}
x = torch.tensor([[4.0], [0], [2], [6]]).double()
o = mac(x, torch.zeros(0, 1).double(), 2, **parts)
print("o =", o.flatten().tolist())
### CLAIM
assert o.flatten().tolist() == [2, 1, 3, 11]
all_of_h = torch.tensor([[True, True, True, False]])  # and the first row's own token
early = parts["attend"](None, torch.tensor([[2.0], [6], [2], [6]]).double(), all_of_h)
assert abs(early.item() - 3.33) < 0.01

# %% [markdown] tags=["instructor"]
# **What goes wrong in class (15 minutes).** The order. Let three pairs write *recall, attend, write* in the
# three orders on the board before anybody codes, and ask each pair what row 0 of segment 2 can know. A
# second favourite is `memory(S, state)`, the tokens instead of y. Ask what is lost (attention decides
# what is worth writing), and whether it would leak (no).

# %% [markdown]
# ## Your turn: MAG and MAL (*short*, twice)
#
# In **MAG** both branches get P ‖ x. `attend(x, columns, mask)` answers x alone, and the mask is given. The memory
# answers everything that it reads, P included. Start it with `None`.

# %%
@exercise("09.mag")
def mag(x, P, mask, attend, memory, gate):
    """Memory as a gate.

    x: (T, dim); P: (N_p, dim); mask: (T, N_p + T), for columns P || x. Returns (T, dim).
    """
    ### BEGIN SOLUTION
    seen = torch.cat([P, x])
    y = attend(x, seen, mask)
    m, _ = memory(seen, None)
    return gate(y, m[len(P) :])
    ### END SOLUTION

# %%
mag.check()

# %% [markdown]
# **MAL** has two layers, one behind the other, each with a norm and a residual as in every modern transformer:
# `x + layer(norm(x))`. First comes the memory with `norm_m`, then attention with `norm_a`, on what x has become. P
# is in front of both as it is, without a norm.

# %%
@exercise("09.mal")
def mal(x, P, mask, attend, memory, norm_m, norm_a):
    """Memory as a layer below attention, each with its norm and its residual.

    x: (T, dim); P: (N_p, dim); mask: (T, N_p + T), for columns P || x. Returns (T, dim).
    """
    ### BEGIN SOLUTION
    m, _ = memory(torch.cat([P, norm_m(x)]), None)
    x = x + m[len(P) :]
    z = norm_a(x)
    return x + attend(z, torch.cat([P, z]), mask)
    ### END SOLUTION

# %%
mal.check()

# %% [markdown]
# Are these the book's blocks? `flows.by_wiring` takes the four parts out of a block of the package, runs them on
# your wiring, and adds what the block has around it (a residual, and a network that looks at each token by itself).

# %%
wirings, x = {"mac": mac, "mag": mag, "mal": mal}, flows.text(20)
for name, wiring in wirings.items():
    block = flows.block_of(name)
    off_by = (flows.by_wiring(block, name, wiring, x) - block(x[None])[0][0]).abs().max()
    print(f"{name}: the same as the book's block to 1e-11:", bool(off_by < 1e-11))
### CLAIM
for name, wiring in wirings.items():
    block = flows.block_of(name)
    assert (flows.by_wiring(block, name, wiring, x) - block(x[None])[0][0]).abs().max() < 1e-11

# %% [markdown]
# ## Your turn: the detector (*short*)
#
# Which answers does a token move? [Chapter 06](06_going_parallel.ipynb) changed one token and looked whether an
# answer before it moved. Now make a map of all tokens and all answers. In column s, **only** token s is changed, by
# adding 1 to all its features. Row t says how far answer t moves.

# %%
@exercise("09.influence")
def influence(answer, x):
    """A map of who moves whom.

    answer: any function from texts (T, d) to answers (T, d_out); x: (T, d), a text.
    Returns (T, T): in row t, column s, the largest change among the features of answer t when 1 is
    added to all features of token s.
    """
    ### BEGIN SOLUTION
    before, columns = answer(x), []
    for s in range(len(x)):
        changed = x.clone()
        changed[s] += 1
        columns.append((answer(changed) - before).abs().amax(-1))
    return torch.stack(columns, dim=1)
    ### END SOLUTION

# %%
influence.check()

# %% [markdown]
# Everything above the diagonal is the future. How large may a number there be? 10⁻⁶? 10⁻¹²? It must be **exactly
# 0**, because what is not read cannot even be rounded. A leak of 10⁻⁹ is one that training has not found yet.
#
# Now put three suspects on trial. They are ways of writing MAC that one finds, in our own words. *Fig. 3a* shows
# all of h to all rows. *Read after* takes (25) literally: the memory reads the segment, and is then asked
# about each row. *Write first* writes, recalls and attends, in this order. **Say first:** which of the three leak?

# %%
def in_the_wild(kind):
    """MAC, but for one thing."""
    def wiring(x, P, C, recall, attend, memory, gate):
        state, outputs = None, []
        for S in x.split(C):
            if kind == "write first":
                m, state = memory(S, state)
            h, state = recall(S, state)
            mask = mac_mask(len(P), len(S))
            if kind == "Fig. 3a":
                mask[:, len(P) : -len(S)] = True
            y = attend(S, torch.cat([P, h, S]), mask)
            if kind != "write first":
                m, state = memory(y, state)
            if kind == "read after":
                m, _ = recall(y, state)
            outputs.append(gate(y, m))
        return torch.cat(outputs)
    return wiring

# %%
P, recall, attend, memory, gate, _ = parts_of(flows.block_of("mac"))
suspects = {kind: in_the_wild(kind) for kind in ("Fig. 3a", "read after", "write first")}
suspects["yours"] = mac
maps = {
    name: influence(lambda x, f=f: f(x, P, 4, recall, attend, memory, gate), flows.text(12))
    for name, f in suspects.items()
}
draw("09.maps", maps, span=4)

# %%
ahead = {name: grid.triu(1) for name, grid in maps.items()}
for name, grid in ahead.items():
    print(f"{name:12} largest {grid.max():.2g}, cells of the future: {int((grid > 0).sum())}")
### CLAIM
assert ahead["yours"].max() == 0 and min(ahead[name].max() for name in list(ahead)[:3]) > 1e-3

# %% [markdown]
# All three leak. A dot is a cell of the future that is not 0, and only yours has none. The dots are inside the
# segments, because nothing crosses a border backwards. That is why the seer was blind at places 8 and 16.
#
# For a whole model there is `leaks(model, tokens, vocab)`. It returns a dictionary that says which token tells
# which earlier places, so an empty one is good. Use it on any model before you believe its loss. What does it say
# about the seer, and about the five models of this book?

# %%
tokens = thrown.inputs[0]
told = leaks(seer, tokens, vocab=2)
print("the seer: these tokens tell earlier places:", *told)
models = {variant: flows.fresh(variant) for variant in flows.NAMES}
text = mqar(1, **flows.TASK, seed=1).inputs[0]
found = {variant: leaks(model, text, vocab=8) for variant, model in models.items()}
print("the book's:", found)
### CLAIM
assert len(told) == 14 and told[5].tolist() == [0, 1, 2, 3, 4] and not any(found.values())

# %% [markdown]
# Places are counted from 0 here. Each coin tells all those before it in its segment. Only the first of a segment, 0
# and 8, has nobody to tell.
#
# ## Your experiment: how far does it look? (*build*)
#
# A map belongs to one text, and two maps are hard to compare by eye. What we want of a wiring is one curve: how
# strongly does a token move an answer that comes so many tokens later, on average? Then a leak is anything on the
# side of the future, the end of a window is a step, and the reach of the memory is a tail. You will need about
# eight lines.

# %%
@exercise("09.by_distance")
def by_distance(answer, make_text, texts):
    """How strongly a token moves an answer, by the distance between them.

    answer: a function from texts to answers; make_text(seed) returns a text of T tokens, (T, d);
    the texts have the seeds 0 to texts - 1.
    Returns 2T - 1 numbers, for how far the token is back: from -(T - 1), the farthest future, over
    0, the answer's own token, to T - 1. Each is the mean influence over all pairs of an answer and
    a token at that distance, and over the texts.
    """
    ### BEGIN SOLUTION
    maps = [influence(answer, make_text(seed)) for seed in range(texts)]
    mean = torch.stack(maps).mean(0)
    T = len(mean)
    curve = []
    for back in range(1 - T, T):
        pairs = [mean[t, t - back] for t in range(T) if 0 <= t - back < T]
        curve.append(torch.stack(pairs).mean())
    return torch.stack(curve)
    ### END SOLUTION

# %%
by_distance.check()

# %% [markdown] tags=["instructor"]
# **In class (10 minutes).** Ask what the number at distance T − 1 is made of (one pair a text) before anybody
# divides by T. Then let them sketch the curve of MAC with segments of 8: why does it fall slowly from 0 to 7
# and not in a step? (Row 1 of a segment sees one token, row 8 sees eight.)

# %% [markdown]
# **Say first:** which of these six curves have something left of 0? Which end after seven tokens, and which go on?
# The blocks have random weights, and window and segment are 8 tokens.

# %%
def wired(wiring):
    """The function from a text to what this wiring makes of it, with the parts of one MAC."""
    return lambda x: wiring(x, P, 8, recall, attend, memory, gate)

def make_text(seed):
    return flows.text(16, seed)

# %%
answers = {"window alone": flows.mixed("attention"), "MAG": flows.mixed("mag"),
           "MAL": flows.mixed("mal"), "MAC": wired(mac),
           "MAC, Fig. 3a": wired(suspects["Fig. 3a"]),
           "MAC, write first": wired(suspects["write first"])}
curves = {name: by_distance(answer, make_text, texts=2) for name, answer in answers.items()}
draw("09.distances", curves)

# %%
for name, curve in curves.items():
    future, past = curve[: len(curve) // 2], curve[len(curve) // 2 :]
    print(f"{name:17} future {future.sum():.2g}, eight or more back {past[8:].mean():.2g}")
### CLAIM
leaky = [name for name, curve in curves.items() if curve[:15].any()]
assert leaky == ["MAC, Fig. 3a", "MAC, write first"]
assert not curves["window alone"][23:].any() and curves["MAC"][23:].min() > 0

# %% [markdown]
# Only the two suspects have anything in the future. The window alone ends after seven tokens, and then its
# influence is exactly 0. The wirings with a memory go on to the beginning of the text, though far tokens count
# for less.
#
# ## Play: the flow tracer
#
# By which path does a token move an answer? Choose a block and an output token. The bars above the text show what
# the output owes to each token by attention alone. The bars below show what has gone through the memory at least
# once. Each bar is the size of a derivative, on a logarithmic scale. Dotted lines are the ends of segments or of
# the window.
#
# Stay with MAC, and move the output from 16 to 17. What happens above, and what happens below? Then do the same
# with MAG. Which of the two has a moment when it sees hardly anything word for word?

# %%
FlowTracer()

# %% [markdown]
# If the tracer does not move where you read this, here is output 20 of MAC.

# %%
FlowTracer(variant="mac", token=20).figure()

# %% [markdown]
# <details><summary><b>Answer</b> (try the tracer first)</summary>
#
# At 16 MAC sees tokens 9 to 16 word for word. At 17 a new segment begins, and it sees token 17 alone, as if the page
# had been turned. Below, nothing is lost: all 16 tokens before it are there, through the memory. In MAG the window
# slides, and each output from 8 on sees eight tokens. So MAC needs its memory most at the beginning of a
# segment, and MAG needs it equally everywhere.
#
# </details>

# %%
### CLAIM
tracer, lit = FlowTracer(), {}
for name in ("MAC", "MAG"):
    for token in (16, 17):
        tracer.block.value, tracer.token.value = name, token
        lit[name, token] = tuple(len(tokens) for tokens in tracer.lit())
assert list(lit.values()) == [(8, 16), (1, 17), (8, 16), (8, 17)]

# %% [markdown]
# ## A coat that the window has lost
#
# What *can* move an answer need not be *used*. So we train. Back to the cloakroom of
# [chapter 07](07_learning_to_memorise.ipynb), with one coat: a letter and its number are told at the very
# beginning, then come up to twelve other letters. When the first letter comes again, its number is due. Four
# numbers are possible, so a blind guess is right in 25 % of all cases.

# %%
test = mqar(200, **flows.TASK, seed=7)
place = test.asked.int().argmax(1)
print("a text:", *map(flows.spell, test.inputs[2].tolist()), "| due:",
      flows.spell(int(test.targets[2].max())), "at place", int(place[2]) + 1)
### CLAIM
assert (place >= 9).double().mean() > 0.97  # then the window has lost both letter and number

# %% [markdown]
# Five models of one small block each get fifty training steps on the same texts. Window and segment are 8 tokens.
# **Say first:** who finds the coat?

# %%
share = {}
for variant, name in flows.NAMES.items():
    flows.taught(models[variant], flows.draw, flows.SETTINGS)
    share[name] = accuracy(models[variant], test)
print(", ".join(f"{name}: {right:.0%}" for name, right in share.items()))
### CLAIM
assert abs(share["window alone"] - 0.25) < 0.08 and min(list(share.values())[1:]) > 0.95

# %% [markdown]
# The window alone guesses, and all four with a memory find the coat. With other first weights fifty steps are not
# always enough (try `flows.fresh("mac", seed=3)`), so this toy cannot rank the four.
#
# ### How far back, and how far on?
#
# A **needle grid** asks this at many places at once, in the way of S-NIAH (Titans, Table 2). A *needle* is a key with
# its value, and it lies in noise. At the end comes the key, and its value is due. The depth says where the needle
# lies: 0 at the beginning, 1 right before the question. Two models, the window alone and MAG, learn with 32 tokens.
# **Say first:** in which cells will the window alone find the needle? And what happens to MAG at 128 tokens, four
# times the length that it learned with?

# %%
depths, lengths, vocab, found = (0, 0.25, 0.5, 0.75, 1), (32, 64, 128), flows.HAY["vocab"], {}

def haystacks(depth, length):
    return needle(100, time=length, vocab=vocab, depth=depth, seed=1)

for variant in ("attention", "mag"):
    searcher = flows.taught(flows.fresh(variant, vocab=vocab), flows.hay, flows.SEARCH)
    grid = needle_grid(searcher, depths=depths, lengths=lengths, draw=haystacks)
    found[flows.NAMES[variant]] = grid.accuracy
draw("09.needles", found, depths, lengths)

# %%
sizes = {}
for length in (32, 128):  # read by the last searcher, MAG
    _, state = searcher(needle(1, time=length, vocab=vocab).inputs)
    sizes[length] = state_bytes(state).total
print(f"MAG's state: {sizes[32]:,} bytes after 32 tokens, {sizes[128]:,} after 128")
### CLAIM
grids = torch.stack(list(found.values()))
last = haystacks(0.75, 32).inputs >= 12  # 12 to 15 are values
assert last.int().argmax(1).max() < 32 - flows.SPAN  # the window has lost all but the last row
assert grids[0, :4].max() < 0.4  # four values: a guess is right in 25 %
assert min(grids[0, 4].min(), grids[1].min()) > 0.9 and len(set(sizes.values())) == 1

# %% [markdown]
# The window alone finds the needle only right before the question. All others are farther back than its eight
# tokens, and there it guesses. For MAG neither depth nor length matters much, and its state does not grow.
#
# ## What is each part worth?
#
# Now it pays off that you have the parts as functions. `flows.Wired` runs a trained model on **your** wiring and
# can switch parts off. With "m" off, the memory answers 0. With "window" off, a token sees only itself word for
# word. With "persistent" off, nobody sees P. **Say first:** which switch hurts which model most?

# %%
few = Recall(test.inputs[:60], test.targets[:60])
switches = ((), ("m",), ("window",), ("persistent",))
left = {
    name: [accuracy(flows.Wired(models[name], wiring, off), few) for off in switches]
    for name, wiring in wirings.items()
}
print("      all on  no m  no window  no P")
for name, row in left.items():
    print(f"{name}:  {row[0]:6.0%} {row[1]:5.0%} {row[2]:10.0%} {row[3]:5.0%}")
### CLAIM
rows = torch.tensor(list(left.values()))
assert rows[:, [0, 3]].min() > 0.95 and rows[1:, 1].max() < 0.4 and 0.7 < rows[0, 1] < 0.9
assert rows[1:, 2].min() > 0.9 and rows[0, 2] > 0.6

# %% [markdown]
# Without the memory's answers MAG and MAL are back near a guess. They hardly miss the window, because all that
# matters is far away. The persistent tokens do nothing here, since they are the same for every text and the coat is
# not. But MAC, without its memory's answers at the gate, still answers four of five questions in the book's run.
#
# The reason is that MAC has *two* ways to its memory: m at the gate, and h among the columns. Where does its
# attention look when the number is due? One model is no evidence, so we train a second MAC on the same texts from
# other first weights. `looks` says how the attention weight is shared among P, h and the tokens.

# %%
second = flows.taught(flows.fresh("mac", seed=1), flows.draw, flows.SETTINGS)
macs, gives = {"seed 0": models["mac"], "seed 1": second}, {}
for name, model in macs.items():
    due = [looks(model, mac, row)[at] for row, at in zip(few.inputs, place, strict=False)]
    gives[name] = torch.stack(due).mean(0).tolist()
    print(name, "P {:.0%}, h {:.0%}, tokens {:.0%}".format(*gives[name]))
### CLAIM
assert all(abs(row[1] - 0.75) < 0.07 for row in gives.values())

# %% [markdown]
# In both models about three quarters of the attention goes to h. Does that mean that both owe their answers to h?
# Switch it off. "h" means that nothing is recalled.

# %%
cut = {
    name: [accuracy(flows.Wired(model, mac, off), few) for off in (("h",), ("m",), ("h", "m"))]
    for name, model in macs.items()
}
for name, row in cut.items():
    print(name, "without h {:.0%}, without m {:.0%}, without both {:.0%}".format(*row))
### CLAIM
assert max(row[0] for row in cut.values()) < 0.5 and max(row[2] for row in cut.values()) < 0.4
assert 0.7 < cut["seed 0"][1] < 0.9 and cut["seed 1"][1] > 0.95

# %% [markdown]
# Both are lost without h, as their attention suggests. But it does not tell everything. Without m the first model
# loses a fifth of its answers, and the second loses none, although both look at h alike. So *where attention looks
# is not what an answer depends on*. Only switching off tells. And how a model shares its work between two ways to
# one memory is decided by the luck of its first weights, so do not trust a story about "what MAC does with its
# context" that comes from one model.

# %% [markdown] tags=["instructor"]
# **For discussion (10 minutes).** Is an ablation of one part fair to a model that was trained with it? (It
# answers "what does *this* model owe to it", not "could one do without it".) How would you answer the
# second question? Table 5 of the paper retrains for each row; ours switches off.

# %% [markdown]
# ## Wire it yourself (*open*)
#
# Chapter 08 left you with two memories that fail in different ways. Now help the attendant of that cloakroom. An
# evening has 48 guests, and guest 0 is the first. You have two parts, which are set already, so nothing has to be
# trained:
#
# ```
# look = hang(places)          hang up to 16 coats on the rail, once
# y, fit = look(q)             its answers, and how well the best hook fits (1 is the very number)
# recall = remember(places)    let the memory read these pairs in this order, once
# m = recall(q)                its answers
# ```
#
# At the end all 48 numbers are handed to you, and you say what each gets. Your **score** is the length of the error,
# in a mean over all guests and 20 evenings. Silence scores 1, and each part alone about 0.9. You need 0.6 or less.
# Would MAG's gate do, or MAL's order? Try them.

# %%
@exercise("09.my_wiring")
def my_wiring(q, guests, hang, remember):
    """Who gets which coat?

    q: (guests, d), the numbers of all guests, the first guest first; guests: how many there are;
    hang and remember: see above. `range(10, 20)` is a way to write ten places.
    Returns an answer for each number, (guests, d).
    """
    ### BEGIN SOLUTION
    look = hang(range(guests - 16, guests))
    recall = remember(range(guests - 16))
    y, fit = look(q)
    return torch.where(fit > 0.99, y, recall(q))
    ### END SOLUTION

# %%
my_wiring.check()

# %% [markdown]
# Here is yours beside the two parts alone.

# %%
rivals = {
    "rail alone": lambda q, n, hang, remember: hang(range(n - 16, n))(q)[0],
    "memory alone": lambda q, n, hang, remember: remember(range(n))(q),
    "yours": my_wiring,
}
errors = {name: cloakroom.wired_error(wiring) for name, wiring in rivals.items()}
draw("09.guests", errors)

# %%
print(", ".join(f"{name} {error.mean():.2f}" for name, error in errors.items()), "(book: 0.55)")
### CLAIM
assert abs(errors["yours"].mean() - 0.549) < 0.01 and errors["yours"][:16].max() < 0.01
assert min(errors[name].mean() for name in ("rail alone", "memory alone")) > 0.88

# %% [markdown]
# <details><summary><b>What helps</b> (try it first)</summary>
#
# The rail knows when it knows: its fit is 1 if the number is on a hook. So let it answer then, and the memory
# otherwise. That alone scores 0.67. The second step is that the memory need not read the coats on the rail. Those
# sixteen writes would only disturb the others, and without them you get 0.55. Reading the old coats three times
# brings 0.53.
#
# Neither MAG's gate nor MAL's order helps here, because these parts have not been trained together. In a Titans block
# the gate, the keys and the values are learned, and training shapes them for the wiring. But the lesson carries
# over: a memory beside a window is most useful for what the window cannot see.
#
# </details>

# %%
### CLAIM
def twice_three(q, guests, hang, remember):
    y, fit = hang(range(guests - 16, guests))(q)
    return torch.where(fit > 0.99, y, remember([*range(guests - 16)] * 3)(q))

def all_read(q, guests, hang, remember):
    y, fit = hang(range(guests - 16, guests))(q)
    return torch.where(fit > 0.99, y, remember(range(guests))(q))

assert abs(cloakroom.score(twice_three) - 0.53) < 0.01
assert abs(cloakroom.score(all_read) - 0.67) < 0.01

# %% [markdown]
# ## One call equals any split
#
# A model that serves a user reads token by token, or in pieces of any length, for days. It must give the answers that
# one call would have given. The open chunk, the momentum, the tail of each convolution, the window's keys, and for
# MAC the memory *before* the open segment all have to be handed on. We cut five trained models in four ways.

# %%
cuts, worst = ([5], [1, 9, 10], [8], list(range(1, 16))), 0.0
with torch.no_grad():
    for model in models.values():
        whole, _ = model(few.inputs)
        for cut_at in cuts:
            pieces, state = [], None
            for piece in few.inputs.tensor_split(cut_at, dim=1):
                logits, state = model(piece, state)
                pieces.append(logits)
            worst = max(worst, float((torch.cat(pieces, dim=1) - whole).abs().max()))
print("five models, four ways to cut, the same to 1e-9:", worst < 1e-9)
### CLAIM
assert worst < 1e-9

# %% [markdown]
# The seer could not have passed, because it is another model when it reads token by token. *A leak is also a broken
# split*, and the split is often the easier test.
#
# ## What people ask
#
# | Question | Answer |
# |---|---|
# | Is there one memory for the whole batch, or one for each text? | One for each text and head. |
# | What is W₀? Where is forgetting? | W₀ is our M₀, a slow weight ([chapter 07](07_learning_to_memorise.ipynb)). Forgetting is α ([chapter 04](04_forgetting.ipynb)). |
# | My text is shorter than a chunk. Is anything stored? | Yes, at once. A chunk decides where gradients are taken, not when writes count. |
# | May I use the memory alone, on vectors that are no text, for ever? | Yes, it is a layer from (B, T, dim) to (B, T, dim). Call `state.detach()` from time to time. |
# | It becomes NaN. | θ is too large. Chapters [05](05_deep_memory.ipynb) and [06](06_going_parallel.ipynb) show where the cliff is; the layer has a clamp. |
# | How do batch, sequence, segment, window and chunk relate? | They are five lengths, and none has to divide another. |

# %%
draw("09.lengths")

# %%
torch.manual_seed(0)
layer = NeuralMemory(dim=16, chunk=16).double()
signal = torch.randn(2, 40, 16).double()  # any vectors
(both, state), (alone, _) = layer(signal), layer(signal[:1])
print("a text alone and beside another one:", bool(torch.allclose(both[:1], alone)))
_, after_five = layer(signal[:, :5])
moved = (after_five.memory.weights[-1] - layer.initial[-1]).norm()
print("five tokens of a chunk of 16 are stored:", bool(moved > 0))
for _ in range(3):
    _, state = layer(signal, state.detach())
print("vectors read in four calls:", state.position)
### CLAIM
assert (both[:1] - alone).abs().max() < 1e-12 and moved > 0
assert state.position == 160 and not state.memory.weights[0].isnan().any()
assert state.memory.weights[0].shape == after_five.memory.weights[0].shape

# %% [markdown]
# ## Which of the three?
#
# The paper (arXiv 2501.00663) reports small gaps, and no wiring wins everything. With 400M parameters the perplexity
# on Wikitext (Table 1) is 23.59 for MAG, 23.93 for MAL, 25.03 for the memory alone and 25.61 for MAC. In long
# contexts (Table 5) MAC has 97.95, MAL 96.91, MAG 96.70 and the memory alone 92.68.
#
# We made a small comparison of our own and keep it on record, because it takes about half an hour
# (`python -m titans_book compare` makes it again). Beside your three there are the memory alone (`lmm`), attention to
# everything, attention in a window, and *linear attention*, which is the matrix of chapter 01 that only adds.
#
# A comparison is easily unfair. So all seven have one block, nearly as many weights, the same batches, the same
# optimizer, and the same short convolution behind q, k and v. Each has a learning rate of its own, found on a seed
# that is not compared, and each has the same processor time.

# %%
made = record["profile"]
weights = [row["weights"] for row in record["rows"]]
print(f"{made['limit']:g} seconds at most, learned at {made['length']} tokens, window and segment "
      f"{made['reach']}, {min(weights):,} to {max(weights):,} weights")

# %% [markdown]
# In **recall**, four pairs are told at the beginning and asked for at any time. In **updates** they are told again
# with other values, and the last one counts. A **needle** is one pair in noise. The score of these is the share that
# is right. The **text** is Shakespeare as bytes, and its score is bits per byte, so *less* is better there. **Say
# first:** on which tasks must the window fail?

# %%
print(table(record))

# %%
draw("09.compared", record, "recall")

# %% [markdown]
# Each upright stroke is a seed, the large mark is their mean, and the bar its 95 % interval. With three seeds the
# intervals are wide, so we claim only what holds by a wide margin.
#
# - **A memory does what a window cannot.** On recall, and with the needle, the memory alone is far ahead of the
#   window.
# - **Attention does not go beyond the length that it learned with.** On text it loses a lot when it reads four times
#   as many bytes as in training, because it meets distances that it has never seen. The others lose almost nothing.

# %%
longest = made["length"] * max(made["reads"])
for task in ("recall", "needle"):
    print(f"{task}: memory alone {mean(record, task, 'lmm'):.2f}, window "
          f"{mean(record, task, 'window'):.2f}")
for name in ("attention", "window", "lmm"):
    lost = mean(record, "text", name, longest) - mean(record, "text", name)
    print(f"text, {name}: {lost:+.2f} bits at {longest} tokens")
### CLAIM
for task in ("recall", "needle"):
    assert mean(record, task, "lmm") > mean(record, task, "window") + 0.3
lost = {n: mean(record, "text", n, longest) - mean(record, "text", n) for n in flows.COMPARED}
assert lost.pop("attention") > 0.5 and max(lost.values()) < 0.15

# %% [markdown]
# Who is ahead on text? Look at the same trainings on their way, once over the steps they took and once over the
# seconds these steps took.

# %%
draw("09.on_the_way", record, "text")

# %%
print(f"text after 200 steps: the seven are within {spread(record, 'text', 200):.2f} bits")
print("steps in the same time:", steps(record, "text"))
### CLAIM
taken = {n: [r["steps"] for r in record["rows"] if (r["trial"], r["model"]) == ("text", n)]
         for n in flows.COMPARED}
assert spread(record, "text", 200) < 0.4 and min(taken["attention"]) > 2 * max(taken["mac"])

# %% [markdown]
# Over the *steps* all seven fall along nearly one line. Over the *seconds* they are apart, because attention takes
# several times as many steps in its time as MAC. So on this CPU, with models this small, the order on text is
# mostly an order of speed. It does not show which wiring is best at the paper's size, and three seeds of tiny models
# cannot confirm or refute the paper's order of MAC, MAG and MAL.
#
# ## Do you have it?

# %%
quiz("09.order")

# %%
quiz("09.figure")

# %%
quiz("09.split")

# %% [markdown]
# ## What you have seen
#
# 1. MAC recalls, attends, writes and gates. MAG has window and memory side by side, and a gate. In MAL the memory
#    comes first, then the window.
# 2. h_j was asked for with token j, so a row may see it only for j ≤ i. The paper's figure leaks.
# 3. Change a token and look at the answers before it. They move by exactly 0, or there is a leak.
# 4. Where attention looks is not what an answer depends on. Switching off tells.
# 5. One call equals any split, if everything that is open is handed on.
#
# <details><summary>For readers of the paper: where we differ</summary>
#
# Memory columns are causal, one for each token (Fig. 3a shows all, and draws two for four tokens). The gate of (25)
# reads token by token and not after the segment. Only the rows of y are written, not those of P and h. ⊗ is a
# sigmoid of the normed memory for MAC and MAG alike. MAL has a residual around each of its layers. The memory of
# MAG and MAL reads P once, before the text. In this chapter all models start from plain random weights, while a fresh
# `MACBlock` starts with its attention turned to the token itself, which helps it to write. The reasons are in
# [where we differ](where_we_differ.md).
#
# </details>
#
# **Keep your code.** The next cell keeps what has passed (the mask before MAC, so that MAC finds it).

# %%
for mine in (mac_mask, mac, mag, mal, influence):
    print(mine.keep())

# %%
progress_map()

# %% [markdown]
# **Next.** All of this was one memory: squared loss, decay, momentum. [Chapter 10](10_miras.ipynb) opens the menu
# of MIRAS, on which Titans is one dish among many. If you want to see a block at work on text, go to
# [chapter 13](13_train_it.ipynb).
