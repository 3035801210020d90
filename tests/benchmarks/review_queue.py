"""The Review page over a long queue of big photos: opening, filtering, and key to next item.

    python -m tests.benchmarks.review_queue [--items 100000] [--keys 120] [--megapixels 24]

`key to painted` runs from the key press to the end of the paint event that shows the next item;
the decision has been committed to the disk in between. The reviewer waits `--pause` ms between
keys, in which the items ahead are made ready, as they would be.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--keys", type=int, default=120)
    parser.add_argument("--megapixels", type=float, default=24)
    parser.add_argument("--photos", type=int, default=12)
    parser.add_argument("--pause", type=int, default=1000, help="ms between keys")
    parser.add_argument("--shot", default="")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="review-queue-") as name:
        os.environ["INPAINT_STUDIO_HOME"] = str(Path(name) / "home")
        _run(args, Path(name))


def _run(args: argparse.Namespace, root: Path) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from inpaint_studio.app import Studio
    from inpaint_studio.review.filters import Filter
    from inpaint_studio.settings import Settings
    from inpaint_studio.ui.main import make_application
    from inpaint_studio.ui.shell import Shell
    from tests.benchmarks.review_library import build

    started = time.perf_counter()
    library = build(root, items=args.items, photos=args.photos, megapixels=args.megapixels,
                    edits=48)  # fmt: skip
    print(f"{args.items} items over {args.photos} photos of {args.megapixels:g} MP made in "
          f"{time.perf_counter() - started:.0f} s")  # fmt: skip
    settings = Settings.load()
    app = make_application(settings)
    studio = Studio(library, settings)
    shell = Shell(studio)
    shell.resize(1600, 960)
    shell.show()
    app.processEvents()
    began = time.thread_time()
    shell.workspace("review")
    built = time.thread_time() - began
    painted: list[float] = []
    page = shell.workspace("review")
    canvas = page.canvas  # type: ignore[attr-defined]
    paint = canvas.paintEvent

    def watched(event: object) -> None:
        paint(event)
        painted.append(time.perf_counter())

    canvas.paintEvent = watched

    def until_painted(since: float) -> float:
        while not painted or painted[-1] < since:
            app.processEvents()
        return painted[-1] - since

    began = time.perf_counter()
    shell.show_page("review")
    print(f"page built in {1000 * built:.0f} ms (CPU)")
    print(f"list opened and first item painted: {1000 * until_painted(began):.0f} ms")
    times = []
    filters = (
        Filter(gate="seam"),
        Filter(engine="flat", kind="logo"),
        Filter(text="SKU-0123"),
        Filter(order="group"),
        Filter(order="age"),
        Filter(folder="/night/hats"),
    )
    for which in filters:
        began, used = time.perf_counter(), time.thread_time()
        numbers = studio.queue.index(which)
        once = time.perf_counter() - began
        cpu_ms = 1000 * (time.thread_time() - used)
        times.append(once)
        words = {k: getattr(which, k) for k in ("gate", "engine", "kind", "text", "order")}
        print(f"  {len(numbers):6d} of {words}: {1000 * once:.0f} ms, CPU {cpu_ms:.0f}")
    print(f"filter, worst: {1000 * max(times):.0f} ms (the list; counts follow)")
    page.filters.search.setText("seam shoes")  # type: ignore[attr-defined]
    began, used = time.perf_counter(), time.thread_time()
    page.walk.reload()  # type: ignore[attr-defined]
    print(f"search typed to list and item painted: {1000 * until_painted(began):.0f} ms, "
          f"CPU {1000 * (time.thread_time() - used):.0f}")  # fmt: skip
    page.filters.search.setText("")  # type: ignore[attr-defined]
    page.walk.reload()  # type: ignore[attr-defined]
    QTest.qWait(3000)
    keys = [Qt.Key.Key_Space, Qt.Key.Key_Space, Qt.Key.Key_S, Qt.Key.Key_Space, Qt.Key.Key_Z,
            Qt.Key.Key_Right]  # fmt: skip
    spans: list[float] = []
    cpu: list[float] = []
    whole = 0
    for n in range(args.keys):
        QTest.qWait(args.pause)
        key = keys[n % len(keys)]
        before = page.row  # type: ignore[attr-defined]
        began, used = time.perf_counter(), time.thread_time()
        QTest.keyClick(shell, key)
        spans.append(until_painted(began))
        cpu.append(1000 * (time.thread_time() - used))
        row = page.row  # type: ignore[attr-defined]
        assert row is not None and row.item_id != before.item_id
        whole += page.shots.is_ready(row.item_id, whole=True)  # type: ignore[attr-defined]
    ms = 1000 * np.array(spans)
    print(f"key to next item painted, decision durable, {args.keys} keys: "
          f"p50 {np.percentile(ms, 50):.0f} ms, p95 {np.percentile(ms, 95):.0f} ms, "
          f"max {ms.max():.0f} ms; whole photo already there: {whole}/{args.keys}")  # fmt: skip
    print(f"of that, CPU of the window's thread (the same however busy the machine is): "
          f"p50 {np.percentile(cpu, 50):.0f} ms, p95 {np.percentile(cpu, 95):.0f} ms")  # fmt: skip
    for key in dict.fromkeys(keys):
        own = [span for n, span in enumerate(ms) if keys[n % len(keys)] == key]
        print(f"  {key.name}: p50 {np.median(own):.0f} ms, max {max(own):.0f} ms")
    events = studio.queue.events()
    print(f"events on the disk: {len(events)}")
    if args.shot:
        shell.grab().save(args.shot)
    shell.close()
    studio.close()
    QApplication.processEvents()


if __name__ == "__main__":
    main()
