"""The layers of the house (README, Map) are kept by this test, not by good intentions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

HEAVY = ("torch", "torchvision", "diffusers", "transformers", "easyocr", "numba", "rapidocr")


def test_layers_hold_and_only_the_window_knows_qt() -> None:
    # In a process of its own: it configures logging and so mutes the loggers of other tests.
    code = "import sys; from importlinter.cli import lint_imports; "
    code += "sys.exit(lint_imports(config_filename='.importlinter', no_cache=True))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def _modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(chr(10).join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.split())


def test_window_process_never_loads_the_heavy_libraries() -> None:
    loaded = _modules_after("import inpaint_studio.ui.main, inpaint_studio.app")
    assert not loaded & set(HEAVY)


def test_terminal_starts_without_qt_and_without_the_heavy_libraries() -> None:
    loaded = _modules_after("from inpaint_studio.cli.main import build_parser; build_parser()")
    assert not loaded & {*HEAVY, "PySide6", "onnxruntime"}


def test_files_stay_short_enough_to_be_read() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / "inpaint_studio").rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 600
    }
    assert not long
