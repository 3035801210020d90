"""`inpaint-studio` and `python -m inpaint_studio`: the terminal, and the window it may open."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path


def _open_window(photos: Sequence[Path], library: Path) -> int:
    from inpaint_studio.ui.main import run

    return run(photos, library)


def main() -> int:
    # Before numpy loads, for the workers too, which inherit it: the program's matrices are small,
    # more threads only take its own cores.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

    from inpaint_studio.cli.main import main as run

    return run(open_window=_open_window)


if __name__ == "__main__":
    sys.exit(main())
