"""Gives big freed arrays back to the system at once, where the C library would keep them."""

from __future__ import annotations

import ctypes
import sys

_MMAP_THRESHOLD = -3
_BIG_BYTES = 1 << 20


def return_big_blocks() -> None:
    """Let every block over 1 MB be a mapping of its own, gone when it is freed.

    glibc raises that limit up to 32 MB by itself as big blocks come and go; a photo's levels,
    a run's crop or a saved strip then stay in the process as holes (70 MB at 100 MP). Does
    nothing where the C library is another one.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _BIG_BYTES)
    except (OSError, AttributeError):
        return
