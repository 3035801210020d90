"""Where compiled kernels come from: numba with an on-disk cache that works from any installation.

Kernels live in `*_kernels` modules that import numba at their top; nobody imports those but
`kernels`, so a process that never fills never pays for numba. The cache goes to the user's cache
folder: an installed package may be read-only, and two versions must not share one. Where no folder
can be written, kernels are compiled anew in every process: slower to start, never a failed fill.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType

from inpaint_studio.paths import cache_dir

_kept = {"on disk": True}


def on_disk() -> bool:
    """Whether kernels being compiled now are to be kept on disk."""
    return _kept["on disk"]


def kernels(name: str) -> ModuleType:
    """Return the kernel module `inpaint_studio.<name>`, with numba's cache folder set up."""
    import numba

    if not os.environ.get("NUMBA_CACHE_DIR") and not numba.config.CACHE_DIR:
        numba.config.CACHE_DIR = str(cache_dir() / "numba")
    module = f"inpaint_studio.{name}"
    try:
        return importlib.import_module(module)
    except RuntimeError:  # numba's word for: no folder for the cache can be written
        if not on_disk():
            raise
        _kept["on disk"] = False
        return importlib.import_module(module)
