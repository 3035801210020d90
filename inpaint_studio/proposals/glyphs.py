"""From a line of text to its strokes.

A detector's box holds three to five times the area of the letters. Several ways to tell ink
from ground are tried (brighter, darker, another colour, many colours, a semi-transparent
veil), each gives a mask, and each mask is given back to the recogniser as black on white. The
mask that reads like the photo wins: that is a second, independent witness, for a mask of the
wrong thing reads as nothing.

Rejected: one threshold for all (fails on gradients), k-means colours (fails on veils and on
letters of many colours), and taking the box (destroys what lies between the letters).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box
from inpaint_studio.proposals.effects import grown_to_effects
from inpaint_studio.proposals.ground import behind, spread, to_lab
from inpaint_studio.vision.lines import Line, scaled, strip
from inpaint_studio.vision.plausible import letters_of

Read: TypeAlias = Callable[[NDArray[np.uint8]], tuple[str, float]]

WORK_PX = 40
"""Lines are enlarged until they are about this high, so that a stroke is some pixels wide."""
ENOUGH = 0.93


@dataclass(frozen=True, slots=True, eq=False)
class Glyphs:
    """Strokes of one line: `mask` (H, W) over `box`, outline, shadow and ringing included.

    core: the ink alone. agreement: 0..1, how well the core alone reads like the photo did.
    way: how ink was told from ground. stroke_px: median stroke width.
    """

    box: Box
    mask: MaskBool
    core: MaskBool
    agreement: float
    way: str
    stroke_px: float


def likeness(one: str, two: str) -> float:
    """Return 0..1, how alike two readings are (letters and digits, case ignored)."""
    first, second = letters_of(one).casefold(), letters_of(two).casefold()
    if not first or not second:
        return 0.0
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def strokes(rgb: NDArray[np.uint8], line: Line, read: Read) -> Glyphs | None:
    """Return the strokes of `line` in an 8-bit sRGB photo; None when none can be told."""
    frame = Box.of_shape(rgb.shape)
    box = line.box.pad(round(max(10.0, 0.9 * line.thickness_px))).clamp(frame)
    if box.width < 6 or box.height < 6:
        return None
    zoom = int(np.clip(np.ceil(WORK_PX / max(line.thickness_px, 1.0)), 1, 4))
    crop = rgb[box.slices]
    local = scaled(line, 1.0, 1.0, -box.left, -box.top)
    work = _Work(crop, local, zoom)
    best: tuple[float, str, MaskBool] | None = None
    for way, mask in _candidates(work):
        agreement = _reads_alike(mask, work, read)
        if best is None or agreement > best[0] + 0.02:
            best = (agreement, way, mask)
        if best[0] >= ENOUGH:
            break
    if best is None:
        return None
    agreement, way, inner = best
    core = _shrunk(inner, crop.shape, zoom)
    stroke = stroke_px(inner) / zoom
    mask = grown_to_effects(work.lab_native, core, work.region_native, line.thickness_px, stroke)
    return Glyphs(box, mask, core, agreement, way, stroke)


def stroke_px(mask: MaskBool) -> float:
    """Return the median thickness of the strokes, px."""
    if not mask.any():
        return 0.0
    padded = np.pad(mask, 1).astype(np.uint8)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, 5)
    ridge = (distance >= cv2.dilate(distance, np.ones((3, 3), np.uint8)) - 1e-6) & (distance > 0)
    return float(2 * np.median(distance[ridge]) - 1) if ridge.any() else 1.0


class _Work:
    """One line cut out and enlarged, with what its ways of telling ink share."""

    def __init__(self, crop: NDArray[np.uint8], line: Line, zoom: int) -> None:
        self.zoom = zoom
        self.line = line
        self.native = crop.shape[:2]
        size = (crop.shape[1] * zoom, crop.shape[0] * zoom)
        big = crop if zoom == 1 else cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC)
        self.lab = to_lab(big.astype(np.uint8))
        self.lab_native = to_lab(crop)
        wide = scaled(line, zoom, zoom, 0.0, 0.0)
        shape = (size[1], size[0])
        inside = wide.area_mask(shape)
        self.thickness = line.thickness_px * zoom
        self.region = _reached(inside, 0.10 * self.thickness)
        self.near = _reached(inside, 0.28 * self.thickness)
        self.region_native = _reached(line.area_mask(crop.shape[:2]), 0.28 * line.thickness_px)
        self.ring = ~self.near
        self.ground = behind(self.lab, self.near)
        self.delta = self.lab - self.ground
        blur = cv2.GaussianBlur(self.lab, (0, 0), max(2.0, self.thickness / 3))
        rough = (self.lab - blur)[self.ring]
        self.noise = np.array([max(0.8, spread(rough[:, k])) for k in range(3)], np.float32)


def _reached(mask: MaskBool, px: float) -> MaskBool:
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(distance <= px, dtype=np.bool_)


def _candidates(work: _Work) -> Iterator[tuple[str, MaskBool]]:
    """Masks of what may be ink, the likeliest ways first."""
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
    for mode in _inks(work)[:3]:
        gap = np.sqrt(((work.lab - mode) ** 2).sum(axis=2))
        planes.insert(2, ("ink colour", -gap))
    for name, plane in planes:
        yield name, _cleaned(_split(plane, work), work)
    for name, _ in planes[:2]:
        yield f"locally {name}", _cleaned(_local(work.lab[..., 0], name, work), work)


def _axis(work: _Work) -> NDArray[np.float32]:
    """The colour direction along which the inside differs most from the ground."""
    inside = (work.delta / work.noise)[work.region]
    _, vectors = np.linalg.eigh(inside.T @ inside)
    axis = vectors[:, -1] / work.noise
    axis = axis / max(float(np.linalg.norm(axis)), 1e-6)
    mean = float((work.delta[work.region] @ axis).mean())
    return np.asarray(axis if mean >= 0 else -axis, dtype=np.float32)


def _inks(work: _Work) -> list[NDArray[np.float32]]:
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


def _split(plane: NDArray[np.float32], work: _Work) -> MaskBool:
    """Otsu's threshold within the line."""
    values = plane[work.region]
    low, high = np.percentile(values, [0.5, 99.5])
    if high - low < 1e-3:
        return np.zeros_like(work.region)
    codes = np.clip((plane - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    level, _ = cv2.threshold(codes[work.region], 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return np.asarray((codes > level) & work.near, dtype=np.bool_)


def _local(light: NDArray[np.float32], name: str, work: _Work) -> MaskBool:
    """Brighter or darker than the neighbourhood (Niblack), for grounds that vary."""
    sigma = max(3.0, 0.35 * work.thickness)
    mean = cv2.GaussianBlur(light, (0, 0), sigma)
    deviation = np.sqrt(np.maximum(cv2.GaussianBlur(light**2, (0, 0), sigma) - mean**2, 0))
    gap = light - mean if name.endswith("brighter") else mean - light
    return np.asarray((gap > np.maximum(0.3 * deviation, 1.5)) & work.near, dtype=np.bool_)


def _cleaned(mask: MaskBool, work: _Work) -> MaskBool:
    """Drop what cannot be a stroke: specks, and pieces of things that pass through the line."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    if count <= 1:
        return mask
    area = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    within = np.bincount(labels.ravel(), weights=work.region.ravel(), minlength=count)
    edge = _rim(work.near)
    touching = np.bincount(labels.ravel(), weights=edge.ravel(), minlength=count)
    keep = (area >= max(3.0, 0.0012 * work.thickness**2)) & (within >= 0.6 * area)
    keep &= touching <= 0.08 * area + 2
    keep[0] = False
    return np.asarray(keep[labels], dtype=np.bool_)


def _rim(mask: MaskBool) -> MaskBool:
    """The outermost pixels of a mask that do not lie on the picture's own edge."""
    inner = cv2.erode(
        mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE
    )
    rim: MaskBool = mask & (inner == 0)
    return rim


def _reads_alike(mask: MaskBool, work: _Work, read: Read) -> float:
    """How well the mask alone, black on white, reads like the line, 0..1."""
    share = float(mask[work.region].mean()) if work.region.any() else 0.0
    if not 0.02 <= share <= 0.75:
        return 0.0
    soft = 255 - mask.astype(np.uint8) * 255
    if work.zoom > 1:
        size = (work.native[1], work.native[0])
        soft = cv2.resize(soft, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    text, score = read(strip(np.repeat(soft[..., None], 3, axis=2), work.line))
    return likeness(text, work.line.text) * min(1.0, 0.4 + 0.6 * score / 0.9)


def _shrunk(mask: MaskBool, shape: tuple[int, ...], zoom: int) -> MaskBool:
    if zoom == 1:
        return mask
    size = (shape[1], shape[0])
    cover = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(cover > 0.34, dtype=np.bool_)
