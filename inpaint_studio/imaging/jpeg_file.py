"""The segments of a JPEG file: read them, keep them, put others in their place.

A JPEG is a chain of marker segments followed by entropy-coded scans (ITU-T T.81, annex B).
Nothing here decodes pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

from inpaint_studio.errors import BadPhoto

EXIF = b"Exif\0\0"
XMP = b"http://ns.adobe.com/xap/1.0/\0"
XMP_MORE = b"http://ns.adobe.com/xmp/extension/\0"
ICC = b"ICC_PROFILE\0"
PHOTOSHOP = b"Photoshop 3.0\0"
LIMIT = 65533
"""Largest payload of one segment, in bytes."""

SOI, EOI, SOS, DQT, DHT, DRI, COM = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xDD, 0xFE
APP0, APP1, APP2, APP13, APP14 = 0xE0, 0xE1, 0xE2, 0xED, 0xEE
FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})


@dataclass(frozen=True, slots=True)
class Segment:
    """One marker with its payload (the two length bytes not included)."""

    marker: int
    payload: bytes

    def to_bytes(self) -> bytes:
        return (
            bytes((0xFF, self.marker)) + (len(self.payload) + 2).to_bytes(2, "big") + self.payload
        )

    @property
    def is_metadata(self) -> bool:
        return 0xE0 <= self.marker <= 0xEF or self.marker == COM


@dataclass(frozen=True, slots=True)
class Frame:
    """The start-of-frame segment: size, precision and how the components are sampled."""

    marker: int
    precision: int
    height: int
    width: int
    components: tuple[tuple[int, int, int, int], ...]
    """(id, horizontal factor, vertical factor, quantisation table) of each."""

    @property
    def is_progressive(self) -> bool:
        return self.marker in (0xC2, 0xC6, 0xCA, 0xCE)

    @property
    def is_huffman_dct(self) -> bool:
        """Baseline, extended or progressive Huffman: what most programs write and read."""
        return self.marker in (0xC0, 0xC1, 0xC2)

    @property
    def sampling(self) -> str:
        """As photographers write it: 4:4:4, 4:2:2, 4:2:0, 4:4:0; "grey", or the raw factors."""
        if len(self.components) == 1:
            return "grey"
        factors = [(h, v) for _, h, v, _ in self.components]
        if len(factors) == 3 and factors[1] == factors[2] == (1, 1):
            known = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (1, 2): "4:4:0"}
            if factors[0] in known:
                return known[factors[0]]
        if all(factor == factors[0] for factor in factors):
            return "4:4:4"
        return " ".join(f"{h}x{v}" for h, v in factors)


def segments(data: bytes) -> tuple[list[Segment], int]:
    """Return the segments before the first scan, and the offset of that scan's SOS marker.

    Raises: BadPhoto: the chain is broken or ends before a scan.
    """
    found: list[Segment] = []
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == SOS:
            return found, at
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == EOI or length < 2 or at + 2 + length > len(data):
            break
        found.append(Segment(marker, bytes(data[at + 4 : at + 2 + length])))
        at += 2 + length
    raise BadPhoto("The JPEG ends or breaks off before its picture; take it from its source again.")


def frame_of(found: list[Segment]) -> Frame:
    """Return the frame header among `found`. Raises: BadPhoto: there is none, or it is broken."""
    for segment in found:
        if segment.marker in FRAMES:
            p = segment.payload
            if len(p) < 6 or len(p) < 6 + 3 * p[5]:
                break
            parts = tuple(
                (p[at], p[at + 1] >> 4, p[at + 1] & 15, p[at + 2])
                for at in range(6, 6 + 3 * p[5], 3)
            )
            height, width = int.from_bytes(p[1:3], "big"), int.from_bytes(p[3:5], "big")
            if not parts or any(not 1 <= h <= 4 or not 1 <= v <= 4 for _, h, v, _ in parts):
                break
            return Frame(segment.marker, p[0], height, width, parts)
    raise BadPhoto("The JPEG has no usable frame header; take it from its source again.")


_COMMON_CODES = {
    0x00: bytes((0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0)),
    0x01: bytes((0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0)),
    0x10: bytes((0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125)),
    0x11: bytes((0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119)),
}
"""How many codes of each length the tables of T.81, annex K, have, by table class and number."""


def has_common_codes(found: list[Segment]) -> bool:
    """Whether the Huffman tables are those of T.81's annex K, as most cameras write them."""
    count = 0
    for segment in found:
        at, payload = 0, segment.payload if segment.marker == DHT else b""
        while at < len(payload):
            counts = payload[at + 1 : at + 17]
            if _COMMON_CODES.get(payload[at]) != counts:
                return False
            at, count = at + 17 + sum(counts), count + 1
    return count > 0


def find(found: list[Segment], marker: int, prefix: bytes) -> bytes | None:
    """Return what follows `prefix` in the first segment that begins with it."""
    for segment in found:
        if segment.marker == marker and segment.payload.startswith(prefix):
            return segment.payload[len(prefix) :]
    return None


def icc_of(found: list[Segment]) -> bytes | None:
    """Return the ICC profile put together from its chunks, or None (also when one is missing)."""
    chunks: dict[int, bytes] = {}
    count = 0
    for segment in found:
        if segment.marker == APP2 and segment.payload.startswith(ICC) and len(segment.payload) > 14:
            chunks[segment.payload[12]] = segment.payload[14:]
            count = segment.payload[13]
    if not chunks or sorted(chunks) != list(range(1, count + 1)):
        return None
    return b"".join(chunks[index] for index in sorted(chunks))


def icc_segments(icc: bytes) -> list[Segment]:
    """Return the APP2 segments that carry a profile of any length."""
    size = LIMIT - 14
    parts = [icc[at : at + size] for at in range(0, len(icc), size)]
    return [
        Segment(APP2, ICC + bytes((index + 1, len(parts))) + part)
        for index, part in enumerate(parts)
    ]


def tables_of(found: list[Segment]) -> dict[int, tuple[int, ...]]:
    """Return the quantisation tables, 64 values each in zig-zag order, by their number."""
    tables: dict[int, tuple[int, ...]] = {}
    for segment in found:
        if segment.marker != DQT:
            continue
        at, payload = 0, segment.payload
        while at < len(payload):
            wide, number = payload[at] >> 4, payload[at] & 15
            step = 2 if wide else 1
            raw = payload[at + 1 : at + 1 + 64 * step]
            if len(raw) < 64 * step:
                break
            tables[number] = tuple(
                int.from_bytes(raw[i : i + step], "big") for i in range(0, 64 * step, step)
            )
            at += 1 + 64 * step
    return tables


def is_arithmetic(frame: Frame) -> bool:
    return frame.marker in (0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)


def end_of_picture(data: bytes) -> int:
    """Return the offset just after the EOI of the (first) picture; the length if there is none.

    Scans are skipped by their markers: in coded data 0xFF is always followed by 0 or RSTn.
    """
    try:
        _, at = segments(data)
    except BadPhoto:
        return len(data)
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        marker = data[at + 1]
        if marker == EOI:
            return at + 2
        if marker == 0xFF:
            at += 1
        elif marker == 0 or 0xD0 <= marker <= 0xD7:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return len(data)


def with_metadata(data: bytes, *, exif: bytes | None, xmp: bytes | None) -> bytes:
    """Return the file with its EXIF and XMP replaced; None leaves one as it is.

    An XMP packet that the file did not have is put right behind the EXIF.
    """
    found, at = segments(data)
    parts: list[Segment] = []
    for segment in found:
        if exif and segment.marker == APP1 and segment.payload.startswith(EXIF):
            segment = Segment(APP1, EXIF + exif)
        elif xmp and segment.marker == APP1 and segment.payload.startswith(XMP):
            continue
        parts.append(segment)
    if xmp and len(XMP) + len(xmp) <= LIMIT:
        spot = next((i for i, s in enumerate(parts) if s.marker not in (APP0, APP1)), len(parts))
        parts.insert(spot, Segment(APP1, XMP + xmp))
    return b"\xff\xd8" + b"".join(part.to_bytes() for part in parts) + data[at:]
