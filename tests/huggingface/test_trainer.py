"""The Trainer of transformers takes these optimizers as any other, and goes on from its files."""

import pytest

pytest.importorskip("transformers", reason="the extra [hf] is not installed: it is optional")

from transformers import Trainer, TrainingArguments  # noqa: E402

from tests.huggingface.small import build, tokens  # noqa: E402
from titans_book.nested.names import OPTIMIZERS  # noqa: E402
from titans_book.nested.optimizers import named  # noqa: E402


def trained(folder, name, steps, resume=None):
    model = build("lmm").train()
    rows = [{"input_ids": row, "labels": row} for row in tokens(16, 8)]
    arguments = TrainingArguments(
        folder, per_device_train_batch_size=4, max_steps=steps, logging_steps=1, save_steps=3,
        report_to=[], use_cpu=True, disable_tqdm=True, seed=1, lr_scheduler_type="constant",
    )  # fmt: skip
    optimizer = named(name, model, weight_decay=0.1)
    trainer = Trainer(model, arguments, train_dataset=rows, optimizers=(optimizer, None))
    trainer.train(resume_from_checkpoint=resume)
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


@pytest.mark.parametrize("name", [n for n in OPTIMIZERS if n not in ("adamw", "m3-printed")])
def test_the_trainer_takes_it_and_resumes_it(tmp_path, name):
    straight = trained(tmp_path / "run", name, 6)
    assert straight[-1] < straight[0]
    resumed = trained(tmp_path / "run", name, 6, resume=str(tmp_path / "run" / "checkpoint-3"))
    assert resumed[3:] == straight[3:]
