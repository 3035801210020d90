"""Objects: one proposal per thing, never automatic; shadows and reflections are offered."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from skimage import data

from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.objects import cast_by, with_shadow
from inpaint_studio.proposals.table import propose
from inpaint_studio.vision.readers import Readers


def test_a_face_is_outlined_and_left_to_a_person(tmp_path: Path) -> None:
    readers = Readers(models=tmp_path, segmenters=tmp_path, threads=1)
    photo = data.astronaut()
    found = propose(photo, ["object"], readers, RunToken())
    faces = [item for item in found if item.record.text == "face"]
    assert len(faces) == 1
    assert faces[0].full_mask(photo.shape)[110, 225]
    assert not any(item.record.automatic for item in found)
    again = propose(photo, ["object"], readers, RunToken())
    assert all(np.array_equal(a.mask, b.mask) for a, b in zip(found, again))


def _ball() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    photo = np.clip(rng.normal((170, 165, 150), 3, (300, 400, 3)), 0, 255)
    mask = np.zeros((300, 400), dtype=np.uint8)
    cv2.circle(mask, (200, 130), 50, 1, -1)
    photo[mask > 0] = (40, 60, 160)
    return photo, mask > 0


def test_a_cast_shadow_is_offered() -> None:
    photo, mask = _ball()
    shadow = np.zeros(mask.shape, dtype=np.uint8)
    cv2.ellipse(shadow, (215, 183), (60, 14), 0, 0, 360, 1, -1)
    soft = cv2.GaussianBlur(shadow.astype(np.float32), (0, 0), 3)[..., None]
    soft[mask] = 0
    shown = (photo * (1 - 0.45 * soft)).astype(np.uint8)
    wide = with_shadow(shown, mask)
    offered = cast_by(shown, mask)
    assert offered is not None and not offered.record.automatic
    assert np.array_equal(offered.full_mask(mask.shape), wide & ~mask)
    assert (wide & mask).sum() == mask.sum()
    dark = (soft[..., 0] > 0.5) & ~mask
    assert wide[dark].mean() > 0.8
    assert (wide & ~mask & (soft[..., 0] < 0.02)).mean() < 0.01


def test_the_shadow_of_a_detected_thing_is_proposed_beside_it(tmp_path: Path) -> None:
    class OneBall(Readers):
        def objects(self, pixels: np.ndarray) -> list[tuple[Box, str, float]]:
            return [(Box(145, 75, 255, 185), "sports-ball", 0.9)]

    photo, mask = _ball()
    shadow = np.zeros(mask.shape, dtype=np.uint8)
    cv2.ellipse(shadow, (215, 183), (60, 14), 0, 0, 360, 1, -1)
    soft = cv2.GaussianBlur(shadow.astype(np.float32), (0, 0), 3)[..., None]
    soft[mask] = 0
    shown = (photo * (1 - 0.45 * soft)).astype(np.uint8)
    readers = OneBall(models=tmp_path, segmenters=tmp_path, threads=1)
    found = propose(shown, ["object"], readers, RunToken())
    assert [item.record.text for item in found] == ["sports-ball", "shadow"]
    assert found[0].full_mask(mask.shape)[mask].mean() > 0.95
    assert found[1].full_mask(mask.shape)[(soft[..., 0] > 0.5) & ~mask].mean() > 0.8
    assert not any(item.record.automatic for item in found)


def test_a_thing_without_a_shadow_keeps_its_mask() -> None:
    photo, mask = _ball()
    assert np.array_equal(with_shadow(photo.astype(np.uint8), mask), mask)
    assert not with_shadow(photo.astype(np.uint8), np.zeros_like(mask)).any()
    assert cast_by(photo.astype(np.uint8), mask) is None


def test_a_reflection_is_offered() -> None:
    rng = np.random.default_rng(1)
    photo = np.full((300, 400, 3), 150.0) + rng.normal(0, 2, (300, 400, 3))
    mask = np.zeros((300, 400), dtype=bool)
    mask[60:150, 150:250] = True
    pattern = cv2.GaussianBlur(rng.normal(0, 1, (90, 100)).astype(np.float32), (0, 0), 6) * 400
    photo[60:150, 150:250] = 120 + pattern[..., None]
    photo[150:240, 150:250] = 150 + 0.5 * (pattern[::-1, :, None] - 20)
    wide = with_shadow(np.clip(photo, 0, 255).astype(np.uint8), mask)
    assert wide[155:230, 155:245].mean() > 0.9
