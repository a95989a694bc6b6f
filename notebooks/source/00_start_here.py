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
# *Read 16 minutes, play 10, code 31. Any CPU will do.*
#
# In the third chapter of a novel a woman loses a ring. In the thirtieth somebody finds it. How can a
# language model that reads the book know whose it is? There are two usual ways, and each has its price.
#
# - **Attention** keeps a note of every word, and it looks at all the notes again for each new word.
#   Nothing is lost, but every word costs more than the one before. For a novel of 100,000 words that
#   adds up to five billion looks.
# - A **recurrent state** is a fixed set of numbers, and each word is mixed into it. It is fast however
#   long the text may be, but new words crowd out the old ones, and by chapter thirty the ring is gone.
#
# **Titans**, a paper by Google researchers, proposes a third way: a small memory that *is trained while
# it reads*. At each word it says what it expects. If it was wrong, it is surprised, and this error trains
# it a little, there and then. What it has learned so far is all that it knows of the text.
#
# Run the two cells below with Shift + Enter. The first is folded because it only imports what the
# chapter uses.

# %% tags=["folded"]
import torch
from titans_book.lab.pictures import style
from titans_book.book import draw, exercise, off, progress_map
from titans_book.book.ch00.beside import scoreboard
from titans_book.book.ch00.forgetting import ForgettingSlider
from titans_book.book.ch00.impostors import four_memories
from titans_book.book.ch00.promise import recorded
from titans_book.book.ch00.reading import cells, read
from titans_book.book.ch00.twisters import TEXTS

style.use(dark=False)  # True: pictures for a dark page

# %% tags=["solution"]
off()  # the solved edition leaves your progress alone

# %%
draw("00.three_ways", ["the", "dog", "barks", "and", "the", "fox"])

# %% [markdown]
# ## Watch one learn
#
# Here is such a memory, about the smallest one possible. It reads a sentence, and then the same sentence
# again. At each letter it is shown the two letters before it (the **key**), and it learns which letter
# comes next (the **value**). Nobody has trained it before: it starts empty. Run the cell and **press
# play**.

# %%
sentence = "we learn what surprises us. "
reading = read(sentence * 2)
draw("00.film", reading)

# %% [markdown]
# The picture is the whole memory. It has a column for each pair of letters and a row for each letter
# that may follow. When a pair comes, the memory looks into that pair's column and finds what it expects.
# Then the letter that really came is written into the same column.
#
# The purple shade of a letter is its **surprise**: how far off the memory was just before it saw that
# letter. A column that is still empty expects nothing, and that gives a surprise of 1. Expecting the
# wrong letter gives more than 1. How much less does the second reading surprise it than the first?

# %%
first, second = reading.halves()
print(f"mean surprise: first reading {first:.2f}, second reading {second:.2f}")
### CLAIM
assert abs(first - 1.01) < 0.01 and abs(second - 0.27) < 0.01

# %% [markdown]
# In the book's run surprise drops from 1.01 to 0.27, about a quarter. Everything that made the difference
# was learned *during* the first reading. But some letters still stand out in the second. Which ones?

# %%
half = len(sentence)
for t in range(half, 2 * half):
    if reading.surprise[t] > 0.5:
        before, letter = reading.before[t], reading.text[t]
        print(f"after {before!r} comes {letter!r}: surprise {reading.surprise[t]:.2f}")
### CLAIM
again = reading.surprise[half:]
assert (again > 0.5).sum() == 2 and abs(again.min() - 0.2) < 0.01

# %% [markdown]
# A space and a `w` are followed by `e` in *we* and by `h` in *what*. From two letters the memory cannot
# tell which of the two words it is in, so each time it expects the other one. It knows all the other
# pairs. Only 0.2 of their surprise is left, because one write mends 80 % of the error. That share, 0.8,
# is the **write rate θ** (theta).
#
# Here is the memory after the last letter, with its names (`_` is a space). Can you find the column that
# is torn between two letters?

# %%
draw("00.memory", reading)

# %% [markdown]
# Now write a sentence of your own into the cell above, and run the cells again. Nothing below will break.
# Can you find one that the memory knows better by the second reading, and one that it finds hopeless?
#
# ## What the papers claim, and what you will see
#
# This book is about three papers, all by Ali Behrouz and colleagues.
#
# - **Titans** (2025) puts such a memory, in the form of a small network, into a language model. The
#   authors claim that it beats transformers and recent recurrent models of the same size, and that it
#   still finds a fact in a text of more than two million tokens.
# - **MIRAS** (2025) claims that many known models are memories of this kind. They differ in four choices,
#   and other choices give new models.
# - **Nested Learning** (2025) claims that optimizers are memories as well, and that a model is a nest of
#   learners, each with a speed of its own.
#
# These are their claims. We cannot check them at their size. What you can do is build every part, find
# out on a laptop what it does, and see where it fails. By the end you will have written the memory, made
# it deep and fast, put it into a language model, and trained that model while you watched its memory.
#
# Here is one thing you will see, in chapter 13. Small language models read 32 words from plays by
# Shakespeare that they have never seen, then other words, and then the same 32 words again. What did the
# first reading save at the second? The picture says it in **bits**: one bit saved means that the right
# word has become twice as likely.

# %%
draw("00.saved", recorded())

# %%
### CLAIM
models = {name: entry["plays"]["saved"] for name, entry in recorded()["models"].items()}
assert abs(models["lmm"][1][0] - 4.1) < 0.05 and 17 <= 2 ** models["lmm"][1][0] < 17.5
assert abs(models["window, convolution"][1][0]) < 1e-6
assert models["attention, convolution"][2][0] > models["lmm"][2][0] + 3
assert models["lmm, gated-deltanet, plain start"][0][0] < 0.02

# %% [markdown]
# Attention to every word saves most, because it has kept every word. Attention to the last 16 words saves
# nothing, because by then the passage is out of sight. **The memories have a fixed size, and they still
# save a lot.** With 128 words in between, Titans' deep memory saves 4.1 bits a word, which makes the right
# word 17 times as likely. With distance it fades.
#
# There are two caveats. All of these models were trained on texts in which passages return, and the memories
# were given a start that suits the task. With a plain start, the same training leaves a memory that saves
# nothing. Chapter 13 shows both.
#
# ## What you need
#
# You should know some Python and PyTorch. Here are eight questions, half a minute each. If one of the
# answers is news to you, follow its link before you go on to chapter 01. This chapter needs none of them.
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

# %%
### CLAIM
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
# ## Forgetting
#
# A text has no end, and a memory of fixed size fills up. So Titans lets it **forget**. Before each write,
# everything in the memory shrinks by the share **α** (alpha): with α = 0.1 it keeps 90 % of each number.
#
# Move the slider. Each move reads the sentence twice again, with an empty memory at the start. How large
# must α be until the second reading surprises the memory as much as the first, to within 5 %?

# %%
ForgettingSlider(sentence)

# %% [markdown]
# If sliders do not work where you read this, here are five of its positions, a row for each. Bright means
# surprised. In which row does the second half look like the first?

# %%
positions = [0.0, 0.01, 0.03, 0.1, 0.3]
draw("00.five", {alpha: read(sentence * 2, alpha=alpha) for alpha in positions})

# %% [markdown]
# <details><summary><b>Answer</b> (try the slider first)</summary>
#
# At about α = 0.1. Call what one letter has written its *trace*. With every further letter the trace keeps
# the share 1 − α, and the sentence comes back after 28 letters. So a share of 0.9<sup>28</sup>, about 5 %,
# is left of it, which is as good as nothing. The next cell searches for the place.
#
# </details>

# %%
def second_to_first(alpha):
    first, second = read(sentence * 2, alpha=alpha).halves()
    return second / first

values = torch.arange(0, 0.3, 0.005).tolist()
close = [value for value in values if second_to_first(value) >= 0.95]
found = f"α = {close[0]:.3f}" if close else "no α below 0.3"
print(f"the second reading surprises as much as the first from here on: {found}")
### CLAIM
assert abs(close[0] - 0.1) < 0.006 and half == 28 and abs(0.9**half - 0.05) < 0.005

# %% [markdown]
# ### Your turn: one number (*short*)
#
# Which α leaves exactly **half** of a trace after 28 letters? Replace the last line of the stub by a
# `return` with your number. You may work it out on paper or in Python, or guess and guess again.
#
# Every exercise of the book has a check that tries to say *which* mistake you made. It also has three
# hints (`my_alpha.hint()`) and a solution (`my_alpha.solution()`). You are never stuck: as long as yours is
# open or wrong, the book's own version answers in its place.

# %%
@exercise("00.my_alpha")
def my_alpha():
    """The forgetting that halves a trace within 28 letters: a number between 0 and 1."""
    ### BEGIN SOLUTION
    return 1 - 0.5 ** (1 / 28)  # (1 - alpha) ** 28 = 1/2
    ### END SOLUTION

# %%
my_alpha.check()

# %%
left = 1.0
for _ in range(28):
    left = left - my_alpha() * left
print(f"after 28 letters {left:.0%} is left")
### CLAIM
assert 0.48 < left < 0.52

# %% [markdown]
# ## Which of these four has read the text?
#
# One of these pictures is the memory that you have just watched, with α = 0. The other three are
# impostors. The line above the picture is a clue. Decide before you run the cell after it.

# %%
lineup = four_memories(sentence)
clue = lineup.asked()
print(f"a clue: which letter follows the pair {clue.replace(' ', '_')!r} in the text?")
draw("00.four", lineup)

# %%
print(*lineup.answers(clue), "", lineup.truth(), sep="\n")
### CLAIM
assert lineup.kinds == ("forgets", "read", "looks back", "noise")
assert len({line[3:6] for line in lineup.answers(clue)}) >= 3

# %% [markdown]
# The impostor that looks back is the interesting one. It is as tidy as the true memory, and it has read the
# same text. What a memory knows depends on the pairs it was given, and its picture alone does not tell you.
#
# ## Build the loop (*build*)
#
# Until now the book has done the reading. Now you write it. At each letter four things happen:
#
# 1. The memory is asked. Its answer is the row of the pair that came before. (In code, and in the rest of
#    the book, keys are rows. The pictures above lie on their side, so that time runs to the right.)
# 2. You compare the answer with what it should have been: a 1 for the letter that came, and 0 for all
#    others. What is missing is again a row of numbers, and its **length** is the surprise. (The length of
#    (3, 4) is 5.)
# 3. Everything in the memory fades, as α says.
# 4. A share θ of what was missing goes into the row that was asked.
#
# The memory after each letter is a frame of the film.

# %%
@exercise("00.read_text")
def read_text(M, rows, columns, theta, alpha):
    """Read a text of T letters, and learn while reading.

    M: (pairs, letters), the memory at the start, which is to stay as it is. rows, columns: T whole
    numbers each; at every letter, which row is asked, and the column of the letter that came.
    theta, alpha: the write rate and the forgetting, numbers.
    Returns the film (T + 1, pairs, letters), which begins with M, and the surprise (T) of each
    letter just before it was written. Both are tensors.
    """
    ### BEGIN SOLUTION
    film, surprise = [M], []
    for row, column in zip(rows, columns, strict=True):
        missing = -M[row]
        missing[column] += 1
        surprise.append(missing.norm())
        M = (1 - alpha) * M
        M[row] += theta * missing
        film.append(M)
    return torch.stack(film), torch.stack(surprise)
    ### END SOLUTION

# %%
read_text.check()

# %% [markdown]
# Here is your own film, right or wrong, beside the book's. Try θ = 1, or an α that you like.

# %%
draw("00.both_films", read_text, sentence, theta=0.8, alpha=0.02)

# %%
rows, columns, shape = cells(sentence * 2)
film, surprise = read_text(torch.zeros(shape), rows, columns, 0.8, 0.02)
ours = surprise[:half].mean(), surprise[half:].mean()
theirs = read(sentence * 2, alpha=0.02).halves()
print("the loop in use:     first reading {:.3f}, second {:.3f}".format(*ours))
print("the package's layer: first reading {:.3f}, second {:.3f}".format(*theirs))
### CLAIM
assert torch.allclose(surprise.double(), read(sentence * 2, alpha=0.02).surprise, atol=1e-5)

# %% [markdown]
# The second line comes from the memory layer that you will build in chapters 01 to 06. It has no rows to
# look up. Its keys are vectors, and its surprise is the length of a gradient. For keys with a
# single 1 the two are the same, to the last digit shown.
#
# ## A memory with 64 rows (*open*)
#
# So far every pair had a row of its own, as many rows as were needed. A real memory has a fixed size, so
# different things have to share it. Suppose yours has **64 rows**. Under which row do you file a letter, and
# how strongly do you write it?
#
# The texts are four tongue twisters. They are hard for people because similar sounds are followed by
# different ones, and hard for a memory for the same reason. Here is one of them.

# %%
print(TEXTS["Peter"])

# %% [markdown]
# If the key is the last letter alone, about 18 of the 64 rows are used, and most of them are torn. If the key is
# three letters, there are some 56 different keys in a text. They would fit, but unless you know the text, your
# arithmetic will send many of them to the same row. Every text is read twice, with an empty memory at the start. Your **score** is
# the mean surprise of the second reading. The key of one letter gets 0.87, and the check asks for 0.62 or less.
#
# There is no single best answer, and the book's can be beaten. `ord("a")` is the number of a letter, 97, and `number % 64` lies between 0 and 63.

# %%
@exercise("00.my_memory")
def my_memory(before):
    """Where to file the next letter, in a memory with 64 rows, and how strongly.

    before: the eight letters before it, a string; at the start of a text some of them are spaces.
    Returns a row, a whole number from 0 to 63, and a write rate from 0 to 1.
    """
    ### BEGIN SOLUTION
    row = (ord(before[-1]) + 6 * ord(before[-2])) % 64
    return row, 0.4
    ### END SOLUTION

# %%
my_memory.check()

# %%
print(scoreboard(my_memory))

# %%
### CLAIM
from titans_book.book.ch00.twisters import one_letter, prices

def mean(scores):
    return sum(scores) / len(scores)

assert abs(mean(prices(my_memory).values()) - 0.58) < 0.005
assert abs(mean(prices(one_letter).values()) - 0.87) < 0.005
rows_of = {n: mean([cells(text * 2, n)[2][0] for text in TEXTS.values()]) for n in (1, 3)}
assert abs(rows_of[1] - 18) < 0.5 and abs(rows_of[3] - 56) < 0.5

# %% [markdown]
# And here is what surprises your memory and the book's, letter by letter, when they read the text again.

# %%
draw("00.second_readings", my_memory, "Peter")

# %% [markdown]
# How far could one go? With as many rows as there are keys, and three letters to a key, no two keys would
# ever meet.

# %%
for name, text in TEXTS.items():
    print(f"{name:10} second reading {read(text * 2, context=3).halves()[1]:.2f}")
### CLAIM
unlimited = [read(text * 2, context=3).halves()[1] for text in TEXTS.values()]
assert abs(mean(unlimited) - 0.33) < 0.005

# %% [markdown]
# Those average 0.33, and the book's 64 rows get 0.58. The difference is the price of a fixed size. A longer key
# says more but has to share its row, and a lower write rate keeps two keys in one row from wiping each other
# out. Models have the same problem. In chapter 07 they *learn* their keys, and how strongly to write each word.
#
# ## The map of the book
#
# The map is a memory as well: each exercise that passes its check is written into its chapter's tile.
# Below it you see what you have passed and kept, what is due for review, and what comes next. In a terminal,
# `python -m titans_book progress` says the same, and can undo.

# %%
progress_map()

# %% [markdown]
# | | Chapter | You build | Status |
# |---|---|---|---|
# | 00 | Start here: a memory that learns while you read | a reading loop, and a key of your own | you are here |
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
# In all pictures and formulas **colour is a role**. Here is what each role looks like. You will meet them one
# by one.

# %%
draw("00.roles")

# %% [markdown]
# Each chapter explains a symbol before it uses it. If you forget one, look it up in [the notation](notation.md).
# That page also says which letters other papers use. The same letters mean other things there: our α is the
# share that is forgotten, and elsewhere α is the share that is kept.
#
# **Is your machine ready?** The book needs no GPU, and once it is installed, no network. The next cell looks at
# Python, the packages and the data. (`python -m titans_book doctor` says more.)

# %% tags=["folded"]
from titans_book.lab.desk import doctor

findings = doctor.examine()
for finding in findings:
    if finding.essential and not finding.ok:
        print(f"To mend: {finding.what}\n   what to do: {finding.advice}")
print(doctor.report(findings).splitlines()[-1])

# %% [markdown]
# ## What you have seen
#
# 1. A memory can be trained while it reads. It writes what surprises it, and what it knows hardly changes it.
# 2. The write rate θ says how much of an error is mended at once, and α how much is forgotten.
# 3. What the key does not tell apart, the memory cannot tell apart.
# 4. In a memory of fixed size keys have to share, and then they disturb each other.
#
# **What this does not show.** The keys here are chosen by hand and have a single 1. A model's keys are learned
# and overlap, its values are vectors, and its memory is a network. That is what the next chapters are about.
#
# **Next:** in [chapter 01](01_memory_is_a_function.ipynb) keys become vectors, and you find out how much fits
# into a matrix. Or look ahead: in [chapter 13](13_train_it.ipynb) a language model with such a memory trains on
# Shakespeare while you watch.
