"""Open mutated photos by the ten thousand: each is opened or refused, nothing crashes.

Run: python -m tests.fuzz.photos --count 100000 --seed 0

Files of every kind are damaged in seeded ways (bytes flipped, numbers made extreme, parts cut,
doubled, swapped or taken from another kind) and opened as the program opens a user's file: in
the limited decoding child. Anything but a photo or a sentence is a failure, as is more than
10 s. Memory is the child's own limit; the highest that any child used is reported.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from inpaint_studio.errors import BadPhoto
from inpaint_studio.imaging.photo import limited, open_photo
from tests.benchmarks import photo_cases

LIMIT_S = 10.0
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000)


@dataclass
class Tally:
    """What came of the files."""

    opened: int = 0
    refused: int = 0
    ended: int = 0
    slowest_s: float = 0.0
    slowest: str = ""
    failures: list[str] = field(default_factory=list)
    by_kind: Counter[str] = field(default_factory=Counter)


def corpus(folder: Path) -> list[tuple[str, bytes]]:
    """Return (name, bytes) of every form of file, small so that many can be tried."""
    photo_cases.picture.cache_clear()
    whole = photo_cases.picture(96, 64)
    original = photo_cases.picture
    photo_cases.picture = lambda *_: whole  # type: ignore[assignment]
    try:
        made = []
        for index, case in enumerate(photo_cases.CASES):
            path = folder / f"seed{index}{case.suffix}"
            case.make(path)
            made.append((path.suffix, path.read_bytes()))
        return made
    finally:
        photo_cases.picture = original


def mutate(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Return a damaged copy; most damage near the start, where the headers are."""
    result = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        size = len(result)
        if size < 4:
            break
        near = chance.random() < 0.6
        at = chance.randrange(min(size, 600) if near else size)
        kind = chance.randrange(8)
        if kind == 0:
            result[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            result[at] = chance.randrange(256)
        elif kind == 2:
            width = chance.choice((1, 2, 4))
            value = chance.choice(EXTREMES) & (256**width - 1)
            order = chance.choice(("little", "big"))
            result[at : at + width] = value.to_bytes(width, order)
        elif kind == 3:
            del result[at:]
        elif kind == 4:
            del result[at : at + chance.randrange(1, 64)]
        elif kind == 5:
            part = result[at : at + chance.randrange(1, 256)]
            result[at:at] = part
        elif kind == 6:
            spot = chance.randrange(max(1, len(other)))
            part = bytearray(other[spot : spot + chance.randrange(1, 128)])
            result[at : at + len(part)] = part
        else:
            length = chance.randrange(1, 64)
            result[at : at + length] = bytes(chance.randrange(256) for _ in range(length))
    return bytes(result)


def try_one(path: Path, tally: Tally, name: str) -> None:
    """Open one file and note what came of it."""
    began = time.monotonic()
    try:
        photo = open_photo(path)
        tally.opened += 1
        if photo.pixels.shape[2] != 3 or photo.pixels.dtype.kind != "u":
            tally.failures.append(f"{name}: not a photo: {photo.pixels.shape}")
    except BadPhoto as error:
        tally.refused += 1
        tally.ended += "ended the decoder" in str(error) or "too long" in str(error)
        if not str(error).rstrip().endswith((".", ";", "!")):
            tally.failures.append(f"{name}: no sentence: {error}")
    except Exception as error:
        tally.failures.append(f"{name}: {type(error).__name__}: {error}")
    took = time.monotonic() - began
    if took > tally.slowest_s:
        tally.slowest_s, tally.slowest = took, name
    if took > LIMIT_S + 1.0:
        tally.failures.append(f"{name}: took {took:.1f} s")


def run(count: int, seed: int, folder: Path, *, first: int = 0, report_s: float = 30.0) -> Tally:
    """Try `count` files beginning with number `first`; each number always gives the same file."""
    seeds = corpus(folder)
    tally = Tally()
    whole = folder / f"whole{seeds[0][0]}"
    whole.write_bytes(seeds[0][1])
    open_photo(whole)  # a fresh decoder's start is not the first file's time
    said = time.monotonic()
    for number in range(first, first + count):
        chance = random.Random(f"{seed}/{number}")
        suffix, data = chance.choice(seeds)
        damaged = mutate(data, chance.choice(seeds)[1], chance)
        path = folder / f"fuzz{suffix}"
        path.write_bytes(damaged)
        before = tally.opened
        try_one(path, tally, f"{seed}/{number}{suffix}")
        tally.by_kind[f"{suffix} {'opened' if tally.opened > before else 'refused'}"] += 1
        if time.monotonic() - said > report_s:
            said = time.monotonic()
            done = f"{number + 1 - first} of {count}: {tally.opened} opened"
            ended = f"{tally.refused} refused, {tally.ended} decoders ended"
            print(f"{done}, {ended}", file=sys.stderr, flush=True)
    return tally


def main() -> int:
    """Return 1 when a file was neither opened nor refused, or took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tally = run(asked.count, asked.seed, Path(folder), first=asked.first)
    limited.end_children()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    print(f"{asked.count} mutated files, seed {asked.seed}, in {time.monotonic() - began:.0f} s "
          f"on {os.cpu_count()} cores")  # fmt: skip
    print(f"opened {tally.opened}, refused {tally.refused} (of these the decoder was ended for "
          f"{tally.ended}), failures {len(tally.failures)}")  # fmt: skip
    print(f"slowest {tally.slowest_s:.2f} s ({tally.slowest}); highest memory of a decoder "
          f"{peak:.2f} GB")  # fmt: skip
    for kind, number in sorted(tally.by_kind.items()):
        print(f"  {kind}: {number}")
    for failure in tally.failures[:50]:
        print(f"FAILED {failure}")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
