"""Cut a stored network off at inner tensors, so that what it sees half-way can be asked for.

An ONNX file is a protobuf message: fields of (number, kind, bytes). Nodes come in the order they
run in. What comes after the last tensor wanted is left out, and with it its time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_GRAPH, _NODE, _OUTPUT, _NODE_OUTPUT = 7, 1, 12, 2
_BYTES = 2
_FIXED = {1: 8, 5: 4}
_FLOAT_TENSOR = b"\x12\x04\x0a\x02\x08\x01"
"""ValueInfo.type = tensor of float32, of whatever shape."""


def cut_at(model: bytes, tensors: Sequence[str]) -> bytes:
    """Return the model that ends with these tensors and gives them, in this order.

    Raises: ValueError: it is no ONNX model, or has no such tensors.
    """
    whole = bytearray()
    found = False
    for number, raw, inner in _fields(model):
        if number == _GRAPH and inner is not None:
            whole += _field(_GRAPH, _graph(inner, tensors))
            found = True
        else:
            whole += raw
    if not found:
        raise ValueError("the model has no graph")
    return bytes(whole)


def _graph(graph: bytes, tensors: Sequence[str]) -> bytes:
    missing = {name.encode() for name in tensors}
    out = bytearray()
    for number, raw, inner in _fields(graph):
        if number == _OUTPUT:
            continue
        if number == _NODE and inner is not None:
            if not missing:
                continue
            missing -= {value for name, _, value in _fields(inner) if name == _NODE_OUTPUT}
        out += raw
    if missing:
        raise ValueError(f"the model has no tensor {sorted(missing)[0].decode()}")
    for name in tensors:
        out += _field(_OUTPUT, _field(1, name.encode()) + _FLOAT_TENSOR)
    return bytes(out)


def _field(number: int, inner: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(inner)) + inner


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Yield (number, the field as it stands, its bytes or None where it is a number)."""
    at = 0
    while at < len(message):
        start = at
        key, at = _number(message, at)
        kind, inner = key & 7, None
        if kind == 0:
            _, at = _number(message, at)
        elif kind == _BYTES:
            length, at = _number(message, at)
            inner = message[at : at + length]
            at += length
        elif kind in _FIXED:
            at += _FIXED[kind]
        else:
            raise ValueError("this is no ONNX model")
        if at > len(message):
            raise ValueError("the model ends too early")
        yield key >> 3, message[start:at], inner


def _number(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise ValueError("this is no ONNX model")
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
