"""The chunks of a PNG file (ISO/IEC 15948): read them, keep them, put pixels between them."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from inpaint_studio.errors import BadPhoto

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEY = b"XML:com.adobe.xmp"
PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"bKGD", b"hIST", b"sBIT")
"""Chunks that belong to the pixels as stored; the encoder writes its own."""
LIMIT = 64 << 20
"""Most bytes a compressed profile or text may unfold to."""


@dataclass(frozen=True, slots=True)
class Chunk:
    name: bytes
    data: bytes

    def to_bytes(self) -> bytes:
        check = zlib.crc32(self.name + self.data)
        return struct.pack(">I", len(self.data)) + self.name + self.data + struct.pack(">I", check)


@dataclass(frozen=True, slots=True)
class Header:
    width: int
    height: int
    bits: int
    color: int
    interlace: int

    @property
    def mode(self) -> str:
        return {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}.get(self.color, "")


def chunks(data: bytes) -> list[Chunk]:
    """Return all chunks but the pixel data (IDAT stands once, empty, where the pixels are).

    Raises: BadPhoto: the chain of chunks is broken or ends early.
    """
    found: list[Chunk] = []
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            break
        if name == b"IDAT":
            if not found or found[-1].name != b"IDAT":
                found.append(Chunk(b"IDAT", b""))
        else:
            found.append(Chunk(name, bytes(data[at + 8 : at + 8 + length])))
        if name == b"IEND":
            return found
        at += 12 + length
    raise BadPhoto("The PNG breaks off before its end; take it from its source again.")


def header_of(found: list[Chunk]) -> Header:
    """Return the picture's header. Raises: BadPhoto."""
    if found and found[0].name == b"IHDR" and len(found[0].data) == 13:
        width, height, bits, color, _, _, interlace = struct.unpack(">IIBBBBB", found[0].data)
        header = Header(width, height, bits, color, interlace)
        if header.mode and bits in (1, 2, 4, 8, 16):
            return header
    raise BadPhoto("The PNG has no usable header; take it from its source again.")


def unfold(data: bytes) -> bytes | None:
    """Inflate a compressed chunk, never to more than LIMIT bytes; None when it is broken."""
    engine = zlib.decompressobj()
    try:
        result = engine.decompress(data, LIMIT)
    except zlib.error:
        return None
    return result if engine.eof else None


def icc_of(found: list[Chunk]) -> bytes | None:
    for chunk in found:
        if chunk.name == b"iCCP":
            name_end = chunk.data.find(b"\0")
            return unfold(chunk.data[name_end + 2 :]) if 0 < name_end < 80 else None
    return None


def icc_chunk(icc: bytes) -> Chunk:
    return Chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(icc, 9))


def exif_of(found: list[Chunk]) -> bytes | None:
    return next((chunk.data for chunk in found if chunk.name == b"eXIf"), None)


def xmp_of(found: list[Chunk]) -> bytes | None:
    for chunk in found:
        if chunk.name == b"iTXt" and chunk.data.startswith(XMP_KEY + b"\0"):
            rest = chunk.data[len(XMP_KEY) + 1 :]
            packed = rest[:1] == b"\1"
            parts = rest[2:].split(b"\0", 2)
            if len(parts) == 3:
                return unfold(parts[2]) if packed else parts[2]
    return None


def xmp_chunk(xmp: bytes) -> Chunk:
    return Chunk(b"iTXt", XMP_KEY + b"\0\0\0\0\0" + xmp)


def dpi_of(found: list[Chunk]) -> tuple[float, float] | None:
    for chunk in found:
        if chunk.name == b"pHYs" and len(chunk.data) == 9:
            x, y, unit = struct.unpack(">IIB", chunk.data)
            return (x * 0.0254, y * 0.0254) if unit == 1 and x and y else None
    return None


def dpi_chunk(dpi: tuple[float, float]) -> Chunk:
    return Chunk(b"pHYs", struct.pack(">IIB", round(dpi[0] / 0.0254), round(dpi[1] / 0.0254), 1))
