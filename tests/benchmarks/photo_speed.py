"""How fast photos open and save, and in what memory, beside Pillow and OpenCV in one run.

Run: python -m tests.benchmarks.photo_speed [--large]

Files: a JPEG of 24 MP and a TIFF of 50 MP with 16 bits (tiled from a real photo that ships with
scikit-image, so that no two tiles are alike), with `--large` also 100 MP with 8 and 16 bits.
Every measurement runs in a process of its own, so that memory is that step's alone (the
decoding child's included, what the interpreter took before not) and can be held against what
the program states beforehand.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def picture(width: int, height: int, *, deep: bool) -> NDArray[Any]:
    """Return a photo of this size: a real one tiled, its brightness and grain varied."""
    from skimage import data

    tile = data.coffee()
    rows, columns = -(-height // tile.shape[0]), -(-width // tile.shape[1])
    chance = np.random.default_rng(4)
    out = np.empty((height, width, 3), np.uint16 if deep else np.uint8)
    for row in range(rows):
        for column in range(columns):
            part = out[
                row * tile.shape[0] : (row + 1) * tile.shape[0],
                column * tile.shape[1] : (column + 1) * tile.shape[1],
            ]
            gain = 0.7 + 0.6 * chance.random()
            grain = chance.normal(0, 2.0, part.shape)
            scale = 257.0 if deep else 1.0
            own = tile[: part.shape[0], : part.shape[1]] * gain + grain
            part[:] = np.clip(own * scale, 0, 65535 if deep else 255)
    return out


def edit(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return the photo with 1 % of it changed."""
    changed = pixels.copy()
    high, wide = pixels.shape[0] // 10, pixels.shape[1] // 10
    changed[high : 2 * high, wide : 2 * wide] = changed[high : 2 * high, wide : 2 * wide][::-1]
    return changed


def ours(path: Path, out: Path) -> dict[str, float]:
    from inpaint_studio.imaging.photo import (
        SaveOptions,
        estimate_open_mb,
        open_photo,
        save_photo,
        save_statement,
        thumbnail,
    )

    result = {"stated_open_mb": estimate_open_mb(path)}
    before = peak_mb()
    result |= timed("open", lambda: open_photo(path, 1000))
    result["open_mb"] = peak_mb() - before
    began = time.perf_counter()
    thumbnail(path, 256)
    result["thumbnail_s"] = time.perf_counter() - began
    photo = open_photo(path, 1000)
    photo = replace(photo, pixels=edit(photo.pixels))
    held = photo.pixels.nbytes / 1e6
    options = SaveOptions(overwrite=True)
    result["stated_save_mb"] = save_statement(photo, out, options).estimate_mb + 2 * held
    result |= timed("save", lambda: save_photo(photo, out, options))
    result["save_mb"] = peak_mb() - before
    return result


def pillow(path: Path, out: Path) -> dict[str, float]:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    before = peak_mb()
    result = timed("open", lambda: np.asarray(Image.open(path)))
    pixels = edit(np.asarray(Image.open(path)))
    more = {"quality": 95} if path.suffix == ".jpg" else {"compression": "tiff_adobe_deflate"}
    result |= timed("save", lambda: Image.fromarray(pixels).save(out, **more))
    return result | {"save_mb": peak_mb() - before, "bits": 8.0 * pixels.itemsize}


def opencv(path: Path, out: Path) -> dict[str, float]:
    import cv2

    cv2.setNumThreads(2)
    before = peak_mb()
    result = timed("open", lambda: cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
    pixels = edit(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
    result |= timed("save", lambda: cv2.imwrite(str(out), pixels))
    return result | {"save_mb": peak_mb() - before, "bits": 8.0 * pixels.itemsize}


def timed(name: str, work: Callable[[], object]) -> dict[str, float]:
    """Return the better of two runs, in seconds."""
    best = float("inf")
    for _ in range(2):
        began = time.perf_counter()
        done = work()
        best = min(best, time.perf_counter() - began)
        del done
    return {f"{name}_s": best}


def peak_mb() -> float:
    """Return the peak memory of this process and of its decoding child, in MB."""
    import psutil

    own = Path("/proc/self/status").read_text()
    total = int(own.split("VmHWM:")[1].split()[0]) / 1e3
    for child in psutil.Process().children():
        text = Path(f"/proc/{child.pid}/status").read_text()
        total += int(text.split("VmHWM:")[1].split()[0]) / 1e3
    return total


WAYS = {"ours": ours, "Pillow": pillow, "OpenCV": opencv}


def make(path: Path, width: int, height: int, *, deep: bool) -> None:
    pixels = picture(width, height, deep=deep)
    if path.suffix == ".jpg":
        from PIL import Image

        Image.fromarray(pixels).save(path, quality=92, subsampling=2)
        return
    import tifffile

    tifffile.imwrite(path, pixels, photometric="rgb", compression="zlib", predictor=True,
                     rowsperstrip=64)  # fmt: skip


FILES = {
    "24 MP JPEG": ("a.jpg", 6000, 4000, False),
    "50 MP TIFF 16 bit": ("b.tif", 8192, 6144, True),
    "100 MP JPEG": ("c.jpg", 11600, 8700, False),
    "100 MP TIFF 8 bit": ("d.tif", 11600, 8700, False),
    "100 MP TIFF 16 bit": ("e.tif", 11600, 8700, True),
}


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        way, path, out = asked.one
        print(json.dumps(WAYS[way](Path(path), Path(out))))
        return 0
    print("| photo | way | open s | save s | peak MB | stated MB (open; edit and save) |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, (file, width, height, deep) in FILES.items():
            if name.startswith("100") and not asked.large:
                continue
            path = Path(folder) / file
            make(path, width, height, deep=deep)
            for way in WAYS:
                row(name, way, path, Path(folder) / f"out{path.suffix}")
            path.unlink()
    return 0


def row(name: str, way: str, path: Path, out: Path) -> None:
    command = [sys.executable, "-m", "tests.benchmarks.photo_speed", "--one", way, path, out]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"| {name} | {way} | failed: {done.stderr.strip().splitlines()[-1][:60]} | | | |")
        return
    found = json.loads(done.stdout)
    stated = "–"
    if "stated_open_mb" in found:
        stated = (f"{found['stated_open_mb']:.0f} (took {found['open_mb']:.0f}); "
                  f"{found['stated_save_mb']:.0f}")  # fmt: skip
    way += f" ({found['bits']:.0f} bit)" if "bits" in found else ""
    print(f"| {name} | {way} | {found['open_s']:.2f} | {found['save_s']:.2f} "
          f"| {found['save_mb']:.0f} | {stated} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
