"""A learner at work: a wrong answer, its diagnosis, a hint, the right answer, and the map fills."""

from dataclasses import dataclass

import pytest

pytestmark = pytest.mark.browser
STUB = 'raise NotImplementedError("your turn")'


@dataclass(frozen=True)
class Play:
    """An exercise of a chapter, a wrong answer with words of its diagnosis, and the right one."""

    notebook: str
    name: str
    wrong: str
    diagnosis: str
    right: str


PLAYS = [
    Play(
        "01_memory_is_a_function",
        "delta_write",
        "return M + theta * torch.outer(k, v)",
        "Hebb",
        "return M + theta * torch.outer(k, v - k @ M)",
    ),
    Play(
        "02_surprise_is_a_gradient",
        "surprise_grad",
        "return torch.outer(k, v - k @ M)",
        "sign",
        "return torch.outer(k, k @ M - v)",
    ),
    Play(
        "03_past_surprise",
        "momentum_step",
        "return eta * S - (1 - eta) * theta * u",
        "average",
        "return eta * S - theta * u",
    ),
    Play(
        "04_forgetting",
        "titans_step",
        "S = eta * S - theta * torch.outer(k, k @ M - v); return (1 - alpha) * (M + S), S",
        "only the old memory shrinks",
        "S = eta * S - theta * torch.outer(k, k @ M - v); return (1 - alpha) * M + S, S",
    ),
    Play(
        "05_deep_memory",
        "inner_grad",
        "z = k @ W_1; h = gelu(z); D = k + h @ W_2 - v; "
        "return torch.outer(k, D @ W_2.T), torch.outer(h, D)",
        "not through the bend",
        "z = k @ W_1; h = gelu(z); D = k + h @ W_2 - v; "
        "return torch.outer(k, (D @ W_2.T) * gelu_slope(z)), torch.outer(h, D)",
    ),
    Play(
        "06_going_parallel",
        "decay_mask",
        "beta = decay.cumprod(0); return (beta[:, None] / beta).tril()",
        "divide 0 by 0",
        "later = torch.ones(len(decay), len(decay)).tril(-1) > 0; "
        "return torch.where(later, decay[:, None], 1.0).cumprod(0).tril()",
    ),
    Play(
        "07_learning_to_memorise",
        "open_gates",
        "return torch.sigmoid(x @ W + b).unbind(-1)",
        "lacks the factor",
        "theta, eta, alpha = torch.sigmoid(x @ W + b).unbind(-1); "
        "return theta * (1 - eta), eta, alpha",
    ),
    Play(
        "08_short_term_memory",
        "window_mask",
        "back = queries[:, None] - keys; return back < w",
        "smaller than w",
        "back = queries[:, None] - keys; return (back >= 0) & (back < w)",
    ),
    Play(
        "09_mac_mag_mal",
        "mac_mask",
        "return torch.cat([torch.ones(C, N_p + C), torch.ones(C, C).tril()], dim=1).bool()",
        "it leaks",
        "past = torch.ones(C, C).tril(); "
        "return torch.cat([torch.ones(C, N_p), past, past], dim=1).bool()",
    ),
    Play(
        "10_miras",
        "huber_error",
        "return (answer - value).clamp(max=delta)",
        "at +delta alone",
        "return (answer - value).clamp(-delta, delta)",
    ),
    Play(
        "11_optimizers",
        "dgd_step",
        "return W - eta / (1 + eta) * torch.outer(x, x @ W + e)",
        "only if x has length 1",
        "return W - eta / (1 + eta * x @ x) * torch.outer(x, x @ W + e)",
    ),
    Play(
        "12_continuum",
        "slow_first",
        "return (says.sum(0) - v).expand_as(says)",
        "error of the whole answer",
        "return says.flip(0).cumsum(0).flip(0) - v",
    ),
]


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: play.notebook)
def test_a_wrong_answer_a_hint_the_right_answer_and_the_map_fills(lab, play: Play):
    function, check = f"def {play.name}(", f"{play.name}.check()"
    lab.open(f"notebooks/{play.notebook}.ipynb")
    lab.run_to(check)
    assert "not written yet" in lab.said(check, "open")
    lab.run_cell("progress_map()")

    lab.type_over(function, STUB, play.wrong)
    lab.run_cell(function)
    lab.run_cell(check)
    assert play.diagnosis in lab.said(check, "not yet")
    lab.screenshot(f"{play.notebook}-wrong")

    lab.type_over(check, check, f"{play.name}.hint()")
    lab.run_cell(f"{play.name}.hint()")
    lab.said(f"{play.name}.hint()", "Hint 1 of 3")

    before = lab.pictures()
    lab.type_over(function, play.wrong, play.right)
    lab.run_cell(function)
    lab.type_over(f"{play.name}.hint()", f"{play.name}.hint()", check)
    lab.run_cell(check)
    lab.said(check, f"{play.name}: right")
    lab.wait_for_change(before)
    lab.screenshot(f"{play.notebook}-right")

    lab.run_below(check)
    assert lab.errors() == []
    lab.try_sliders()
    lab.screenshot(f"{play.notebook}-end")
    assert lab.complaints == []
