"""The small preview inside an EXIF block: it must not go on showing what was removed."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

OFFSET, LENGTH = 0x0201, 0x0202


def find(exif: bytes | None) -> tuple[int, int, int] | None:
    """Return (offset, length, place of the length field) of the JPEG preview, or None."""
    if not exif or len(exif) < 8 or exif[:2] not in (b"II", b"MM"):
        return None
    order = "<" if exif[:2] == b"II" else ">"
    first = struct.unpack_from(order + "I", exif, 4)[0]
    if first + 2 > len(exif):
        return None
    count = struct.unpack_from(order + "H", exif, first)[0]
    link = first + 2 + 12 * count
    if link + 4 > len(exif):
        return None
    second = struct.unpack_from(order + "I", exif, link)[0]
    if second == 0 or second + 2 > len(exif):
        return None
    found: dict[int, tuple[int, int]] = {}
    for index in range(struct.unpack_from(order + "H", exif, second)[0]):
        at = second + 2 + 12 * index
        if at + 12 > len(exif):
            return None
        tag, kind, _, value = struct.unpack_from(order + "HHII", exif, at)
        if kind == 4:
            found[tag] = (value, at + 8)
    if OFFSET not in found or LENGTH not in found:
        return None
    offset, length = found[OFFSET][0], found[LENGTH][0]
    if offset + length > len(exif) or exif[offset : offset + 2] != b"\xff\xd8":
        return None
    return offset, length, found[LENGTH][1]


def has_hidden(exif: bytes | None) -> bool:
    """Whether a second JPEG lies in the block, outside the standard preview."""
    if not exif:
        return False
    spot = find(exif)
    rest = exif if spot is None else exif[: spot[0]] + exif[spot[0] + spot[1] :]
    return b"\xff\xd8\xff" in rest


def has_maker_notes(exif: bytes | None) -> bool:
    """Whether the block carries a MakerNote tag (37500) of some length."""
    if not exif:
        return False
    order = "<" if exif[:2] == b"II" else ">"
    at = exif.find(struct.pack(order + "HH", 37500, 7))
    return 0 <= at <= len(exif) - 8 and struct.unpack_from(order + "I", exif, at + 4)[0] > 64


def renewed(exif: bytes, picture: NDArray[np.uint8]) -> bytes:
    """Return the block with a preview of `picture` (sRGB, as the file stores it) in its place.

    The new preview is no longer than the old one, so nothing else in the block moves; what
    is left over is zeroed. A block without a preview is returned as it is.
    """
    spot = find(exif)
    if spot is None:
        return exif
    offset, length, field = spot
    data = _small_jpeg(picture, length, exif[offset : offset + length])
    block = bytearray(exif)
    block[offset : offset + length] = data.ljust(length, b"\0")
    struct.pack_into(("<" if exif[:2] == b"II" else ">") + "I", block, field, len(data))
    return bytes(block)


def _small_jpeg(picture: NDArray[np.uint8], limit: int, old: bytes) -> bytes:
    """Return a JPEG of at most `limit` bytes; an empty grey one if nothing better fits."""
    from PIL import Image

    side = 160
    try:
        with Image.open(BytesIO(old), formats=("JPEG",)) as before:
            side = max(before.size)
    except (OSError, ValueError, SyntaxError):
        pass
    whole = Image.fromarray(np.ascontiguousarray(picture))
    for size in (side, side // 2, side // 4, 16):
        small = whole.copy()
        small.thumbnail((max(8, size), max(8, size)), reducing_gap=2.0)
        for quality in (85, 70, 50, 30):
            out = BytesIO()
            small.save(out, "JPEG", quality=quality, optimize=True)
            if out.tell() <= limit:
                return out.getvalue()
    return b"\xff\xd8\xff\xd9"[:limit]
