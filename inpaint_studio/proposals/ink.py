"""Ways to tell ink from ground within one line of text.

Each way gives a mask of what may be strokes; `glyphs` asks the recogniser which is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.imaging.mask import usual_stroke_px
from inpaint_studio.imaging.veil import mixture, pairs
from inpaint_studio.proposals.ground import behind, spread, to_lab
from inpaint_studio.vision.lines import Line, scaled

LETTER = 0.3
"""Heights of the line: pieces that are shorter are specks, dots and commas."""
ENDS = 1.3
"""Heights of the line: one letter's room before and after it."""
_UNEVEN, _VEIL, _ALIKE = 4.0, 2.9, 3.0
"""Lab, how far the pixels of opaque letters lie from their ink in the median at most; less, where
all of them vary alike (nine of ten by so many medians at most), as a veil over a ground does."""


class Work:
    """One line cut out and enlarged, with what its ways of telling ink share."""

    def __init__(self, crop: NDArray[np.uint8], line: Line, zoom: int) -> None:
        self.zoom = zoom
        self.line = line
        self.native = crop.shape[:2]
        size = (crop.shape[1] * zoom, crop.shape[0] * zoom)
        big = crop if zoom == 1 else cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC)
        self.lab = to_lab(big.astype(np.uint8))
        wide = scaled(line, zoom, zoom, 0.0, 0.0)
        shape = (size[1], size[0])
        inside = wide.area_mask(shape)
        self.thickness = line.thickness_px * zoom
        self.region = reached(inside, 0.10 * self.thickness)
        self.near = reached(inside, 0.28 * self.thickness)
        self.region_native = reached(line.area_mask(crop.shape[:2]), 0.28 * line.thickness_px)
        self.ring = ~self.near
        self.inside = reached(inside, 1.0)
        self.rim = rim_of(self.near)
        self.ground = behind(self.lab, self.near)
        self.delta = self.lab - self.ground
        blur = cv2.GaussianBlur(self.lab, (0, 0), max(2.0, self.thickness / 3))
        dx = cv2.Sobel(self.lab, cv2.CV_32F, 1, 0, ksize=3)
        dy = cv2.Sobel(self.lab, cv2.CV_32F, 0, 1, ksize=3)
        self.slope = np.sqrt((dx**2 + dy**2).sum(axis=2))
        rough = (self.lab - blur)[self.ring]
        self.noise = np.array([max(0.8, spread(rough[:, k])) for k in range(3)], np.float32)


def reached(mask: MaskBool, px: float) -> MaskBool:
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(distance <= px, dtype=np.bool_)


def candidates(
    work: Work, inks: Sequence[NDArray[np.float32]] = ()
) -> Iterator[tuple[str, MaskBool]]:
    """Masks of what may be ink, the likeliest ways first.

    inks: colours (3,) Lab that other lines of the photo are written in.
    """
    for ink in inks:
        inked = locally_inked(work, ink, 0.14 * work.thickness)
        yield "the ink of the other lines", cleaned(inked, work)
    light = work.delta[..., 0]
    axis = _axis(work)
    along = work.delta @ axis
    planes = [
        ("brighter", light), ("darker", -light),
        ("own colour", along), ("inverse colour", -along),
        ("many colours", np.sqrt(((work.delta / work.noise) ** 2).sum(axis=2))),
    ]  # fmt: skip
    strength = [float(np.percentile(plane[work.region], 88)) for _, plane in planes[:2]]
    if strength[1] > strength[0]:
        planes[0], planes[1] = planes[1], planes[0]
    modes = _inks(work)
    for mode in modes:
        gap = np.sqrt(((work.lab - mode) ** 2).sum(axis=2))
        planes.insert(2, ("ink colour", -gap))
    for name, plane in planes:
        yield name, cleaned(_split(plane, work), work)
    for name, _ in planes[:2]:
        yield f"locally {name}", cleaned(_local(work.lab[..., 0], name, work), work)
    for mode in modes:
        inked = locally_inked(work, mode, 0.14 * work.thickness)
        yield "ink colour on its own ground", cleaned(inked, work)


def _axis(work: Work) -> NDArray[np.float32]:
    """The colour direction along which the inside differs most from the ground."""
    inside = (work.delta / work.noise)[work.region]
    _, vectors = np.linalg.eigh(inside.T @ inside)
    axis = vectors[:, -1] / work.noise
    axis = axis / max(float(np.linalg.norm(axis)), 1e-6)
    mean = float((work.delta[work.region] @ axis).mean())
    return np.asarray(axis if mean >= 0 else -axis, dtype=np.float32)


def _inks(work: Work) -> list[NDArray[np.float32]]:
    """Colours that are frequent inside the line and rare around it."""
    step = np.array([6.0, 9.0, 9.0], dtype=np.float32)
    inside = np.floor(work.lab[work.region] / step).astype(np.int64)
    outside = np.floor(work.lab[work.ring] / step).astype(np.int64)
    names, index, count = np.unique(inside, axis=0, return_inverse=True, return_counts=True)
    index = np.ravel(index)
    known, known_count = np.unique(outside, axis=0, return_counts=True)
    table = {tuple(row): int(n) for row, n in zip(known, known_count)}
    share = count / max(1, len(inside))
    other = np.array([table.get(tuple(row), 0) for row in names]) / max(1, len(outside))
    gain = share - 1.5 * other
    values = work.lab[work.region]
    order = np.argsort(-gain)[:3]
    return [values[index == k].mean(axis=0) for k in order if gain[k] > 0.03]


def _split(plane: NDArray[np.float32], work: Work) -> MaskBool:
    """Otsu's threshold within the line."""
    values = plane[work.region]
    low, high = np.percentile(values, [0.5, 99.5])
    if high - low < 1e-3:
        return np.zeros_like(work.region)
    codes = np.clip((plane - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    level, _ = cv2.threshold(codes[work.region], 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return np.asarray((codes > level) & work.near, dtype=np.bool_)


def _local(light: NDArray[np.float32], name: str, work: Work) -> MaskBool:
    """Brighter or darker than the neighbourhood (Niblack), for grounds that vary."""
    sigma = max(3.0, 0.35 * work.thickness)
    mean = cv2.GaussianBlur(light, (0, 0), sigma)
    deviation = np.sqrt(np.maximum(cv2.GaussianBlur(light**2, (0, 0), sigma) - mean**2, 0))
    gap = light - mean if name.endswith("brighter") else mean - light
    return np.asarray((gap > np.maximum(0.3 * deviation, 1.5)) & work.near, dtype=np.bool_)


def cleaned(mask: MaskBool, work: Work) -> MaskBool:
    """Drop what cannot be a stroke: specks, blobs, things that pass through the line."""
    kept = _plausible_pieces(mask, work)
    if not kept.any():
        return kept
    width = max(2.0, min(usual_stroke_px(kept), 0.3 * work.thickness))
    distance = cv2.distanceTransform(np.pad(kept, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    seeds = distance > 1.3 * width + 1
    if not seeds.any():
        return kept
    # A blob of the ink's colour: what lies within its own reach goes, thin strokes stay.
    blob = reached(np.asarray(seeds, dtype=np.bool_), 1.3 * width + 2)
    return _plausible_pieces(kept & ~blob, work)


def _plausible_pieces(mask: MaskBool, work: Work) -> MaskBool:
    count, labels, stats, centers = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    if count <= 1:
        return mask
    area = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    within = np.bincount(labels.ravel(), weights=work.region.ravel(), minlength=count)
    touching = np.bincount(labels.ravel(), weights=work.rim.ravel(), minlength=count)
    rows = np.clip(np.rint(centers[:, 1]), 0, mask.shape[0] - 1).astype(int)
    columns = np.clip(np.rint(centers[:, 0]), 0, mask.shape[1] - 1).astype(int)
    keep = (area >= max(3.0, 0.0012 * work.thickness**2)) & (within >= 0.6 * area)
    keep &= touching <= 2 + 0.02 * area
    keep &= work.inside[rows, columns]
    keep[0] = False
    return np.asarray(keep[labels], dtype=np.bool_)


def rim_of(mask: MaskBool) -> MaskBool:
    """The outermost pixels of a mask that do not lie on the picture's own edge."""
    inner = cv2.erode(
        mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE
    )
    rim: MaskBool = mask & (inner == 0)
    return rim


def ink_of(work: Work, strokes: MaskBool) -> NDArray[np.float32]:
    """Return the colour of some strokes: the median of their inner pixels, Lab."""
    inner = strokes & (cv2.erode(strokes.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    values = work.lab[inner if inner.sum() > 12 else strokes]
    return np.asarray(np.median(values, axis=0), dtype=np.float32)


def of_one_ink(mask: MaskBool, work: Work) -> MaskBool:
    """Drop what is not of the strokes' own colour, where they have one: opaque letters do.

    Soft edges lie within a pixel of full ink. Letters of many colours, veils and hairlines,
    which nowhere show their ink whole, are returned as they are.
    """
    inner = mask & (cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    if inner.sum() < 40 or usual_stroke_px(mask, by_area=True) < 2.2 * work.zoom:
        return mask
    values = work.lab[inner]
    ink = np.median(values, axis=0)
    off = np.sqrt(((values - ink) ** 2).sum(axis=1))
    usual = float(np.median(off))
    if usual > _UNEVEN or (usual > _VEIL and np.percentile(off, 90) <= _ALIKE * usual):
        return mask
    off = np.sqrt(((work.lab - ink) ** 2).sum(axis=2))
    full = mask & (off <= max(5.0, 4.0 * usual))
    if work.zoom == 1:
        # A line at its own size has its ink exactly; of a speck that much is asked.
        full &= ~_shorter(mask, LETTER * work.thickness) | (off <= max(1.2, 4.0 * usual))
    kept = mask & reached(full, 1.2 * work.zoom + 0.5)
    return _plausible_pieces(kept, work) if kept.sum() > 0.5 * mask.sum() else mask


def _shorter(mask: MaskBool, side_px: float) -> MaskBool:
    """The pieces of a mask whose longer side is shorter than that."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    is_short = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) < side_px
    is_short[0] = False
    return np.asarray(is_short[labels], dtype=np.bool_)


def veiled(work: Work, mask: MaskBool) -> MaskBool | None:
    """Return where a semi-transparent ink lies, its opacity and colour taken from some strokes.

    c = (1 - a)·g + a·t over ground g; None when a and t cannot be told, or the ink is opaque.
    """
    inner = mask & (cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    core = inner if inner.sum() >= 60 else mask
    outer = reached(mask, 5.0 * work.zoom) & ~reached(mask, 1.6 * work.zoom)
    unit = work.lab / np.float32(100)
    inside, beside = pairs(unit, core, outer, reach_px=round(max(6, 0.25 * work.thickness)))
    found = mixture(inside, beside, bounded=False)
    if found is None:
        return None
    opacity, colour = found
    size = int(np.clip(round(3.2 * usual_stroke_px(mask)), 7, 61)) | 1
    ground = _median(work.lab, size)
    way = opacity * (colour * 100 - ground)
    length = np.maximum((way**2).sum(axis=2), 4.0)
    cover = ((work.lab - ground) * way).sum(axis=2) / length
    off = np.sqrt(((work.lab - ground - cover[..., None] * way) ** 2).sum(axis=2))
    close = off < np.maximum(0.7 * np.sqrt(length), 5.0)
    return np.asarray((cover > 0.5) & (cover < 2.2) & close & work.near, dtype=np.bool_)


def _median(lab: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Return Lab smoothed by a median; quantised to 8 bits, which is plenty for a ground."""
    scale = np.array([2.55, 1, 1], dtype=np.float32)
    shift = np.array([0, 128, 128], dtype=np.float32)
    codes = np.clip(lab * scale + shift, 0, 255).astype(np.uint8)
    return np.asarray((cv2.medianBlur(codes, size).astype(np.float32) - shift) / scale)


def on_own_ground(lab: NDArray[np.float32], width: float) -> NDArray[np.float32]:
    """Return each pixel's own ground, Lab: the median over a window that strokes of this `width`
    (px) cannot fill."""
    return _median(lab, int(np.clip(round(3.2 * width), 7, 61)) | 1)


def locally_inked(
    work: Work, ink: NDArray[np.float32], width: float, known: MaskBool | None = None,
    *, where: MaskBool | None = None,
) -> MaskBool:  # fmt: skip
    """Return where `ink` covers more than half, against each pixel's own ground.

    The ground is the median over a window that strokes of this `width` cannot fill. Coverage
    is the part of the way from ground to ink, a = (c - g)·(t - g) / |t - g|². Where ink and
    ground are alike nothing can be told, and what is `known` stays.
    """
    ground = on_own_ground(work.lab, width)
    way = ink - ground
    length = (way**2).sum(axis=2)
    cover = ((work.lab - ground) * way).sum(axis=2) / np.maximum(length, 1e-3)
    off = work.lab - ground - cover[..., None] * way
    close = np.sqrt((off**2).sum(axis=2)) < np.maximum(0.6 * np.sqrt(length), 10)
    inked = (cover > 0.5) & close & (length > 36) & (work.near if where is None else where)
    if known is not None:
        inked |= known & (length <= 36)
    return np.asarray(inked, dtype=np.bool_)


def beyond_ends(work: Work, strokes: MaskBool) -> MaskBool:
    """Return pieces of the same ink just past the line's ends, where detectors stop short.

    A copyright sign before a name, a full stop, a currency sign: as high as a letter at most,
    as thick as its strokes, of its ink, within a letter's width of the line.
    """
    whole = scaled(work.line, work.zoom, work.zoom, 0.0, 0.0)
    ends = whole.longer_mask(work.near.shape, ENDS) & ~work.inside
    width = usual_stroke_px(strokes)
    ink = ink_of(work, strokes)
    found = locally_inked(work, ink, width, where=ends | work.near)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        found.astype(np.uint8), connectivity=8
    )
    result = np.zeros_like(strokes)
    size = work.thickness
    past = np.bincount(labels.ravel(), weights=ends.ravel(), minlength=count)
    for name in range(1, count):
        left, top, wide, high, area = (int(v) for v in stats[name])
        if past[name] < 0.9 * area or not 0.01 * size**2 <= area <= 0.7 * size**2:
            continue
        if max(wide, high) > 1.2 * size:
            continue
        part = (slice(top, top + high), slice(left, left + wide))
        piece = labels[part] == name
        gap = float(np.sqrt(((work.lab[part][piece] - ink) ** 2).sum(axis=1)).mean())
        if 0.25 * width <= usual_stroke_px(piece) <= 1.8 * width and gap < 22:
            result[part] |= piece
    return result
