"""The directories of a TIFF file as a tree: read all of it, write it again with other pixels.

TIFF 6.0 and BigTIFF, both byte orders. Every tag of every page is carried over byte for byte,
sub-directories (EXIF, GPS, interoperability, SubIFDs) included, pixel data of other pages too.
A library that writes TIFF keeps only what it knows; this keeps what it does not know.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import BinaryIO

from inpaint_studio.errors import BadPhoto

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
         16: 8, 17: 8, 18: 8}  # fmt: skip
_FORMS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}

WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIP_OFFSETS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, STRIP_COUNTS = 273, 274, 277, 278, 279
X_RESOLUTION, Y_RESOLUTION, PLANAR, UNIT, PREDICTOR = 282, 283, 284, 296, 317
COLOR_MAP, TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS, TILE_COUNTS = 320, 322, 323, 324, 325
SUB_IFDS, EXTRA_SAMPLES, SAMPLE_FORMAT, JPEG_TABLES = 330, 338, 339, 347
XMP, IPTC, PHOTOSHOP, EXIF_IFD, ICC, GPS_IFD, LAYERS, INTEROP_IFD = (
    700, 33723, 34377, 34665, 34675, 34853, 37724, 40965,
)  # fmt: skip
POINTERS = (SUB_IFDS, EXIF_IFD, GPS_IFD, INTEROP_IFD)
PIXEL_TAGS = (
    (STRIP_OFFSETS, STRIP_COUNTS),
    (TILE_OFFSETS, TILE_COUNTS),
    (513, 514),
)
MAX_DIRECTORIES = 4096
MAX_ENTRIES = 4096


@dataclass(slots=True)
class Entry:
    """One tag: its type, count and raw value bytes in the file's own byte order."""

    tag: int
    kind: int
    count: int
    data: bytes


@dataclass(slots=True)
class Directory:
    """One IFD with everything that hangs on it."""

    entries: dict[int, Entry] = field(default_factory=dict)
    children: dict[int, list[Directory]] = field(default_factory=dict)


class TiffTree:
    """All directories of one TIFF file; pixel data stays in the file until it is asked for."""

    def __init__(self, file: BinaryIO) -> None:
        """Read the tree. Raises: BadPhoto: it is broken."""
        self._file = file
        head = file.read(16)
        if head[:2] not in (b"II", b"MM") or len(head) < 8:
            raise BadPhoto("The TIFF has no usable header; take it from its source again.")
        self.order = "<" if head[:2] == b"II" else ">"
        self.is_big = struct.unpack_from(self.order + "H", head, 2)[0] == 43
        at = struct.unpack_from(self.order + ("Q" if self.is_big else "I"), head,
                                8 if self.is_big else 4)[0]  # fmt: skip
        file.seek(0, 2)
        self.size = file.tell()
        self._seen: set[int] = set()
        self.pages: list[Directory] = []
        while at:
            directory, at = self._read_directory(at, 0)
            self.pages.append(directory)
        if not self.pages:
            raise BadPhoto("The TIFF holds no picture; take it from its source again.")

    def _at(self, offset: int, size: int) -> bytes:
        if offset < 0 or offset + size > self.size:
            raise BadPhoto("The TIFF breaks off before its end; take it from its source again.")
        self._file.seek(offset)
        return self._file.read(size)

    def _read_directory(self, at: int, depth: int) -> tuple[Directory, int]:
        if at in self._seen or len(self._seen) >= MAX_DIRECTORIES or depth > 8:
            raise BadPhoto("The TIFF's directories run in a circle; take it from its source again.")
        self._seen.add(at)
        count_form, entry_size, value_size = ("Q", 20, 8) if self.is_big else ("H", 12, 4)
        head = struct.calcsize("<" + count_form)
        count = struct.unpack(self.order + count_form, self._at(at, head))[0]
        if count > MAX_ENTRIES:
            raise BadPhoto("The TIFF's directory is damaged; take it from its source again.")
        raw = self._at(at + head, count * entry_size + value_size)
        directory = Directory()
        for index in range(count):
            entry = self._read_entry(raw, index * entry_size, value_size)
            if entry is not None:
                directory.entries.setdefault(entry.tag, entry)
        for tag in POINTERS:
            if tag in directory.entries:
                offsets = self.numbers(directory.entries[tag])
                directory.children[tag] = [
                    self._read_directory(offset, depth + 1)[0] for offset in offsets if offset
                ]
        form = self.order + ("Q" if self.is_big else "I")
        return directory, int(struct.unpack_from(form, raw, count * entry_size)[0])

    def _read_entry(self, raw: bytes, at: int, value_size: int) -> Entry | None:
        long = "Q" if self.is_big else "I"
        tag, kind, count = struct.unpack_from(self.order + "HH" + long, raw, at)
        if kind not in SIZES:
            return None
        size = count * SIZES[kind]
        field_at = at + 4 + value_size
        if size <= value_size:
            return Entry(tag, kind, count, raw[field_at : field_at + size])
        offset = struct.unpack_from(self.order + long, raw, field_at)[0]
        return Entry(tag, kind, count, self._at(offset, size))

    def numbers(self, entry: Entry) -> tuple[int, ...]:
        """Return an entry's whole numbers; () when it holds none."""
        form = _FORMS.get(entry.kind)
        return struct.unpack(f"{self.order}{entry.count}{form}", entry.data) if form else ()

    def number(self, directory: Directory, tag: int, default: int = 0) -> int:
        entry = directory.entries.get(tag)
        found = self.numbers(entry) if entry else ()
        return int(found[0]) if found else default

    def ratio(self, directory: Directory, tag: int) -> float:
        entry = directory.entries.get(tag)
        if entry is None or entry.kind != 5 or entry.count < 1:
            return 0.0
        top, bottom = struct.unpack_from(self.order + "II", entry.data)
        return float(top / bottom) if bottom else 0.0

    def blob(self, directory: Directory, tag: int) -> bytes | None:
        entry = directory.entries.get(tag)
        return entry.data if entry and entry.data else None

    def pieces(self, directory: Directory, tags: tuple[int, int]) -> Iterable[bytes]:
        """Yield the raw strips or tiles that two tags (offsets, counts) point to."""
        offsets = self.numbers(directory.entries[tags[0]])
        counts = self.numbers(directory.entries[tags[1]])
        for offset, count in zip(offsets, counts):
            yield self._at(offset, count)

    def entry(self, tag: int, kind: int, values: tuple[int, ...]) -> Entry:
        """Make an entry of whole numbers in this file's byte order."""
        return make_entry(self.order, tag, kind, values)


def make_entry(order: str, tag: int, kind: int, values: tuple[int, ...]) -> Entry:
    """Make an entry of whole numbers in the given byte order."""
    data = struct.pack(f"{order}{len(values)}{_FORMS[kind]}", *values)
    return Entry(tag, kind, len(values), data)


class TiffWriter:
    """Write directories and their data, one after the other, and the links between them."""

    def __init__(self, file: BinaryIO, *, order: str = "<", is_big: bool = False) -> None:
        self.file, self.order, self.is_big = file, order, is_big
        mark = b"II" if order == "<" else b"MM"
        head = (
            struct.pack(order + "HHHQ", 43, 8, 0, 0) if is_big else struct.pack(order + "HI", 42, 0)
        )
        file.write(mark + head)
        self._link = file.tell() - (8 if is_big else 4)

    def _put(self, data: bytes) -> int:
        if self.file.tell() % 2:
            self.file.write(b"\0")
        at = self.file.tell()
        if not self.is_big and at + len(data) > 0xFFFFFFF0:
            raise OverflowError("a classic TIFF cannot grow past 4 GB")
        self.file.write(data)
        return at

    def entry(self, tag: int, kind: int, values: tuple[int, ...]) -> Entry:
        """Make an entry of whole numbers in this file's byte order."""
        return make_entry(self.order, tag, kind, values)

    def _offsets(self, tag: int, values: list[int]) -> Entry:
        return self.entry(tag, 16 if self.is_big else 4, tuple(values))

    def page(
        self,
        directory: Directory,
        tree: TiffTree | None,
        pixels: Callable[[], Iterable[bytes]] | None = None,
    ) -> None:
        """Append one page: `pixels()` yields its new strips, or the old ones are carried over."""
        at = self._directory(directory, tree, pixels)
        here = self.file.tell()
        form = "Q" if self.is_big else "I"
        self.file.seek(self._link)
        self.file.write(struct.pack(self.order + form, at))
        self.file.seek(here)
        count = len(directory.entries)
        self._link = at + (8 + 20 * count if self.is_big else 2 + 12 * count)

    def _directory(
        self,
        directory: Directory,
        tree: TiffTree | None,
        pixels: Callable[[], Iterable[bytes]] | None,
    ) -> int:
        entries = directory.entries
        if pixels is not None:
            self._new_pixels(entries, STRIP_OFFSETS, STRIP_COUNTS, pixels())
        elif tree is not None:
            for tags in PIXEL_TAGS:
                if tags[0] in entries and tags[1] in entries:
                    self._new_pixels(entries, *tags, tree.pieces(directory, tags))
        for tag, children in directory.children.items():
            if tag in entries:
                at = [self._directory(child, tree, None) for child in children]
                entries[tag] = self._offsets(tag, at)
        return self._table(entries)

    def _new_pixels(
        self, entries: dict[int, Entry], offsets: int, counts: int, parts: Iterable[bytes]
    ) -> None:
        where: list[int] = []
        sizes: list[int] = []
        for part in parts:
            where.append(self._put(part))
            sizes.append(len(part))
        entries[offsets] = self._offsets(offsets, where)
        entries[counts] = self._offsets(counts, sizes)

    def _table(self, entries: dict[int, Entry]) -> int:
        room, long = (8, "Q") if self.is_big else (4, "I")
        rows = []
        for tag in sorted(entries):
            entry = entries[tag]
            if len(entry.data) > room:
                value = struct.pack(self.order + long, self._put(entry.data))
            else:
                value = entry.data.ljust(room, b"\0")
            rows.append(struct.pack(self.order + "HH" + long, tag, entry.kind, entry.count) + value)
        head = struct.pack(self.order + ("Q" if self.is_big else "H"), len(rows))
        return self._put(head + b"".join(rows) + b"\0" * room)
