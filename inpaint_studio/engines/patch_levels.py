"""One scale of the patch engine: its picture, hole, targets and matches."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.patch_asks import Ground, Guide, Parts, no_ground, no_guide, no_parts

SIDE = 7
REACH = SIDE // 2
FloatImage = NDArray[np.float32]
Points = NDArray[np.int32]
LUMA = np.array([0.299, 0.587, 0.114], np.float32)

SLACK = 64
_TEXTURE_GAIN = 4.0
CHROMA = 0.5
"""How much colour differences count beside brightness, unless a level says otherwise."""
_NEAR_PX = 16
FAR_COST = 150.0
"""What a source costs for every pixel that it lies further away than `_NEAR_PX`.

A thousand keeps to the ground beside the hole and loses regular ground (brick: its lines end), as
the piece that goes on there lies some repeats away; over ordinary photos both are alike.
"""
LEAST_KNOWN = 14
"""Pixels of its patch that a source known in part must know."""
LACK_COST = 20.0
"""What it costs for each that it does not: as much as 4 levels of brightness."""
_DECAY_MOST_PX = 40
_INNER_PX = 6
"""Nearer to the rim a match is judged by its fit alone."""
UNMEASURED = 2**31 - 1
"""What a match costs before its first search."""
_MOST_TIMES = 3
"""Used more often, a source is not dearer."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A picture that is more than its crop (`patch_turned`), at one scale.

    shape: the crop, at the picture's top left. away: (H, W) float32, how many px of the photo
    each pixel really lies away from the hole.
    """

    shape: tuple[int, int]
    away: FloatImage


@dataclass
class Level:
    """image: (H, W, 4) float32, working values x 255 and the local texture; hole: (H, W) bool.

    flat: what patches are compared in, (H * W * 4 + slack) uint8. far: (H, W) int32, what a
    source centre costs for its distance from the hole, -1 where it must not be used. targets:
    (n, 2) centres of all patches that touch the hole; index: their place by pixel, -1 where
    none; found: their matched centres; cost: their distances; trust: their say in the vote.
    guide: what lines across the hole ask; ground: what colour the ground has; parts: which sources
    are known in part. chroma: how much colour differences count. apart: what a
    match of a target deep in the hole (`inner`) costs for each of the four targets beside it that
    is copied from elsewhere, as a share of the mean cost. margin: how many px around the picture
    are its border, repeated. often: what a source costs for each time too many that it is copied,
    as a share of the mean cost; spent: (H, W) int32, `far` with that (`spend`).
    """

    image: FloatImage
    hole: MaskBool
    flat: NDArray[np.uint8]
    far: NDArray[np.int32]
    targets: Points
    index: NDArray[np.int32]
    holes: Points
    found: Points
    cost: NDArray[np.int32]
    trust: NDArray[np.float32]
    inner: MaskBool
    guide: Guide = field(default_factory=no_guide)
    ground: Ground = field(default_factory=no_ground)
    parts: Parts = field(default_factory=no_parts)
    chroma: float = CHROMA
    apart: float = 0.0
    margin: int = 0
    often: float = 0.0
    spent: NDArray[np.int32] = field(init=False)

    def __post_init__(self) -> None:
        self.spent = self.far

    @property
    def whole(self) -> MaskBool:
        """Where the sources are that are known altogether, (H, W)."""
        usable = self.far >= 0
        return usable & (self.parts.count == SIDE * SIDE) if self.parts.count.size else usable

    def spend(self) -> None:
        """Make sources dearer that are copied again and again, as the matches are now.

        Copied as one piece, every source is used once; smooth coarse scales have one row of waves
        fill a lake. As in Kaspar et al. 2015 (doi:10.1111/cgf.12565).
        """
        if not self.often or not len(self.cost) or int(self.cost.min()) == UNMEASURED:
            return
        height, width = self.hole.shape
        place = self.found[:, 0].astype(np.int64) * width + self.found[:, 1]
        times = np.bincount(place, minlength=height * width).reshape(height, width)
        used = cv2.blur(times.astype(np.float32), (SIDE, SIDE), borderType=cv2.BORDER_CONSTANT)
        dear = np.float32(self.often * float(self.cost.mean(dtype=np.float64)))
        extra = dear * np.clip(used - 1, 0, _MOST_TIMES)
        self.spent = np.where(self.far >= 0, self.far + extra.astype(np.int32), -1).astype(np.int32)

    def at(self, points: Points) -> FloatImage:
        """Return the picture's values (n, 4) at `points`."""
        there: FloatImage = self.image[points[:, 0], points[:, 1]]
        return there

    def put(self, points: Points, values: FloatImage) -> None:
        """Write new values (n, 4) at `points`, in the picture and in what is compared."""
        rows, columns = points[:, 0], points[:, 1]
        self.image[rows, columns] = values
        size = self.hole.size * 4
        self.flat[:size].reshape(*self.hole.shape, 4)[rows, columns] = to_bytes(values, self.chroma)


def to_bytes(values: FloatImage, chroma: float = CHROMA) -> NDArray[np.uint8]:
    """Return luma, two colour differences (times `chroma`) and texture, (..., 4) uint8."""
    gain = np.float32(chroma)
    luma = values[..., :3] @ LUMA
    compared = np.empty(values.shape, np.float32)
    compared[..., 0] = luma
    compared[..., 1] = 128 + gain * (values[..., 0] - luma)
    compared[..., 2] = 128 + gain * (values[..., 2] - luma)
    compared[..., 3] = _TEXTURE_GAIN * values[..., 3]
    compared += 0.5
    np.clip(compared, 0, 255, out=compared)
    return compared.astype(np.uint8)


def with_texture(image: FloatImage, hole: MaskBool) -> FloatImage:
    """Append the local mean of the absolute gradient, taken over known pixels only.

    It is voted like a colour instead of measured anew at each scale (Newson et al.), so a fill
    that is still blurred looks for textured patches all the same.
    """
    luma = image @ LUMA
    known = (~hole).astype(np.float32)
    total = np.zeros_like(luma)
    count = np.zeros_like(luma)
    for here, there in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1], np.s_[1:]),
    ):
        both = known[here] * known[there]
        total[here] += np.abs(luma[there] - luma[here]) * both
        count[here] += both
    mean = cv2.blur(total, (5, 5)) / np.maximum(cv2.blur(count, (5, 5)), np.float32(1e-6))
    return np.concatenate([image, mean[..., None]], axis=-1)


def whole_patches(mask: MaskBool) -> MaskBool:
    """Return the centres whose whole patch lies in the picture and in `mask`."""
    eroded = cv2.erode(mask.astype(np.uint8), np.ones((SIDE, SIDE), np.uint8), borderValue=1)
    return np.asarray((eroded > 0) & _inside(mask), dtype=np.bool_)


def _inside(mask: MaskBool, shape: tuple[int, ...] | None = None, margin: int = 0) -> MaskBool:
    """Return the centres whose patch lies in the picture, or in the part of this shape of it."""
    height, width = mask.shape if shape is None else shape
    edge = margin + REACH
    inside = np.zeros_like(mask)
    inside[edge : height - edge, edge : width - edge] = True
    return inside


def make_level(
    image: FloatImage,
    hole: MaskBool,
    source: MaskBool,
    *,
    scale: int,
    far_cost: float = FAR_COST,
    beside: Beside | None = None,
    decay: float = 2.4,
    chroma: float = CHROMA,
    apart: float = 0.0,
    margin: int = 0,
    margin_cost: float = 0.0,
    often: float = 0.0,
    partly: bool = False,
) -> Level:
    """Return the level of a picture shrunk by `scale`; `source` must hold one whole patch.

    beside: what the picture holds beside the crop. decay: how many times less a patch is trusted
    for every pixel that it lies deeper. chroma, apart, margin, often: see `Level`; the
    margin is there already (`bordered`). margin_cost: what a source costs for
    every pixel of it in the margin. partly: whether sources may be known in part, at a small price
    for what they lack (`LACK_COST`).
    """
    known = source & ~hole
    usable = whole_patches(known)
    if beside is None:
        away = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 5) * scale
    else:
        away = beside.away
    far = np.maximum(away - _NEAR_PX, 0) * far_cost
    parts = no_parts()
    if partly:
        parts = _parts(known)
        usable = known & whole_patches(source | hole) & (parts.count >= LEAST_KNOWN)
        far += LACK_COST * (SIDE * SIDE - parts.count.astype(np.float32))
    if margin:
        far += margin_cost * _made_up(hole.shape, margin)
    touching = cv2.dilate(hole.astype(np.uint8), np.ones((SIDE, SIDE), np.uint8)) > 0
    targets = np.argwhere(
        touching & _inside(hole, None if beside is None else beside.shape, margin)
    ).astype(np.int32)
    index = np.full(hole.shape, -1, np.int32)
    index[targets[:, 0], targets[:, 1]] = np.arange(len(targets), dtype=np.int32)
    depth = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5)
    deep = np.minimum(depth[targets[:, 0], targets[:, 1]], _DECAY_MOST_PX)
    flat = np.zeros(hole.size * 4 + SLACK, np.uint8)
    flat[: hole.size * 4] = to_bytes(image, chroma).ravel()
    return Level(
        image=image,
        hole=hole,
        flat=flat,
        far=np.where(usable, far, -1).astype(np.int32),
        targets=targets,
        index=index,
        holes=np.argwhere(hole).astype(np.int32),
        found=np.zeros_like(targets),
        cost=np.full(len(targets), UNMEASURED, np.int32),
        trust=np.power(np.float32(decay), -deep).astype(np.float32),
        inner=deep > _INNER_PX,
        chroma=chroma,
        apart=apart,
        margin=margin,
        often=often,
        parts=parts,
    )


def _parts(known: MaskBool) -> Parts:
    """Return how much is known of the patch at every place, and where."""
    flat = np.zeros(known.size * 4 + SLACK, np.uint8)
    flat[: known.size * 4].reshape(*known.shape, 4)[known] = 255
    count = cv2.boxFilter(
        known.astype(np.uint8), -1, (SIDE, SIDE), normalize=False, borderType=cv2.BORDER_CONSTANT
    )
    return Parts(flat, np.asarray(count, np.uint8))


def _made_up(shape: tuple[int, ...], margin: int) -> FloatImage:
    """Return how many pixels of the patch at every place lie in the margin."""
    real = np.zeros(shape, np.float32)
    real[margin:-margin, margin:-margin] = 1
    there: FloatImage = cv2.boxFilter(real, -1, (SIDE, SIDE), normalize=False)
    return np.float32(SIDE * SIDE) - there
