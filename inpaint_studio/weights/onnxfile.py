"""Walks the outer shell of an ONNX file, so that a runtime is never handed rubbish.

Only the protobuf wire format is followed (field numbers of `onnx.ModelProto`: 1 = ir_version,
7 = graph, 8 = opset_import; `GraphProto`: 1 = node, 5 = initializer; `TensorProto`: 13 =
external_data). Nothing is decoded further; the runtime checks the rest when it is probed.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from inpaint_studio.errors import BadModel

DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc"})

Field = tuple[int, int, int, int]
"""(number, wire type, start, stop) of one field's payload."""


def check_onnx(path: Path) -> None:
    """Raises: BadModel: no ONNX model, cut short, needs code of its own, or reaches outside."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            fields = list(_fields(data, 0, len(data)))
        except (ValueError, IndexError) as error:
            raise BadModel(
                f"{path.name} is damaged or no ONNX model. Copy it again from where you got it."
            ) from error
        graphs = [field for field in fields if field[0] == 7 and field[1] == 2]
        if len(graphs) != 1 or not any(field[0] == 1 and field[1] == 0 for field in fields):
            raise BadModel(f"{path.name} is no ONNX model: it holds no graph.")
        try:
            for _, _, start, stop in (field for field in fields if field[0] == 8):
                _check_domain(path, data, start, stop)
            _check_graph(path, data, graphs[0])
        except (ValueError, IndexError) as error:
            raise BadModel(f"{path.name} is damaged: its graph cannot be read.") from error


def _check_domain(path: Path, data: mmap.mmap, start: int, stop: int) -> None:
    for number, _, first, last in _fields(data, start, stop):
        if number == 1:
            domain = data[first:last].decode("utf-8", "replace")
            if domain not in DOMAINS:
                raise BadModel(
                    f"{path.name} is refused: it needs operators of its own ({domain[:40]})."
                )


def _check_graph(path: Path, data: mmap.mmap, graph: Field) -> None:
    nodes = 0
    for number, wire, start, stop in _fields(data, graph[2], graph[3]):
        if number == 1 and wire == 2:
            nodes += 1
        if number == 5 and wire == 2:
            for inner, _, _, _ in _fields(data, start, stop):
                if inner == 13:
                    raise BadModel(
                        f"{path.name} is refused: it keeps its weights in other files. "
                        "Save it as one file."
                    )
    if nodes == 0:
        raise BadModel(f"{path.name} is damaged: its graph does nothing.")


def _fields(data: mmap.mmap, start: int, stop: int) -> Iterator[Field]:
    place = start
    while place < stop:
        key, place = _varint(data, place, stop)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise ValueError("field number 0")
        first = place
        if wire == 0:
            _, place = _varint(data, place, stop)
        elif wire == 1:
            place += 8
        elif wire == 2:
            length, place = _varint(data, place, stop)
            first = place
            place += length
        elif wire == 5:
            place += 4
        else:
            raise ValueError(f"wire type {wire}")
        if place > stop:
            raise ValueError("cut short")
        yield number, wire, first, place


def _varint(data: mmap.mmap, place: int, stop: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= stop:
            raise ValueError("cut short")
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("endless number")
