"""Write Photoshop files: RGB layers with masks, 8 or 16 bits (Adobe's format specification)."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import as_pixels
from inpaint_studio.errors import BadSetting
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.photo.model import Samples

MOST_PX = 30_000
"""Longest side of a PSD."""
RAW, PACKED, ZIPPED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: its place, RGB, transparency and layer mask (255 shows)."""

    name: str
    box: Box
    pixels: Samples
    alpha: Samples | None
    mask: NDArray[np.uint8] | None


def write(
    file: BinaryIO,
    *,
    merged: Samples,
    alpha: Samples | None,
    layers: list[Layer],
    icc: bytes | None,
    exif: bytes | None,
    xmp: bytes | None,
    iptc: bytes | None,
    dpi: tuple[float, float] | None,
) -> None:
    """Write a PSD whose layers are listed bottom first. Raises: BadSetting: too large."""
    height, width = merged.shape[:2]
    if max(height, width) > MOST_PX:
        raise BadSetting(f"A PSD holds at most {MOST_PX} pixels a side; save layers as TIFF.")
    depth = 8 * merged.itemsize
    channels = 3 if alpha is None else 4
    file.write(struct.pack(">4sH6xHIIHH", b"8BPS", 1, channels, height, width, depth, 3))
    file.write(struct.pack(">I", 0))
    file.write(_counted(_resources(icc, exif, xmp, iptc, dpi)))
    info = _layer_info(layers, has_alpha=alpha is not None)
    if depth == 16:
        block = b"8BIM" + b"Lr16" + struct.pack(">I", len(info)) + info
        file.write(_counted(struct.pack(">II", 0, 0) + block))
    else:
        file.write(_counted(_counted(info) + struct.pack(">I", 0)))
    flat = merged if alpha is None else _on_white(merged, alpha)
    planes = [flat[..., index] for index in range(3)] + ([] if alpha is None else [alpha])
    _write_merged(file, planes)


def _on_white(pixels: Samples, alpha: Samples) -> Samples:
    """Return the picture over white, as Photoshop stores the merged one beside its alpha."""
    top = np.iinfo(pixels.dtype).max
    share = alpha.astype(np.float64)[..., None] / top
    return as_pixels(np.rint(pixels * share + top * (1 - share)).astype(pixels.dtype))


def _counted(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _resources(
    icc: bytes | None,
    exif: bytes | None,
    xmp: bytes | None,
    iptc: bytes | None,
    dpi: tuple[float, float] | None,
) -> bytes:
    found = {1028: iptc, 1039: icc, 1058: exif, 1060: xmp}
    if dpi:
        x, y = (round(value * 65536) for value in dpi)
        found[1005] = struct.pack(">IHHIHH", x, 1, 1, y, 1, 1)
    return b"".join(
        b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + data + b"\0" * (len(data) & 1)
        for number, data in sorted(found.items())
        if data
    )


def _layer_info(layers: list[Layer], *, has_alpha: bool) -> bytes:
    """Return the layer count, records and channel data, padded to 4 bytes."""
    count = -len(layers) if has_alpha else len(layers)
    records, data = [], []
    for layer in layers:
        channels = _channels(layer)
        records.append(_record(layer, [(number, len(body)) for number, body in channels]))
        data += [body for _, body in channels]
    info = struct.pack(">h", count) + b"".join(records) + b"".join(data)
    return info + b"\0" * (-len(info) % 4)


def _channels(layer: Layer) -> list[tuple[int, bytes]]:
    planes: list[tuple[int, Samples]] = []
    if layer.alpha is not None:
        planes.append((-1, layer.alpha))
    planes += [(index, layer.pixels[..., index]) for index in range(3)]
    if layer.mask is not None:
        deep = layer.pixels.dtype == np.uint16
        mask: Samples = layer.mask.astype(np.uint16) * 257 if deep else layer.mask
        planes.append((-2, mask))
    return [(number, _channel(plane)) for number, plane in planes]


def _channel(plane: Samples) -> bytes:
    if plane.itemsize == 2:
        return struct.pack(">H", ZIPPED) + zlib.compress(plane.astype(">u2").tobytes(), 4)
    rows = _packed(plane)
    return (
        struct.pack(">H", PACKED)
        + struct.pack(f">{len(rows)}H", *(len(row) for row in rows))
        + b"".join(rows)
    )


def _packed(plane: Samples) -> list[bytes]:
    import imagecodecs

    return [bytes(imagecodecs.packbits_encode(row.tobytes())) for row in plane]


def _record(layer: Layer, channels: list[tuple[int, int]]) -> bytes:
    box = layer.box
    place = struct.pack(">4i", box.top, box.left, box.bottom, box.right)
    head = place + struct.pack(">H", len(channels))
    head += b"".join(struct.pack(">hI", number, size) for number, size in channels)
    head += b"8BIMnorm" + struct.pack(">BBBx", 255, 0, 0)
    mask = b"" if layer.mask is None else place + struct.pack(">BB2x", 0, 0)
    short = layer.name.encode("ascii", "replace")[:31]
    name = bytes([len(short)]) + short
    name += b"\0" * (-len(name) % 4)
    wide = layer.name.encode("utf-16-be")
    text = struct.pack(">I", len(layer.name)) + wide
    text += b"\0" * (-len(text) % 4)
    extra = _counted(mask) + _counted(b"") + name + b"8BIMluni" + _counted(text)
    return head + _counted(extra)


def _write_merged(file: BinaryIO, planes: list[Samples]) -> None:
    if planes[0].itemsize == 2:
        file.write(struct.pack(">H", RAW))
        for plane in planes:
            file.write(plane.astype(">u2").tobytes())
        return
    packed = [_packed(plane) for plane in planes]
    file.write(struct.pack(">H", PACKED))
    for rows in packed:
        file.write(struct.pack(f">{len(rows)}H", *(len(row) for row in rows)))
    for rows in packed:
        file.write(b"".join(rows))
