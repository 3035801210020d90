"""How large holes are laid out: whole parts from elsewhere, nothing that may not be copied."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inpaint_studio.arrays import Linear, MaskBool
from inpaint_studio.engines import patch_pyramid
from inpaint_studio.engines.patch import PatchEngine
from inpaint_studio.engines.patch_levels import make_level, with_texture
from inpaint_studio.engines.patch_pyramid import pyramid
from inpaint_studio.engines.patch_scene import Layout, Scene, is_deep, take_over
from inpaint_studio.errors import Cancelled
from inpaint_studio.jobs.token import RunToken
from tests.engines.patch_fill import fill


def lay_out(
    image: Linear, mask: MaskBool, source: MaskBool, seed: int, token: RunToken | None = None
) -> Layout | None:
    scene = Scene.around(image, mask, source, token=token or RunToken())
    return None if scene is None else scene.lay_out(seed)


def tiles(seed: int = 0) -> Linear:
    """Return ground with grain on which large tiles with rims repeat, linear light."""
    rng = np.random.default_rng(seed)
    image = rng.normal(0.2, 0.02, (288, 288, 3)).astype(np.float32)
    for top in range(16, 288, 64):
        for left in range(16, 288, 64):
            cv2.rectangle(image, (left, top), (left + 40, top + 40), (0.6, 0.5, 0.2), -1)
            cv2.rectangle(image, (left, top), (left + 40, top + 40), (0.05, 0.05, 0.1), 4)
    return np.clip(image + rng.normal(0, 0.01, image.shape).astype(np.float32), 0, 1)


def disc(shape: tuple[int, int], y: int, x: int, radius: int) -> MaskBool:
    drawn = cv2.circle(np.zeros(shape, np.uint8), (x, y), radius, 1, -1)
    return drawn > 0


def balls(seed: int) -> Linear:
    """Return three like balls, each on a foot, before a wall on a floor, with grain."""
    rng = np.random.default_rng(seed)
    image = np.full((240, 400, 3), 0.25, np.float32)
    image[150:] = (0.5, 0.35, 0.2)
    image += cv2.GaussianBlur(rng.normal(0, 0.12, image.shape).astype(np.float32), (0, 0), 1.2)
    for x in (80, 200, 320):
        cv2.circle(image, (x, 110), 44, (0.55, 0.2, 0.1), -1)
        cv2.rectangle(image, (x - 14, 150), (x + 14, 190), (0.1, 0.1, 0.3), -1)
        cv2.circle(image, (x - 14, 96), 10, (0.9, 0.8, 0.6), -1)
    return np.clip(image + rng.normal(0, 0.01, image.shape).astype(np.float32), 0, 1)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_thing_that_a_hole_cuts_ends_as_its_like_does(seed: int) -> None:
    image = balls(seed)
    mask = disc((240, 400), 150, 190, 40)
    laid_out, grown = (fill(image, mask, scene=scene) for scene in (1, 0))
    foot = mask[160:186, 190:210]
    assert foot.sum() > 300, "most of the foot is in the hole"
    errors = [float(np.abs(made - image)[mask].mean()) for made in (laid_out, grown)]
    assert errors[0] < 0.65 * errors[1]


def test_thin_holes_are_not_laid_out_and_keep_their_pixels() -> None:
    image = tiles(1)
    mask = np.zeros((288, 288), bool)
    mask[60:240, 130:150] = True
    assert not is_deep(mask)
    assert np.array_equal(fill(image, mask), fill(image, mask, scene=0))
    thin = lay_out(image * 255, mask[:, ::-1] & (np.arange(288) % 20 < 3), ~mask, seed=0)
    assert thin is None


@pytest.mark.parametrize("radius", [12, 40])
def test_a_fill_does_not_depend_on_how_much_its_caller_cut_out(radius: int) -> None:
    image = np.pad(tiles(7), ((200, 200), (200, 200), (0, 0)), mode="reflect")
    mask = disc(image.shape[:2], 340, 340, radius)
    reach = PatchEngine().context_px(mask)
    narrow = np.s_[340 - radius - reach : 341 + radius + reach,] * 2
    whole = fill(image, mask)[narrow]
    assert np.array_equal(fill(image[narrow], mask[narrow]), whole)


def test_a_layout_copies_nothing_that_may_not_be_copied() -> None:
    image = tiles(2) * 255
    mask = disc((288, 288), 150, 110, 45)
    source = np.zeros_like(mask)
    source[:, 176:] = True
    made = lay_out(image, mask, source, seed=3)
    assert made is not None
    share = cv2.resize(source.astype(np.float32), made.index.shape[::-1],
                       interpolation=cv2.INTER_AREA)  # fmt: skip
    assert (share[made.found[:, 0], made.found[:, 1]] > 0).mean() > 0.99
    assert lay_out(image, mask, np.zeros_like(mask), seed=3) is None


def test_the_same_seed_gives_the_same_bytes_with_any_number_of_threads() -> None:
    image = tiles(3)
    mask = disc((288, 288), 140, 160, 42)
    first = fill(image, mask)
    assert np.array_equal(first, fill(image, mask, threads=3))


@pytest.mark.parametrize(
    "part", [np.s_[:70, :], np.s_[230:, 40:250], np.s_[40:, :120], np.s_[32:256, 32:256]]
)
def test_holes_at_borders_and_over_most_of_the_frame_are_filled(
    part: tuple[slice, slice],
) -> None:
    image = tiles(4)
    mask = np.zeros((288, 288), bool)
    mask[part] = True
    made = fill(image, mask)
    assert np.array_equal(made[~mask], image[~mask])
    assert made[mask].min() >= 0 and made[mask].max() <= image.max() + 0.05
    assert made[mask].std() > 0.05, "something is there"


def test_a_wish_to_stop_is_heard_while_a_hole_is_laid_out() -> None:
    token = RunToken()
    token.cancel()
    image = tiles(5) * 255
    mask = disc((288, 288), 140, 140, 45)
    with pytest.raises(Cancelled):
        lay_out(image, mask, ~mask, seed=0, token=token)


def test_a_very_large_hole_is_laid_out_at_a_coarser_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    image = tiles(6) * 255
    mask = disc((288, 288), 140, 140, 60)
    usual = lay_out(image, mask, ~mask, seed=0)
    monkeypatch.setattr("inpaint_studio.engines.patch_scene._MOST_TARGETS", 300)
    coarser = lay_out(image, mask, ~mask, seed=0)
    assert usual is not None and coarser is not None
    assert (usual.number, coarser.number) == (2, 3)
    assert len(coarser.targets) <= 300 < len(usual.targets)


def test_a_hole_closes_from_scale_to_scale_and_its_texture_comes_from_around_it() -> None:
    rng = np.random.default_rng(0)
    image = rng.uniform(0, 255, (160, 160, 3)).astype(np.float32)
    mask = disc((160, 160), 80, 80, 30)
    image[mask] = 0
    scales = pyramid(image, ~mask, np.zeros(mask.shape, np.float32), RunToken())
    unknown = [int((~scale.known).sum()) * 4**n for n, scale in enumerate(scales)]
    assert unknown == sorted(unknown, reverse=True) and unknown[-1] == 0
    inside = scales[0].texture[80, 80]
    assert inside == pytest.approx(float(scales[0].texture[~mask].mean()), rel=0.3)
    shown = scales[2].picture[scales[2].known]
    assert shown.mean() == pytest.approx(127, abs=8), "black of the hole is not mixed in"


def test_a_picture_is_compared_in_eight_bytes_and_some_to_spare() -> None:
    picture = np.full((5, 7, 3), 80, np.float32)
    picture[:, 4:] = 200
    flat = patch_pyramid.compared(picture, np.zeros((5, 7), np.float32))
    planes = flat[: 5 * 7 * 8].reshape(5, 7, 8)
    assert (planes[:, :3, :3] == 80).all()
    assert np.flatnonzero(planes[..., 3].max(axis=0) > 128).tolist() == [3, 4]
    assert (planes[..., 4] == 128).all() and len(flat) >= 5 * 7 * 8 + 32


def test_a_level_takes_a_layout_over_past_its_own_margin() -> None:
    rng = np.random.default_rng(1)
    image = rng.uniform(0, 255, (60, 60, 3)).astype(np.float32)
    hole = disc((60, 60), 30, 24, 5)
    padded, gap = np.pad(image, ((6, 6), (6, 6), (0, 0)), mode="edge"), np.pad(hole, 6)
    level = make_level(with_texture(padded, gap), gap, ~gap, scale=4, margin=6)
    targets = np.argwhere(cv2.dilate(hole.astype(np.uint8), np.ones((7, 7))) > 0).astype(np.int32)
    index = np.full((60, 60), -1, np.int32)
    index[targets[:, 0], targets[:, 1]] = np.arange(len(targets))
    take_over(level, Layout(2, targets, index, targets + np.int32([0, 20])))
    assert (level.found - level.targets == [0, 20]).all()
