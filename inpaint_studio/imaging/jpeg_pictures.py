"""Pictures that hang behind a JPEG's own (previews, HDR gain maps): keep them reachable.

CIPA DC-007 (multi-picture format): an APP2 segment lists size and place of each picture. Places
count from inside that segment, so they move when the first picture's length changes.
"""

from __future__ import annotations

import struct

MARK = b"MPF\0"
ENTRIES = 0xB002


def moved(picture: bytes, rest: bytes, *, shift: int) -> bytes:
    """Return `picture` + `rest`, with the list of pictures corrected by `shift` bytes."""
    at = picture.find(b"\xff\xe2")
    while 0 <= at < len(picture) - 8 and rest:
        if picture[at + 4 : at + 8] == MARK:
            length = int.from_bytes(picture[at + 2 : at + 4], "big")
            block = _shifted(picture[at + 8 : at + 2 + length], shift)
            return picture[: at + 8] + block + picture[at + 2 + length :] + rest
        at = picture.find(b"\xff\xe2", at + 2)
    return picture + rest


def _shifted(block: bytes, shift: int) -> bytes:
    """Return an MP index with the first picture's size and the others' places moved."""
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 10:
        return block
    start = struct.unpack_from(order + "I", block, 4)[0]
    if start + 2 > len(block):
        return block
    count = struct.unpack_from(order + "H", block, start)[0]
    for index in range(count):
        at = start + 2 + 12 * index
        if at + 12 > len(block):
            return block
        tag, _, size, offset = struct.unpack_from(order + "HHII", block, at)
        if tag == ENTRIES and offset + size <= len(block):
            return _entries_shifted(block, order, offset, size // 16, shift)
    return block


def _entries_shifted(block: bytes, order: str, offset: int, count: int, shift: int) -> bytes:
    result = bytearray(block)
    for index in range(count):
        at = offset + 16 * index
        length, place = struct.unpack_from(order + "II", block, at + 4)
        if place == 0:  # the first picture
            struct.pack_into(order + "I", result, at + 4, max(0, length + shift))
        else:
            struct.pack_into(order + "I", result, at + 8, max(0, place + shift))
    return bytes(result)


def count_of(rest: bytes) -> int:
    """Return how many pictures lie in what follows the first one."""
    return rest.count(b"\xff\xd8\xff")
