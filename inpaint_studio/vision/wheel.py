"""The text models that lie inside the `rapidocr` wheel, checked before they are loaded.

Only the files are used. The wheel's own front end keeps options from one call to the next,
shares them between threads, and reaches for the network when a file is missing or changed;
so the models are run directly, by explicit path, after their SHA-256 has been compared.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from inpaint_studio.errors import Missing


@dataclass(frozen=True, slots=True)
class WheelModel:
    """A file of the wheel: what it is for, its name, the sum it must have."""

    use: str
    file: str
    sha256: str


DETECTOR = WheelModel(
    "finding text",
    "PP-OCRv6_det_small.onnx",
    "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
)
RECOGNISER = WheelModel(
    "reading text",
    "PP-OCRv6_rec_small.onnx",
    "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
)


def folder() -> Path | None:
    """Return the wheel's models folder without importing the wheel; None: not installed."""
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / "models"


@cache
def _sum(path: Path, size: int, changed_ns: int) -> str:
    """SHA-256 of a file; size and time of change are part of the key of the cache."""
    del size, changed_ns
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def fault(model: WheelModel, where: Path | None = None) -> str:
    """Return why `model` cannot be used ("" when it can)."""
    home = where or folder()
    if home is None:
        return "The package rapidocr is not installed, so text cannot be read."
    path = home / model.file
    if not path.is_file():
        return f"The model for {model.use} ({model.file}) is missing from the rapidocr package."
    status = path.stat()
    if _sum(path, status.st_size, status.st_mtime_ns) != model.sha256:
        return (
            f"The model for {model.use} ({model.file}) is damaged or of another version: "
            "its SHA-256 is not the known one."
        )
    return ""


def session(
    model: WheelModel,
    *,
    threads: int = 0,
    where: Path | None = None,
    change: Callable[[Path], bytes] | None = None,
) -> Any:
    """Return an onnxruntime session of a checked model (of what `change` makes of its file).

    Raises: Missing: the file is not there or not the known one.
    """
    reason = fault(model, where)
    home = where or folder()
    if reason or home is None:
        raise Missing(f"{reason} Reinstall the program to mend it.")
    path = home / model.file
    return open_session(path if change is None else change(path), threads=threads)


def open_session(model: Path | bytes, *, threads: int = 0) -> Any:
    """Return an onnxruntime session on the CPU that reads nothing but `model`."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.enable_cpu_mem_arena = False
    if threads > 0:
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model if isinstance(model, bytes) else str(model),
        sess_options=options,
        providers=["CPUExecutionProvider"],
    )
