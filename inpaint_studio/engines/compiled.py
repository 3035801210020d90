"""Where compiled kernels come from: numba with an on-disk cache that works from any installation.

Kernels live in `*_kernels` modules that import numba at their top; nobody imports those but
`kernels`, so a process that never fills never pays for numba. The cache goes to the user's cache
folder: an installed package may be read-only. Its name holds the sum of all kernel sources: numba
itself looks only at a file's size and time, so a change in a kernel that another file's kernel
calls, or a package whose files all carry the same time, would run old machine code and break
"same recipe, same bytes". Where no folder can be written, kernels are compiled anew in every
process: slower to start, never a failed fill.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from pathlib import Path
from types import ModuleType

from inpaint_studio.paths import cache_dir

_kept = {"on disk": True}


def on_disk() -> bool:
    """Whether kernels being compiled now are to be kept on disk."""
    return _kept["on disk"]


def sources_sum(folder: Path = Path(__file__).parent) -> str:
    """Return what tells these kernels from another version's."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*_kernels.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def kernels(name: str) -> ModuleType:
    """Return the kernel module `inpaint_studio.<name>`, with numba's cache folder set up."""
    import numba

    if not os.environ.get("NUMBA_CACHE_DIR") and not numba.config.CACHE_DIR:
        numba.config.CACHE_DIR = str(cache_dir() / "numba" / sources_sum())
    module = f"inpaint_studio.{name}"
    try:
        return importlib.import_module(module)
    except RuntimeError:  # numba's word for: no folder for the cache can be written
        if not on_disk():
            raise
        _kept["on disk"] = False
        return importlib.import_module(module)
