"""Composites what the canvas shows, box by box, at device resolution. numpy and cv2 only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import Plane
from inpaint_studio.geometry import Box
from inpaint_studio.ui.canvas.maskplane import MaskPlane
from inpaint_studio.ui.canvas.picture import Picture, Screen, level_size

Side: TypeAlias = Literal["after", "before", "onion", "difference", "mask"]
GRID_FROM = 5.0
DIFFERENCE_GAIN = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A tint over `box` of the photo. `plane` is float32 0..1, one value for every `scale` photo
    pixels: where a gate found fault, or what the wand would take."""

    box: Box
    plane: Plane
    color: tuple[int, int, int] = (238, 90, 84)
    scale: int = 1


@dataclass(slots=True)
class Scene:
    """All that decides what a device pixel looks like."""

    after: Picture | None = None
    before: Picture | None = None
    mask: MaskPlane | None = None
    source: MaskPlane | None = None
    hint: MaskPlane | None = None
    evidence: tuple[Evidence, ...] = ()
    preview: Evidence | None = None
    edit_mask: Evidence | None = None
    """What the edit in hand has filled: shown as the mask while none is painted."""
    mask_color: tuple[int, int, int] = (238, 80, 90)
    mask_opacity: float = 0.38
    show_mask: bool = True
    show_ants: bool = True
    show_evidence: bool = True
    onion: float = 0.5
    grid: bool = True
    line_px: int = 1


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which level to read for a zoom, and the zoom left over from it (0.5..1, or >= 1)."""

    level: int
    scale: float

    @staticmethod
    def of(zoom: float, levels: int) -> Sampling:
        level = 0
        while zoom * 2 ** (level + 1) <= 1.0 + 1e-9 and level + 1 < levels:
            level += 1
        return Sampling(level, zoom * 2**level)

    def source_box(self, device: Box, size: tuple[int, int]) -> Box:
        """The level's pixels needed for `device`, with a margin for interpolation."""
        bounds = Box(0, 0, *level_size(size, self.level))
        return Box(
            math.floor(device.left / self.scale) - 1,
            math.floor(device.top / self.scale) - 1,
            math.ceil(device.right / self.scale) + 1,
            math.ceil(device.bottom / self.scale) + 1,
        ).clamp(bounds)

    def warp(
        self, crop: NDArray[np.uint8], at: Box, device: Box, *, exact: bool = False
    ) -> NDArray[np.uint8]:
        """Resample `crop` (the level's pixels at `at`) to the device pixels of `device`.

        Past 100 % and for masks (`exact`) every device pixel is one photo pixel, unsmoothed.
        """
        if crop.size == 0:
            return np.zeros((*device.shape, *crop.shape[2:]), np.uint8)
        if self.scale == 1.0 and at.contains(device):
            return crop[device.relative_to(at).slices]
        step = 1.0 / self.scale
        matrix = np.array(
            [
                [step, 0.0, (device.left + 0.5) * step - 0.5 - at.left],
                [0.0, step, (device.top + 0.5) * step - 0.5 - at.top],
            ]
        )
        smooth = self.scale < 1.0 and not exact
        flags = (cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST) | cv2.WARP_INVERSE_MAP
        size = (device.width, device.height)
        out = cv2.warpAffine(crop, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(out, np.uint8)


@dataclass(frozen=True, slots=True)
class Rendered:
    """pixels: (h, w, 3) RGB; edge: (h, w) 0/1 where the mask's outline runs, or None."""

    pixels: Screen
    edge: NDArray[np.uint8] | None


def render(scene: Scene, side: Side, zoom: float, device: Box) -> Rendered:
    """Return the device pixels of `device` (relative to the photo's corner)."""
    picture = scene.after or scene.before
    assert picture is not None
    sampling = Sampling.of(zoom, picture.levels)
    pixels = _base(scene, side, sampling, device)
    mask = _mask(scene.mask, sampling, device)
    edge = None
    if side == "mask":
        pixels = _mask_view(pixels, mask)
        if scene.edit_mask is not None and mask is None:
            pixels = _evidence(pixels, scene.edit_mask, zoom, device, opacity=1.0)
    elif side != "difference":
        shown = scene.evidence if scene.show_evidence and side != "before" else ()
        for item in (*shown, scene.preview):
            if item is not None:
                pixels = _evidence(pixels, item, zoom, device)
        pixels, edge = _overlays(pixels, scene, sampling, device, mask)
    if scene.grid and sampling.level == 0 and sampling.scale > GRID_FROM:
        pixels = _grid(pixels, sampling.scale, device)
    return Rendered(pixels, edge)


def _sample(picture: Picture, sampling: Sampling, device: Box) -> Screen:
    at = sampling.source_box(device, picture.size)
    return sampling.warp(picture.read(sampling.level, at), at, device)


def _base(scene: Scene, side: Side, sampling: Sampling, device: Box) -> Screen:
    after = scene.after or scene.before
    assert after is not None
    before = scene.before or after
    if side == "before":
        return _sample(before, sampling, device)
    if side in ("after", "mask"):
        return _sample(after, sampling, device)
    one, two = _sample(before, sampling, device), _sample(after, sampling, device)
    if side == "onion":
        return np.asarray(cv2.addWeighted(one, 1 - scene.onion, two, scene.onion, 0), np.uint8)
    distance = cv2.absdiff(one, two).max(axis=2)
    heat = cv2.applyColorMap(
        cv2.convertScaleAbs(distance, alpha=DIFFERENCE_GAIN), cv2.COLORMAP_INFERNO
    )
    heat = cv2.cvtColor(heat, cv2.COLOR_BGR2RGB)
    grey = cv2.cvtColor(cv2.cvtColor(two, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(grey, 0.22, heat, 1.0, 0), np.uint8)


def _mask(plane: MaskPlane | None, sampling: Sampling, device: Box) -> NDArray[np.uint8] | None:
    """The plane's device pixels with one pixel more on every side, or None when all are 0."""
    if plane is None or plane.bounds.is_empty:
        return None
    padded = device.pad(1)
    at = sampling.source_box(padded, plane.size)
    factor = 2**sampling.level
    whole = Box(at.left * factor, at.top * factor, at.right * factor, at.bottom * factor)
    if at.is_empty or not whole.overlaps(plane.bounds):
        return None
    crop = plane.read(sampling.level, at)
    if not crop.any():
        return None
    out = sampling.warp(crop, at, padded, exact=True)
    return np.ascontiguousarray(out)


def _tint(
    pixels: Screen, inside: NDArray[np.uint8], color: tuple[int, int, int], opacity: float
) -> Screen:
    flat = np.empty_like(pixels)
    flat[:] = color
    tinted = cv2.addWeighted(np.ascontiguousarray(pixels), 1 - opacity, flat, opacity, 0)
    out = np.ascontiguousarray(pixels).copy()
    cv2.copyTo(tinted, np.ascontiguousarray(inside), out)
    return out


def _overlays(
    pixels: Screen, scene: Scene, sampling: Sampling, device: Box, mask: NDArray[np.uint8] | None
) -> tuple[Screen, NDArray[np.uint8] | None]:
    source = _mask(scene.source, sampling, device)
    if source is not None:
        pixels = _tint(pixels, source[1:-1, 1:-1], (80, 190, 130), 0.3)
    hint = _mask(scene.hint, sampling, device)
    if hint is not None:
        pixels = _tint(pixels, hint[1:-1, 1:-1], (90, 150, 250), 0.4)
    if mask is None:
        return pixels, None
    if scene.show_mask:
        pixels = _tint(pixels, mask[1:-1, 1:-1], scene.mask_color, scene.mask_opacity)
    if not scene.show_ants:
        return pixels, None
    size = 2 * scene.line_px + 1
    cross = cv2.getStructuringElement(cv2.MORPH_RECT, (size, size))
    # Outside of the photo counts as not masked, so the outline closes at its border.
    inner = cv2.erode(mask, cross, borderType=cv2.BORDER_CONSTANT, borderValue=1)
    edge = (mask & (1 - inner))[1:-1, 1:-1]
    return pixels, np.ascontiguousarray(edge) if edge.any() else None


def _mask_view(pixels: Screen, mask: NDArray[np.uint8] | None) -> Screen:
    grey = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
    out = cv2.cvtColor(cv2.convertScaleAbs(grey, alpha=0.25), cv2.COLOR_GRAY2RGB)
    if mask is not None:
        out[mask[1:-1, 1:-1] != 0] = (255, 255, 255)
    return np.asarray(out, np.uint8)


def _evidence(
    pixels: Screen, item: Evidence, zoom: float, device: Box, *, opacity: float = 0.7
) -> Screen:
    step = 1.0 / (zoom * item.scale)
    left, top = math.floor(item.box.left * zoom), math.floor(item.box.top * zoom)
    right, bottom = math.ceil(item.box.right * zoom), math.ceil(item.box.bottom * zoom)
    part = Box(left, top, right, bottom).clamp(device)
    if part.is_empty:
        return pixels
    matrix = np.array(
        [
            [step, 0.0, (part.left + 0.5) * step - 0.5 - item.box.left / item.scale],
            [0.0, step, (part.top + 0.5) * step - 0.5 - item.box.top / item.scale],
        ]
    )
    weight = cv2.warpAffine(
        item.plane, matrix, (part.width, part.height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )[..., None]  # fmt: skip
    out = np.ascontiguousarray(pixels).copy()
    slot = part.relative_to(device).slices
    alpha = np.clip(weight, 0.0, 1.0) * opacity
    mixed = out[slot] * (1 - alpha) + np.array(item.color, np.float32) * alpha
    out[slot] = mixed.astype(np.uint8)
    return out


def _grid(pixels: Screen, scale: float, device: Box) -> Screen:
    out = np.ascontiguousarray(pixels).copy()
    columns = _lines(scale, device.left, device.right)
    rows = _lines(scale, device.top, device.bottom)
    out[:, columns] = (out[:, columns].astype(np.uint16) * 3 // 4 + 30).astype(np.uint8)
    out[rows, :] = (out[rows, :].astype(np.uint16) * 3 // 4 + 30).astype(np.uint8)
    return out


def _lines(scale: float, start: int, stop: int) -> NDArray[np.intp]:
    """Device positions in start..stop where a new photo pixel begins."""
    numbers = np.arange(math.ceil(start / scale), math.floor((stop - 1) / scale) + 1)
    places = np.ceil(numbers * scale - 0.5 + 1e-9).astype(np.intp) - start
    inside: NDArray[np.intp] = places[(places >= 0) & (places < stop - start)]
    return inside
