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
# # 13 · Train it, watch it think
#
# *Read 33 minutes, play 20, code 20. Two CPU cores will do, and a GPU is used if there is one.*
#
# When you train a language model, you usually see one number: a loss that goes down. It tells you that the
# model is getting better. It does not tell you what the model has learned, or which part of it has learned it.
#
# For the models of this book that question matters. A Titans model has two kinds of weights. The **slow weights**
# are changed by training. The **fast weights** are its memory, and they are rewritten while the model reads. If
# such a model writes good text, has its memory anything to do with it? Or would the slow weights have done it
# alone? A loss curve cannot say, and a claim such as "our memory helps" needs a better answer than a loss curve.
#
# In this chapter you train a small language model on Shakespeare and look inside it while it learns. Then you
# ask it some direct questions. What does its memory write? What does it cost to switch the memory off? Does the
# model read a passage better the second time? At the end you take an unfair comparison of two models
# and make it a fair one, which changes the result.
#
# **You will be able to**
#
# 1. train a model, stop it and go on, without losing a step;
# 2. see what its memory writes while it reads, and where it is surprised;
# 3. test whether a memory is used, with its write gates shut and by reading a passage twice;
# 4. say where attention looks, and what a block owes to its memory and to its attention;
# 5. compare two trainings fairly;
# 6. save what a model has read, and go on the next day.
#
# **You need** very little from the other chapters, because each idea is named again where it is used. Chapter 01
# explains what a memory matrix is, 02 surprise, 03 momentum, 04 forgetting, 06 chunks, 07 the gates, and 09 how
# memory and attention are put together.
#
# Almost everything that you see is made by the cells in front of you. Some models and measurements take longer
# than a page should, so they are recordings, and the text says so each time.
#
# Run the next cell first. It is folded because it only imports what the chapter uses.

# %% tags=["folded"]
import json
import os

import torch
from titans_book import TitansLM, load_state, save_state, train
from titans_book.book import credit, draw, exercise, off
from titans_book.book.ch13 import bench as benches, pages, profiles, twice
from titans_book.book.ch13.fairness import BUDGET, margin_of, runs_of, unfair
from titans_book.book.ch13.recorded import VARIANTS, recorded
from titans_book.evaluation import NGram, bits_of_each, bits_per_token, twice_read
from titans_book.evaluation.shut import shut
from titans_book.inspection.looking import changes, look, size
from titans_book.inspection.relevance import relevance
from titans_book.lab.pictures import style, twice_figures
from titans_book.lab.project import ROOT
from titans_book.tasks import corpora
from titans_book.training import load_checkpoint

style.use(dark=False)  # True: pictures for a dark page
torch.set_num_threads(max(1, os.cpu_count() // 2))  # the page that shows it needs a core as well

# %% tags=["solution"]
off()  # the solved edition leaves your progress alone

# %% [markdown]
# ## The text, and a table to beat
#
# The model reads ten plays, byte by byte. There are 256 possible tokens and no tokenizer. The last tenth of the
# text is **held out**, which means that the model never trains on it. It is the end of *The Tempest*, and
# *Twelfth Night*.

# %%
text = corpora.text("shakespeare")
tokens = corpora.tokens(text)
border = int(0.9 * len(tokens))
learn, held_out = tokens[:border], tokens[border:]
print(f"{len(learn):,} bytes to learn from, {len(held_out):,} held out")
print(text[1_000_000:1_000_220])

# %% [markdown]
# We judge a model by how well it predicts the next byte of the held-out text. The unit is **bits per character**.
# If a model gives the right byte a probability of one half, that byte costs 1 bit. If it gives it a quarter, the
# byte costs 2 bits. A model that knows nothing spreads its bets over all 256 bytes and pays 8 bits.
#
# How good is that without any neural network? Here is a plain table of counts. It looks at the last four bytes
# and asks how often each byte came next in the training text.

# %%
table = NGram(order=4).fit(text[:border])
to_beat = table.bits_per_character(text[border:])
print(f"a table of counts needs {to_beat:.3f} bits per character")
### CLAIM
assert abs(to_beat - 2.606) < 0.002

# %% [markdown]
# The table needs about **2.606 bits**. It is the best table of this kind, since longer and shorter ones are
# worse. A neural model that stays above that number has learned less than a table, however well its text
# reads. So remember the number.
#
# ## Choose a model
#
# All our models are built in the same way. The bytes become vectors, then come some blocks, and at the end there
# is a score for each possible next byte. Each block does two things. First it **mixes** what it has read so far,
# and then a small perceptron works on each token alone:
#
# $$\text{bytes} \to \text{embedding} \to \big[\,x + \text{mix}(x),\;\;
# x + \text{mlp}(x)\,\big] \times \text{depth} \to \text{norm} \to \text{logits}$$
#
# The models differ in what does the mixing. We call that the **variant**:
#
# | variant | $\text{mix}(x)$ | what it knows of the earlier text |
# |---|---|---|
# | `lmm` | <span style="color:#D55E00">memory</span> alone | what is in its fast weights |
# | `mac` | <span style="color:#E69F00">attention</span> over one segment of text and over what the <span style="color:#D55E00">memory</span> recalls (memory as *context*) | its fast weights, and one segment word for word |
# | `mag` | <span style="color:#E69F00">attention</span> over a window, multiplied by a *gate* that comes from the <span style="color:#D55E00">memory</span> | its fast weights, and one window |
# | `mal` | first the <span style="color:#D55E00">memory</span> as a *layer*, then <span style="color:#E69F00">attention</span> over a window of its output | its fast weights, and one window |
# | `attention` | <span style="color:#E69F00">attention</span> alone, over a window | one window |
#
# The <span style="color:#D55E00">**fast weights**</span> of a block are small networks, one for each head.
# Training does not change them directly. It changes the <span style="color:#0072B2">**slow weights**</span>, which
# decide what is written into the memory, how strongly, and what is forgotten. The page starts with `lmm`. It
# has no attention, so almost all that it knows of the earlier text must be in its memory. (A short
# convolution also shows each block the last four tokens.)
#
# How large a model is and how long it trains is called a **profile**. There are three:

# %% tags=["nbval-ignore-output"]
pages.three_profiles()

# %% [markdown]
# Without an accelerator the page begins with `cpu-mini`, and the numbers in the text are those of the `lmm` with
# that profile. If you choose something else, yours will differ.
#
# The models also differ in how much they must carry from one token to the next. This is the **state**: fast
# weights and their momentum, and for attention the keys and values of its window. Which variant carries
# most? The next cell counts after 100 bytes.

# %% tags=["nbval-ignore-output"]
pages.count(tokens[:100])

# %% [markdown]
# A memory has many more numbers than a window of 32 bytes. But neither grows with the length of the text, while
# full attention would have to keep something of every token.
#
# What does a model write before it has learned anything? We give it the beginning `ROMEO.` and draw
# 80 bytes from its predictions. (A dot stands for a byte that cannot be printed.)

# %% tags=["nbval-ignore-output"]
torch.manual_seed(0)
model = TitansLM(benches.configure("lmm", pages.SMALL))
print(before := pages.write(model, "ROMEO.", n=80))
### CLAIM
assert before.count("·") > 20

# %% [markdown]
# That is noise, as it should be.
#
# ## Predict, then train
#
# **Predict.** The fresh model needs about 8 bits per character. How many will it need on the held-out text after
# 150 steps, which take about a minute? Write your guess down.
#
# <details><summary>Four values to compare your guess with</summary>
#
# With *4.8* it would know only how often each character occurs. With *3.7* it would know as much as a table that
# looks one byte back, with *3.1* as much as one that looks two bytes back, and with *2.6* it would be as good as
# the table above.
#
# </details>
#
# The next cell shows the live board. It has a menu of models, a menu of profiles, and a button, **Train**. While
# a model trains, the board stops from time to time and lets it read one passage of 96 letters. The passage is
# held out and it is always the same, so that you can compare two moments of the training.
#
# Watch these four things:
#
# - **The sentence** above the buttons says what the passage costs now, and how much of that is saved by what the
#   memory writes while it reads. To find this out, the board lets the model read the passage again
#   with its write gates shut.
# - **The matrices** are the fast weights of each block and head. They fill while the passage is read. Point at a
#   cell to see its value and the letter that put most into it.
# - **The passage** is shaded by surprise, $|\nabla\ell|$. With the menu `shade text by` you can shade it by
#   cost instead, or by the bits that the memory saves. Point at a letter to see what the model expects next.
# - **The lines** beside the matrices are the gates: write rate $\theta$, momentum $\eta$, forgetting $\alpha$. The
#   menu `lines` has more of them.
#
# `Pause` holds the training, and then the slider `read up to token` moves through the passage. The slider `moment`
# goes back to an earlier step of the training. `Keep as A` and `Keep as B` keep two moments, and then the menu
# `show` offers their difference. `Stop` ends the training.

# %%
bench = benches.training_bench()
bench

# %% [markdown]
# The button starts a training, and so does this cell. Each time a fresh model is trained.

# %%
await bench.train()
model, history = await pages.of_bytes(bench)
### CLAIM
as_printed = pages.as_printed(bench)
assert history.losses[-1] < 0.6 * history.losses[0] or not as_printed, "it has not learned"
first, last = bench.board.showing.album.moments[0], bench.board.showing.newest
assert (8 < first.cost < 9 and 2.9 < last.cost < 3.4) or not as_printed
assert not as_printed or 0.05 < last.worth < 0.2

# %% [markdown]
# If you train another model later, run the cells from here on again. A training that you start with
# the button is picked up by `model, history = await pages.of_bytes(bench)`.
#
# **What has the memory learned?** Read the sentence on the board. In the book's run the passage costs 8.4 bits a
# letter before the training and about 3.1 after it. What the memory writes saves about a tenth of a bit. So nearly
# all of the progress is in the slow weights, and hardly any in what the model writes while it reads.
#
# Is that always so? Choose `words that come back` in the menu and press **Train**. This model reads whole words, and
# the passage on the board ends with the same 24 words that it began with. After about a minute the second
# reading is cheaper than the first, and also cheaper than with the gates shut. Here the memory has learned to
# find again what it has read. Keep this in mind. We come back to it below.
#
# Here is the loss over the steps. The diamonds are the loss on held-out text.

# %%
draw("13.loss", history)

# %% [markdown]
# ## What has it learned?
#
# Now compare with your guess. The next cell measures a quarter of the held-out text, and the table of counts on
# the same bytes.

# %% tags=["nbval-ignore-output"]
length = profiles.PROFILES[bench.profile].settings.length
bits = bits_per_token(model, held_out[:32_768], length)
same = table.bits_per_character(text[border : border + 32_768])
print(f"after {history.steps[-1]} steps: {bits:.2f} bits per character")
print(f"the table on the same bytes: {same:.2f}")
### CLAIM
assert bits < 4.4 or not as_printed, "a model that knows letters must be well below 4.84"

# %% [markdown]
# The table is still ahead. It has counted the whole text, while our model has seen about a tenth of it. A
# longer training changes that, as the last section shows.
#
# ## Stop, and go on
#
# Long trainings are interrupted. A machine is switched off, or you lose patience. If the training can only be
# started again from the beginning, the time is lost. So can it be taken up exactly where it
# stopped?
#
# In this book a training is a **generator of events**: each step hands over its loss and waits for the reader to
# ask for the next step. If you stop asking, the training stops. It then finishes its step and writes a
# checkpoint. Let us train a tiny model twice. The first time it makes 8 steps in one go. The second time
# we stop it after 4 steps and go on from its checkpoint.

# %%
one_go = pages.in_one_go(learn, steps=8)
two_parts = pages.in_two_parts(learn, steps=8, stop=4)
print("the same losses, to the last bit:", one_go == two_parts)
### CLAIM
assert two_parts == one_go and len(one_go) == 8

# %% [markdown]
# They are the same to the last bit, because the checkpoint holds everything that decides the next step: the
# weights, the moments of AdamW, the random numbers, and the place in the text.
#
# ## Read its memory
#
# The training is over, and the slow weights no longer change. But whenever the model reads, its memory still
# changes. This is the main idea of Titans, **learning at test time**. Let us watch it.
#
# The model reads a passage that it has never seen. `look` collects what every block did at every token. It
# returns the gates, the surprise, and a film of the fast weights with one frame for each chunk.
# (If you have trained `attention` or a memory of another chapter, you see a recorded `lmm` here instead.)

# %% tags=["nbval-ignore-output"]
passage = text[border + 2_010 : border + 2_202]
reader = pages.memory_reader(bench)
seen = look(reader, corpora.tokens(passage))
trace = seen[0].memory.trace
print(len(trace.film[0]), "frames of block 1 for", len(passage), "letters")

# %% [markdown]
# Where was the memory of the first block surprised? Surprise is the length of the gradient $|\nabla\ell|$, that is,
# of the step that the memory would like to take.

# %%
draw("13.surprise", passage, trace)

# %% [markdown]
# The first line is shaded most, in the book's run the speaker's name above all. Does the surprise fall while the
# model reads? The next cell compares the first 32 letters with the last 96.

# %% tags=["nbval-ignore-output"]
surprise = trace.surprise.mean(0)
print(f"at the start {surprise[:32].mean():.0f}, at the end {surprise[-96:].mean():.0f}")

# %% [markdown]
# It falls a little, but that proves nothing yet. The memory begins every text at the same start $M_0$, so its first
# guesses are far off in any text. It would be just as surprised by a passage that it has read before.
#
# What did it write? Move through the film. The matrix shows how far the first layer of each head has moved from
# its start, $M_t - M_0$. Below it you see the text as far as it has been read.

# %%
draw("13.film", passage, trace)

# %% [markdown]
# That was one block. The next picture shows what all blocks and heads have written by the end, on one scale.

# %%
draw("13.maps", seen)

# %% [markdown]
# Is that one big write or many small ones? The next picture shows the length of what was written, the momentum
# $S_t$, and the step of every chunk.

# %%
draw("13.sizes", seen)

# %%
### CLAIM
steps = changes(trace.film)  # (chunks, heads)
written = size(tuple(W - W[:1] for W in trace.film))
assert (steps.sum(0) >= written[-1] - 1e-4).all()  # no way is shorter than the straight one
assert steps[0].mean() > steps[-4:].mean() or not as_printed

# %% [markdown]
# There are many small ones. In the book's run the first steps are the largest, because the surprise was largest
# there.
#
# The gates decide how much of each surprise is written. Nobody sets them by hand. The model has learned them, in
# the way that [chapter 07](07_learning_to_memorise.ipynb) explains. Do the heads agree?

# %%
draw("13.gates", seen)

# %% [markdown]
# They do not. Each head has gates of its own, and they change from letter to letter.
#
# A write has a key and a value. How long are they? **Predict** one of the two before you look.

# %%
draw("13.lengths", seen)

# %% [markdown]
# All keys have length 1 because the layer normalises them (Titans, section 4.4). So the strength of a write
# depends on $\theta$ and on the error, and not on the length of its key.
#
# ### Does the memory matter?
#
# We can ask the model without its memory. We shut the gates $\theta$ and $\alpha$, so that nothing is written and
# nothing fades, and measure again. **Predict:** will it be a little worse, or much worse?

# %% tags=["nbval-ignore-output"]
open_ = bits_per_token(reader, held_out[:8_000], length)
with shut(reader):  # the write gates are 0 at every token
    shut_ = bits_per_token(reader, held_out[:8_000], length)
print(f"memory open: {open_:.2f} bits, memory shut: {shut_:.2f} bits")
### CLAIM
assert 0 < shut_ - open_ < 0.3 or not as_printed

# %% [markdown]
# It is worse, but in the book's run by less than a tenth of a bit. After 150 steps the model has learned little
# more than which letters like to follow which. Its slow weights can hold that, together with the few bytes that
# its convolutions see.
#
# In chapter 07 the memory was everything, because every sequence had answers of its own, and slow weights cannot
# hold what is new each time. In a play, most of what comes next is the same as in any other play.
#
# ### Read it twice
#
# Does a model learn while it reads? Here is a direct test. Let it read a passage, then some other text, and then
# the same passage again. If the memory has kept anything, the second reading should cost less.
#
# But a cheaper second reading does not prove it, because the model has read more by then and knows the
# style better. So we need a **control**. The model reads the same bytes at the same place, but after *another*
# passage. The difference between the two is what the first reading was worth.

# %% tags=["nbval-ignore-output"]
again = twice_read(reader, held_out, distances=(64, 256), passages=40, passage=64)
for between, (mean, low, high) in zip(again.distances, again.saved(), strict=True):
    print(f"{between:3} bytes between: {mean:+.3f} bits a byte saved ({low:+.3f} to {high:+.3f})")
### CLAIM
assert all(abs(mean) < 0.1 for mean, _, _ in again.saved()) or not as_printed

# %% [markdown]
# (The numbers in brackets are a 95 % interval.) It saves next to nothing. That is no surprise: in the training of
# this model no passage ever came back, so there was never a reason to remember one.
#
# Here is a recorded model that had a reason. It has two blocks with a memory and no attention, and its memory
# follows the gated delta rule of [chapter 10](10_miras.ipynb). It was trained for two minutes on Shakespeare, with
# whole words as tokens, and in its training texts passages do come back. It also had a helpful start. When its
# training begins, the key of each word is made from the word *before* it. So each word is stored under its
# predecessor, and asking with a word finds what came after it.
#
# This model reads 24 words of a play that it has never seen, then 128 words of something else, and then the 24
# words again. The cell prints the bits that each word costs.

# %%
one, _ = twice.recorded("lmm, gated-deltanet")
words, texts = twice.texts()
chosen, between = texts["plays"][4_000:4_024], texts["plays"][6_000:6_128]
costs = bits_of_each(one, torch.cat([chosen, between, chosen]))
print("bits     first  second")
for word, first, second in zip(chosen[1:], costs, costs[-len(chosen) + 1 :], strict=False):
    print(f"{words.text(word[None]):8} {first:5.1f} {second:7.1f}")
### CLAIM
assert costs[-23:].mean() < costs[:23].mean() - 1.5

# %% [markdown]
# Nearly every word is cheaper the second time. This model has no window that could still see the passage, so the
# gain can only come from what its memory wrote.
#
# One passage is an anecdote. The next picture has 200 of them, from a part of Shakespeare that was held out. It
# compares several recorded models with the same training. Each line says how many bits a word the first reading
# has saved over the control, and the bars are 95 % intervals. Some of the models have attention, over a window of 16
# words or over everything. **Predict:** which lines are at 0, and which is the highest?

# %%
record_twice = json.loads(twice.RECORD.read_text(encoding="utf-8"))
draw("13.twice", record_twice)

# %%
twice_figures.second_reading_table(record_twice, distance=128)
### CLAIM
saved = {name: entry["plays"]["saved"] for name, entry in record_twice["models"].items()}
told = ("lmm", "lmm, gated-deltanet", "mal, gated-deltanet")
assert all(low > 0.9 for name in told for _, low, _ in saved[name])
windows = saved["window"] + saved["window, convolution"]
assert all(abs(mean) < 1e-6 for mean, _, _ in windows)
assert min(low for _, low, _ in saved["attention, convolution"]) > 5
assert max(mean for mean, _, _ in saved["attention"]) < 0.1
assert max(mean for mean, _, _ in saved["lmm, gated-deltanet, plain start"]) < 0.02
over_shut = {name: record_twice["models"][name]["plays"]["saved_over_shut"] for name in told}
assert all(low > 0.7 for name in told for _, low, _ in over_shut[name])

# %% [markdown]
# - **The windows** are at 0 exactly. Two blocks with windows of 16 words see 36 words back at most, and the passage
#   is further away.
# - **The memories save bits at every distance.** The deep memory of Titans (`lmm`) saves 4.1 bits a word with 128
#   words in between, and 2.1 with 512. On *Moby-Dick*, which is by another author, it saves 3.7 and 2.0.
# - **Full attention is the highest line**, if it has the same convolution and the same start as the memories.
#   It saves 6.0 bits even over 512 words, because it keeps every word that it has read. A memory has a
#   state of fixed size, so later words are written over earlier ones.
#
# Two lines may surprise you. *Full attention without the convolution* saves almost nothing, although it sees the
# whole passage. To use it, the model must look up where this word was before and which word came after it, and in
# 600 steps it did not learn to do that. And *the same memory with a plain start* saves nothing either. So what made
# the difference was the helpful start, in which keys are made from the word before. Training then only had to make
# use of it.
#
# So a memory of this kind *can* learn while it reads, and it keeps what it has read far beyond any window. This
# has a price. On a first reading, models that rely on their memory need up to 6.9 bits a word, and full attention
# with a convolution even 7.2. The window needs 6.3, and the memory with a plain start 6.4. There
# is a second control, too. With the gates shut, a known passage costs as much as an unknown one. Measured
# against shut gates the deep memory saves 3.6 bits over 128 words instead of 4.1, because unknown words
# become a little cheaper when nothing is written.
#
# Was it luck? Three of the models were trained with two more seeds. The cell prints the bits saved over 128 words.

# %%
for name, others in record_twice["seeds"].items():
    kinds = [record_twice["models"][name], *others.values()]
    print(f"{name:24}", *(f"{kind['plays']['saved'][1][0]:6.2f}" for kind in kinds))

# %% [markdown]
# ## Where does attention look?
#
# To compare the five variants, here are **five recorded models**. All are small, with chunks of 16 bytes and a segment
# or window of 32. They had the same seed, the same text in the same order, and 300 steps. Their memories
# forget towards zero, as the paper has it. Which one do you expect to be best?

# %%
kept = {name: recorded(name) for name in VARIANTS}
for name, (trained, record) in kept.items():
    slow, seconds = trained.parameter_count(), record["seconds"]
    print(f"{name:10} {slow:8,} slow weights   {record['bits']:.2f} bits   {seconds} seconds")
### CLAIM
bits_of = {name: record["bits"] for name, (_, record) in kept.items()}
assert min(bits_of, key=bits_of.get) == "mal" and max(bits_of, key=bits_of.get) == "mac"
assert abs(bits_of["lmm"] - bits_of["attention"]) < 0.02

# %% [markdown]
# MAL is ahead and MAC is last. Before you draw a conclusion, look at the seconds. The steps are equal and the times
# are not. There are other reasons for doubt, and we come back to them in *An unfair comparison*. First we
# look inside.
#
# MAC's attention can look at three kinds of columns. There are four **persistent tokens** P, which are the same for
# every text. Then there is what the **memory** recalled for every token, and then the **text** itself. In each map
# below, a row is a byte that looks and a column is something that it may look at. There is one map for
# each head. **Predict:** MAC's segments are 32 bytes long. Which shape will the maps have?

# %%
look_at = passage[:96]
looking = ("mac", "mag", "mal", "attention")
whom = {name: look(kept[name][0], corpora.tokens(look_at)) for name in looking}
draw("13.attention", whom["mac"], "mac")

# %% [markdown]
# Most of the light is on the diagonal, so each byte looks at itself and its neighbours. That is how MAC starts in this
# book, since its memory can learn only from what attention answers
# ([where we differ](where_we_differ.md) has the measurement). After 300 steps it has not moved far from there.
#
# A few rows light up. Their bytes turn to the **memory**. The light ends at the border of their segment, because no
# byte can see the segment before. Whatever a byte knows of earlier segments must come through the
# memory's columns. When does a byte ask the memory? The next picture shows the shares of attention, byte by byte.

# %%
draw("13.shares", whom["mac"])

# %% [markdown]
# It asks rarely, but then with up to half of its attention. Which bytes are these? Guess first. The cell takes the
# first head of each block and prints the four bytes with the largest share.

# %%
for block in whom["mac"]:
    asks = block.attention.shares()["recalled"][0]
    most = sorted(asks.topk(4).indices.tolist())
    print([(place, look_at[place]) for place in most], f"at most {asks.max():.0%}")

# %%
### CLAIM
for block in whom["mac"]:
    asks = block.attention.shares()["recalled"][0]
    assert {look_at[place] for place in asks.topk(4).indices.tolist()} <= set(",;\n")
assert asks.max() > 0.5

# %% [markdown]
# In block 1 they are line ends, and in block 2 commas, a semicolon and a line end. Inside a word, the last
# letters tell what comes next. After its end they do not, so the model asks elsewhere. Nobody told it to. (At the
# same bytes the persistent tokens gain as well. The shares of a softmax must add up to 1, and they
# take what nothing else should have.)
#
# With a window instead of segments the maps have a band along the diagonal. You can put `"mal"` or `"attention"` in
# the place of `"mag"` (twice).

# %%
draw("13.attention", whom["mag"], "mag")

# %% [markdown]
# The second head of block 2 has upright lines. It holds on to a few bytes for as long as its window lasts. Which
# bytes? Guess, then ask:

# %%
looked_at = whom["mag"][1].attention.weights[1, :, 4:].tril(-1)  # from later bytes; P left out
most = sorted(looked_at.sum(0).topk(3).indices.tolist())
print({place: look_at[place] for place in most})
### CLAIM
assert [look_at[place] for place in most] == ["\n"] * 3

# %% [markdown]
# They are line breaks. The head keeps in view where the line began.
#
# ### What is owed to memory, and what to attention?
#
# An attention map shows where a block looks. It does not show what the block would do without it. To find that out,
# we switch off either the memory or the attention of one block and see how far its output moves.
#
# Switched off does not mean zero, because the model has never seen zeros there. Instead we put in the **mean** of
# what this part says in the passage. This is called **mean ablation**. The part then still says what it says to any
# byte, but nothing about this one. The unit is the step that the block itself takes from its input z to its
# output x:
#
# $$\text{moved}_t = \frac{\lVert x_t^{\text{without}} - x_t\rVert}{\lVert x_t - z_t\rVert},
# \qquad z \to \text{block} \to x$$
#
# The share of the memory is its part of both moves. **Predict:** in which of MAC, MAG and MAL is it
# largest, and in which smallest?

# %% tags=["nbval-ignore-output"]
owed = pages.owed(look_at)
for name, found in owed.items():
    print(f"{name}: {found.share('memory').mean():.0%} owed to memory")
### CLAIM
share = {name: found.share("memory").mean().item() for name, found in owed.items()}
assert share["mac"] < 0.3 < 0.45 < share["mag"] < 0.6 < share["mal"] < 0.75

# %% [markdown]
# The shares are about 26 % in MAC, 52 % in MAG and 66 % in MAL. In MAC the memory speaks only through attention, in
# MAG it stands beside it, and in MAL everything has to pass through it. The next picture shows MAG byte by byte.

# %%
draw("13.relevance", look_at, owed["mag"])

# %% [markdown]
# The two blocks share the work. Block 1 leans on its memory, and block 2 on its attention.
#
# Be careful when you quote such numbers. They come from *one passage* and *one seed*. In MAC and MAG the two
# parts are multiplied, so if you take one away you also spoil the other. And "memory" means the whole branch here,
# with its slow weights and its convolution. Most of what MAL owes to it was learned in training and
# not written while reading. To measure what was written, shut the gates as we did above.

# %%
### CLAIM
alone = relevance(kept["lmm"][0], corpora.tokens(look_at))
assert alone.sources == ("memory",) and (alone.share() == 1).all()

# %% [markdown]
# ### Do they profit from what they have read?
#
# A model with a memory should find a text easier the more of it has gone by. None of the five has ever seen
# *Moby-Dick*. We cut a part of it into 32 passages of 512 bytes and let each model read each passage from a fresh
# state. The cell prints what a byte costs, by its place in the passage. All five models were trained on passages
# of 128 bytes. **Predict:** who still gains between byte 128 and byte 512?

# %%
costs = pages.whale_costs()
for name, found in costs.items():
    row = zip(pages.EDGES[1:], found.mean(0), strict=True)
    print(f"{name:10}", *(f" to {end}: {bits:.2f}" for end, bits in row))
### CLAIM
means = {name: bits.mean(0) for name, bits in costs.items()}
assert all(bits[0] > bits[2] > bits[4] for bits in means.values())
assert abs(means["attention"][2] - means["attention"][3] - 0.10) < 0.01
assert max(bits[3] - bits[4] for bits in means.values()) < 0.01

# %% [markdown]
# ("To 32" is the mean of bytes 9 to 32.) For all of them late bytes cost less than early ones. So do they
# remember?
#
# Look at the last row. For attention, bytes 129 to 256 cost 0.10 bits less than the bytes before, and yet it
# *cannot* see further back than about two windows of 32 bytes. So this gain comes from the pages themselves, which
# happen to be a little easier there. Attention is our control. The next picture shows how far each of the
# others is **ahead of attention** on the same bytes.

# %%
draw("13.ahead", costs)

# %%
### CLAIM
ahead = {name: costs["attention"] - costs[name] for name in VARIANTS if name != "attention"}
assert all((bits[:, 2] > bits[:, 4]).all() for bits in ahead.values())  # in each quarter
assert (ahead["mal"][:, 2:] > 0).all() and (ahead["mac"][:, 2:] < 0).all()
apart = max((bits.amax(0) - bits.amin(0))[:2].max().item() for bits in ahead.values())
assert 0.2 < apart < 0.3

# %% [markdown]
# If a memory paid off, its line would rise to the right. All four end lower than they were at byte 128. (Ignore the
# first two places. They count few bytes, and there the quarters of the text differ by up to 0.25 bits, more
# than the models do.)
#
# So these memories do not help beyond the length of their training. With 300 steps on passages of
# 128 bytes, there was nothing to gain from keeping anything for longer. The paper's models read thousands of
# tokens in each training sequence. That the state *can* reach further than its training did, you have seen with
# recall in [chapter 09](09_mac_mag_mal.ipynb).
#
# ## An unfair comparison
#
# Is MAL better than attention over a window? The five recorded models above seem to say so. But that comparison
# has at least four faults.
#
# - **The steps are equal, the times are not.** A step of MAL takes several times as long as a step of attention. If
#   you pay for the processor, you would rather compare equal times.
# - **There is one seed.** Another seed might turn the result round.
# - **There is one learning rate for all**, and nobody knows which of them it suits.
# - **Only the memories have a convolution.** Perhaps MAL owes its lead to that.
#
# The first two faults can be repaired afterwards if the trainings were recorded. The last two cannot, because no
# calculation replaces a training that nobody has made. So take the recorded trainings of
# [chapter 09](09_mac_mag_mal.ipynb). There each model has a convolution and a learning rate of its own, and
# three seeds. Each was measured several times on its way, on the same held-out text.
#
# This is what many reports would print: one seed, after the same number of steps. (The lead is what theirs
# costs minus what ours costs. Above 0, ours is ahead.)

# %%
ours, theirs = runs_of("mal"), runs_of("window")
for steps in (50, 200, 400):
    print(f"after {steps} steps: MAL is ahead by {unfair(ours, theirs, steps):+.2f} bits")
### CLAIM
assert all(abs(unfair(ours, theirs, steps)) < 0.03 for steps in (50, 200, 400))

# %% [markdown]
# With the convolution and a rate of its own, the window has caught up. Now repair the rest.
#
# **Your turn** (*build*). Write a function that compares any two models fairly from their records. It
# has to be careful about what the two records have in common. They may list their seeds in
# another order, one side may have a seed more, and the two may have been measured on different passages. For each
# seed, use the last look that both could afford. The helper `margin_of(leads)` returns half of a 95 %
# interval for the mean of a list of numbers, one for each seed. (You build it yourself in chapter 14.)

# %%
@exercise("13.fair")
def fair(ours, theirs, seconds):
    """Who is ahead at equal processor time, by how much, and how sure that is.

    ours, theirs: dicts from a seed to its looks. The looks are a list of (steps, time, costs), the
    earliest first: time in processor seconds, costs a dict from a held-out passage to its bits.
    seconds: the time that each training may have; what came later does not count.
    Returns (lead, margin, who). The lead is in bits, averaged over passages and then over seeds,
    and above 0 if ours needs fewer. who is "ours", "theirs", or "nobody" if 0 is within the margin.
    """
    ### BEGIN SOLUTION
    leads = []
    for seed in ours:
        if seed not in theirs:
            continue
        mine = [costs for _, time, costs in ours[seed] if time <= seconds][-1]
        other = [costs for _, time, costs in theirs[seed] if time <= seconds][-1]
        both = [name for name in mine if name in other]
        leads.append(sum(other[name] - mine[name] for name in both) / len(both))
    lead, margin = sum(leads) / len(leads), margin_of(leads)
    if abs(lead) <= margin:
        return lead, margin, "nobody"
    return lead, margin, "ours" if lead > 0 else "theirs"
    ### END SOLUTION

# %%
fair.check()

# %% [markdown]
# Now the fair comparison. Each training had 12 processor seconds. What if it had had only 3?

# %%
for model_name in ("mal", "lmm"):
    for seconds in (3, BUDGET):
        lead, margin, who = fair(runs_of(model_name), theirs, seconds)
        print(f"{model_name}, {seconds:4} s: {lead:+.2f} ± {margin:.2f} bits, ahead: {who}")
### CLAIM
lead, margin, who = fair(runs_of("mal"), runs_of("window"), BUDGET)
assert who == "theirs" and -0.32 < lead < -0.22 and margin < 0.06
assert fair(runs_of("lmm"), runs_of("window"), 3)[2] == "nobody"
assert fair(runs_of("lmm"), runs_of("window"), BUDGET)[2] == "theirs"

# %% [markdown]
# In equal time the window is ahead of MAL by 0.27 bits, give or take 0.05. After equal *steps* the two were level.
# The window simply makes more steps in its time. After three seconds nobody can be said to be ahead between the
# memory alone and the window, since the three seeds differ too much. After twelve the window is ahead, though
# only just beyond the margin.
#
# Does this mean that a window is better than a memory? Only here: on one processor, in 12 seconds, on short
# passages of a text in which the last few bytes say most of what there is to say. The paper has MAC and MAG ahead
# of MAL, with models ten thousand times as large. And in the test above, where a passage came back, every window was at 0.
# A fair comparison still answers only the question that was asked.
#
# ## Take one part away
#
# Which part of the memory is worth most? Here you try it yourself.
#
# **Your turn** (*short*). Choose one option of `NeuralMemory` to change, and **predict** what that does to
# the bits. You can try `{"momentum": False}`, `{"retention": "none"}` (it never forgets), `{"depth": 1}` (a
# linear memory), `{"conv": 1}` (no convolution, so that keys and values see one byte only), or another
# memory of chapter 10, such as `{"rule": "yaad"}`.


# %%
def my_change():
    """The options of NeuralMemory that are to differ, as a dict."""
    ### BEGIN SOLUTION
    return {"conv": 1}
    ### END SOLUTION


# %% [markdown]
# Both models get the same seed, the same text in the same order, and sixty steps.

# %% tags=["nbval-ignore-output"]
change = pages.changed(my_change)
bits_with = pages.train_with({}, learn, held_out, steps=60)
bits_without = pages.train_with(change, learn, held_out, steps=60)
print(f"all parts: {bits_with:.2f} bits, with {change}: {bits_without:.2f} bits")
### CLAIM
assert max(bits_with, bits_without) < 5.5

# %% [markdown]
# Would this comparison pass as fair? It has one seed and equal steps, so a difference of a few hundredths can be luck.
# In the ablation of the Titans paper (table 5, models of 400M) every part helped, and in perplexity forgetting
# helped most.
#
# ## Your own parts
#
# In chapters 01 to 04 you wrote the functions that a memory is made of: reading, surprise, momentum, and
# the Titans step. If you kept them, a language model can now run on them. `on_parts` builds two equal models. The
# first one runs on your functions, token by token, and takes the book's where one is missing. The second one runs on
# the book's fast matrix products. They are the smallest models there are, with one block and two heads.

# %%
own, fast, whose = pages.on_parts()
print(whose)

# %% [markdown]
# Do both say the same?

# %%
some = learn[None, :64].to(bench.device)
with torch.no_grad():
    apart = (own.to(some.device)(some)[0] - fast.to(some.device)(some)[0]).abs().max().item()
print(f"their logits differ by at most {apart:.0e}" if apart > 1e-4 else "the same logits, to 1e-4")
### CLAIM
assert apart < 1e-4

# %% [markdown]
# And can a model learn through your functions? Let us give both thirty steps. The gradients of the outer loop have
# to flow backwards through every token of your step.

# %%
names = {"your parts": own, "the book's fast form": fast}
losses = {name: pages.losses_of(train(m, learn, pages.FEW)) for name, m in names.items()}
draw("13.own", losses)

# %%
mine, books = losses.values()
same = max(abs(a - b) for a, b in zip(mine, books, strict=True)) < 0.01
print("the same losses:", same)
if not same:
    print("Same answers, other gradients: does a part of yours use detach(), item() or .data?")
    print("(The table of gradients in chapter 07 finds it.)")
### CLAIM
assert mine[-1] < 0.7 * mine[0] and (same or not credit().startswith("Running 0"))

# %% [markdown]
# The two curves lie exactly on top of each other. So you have trained a language model on functions of three lines
# each. The fast form is faster, and that is all it adds.
#
# ## Its training, from the outside
#
# The board kept moments of the training. The next player moves through the *training*: it shows the same memories after
# the same passage, at different steps. At first they write next to nothing. Then red and blue specks
# appear, in some heads much stronger than in others. (For `attention` you see its maps instead.)

# %% tags=["nbval-ignore-output"]
draw("13.training", bench)

# %% [markdown]
# And now let it write. Its state has a constant size, so the thousandth letter takes no more than the first.

# %% tags=["nbval-ignore-output"]
print(after := pages.write(model, "ROMEO."))
### CLAIM
assert after.count("·") == 0 or not as_printed

# %%
for n in (10, 1000):
    _, state = model(tokens[None, :n].to(bench.device))
    print(f"after {n:5,} bytes it carries {pages.carried(state):,} numbers")
### CLAIM
sizes = [pages.carried(model(tokens[None, :n].to(bench.device))[1]) for n in (10, 1000)]
assert sizes[0] == sizes[1] or not as_printed

# %% [markdown]
# In the book's run it has learned names in capitals, line breaks, and words that you could almost say. It does not
# make sense yet.
#
# ### Tomorrow
#
# All that the model knows of a text is in its state, and the state can be saved to a file. Let the model read
# 500 bytes of a scene today, save its state, and forget everything else. Tomorrow you load the weights of the
# training and the state from its file, and read on. Does the model notice the night?

# %%
today, tomorrow = held_out[None, :500].to(bench.device), held_out[None, 500:1000].to(bench.device)
with torch.no_grad():
    _, state = model(today)
path = save_state(state, benches.FOLDER / "half_a_scene.state", model)
print(f"{state.position} bytes read and saved")

# %%
woken = load_checkpoint(benches.FOLDER)[0].to(bench.device)
with torch.no_grad():
    after_a_night, _ = woken(tomorrow, load_state(path, bench.device, woken))
    without_one, _ = model(torch.cat([today, tomorrow], dim=1))
apart = (after_a_night - without_one[:, today.shape[1] :]).abs().max().item()
print("the same logits as in one reading, to 1e-3:", apart < 1e-3)
### CLAIM
assert apart < 1e-3

# %% [markdown]
# It does not notice. The text itself was not saved, only the state. The file also names the weights it belongs to, by a
# hash, because a state means nothing to other weights. `load_state` refuses it then, even if the shapes fit.
#
# ## A quarter of an hour later
#
# Everything so far was a matter of a minute. If you have more time, let a larger model train in a terminal, in
# the project's folder. Stop it with Ctrl-C whenever you like, and go on with `--resume`:
#
# ```
# .venv/bin/python -m titans_book train --out runs/shakespeare
# .venv/bin/python -m titans_book train --out runs/mag --variant mag --window 64
# .venv/bin/python -m titans_book generate --checkpoint runs/shakespeare --prompt "ROMEO."
# .venv/bin/python -m titans_book train --text my_diary.txt --out runs/mine
# ```
#
# Does it beat the table of counts? Here is the record of such a run. It used one thread of a two-core machine that was
# busy with other work.

# %%
record = json.loads((ROOT / "notebooks/records/13_shakespeare.json").read_text())
print(f"{record['steps']} steps in {record['minutes']} minutes, on one thread")
print(f"all of the held-out text: {record['bits_per_byte']:.3f} bits per character")
print(f"the table of counts:      {record['table_of_order_4']:.3f}")
print(record["sample"])
### CLAIM
assert record["bits_per_byte"] < record["table_of_order_4"] and record["minutes"] < 20
assert abs(record["bits_per_byte"] - 2.336) < 0.001

# %%
draw("13.large", record)

# %% [markdown]
# It does, with 2.336 bits against 2.606. And how much of that is the memory? The same model was measured on the
# first 32,768 held-out bytes with its gates open and with its gates shut.

# %%
found = record["first_32768_held_out_bytes"]
gain = found["memory_shut"] - found["memory_open"]
print(f"open {found['memory_open']:.3f}, shut {found['memory_shut']:.3f}: worth {gain:.3f} bits")
### CLAIM
assert abs(gain - 0.859) < 0.001

# %% [markdown]
# The memory is worth 0.86 bits here, and without it this model is worse than the table. So after more training the
# model has come to *rely* on its memory, if only for the last few letters. The test does not say that it keeps a
# passage for long.

# %% [markdown]
# ## What you have seen
#
# 1. A loss says that a model gets better. To find out whether its memory is the reason, shut the write gates.
# 2. A cheaper second reading proves something only beside a control, at the same place after another passage.
# 3. A memory learned to keep a passage when its training rewarded it and its start made it easy. On plain
#    text, a short training taught it nothing of the kind.
# 4. An attention map shows where a block looks. Mean ablation shows what would change without it.
# 5. Equal steps are not equal times. In a fair comparison the window drew ahead of MAL.
# 6. A training and a reading can both be stopped, saved and taken up again.
#
# **What this does not show.** The models have at most some hundred thousand weights, and most of them trained for about
# a minute. In such a time a model learns which letters follow which. The order of the variants here says nothing
# about the order in the paper.
#
# **Next.** In [chapter 14](14_read_its_memory.ipynb) you ask trained memories why they answered as they did,
# and report it so that others can believe it.

# %% [markdown] tags=["solution"]
# *Code:* `titans_book/training/loop.py`, `titans_book/model/model.py`, `titans_book/memory/layer.py`,
# `titans_book/inspection/looking.py`, `titans_book/inspection/relevance.py`,
# `titans_book/model/saved_state.py`. *Tests:* `tests/training/test_training.py`, `tests/model/test_model.py`,
# `tests/inspection/test_looking.py`, `tests/inspection/test_relevance.py`. *Paper:* Titans (arXiv 2501.00663),
# sections 3 and 4; LMM is its memory alone. *Records:* `python -m tests.benchmarks.twice_read` and
# `python -m titans_book compare` make those of the second reading and of the comparison again.
