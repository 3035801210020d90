"""Strokes, not boxes: covered glyph pixels, little else, and a second witness for acting alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from skimage import data

from inpaint_studio.errors import BadSetting, Cancelled
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.base import Proposal
from inpaint_studio.proposals.glyphs import likeness
from inpaint_studio.proposals.table import PROPOSERS, propose
from inpaint_studio.proposals.tiles import spread
from inpaint_studio.vision.readers import Readers
from tests.overlays import Overlay, as_jpeg, compose, draw, fonts, placed, text_alpha

SANS = ("DejaVu Sans", "Liberation Sans", "Arial")
"""One plain family, so that the figures hold whatever other fonts a machine has."""


@pytest.fixture(scope="module")
def readers() -> Readers:
    return Readers(threads=1)


def _photo() -> np.ndarray:
    return np.ascontiguousarray(data.coffee()[100:400, 60:540])


def _text_mask(found: list[Proposal], case: Overlay) -> np.ndarray:
    mask = np.zeros(case.changed.shape, dtype=bool)
    for item in found:
        mask |= item.full_mask(mask.shape)
    return mask


@pytest.mark.parametrize(
    ("kind", "least", "most_false"),
    [
        ("caption", 0.97, 0.015),
        ("outlined", 0.95, 0.015),
        ("shadowed", 0.93, 0.02),
        ("translucent", 0.88, 0.015),
        ("rotated", 0.93, 0.015),
        ("curved", 0.83, 0.015),
        ("dark", 0.95, 0.015),
        ("small", 0.95, 0.01),
    ],
)
def test_strokes_are_covered_and_little_else(
    kind: str, least: float, most_false: float, readers: Readers
) -> None:
    case = draw(_photo(), kind, 4, allowed=SANS)
    found = propose(case.photo, ["text"], readers, RunToken())
    mask = _text_mask(found, case)
    assert mask[case.changed].mean() >= least
    assert (mask & ~case.touched).mean() <= most_false


@pytest.mark.skipif(not fonts("cjk"), reason="no CJK font on this machine")
@pytest.mark.parametrize("kind", ["cjk", "vertical"])
def test_cjk_strokes_are_covered(kind: str, readers: Readers) -> None:
    case = draw(_photo(), kind, 2, jpeg=85)
    found = propose(case.photo, ["text"], readers, RunToken())
    assert _text_mask(found, case)[case.changed].mean() >= 0.9


def test_a_clear_caption_is_automatic_and_says_why(readers: Readers) -> None:
    photo = _photo()
    alpha = placed(text_alpha("Spring Catalogue", None, 30), photo.shape, 40, 30)
    shown = compose(photo, [(alpha, np.full(3, 255.0, dtype=np.float32))])
    found = propose(shown, ["text"], readers, RunToken())
    assert [item.record.automatic for item in found] == [True]
    record = found[0].record
    assert likeness(record.text, "Spring Catalogue") > 0.9
    assert record.text in record.reason
    assert found[0].mask.shape == record.box.shape
    x, y = record.pin
    assert found[0].full_mask(photo.shape)[y, x]


@pytest.mark.parametrize("name", ["coffee", "chelsea", "rocket", "brick", "grass", "gravel"])
def test_a_photo_without_text_has_nothing_automatic(name: str, readers: Readers) -> None:
    photo = getattr(data, name)()
    if photo.ndim == 2:
        photo = np.repeat(photo[..., None], 3, axis=2)
    found = propose(photo[:360, :480], ["text"], readers, RunToken())
    assert not any(item.record.automatic for item in found)
    assert all(item.mask.sum() <= 0.05 * 360 * 480 for item in found)


def test_the_same_photo_gives_the_same_masks(readers: Readers) -> None:
    case = draw(_photo(), "glow", 3, jpeg=90)
    one = propose(case.photo, ["text"], readers, RunToken())
    two = propose(case.photo, ["text"], Readers(threads=1), RunToken())
    assert [item.record for item in one] == [item.record for item in two]
    assert all(np.array_equal(a.mask, b.mask) for a, b in zip(one, two))


def test_sixteen_bit_photos_are_read_too(readers: Readers) -> None:
    case = draw(_photo(), "caption", 4)
    deep = case.photo.astype(np.uint16) * 257
    shallow = propose(case.photo, ["text"], readers, RunToken())
    assert [i.record for i in propose(deep, ["text"], readers, RunToken())] == [
        i.record for i in shallow
    ]


def test_jpeg_ringing_is_taken_along(readers: Readers) -> None:
    photo = np.full((160, 400, 3), 120, dtype=np.uint8)
    alpha = placed(text_alpha("Ringing text", None, 40), photo.shape, 40, 50)
    shown = as_jpeg(compose(photo, [(alpha, np.full(3, 250.0, dtype=np.float32))]), 40)
    found = propose(shown, ["text"], readers, RunToken())
    mask = np.logical_or.reduce([item.full_mask(photo.shape) for item in found])
    loud = np.abs(shown.astype(int) - 120).max(axis=2) > 24
    assert mask[loud].mean() > 0.97


def test_unknown_kinds_are_refused_and_a_cancel_is_heard(readers: Readers) -> None:
    with pytest.raises(BadSetting, match="painted"):
        propose(_photo(), ["painted"], readers, RunToken())
    token = RunToken()
    token.cancel()
    for kind in PROPOSERS:
        with pytest.raises(Cancelled):
            propose(_photo(), [kind], readers, token)


def test_glitter_of_the_inks_colour_is_not_taken_for_letters(readers: Readers) -> None:
    rng = np.random.default_rng(5)
    photo = np.full((150, 460, 3), 70, dtype=np.uint8)
    photo += rng.integers(0, 12, photo.shape, dtype=np.uint8)
    for _ in range(260):
        y, x = rng.integers(0, 148), rng.integers(0, 457)
        photo[y : y + rng.integers(2, 4), x : x + rng.integers(2, 5)] = rng.integers(235, 252)
    alpha = placed(text_alpha("BREAKING NEWS", None, 48), photo.shape, 24, 44)
    shown = compose(photo, [(alpha, np.full(3, 255.0, dtype=np.float32))])
    found = propose(shown, ["text"], readers, RunToken())
    mask = np.logical_or.reduce([item.full_mask(alpha.shape) for item in found])
    assert mask[alpha > 0.1].mean() > 0.97
    assert (mask & (alpha == 0)).sum() < 0.3 * (alpha > 0).sum()


def test_a_sign_before_the_name_goes_with_it(readers: Readers) -> None:
    photo = _photo()
    path = fonts()[0] if fonts() else None
    alpha = placed(text_alpha("© Studio Lumen 2023", path, 30), photo.shape, 60, 200)
    shown = compose(photo, [(alpha, np.array([255, 240, 90], dtype=np.float32))])
    found = propose(shown, ["text"], readers, RunToken())
    mask = np.logical_or.reduce([item.full_mask(photo.shape) for item in found])
    first = np.flatnonzero((alpha > 0.5).any(axis=0))[0]
    sign = np.zeros_like(mask)
    sign[:, first : first + 20] = (alpha > 0.3)[:, first : first + 20]
    assert mask[sign].mean() > 0.95


def test_a_sign_of_an_ink_of_its_own_goes_with_a_line_of_many_colours(readers: Readers) -> None:
    photo = _photo()
    path = fonts()[0] if fonts() else None
    alpha = placed(text_alpha("Studio Lumen", path, 30), photo.shape, 100, 200)
    columns = np.flatnonzero((alpha > 0).any(axis=0))
    cuts = np.linspace(columns[0], columns[-1] + 1, 5).astype(int)
    palette = ((250, 200, 20), (60, 200, 80), (40, 120, 250), (240, 90, 200))
    layers = []
    for start, end, ink in zip(cuts, cuts[1:], palette):
        part = np.zeros_like(alpha)
        part[:, start:end] = alpha[:, start:end]
        layers.append((part, np.array(ink, dtype=np.float32)))
    sign = placed(text_alpha("©", path, 30), photo.shape, 66, 200)
    shown = compose(photo, [*layers, (sign, np.array((230, 40, 40), dtype=np.float32))])
    found = propose(shown, ["text"], readers, RunToken())
    mask = np.logical_or.reduce([item.full_mask(photo.shape) for item in found])
    assert mask[sign > 0.3].mean() > 0.95


def test_a_sign_in_the_scene_is_only_suggested(readers: Readers) -> None:
    """Paint takes on the scene's light and grain; the same words laid over it do not."""
    photo = _photo()
    ink = placed(text_alpha("HARBOUR", fonts()[0] if fonts() else None, 48), photo.shape, 60, 20)
    white = np.full(3, 245.0, dtype=np.float32)
    laid = compose(photo, [(ink, white)])
    rng = np.random.default_rng(3)
    light = np.linspace(0.45, 0.95, photo.shape[1], dtype=np.float32)[None, :, None]
    grain = rng.normal(0, 9, photo.shape)
    painted = np.where(ink[..., None] > 0, laid * light + grain, laid).clip(0, 255).astype(np.uint8)
    over = [p for p in propose(laid, ["text"], readers, RunToken()) if "HARB" in p.record.text]
    sign = [p for p in propose(painted, ["text"], readers, RunToken()) if "HARB" in p.record.text]
    assert over and over[0].record.automatic
    assert sign and not sign[0].record.automatic


def test_tiles_that_cannot_be_read_are_found_from_those_that_can() -> None:
    rng = np.random.default_rng(1)
    photo = np.clip(130 + rng.normal(0, 14, (300, 460, 3)), 0, 255).astype(np.uint8)
    tile = text_alpha("PROOF", fonts()[0] if fonts() else None, 30)
    weight = np.zeros(photo.shape[:2], dtype=np.float32)
    places = [(20, 20), (240, 60), (60, 150), (260, 220)]
    for left, top in places:
        weight = np.maximum(weight, placed(tile, photo.shape, left, top))
    shown = compose(photo, [(weight * np.float32(0.35), np.full(3, 255.0, dtype=np.float32))])
    first = placed(tile, photo.shape, *places[0]) > 0.5
    box = Box(10, 10, 20 + tile.shape[1] + 10, 20 + tile.shape[0] + 10)
    found = spread(shown, first[box.slices], first[box.slices], box, RunToken())
    assert len(found) == 3
    corners = sorted((t.box.left + 10, t.box.top + 10) for t in found)
    assert all(
        abs(a - b) <= 1 for at, to in zip(corners, sorted(places[1:])) for a, b in zip(at, to)
    )
    assert spread(photo, first[box.slices], first[box.slices], box, RunToken()) == []


def test_a_line_that_cannot_be_read_beside_one_that_can_is_suggested(
    readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = _photo()
    white = np.full(3, 255.0, dtype=np.float32)
    path = fonts()[0] if fonts() else None
    ink = placed(text_alpha("HARBOUR", path, 40), photo.shape, 40, 20)
    below = placed(text_alpha("LIGHTS", path, 40), photo.shape, 40, 230)
    shown = compose(photo, [(np.maximum(ink, below), white)])
    seen = readers.text.lines(shown)
    lost = [replace(n, text="", score=0.0) if "LIGHT" in n.text else n for n in seen]
    assert sum(not n.text for n in lost) == 1
    monkeypatch.setattr(readers.text, "lines", lambda *_: lost)
    found = propose(shown, ["text"], readers, RunToken())
    doubted = [p for p in found if "could not be read itself" in p.record.reason]
    assert len(doubted) == 1 and not doubted[0].record.automatic
    assert doubted[0].full_mask(photo.shape[:2])[below > 0.5].mean() > 0.75
