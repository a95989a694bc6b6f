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
# # 01 · Memory is a function: associative memory
#
# *Read 15 minutes, play 10, code 20. Any CPU will do.*
#
# Whoever meets a fox for the first time does not answer "key not found". A memory worth its name has
# something to say about what it has never seen, and it says it because of what it has seen. The
# smallest such memory is one matrix. It is also the one inside linear attention (attention answers with
# all stored values, each weighted by how well its key fits the question; the linear kind leaves out the
# softmax over these weights), and the seed of everything that Titans does.
#
# **You will be able to**
#
# 1. store pairs in a matrix, by hand and in one line of code, and ask for them again;
# 2. say how two pairs disturb each other, to the decimal, before you run anything;
# 3. write only what is missing (the delta rule), and say what that costs;
# 4. tell two ways apart in which a memory can be good, and why they disagree.
#
# **You need** chapter 00, the product of a row and a matrix, and the outer product.

# %%
import torch
from titans_book.lab.pictures import figures, style
from titans_book.book import Pick, Predict, exercise, off, progress_map, quiz, review
from titans_book.book.ch01.write_board import WriteBoard

style.use(dark=False)  # True: pictures for a dark page

# %% tags=["solution"]
off()  # the solved edition leaves your progress alone

# %% [markdown]
# Before you start: what is still there from chapter 00?

# %%
review("01")

# %% [markdown]
# ## What does the fox say?
#
# We describe animals by four features, so that every animal is a vector of length 1. A cat is all
# whiskers, a dog all snout. A wolf is mostly snout and partly wild. The fox has whiskers *and* a snout.

# %%
def vector(*entries):
    return torch.tensor(entries, dtype=torch.float64)

features, sounds = ["whiskers", "snout", "wild", "wings"], ["meow", "woof", "howl"]
cat, dog = vector(1, 0, 0, 0), vector(0, 1, 0, 0)
wolf, fox = vector(0, 0.8, 0.6, 0), vector(0.6, 0.8, 0, 0)
meow, woof, howl = torch.eye(3, dtype=torch.float64)

# %% [markdown]
# Suppose we have met a cat and a dog. Python has a memory for pairs, the dictionary. What does it say
# when a dog comes along, and what when the fox does?

# %%
notes = {tuple(cat.tolist()): "meow", tuple(dog.tolist()): "woof"}
for name, animal in {"dog": dog, "fox": fox}.items():
    print(f"{name}: {notes.get(tuple(animal.tolist()))}")

# %% [markdown]
# `None`. A dictionary knows a key or it does not; a near miss counts for nothing. For a memory that
# reads, this is useless: no two moments of a text are ever quite the same. We want a **function**:
# something that answers every question, and similar questions alike.
#
# ## Read: a question times a matrix
#
# $$ y_t = q_t\,{\color{#D55E00}{M_t}} \qquad\qquad \text{Titans (5), and (15) for a memory of one matrix} $$
#
# | Term | Meaning | In `steps/matrix.py` | Test in `test_pairs.py` |
# |---|---|---|---|
# | $q_t$ | the question, a row | `q` | – |
# | $\color{#D55E00}{M_t}$ | the memory | `M` | – |
# | $y_t$ | the answer, a row | `read(M, q)` | a mixture of questions gets the mixture of the answers |
#
# (In full: `titans_book/steps/matrix.py` and `tests/memory/test_pairs.py`, here and below.)
#
# **By hand.** Here is a memory that knows our two animals: a row for each feature, a column for each
# sound. What would you expect it to say to the dog? And to the fox?

# %%
M = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]], dtype=torch.float64)
figures.heatmap(
    M, limit=1, width=2.9, cells=(features, sounds),
    alt="A memory of four rows and three columns. Two cells are red, both 1: whiskers and meow, "
        "snout and woof. All others are zero.",
)  # fmt: skip

# %% [markdown]
# A question says *how much of each row it wants*. The dog is (0, 1, 0, 0): nothing of the first row,
# all of the second. The answer is that row, (0, 1, 0): woof. The fox is (0.6, 0.8, 0, 0):
#
# $$ 0.6\cdot(1, 0, 0) + 0.8\cdot(0, 1, 0) = (0.6,\ 0.8,\ 0). $$
#
# It woofs, with some meow in it. Write this down in one line. `read.hint()` gives a nudge (there are
# three, each plainer), `read.solution()` the book's version; once it passes, `read.keep()` makes later
# chapters run on yours. Until then the book's version answers for you, so nothing below breaks.

# %%
@exercise("01.read")
def read(M, q):
    """The memory's answer, y = q M.

    M: (d_in, d_out); q: one question (d_in), or many at once (T, d_in).
    Returns an answer (d_out), or one for each question (T, d_out).
    """
    ### BEGIN SOLUTION
    return q @ M
    ### END SOLUTION

# %%
read.check()

# %% [markdown]
# So what does the fox say? And a duck, which is all wings, and like nothing the memory knows?

# %%
def in_words(y):
    """An answer as text: the sounds in it, and how loud they are."""
    loud = dict(zip(sounds, y.tolist(), strict=True))
    parts = [f"{loud[name]:.2f} {name}" for name in sounds if abs(loud[name]) > 0.005]
    return " + ".join(parts) or "nothing"

duck = vector(0, 0, 0, 1)
for name, animal in {"cat": cat, "dog": dog, "fox": fox, "duck": duck}.items():
    print(f"the {name} says {in_words(read(M, animal))}")
assert in_words(read(M, fox)) == "0.60 meow + 0.80 woof" and not read(M, duck).any()

# %% [markdown]
# Every question has an answer now, and silence is one of them. Nothing was looked up. Reading is a
# **linear map**: ask twice as loud, and the answer is twice as loud; mix two questions, and you get the
# mixture of their answers. That is the fox's luck. It will be the dog's misfortune.
#
# ## Write: add the pair
#
# Who put those two ones there? The oldest rule for it is Hebb's: where key and value are active
# together, strengthen the connection.
#
# $$ {\color{#D55E00}{M_t}} = {\color{#D55E00}{M_{t-1}}} + k_t^\top v_t \qquad\qquad \text{Titans (4)} $$
#
# | Term | Meaning | In `steps/matrix.py` | Test in `test_pairs.py` |
# |---|---|---|---|
# | $k_t$, $v_t$ | key and value, rows | `k`, `v` | – |
# | $k_t^\top v_t$ | their outer product: one entry for each feature and sound | `torch.outer(k, v)` | – |
# | ${\color{#D55E00}{M_{t-1}}} + k_t^\top v_t$ | the pair, added | `hebb_write(M, k, v)` | own value, plus crosstalk |
#
# **By hand.** Dog and woof: every feature of the dog, times every feature of the woof. Only snout and
# woof are both there, so that cell gets a 1: the one in the picture. The wolf's pair has more in it.
# *Snout* gets 0.8 howl, *wild* gets 0.6 howl.

# %%
@exercise("01.hebb_write")
def hebb_write(M, k, v):
    """Add the pair as an outer product, M + k^T v.

    M: (d_in, d_out), k: (d_in), v: (d_out). Returns the new memory; the old one stays as it is.
    """
    ### BEGIN SOLUTION
    return M + torch.outer(k, v)
    ### END SOLUTION

# %%
hebb_write.check()

# %% [markdown] tags=["instructor"]
# **In class (5 minutes).** The usual slip is `torch.outer(v, k)`: many papers have tokens as columns.
# Let those who made it say in words what a row of M stands for. Somebody will ask why `M += ...` is
# refused: the same memory is shown before and after in the next cell, and an edit in place would change
# both.

# %% [markdown]
# Do cat and dog, written into an empty memory, give the matrix above? And what happens to it when the
# wolf joins them?

# %%
empty = torch.zeros(4, 3, dtype=torch.float64)
two = hebb_write(hebb_write(empty, cat, meow), dog, woof)
three = hebb_write(two, wolf, howl)
assert torch.equal(two, M)
figures.heatmap(
    torch.stack([two, three]), limit=1, width=5.0, cells=(features, sounds),
    titles=["cat, dog", "cat, dog, wolf"],
    alt="Two memories. The left one is the one from before. In the right one the howl column has "
        "two more red cells, 0.8 at snout and 0.6 at wild.",
)  # fmt: skip

# %% [markdown]
# The cells of cat and dog have not changed. The wolf's went where there was room. So will the dog still
# say woof? **Decide before you run the cell.**

# %%
for name, animal in {"cat": cat, "dog": dog, "wolf": wolf}.items():
    print(f"the {name} says {in_words(read(three, animal))}")
assert torch.allclose(read(three, dog), woof + 0.8 * howl)
assert torch.allclose(read(three, wolf), howl + 0.8 * woof)

# %% [markdown]
# The dog says woof, *and 0.8 howl*. Nobody ever told the memory that dogs howl. But dog and wolf share
# a snout: dog · wolf = 0.8, and reading is linear. For Hebb's rule the whole story is one line:
#
# $$
# k_i\,{\color{#D55E00}{M}} = k_i\sum_j k_j^\top v_j
# = \underbrace{(k_i\cdot k_i)\,v_i}_{\text{its own value}}
# + \underbrace{\sum_{j\ne i}(k_i\cdot k_j)\,v_j}_{\text{crosstalk}} .
# $$
#
# Keys of length 1 that are orthogonal (cat and dog) have no crosstalk: recall is exact. All others leak
# into each other, in proportion to their dot product.
#
# Look at the middle again, as $\sum_j (q\cdot k_j)\,v_j$: every stored value, weighted by how well its key
# fits the question. That is **attention without the softmax**. Is it the same to the last digit, on
# numbers that nobody chose?

# %%
random = torch.Generator().manual_seed(1)
q, K, V = torch.randn(3, 7, 5, generator=random, dtype=torch.float64)
matrix = torch.zeros(5, 5, dtype=torch.float64)
for key, value in zip(K, V, strict=True):
    matrix = hebb_write(matrix, key, value)
gap = (read(matrix, q) - (q @ K.T) @ V).abs().max().item()
print("memory and attention without softmax agree:", gap < 1e-12)
assert gap < 1e-12

# %% [markdown]
# The right side keeps all seven keys and values. The left side keeps one matrix, however long the text.
# That is what equations (4) and (5) are for, and crosstalk is the price.
#
# ## How wrong is it?
#
# To do better than Hebb, a memory has to notice that it is wrong:
#
# $$ \ell({\color{#D55E00}{M}}) = \tfrac12\,\bigl\|k\,{\color{#D55E00}{M}} - v\bigr\|^2
# \qquad\qquad \text{Titans (12), halved} $$
#
# **By hand.** The dog's answer is (0, 1, 0.8), and woof is (0, 1, 0). The error is (0, 0, 0.8), and the
# loss ½ · 0.64 = 0.32. Squares are *added up* over the features; no mean is taken. The ½ is not in the
# paper's (12), but in its appendix C. We keep it throughout, as it saves a factor 2 later on.

# %%
@exercise("01.loss")
def loss(M, k, v):
    """How wrong the answer is: 1/2 |k M - v|^2, summed over the features.

    M: (d_in, d_out), k: (d_in), v: (d_out). Returns one number, a tensor without axes.
    """
    ### BEGIN SOLUTION
    error = read(M, k) - v
    return 0.5 * (error**2).sum()
    ### END SOLUTION

# %%
loss.check()

# %% [markdown]
# How wrong is Hebb's memory about each of our three animals?

# %%
pairs = {"cat": (cat, meow), "dog": (dog, woof), "wolf": (wolf, howl)}
losses = {name: loss(three, *pair).item() for name, pair in pairs.items()}
print({name: round(number, 2) for name, number in losses.items()})
assert losses["cat"] == 0 and abs(losses["dog"] - 0.32) < 1e-12
assert abs(sum(losses.values()) - 0.64) < 1e-12

# %% [markdown]
# ## Write only what is missing
#
# Hebb writes without looking. The **delta rule** asks first, and writes the difference:
#
# $$
# {\color{#D55E00}{M_t}} = {\color{#D55E00}{M_{t-1}}} + {\color{#009E73}{\theta_t}}\,k_t^\top
# \bigl(v_t - k_t{\color{#D55E00}{M_{t-1}}}\bigr) \qquad\qquad \text{Titans (34)}
# $$
#
# | Term | Meaning | In `steps/matrix.py` | Test in `test_pairs.py` |
# |---|---|---|---|
# | $k_t{\color{#D55E00}{M_{t-1}}}$ | what it answers already | `read(M, k)` | – |
# | $v_t - k_t{\color{#D55E00}{M_{t-1}}}$ | what is missing | `missing` | a known pair is not written again |
# | $\color{#009E73}{\theta_t}$ | write rate: which share of it to write | `theta` | θ = 1 is exact for a key of length 1 |
#
# **By hand,** with θ = 1. Cat and dog are in the memory, and the wolf comes. *Ask:* it answers 0.8 woof,
# because of the snout. *Missing:* howl − 0.8 woof = (0, −0.8, 1). *Write* 0.8 times that into the row
# *snout*, and 0.6 times that into the row *wild*:
#
# | | meow | woof | howl |
# |---|---|---|---|
# | snout | 0 | 1 − 0.64 | 0.8 |
# | wild | 0 | −0.48 | 0.6 |
#
# **Take a pencil.** What does the wolf answer now? And the dog?

# %%
@exercise("01.delta_write")
def delta_write(M, k, v, theta):
    """Write only what is missing, M + theta k^T (v - k M).

    M: (d_in, d_out), k: (d_in), v: (d_out), theta: a number. Returns the new memory.
    """
    ### BEGIN SOLUTION
    missing = v - read(M, k)
    return M + theta * torch.outer(k, missing)
    ### END SOLUTION

# %%
delta_write.check()

# %% [markdown]
# Now compare with your pencil:

# %%
delta = empty
for key, value in pairs.values():
    delta = delta_write(delta, key, value, 1.0)
for name, (key, _) in pairs.items():
    print(f"the {name} says {in_words(read(delta, key))}")
assert torch.allclose(read(delta, wolf), howl)
assert torch.allclose(read(delta, dog), 0.36 * woof + 0.8 * howl)

# %% [markdown]
# The wolf is exact. **And the dog howls.** What was taken out of the snout to mend the wolf's answer was
# part of the dog's. Hebb's dog was too loud and muddled, but louder on woof than on howl; delta's dog
# says the wrong thing. Which memory is better, then? Compare what is still wrong, in total:

# %%
total = sum(loss(delta, *pair).item() for pair in pairs.values())
print(f"total loss: Hebb {sum(losses.values()):.2f}, delta {total:.2f}")
assert abs(total - 0.5248) < 1e-12

# %% [markdown]
# Delta is nearer in total, and has one animal wrong; Hebb is farther off, and has all three right.
# Keep that in mind: it comes back, and larger.
#
# Two things speak for looking first. Write the *same* pair again, and again: what does each rule make
# of it?

# %%
hebb, again = empty, empty
for times in (1, 2, 3):
    hebb, again = hebb_write(hebb, dog, woof), delta_write(again, dog, woof, 1.0)
    print(f"{times} times: Hebb {in_words(read(hebb, dog))}, delta {in_words(read(again, dog))}")
assert torch.equal(read(hebb, dog), 3 * woof) and torch.equal(read(again, dog), woof)

# %% [markdown]
# A pair that is known leaves delta's memory alone. And errors can be mended: let it go over dog and wolf
# once more, and once more. When does the dog bark again?

# %%
patient = delta
for times in (2, 3, 4):
    for name in ("dog", "wolf"):
        patient = delta_write(patient, *pairs[name], 1.0)
    print(f"after pass {times} the dog says {in_words(read(patient, dog))}")
    left = (read(patient, dog) - woof).norm().item()
    assert abs(left - 0.8 ** (2 * times - 1) * 1.64**0.5) < 1e-12

# %% [markdown]
# With the second pass. Every pass leaves 0.8² = 64 % of the error, so that the memory comes as near to
# both pairs as you like.
#
# ## Play: the write board
#
# Press a button to write a pair. The matrix and the answers change; a frame shows how far the bar of the
# right sound should reach, and whatever else is in the answer is crosstalk. The slider sets dog · wolf.
# Whenever you move it or switch the rule, your whole list of writes is played again from an empty memory.
#
# **A question for the board:** with the delta rule, dog written first and wolf second, once each: from
# which likeness on does the dog howl *louder than it woofs*? And under Hebb's rule?

# %%
board = WriteBoard(
    alt="Write board: buttons for three pairs, a switch for the rule, a slider for the likeness",
    writes=("dog", "wolf"), rule="delta", likeness=0.3,
    read=read, hebb=hebb_write, delta=delta_write,
)  # fmt: skip
board

# %% [markdown]
# Do try the fox as well: it is always asked, and never written. And write *wolf* five times under Hebb.
#
# If the board does not move where you read this, here are all positions of its slider at once: how loud
# are woof and howl in the dog's answer, after dog and wolf?

# %%
likeness = torch.linspace(0, 1, 51, dtype=torch.float64)

def heard(write):
    """The dog's woof and howl after dog and wolf, for every likeness."""
    answers = []
    for r in likeness.tolist():
        other = vector(0, r, (1 - r * r) ** 0.5, 0)
        answers.append(read(write(write(empty, dog, woof), other, howl), dog))
    return torch.stack(answers)[:, 1:].T

def delta_once(M, k, v):
    return delta_write(M, k, v, 1.0)

# %%
(hebb_woof, hebb_howl), (delta_woof, delta_howl) = heard(hebb_write), heard(delta_once)
assert torch.allclose(hebb_howl, delta_howl)
figures.lines(
    likeness, {"woof, Hebb": hebb_woof, "woof, delta": delta_woof, "howl, both rules": delta_howl},
    markers=10, xlabel="likeness of dog and wolf", ylabel="in the dog's answer", limits=(0, 1.1),
    alt="Three curves over the likeness from 0 to 1. Hebb's woof stays at 1. Delta's woof falls "
        "from 1 to 0 in a bow. Howl is the diagonal, and crosses delta's woof at about 0.62.",
)  # fmt: skip

# %% [markdown]
# <details><summary><b>Answer</b> (try the board first)</summary>
#
# Between 0.61 and 0.62. With likeness ρ, the dog's answer is (1 − ρ²) woof + ρ howl: you did this for
# ρ = 0.8. The two are equally loud where ρ² + ρ = 1, and that is the **golden ratio**, 0.618. Hebb's dog
# says 1 woof + ρ howl: its howl is never the louder one, until at ρ = 1 dog and wolf are the same key, and no rule
# can tell them apart.
#
# </details>

# %%
golden = (5**0.5 - 1) / 2
howls = likeness[delta_howl > delta_woof]
print(f"on this grid the dog howls from {howls[0]:.2f} on; the golden ratio is {golden:.3f}")
assert 0 < howls[0] - golden < 0.02 and torch.allclose(delta_woof, 1 - likeness**2)

# %% [markdown]
# ## From three pairs to sixty-four
#
# Nobody hand-makes the keys of a language model. So take random ones, of length 1, with d = 32 entries,
# and random values of length 1. Two random keys are nearly orthogonal: their dot product, squared, is
# 1/d on average. We write n pairs, once each, and measure the mean of |k M − v|² over them (twice the
# loss). A memory that is empty answers 0, and so has an error of exactly 1.

# %%
def random_pairs(n, seed, d=32):
    random = torch.Generator().manual_seed(seed)
    K, V = torch.randn(2, n, d, generator=random, dtype=torch.float64)
    return K / K.norm(dim=1, keepdim=True), V / V.norm(dim=1, keepdim=True)

def written(write, K, V, passes=1):
    M = torch.zeros(K.shape[1], V.shape[1], dtype=torch.float64)
    for _ in range(passes):
        for k, v in zip(K, V, strict=True):
            M = write(M, k, v)
    return M

K, _ = random_pairs(64, seed=0)
overlaps = (K @ K.T).square().fill_diagonal_(0).sum() / (64 * 63)
assert abs(overlaps - 1 / 32) < 0.002

# %%
counts, seeds = [1, 8, 16, 24, 32, 48, 64], range(12)

def error(M, K, V):
    """The mean over the pairs of |k M - v|^2."""
    return (read(M, K) - V).square().sum(1).mean().item()

def measured(judge, write, passes=1):
    """What `judge` says of n pairs, for each n of `counts`: the mean over the seeds."""
    found = []
    for n in counts:
        several = [random_pairs(n, seed) for seed in seeds]
        found.append(sum(judge(written(write, *kv, passes), *kv) for kv in several) / len(seeds))
    return torch.tensor(found).round(decimals=4)

# %% [markdown]
# **Predict.** How does the error of *Hebb's* memory grow with the number of pairs? Is there a cliff where
# the memory is full, at n = d = 32? The formula for crosstalk above has all you need, if you would rather
# compute than guess.

# %%
hebb_error = measured(error, hebb_write)
Predict(
    "01.recall_error", counts, hebb_error, limits=(0, 3), role="fast",
    xlabel="pairs written, n", ylabel="error",
    alt="The error of Hebb's memory against the number of pairs",
)  # fmt: skip

# %% [markdown]
# Each of the n − 1 other pairs adds 1/d on average. So the expected error is (n − 1)/d: a straight line,
# with no cliff at all. But it reaches 1 at n = d + 1. From there on, *knowing nothing would be nearer to
# the truth*. How does that compare with the delta rule?

# %%
delta_error = measured(error, delta_once)
eight_error = measured(error, delta_once, passes=8)
figures.lines(
    counts, {"Hebb": hebb_error, "delta, one pass": delta_error, "delta, 8 passes": eight_error},
    levels={"an empty memory": 1}, xlabel="pairs written, n (d = 32)", ylabel="error |kM − v|²",
    alt="Error against pairs. Hebb rises in a straight line, through 1 at 33 pairs, to 2 at 64. "
        "Delta with one pass stays below it everywhere and reaches 1 at 64. With eight passes it "
        "is zero up to 16 pairs, 0.2 at 32, and meets the one-pass curve near 64.",
)  # fmt: skip

# %%
for n, *errors in zip(counts, hebb_error, delta_error, eight_error, strict=True):
    print(f"n = {n:2}: Hebb {errors[0]:.2f}, delta {errors[1]:.2f}, 8 passes {errors[2]:.2f}")
expected = (torch.tensor(counts) - 1) / 32
assert (hebb_error - expected).abs().max() < 0.12
assert (delta_error[1:] < 0.75 * hebb_error[1:]).all()
assert eight_error[counts.index(16)] < 0.01 and 0.1 < eight_error[counts.index(32)] < 0.3

# %% [markdown]
# Delta is nearer from the second pair on, and by far, though at 64 pairs it, too, is no nearer than an
# answer of 0 would be. With ever more passes it becomes exact as long as n ≤ d; for 16 pairs eight passes
# do. But you may hear that *one pass of the delta rule is worse than Hebb once the memory is full*. By
# this measure that is false. Is it false, then?
#
# ## Near, or recognisable?
#
# Remember the howling dog: nearer in total, and wrong. There is another way to judge. Which of the stored
# values does an answer point to most? If it is its own, the pair is **recognised**. That is what counts
# when an answer picks a word. It does not matter here how long the answer is.
#
# So let us count: of n pairs, how many does each rule recognise?

# %%
def recognised(M, K, V):
    """The share of the pairs whose answer points most to its own value."""
    return (read(M, K) @ V.T).argmax(1).eq(torch.arange(len(K))).double().mean().item()

hebb_share, delta_share = measured(recognised, hebb_write), measured(recognised, delta_once)

# %% [markdown]
# **Pick.** One of these curves is *Hebb's share minus delta's (one pass)*. Above zero, Hebb recognises
# more. Which one is it? (The code of the next cell is folded, for the answer stands in it.)

# %% jupyter={"source_hidden": true}
ahead = hebb_share - delta_share
Pick(
    "01.recognised", counts, {"delta": -ahead, "same": 0 * ahead, "hebb": ahead}, right="hebb",
    because={
        "delta": "That would fit the errors you have just seen. But being near is not the same as "
                 "pointing the right way.",
        "same": "It would mean that both rules recognise equally many pairs, however far off "
                "their answers are. They do not.",
        "hebb": "With few pairs there is hardly a difference; the fuller the memory, the more "
                "pairs Hebb has ahead. The next picture shows both shares.",
    },
    limits=(-0.5, 0.5), xlabel="pairs written, n", ylabel="Hebb − delta",
    alt="Three curves, A to C: below zero, on zero, above zero",
)  # fmt: skip

# %% [markdown]
# Here are both shares.

# %%
figures.lines(
    counts, {"Hebb": hebb_share, "delta, one pass": delta_share}, limits=(0, 1.05),
    xlabel="pairs written, n (d = 32)", ylabel="share recognised",
    alt="Share of pairs recognised. Up to 16 pairs both rules recognise nearly all. At 32 Hebb "
        "still has 98 percent and delta 84, at 64 Hebb 82 and delta 44.",
)  # fmt: skip

# %%
for n, *shares in zip(counts, hebb_share, delta_share, strict=True):
    print(f"n = {n:2}: Hebb recognises {shares[0]:4.0%}, delta {shares[1]:4.0%}")
at = counts.index
assert hebb_share[at(32)] > 0.95 and abs(delta_share[at(32)] - 0.82) < 0.04
assert abs(hebb_share[at(64)] - 0.83) < 0.04 and abs(delta_share[at(64)] - 0.46) < 0.04
assert (ahead[at(24) :] > 0.04).all() and (ahead[: at(16) + 1] < 0.04).all()

# %% [markdown]
# So the saying is true *by this measure*, and already from n = 24 on, three quarters of d. By the
# error it is false whatever n is. Both are honest measures of the same matrices. Why do they disagree? Look
# at *which* pairs are recognised, from the oldest to the latest of 64.

# %%
def by_age(write, n=64, block=8):
    """The share recognised, for each block of pairs in the order of writing."""
    shares = torch.zeros(n)
    for seed in range(20):
        K, V = random_pairs(n, seed)
        answers = read(written(write, K, V), K)
        shares += (answers @ V.T).argmax(1).eq(torch.arange(n)) / 20
    return shares.view(-1, block).mean(1)

hebb_age, delta_age = by_age(hebb_write), by_age(delta_once)

# %%
figures.lines(
    torch.arange(8) * 8 + 4.5, {"Hebb": hebb_age, "delta, one pass": delta_age}, limits=(0, 1.05),
    xlabel="place in the order of writing, 1 to 64", ylabel="share recognised",
    alt="Hebb's share is about 0.83 whatever the place. Delta's rises steeply, from 0.07 for the "
        "oldest pairs to 1 for the latest.",
)  # fmt: skip

# %%
print(f"oldest eight: Hebb {hebb_age[0]:.0%}, delta {delta_age[0]:.0%}")
print(f"latest eight: Hebb {hebb_age[-1]:.0%}, delta {delta_age[-1]:.0%}")
assert (hebb_age - 0.83).abs().max() < 0.06 and delta_age[0] < 0.12 and delta_age[-1] > 0.98
assert abs((1 - 1 / 32) ** 63 - 0.14) < 0.01  # what 63 later writes leave of the first one

# %% [markdown]
# Hebb treats all pairs alike: each value is there at full strength, under noise that grows with n. That
# makes every answer too long, so its error is large, but it points mostly the right way. Delta is exact
# for the pair it has just written, and each write takes 1/d, on average, out of all that was there
# before. Of the first pair, 63 later writes leave (1 − 1/32)⁶³, some 14 %.
#
# So delta **forgets the old to be right about the new**, and nobody told it to. A dial leads from one to
# the other: for a small θ there is little to erase, so that delta writes like Hebb, only more quietly.
# What does θ do to 64 pairs, by both measures?

# %%
tried = {}
for theta in (0.1, 0.5, 1.0):
    def rule(M, k, v, theta=theta):
        return delta_write(M, k, v, theta)

    several = [(written(rule, *kv), *kv) for kv in (random_pairs(64, seed) for seed in seeds)]
    tried[theta] = [sum(judge(*one) for one in several) / 12 for judge in (error, recognised)]
    print(f"θ = {theta}: error {tried[theta][0]:.2f}, recognised {tried[theta][1]:.0%}")
assert tried[0.5][0] < min(tried[0.1][0], tried[1.0][0]) and tried[0.1][1] > 0.8

# %% [markdown] tags=["instructor"]
# **Discussion (10 minutes).** Two memories, two measures, opposite winners. Ask: which measure does a
# language model feel? (Its output layer compares directions, but the answer is added to a residual
# stream first, so that its length counts too. In Titans a norm follows the read.) Then: which pairs does
# a reader of a novel need, the latest or all alike? There is no answer that fits all texts, which is the
# point of making θ, and later α, depend on the token.

# %% [markdown]
# No single θ is best at both. Titans does not choose: its θ is a gate, and training learns how
# strongly to write *each token* (chapter 07).
#
# ## Prove it
#
# **One.** If the keys are orthonormal, there is no crosstalk, so nothing is ever missing but the value
# itself. Then Hebb and delta should build the same matrix, and it should be exact, even with all d
# places taken. To how many digits?

# %%
_, V = random_pairs(32, seed=3)
K = torch.linalg.qr(torch.randn(32, 32, generator=random, dtype=torch.float64)).Q
by_hebb, by_delta = written(hebb_write, K, V), written(delta_once, K, V)
print("exact:", error(by_delta, K, V) < 1e-24, "and the same as Hebb's:",
      torch.allclose(by_hebb, by_delta, atol=1e-12))  # fmt: skip
assert error(by_delta, K, V) < 1e-24 and torch.allclose(by_hebb, by_delta, atol=1e-12)

# %% [markdown]
# **Two.** The capacity is d, whatever the rule. The 33rd key is a mixture of the first 32, and reading
# is linear, so its answer is already settled. What can the *best possible* matrix do (least squares),
# for 32 pairs and for 33?

# %%
for n in (32, 33, 64):
    K, V = random_pairs(n, seed=0)
    best = error(torch.linalg.pinv(K) @ V, K, V)
    print(f"{n} pairs: the best matrix has error {best:.3f}, about 1 − d/n = {1 - 32 / n:.3f}")
    assert abs(best - (1 - 32 / n)) < 0.03 and (best > 0.005) == (n > 32)

# %% [markdown]
# ## Do you have it?

# %%
quiz("01.interference")

# %%
quiz("01.twice")

# %%
quiz("01.measure")

# %% [markdown]
# ## What you have seen
#
# 1. A memory is a function: q M answers every question, and similar questions alike.
# 2. Hebb adds the outer product of key and value. Recall is the value (for |k| = 1),
#    plus crosstalk, (k · k′) v′ of every other pair.
# 3. The delta rule writes only what is missing: exact for the latest pair, and a known pair changes
#    nothing.
# 4. A d by d matrix can hold d pairs exactly; beyond that, every rule has to choose what to lose.
# 5. Delta's answers are nearer at every n > 1; from about ¾ d on Hebb's are recognised more often. A
#    measure is a choice.
#
# **You can now** store pairs in a matrix by hand, compute the crosstalk of two keys before running
# anything, write the delta rule, and ask back when somebody says that one memory is better.
#
# **Where we differ from the papers.** Our loss has the ½ of the paper's appendix C, which its equation
# (12) lacks, so θ here is twice θ there. Equation (34) is printed for tokens as columns; ours are rows
# throughout, so everything is transposed. The paper has no experiment like ours with random pairs. Ours
# are toy numbers (d = 32, twelve seeds), and show the mechanism, not the size of the effect in a trained
# model.

# %%
progress_map()

# %% [markdown]
# **Next:** the delta rule fell from the sky: "write what is missing". In
# [chapter 02](02_surprise_is_a_gradient.ipynb) it turns out to be a gradient, and its length to be what
# Titans calls *surprise*.
