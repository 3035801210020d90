"""What belongs to the strokes: soft edges that show, shadows that fall one way, whole halos."""

import cv2
import numpy as np
import pytest

from inpaint_studio import api
from inpaint_studio.cli.demo_photos import jobs
from inpaint_studio.imaging.mask import grow
from inpaint_studio.proposals import shadows
from inpaint_studio.proposals.effects import grown_to_effects
from inpaint_studio.proposals.ground import to_lab
from inpaint_studio.proposals.rim import soft_edge
from inpaint_studio.proposals.shadows import left_past, shadow, with_past
from tests.overlays import compose, fonts, placed, text_alpha

WHITE, BLACK = (np.full(3, value, dtype=np.float32) for value in (255, 0))


def ground(seed: int) -> np.ndarray:
    """A rough ground of middling light, coarse and fine."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(80, 300, 3)).astype(np.float32)
    coarse = cv2.GaussianBlur(rng.normal(size=(80, 300)).astype(np.float32), (0, 0), 3) * 45
    return np.clip(128 + coarse[..., None] + 5 * noise, 0, 255).astype(np.uint8)


def written(soft_px: float = 0.0) -> np.ndarray:
    alpha = text_alpha("Summer Sale", fonts()[0], 40)
    plane = placed(alpha, (80, 300), 20, 18)
    return cv2.GaussianBlur(plane, (0, 0), soft_px) if soft_px else plane


def far(core: np.ndarray) -> np.ndarray:
    return cv2.distanceTransform((~core).astype(np.uint8), cv2.DIST_L2, 5)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_sharp_edge_takes_no_neighbour_and_a_soft_one_does(seed: int):
    core = np.zeros((80, 300), dtype=bool)
    core[20:60, 40:240:20] = core[20:60, 41:241:20] = core[20:60, 42:242:20] = True
    beside = (far(core) <= 1.1) & ~core
    half = core.astype(np.float32)
    half[beside] = 0.3
    taken = []
    for alpha in (core.astype(np.float32), half):
        shown = compose(ground(seed), [(alpha, WHITE)])
        taken.append(soft_edge(to_lab(shown), core, np.zeros_like(core))[beside].mean())
    assert taken[0] < 0.2 and taken[1] > 0.97


def test_edges_that_are_drawn_alike_are_told_together_where_the_ground_hides_each():
    # The left edges end within the core, the right ones past it: a neighbour's own pixel tells
    # little on this ground, the core's pixel beside it does.
    rng = np.random.default_rng(4)
    shown = np.clip(120 + 8 * rng.normal(size=(80, 300, 1)), 0, 255).repeat(3, 2).astype(np.uint8)
    alpha = np.zeros((80, 300), dtype=np.float32)
    for left, share in enumerate((0.6, 1.0, 1.0, 0.3)):
        alpha[20:60, 20 + left : 280 : 12] = share
    core = alpha > 0.5
    taken = soft_edge(to_lab(compose(shown, [(alpha, WHITE)])), core, np.zeros_like(core))
    soft, bare = (alpha > 0) & ~core, (far(core) == 1) & (alpha == 0)
    assert taken[soft].mean() > 0.9
    assert taken[bare].mean() < 0.35


def test_a_soft_shadow_is_found_to_where_it_is_no_longer_seen():
    ink = written()
    cast = np.roll(cv2.GaussianBlur(ink, (0, 0), 1.5), (3, 3), (0, 1)) * np.float32(0.6)
    shown = compose(ground(4), [(cast, BLACK), (ink, WHITE)])
    core = ink > 0.5
    found = shadow(to_lab(shown), core, 44.0)
    dark = (cast * (1 - ink) > 0.1) & ~core
    assert found[dark].mean() > 0.9
    assert found[(cast < 0.01) & ~core].mean() < 0.02


@pytest.mark.parametrize("seed", range(5, 13))
def test_a_rough_ground_casts_no_shadow(seed: int):
    ink = written()
    shown = compose(ground(seed), [(ink, WHITE)])
    assert not shadow(to_lab(shown), ink > 0.5, 44.0).any()


def test_what_is_light_beside_light_letters_is_no_shadow_of_them():
    ink = written()
    echo = np.roll(cv2.GaussianBlur(ink, (0, 0), 1.5), (3, 3), (0, 1)) * np.float32(0.6)
    shown = compose(ground(4), [(echo, WHITE), (ink, WHITE)])
    assert not shadow(to_lab(shown), ink > 0.5, 44.0).any()


@pytest.mark.parametrize("seed", range(4, 8))
def test_a_second_look_takes_along_what_shows_past_the_mask(seed: int):
    ink = written()
    cast = np.roll(cv2.GaussianBlur(ink, (0, 0), 1.5), (3, 3), (0, 1)) * np.float32(0.6)
    core = ink > 0.5
    dark = (cast * (1 - ink) > 0.1) & ~core
    narrow = grow(core, 1)
    for effects, shows in (([(cast, BLACK)], True), ([], False)):
        lab = to_lab(compose(ground(seed), [*effects, (ink, WHITE)]))
        past, is_doubtful = left_past(lab, core, narrow, 44.0)
        assert not is_doubtful
        assert past.any() == shows
        assert not shows or past[dark & ~narrow].mean() > 0.8
        wider, is_past = with_past(lab, core, narrow, np.ones_like(core), 44.0)
        assert ((wider != narrow).any() or is_past) == shows


@pytest.mark.parametrize("seed", range(4, 8))
def test_what_may_be_a_form_of_the_ground_asks_for_a_look(
    seed: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shadows, "stands_apart", lambda *_, **__: False)
    ink = written()
    cast = np.roll(cv2.GaussianBlur(ink, (0, 0), 1.5), (3, 3), (0, 1)) * np.float32(0.6)
    core = ink > 0.5
    narrow = grow(core, 1)
    for effects, shows in (([(cast, BLACK)], True), ([], False)):
        lab = to_lab(compose(ground(seed), [*effects, (ink, WHITE)]))
        same, is_past = with_past(lab, core, narrow, np.ones_like(core), 44.0, 0.0)
        assert (same == narrow).all()
        assert is_past == shows


def test_a_halo_is_no_shadow_and_is_followed_to_its_faint_end():
    ink = written()
    halo = np.clip(cv2.GaussianBlur(ink, (0, 0), 3.2) * 1.6, 0, 1) * np.float32(0.7)
    shown = compose(ground(14), [(halo, BLACK), (ink, WHITE)])
    core = ink > 0.5
    assert not shadow(to_lab(shown), core, 44.0).any()
    mask = grown_to_effects(to_lab(shown), core, np.ones_like(core), 44.0)
    assert mask[halo > 0.08].mean() > 0.95
    assert mask[halo < 0.004].mean() < 0.03


@pytest.mark.parametrize("name", ["coffee", "rocket"])
def test_the_soft_edge_of_an_outline_belongs_to_it(name: str):
    """On mixed ground dark rows stood over every bar of an outlined caption once it was filled."""
    job = next(job for job in jobs() if job.name == name)
    mask = np.zeros(job.clean.shape[:2], dtype=bool)
    for found in api.propose(job.photo, kinds=("text",)):
        mask |= found.full_mask(mask.shape)
    differs = np.abs(job.photo.astype(int) - job.clean).max(axis=2)
    assert (mask & (differs > 25)).sum() >= 0.99 * (differs > 25).sum()
    assert (mask & (differs < 3)).mean() < 0.012
