"""EXIF blocks and XMP packets: the orientation is read, reset, and nothing else is touched.

An EXIF block is a small TIFF (byte order, magic 42, offset of the first directory). Values are
patched in place, so that maker notes with absolute offsets stay valid.
"""

from __future__ import annotations

import re
import struct
from xml.sax.saxutils import escape

ORIENTATION = 0x0112
IMAGE_SIZE, PIXEL_SIZE, EXIF_DIRECTORY = (0x0100, 0x0101), (0xA002, 0xA003), 0x8769
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128

_XMP_ORIENTATION = re.compile(
    rb"(tiff:Orientation\s*=\s*[\"']|<tiff:Orientation>)\s*([1-8])\s*([\"']|</tiff:Orientation>)"
)


def _order(block: bytes) -> str | None:
    if len(block) < 8 or block[:2] not in (b"II", b"MM"):
        return None
    return "<" if block[:2] == b"II" else ">"


def first_directory(block: bytes) -> dict[int, tuple[int, int, int]]:
    """Return {tag: (type, count, offset of the 4 value bytes)} of IFD0; {} when it is broken."""
    order = _order(block)
    if order is None:
        return {}
    return _directory(block, order, struct.unpack_from(order + "I", block, 4)[0])


def _directory(block: bytes, order: str, start: int) -> dict[int, tuple[int, int, int]]:
    if start + 2 > len(block):
        return {}
    count = struct.unpack_from(order + "H", block, start)[0]
    found: dict[int, tuple[int, int, int]] = {}
    for index in range(count):
        at = start + 2 + 12 * index
        if at + 12 > len(block):
            break
        tag, kind, length = struct.unpack_from(order + "HHI", block, at)
        found.setdefault(tag, (kind, length, at + 8))
    return found


def orientation_of(exif: bytes | None) -> int:
    """Return the EXIF orientation, 1..8; 1 when there is none or it makes no sense."""
    if not exif:
        return 1
    entry = first_directory(exif).get(ORIENTATION)
    order = _order(exif)
    if entry is None or order is None:
        return 1
    form = order + ("H" if entry[0] == 3 else "I")
    value = int(struct.unpack_from(form, exif, entry[2])[0])
    return value if 1 <= value <= 8 else 1


def with_orientation_reset(exif: bytes) -> bytes:
    """Return the same block with orientation 1; byte-identical when it has none or has 1."""
    entry = first_directory(exif).get(ORIENTATION)
    order = _order(exif)
    if entry is None or order is None or orientation_of(exif) == 1:
        return exif
    block = bytearray(exif)
    form = order + ("H" if entry[0] == 3 else "I")
    struct.pack_into(form, block, entry[2], 1)
    return bytes(block)


def with_size(exif: bytes, width: int, height: int) -> bytes:
    """Return the same block with the picture's size where it names one; nothing else touched."""
    order = _order(exif)
    if order is None:
        return exif
    block = bytearray(exif)
    first = first_directory(exif)
    tables = [(first, IMAGE_SIZE)]
    if EXIF_DIRECTORY in first:
        at = struct.unpack_from(order + "I", exif, first[EXIF_DIRECTORY][2])[0]
        tables.append((_directory(exif, order, at), PIXEL_SIZE))
    for table, tags in tables:
        for tag, value in zip(tags, (width, height), strict=True):
            if tag in table and table[tag][1] == 1:
                kind, _, at = table[tag]
                # 3 is a short, 4 a long; a side too long for a short is left as it was.
                if kind == 4 or (kind == 3 and value < 1 << 16):
                    struct.pack_into(order + ("H" if kind == 3 else "I"), block, at, value)
    return bytes(block)


def xmp_with_orientation_reset(xmp: bytes) -> bytes:
    """Return the packet with tiff:Orientation 1 (same length, nothing else touched)."""
    return _XMP_ORIENTATION.sub(
        lambda m: m.group(0)[: m.start(2) - m.start()] + b"1" + m.group(0)[m.end(2) - m.start() :],
        xmp,
    )


def resolution_of(exif: bytes | None) -> tuple[float, float] | None:
    """Return (x, y) in dots per inch, or None."""
    if not exif:
        return None
    order, entries = _order(exif), first_directory(exif)
    if order is None or X_RESOLUTION not in entries or Y_RESOLUTION not in entries:
        return None
    scale = 1.0
    if RESOLUTION_UNIT in entries:
        unit = struct.unpack_from(order + "H", exif, entries[RESOLUTION_UNIT][2])[0]
        scale = {2: 1.0, 3: 2.54}.get(unit, 0.0)
    values = []
    for tag in (X_RESOLUTION, Y_RESOLUTION):
        at = struct.unpack_from(order + "I", exif, entries[tag][2])[0]
        if entries[tag][0] != 5 or at + 8 > len(exif):
            return None
        top, bottom = struct.unpack_from(order + "II", exif, at)
        values.append(top / bottom * scale if bottom else 0.0)
    return (values[0], values[1]) if min(values) > 0 else None


_EMPTY = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>'
    b'</x:xmpmeta>\n<?xpacket end="w"?>'
)


def xmp_with_note(xmp: bytes | None, note: str) -> bytes:
    """Return the packet with one more rdf:Description that holds the edit note.

    The rest of the packet stays byte for byte. A packet without an rdf:RDF element is replaced
    by a fresh one only when it is empty; else the note is left out.
    """
    packet = xmp if xmp and xmp.strip(b"\0 \n") else _EMPTY
    end = packet.rfind(b"</rdf:RDF>")
    if end < 0:
        return packet
    entry = (
        '<rdf:Description rdf:about="" '
        'xmlns:inpaint="https://inpaint-studio.invalid/ns/edit/1.0/" '
        f'inpaint:edit="{escape(note, {chr(34): "&quot;", chr(10): "&#10;"})}"/>'
    )
    return packet[:end] + entry.encode() + packet[end:]
