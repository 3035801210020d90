"""Grow strokes over what belongs to them: soft edges, outline, shadow, glow, JPEG ringing.

One pixel beside a letter tells nothing on a textured ground. But all letters of a line wear
the same effect, and a ground does not know where the letters are. So pixels are pooled by
distance and direction from the nearest stroke, in small cells along the line; from one distance
to the next an effect changes colour in most cells alike, a ground in each cell its own way.
The median over cells, against its own scatter, tells where the effect ends.

Rejected: comparing with a smooth guess of the ground (its error on any structured ground looks
like a shadow; the masks came out two to five times too large).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.imaging.around import SECTORS, around
from inpaint_studio.proposals.ground import Planes, behind
from inpaint_studio.proposals.profile import SOFT_EDGE_PX, Profile
from inpaint_studio.proposals.rim import clear_edge, faint_edge, soft_edge
from inpaint_studio.proposals.shadows import shadow

SOFT_PX = 1.1
"""Strokes are grown by this much at least: the straight neighbours hold their soft edge."""
_ONE_SIDE, _FAINT_SIDE = 3, 0.25
"""Directions without an effect of their own from which on it may be one-sided, and how much of the
other directions' change they may show then."""
_FURTHER, _RINGS_PX = 1.8, 2.6
"""How far beyond what the surest direction shows by itself all together may reach, and how far a
JPEG's ringing does, which none may show by itself."""
_UNLIKE = 1.5
"""How many times as far as most directions show (and a pixel more) one may reach: no effect does
more, a form of the ground that lies there does."""
_RINGS_UNSEEN, _RINGS_MOST, _RINGS_SHARE = (2.3, 5.0), 12.0, 0.33
"""Lab: less of ringing than the ground varies is not seen, within these; more in the median, or
such a share of the ink, is none."""
_RINGS_ALONG = 0.65
"""Share of the change that goes the ink's own way: a JPEG spreads the ink, halos are of another
colour."""
_INK_NEAR, _INK_AROUND = 6.0, 0.15
"""Lab, and the share of the ground around letters that may be so near to what fills their outline:
where more is, the holes are counters."""
_SURE_PAST = 6.0
"""Lab; past an effect only a clear edge is taken for its own."""


def grown_to_effects(
    lab: Planes,
    core: MaskBool,
    region: MaskBool,
    thickness_px: float,
    angle_deg: float | None = None,
) -> MaskBool:
    """Return `core` (H, W) grown over its soft edge, effects and ringing, within `region`.

    lab: (H, W, 3) CIELAB of the crop. thickness_px, angle_deg: height of the line and its
    direction, None on an arc.
    """
    if not core.any():
        return core.copy()
    core = core | _filled_holes(lab, core, thickness_px)
    cast = shadow(lab, core, thickness_px, angle_deg) & region
    rim = soft_edge(lab, core, cast) | faint_edge(lab, cast, core)
    core = core | cast
    reach = _Reach(lab, core, thickness_px)
    return np.asarray((_grown(lab, core, rim, reach) & region) | core, dtype=np.bool_)


def _grown(lab: Planes, core: MaskBool, rim: MaskBool, reach: _Reach) -> MaskBool:
    reached = reach.reached()
    distance = reach.distance
    effect = (distance <= reached) & (reached > SOFT_PX)
    grown = core | rim
    if effect.any():
        effect &= ~_unseen(lab, core | rim, effect, reached)
        # An outline's own soft edge lies past it.
        grown |= effect
        grown |= clear_edge(lab, grown, surely=_SURE_PAST)
    # Where the ground is calm a pixel alone tells: it differs from the ground or it does not.
    gap, rough = _against_ground(lab, grown | (distance <= SOFT_PX + 2.5))
    grown |= (distance <= SOFT_PX + 1.2) & (gap > np.maximum(4.0, 3 * rough))
    return np.asarray(grown, dtype=np.bool_)


def _unseen(
    lab: Planes, strokes: MaskBool, effect: MaskBool, reached: NDArray[np.float32]
) -> MaskBool:
    """Return the pixels of a JPEG's ringing around `strokes` that show none of it: it comes and
    goes along them."""
    near = effect & ~strokes & (reached <= _RINGS_PX)
    if not near.any():
        return near
    soft = cv2.GaussianBlur(lab, (0, 0), 1.0)
    gap, rough = _against_ground(soft, strokes | effect)
    change = soft - behind(soft, strokes | effect)
    ink = change[strokes].mean(axis=0)
    along = float(np.median(change[near] @ ink)) / max(float(np.linalg.norm(ink)), 1e-3)
    usual = float(np.median(gap[near]))
    most = min(_RINGS_MOST, _RINGS_SHARE * float(np.median(gap[strokes])))
    if usual > most or along < _RINGS_ALONG * usual:
        return np.zeros_like(near)
    return near & (gap <= np.clip(rough, *_RINGS_UNSEEN))


class _Reach:
    """Distances from the strokes, and how far their effects reach, in all and by direction."""

    def __init__(self, lab: Planes, core: MaskBool, thickness_px: float) -> None:
        reach = int(np.clip(round(0.30 * thickness_px), 4, 24))
        beside = around(core, thickness_px)
        self.distance = beside.distance
        self._use = (self.distance > 0.5) & (self.distance <= reach + 3.5)
        near = lab[self._use]
        self._profile = Profile(near, self.distance[self._use], beside.cell[self._use], reach + 3)
        gap = np.median(lab[core], axis=0) - (np.median(near, axis=0) if len(near) else 0)
        self._edge = max(1.0, 0.06 * float(np.linalg.norm(gap)))
        self._sector = beside.sector
        everywhere = np.ones(len(near), dtype=bool)
        self.round_about = max(SOFT_PX, self._profile.ends_at(everywhere, 1.0, self._edge))

    def reached(self) -> NDArray[np.float32]:
        """Return for each pixel how far an effect reaches in its direction, px."""
        sector = self._sector[self._use]
        own = np.array([self._profile.ends_at(sector == k, 1.5, self._edge)
                        for k in range(SECTORS)])  # fmt: skip
        own[_alone(own, shared=self.round_about > SOFT_EDGE_PX)] = 0
        if own.any():
            own = np.minimum(own, _UNLIKE * float(np.median(own[own > 0])) + 1)
        most = max(_RINGS_PX, _FURTHER * float(own.max()))
        far = min(self.round_about, most)
        if not own.any() and self.round_about > _RINGS_PX:
            far = SOFT_PX
        limit = np.maximum(own, far).astype(np.float32)
        bare = own == 0
        if _ONE_SIDE <= bare.sum() < SECTORS and self._falls_one_way(bare[sector]):
            # What all directions show in the mean is not on every side: a shadow falls one way.
            limit[bare] = SOFT_PX
            rest = min(self._profile.ends_at(~bare[sector], 1.0, self._edge), most)
            limit[~bare] = np.maximum(limit[~bare], rest)
        # Letters have round corners: a direction's neighbours carry some of its reach.
        eased = np.maximum(limit, 0.6 * np.maximum(np.roll(limit, 1), np.roll(limit, -1)))
        return np.asarray(eased[self._sector], dtype=np.float32)

    def _falls_one_way(self, bare: MaskBool) -> bool:
        """Whether the strokes' surroundings change hardly towards `bare`, and clearly elsewhere."""
        if self.round_about <= SOFT_EDGE_PX:
            return False
        end = round(self.round_about + 0.4)
        there = self._profile.change_past(~bare, end)
        here = self._profile.change_past(bare, end)
        if there is None or here is None:
            return False
        return float(here @ there) < _FAINT_SIDE * float(there @ there)


def _alone(own: NDArray[np.float64], *, shared: bool) -> MaskBool:
    """Where an effect lies in one direction and in neither beside it: letters have round corners,
    the ground's own edges have none. Where all directions together (`shared`) and several of them
    show one, only if it is by far the longest."""
    beside = np.maximum(np.roll(own, 1), np.roll(own, -1))
    alone = (own > SOFT_EDGE_PX) & (beside <= SOFT_EDGE_PX)
    if shared and (own > SOFT_EDGE_PX).sum() >= _ONE_SIDE:
        others = np.array([np.delete(own, k).max() for k in range(len(own))])
        alone &= own > _FURTHER * others
    return np.asarray(alone, dtype=np.bool_)


def _against_ground(
    lab: Planes, hidden: MaskBool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return how far each pixel's colour is from its ground, bridged under `hidden`, and how
    much that ground varies by itself nearby, both in Lab."""
    ground = behind(lab, hidden)
    known = (~hidden).astype(np.float32)
    near = cv2.boxFilter(known, -1, (15, 15)) + 1e-4
    mean = cv2.boxFilter(lab * known[..., None], -1, (15, 15)) / near[..., None]
    power = cv2.boxFilter(((lab - mean) ** 2).sum(axis=2) * known, -1, (15, 15)) / near
    rough = np.sqrt(np.maximum(power, 0.0)) + np.where(near < 0.05, np.float32(30), np.float32(0))
    gap = np.sqrt(((lab - ground) ** 2).sum(axis=2))
    return np.asarray(gap, dtype=np.float32), np.asarray(rough, dtype=np.float32)


def _show_ink(lab: Planes, holes: MaskBool, core: MaskBool) -> bool:
    """Whether holes hold what the ground around the letters has not: counters show the ground."""
    around = (cv2.dilate(core.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0) & ~core & ~holes
    if not around.any():
        return True
    colour = np.median(lab[holes], axis=0)
    inside, outside = (np.sqrt(((lab[here] - colour) ** 2).sum(axis=1)) for here in (holes, around))
    near = max(_INK_NEAR, float(np.median(inside)))
    return float((outside <= near).mean()) <= _INK_AROUND


def _filled_holes(lab: Planes, core: MaskBool, thickness_px: float) -> MaskBool:
    """Return holes that hold ink: the inside of letters known by their outline alone.

    The counters of letters show the ground; a fill differs from it alike in all holes.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (~core).astype(np.uint8), connectivity=4
    )
    height, width = core.shape
    empty = np.zeros_like(core)
    inner = [
        k
        for k in range(1, count)
        if stats[k, 0] > 0
        and stats[k, 1] > 0
        and stats[k, 0] + stats[k, 2] < width
        and stats[k, 1] + stats[k, 3] < height
        and stats[k, cv2.CC_STAT_AREA] < thickness_px**2
    ]
    if not inner:
        return empty
    near = cv2.dilate(core.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    ground = behind(lab, near | np.isin(labels, inner))
    gaps, areas = [], []
    for k in inner:
        left, top, wide, high, area = (int(v) for v in stats[k])
        part = (slice(top, top + high), slice(left, left + wide))
        here = labels[part] == k
        gaps.append((lab[part] - ground[part])[here].mean(axis=0))
        areas.append(area)
    if not _show_ink(lab, np.isin(labels, inner), core):
        return empty
    gap, weight = np.array(gaps), np.array(areas, dtype=np.float64)
    mean = (gap * weight[:, None]).sum(axis=0) / weight.sum()
    size = float(np.linalg.norm(mean))
    if size < 10:
        return empty
    alike = gap @ (mean / size) > 0.5 * size
    if weight[alike].sum() < 0.7 * weight.sum() or weight.sum() < 0.25 * core.sum():
        return empty
    return np.asarray(np.isin(labels, np.array(inner)[alike]), dtype=np.bool_)
