# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 13 · Train it, watch it think
#
# *Read 15 minutes, play 20, code 10. Runs on two CPU cores, and on a GPU if there is one.*
#
# In this chapter a small language model learns to write like Shakespeare, and you look into its
# memory while it does. You choose how it is built: memory alone, memory and attention in one of three
# ways, attention alone, or one of the memories of chapters 10 and 12. What you see is made by the cell in
# front of you. Two things are recordings and say so: the five small models of section 7, and the longer
# run of section 9.
#
# You do not need the chapters in between. Take what you do not know yet as a promise: chapter 01
# explains what a memory matrix is, 02 surprise, 03 momentum, 04 forgetting, 05 deep memories, 06
# chunks, 07 how keys, values and gates are learned, 08 attention, and 09 how the two are wired together.
# Here you see all of them at work.
#
# **You will**
#
# 1. look at the text, and at a model without any learning that we have to beat;
# 2. see which variants there are, and what each of them costs;
# 3. train one, live, and compare two moments of its training;
# 4. read its memory: where was it surprised, what did it write;
# 5. see whom attention looks at, and what a token owes to memory and to attention;
# 6. scrub back through its training, let it write, save its state and go on the next day.

# %%
import json
import os
import shutil
from pathlib import Path

import torch

from titans_book import TitansConfig, TitansLM, TrainingSettings, load_state, save_state, train
from titans_book.book.ch13 import bench as benches, profiles, twice
from titans_book.book.ch13.recorded import VARIANTS
from titans_book.evaluation import NGram, bits_by_position, bits_of_each, bits_per_token, twice_read
from titans_book.evaluation.shut import shut
from titans_book.lab.pictures import attention_figures, figures, line_figures
from titans_book.lab.pictures import memory_figures, style, twice_figures
from titans_book.lab.pictures.player import Player
from titans_book.book.ch13.recorded import recorded
from titans_book.lab.pictures.relevance_figures import relevance_bars
from titans_book.inspection.looking import changes, look, size
from titans_book.inspection.relevance import relevance
from titans_book.tasks import corpora
from titans_book.training import Step, load_checkpoint

device = profiles.device()  # an accelerator if there is one
style.use(dark=False)  # True: pictures for a dark page
torch.set_num_threads(max(1, os.cpu_count() // 2))  # the page that shows it needs a core as well

# %% tags=["solution"]
from titans_book.book import off

off()  # the solved edition leaves your progress alone

# %% [markdown]
# ## 1. The text, and the model to beat
#
# Ten plays, as bytes: 256 possible tokens, no tokenizer, nothing hidden. The last tenth (the end of
# *The Tempest*, and *Twelfth Night*) is held out. The model never trains on it. How much text is that?

# %%
text = corpora.text("shakespeare")
tokens = corpora.tokens(text)
learn, held_out = tokens[: int(0.9 * len(tokens))], tokens[int(0.9 * len(tokens)) :]
print(f"{len(learn):,} bytes to learn from, {len(held_out):,} held out")
print(text[1_000_000:1_000_220])

# %% [markdown]
# A model is judged by how well it guesses the next byte of the held-out text. We count in **bits per
# character**: the length of the shortest code that its guesses allow. A model that knows nothing needs
# 8 bits. What does a table of counts need, which only looks at the last four bytes?

# %%
table = NGram(order=4).fit(text[: len(learn)])
to_beat = table.bits_per_character(text[len(learn) :])
assert abs(to_beat - 2.606) < 0.002
print(f"a table of counts needs {to_beat:.3f} bits per character")

# %% [markdown]
# About **2.606 bits** (Witten-Bell counts, order 4; other orders are worse). A neural model that does
# not get below that has learned less than a table. Remember the number.
#
# ## 2. Choose a model
#
# The model is one line of blocks. Each block first mixes what was read so far, then a small perceptron
# thinks about each token alone:
#
# $$\text{bytes} \to \text{embedding} \to \big[\,x + \text{mix}(x),\;\;
# x + \text{mlp}(x)\,\big] \times \text{depth} \to \text{norm} \to \text{logits}$$
#
# What mixes is the **variant**:
#
# | variant | $\text{mix}(x)$ | what the model knows of the text behind it |
# |---|---|---|
# | `lmm` | <span style="color:#D55E00">memory</span> alone | stands in fast weights |
# | `mac` | <span style="color:#E69F00">attention</span> over a segment and over what the <span style="color:#D55E00">memory</span> recalls of it: memory as a *context* | fast weights, and one segment word for word |
# | `mag` | <span style="color:#E69F00">attention</span> over a window, times a *gate* that the <span style="color:#D55E00">memory</span> opens | fast weights, and one window |
# | `mal` | <span style="color:#D55E00">memory</span> first, as a *layer*, then <span style="color:#E69F00">attention</span> over a window of what it made | fast weights, and one window |
# | `attention` | <span style="color:#E69F00">attention</span> alone, over a window | one window |
#
# <span style="color:#D55E00">**Fast weights**</span> are small matrices, a small network for every head,
# which are rewritten *while the model reads*. What training changes are the
# <span style="color:#0072B2">**slow weights**</span>: they decide what is written, how strongly, and what
# is forgotten. The page starts with `lmm`: no attention anywhere, so whatever it knows of the text
# must be in its memory.
#
# The menu of section 3 has these five, and more: `hope` is the model of [chapter 12](12_continuum.ipynb), and
# `lmm, deltanet` and its neighbours are memories of [chapter 10](10_miras.ipynb).
#
# How large the model is and how long it trains is called a **profile**. There are three:

# %%
for name, profile in profiles.PROFILES.items():
    made, steps_ = profile.size, profile.settings.steps
    print(
        f"{name:9} width {made['dim']}, {made['depth']} blocks, {steps_:,} steps: {profile.about}"
    )
chosen = profiles.fitting()
print(f"This page begins with {chosen}, on {device}.")

# %% [markdown]
# Without an accelerator the page begins with `cpu-mini`, and all numbers in this chapter's text are those
# of that profile. The next cell counts for each variant how many slow weights it has, and how many numbers
# it carries from one token to the next. Which one carries most?


# %% tags=["nbval-ignore-output"]
def carried(state):
    """How many numbers a state holds: memories, momentum, keys and values."""
    sizes = []
    state.map(lambda x: sizes.append(x.numel()) or x)
    return sum(sizes)


small = profiles.PROFILES["cpu-mini"].size
for name in (*VARIANTS, "hope"):
    torch.manual_seed(0)
    model = TitansLM(benches.configure(name, small))
    _, state = model(tokens[None, :100])
    weights, numbers = model.parameter_count(), carried(state)
    print(f"{name:10} {weights:8,} slow weights, {numbers:7,} numbers carried")

# %%
torch.manual_seed(0)
model = TitansLM(benches.configure("lmm", small)).to(device)

# %% [markdown]
# What does it write before it has learned anything? A fresh model should be noise, and it is:


# %% tags=["nbval-ignore-output"]
def write(model, prompt="ROMEO.", n=200, seed=1):
    """The prompt and n more bytes, as text; what is no printable character becomes a dot."""
    start = corpora.tokens(prompt)[None].to(next(model.parameters()).device)
    written = model.generate(start, n, temperature=0.8, seed=seed)[0].tolist()
    return "".join(chr(b) if 32 <= b < 127 or b == 10 else "·" for b in written)


before = write(model, n=80)
assert before.count("·") > 20
print(before)

# %% [markdown]
# ## 3. Predict, then train
#
# Before you press anything: a fresh model spreads its bets over 256 bytes, so its loss starts near
# $\ln 256 \approx 5.5$ nats, 8 bits. **Guess** how many bits per character the small model needs on the
# held-out play after 150 steps, about half a minute. Write your guess down.
#
# <details><summary>Four guesses to compare yours with</summary>
#
# *About 4.8*: then it would know only how often each character occurs (a table of order 0 needs 4.84).
# *About 3.7*: as much as a table that looks one byte back. *About 3.1*: two bytes back. *About 2.6*:
# level with the table above. The answer is in section 4.
#
# </details>
#
# Now the live board. It has a menu of models, a menu of profiles, and a button, **Train**. While a model
# trains, the board lets it read one fixed passage of a play that is held out, again and again. So every
# picture is of the same 96 letters, and two moments of the training can be compared.
#
# **While it trains, look at four things:**
#
# - *The sentence* above the buttons says what the passage costs now, and how much of that is saved by what
#   the memory writes while it reads. The second number comes from a control: the model reads the passage
#   once more with its write gates shut.
# - *The matrices* are the fast weights of each block and head. They fill while the passage is read. Point
#   at a cell to see its value, and which letter put the most into it.
# - *The passage* is shaded by surprise, $|\nabla\ell|$. The menu `shade text by` can show the cost in bits
#   instead, or the bits that the memory saves. Point at a letter to see what the model expects next, and
#   what it would expect if its memory had written nothing.
# - *The lines* beside the matrices: write rate $\theta$, momentum $\eta$, forgetting $\alpha$. The menu
#   `lines` has more: updates, key norms, bits, and how much a block owes to its memory and to its attention.
#   For the last one the model reads the passage several times more, so training is slower while you look.
#
# `Pause` holds the training, and then the slider `read up to token` moves through the passage. `Step` takes
# one step. The slider `moment` goes back to an earlier step. `Keep as A` and `Keep as B` keep two moments,
# and then `show` has an entry for A, B and their difference, all on one scale. `Stop` ends the training, and
# nothing is lost, as section 5 shows.

# %%
bench = benches.training_bench(alt="Training, live: memories or attention, surprise, gates, loss")
bench

# %% [markdown]
# The button starts it, and so does this cell. Press again whenever you like: each time a fresh model of the
# kind in the menu is trained.

# %%
history = await bench.train()

# %%
if bench.model.config.vocab != 256:  # it reads words, and the rest of this page reads bytes
    bench.what.value = "lmm"
    history = await bench.train()
model, history, device = bench.model, bench.history, bench.device
settings, folder = profiles.PROFILES[bench.profile].settings, benches.FOLDER
whole_run = history.steps[-1] == settings.steps  # neither stopped, nor out of time
as_printed = whole_run and (bench.name, bench.profile) == ("lmm", "cpu-mini")
### CLAIM
assert history.losses[-1] < 0.6 * history.losses[0] or not as_printed, "it has not learned"
first, last = bench.board.showing.album.moments[0], bench.board.showing.newest
assert (8 < first.cost < 9 and 2.9 < last.cost < 3.4) or not as_printed
assert not as_printed or 0.05 < last.worth < 0.2

# %% [markdown]
# After another training, run the cell above again, and then those below.
#
# **What has the memory learned?** Read the sentence on the board. For the model that the page starts with,
# the passage costs about 3.1 bits a letter after 150 steps and 8.4 before. What the memory writes saves
# about a tenth of a bit. So nearly all of the progress is in the slow weights. Now choose `words that come
# back` in the menu and press **Train**. That model reads words, and its passage has 24 words at its end that
# were at its beginning. After a minute the second reading is cheaper than the first, and cheaper than with
# the write gates shut. There the memory has learned to find again what it has read. Section 6 measures the
# same with more passages.
#
# How did the loss fall, and what do the diamonds (held-out text) say?

# %%
figures.loss_curve(
    history.steps,
    history.losses,
    evaluations=history.held_out(),
    alt="The training loss falls from nearly six nats, steeply at first and then slowly; the "
    "held-out text follows it.",
)

# %% [markdown]
# ## 4. What has it learned?
#
# Here is the answer to your guess, on a quarter of the held-out text:

# %% tags=["nbval-ignore-output"]
bits = bits_per_token(model, held_out[:32_768], settings.length)
same = table.bits_per_character(text[len(learn) :][:32_768])
assert bits < 4.4 or not as_printed, "a model that knows letters must be well below 4.84"
print(f"after {history.steps[-1]} steps: {bits:.2f} bits per character")
print(f"the table on the same bytes: {same:.2f}")

# %% [markdown]
# (The numbers in this chapter's text are those of the model that the page starts with: `lmm`, profile
# `cpu-mini`. With another choice yours differ, and nothing complains.)
#
# After seconds of training the table is still ahead: it has counted the whole text, and our model has
# seen about a tenth of it. That is the honest state of affairs, and a matter of minutes. The command
# line trains the large size in this way until the time is up (section 9).
#
# ## 5. Stop, and go on
#
# Training is a *generator of events*. Whoever listens decides when to stop; the running step is
# finished, a checkpoint is written, and the next run takes up exactly there. Exactly? Let us train the
# same small run twice: once in one go, once stopped after 4 of 8 steps by a reader who lost patience.

# %%
tiny = dict(dim=32, depth=1, heads=2, hidden=32)
short = TrainingSettings(steps=8, batch=2, length=32, save_every=0, evaluate_every=0)


def fresh():
    torch.manual_seed(0)
    return TitansLM(TitansConfig(**tiny))


one_go = [event.loss for event in train(fresh(), learn, short) if isinstance(event, Step)]

# %%
place = Path("runs/chapter_13_stopped")
shutil.rmtree(place, ignore_errors=True)
events = train(fresh(), learn, short, place)
first = [next(events).loss for _ in range(4)]
events.close()  # what Stop does: finish the step, save, end

second = train(fresh(), learn, short, place, resume=True)
two_parts = first + [event.loss for event in second if isinstance(event, Step)]
assert two_parts == one_go
print("the same eight losses, to the last bit:", two_parts == one_go)

# %% [markdown]
# The same, to the last bit. Everything that decides the next step is in the checkpoint: weights,
# AdamW's moments, random numbers, and the place in the text. A power cut does no harm either: a
# checkpoint is written whole or not at all.
#
# ## 6. Read its memory
#
# Training is over; the slow weights stand still. But when the model reads, its memories still change.
# That is the point of Titans: **learning at test time**. Let us watch it read a passage it has never
# seen. `look` reads a text once and collects what every block did: its memory's gates, surprise,
# momentum, and a film of its weights with a frame for the start and one after each chunk; and, if it
# has one, what its attention looked at. (If you chose `attention`, there is no memory to read: this
# section then looks into the recorded `lmm` of section 7.)

# %%
passage = text[len(learn) + 2_010 : len(learn) + 2_010 + 192]
reader = model if bench.name in ("lmm", "mac", "mag", "mal") else recorded("lmm")[0].to(device)
seen = look(reader, corpora.tokens(passage))
block = seen[0].memory.trace
print([tuple(film.shape) for film in block.film], "(frames, heads, rows, columns)")

# %% [markdown]
# Where was the first block's memory surprised? Each character is shaded by $|\nabla\ell|$, the length
# of the step that the memory would like to take there.

# %%
figures.surprise_strip(
    list(passage),
    block.surprise.mean(0),
    alt="A passage of The Tempest, its characters shaded by surprise: dark over the speaker's name "
    "and the first line, paler after that.",
)

# %% [markdown]
# The speaker's name is the most strongly shaded. Does surprise fall as the passage goes by? A little, and
# do not believe too much of it: the memory starts at $M_0$ in every text, so its first guesses are far off
# in a passage that it has read before just as well as in a new one.

# %% tags=["nbval-ignore-output"]
surprise = block.surprise.mean(0)
first, last = surprise[:32].mean(), surprise[-96:].mean()
print(f"mean surprise: {first:.0f} at the start, {last:.0f} at the end")

# %% [markdown]
# And what was written? Scrub through the film. The matrix shows how far the first layer of each head's
# network has moved from where it started, $M_t - M_0$. Below it runs the text.

# %%
moved = block.film[0] - block.film[0][:1]
Player(
    moved,
    tokens=list(passage),
    times=block.times,
    surprise=surprise,
    alt="The fast weights of block 1, two heads, while they read the passage: empty at first, then "
    "filling with red and blue specks, chunk by chunk.",
)

# %% [markdown]
# One matrix, of one block. What did all the others write? The same picture at the end of the passage,
# for every block and head, on one scale:

# %%
memory_figures.memory_maps(
    seen,
    alt="What each block and head has written after the passage: one matrix each, specks of red "
    "and blue on an empty ground, stronger in some heads than in others.",
)

# %% [markdown]
# Is it one great write, or many small ones? The length of what was written, the momentum $S_t$, and the
# step of every chunk, over the text:

# %%
memory_figures.memory_sizes(
    seen,
    alt="For each block and head over the passage: what was written grows all the way, momentum "
    "goes up and down, and the chunks' steps shrink after the first ones.",
)

# %%
steps = changes(seen[0].memory.trace.film)  # (chunks, heads)
written = size(tuple(W - W[:1] for W in seen[0].memory.trace.film))
assert (steps.sum(0) >= written[-1] - 1e-4).all()  # no way is shorter than the straight one
assert steps[0].mean() > steps[-4:].mean() or not as_printed
print(f"{len(steps)} steps, together longer than the way they lead")

# %% [markdown]
# Many small ones, and the first are the largest: that is where the surprise was. The gates decide how:
# $\theta$ how strongly a token is written, $\eta$ how long the surprise lasts, $\alpha$ how much is
# forgotten. The model has learned them; nobody set them by hand
# ([chapter 07](07_learning_to_memorise.ipynb) shows how). Do the heads agree?

# %%
memory_figures.gate_lines(
    seen,
    alt="Write rate, momentum, forgetting and surprise over the passage, for each block and head: "
    "the gates jump from character to character, and the heads of a block differ.",
)

# %% [markdown]
# What is written is a pair: a key and a value. How long are they? Predict one of the two before you look.

# %%
memory_figures.key_lengths(
    seen,
    alt="The lengths of keys and values: all keys have length one, a flat line; the values' "
    "lengths jump from character to character.",
)

# %% [markdown]
# Keys all have length 1: the layer normalises them (Titans, section 4.4), so how strongly a token is
# written stands in $\theta$ and in the length of its value.
#
# **Does the memory matter?** We can ask the model without it: shut the gates $\theta$ and $\alpha$, so
# that nothing is ever written and nothing fades, and measure again. Predict first: a little worse, or much worse?

# %% tags=["nbval-ignore-output"]
with shut(reader):  # write gates at 0 for every token
    shut_ = bits_per_token(reader, held_out[:8_000], settings.length)
open_ = bits_per_token(reader, held_out[:8_000], settings.length)
assert 0 < shut_ - open_ < 0.3 or not as_printed
print(f"memory open: {open_:.2f} bits, memory shut: {shut_:.2f} bits")

# %% [markdown]
# Worse, but only by a few hundredths of a bit. That is the honest state after 150 steps: the model has
# learned little more than which letters like to follow which, and for that its slow weights and the
# few bytes that its convolutions see (four in each block) are enough. In chapter 07 the memory was
# everything: there the answers were made up afresh for each sequence. In a text, most of what comes next
# is the same in every text, and slow weights can hold that. (For the large model after a full run, see
# section 9.)
#
# ### Read it twice
#
# Does the model learn while it reads? There is a direct test. Let it read a passage, then some other text,
# and then the same passage again. If its memory has kept anything, the second reading should cost fewer
# bits. But the memory has read more by then, so a cheaper second reading proves nothing by itself. We need a
# **control**: the same bytes, at the same place, after *another* passage. The difference between the two is
# what the first reading was worth.

# %% tags=["nbval-ignore-output"]
again = twice_read(reader, held_out, distances=(64, 256), passages=40, passage=64)
for between, (mean, low, high) in zip(again.distances, again.saved(), strict=True):
    print(f"{between:3} bytes between: {mean:+.3f} bits a byte saved ({low:+.3f} to {high:+.3f})")
### CLAIM
assert all(abs(mean) < 0.1 for mean, _, _ in again.saved()) or not as_printed

# %% [markdown]
# That is next to nothing. In the training of this model no passage ever came back, so it has never had a
# reason to remember one.
#
# Here is a model that had a reason. It is a memory alone, with two blocks, and its memory follows the gated
# delta rule of [chapter 10](10_miras.ipynb). It was trained on Shakespeare, with whole words as tokens, on
# sequences in which passages return, with other text in between. There is one more trick. At the start of its
# training, the memory makes the key of a word from the word *before* it, so each word is stored under its
# predecessor. The training took two minutes of one processor. Now it reads 24 words of a play that it has
# never seen, then 128 words of something else, and then the 24 words again.

# %%
one, _ = twice.recorded("lmm, gated-deltanet")
words, texts = twice.texts()
play = texts["plays"]
passage_, between = play[4_000:4_024], play[6_000:6_128]
costs = bits_of_each(one, torch.cat([passage_, between, passage_]))
print("bits     first  second")
for word, first_, second_ in zip(passage_[1:], costs[:23], costs[-23:], strict=True):
    print(f"{words.text(word[None]):8} {first_:5.1f} {second_:7.1f}")
### CLAIM
assert costs[-23:].mean() < costs[:23].mean() - 1.5

# %% [markdown]
# Nearly every word is cheaper the second time. It was not in any window, because this model has none. It can
# only come from what the memory wrote when it read the passage.
#
# One passage is an anecdote. So here are 200, read by several models that had the same training, from a part
# of Shakespeare that was held out. Each line says how many bits a word the first reading has saved, compared
# with the control, and the bars are 95 % confidence intervals. **Predict first:** some of the models have
# attention, over a window of 16 words or over everything. Which line is at 0, and which is the highest?

# %%
record_twice = json.loads(twice.RECORD.read_text(encoding="utf-8"))
twice_figures.second_reading(record_twice)

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
# The windows are at 0 to the last digit, because their two blocks see 36 words back at most and the passage
# lies further away. **The memories save bits at every distance.** The deep memory of Titans saves 4.1 bits a
# word with 128 words in between, and 2.1 with 512. On *Moby-Dick*, which is by another author, it saves 3.7
# and 2.0. There is a second control. With the write gates shut, the passage costs as much the second time as
# the first, so what helps is what was *written*.
#
# **Full attention is the upper line**, once it has the same convolution and the same start as the memories. It
# saves 6.0 bits even over 512 words, because it keeps every word it has read. The memories have a state of
# fixed size, and the further away the passage is, the more has been written over it.
#
# Two lines may surprise you.
#
# - **Full attention without the convolution saves almost nothing**, although it sees the whole passage. It
#   would have to learn a lookup in two steps: where this word was before, and which word came after it. In 600
#   steps of training it did not learn it.
# - **The same memory with a plain start saves nothing** either. What makes the difference is that at the start
#   keys are made from the word before. The memory then has this lookup from the first step on, and training
#   only has to make use of it.
#
# So a memory of this kind *can* learn while it reads, and it keeps what it has read far beyond any window. Here
# it does so because its training rewarded it and its start made it easy. It also has a price. On a first
# reading, the models that rely on their memory need up to 6.9 bits a word, full attention with a convolution
# even 7.2, and the window 6.3. The memory with a plain start had the same training and needs 6.4. For the same
# reason, unknown words become a little cheaper when the gates are shut. Measured against shut gates, the deep
# memory saves 3.6 bits over 128 words, and not 4.1. The next cell has three of the models from two more seeds
# each; the others were trained once. To train and measure all of them again, run
# `python -m tests.benchmarks.twice_read`.

# %%
for name, others in record_twice["seeds"].items():
    kinds = [record_twice["models"][name], *others.values()]
    print(f"{name:24}", *(f"{kind['plays']['saved'][1][0]:6.2f}" for kind in kinds))

# %% [markdown]
# ## 7. Five variants, and what they look at
#
# So far you have looked into one model. To compare, here are **five recorded ones**, one a variant: the
# small size, chunk 16, segment or window 32, the same seed, the same text in the same order, 300 steps
# of 8 passages of 128 bytes each. Their memories forget towards 0, as the paper has it. You can load each of them and do with it whatever you like. Which one
# do you expect to be best?

# %%
kept = {name: recorded(name) for name in VARIANTS}
for name, (trained, record) in kept.items():
    slow, seconds = trained.parameter_count(), record["seconds"]
    print(f"{name:10} {slow:8,} slow weights   {record['bits']:.2f} bits   {seconds} seconds")

# %%
bits_of = {name: record["bits"] for name, (_, record) in kept.items()}
assert min(bits_of, key=bits_of.get) == "mal" and max(bits_of, key=bits_of.get) == "mac"
assert abs(bits_of["lmm"] - bits_of["attention"]) < 0.02
print(f"from the best to the worst: {max(bits_of.values()) - min(bits_of.values()):.2f} bits")

# %% [markdown]
# Here MAL is ahead and MAC last, and attention over 32 bytes, with the fewest slow weights and by far the
# shortest training, is level with memory alone. The paper has MAC and MAG ahead of MAL. This is no
# contradiction, and no confirmation either: **one seed, 300 steps, 100,000 to 200,000 weights**, passages
# of 128 bytes, and seconds from a machine that was busy with other work. In so short a time a model learns
# which letters follow which, and for that the last few bytes are nearly all one needs. Nor is it fair: the
# steps are equal and the times are not, the learning rate is one for all, and attention has no convolution. The
# comparison at the end of [chapter 09](09_mac_mag_mal.ipynb) gives each the same processor time, a
# convolution and a learning rate of its own. With three seeds the order on text is another one there: attention
# over a window is ahead of MAL by at least 0.2 bits, and MAC is last. Command:
# `python -m titans_book compare --help`.
#
# ### Do they profit from what they have read?
#
# A model with a memory should find a text easier the more of it has gone by. None of the five has ever seen
# *Moby-Dick*. Cut a stretch of it into passages of 512 bytes, begin each with a fresh state, and ask what a byte
# costs by its place in the passage. All five learned on passages of 128. **Predict:** who still gains between byte
# 128 and byte 512, and does anybody break down there? (We count in four quarters, so that chance can be seen.)

# %%
whale = corpora.tokens(corpora.text("moby_dick"))[100_000:116_385]  # 32 passages, and one byte
quarters = whale.unfold(0, 8 * 512 + 1, 8 * 512)  # eight passages each, and the byte behind them
edges = (0, 8, 32, 128, 256, 512)
costs = {
    name: torch.stack([bits_by_position(kept[name][0], q, 512, edges).bits for q in quarters])
    for name in VARIANTS
}  # (quarters, places)
means = {name: bits.mean(0) for name, bits in costs.items()}
for name, bits in means.items():
    print(f"{name:10}", *(f" to {n}: {b:.2f}" for n, b in zip(edges[1:], bits, strict=True)))
assert all(bits[0] > bits[2] > bits[4] for bits in means.values())
assert abs(means["attention"][2] - means["attention"][3] - 0.10) < 0.01
assert max(bits[3] - bits[4] for bits in means.values()) < 0.01

# %% [markdown]
# ("To 32" is the mean of bytes 9 to 32.) To everybody late bytes cost less than early ones, and nobody breaks down
# at four times the length of training. So they remember? Look at the last row: to attention, too, bytes 129 to
# 256 cost 0.10 bits less than those before, and it *cannot* see farther back than some two windows of 32, one a
# block. That gain is the pages themselves: other places, other words. And behind byte 256 nobody gains more than
# 0.01. So draw how far each is **ahead of attention** on the same bytes:

# %%
ahead = {name: costs["attention"] - costs[name] for name in VARIANTS if name != "attention"}
line_figures.lines(
    edges[1:],
    {name: bits.mean(0) for name, bits in ahead.items()},
    xlabel="place in the passage, up to byte",
    ylabel="bits ahead of attention",
    levels={"": 0.0},
    limits=(-0.12, 0.13),
    alt="Bits by which four models are ahead of attention, at five places of the passage. At the "
    "first two the lines cross. All four end lower than they stood at byte 128: MAL from 0.08 to "
    "0.02, memory alone from 0.06 and MAG from 0.04 to 0, MAC from -0.05 to -0.1.",
)

# %%
assert all((bits[:, 2] > bits[:, 4]).all() for bits in ahead.values())  # in each quarter
assert (ahead["mal"][:, 2:] > 0).all() and (ahead["mac"][:, 2:] < 0).all()
apart = max((bits.amax(0) - bits.amin(0))[:2].max().item() for bits in ahead.values())
print("ahead at the end:", ", ".join(f"{n} {bits[:, 4].mean():.2f}" for n, bits in ahead.items()))
print(f"up to byte 32 quarters differ by up to {apart:.2f}")
assert 0.2 < apart < 0.3

# %% [markdown]
# A memory that paid off would draw a line that rises to the right. (Left of byte 32 believe nothing: 8 and 24 bytes
# of a passage are few, and the quarters differ by more than the models.) Here all four end lower than they stood at
# byte 128, in each of the quarters: what lead there was melts, and MAC falls farther behind. No wonder: passages of
# 128 bytes, and 300 steps of them, have taught nobody to keep anything for longer. (The paper's models read
# thousands of tokens in each training sequence.) That the state *can* reach farther than its training did, recall
# at four times the length in [chapter 09](09_mac_mag_mal.ipynb) shows.
#
# ### Who looks at whom?
#
# MAC's attention sees three kinds of columns: four **persistent tokens** P, the same for every text; what
# the **memory** recalled for every token; and the **text** itself. Each row is a byte that looks, each
# column something it may look at, and each map one head. Before you look: MAC's segments are 32 bytes
# long. Which shape will the maps have?

# %%
look_at = passage[:96]
whom = {
    name: look(trained, corpora.tokens(look_at))
    for name, (trained, _) in kept.items()
    if name != "lmm"
}
attention_figures.attention_maps(
    whom["mac"],
    alt="Attention of MAC, two blocks of two heads. Each map has four narrow columns for the "
    "persistent tokens, then a square for the memory's columns, almost dark, and one for the text "
    "with a bright diagonal. A few rows light up in all three parts, as far as their segment goes.",
)

# %% [markdown]
# Mostly a diagonal: each byte looks at itself and its neighbours. That is how MAC starts in this book, since its
# memory can learn only from what attention answers ([where we differ](where_we_differ.md) has the
# measurement), and 300 steps have not led it far from there. But a few rows light up, and those turn to
# the **memory**. Their light ends at the border of their segment: nobody sees the one before, so what a byte
# knows of it can only come through the memory's columns. Above each map stands how much goes to P and to
# the memory. When does a byte ask it?

# %%
attention_figures.attention_shares(
    whom["mac"],
    alt="Shares of attention over the passage, for persistent tokens, memory and text, by block "
    "and head. The text has nearly all of it; at single bytes the share of the memory leaps up to "
    "a half, and that of the persistent tokens with it.",
)

# %% [markdown]
# It asks rarely, and then with up to half of its attention. Which bytes are those? Guess, then look at the first
# head of each block:

# %%
for block in whom["mac"]:
    asks = block.attention.shares()["recalled"][0]
    most = sorted(asks.topk(4).indices.tolist())
    print([(place, look_at[place]) for place in most], f"at most {asks.max():.0%}")
assert {look_at[place] for place in most} <= set(",;\n") and asks.max() > 0.5

# %% [markdown]
# Line ends in block 1; commas, a semicolon and a line end in block 2. Inside a word the last letters say what
# comes next; where a word has ended they do not. Nobody told it to. (The persistent tokens gain at the same
# bytes: a softmax must give its whole 1 to something, and they take what nobody else should have.)
#
# A window instead of segments makes a band instead of triangles. Put `"mal"`, `"mac"` or
# `"attention"` in the place of `"mag"`:

# %%
attention_figures.attention_maps(
    whom["mag"],
    alt="Attention of MAG, two blocks of two heads: narrow columns for the persistent tokens, then "
    "a band below the diagonal, as wide as the window; one head holds on to single bytes for long.",
)

# %% [markdown]
# The second head of block 2 holds on to a few bytes for as long as its window lasts: upright lines. Which
# bytes? Guess, then ask:

# %%
after_it = whom["mag"][1].attention.weights[1, :, 4:].tril(-1)  # what is looked at from later on
most = sorted(after_it.sum(0).topk(3).indices.tolist())
assert [look_at[place] for place in most] == ["\n"] * 3
print({place: look_at[place] for place in most})

# %% [markdown]
# Line breaks: it keeps in view where the line began.
#
# ### What is owed to memory, and what to attention?
#
# Switch one of the two off, in one block, and see how far the block's output moves. *Off* does not mean
# zero, which the model has never seen, but the **mean** of what the source says in this passage: what it
# says to any byte, but nothing about this one. The unit is the step that the block itself takes.
#
# $$\text{moved}_t = \frac{\lVert x_t^{\text{without}} - x_t\rVert}{\lVert x_t - z_t\rVert},
# \qquad z \to \text{block} \to x$$
#
# MAC asks the memory and then attends; MAG lets it open a gate; MAL puts it in front. **Predict** in which
# of the three the memory has the largest share, and in which the smallest.

# %% tags=["nbval-ignore-output"]
owed = {name: relevance(kept[name][0], corpora.tokens(look_at)) for name in ("mac", "mag", "mal")}
share = {name: found.share("memory").mean().item() for name, found in owed.items()}
assert share["mac"] < 0.3 < 0.45 < share["mag"] < 0.6 < share["mal"] < 0.75
print({name: f"{part:.0%}" for name, part in share.items()})

# %% [markdown]
# The nearer the memory stands to the stream, the more is owed to it: about 26 % in MAC, 52 % in MAG, 66 %
# in MAL. Byte by byte, for MAG:

# %%
relevance_bars(
    look_at,
    owed["mag"],
    alt="A passage, byte by byte. In block 1 the bars for the memory, upward, are mostly longer "
    "than those for attention, downward; in block 2 it is the other way round.",
)

# %% [markdown]
# The two blocks of MAG share the work: block 1 leans on its memory, block 2 on its attention. In
# `lmm` and `attention` there is only one source, and nothing to compare:

# %%
alone = relevance(kept["lmm"][0], corpora.tokens(look_at))
assert alone.sources == ("memory",) and (alone.share() == 1).all()
print("lmm:", alone.sources, "its share is 1 everywhere")

# %% [markdown]
# Three warnings before you quote such numbers. The shares are of *one passage* and *one seed*. In MAC and
# MAG the two are multiplied, so taking one away spoils the other. And "memory" here is the whole
# branch with its slow weights and its convolution: most of what MAL owes to it was learned in training,
# not written while reading. Shutting the write gates, as in section 6, is the question about that.
#
# ## Exercise: take one part away
#
# Which part of the memory is worth most? Choose one option of `NeuralMemory` to change, **predict** what
# it does to the bits, and run the comparison, for the small model with chunk 16. Some options:
# `{"momentum": False}`, `{"retention": "none"}` (it never forgets), `{"depth": 1}` (a linear memory),
# `{"conv": 1}` (no convolution: keys and values see one byte only). Or take another memory by its name
# (chapter 10): `{"rule": "yaad"}`, or any other in `titans_book.memory.presets.NAMES`.


# %%
def my_change():
    """The options of NeuralMemory that are to differ, as a dict."""
    ### BEGIN SOLUTION
    return {"conv": 1}
    ### END SOLUTION


# %%
try:
    change = my_change()
    TitansConfig(**small, memory={"chunk": 16, **change})  # does such a memory exist?
except (NotImplementedError, TypeError, ValueError) as error:
    change = {"conv": 1}
    print(f"my_change(): {error or 'not written yet'}. Going on with {change}.")
if not change:
    print("Nothing is changed: the two models will be the same.")

# %% [markdown]
# Both models get the same seed, the same text in the same order, and sixty steps. Which is better?


# %%
def train_with(options, steps=60):
    torch.manual_seed(0)
    model = TitansLM(TitansConfig(**small, memory={"chunk": 16, **options})).to(device)
    plan = TrainingSettings(steps=steps, batch=8, length=96, learning_rate=6e-3, warmup=20)
    for _ in train(model, learn, plan):
        pass
    return bits_per_token(model, held_out[:8_000], 96)


# %% tags=["nbval-ignore-output"]
with_all, without = train_with({}), train_with(change)
print(f"all parts: {with_all:.2f} bits, with {change}: {without:.2f} bits")
assert max(with_all, without) < 5.5

# %% [markdown]
# One seed and sixty steps prove little: a difference of a few hundredths can be luck. Chapter 14 is
# about how to claim such a thing honestly. In Titans' own ablation (its table 5, models of 400M) every
# part helped; in perplexity, forgetting helped most.
#
# ## Your own parts
#
# In chapters 01 to 04 you write the functions that a memory is made of: reading, surprise, momentum, and
# the Titans step that puts them together. Those that you kept are here. `install` lets every memory of a
# model run on them, token by token, with the book's version wherever one is missing. The model is the
# smallest there is: one block, two heads, a matrix each, no chunks. Chapters 05 to 07 gave you deeper
# memories, chunks and the slow weights; this model needs only the parts of the first four. How many of
# them are yours?

# %%
from titans_book.book import credit, install

tiny_linear = TitansConfig(
    dim=32, depth=1, heads=2, hidden=64, memory=dict(depth=1, chunk=1, clamp=None)
)


def linear_model():
    torch.manual_seed(0)
    return TitansLM(tiny_linear).to(device)


own, fast = linear_model(), linear_model()
print(install(own))

# %% [markdown]
# Both models have the same slow weights. Does the one that runs on your parts say the same as the one
# that runs on the book's matrix products?

# %%
some = learn[None, :64].to(device)
with torch.no_grad():
    apart = (own(some)[0] - fast(some)[0]).abs().max().item()
assert apart < 1e-4
print("the same logits, to 1e-4")

# %% [markdown]
# And can it learn through them? Thirty steps for each. The gradients of the outer loop flow backwards
# through every token of your step.

# %%
few = TrainingSettings(
    steps=30, batch=4, length=32, learning_rate=1e-2, warmup=5, save_every=0, evaluate_every=0
)
losses = {
    name: [event.loss for event in train(model, learn, few) if isinstance(event, Step)]
    for name, model in {"your parts": own, "the book's fast form": fast}.items()
}
mine, books = losses.values()
same = max(abs(a - b) for a, b in zip(mine, books, strict=True)) < 0.01
assert mine[-1] < 0.7 * mine[0] and (same or not credit().startswith("Running 0"))
if not same:
    print("Same answers, other gradients: does a part of yours use detach(), item() or .data?")
    print("(The table of gradients in chapter 07 finds it.)")

# %%
figures.lines(
    range(1, 31),
    losses,
    roles="slow",
    markers=5,
    xlabel="step",
    ylabel="loss, nats a token",
    alt="Two training losses, one exactly on top of the other: from 5.7 nats down to 3.0 in "
    "thirty steps.",
)

# %% [markdown]
# One curve, drawn twice. A language model has just been trained on functions of three lines each; all
# that the fast form adds is speed. (`release()` in `titans_book.lab.learning` returns to the book's
# parts.)
#
# ## 8. Its training, from the outside
#
# The board kept moments on the way. Scrub through the *training*: the same memories, after the same
# passage, at different steps. At first the heads write next to nothing; then red and blue specks
# appear, in some heads much stronger than in others. (For `attention`: its maps, which find their
# diagonal.)

# %% tags=["nbval-ignore-output"]
bench.board.film(
    alt="What every block and head made of one passage, at steps of the training.",
)

# %% [markdown]
# And now let it write. The state has a constant size: the thousandth character costs what the first did.

# %% tags=["nbval-ignore-output"]
after = write(model)
assert after.count("·") == 0 or not as_printed
print(after)

# %%
sizes = [carried(model(tokens[None, :n].to(device))[1]) for n in (10, 1000)]
assert sizes[0] == sizes[1]
print("as many numbers after 1,000 tokens as after 10:", sizes[0] == sizes[1])

# %% [markdown]
# It has learned names in capitals, line breaks, and words that one could almost say; it does not make
# sense.
#
# ### Tomorrow
#
# All that the model has read stands in its state, and the state is a value: it can go into a file. Let
# the model read half a scene today, save its state, and close the program. Tomorrow you load the
# weights from the run's folder and the state from its file, and go on. Does it notice the night?

# %%
today, tomorrow = held_out[None, :500].to(device), held_out[None, 500:1000].to(device)
with torch.no_grad():
    _, state = model(today)
path = save_state(state, folder / "half_a_scene.state", model)
print(f"{state.position} bytes read, in a file of the same size however many they were")

# %%
woken = load_checkpoint(folder)[0].to(device)
with torch.no_grad():
    after_a_night, _ = woken(tomorrow, load_state(path, device, woken))
    without_one, _ = model(torch.cat([today, tomorrow], dim=1))
apart = (after_a_night - without_one[:, 500:]).abs().max().item()
assert apart < 1e-3
print("the same logits as in one reading, to 1e-3")

# %% [markdown]
# It does not. The text itself was not kept, only the state. It means something to these weights alone, so
# the file names them, by a hash: loaded for other weights, even of the same shapes, it is refused.
#
# ## 9. A quarter of an hour later
#
# For more, let the large model run in a terminal, in the project's folder. Stop it with Ctrl-C whenever
# you like, and go on with `--resume`:
#
# ```
# .venv/bin/python -m titans_book train --out runs/shakespeare
# .venv/bin/python -m titans_book train --out runs/mag --variant mag --window 64
# .venv/bin/python -m titans_book generate --checkpoint runs/shakespeare --prompt "ROMEO."
# .venv/bin/python -m titans_book train --text my_diary.txt --out runs/mine
# ```
#
# What comes of it? Here is the record of such a run: one thread of a two-core machine that was busy with
# other work. Does it beat the table of counts?

# %%
notebooks = corpora.data_folder().parent / "notebooks"
record = json.loads((notebooks / "records" / "13_shakespeare.json").read_text())
assert record["bits_per_byte"] < record["table_of_order_4"] and record["minutes"] < 20
print(f"{record['steps']} steps in {record['minutes']} minutes, on one thread")
print(f"all of the held-out text: {record['bits_per_byte']:.3f} bits per character")
print(f"the table of counts:      {record['table_of_order_4']:.3f}")
print(record["sample"])

# %%
steps, losses = zip(*record["training_loss_nats_mean_of_12_steps"], strict=True)
figures.loss_curve(
    steps,
    losses,
    alt="The recorded training loss of the large model: a steep fall in the first 100 steps, "
    "then a slow one, to 1.4 nats after 2,071 steps.",
)

# %% [markdown]
# It does: 2.336 against 2.606 bits. And the memory? With its write gate shut, on the first 32,768 bytes
# of the held-out text, so that every memory stays at $M_0$:

# %%
bits = record["first_32768_held_out_bytes"]
gain = bits["memory_shut"] - bits["memory_open"]
assert abs(gain - 0.859) < 0.001
print(f"open {bits['memory_open']:.3f}, shut {bits['memory_shut']:.3f}: worth {gain:.3f} bits")

# %% [markdown]
# Without what is written while reading the model is lost: 0.86 bits. This says that the model has come to
# *rely* on its memory, if only for the last few letters. It does not say that the memory keeps a passage
# for long.
#
# ## In five lines
#
# - A language model can live from **memory alone**, or put memory and attention together in three ways.
# - Slow weights learn *how* to write; fast weights are *what* is written, and start afresh for every text.
# - The memory goes on learning at test time, and its state can be saved and taken up the next day.
# - Training that is a generator of events can be watched, paused, killed and taken up to the same bit.
# - Look before you believe: who looks at whom, and what is owed to which part, can be measured.
#
# **You can now** train any of the five variants on a text of your own, look into it, and say what you
# see.
#
# **Next.** In [chapter 14](14_read_its_memory.ipynb) you ask trained memories why they answered as they did,
# and report it so that others can believe it.
#
# *Code: `titans_book/training/loop.py`, `titans_book/model/model.py`, `titans_book/memory/layer.py`,
# `titans_book/inspection/looking.py`, `titans_book/inspection/relevance.py`, `titans_book/model/saved_state.py`. Tests:
# `tests/training/test_training.py`, `tests/model/test_model.py`, `tests/inspection/test_looking.py`, `tests/inspection/test_relevance.py`.
# Paper: Titans (arXiv 2501.00663), sections 3 and 4; LMM is its memory alone.*
