"""Which graphics card could search patches; asked without torch where there is no driver."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from pathlib import Path

_DRIVERS = (
    "/dev/nvidiactl", "/dev/kfd", "/usr/lib/wsl/lib/libcuda.so.1", "C:/Windows/System32/nvcuda.dll",
)  # fmt: skip


@cache
def cuda_card() -> str:
    """Return the name of the card that torch calls cuda, "" when there is none."""
    if not any(Path(name).exists() for name in _DRIVERS):
        return ""
    try:
        import torch
    except ImportError:
        return ""
    return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else ""


def ran_on(device: str) -> dict[str, str]:
    """Return what bits depend on, for the fingerprint of a recipe that torch ran."""
    return {"device": device, "card": cuda_card(), "torch": metadata.version("torch")}
