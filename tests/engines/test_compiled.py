"""Kernels where numba finds no folder it may write: compiled in memory, never a failed fill."""

from __future__ import annotations

import sys

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
