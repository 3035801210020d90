"""Kernels where numba finds no folder it may write: compiled in memory, never a failed fill."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from inpaint_studio.engines import compiled
from inpaint_studio.jobs.token import RunToken


def test_no_writable_folder_is_no_failed_fill(monkeypatch: pytest.MonkeyPatch) -> None:
    from numba.core import caching

    name = "inpaint_studio.engines.membrane_kernels"
    kept = compiled.kernels("engines.membrane_kernels")
    monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys.modules["inpaint_studio.engines"], "membrane_kernels", kept)
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    monkeypatch.setitem(compiled._kept, "on disk", True)
    fresh = compiled.kernels("engines.membrane_kernels")
    assert fresh is not kept and not compiled.on_disk()
    field = np.zeros((5, 5, 1), np.float32)
    field[0] = 1
    unknown = np.zeros((5, 5), bool)
    unknown[2, 2] = True
    fresh.relax(field, np.zeros_like(field), unknown, 0.0, 2)
    assert np.isfinite(field).all()


def test_warming_up_leaves_nothing_to_compile() -> None:
    """Every kernel module's functions have been compiled for the types that fills use."""
    from inpaint_studio.engines.warmup import warm
    from tests.benchmarks.flat import drawn, fill, hole

    warm(RunToken())
    before = _signatures()
    rng = np.random.default_rng(0)
    for name in ("flat", "patch"):
        for grain in ("blurred", "jpeg75"):
            fill(drawn("gradient", grain, rng), hole("text", rng), name)
    assert _signatures() == before


def _signatures() -> dict[str, int]:
    return {
        f"{module}.{name}": len(kernel.signatures)
        for module in sorted(sys.modules)
        if module.startswith("inpaint_studio.engines.") and module.endswith("_kernels")
        for name, kernel in vars(sys.modules[module]).items()
        if hasattr(kernel, "signatures")
    }


def test_another_version_of_any_kernel_has_a_cache_of_its_own(tmp_path: Path) -> None:
    """numba looks at one file's size and time; here both stay and a called file changes."""
    (tmp_path / "a_kernels.py").write_text("one = 1")
    (tmp_path / "b_kernels.py").write_text("two = 2")
    before = compiled.sources_sum(tmp_path)
    assert before == compiled.sources_sum(tmp_path)
    (tmp_path / "b_kernels.py").write_text("two = 3")
    assert compiled.sources_sum(tmp_path) != before


@pytest.mark.slow
def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    """The program as installed: not from the checkout's folder, its cache where users' lie."""
    package = tmp_path / "inpaint_studio"
    shutil.copytree(Path(compiled.__file__).parents[1], package)
    code = (
        "import sys\n"
        "from inpaint_studio.engines.warmup import warm\n"
        "from inpaint_studio.jobs.token import RunToken\n"
        "warm(RunToken())\n"
        "names = [n for n in sys.modules if n.endswith('_kernels')]\n"
        "found = [k.stats for n in names for k in vars(sys.modules[n]).values()"
        " if hasattr(k, 'stats')]\n"
        "print(sum(sum(s.cache_misses.values()) for s in found),"
        " sum(sum(s.cache_hits.values()) for s in found))"
    )
    places = {"PYTHONPATH": str(tmp_path), "INPAINT_STUDIO_HOME": str(tmp_path / "home")}
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"} | places
    counted = [
        subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True,
            capture_output=True, text=True,
        ).stdout.split()
        for _ in range(2)
    ]  # fmt: skip
    assert int(counted[0][0]) > 0
    assert int(counted[1][0]) == 0 and int(counted[1][1]) > 0
