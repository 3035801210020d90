"""Spots, lines and logos stand out from calm ground; busy ground yields nothing automatic."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.table import propose
from inpaint_studio.vision.readers import Readers
from tests.overlays import SURFACES, emboss, surface


@pytest.fixture(scope="module")
def readers() -> Readers:
    return Readers(threads=1)


def _sky(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y = np.linspace(200, 150, 300)[:, None, None] * np.array([0.8, 0.95, 1.1])
    noise = rng.normal(0, 1.5, (300, 420, 3))
    return np.clip(np.broadcast_to(y, noise.shape) + noise, 0, 255).astype(np.uint8)


def test_dust_on_a_sky_is_found(readers: Readers) -> None:
    photo = _sky()
    truth = np.zeros(photo.shape[:2], dtype=np.uint8)
    for x, y, radius in ((80, 60, 3), (220, 150, 5), (330, 230, 8)):
        cv2.circle(truth, (x, y), radius, 1, -1)
    soft = cv2.GaussianBlur(truth.astype(np.float32), (0, 0), 1.2)[..., None]
    shown = (photo * (1 - 0.4 * soft)).astype(np.uint8)
    found = propose(shown, ["blemish"], readers, RunToken())
    mask = np.logical_or.reduce([item.full_mask(shown.shape) for item in found])
    assert mask[truth > 0].mean() > 0.9
    assert mask.mean() < 0.02
    assert not any(item.record.automatic for item in found)


def test_a_wire_across_a_sky_is_found_and_an_edge_is_not(readers: Readers) -> None:
    photo = _sky()
    photo[200:] = photo[200:] // 3
    wire = photo.copy()
    cv2.line(wire, (0, 30), (419, 120), (60, 60, 60), 2, cv2.LINE_AA)
    truth = (wire != photo).any(axis=2)
    found = propose(wire, ["blemish"], readers, RunToken())
    mask = np.logical_or.reduce([item.full_mask(wire.shape) for item in found])
    assert mask[truth].mean() > 0.85
    assert not mask[190:210].any()


def test_a_soft_dark_disc_is_a_sensor_spot_and_is_covered_to_its_rim(readers: Readers) -> None:
    photo = _sky(1)
    yy, xx = np.ogrid[:300, :420]
    cover = 1 / (1 + np.exp(np.clip((np.hypot(xx - 250, yy - 120) - 13) / 1.6, -30, 30)))
    shown = (photo * (1 - 0.15 * cover[..., None])).astype(np.uint8)
    found = propose(shown, ["blemish"], readers, RunToken())
    assert [item.record.text for item in found] == ["sensor spot"]
    assert "faint" in found[0].record.reason and "times" in found[0].record.reason
    assert found[0].full_mask(shown.shape)[cover > 0.1].mean() > 0.95


def test_lines_are_named_by_what_they_are(readers: Readers) -> None:
    names = {}
    along = np.linspace(0, 1, 60)
    hair = np.stack([150 + 90 * along, 140 + 60 * np.sin(2.6 * along)], axis=1)
    for name, points in (
        ("scratch", [[90, 60], [230, 110]]),
        ("wire", [[0, 200], [419, 150]]),
        ("hair", np.rint(hair)),
    ):
        photo = _sky(2)
        cv2.polylines(photo, [np.array(points, np.int32)], False, (70, 70, 70), 2, cv2.LINE_AA)
        found = propose(photo, ["blemish"], readers, RunToken())
        names[name] = [item.record.text for item in found]
    assert names == {"scratch": ["scratch"], "wire": ["wire"], "hair": ["hair"]}


def test_a_moon_and_a_mast_are_things_and_no_blemishes(readers: Readers) -> None:
    photo = _sky(5)
    cv2.circle(photo, (120, 90), 13, (245, 245, 235), -1, cv2.LINE_AA)
    cv2.rectangle(photo, (300, 0), (307, 299), (90, 80, 70), -1)
    assert propose(photo, ["blemish"], readers, RunToken()) == []


def test_of_what_the_ground_is_full_of_hardly_any_is_proposed(readers: Readers) -> None:
    rng = np.random.default_rng(4)
    photo = _sky(4)
    for x, y in zip(rng.integers(5, 415, 400), rng.integers(5, 295, 400)):
        cv2.circle(photo, (int(x), int(y)), int(rng.integers(1, 4)), (90, 90, 80), -1, cv2.LINE_AA)
    assert len(propose(photo, ["blemish"], readers, RunToken())) <= 20


def test_clean_ground_has_no_blemish(readers: Readers) -> None:
    assert propose(_sky(3), ["blemish"], readers, RunToken()) == []


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (1, 300)])
def test_a_photo_of_a_few_pixels_has_no_blemish(shape: tuple[int, int], readers: Readers) -> None:
    photo = np.full((*shape, 3), 200, dtype=np.uint8)
    assert propose(photo, ["blemish"], readers, RunToken()) == []


@pytest.mark.parametrize("kind", SURFACES)
def test_embossed_logos_are_found_where_they_are(kind: str, readers: Readers) -> None:
    hits = 0
    for seed in (21, 22, 23):
        case = emboss(surface(kind, seed), seed)
        assert propose(case.behind, ["logo"], readers, RunToken()) == []
        found = propose(case.photo, ["logo"], readers, RunToken())
        for item in found:
            mask = item.full_mask(case.photo.shape)
            hits += bool(mask[case.changed].mean() > 0.9)
            assert mask.mean() < 0.06
            assert not item.record.automatic
    assert hits >= 2


def test_a_logo_near_the_frame_is_found_and_its_whole_round_is_covered(readers: Readers) -> None:
    rng = np.random.default_rng(6)
    photo = np.clip(rng.normal(150, 2, (300, 420, 3)), 0, 255)
    ring = np.zeros((300, 420), np.uint8)
    cv2.circle(ring, (40, 150), 30, 1, 3)
    cv2.circle(ring, (40, 150), 12, 1, 3)
    # Half of the rim is as faint as the surface itself.
    ring[:, 40:] = 0
    height = cv2.GaussianBlur(ring.astype(np.float32), (0, 0), 1.0)
    photo += 90 * np.diff(height, axis=0, prepend=0)[..., None]
    found = propose(np.clip(photo, 0, 255).astype(np.uint8), ["logo"], readers, RunToken())
    assert len(found) == 1
    assert found[0].full_mask((300, 420))[ring > 0].mean() > 0.98


def test_a_busy_photo_has_no_logo_over_a_twentieth_of_it(readers: Readers) -> None:
    photo = np.repeat(data.gravel()[:300, :400, None], 3, axis=2)
    found = propose(photo, ["logo"], readers, RunToken())
    assert all(item.mask.sum() < 0.05 * photo[..., 0].size for item in found)
