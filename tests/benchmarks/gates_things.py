"""Which parts of a fill look like a thing that was put there? Fit the trees that tell.

    python -m tests.benchmarks.gates_things --photos DIR [DIR ...] -o FILE [--holes 24] [--seed 5]

Holes are drawn on photos and left as they are, filled (Telea) or covered by another part of the
photo; each a second time with a thing put in: a shaded ball, a flat shape, a piece of another
photo, or of the same in another light, with hard or soft edges. The candidates of `readings.things`
that cover a thing (half of both together) are told from those of holes without one. FILE becomes
`resources/gates/things.json`. Printed: how often a candidate covers the thing at all, and, on
photos the trees never saw, how often an edit's likeliest one gives the thing away where 1 and 3 %
of the holes without one alarm. Take photos that no gate figure is measured on.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.gating import fit, trees
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.planted import LEGIBLE_PX, legible_px, plant
from inpaint_studio.gating.readings import things
from inpaint_studio.gating.scene import Rgb8, distance, make_scene
from inpaint_studio.geometry import Box
from tests.benchmarks.gates import tell

SIDES = (500, 640, 800)
COVERS, TOUCHES = 0.5, 0.15
GROWTH = trees.Growth(trees=150, rate=0.1, leaf=3.0)
FOLDS = 3
KINDS = ("ball", "ball", "piece", "flat", "relit")

Row = tuple[int, str, NDArray[np.float64], NDArray[np.float64]]
"""(photo, kind of thing, how much of it each candidate covers, what each is like)"""


@dataclass(frozen=True)
class Maker:
    """Draws holes and things by chance."""

    photos: list[Rgb8]
    rng: np.random.Generator

    def hole(self, height: int, width: int) -> MaskBool:
        """Draw an ellipse, a rectangle, a stroke or a blob."""
        rng = self.rng
        mask = np.zeros((height, width), dtype=np.uint8)
        size = rng.uniform(14, 45)
        x, y = int(rng.integers(70, width - 70)), int(rng.integers(70, height - 70))
        kind = int(rng.integers(4))
        if kind == 0:
            axes = int(size), int(size * rng.uniform(0.4, 1))
            cv2.ellipse(mask, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
        elif kind == 1:
            down = int(size * rng.uniform(0.3, 1))
            cv2.rectangle(mask, (x - int(size), y - down), (x + int(size), y + down), 1, -1)
        elif kind == 2:
            way = np.array([x, y]) + np.vstack(
                [np.zeros((1, 2)), rng.normal(0, 1.2 * size, (3, 2))]
            )
            cv2.polylines(mask, [way.astype(np.int32)], False, 1, int(rng.uniform(10, 26)))
        else:
            cv2.fillPoly(mask, [self._polygon(x, y, size, 8, (0.6, 1.2))], 1)
        return mask > 0

    def _polygon(
        self, x: int, y: int, size: float, corners: int, reach: tuple[float, float]
    ) -> NDArray[np.int32]:
        turn = np.sort(self.rng.uniform(0, 2 * np.pi, corners))
        away = size * self.rng.uniform(*reach, corners)
        points = np.stack([x + away * np.cos(turn), y + away * np.sin(turn)], axis=1)
        return points.astype(np.int32)

    def filled(self, photo: Rgb8, mask: MaskBool) -> Rgb8:
        """Return the photo as it is, filled, or covered by another part of it."""
        way = int(self.rng.integers(4))
        if way == 1:
            smooth: Rgb8 = cv2.inpaint(photo, mask.astype(np.uint8), 3, cv2.INPAINT_TELEA)
            return smooth
        if way == 2 and self.rng.integers(2):
            moved = np.roll(photo, tuple(self.rng.integers(-80, 80, 2)), (0, 1))
            return np.where(mask[..., None], moved, photo)
        return photo

    def with_thing(self, after: Rgb8, mask: MaskBool) -> tuple[Rgb8, MaskBool, str]:
        """Return (pixels, where the thing is, its kind)."""
        rng = self.rng
        kind = KINDS[int(rng.integers(len(KINDS)))]
        rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]]
        if kind == "ball":
            smooth = bool(rng.integers(2))
            made = plant(after, after, mask, "pasted", seed=int(rng.integers(1 << 30)),
                         smooth=smooth)  # fmt: skip
            box = made.box
            x, y = (box.left + box.right - 1) / 2, (box.top + box.bottom - 1) / 2
            round_ = np.hypot(columns - x, rows - y) <= max(box.width, box.height) / 2
            return made.after, round_ & mask, "ball, smooth" if smooth else "ball, hard"
        inside = distance(np.pad(mask, 1))[1:-1, 1:-1]
        deepest = float(inside.max())
        size = max(3.0, min(deepest * rng.uniform(0.35, 0.8), 30.0))
        at = np.argwhere(inside >= min(size * rng.uniform(0.9, 1.3), deepest * 0.98))
        y, x = (int(n) for n in at[rng.integers(len(at))])
        shape = np.zeros(mask.shape, dtype=np.uint8)
        if rng.integers(2):
            axes = int(size), max(2, int(size * rng.uniform(0.5, 1)))
            cv2.ellipse(shape, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
        else:
            corners = int(rng.integers(4, 10))
            cv2.fillPoly(shape, [self._polygon(x, y, size, corners, (0.6, 1.0))], 1)
        where = (shape > 0) & mask
        soft = float(rng.choice([0.3, 0.5, 0.7, 1.0]))
        cover = cv2.GaussianBlur(where.astype(np.float32), (0, 0), soft)[..., None]
        source = self._source(kind, after, x, y)
        mixed = after + cover * (source - after.astype(np.float32))
        out = after.copy()
        out[mask] = np.clip(np.rint(mixed[mask]), 0, 255)
        return out, where, kind

    def _source(self, kind: str, after: Rgb8, x: int, y: int) -> NDArray[np.float32]:
        rng = self.rng
        height, width = after.shape[:2]
        if kind == "flat":
            rows, columns = np.mgrid[:height, :width]
            slope = rng.uniform(-2, 2, 2)
            shade = (slope[0] * (columns - x) + slope[1] * (rows - y))[..., None]
            grain = rng.normal(0, rng.uniform(0, 4), (height, width, 1))
            return np.clip(rng.uniform(0, 255, 3) + shade + grain, 0, 255).astype(np.float32)
        other = self.photos[int(rng.integers(len(self.photos)))] if kind == "piece" else after
        row = int(rng.integers(40, other.shape[0] - 40))
        column = int(rng.integers(40, other.shape[1] - 40))
        move = np.array([[1, 0, x - column], [0, 1, y - row]], dtype=np.float32)
        source = cv2.warpAffine(other, move, (width, height), borderMode=cv2.BORDER_REFLECT)
        light = rng.uniform(-60, 60, 3) if kind == "relit" else 0.0
        return np.clip(source + np.float32(1) * light, 0, 255).astype(np.float32)


def read_photos(folders: list[Path], rng: np.random.Generator) -> list[Rgb8]:
    """Return all photos of the folders, their longer side 500 to 800 px where it was longer."""
    found = []
    for path in (p for folder in folders for p in sorted(folder.iterdir())):
        photo = cv2.imread(str(path))
        if photo is None:
            continue
        side, longest = int(rng.choice(SIDES)), max(photo.shape[:2])
        if longest > 1.2 * side:
            by = side / longest
            photo = cv2.resize(photo, None, fx=by, fy=by, interpolation=cv2.INTER_AREA)
        found.append(np.ascontiguousarray(photo[..., ::-1]))
    return found


def measured(maker: Maker, holes: int) -> Iterator[Row]:
    """Yield the candidates of each hole without and with a thing."""
    for number, photo in enumerate(maker.photos):
        for _ in range(holes):
            mask = maker.hole(*photo.shape[:2])
            after = maker.filled(photo, mask)
            planted, where, kind = maker.with_thing(after, mask)
            yield number, "", *candidates_of(photo, after, mask, np.zeros_like(mask))
            if legible_px(after, planted, mask) >= LEGIBLE_PX:
                yield number, kind, *candidates_of(photo, planted, mask, where)
        sys.stderr.write(f"photo {number + 1} of {len(maker.photos)}\n")


def candidates_of(
    before: Rgb8, after: Rgb8, mask: MaskBool, thing: MaskBool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (how much of the thing each candidate covers, intersection over union; values)."""
    view = Box.of_mask(mask).pad(64).clamp(Box.of_shape(mask.shape)).slices
    scene = make_scene(JudgeRequest(before=before[view], after=after[view], mask=mask[view]))
    ground = things.ground_of(scene)
    here = thing[view][scene.box.slices][ground.box.slices]
    covers, values = [np.zeros(0)], [np.zeros((0, len(things.NAMES)))]
    for cut in things.candidates(scene, ground):
        both = np.bincount(cut.labels[here], minlength=len(cut.area) + 1)[1:]
        covers.append(both / (cut.area + here.sum() - both))
        values.append(things.described(cut, ground))
    return np.concatenate(covers), np.concatenate(values)


def grown(rows: list[Row]) -> dict[str, Any]:
    """Return trees, as data, grown on these edits' candidates: half of the weight is things'."""
    covers = np.concatenate([row[2] for row in rows])
    values = np.concatenate([row[3] for row in rows])
    is_thing = covers >= COVERS
    # Every thing weighs the same, however many candidates cover it.
    weight = np.concatenate(
        [1 / max(1, int((row[2] >= COVERS).sum())) + 0 * row[2] for row in rows]
    )
    other = covers <= TOUCHES
    weight[~is_thing] = weight[is_thing].sum() / other.sum()
    use = is_thing | other
    start, made = trees.grow(
        things.NAMES, values[use], is_thing[use].astype(np.float64), weight[use], GROWTH
    )
    place = {name: number for number, name in enumerate(things.NAMES)}
    data = [
        [[n.value, place[n.name], n.limit, n.low, n.high] if n.name else [n.value] for n in tree]
        for tree in made
    ]
    return {"names": list(things.NAMES), "start": round(start, 6), "trees": data}


def odds(made: dict[str, Any], row: Row) -> float:
    """Return the log-odds of an edit's likeliest candidate."""
    if not len(row[3]):
        return things.NOTHING
    return float(trees.forest_of(made["start"], made["trees"]).answers(row[3]).max())


def figures(rows: list[Row]) -> dict[str, Any]:
    """Say what trees grown without a photo find in it."""
    kinds = sorted({row[1] for row in rows} - {""})
    held = np.zeros(len(rows))
    for fold in range(FOLDS):
        made = grown([row for row in rows if row[0] % FOLDS != fold])
        for number, row in enumerate(rows):
            if row[0] % FOLDS == fold:
                held[number] = odds(made, row)
    kind = np.array([row[1] for row in rows])
    limits = {share: float(np.quantile(held[kind == ""], 1 - share)) for share in (0.01, 0.03)}
    covered = np.array([row[2].max(initial=0.0) >= COVERS for row in rows])
    return {
        "holes": int((kind == "").sum()),
        "auc": round(fit.auc(held, kind != ""), 4),
    } | {
        name: {
            "count": int((kind == name).sum()),
            "covered": round(float(covered[kind == name].mean()), 3),
        }
        | {f"found_at_{s:g}": round(float((held[kind == name] > v).mean()), 3)
           for s, v in limits.items()}
        for name in kinds
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, nargs="+", required=True)
    parser.add_argument("--holes", type=int, default=24, help="holes in each photo")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("-o", "--output", type=Path, required=True)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(chosen.seed)
    maker = Maker(read_photos(chosen.photos, rng), rng)
    rows = list(measured(maker, chosen.holes))
    made = grown(rows)
    head = json.dumps({name: made[name] for name in ("names", "start")})[:-1]
    lines = ",\n".join(json.dumps(tree, separators=(",", ":")) for tree in made["trees"])
    chosen.output.write_text(f'{head}, "trees": [\n{lines}\n]}}\n')
    tell(figures(rows), None)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
