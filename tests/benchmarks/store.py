"""What the store and the history cost: `python -m tests.benchmarks.store [--quick]`.

Prints a table. Each figure stands beside a bare reference taken in the same run (a write and
fsync of the same disk, a memory copy of the same pixels), as absolute times say little about
another machine.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from inpaint_studio.arrays import Pixels
from inpaint_studio.geometry import Box
from inpaint_studio.review.filters import Filter
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.session.delta import Pair
from inpaint_studio.session.history import History
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import ReviewRow


def timed(action: Callable[[], object], times: int) -> list[float]:
    """Milliseconds of each call, sorted."""
    found = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        found.append((time.perf_counter() - started) * 1e3)
    return sorted(found)


def line(what: str, found: list[float], reference: str = "") -> None:
    middle, late = found[len(found) // 2], found[min(len(found) - 1, int(len(found) * 0.95))]
    print(f"{what:<44} median {middle:8.2f} ms   p95 {late:8.2f} ms   {reference}")


def picture(megapixels: float) -> Pixels:
    """A photo-like picture: smooth colours, texture, grain."""
    from skimage import data, transform

    height = int((megapixels * 1e6 / 1.5) ** 0.5)
    small = transform.resize(data.astronaut(), (height // 8, height * 3 // 16))
    large = small.repeat(8, 0).repeat(8, 1).astype(np.float32)
    grain = np.random.default_rng(0).normal(0, 0.015, large.shape[:2]).astype(np.float32)
    return ((large + grain[..., None]).clip(0, 1) * 255).astype(np.uint8)


def bench_disk(folder: Path) -> None:
    def write() -> None:
        with (folder / "plain").open("wb") as file:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())

    line("reference: write 4 KB and fsync", timed(write, 100))


def bench_queue(folder: Path, count: int) -> None:
    gates, engines = ("seam", "texture", "letters", "colour"), ("flat", "patch", "text")
    with Library.open(folder / "queue") as library:
        queue = ReviewQueue(library)
        rows = [
            ReviewRow(
                item_id=f"i{n}", created=n, gate=gates[n % 4], engine=engines[n % 3],
                folder=f"/shop/{n % 50}", name=f"/shop/{n % 50}/sku-{n:06}.jpg",
                risk=n * 7919 % 1000 / 1000, sort=-(n * 7919 % 1000) / 1000, kind="text",
                data='{"summary": "' + "x" * 120 + '"}',
            )
            for n in range(count)
        ]  # fmt: skip
        started = time.perf_counter()
        for start in range(0, count, 10_000):
            queue.add(*rows[start : start + 10_000])
        print(f"{count} items queued in {time.perf_counter() - started:.1f} s")
        number = iter(range(count))

        def decide() -> None:
            item = f"i{next(number)}"
            queue.decide(item, "accept", reviewer="me")

        line(f"a durable decision among {count}", timed(decide, 200))
        line("the next item", timed(lambda: queue.next_after(None), 50))
        for which in (
            Filter(), Filter(gate="seam"), Filter(engine="patch"), Filter(folder="/shop/7"),
            Filter(text="0042"), Filter(state="accepted"),
        ):  # fmt: skip
            line(f"filter by {which.where()[0][:24]}", timed(partial(queue.index, which), 9))
        line("how many of each value", timed(queue.facets, 9))
        line("backup (others go on meanwhile)", timed(library.backup, 3))
    line("reopen", timed(lambda: Library.open(folder / "queue").close(), 5))


def bench_history(folder: Path, megapixels: float, edits: int) -> None:
    base = picture(megapixels)
    side = int((0.01 * base.shape[0] * base.shape[1]) ** 0.5)
    print(f"photo {base.shape[1]} x {base.shape[0]}, edits of {side} x {side} px (1 %)")
    dice = np.random.default_rng(1)
    with Library.open(folder / "history") as library:
        row = library.photos.remember("/p", "aa", shape=base.shape[:2])
        history = History(library, row.photo_id, base)
        commits = []
        for number in range(edits):
            left = int(dice.integers(0, base.shape[1] - side))
            top = int(dice.integers(0, base.shape[0] - side))
            box = Box(left, top, left + side, top + side)
            before = history.pixels[box.slices].copy()
            after = np.roll(before, (side // 3, side // 4), (0, 1))
            started = time.perf_counter()
            history.commit(f"edit {number}", [Pair(box, before, after)])
            commits.append((time.perf_counter() - started) * 1e3)
        spare = np.empty((side, side, 3), np.uint8)
        line("reference: copy 1 % of the pixels", timed(lambda: np.copyto(spare, before), 50))
        line("commit an edit of 1 %", sorted(commits))
        line("undo it", timed(history.undo, min(60, edits)))
        line("redo it", timed(history.redo, min(60, edits)))
        box = Box(0, 0, base.shape[1], base.shape[0])
        line("the original of one brush dab", timed(lambda: history.original(box.clamp(
            Box(900, 900, 1100, 1100))), 10))  # fmt: skip
        share = edits * base.nbytes / history.disk_bytes
        print(
            f"{edits} edits: {history.disk_bytes / 1e6:.0f} MB, "
            f"{history.disk_bytes / edits / 1e6:.2f} MB each; whole copies take {share:.0f} x"
        )
        started = time.perf_counter()
        again = History(library, row.photo_id, base)
        seconds = time.perf_counter() - started
        same = bool((again.pixels == history.pixels).all())
        print(f"reopened with {edits} edits in {seconds:.2f} s, identical: {same}")


def main() -> None:
    quick = "--quick" in sys.argv
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        bench_disk(folder)
        bench_queue(folder, 10_000 if quick else 100_000)
        bench_history(folder, 12 if quick else 50, 20 if quick else 200)


if __name__ == "__main__":
    main()
