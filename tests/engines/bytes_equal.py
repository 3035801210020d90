"""Random recipes, holes and crops of photos: the same bytes for 1, 2 and 4 threads.

    python -m tests.engines.bytes_equal [COUNT]

The long form of `test_bytes.py`: prints every case that differs and the fewest significant bits.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from skimage import data

from inpaint_studio.engines.base import FillRequest, check_fill
from inpaint_studio.engines.table import engine
from inpaint_studio.imaging.blend import composite
from inpaint_studio.imaging.color import from_linear, to_linear
from inpaint_studio.imaging.mask import ring
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions
from tests.benchmarks.engines_cases import KINDS, draw

THREADS = (1, 2, 4)
PHOTOS = ("astronaut", "coffee", "chelsea", "rocket", "immunohistochemistry", "retina")
ENOUGH_PX = 300
"""Holes of fewer pixels cannot show how many bits their values have."""
_SHORTEST, _LONGEST = 72, 160


@dataclass(frozen=True)
class Drawn:
    """pixels: (H, W, 3) uint8 or uint16; the request's `threads` is to be replaced."""

    name: str
    pixels: np.ndarray
    request: FillRequest


def drawn(count: int, seed: int = 0) -> Iterator[Drawn]:
    """Yield `count` cases; engines take turns, so do 8 and 16 bits."""
    photos = {name: np.ascontiguousarray(getattr(data, name)()[..., :3]) for name in PHOTOS}
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        photo = photos[PHOTOS[rng.integers(len(PHOTOS))]]
        pixels = _crop(photo, rng, sixteen=number % 4 >= 2)
        kind = KINDS[rng.integers(len(KINDS))]
        # Masks are drawn for a larger frame, so strokes keep their width and bands get work.
        side = max(pixels.shape[:2])
        top, left = rng.integers(0, side // 2, 2)
        mask = draw(kind, (side * 2, side * 2), rng)
        mask = np.ascontiguousarray(mask[top:, left:][: pixels.shape[0], : pixels.shape[1]])
        mask[0, 0] = False
        mask[pixels.shape[0] // 2, pixels.shape[1] // 2 :][:9] = True
        name = ("patch", "flat")[number % 2]
        source = None
        if rng.random() < 0.3:
            source = ~mask
            source[:, : pixels.shape[1] // 4] = False
        options = RunOptions(seed=int(rng.integers(0, 2**31)))
        asked = FillRequest(
            linear=to_linear(pixels),
            mask=mask,
            ring=ring(mask, int(rng.integers(1, 5))),
            recipe=engine(name).recipe(options, mask),
            source=source,
        )
        yield Drawn(f"{number}: {name}, {kind}, {pixels.dtype}", pixels, asked)


def _crop(photo: np.ndarray, rng: np.random.Generator, *, sixteen: bool) -> np.ndarray:
    height, width = (int(n) for n in rng.integers(_SHORTEST, _LONGEST + 1, 2))
    top = int(rng.integers(0, photo.shape[0] - height + 1))
    left = int(rng.integers(0, photo.shape[1] - width + 1))
    crop = photo[top : top + height, left : left + width]
    if not sixteen:
        return np.ascontiguousarray(crop)
    # Resampling and grain fill the sixteen bits; a photo times 257 would hold eight.
    wide = crop.astype(np.float32) * 257
    small = cv2.resize(wide, (width * 7 // 9, height * 7 // 9), interpolation=cv2.INTER_LINEAR)
    back = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    back += rng.normal(0, 80, back.shape).astype(np.float32)
    return np.clip(np.rint(back), 0, 65535).astype(np.uint16)


def digests(case: Drawn) -> dict[int, int]:
    """Return the checksum of the fill by number of threads."""
    found = {}
    for threads in THREADS:
        asked = replace(case.request, threads=threads)
        fill = engine(asked.recipe.engine).fill(asked, RunToken())
        check_fill(fill, asked)
        found[threads] = zlib.crc32(fill.linear.tobytes())
    return found


def saved(case: Drawn) -> np.ndarray:
    """Return the crop as it would be saved, checking that nothing else changed."""
    asked = replace(case.request, threads=1)
    fill = engine(asked.recipe.engine).fill(asked, RunToken())
    after = composite(
        case.pixels, from_linear(fill.linear, case.pixels.dtype), asked.mask, asked.ring
    )
    outside = ~(asked.mask | asked.ring)
    assert after.dtype == case.pixels.dtype
    assert np.array_equal(after[outside], case.pixels[outside]), case.name
    return after


def significant_bits(values: np.ndarray) -> int:
    """Return how many bits of uint16 `values` (n,) carry something, 8 to 14.

    Every 8-bit level is cut in cells; values that were rounded to fewer bits, stretched or
    not, meet in fewer cells than as many values scattered at random would.
    """
    values = values[(values > 255) & (values < 65280)]  # clipped ones say nothing
    level, number = np.unique(values >> 8, return_counts=True)
    bits = 8
    for more in range(1, 7):
        cells = 1 << more
        taken = len(np.unique(values >> (8 - more)))
        expected = (cells * (1 - (1 - 1 / cells) ** number)).sum()
        if len(level) == 0 or taken < 0.85 * expected:
            break
        bits += 1
    return bits


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    differ, several, fewest = 0, 0, 14
    for case in drawn(count):
        found = digests(case)
        several += int(case.request.mask.sum() > 2048)
        if len(set(found.values())) > 1:
            differ += 1
            print(f"differs: {case.name}: {found}")
        after = saved(case)
        filled = after[case.request.mask]
        if after.dtype == np.uint16 and len(filled) >= ENOUGH_PX:
            bits = [significant_bits(filled[:, channel]) for channel in range(3)]
            fewest = min(fewest, *bits)
            if min(bits) < 12:
                print(f"{case.name}: {bits} bits in {len(filled)} px")
    print(f"{count} cases, {several} with work for several threads, {differ} differ")
    print(f"fewest significant bits of a 16-bit fill (14 at most are counted): {fewest}")


if __name__ == "__main__":
    main()
