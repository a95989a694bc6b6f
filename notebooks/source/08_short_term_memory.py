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
# # 08 · Short-term and persistent memory
#
# *Read 20 minutes, play 10, code 30. Any CPU will do; four cells train for a second or two each.*
#
# A memory of constant size cannot keep everything word for word. But the last few words it need not
# remember at all: they can lie on the table. That is attention, the *short-term memory* of Titans. It is
# exact, it ends at a hard edge, and it has one odd habit: it cannot look at nothing. For this, and for
# all that is true of every text, Titans adds a third kind of memory: *persistent* tokens.
#
# **You will be able to**
#
# 1. write causal attention over a window and over segments, and cut a text anywhere without a trace;
# 2. say what a window costs, how far stacked windows reach, and why that is only hearsay;
# 3. find an attention sink, say why it is there, and give it a better place;
# 4. read and paint masks, and see a leak in them.
#
# **You need** the memory of chapter 04, and what softmax does: positive numbers that add up to 1.

# %%
import time
import torch
from titans_book.attention import Attention, rotary
from titans_book.lab.pictures import figures, style
from titans_book.book import Pick, Predict, exercise, off, part
from titans_book.book import progress_map, quiz, review
from titans_book.book.ch08 import guests
from titans_book.book.ch08.mask_painter import MEMORY, MaskPainter
from titans_book.book.ch08.who_sees import fits, heard, leaks, painted, spelled

torch.set_num_threads(1)  # the fastest for tensors as small as these
style.use(dark=False)  # True: pictures for a dark page
titans_step = part("04.titans_step")  # yours, where you kept it

# %% tags=["solution"]
off()  # the solved edition leaves your progress alone

# %% [markdown]
# Before you start: what is still there from before?

# %%
review("08")

# %% [markdown]
# ## A rail with sixteen hooks
#
# Back to the cloakroom of [chapter 07](07_learning_to_memorise.ipynb). The attendant has two ways to find
# a coat. She can *remember* where she has put it: that is the matrix M, and each new coat disturbs the
# others a little. Or the coat hangs in front of her on a rail. She compares the number that you hold out
# with the numbers on the hooks, and takes the coat. But the rail has sixteen hooks, and when a new coat
# comes, the oldest has to go.
#
# An evening has 48 guests. A number is a key, a coat is a value, both random directions in 16
# dimensions. At the end everybody wants his coat back. How wrong is each of the two ways? An error of 0 is
# the right coat. Silence makes 1, since a coat has length 1. A stranger's coat makes √2, about 1.4.

# %%
def coats(seed, n=48, d=16):
    """Numbers and coats of an evening, each (n, d)."""
    g = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(2, n, d, generator=g).double(), dim=-1)

def from_memory(k, v):
    """What M answers at the end of the evening to each number."""
    M = S = torch.zeros(16, 16).double()
    for t in range(len(k)):
        M, S = titans_step(M, S, k[t], v[t], 0.6, 0.0, 0.02)  # theta, eta, alpha
    return k @ M

def from_rail(k, v, w=16):
    """What the last w pairs answer: compare, and take the coat whose number fits.

    The 60 makes the softmax sharp, so that the best fit gets nearly everything.
    """
    return (60 * k @ k[-w:].T).softmax(-1) @ v[-w:]

# %% [markdown]
# **Predict first.** How wrong is the *rail*, about a guest who came so many guests ago? The mean of 20
# evenings.

# %%
def mean_error(answer, evenings=20):
    """The mean error for each guest, the latest first."""
    wrong = [(answer(k, v) - v).norm(dim=1) for k, v in map(coats, range(evenings))]
    return torch.stack(wrong).mean(0).flip(0)

rail, memory = mean_error(from_rail), mean_error(from_memory)
ago = torch.arange(1, 49)
Predict(
    "08.rail", ago, rail, xlabel="guests ago", ylabel="error", limits=(0, 1.6), points=7,
    role="attention", alt="How wrong a rail of 16 hooks is, by how long ago a guest came",
)  # fmt: skip

# %% [markdown]
# And both of them together:

# %%
figures.lines(
    ago, {"the rail": rail, "the memory": memory}, markers=3, limits=(0, 1.6),
    roles={"the rail": "attention", "the memory": "fast"}, xlabel="guests ago", ylabel="error",
    levels={"silence": 1.0},
    alt="Two curves of the error over how long ago a guest came. The rail is at 0 for sixteen "
        "guests and then jumps to 1.36 and stays about there. The memory begins at 0.45, passes "
        "the rail's edge at 0.88 and drifts to a little above 1.",
)  # fmt: skip

# %%
print(f"16 guests ago: rail {rail[15]:.2f}, memory {memory[15]:.2f}")
print(f"17 guests ago: rail {rail[16]:.2f}, memory {memory[16]:.2f}")
assert rail[:16].max() < 0.01 and abs(rail[16] - 1.36) < 0.03 and rail[16:].min() > 1.2
assert abs(memory[0] - 0.45) < 0.03 and abs(memory[15] - 0.88) < 0.04
assert abs(memory[16] - 0.87) < 0.04 and 1 < memory[30:].mean() < 1.1

# %% [markdown]
# A cliff, and a slope. The rail is perfect for sixteen guests. After that it does not even notice that it
# knows nothing, and hands out a stranger's coat, or a blend of two: 1.36 is worse than silence. The memory
# is perfect at nothing and fades gently; at the seventeenth guest, where the rail has just lost everything,
# it still has something to say. After some thirty guests it is no better than silence, either. Two kinds of
# memory, which fail in two ways. Chapter 09 will put them together. This one builds the rail.
#
# ## The equation
#
# Orange is attention, grey is persistent.
#
# $$
# \begin{aligned}
# q_i &= x_i{\color{#0072B2}{W_Q}},\quad k_j = x_j{\color{#0072B2}{W_K}},\quad
#   v_j = x_j{\color{#0072B2}{W_V}} &&\text{Titans (1)}\\
# y_i &= \sum_{j\,\in\,{\color{#E69F00}{\text{seen}(i)}}}
#   \frac{\exp\bigl(q_i k_j^\top/\sqrt d\,\bigr)}
#   {\sum_{l\,\in\,{\color{#E69F00}{\text{seen}(i)}}}\exp\bigl(q_i k_l^\top/\sqrt d\,\bigr)}\;v_j
#   &&\text{Titans (2)}\\
# x_{\text{new}} &= {\color{#767676}{[\,p_1\ p_2\ \dots\ p_{N_p}\,]}}\;\|\;x
#   &&\text{Titans (19)}\\
# {\color{#E69F00}{\text{seen}(i)}} &= {\color{#767676}{\text{all } p}}\;\cup\;
#   \{\,j : 0\le i-j<{\color{#E69F00}{w}}\,\}\ \text{ or }\
#   \{\,j\le i : \lfloor j/{\color{#E69F00}{C}}\rfloor=\lfloor i/{\color{#E69F00}{C}}\rfloor\,\}
#   &&\text{Titans Fig. 3}
# \end{aligned}
# $$
#
# Aloud: *a row shares out one unit of attention among the columns it sees, and the more a key fits its
# query, the more it gets.* The sign ‖ says: put in front. The paper writes eq. (2) for a sum over everything
# up to i. The window w (MAG and MAL) and the segment C (MAC) are in its figure; chapter 09 will explain the
# three names.
#
# | Term | Meaning | In `steps/attention.py` | Test in `tests/steps/test_attention.py` |
# |---|---|---|---|
# | $y_i$ | the answer: a mean of values | `attend` | `test_attend_is_the_sum_of_its_definition` |
# | $0\le i-j<w$ | the last w tokens, itself among them | `window_mask` | `test_the_masks_are_the_packages` |
# | ⌊j/C⌋ = ⌊i/C⌋ | the same segment | `segment_mask` | the same |
# | $p_1\dots p_{N_p}$ | persistent: weights of the layer, no data | `with_persistent` | `test_they_are_the_packages_attention` |
#
# Compare it with chapter 01. A matrix keeps the *sum* of all $k^\top v$; attention keeps the *list*. So no
# pair disturbs another, and the list grows with every token.
#
# ## By hand
#
# Everything is a single number, d = 1. A query q = 1 sees three keys, 0, ln 2 and 0, with the values 8, 4
# and 0.
#
# *The exponentials* of the scores are 1, 2, 1, together 4. So the weights are ¼, ½, ¼, and the answer is
# ¼ · 8 + ½ · 4 = **4**.
#
# *A window of two.* The first key is out of sight. The weights are ⅔ and ⅓, the answer ⅔ · 4 = **2.67**.
# What is hidden leaves its share to the others.
#
# *Nothing fits.* Take q = 0: all scores are 0, each weight is ⅓, and the answer is again **4**. It was asked
# for nothing, and it said 4. Keep that in mind.
#
# ## Your turn: attend
#
# Three lines: scores, weights, mean. `visible` is True where a row may look. `check()` says what is right,
# `hint()` helps in three steps, `solution()` shows the book's version. Left open, nothing stops.

# %%
@exercise("08.attend")
def attend(q, k, v, visible):
    """y (T, d_v): for each row of q the mean of v, weighted by softmax of q . k / sqrt(d).

    q is (T, d), k (J, d), v (J, d_v), visible (T, J), True where row i may see column j.
    """
    ### BEGIN SOLUTION
    scores = q @ k.T / k.shape[-1] ** 0.5
    return scores.masked_fill(~visible, -torch.inf).softmax(-1) @ v
    ### END SOLUTION

# %%
attend.check()

# %% [markdown]
# Are the three numbers by hand right?

# %%
keys = torch.tensor([[1.0], [2.0], [1.0]]).double().log()  # 0, ln 2, 0
values = torch.tensor([[8.0], [4.0], [0.0]]).double()
query, everything = torch.ones(1, 1).double(), torch.tensor([[True, True, True]])
last_two = torch.tensor([[False, True, True]])
answers = [attend(query, keys, values, everything), attend(query, keys, values, last_two),
           attend(0 * query, keys, values, everything)]  # fmt: skip
print("all three, the last two, nothing asked:", *(f"{y.item():.2f}" for y in answers))
assert [round(y.item(), 2) for y in answers] == [4.0, 2.67, 4.0]

# %% [markdown]
# ### Who sees whom
#
# Now `visible`. Queries and keys come with their *places* in the text: whole numbers, and not always from
# 0 on. First the window: a token sees itself and the w − 1 before it. (`a[:, None] - b` makes a table of
# all differences.)

# %%
@exercise("08.window_mask")
def window_mask(queries, keys, w):
    """visible (T, J): row i sees column j if j <= i and i - j < w.

    queries (T) and keys (J) are places in the text.
    """
    ### BEGIN SOLUTION
    back = queries[:, None] - keys
    return (back >= 0) & (back < w)
    ### END SOLUTION

# %%
window_mask.check()

# %% [markdown]
# Then the segment, whose length C is called w here, too. There are walls before the places w, 2w, 3w, …,
# and a token sees itself and what has come since the last wall.

# %%
@exercise("08.segment_mask")
def segment_mask(queries, keys, w):
    """visible (T, J): row i sees column j if j <= i and both are in one segment of w tokens."""
    ### BEGIN SOLUTION
    rows = queries[:, None]
    return (keys <= rows) & (keys // w == rows // w)
    ### END SOLUTION

# %%
segment_mask.check()

# %% [markdown]
# What do the two look like, beside full attention? Sixteen tokens, w = 4; rows look, columns are seen.

# %%
places = torch.arange(16)
shown = [window_mask(places, places, w) for w in (16, 4)] + [segment_mask(places, places, 4)]
figures.heatmap(
    torch.stack(shown).float(), kind="magnitude", limit=1, width=7.4,
    titles=["everything", "window of 4", "segments of 4"],
    alt="Three masks. Everything: a full lower triangle. Window: a band four cells wide along the "
        "diagonal. Segments: four small triangles along the diagonal, with nothing between them.",
)  # fmt: skip

# %% [markdown]
# Every row of the window (but the first three) sees four tokens. In the segments some rows see four and
# some see one: right behind a wall a token is alone. Nothing of the past comes over a wall; in MAC that is
# the long-term memory's task.

# %%
window, segments = (mask.sum(1) for mask in shown[1:])
print(f"rows that see one column: window {(window == 1).sum()}, segments {(segments == 1).sum()}")
assert (segments == 1).sum() == 4 and (window[3:] == 4).all()

# %% [markdown]
# ## One text, two calls
#
# A chat does not come in one piece. The model reads your question, later the next one, and in between it
# writes token by token. So: what has to be kept, in order that nobody notices where a text was cut? The next
# token sees w places, and one of them is its own.

# %%
@exercise("08.keep")
def keep(x, w):
    """The last w - 1 rows of x, or all of them if there are fewer."""
    ### BEGIN SOLUTION
    return x[max(0, len(x) - (w - 1)) :]
    ### END SOLUTION

# %%
keep.check()

# %% [markdown]
# Now read on. `start` is the place of the first new token. The kept keys stand right *before* it. One
# function serves window and segment, since `mask` is one of your two masks, and w − 1 keys are enough for
# either.

# %%
@exercise("08.read_on")
def read_on(q, k, v, kept_k, kept_v, start, mask, w):
    """y of the new tokens, and the keys and values to keep for the next call.

    mask(queries, keys, w) says who sees whom; kept_k and kept_v stand right before `start`.
    """
    ### BEGIN SOLUTION
    k, v = torch.cat([kept_k, k]), torch.cat([kept_v, v])
    queries = start + torch.arange(len(q))
    keys = start - len(kept_k) + torch.arange(len(k))
    y = attend(q, k, v, mask(queries, keys, w))
    return y, keep(k, w), keep(v, w)
    ### END SOLUTION

# %%
read_on.check()

# %% [markdown]
# Does a cut leave a trace? A text of 40 tokens, in one call, in three pieces of odd sizes, and token by
# token.

# %%
def in_pieces(read, q, k, v, cuts, mask, w):
    """The answers to a text that is cut before each place in `cuts`."""
    answers, kept = [], (k[:0], v[:0])
    for first, last in zip([0, *cuts], [*cuts, len(q)], strict=True):
        now = [x[first:last] for x in (q, k, v)]
        y, *kept = read(*now, *kept, first, mask, w)
        answers.append(y)
    return torch.cat(answers)

q, k, v = torch.randn(3, 40, 8, generator=torch.Generator().manual_seed(0)).double()
for mask in (window_mask, segment_mask):
    whole = attend(q, k, v, mask(torch.arange(40), torch.arange(40), 8))
    for cuts in ([13, 14], range(1, 40)):
        assert (in_pieces(read_on, q, k, v, cuts, mask, 8) - whole).abs().max() < 1e-12
print("both masks: 1 call, 3 calls and 40 calls agree to 1e-12")

# %% [markdown]
# Here is a decoding loop as one often finds it. It counts places from where the *call* begins. With a
# window nobody will ever notice: only distances matter there. And with segments?

# %%
def reads_from_zero(q, k, v, kept_k, kept_v, start, mask, w):
    """read_on, without `start`."""
    return read_on(q, k, v, kept_k, kept_v, 0, mask, w)

for mask in (window_mask, segment_mask):
    whole = attend(q, k, v, mask(torch.arange(40), torch.arange(40), 8))
    off_by = (in_pieces(reads_from_zero, q, k, v, [13, 14], mask, 8) - whole).norm(dim=1)
    print(f"{mask.__name__}: {(off_by > 1e-9).sum()} of 40 answers are different")
    assert (off_by > 1e-9).sum() == (0 if mask is window_mask else 27)

# %% [markdown]
# All 27 answers after the first cut are wrong: the walls have moved to where somebody happened to cut. All
# shapes fit, and a test that reads its text in one call will pass for ever.
#
# > **Asked again and again: "does a boundary matter at inference?"** Ask which one. Between two *calls*:
# > no, if keys, values and place are handed on. Between two *texts of a batch*: no, they never meet. Between
# > two *segments*: yes, that is part of the function, and it stands in the same place in training and in use.
# > Between two *chunks of the memory* (chapter 06): it decides at which M surprise is measured; what was
# > read is already written, full chunk or not.

# %% [markdown] tags=["instructor"]
# **What goes wrong in class (10 minutes).** Nearly everybody keeps w keys, and it works: one too many is
# masked away (the package keeps w, for shapes that never change). Then ask for w = 1 and `x[-(w - 1):]`.
# For `read_on`, let them draw a number line with `start`, the kept and the new keys before they write.

# %% [markdown]
# ## What does it cost?
#
# A window of 64 in a text of 2,048 tokens: surely a mask saves a lot? Think before you run it. We measure
# processor time for `attend` with a full causal mask, `attend` with a window mask, and `read_on` in pieces
# of w tokens each.

# %%
def seconds(work):
    """Processor time, the best of three."""
    times = []
    for _ in range(3):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)

def costs(T, w=64):
    """Time of full attention, of a window by a mask alone, and of a window in pieces."""
    q, k, v = torch.randn(3, T, 16)
    masks = [window_mask(torch.arange(T), torch.arange(T), width) for width in (T, w)]
    dense = [seconds(lambda mask=mask: attend(q, k, v, mask)) for mask in masks]
    cuts = range(w, T, w)
    return [*dense, seconds(lambda: in_pieces(read_on, q, k, v, cuts, window_mask, w))]

# %%
lengths = [256, 512, 1024, 2048]
full, masked, pieces = zip(*map(costs, lengths), strict=True)
figures.lines(
    lengths, {"full": full, "window, by a mask": masked, "window, in pieces": pieces},
    roles={"full": "persistent", "window, by a mask": "slow", "window, in pieces": "attention"},
    log="y", xlabel="tokens", ylabel="seconds",
    alt="Time, on a logarithmic axis, against the length of the text. Full attention and the "
        "masked window climb together, steeply; the window in pieces climbs slowly and ends far "
        "below them.",
)  # fmt: skip

# %%
grows = [times[-1] / times[0] for times in (full, masked, pieces)]  # 64, 64 and 8 by counting
assert min(grows[:2]) > 2 * grows[2] and pieces[-1] < min(full[-1], masked[-1]) / 2
for T in (2048, 16384):
    seen = T // 64 * 64 * 127
    print(f"scores for {T:,} tokens: full {T * T / 1e6:.1f} million, pieces {seen / 1e6:.2f}")

# %% [markdown]
# A mask hides, and saves nothing: all the scores are there before it comes. What saves is *not to compute
# them*. In pieces of w tokens, w rows meet at most 2w − 1 columns, so work grows as T · w, memory as w²,
# and what is kept never grows. (In a short text the loop over pieces may cost more than it saves.) The
# package's `Attention` does the same with all pieces at once.
#
# ## Further back than w
#
# Layers are stacked. Let w be 8. In the second layer token i sees token i − 7 again, and that one has
# already seen i − 14. So L layers with windows of w reach L(w − 1) tokens back. How much of it arrives? We
# stack up to three layers of random weights, and take the derivative of the last token's answer with respect
# to each token before it.

# %%
torch.manual_seed(0)
stack = [Attention(16, heads=2, window=8).double() for _ in range(3)]

def influence(layers, texts=6):
    """How strongly the last answer depends on the token so many places back, 0 to 29."""
    found = torch.zeros(30).double()
    for _ in range(texts):
        x = torch.randn(1, 30, 16).double().requires_grad_()
        y = x
        for layer in stack[:layers]:
            y = y + layer(torch.nn.functional.rms_norm(y, (16,)))[0]
        for one in y[0, -1]:
            (slope,) = torch.autograd.grad(one, x, retain_graph=True)
            found += slope[0].norm(dim=1).flip(0) / texts
    return found

# %%
torch.manual_seed(1)
felt = {f"{layers} layer{'s' * (layers > 1)}": influence(layers) for layers in (1, 2, 3)}
figures.lines(
    torch.arange(1, 30), {name: values[1:] for name, values in felt.items()},
    roles="attention", xlabel="places back", ylabel="influence", markers=2,
    alt="Influence on the last token over the distance. One layer: about level for seven places, "
        "then 0. Two layers: about level for seven places, then a much lower tail that ends at 14. "
        "Three: the same, and a tail that ends at 21.",
)  # fmt: skip

# %%
for layers, values in enumerate(felt.values(), start=1):
    assert values[7 * layers] > 0 and not values[7 * layers + 1 :].any()
near, far = felt["2 layers"][1:8].mean(), felt["2 layers"][8:15].mean()
print(f"two layers: places 1 to 7 count {near / far:.0f} times as much as 8 to 14; 15 and on: 0")
assert near > 5 * far

# %% [markdown]
# The edge is exact: a needle 15 places back has *no* influence, not a small one. And within reach, what lies
# beyond the first window comes as hearsay. Somebody in between must have taken it along, at a time when
# nobody had asked yet. (The weights are random here; training can make the relay better, and never longer.)
#
# ## The guest without a ticket
#
# Now the odd habit. Softmax gives out exactly one unit of attention, to every guest. What does a guest get
# who asks for nothing?
#
# In this cloakroom everybody hands in a coat, one of twelve kinds. One guest in ten also asks: *which coat
# was handed in right before mine?* All others ask for nothing, and the right answer to them is 0. One
# layer of full attention has to learn that, with nothing beside it: no memory, no residual. (It can tell who
# came right before, since the book's `Attention` knows places; how, comes further down.) Token 0 is special:
# it says that the door opens, and brings no coat. After 200 steps of training, can it say nothing?

# %%
test = guests.evening(9999, many=200, time=32)  # none of these is trained on
idle = ~test.asks & (torch.arange(32) >= 8)  # asks for nothing, a while after the opening
bare = guests.train()

def report(attention):
    """The mean squared error where a coat is asked for, and where nothing is."""
    wrong = guests.errors(attention, test)
    return wrong[test.asks].mean().item(), wrong[idle].mean().item()

print("errors: where a coat is asked for {:.2f}, where nothing is {:.2f}".format(*report(bare)))
assert max(report(bare)) < 0.02

# %% [markdown]
# It does. But every coat in sight has a value, and weights cannot be 0 all over. **Pick:** where does an
# idle guest look? The 24th token, on average over all evenings in which it asks for nothing.

# %%
looks = bare.weights(test.x)[:, 0, 23, :24][~test.asks[:, 23]].mean(0)
latest = 0.5 ** torch.arange(24).flip(0)
Pick(
    "08.idle", range(24),
    {"all": torch.full((24,), 1 / 24), "latest": latest / latest.sum(), "first": looks},
    right="first", role="attention", limits=(0, 1.05), xlabel="column", ylabel="weight",
    because={
        "all": "Then it would answer with a bit of every coat: the mean of 23 coats. That is "
               "small, but not 0, and there is a better way.",
        "latest": "Then it would answer with the last coat, loudly, to somebody who has asked for "
                  "nothing.",
        "first": "All of it goes to the door. Nobody wants to know that it has opened. It is the "
                 "one column that everybody sees and that brings no coat.",
    },
    alt="Three curves of the weight of 24 columns, A to C",
)  # fmt: skip

# %% [markdown]
# An **attention sink**. It has nothing to do with what the door says; what counts is that one may look at
# it without an effect. What would each column answer, if it got all the weight?

# %%
says = bare.out(bare.project(torch.eye(16)).chunk(3, dim=-1)[2])  # the answer of each feature
door = (says[guests.DOOR] + says[guests.ONE]).norm()
coat = (says[: guests.COATS] + says[guests.ONE]).norm(dim=1).mean()
print(f"weight of the door {looks[0]:.0%}; its answer has length {door:.1f}, a coat's {coat:.1f}")
assert looks[0] > 0.95 and door < 0.05 and abs(coat - 1) < 0.1

# %% [markdown]
# Large language models do the same: StreamingLLM (arXiv 2309.17453) found that they look at the first few
# tokens of any text, most of the time. And then somebody gives them a window. Same weights, w = 8:

# %%
asked, nothing = report(guests.through(bare, 8))
print(f"errors through a window of 8: coat asked {asked:.2f}, nothing asked {nothing:.2f}")
assert asked < 0.02 and 0.5 < nothing < 0.75

# %% [markdown]
# The answers are as good as ever: the coat before is well within the window. *Silence* is broken. After
# eight guests the door is out of sight, the idle guests grab what is nearest, and get coats that nobody has
# asked for. Would it help to train it with the window from the beginning?

# %%
narrow = guests.train(window=8)
asked, nothing = report(narrow)
print(f"trained with the window: coat asked {asked:.2f}, nothing asked {nothing:.2f}")
assert 0.2 < asked < 0.4 and nothing < 0.03

# %% [markdown]
# Silence is back, and now a third of what is asked for is lost. Which third? For each of the twelve kinds of
# coat: how much of it is returned when it is asked for, and how much of the idle guests' weight it gets.

# %%
much, weight = guests.returned(narrow, test), guests.looked_at(narrow, test, idle)
figures.heatmap(
    torch.stack([much, weight]), kind="magnitude", limit=1, width=7,
    cells=(["returned", "idle weight"], list("ABCDEFGHIJKL")),
    alt="Two rows of twelve cells, one for each coat. Returned: dark for A, C, D and I, bright for "
        "the others. Idle weight: a shade brighter for A, C and I, dark for the others.",
)  # fmt: skip

# %%
given_up = [kind for kind, m in zip("ABCDEFGHIJKL", much, strict=True) if m < 0.3]
print("hardly ever returned:", *given_up)
assert len(given_up) == 4 and weight[much < 0.3].sum() > 0.9 and much[much < 0.3].mean() < 0.15

# %% [markdown]
# That is what it does: it has **given up four kinds of coat** to have somewhere to look. Their values are
# next to nothing, whoever asks for one gets nothing, and the idle guests look there. Which four is up to
# chance. What it needs is a column that is always in sight and that nobody misses.
#
# ### Persistent tokens
#
# Pin a few notes to the wall above the rail. They hang there every evening, in everybody's sight, and no
# coat pushes them off. Eq. (19): $N_p$ tokens in front of every text, which belong to the layer. They are
# learned like any other weight, know nothing of the text, and **every row sees them**, wherever the window
# is. Put them there.

# %%
@exercise("08.with_persistent")
def with_persistent(k, v, visible, p_k, p_v):
    """k, v and visible with the persistent tokens in front, seen by every row.

    k is (J, d), v (J, d_v), visible (T, J); p_k is (N, d), p_v (N, d_v).
    """
    ### BEGIN SOLUTION
    always = visible.new_ones(len(visible), len(p_k))
    return torch.cat([p_k, k]), torch.cat([p_v, v]), torch.cat([always, visible], dim=1)
    ### END SOLUTION

# %%
with_persistent.check()

# %% [markdown]
# By hand, once more: nothing fits, this time since all three keys are 0. Their values are 8, 4 and 0, and
# the answer is 4. Now a persistent token whose score is ln 9 and whose value is 0. The exponentials are 9,
# 1, 1, 1, and the answer becomes 12 / 12 = **1**. A larger key makes it smaller still.

# %%
keys, values = torch.zeros(3, 1).double(), torch.tensor([[8.0], [4.0], [0.0]]).double()
p_k, p_v = torch.tensor([[9.0]]).double().log(), torch.zeros(1, 1).double()
query = torch.ones(1, 1).double()
before = attend(query, keys, values, everything).item()
after = attend(query, *with_persistent(keys, values, everything, p_k, p_v)).item()
larger = attend(query, *with_persistent(keys, values, everything, 2 * p_k, p_v)).item()
print(f"nothing fits: {before:.2f}; a persistent token: {after:.2f}; twice its key: {larger:.2f}")
assert abs(before - 4) < 1e-9 and abs(after - 1) < 1e-9 and abs(larger - 12 / 84) < 1e-9

# %% [markdown]
# Does it work? The same training with a window of 8 and four persistent tokens.

# %%
noted = guests.train(window=8, persistent=4)
asked, nothing = report(noted)
print(f"with persistent tokens: coat asked {asked:.2f}, nothing asked {nothing:.2f}")
assert asked < 0.05 and nothing < 0.02

# %%
on_notes = noted.weights(test.x)[:, 0, :, :4].sum(-1)
shares = {"asks for nothing": on_notes[idle].mean(), "asks for a coat": on_notes[test.asks].mean()}
print("weight on the persistent tokens:", ", ".join(f"{a} {s:.0%}" for a, s in shares.items()))
assert shares["asks for nothing"] > 0.95 and shares["asks for a coat"] < 0.1
assert guests.returned(noted, test).min() > 0.7

# %% [markdown]
# Idle guests look at the notes, guests who ask look at the text, and no coat has to be given up. Here is one
# evening: on the left the model without a window, with its bright column at the door; on the right the one
# with notes. The first four columns are the notes (the left model has none), the fifth is the door. Who asks?

# %%
evening, asking = test.x[3:4, :24], test.asks[3, :24].nonzero().flatten().tolist()
left = torch.nn.functional.pad(bare.weights(evening)[0, 0], (4, 0))
figures.heatmap(
    torch.stack([left, noted.weights(evening)[0, 0]]), kind="magnitude", limit=1, width=7.6,
    titles=["everything in sight, no notes", "window of 8, four notes"],
    alt="Two matrices of attention weights, 24 rows. Left: almost every row is bright in the "
        "column of the door alone. Right: almost every row shares its weight among the first four "
        "columns. In both, the same three rows are bright one column before their own: they ask.",
)  # fmt: skip

# %%
print("They ask, and each is bright one column before its own:", *asking)
assert len(asking) == 3

# %% [markdown]
# > **Asked again and again: "which tokens does a sink eat?"** Those that everybody sees and whose value can
# > be spared: the first token of a text, often a comma or a full stop; a coat only where nothing else is in
# > sight, as you saw. And where door and notes are both in sight? They compete, and one seat is
# > enough.

# %%
both = guests.train(persistent=4)
weights = both.weights(test.x)[:, 0][idle]
shares = weights[:, :4].sum(1).mean(), weights[:, 4].mean()
print("door and notes in sight: notes {:.0%}, door {:.0%}".format(*shares))
assert shares[0] > 0.85 and shares[1] < 0.1
assert report(guests.through(both, 8))[1] < 0.02  # and so a window does no harm

# %% [markdown]
# The notes get nine tenths of the weight, and the window may come. To be honest: with *one* note in the place of
# four the door won this race with all five seeds that we tried, and trained with a window it did not find its
# note with two of the five. Who becomes the sink is decided by chance at the start; that there is one is not.
#
# ### How much of the answer is the notes'?
#
# The weight on the persistent tokens is more than a curiosity: it is a *gate*. Give the two halves of the
# columns a softmax each, and the full answer is a mixture of the two:
#
# $$
# y = {\color{#767676}{g}}\;\underbrace{\text{softmax}\bigl(q\,{\color{#767676}{K_P^\top}}/\sqrt d\,\bigr)
# {\color{#767676}{V_P}}}_{\text{the same for every text}}
# + (1-{\color{#767676}{g}})\;\text{Attn}(q, K, V),\qquad
# {\color{#767676}{g}} = \text{the weight on the notes}.
# $$
#
# And the first term is what Titans' eq. (20) says, FFN(x) = W_V softmax(W_K x): a network of two layers whose
# weights are the notes' keys and values. A transformer block has such a network behind its attention
# anyway, with another nonlinearity. Is it so?

# %%
q, k, v = torch.randn(3, 12, 8, generator=torch.Generator().manual_seed(1)).double()
p_k, p_v = torch.randn(2, 4, 8, generator=torch.Generator().manual_seed(2)).double()
visible = window_mask(torch.arange(12), torch.arange(12), 5)

W_K, W_V = p_k / 8**0.5, p_v.T
ffn = torch.stack([W_V @ (W_K @ x).softmax(0) for x in q])  # eq. 20, one token at a time
notes = (q @ p_k.T / 8**0.5).exp().sum(1)
text = ((q @ k.T / 8**0.5).exp() * visible).sum(1)
g = (notes / (notes + text))[:, None]

whole = attend(q, *with_persistent(k, v, visible, p_k, p_v))
assert (whole - (g * ffn + (1 - g) * attend(q, k, v, visible))).abs().max() < 1e-12
print("attention with notes = gate * FFN + (1 - gate) * attention, to 1e-12")

# %% [markdown]
# So persistent tokens hold two things at once: a place to look at when nothing is asked (value near 0), and
# knowledge that is true of every text (any other value). The paper names these two and a third, task
# knowledge; they are one mechanism.
#
# > **Asked again and again: "why are they not simply a prompt?"** A prompt is text: it stands somewhere,
# > and a window leaves it behind. Let us measure it.

# %%
layer = Attention(16, window=8, persistent=4).double()
text = torch.randn(1, 40, 16).double()

def moved(change):
    """How far the answer of each of 36 tokens moves when something in front of them changes."""
    before = layer(text)[0][0, 4:]
    after = change()
    return (after - before).norm(dim=1)

def other_prompt():
    return layer(torch.cat([-text[:, :4], text[:, 4:]], dim=1))[0][0, 4:]

def other_notes():
    layer.persistent.data.neg_()
    return layer(text)[0][0, 4:]

by_prompt, by_notes = moved(other_prompt), moved(other_notes)
print(f"tokens that notice: another prompt {(by_prompt > 0).sum()}, other notes {len(by_notes)}")
assert (by_prompt > 0).tolist() == [True] * 7 + [False] * 29 and by_notes.min() > 1e-3

# %% [markdown]
# Of 36 tokens seven notice that the prompt has changed; all of them notice the notes. (Here all four words of
# the prompt are changed; the last of them is in sight for seven tokens.) There are more differences. A prompt
# must be made of words, a note can be any vector, trained. In the second layer a prompt token is what the
# first layer has made of it, while each layer has notes of its own. And a prompt can be read by the memory
# like any text; chapter 09 will show what that is good for.
#
# ## Where does a note stand?
#
# Attention as written so far knows no order: shuffle what is in sight, and the answer stays. So queries and keys
# are *rotated*, by an angle that grows with their place (RoPE, arXiv 2104.09864). A dot product of two rotated
# vectors depends on the difference of the angles, so on the distance alone. The book rotates one half of the
# features. In the other half there is no place, and there, and only there, a note has its key. What does
# that look like from afar?

# %%
g = torch.Generator().manual_seed(3)
query, key = torch.randn(2, 1, 16, generator=g).double()
at = torch.arange(64)
asks = rotary.rotate(query.expand(64, -1), at)  # the same query, from 64 places
word, note = rotary.rotate(key, torch.tensor([0]))[0], rotary.unplaced(key)[0]
figures.lines(
    at, {"a word at place 0": asks @ word, "a note": asks @ note}, xlabel="place of the query",
    ylabel="score", roles={"a word at place 0": "attention", "a note": "persistent"}, markers=8,
    alt="Two curves of the score over the place of the query. That of a word goes up and down with "
        "the distance; that of a note is level.",
)  # fmt: skip

# %%
far = rotary.rotate(query, torch.tensor([1005])) @ rotary.rotate(key, torch.tensor([1000]))[0]
near = rotary.rotate(query, torch.tensor([5])) @ rotary.rotate(key, torch.tensor([0]))[0]
assert (far - near).abs() < 1e-12 and (asks @ note - (asks @ note)[0]).abs().max() < 1e-12
print("five places apart, here or 1,000 places on: the same score; a note: always the same")

# %% [markdown]
# The paper does not say where persistent tokens stand. If they stood in front of the text, a model trained
# on 2,000 tokens would meet them at angles that it has never seen as soon as a text is longer.
#
# ## Play: paint a mask
#
# Six words, and a cell for every pair: a row *sees* a column where the cell is filled. Press a cell to change
# it. A dot is hearsay, what comes by relay when there are several layers. Striped is the future: a cell
# there is a leak. The line below tells about one row, in words. Persistent tokens (p) and **memory
# columns** (h) stand in front. They are a glance ahead to chapter 09: in MAC the segment that attention
# reads is P ‖ h ‖ x (eq. 22), and $h_j$ is what the long-term memory answers to word j.
#
# **A question for the painter:** take a window of 3 and two layers. Who hears nothing of whom? Now mend it
# by *moving a single cell*: still three words a row at most, each row sees itself, and nobody sees the future.

# %%
MaskPainter(
    pattern="window", size=3, layers=2,
    alt="Mask painter: 36 cells to press, menus for pattern and memory columns, sliders.",
)  # fmt: skip

# %% [markdown]
# Where buttons do not work: this is where it begins.

# %%
MaskPainter(alt="Window of three, two layers", layers=2).figure(
    alt="Six rows and six columns. Each row sees itself and two words before it; dots stand for "
        "two more words further back. In the last row the cell of the first word is empty."
)  # fmt: skip

# %% [markdown]
# Write it down: six rows of # and dots, as the painter prints them under its board. Copy that line;
# `painted("#..... ##.... …")` makes a mask of it. There is more than one solution.

# %%
@exercise("08.my_mask")
def my_mask():
    """Six words, at most three a row, each sees itself; two layers reach everything before."""
    ### BEGIN SOLUTION
    return painted("#.....", "##....", "###...", ".###..", "..###.", ".#..##")
    ### END SOLUTION

# %%
my_mask.check()

# %% [markdown]
# One cell, and two layers hear of everything, at the price of a window of three. (BigBird,
# arXiv 2007.14062, reads long texts with masks of this kind: a window, and a few far looks.)

# %%
start = window_mask(torch.arange(6), torch.arange(6), 3)
deaf = (~heard(start, 2)).tril().nonzero().tolist()
print("a window of three: row, column =", deaf, "; yours:", *spelled(my_mask())[5:])
assert deaf == [[5, 0]] and fits(my_mask()) == ""

# %% [markdown]
# And now the memory columns. Choose segments of 3 and "all of its segment": that is how Fig. 3a of the
# paper draws them. Which cells are striped, and who learns of whom through them?

# %%
figure_3a = MaskPainter(alt="Fig. 3a", pattern="segment", memory=MEMORY[2], persistent=2)
figure_3a.figure(
    alt="The columns of MAC: two grey persistent columns, six memory columns, six words. In each "
        "segment of three, three memory cells above the diagonal are striped, and so are the cells "
        "of the three words that they give away."
)  # fmt: skip

# %%
ours = MaskPainter(alt="ours", pattern="segment", memory=MEMORY[1], persistent=2)
theirs = leaks(figure_3a.memories)
print("leaks in Fig. 3a:", len(theirs), " in the book:", len(leaks(ours.memories)))
assert len(theirs) == 6 and not leaks(ours.memories)

# %% [markdown]
# Six, three in each segment. $h_j$ was asked for with the query of word j, so whoever sees it before word j
# has come, knows something of word j. In this book row i sees $h_j$ for j ≤ i only. Chapter 09 will catch
# the other reading in the act.

# %% [markdown] tags=["instructor"]
# **For discussion (5 minutes).** In pairs, one paints a mask and hides the board; the other may ask "does a
# hear of b through n layers?" and has to find the mask. How many questions are needed for a window? Which
# two masks cannot be told apart with n = 2?

# %% [markdown]
# ## Prove
#
# Are your functions the book's `Attention`? It adds the projections, the rotation and W_O. One head, a
# window, three persistent tokens; then the same for a segment.

# %%
def by_your_functions(layer, x, mask, w):
    """What `layer` answers, from attend, your masks and with_persistent."""
    at, (W_Q, W_K, W_V) = torch.arange(len(x)), layer.project.weight.T.chunk(3, dim=1)
    q, k = rotary.rotate(x @ W_Q, at), rotary.rotate(x @ W_K, at)
    p_k, p_v = rotary.unplaced(layer.persistent @ W_K), layer.persistent @ W_V
    return layer.out(attend(q, *with_persistent(k, x @ W_V, mask(at, at, w), p_k, p_v)))

x = torch.randn(50, 16).double()
for mask, size in ((window_mask, {"window": 7}), (segment_mask, {"segment": 7})):
    layer = Attention(16, persistent=3, **size).double()
    assert (by_your_functions(layer, x, mask, 7) - layer(x[None])[0][0]).abs().max() < 1e-12
print("yours and the book's Attention agree to 1e-12")

# %% [markdown]
# It runs in pieces and carries a state, as yours does. Does *it* care where a text is cut?

# %%
state, answers = None, []
for piece in x[None].split([1, 20, 3, 26], dim=1):
    y, state = layer(piece, state)
    answers.append(y)
assert (torch.cat(answers, dim=1) - layer(x[None])[0]).abs().max() < 1e-12
# It keeps w keys, one more than yours, so that shapes never change.
print(f"four calls agree with one; kept for 50 tokens: {state.keys.shape[-2]} keys")

# %% [markdown]
# ## What have you kept?
#
# Three questions. Every answer, right or wrong, says why.

# %%
quiz("08.reach")

# %%
quiz("08.sink")

# %%
quiz("08.prompt")

# %% [markdown]
# ## In five lines
#
# 1. Attention keeps the list, a memory keeps the sum: exact within w tokens, and nothing at all behind them.
# 2. Masks compare places in the text. Then w − 1 keys and a place are all that a next call needs.
# 3. A mask hides and saves nothing; reading in pieces saves: work T · w.
# 4. L windows reach L(w − 1) back, by hearsay.
# 5. Softmax must look somewhere. Persistent tokens are always there to be looked at, in every text and from
#    every place, and their weight is a gate on a small network.
#
# **You can now** write the short-term memory of Titans, cut a text wherever you like, and find the sink in a
# picture of weights. Keep what has passed; then the map:

# %%
for one in (attend, window_mask, segment_mask, keep, read_on, with_persistent):
    print(one.keep())

# %%
progress_map()

# %% [markdown]
# **Where we differ from the paper.** Rotary positions on half of the features, notes without a place, and
# memory columns up to the row instead of the whole segment: all stand with their reasons in
# [where we differ](where_we_differ.md). The paper calls persistent tokens a cure for attention sinks; in our toy
# they do not remove the sink, they give it a seat. The toy is one layer, one head, a few seeds, and no evidence
# about large models.
#
# **Next.** The rail is perfect for w tokens, and the memory of chapters 01 to 07 fades gently for ever. Which of
# them should ask the other, and when? There are three ways to wire them, MAC, MAG and MAL:
# [chapter 09](09_mac_mag_mal.ipynb).
