"""JPEG patches beside encoding anew, on real JPEG files.

Run: python -m tests.benchmarks.photo_jpeg FILE_OR_FOLDER... [--count N]

Every photo gets one edit (a piece of it is covered by another piece, about 1 % of its area) and
is saved three ways: by replacing the touched blocks, by encoding it anew with its own tables,
and by Pillow as most programs do (quality 95). All files are decoded by Pillow. Shown is how
many pixels outside the edit differ from the original, and how many beyond the touched blocks
plus one pixel: that number must be 0 for the patch, or the command ends with 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from inpaint_studio.imaging import jpeg_file
from inpaint_studio.imaging.photo import Photo, SaveOptions, open_photo, save_photo


@dataclass
class Line:
    """What one photo showed; shares are of the pixels outside the edit."""

    name: str
    coding: str
    method: str
    beyond: int
    patched: float
    anew: float
    pillow: float
    error: float
    size: float


def decoded(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def edit_of(photo: Photo, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return (edited pixels, mask): a soft-edged disc of about 1 % covered from elsewhere."""
    height, width = photo.shape
    chance = np.random.default_rng(seed)
    radius = max(6, round((0.01 * height * width / np.pi) ** 0.5))
    y, x = (int(chance.integers(radius, side - radius)) for side in photo.shape)
    rows, columns = np.ogrid[:height, :width]
    mask = (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
    shift = (height // 3, width // 3)
    pixels = photo.pixels.copy().astype(np.uint8)
    pixels[mask] = np.roll(photo.pixels, shift, axis=(0, 1))[mask]
    return pixels, mask


def beyond_blocks(photo: Photo, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (H, W), True outside all blocks that the mask touches, grown by one pixel.

    Computed here from the file's sampling, not taken from the program.
    """
    assert photo.path is not None
    frame = jpeg_file.frame_of(jpeg_file.segments(photo.path.read_bytes())[0])
    high = 8 * max(c[2] for c in frame.components)
    wide = 8 * max(c[1] for c in frame.components)
    turns = photo.source.orientation
    stored = Image.fromarray(mask.astype(np.uint8) * 255)
    back = {3: 3, 4: 4, 2: 2, 6: 8, 8: 6, 5: 5, 7: 7}.get(turns, 1)
    stored = turned(stored, back)
    array = np.asarray(stored) > 0
    grid = np.zeros((-(-array.shape[0] // high) * high, -(-array.shape[1] // wide) * wide), bool)
    grid[: array.shape[0], : array.shape[1]] = array
    blocks = grid.reshape(grid.shape[0] // high, high, grid.shape[1] // wide, wide).any(axis=(1, 3))
    touched = blocks.repeat(high, axis=0).repeat(wide, axis=1)
    grown = touched.copy()
    for shift in (-1, 1):
        grown |= np.roll(touched, shift, axis=0)
    wider = grown.copy()
    for shift in (-1, 1):
        wider |= np.roll(grown, shift, axis=1)
    cut = wider[: array.shape[0], : array.shape[1]]
    seen = np.asarray(turned(Image.fromarray(cut.astype(np.uint8) * 255), turns)) > 0
    return ~seen


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """Apply an EXIF orientation by Pillow."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.info["exif"] = exif.tobytes()
    image.getexif()[0x0112] = orientation
    return ImageOps.exif_transpose(image)


def measure(path: Path, folder: Path, seed: int) -> Line:
    photo = open_photo(path)
    pixels, mask = edit_of(photo, seed)
    edited = replace(photo, pixels=pixels)
    report = save_photo(edited, folder / "patch.jpg", SaveOptions(overwrite=True))
    save_photo(edited, folder / "anew.jpg", SaveOptions(overwrite=True, jpeg="reencode"))
    Image.fromarray(pixels).save(folder / "pillow.jpg", quality=95)
    before = decoded(path)
    outside = ~mask
    shares = []
    for name in ("patch", "anew", "pillow"):
        differs = (decoded(folder / f"{name}.jpg") != before).any(axis=2)
        shares.append(float(differs[outside].mean()))
    patched = decoded(folder / "patch.jpg")
    beyond = (patched != before).any(axis=2) & beyond_blocks(photo, mask)
    error = float(np.abs(patched[mask].astype(int) - pixels[mask]).mean())
    coding = photo.source.compression + (" progressive" if photo.source.is_progressive else "")
    size = (folder / "patch.jpg").stat().st_size / path.stat().st_size
    return Line(path.name, coding, report.method, int(beyond.sum()), *shares, error, size)


def main() -> int:
    """Print the table; return 1 when a patch changed a pixel beyond its blocks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("places", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=24)
    asked = parser.parse_args()
    found: list[Path] = []
    for place in asked.places:
        found += sorted(place.glob("*.jp*g")) if place.is_dir() else [place]
    head = ("photo", "coding", "saved by", "px beyond blocks + 1", "outside the edit: patch",
            "anew, own tables", "Pillow q95", "error in the edit", "file size")  # fmt: skip
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * 9)
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for index, path in enumerate(found[: asked.count]):
            line = measure(path, Path(folder), index)
            lines.append(line)
            print(f"| {line.name} | {line.coding} | {line.method} | {line.beyond} "
                  f"| {line.patched:.3%} | {line.anew:.1%} | {line.pillow:.1%} "
                  f"| {line.error:.2f} | {line.size:.3f} |", flush=True)  # fmt: skip
    means = [np.mean([getattr(line, key) for line in lines]) for key in
             ("patched", "anew", "pillow")]  # fmt: skip
    beyond = sum(line.beyond for line in lines)
    print(
        f"\n{len(lines)} photos; changed outside the edit, mean: patch {means[0]:.3%}, anew "
        f"{means[1]:.1%}, Pillow {means[2]:.1%}; beyond the touched blocks + 1 px: {beyond}"
    )
    return 1 if beyond or any(line.method != "patch" for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
