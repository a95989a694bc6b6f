"""Two short exercises of chapter 12: who is corrected for what, and what may have been read."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.lab.learning.exercise import Exercise, Probe, Step, normal
from titans_book.steps import continuum as steps

CHAPTER = "notebooks/12_continuum.ipynb"

slow_first = Exercise(
    name="12.slow_first",
    what="the errors of levels of which the slow ones go first",
    reference=steps.slow_first,
    probe=Probe(inputs={"says": normal(4, 3), "v": normal(3)}, returns=("errors",)),
    hints=(
        "The slowest level is corrected as if it were alone, the fastest for the error of the "
        "whole answer. What does the one in the middle listen to?",
        "says is (levels, d_out), the fastest level in the first row. `cumsum(0)` adds up from the "
        "first row on, and `flip(0)` turns the order of the rows.",
        "    return slower_and_own - v\n    slower_and_own = says.flip(0).cumsum(0).flip(0)",
    ),
    source="what a level and the slower ones say",
    taught=CHAPTER,
    gradients=False,
    misfit="says is (levels, d_out), and so are the errors, a row for each level. Which of your "
    "sums has lost the levels?",
)


@slow_first.wrong("Which levels does the slowest one listen to?")
def is_joint(says, v):
    """You correct all levels for the error of the whole answer."""
    return (says.sum(0) - v).expand_as(says)


@slow_first.wrong("If two levels both say all of v, what is the whole answer?")
def listens_to_itself_alone(says, v):
    """You correct every level as if it were alone, so each of them says all of v."""
    return says - v


@slow_first.wrong("Is the fastest level in the first row, or in the last?")
def goes_fast_first(says, v):
    """You add up from the fastest level on, so the fast ones go first."""
    return says.cumsum(0) - v


@slow_first.wrong("Does a level's own answer belong to its error?")
def leaves_itself_out(says, v):
    """You leave the level's own answer out, so its error never gets smaller, whatever it says."""
    return says.flip(0).cumsum(0).flip(0) - says - v


@slow_first.wrong("Is an error what is said minus what is wanted, or the other way round?")
def has_the_other_sign(says, v):
    """You return what is missing. An error is the answer minus the value."""
    return v - says.flip(0).cumsum(0).flip(0)


@slow_first.wrong("How often is v taken off from the error of the fastest of four levels?")
def subtracts_the_value_often(says, v):
    """You subtract v from every answer before you add them up, so it counts several times."""
    return (says - v).flip(0).cumsum(0).flip(0)


@slow_first.wrong("In which row is the fastest level after `flip(0)`?")
def does_not_turn_back(says, v):
    """You turn the rows, add them up, and do not turn them back, so the fastest level gets the
    error of the slowest."""
    return says.flip(0).cumsum(0) - v


@slow_first.wrong("At which level has the sum to begin?")
def turns_only_at_the_end(says, v):
    """You add up from the fastest level on, and turn the rows afterwards. The slowest level gets
    the error of the whole answer, and the fastest is corrected as if it were alone."""
    return says.cumsum(0).flip(0) - v


@slow_first.wrong("Are the answers of levels added up, or averaged?")
def takes_the_mean(says, v):
    """You take means over the levels. Their answers are added up."""
    return torch.stack([says[n:].mean(0) - v for n in range(len(says))])


@slow_first.wrong("What is the error of a level that says just v?")
def forgets_the_value(says, v):
    """You return what the levels say, and leave the value out."""
    return says.flip(0).cumsum(0).flip(0) + 0 * v


@slow_first.wrong("What is the error of a level that says just v?")
def adds_the_value(says, v):
    """You add the value. The error is what is said minus the value."""
    return says.flip(0).cumsum(0).flip(0) + v


@slow_first.wrong("Is the error asked for, or the loss?")
def returns_the_loss(says, v):
    """You return half of the squared errors. The errors themselves are asked for."""
    return 0.5 * (says.flip(0).cumsum(0).flip(0) - v) ** 2


@slow_first.wrong("Has an error a sign?")
def drops_the_sign(says, v):
    """You return the size of the errors. Their signs say in which direction a level is wrong."""
    return (says.flip(0).cumsum(0).flip(0) - v).abs()


@slow_first.wrong("Which axis of `says` counts the levels, 0 or 1?")
def adds_up_the_features(says, v):
    """You add up along the features. The levels are the rows, which is axis 0."""
    return says.flip(1).cumsum(1).flip(1) - v


@slow_first.wrong("How many slower levels does the fastest of four have?")
def listens_to_one_neighbour(says, v):
    """Each of your levels listens to itself and to the next slower one. It has to listen to all
    that are slower."""
    return says - v + torch.cat([says[1:], 0 * says[:1]])


def tokens_read_reference(t, C):
    """The book's version."""
    return C * ((t - 1) // C)


def _asked(function: Callable) -> Iterator[Step]:
    """All tokens of a few chunks, for several chunk sizes."""
    for C in (4, 1, 3):
        found = [torch.as_tensor(function(t, C)).double() for t in range(1, 10)]
        yield {"tokens": torch.stack(found)}


_asked.names = lambda: ("t", "C")

tokens_read = Exercise(
    name="12.tokens_read",
    what="how many tokens a memory may have read that answers token t",
    reference=tokens_read_reference,
    probe=_asked,
    hints=(
        "Write the numbers down for C = 4 and t = 1 to 9. Tokens 1 to 4 are of one chunk: how many "
        "tokens were written before it began?",
        "`//` divides and rounds down. The chunk of token t is number (t - 1) // C, if the first "
        "one is number 0.",
        "    return C * chunks\n    chunks = (t - 1) // C",
    ),
    source="the end of the chunk before",
    taught=CHAPTER,
    part=False,
)


@tokens_read.wrong("With C = 4, has token 3 been read together with token 4?")
def is_the_printed_index(t, C):
    """That is the printed index, C times t / C rounded up. It is the end of the token's own chunk,
    so token t is answered by a memory that has read it, and the tokens after it."""
    return C * -(-t // C)


@tokens_read.wrong("Does token C belong to the first chunk or to the second?")
def rounds_t_down(t, C):
    """You divide t and not t - 1, so the last token of a chunk is answered by a memory that has
    read all of it."""
    return C * (t // C)


@tokens_read.wrong("Does the memory change inside a chunk?")
def reads_up_to_the_last_token(t, C):
    """You count all tokens before t. That is right for C = 1; in chunks, what is made comes from
    the memory at the chunk's start."""
    return t - 1


@tokens_read.wrong("How many tokens are there in a chunk?")
def counts_chunks(t, C):
    """You return how many chunks were read, not how many tokens."""
    return (t - 1) // C


@tokens_read.wrong("How long is the first chunk?")
def is_a_chunk_late(t, C):
    """You go back one chunk too far."""
    return max(0, C * ((t - 1) // C) - C)


@tokens_read.wrong("Is the number asked for the first token of the chunk, or how many came before?")
def names_the_first_token(t, C):
    """You return the number of the chunk's first token. Before it, one token less was read."""
    return C * ((t - 1) // C) + 1


@tokens_read.wrong("With C = 4, how many tokens were read before token 5? And before token 4?")
def rounds_to_the_nearest(t, C):
    """You round to the nearest chunk, so tokens late in a chunk are served by one that has not
    ended."""
    return C * round((t - 1) / C)


@tokens_read.wrong("How many tokens have been read when the first one is served?")
def can_be_negative(t, C):
    """You round t / C down and then go back a whole chunk. For the first tokens that is less than
    none."""
    return C * (t // C) - C


@tokens_read.wrong("With C = 4: which state serves token 8, and which serves token 5?")
def slides_along(t, C):
    """You go back C tokens from t. The state does not slide along, because all tokens of a chunk
    are served by the same one."""
    return max(0, t - C)


@tokens_read.wrong("Is it the place inside the chunk that is asked for?")
def counts_inside_the_chunk(t, C):
    """You return how many tokens of its own chunk come before t. Those are just the ones that the
    memory has not read."""
    return (t - 1) % C


@tokens_read.wrong("Can a memory have read the token that it serves?")
def reads_the_token_itself(t, C):
    """You count all tokens up to t, and t itself as well."""
    return t


@tokens_read.wrong("Is a chunk ever finished?")
def has_read_nothing(t, C):
    """You return 0 for every token. After the first chunk, the memory has read C tokens."""
    return 0


@tokens_read.wrong("What is the last number that your count of chunks may have for t = 4, C = 4?")
def counts_its_own_chunk(t, C):
    """You return how many chunks have begun. Asked for are the tokens of the chunks that have
    ended."""
    return (t - 1) // C + 1
