"""The patch engine's road from coarse to fine (numpy and OpenCV; kernels do the work).

Method: multi-scale patch synthesis by alternating nearest-patch search (PatchMatch, Barnes et al.
2009, doi:10.1145/1531326.1531330) and voting (Wexler et al. 2007, doi:10.1109/TPAMI.2007.60) with
a texture feature in the match so that detail is not averaged away (Newson et al. 2014,
doi:10.1137/140954933). At the finest level pixels are copied, not averaged, so that grain
survives, and their gradients are joined to the ring (Poisson) so that no step shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines import membrane
from inpaint_studio.engines.compiled import kernels
from inpaint_studio.jobs.token import RunToken

SIDE = 7
REACH = SIDE // 2
BAND = 4096
FloatImage = NDArray[np.float32]
Points = NDArray[np.int32]


@dataclass
class Level:
    """One scale: `image` (H, W, 3) float32 working values x 255, `hole`, `usable` centres."""

    image: FloatImage
    hole: MaskBool
    usable: MaskBool
    targets: Points
    index: NDArray[np.int32]
    holes: Points
    found: Points
    cost: NDArray[np.int32]


def _bytes(level: Level) -> NDArray[np.uint8]:
    """The (H, W, 4) picture patches are compared in: luma, two colour differences, texture."""
    red, green, blue, texture = (level.image[..., c] for c in range(4))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    planes = [luma, 128 + 0.5 * (red - luma), 128 + 0.5 * (blue - luma), TW * texture]
    stacked = np.clip(np.stack(planes, axis=-1) + 0.5, 0, 255)
    return stacked.astype(np.uint8)


def _with_texture(image: FloatImage, hole: MaskBool) -> FloatImage:
    """Append the local mean of the absolute gradient, taken over known pixels only.

    It is voted like colour instead of measured anew, so a blurred fill still looks for texture.
    """
    luma = image @ np.array([0.299, 0.587, 0.114], np.float32)
    total = np.zeros_like(luma)
    count = np.zeros_like(luma)
    known = ~hole
    for axis in (0, 1):
        both = known & np.roll(known, -1, axis)
        step = np.where(both, np.abs(np.roll(luma, -1, axis) - luma), 0)
        total += step
        count += both
    mean = cv2.blur(total, (5, 5)) / np.maximum(cv2.blur(count, (5, 5)), 1e-6)
    return np.concatenate([image, mean[..., None].astype(np.float32)], axis=-1)


TW = 4.0


def _window(mask: MaskBool) -> MaskBool:
    """Centres whose whole patch lies in the picture and in `mask`."""
    inside = np.zeros_like(mask)
    inside[REACH:-REACH, REACH:-REACH] = True
    kernel = np.ones((SIDE, SIDE), np.uint8)
    eroded = cv2.erode(mask.astype(np.uint8), kernel, borderValue=1)
    return np.asarray((eroded > 0) & inside, dtype=np.bool_)


def make_level(image: FloatImage, hole: MaskBool, source: MaskBool) -> Level:
    usable = _window(source & ~hole)
    inside = np.zeros_like(hole)
    inside[REACH:-REACH, REACH:-REACH] = True
    touching = cv2.dilate(hole.astype(np.uint8), np.ones((SIDE, SIDE), np.uint8)) > 0
    targets = np.argwhere(touching & inside).astype(np.int32)
    index = np.full(hole.shape, -1, np.int32)
    index[targets[:, 0], targets[:, 1]] = np.arange(len(targets), dtype=np.int32)
    return Level(
        image=image,
        hole=hole,
        usable=usable,
        targets=targets,
        index=index,
        holes=np.argwhere(hole).astype(np.int32),
        found=np.zeros_like(targets),
        cost=np.full(len(targets), 2**31 - 1, np.int32),
    )


def first_guess(level: Level, token: RunToken) -> None:
    """Fill the coarsest level from the outside in, layer by layer."""
    compiled = kernels("engines.patch_kernels")
    depth = cv2.distanceTransform(level.hole.astype(np.uint8), cv2.DIST_L2, 5)
    known = ~level.hole
    level.image[level.hole] = membrane.smooth_guess(level.image, level.hole)[level.hole]
    target_depth = depth[level.targets[:, 0], level.targets[:, 1]]
    stride = max(1, round((level.usable.sum() * len(level.targets) / 4e6) ** 0.5))
    for layer in range(int(np.ceil(target_depth.max())) + 1):
        token.check()
        chosen = np.flatnonzero((target_depth > layer - 1) & (target_depth <= layer))
        if not chosen.size:
            continue
        found = np.zeros((len(chosen), 2), np.int32)
        flat = _bytes(level).ravel()
        compiled.onion(flat, level.usable, known, level.targets[chosen], found, stride)
        level.found[chosen] = found
        fresh = (depth > 0) & (depth <= layer + 1) & ~known
        points = np.argwhere(fresh).astype(np.int32)
        if len(points):
            done = np.where(target_depth <= layer, np.float32(1), np.float32(0))
            out = level.image[fresh].copy()
            compiled.vote(level.image, points, level.index, level.targets, level.found, done, out)
            level.image[fresh] = out
            known = known | fresh


def upsample(coarse: Level, fine: Level) -> None:
    """Carry the coarse matches over to the finer level, and vote there."""
    rows, columns = coarse.usable.shape
    cy = np.clip(fine.targets[:, 0] // 2, REACH, rows - 1 - REACH)
    cx = np.clip(fine.targets[:, 1] // 2, REACH, columns - 1 - REACH)
    j = coarse.index[cy, cx]
    # A fine target without a coarse one lies outside the coarse hole's reach: nearest one serves.
    missing = j < 0
    if missing.any():
        _, labels = cv2.distanceTransformWithLabels(
            (coarse.index < 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        of_label = np.zeros(labels.max() + 1, np.int32)
        of_label[labels[coarse.index >= 0]] = coarse.index[coarse.index >= 0]
        j = of_label[labels[cy, cx]]
    at = coarse.targets[j]
    offset = coarse.found[j] - at
    wanted = fine.targets + 2 * offset
    fine.found[:] = _nearest_usable(fine.usable, wanted)


def _nearest_usable(usable: MaskBool, wanted: Points) -> Points:
    height, width = usable.shape
    y = np.clip(wanted[:, 0], 0, height - 1)
    x = np.clip(wanted[:, 1], 0, width - 1)
    _, labels = cv2.distanceTransformWithLabels(
        (~usable).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_label = np.zeros((labels.max() + 1, 2), np.int32)
    of_label[labels[usable]] = np.argwhere(usable)
    return of_label[labels[y, x]]


def weights(cost: NDArray[np.int32]) -> NDArray[np.float32]:
    """Vote weights: exp(-cost / 2 s^2), s^2 the 75th percentile of the costs (Newson)."""
    scale = max(float(np.percentile(cost, 75)), 1.0)
    return np.exp(-cost.astype(np.float32) / np.float32(2 * scale)) + np.float32(1e-6)


def search(level: Level, salt: int, sweeps: int, token: RunToken) -> None:
    """Improve the matches of a level."""
    compiled = kernels("engines.patch_kernels")
    flat = _bytes(level).ravel()
    width = level.usable.shape[1]
    n = len(level.targets)
    compiled.measure(flat, width, level.targets, level.found, level.cost, 0, n)
    reach = int(max(level.usable.shape))
    for sweep in range(sweeps):
        before = level.found.copy()
        for start in range(0, n, BAND):
            token.check()
            compiled.sweep(
                flat, level.usable, level.targets, level.index, before, level.found, level.cost,
                start, min(n, start + BAND), sweep % 2 == 1, salt * 16 + sweep, reach,
            )  # fmt: skip


def vote(level: Level) -> None:
    """Rebuild the hole from the matches (weighted mean)."""
    compiled = kernels("engines.patch_kernels")
    out = level.image[level.holes[:, 0], level.holes[:, 1]].copy()
    compiled.vote(
        level.image, level.holes, level.index, level.targets, level.found, weights(level.cost), out
    )
    level.image[level.holes[:, 0], level.holes[:, 1]] = out


def copy_sharp(level: Level) -> Points:
    """Copy each hole pixel from the source most patches agree on; return where from."""
    compiled = kernels("engines.patch_kernels")
    chosen = np.zeros_like(level.holes)
    compiled.choose(level.holes, level.index, level.found, weights(level.cost), chosen)
    at = level.holes + chosen
    level.image[level.holes[:, 0], level.holes[:, 1]] = level.image[at[:, 0], at[:, 1]]
    return at


def join(level: Level, at: Points, token: RunToken) -> FloatImage:
    """Rebuild the hole from the gradients of the copied pixels, held by the ring (Poisson)."""
    height, width = level.hole.shape
    image = level.image
    where = np.stack(np.mgrid[:height, :width], axis=-1).astype(np.int32)
    where[level.holes[:, 0], level.holes[:, 1]] = at
    rhs = np.zeros_like(image)
    for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        y = level.holes[:, 0] + dy
        x = level.holes[:, 1] + dx
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        y, x = np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)
        here = image[at[:, 0], at[:, 1]]
        # the gradient as seen at this pixel's source, and as seen at the neighbour's
        sy, sx = np.clip(at[:, 0] + dy, 0, height - 1), np.clip(at[:, 1] + dx, 0, width - 1)
        mine = image[sy, sx] - here
        other = where[y, x]
        ty, tx = np.clip(other[:, 0] - dy, 0, height - 1), np.clip(other[:, 1] - dx, 0, width - 1)
        theirs = image[other[:, 0], other[:, 1]] - image[ty, tx]
        known = ~level.hole[y, x]
        step = np.where(known[:, None], mine, 0.5 * (mine + theirs))
        rhs[level.holes[:, 0], level.holes[:, 1]] += np.where(inside[:, None], step, 0)
    return membrane.solve(image, level.hole, token, rhs=rhs)[..., :3]


def synthesise(
    image: FloatImage, hole: MaskBool, source: MaskBool, *, seed: int, token: RunToken
) -> FloatImage | None:
    """Return `image` with the hole filled, or None when no whole patch of source exists."""
    stack = [(_with_texture(image, hole), hole, source)]
    depth = float(cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5).max())
    while depth > 3 and min(stack[-1][1].shape) >= 6 * SIDE:
        finer, finer_hole, finer_source = stack[-1]
        coarse = _shrink(finer, finer_hole, finer_source)
        if not _window(coarse[2] & ~coarse[1]).any():
            break
        stack.append(coarse)
        depth /= 2
    if not _window(source & ~hole).any():
        return None
    level: Level | None = None
    total = len(stack)
    for number, (picture, gap, allowed) in enumerate(reversed(stack)):
        fine = make_level(picture.copy(), gap, allowed)
        part = token.within(number / total, (number + 1) / total, "patches")
        if level is None:
            first_guess(fine, part)
        else:
            upsample(level, fine)
            fine.cost[:] = 1
            vote(fine)
        rounds = 6 if number < total - 1 else 3
        for turn in range(rounds):
            part.step(turn / rounds)
            search(fine, seed * 1024 + number * 32 + turn, 2, part)
            if number < total - 1 or turn < rounds - 1:
                vote(fine)
        level = fine
    assert level is not None
    at = copy_sharp(level)
    return join(level, at, token)


def _shrink(
    image: FloatImage, hole: MaskBool, source: MaskBool
) -> tuple[FloatImage, MaskBool, MaskBool]:
    """Half size: known pixels averaged among themselves; a cell is hole if any pixel was."""
    height, width = hole.shape
    pad = ((0, height % 2), (0, width % 2))
    known = np.pad(~hole, pad).astype(np.float32)
    padded = np.pad(image, (*pad, (0, 0)), mode="edge") * known[..., None]
    weight = _cells(known[..., None])
    coarse = _cells(padded) / np.maximum(weight, 1)
    gap = weight[..., 0] < 2
    allowed = _cells(np.pad(source, pad, mode="edge").astype(np.float32)[..., None])[..., 0] >= 4
    return coarse.astype(np.float32), np.asarray(gap), np.asarray(allowed & ~gap)


def _cells(plane: FloatImage) -> FloatImage:
    return plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]
