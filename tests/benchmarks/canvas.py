"""Real mouse strokes on big photos in the whole window: what arrives, how soon it is seen.

    xvfb-run -s "-screen 0 1600x1000x24" python tests/benchmarks/canvas.py [MEGAPIXELS…]

Needs an X display (a virtual one will do) and xdotool. Prints one JSON document: for each size and
zoom the moves sent and delivered and the time from event to flushed pixels; pan and zoom frames;
the longest stall of the event loop while opening, painting, running, undoing and saving; memory
beside the decoded photo.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
from PIL import Image
from PySide6.QtCore import QEvent, QObject, QPoint, QTimer
from PySide6.QtWidgets import QApplication

os.environ.setdefault("INPAINT_STUDIO_HOME", tempfile.mkdtemp(prefix="canvas-home-"))

MOVES = 250


def big_photo(megapixels: float, folder: Path) -> Path:
    """A photo of this size, mirrored copies of one that scikit-image ships."""
    from skimage import data

    tile = data.coffee()
    tile = np.concatenate([tile, tile[:, ::-1]], axis=1)
    tile = np.concatenate([tile, tile[::-1]], axis=0)
    width = round((megapixels * 1e6 * 1.5) ** 0.5)
    height = round(megapixels * 1e6 / width)
    many = (-(-height // tile.shape[0]), -(-width // tile.shape[1]), 1)
    pixels = np.tile(tile, many)[:height, :width]
    path = folder / f"photo-{megapixels:g}.jpg"
    Image.fromarray(pixels).save(path, quality=92, subsampling=0)
    return path


class Watch(QObject):
    """Times events: from a mouse move's arrival to the flush that shows it; gaps in the loop."""

    def __init__(self, app: QApplication, canvas: QObject) -> None:
        super().__init__()
        self.canvas = canvas
        self.moves = 0
        self.waits: list[float] = []
        self.frames: list[float] = []
        self.cpu: list[float] = []
        self.gap = 0.0
        self.own = 0.0
        self._last_own = time.thread_time()
        self._pending: list[float] = []
        self._cpu_began = 0.0
        self._last = time.perf_counter()
        self._beat = QTimer(self)
        self._beat.setInterval(2)
        self._beat.timeout.connect(self._tick)
        self._beat.start()

    def _tick(self) -> None:
        now, own = time.perf_counter(), time.thread_time()
        self.gap = max(self.gap, now - self._last - 0.002)
        self.own = max(self.own, own - self._last_own)
        self._last, self._last_own = now, own

    def reset(self) -> None:
        self.moves, self.waits, self.frames, self.cpu, self.gap = 0, [], [], [], 0.0
        self._pending = []
        self.own = 0.0
        self._last, self._last_own = time.perf_counter(), time.thread_time()

    def stall(self, name: str) -> dict[str, float]:
        """The longest gap in the event loop, and the most CPU the loop itself used at once."""
        return {
            f"stall_{name}_ms": round(self.gap * 1000, 1),
            f"stall_{name}_cpu_ms": round(self.own * 1000, 1),
        }

    def before(self, receiver: QObject, kind: QEvent.Type) -> float:
        now = time.perf_counter()
        self._cpu_began = time.thread_time()
        if receiver is self.canvas and kind in (QEvent.Type.MouseMove, QEvent.Type.Wheel):
            self.moves += 1
            self._pending.append(now)
        return now

    def after(self, kind: QEvent.Type, began: float) -> None:
        if kind == QEvent.Type.UpdateRequest:
            now = time.perf_counter()
            self.frames.append(now - began)
            self.cpu.append(time.thread_time() - self._cpu_began)
            self.waits += [now - at for at in self._pending]
            self._pending = []


class TimedApplication(QApplication):
    watch: Watch | None = None

    def notify(self, receiver: QObject, event: QEvent) -> bool:
        watch = self.watch
        if watch is None:
            return bool(super().notify(receiver, event))
        kind = event.type()
        began = watch.before(receiver, kind)
        done = bool(super().notify(receiver, event))
        watch.after(kind, began)
        return done


def until(done: Callable[[], bool], seconds: float = 120.0) -> bool:
    stop = time.monotonic() + seconds
    while not done() and time.monotonic() < stop:
        QApplication.processEvents()
        time.sleep(0.0005)
    return done()


def settle(seconds: float) -> None:
    stop = time.monotonic() + seconds
    until(lambda: time.monotonic() > stop, seconds + 1)


def xdotool(*words: object) -> None:
    """Run xdotool while the window's events go on."""
    process = subprocess.Popen(["xdotool", *map(str, words)])
    until(lambda: process.poll() is not None)
    settle(0.15)


def path_over(canvas: object, moves: int, *, inside: tuple[float, float] = (0.25, 0.75)) -> list:
    """Screen points of a wavy stroke over the middle of the canvas."""
    corner = canvas.mapToGlobal(QPoint(0, 0))
    width, height = canvas.width(), canvas.height()
    share = np.linspace(inside[0], inside[1], moves)
    x = corner.x() + share * width
    y = corner.y() + height * (0.5 + 0.15 * np.sin(share * 25))
    return [(int(a), int(b)) for a, b in zip(x, y)]


def drag(canvas: object, button: int, moves: int) -> None:
    points = path_over(canvas, moves)
    assert all(a != b for a, b in pairwise(points)), "a move that moves nothing"
    words: list[object] = ["mousemove", *points[0], "mousedown", button]
    for point in points:
        words += ["mousemove", *point, "sleep", 0.004]
    xdotool(*words, "mouseup", button)


def ms(values: list[float], share: float) -> float:
    return round(float(np.percentile(values, share)) * 1000, 2) if values else -1.0


def measure(app: TimedApplication, megapixels: float, folder: Path) -> dict[str, object]:
    from inpaint_studio.app import Studio
    from inpaint_studio.settings import Settings
    from inpaint_studio.ui.background import Collector
    from inpaint_studio.ui.shell import Shell

    photo = big_photo(megapixels, folder)
    settings = Settings.load()
    with Studio.open(folder / f"library-{megapixels:g}", settings=settings) as studio:
        shell = Shell(studio)
        shell.show()
        shell.start([])
        collector = Collector(shell)
        settle(2.0)
        workspace = shell.workspace("retouch")
        canvas, editor = workspace.canvas, workspace.editor
        app.watch = watch = Watch(app, canvas)
        process = psutil.Process()
        before = process.memory_info().rss
        watch.reset()
        began = time.perf_counter()
        shell.open_files([photo])
        until(lambda: editor.document is not None)
        opened = time.perf_counter() - began
        settle(3.0)
        result: dict[str, object] = {
            "megapixels": megapixels, "opened_s": round(opened, 2),
            **watch.stall("opening"),
        }  # fmt: skip
        shell.activateWindow()
        for name, zoom in (("fit", None), ("100", 1.0), ("800", 8.0)):
            canvas.fit() if zoom is None else canvas.zoom_to(zoom)
            settle(0.3)
            editor.set_radius(40 / canvas.view.zoom / 2)
            watch.reset()
            drag(canvas, 1, MOVES)
            result[f"stroke_{name}"] = {
                "sent": MOVES, "delivered": watch.moves, "p50_ms": ms(watch.waits, 50),
                "p95_ms": ms(watch.waits, 95), "stall_ms": round(watch.gap * 1000, 1),
            }  # fmt: skip
        result |= pan_and_zoom(canvas, watch)
        result |= edit(shell, workspace, watch, folder / f"out-{megapixels:g}.png")
        document = editor.document
        assert document is not None
        own = process.memory_info().rss - before - document.photo.pixels.nbytes
        result["memory_beside_photo_mb"] = round(own / 1e6)
        app.watch = None
        shell.close()
        collector.stop()
        shell.deleteLater()
        settle(0.3)
    return result


def pan_and_zoom(canvas: object, watch: Watch) -> dict[str, object]:
    canvas.zoom_to(1.0)
    settle(0.5)
    watch.reset()
    drag(canvas, 2, 200)
    pan = {
        "frames": len(watch.frames),
        "p95_ms": ms(watch.frames, 95),
        "cpu_p95_ms": ms(watch.cpu, 95),
    }
    canvas.fit()
    settle(0.5)
    watch.reset()
    at = path_over(canvas, 2)[0]
    xdotool("mousemove", *at, "keydown", "ctrl",
            *[word for _ in range(24) for word in ("click", 4, "sleep", 0.02)],
            *[word for _ in range(24) for word in ("click", 5, "sleep", 0.02)],
            "keyup", "ctrl")  # fmt: skip
    zoom = {
        "frames": len(watch.frames),
        "p95_ms": ms(watch.frames, 95),
        "cpu_p95_ms": ms(watch.cpu, 95),
    }
    return {"pan": pan, "zoom": zoom}


def edit(shell: object, workspace: object, watch: Watch, out: Path) -> dict[str, object]:
    """Stalls while a run, an undo and a save go on."""
    from inpaint_studio.imaging.photo import SaveOptions

    document = workspace.editor.document
    found: dict[str, object] = {}
    workspace.editor.clear_mask()
    workspace.canvas.zoom_to(1.0)
    workspace.editor.set_radius(30)
    drag(workspace.canvas, 1, 40)
    settle(0.5)
    watch.reset()
    shell.actions_.run("run.start")
    found["run_finished"] = until(lambda: document.history.cursor > 0, 200)
    settle(1.0)
    found |= watch.stall("running")
    watch.reset()
    began = time.perf_counter()
    shell.actions_.run("edit.undo")
    until(lambda: document.history.cursor == 0)
    found["undo_ms"] = round((time.perf_counter() - began) * 1000, 1)
    settle(0.5)
    found |= watch.stall("undo")
    shell.actions_.run("edit.redo")
    until(lambda: document.history.cursor == 1)
    settle(0.5)
    watch.reset()
    began = time.perf_counter()
    workspace.desk.save(out, SaveOptions(overwrite=True))
    until(lambda: document.saved, 200)
    found["saved_s"] = round(time.perf_counter() - began, 2)
    found |= watch.stall("saving")
    return found


def main() -> int:
    from inpaint_studio.settings import Settings
    from inpaint_studio.ui.main import make_application

    sizes = [float(word) for word in sys.argv[1:]] or [50.0]
    app = TimedApplication(sys.argv[:1])
    make_application(Settings.load())
    with tempfile.TemporaryDirectory(prefix="canvas-") as folder:
        found = [measure(app, size, Path(folder)) for size in sizes]
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
