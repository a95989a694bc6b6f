"""Every optimizer trains a model through `train`, and goes on to the bit after a stop or a kill."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.training.test_training import SETTINGS, TEXT, losses, model
from titans_book.nested.names import OPTIMIZERS
from titans_book.nested.optimizers import (
    DMGD,
    ContinuumOptimizer,
    Momentum,
    NestedController,
    build_groups,
)
from titans_book.tasks.recall import mqar
from titans_book.training import TrainingError, checkpoints, train
from titans_book.training.on_tasks import train_on
from titans_book.training.optimizer import differentiate
from titans_book.training.packing import pack, unpack

pytestmark = pytest.mark.bare

SHORT = replace(SETTINGS, steps=12, evaluate_every=0, watch_every=0)


def _called(case):
    return getattr(case, "__name__", str(case))


def paced(model):
    """A controller around windows of different lengths around AdamW."""
    groups = build_groups(model, embeddings={"period": 3}, rest={"period": 5, "lr": 2e-3})
    return NestedController(ContinuumOptimizer(torch.optim.AdamW(groups, lr=1e-2)), rate=0.1)


def guessing(model):
    return DMGD(model.parameters(), lr=0.5, kind="next", reach=0.1)


MAKERS = [*OPTIMIZERS, paced, guessing]


@pytest.mark.parametrize("name", [n for n in OPTIMIZERS if n != "m3-printed"])
def test_a_model_learns_with_it(name):
    settings = replace(SHORT, steps=40, learning_rate=OPTIMIZERS[name])
    curve = losses(train(model(), TEXT, settings, optimizer=name))
    assert curve[-1] < 0.65 * curve[0]


def test_m3_as_printed_does_not_train_well():
    """The best of four rates ends above what M3 with means reaches with its first guess."""

    def end(name, rate):
        settings = replace(SHORT, steps=40, learning_rate=rate)
        try:
            return losses(train(model(), TEXT, settings, optimizer=name))[-1]
        except TrainingError:
            return float("inf")

    printed = [end("m3-printed", 10.0**exponent) for exponent in range(-5, -1)]
    assert min(printed) > 1.2 * end("m3", 3e-2)


@pytest.mark.parametrize("optimizer", MAKERS, ids=_called)
def test_stopped_and_resumed_it_is_the_same_run_to_the_bit(tmp_path, optimizer):
    rate = OPTIMIZERS.get(optimizer, 1e-2) if isinstance(optimizer, str) else 1e-2
    settings = replace(SHORT, learning_rate=rate)
    straight = losses(train(model(), TEXT, settings, optimizer=optimizer))
    seen = []
    with train(model(), TEXT, settings, tmp_path, optimizer=optimizer) as events:
        for event in events:
            seen += losses([event])
            if len(seen) == 7:
                break
    again = train(model(seed=7), TEXT, settings, tmp_path, resume=True, optimizer=optimizer)
    assert seen + losses(again) == straight


def test_killed_and_resumed_it_is_the_same_run_to_the_bit(tmp_path):
    straight = losses(train(model(), TEXT, SHORT, optimizer=paced))
    folder, root = tmp_path / "run", str(Path(__file__).parents[2])
    script = (
        "import sys; from pathlib import Path; import torch\n"
        "torch.set_num_threads(int(sys.argv[2]))\n"
        "from tests.nested.test_training import *\n"
        "for event in train(model(), TEXT, SHORT, Path(sys.argv[1]), optimizer=paced):\n"
        "    print(getattr(event, 'step', 0), flush=True)\n"
        "    if getattr(event, 'step', 0) == 10: import time; time.sleep(60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(folder), str(torch.get_num_threads())],
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": root}, text=True,
    )  # fmt: skip
    while child.stdout.readline().strip() != "10":
        assert child.poll() is None, "the run ended before it could be killed"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert [path.name for path in checkpoints.steps(folder)] == ["step-00000004", "step-00000008"]
    again = train(model(seed=7), TEXT, SHORT, folder, resume=True, optimizer=paced)
    assert losses(again) == straight[8:]


# ---- whose checkpoint it is


def test_a_checkpoint_says_whose_it_is_and_another_is_refused_by_name(tmp_path):
    list(train(model(), TEXT, SHORT, tmp_path, optimizer=paced))
    about = json.loads((checkpoints.newest(tmp_path) / "checkpoint.json").read_text())
    assert about["optimizer"]["name"] == "NestedController(ContinuumOptimizer(AdamW))"
    assert about["optimizer"]["asked"] is None
    said = r"belongs to the optimizer NestedController\(.*\), not to Momentum"
    with pytest.raises(TrainingError, match=said):
        train(model(), TEXT, SHORT, tmp_path, resume=True, optimizer="momentum")
    with pytest.raises(TrainingError, match="not to AdamW"):
        train(model(), TEXT, SHORT, tmp_path, resume=True)


def test_other_options_of_the_same_optimizer_are_refused_by_name(tmp_path):
    list(train(model(), TEXT, SHORT, tmp_path, optimizer=lambda m: Momentum(m.parameters())))

    def resumed(**options):
        make = lambda m: Momentum(m.parameters(), **options)  # noqa: E731
        return train(model(), TEXT, SHORT, tmp_path, resume=True, optimizer=make)

    with pytest.raises(TrainingError, match="another Momentum: ema, momentum differ"):
        resumed(momentum=0.5, ema=True)
    with pytest.raises(TrainingError, match="another Momentum: the number of groups differ"):
        split = lambda m: Momentum([{"params": [p]} for p in m.parameters()])  # noqa: E731
        train(model(), TEXT, SHORT, tmp_path, resume=True, optimizer=split)
    assert list(resumed()) == []


def test_a_checkpoint_from_before_there_was_a_choice_is_adamws(tmp_path, monkeypatch):
    """Its moments lie under "0.exp_avg", and nothing is said of an optimizer."""
    straight = losses(train(model(), TEXT, SHORT))
    write = checkpoints.write

    def old(folder, step, tensors, about):
        plain = {k.removeprefix("state."): v for k, v in tensors["training"].items()}
        about = {name: value for name, value in about.items() if name != "optimizer"}
        return write(folder, step, {**tensors, "training": plain}, about)

    monkeypatch.setattr(checkpoints, "write", old)
    with train(model(), TEXT, SHORT, tmp_path) as events:
        for event in events:
            if getattr(event, "step", 0) == 6:
                break
    monkeypatch.undo()
    with pytest.raises(TrainingError, match="belongs to the optimizer AdamW, not to Momentum"):
        train(model(), TEXT, SHORT, tmp_path, resume=True, optimizer="momentum")
    assert losses(train(model(seed=7), TEXT, SHORT, tmp_path, resume=True)) == straight[6:]


def test_what_no_checkpoint_can_hold_is_refused_at_the_start(tmp_path):
    def odd(model):
        made = Momentum(model.parameters())
        made.param_groups[0]["rule"] = object()
        return made

    with pytest.raises(TypeError, match="holds a object at 'param_groups.0.rule'"):
        train(model(), TEXT, SHORT, tmp_path, optimizer=odd)
    assert len(losses(train(model(), TEXT, SHORT, optimizer=odd))) == 12  # keeping nothing


def test_packed_and_unpacked_a_state_is_what_it_was():
    state = {0: {"a": torch.tensor([1.5]), "b": (1, None, "x")}, "list": [0.1, {}, []], "t": True}
    tensors = {}
    tree = json.loads(json.dumps(pack(state, tensors)))
    assert list(tensors) == ["0.a"] and unpack(tree, tensors) == state


# ---- what reaches an optimizer


def test_the_plan_multiplies_the_rate_of_every_group():
    net = model()
    optimizer = paced(net)
    own = [group["lr"] for group in optimizer.param_groups]
    settings = replace(SHORT, warmup=10, learning_rate=1e-2)
    for step in (0, 4, 9):
        loss = net(TEXT[None, :9])[0].square().mean()
        rate, _ = differentiate(net, optimizer, loss, step, settings)
        assert rate == pytest.approx(1e-2 * (step + 1) / 10)
        want = [lr * (step + 1) / 10 for lr in own]
        assert [group["lr"] for group in optimizer.param_groups] == pytest.approx(want)
    assert len(set(own)) == 2


def test_a_controller_hears_the_loss_of_a_training():
    made = []

    def kept(model):
        made.append(NestedController(Momentum(model.parameters())))
        return made[0]

    curve = losses(train(model(), TEXT, SHORT, optimizer=kept))
    mean = curve[0]
    for loss in curve[1:]:
        mean = 0.9 * mean + 0.1 * loss
    assert made[0].means[0] == pytest.approx(mean)


def test_tasks_take_a_name_as_well():
    net, settings = model(), replace(SHORT, steps=2, learning_rate=0.1)
    draw = lambda step: mqar(16, pairs=2, seed=step)  # noqa: E731
    assert len(list(train_on(net, draw, settings, optimizer="momentum"))) == 2
    with pytest.raises(ValueError, match="optimizer must be one of 'adamw'.*got 'adam'"):
        next(train_on(net, draw, settings, optimizer="adam"))
