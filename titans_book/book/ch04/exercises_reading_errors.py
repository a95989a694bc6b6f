"""Wrong ways to read a journey with a gate, each with what its author believes and a question.

step(M, S, k, v, alpha) returns M and S, gate(surprise, usual) returns alpha; shapes as in
exercises_reading.py.
"""

import torch

from titans_book.book.ch04.exercises_reading import PACE, _felt, _lasting, _read, journey


@journey.wrong("What has the memory seen when it is asked after token t?")
def judges_before_it_writes(step, gate, k, v, words, meant):
    """You ask for the words before the step, so every number is one token too early."""
    return _read(step, gate, k, v, words, meant, order="judge first")


@journey.wrong("If this token's surprise is in `usual`, what can still stand out?")
def follows_before_it_asks(step, gate, k, v, words, meant):
    """You put this token's surprise into `usual` before the gate sees it. The gate should compare
    it with the tokens before."""
    return _read(step, gate, k, v, words, meant, order="follow first")


@journey.wrong("How long does `usual` take to get from 0 to a usual size?")
def begins_usual_at_nothing(step, gate, k, v, words, meant):
    """After the first token your `usual` is a tenth of its surprise. It should be that surprise
    itself."""
    return _read(
        step, gate, k, v, words, meant, follow=lambda usual, size, t: usual + PACE * (size - usual)
    )


@journey.wrong("What would a gate have to compare a surprise with?")
def never_follows(step, gate, k, v, words, meant):
    """Your `usual` stays 0, so the gate has nothing to compare with."""
    return _read(step, gate, k, v, words, meant, follow=lambda usual, size, t: usual)


@journey.wrong("How many tokens does `usual` look back on?")
def knows_the_last_surprise_only(step, gate, k, v, words, meant):
    """Your `usual` is the surprise of the token before. It should move a tenth of the way only."""
    return _read(step, gate, k, v, words, meant, follow=lambda usual, size, t: size)


@journey.wrong("Which share of the old `usual` should be left: a tenth, or the rest?")
def follows_too_fast(step, gate, k, v, words, meant):
    """Your `usual` keeps a tenth and takes in nine tenths. It should be the other way round."""

    def fast(usual, size, t):
        return size if t == 0 else PACE * usual + (1 - PACE) * size

    return _read(step, gate, k, v, words, meant, follow=fast)


@journey.wrong("What does the gate do, if nobody uses its answer?")
def forgets_nothing(step, gate, k, v, words, meant):
    """The gate's answer never reaches the step: your memory forgets nothing."""
    return _read(lambda *given: step(*given[:4], 0.0), gate, k, v, words, meant)


@journey.wrong("Which of the two things that step returns is carried on?")
def drops_the_momentum(step, gate, k, v, words, meant):
    """Past surprise is lost: each of your tokens begins with S = 0."""

    def fresh(M, S, k, v, alpha):
        return step(M, 0 * S, k, v, alpha)

    return _read(fresh, gate, k, v, words, meant)


@journey.wrong("What is in the memory at the end of your loop?")
def starts_again_at_every_token(step, gate, k, v, words, meant):
    """M and S are made inside the loop, so each token meets an empty memory."""

    def fresh(M, S, k, v, alpha):
        return step(0 * M, 0 * S, k, v, alpha)

    return _read(fresh, gate, k, v, words, meant, felt=lambda M, k, v: _felt(0 * M, k, v))


@journey.wrong("An error of 8 in a world of large meanings: is that much or little?")
def leaves_out_the_size(step, gate, k, v, words, meant):
    """Your error is not a share: divide by the squared size of what the answers should be."""

    def plain(M, S, k, v, words, meant):
        return (words @ M - meant).square().sum()

    return _read(step, gate, k, v, words, meant, judge=plain)


@journey.wrong("If an answer is twice as far off, is its squared error twice as big?")
def takes_no_squares(step, gate, k, v, words, meant):
    """Your error is a ratio of lengths. It should be a ratio of squared lengths."""

    def lengths(*given):
        return _lasting(*given).sqrt()

    return _read(step, gate, k, v, words, meant, judge=lengths)


@journey.wrong("She hears one word. How many does she have to know?")
def asks_for_the_word_just_heard(step, gate, k, v, words, meant):
    """You ask only for the word that was just said. Ask for all of them: a memory is judged by
    what it still knows of the others."""

    def heard(M, S, k, v, words, meant):
        return (k @ M - v).square().sum() / v.square().sum()

    return _read(step, gate, k, v, words, meant, judge=heard)


@journey.wrong("Which world is she in at token t?")
def stays_in_the_first_world(step, gate, k, v, words, meant):
    """You compare with meant[0] at every token. What the words mean changes on the way."""
    return _read(step, gate, k, v, words, meant[:1].expand_as(meant))


@journey.wrong("What is the length of kᵀ(kM − v): does k itself count?")
def feels_the_error_alone(step, gate, k, v, words, meant):
    """Your surprise is |k M - v|. The surprise is the length of u, and the key's length is a
    factor of it."""
    return _read(step, gate, k, v, words, meant, felt=lambda M, k, v: (k @ M - v).norm())


@journey.wrong("What is k M − v, before the memory has written the pair?")
def feels_nothing(step, gate, k, v, words, meant):
    """The gate is told that nothing surprises: its first argument is 0 at each token."""
    return _read(step, gate, k, v, words, meant, felt=lambda M, k, v: 0 * _felt(M, k, v))


@journey.wrong("If she is wrong for one token only, at how many of your tokens does it show?")
def returns_running_means(step, gate, k, v, words, meant):
    """You return the running mean of the errors. Return the errors themselves, because the chapter
    looks at when they are large."""
    errors = _read(step, gate, k, v, words, meant)
    return errors.cumsum(0) / torch.arange(1, len(errors) + 1)
