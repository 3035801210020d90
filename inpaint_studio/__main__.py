"""`inpaint-studio` and `python -m inpaint_studio`."""

from __future__ import annotations

import sys


def main() -> int:
    from inpaint_studio.cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
