"""Propose blemishes: dust, sensor spots, scratches, hairs and wires.

`spots` and `thin` find candidates and measure them against the ground they lie on; `belief` says
how likely each is a blemish. Only the likely ones are proposed, at most a few on a photo without
any: a person who must drop ten pins to keep one would rather look himself.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.base import Proposal, proposal
from inpaint_studio.proposals.belief import belief, confidence
from inpaint_studio.proposals.ground import Planes, to_lab
from inpaint_studio.proposals.spots import Spot, spots
from inpaint_studio.proposals.thin import Thin, thin_lines
from inpaint_studio.vision.readers import Readers, as_rgb8

LEAST_SPOT, LEAST_LINE = 2.0, 1.6
"""Log odds from which a spot, a line is proposed."""
LARGEST_FLECK = 0.022
"""Width, as a part of the photo's longer side, from which what hides the ground is a thing (a
moon, a bird) and no fleck; only a shadow on the sensor is larger."""
RIVAL = -0.5
"""Log odds from which a candidate counts as one more of its kind."""
NEAR, CROWD = 0.12, 0.9
"""How far around (of the photo's longer side) they count, and how much."""
MOST_SPOTS = 60
MOST_LINES = 12
LINE_LOOK_PX = 1600
MOST_AREA = 0.05
DISC_PX = 8.0
"""Width from which a dark disc that lets the ground through is called a sensor spot."""


def propose_blemishes(pixels: Pixels, readers: Readers, token: RunToken) -> list[Proposal]:
    """Return spots and thin lines, surest first; suggestions all, never automatic."""
    del readers
    lab = to_lab(as_rgb8(pixels))
    token.step(0.05, "looking for spots")
    lines = _lines(lab, token.within(0.05, 0.55))
    found = _spots(lab, token.within(0.55, 1.0))
    taken = np.zeros(lab.shape[:2], dtype=np.bool_)
    for item in lines:
        taken[item.record.box.slices] |= item.mask
    # A speck on a line is the line's.
    found = [s for s in found if taken[s.record.box.slices][s.mask].mean() < 0.3]
    token.step(1.0, "looking for scratches")
    return sorted([*lines, *found], key=lambda item: (-item.record.confidence, item.record.box))


def _spots(lab: Planes, token: RunToken) -> list[Proposal]:
    candidates = spots(lab, token)
    odds = belief("spot")([spot.features for spot in candidates])
    odds -= _company(candidates, odds, NEAR * max(lab.shape))
    taken = np.zeros(lab.shape[:2], dtype=np.bool_)
    found: list[Proposal] = []
    for k in np.argsort(-odds, kind="stable"):
        if odds[k] < LEAST_SPOT or len(found) == MOST_SPOTS:
            break
        spot = candidates[k]
        if not spot.is_faint and spot.width_px > LARGEST_FLECK * max(lab.shape):
            continue
        if taken[spot.box.slices][spot.mask].any():
            continue
        taken[spot.box.slices] |= spot.mask
        made = proposal(
            spot.mask, offset=(spot.box.left, spot.box.top), kind="blemish",
            confidence=confidence(float(odds[k])), reason=_reason(spot), text=_name(spot),
        )  # fmt: skip
        if made is not None:
            found.append(made)
    return found


def _company(
    candidates: list[Spot], odds: NDArray[np.float64], near_px: float
) -> NDArray[np.float64]:
    """What to take off the odds of each spot for those near it that look much like it.

    Where the ground makes such things by itself (leaves, gravel, lights), one more is none.
    """
    lost = np.zeros(len(odds))
    rivals = np.flatnonzero(odds > RIVAL)
    at = np.array([candidates[k].box.center for k in rivals]).reshape(-1, 2)
    wide = np.array([candidates[k].width_px for k in rivals])
    for row, k in enumerate(rivals):
        far = np.hypot(*(at - at[row]).T)
        alike = (far < near_px) & (far > 2 * wide[row]) & (np.abs(np.log(wide / wide[row])) < 1)
        lost[k] = CROWD * np.log1p(alike.sum() / 2)
    return lost


def _name(spot: Spot) -> str:
    return "sensor spot" if spot.is_dark and spot.is_faint and spot.width_px >= DISC_PX else "dust"


def _reason(spot: Spot) -> str:
    look = ("faint " if spot.is_faint else "") + ("dark" if spot.is_dark else "bright")
    return (
        f"a {look} spot {spot.width_px:.0f} px wide, "
        f"{spot.times_ground:.1f} times what its surroundings vary by"
    )


def _lines(lab: Planes, token: RunToken) -> list[Proposal]:
    """Scratches, hairs, wires; large photos are looked at smaller, the masks are full size."""
    scale = min(1.0, LINE_LOOK_PX / max(lab.shape[:2]))
    small = lab
    if scale < 1:
        small = cv2.resize(lab, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    candidates = thin_lines(np.asarray(small, np.float32), token)
    odds = belief("line")([line.features for line in candidates])
    taken = np.zeros(small.shape[:2], dtype=np.bool_)
    found: list[Proposal] = []
    for k in np.argsort(-odds, kind="stable"):
        if odds[k] < LEAST_LINE or len(found) == MOST_LINES:
            break
        line = candidates[k]
        if taken[line.box.slices][line.mask].mean() > 0.4:
            continue
        taken[line.box.slices] |= line.mask
        box, mask = _full_size(line, scale, lab.shape)
        if mask.sum() > MOST_AREA * lab.shape[0] * lab.shape[1]:
            continue
        made = proposal(
            mask, offset=(box.left, box.top), kind="blemish",
            confidence=confidence(float(odds[k])), text=line.name,
            reason=f"a thin {'dark' if line.is_dark else 'bright'} line, "
            f"{line.length_px / scale:.0f} px long, the same ground on both sides, "
            f"{line.times_ground:.1f} times what that varies by",
        )  # fmt: skip
        if made is not None:
            found.append(made)
    return found


def _full_size(line: Thin, scale: float, shape: tuple[int, ...]) -> tuple[Box, MaskBool]:
    if scale >= 1:
        return line.box, line.mask
    box = Box(
        round(line.box.left / scale), round(line.box.top / scale),
        round(line.box.right / scale), round(line.box.bottom / scale),
    )  # fmt: skip
    soft = cv2.resize(
        line.mask.astype(np.float32), (box.width, box.height), interpolation=cv2.INTER_LINEAR
    )
    inner = box.clamp(Box.of_shape(shape))
    return inner, np.asarray(soft[inner.relative_to(box).slices] > 0.3, dtype=np.bool_)
