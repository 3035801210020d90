"""How big a model is in memory, read from its headers."""

from __future__ import annotations

import math
from pathlib import Path

from inpaint_studio.weights.tensors import read_header


def parameters_of(path: Path) -> tuple[int, int]:
    """Return (parameters of the whole model, parameters of its largest part).

    Only the plain variant is counted where a part has several.
    """
    if path.is_file():
        count = sum(math.prod(tensor.shape) for tensor in read_header(path))
        return count, count
    parts: dict[str, dict[str, int]] = {}
    for file in sorted(path.rglob("*.safetensors")):
        variant = ".".join(file.name.split(".")[1:-1])
        count = sum(math.prod(tensor.shape) for tensor in read_header(file))
        sizes = parts.setdefault(file.parent.name, {})
        sizes[variant] = sizes.get(variant, 0) + count
    largest = [max(sizes.values()) for sizes in parts.values()]
    return sum(largest), max(largest, default=0)
