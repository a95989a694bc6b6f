"""An exercise of chapter 07: how many questions are answered right.

logits are (batch, time, vocab), targets (batch, time), IGNORED where nothing is asked.
"""

import torch
from torch import Generator, Tensor

from titans_book import evaluation
from titans_book.lab.learning.exercise import Exercise, Probe
from titans_book.tasks.recall import IGNORED

CHAPTER = "notebooks/07_learning_to_memorise.ipynb"
VOCAB = 5


def _logits(generator: Generator) -> Tensor:
    """Whole numbers, and so the largest of them may be mistaken for a token."""
    order = torch.rand(4, 9, VOCAB, generator=generator).argsort(-1)
    return (order - torch.randint(0, VOCAB, (4, 9, 1), generator=generator)).float()


def _targets(generator: Generator) -> Tensor:
    """Four sequences of nine tokens, of which a third asks for something."""
    values = torch.randint(0, VOCAB, (4, 9), generator=generator)
    return values.masked_fill(torch.rand(4, 9, generator=generator) > 0.35, IGNORED)


accuracy_asked = Exercise(
    name="07.accuracy_asked",
    what="the share of questions that are answered right",
    reference=evaluation.accuracy_asked,
    probe=Probe(inputs={"logits": _logits, "targets": _targets}, returns=("share",)),
    hints=(
        "An answer is the token with the largest logit. Which places count at all?",
        "`logits.argmax(-1)` is (batch, time), like targets. A mask in square brackets keeps the "
        "places where it is True.",
        "    return (logits.argmax(-1) == targets)[asked].float().mean()\n"
        "    asked = targets != IGNORED",
    ),
    source="the task of chapter 07",
    taught=CHAPTER,
    part=False,
    tolerance=1e-5,
    misfit="Over which axis are the tokens to choose from?",
)


@accuracy_asked.wrong("A model that is always right: which share does yours give it?")
def counts_every_place(logits, targets):
    """You divide by all places. Most of them ask for nothing, and nothing can be right there."""
    return (logits.argmax(-1) == targets).float().mean()


@accuracy_asked.wrong("How many questions are there in these four sequences?")
def counts_without_dividing(logits, targets):
    """That is the number of right answers; a share divides it by the number of questions."""
    return (logits.argmax(-1) == targets)[targets != IGNORED].float().sum()


@accuracy_asked.wrong("Is it `==` or `!=` that stands between answer and target?")
def counts_the_mistakes(logits, targets):
    """That is the share of wrong answers."""
    return (logits.argmax(-1) != targets)[targets != IGNORED].float().mean()


@accuracy_asked.wrong("What does `max` give, and what `argmax`?")
def compares_logits_with_tokens(logits, targets):
    """You compare the largest logit itself with a token number. The answer is the *place* of the
    largest logit."""
    return (logits.max(-1).values == targets)[targets != IGNORED].float().mean()


@accuracy_asked.wrong("How many answers do you get for the nine places of a sequence?")
def counts_through_the_tensor(logits, targets):
    """`argmax()` without a dimension counts through the whole tensor and gives a single place. An
    answer is chosen at every token, among the last axis."""
    return (logits.argmax() == targets)[targets != IGNORED].float().mean()


@accuracy_asked.wrong("Where is the value due: at the question itself, or one token later?")
def shifts_by_one(logits, targets):
    """You shift by one, as for predicting the next token. Here the answer is due at the question's
    own place, and targets stand there already."""
    logits, targets = logits[:, :-1], targets[:, 1:]
    return (logits.argmax(-1) == targets)[targets != IGNORED].float().mean()


@accuracy_asked.wrong("A model that is right with a probability of 40 %: does it answer right?")
def takes_the_confidence(logits, targets):
    """That is the mean probability of the right answer. Accuracy asks only whether it is the
    largest."""
    asked = targets != IGNORED
    chance = logits.softmax(-1).gather(-1, targets.clamp(min=0)[..., None])[..., 0]
    return chance[asked].float().mean()


@accuracy_asked.wrong("Which of the logits belongs to the model's answer?")
def takes_the_smallest(logits, targets):
    """You take the token with the smallest logit, the least likely one."""
    return (logits.argmin(-1) == targets)[targets != IGNORED].float().mean()


@accuracy_asked.wrong("Does a question count more where fewer are asked?")
def averages_the_sequences(logits, targets):
    """You take the share of each sequence first, and then their mean. So a question in a sequence
    with few of them counts more than the others."""
    asked = targets != IGNORED
    right = (logits.argmax(-1) == targets) & asked
    return (right.sum(1) / asked.sum(1)).float().mean()
