"""Reads the header of a safetensors file, strictly, without loading a tensor.

The format: 8 bytes with the length of a JSON header (little endian), the header, the data. Every
rule the format has is checked here, because the loader accepts some files that break them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.errors import BadModel

HEADER_LIMIT = 100_000_000
CHUNK = 2 << 20

BITS: dict[str, int] = {
    "F64": 64, "I64": 64, "U64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16, "BF16": 16,
    "I16": 16, "U16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "I8": 8, "U8": 8, "BOOL": 8,
}  # fmt: skip

# dtype -> (integer view, the exponent's bits): all of them set means NaN or infinite.
_EXPONENT: dict[str, tuple[type[np.unsignedinteger[Any]], int]] = {
    "F64": (np.uint64, 0x7FF0000000000000),
    "F32": (np.uint32, 0x7F800000),
    "F16": (np.uint16, 0x7C00),
    "BF16": (np.uint16, 0x7F80),
}


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a file: bytes `start..stop` of it, counted from the file's beginning."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


def read_header(path: Path) -> tuple[Tensor, ...]:
    """Return the tensors of a safetensors file in the order of their bytes.

    Raises: BadModel: the file is damaged in any way that its header and length can tell.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
        length = int.from_bytes(head, "little")
        if len(head) < 8 or length < 2 or length > HEADER_LIMIT or 8 + length > size:
            raise _damaged(path, "its header does not fit the file")
        raw = file.read(length)
    try:
        table = json.loads(raw, object_pairs_hook=_no_twins)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "its header cannot be read") from error
    if not isinstance(table, dict):
        raise _damaged(path, "its header is not a table")
    table.pop("__metadata__", None)
    tensors = sorted((_tensor(path, name, row, 8 + length) for name, row in table.items()),
                     key=lambda tensor: (tensor.start, tensor.stop))  # fmt: skip
    if not tensors:
        raise _damaged(path, "it holds no tensors")
    place = 8 + length
    for tensor in tensors:
        if tensor.start != place:
            raise _damaged(path, f"the tensor {tensor.name} overlaps another one or leaves a gap")
        place = tensor.stop
    if place != size:
        what = "is cut short" if place > size else "has bytes behind its last tensor"
        raise _damaged(path, f"it {what} ({size:,} bytes instead of {place:,})")
    return tuple(tensors)


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a name occurs twice")
    return table


def _tensor(path: Path, name: str, row: Any, offset: int) -> Tensor:
    try:
        dtype, shape, (start, stop) = row["dtype"], row["shape"], row["data_offsets"]
        whole = [*shape, start, stop]
    except (TypeError, KeyError, ValueError) as error:
        raise _damaged(path, f"the entry of the tensor {name} is incomplete") from error
    if any(type(value) is not int or value < 0 for value in whole) or dtype not in BITS:
        raise _damaged(path, f"the entry of the tensor {name} is not valid")
    count = 1
    for side in shape:
        count *= side
    if count * BITS[dtype] != (stop - start) * 8:
        raise _damaged(path, f"the tensor {name} has another size than its shape says")
    return Tensor(name, dtype, tuple(shape), offset + start, offset + stop)


def is_finite(chunk: bytes | memoryview, dtype: str) -> bool:
    """Return whether a run of whole numbers of `dtype` holds no NaN and no infinity."""
    if dtype in ("F8_E4M3", "F8_E5M2"):
        codes = np.frombuffer(chunk, np.uint8)
        top = 0x7F if dtype == "F8_E4M3" else 0x7C
        bad = (codes & 0x7F) == top if dtype == "F8_E4M3" else (codes & 0x7C) == top
        return not bool(bad.any())
    if dtype not in _EXPONENT:
        return True
    kind, bits = _EXPONENT[dtype]
    values: NDArray[Any] = np.frombuffer(chunk, kind)
    return int((values & kind(bits)).max(initial=kind(0))) != bits


def pieces(tensors: tuple[Tensor, ...]) -> Iterator[tuple[Tensor, int]]:
    """Yield (tensor, bytes to read) in file order, each a whole number of values."""
    for tensor in tensors:
        left = tensor.stop - tensor.start
        while left:
            step = min(left, CHUNK)
            yield tensor, step
            left -= step


def _damaged(path: Path, why: str) -> BadModel:
    return BadModel(f"{path.name} is damaged: {why}. Copy it again from where you got it.")
