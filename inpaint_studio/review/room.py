"""How much the machine can take on: workers side by side, and work nobody waits for."""

from __future__ import annotations

import os

RESERVE_MB = 1500.0
"""Memory left to the window, the system and everybody else."""
WORKER_MB = 900.0
"""What one worker takes on a photo of 12 MP (measured: 990 MB at most, 300 MB on small ones)."""


def workers_for(*, cores: int = 0, free: float = -1.0, each_mb: float = WORKER_MB) -> int:
    """Return how many workers run side by side without swapping: at least 1."""
    free = free_mb() if free < 0 else free
    return max(1, min(cores or core_count(), int((free - RESERVE_MB) // each_mb)))


def may_work_ahead(*, free: float = -1.0, load: float = -1.0, cores: int = 0) -> bool:
    """Return whether the machine idles enough for work that nobody waits for.

    free: MB; load: processes that want a core, over the last minute; below 0: as it is now.
    """
    free = free_mb() if free < 0 else free
    load = _load() if load < 0 else load
    return free > RESERVE_MB + WORKER_MB and load < (cores or core_count())


def free_mb() -> float:
    """Memory that can be had without swapping, in MB."""
    import psutil

    return float(psutil.virtual_memory().available) / 1e6


def core_count() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _load() -> float:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
