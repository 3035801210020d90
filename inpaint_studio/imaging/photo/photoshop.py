"""Photoshop image resources (8BIM): where JPEG and TIFF files keep IPTC and a resolution."""

from __future__ import annotations

import struct
from collections.abc import Iterator

IPTC_ID, RESOLUTION_ID = 0x0404, 0x03ED


def resources(block: bytes | None) -> Iterator[tuple[int, bytes]]:
    """Yield (id, data) of each resource; stops where the block is broken."""
    at = 0
    while block and at + 12 <= len(block) and block[at : at + 4] == b"8BIM":
        number = struct.unpack_from(">H", block, at + 4)[0]
        name_size = 1 + block[at + 6]
        at += 6 + name_size + (name_size & 1)
        if at + 4 > len(block):
            return
        size = struct.unpack_from(">I", block, at)[0]
        yield number, block[at + 4 : at + 4 + size]
        at += 4 + size + (size & 1)


def iptc_of(block: bytes | None) -> bytes | None:
    """Return the IPTC IIM records, or None."""
    return next((data for number, data in resources(block) if number == IPTC_ID and data), None)


def resolution_of(block: bytes | None) -> tuple[float, float] | None:
    """Return (x, y) in dots per inch (16.16 fixed point in the resource), or None."""
    for number, data in resources(block):
        if number == RESOLUTION_ID and len(data) >= 16:
            x, _, _, y = struct.unpack_from(">IHHI", data)
            return (x / 65536, y / 65536) if x and y else None
    return None


def block_of(iptc: bytes) -> bytes:
    """Return a resource block that holds these IPTC records."""
    return b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc + b"\0" * (len(iptc) & 1)
