"""Kernels where numba finds no folder it may write: compiled in memory, never a failed fill."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from inpaint_studio.engines import compiled


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
