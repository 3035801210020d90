"""Remove drawn overlays end to end, beside OCR boxes with Telea and with our patch engine.

    python -m tests.benchmarks.text_removal PHOTOS_FOLDER [--count 120] [--seed 1] [--out DIR]
        [--judge]

A run that was stopped goes on where it was, when started again with the same DIR and seed.
For each case, in one run: propose strokes, fill by the text engine, read again, and once more with
a wider mask where letters or specks of their ink are left, as the program does; "queued" is what
can still be read, shows a piece or specks in the letters' ink, could not be confirmed, or (with
--judge) what the gates refuse. The two others fill the reader's boxes. The text area of the
measures is the union of the reader's boxes and of the overlay, the same for all three.
A miss is what an eye sees of the overlay past the mask: pieces of 20 px and more that differ from
the truth by more than 2.3 ΔE and by more than the truth itself varies there, both smoothed over a
pixel. `--quick` leaves out boxes + patch, the dearest of the three.
`texture` is the mean difference of log2 local gradient energy (12 oriented bands) to the truth.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inpaint_studio.engines.base import FillRequest
from inpaint_studio.engines.table import engine
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.ink import ink_left
from inpaint_studio.gating.overlay import overlay_left
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import to_lab
from inpaint_studio.gating.semantic import letters
from inpaint_studio.gating.specks import specks_left
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.blend import composite
from inpaint_studio.imaging.color import from_linear, to_linear
from inpaint_studio.imaging.mask import grow, regions, ring, stroke_width
from inpaint_studio.imaging.tiled import PLACES
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.repeated import repeated_veil
from inpaint_studio.proposals.table import propose
from inpaint_studio.records import RunOptions
from inpaint_studio.routing.onward import SPECKS_PX, read_box, wider_px
from inpaint_studio.vision.lines import Line
from inpaint_studio.vision.readers import Readers
from tests.benchmarks.text_masks import cases
from tests.overlays import Overlay, as_jpeg

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]


METHODS = ("ours", "boxes+telea", "boxes+patch")


@dataclass
class Outcome:
    """One method on one case."""

    after: Rgb
    mask: Mask
    seconds: float
    queued: str = ""


def filled(photo: Rgb, mask: Mask, name: str) -> Rgb:
    """Fill a mask region by region with one engine, as the pipeline does."""
    after = photo.copy()
    maker = engine(name)
    pieces = regions(mask)
    is_repeated = name == "text" and len(pieces) >= PLACES
    veil = repeated_veil(photo, mask) if is_repeated else None
    for region in pieces:
        context = maker.context_px(region.mask)
        box = region.box.pad(context).clamp(Box.of_shape(photo.shape))
        core = mask[box.slices] & region.full_mask(mask.shape)[box.slices]
        other = mask[box.slices] & ~core
        edge = ring(core, 2) & ~other
        linear = to_linear(np.ascontiguousarray(photo[box.slices]))
        known = ~(core | other)
        recipe = maker.recipe(RunOptions(engine=name, kind="text", grow_px=0), core)
        request = FillRequest(
            linear=linear, mask=core, ring=edge, recipe=recipe, source=known, threads=1,
            under=linear if name == "text" else None,
            veil=veil.within(box) if veil is not None else None,
        )  # fmt: skip
        fill = from_linear(maker.fill(request, RunToken()).linear, np.dtype(np.uint8))
        after[box.slices] = composite(after[box.slices], fill, core, edge)
    return after


def ours(case: Overlay, readers: Readers) -> Outcome:
    start = time.perf_counter()
    mask = np.zeros(case.changed.shape, dtype=bool)
    queued = ""
    for item in propose(case.photo, ["text"], readers, RunToken()):
        here = item.full_mask(mask.shape)
        if not (here & case.touched).any():
            continue  # text that the photo itself shows
        mask |= here
        if not item.record.automatic:
            queued = "not confirmed by two witnesses"
    if not mask.any():
        return Outcome(case.photo, mask, time.perf_counter() - start, "nothing found")
    after = filled(case.photo, mask, "text")
    left = letters_left(case, after, mask, readers)
    if left.value > 0:
        more_px = wider_px(stroke_width(mask))
        mask = grow(mask, more_px, read_box(left.box, mask, more_px))
        after = filled(case.photo, mask, "text")
        if letters_left(case, after, mask, readers).value > 0:
            queued = "letters can still be read"
    seen = JudgeRequest(before=case.photo, after=after, mask=mask, kind="text")
    specks, is_beside = specks_left(seen), overlay_left(seen).value > 0
    if not queued and left.value == 0 and (specks.value > 0 or is_beside):
        for more_px in (wider_px(stroke_width(mask)),) if is_beside else SPECKS_PX:
            wider = grow(mask, more_px, None if is_beside else read_box(specks.box, mask, more_px))
            again = filled(case.photo, wider, "text")
            second = JudgeRequest(before=case.photo, after=again, mask=wider, kind="text")
            if specks_left(second).value == 0 and overlay_left(second).value == 0:
                after, mask, seen = again, wider, second
                break
    if not queued and overlay_left(seen).value > 0:
        queued = "an effect of the letters is left beside them"
    if not queued and specks_left(seen).value > 0:
        queued = "specks of the letters' ink are left"
    if not queued and ink_left(seen).value > 0:
        queued = "a piece in the letters' ink is left"
    return Outcome(after, mask, time.perf_counter() - start, queued)


def letters_left(case: Overlay, after: Rgb, mask: Mask, readers: Readers) -> Measured:
    """The letters the gates read on the edit that were there before."""
    request = JudgeRequest(before=case.photo, after=after, mask=mask, kind="text")
    left, _ = letters(request, readers.letters, grow(mask, request.ring_px))
    return left


def residue(case: Overlay, mask: Mask) -> int:
    """Return how many px of the overlay an eye sees past the mask."""
    truth = as_jpeg(case.behind, case.jpeg) if case.jpeg else case.behind
    near = grow(case.touched, 8) if case.jpeg else case.touched
    shown, bare = (cv2.GaussianBlur(to_lab(p), (0, 0), 1.0) for p in (case.photo, truth))
    mean = cv2.GaussianBlur(bare, (0, 0), 4.0)
    rough = np.sqrt(cv2.GaussianBlur(((bare - mean) ** 2).sum(axis=2), (0, 0), 4.0))
    gap = np.sqrt(((shown - bare) ** 2).sum(axis=2))
    seen = (gap > np.maximum(2.3, rough)) & near & ~grow(mask, 1)
    _, _, stats, _ = cv2.connectedComponentsWithStats(seen.astype(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    return int(areas[areas >= 20].sum())


def boxes(case: Overlay, lines: list[Line]) -> Mask:
    mask = np.zeros(case.changed.shape, dtype=bool)
    for line in lines:
        mask |= line.area_mask(mask.shape)
    return mask


def by_telea(case: Overlay, mask: Mask) -> Outcome:
    start = time.perf_counter()
    after = cv2.inpaint(case.photo, mask.astype(np.uint8), 3, cv2.INPAINT_TELEA)
    return Outcome(np.asarray(after, dtype=np.uint8), mask, time.perf_counter() - start)


def by_patch(case: Overlay, mask: Mask) -> Outcome:
    start = time.perf_counter()
    after = filled(case.photo, mask, "patch") if mask.any() else case.photo
    return Outcome(after, mask, time.perf_counter() - start)


def bands(photo: Rgb) -> NDArray[np.float32]:
    """log2 local energy of oriented derivatives, 3 scales x 4 directions."""
    light = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    planes = []
    for sigma, pool in ((0.8, 4), (1.6, 6), (3.2, 9)):
        fine = cv2.GaussianBlur(light, (0, 0), sigma)
        dx, dy = (cv2.Sobel(fine, cv2.CV_32F, *d, ksize=3) / 8 for d in ((1, 0), (0, 1)))
        for k in range(4):
            edge = np.cos(k * np.pi / 4) * dx + np.sin(k * np.pi / 4) * dy
            planes.append(np.log2(cv2.GaussianBlur(edge * edge, (0, 0), pool) + 0.5))
    return np.stack(planes, axis=-1)


def figures(case: Overlay, area: Mask, done: Outcome, left: float) -> dict[str, float]:
    """Measures of one method within the text area, and outside its mask."""
    error = (done.after.astype(np.float32) - case.behind.astype(np.float32))[area]
    square = float((error**2).mean()) if error.size else 0.0
    texture = np.abs(bands(done.after) - bands(case.behind)).mean(axis=-1)
    outside = ~grow(done.mask, 2)
    return {
        "psnr": float(10 * np.log10(255**2 / max(square, 1e-3))),
        "ssim": ssim(done.after, case.behind, area),
        "texture": float(texture[area].mean()),
        "changed_elsewhere": float((done.after != case.photo).any(axis=2)[outside].sum()),
        "letters": left,
        "seconds": done.seconds,
    }


def ssim(one: Rgb, two: Rgb, area: Mask) -> float:
    """Mean structural similarity over the area (Wang et al. 2004, Gaussian window)."""
    a = cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).astype(np.float32)
    b = cv2.cvtColor(two, cv2.COLOR_RGB2GRAY).astype(np.float32)
    blur = [cv2.GaussianBlur(x, (0, 0), 1.5) for x in (a, b, a * a, b * b, a * b)]
    va, vb, both = blur[2] - blur[0] ** 2, blur[3] - blur[1] ** 2, blur[4] - blur[0] * blur[1]
    top = (2 * blur[0] * blur[1] + 6.5) * (2 * both + 58.5)
    return float((top / ((blur[0] ** 2 + blur[1] ** 2 + 6.5) * (va + vb + 58.5)))[area].mean())


def letters_in(readers: Readers, photo: Rgb, area: Mask, scene: Mask) -> float:
    """Letters that can be read in the text area but belong to no text of the bare photo."""
    count = 0
    for line in readers.lines(photo):
        here = line.area_mask(area.shape)
        if (here & area).sum() > 0.3 * here.sum() and (here & scene).sum() < 0.3 * here.sum():
            count += len(line.text.strip())
    return float(count)


def accepted_by_gates(case: Overlay, done: Outcome) -> bool:
    from inpaint_studio import api

    return api.judge(case.photo, done.after, done.mask, kind="text").accepted


def run_case(
    case: Overlay, readers: Readers, *, judge: bool, quick: bool = False
) -> tuple[dict[str, dict[str, float]], str, Rgb]:
    """Return the figures by method, why it waits for a person ("": it does not), and a sheet:
    photo, mask, ours, truth."""
    lines = readers.lines(case.photo)
    scene = boxes(case, readers.lines(case.behind))
    box_mask = boxes(case, [n for n in lines if (n.area_mask(scene.shape) & case.touched).any()])
    done = ours(case, readers)
    if judge and not done.queued and not accepted_by_gates(case, done):
        done.queued = "the gates refused it"
    area = (box_mask | case.changed) if case.kind != "tiled" else case.changed | done.mask
    rows = {}
    outcomes = [done, by_telea(case, box_mask)]
    outcomes += [] if quick else [by_patch(case, box_mask)]
    for name, outcome in zip(METHODS, outcomes):
        left = letters_in(readers, outcome.after, area, scene) if name == "ours" else np.nan
        rows[name] = figures(case, area, outcome, left)
    read = case.changed & box_mask
    rows["ours"] |= {
        "covered": float(done.mask[case.changed].mean()),
        "covered_of_read": float(done.mask[read].mean()) if read.any() else float("nan"),
        "false_area": float((done.mask & ~case.touched).mean()),
        "false_seen": float((done.mask & ~case.shows).mean()),
        "queued": float(bool(done.queued)),
        "residue": float(residue(case, done.mask)),
    }
    masked = case.photo.copy()
    masked[done.mask] = (255, 0, 255)
    sheet = np.concatenate([case.photo, masked, done.after, case.behind], axis=1)
    return rows, done.queued, sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("text-removal"))
    parser.add_argument("--judge", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--part", default="0/1", help="1/4: the second of each four cases")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    readers = Readers(threads=1)
    known = options.out / f"cases-{options.seed}.jsonl"
    log = [json.loads(line) for line in known.read_text().splitlines()] if known.exists() else []
    done = {row["case"] for row in log}
    part, parts = (int(number) for number in options.part.split("/"))
    for case in cases(options.photos, options.count, options.seed)[part::parts]:
        if case.name in done:
            continue
        rows, why, sheet = run_case(case, readers, judge=options.judge, quick=options.quick)
        log.append({"case": case.name, "kind": case.kind, "queued": why, **rows})
        with known.open("a") as file:
            file.write(json.dumps(log[-1], default=float) + "\n")
        Image.fromarray(sheet).save(options.out / f"{case.name}.png")
        own = rows["ours"]
        print(
            f"{case.name:22s} texture {own['texture']:.3f} / "
            f"{rows['boxes+telea']['texture']:.3f} "
            f"covered {own['covered']:.3f} false {own['false_area']:.4f} "
            f"({own['false_seen']:.4f}) letters {own['letters']:.0f} "
            f"residue {own['residue']:.0f} {own['seconds']:.1f} s {why}",
            flush=True,
        )
    table: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in log:
        for name in (name for name in METHODS if name in row):
            for key, value in row[name].items():
                table[name][key].append(value)
    _summary(table, log)


def _summary(table: dict[str, dict[str, list[float]]], log: list[dict[str, object]]) -> None:
    keys = ["psnr", "ssim", "texture", "letters", "changed_elsewhere", "seconds"]
    print(f"\n{'method':12s} " + " ".join(f"{key:>17s}" for key in keys))
    for name, row in table.items():
        print(f"{name:12s} " + " ".join(f"{np.mean(row[key]):17.4f}" for key in keys))
    own = table["ours"]
    reads = np.array(own["covered_of_read"])
    reads = reads[~np.isnan(reads)]
    kept = np.array(own["queued"]) == 0
    clean = np.array(own["letters"])[kept] == 0
    missed = np.array(own["residue"]) > 0
    ratio = np.array(own["texture"])[kept] / np.array(table["boxes+telea"]["texture"])[kept]
    print(
        f"\nglyph pixels covered where read: mean {reads.mean():.4f}, "
        f">= .95 in {np.mean(reads >= 0.95):.1%}; over all: {np.mean(own['covered']):.4f}\n"
        f"false area: mean {np.mean(own['false_area']):.4%}, "
        f"<= .5 % in {np.mean(np.array(own['false_area']) <= 0.005):.1%}; without what a JPEG "
        f"shows of the overlay: {np.mean(own['false_seen']):.4%}, "
        f"<= .5 % in {np.mean(np.array(own['false_seen']) <= 0.005):.1%}\n"
        f"misses {missed.sum()}, of these accepted {(missed & kept).sum()}\n"
        f"accepted {kept.mean():.1%}; nothing readable left in {clean.mean():.1%} of them\n"
        f"texture error against boxes+telea, accepted: median {np.median(ratio):.3f}, "
        f"mean {ratio.mean():.3f}\n"
        f"cases {len(log)}"
    )


if __name__ == "__main__":
    main()
