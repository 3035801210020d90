"""How a decoding child and its owner talk: frames of JSON and raw bytes, never pickles.

A child that a malicious file has taken over can lie about pixels, but it cannot make the
program run anything: the owner parses JSON, checks every number, and copies samples.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict
from typing import Any, BinaryIO

import numpy as np

from inpaint_studio.errors import BadPhoto
from inpaint_studio.imaging.photo.head import Head
from inpaint_studio.imaging.photo.model import Source

LONGEST = 64 << 20
BLOBS = ("icc", "exif", "xmp", "iptc")


def send(file: BinaryIO, message: dict[str, Any], *blobs: bytes | memoryview) -> None:
    """Write one frame: length, JSON, then the blobs whose sizes the JSON lists."""
    message["sizes"] = [len(blob) for blob in blobs]
    text = json.dumps(message).encode()
    file.write(struct.pack("<I", len(text)) + text)
    for blob in blobs:
        file.write(blob)
    file.flush()


def receive(file: BinaryIO) -> dict[str, Any]:
    """Read one frame's JSON; its blobs come next. Raises: EOFError, ValueError."""
    size = struct.unpack("<I", exactly(file, 4))[0]
    if size > LONGEST:
        raise ValueError("a frame is too long")
    message = json.loads(exactly(file, size))
    if not isinstance(message, dict) or not isinstance(message.get("sizes"), list):
        raise ValueError("a frame is no table")
    return message


def exactly(file: BinaryIO, size: int) -> bytes:
    """Read `size` bytes. Raises: EOFError: the other side is gone."""
    data = bytearray(size)
    exactly_into(file, memoryview(data))
    return bytes(data)


def exactly_into(file: BinaryIO, view: memoryview) -> None:
    """Fill `view`. Raises: EOFError: the other side is gone."""
    at = 0
    while at < len(view):
        count = file.readinto(view[at:])  # type: ignore[attr-defined]
        if not count:
            raise EOFError("the decoder ended")
        at += count


def pack_head(head: Head) -> tuple[dict[str, Any], list[bytes]]:
    """Return a head as JSON and its blobs."""
    source = asdict(head.source)
    source.pop("icc")
    blobs = [getattr(head, name) for name in BLOBS]
    message = {
        "source": source,
        "dpi": head.dpi,
        "notes": list(head.notes),
        "has": [blob is not None for blob in blobs],
    }
    return message, [bytes(blob or b"") for blob in blobs]


def unpack_head(message: dict[str, Any], file: BinaryIO) -> Head:
    """Return the head of a frame. Raises: BadPhoto, EOFError, ValueError, TypeError."""
    sizes = [int(size) for size in message["sizes"]][: len(BLOBS)]
    if sum(sizes) > 4 * LONGEST:
        raise BadPhoto("The photo's metadata is larger than 256 MB; strip it first.")
    blobs = [exactly(file, size) for size in sizes]
    found = {name: blob if has else None for name, blob, has in zip(BLOBS, blobs, message["has"])}
    source = Source(**message["source"], icc=found["icc"])
    dpi = message["dpi"]
    return Head(
        source=source, dpi=(float(dpi[0]), float(dpi[1])) if dpi else None,
        notes=tuple(str(note) for note in message["notes"]), **found,
    )  # fmt: skip


def dtype_of(name: str) -> np.dtype[Any]:
    if name not in ("uint8", "uint16"):
        raise ValueError("samples are neither 8 nor 16 bit")
    return np.dtype(name)
