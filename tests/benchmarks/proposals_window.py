"""Proposals for a big photo in the whole window: seconds, memory, the longest stall.

    python -m tests.benchmarks.proposals_window PHOTO [--kind text] [--shot OUT.png]

The stall is the longest gap in the window's event loop while the worker looks; memory is the
worker's peak. `time_left_shown`: how many different words on the time left the window showed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("INPAINT_STUDIO_HOME", tempfile.mkdtemp(prefix="proposals-home-"))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import psutil

from tests.benchmarks.canvas import TimedApplication, Watch, settle, until


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--kind", default="text")
    parser.add_argument("--shot", type=Path)
    options = parser.parse_args()

    from inpaint_studio.app import Studio
    from inpaint_studio.settings import Settings
    from inpaint_studio.ui.background import Collector
    from inpaint_studio.ui.main import make_application
    from inpaint_studio.ui.shell import Shell

    settings = Settings.load()
    app = TimedApplication(sys.argv[:1])
    make_application(settings)
    with tempfile.TemporaryDirectory() as folder, Studio.open(Path(folder), settings=settings) as s:
        shell = Shell(s)
        shell.resize(1500, 940)
        shell.show()
        shell.start([])
        collector = Collector(shell)
        settle(2.0)
        workspace = shell.workspace("retouch")
        app.watch = watch = Watch(app, workspace.canvas)
        shell.open_files([options.photo])
        until(lambda: workspace.editor.document is not None)
        settle(3.0)
        ended: list[int] = []
        left: set[float | None] = set()
        peak = [0.0]

        def look() -> bool:
            for task in workspace.runner.tasks:
                left.add(getattr(task.progress, "seconds_left", None))
                peak[0] = max(peak[0], task.job.peak_mb if task.job is not None else 0.0)
            return bool(ended)

        workspace.runner.proposed.connect(lambda _task, found: ended.append(len(found)))
        watch.reset()
        began = time.perf_counter()
        shell.actions_.run(f"mask.propose_{options.kind}")
        until(look, 300)
        seconds = time.perf_counter() - began
        settle(1.0)
        shape = workspace.editor.document.photo.shape
        print(
            json.dumps(
                {
                    "megapixels": round(shape[0] * shape[1] / 1e6, 1),
                    "proposals": ended, "seconds": round(seconds, 1), **watch.stall("proposing"),
                    "worker_peak_mb": round(peak[0]), "time_left_shown": len(left - {None}),
                    "window_mb": round(psutil.Process().memory_info().rss / 1e6),
                }
            )
        )  # fmt: skip
        if options.shot:
            shell.grab().save(str(options.shot))
        app.watch = None
        shell.close()
        collector.stop()
        shell.deleteLater()
        settle(0.3)
    return 0


if __name__ == "__main__":
    sys.exit(main())
