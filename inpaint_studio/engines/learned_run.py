"""One learned fill: crop, run the network, match the colours, stitch; big holes in two scales."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines import learned_net as store
from inpaint_studio.engines.base import Fill, FillRequest
from inpaint_studio.engines.generative_frame import (
    Frame,
    cut,
    cut_mask,
    frame_for,
    put_back,
    tiles,
)
from inpaint_studio.engines.learned_net import Net, answer_of
from inpaint_studio.engines.learned_probe import probed
from inpaint_studio.engines.membrane import smooth_guess
from inpaint_studio.engines.modelled import check_identity
from inpaint_studio.errors import EngineFailed
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import decode, encode
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.weights.entries import Contract, ModelEntry

Floats: TypeAlias = NDArray[np.float32]
SMALLEST_SIDE = 256


@dataclass(slots=True)
class Run:
    """What stays the same over the passes of one fill, and what it notes on its way."""

    net: Net
    contract: Contract
    side_px: int
    matches: bool
    changes: list[str] = field(default_factory=list)


def run(request: FillRequest, entry: ModelEntry, token: RunToken) -> Fill:
    """Fill the hole of a request with a feed-forward network.

    Raises: Cancelled. Missing: the model is another one than the recipe's. BadModel: it is no
        fill network. EngineFailed.
    """
    token.step(0.0, "preparing")
    sha256 = check_identity(request.recipe, entry, token)
    contract = entry.contract or probed(entry, token.within(0.0, 0.1, "trying the model")).contract
    if contract is None:
        raise EngineFailed(f"How {entry.name} wants its pixels is not known.")
    values = request.recipe.parameters
    threads = int(values.get("threads", 0)) or os.cpu_count() or 1
    side = contract.fixed_px or int(values.get("size", 1024))
    job = Run(
        store.warm(entry.path, sha256, threads), contract, side, bool(values.get("match", True))
    )
    target = request.mask | request.ring
    guess = smooth_guess(request.linear, target)
    canvas = np.where(target[..., None], encode(guess), encode(request.linear)).astype(np.float32)
    filled = _paint(job, canvas, target, token.within(0.1, 0.5, "filling"))
    if _is_reduced(job, target):
        if bool(values.get("refine", True)):
            filled = _sharpen(job, canvas, filled, target, token.within(0.5, 1.0, "refining"))
        else:
            job.changes.append("The hole is bigger than the network; the fill was enlarged.")
    linear = np.where(target[..., None], decode(filled), request.linear).astype(np.float32)
    return Fill(
        linear=linear,
        changes=tuple(job.changes),
        ran_with={"device": "cpu", "threads": str(threads), "side_px": str(job.side_px)},
    )


def _is_reduced(job: Run, target: MaskBool) -> bool:
    frame = _frame(job, target)
    return frame.scale < 1.0


def _frame(job: Run, target: MaskBool) -> Frame:
    fixed = job.contract.fixed_px
    return frame_for(
        target,
        native_px=min(fixed or 512, job.side_px),
        largest_px=job.side_px,
        multiple=fixed or job.contract.multiple,
        # A network of one size only gets a small photo enlarged; others take it as it is.
        smallest_px=0 if fixed else 1,
    )


def _paint(job: Run, canvas: Floats, target: MaskBool, token: RunToken) -> Floats:
    """Return the canvas with the target painted; a smaller crop is tried when memory runs out."""
    while True:
        token.step(0.0)
        try:
            return _pass(job, canvas, target, token)
        except MemoryError:
            if job.contract.fixed_px or job.side_px <= SMALLEST_SIDE:
                raise
        side = max(SMALLEST_SIDE, job.side_px * 3 // 4 // 64 * 64)
        job.changes.append(f"Memory ran out: the crop became smaller ({job.side_px} -> {side} px).")
        job.side_px = side


def _pass(job: Run, canvas: Floats, target: MaskBool, token: RunToken) -> Floats:
    frame = _frame(job, target)
    hole = cut_mask(frame, target, cell_px=1)
    answer = answer_of(job.net, job.contract, cut(frame, canvas), hole)
    token.step(0.8)
    if not np.isfinite(answer).all():
        raise EngineFailed("The network answered with numbers that are not finite; verify it.")
    return put_back(frame, canvas, target, answer, hole, matches=job.matches, token=token)


def _sharpen(job: Run, canvas: Floats, coarse: Floats, target: MaskBool, token: RunToken) -> Floats:
    """Return the coarse fill with fine detail from passes at full size, tile by tile.

    A feed-forward network cannot start from what is there, so the low band stays the coarse
    fill's (it saw the whole hole) and only the high band is taken from the tiles.
    """
    scale = _frame(job, target).scale
    side = job.contract.fixed_px or min(job.side_px, 512)
    sigma = max(1.0, 0.7 / scale)
    boxes = tiles(target, side_px=side, overlap_px=side // 4)
    result = coarse.copy()
    todo = target.copy()
    for index, box in enumerate(boxes):
        token.step(index / len(boxes))
        here = todo[box.slices]
        if not here.any() or here.all():
            continue
        tile = Run(job.net, job.contract, max(job.side_px, side), job.matches)
        part = result[box.slices]
        painted = _pass(tile, part, here, token)
        low = cv2.GaussianBlur(part, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        high = painted - cv2.GaussianBlur(painted, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        mixed = np.clip(low + high, 0.0, 1.0)
        result[box.slices] = np.where(here[..., None], mixed, part)
        inner = box.pad(-side // 16).clamp(Box.of_shape(target.shape))
        todo[inner.slices] = False
    job.changes.append(
        f"The hole is bigger than the network; it was filled at {scale:.0%} of its size and "
        f"sharpened in {len(boxes)} tiles."
    )
    return result
