"""Holes that break careless programs: the road gives a sane result or a queue entry, in time."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from inpaint_studio.errors import BadMask
from inpaint_studio.pipeline import RunRequest, run
from inpaint_studio.records import RunOptions
from tests.benchmarks.engines_cases import draw
from tests.benchmarks.engines_measures import SEAM_LIMIT, seam

SIDE = 160
PAINT = (255, 0, 255)


def photo() -> np.ndarray:
    from skimage import data

    return np.ascontiguousarray(data.coffee()[100 : 100 + SIDE, 180 : 180 + SIDE])


def holes() -> dict[str, np.ndarray]:
    def at(*slices: slice) -> np.ndarray:
        mask = np.zeros((SIDE, SIDE), dtype=bool)
        mask[slices] = True
        return mask

    rng = np.random.default_rng(1)
    scratches = np.zeros((SIDE, SIDE), np.uint8)
    for _ in range(6):
        ends = [tuple(int(v) for v in rng.integers(0, SIDE, 2)) for _ in range(2)]
        cv2.line(scratches, *ends, 1, 1)
    rows, columns = np.indices((SIDE, SIDE))
    third = slice(SIDE // 3, SIDE // 2)
    return {
        "left": at(third, slice(0, 20)),
        "right": at(third, slice(-20, None)),
        "top": at(slice(0, 20), third),
        "bottom": at(slice(-20, None), third),
        "stripe": at(slice(70, 84)),
        "stripes": rows % 40 < 8,
        "scratches": scratches > 0,
        "specks": rng.random((SIDE, SIDE)) < 0.04,
        "text": draw("text", (SIDE, SIDE), rng),
        "60 %": at(slice(None), slice(0, SIDE * 6 // 10)),
        "frame": ~at(slice(20, -20), slice(20, -20)),
        "checkered": (rows + columns) % 2 == 0,
        "combs": rows // 3 % 2 == 0,
        "tiny ground": ~at(slice(5, 12), slice(5, 12)),
        "one known pixel": ~at(slice(80, 81), slice(80, 81)),
    }


@pytest.mark.parametrize("engine", ["auto", "patch", "flat"])
@pytest.mark.parametrize("name", holes())
def test_a_sane_result_or_a_queue_entry(name: str, engine: str) -> None:
    mask, before = holes()[name], photo()
    truth = before.copy()
    before[mask] = PAINT
    began = time.process_time()
    options = RunOptions(engine=engine, budget="cheap")
    result = run(RunRequest(pixels=before, mask=mask, options=options, threads=1))
    assert time.process_time() - began < 30
    after = before.copy()
    for delta, edit in zip(result.deltas, result.record.edits, strict=True):
        assert delta is not None or edit.state == "queued"
        if delta is not None:
            delta.apply(after)
    if name in ("tiny ground", "one known pixel"):
        assert not result.record.accepted
    assert not (after[mask] == PAINT).all(axis=1).any()
    # Nothing darker or brighter than what is known, but for grain: no halo, no runaway slope.
    known, new = truth[~mask].astype(int), after[mask].astype(int)
    low, high = known.min(axis=0), known.max(axis=0)
    margin = 48 + (high - low) // 4
    assert (new.min(axis=0) >= low - margin).all()
    assert (new.max(axis=0) <= high + margin).all()
    if result.record.accepted:  # where a thing's border follows the mask, the photo has a seam too
        assert seam(after, mask) < max(SEAM_LIMIT, seam(truth, mask))


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (3, 3)])
def test_the_smallest_photos(shape: tuple[int, int]) -> None:
    pixels = np.full((*shape, 3), 90, np.uint8)
    mask = np.zeros(shape, dtype=bool)
    mask[0, 0] = True
    if mask.all():
        with pytest.raises(BadMask, match="covers the whole photo"):
            run(RunRequest(pixels=pixels, mask=mask))
        return
    result = run(RunRequest(pixels=pixels, mask=mask, options=RunOptions(budget="cheap")))
    after = pixels.copy()
    for delta in result.deltas:
        if delta is not None:
            delta.apply(after)
    assert (after == 90).all()


def test_ten_thousand_specks_are_filled_at_once() -> None:
    from skimage import data

    pixels = np.ascontiguousarray(data.astronaut())
    mask = np.zeros(pixels.shape[:2], dtype=bool)
    places = np.random.default_rng(3).permutation(mask.size)[:10_000]
    mask.ravel()[places] = True
    before = pixels.copy()
    before[mask] = PAINT
    began = time.process_time()
    options = RunOptions(engine="patch", budget="cheap")
    result = run(RunRequest(pixels=before, mask=mask, options=options, threads=1))
    assert time.process_time() - began < 30
    after = before.copy()
    for delta in result.deltas:
        assert delta is not None
        delta.apply(after)
    missed = np.abs(after[mask].astype(int) - pixels[mask]).mean()
    assert missed < 8
