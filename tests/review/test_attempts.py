"""A rejection leads to another attempt: never the same twice, none where a person is needed."""

import pytest

from inpaint_studio.geometry import Box
from inpaint_studio.records import EditRecord, FillRecipe, Plan, Reading, RunOptions, Verdict
from inpaint_studio.review.attempts import (
    MAX_ATTEMPTS,
    badness,
    compare,
    next_attempt,
    tried_key,
)
from inpaint_studio.review.events import REASONS


def edit(engine="patch", fallbacks=("flat",), **parameters):
    recipe = FillRecipe(engine=engine, engine_version=1, parameters=parameters)
    return EditRecord(
        edit_id="e",
        box=Box(0, 0, 8, 8),
        kind="painted",
        plan=Plan(recipe=recipe, fallbacks=fallbacks),
        verdict=Verdict(accepted=False, risk=0.9),
    )


@pytest.mark.parametrize(
    ("reason", "changed"),
    [("leftover", "grow_px"), ("blurry", "engine"), ("seam", "feather_px"),
     ("invented", "engine"), ("other", "seed")],
)  # fmt: skip
def test_the_reason_chooses_what_changes(reason, changed):
    options = RunOptions(engine="patch", grow_px=2, feather_px=2)
    attempt = next_attempt(edit(), options, reason)
    differing = [
        name for name in ("engine", "seed", "grow_px", "feather_px")
        if getattr(attempt.options, name) != getattr(options, name)
    ]  # fmt: skip
    assert differing == [changed]
    assert attempt.options.attempt == 1
    assert attempt.change


def test_a_wrong_mask_needs_a_person():
    assert next_attempt(edit(), RunOptions(), "mask") is None


def test_no_attempt_is_made_twice_and_they_end():
    for reason in (r.name for r in REASONS if r.attempt):
        current, options, tried = edit(), RunOptions(engine="patch"), []
        seen = set()
        for _ in range(MAX_ATTEMPTS + 2):
            tried.append(tried_key(options, current.plan.engine))
            attempt = next_attempt(current, options, reason, tried)
            if attempt is None:
                break
            key = tried_key(attempt.options, attempt.options.engine)
            assert key not in seen
            seen.add(key)
            options, current = attempt.options, edit(attempt.options.engine)
        else:
            pytest.fail("attempts never end")
        assert len(seen) == MAX_ATTEMPTS - 1


def test_an_engine_that_cannot_run_here_is_passed_over():
    attempt = next_attempt(
        edit(fallbacks=("learned", "flat")), RunOptions(), "blurry", ready=("flat", "patch")
    )
    assert attempt.options.engine == "flat"


def test_planned_grow_is_the_base_where_the_user_gave_none():
    attempt = next_attempt(edit(grow_px=3), RunOptions(), "leftover")
    assert attempt.options.grow_px == 7


def reading(value, low=None, high=None, passed=True, name="seam"):
    return Reading(name=name, value=value, low=low, high=high, passed=passed)


def test_badness_is_negative_inside_the_band_and_grows_outside():
    assert badness(reading(0.02, high=0.06)) < 0 < badness(reading(0.07, high=0.06))
    assert badness(reading(0.9, low=0.8)) < 0 < badness(reading(0.5, low=0.8))
    assert badness(reading(1.0, low=0.8, high=1.2)) == pytest.approx(-1)
    assert badness(reading(0.6, low=0.8, high=1.2)) == pytest.approx(1)


def test_old_and_new_stand_side_by_side():
    old = [reading(0.09, high=0.06, passed=False), reading(0.95, low=0.9, name="ssim"),
           reading(3.0, name="gone")]  # fmt: skip
    new = [reading(0.02, high=0.06), reading(0.80, low=0.9, passed=False, name="ssim")]
    rows = {row.name: row for row in compare(old, new)}
    assert set(rows) == {"seam", "ssim"}
    assert rows["seam"].change == "better"
    assert rows["ssim"].change == "worse"
    assert (rows["seam"].old, rows["seam"].new) == (0.09, 0.02)
    assert compare(old, old)[0].change == "same"
