"""The chunks of a WebP file (RIFF container): profile, EXIF and XMP beside the picture."""

from __future__ import annotations

import struct

from inpaint_studio.errors import BadPhoto


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return (name, payload) of all chunks. Raises: BadPhoto: the file breaks off."""
    if len(data) < 20:
        raise BadPhoto("The WebP breaks off before its end; take it from its source again.")
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data) + 1:
        raise BadPhoto("The WebP breaks off before its end; take it from its source again.")
    found: list[tuple[bytes, bytes]] = []
    at = 12
    while at + 8 <= min(end, len(data)):
        name, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > len(data):
            raise BadPhoto("The WebP breaks off before its end; take it from its source again.")
        found.append((name, bytes(data[at + 8 : at + 8 + length])))
        at += 8 + length + (length & 1)
    return found


def find(found: list[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    return next((payload for key, payload in found if key == name), None)


def size_of(found: list[tuple[bytes, bytes]]) -> tuple[int, int, bool, bool, bool]:
    """Return (width, height, has alpha, is lossless, is animated). Raises: BadPhoto."""
    names = {name for name, _ in found}
    extended = find(found, b"VP8X")
    is_lossless = b"VP8L" in names
    if extended and len(extended) >= 10:
        width = 1 + int.from_bytes(extended[4:7], "little")
        height = 1 + int.from_bytes(extended[7:10], "little")
        flags = extended[0]
        return width, height, bool(flags & 0x10), is_lossless, bool(flags & 0x02)
    lossless = find(found, b"VP8L")
    if lossless and len(lossless) >= 5 and lossless[0] == 0x2F:
        bits = int.from_bytes(lossless[1:5], "little")
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1, bool(bits >> 28 & 1), True, False
    lossy = find(found, b"VP8 ")
    if lossy and len(lossy) >= 10 and lossy[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", lossy, 6)
        return width & 0x3FFF, height & 0x3FFF, False, False, False
    raise BadPhoto("The WebP has no usable header; take it from its source again.")


def with_metadata(
    data: bytes,
    *,
    icc: bytes | None,
    exif: bytes | None,
    xmp: bytes | None,
) -> bytes:
    """Return the same picture as an extended WebP with this profile, EXIF and XMP."""
    found = chunks(data)
    width, height, alpha, _, animated = size_of(found)
    keep = [item for item in found if item[0] not in (b"VP8X", b"ICCP", b"EXIF", b"XMP ")]
    flags = (
        (0x20 if icc else 0) | (0x10 if alpha else 0) | (0x08 if exif else 0)
        | (0x04 if xmp else 0) | (0x02 if animated else 0)
    )  # fmt: skip
    if not flags & ~0x10:
        return data
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    parts = [(b"VP8X", bytes((flags, 0, 0, 0)) + size)]
    parts += [(b"ICCP", icc)] if icc else []
    parts += keep
    parts += [(b"EXIF", exif)] if exif else []
    parts += [(b"XMP ", xmp)] if xmp else []
    body = b"".join(
        name + struct.pack("<I", len(value)) + value + (b"\0" if len(value) & 1 else b"")
        for name, value in parts
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
