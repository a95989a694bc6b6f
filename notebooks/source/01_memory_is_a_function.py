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
# *Read 25 minutes, play 10, code 43. Any CPU will do.*
#
# A language model reads a novel and is asked on page 400 what the dog did on page 3. Attention still
# has that page, at a price that grows with every page, and a recurrent state may have lost it
# (chapter 00). Titans takes a third way, a **memory that learns while the model reads**: its size is
# fixed, but every word trains it a little.
#
# The authors report that models with such a memory still find a fact in a text of two million tokens.
# In this chapter you build the smallest one, a single matrix, and find out what it remembers, what it
# mixes up, and when it is full. It is also the memory inside *linear attention*, and each later chapter
# improves one thing about it.
#
# **You will be able to**
#
# 1. store pairs in a matrix, by hand and in one line of code, and read them back;
# 2. predict to the decimal how two stored pairs disturb each other;
# 3. write only what is missing (the delta rule), and say what that costs;
# 4. run the experiment that measures how much a matrix can hold;
# 5. tell apart two ways in which a memory can be good, and explain why they disagree;
# 6. design keys that keep pairs apart and still answer for new ones.
#
# **You need** chapter 00, the product of a row and a matrix, and the outer product of two vectors.
#
# Run the next cell first. It is folded because it only imports what the chapter uses.

# %% tags=["folded"]
import torch
from titans_book.lab.pictures import style
from titans_book.book import draw, exercise, off, pick, predict, progress_map, quiz, review
from titans_book.book.ch01.pairs import in_words, practised, random_pairs, vector
from titans_book.book.ch01.river import river_errors, slot_key
from titans_book.book.ch01.write_board import WriteBoard

style.use(dark=False)  # True: pictures for a dark page

# %% tags=["solution"]
off()  # the solved edition leaves your progress alone

# %% [markdown]
# What do you remember from chapter 00?

# %%
review("01")

# %% [markdown]
# ## What does the fox say?
#
# You have heard a cat meow and a dog bark. Now you meet a fox, the first one of your life. You have no
# entry for it, but you are not speechless either. It looks a little like a cat and a lot like a dog, so
# you would guess a sound somewhere between the two.
#
# For a program, "looks like" has to be a number. We describe an animal by four features (whiskers,
# snout, wild, wings) and give every description the length 1. A cat is all whiskers, and a dog all
# snout. A wolf is mostly snout and partly wild. The fox has whiskers *and* a snout. A sound is a vector
# with a single 1, and the place of that 1 says which sound it is.

# %%
cat, dog = vector(1, 0, 0, 0), vector(0, 1, 0, 0)
wolf, fox = vector(0, 0.8, 0.6, 0), vector(0.6, 0.8, 0, 0)
meow, woof, howl = vector(1, 0, 0), vector(0, 1, 0), vector(0, 0, 1)

# %% [markdown]
# Python has a memory for pairs, the dictionary. Give it the cat and the dog. What does it say when a dog
# comes along, and what does it say about the fox?

# %%
notes = {tuple(cat.tolist()): "meow", tuple(dog.tolist()): "woof"}
for name, animal in {"dog": dog, "fox": fox}.items():
    print(f"{name}: {notes.get(tuple(animal.tolist()))}")

# %% [markdown]
# `None`. A dictionary knows a key or it does not, and coming close counts for nothing. That is useless
# to a model that reads, because no two moments of a text are exactly alike. It needs something that
# answers every question, and answers similar questions similarly. Mathematics has a word for that: a
# **function**. We want a memory that is a function from keys (here animals) to values (here sounds).
#
# ## Read: a question times a matrix (*short*)
#
# The simplest function that turns one vector into another is a matrix. The one below knows our two
# animals. It has a row for each feature and a column for each sound. What would you expect it to say to
# the dog? And to the fox?

# %%
M = torch.stack([vector(1, 0, 0), vector(0, 1, 0), vector(0, 0, 0), vector(0, 0, 0)])
draw("01.memories", {"cat and dog": M})

# %% [markdown]
# **By hand.** A question says *how much of each row it wants*. The dog is (0, 1, 0, 0), so it wants
# nothing of the first row and all of the second. The answer is that row, (0, 1, 0), which is woof. The
# fox is (0.6, 0.8, 0, 0), so its answer is a mixture of two rows:
#
# $$ 0.6\cdot(1, 0, 0) + 0.8\cdot(0, 1, 0) = (0.6,\ 0.8,\ 0). $$
#
# The fox woofs, with some meow in it, although nobody has told the memory anything about foxes.
#
# With $q$ for the question, $\color{#D55E00}{M}$ for the memory and $y$ for the answer, this is one
# product. The small $t$ counts the words read so far, because the memory changes with every word:
#
# $$ y_t = q_t\,{\color{#D55E00}{M_t}} \qquad\qquad \text{Titans (5), and (15) for a memory of one matrix} $$
#
# Now write it in code. `read.hint()` gives you a nudge (there are three, each plainer than the one
# before), and `read.solution()` shows the book's version. Until your version passes its check, the
# book's version answers in its place, so nothing below breaks.

# %% [markdown] tags=["solution"]
# *In the package:* `read` is in `titans_book/steps/matrix.py`. The test in `tests/memory/test_pairs.py`
# shows that a mixture of questions gets the mixture of the answers.

# %%
@exercise("01.read")
def read(M, q):
    """Ask the memory.

    M: (d_in, d_out), the memory; q: one question (d_in), or several at once (T, d_in).
    Returns the answer (d_out), or one answer for each question (T, d_out).
    """
    ### BEGIN SOLUTION
    return q @ M
    ### END SOLUTION

# %%
read.check()

# %% [markdown]
# Does your code agree about the fox? And what does a duck say, which is all wings and resembles nothing
# that the memory knows?

# %%
duck = vector(0, 0, 0, 1)
for name, animal in {"cat": cat, "dog": dog, "fox": fox, "duck": duck}.items():
    print(f"the {name} says {in_words(read(M, animal))}")
### CLAIM
assert in_words(read(M, fox)) == "0.60 meow + 0.80 woof" and not read(M, duck).any()

# %% [markdown]
# Every question has an answer now, and silence is a possible answer. Nothing was looked up. Reading is a
# **linear map**: if you ask twice as loudly, the answer is twice as loud, and if you mix two questions, you
# get the mixture of their answers. That helps the fox. It is about to hurt the dog.
#
# ## Write: add the pair (*short*)
#
# So far we have typed the matrix in ourselves. A model has to write it, one pair at a time, while it
# reads. The oldest rule for this is named after Donald Hebb: where key and value are active together,
# strengthen the connection.
#
# **By hand.** To write the dog and its woof, multiply every feature of the dog by every entry of woof,
# and add each product to its cell. Only *snout* and *woof* are not 0, so only their cell changes: it
# gets the 1 that you saw above. The wolf has two features, so two cells change. The cell of *snout*
# and *howl* gets 0.8, and the cell of *wild* and *howl* gets 0.6.
#
# All these products together form a matrix, the outer product $k^\top v$ of the key and the value. So
# Hebb's rule is
#
# $$ {\color{#D55E00}{M_t}} = {\color{#D55E00}{M_{t-1}}} + k_t^\top v_t \qquad\qquad \text{Titans (4)} $$

# %% [markdown] tags=["solution"]
# *In the package:* `hebb_write` in `titans_book/steps/matrix.py`. The test shows that a pair comes back
# as its own value plus crosstalk.

# %%
@exercise("01.hebb_write")
def hebb_write(M, k, v):
    """Write one pair by Hebb's rule.

    M: (d_in, d_out), the memory; k: (d_in), the key; v: (d_out), the value.
    Returns the new memory. The old one stays as it is.
    """
    ### BEGIN SOLUTION
    return M + torch.outer(k, v)
    ### END SOLUTION

# %%
hebb_write.check()

# %% [markdown] tags=["instructor"]
# **In class (5 minutes).** The usual slip is `torch.outer(v, k)`, because in many papers the tokens are
# columns. Let those who made it say in words what a row of M means. Somebody will ask why `M += ...` is
# refused: the next cell shows the same memory before and after a write, and an edit in place would
# change both.

# %% [markdown]
# Do cat and dog, written into an empty memory, give the matrix above? And what changes when the wolf
# joins them?

# %%
empty = torch.zeros(4, 3, dtype=torch.float64)
two = hebb_write(hebb_write(empty, cat, meow), dog, woof)
three = hebb_write(two, wolf, howl)
draw("01.memories", {"cat and dog": two, "cat, dog and wolf": three})

# %%
### CLAIM
assert torch.equal(two, M)

# %% [markdown]
# The cells of the cat and the dog have not changed, because the wolf went into cells that were free. So
# will the dog still say woof? **Decide before you run the cell.**

# %%
for name, animal in {"cat": cat, "dog": dog, "wolf": wolf}.items():
    print(f"the {name} says {in_words(read(three, animal))}")
### CLAIM
assert torch.allclose(read(three, dog), woof + 0.8 * howl)
assert torch.allclose(read(three, wolf), howl + 0.8 * woof)

# %% [markdown]
# The dog says woof *and 0.8 howl*, although nobody has told the memory that dogs howl. Dog and wolf
# share a snout, so a question about the dog also reaches the row where the wolf's howl is stored. How
# much of it comes along is the dot product of the two keys, dog · wolf = 0.8.
#
# The same is true for any number of pairs. Take a memory that Hebb's rule has written, and ask it about
# one of its keys. The answer is
#
# $$
# k_i\,{\color{#D55E00}{M}} = k_i\sum_j k_j^\top v_j
# = \underbrace{(k_i\cdot k_i)\,v_i}_{\text{its own value}}
# + \underbrace{\sum_{j\ne i}(k_i\cdot k_j)\,v_j}_{\text{crosstalk}} .
# $$
#
# Keys of length 1 that are orthogonal, like cat and dog, have no crosstalk and are recalled exactly. All
# others leak into each other in proportion to their dot product.
#
# **Have you seen this sum before?** For any question $q$ the memory answers $\sum_j (q\cdot k_j)\,v_j$,
# which is every stored value, weighted by how well its key fits the question. That is **attention
# without the softmax**. Is it really the same? Here are seven random pairs and seven random questions.

# %%
random = torch.Generator().manual_seed(1)
q, K, V = torch.randn(3, 7, 5, generator=random, dtype=torch.float64)
matrix = torch.zeros(K.shape[1], V.shape[1], dtype=K.dtype)
for key, value in zip(K, V, strict=True):
    matrix = hebb_write(matrix, key, value)
with_attention = (q @ K.T) @ V
print("the same answers:", torch.allclose(read(matrix, q), with_attention))
### CLAIM
assert (read(matrix, q) - with_attention).abs().max() < 1e-12

# %% [markdown]
# Attention has to keep all keys and all values, and goes through them for each question. The memory
# keeps one matrix. After 100,000 words with keys and values of 64 entries, attention holds 12.8 million
# numbers, and the matrix still has 4,096. This saving is the reason for equations (4) and (5), and
# crosstalk is its price.
#
# ## How wrong is it? (*short*)
#
# Hebb's rule writes without looking. To do better, a memory first has to notice that it is wrong, and by
# how much. That number is called the **loss**.
#
# **By hand.** The dog's answer is (0, 1, 0.8), and woof is (0, 1, 0). The error is their difference,
# (0, 0, 0.8). Square each entry, add the squares up, and take half: ½ · 0.64 = 0.32.
#
# $$ \ell({\color{#D55E00}{M}}) = \tfrac12\,\bigl\|k\,{\color{#D55E00}{M}} - v\bigr\|^2
# \qquad\qquad \text{Titans (12), halved} $$
#
# The squares are *added up*, not averaged. The paper's equation (12) has no ½, but its appendix C does.
# This book keeps the ½ because it will cancel a 2 in the next chapter.

# %%
@exercise("01.loss")
def loss(M, k, v):
    """How wrong is the memory about one pair?

    M: (d_in, d_out), the memory; k: (d_in), the key; v: (d_out), the value it should answer.
    Returns one number, a tensor without axes; it is 0 if the answer is right.
    """
    ### BEGIN SOLUTION
    error = read(M, k) - v
    return 0.5 * (error**2).sum()
    ### END SOLUTION

# %%
loss.check()

# %% [markdown]
# How wrong is Hebb's memory about each of the three animals?

# %%
pairs = {"cat": (cat, meow), "dog": (dog, woof), "wolf": (wolf, howl)}
for name, (key, value) in pairs.items():
    print(f"{name}: loss {loss(three, key, value):.2f}")
### CLAIM
assert loss(three, cat, meow) == 0 and abs(loss(three, dog, woof) - 0.32) < 1e-12
assert abs(loss(three, wolf, howl) - 0.32) < 1e-12

# %% [markdown]
# The cat is exact, and dog and wolf disturb each other equally.
#
# ## Write only what is missing (*short*)
#
# Suppose the memory looks before it writes. If its answer is already right, there is nothing to write. If
# its answer is wrong, only the difference is missing. The **delta rule** does just that: *ask, compare,
# and write the difference.*
#
# **By hand.** Cat and dog are in the memory, and the wolf comes.
#
# - *Ask.* The memory answers 0.8 woof, because of the snout.
# - *Compare.* The right answer is howl, so howl − 0.8 woof = (0, −0.8, 1) is missing.
# - *Write.* Add 0.8 times the missing part to the row *snout*, and 0.6 times the missing part to the
#   row *wild*. Then these two rows are
#
# | | meow | woof | howl |
# |---|---|---|---|
# | snout | 0 | 1 − 0.64 | 0.8 |
# | wild | 0 | −0.48 | 0.6 |
#
# **Take a pencil.** What does the memory answer to the wolf now? And to the dog?
#
# In symbols there is one more letter, the write rate $\color{#009E73}{\theta}$. It says what share of the
# missing part is written. Above we wrote all of it, so $\theta$ was 1.
#
# $$
# {\color{#D55E00}{M_t}} = {\color{#D55E00}{M_{t-1}}} + {\color{#009E73}{\theta_t}}\,k_t^\top
# \bigl(v_t - k_t{\color{#D55E00}{M_{t-1}}}\bigr) \qquad\qquad \text{Titans (34)}
# $$

# %% [markdown] tags=["solution"]
# *In the package:* `loss` and `delta_write` in `titans_book/steps/matrix.py`. The tests show that a known
# pair is not written again, and that θ = 1 is exact for a key of length 1.

# %%
@exercise("01.delta_write")
def delta_write(M, k, v, theta):
    """Write what is missing of one pair.

    M: (d_in, d_out), the memory; k: (d_in), the key; v: (d_out), the value; theta: a number, the
    share to write. Returns the new memory. The old one stays as it is.
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
### CLAIM
assert torch.allclose(read(delta, wolf), howl)
assert torch.allclose(read(delta, dog), 0.36 * woof + 0.8 * howl)

# %% [markdown]
# The wolf is exact. **But now the dog howls.** To fix the wolf's answer, the delta rule lowered the
# snout's *woof*, and the dog needed that. Hebb's dog was confused, but its woof was louder than its howl.
# Delta's dog says the wrong thing. Which of the two memories is better? Add the losses up.

# %%
for rule, memory in {"Hebb": three, "delta": delta}.items():
    print(f"{rule}: total loss {sum(loss(memory, *pair) for pair in pairs.values()):.2f}")
### CLAIM
assert abs(sum(loss(delta, *pair) for pair in pairs.values()) - 0.5248) < 1e-12

# %% [markdown]
# Delta has the smaller total loss, but it gets one animal wrong. Hebb has the larger loss, but for each of
# the three animals the right sound is the loudest. Keep this in mind, because it will come back on a
# larger scale.
#
# There are two arguments for looking before you write. The first is repetition. What does each rule do
# with the *same* pair, written three times?

# %%
hebb, again = empty, empty
for times in (1, 2, 3):
    hebb, again = hebb_write(hebb, dog, woof), delta_write(again, dog, woof, 1.0)
    print(f"{times}x: Hebb {in_words(read(hebb, dog))}, delta {in_words(read(again, dog))}")
### CLAIM
assert torch.equal(read(hebb, dog), 3 * woof) and torch.equal(read(again, dog), woof)

# %% [markdown]
# Hebb's dog gets louder each time. Delta leaves the memory alone once it knows the pair. The second
# argument is that mistakes can be repaired. Let the delta rule practise the dog and the wolf a few more
# times. When does the dog bark again?

# %%
mended = delta
for times in (2, 3, 4):
    for name in ("dog", "wolf"):
        mended = delta_write(mended, *pairs[name], 1.0)
    print(f"after pass {times} the dog says {in_words(read(mended, dog))}")
### CLAIM
assert abs((read(mended, dog) - woof).norm() - 0.8**7 * 1.64**0.5) < 1e-12

# %% [markdown]
# It barks after the second pass. Each pass leaves 0.8² = 64 % of the error, so with enough practice the
# memory comes as close to both pairs as you like.
#
# ## Play: the write board
#
# Each button writes one pair. The matrix and the answers change at once. A frame shows how far the bar of
# the right sound should reach, and everything else in the answer is crosstalk. The slider sets how alike
# dog and wolf are (their dot product). When you move it or switch the rule, the board writes your whole
# list again into an empty memory.
#
# **A question for the board.** Use the delta rule and write the dog first and the wolf second, once each.
# How alike must they be for the dog to howl *louder than it woofs*? And what happens under Hebb's rule?

# %%
WriteBoard(
    writes=("dog", "wolf"), rule="delta", likeness=0.3,
    read=read, hebb=hebb_write, delta=delta_write,
)

# %% [markdown]
# Try the fox, too: the board always asks it and never writes it. And write the wolf five times under
# Hebb's rule.
#
# If the board does not move where you read this, the next picture covers every position of its slider.
# It shows how loud woof and howl are in the dog's answer after the dog and the wolf have been written.

# %%
likeness = torch.linspace(0, 1, 51, dtype=torch.float64)

def dog_says(write):
    """The answers to the dog, for each likeness."""
    wolves = [vector(0, x, (1 - x * x) ** 0.5, 0) for x in likeness.tolist()]
    memories = [write(write(empty, dog, woof), wolf, howl) for wolf in wolves]
    return torch.stack([read(M, dog) for M in memories])

def delta_once(M, k, v):
    return delta_write(M, k, v, 1.0)

# %%
by_hebb, by_delta = dog_says(hebb_write), dog_says(delta_once)
draw("01.dog_or_wolf", likeness, {
    "woof, Hebb": by_hebb[:, 1], "woof, delta": by_delta[:, 1], "howl, both rules": by_delta[:, 2],
})

# %%
### CLAIM
assert torch.allclose(by_hebb[:, 2], by_delta[:, 2])
assert torch.allclose(by_delta[:, 1], 1 - likeness**2)
louder = likeness[by_delta[:, 2] > by_delta[:, 1]]
assert 0 < louder[0] - (5**0.5 - 1) / 2 < 0.02

# %% [markdown]
# <details><summary><b>Answer</b> (try the board first)</summary>
#
# Between 0.61 and 0.62. If dog and wolf have the likeness ρ, the dog's answer is (1 − ρ²) woof + ρ howl.
# You computed this for ρ = 0.8. Both are equally loud where ρ² + ρ = 1, and the solution of that is the
# **golden ratio**, 0.618. Under Hebb's rule the dog says 1 woof + ρ howl, so its howl never gets louder
# than its woof. At ρ = 1 dog and wolf have the same key, and no rule can tell them apart.
#
# </details>
#
# ## How much fits into a matrix? (*build*)
#
# Three animals chosen by hand prove little, and nobody chooses the keys of a language model by hand. So
# we take 64 random keys and 64 random values, all of length 1 and with d = 32 entries. How alike are two
# random keys?

# %%
def make_pairs(seed):
    return random_pairs(seed, d=32)

K, V = make_pairs(seed=0)
alike = (K @ K.T).fill_diagonal_(0).square().sum() / (64 * 63)
print(f"two keys: dot product squared {alike:.3f} on average; 1/d is {1 / K.shape[1]:.3f}")
### CLAIM
assert abs(alike - 1 / 32) < 0.002

# %% [markdown]
# Random directions are nearly orthogonal, and the more entries they have, the closer they come to that.
# So there should be little crosstalk between two pairs. But it adds up with every further pair.
#
# To see how fast, we judge a memory by its **error**, the average of |k M − v|² over the pairs it was
# given (twice the loss). An empty memory answers 0 to everything, and the values have length 1, so its
# error is exactly 1. That is the number to beat.

# %%
def error(M, K, V):
    return (read(M, K) - V).square().sum(1).mean()

nothing = torch.zeros(K.shape[1], V.shape[1], dtype=K.dtype)
print(f"an empty memory has error {error(nothing, K, V):.2f}")

# %% [markdown]
# **Your experiment.** Write the pairs one by one, and after each write judge the memory on all the pairs
# that are in it by then. This gives one number per write, a curve. A single run may be luck, so do it
# for several seeds and take the average. You will need about ten lines, and the rest of the chapter
# runs on them.

# %%
@exercise("01.experiment")
def experiment(write, judge, make_pairs, repeats):
    """How good is a memory after 1, 2, 3, ... writes?

    make_pairs(seed) returns keys K (n, d_in) and values V (n, d_out); the runs have the seeds
    0 to repeats - 1, and each starts with an empty memory. write(M, k, v) returns the memory with
    one pair more. judge(M, K, V) returns a number, a tensor without axes, about these pairs.
    Returns n numbers, a tensor of K's dtype: what the judge says after each write about the pairs
    written so far, averaged over the runs.
    """
    ### BEGIN SOLUTION
    curves = []
    for seed in range(repeats):
        K, V = make_pairs(seed)
        M = torch.zeros(K.shape[1], V.shape[1], dtype=K.dtype)
        curve = []
        for n in range(1, len(K) + 1):
            M = write(M, K[n - 1], V[n - 1])
            curve.append(judge(M, K[:n], V[:n]))
        curves.append(torch.stack(curve))
    return torch.stack(curves).mean(0)
    ### END SOLUTION

# %%
experiment.check()

# %% [markdown] tags=["instructor"]
# **In class (10 minutes).** Ask for the two loops on paper before anybody types: what is made anew for
# each run, what for each pair? Most mistakes are a line in the wrong loop, and the check names them.

# %% [markdown]
# **Predict.** How does the error of *Hebb's* memory grow with the number of pairs? Is there a cliff where
# the memory is full, at n = d = 32? If you would rather compute than guess, the formula for crosstalk is
# all you need.

# %%
hebb_error = experiment(hebb_write, error, make_pairs, repeats=12)
predict("01.recall_error", hebb_error)

# %% [markdown]
# Each of the n − 1 other pairs adds 1/d to the error on average, so you should expect (n − 1)/d. That is
# a straight line without any cliff. But it reaches 1 at n = d + 1, and from there on *an empty memory
# would be closer to the truth*.
#
# Does the delta rule do better? And how much does practice help? `practised` lets it go over the pairs
# eight times.

# %%
counts = torch.tensor([1, 8, 16, 24, 32, 48, 64])
delta_error = experiment(delta_once, error, make_pairs, repeats=12)
patient_error = practised(delta_once, error, make_pairs, counts, passes=8)
draw("01.three_rules", counts, {
    "Hebb": hebb_error[counts - 1],
    "delta, one pass": delta_error[counts - 1],
    "delta, 8 passes": patient_error,
})

# %%
for n, patient in zip(counts.tolist(), patient_error, strict=True):
    one, other = hebb_error[n - 1], delta_error[n - 1]
    print(f"n = {n:2}: Hebb {one:.2f}, delta {other:.2f}, with practice {patient:.2f}")
### CLAIM
expected = torch.arange(64) / 32
assert (hebb_error - expected).abs().max() < 0.12
assert (delta_error < hebb_error)[1:].all() and (delta_error < 0.75 * hebb_error)[7:].all()
assert abs(delta_error[-1] - 1) < 0.1
assert patient_error[2] < 0.01 and 0.1 < patient_error[4] < 0.3

# %% [markdown]
# The delta rule is closer from the second pair on. After 64 pairs, though, it has an error of about 1 as
# well, no better than silence. Practice makes it exact as long as n ≤ d, although close to d that takes
# many passes. Eight passes are enough for 16 pairs, and not enough for 32.
#
# You may hear that *one pass of the delta rule is worse than Hebb's rule once the memory is full*.
# According to our curves that is false. Or have we asked the wrong question?
#
# ## Near, or recognisable?
#
# Remember the howling dog: it belonged to the memory with the smaller loss, and it was wrong. There is
# another way to judge an answer. Compare it with all stored values, and see which one it points to most.
# If that is its own value, the pair is **recognised**. This is what counts when a model picks the next
# word, and the length of the answer does not matter.
#
# Your experiment can do this as well. It only needs another judge.

# %%
def recognised(M, K, V):
    """The share of the pairs whose answer points most to its own value."""
    best = (read(M, K) @ V.T).argmax(1)
    return best.eq(torch.arange(len(K))).double().mean()

hebb_share = experiment(hebb_write, recognised, make_pairs, repeats=12)
delta_share = experiment(delta_once, recognised, make_pairs, repeats=12)

# %% [markdown]
# **Pick.** One of these curves is *Hebb's share minus delta's*. Where it is above zero, Hebb's rule
# recognises more. Which one is it?

# %%
pick("01.recognised", hebb_share, delta_share)

# %% [markdown]
# Here are both shares.

# %%
number = torch.arange(1, len(hebb_share) + 1)
draw("01.shares", number, {"Hebb": hebb_share, "delta, one pass": delta_share})

# %%
for n in (8, 16, 32, 64):
    one, other = hebb_share[n - 1], delta_share[n - 1]
    print(f"of {n:2} pairs Hebb recognises {one:4.0%}, delta {other:4.0%}")
### CLAIM
assert hebb_share[31] > 0.95 and abs(delta_share[31] - 0.84) < 0.05
assert abs(hebb_share[63] - 0.82) < 0.04 and abs(delta_share[63] - 0.44) < 0.04
ahead = hebb_share - delta_share
assert (ahead[23:] > 0.03).all() and (ahead[:16] < 0.04).all()

# %% [markdown]
# By *this* measure the saying is true, and it starts well before the memory is full. In the book's run
# Hebb's rule is clearly ahead from 24 pairs on, which is three quarters of d. After 64 pairs it recognises
# 82 % and the delta rule 44 %, where a guess would get 1.6 %.
#
# Both measures are honest, and both judge the same matrices. Why do they disagree? Look at *which* of the
# 64 pairs are recognised, from the oldest to the latest.

# %%
def hits(write, seed):
    """Which pairs are recognised after the last write, in the order of writing."""
    K, V = make_pairs(seed)
    M = torch.zeros(K.shape[1], V.shape[1], dtype=K.dtype)
    for k, v in zip(K, V, strict=True):
        M = write(M, k, v)
    return (read(M, K) @ V.T).argmax(1).eq(torch.arange(len(K)))

def share_by_place(write, runs=20):
    """The share recognised of the first eight pairs, of the next eight, and so on."""
    share = sum(hits(write, seed).double() for seed in range(runs)) / runs
    return share.view(-1, 8).mean(1)

# %%
hebb_place, delta_place = share_by_place(hebb_write), share_by_place(delta_once)
places = torch.arange(len(hebb_place)) * 8 + 4.5
draw("01.by_place", places, {"Hebb": hebb_place, "delta, one pass": delta_place})

# %%
print(f"oldest eight: Hebb {hebb_place[0]:.0%}, delta {delta_place[0]:.0%}")
print(f"latest eight: Hebb {hebb_place[-1]:.0%}, delta {delta_place[-1]:.0%}")
### CLAIM
assert (hebb_place - 0.83).abs().max() < 0.06 and delta_place[0] < 0.12 and delta_place[-1] > 0.98
assert abs((1 - 1 / 32) ** 63 - 0.14) < 0.01

# %% [markdown]
# Hebb's rule treats all pairs alike. Each value is there at full strength, under noise that grows with
# the number of pairs. The noise makes every answer too long, so the error is large, but most answers
# still point the right way.
#
# The delta rule is exact for the pair that it has just written, but each write removes about 1/32 of
# everything that was there before. The first pair has to survive 63 later writes, and (1 − 1/32)⁶³ is
# only 14 %. So delta **forgets the old in order to be right about the new**, and nobody told it to.
#
# The write rate θ leads from one rule to the other. With a small θ there is little to take away, so the
# delta rule writes almost like Hebb's rule, only more quietly. What does θ do to 64 pairs, by both
# measures?

# %%
for theta in (0.1, 0.5, 1.0):
    def rule(M, k, v, theta=theta):
        return delta_write(M, k, v, theta)

    wrong = experiment(rule, error, make_pairs, repeats=12)[-1]
    right = experiment(rule, recognised, make_pairs, repeats=12)[-1]
    print(f"θ = {theta}: error {wrong:.2f}, recognised {right:.0%}")

# %%
### CLAIM
def last(theta, judge):
    return experiment(lambda M, k, v: delta_write(M, k, v, theta), judge, make_pairs, 12)[-1]

assert last(0.5, error) < min(last(0.1, error), last(1.0, error)) and last(0.1, recognised) > 0.8

# %% [markdown] tags=["instructor"]
# **Discussion (10 minutes).** We have two memories, two measures, and opposite winners. Ask which measure
# a language model feels. (Its output layer compares directions, but the answer is first added to a
# residual stream, so its length counts as well. In Titans a norm follows the read.) Then ask which pairs
# a reader of a novel needs: the latest, or all alike? No answer fits all texts, and that is why θ, and
# later α, depend on the token.

# %% [markdown]
# No single θ is best by both measures. Titans does not have to choose one: its θ is a gate, and training
# teaches the model how strongly to write *each word* (chapter 07).
#
# ## Prove it
#
# **One.** If the keys are orthonormal, there is no crosstalk. Then nothing is ever missing but the value
# itself, so Hebb's rule and the delta rule should build the same matrix. It should be exact, even when
# all 32 places are taken. Is it?

# %%
K = torch.linalg.qr(torch.randn(32, 32, generator=random, dtype=torch.float64)).Q
V = make_pairs(seed=3)[1][: len(K)]
one = other = torch.zeros(K.shape[1], V.shape[1], dtype=K.dtype)
for k, v in zip(K, V, strict=True):
    one, other = hebb_write(one, k, v), delta_once(other, k, v)
print("exact:", bool(error(other, K, V) < 1e-24), "and the same:", torch.allclose(one, other))
### CLAIM
assert error(other, K, V) < 1e-24 and torch.allclose(one, other, atol=1e-12)

# %% [markdown]
# **Two.** No rule can hold more than d pairs exactly. The 33rd key is a mixture of the first 32, and
# reading is linear, so its answer is already settled by theirs. How good is the *best possible* matrix
# (found by least squares) for 32 pairs, for 33 and for 64?

# %%
for n in (32, 33, 64):
    K, V = random_pairs(seed=0, n=n)
    best = error(torch.linalg.pinv(K) @ V, K, V)
    print(f"{n} pairs: the best matrix has error {best:.3f}, about 1 − d/n = {1 - 32 / n:.3f}")
### CLAIM
assert abs(best - 0.5) < 0.03

# %% [markdown]
# ## Your own keys (*open*)
#
# Orthogonal keys have no crosstalk. A model makes its own keys, so should it make all of them
# orthogonal? Let us try it where many pairs are alike.
#
# A traveller follows a river and listens to the birds. Birds of one kind have dialects: neighbours sing
# alike, but along the river the song changes several times. Each bird is described by one number, its
# place x from 0 (the spring) to 1 (the mouth). Its song is one number too, its pitch, which is above or
# below the average.
#
# The traveller's memory has keys with 32 entries. The delta rule writes twelve birds into it, each of
# them twice, with θ = 1. Then we ask the memory for these twelve birds, and for 24 **new** birds at
# places where none was heard. Each of the two errors is divided by that of an empty memory.
#
# The simplest orthogonal keys are *slots*. The river is cut into 32 stretches, and the key of a place is
# a 1 for its own stretch and a 0 for every other. What would you expect for the two groups of birds?

# %%
found = river_errors(slot_key)
print(f"slots: heard {found['heard']:.2f}, new {found['new']:.2f}, where an empty memory has 1")
### CLAIM
assert abs(found["heard"] - 0.003) < 0.001 and abs(found["new"] - 0.682) < 0.001

# %% [markdown]
# The birds that were heard come back almost without error. But most new birds fall into a slot in which
# nothing was written, and there the memory is silent. It is the dictionary again, the one that had no
# answer for the fox.
#
# **Your task.** Write a function that makes a key from a place. Both errors should be small, and the
# *larger* one is your **score**. Slots have 0.68, and the book's keys have 0.13. You need 0.16 or less.
# The errors are taken over twelve rivers (seeds 0 to 11), so it does not help to learn one of them by
# heart.

# %%
@exercise("01.my_key")
def my_key(x):
    """The key of a place on the river.

    x: a number from 0 to 1, a tensor without axes. Returns the key (32), in float64. The same
    place has to get the same key each time, because that is how its bird is found again.
    """
    ### BEGIN SOLUTION
    centres = torch.linspace(0, 1, 32, dtype=torch.float64)
    key = torch.exp(-(((x - centres) / 0.08) ** 2) / 2)
    return key / key.norm()
    ### END SOLUTION

# %%
my_key.check()

# %% [markdown]
# Here is one of the rivers. You see the pitch of the birds, and what the memory sings at each place,
# with slots, with your keys, and with the book's. (If yours cannot be run yet, only the other two are
# drawn.) Where does your memory guess well, and where does it make things up?

# %%
draw("01.river", my_key)

# %%
for name, key in {"slots": slot_key, "yours": my_key}.items():
    found = river_errors(key)
    each = ", ".join(f"{birds} {value:.2f}" for birds, value in found.items())
    print(f"{name:10} score {max(found.values()):.2f} ({each})")
print("the book's score 0.13 (heard 0.01, new 0.13)")

# %%
### CLAIM
mine, others = river_errors(my_key), river_errors(my_key, range(200, 260))
assert abs(mine["heard"] - 0.011) < 0.001 and abs(mine["new"] - 0.128) < 0.001
assert others["heard"] < 0.03 and others["new"] < 0.13

def bumps(x, width):
    key = torch.exp(-(((x - torch.linspace(0, 1, 32).double()) / width) ** 2) / 2)
    return key / key.norm()

narrow, wide = (river_errors(lambda x, w=w: bumps(x, w)) for w in (0.01, 0.3))
assert abs(narrow["new"] - 0.61) < 0.01 and narrow["heard"] < 0.01
assert abs(wide["new"] - 0.95) < 0.01 and abs(wide["heard"] - 0.77) < 0.01

# %% [markdown]
# <details><summary><b>What the book's keys do, and what they cost</b> (try it first)</summary>
#
# Each of the 32 entries has a place of its own on the river, and it is large when x is near that place.
# So a key is a bump around x. Its width is 0.08, about as far as from one bird to the next. Two
# neighbours share much of their bumps, and distant birds share nothing.
#
# The width decides everything. With 0.01 the bumps are slots once more, and the new birds have an
# error of 0.61. With 0.3 all keys are alike. Then even the heard birds disturb each other, and the
# errors are 0.77 and 0.95. **Crosstalk from a near pair is a good guess, and crosstalk from a distant
# pair is noise.** A good key lets in the first and keeps out the second.
#
# The price is the number 0.08. It fits these rivers, and where the song changed twice as fast it would
# be too wide. In Titans nobody chooses it: a matrix makes each key from its word, and training finds
# that matrix (chapter 07).
#
# </details>
#
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
# 1. A memory is a function: it answers every question, and similar questions similarly.
# 2. Hebb's rule adds the outer product of key and value. Reading gives the value back, plus crosstalk
#    from every key that is not orthogonal.
# 3. The delta rule writes only what is missing. It is exact for the latest pair, and a pair that it
#    knows changes nothing.
# 4. A d by d matrix can hold d pairs exactly. Beyond that, every rule has to choose what to lose.
# 5. Delta's answers are closer, but in a full memory more of Hebb's can be recognised. When somebody says
#    that one memory is better, ask "by which measure?"
# 6. Crosstalk is also how a memory guesses. Orthogonal keys recall best, but they say nothing about a new
#    pair. Good keys are alike where the answers are.
#
# **What this does not show.** These are random pairs with 32 entries and twelve seeds. They show the
# mechanism, not how large the effect is in a trained model. The paper has no experiment of this kind.
#
# <details><summary>For readers of the paper: where we differ</summary>
#
# Our loss has the ½ of appendix C, which equation (12) lacks, so our θ is twice the paper's.
# Equation (34) is printed for tokens as columns. Ours are rows throughout, so everything is transposed.
#
# </details>
#
# **Keep your code.** Later chapters, and in the end the model that you train, can run on your own
# functions. The next cell keeps those that have passed their checks.

# %%
for mine in (read, hebb_write, loss, delta_write):
    print(mine.keep())

# %%
progress_map()

# %% [markdown]
# **Next.** The delta rule came from a wish, to write only what is missing. In
# [chapter 02](02_surprise_is_a_gradient.ipynb) the same rule comes out of calculus: it follows a
# gradient, and the length of that gradient is what Titans calls *surprise*.
