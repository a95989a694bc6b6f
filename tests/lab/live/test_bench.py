"""The bench: a menu, a Train button, and no traceback however often it is pressed."""

import asyncio

import pytest

from tests.lab.live.test_moments import SETTINGS, TOKENS, build, text
from titans_book import TrainingSettings, train
from titans_book.lab.live.bench import Bench, Recipe, within
from titans_book.lab.live.moments import Probe


def recipe(variant, folder=None, settings=SETTINGS):
    def made(profile):
        model = build(variant)
        return Recipe(model, train(model, text(), settings, folder), Probe(TOKENS), about=profile)

    return made


def bench(**more):
    recipes = {name: recipe(name) for name in ("lmm", "mag")}
    return Bench({**recipes, **more}, ["mini", "large"])


def test_train_trains_what_is_chosen():
    found = bench()
    found.what.value, found.how.value = "mag", "large"
    history = asyncio.run(found.train())
    assert history.steps == list(range(1, 7)) and found.model.config.variant == "mag"
    assert found.about.value == "large" == found.profile and not found.start.disabled
    assert found.board.showing.moment.name == "mag"
    assert repr(found).startswith("Bench: Training")
    with pytest.raises(ValueError, match="profile must be one of 'mini'"):
        Bench({"lmm": recipe("lmm")}, ["mini"], "gpu")


def test_pressed_again_and_again_it_trains_afresh():
    found, models = bench(), []

    async def main():
        for name in ("lmm", "mag", "mag"):
            found.what.value = name
            found.start.click()
            await found._task
            models.append((found.model, len(found.history.steps)))

    asyncio.run(main())
    assert [(m.config.variant, n) for m, n in models] == [("lmm", 6), ("mag", 6), ("mag", 6)]
    assert models[1][0] is not models[2][0]


def test_a_training_under_way_is_not_begun_twice():
    long = TrainingSettings(steps=10_000, batch=2, length=20, evaluate_every=0, save_every=0)
    found = bench(long=recipe("lmm", settings=long))
    found.what.value = "long"

    async def main():
        found.press()
        while not found.history.steps:
            await asyncio.sleep(0.01)
        assert found.start.disabled and found.running
        found.press()
        assert "press Stop first" in found.board.face.status.value
        joined = asyncio.ensure_future(found.train())  # a cell that is run meanwhile
        await asyncio.sleep(0.05)
        found.board.stop()
        return await joined

    history = asyncio.run(main())
    assert history.stopped and history is found.history and not found.running


def test_the_notebooks_interrupt_is_a_stop():
    long = TrainingSettings(steps=10_000, batch=2, length=20, evaluate_every=0, save_every=0)
    found = Bench({"long": recipe("lmm", settings=long)}, ["mini"])

    async def main():
        cell = asyncio.ensure_future(found.train())
        while not found.history.steps:
            await asyncio.sleep(0.01)
        cell.cancel()
        return await cell

    assert asyncio.run(main()).stopped


def test_an_error_is_said_and_the_next_press_works(tmp_path):
    used = tmp_path / "used"
    list(train(build(), text(), SETTINGS, used))
    found = bench(used=recipe("lmm", used))
    found.what.value = "used"

    async def main():
        found.press()
        with pytest.raises(Exception, match="already holds a run"):
            await found._task
        await asyncio.sleep(0)
        assert "It did not work: " in found.board.face.status.value
        assert "already holds a run" in found.board.face.status.value
        found.what.value = "lmm"
        found.press()
        await found._task
        with pytest.raises(Exception, match="already holds a run"):
            found.what.value = "used"
            await found.train()

    asyncio.run(main())


def test_a_training_ends_when_its_time_is_up(tmp_path):
    events = within(train(build(), text(), SETTINGS, tmp_path), seconds=0)
    assert [event.step for event in events] == [1]
    assert list(train(build(), text(), SETTINGS, tmp_path, resume=True))[0].step == 2
