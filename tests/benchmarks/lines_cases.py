"""Holes across lines: real photos whose long straight edges are found, and drawn scenes.

A drawn scene is a function of turned coordinates, sampled three times as fine and then averaged,
with texture, noise and JPEG; its lines are known. In a photo the lines are found in the truth,
which the engines never see; a line counts where the truth itself shows it on its whole way.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tests.benchmarks.engines_cases import load
from tests.benchmarks.lines_measures import Way, line_error, straight

SIDE = 320
SHORTEST_PX = 16
"""A line counts that many px inside the hole and `OUTSIDE_PX` on either side of it."""
OUTSIDE_PX = 18
RIM_PX = 8
"""Nearer to the photo's rim lines are borders that scanners left."""
_LONGEST_PX = 576


@dataclass(frozen=True)
class LineCase:
    """One hole and the lines that cross it."""

    name: str
    kind: str
    truth: np.ndarray
    photo: np.ndarray
    mask: np.ndarray
    paths: tuple[Way, ...]


def photo_cases(folders: list[Path], *, half: int, count: int, seed: int) -> Iterator[LineCase]:
    """Yield `count` cases from the photos of one half (0 or 1, by the sum of their names)."""
    files = sorted(p for d in folders for p in d.iterdir() if p.suffix in (".jpg", ".png"))
    files = [p for p in files if zlib.crc32(p.name.encode()) % 2 == half]
    rng = np.random.default_rng([seed, half])
    made = 0
    for k in rng.permutation(len(files)):
        truth = load(files[k], _LONGEST_PX)
        found = _segments(truth)
        long = [s for s in found if np.hypot(*(s[1] - s[0])) >= 3.2 * SHORTEST_PX + 2 * OUTSIDE_PX]
        for _ in range(8 if long else 0):
            a, b = long[rng.integers(len(long))]
            mask = _hole(truth.shape[:2], a + rng.uniform(0.35, 0.65) * (b - a), rng)
            case = _case(f"photo_{files[k].stem}", "photo", truth, mask, found, rng)
            if case is not None:
                yield case
                made += 1
                break
        if made == count:
            return


def drawn_cases(*, count: int, seed: int) -> Iterator[LineCase]:
    """Yield `count` cases of every drawn kind."""
    for kind, draw in SCENES.items():
        made = turn = 0
        while made < count:
            rng = np.random.default_rng([seed, zlib.crc32(kind.encode()), turn])
            turn += 1
            truth, lines = _render(draw, rng)
            mask = _hole(truth.shape[:2], SIDE / 2 + rng.uniform(-24, 24, 2), rng)
            case = _case(f"{kind}_{turn:02d}", kind, truth, mask, lines, rng)
            if case is not None:
                yield case
                made += 1


def _case(
    name: str,
    kind: str,
    truth: np.ndarray,
    mask: np.ndarray,
    lines: list[np.ndarray],
    rng: np.random.Generator,
) -> LineCase | None:
    paths = []
    for line in lines:
        path = straight(line[0], line[1]) if len(line) == 2 else _bent(line)
        inside = path.inside(mask)
        whole = path.inside(np.ones_like(mask))
        if len(inside.points) < SHORTEST_PX or not len(whole.points):
            continue
        first, last = _ends(whole, mask)
        if min(first, last) < OUTSIDE_PX or not _clear(whole, mask):
            continue
        rim = np.minimum(inside.points, np.array(mask.shape[::-1]) - 1 - inside.points)
        if rim.min() < RIM_PX:
            continue
        if line_error(truth, truth, path, mask).share > 0.99:
            paths.append(path)
    if not paths:
        return None
    photo = truth.copy()
    photo[mask] = rng.integers(0, 256, 3, dtype=np.uint8)
    return LineCase(name, kind, truth, photo, mask, tuple(paths))


def _inside(path: Way, mask: np.ndarray) -> np.ndarray:
    x, y = np.rint(path.points).astype(int).T
    return mask[y, x]


def _ends(path: Way, mask: np.ndarray) -> tuple[int, int]:
    hit = np.flatnonzero(_inside(path, mask))
    return int(hit[0]), len(path.points) - 1 - int(hit[-1])


def _clear(path: Way, mask: np.ndarray) -> bool:
    """Whether the line goes through the hole once."""
    hit = np.flatnonzero(_inside(path, mask))
    return bool(hit[-1] - hit[0] + 1 == len(hit))


def _bent(points: np.ndarray) -> Way:
    along = np.gradient(points, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    return Way(points, np.stack([-along[:, 1], along[:, 0]], axis=1))


def _segments(truth: np.ndarray) -> list[np.ndarray]:
    """Return the straight edges of a photo, (2, 2) each, that show a step of some strength."""
    luma = cv2.cvtColor(truth, cv2.COLOR_RGB2GRAY)
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(luma)[0]
    soft = cv2.GaussianBlur(luma.astype(np.float32), (0, 0), 1)
    kept = []
    for line in found.reshape(-1, 2, 2) if found is not None else ():
        if np.hypot(*(line[1] - line[0])) < SHORTEST_PX + 2 * OUTSIDE_PX:
            continue
        path = straight(line[0].astype(np.float64), line[1].astype(np.float64))
        sides = [
            cv2.remap(soft, *(path.points + d * path.normals).astype(np.float32).T, 1)
            for d in (-2.0, 2.0)
        ]
        if abs(float((sides[1] - sides[0]).mean())) >= 14:
            kept.append(line.astype(np.float64))
    return kept


def _hole(shape: tuple[int, int], middle: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A wavy disc, a rectangle or a thick stroke about `middle` (x, y)."""
    canvas = np.zeros(shape, np.uint8)
    kind = rng.integers(3)
    if kind == 0:
        t = np.linspace(0, 2 * np.pi, 200, endpoint=False)
        radius = rng.uniform(20, 52) * (
            1
            + sum(rng.normal(0, 0.3 / k) * np.cos(k * t + rng.uniform(0, 6.28)) for k in (2, 3, 4))
        )
        ring = middle + radius[:, None] * np.stack([np.cos(t), np.sin(t)], axis=1)
        cv2.fillPoly(canvas, [np.rint(ring).astype(np.int32)], 1)
    elif kind == 1:
        half = rng.uniform(18, 56, 2)
        low, high = np.rint(middle - half).astype(int), np.rint(middle + half).astype(int)
        cv2.rectangle(canvas, tuple(map(int, low)), tuple(map(int, high)), 1, -1)
    else:
        angle, length = rng.uniform(0, np.pi), rng.uniform(30, 80)
        way = length * np.array([np.cos(angle), np.sin(angle)])
        ends = [tuple(map(int, np.rint(middle + s * way))) for s in (-1, 1)]
        cv2.line(canvas, *ends, 1, int(rng.uniform(24, 60)))
    canvas[:2] = canvas[-2:] = canvas[:, :2] = canvas[:, -2:] = 0
    return canvas > 0


# Drawn scenes: a function of (u, v) in px about the middle and the lines it shows.
Scene = Callable[[np.random.Generator], tuple[Callable[..., np.ndarray], list[np.ndarray]]]


def _flat(v: float) -> np.ndarray:
    return np.array([[-300.0, v], [300.0, v]])


def _upright(u: float) -> np.ndarray:
    return np.array([[u, -300.0], [u, 300.0]])


def _colours(rng: np.random.Generator, count: int, apart: float) -> np.ndarray:
    base = rng.uniform(50, 200, 3)
    return np.clip(base + rng.normal(0, apart, (count, 3)), 10, 245)


def _texture(rng: np.random.Generator, size: float) -> Callable[..., np.ndarray]:
    """Smooth noise of that grain in px, about unit variance."""
    turn, speed, phase = (rng.uniform(0, 6.28, 24), rng.gamma(4, 0.35 / size, 24),
                          rng.uniform(0, 6.28, 24))  # fmt: skip

    def at(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        waves = (np.sin(6.28 * s * (np.cos(a) * u + np.sin(a) * v) + p)
                 for a, s, p in zip(turn, speed, phase, strict=True))  # fmt: skip
        return sum(waves) / 12**0.5

    return at


def _bricks(rng: np.random.Generator) -> tuple[Callable[..., np.ndarray], list[np.ndarray]]:
    width, height, joint = rng.uniform(34, 60), rng.uniform(14, 26), rng.uniform(2.0, 4.0)
    wall, mortar = rng.uniform([110, 50, 40], [190, 100, 80]), rng.uniform(150, 220, 3)
    tone, grain = rng.normal(0, 12, (64, 64)), _texture(rng, 5)

    def paint(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        row = np.floor(v / height)
        along = u / width + 0.5 * (row % 2)
        joints = (v - row * height < joint) | ((along - np.floor(along)) * width < joint)
        shade = tone[row.astype(int) % 64, np.floor(along).astype(int) % 64] + 6 * grain(u, v)
        return np.where(joints[..., None], mortar + 3 * grain(u, v)[..., None],
                        wall + shade[..., None])  # fmt: skip

    rows = range(-16, 17)
    return paint, [_flat(k * height + e) for k in rows for e in (0, joint)]


def _planks(rng: np.random.Generator) -> tuple[Callable[..., np.ndarray], list[np.ndarray]]:
    width, gap = rng.uniform(18, 40), rng.uniform(1.5, 3)
    wood, tone, grain = rng.uniform([120, 80, 50], [200, 160, 120]), rng.normal(0, 14, 64), (
        _texture(rng, 3))  # fmt: skip

    def paint(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        row = np.floor(v / width)
        shade = tone[row.astype(int) % 64] + 9 * grain(u / 12 + 7 * row, v)
        return np.where((v - row * width < gap)[..., None], 0.35 * wood, wood + shade[..., None])

    rows = range(-16, 17)
    return paint, [_flat(k * width + e) for k in rows for e in (0, gap)]


def _horizon(rng: np.random.Generator) -> tuple[Callable[..., np.ndarray], list[np.ndarray]]:
    sky, ground = _colours(rng, 2, 45)
    bend = rng.uniform(-1, 1) * 4e-4
    rough, amount = _texture(rng, rng.uniform(3, 9)), rng.uniform(6, 16)

    def paint(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        above = v < bend * u * u
        low = ground + amount * rough(u, 2 * v)[..., None]
        return np.where(above[..., None], sky + 0.08 * v[..., None], low)

    u = np.arange(-230.0, 230.0)
    return paint, [np.stack([u, bend * u * u], axis=1)]


def _poles(rng: np.random.Generator) -> tuple[Callable[..., np.ndarray], list[np.ndarray]]:
    ground, pole = _colours(rng, 2, 50)
    width, rough = rng.uniform(3, 14), _texture(rng, rng.uniform(3, 10))
    places = np.cumsum(rng.uniform(35, 90, 9)) - 270

    def paint(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        picture = ground + 14 * rough(u, v)[..., None]
        for place in places:
            across = (u - place) / width
            on = (across >= 0) & (across <= 1)
            round_ = pole + 40 * (0.5 - np.abs(across - 0.4))[..., None]
            picture = np.where(on[..., None], round_, picture)
        return picture

    return paint, [_upright(p + e) for p in places for e in (0, width)]


def _frames(rng: np.random.Generator) -> tuple[Callable[..., np.ndarray], list[np.ndarray]]:
    """A table edge or a window: wall, frame and pane, plain with little texture."""
    wall, frame, pane = _colours(rng, 3, 45)
    bounds = np.cumsum(rng.uniform(5, 22, 3)) - 24
    rough = _texture(rng, rng.uniform(4, 12))

    def paint(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        step = (v > bounds[0]).astype(float)[..., None]
        second = (v > bounds[1]).astype(float)[..., None]
        third = (v > bounds[2]).astype(float)[..., None]
        picture = wall + 8 * rough(u, v)[..., None]
        picture = picture + step * (frame - picture)
        picture = picture + second * (pane + 0.1 * u[..., None] - picture)
        return picture + third * (0.8 * frame + 5 * rough(v, u)[..., None] - picture)

    return paint, [_flat(float(b)) for b in bounds]


SCENES: dict[str, Scene] = {
    "bricks": _bricks,
    "planks": _planks,
    "horizon": _horizon,
    "poles": _poles,
    "frames": _frames,
}


def _render(scene: Scene, rng: np.random.Generator) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the picture (SIDE, SIDE, 3) uint8 and its lines in px of the picture."""
    paint, lines = scene(rng)
    angle = rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.12)
    if rng.random() < 0.3:
        angle = rng.uniform(0, np.pi)
    move = rng.uniform(-8, 8, 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    fine = (np.arange(3 * SIDE) + 0.5) / 3 - 0.5 - SIDE / 2
    x, y = np.meshgrid(fine - move[0], fine - move[1])
    picture = paint(turn[0, 0] * x + turn[1, 0] * y, turn[0, 1] * x + turn[1, 1] * y)
    picture = cv2.resize(picture.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 0.8))
    picture = picture + rng.normal(0, rng.uniform(1, 5), picture.shape)
    codes = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(82, 97))]
    codes = cv2.imdecode(cv2.imencode(".jpg", codes, quality)[1], cv2.IMREAD_COLOR)
    return codes, [line @ turn.T + SIDE / 2 + move for line in lines]
