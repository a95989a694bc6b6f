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
# # 03 · Past surprise: momentum
#
# *Read 15 minutes, play 10, code 15. Runs in seconds on any computer.*
#
# An earthquake lasts for seconds, its after-shocks for days. A memory can have after-shocks too: one
# surprise, and it keeps on writing while the next words go by. That is *past surprise*, and it takes
# one line of code. **You will**
#
# 1. work one shock by hand, and predict how long it lasts;
# 2. write `momentum_step`, and see why a check needs more than one step;
# 3. turn the dial η until a faint word is heard, and find out what past surprise can *not* do;
# 4. see where momentum helps, where it hurts, and that PyTorch's SGD has had it all along.
#
# **You need** chapters 01 and 02: a memory is a matrix M, and its surprise is a gradient u.

# %%
import torch
from titans_book.lab.pictures import figures, style
from titans_book.book import Predict, exercise, off, part, progress_map, quiz, review
from titans_book.lab.pictures.line_figures import lines
from titans_book.book.ch03 import aftershocks
from titans_book.book.ch03.momentum_dial import MomentumDial

style.use(dark=False)  # True: pictures for a dark page
torch.set_num_threads(1)  # matrices this small only wait for a second thread
surprise_grad, surprise_step = part("02.surprise_grad"), part("02.surprise_step")

# %% tags=["solution"]
off()  # the solved edition leaves your progress alone

# %% [markdown]
# Before anything new: what do you still know?

# %%
review("03")

# %% [markdown]
# ## One loud word, one faint word
#
# A memory reads a short report from a town at night. It learns how dangerous each word is. `QUAKE` is
# 4, very dangerous. All the others are 0, with one exception: the *bridge* creaks. That is a faint
# sign, only 1, and it would be good to remember it. The key of `bridge` points halfway towards the key
# of `QUAKE`: their product is ½, because they are about the same thing. All other keys are at right
# angles. What do the words and the three important numbers look like?

# %%
words, k, v = aftershocks.passage()
quake, bridge = words.index("QUAKE"), words.index("bridge")
print(" ".join(words))
overlap = (k[quake] @ k[bridge]).item()
print(f"values {v[quake].item()} and {v[bridge].item()}, their keys overlap by {overlap:.1f}")

# %% [markdown]
# Let it read with the step of chapter 02 and a small write rate, θ = 0.1. How surprised is it at each
# word, and what does it answer at the end when it is asked about the bridge?

# %%
M, surprise = torch.zeros(k.shape[1], 1).double(), []
for key, value in zip(k, v, strict=True):
    surprise.append(surprise_grad(M, key, value).norm().item())
    M = surprise_step(M, key, value, 0.1)

heard = (k[bridge] @ M).item()
print(f"surprise: QUAKE {surprise[quake]:.1f}, bridge {surprise[bridge]:.1f}, all others 0")
print(f"The bridge is {heard:.2f} dangerous; what was said is {v[bridge].item():.0f}.")
assert abs(heard - 0.28) < 1e-9 and abs(surprise[bridge] - 0.8) < 1e-9

# %% [markdown]
# Only 0.28: not much more than a quarter of what was said. You can check it in your head. The quake writes 0.1 · 4 =
# 0.4 under its own key, and half of that, 0.2, reaches the bridge. Then the bridge writes a tenth of
# the 0.8 that is missing. In the picture the purple bar below a word is its surprise. Can you see what
# is going to be lost?

# %%
figures.surprise_strip([f"{word} " for word in words], surprise, limit=4, across=84,
                       alt="The report, shaded by surprise. QUAKE is dark, bridge is pale, and "
                           "all the other words have no shade.")

# %% [markdown]
# The faint word is the one we are going to miss. The paper puts the problem in this way: an event can be
# memorable as a whole although it surprises only at its first moment. Whoever measures surprise word by
# word hears a bang and then, for a long time, nothing.
#
# ## The equation
#
# So let surprise last. Titans splits the write into two parts:
#
# $$
# \begin{aligned}
# {\color{#D55E00}{M_t}} &= {\color{#D55E00}{M_{t-1}}} + {\color{#D55E00}{S_t}} && (9) \\
# {\color{#D55E00}{S_t}} &= \underbrace{{\color{#009E73}{\eta_t}}\,{\color{#D55E00}{S_{t-1}}}}_{\text{past surprise}} - \underbrace{{\color{#009E73}{\theta_t}}\,{\color{#CC79A7}{u_t}}}_{\text{momentary surprise}} && (10)
# \end{aligned}
# $$
#
# | Term | What it is | In code |
# |---|---|---|
# | $\color{#CC79A7}{u_t}$ | the gradient at this token, chapter 02 | `u = surprise_grad(M, k, v)` |
# | $\color{#009E73}{\theta_t}$ | write rate: how much of *this* surprise is let in | `theta` |
# | $\color{#009E73}{\eta_t}$ | momentum: the share of S that stays, 0 to 1 | `eta` |
# | $\color{#D55E00}{S_t}$ | past surprise: everything that is still being written | `S = momentum_step(S, u, theta, eta)` |
# | $\color{#D55E00}{M_t}$ | the memory | `M = M + S` |
#
# *Equation: Titans (10). Code: `momentum_step` in `titans_book/steps/matrix.py`. Test:
# `tests/steps/test_matrix.py`.* S has the shape of M. It starts at 0. With η = 0 it is −θu, and we are
# back at chapter 02.
#
# Look at the minus. u points uphill, towards more error. S has the minus inside, so it points downhill,
# and M takes it with a plus.
#
# ## One shock, by hand
#
# Make everything as small as possible: M is a single number, and so are S and u. There is one shock,
# u = −4, and then nothing surprises any more. Take θ = 0.1 and η = 0.5.
#
# | token | u | S = 0.5 S − 0.1 u | M = M + S |
# |---|---|---|---|
# | shock | −4 | 0.4 | 0.4 |
# | next | 0 | 0.2 | 0.6 |
# | next | 0 | 0.1 | 0.7 |
# | … | 0 | half each time | towards 0.8 |
#
# After the shock nothing surprises, and still M moves: 0.4, then half of it again, and half of that. In
# general a surprise u is written θu, then ηθu, then η²θu and so on. All of it together is
#
# $$\theta\,|u|\,(1 + \eta + \eta^2 + \dots) = \frac{\theta\,|u|}{1-\eta}.$$
#
# With η = 0.5 each surprise counts twice, with 0.9 ten times. Does a loop agree with the formula?

# %%
theta = 0.1
for eta in (0.0, 0.5, 0.9):
    M, shake = 0.0, theta * 4  # what the shock writes at first
    for _ in range(200):
        M, shake = M + shake, eta * shake
    print(f"eta = {eta}: one shock writes {M:.2f} in all")
    assert abs(M - theta * 4 / (1 - eta)) < 1e-6

# %% [markdown]
# **Where we differ, and why.** That factor is dangerous. A gate that opens η from 0.5 to 0.9 makes every
# write five times as large without being asked to. So the layer of this book, `NeuralMemory`, multiplies
# its θ by (1 − η): momentum then spreads a write over time and does not enlarge it. The paper leaves the
# form of θ open. It is a line in [where we differ](where_we_differ.md), with its test. In this chapter
# we leave the factor out, to see momentum as it is.

# %% [markdown] tags=["instructor"]
# **Timing.** Plan 12 minutes up to here. Do the table on the board and let the class call out the next line.
# The sum of the geometric series is what everything later hangs on; ask for η = 0.75 (four times) before
# you go on.

# %% [markdown]
# ## Predict, then see
#
# Now a memory with more in it. It has 16 features, and has read the same eight pairs five times over. By
# then it answers them to two thirds without momentum (1 − 0.8⁵), and almost in full with η = 0.8. Then
# comes a shock: a new pair with a value six times as large. Then the
# eight pairs go on. Here are its keys and values:

# %%
def unit(x):
    """The rows of x, brought to length 1."""
    return x / x.norm(dim=-1, keepdim=True)

g = torch.Generator().manual_seed(3)
known = torch.linalg.qr(torch.randn(16, 16, generator=g).double())[0][:8]
answers, new = torch.randn(8, 16, generator=g).double(), torch.randn(2, 16, generator=g).double()
K, V = known.repeat(7, 1), unit(answers).repeat(7, 1)
K[40], V[40] = unit(new[0]), 6 * unit(new[1])
calm, alert = (aftershocks.read(K, V, 0.2, eta) for eta in (0.0, 0.8))

# %% [markdown]
# At the shock, token 0 below, its |S| is 1.16. With θ = 0.2 and η = 0.8, **how does |S| go on?** Pull
# the five points to where you expect them, then press *Show me*.

# %%
def size(x):
    """The length of a matrix at the shock and at the eight tokens after it."""
    return x.flatten(1).norm(dim=1)[40:49]

since = torch.arange(9)
Predict("03.after_shock", since, size(alert.S), xlabel="tokens since the shock", ylabel="|S|",
        limits=(0, 1.4), alt="The size of past surprise after one shock, to be predicted")

# %% [markdown]
# What happens without momentum, and what happens to momentary surprise meanwhile? To put them on one
# scale, θ|u| is shown: what the token writes by itself.

# %%
lines(since, {"|S|, η = 0.8": size(alert.S), "|S|, η = 0": size(calm.S),
              "θ|u|, η = 0.8": 0.2 * size(alert.u)},
      roles={"|S|, η = 0.8": "fast", "|S|, η = 0": "fast", "θ|u|, η = 0.8": "surprise"},
      xlabel="tokens since the shock", ylabel="size", limits=(0, 1.4),
      alt="Three curves that start near 1.2 at the shock. Past surprise with momentum fades "
          "slowly, by a fifth a token. The two others drop to almost nothing at once; from the "
          "fifth token on, momentary surprise rises again to 0.4.")

# %%
print("|S|, η = 0:  ", [round(x, 2) for x in size(calm.S)[:4].tolist()])
print("|S|, η = 0.8:", [round(x, 2) for x in size(alert.S)[:4].tolist()])
print("|u|, η = 0.8:", [round(x, 2) for x in size(alert.u)[:4].tolist()])
assert torch.allclose(size(alert.S)[:4], torch.tensor([1.16, 0.92, 0.73, 0.58]).double(), atol=6e-3)
assert size(calm.S)[1] < 0.1 and size(alert.u)[1] < 0.3
assert size(alert.u)[8] > 3 * size(calm.u)[8]

# %% [markdown]
# Without momentum |S| falls from 1.17 to 0.09 at the next token. With η = 0.8 it goes 1.16, 0.92, 0.73,
# 0.58, while momentary surprise is down already: |u| is 0.27, of which θ writes 0.05. The memory is no longer surprised, and it is
# still alert. (Not exactly a factor of 0.8 each time: the eight pairs surprise a little too.)
#
# Did you notice the purple curve on the right? The new key leans towards all the known ones, so the
# after-shocks also write over what was known: at the eighth token its pair surprises more than three
# times as much as it does without momentum. Being alert has a price, and we will come back to it.
#
# ## Write it
#
# One line. Should you get stuck, `momentum_step.hint()` gives a hint, three of them in all, and
# `momentum_step.solution()` the book's version. While it is open or wrong, the book's own version
# answers, so the chapter goes on. Once it is right, `momentum_step.keep()` keeps it for later chapters.

# %%
@exercise("03.momentum_step")
def momentum_step(S, u, theta, eta):
    """S = eta S - theta u (Titans eq. 10). S, u: (d_in, d_out); theta, eta: numbers."""
    ### BEGIN SOLUTION
    return eta * S - theta * u
    ### END SOLUTION

# %%
momentum_step.check()

# %% [markdown]
# ### Why the check takes six steps
#
# It would be easier to call your function once, with S = 0, and compare. How many of the wrong versions
# that this book knows would get through? And does it help to take six steps, but with the same gates
# all the time?

# %%
from titans_book.book.bank import EXERCISES
from titans_book.lab.learning.compare import distance
from titans_book.lab.learning.exercise import Probe, normal, uniform

known_wrong = EXERCISES["03.momentum_step"].bank

def unseen(steps, past, gates):
    """The wrong versions that such a probe cannot tell from the right one."""
    inputs = {"u": normal(4, 3), "theta": gates[0], "eta": gates[1]}
    probe = Probe(inputs=inputs, state={"S": past}, returns=("S",), steps=steps)
    right = list(probe(EXERCISES["03.momentum_step"].reference))
    return [w.name for w in known_wrong if distance(list(probe(w.function)), right) < 1e-9]

# %%
nothing, half = normal(4, 3, scale=0.0), uniform(0.5, 0.5)
tenth, drawn = uniform(0.1, 0.1), (uniform(0.1, 0.4), uniform(0.2, 0.9))
once = unseen(1, nothing, drawn)
fixed = unseen(6, nothing, (tenth, half))
six = unseen(6, normal(4, 3), drawn)
print(f"of {len(known_wrong)} wrong versions, unseen by one step from S = 0: {', '.join(once)}")
print(f"unseen by six steps with eta = 0.5: {', '.join(fixed)}")
print(f"unseen by six steps with random gates: {', '.join(six) or 'none'}")
assert (len(known_wrong), len(once), fixed, six) == (16, 5, ["keeps_the_rest"], [])

# %% [markdown]
# One step from S = 0 lets 5 of 16 pass: where there is no past, nobody can see what you do to it. Six
# steps with η = ½ still let one pass, which keeps the share 1 − η instead of η. With random gates all
# are found. So when you test a recurrence of your own: several steps, different gates, float64.

# %% [markdown] tags=["instructor"]
# **Discussion.** "Which test would your own code have failed, and does your project have it?" Some
# will have written the average, `eta * S - (1 - eta) * theta * u`, because they know it from Adam. Let
# them compute the total of one shock with it: θ|u|, which is just the layer's factor (1 − η).

# %% [markdown]
# ## Now read the report again
#
# Here is the whole memory, on your `momentum_step` (or the book's, until yours is right). What does past surprise look like while the
# report goes by, without momentum and with η = 0.75?

# %%
def read(k, v, theta, eta):
    """Read all pairs; past surprise S and memory M after every token, (T, d_in, d_out) each."""
    M = S = torch.zeros(k.shape[1], v.shape[1]).double()
    record = []
    for key, value in zip(k, v, strict=True):
        u = surprise_grad(M, key, value)
        S = momentum_step(S, u, theta, eta)  # eq. 10
        M = M + S  # eq. 9
        record.append((S, M))
    return [torch.stack(one) for one in zip(*record, strict=True)]

# %%
rows = k[[quake, bridge]].argmax(1)  # QUAKE's axis, and the bridge's own
both = torch.stack([read(k, v, 0.1, eta)[0][:, rows, 0].T for eta in (0.0, 0.75)])
figures.heatmap(both[:, None], limit=0.5, width=8, rows=("η = 0", "η = 0.75"),
                cells=(("QUAKE", "bridge"), words),
                alt="Past surprise over the report, a row for the quake's axis and one for the "
                    "bridge's own. With η = 0 a red cell at QUAKE, and two faint ones at bridge. "
                    "With η = 0.75 a red tail behind QUAKE fades over ten words.")

# %% [markdown]
# That is an after-shock: the row of `QUAKE` stays red while the memory reads `then`, `the`, `bridge`. How
# does the answer about the bridge grow meanwhile? We ask after every word, for no momentum, and for 0.9,
# a usual choice for an optimizer.

# %%
def told(eta):
    """How dangerous the bridge seems after each word."""
    return (k[bridge] @ read(k, v, 0.1, eta)[1])[:, 0]

t = torch.arange(len(words))
lines(t, {"η = 0": told(0.0), "η = 0.9": told(0.9)}, levels={"what was said": 1.0},
      xlabel="word", ylabel="the answer about the bridge", limits=(0, 2),
      alt="Two curves over the words. With no momentum the answer ends at 0.28, far below the line "
          "of what was said, 1. With 0.9 it crosses the line and ends far above it, at 1.85.")

# %%
faint, loud = told(0.0)[-1].item(), told(0.9)[-1].item()
print(f"at the end: {faint:.0%} of what was said with η = 0, {loud:.0%} with η = 0.9")
assert abs(faint - 0.28) < 1e-9 and abs(loud - 1.853) < 1e-3

# %% [markdown]
# Hardly written, or twice as loud as it was said. There must be something between.
#
# ## Choose η
#
# Return the η with which the memory answers about 1, the truth: 90 to 110 % will do. (Many numbers are
# right. The formula for the total brings you close, if you remember that the bridge adds its own write.)

# %%
@exercise("03.my_eta")
def my_eta():
    """The momentum with which the bridge is heard as it was said, with theta = 0.1."""
    ### BEGIN SOLUTION
    return 0.75  # the quake: half of 0.1 * 4 / (1 - eta) = 1.6; the bridge adds the rest
    ### END SOLUTION

# %%
my_eta.check()

# %% [markdown]
# How does your choice sound?

# %%
mine = my_eta()
print(f"With eta = {mine:.3g} the memory answers {told(mine)[-1]:.0%} of what was said.")
assert 0.9 <= told(mine)[-1] <= 1.1

# %% [markdown]
# ## Play: the momentum dial
#
# The same report with four sliders. The upper traces are on one scale: what each word writes by itself
# (purple, dash-dot), and what the memory writes at that word, past surprise included (vermilion,
# dashed). The bar is the answer about the bridge at the end. Turn η first.
#
# **A question for the sliders.** It is often said that momentum helps to remember what *follows* a
# surprise. Push `QUAKE` to the right until it stands *behind* the bridge. Does it still help? Then put
# it back and pull the overlap of the keys to 0. Does it help now?

# %%
MomentumDial(eta=0.75, step=momentum_step,
             alt="A dial for momentum: the report, its two traces, the answer about the bridge")

# %% [markdown]
# If sliders do not work where you read this: here is the answer for every place of `QUAKE`, with keys
# that overlap by a half, and with keys that have nothing in common.

# %%
def answer(place, overlap, theta=0.1, eta=0.75):
    """What the memory says about the bridge at the end."""
    words, k, v = aftershocks.passage(place, overlap)
    return (k[words.index("bridge")] @ read(k, v, theta, eta)[1][-1]).item()

places = torch.arange(20)
half_way, apart = ([answer(place, o) for place in range(20)] for o in (0.5, 0.0))
lines(places, {"overlap ½": half_way, "overlap 0": apart}, limits=(0, 1.3),
      levels={"what was said": 1.0},
      xlabel="place of QUAKE (bridge: word 8, or 7 with QUAKE behind it)",
      ylabel="the answer at the end",
      alt="With overlap the answer is near 1 wherever the quake stands, before or behind the "
          "bridge, and falls only near the end. Without overlap it is 0.39 everywhere.")

# %% [markdown]
# <details><summary><b>Answer</b> (try the sliders first)</summary>
#
# *Behind the bridge it still helps*, and even a little more. A matrix has no order: the
# after-shock is written under the quake's key, and whoever asks with a similar key hears it, whether the
# word came before or after. Help gets less only near the end of the report, where the after-shocks have no
# time left.
#
# *Without overlap the quake does not help at all.* The bridge is heard to 39 % then, wherever the quake
# is: its own after-shocks. (0.1 / (1 − 0.75) would be 40 %; the report ends a little earlier.)
#
# </details>

# %%
assert half_way[4] > 0.95 and half_way[9] > half_way[4] and half_way[19] < 0.6
assert max(apart) - min(apart) < 0.01 and abs(apart[0] - 0.39) < 0.005

# %% [markdown]
# So be careful with the story. What eq. 10 carries on is *the shock's own write*, not an open ear for
# whatever comes next. What follows gains only as far as its key resembles the shock's. In Titans it
# often does: a short convolution (chapter 07) mixes neighbouring tokens into each other's keys. And the
# gates may open at a cue, because a network computes them from the token. But that has to be learned; it is not
# in the equation.
#
# ## Is it only a larger θ?
#
# A fair question: if momentum multiplies each write by 1 / (1 − η), why not multiply θ and be done? Try
# it: η = 0 and θ = 0.4, the same total as 0.1 / (1 − 0.75).

# %%
large_theta = answer(4, 0.5, theta=0.4, eta=0.0)
print(f"θ = 0.1, η = 0.75: {half_way[4]:.0%}   θ = 0.4, η = 0: {large_theta:.0%}")
assert abs(half_way[4] - 0.967) < 1e-3 and abs(large_theta - 0.88) < 1e-9

# %% [markdown]
# Nearly the same, and at once. In this quiet report a larger θ would have done. So momentum needs a
# fairer test: both sides may choose their best θ. We let memories read 256 pairs, v = kW with a W to be
# found, and ask for all of them at the end. In one world all keys *share* a large part (as the words of
# one language do); in the other each key *drifts* a little away from the one before.

# %%
def world(kind, seeds=8, T=256, d=24):
    """Keys of length 1 (seeds, T, d) that share a part, or drift; and a map W for each seed."""
    g = torch.Generator().manual_seed(0)
    k = torch.randn(seeds, T, d, generator=g).double()
    if kind == "share":
        k = 0.9**0.5 * torch.randn(seeds, 1, d, generator=g).double() + 0.1**0.5 * k
    else:
        for t in range(1, T):
            k[:, t] = 0.9 * k[:, t - 1] + (1 - 0.9**2) ** 0.5 * k[:, t]
    return unit(k), torch.randn(seeds, d, d, generator=g).double()

# %%
thetas = torch.tensor([0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.4, 0.8, 1.2]).double()
etas = torch.tensor([0, 0.3, 0.6, 0.8, 0.9]).double()

def errors(k, W):
    """Relative error after reading, (thetas, etas, seeds); a memory that blew up counts as 9."""
    M = S = torch.zeros(len(thetas), len(etas), *W.shape).double()
    for key in k.unbind(1):
        key = key[:, :, None]
        u = key * (key.mT @ (M - W))  # the gradient, for all at once
        S = etas[:, None, None, None] * S - thetas[:, None, None, None, None] * u
        M = M + S
    wrong = (k @ (M - W)).norm(dim=-1) / (k @ W).norm(dim=-1)
    return wrong.mean(-1).nan_to_num(9, 9).clamp(max=9)

# %% [markdown]
# For each η we take the θ that is best for it. In which of the worlds, if any, does η > 0 win?

# %%
found = {kind: errors(*world(kind)) for kind in ("share", "drift")}
best = {kind: e.mean(-1).min(0).values for kind, e in found.items()}
lines(etas, {"keys share a part": best["share"], "keys drift": best["drift"]},
      xlabel="momentum η, each with its best θ", ylabel="relative error", limits=(0, 0.5),
      alt="Error over momentum. Where keys share a part it falls from 0.14 to 0.08 as momentum "
          "grows to 0.8; where keys drift it rises from 0.31 to 0.37.")

# %%
pick = {kind: e.mean(-1).argmin(0) for kind, e in found.items()}
tuned = {kind: found[kind][pick[kind], range(len(etas))] for kind in found}
for kind, e in tuned.items():
    wins = int((e[3] < e[0]).sum())
    print(f"{kind}: {e[0].mean():.3f} with η = 0, {e[3].mean():.3f} with 0.8; "
          f"better in {wins} of 8 seeds")
assert abs(best["share"][0] - 0.140) < 0.003 and abs(best["share"][3] - 0.083) < 0.003
assert abs(best["drift"][0] - 0.309) < 0.003 and abs(best["drift"][3] - 0.351) < 0.003
assert (tuned["share"][3] < tuned["share"][0]).all()
assert (tuned["drift"][3] > tuned["drift"][0]).all()

# %% [markdown]
# It depends on the keys. Where they share a part, momentum takes the error from .140 to .083, in
# all eight seeds. There the world is steep in one direction (the shared part, which every token
# corrects) and flat in all others, where little is learned at a time. In the steep direction the
# after-shocks change sign and cancel; in the flat ones they add up. No single θ can do both.
#
# Where keys drift, momentum makes it *worse*, in all eight seeds: .309 becomes .351. The last
# tokens were all alike, and S is full of them. Momentum is no free lunch, and this is why Titans lets each
# token choose its η.
#
# ## Where it hurts: a false alarm
#
# `QUAKE`! And one word later: *only a truck*. The same key, again and again, now with the value 0. What
# does a memory do that is still being shaken? Three of them: without momentum, with η = 0.75, and one
# that sets η to 0 at the word *truck*, and to 0.75 again after it. By hand, for the second one: M = 0.4
# after the alarm, and S = 0.4. At *truck* u = 0.4, so S = 0.75 · 0.4 − 0.1 · 0.4 = 0.26, and M = 0.66.

# %%
def alarm(eta_at):
    """M after each token, for one key: value 4 at token 0, then 0."""
    M = S = torch.zeros(1, 1).double()
    path = []
    for t in range(25):
        u = M - (4 if t == 0 else 0)  # the gradient for the key (1)
        S = momentum_step(S, u, 0.1, eta_at(t))
        M = M + S
        path.append(M.item())
    return path

paths = [alarm(lambda t: 0.0), alarm(lambda t: 0.75), alarm(lambda t: 0.0 if t == 1 else 0.75)]
assert abs(paths[1][1] - 0.66) < 1e-9 and abs(paths[2][1] - 0.36) < 1e-9

# %%
labels = ("η = 0", "η = 0.75", "η = 0.75, but 0 at the all-clear")
lines(torch.arange(25), dict(zip(labels, paths, strict=True)), limits=(-0.4, 1),
      levels={"the truth": 0.0}, xlabel="tokens since the alarm", ylabel="how dangerous",
      alt="Three curves that start at 0.4. Without momentum it falls slowly to 0. With momentum it "
          "first doubles to 0.8, then swings below 0 and back. With the gate closed at the "
          "all-clear it falls at once, and swings below 0 only a little.")

# %%
peak, low, gated = max(paths[1]), min(paths[1]), max(paths[2][1:])
print(f"after the all-clear: up to {peak:.2f}, then down to {low:.2f}; with the gate: {gated:.2f}")
assert abs(peak - 0.81) < 0.005 and abs(low + 0.19) < 0.005 and abs(gated - 0.36) < 1e-9
assert paths[1].index(peak) == 3 and all(value < 0.01 for value in paths[1][10:16])
assert 0.75**0.5 + 0.1**0.5 > 1

# %% [markdown]
# With constant η the alarm *doubles* after the all-clear, to 0.81 three tokens after the alarm, and then it
# overshoots: below zero, to −0.19. It swings like any heavy thing on a spring. (For one key of length 1
# it swings as soon as √η + √θ > 1; here it is 0.87 + 0.32.)
#
# The third memory drops its past at the right moment. That is the paper's own reading of η: near 0
# where the context changes, near 1 where a token belongs to its recent past. This is why eq. 10 has a
# time index at $\color{#009E73}{\eta_t}$. A network computes it from the token, and chapter 07 trains
# that network.
#
# Two more things, for later. In this book S is carried across the borders of chunks (chapter 06); the
# paper does not say what happens there. And forgetting is still missing: after-shocks end, but what they
# wrote in M stays. That is chapter 04.
#
# ## Prove it: you have met S before
#
# `torch.optim.SGD(..., momentum=0.8)` keeps a buffer, $b = \eta b + u$, and steps by −θb. Take S = −θb,
# and it is eq. 10. If that is true, the optimizer and our memory must agree to the last digits, for all
# the 56 pairs of the shocked memory above. Do they?

# %%
def by_optimizer(thetas, eta=0.8):
    """The memory as a parameter of torch.optim.SGD, trained on one pair after the other."""
    M = torch.nn.Parameter(torch.zeros(16, 16).double())
    optimizer = torch.optim.SGD([M], momentum=eta)
    for key, value, theta in zip(K, V, thetas, strict=True):
        optimizer.param_groups[0]["lr"] = theta
        optimizer.zero_grad()
        (0.5 * (key @ M - value).square().sum()).backward()
        optimizer.step()
    return M.detach(), -theta * optimizer.state[M]["momentum_buffer"]

M, S = by_optimizer([0.2] * len(K))
mine = read(K, V, 0.2, 0.8)
gap = max((S - mine[0][-1]).abs().max(), (M - mine[1][-1]).abs().max())
print("torch.optim.SGD and past surprise agree to 1e-12:", bool(gap < 1e-12))
assert gap < 1e-12

# %% [markdown]
# They agree, as long as θ is constant. But in Titans θ is a gate, and changes with every token. The
# optimizer multiplies its whole buffer by *today's* θ; eq. 10 lets each surprise keep the θ of its own
# token. Take a write rate that doubles at the shock and is halved after it. Do they still agree?

# %%
rates = [0.2] * 40 + [0.4] + [0.1] * 15
M = S = torch.zeros(16, 16).double()
for key, value, theta in zip(K, V, rates, strict=True):
    S = momentum_step(S, surprise_grad(M, key, value), theta, 0.8)
    M = M + S
apart = ((by_optimizer(rates)[0] - M).norm() / M.norm()).item()
print(f"with a θ that changes, the two memories differ by {apart:.0%}")
assert abs(apart - 0.57) < 0.01

# %% [markdown]
# So momentum is an optimizer's trick that has become a memory: what SGD does to its weights during
# training, Titans does to M *while it reads*. Chapter 11 turns the sentence round: every optimizer is a
# memory, of gradients.
#
# ## Do you have it?

# %%
quiz("03.writes")

# %%
quiz("03.total")

# %%
quiz("03.change")

# %% [markdown]
# ## In five lines
#
# 1. S = ηS − θu, M = M + S: a surprise is written, and then again, fainter, at every later token.
# 2. One surprise writes θ|u| / (1 − η) in all; our layer takes the factor out of θ.
# 3. What is carried on is the shock's own pair. Others gain as far as their keys overlap.
# 4. Where keys share a part, tuned momentum wins; where they drift, it loses; a false alarm rings on.
# 5. With constant θ it is the momentum of SGD, to 1e-12. θ inside or outside S is no detail.
#
# **You can now** explain past and momentary surprise, write both, and say for a text of your own whether η
# should be near 0 or near 1.

# %%
progress_map()

# %% [markdown]
# **Where we differ from the papers:** the factor (1 − η) in the layer's θ, S carried across chunk borders,
# S₀ = 0, and the ½ in the loss, each with its test in [where we differ](where_we_differ.md).
#
# **Next:** [chapter 04](04_forgetting.ipynb). Everything that a memory writes stays there for ever, so far. It
# will have to learn to forget.
