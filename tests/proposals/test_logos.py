"""How sure a find by colour is, and whether what stands out by relief is masked whole."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.ground import to_lab
from inpaint_studio.proposals.logos import (
    LEAST_CONFIDENCE,
    _slope,
    evidence,
    finds,
    propose_logos,
    unusual,
)
from inpaint_studio.vision.readers import Readers
from tests.overlays import emboss, surface


def disc(radius: int) -> np.ndarray:
    rows, columns = np.mgrid[:240, :320]
    return np.hypot(rows - 120, columns - 160) <= radius


def photo(*, spots: int) -> np.ndarray:
    """A grey ground with a red disc, and small blue scraps all over it."""
    rng = np.random.default_rng(4)
    out = np.full((240, 320, 3), 150.0) + rng.normal(0, 2, (240, 320, 3))
    for _ in range(spots):
        at = int(rng.integers(8, 312)), int(rng.integers(8, 232))
        cv2.ellipse(out, at, (5, 2), float(rng.integers(180)), 0, 360, (90.0, 120.0, 200.0), -1)
    out[disc(28)] = (200, 40, 40)
    return np.clip(out, 0, 255).astype(np.uint8)


def surest(pixels: np.ndarray) -> float:
    found = propose_logos(pixels, Readers(threads=1), RunToken())
    assert all(item.record.confidence >= LEAST_CONFIDENCE for item in found)
    return max((item.record.confidence for item in found), default=0.0)


def test_a_disc_on_an_even_ground_is_sure_and_less_so_amid_scraps() -> None:
    alone = surest(photo(spots=0))
    assert alone > 0.8
    assert surest(photo(spots=25)) < alone


def told(mask: np.ndarray, *, shade: float = 0.0, busy: float = 0.05) -> tuple[float, ...]:
    """The evidence of a thing on an even ground, its lightness rising by `shade` to the right."""
    lab = np.zeros((*mask.shape, 3), dtype=np.float32)
    lab[..., 0] = 60
    lab[mask] = (30, 40, 20)
    lab[..., 0] += shade * mask * np.arange(mask.shape[1]) / mask.shape[1]
    return evidence(mask, busy, 8.0, lab, np.where(mask, 8.0, 0.0).astype(np.float32), _slope(lab))


def test_evidence_is_the_shares_of_photo_and_of_hull() -> None:
    area, busy, full, strength, *_ = told(disc(30))
    assert abs(2**area - disc(30).mean()) < 0.002 and abs(2**busy - 0.051) < 1e-6
    assert full > 0.98 and strength == 3.0
    cross = np.zeros((240, 320), dtype=bool)
    cross[110:130, 60:260] = cross[20:220, 150:170] = True
    assert told(cross)[2] < 0.5


def test_evidence_tells_even_ink_from_a_shaded_thing() -> None:
    even, shaded = told(disc(30)), told(disc(30), shade=80.0)
    assert even[4] == -1.0 and shaded[4] > 1.0
    assert even[5] > 3.0


@pytest.mark.parametrize("seed", [14001, 14009, 14021])
def test_a_logo_on_wood_is_masked_whole_rims_along_the_grain_too(seed: int) -> None:
    case = emboss(surface("wood", seed), seed)
    assert masked(case.photo)[case.changed].all()


@pytest.mark.parametrize(("kind", "seed"), [("wood", 12037), ("fabric", 15004)])
def test_a_logo_near_the_frame_is_found(kind: str, seed: int) -> None:
    case = emboss(surface(kind, seed), seed)
    assert masked(case.photo)[case.changed].all()


@pytest.mark.parametrize("seed", [11012, 77008])
def test_rims_that_the_light_leaves_out_are_masked_in_larger_photos_too(seed: int) -> None:
    case = emboss(surface("fabric", seed), seed)
    size = 720, 540
    photo, changed = (
        cv2.resize(plane, size, interpolation=cv2.INTER_CUBIC)
        for plane in (case.photo, case.changed.astype(np.float32))
    )
    grain = np.random.default_rng(seed).normal(0, 1.3, (540, 720, 1))
    assert masked(np.clip(photo + grain, 0, 255).astype(np.uint8))[changed > 0.5].all()


def masked(photo: np.ndarray) -> np.ndarray:
    """What finds by colour or relief cover."""
    lab = to_lab(photo)
    masks = [find.mask for find in finds(lab, *unusual(lab))]
    return np.any([np.zeros(photo.shape[:2], dtype=bool), *masks], axis=0)
