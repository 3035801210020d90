"""What the policy looks at: numbers of the mask and of its surroundings, before any fill."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import as_unit, luma
from inpaint_studio.imaging.ground import smooth_residual
from inpaint_studio.imaging.mask import stroke_width

LOOK_PX = 24
MAX_PIXELS = 1_000_000
EDGE_LEVELS = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """One hole and its surroundings. Levels are code values of 255."""

    kind: str
    intent: str
    subject: str
    has_prompt: float
    area_px: float
    area_share: float
    thickness_px: float
    smooth_residual: float
    edge_density: float
    detail: float
    noise: float
    regularity: float
    megapixels: float
    free_mb: float

    def get(self, name: str) -> float | str:
        value: float | str = asdict(self)[name]
        return value


SAID: dict[str, tuple[str, str]] = {
    "has_prompt": ("a prompt is given", ""),
    "area_px": ("the mask covers", " px"),
    "area_share": ("the mask's share of its surroundings is", " %"),
    "thickness_px": ("the mask's thickness is", " px"),
    "smooth_residual": ("a smooth slope misses the surroundings by", " levels"),
    "edge_density": ("the share of edges in the surroundings is", " %"),
    "detail": ("the surroundings' fine detail is", " levels"),
    "noise": ("the surroundings' grain is", " levels"),
    "regularity": ("the surroundings' texture repeats to", " %"),
    "megapixels": ("the crop's size is", " megapixels"),
    "free_mb": ("free memory is", " MB"),
}
"""How a person says a number, and its unit; shares are said in percent."""

NAMES = tuple(Features.__dataclass_fields__)
WORDS: tuple[str, ...] = ("kind", "intent", "subject")


def measure(
    pixels: Pixels,
    mask: MaskBool,
    *,
    kind: str = "painted",
    intent: str = "remove",
    subject: str = "",
    prompt: str = "",
    free_mb: float = float("inf"),
) -> Features:
    """Measure a crop, (H, W, 3) sRGB-encoded, and its mask. Looks only at known pixels.

    Where all is masked there are no surroundings: what is measured of them is 0.
    """
    thickness = stroke_width(mask)
    area = float(mask.sum())
    if mask.all():
        return Features(
            kind=kind, intent=intent, subject=subject, has_prompt=float(bool(prompt)),
            area_px=area, area_share=1.0, thickness_px=thickness, smooth_residual=0.0,
            edge_density=0.0, detail=0.0, noise=0.0, regularity=0.0, megapixels=area / 1e6,
            free_mb=free_mb,
        )  # fmt: skip
    reach = LOOK_PX + int(thickness / 2)
    box = Box.of_mask(mask).pad(reach).clamp(Box.of_shape(mask.shape))
    part, hole = as_unit(pixels[box.slices]) * np.float32(255), mask[box.slices]
    share = area / max(hole.size, 1)
    scale = int(np.ceil(np.sqrt(hole.size / MAX_PIXELS)))
    if scale > 1:
        # A whole-number stride keeps grain and edges as they are; averaging would smooth them.
        tile = _busiest_tile(hole)
        part, hole = part[tile.slices], hole[tile.slices]
    ground = _ground(hole, reach)
    part = _blanked(part, hole)
    grey = luma(part)
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(grey, cv2.CV_32F, 0, 1) / 8)
    clear = cv2.erode(ground.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    clear = clear if clear.any() else ground
    fine = grey - cv2.GaussianBlur(grey, (0, 0), 2.0)
    return Features(
        kind=kind,
        intent=intent,
        subject=subject,
        has_prompt=float(bool(prompt)),
        area_px=area,
        area_share=share,
        thickness_px=thickness,
        smooth_residual=smooth_residual(part, ground),
        edge_density=float((slope[clear] > EDGE_LEVELS).mean()),
        detail=float(np.sqrt((fine[clear] ** 2).mean())),
        noise=_noise(grey, clear),
        regularity=_regularity(fine, clear),
        megapixels=pixels.shape[0] * pixels.shape[1] / 1e6,
        free_mb=free_mb,
    )


def _busiest_tile(hole: MaskBool) -> Box:
    """Return the window of at most a megapixel whose hole and rim are the largest."""
    side = int(np.sqrt(MAX_PIXELS))
    rim = cv2.morphologyEx(hole.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    total = cv2.integral(rim)
    best, found = -1, Box(0, 0, min(side, hole.shape[1]), min(side, hole.shape[0]))
    for top in range(0, max(1, hole.shape[0] - side + 1), side // 2):
        for left in range(0, max(1, hole.shape[1] - side + 1), side // 2):
            box = Box(left, top, left + side, top + side).clamp(Box.of_shape(hole.shape))
            count = int(
                total[box.bottom, box.right] - total[box.top, box.right]
                - total[box.bottom, box.left] + total[box.top, box.left]
            )  # fmt: skip
            if count > best:
                best, found = count, box
    return found


def _ground(hole: MaskBool, reach: int) -> MaskBool:
    outside = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 3)
    ground: MaskBool = (outside > 2) & (outside <= reach)
    return ground if ground.any() else ~hole


def _blanked(part: NDArray[np.float32], hole: MaskBool) -> NDArray[np.float32]:
    """Return the crop with the hole closed from its rim: no feature may see what it hides."""
    known = (~hole).astype(np.float32)
    out = part * known[..., None]
    out[hole] = out[~hole].mean(axis=0) if (~hole).any() else 0
    for sigma in (16.0, 4.0):
        weight = cv2.GaussianBlur(known, (0, 0), sigma)
        near = cv2.GaussianBlur(part * known[..., None], (0, 0), sigma)
        use = hole & (weight > 0.02)
        out[use] = near[use] / weight[use][:, None]
    return out


def _noise(grey: NDArray[np.float32], where: MaskBool) -> float:
    """Return the grain's σ in levels (Immerkaer 1996, doi:10.1006/cviu.1996.0060), by median."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
    high = cv2.filter2D(grey, cv2.CV_32F, kernel)
    return float(np.median(np.abs(high[where])) / 0.6745 / 6.0)


def _regularity(fine: NDArray[np.float32], where: MaskBool) -> float:
    """Return the highest normalised autocorrelation of the ground's detail at lags 4..24 px."""
    field = np.where(where, fine, 0).astype(np.float32)
    size = [int(2 ** np.ceil(np.log2(n + 26))) for n in field.shape]
    power = np.abs(np.fft.rfft2(field, size)) ** 2
    counts = np.abs(np.fft.rfft2(where.astype(np.float32), size)) ** 2
    cover = np.maximum(np.fft.irfft2(counts, size), 1.0)
    product = np.fft.irfft2(power, size) / cover
    if product[0, 0] <= 1e-6:
        return 0.0
    lags = np.r_[0:25, -24:0]
    window = product[np.ix_(lags, lags)] / product[0, 0]
    enough = cover[np.ix_(lags, lags)] > 0.2 * where.sum()
    radius = np.hypot(lags[:, None], lags[None, :])
    usable = (radius >= 4) & (radius <= 24) & enough
    return float(window[usable].max()) if usable.any() else 0.0
