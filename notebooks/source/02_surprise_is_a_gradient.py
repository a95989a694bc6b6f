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
# # 02 · Surprise is a gradient
#
# *Read 15 minutes, play 10, code 20. Any CPU will do.*
#
# You walked to work a thousand times and remember the morning with the elephant. A memory of fixed
# size has to be like that: it should spend its room on what it did not expect. In Titans, the thing
# that says what was not expected, how strongly, and *what to do about it*, is one gradient.
#
# **You will be able to**
#
# 1. derive this gradient by hand, and check it in three ways;
# 2. say what is differentiated with respect to what, where the paper's words and its equations
#    disagree;
# 3. predict how a surprise fades when it comes again, and when it does not fade at all;
# 4. read a text that is shaded by surprise.
#
# **You need** chapter 01 (a matrix that answers k M, its loss, the delta rule) and one fact from
# school: the derivative of ½x² is x.

# %%
import torch
from titans_book.lab.pictures import figures, style
from titans_book.book import Pick, Predict, exercise, off, part
from titans_book.book import progress_map, quiz, review
from titans_book.book.ch02.surprise_text import SurpriseText, surprises
from titans_book.steps.matrix import loss  # the book's own, for autograd has to see through it

style.use(dark=False)  # True: pictures for a dark page
read, delta_write = part("01.read"), part("01.delta_write")  # yours, if you kept them

# %% tags=["solution"]
off()  # the solved edition leaves your progress alone

# %% [markdown]
# Before you start: what is still there from before?

# %%
review("02")

# %% [markdown]
# ## A rhyme with a slip
#
# A memory reads four lines, letter by letter. Its key is the two letters before, its value the letter
# that follows, and it starts empty, as in chapter 00. In the third line the mice have turned into
# dice. **Take a pencil first:** which letters of lines 2, 3 and 4 will surprise it?

# %%
mice, dice = "three blind mice.\n", "three blind dice.\n"
rhyme = mice + mice + dice + mice
surprise = surprises(rhyme, theta=0.8, before=2)
figures.surprise_strip(
    list(rhyme), surprise, limit=1.5, across=18, zoom=2.2,
    alt="Four lines shaded by surprise. Line 1 is dark throughout. In line 2 only the first two "
        "letters are dark. In line 3 the d of dice is the darkest letter of all, and the i and c "
        "after it are dark. In line 4 only the m of mice is.",
)  # fmt: skip

# %% [markdown]
# Line 1 is all new. In line 2 only `t` and `h` are: what follows a line break it has not seen yet.
# Then comes the slip. One letter was changed, and three letters glow: the `d`, and the two letters
# that have it in their key. Line 4 has no mistake in it, and still its `m` surprises: the memory had
# begun to believe in dice. How large are these surprises?

# %%
three, four = 2 * len(mice), 3 * len(mice)
d, i, c = surprise[three + 12 : three + 15].tolist()
m = surprise[four + 12].item()
print(f"line 3: d {d:.2f}, i {i:.2f}, c {c:.2f}; line 4: m {m:.2f}, and no other above 0.05")
assert abs(d - 1.39) < 0.01 and abs(i - 1) < 0.01 and abs(c - 1) < 0.01
assert abs(m - 1.14) < 0.01 and (surprise[four:] > 0.05).sum() == 1

# %% [markdown]
# The `d` surprises more than any letter of line 1: to be wrong is worse than to know nothing. Where
# do these numbers come from? Each is the length of a gradient, and that gradient is also what the
# memory writes. So let us derive it.
#
# ## The equation
#
# $$
# {\color{#CC79A7}{u_t}} = \nabla_{\color{#D55E00}{M}}\ \tfrac12\bigl\|k_t{\color{#D55E00}{M_{t-1}}}
# - v_t\bigr\|^2 = k_t^\top\bigl(k_t{\color{#D55E00}{M_{t-1}}} - v_t\bigr)
# \qquad\qquad
# {\color{#D55E00}{M_t}} = {\color{#D55E00}{M_{t-1}}} - {\color{#009E73}{\theta_t}}\,
# {\color{#CC79A7}{u_t}}
# $$
#
# On the left the **momentary surprise**, the gradient inside Titans (8), of the loss (12); on the right
# the step (8) itself. Aloud: *ask the memory, take the error, file it under the key; then walk a little
# against it.*
#
# | Term | Meaning | In `titans_book/steps/matrix.py` | Test in `tests/steps/test_matrix.py` |
# |---|---|---|---|
# | $k_t{\color{#D55E00}{M_{t-1}}}$ | what the memory answers | `read(M, k)` | the same number as in chapter 01 |
# | $k_tM_{t-1} - v_t$ | the error, a row | `read(M, k) - v` | – |
# | $\color{#CC79A7}{u_t}$ | surprise: a matrix, of the shape of M | `surprise_grad` | equal to autograd |
# | $\lVert\color{#CC79A7}{u_t}\rVert$ | its length, the shade of a letter | `surprise_score` | equal to \|k\| times \|error\| |
# | ${\color{#D55E00}{M_{t-1}}} - {\color{#009E73}{\theta_t}}{\color{#CC79A7}{u_t}}$ | the write | `surprise_step` | equal to `delta_write` |
#
# ## By hand
#
# Numbers that fit into your head: a memory of four entries, one key, one value.
#
# $$
# {\color{#D55E00}{M}} = \begin{pmatrix} 1 & 0 \\ \tfrac12 & 1 \end{pmatrix},\qquad
# k = (1,\ 2),\qquad v = (1,\ 3).
# $$
#
# **Ask.** The answer is k M = (1·1 + 2·½, 1·0 + 2·1) = (2, 2). **Compare.** The error e is
# (2 − 1, 2 − 3) = (1, −1): the first feature is too large, the second too small. **Loss.**
# ½(1² + 1²) = 1.
#
# **Now one entry.** Take the ½, in row 2 and column 1. It carries key feature 2 to answer feature 1,
# so it stands in one error only:
#
# $$ e_1 = k_1 M_{11} + k_2 M_{21} - v_1. $$
#
# Raise $M_{21}$ by a little, and $e_1$ rises $k_2$ times as much. The loss ½e₁² + ½e₂² rises $e_1$
# times as much as $e_1$ does; here the 2 of the square meets the ½ and both are gone. Together:
#
# $$ \frac{\partial\ell}{\partial M_{21}} = e_1\,k_2 = 1\cdot 2 = 2. $$
#
# Nothing was special about row 2 and column 1. Entry (i, j) has the derivative $k_i\,e_j$: how hard the
# key pulls on it, times the error it leads to. All four at once are an outer product, the key as a
# column times the error as a row. Write the four numbers down before the cell does.

# %%
M = torch.tensor([[1.0, 0.0], [0.5, 1.0]])
k, v = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 3.0])
error = read(M, k) - v
u = torch.tensor([[k[i] * error[j] for j in range(2)] for i in range(2)])
print(u)
assert error.tolist() == [1, -1] and loss(M, k, v) == 1
assert u.tolist() == [[1, -1], [2, -2]]

# %% [markdown]
# Row 2 is twice row 1, because key feature 2 is twice key feature 1. Column 2 has the other sign,
# because there the answer is too small.
#
# ## The picture behind it: nudge one entry
#
# A derivative is a promise about nudges. Raise the entry $M_{21}$ by h, look how much the loss rises,
# and divide by h. Which number does that approach?

# %%
def nudged(M, row, column, h):
    """A copy of M, with one entry raised by h."""
    M = M.clone()
    M[row, column] += h
    return M

for h in (0.1, 0.01, 0.001):
    slope = (loss(nudged(M, 1, 0, h), k, v) - loss(M, k, v)) / h
    print(f"h = {h:<5}  the loss rises by {slope:.3f} h")
    assert abs(slope - (2 + 2 * h)) < 1e-3

# %% [markdown]
# It approaches 2, the number derived by hand, from above. Why from above? Here is the loss for all
# values of that one entry; the surprise is the slope of the dotted-and-dashed line.

# %%
entry = torch.linspace(-0.75, 1.25, 41)
height = torch.stack([loss(nudged(M, 1, 0, x - 0.5), k, v) for x in entry])
figures.lines(
    entry, {"loss": height, "slope 2, at the entry's value ½": 1 + 2 * (entry - 0.5)},
    roles={"loss": "fast", "slope 2, at the entry's value ½": "surprise"},
    markers=25, xlabel="the entry in row 2, column 1", ylabel="loss", limits=(-0.6, 3.7),
    alt="The loss is a parabola over the entry, lowest at 0 where it is one half. A straight line "
        "of slope 2 touches it at the entry's value, one half, where the loss is 1.",
)  # fmt: skip

# %% [markdown]
# The loss is a parabola, and a parabola bends away above its tangent. Two more things to see: the way
# *down* is to the left, against the slope, which is the minus in eq. (8). And at the bottom (entry 0)
# half of the loss is left: this entry can mend the first error, never the second.
#
# ## Your turn: the gradient
#
# One line is enough. `surprise_grad.hint()` gives a nudge (three of them, each plainer),
# `surprise_grad.solution()` the book's version, and once it passes, `surprise_grad.keep()` makes later
# chapters run on yours. Until then the book's own version stands in, so nothing below breaks.

# %%
@exercise("02.surprise_grad")
def surprise_grad(M, k, v):
    """Momentary surprise: the gradient of the loss for M, u = k^T (k M - v).

    M: (d_in, d_out), k: (d_in), v: (d_out). Returns a matrix of the shape of M.
    """
    ### BEGIN SOLUTION
    return torch.outer(k, read(M, k) - v)
    ### END SOLUTION

# %%
surprise_grad.check()

# %% [markdown] tags=["instructor"]
# **In class (10 minutes).** Let them find the four numbers on paper in pairs before anybody types. The
# two usual slips are the transpose (keys are rows here, many papers have columns) and a factor 2. Ask a
# pair with the transposed matrix to say in words what row 1 of M does; they find it themselves.

# %% [markdown]
# Does it agree with autograd, on numbers nobody chose? And how close do nudges come? Three questions
# for each candidate: the same to the last bit, the same but for rounding, and how far off at worst. Put a
# version of your own into `candidates`, two loops or an einsum, and run it again.

# %%
def by_autograd(M, k, v):
    M = M.clone().requires_grad_()
    return torch.autograd.grad(loss(M, k, v), M)[0]

def by_nudges(M, k, v, up, down, h=0.001):
    u = torch.zeros_like(M)
    for row in range(M.shape[0]):
        for column in range(M.shape[1]):
            high = loss(nudged(M, row, column, up * h), k, v)
            low = loss(nudged(M, row, column, down * h), k, v)
            u[row, column] = (high - low) / ((up - down) * h)
    return u

# %%
candidates = {
    "surprise_grad": surprise_grad,
    "nudge up": lambda M, k, v: by_nudges(M, k, v, up=1, down=0),
    "nudge up and down": lambda M, k, v: by_nudges(M, k, v, up=1, down=-1),
}
random = torch.Generator().manual_seed(2)
triple = [torch.randn(size, generator=random).double() for size in [(5, 3), (5,), (3,)]]
truth, worst = by_autograd(*triple), {}
found = {name: candidate(*triple) for name, candidate in candidates.items()}
print(f"{'':20}exact   approximately   max difference")
for name, u in found.items():
    worst[name] = (u - truth).abs().max().item()
    same = torch.equal(u, truth), torch.allclose(u, truth)
    print(f"{name:20}{same[0]!s:8}{same[1]!s:16}{worst[name]:.6f}")
assert worst["surprise_grad"] < 1e-12 and worst["nudge up and down"] < 1e-9

# %% [markdown]
# Your formula and autograd do the same multiplications. (Another right version may round differently;
# then it is approximately the same, with a difference near 10⁻¹⁶.) Nudging up is off by ½k²h, the
# parabola's bend. Nudging both ways cancels the bend, so for *this* loss it is right whatever h is, but
# for rounding. How large is that bend here?

# %%
bend = 0.5 * triple[1].square().max().item() * 0.001
print(f"largest ½ k² h = {bend:.6f}")
assert abs(worst["nudge up"] - bend) < 1e-9

# %% [markdown]
# ## Gradient of what, with respect to what?
#
# Titans introduces surprise in words as the gradient of the network *with respect to the input*. Its
# equations differentiate with respect to **the memory**. These are two different things, and code that
# follows the words does not work. Does the gradient for the key even have a shape that could be written
# into M? And what would it say when the memory is empty, so that everything is new?

# %%
def both(M, k, v):
    """The gradients of the loss for the memory and for the key."""
    M, k = M.clone().requires_grad_(), k.clone().requires_grad_()
    return torch.autograd.grad(loss(M, k, v), (M, k))

empty = torch.zeros(2, 2)
for name, memory in {"our M": M, "empty": empty}.items():
    for_memory, for_key = both(memory, k, v)
    print(f"{name}: for the memory {for_memory.tolist()}, for the key {for_key.tolist()}")
assert for_key.tolist() == [0, 0] and for_memory.norm() > 0

# %% [markdown]
# The gradient for the key is a row, e Mᵀ. It says how to change the *word* so that it would surprise
# less, and words are not ours to change. An empty memory has none at all: the pair could not be newer,
# and a surprise taken for the key would be **0**. (In Titans the input also makes the value, so the
# gradient for the input is not 0; but it has the input's shape, and cannot be written into M.) With
# respect to the memory it is −kᵀv, the whole pair. Throughout this book surprise is the gradient for the memory, as in equations (8), (10),
# (14) and (16).
#
# **And the factor 2.** Equation (12) is printed without the ½; appendix C has it. So the gradient of (12)
# is 2u, and a θ from there does as much as 2θ here. Measured, not only said:

# %%
def printed(M):
    """The loss of eq. 12 as it stands in the paper."""
    return (k @ M - v).square().sum()

ratio = torch.autograd.functional.jacobian(printed, M) / surprise_grad(M, k, v)
print(ratio.tolist())
assert (ratio == 2).all()

# %% [markdown]
# ## One number: how surprising?
#
# A matrix cannot shade a letter. Its length can: $\lVert u\rVert$, the root of the sum of all squared
# entries (Frobenius' norm). For our example that is √(1 + 1 + 4 + 4) = √10 ≈ 3.16.

# %%
@exercise("02.surprise_score")
def surprise_score(M, k, v):
    """How surprising a token is, as one number: |u|, the length of the gradient.

    M: (d_in, d_out), k: (d_in), v: (d_out). Returns a tensor without axes.
    """
    ### BEGIN SOLUTION
    return surprise_grad(M, k, v).norm()
    ### END SOLUTION

# %%
surprise_score.check()

# %% [markdown]
# Because u is an outer product, its length falls into two factors: the length of the key times the
# length of the error. √10 is √5 · √2. What follows if somebody *shouts*, that is, sends the same key
# twice as long to an empty memory?

# %%
parts = k.norm().item(), error.norm().item()
print(f"|u| = {surprise_score(M, k, v):.3f} = {parts[0]:.3f} · {parts[1]:.3f}")
said, shouted = surprise_score(empty, k, v), surprise_score(empty, 2 * k, v)
print(f"said {said:.3f}, shouted {shouted:.3f}; the error is |v| both times")
assert abs(surprise_score(M, k, v) - parts[0] * parts[1]) < 1e-6
assert abs(surprise_score(M, k, v) - 10**0.5) < 1e-6 and abs(shouted - 2 * said) < 1e-5

# %% [markdown]
# A long key surprises without being more wrong. Titans brings its keys to length 1 (section 4.4 of the
# paper); then $\lVert u\rVert$ *is* the error's length, as it was in the rhyme, where keys are one-hot.
#
# One more thing that is easily read into the paper: nothing in eq. (8) looks at this number. There is no
# threshold, and no token is skipped. The number is for our eyes; the memory uses the whole matrix.
#
# ## One step against it
#
# Now the right half of the equation. What comes out should look familiar.

# %%
@exercise("02.surprise_step")
def surprise_step(M, k, v, theta):
    """One step against the surprise, M - theta u (Titans eq. 8).

    M: (d_in, d_out), k: (d_in), v: (d_out), theta: a number. Returns the new memory.
    """
    ### BEGIN SOLUTION
    return M - theta * surprise_grad(M, k, v)
    ### END SOLUTION

# %%
surprise_step.check()

# %% [markdown]
# Chapter 01 *invented* the delta rule: write only what is missing, M + θ kᵀ(v − k M). Here we invented
# nothing; we walked downhill. How far apart do the two end up, on a hundred random memories?

# %%
gaps = []
for _ in range(100):
    sizes = [(5, 3), (5,), (3,)]
    A, a, b = (torch.randn(size, generator=random).double() for size in sizes)
    gaps.append((surprise_step(A, a, b, 0.3) - delta_write(A, a, b, 0.3)).abs().max())
print("further apart than 1e-12:", sum(gap.item() > 1e-12 for gap in gaps), "of", len(gaps))
assert max(gaps) < 1e-12

# %% [markdown]
# **The surprise step is the delta rule.** "Write what is missing" and "descend the gradient of your own
# error" are one and the same line. The second reading is worth more: it goes on to make sense when the
# memory is no longer a matrix (chapter 05), and when the loss is another one (chapter 10).
#
# ## Why can a repeat not surprise?
#
# Ask the new memory the old question. One line of algebra tells what is left of the error e:
#
# $$
# k\,{\color{#D55E00}{M_{\text{new}}}} - v
# = \underbrace{k{\color{#D55E00}{M}} - v}_{e}
# - {\color{#009E73}{\theta}}\,k\,{\color{#CC79A7}{k^\top e}}
# = (1 - {\color{#009E73}{\theta}}\,|k|^2)\ e .
# $$
#
# Every write multiplies the error of its own pair by **1 − θ|k|²**. For our key |k|² = 5. So which share
# of the error is left for θ = 0.1, 0.16 and 0.2, and which share of the loss?

# %%
for theta in (0.1, 0.16, 0.2):
    new = surprise_step(M, k, v, theta)
    left = (read(new, k) - v).norm() / error.norm()
    share = loss(new, k, v) / loss(M, k, v)
    print(f"θ|k|² = {theta * 5:.1f}: {left:4.0%} of the error, {share:4.0%} of the loss left")
    assert abs(left - abs(1 - theta * 5)) < 1e-6 and abs(share - left**2) < 1e-6

# %% [markdown]
# With θ|k|² = 1 the pair is exact after one write: loss 0, gradient 0, no surprise. With 0.8, as in the
# rhyme, 20 % of the error is left, and the square of that, 4 %, in the loss. Surprise is not about how
# rare a thing is in the world. It is about what *this* memory cannot answer *yet*.
#
# **Predict.** A memory meets one and the same pair five times, with |k| = 1 and θ = 0.5. The first
# surprise is 1. Drag the five points, then press **Show me**.

# %%
key, value = torch.tensor([0.6, 0.8]), torch.tensor([0.0, 1.0])

def meet(theta, times):
    """Meet one pair again and again: the surprise at each meeting, and the last memory."""
    memory, found = torch.zeros(2, 2), []
    for _ in range(times):
        found.append(surprise_score(memory, key, value).item())
        memory = surprise_step(memory, key, value, theta)
    return found, memory

five, _ = meet(0.5, 5)
guess = Predict("02.repeats", range(1, 6), five, xlabel="meeting", ylabel="surprise",
                limits=(0, 1.2), role="surprise", alt="The surprise of one pair over five meetings")
guess

# %% [markdown]
# How does it really go, and is it the same *step* down each time, or the same *share*?

# %%
assert all(abs(x - 0.5**n) < 1e-6 for n, x in enumerate(five))
guess.figure(alt="The surprise halves with each meeting: 1, one half, a quarter, an eighth, "
                 "a sixteenth.")

# %% [markdown]
# <details><summary><b>Why so</b> (predict first)</summary>
#
# Each surprise is half of the one before: 1, ½, ¼, ⅛, 1⁄16. A straight line down to zero is a fair guess,
# but what is written is a share of what is *still* wrong, and that is less each time.
#
# </details>

# %% [markdown]
# ## Too much of a good thing
#
# If θ|k|² = 1 is perfect, is 1.5 better still? The pair's value is 1, and the memory starts by answering
# 0. **Pick** the picture that shows its answer after 0, 1, 2, … writes;
# each tells you what it would mean.

# %%
writes = torch.arange(7.0)
answers = [read(meet(1.5, int(n))[1], key)[1].item() for n in writes]
pick = Pick(
    "02.overshoot", writes,
    {"bounces": 1 - (-1.0) ** writes, "hits": (writes > 0).float(), "swings": answers,
     "creeps": 1 - 0.5**writes},
    right="swings",
    because={
        "bounces": "For ever between 0 and 2: that is θ|k|² = 2, where 1 − θ|k|² = −1.",
        "hits": "At the first stroke, and then at rest: that is θ|k|² = 1, nothing left over.",
        "swings": "1 − 1.5 = −½. Each write jumps across the target and lands half as far off.",
        "creeps": "From below, half of the way each time: that is θ|k|² = 0.5.",
    },
    xlabel="writes", ylabel="answer", limits=(0, 2.1),
    alt="Four curves, A to D; which one happens?",
)  # fmt: skip
pick

# %% [markdown]
# The four once more, side by side, for readers whose page has no buttons:

# %%
pick.figure(alt="A jumps between 0 and 2 for ever. B goes to 1 at once and stays. C goes to 1.5, "
                "then 0.75, then 1.125, closing in on 1 from both sides. D creeps up to 1.")

# %% [markdown]
# <details><summary><b>Answer, with a twist</b> (pick first)</summary>
#
# C: 1 − 1.5 = −½, so each write jumps across the target and lands half as far off. The twist: halfway
# short (0.5) and halfway too far (1.5) leave the *same* surprise, ½, ¼, ⅛. From the surprise alone you
# could not tell them apart.
#
# </details>
#
# How does it go on, to 2 and beyond? A row is one θ|k|², a column one meeting. Which two rows are alike?

# %%
rates = [0.2, 0.5, 1.0, 1.5, 1.9, 2.0, 2.1]
rows = torch.tensor([meet(rate, 10)[0] for rate in rates])
assert torch.allclose(rows[1], rows[3], atol=1e-6)
assert torch.allclose(rows[5], torch.ones(10), atol=1e-5) and abs(rows[6, 9] - 2.36) < 0.01
figures.heatmap(
    rows, kind="magnitude", limit=2.4, width=6.4, xlabel="writes before this meeting",
    cells=([f"θ|k|² = {rate}" for rate in rates], [str(n) for n in range(10)]),
    alt="Surprise over ten meetings for seven write rates. It is gone at once at 1; the rows 0.5 "
        "and 1.5 are alike; at 1.9 it fades slowly, at 2 it stays at 1, at 2.1 it grows to 2.4.",
)  # fmt: skip

# %% [markdown]
# So a single pair is learned as long as **0 < θ|k|² < 2**, best at 1. At 2 it surprises for ever, beyond
# 2 more and more: the seed of the explosions in chapters 05 and 06. For eq. (12) without the ½ the same
# border lies at θ|k|² = 1.
#
# Given any key, which write rate makes its pair exact at one stroke?

# %%
@exercise("02.exact_rate")
def exact_rate(k):
    """The write rate theta with which one surprise_step makes a pair exact. k: (d_in)."""
    ### BEGIN SOLUTION
    return 1 / (k @ k)
    ### END SOLUTION

# %%
exact_rate.check()

# %% [markdown]
# Does it work for the key (1, 2), whose memory we know by heart?

# %%
mended = surprise_step(M, k, v, exact_rate(k))
print(read(mended, k), surprise_score(mended, k, v).item() < 1e-5)
assert abs(exact_rate(k) - 0.2) < 1e-6 and torch.allclose(read(mended, k), v)

# %% [markdown]
# ## When repeats do surprise
#
# All this was one pair alone. A memory holds many, and the write of one pair k′ moves the answer for
# another key k, by −θ (k′·k) e′. Only if the keys are orthogonal does each pair live undisturbed. Let a
# memory read eight pairs, A to H, and then the same eight again with a newcomer X among them. Three
# conditions: keys nearly orthogonal; the same with a small θ; and keys that resemble one another.

# %%
def unit(*shape, common=0.0, seed=0):
    """Rows of length 1; `common` is how much they all share of one direction."""
    random = torch.Generator().manual_seed(seed)
    own, shared = (torch.randn(n, shape[1], generator=random).double() for n in (shape[0], 1))
    rows = own / own.norm(dim=1, keepdim=True) + common * shared / shared.norm()
    return rows / rows.norm(dim=1, keepdim=True)

def reading(keys, values, order, theta):
    """Read the pairs in this order; the surprise of each."""
    memory, found = torch.zeros(keys.shape[1], values.shape[1]).double(), []
    for pair in order:
        found.append(surprise_score(memory, keys[pair], values[pair]))
        memory = surprise_step(memory, keys[pair], values[pair], theta)
    return torch.stack(found)

# %%
names = "ABCDEFGHABCDXEFGH"
order, values = ["ABCDEFGHX".index(name) for name in names], unit(9, 16, seed=1)
apart, alike = unit(9, 1024), unit(9, 1024, common=1.5)
conditions = {
    "apart, θ = 1": reading(apart, values, order, 1.0),
    "apart, θ = 0.3": reading(apart, values, order, 0.3),
    "alike, θ = 1": reading(alike, values, order, 1.0),
}
figures.heatmap(
    torch.stack(list(conditions.values())), kind="magnitude", limit=1.5, width=7.4,
    cells=(list(conditions), list(names)), xlabel="pair, in the order of reading",
    alt="Surprise of 17 pairs in three conditions. Apart with rate 1: the first eight are bright, "
        "the repeats dark, the newcomer X bright. Apart with rate 0.3: the repeats are only a "
        "little darker. Alike: the repeats stay bright, and X hardly stands out.",
)  # fmt: skip

# %% [markdown]
# In the first row the newcomer is a lighthouse. In the third it hardly stands out. By how much does a repeat
# surprise less than a first meeting?

# %%
repeated = torch.tensor([t >= 8 and names[t] != "X" for t in range(17)])
shares = []
for name, found in conditions.items():
    again, first, new = found[repeated].mean(), found[:8].mean(), found[12]
    shares.append((again / first).item())
    print(f"{name:15} repeats {shares[-1]:4.0%} of the first meetings; X {new:.2f}")
cosine = (alike[0] @ alike[1]).item()
print(f"cosine of two keys that are alike: {cosine:.2f}")

# %%
close = conditions["apart, θ = 1"]
assert (close[repeated] < 0.1 * close[:8].mean()).all() and abs(shares[0] - 0.07) < 0.01
assert abs(shares[1] - 0.7) < 0.02 and 0.6 < shares[2] < 0.8 and abs(cosine - 0.69) < 0.03

# %% [markdown]
# With keys far apart and θ = 1 a repeat keeps about 7 % of its surprise, and each single one less than
# 10 %. With θ = 0.3 it keeps 70 %, which is 1 − θ. With keys of cosine 0.7 it keeps about 70 % as well,
# at full θ: every pair was overwritten by its lookalikes. **Surprise at a repeat has two causes, and the
# number does not tell which:** the wrong share was written (too little, or beyond 1 too much), or it was
# overwritten.
#
# ## Play: type something
#
# Here is the memory of the rhyme again, and now it runs on *your* functions (or the book's where yours
# are open). Type whatever you like, in any script.
#
# **A question for the sliders.** Take three equal lines, as they stand there, and drag *change letter
# no.* through the middle of line 2. How many letters start to glow in line 2, and how many in line 3, where nothing was
# changed? Then predict, before you move it: what do 4 *letters before* do to these two numbers? And: at
# which two positions of θ does a repeat surprise exactly as much as the first meeting?

# %%
SurpriseText(3 * mice, score=surprise_score, step=surprise_step)

# %% [markdown]
# If nothing moves where you read this: the three lines one after the other, in a row for each changed
# letter. Follow the bright stripe from row to row: where does it go, and how long is it?

# %%
from titans_book.book.ch02.surprise_text import changed, letters

places = [0, 23, 25, 27, 29, 31]
texts = [changed(letters(3 * mice), place) for place in places]
stripes = torch.stack([surprises(text, theta=0.8, before=2) for text in texts])
figures.heatmap(
    stripes, kind="magnitude", limit=1.5, width=8,
    cells=(["nothing", *(f"letter {place}" for place in places[1:])],
           list((3 * mice).replace("\n", "¶"))),
    alt="Surprise of three equal lines, in six rows. Where a letter of line 2 was changed, three "
        "letters in a row are bright, further right in each row, and in line 3 one letter is.",
)  # fmt: skip

# %% [markdown]
# <details><summary><b>Answer</b> (try the sliders first)</summary>
#
# *Three and one.* In line 2: the changed letter, because another was expected; and the two after it,
# whose keys have never been seen. In line 3: only the letter that takes its place back, since there all
# keys are old. With n letters before it is n + 1 and still one. (Where lines begin, n letters are new
# already: no line break stood before them. Near its end the glow runs over into line 3.) For θ: at 0 nothing is ever written, and at 2 every answer
# jumps to the mirror image of its error.
#
# </details>
#
# Is that so in numbers?

# %%
def glowing(before, place=28):
    """How many letters of lines 2 and 3 glow that did not glow without the change."""
    plain, edited = (surprises(changed(letters(3 * mice), p), 0.8, before) for p in (0, place))
    new = (edited - plain > 0.5).view(3, -1).sum(1).tolist()
    return new[1:]

print("2 letters before:", glowing(2), "  4 letters before:", glowing(4))
assert glowing(2) == [3, 1] and glowing(4) == [5, 1]
assert all(abs(surprises("aaaa", theta, 1)[2] - 1) < 1e-6 for theta in (0.0, 2.0))

# %% [markdown]
# ## Bug hunt
#
# Here is a surprise as some public code has it, retold in three lines of our own: surprise is a
# *number*, and the number says how hard to write. It looks reasonable. On a pair whose key and
# value have length 1, met five times, it even gives the same surprises as ours. Then the value of that key changes, and stays changed. Read
# the function first: what will happen?

# %%
def loud_write(M, k, v, theta):
    """Write the pair, the harder the larger the error."""
    shock = (read(M, k) - v).norm()
    return M + theta * shock * torch.outer(k, v)

def after_a_change(write):
    """Five meetings with one value, six with another; the surprises."""
    one, old, new = torch.ones(1), *torch.eye(2)
    memory, found = torch.zeros(1, 2), []
    for value in 5 * [old] + 6 * [new]:
        found.append(surprise_score(memory, one, value).item())
        memory = write(memory, one, value, 0.8)
    return found

# %%
loud, ours = after_a_change(loud_write), after_a_change(surprise_step)
figures.lines(
    range(1, 12), {"surprise_step": ours, "loud_write": loud}, roles="surprise",
    xlabel="meeting (the value changes at the sixth)", ylabel="surprise",
    alt="Both fall together from 1 to nearly 0 over five meetings and jump to 1.4 at the sixth. "
        "Then surprise_step falls again; loud_write dips to 1.0 and then grows, to 7.",
)  # fmt: skip

# %% [markdown]
# <details><summary><b>What is wrong?</b> (name the term first)</summary>
#
# `torch.outer(k, v)` points to the new value, always. A gradient has a size *and a direction*: here
# (old answer − new value), so a step against it takes the old answer out and puts the new one in.
# `loud_write` can only add. The old value never leaves, so the error never falls below it, and every
# meeting adds still more. As long as a key has one value only, of length 1, both writes are equal, and a
# test with such pairs notices nothing. The mend is one term: `v - read(M, k)` instead of `shock` and `v`.
#
# </details>
#
# Is it true that nobody notices during the first five meetings? And what is left after the last?

# %%
apart = max(abs(a - b) for a, b in zip(loud[:5], ours[:5], strict=True))
print(f"first five meetings, largest difference: {apart:.3f}")
print(f"last meeting: surprise_step {ours[-1]:.3f}, loud_write {loud[-1]:.1f}")
assert apart < 1e-6 and ours[-1] < 0.001 and abs(loud[-1] - 7.1) < 0.05

# %% [markdown] tags=["instructor"]
# **For discussion (5 minutes).** Another public reading takes the next-token loss of the language model
# as surprise and skips tokens whose loss is low. Ask: whose ignorance does that number measure? A model
# can be sure of a word that this memory has never seen, and the other way round. And a number has no
# direction to write in.

# %% [markdown]
# ## What have you kept?
#
# Three questions. Every answer, right or wrong, says why.

# %%
quiz("02.whose")

# %%
quiz("02.leftover")

# %%
quiz("02.twin")

# %% [markdown]
# ## In five lines
#
# 1. Surprise is the gradient of the memory's own error **with respect to the memory**: u = kᵀ(kM − v).
# 2. Entry (i, j) is key feature i times error j; its length is |k| · |error|, and needs no 2.
# 3. A step against it *is* the delta rule; it leaves the share 1 − θ|k|² of the error.
# 4. So repeats fade geometrically, best at θ|k|² = 1; from 2 on they never do.
# 5. The number shades the text for us; the memory writes the whole matrix, size and direction.
#
# **You can now** derive and test the surprise of Titans, and read what a memory of this kind did not
# expect. The map knows what you have written:

# %%
progress_map()

# %% [markdown]
# **Where we differ from the paper.** Half the squared error, so that our θ is twice the θ of eq. (12).
# Surprise is always the gradient for the memory, where the paper's text says "input". The number
# $\lVert u\rVert$ is ours, for the pictures; the paper never uses it.
#
# **Next.** Look at the rhyme once more: three letters after the slip the surprise is gone, as if
# nothing had happened. But what follows a shock is often worth remembering, too. A memory that stays alert for a
# while is [chapter 03, past surprise](03_past_surprise.ipynb).
