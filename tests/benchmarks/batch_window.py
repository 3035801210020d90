"""The window doing a batch by its own buttons, in a process that may be killed.

    python -m tests.benchmarks.batch_window FOLDER OUT LIBRARY [--masks DIR] [--budget cheap]

The first time it fills the form and presses Start, afterwards it opens the Batch page and
presses "Go on". One JSON document at the end, as the command line writes it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("library", type=Path)
    parser.add_argument("--masks", type=Path, default=None)
    parser.add_argument("--budget", default="auto")
    args = parser.parse_args()

    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtTest import QTest

    from inpaint_studio.app import Studio
    from inpaint_studio.settings import Settings
    from inpaint_studio.ui.background import Collector
    from inpaint_studio.ui.batch.workspace import BatchWorkspace
    from inpaint_studio.ui.main import make_application
    from inpaint_studio.ui.shell import Shell

    settings = Settings(values={"judge_budget": args.budget})
    app = make_application(settings)
    studio = Studio.open(args.library, settings=settings, wait_s=10.0)
    shell = Shell(studio)
    shell.show()
    collector = Collector(shell)
    shell.show_page("batch")
    page = shell.workspace("batch")
    assert isinstance(page, BatchWorkspace)
    peak = [0.0, 0.0]

    def heard(progress: object, _row: object) -> None:
        peak[0] = max(peak[0], progress.peak_mb)  # type: ignore[attr-defined]
        peak[1] = progress.per_minute or peak[1]  # type: ignore[attr-defined]

    def look() -> None:
        if not page.runner.is_running and page.start.isEnabled():
            app.quit()

    page.runner.progressed.connect(heard)
    if studio.library.batches.all():
        QTest.mouseClick(page.overview.pause, Qt.MouseButton.LeftButton)
    else:
        page.form.folder.set_path(args.folder)
        page.form.output.set_path(args.output)
        if args.masks is not None:
            page.form.way.part("masks").click()
            page.form.mask_folder.set_path(args.masks)
        QTest.mouseClick(page.start, Qt.MouseButton.LeftButton)
    watch = QTimer(shell)
    watch.setInterval(500)
    watch.timeout.connect(look)
    watch.start()
    app.exec()
    (batch,) = studio.library.batches.all()
    rows = studio.library.batches.items(batch.batch_id)
    json.dump(
        {
            "counts": studio.library.batches.counts(batch.batch_id),
            "per_minute": peak[1],
            "peak_mb": peak[0],
            "photos": [{"attempts": r.attempts, "message": r.message} for r in rows],
        },
        sys.stdout,
    )
    sys.stdout.flush()
    collector.stop()
    shell.close()
    studio.close()


if __name__ == "__main__":
    main()
