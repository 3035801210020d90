"""Where compiled kernels come from: numba with an on-disk cache that works from any installation.

Kernels live in `*_kernels` modules that import numba at their top; nobody imports those but
`kernels`, so a process that never fills never pays for numba. The cache goes to the user's cache
folder: an installed package may be read-only, and two versions must not share one.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType

from inpaint_studio.paths import cache_dir


def kernels(name: str) -> ModuleType:
    """Return the kernel module `inpaint_studio.<name>`, with numba's cache folder set up."""
    import numba

    if not os.environ.get("NUMBA_CACHE_DIR") and not numba.config.CACHE_DIR:
        numba.config.CACHE_DIR = str(cache_dir() / "numba")
    return importlib.import_module(f"inpaint_studio.{name}")
