"""The pictures a layout is made of (`patch_scene`): known pixels and texture at every half size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.patch_levels import LUMA, SLACK, FloatImage
from inpaint_studio.jobs.token import RunToken

_SMALLEST_PX = 3
_SOFT = np.array([1, 5, 10, 10, 5, 1], np.float32) / 32
_STEP_GAIN = 1.73 / 2
_TEXTURE_GAIN = 6.0
_TEXTURE_PX = 5
_EXCLUDED = 0.25
FAR_COST = 2.0
"""What a source costs for every px of the photo that it lies further away than `_NEAR_PX`."""
_NEAR_PX = 16.0

Sources = tuple[MaskBool, MaskBool, NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Scale:
    """picture: (H, W, 3) float32, 0 to 255; known: what it shows; usable: what may be copied;
    excluded: how much of it may not; texture: (H, W) float32, what is there or is expected."""

    picture: FloatImage
    known: MaskBool
    excluded: FloatImage
    texture: FloatImage

    @property
    def usable(self) -> MaskBool:
        return np.asarray(self.known & (self.excluded < _EXCLUDED))


def pyramid(
    image: FloatImage, known: MaskBool, excluded: FloatImage, token: RunToken
) -> list[Scale]:
    """Return the picture at every half size, down to a few px."""
    texture = _expected(_texture(image, known, token))
    token.check()
    scales = [Scale(image, known, excluded, texture)]
    while min(known.shape) > _SMALLEST_PX:
        token.check()
        weight = _soft_half(known.astype(np.float32))
        some = np.maximum(weight, np.float32(1e-6))
        image = np.divide(_soft_half(image * known[..., None]), some[..., None])
        excluded = np.divide(_soft_half(excluded * known), some)
        known = weight > 0
        texture = _halved(texture)[: known.shape[0], : known.shape[1]]
        scales.append(Scale(image, known, excluded, texture))
    return scales


def _soft_half(plane: FloatImage) -> FloatImage:
    """Return a plane at half its size, floored, softly averaged; zeros lie around it."""
    rows, columns = plane.shape[0] // 2 * 2, plane.shape[1] // 2 * 2
    soft = cv2.sepFilter2D(
        plane[:rows, :columns], -1, _SOFT, _SOFT, anchor=(2, 2), borderType=cv2.BORDER_CONSTANT
    )
    return np.ascontiguousarray(soft[::2, ::2])


def _texture(image: FloatImage, known: MaskBool, token: RunToken) -> FloatImage:
    """Return the mean step from pixel to pixel around every known one, -1 where there is none."""
    steps = np.zeros(known.shape, np.float32)
    for channel in range(3):
        token.check()
        padded = cv2.copyMakeBorder(image[..., channel], 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        steps += np.abs(padded[1:-1, 2:] - padded[1:-1, :-2]) + np.abs(
            padded[2:, 1:-1] - padded[:-2, 1:-1]
        )
    token.check()
    whole = cv2.erode(known.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
    counted = whole.astype(np.float32)
    around = (_TEXTURE_PX, _TEXTURE_PX)
    mean = cv2.blur(steps / 2 * counted, around)
    share = cv2.blur(counted, around)
    there = known & (share > 1e-3)
    return np.where(there, mean / np.maximum(share, np.float32(1e-3)), -1).astype(np.float32)


def _expected(texture: FloatImage) -> FloatImage:
    """Carry what is around unknown places (below 0) smoothly into them (pull and push)."""
    lost = texture < 0
    if not lost.any():
        return texture
    if texture.size == 1:
        return np.zeros_like(texture)
    coarse = _expected(_halved(texture))
    size = (coarse.shape[1] * 2, coarse.shape[0] * 2)
    smooth = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)
    return np.where(lost, smooth[: texture.shape[0], : texture.shape[1]], texture)


def _halved(texture: FloatImage) -> FloatImage:
    """Return the mean of the known ones of every four, -1 where there is none."""
    height, width = texture.shape
    padded = np.pad(texture, ((0, height % 2), (0, width % 2)), constant_values=-1)
    there = (padded >= 0).astype(np.float32)
    value = np.maximum(padded, 0)

    def four(plane: FloatImage) -> FloatImage:
        return plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]

    count = four(there)
    mean = four(value) / np.maximum(count, np.float32(1))
    return np.where(count > 0, mean, np.float32(-1))


def twice(plane: FloatImage, shape: tuple[int, ...]) -> FloatImage:
    """Return a picture twice as large, every pixel four times, cut or continued to `shape`."""
    rows = np.minimum(np.arange(shape[0]) // 2, plane.shape[0] - 1)
    columns = np.minimum(np.arange(shape[1]) // 2, plane.shape[1] - 1)
    larger: FloatImage = plane[rows[:, None], columns[None, :]]
    return larger


def compared(picture: FloatImage, texture: FloatImage) -> NDArray[np.uint8]:
    """Return what is compared, 8 bytes a pixel and some to spare.

    Colour, the steps of its brightness along x and y, as weighty as those of three colours would
    be, and texture, by its ratio.
    """
    padded = cv2.copyMakeBorder(picture @ LUMA, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    planes = np.zeros((*picture.shape[:2], 8), np.float32)
    planes[..., :3] = picture
    planes[..., 3] = (padded[1:-1, 2:] - padded[1:-1, :-2]) * _STEP_GAIN + 128
    planes[..., 4] = (padded[2:, 1:-1] - padded[:-2, 1:-1]) * _STEP_GAIN + 128
    planes[..., 5] = np.log2(1 + texture) * _TEXTURE_GAIN
    flat = np.zeros(planes.size + SLACK, np.uint8)
    flat[: planes.size] = np.clip(planes + np.float32(0.5), 0, 255).ravel()
    return flat


def sources(scale: Scale, number: int, reach: int) -> Sources:
    """Return what may be copied, the centres of whole patches of it, and what each place costs."""
    usable = scale.usable
    side = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    # Beyond the border counts as unusable: such patches are not whole.
    inside = cv2.copyMakeBorder(
        usable.astype(np.uint8), reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0
    )
    whole = cv2.erode(inside, side)[reach:-reach, reach:-reach] > 0
    away = cv2.distanceTransform(scale.known.astype(np.uint8), cv2.DIST_L2, 5) * 2.0**number
    far = (np.maximum(away - _NEAR_PX, 0) * (64 * FAR_COST)).astype(np.int64)
    return usable, np.ascontiguousarray(whole), far
