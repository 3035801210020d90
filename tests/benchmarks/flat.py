"""Plain, gradient and vignette backgrounds: seams, the grain's spectrum and blocks, time.

    python -m tests.benchmarks.flat [--engine flat|patch] [--photos DIR] [--count N] [--out DIR]

Drawn backgrounds with seven kinds of grain, then (with `--photos`) 512 px crops of real photos in
which a drawn hole's surroundings are plain by the routing policy's own measure. One thread.

dB: how far the fill's power lies from the ring's, the worst of six bands of frequency and three
channels; rounding to the photo's depth is added to both, for it comes on top of any fill.
blocks: steps across the 8 px grid over steps elsewhere; phases: the noisiest of four demosaicing
phases over the quietest (green, variance); each in the ring and in the fill.
"""

from __future__ import annotations

import argparse
import io
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from inpaint_studio.engines.base import FillRequest
from inpaint_studio.engines.table import engine
from inpaint_studio.engines.warmup import warm
from inpaint_studio.imaging.blend import composite
from inpaint_studio.imaging.color import from_linear, to_linear
from inpaint_studio.imaging.mask import ring
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions
from inpaint_studio.routing.features import measure
from tests.benchmarks.engines_measures import SEAM_LIMIT, seam

SIDE = 512
LIGHTS = ("plain", "gradient", "vignette")
GRAINS = ("none", "white", "grey", "blurred", "demosaiced", "jpeg90", "jpeg75")
HOLES = ("blob", "rect", "text")
_WINDOW = 16
_ROUNDING = 1 / 12


@dataclass(frozen=True)
class Found:
    """seam in dE; db: NaN where the hole is too thin for a window or there is no grain."""

    seam: float
    db: float
    blocks: tuple[float, float]
    phases: tuple[float, float]
    milliseconds: float
    after: np.ndarray


def light(kind: str) -> np.ndarray:
    y, x = (np.mgrid[:SIDE, :SIDE] / SIDE - 0.5)[:, ..., None]
    if kind == "plain":
        return np.full((SIDE, SIDE, 3), (180.0, 170.0, 160.0))
    if kind == "gradient":
        return np.concatenate([150 + 90 * x + 50 * y, 140 + 70 * x + 60 * y, 130 + 90 * x], axis=2)
    return np.array([210.0, 205.0, 200.0]) * (1 - 0.9 * (x * x + y * y))


def grain(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Return (SIDE, SIDE, 3) grain of three levels' deviation."""
    if kind == "none":
        return np.zeros((SIDE, SIDE, 3))
    noise = rng.normal(0, 1, (SIDE, SIDE, 3))
    if kind == "grey":
        noise = np.repeat(noise[..., :1], 3, axis=2)
    elif kind == "blurred":
        noise = cv2.GaussianBlur(noise, (0, 0), 1.0)
    elif kind == "demosaiced":
        mosaic = rng.normal(8000, 300, (SIDE, SIDE)).astype(np.uint16)
        noise = cv2.cvtColor(mosaic, cv2.COLOR_BayerBG2RGB).astype(np.float64) - 8000
    return 3 * noise / noise.std()


def drawn(light_kind: str, grain_kind: str, rng: np.random.Generator) -> np.ndarray:
    values = light(light_kind) + grain(grain_kind, rng)
    photo = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    if grain_kind.startswith("jpeg"):
        file = io.BytesIO()
        Image.fromarray(photo).save(file, "JPEG", quality=int(grain_kind[4:]))
        photo = np.asarray(Image.open(file)).copy()
    return photo


def hole(kind: str, rng: np.random.Generator) -> np.ndarray:
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    left, top = (int(v) for v in rng.uniform(0.25, 0.45, 2) * SIDE)
    if kind == "blob":
        cv2.ellipse(canvas, (left + 60, top + 50), (72, 56), rng.uniform(0, 180), 0, 360, 1, -1)
    elif kind == "rect":
        canvas[top : top + 100, left : left + 170] = 1
    else:
        cv2.putText(canvas, "SALE 50%", (40, top + 60), cv2.FONT_HERSHEY_DUPLEX, 2.0, 1, 8)
    return canvas > 0


def fill(photo: np.ndarray, mask: np.ndarray, name: str) -> Found:
    """Fill a hole whose content is painted over, as the road does, and measure the result."""
    shown = photo.copy()
    shown[mask] = (255, 0, 255)
    filler = engine(name)
    asked = FillRequest(
        linear=to_linear(shown),
        mask=mask,
        ring=ring(mask, 2),
        recipe=filler.recipe(RunOptions(), mask),
        threads=1,
    )
    began = time.process_time()
    filled = filler.fill(asked, RunToken())
    took = time.process_time() - began
    after = composite(shown, from_linear(filled.linear, photo.dtype), mask, asked.ring)
    return _measured(after, mask, took)


def _measured(after: np.ndarray, mask: np.ndarray, took: float) -> Found:
    outer = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    inner = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    around, inside = (outer > 3) & (outer < 48), inner > 2
    values = after.astype(np.float64)
    detail = values - cv2.GaussianBlur(values, (0, 0), 8)
    powers = [_power(detail, part) for part in (inside, around)]
    db = float("nan")
    if all(power is not None for power in powers):
        one, two = (_bands(power) + _ROUNDING for power in powers)
        db = float(np.abs(10 * np.log10(one / two)).max())
    return Found(
        seam(after, mask),
        db,
        (_blocks(values, around), _blocks(values, inside)),
        (_phases(detail, around), _phases(detail, inside)),
        took * 1000,
        after,
    )


def _power(detail: np.ndarray, part: np.ndarray) -> np.ndarray | None:
    """Mean power of windows that lie wholly in `part`, Hann, in squared levels a bin."""
    whole = cv2.erode(
        np.pad(part, 1).astype(np.uint8), np.ones((_WINDOW, _WINDOW)), anchor=(0, 0), borderValue=0
    )[1:-1, 1:-1]
    places = np.argwhere(whole)[::23]
    if len(places) < 20:
        return None
    taper = np.hanning(_WINDOW + 1)[:_WINDOW]
    taper = np.outer(taper, taper) / np.sqrt(np.square(np.outer(taper, taper)).mean())
    total = np.zeros((_WINDOW, _WINDOW // 2 + 1, 3))
    for y, x in places:
        window = detail[y : y + _WINDOW, x : x + _WINDOW]
        window = (window - window.mean(axis=(0, 1))) * taper[..., None]
        total += np.square(np.abs(np.fft.rfft2(window, axes=(0, 1))))
    return total / len(places) / _WINDOW**2


def _bands(power: np.ndarray) -> np.ndarray:
    """Mean power (6, 3) of six rings of frequency from 0.09 to 0.71 cycles a pixel."""
    radius = np.hypot(np.fft.fftfreq(_WINDOW)[:, None], np.fft.rfftfreq(_WINDOW)[None])
    edges = np.linspace(0.09, 0.7072, 7)
    rings = [power[(radius >= a) & (radius < b)].mean(axis=0) for a, b in itertools.pairwise(edges)]
    return np.array(rings)


def _blocks(values: np.ndarray, part: np.ndarray) -> float:
    luma = values @ np.array([0.299, 0.587, 0.114])
    bend = np.abs(3 * (luma[:, 2:-1] - luma[:, 1:-2]) - (luma[:, 3:] - luma[:, :-3]))
    usable = part[:, 1:-2] & part[:, 2:-1]
    border = np.zeros_like(usable)
    border[:, 6::8] = True  # between columns 7 and 8 of a block
    on, off = bend[usable & border], bend[usable & ~border]
    return float(on.mean() / max(off.mean(), 1e-9)) if len(on) and len(off) else float("nan")


def _phases(detail: np.ndarray, part: np.ndarray) -> float:
    found = [detail[y::2, x::2, 1][part[y::2, x::2]].var() for y in (0, 1) for x in (0, 1)]
    return float(max(found) / max(min(found), 1e-9))


def crops(photos: Path, count: int, seed: int = 5) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield (photo, crop, hole) where the ground is plain by the routing policy's measure."""
    files = sorted(p for p in photos.rglob("*") if p.suffix.lower() in (".jpg", ".png"))
    rng = np.random.default_rng(seed)
    made = 0
    for index in itertools.chain(*(rng.permutation(len(files)) for _ in range(8))):
        whole = np.asarray(Image.open(files[index]).convert("RGB"))
        if min(whole.shape[:2]) < SIDE:
            continue
        for _ in range(30):
            top, left = (int(rng.integers(0, n - SIDE + 1)) // 8 * 8 for n in whole.shape[:2])
            crop = np.ascontiguousarray(whole[top : top + SIDE, left : left + SIDE])
            mask = hole(HOLES[made % 3], rng)
            seen = measure(crop, mask, kind="painted", intent="remove", prompt="", free_mb=4096.0)
            if seen.smooth_residual <= 3.0 and seen.edge_density <= 0.02:
                made += 1
                yield files[index].stem, crop, mask
                break
        if made >= count:
            return


def line(label: str, found: list[Found]) -> str:
    """One row of the table."""
    seams = np.mean([f.seam > SEAM_LIMIT for f in found])
    dbs = [f.db for f in found if np.isfinite(f.db)]
    pairs = []
    for pick in ("blocks", "phases"):
        ratios = np.nanmean([getattr(f, pick) for f in found], axis=0)
        pairs.append(f"{ratios[0]:6.2f}{ratios[1]:6.2f}")
    db = f"{max(dbs):6.2f}{np.median(dbs):7.2f}" if dbs else "     –      –"
    times = np.median([f.milliseconds for f in found])
    worst = max(f.seam for f in found)
    return f"{label:24}{seams:7.2f}{worst:7.2f}{db}  {pairs[0]}  {pairs[1]}{times:7.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", default="flat", choices=("flat", "patch"))
    parser.add_argument("--photos", type=Path, help="folder of real photos, 512 px or more")
    parser.add_argument("--count", type=int, default=30, help="crops of real photos")
    parser.add_argument("--out", type=Path, help="folder for the pictures")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    warm(RunToken())
    rng = np.random.default_rng(3)
    fill(drawn("plain", "blurred", rng), hole("rect", rng), asked.engine)  # compiles
    head = f"{'ground':24}{'seams':>7}{'worst':>7}{'dB max':>6}{'median':>7}"
    print(f"{asked.engine}\n{head}  {'blocks':>12}  {'phases':>12}{'ms':>7}")
    everything: list[Found] = []
    for kind in GRAINS:
        for ground in LIGHTS:
            found = []
            for shape in HOLES:
                made = fill(drawn(ground, kind, rng), hole(shape, rng), asked.engine)
                found.append(made)
                _keep(asked.out, f"{ground}-{kind}-{shape}", made.after)
            everything += found
            print(line(f"{ground}, {kind}", found), flush=True)
    print(line("all drawn", everything))
    if asked.photos:
        real = []
        for name, crop, mask in crops(asked.photos, asked.count):
            real.append(fill(crop, mask, asked.engine))
            print(line(name[:23], real[-1:]), flush=True)
            _keep(asked.out, f"real-{name}", real[-1].after)
        print(line(f"{len(real)} real crops", real))


def _keep(folder: Path | None, name: str, picture: np.ndarray) -> None:
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / f"{name}.png")


if __name__ == "__main__":
    main()
