"""Make the benchmark's own edits: things put over real photos and taken out again by many engines.

    python -m tests.benchmarks.gates_edits --photos DIR [DIR ...] -o FOLDER [--sheets FOLDER]

Every edit follows from its line in `gates_labels.csv` (photo, case, engine): hole and thing are
drawn by the case's number, never by looking at the photo. `sum` is the CRC of the filled pixels;
where a fill no longer has it (an engine was changed since it was labelled) the label does not hold
any more and the edit is left out. The folder is one that `gating.train --edits` reads. With
`--draft` every edit is written without a label, and `--sheets` draws the contact sheets that the
labels were given on: before, fill, truth, at 100 %.
"""

from __future__ import annotations

import argparse
import csv
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from skimage.restoration import inpaint_biharmonic

from inpaint_studio.engines.base import FillRequest
from inpaint_studio.engines.table import engine
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.scene import distance, make_scene
from inpaint_studio.gating.witnesses import best_shifts
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.blend import composite
from inpaint_studio.imaging.color import from_linear, to_linear
from inpaint_studio.imaging.mask import ring
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions, Scalar
from tests.benchmarks import gates_structure

LABELS = Path(__file__).with_name("gates_labels.csv")
PATCH_LABELS = Path(__file__).with_name("gates_patch_labels.csv")
"""200 fills by version 9 of `patch` in other photos."""
STRUCTURE_LABELS = Path(__file__).with_name("gates_structure_labels.csv")
"""432 fills by version 10 of `patch`, over borders of things (`gates_structure`)."""
WHOLE_LABELS = Path(__file__).with_name("gates_whole_labels.csv")
"""228 fills by versions 14 and 15 of `patch`, over borders of things."""
CASES_PER_PHOTO = 2
HARD = "S"
"""How the names of cases begin whose holes lie over borders of things."""
LONGEST_PX = 720
SHEET_PX = 1540
KINDS = ("stroke", "blob", "scratch", "box", "caption", "label")


@dataclass(frozen=True, slots=True)
class Case:
    """One hole: `before` shows the thing, `truth` what is behind it."""

    name: str
    photo: str
    kind: str
    before: np.ndarray
    truth: np.ndarray
    mask: np.ndarray


def photos(folders: list[Path]) -> list[Path]:
    found = [p for folder in folders for p in folder.iterdir() if p.suffix in (".png", ".jpg")]
    return sorted(found, key=lambda p: (p.parent.name, p.name))


def read(path: Path) -> np.ndarray:
    picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    scale = LONGEST_PX / max(picture.shape[:2])
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(picture[..., ::-1])


def cases(paths: list[Path]) -> Iterator[Case]:
    number = 0
    for path in paths:
        truth = read(path)
        for _ in range(CASES_PER_PHOTO):
            yield case(number, f"{path.parent.name}/{path.name}", truth)
            number += 1


def hard_case(number: int, photo: str, truth: np.ndarray) -> Case:
    """Return a case whose hole lies over borders of things."""
    kind, mask = gates_structure.draw(number, truth)
    rng = np.random.default_rng([42, number])
    thing = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    before = np.where(thing[..., None], _thing(truth, rng), truth.astype(np.float32))
    codes = np.clip(np.rint(before), 0, 255).astype(np.uint8)
    return Case(f"{HARD}{number:03d}", photo, kind, codes, truth, mask)


def case(number: int, photo: str, truth: np.ndarray) -> Case:
    rng = np.random.default_rng([20, number])
    kind = KINDS[number % len(KINDS)]
    before = truth.astype(np.float32)
    if kind == "label":
        mask, before = _label(before, rng)
    else:
        mask = _draw(kind, truth.shape[:2], rng)
        # The thing lies wholly within the mask: what is left at a rim is another fault.
        thing = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        before = np.where((thing if thing.any() else mask)[..., None], _thing(truth, rng), before)
    codes = np.clip(np.rint(before), 0, 255).astype(np.uint8)
    return Case(f"B{number:03d}", photo, kind, codes, truth, mask)


def _draw(kind: str, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return a mask of one kind; what it hides is chosen without looking at the photo."""
    height, width = shape
    plane = np.zeros(shape, np.uint8)
    x, y = int(rng.integers(width // 4, 3 * width // 4)), int(rng.integers(60, height - 60))
    if kind == "stroke":
        points = np.cumsum(rng.integers(-28, 29, (6, 2)), axis=0) + np.array([x, y])
        cv2.polylines(plane, [points.astype(np.int32)], False, 1, int(rng.integers(8, 17)))
    elif kind == "blob":
        axes = (int(rng.integers(18, 42)), int(rng.integers(18, 42)))
        cv2.ellipse(plane, (x, y), axes, float(rng.integers(180)), 0, 360, 1, -1)
    elif kind == "scratch":
        for _ in range(3):
            a = rng.integers(20, width - 20, 2)
            b = rng.integers(20, height - 20, 2)
            ends = (int(a[0]), int(b[0])), (int(a[1]), int(b[1]))
            cv2.line(plane, *ends, 1, int(rng.integers(1, 4)))
    elif kind == "box":
        half = rng.integers(12, 40, 2)
        cv2.rectangle(plane, (x - int(half[0]), y - int(half[1])),
                      (x + int(half[0]), y + int(half[1])), 1, -1)  # fmt: skip
    else:
        cv2.putText(plane, "Sale 50% off", (width // 6, y), cv2.FONT_HERSHEY_DUPLEX, 1.1, 1, 5)
    return plane.astype(bool)


def _thing(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Stripes, a flat colour, or another part of the photo in other colours."""
    height, width = truth.shape[:2]
    colour, other = rng.uniform(0, 255, 3), rng.uniform(0, 255, 3)
    style = int(rng.integers(3))
    if style == 0:
        rows, columns = np.mgrid[:height, :width]
        band = ((rows + 2 * columns) // int(rng.integers(3, 12)) % 2)[..., None]
        return np.where(band, colour, other)
    if style == 1:
        return np.broadcast_to(colour, truth.shape)
    return 255.0 - np.roll(truth, (height // 3, width // 3), axis=(0, 1))[..., ::-1]


def _label(before: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A half transparent box with words: everything of it is replaced."""
    height, width = before.shape[:2]
    w, h = int(rng.integers(90, 180)), int(rng.integers(24, 46))
    x, y = int(rng.integers(20, width - w - 20)), int(rng.integers(20, height - h - 20))
    out = before.copy()
    out[y : y + h, x : x + w] = 0.4 * out[y : y + h, x : x + w] + 0.6 * rng.uniform(0, 255)
    size = min(w / 190, h / 44)
    cv2.putText(out, "New 24.90", (x + 6, y + h - 10), cv2.FONT_HERSHEY_SIMPLEX, size,
                (250.0, 250.0, 240.0), 2, cv2.LINE_AA)  # fmt: skip
    mask = np.zeros((height, width), bool)
    mask[y - 1 : y + h + 1, x - 1 : x + w + 1] = True
    return mask, out


def _fill(name: str, photo: np.ndarray, mask: np.ndarray, **parameters: Scalar) -> np.ndarray:
    maker = engine(name)
    box = Box.of_mask(mask).pad(maker.context_px(mask)).clamp(Box.of_shape(mask.shape))
    crop, hole = photo[box.slices], mask[box.slices]
    request = FillRequest(
        linear=to_linear(crop), mask=hole, ring=ring(hole, 2),
        recipe=maker.recipe(RunOptions(parameters=parameters), hole), threads=1,
    )  # fmt: skip
    linear = maker.fill(request, RunToken()).linear
    out = photo.copy()
    filled = from_linear(linear, photo.dtype)
    out[box.slices] = composite(crop, filled, hole, request.ring)
    return out


def _opencv(method: int) -> Callable[[Case], np.ndarray]:
    return lambda c: cv2.inpaint(c.before, c.mask.astype(np.uint8), 3, method)


def _biharmonic(c: Case) -> np.ndarray:
    box = Box.of_mask(c.mask).pad(24).clamp(Box.of_shape(c.mask.shape)).slices
    values = inpaint_biharmonic(c.before[box] / 255.0, c.mask[box], channel_axis=-1)
    out = c.before.copy()
    out[box][c.mask[box]] = np.clip(np.rint(values * 255), 0, 255)[c.mask[box]]
    return out


def _moved(c: Case, shift: tuple[int, int]) -> np.ndarray:
    moved = np.roll(c.before, (-shift[1], -shift[0]), axis=(0, 1))
    return np.where(c.mask[..., None], moved, c.before)


def _copied(c: Case, *, whole: bool = False) -> np.ndarray:
    """The one shift whose rim fits best, pasted as it is (`whole`: the photo so shifted)."""
    scene = make_scene(JudgeRequest(before=c.before, after=c.before, mask=c.mask))
    found = best_shifts(scene.lab, scene.mask, scene.known)
    dx, dy = found[0] if found else (c.mask.shape[1] // 2, 0)
    if whole:
        return np.ascontiguousarray(np.roll(c.before, (-dy, -dx), axis=(0, 1)))
    return _moved(c, (dx, dy))


def _healed(c: Case) -> np.ndarray:
    """The same copy, laid in by OpenCV's Poisson blending."""
    copy = _copied(c, whole=True)
    # OpenCV takes three px off the hole before it blends: they are given first.
    hole = cv2.dilate(c.mask.astype(np.uint8), np.ones((9, 9), np.uint8)) * 255
    hole[:2] = hole[-2:] = 0
    hole[:, :2] = hole[:, -2:] = 0
    x, y, w, h = cv2.boundingRect(hole)
    joined = cv2.seamlessClone(copy, c.before, hole, (x + w // 2, y + h // 2), cv2.NORMAL_CLONE)
    return np.where(c.mask[..., None], joined, c.before)


def _elsewhere(c: Case) -> np.ndarray:
    """Deliberately broken: whatever lies a third of the photo away."""
    return _moved(c, (c.mask.shape[1] // 3, c.mask.shape[0] // 3))


def _smeared(c: Case) -> np.ndarray:
    """Deliberately broken: the mean of the rim, blurred in."""
    first = cv2.inpaint(c.before, c.mask.astype(np.uint8), 3, cv2.INPAINT_TELEA)
    soft = cv2.GaussianBlur(first, (0, 0), 9)
    return np.where(c.mask[..., None], soft, c.before)


def _ours(name: str, **parameters: Scalar) -> Callable[[Case], np.ndarray]:
    return lambda c: _fill(name, c.before, c.mask, **parameters)


_NEWER: dict[str, Scalar] = {
    "starts": 2, "far_cost": 150.0, "lines": 1, "coarse_rounds": 16, "fine_rounds": 16,
    "apart": 0.1, "margin": 6, "margin_cost": 150.0, "chroma": 0.75, "scene": 1, "letters": 1,
    "wide": 1,
}  # fmt: skip
ENGINES: dict[str, Callable[[Case], np.ndarray]] = {
    # As it was when its fills were labelled.
    "patch": _ours("patch", far_cost=1000.0, lines=0, coarse_rounds=6, fine_rounds=10, grown=1),
    "patch9": _ours("patch", starts=3),
    "patch10": _ours(
        "patch",
        starts=2,
        far_cost=150.0,
        lines=1,
        coarse_rounds=16,
        fine_rounds=16,
        apart=0.0,
        margin=0,
        chroma=0.5,
        scene=0,
        wide=0,
    ),
    "patch14": _ours("patch", **_NEWER, whole=0),
    "patch15": _ours("patch", **_NEWER, whole=1),
    "telea": _opencv(cv2.INPAINT_TELEA),
    "healed": _healed,
    "flat": _ours("flat"),
    "biharmonic": _biharmonic,
    "copied": _copied,
    "ns": _opencv(cv2.INPAINT_NS),
    "smeared": _smeared,
    "elsewhere": _elsewhere,
}
FILLS = ("patch", "healed", "patch", "flat", "patch", "copied", "telea", "patch", "biharmonic",
         "healed", "ns", "flat", "patch", "smeared", "copied", "elsewhere")  # fmt: skip


def engines_of(number: int) -> tuple[str, str]:
    """Return the two engines of a case; our own come most often, being what the gate meets."""
    one = FILLS[(2 * number) % len(FILLS)]
    return one, FILLS[(2 * number + 1 + number // 8) % len(FILLS)]


def checksum(after: np.ndarray, mask: np.ndarray) -> str:
    return f"{zlib.crc32(np.ascontiguousarray(after[mask]).tobytes()):08x}"


def write(path: Path, picture: np.ndarray) -> None:
    picture = picture[..., ::-1] if picture.ndim == 3 else picture
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())


def drafted(folders: list[Path]) -> Iterator[tuple[Case, list[str]]]:
    """Yield every case of the photos, and its engines."""
    for number, c in enumerate(cases(photos(folders))):
        yield c, list(dict.fromkeys(engines_of(number)))


def labelled(folders: list[Path], known: list[dict[str, str]]) -> Iterator[tuple[Case, list[str]]]:
    """Yield the cases that have labels, and the engines they have them for."""
    paths = {f"{path.parent.name}/{path.name}": path for path in photos(folders)}
    for name in dict.fromkeys(row["case"] for row in known):
        mine = [row for row in known if row["case"] == name]
        path = paths.get(mine[0]["photo"])
        if path is not None:
            made = hard_case if name.startswith(HARD) else case
            yield made(int(name[1:]), mine[0]["photo"], read(path)), [r["engine"] for r in mine]


def make(folders: list[Path], output: Path, labels: Path | None) -> list[dict[str, str]]:
    """Write the edits and their `labels.csv`; return its rows. labels: None for a draft."""
    output.mkdir(parents=True, exist_ok=True)
    told: list[dict[str, str]] = []
    if labels is not None:
        with labels.open(newline="") as file:
            told = list(csv.DictReader(file))
    known = {(row["case"], row["engine"]): row for row in told}
    rows: list[dict[str, str]] = []
    stale = 0
    for c, engines in drafted(folders) if labels is None else labelled(folders, told):
        done: list[str] = []
        for name in engines:
            after = ENGINES[name](c)
            total = checksum(after, c.mask)
            label = known.get((c.name, name))
            if label is not None and label["sum"] != total:
                stale += 1
                continue
            write(output / f"{c.name}_{name}.png", after)
            done.append(name)
            rows.append(
                {"scene": c.name, "photo": c.photo, "engine": name, "kind": c.kind, "sum": total,
                 "label": label["label"] if label else "", "left": "0", "top": "0",
                 "right": str(c.mask.shape[1]), "bottom": str(c.mask.shape[0])}
            )  # fmt: skip
        if done:
            write(output / f"{c.name}_before.png", c.before)
            write(output / f"{c.name}_truth.png", c.truth)
            write(output / f"{c.name}_mask.png", (c.mask * 255).astype(np.uint8))
    if not rows:
        raise SystemExit("None of the photos that have labels lies in these folders.")
    with (output / "labels.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    if stale:
        sys.stderr.write(f"{stale} labels do not hold any more: their engine fills otherwise\n")
    return rows


def sheets(folder: Path, rows: list[dict[str, str]], output: Path) -> None:
    """Lay the tiles in lines, a few lines a sheet, nothing scaled."""
    output.mkdir(parents=True, exist_ok=True)
    lines: list[list[np.ndarray]] = [[]]
    for row in rows:
        tile = _tile(folder, row)
        if sum(t.shape[1] for t in lines[-1]) + tile.shape[1] > SHEET_PX:
            lines.append([])
        lines[-1].append(tile)
    pages: list[list[np.ndarray]] = [[]]
    for line in lines:
        height = max(t.shape[0] for t in line)
        strip = np.hstack([_padded(t, height, t.shape[1]) for t in line])
        if sum(s.shape[0] for s in pages[-1]) + height > SHEET_PX:
            pages.append([])
        pages[-1].append(_padded(strip, height, SHEET_PX))
    for number, page in enumerate(pages):
        write(output / f"sheet_{number:02d}.png", np.vstack(page))


def _tile(folder: Path, row: dict[str, str]) -> np.ndarray:
    """Before, fill and truth about the hole, at 100 % (smaller where the hole is very wide)."""
    names = ("before", row["engine"], "truth")
    parts = [cv2.imread(str(folder / f"{row['scene']}_{n}.png"))[..., ::-1] for n in names]
    mask = cv2.imread(str(folder / f"{row['scene']}_mask.png"), 0) > 127
    deep = distance(mask)
    box = Box.of_mask(mask)
    if box.width > 170 or box.height > 170:
        y, x = np.unravel_index(int(deep.argmax()), mask.shape)
        box = Box(int(x) - 85, int(y) - 85, int(x) + 85, int(y) + 85)
    box = box.pad(20).clamp(Box.of_shape(mask.shape))
    tile = np.hstack([np.pad(p[box.slices], ((0, 0), (0, 4), (0, 0))) for p in parts])
    tile = np.pad(tile, ((14, 2), (0, 0), (0, 0)))
    cv2.putText(tile, f"{row['scene']} {row['engine']} {row['kind']}", (2, 11),
                cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 0), 1, cv2.LINE_AA)  # fmt: skip
    return tile


def _padded(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    picture = picture[:height, :width]
    gaps = (0, height - picture.shape[0]), (0, width - picture.shape[1]), (0, 0)
    return np.pad(picture, gaps)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, nargs="+", required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--draft", action="store_true", help="all edits, without labels")
    parser.add_argument(
        "--labels",
        type=Path,
        default=LABELS,
        help=f"default {LABELS.name}; others are {PATCH_LABELS.name}, {STRUCTURE_LABELS.name}, "
        f"{WHOLE_LABELS.name}",
    )
    parser.add_argument("--sheets", type=Path)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    rows = make(chosen.photos, chosen.output, None if chosen.draft else chosen.labels)
    if chosen.sheets:
        sheets(chosen.output, rows, chosen.sheets)
    sys.stdout.write(f"{len(rows)} edits of {len({row['photo'] for row in rows})} photos\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
