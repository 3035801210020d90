"""Take a semi-transparent overlay off instead of inventing what lies under it.

Inside the strokes the photo is still there, paler: where opacity and colour can be estimated
from the strokes' own surroundings, the pixels are computed back. Only the strokes' soft border,
where the coverage is not known, remains to be filled. A mark that lies over the photo several
times tells its coverage, too (`imaging.tiled`), and nearly all comes back.

Of 119 drawn marks in half of the photos the first way helps 12 (of 17 to 30 estimates), both ways
66: look index 0.11 lower on the mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from inpaint_studio.arrays import Linear, MaskBool, Plane
from inpaint_studio.imaging import veil as veils
from inpaint_studio.imaging.color import decode, encode
from inpaint_studio.imaging.tiled import measure_repeated
from inpaint_studio.records import UNBLENDED

WEAKEST = 0.3
"""An estimate from one photo's strokes of less opacity is mostly chance: of 20 one was right."""

LEAST_DONE = 0.2
"""Where less of the overlay comes back nearly all must be filled anyway, and what is left among
the fill shows: of 119 drawn marks none more is gained by what brings back less."""
NOTHING = np.float32(1e-4)
"""The weight said of a pixel that nothing had to be taken off."""
_SPREAD_PX = 6.0
_SPREADS = 2.0
_LEAST_GAP = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Unblended:
    """linear: the crop with the strokes' inside computed back; done: those pixels; mask: all that
    the overlay covered; opacity: its share of a pixel, 0..1; said: the sentence for the plan;
    weight: (H, W) the same share, pixel by pixel, that was taken off, above 0 where it is done."""

    linear: Linear
    done: MaskBool
    mask: MaskBool
    opacity: float
    said: str
    weight: Plane


def unblend(under: Linear, mask: MaskBool) -> Unblended | None:
    """Return the crop with a veil over `mask` taken off; None when it cannot be told.

    under: (H, W, 3) linear light as the photo shows it, overlay included.
    """
    encoded = encode(under)
    strokes = _strokes(encoded, mask)
    if strokes is None:
        return None
    veil = veils.estimate(encoded, strokes, mask)
    if veil is None or veil.opacity < WEAKEST:
        return None
    lifted = veils.lift(encoded, replace(veil, weight=mask.astype(np.float32) * veil.opacity))
    done = strokes & _wholly_covered(encoded, mask, veil)
    # A clipped pixel has lost what was under it.
    done &= ((lifted > 0.004) & (lifted < 0.996)).all(axis=2)
    done &= ~taken_twice(lifted, done, veil)
    if done.sum() < LEAST_DONE * mask.sum():
        return None
    linear = under.copy()
    linear[done] = decode(lifted)[done]
    share = done.sum() / mask.sum()
    said = f"{UNBLENDED} {share:.0%} of the overlay at {veil.opacity:.0%} opacity, filled the rest"
    weight = done * np.float32(veil.opacity)
    return Unblended(linear, done, mask, veil.opacity, said, weight)


def unblended(
    under: Linear, mask: MaskBool, groups: Sequence[MaskBool], veil: veils.Veil | None = None
) -> list[Unblended]:
    """Return what can be taken off of the groups of letters `mask` (H, W) consists of.

    veil: a mark measured at several places of the photo, or on several photos. None: where it lies
    over the crop several times it is measured here (`tiled`). What that does not tell each group
    tells for itself, unless other photos have told all there is.
    """
    if veil is None:
        encoded = encode(under)
        mark = measure_repeated(lambda box: encoded[box.slices], mask)
        veil = mark.veil() if mark is not None else None
    if veil is None:
        return [lift for group in groups if (lift := unblend(under, group)) is not None]
    whole = taken_off(under, mask, veil)
    found = []
    for group in groups:
        done = whole.done & group
        if done.sum() >= LEAST_DONE * group.sum():
            said = _said(veil, done, group)
            weight = whole.weight * done
            found.append(Unblended(whole.linear, done, group, veil.opacity, said, weight))
        elif veil.places and (lift := unblend(under, group)) is not None:
            found.append(lift)
    return found


def taken_off(under: Linear, mask: MaskBool, veil: veils.Veil) -> Unblended:
    """Return the crop with a known veil taken off `mask`; what it hides for good is not done.

    Where the veil has no weight the photo's own pixels are the answer; of a mark measured in this
    photo nothing is known there.
    """
    encoded = encode(under)
    lifted = veils.lift(encoded, veil)
    hidden = veil.weight > 0
    lost = hidden & (
        (veil.weight > veils.STRONGEST) | ((lifted <= 0.002) | (lifted >= 0.998)).all(axis=2)
    )
    done = mask & ~lost & (hidden | (veil.places == 0))
    linear = under.copy()
    change = done & hidden
    linear[change] = decode(lifted)[change]
    weight: Plane = np.maximum(veil.weight, NOTHING) * done.astype(np.float32)
    return Unblended(linear, done, mask, veil.opacity, _said(veil, done, mask), weight)


def _said(veil: veils.Veil, done: MaskBool, mask: MaskBool) -> str:
    known = f"measured in {veil.places} places" if veil.places else "known from several photos"
    return (
        f"{UNBLENDED} {done.sum() / max(1, mask.sum()):.0%} of a mark {known} "
        f"at {veil.opacity:.0%} opacity, filled the rest"
    )


def _strokes(encoded: np.ndarray, mask: MaskBool) -> MaskBool | None:
    """The fully covered pixels of a grown mask: those that differ most from the ground."""
    ground, _ = veils.ground_around(encoded, mask)
    gap = np.sqrt(((encoded - ground) ** 2).sum(axis=2))
    smooth = cv2.GaussianBlur(gap, (0, 0), 0.7)
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    deep = mask & (depth >= 2.5)
    if deep.sum() < 60:
        return None
    return np.asarray(deep, dtype=np.bool_) if smooth[deep].mean() > 0.01 else None


def _wholly_covered(encoded: np.ndarray, mask: MaskBool, veil: veils.Veil) -> MaskBool:
    """Where the overlay covers about all of a pixel, smoothed over some pixels."""
    ground, _ = veils.ground_around(encoded, mask)
    way = veil.colour - ground
    length = np.maximum((way**2).sum(axis=2), 0.02)
    weight = cv2.GaussianBlur(((encoded - ground) * way).sum(axis=2) / length, (0, 0), 1.0)
    return np.asarray(np.abs(weight - veil.opacity) <= 0.45 * veil.opacity, dtype=np.bool_)


def taken_twice(lifted: np.ndarray, done: MaskBool, veil: veils.Veil) -> MaskBool:
    """Return the pixels at the border of `done` that more was taken off than lay there.

    They came back further from the overlay's colour than their neighbours spread: where letters
    end the overlay is thinner, and flecks would be left. lifted: (H, W, 3) encoded, 0..1.
    """
    weight = done.astype(np.float32)
    near = cv2.GaussianBlur(weight, (0, 0), _SPREAD_PX) + 1e-4
    mean = cv2.GaussianBlur(lifted * weight[..., None], (0, 0), _SPREAD_PX) / near[..., None]
    way = veil.colour - mean
    gap = ((lifted - mean) * way).sum(axis=2) / np.sqrt(np.maximum((way**2).sum(axis=2), 1e-4))
    spread = cv2.GaussianBlur(np.abs(gap) * weight, (0, 0), _SPREAD_PX) / near
    core = cv2.erode(done.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    far = gap < -np.maximum(_SPREADS * spread, _LEAST_GAP)
    return np.asarray(done & ~core & far, dtype=np.bool_)
