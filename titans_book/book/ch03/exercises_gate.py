"""The open design of chapter 03: a momentum that listens to a shock, not to noise or a false alarm.

It has many right answers. It is judged by what a memory makes of the streams of alarms.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from titans_book.book.ch03.alarms import BAR, STREAMS, errors
from titans_book.lab.learning.exercise import Exercise, Step

CHAPTER = "notebooks/03_past_surprise.ipynb"
NAN = -1.2345  # stands for what is no number


def _examples() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """S and u: quiet and loud, in agreement and against each other, and both of them 0."""
    random = torch.Generator().manual_seed(2)
    nothing = torch.zeros(4, 1, dtype=torch.float64)
    yield nothing, nothing
    for past, present in [(0.4, 0.0), (0.4, 0.5), (0.4, -0.5), (0.1, 0.7), (0.0, 4.0), (0.3, -2.0)]:
        S = torch.randn(4, 1, generator=random, dtype=torch.float64)
        aside = torch.randn(4, 1, generator=random, dtype=torch.float64)
        u = S / S.norm() + 0.3 * aside / aside.norm()
        yield past * S / S.norm(), present * u / u.norm()


def _tried_on(function: Callable) -> Iterator[Step]:
    """Its etas for a few pairs of S and u; then its errors, one for each stream."""
    etas = torch.stack([torch.as_tensor(function(*each)).double() for each in _examples()])
    etas = etas.nan_to_num(nan=NAN)
    nothing = {"etas": etas, "errors": torch.zeros(len(STREAMS))}
    yield nothing
    if _outside(etas).any():
        yield nothing
        return
    found = errors(getattr(function, "function", function))
    yield {"etas": etas, "errors": torch.tensor(list(found.values()))}


_tried_on.names = lambda: ("S", "u")


def _outside(etas: torch.Tensor) -> torch.Tensor:
    return (etas < -1e-9) | (etas > 1 + 1e-9)


def _good_enough(steps: list[Step]) -> str:
    """What is missing: the stream at which it is worst, and by how much."""
    etas = steps[0]["etas"]
    if (etas == NAN).any():
        return "It gives NaN when S or u is 0, as at the first word. Is something divided by them?"
    if _outside(etas).any():
        value = float(etas[_outside(etas)][0])
        return f"It returns eta = {value:.3g}. eta is a share of S, so it lies between 0 and 1."
    found = dict(zip(STREAMS, steps[1]["errors"].tolist(), strict=True))
    kind, error = max(found.items(), key=lambda pair: pair[1])
    if error <= BAR:
        return ""
    each = ", ".join(f"{name} {value:.2f}" for name, value in found.items())
    said = f"Its score is {error:.2f}, where {BAR} or less is asked for ({each})."
    if float(etas.max() - etas.min()) < 1e-9:
        return f"{said} It is the same number at every word: let it depend on S and u."
    if kind == "faint" and error > 1:
        return f"{said} The faint word ends far too loud: at quiet words your eta is too near to 1."
    return f"{said} {_advice(kind)}"


def _advice(kind: str) -> str:
    return {
        "faint": "There the words after the shock surprise by 0 or a little, and the after-shocks "
        "should go on. How large is your eta at such a word?",
        "alarm": "There S goes on writing the alarm while every u says that it is wrong. What is "
        "the sign of (S * u).sum() then?",
        "chatter": "There |u| is about 1 at nearly every word, and none of it should be repeated. "
        "How large is your eta at such a word?",
    }[kind]


def my_gate_reference(S, u):
    """Carry the past on while the present is quiet and does not speak against it."""
    quiet = u.norm() < 0.6
    against = (S * u).sum() > 0
    return 0.75 if quiet and not against else 0.0


my_gate = Exercise(
    name="03.my_gate",
    what="a momentum that carries on a shock, but neither noise nor a false alarm",
    reference=my_gate_reference,
    probe=_tried_on,
    hints=(
        "What do S and u look like at a word after a shock that says nothing new? At an all-clear? "
        "In chatter? Look for a number that is different in these three cases.",
        "S and u have the same shape. u.norm() says how loud this word is. S points downhill and u "
        "uphill, so (S * u).sum() is positive when this word speaks against the past. A number "
        "between 0 and 1 comes back.",
        "    return 0.75 if quiet and not against else 0.0\n"
        "    against = (S * u).sum() > 0\n"
        "    quiet = u.norm() < ...  (which size is too loud to be nothing?)",
    ),
    source="the three streams of this chapter",
    taught=CHAPTER,
    part=False,
    grade="open",
    accept=_good_enough,
    solution="def my_gate(S, u):\n"
    "    quiet = u.norm() < 0.6\n"
    "    against = (S * u).sum() > 0\n"
    "    return 0.75 if quiet and not against else 0.0",
)


@my_gate.wrong("Who hears the faint word, if nothing is carried on?")
def has_no_momentum(S, u):
    """It is 0 at every word. Noise and false alarms do little harm, but the faint word is lost."""
    return 0.0


@my_gate.wrong("Which of the three streams was 0.75 chosen for?")
def is_always_three_quarters(S, u):
    """It is 0.75 at every word. The faint word is heard, but noise and false alarms ring on."""
    return 0.75


@my_gate.wrong("Which two streams do you compromise between?")
def is_always_a_half(S, u):
    """It is 0.5 at every word, a compromise. The faint word stays faint, and the chatter is
    louder than without momentum."""
    return 0.5


@my_gate.wrong("How often does noise contradict the word before, and how often does it agree?")
def only_stops_at_a_contradiction(S, u):
    """It stops when a word speaks against the past. That ends false alarms. But in chatter half of
    the noise agrees with the noise before, and is carried on."""
    return 0.0 if (S * u).sum() > 0 else 0.75


@my_gate.wrong("S points downhill and u uphill. What does a positive product of the two mean?")
def stops_when_they_agree(S, u):
    """The sign is turned. It carries the past on when the present contradicts it, and drops it
    when both want the same."""
    return 0.75 if (S * u).sum() > 0 else 0.0


@my_gate.wrong("At the word after the shock, how large is u?")
def opens_only_at_the_shock(S, u):
    """It is open only at a word that surprises. But eta acts on the past: at the shock there is
    none yet, and one word later, when there is, u is small and the gate is closed."""
    return 0.75 if u.norm() > 2 else 0.0


@my_gate.wrong("How large is S after four after-shocks, and how large is it in chatter?")
def looks_at_the_past_alone(S, u):
    """It carries on a large S and drops a small one. So the after-shocks end early, and a false
    alarm, whose S is large, goes on."""
    return 0.75 if S.norm() > 0.2 else 0.0


@my_gate.wrong("After a loud word, is the next word more likely to need an open gate, or less?")
def grows_with_the_surprise(S, u):
    """It grows with the surprise, so it is open in chatter and closed at the quiet words after a
    shock, where the after-shocks should go on."""
    return (u.norm() / (1 + u.norm())).clamp(max=0.9)


@my_gate.wrong("The bridge surprises a little as well. Is your gate open there?")
def needs_silence(S, u):
    """It is open only while nothing surprises at all. But after a shock the related words
    surprise a little, and then the after-shocks end."""
    return 0.75 if u.norm() == 0 else 0.0


@my_gate.wrong("In what unit is u, and in what unit is S?")
def compares_different_units(S, u):
    """It compares |u| with |S|. But S holds θu: at the same surprise it is ten times smaller."""
    return 0.75 if u.norm() < S.norm() else 0.0


@my_gate.wrong("How large is θ|u| in chatter, and how large is S?")
def is_open_below_the_past(S, u):
    """It is open while this word writes less than the past does. In chatter S is as large as what
    each word writes, so the gate is open half of the time."""
    return 0.75 if 0.1 * u.norm() <= S.norm() else 0.0
