"""Trace thin ridges of a lightness plane: pieces of curves, joined over their gaps.

At every place the second derivative across each of 16 directions is averaged along a short
stroke of that direction; so noise averages out and what runs on adds up. The crests of that
response are linked where neighbours agree in direction, and pieces are joined end to end where
one goes on as the other did.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.ground import Planes

STROKE_PX = 15
DIRECTIONS = 16
LEAST = 0.3
"""Response (L per px²) below which nothing is seen."""
EDGE = 0.8
"""Lean from which a crest is the shoulder of an edge."""
_SHORTEST_PIECE = 9
_MOST_PIECES = 1500
_TURN = 2
"""Directions by which neighbours on one curve may differ."""
Points = NDArray[np.int64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """points: (N, 2) x, y of its crest, in order along it; whole: with gaps bridged (M, 2)."""

    points: Points
    whole: Points
    length_px: float
    strength: float


@dataclass(frozen=True, slots=True, eq=False)
class Ridges:
    """response (H, W) of the best direction, `way` which; crest: where it is locally highest."""

    response: Planes
    way: NDArray[np.uint8]
    crest: MaskBool
    slope: tuple[Planes, Planes]
    """First derivatives down and right, at the same scale."""


def ridges(light: Planes, sigma: float, token: RunToken) -> tuple[Ridges, Ridges]:
    """Return the dark and the bright ridges about 2 to 3 `sigma` wide."""
    smooth = cv2.GaussianBlur(light, (0, 0), sigma)
    xx = cv2.filter2D(smooth, -1, np.array([[1, -2, 1]], np.float32))
    yy = cv2.filter2D(smooth, -1, np.array([[1], [-2], [1]], np.float32))
    xy = cv2.filter2D(smooth, -1, np.array([[1, 0, -1], [0, 0, 0], [-1, 0, 1]], np.float32) / 4)
    slope = (
        cv2.filter2D(smooth, -1, np.array([[-0.5], [0], [0.5]], np.float32)),
        cv2.filter2D(smooth, -1, np.array([[-0.5, 0, 0.5]], np.float32)),
    )
    best = [np.zeros_like(light), np.zeros_like(light)]
    ways = [np.zeros(light.shape, np.uint8), np.zeros(light.shape, np.uint8)]
    for k in range(DIRECTIONS):
        token.step(k / DIRECTIONS, "looking for scratches")
        angle = np.pi * k / DIRECTIONS
        c, s = np.cos(angle), np.sin(angle)
        across = np.float32(s * s) * xx + np.float32(c * c) * yy - np.float32(2 * s * c) * xy
        along = cv2.filter2D(across, -1, _stroke(angle), borderType=cv2.BORDER_REFLECT)
        for number, signed in enumerate((along, -along)):
            more = signed > best[number]
            best[number] = np.where(more, signed, best[number])
            ways[number][more] = k
    scale = np.float32(sigma**2)
    return tuple(  # type: ignore[return-value]
        Ridges(b * scale, w, _crest(b, w), slope) for b, w in zip(best, ways)
    )


def _stroke(angle: float) -> Planes:
    middle = STROKE_PX // 2
    large = np.zeros((STROKE_PX * 4, STROKE_PX * 4), np.uint8)
    center = np.array([STROKE_PX * 2, STROKE_PX * 2])
    reach = np.array([np.cos(angle), np.sin(angle)]) * middle * 4
    start, end = np.rint(center - reach).astype(int), np.rint(center + reach).astype(int)
    cv2.line(large, (int(start[0]), int(start[1])), (int(end[0]), int(end[1])), 255, 4)
    small = cv2.resize(large, (STROKE_PX, STROKE_PX), interpolation=cv2.INTER_AREA)
    kernel = small.astype(np.float32)
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


def _crest(response: Planes, way: NDArray[np.uint8]) -> MaskBool:
    """Where the response is not lower than on both sides of its direction."""
    crest = response > 0
    padded = np.pad(response, 1)
    height, width = response.shape
    quarter = ((way + 2) % DIRECTIONS) // (DIRECTIONS // 4)
    for k, (dx, dy) in enumerate(((0, 1), (-1, 1), (1, 0), (1, 1))):
        here = quarter == k
        one = padded[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
        two = padded[1 - dy : 1 - dy + height, 1 - dx : 1 - dx + width]
        crest &= ~here | ((response >= one) & (response > two))
    return crest


def curves(found: Ridges, *, gap_px: float, least_px: int) -> list[Curve]:
    """Return the curves of the crests that stand out from their surroundings."""
    usual = cv2.blur(found.response, (61, 61))
    kept = found.crest & (found.response > np.maximum(LEAST, 1.5 * usual))
    pieces = _pieces(kept, found)
    pieces = [piece for piece in pieces if _lean(piece, found) < EDGE]
    return _joined(pieces, found, gap_px, least_px) if pieces else []


def _lean(piece: Points, found: Ridges) -> float:
    """How much the ground rises across the crest, against the crest's own height: the shoulder
    of an edge leans, a line does not."""
    x, y = piece[:, 0], piece[:, 1]
    angle = found.way[y, x] * (np.pi / DIRECTIONS)
    across = found.slope[0][y, x] * np.cos(angle) - found.slope[1][y, x] * np.sin(angle)
    return abs(float(np.median(across))) / max(1e-3, float(np.median(found.response[y, x])))


def _pieces(kept: MaskBool, found: Ridges) -> list[Points]:
    """Crest pixels that touch and agree in direction, in order along each piece."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows, columns = np.nonzero(kept)
    if len(rows) < _SHORTEST_PIECE:
        return []
    number = np.full((kept.shape[0] + 4, kept.shape[1] + 4), -1, np.int64)
    number[rows + 2, columns + 2] = np.arange(len(rows))
    way = found.way[rows, columns].astype(np.int64)
    ones, twos = [], []
    steps = [(0, 1), (1, -1), (1, 0), (1, 1), (0, 2), (2, 0), (1, 2), (2, 1), (1, -2), (2, -1)]
    for dy, dx in steps:
        other = number[rows + 2 + dy, columns + 2 + dx]
        here = np.flatnonzero(other >= 0)
        turn = np.abs(way[here] - way[other[here]])
        turn = np.minimum(turn, DIRECTIONS - turn)
        fine = here[turn <= _TURN]
        ones.append(fine)
        twos.append(other[fine])
    one, two = np.concatenate(ones), np.concatenate(twos)
    graph = coo_matrix((np.ones(len(one)), (one, two)), shape=(len(rows), len(rows)))
    count, labels = connected_components(graph, directed=False)
    size = np.bincount(labels, minlength=count)
    large = np.flatnonzero(size >= _SHORTEST_PIECE)
    if len(large) > _MOST_PIECES:
        large = large[np.argsort(-size[large], kind="stable")[:_MOST_PIECES]]
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], large)
    pieces = []
    for start, name in zip(starts, large):
        members = order[start : start + size[name]]
        pieces.append(_in_order(np.stack([columns[members], rows[members]], axis=1)))
    return pieces


def _in_order(points: Points) -> Points:
    middle = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(middle.T @ middle)
    return points[np.argsort(middle @ axes[:, 1], kind="stable")]


def _joined(pieces: list[Points], found: Ridges, gap_px: float, least: int) -> list[Curve]:
    """Chains of pieces that go on where another ends."""
    from scipy.spatial import cKDTree

    count = len(pieces)
    ends = np.array([[p[0], p[-1]] for p in pieces], np.float64).reshape(-1, 2)
    outward = np.array([_outward(p) for p in pieces]).reshape(-1, 2)
    close = cKDTree(ends).query_pairs(gap_px, output_type="ndarray")
    close = close[close[:, 0] // 2 != close[:, 1] // 2]
    next_of: dict[int, int] = {}
    if len(close):
        vector = ends[close[:, 1]] - ends[close[:, 0]]
        far = np.maximum(np.hypot(vector[:, 0], vector[:, 1]), 1.0)
        one, two = outward[close[:, 0]], outward[close[:, 1]]
        on, back = (one * vector).sum(axis=1) / far, -(two * vector).sum(axis=1) / far
        facing = -(one * two).sum(axis=1)
        off = np.abs(one[:, 0] * vector[:, 1] - one[:, 1] * vector[:, 0])
        off = np.maximum(off, np.abs(two[:, 0] * vector[:, 1] - two[:, 1] * vector[:, 0]))
        good = (facing > 0.9) & (off <= 1.5 + 0.15 * far)
        good &= ((on > 0) & (back > 0)) | (far < 4)
        for k in np.argsort(far + 4 * off, kind="stable"):
            a, b = int(close[k, 0]), int(close[k, 1])
            if good[k] and a not in next_of and b not in next_of:
                next_of[a], next_of[b] = b, a
    return [
        _chain(members, pieces, found)
        for members in _walks(count, next_of)
        if sum(len(pieces[k]) for k, _ in members) >= least
    ]


def _walks(count: int, next_of: dict[int, int]) -> list[list[tuple[int, bool]]]:
    """(piece, turned round) of each chain, from one open end to the other."""
    seen = np.zeros(count, np.bool_)
    walks = []
    starts = [e for e in range(2 * count) if e not in next_of]
    for end in [*starts, *range(2 * count)]:
        if seen[end // 2]:
            continue
        walk, at = [], end
        while not seen[at // 2]:
            seen[at // 2] = True
            walk.append((at // 2, at % 2 == 1))
            other = at ^ 1
            if other not in next_of:
                break
            at = next_of[other]
        walks.append(walk)
    return walks


def _outward(piece: Points) -> Numbers:
    """Unit vectors (2, 2) that lead on past the start and past the end."""
    some = min(len(piece), 14)
    made = []
    for part in (piece[:some][::-1], piece[-some:]):
        half = max(1, some // 2)
        vector = part[half:].mean(axis=0) - part[:half].mean(axis=0)
        made.append(vector / max(1e-6, float(np.hypot(*vector))))
    return np.array(made)


def _chain(members: list[tuple[int, bool]], pieces: list[Points], found: Ridges) -> Curve:
    parts = [pieces[k][::-1] if turned else pieces[k] for k, turned in members]
    points = np.concatenate(parts)
    whole = [parts[0]]
    for one, two in pairwise(parts):
        steps = int(np.abs(two[0] - one[-1]).max())
        if steps > 1:
            share = np.linspace(0, 1, steps + 1)[1:-1, None]
            whole.append(np.rint(one[-1] + share * (two[0] - one[-1])).astype(np.int64))
        whole.append(two)
    path = np.concatenate(whole)
    sparse = path[:: max(1, min(6, len(path) // 3))]
    length = float(np.hypot(*np.diff(sparse, axis=0).T).sum()) + 1
    strength = float(np.median(found.response[points[:, 1], points[:, 0]]))
    return Curve(points, path, length, strength)
