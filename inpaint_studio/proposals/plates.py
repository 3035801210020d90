"""Suggest the plate under letters: a sticker, a label or a badge goes as a whole.

A plate is the even ground of the letters where that ends all around them in a closed outline of
a plain form (a quadrangle with square or round corners, an ellipse) against something else. What
a sign in the scene is painted on looks the same: so these are suggestions, never automatic.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.mask import grow, ring
from inpaint_studio.imaging.veil import ground_around
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.base import Proposal, proposal
from inpaint_studio.proposals.ground import Planes, to_lab
from inpaint_studio.vision.lines import Line
from inpaint_studio.vision.readers import Readers

LOOK_PX = 900
"""Longer side of the copy that is looked at."""
EVEN = 7.0
"""Lab distance from the ground between the letters up to which a pixel may be plate."""
ROOM = 0.2
"""Room of a line's outline around its letters, in heights of the line."""
RIM_PX = 3
"""Width of the rim around the letters' place that tells the plate's colour."""
LEAST_TIMES, MOST_AREA = 1.2, 0.2
"""Area of a plate: so many times its letters' at least, so much of the photo at most."""
FORM = 0.93
"""How much of a plate and of the plain form put around it they must share (IoU)."""
STEP, ROUND_IT = 8.0, 0.9
"""Lab step at the outline, and the share of the outline that must show it."""
ROUND_CORNER = 0.2
"""Radius of round corners, as a part of the plate's height."""
BORDER = 0.15
"""Widest border of another colour, as a part of the plate's shorter side."""
GONE = 0.5
"""Share of the border's colour that may be left a pixel past its end."""
ENDS = (2.0, 5.0, 14.0)
"""A plate is there still within so many px of its mask; the ground lies from the second to the
third."""
STILL_THERE, OFF_GROUND, MORE_PX = 0.2, 12.0, 3
"""Share of the pixels right beside the mask that must stand out from that ground (Lab, and more
than 95 % of the ground does) for it to grow, and by how much. Of 24 drawn stickers 15 were covered
whole, a rim of the border left of the others; now 23, 9 of them grown."""
HELD = 0.9
"""Share of the letters' place that must lie on the plate."""


def plates_in(rgb: NDArray[np.uint8], readers: Readers, token: RunToken) -> list[Proposal]:
    """Return the plates under the lines of text of a photo. Raises: Missing: no text models."""
    scale = min(1.0, LOOK_PX / max(rgb.shape[:2]))
    if scale == 1:
        return plates_around(rgb, readers.lines(rgb, token))
    size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    found: list[Proposal] = []
    for plate in plates_around(small, readers.lines(small, token)):
        soft = plate.full_mask(small.shape).astype(np.float32)
        mask = cv2.resize(soft, (rgb.shape[1], rgb.shape[0]), interpolation=cv2.INTER_LINEAR) > 0.5
        record = plate.record
        made = proposal(
            np.asarray(mask, dtype=np.bool_), kind=record.kind, confidence=record.confidence,
            reason=record.reason, text=record.text,
        )  # fmt: skip
        if made is not None:
            found.append(made)
    return found


def plates_around(rgb: NDArray[np.uint8], lines: Sequence[Line]) -> list[Proposal]:
    """Return the plates under lines of text, one proposal each; several lines may share one."""
    lab = to_lab(rgb)
    found: list[Proposal] = []
    taken = np.zeros(lab.shape[:2], dtype=np.bool_)
    for line in lines:
        area = _core(line, (lab.shape[0], lab.shape[1]))
        if not area.any() or taken[area].mean() > 0.5:
            continue
        plate = _plate(lab, area)
        if plate is None:
            continue
        taken |= plate
        made = proposal(
            _whole(lab, grow(plate, 2)), kind="logo", confidence=0.45, text="sticker",
            reason=f"an even plate with a closed outline around “{line.text}”; "
            "look whether it is a sticker or belongs there",
        )  # fmt: skip
        if made is not None:
            found.append(made)
    return found


def _whole(lab: Planes, mask: MaskBool) -> MaskBool:
    """Return a plate's mask, grown where its border goes on past it, as in round corners."""
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    ground = (outside > ENDS[1]) & (outside <= ENDS[2])
    beside = (outside > 0) & (outside <= ENDS[0])
    if not ground.any() or not beside.any():
        return mask
    around, _ = ground_around(lab, ~ground, ENDS[1])
    off = np.linalg.norm(lab - around, axis=2)
    is_off = off > max(OFF_GROUND, float(np.percentile(off[ground], 95)))
    return grow(mask, MORE_PX) if float(is_off[beside].mean()) > STILL_THERE else mask


def _core(line: Line, shape: tuple[int, int]) -> MaskBool:
    """Return where a line's letters lie: its outline has room, more than a small plate has."""
    area = line.area_mask(shape).astype(np.uint8)
    reach = 2 * round(ROOM * line.thickness_px) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    return np.asarray(cv2.erode(area, kernel) > 0, dtype=np.bool_)


def _plate(lab: Planes, area: MaskBool) -> MaskBool | None:
    """Return the closed even region around a line (`area`), holes filled; None: there is none."""
    ground = _ground(lab, area)
    near = np.linalg.norm(lab - ground, axis=2) < EVEN
    _, labels = cv2.connectedComponents(near.astype(np.uint8), connectivity=4)
    inside = labels[grow(area, 2) & near]
    if inside.size == 0:
        return None
    name = int(np.bincount(inside).argmax())
    region = np.asarray(labels == name, dtype=np.bool_) if name else np.zeros_like(area)
    box = Box.of_mask(region)
    if box.is_empty or not Box.of_shape(area.shape).pad(-1).contains(box):
        return None
    region = _filled(region)
    whole = int(region.sum())
    held = float(region[area].mean())
    if held < HELD or not LEAST_TIMES * area.sum() <= whole <= MOST_AREA * area.size:
        return None
    form = _form(region)
    if form is None or not _stands_out(lab, form, ground):
        return None
    return _with_border(lab, form)


def _with_border(lab: Planes, form: MaskBool) -> MaskBool:
    """Return the form with the border of another even colour around it, if it has one.

    Ground that is even itself goes on, or grows less alike by and by; a border ends at once.
    """
    outside = cv2.distanceTransform((~form).astype(np.uint8), cv2.DIST_L2, 5)
    box = Box.of_mask(form)
    widest = max(4, round(BORDER * min(box.width, box.height)))
    rims = [lab[(outside > far - 0.5) & (outside <= far + 0.5)] for far in range(2, widest + 5)]
    if not len(rims[0]):
        return form
    colour = np.median(rims[0], axis=0)
    alike = [
        float((np.linalg.norm(rim - colour, axis=1) < EVEN).mean()) if len(rim) else 0.0
        for rim in rims
    ]
    end = next((k for k, share in enumerate(alike[:-2]) if share < ROUND_IT), 0)
    if not end or alike[end + 1] > GONE:
        return form
    return np.asarray(outside <= end + 2, dtype=np.bool_)


def _ground(lab: Planes, area: MaskBool) -> NDArray[np.float32]:
    """The colour that most of a line's rim has: bold letters cover half of their own place."""
    colours = lab[ring(area, RIM_PX)]
    middle = np.median(colours, axis=0)
    for reach in (25.0, 10.0):
        near = np.linalg.norm(colours - middle, axis=1) < reach
        if near.any():
            middle = np.median(colours[near], axis=0)
    return np.asarray(middle, dtype=np.float32)


def _filled(region: MaskBool) -> MaskBool:
    """Close the letters: every hole, and the notches that touch the outline."""
    outlines, _ = cv2.findContours(
        region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    plane = np.zeros(region.shape, np.uint8)
    cv2.drawContours(plane, outlines, -1, 1, cv2.FILLED)
    opened = cv2.morphologyEx(plane, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    return np.asarray(opened > 0, dtype=np.bool_)


def _form(region: MaskBool) -> MaskBool | None:
    """Return the plain form that the region nearly is, itself with a border; None: none is."""
    outlines, _ = cv2.findContours(
        region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    if not outlines:
        return None
    outline = max(outlines, key=cv2.contourArea)
    if len(outline) < 12:
        return None
    own = np.zeros(region.shape, np.uint8)
    cv2.drawContours(own, [outline], -1, 1, cv2.FILLED)
    hull = cv2.convexHull(outline)
    forms: list[NDArray[np.uint8]] = []
    for points in (_quadrangle(hull), cv2.boxPoints(cv2.minAreaRect(hull))):
        if points is not None:
            plane = np.zeros_like(own)
            cv2.fillConvexPoly(plane, np.rint(points).astype(np.int32), 1)
            forms += [plane, _rounded(plane)]
    plane = np.zeros_like(own)
    cv2.ellipse(plane, cv2.fitEllipse(hull if len(hull) >= 5 else outline), 1, cv2.FILLED)
    forms.append(plane)
    alike = max(float((own & form).sum() / max(1, (own | form).sum())) for form in forms)
    if alike < FORM:
        return None
    filled = np.zeros_like(own)
    cv2.fillConvexPoly(filled, hull, 1)
    return np.asarray(filled > 0, dtype=np.bool_)


def _rounded(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a quadrangle with its corners rounded by a fifth of its height."""
    reach = 2 * round(ROUND_CORNER * 2 * float(cv2.distanceTransform(plane, cv2.DIST_L2, 5).max()))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach + 1, reach + 1))
    return np.asarray(cv2.morphologyEx(plane, cv2.MORPH_OPEN, disc), dtype=np.uint8)


def _quadrangle(hull: NDArray[np.int32]) -> NDArray[np.int32] | None:
    """Return the four corners that the outline comes down to, if it does."""
    length = cv2.arcLength(hull, True)
    for share in (0.02, 0.04, 0.06):
        points = cv2.approxPolyDP(hull, share * length, True)
        if len(points) == 4:
            return np.asarray(points[:, 0], dtype=np.int32)
    return None


def _stands_out(lab: Planes, form: MaskBool, ground: NDArray[np.float32]) -> bool:
    """Whether, nearly all around, what lies just outside is another colour than the plate."""
    outside = cv2.distanceTransform((~form).astype(np.uint8), cv2.DIST_L2, 5)
    rim = (outside > 2) & (outside <= 4)
    if not rim.any():
        return False
    off = np.linalg.norm(cv2.GaussianBlur(lab, (0, 0), 0.8)[rim] - ground, axis=1)
    return float((off > STEP).mean()) >= ROUND_IT
