"""`./studio test`: style, types, then the tests. Exits non-zero when any of them fails."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

CHECKS: tuple[tuple[str, ...], ...] = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy", "--strict", "inpaint_studio"),
)


def main(arguments: Sequence[str]) -> int:
    """Run the checks and pytest; with arguments, only pytest with them."""
    failed: list[str] = []
    if not arguments:
        for check in CHECKS:
            if subprocess.run([sys.executable, "-m", *check], check=False).returncode:
                failed.append(" ".join(check))
    tests = [sys.executable, "-m", "pytest", *(arguments or ["-m", "not slow", "-n", "2"])]
    code = subprocess.run(tests, check=False).returncode
    for check_name in failed:
        print(f"FAILED: {check_name}", file=sys.stderr)
    return code or int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
