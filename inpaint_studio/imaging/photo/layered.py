"""Hand an edit on in layers: the photo before, the edit over it, and the mask.

For a designer who wants to go on elsewhere. PSD keeps 8 and 16 bits, profile and metadata and
gives the edit a layer mask; TIFF has one page each; OpenRaster (GIMP, Krita) has 8 bits.
Our own writers: the maintained libraries read layers well but write none with masks and depth.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, as_pixels
from inpaint_studio.errors import BadSetting, ShapeMismatch, StorageError
from inpaint_studio.geometry import Box
from inpaint_studio.imaging import color
from inpaint_studio.imaging.photo import again, encoding, exif_tiff, psd
from inpaint_studio.imaging.photo import tiff_file as t
from inpaint_studio.imaging.photo.encoding import Metadata
from inpaint_studio.imaging.photo.files import write_whole
from inpaint_studio.imaging.photo.model import (
    Photo,
    Samples,
    SaveOptions,
    SaveReport,
    SaveStatement,
)
from inpaint_studio.imaging.photo.stream import hash_of
from inpaint_studio.imaging.photo.tiff_writing import describe_pixels, fresh_page, tiff_strips

_DEFAULT = SaveOptions()


@dataclass(frozen=True, slots=True)
class Layers:
    """What goes into the file. `edit` is the edited photo in `box`, `shown` where it is seen."""

    before: Photo
    after: Photo
    box: Box
    edit: Samples
    shown: NDArray[np.uint8]


def layers_statement(after: Photo, path: Path | str) -> SaveStatement:
    """Return what a layered save keeps and loses. Raises: BadSetting."""
    kind = _kind(Path(path))
    kept = ["Layers: the photo before the edit, the edit, and its mask.", "Colour profile."]
    lost = []
    if kind == "ora":
        if after.pixels.dtype == np.uint16:
            lost.append("Depth: OpenRaster programs read 8 bits, the photo has 16.")
        lost += [f"{word}: OpenRaster has no place for it." for name, word in
                 (("exif", "EXIF"), ("xmp", "XMP"), ("iptc", "IPTC"), ("dpi", "Resolution"))
                 if getattr(after, name)]  # fmt: skip
    else:
        kept += ["Depth, EXIF, XMP, IPTC and resolution."]
    if after.source.mode not in ("RGB", "RGBA", "L", "LA", "RAW", ""):
        lost.append("Colour model: layers are RGB, as the photo is seen.")
    size = after.pixels.nbytes * 4 / 1e6 + 256
    return SaveStatement("layers", tuple(kept), tuple(lost), size)


def save_layers(
    before: Photo,
    after: Photo,
    mask: MaskBool,
    path: Path | str,
    options: SaveOptions = _DEFAULT,
) -> SaveReport:
    """Save the photo before the edit, the edit and its mask as layers of one file.

    `mask` is (H, W); pixels that changed outside it (a feather ring) are shown as well.
    Raises: BadSetting: the ending is none of .psd, .ora, .tif. ShapeMismatch: the three do not
        cover the same pixels. StorageError: the file is there already, or the disk refused.
    """
    where = Path(path)
    kind = _kind(where)
    if before.pixels.shape != after.pixels.shape or mask.shape != after.shape:
        raise ShapeMismatch("The photo, the edit and the mask do not cover the same pixels.")
    if where.exists() and not options.overwrite:
        raise StorageError(f"{where} is there already; choose another name.")
    statement = layers_statement(after, where)
    layers = _layers(before, after, mask)
    fill = _WRITERS[kind]
    written = write_whole(where, lambda file: fill(file, layers))
    return SaveReport(where, "layers", statement, written, hash_of(where))


def _kind(path: Path) -> str:
    kind = {".psd": "psd", ".ora": "ora", ".tif": "tiff", ".tiff": "tiff"}.get(path.suffix.lower())
    if kind is None:
        raise BadSetting(f"Layers are saved as .psd, .ora or .tif, not as {path.name}.")
    return kind


def _layers(before: Photo, after: Photo, mask: MaskBool) -> Layers:
    shown = mask.copy()
    for channel in range(3):
        shown |= before.pixels[..., channel] != after.pixels[..., channel]
    box = Box.of_mask(np.asarray(shown))
    box = box if not box.is_empty else Box(0, 0, 1, 1)
    crop = np.asarray(shown)[box.slices].astype(np.uint8) * np.uint8(255)
    return Layers(before, after, box, as_pixels(after.pixels[box.slices].copy()), crop)


def _psd(file: BinaryIO, layers: Layers) -> None:
    after = layers.after
    alpha = None if after.alpha is None else as_pixels(after.alpha)
    whole = Box.of_shape(after.shape)
    psd.write(
        file,
        merged=after.pixels,
        alpha=alpha,
        layers=[
            psd.Layer("Before the edit", whole, layers.before.pixels, alpha, None),
            psd.Layer(
                "Edit",
                layers.box,
                layers.edit,
                None if alpha is None else as_pixels(alpha[layers.box.slices]),
                layers.shown,
            ),
        ],
        icc=after.icc, exif=after.exif, xmp=after.xmp, iptc=after.iptc, dpi=after.dpi,
    )  # fmt: skip


def _deep(shown: NDArray[np.uint8], like: Samples) -> Samples:
    return as_pixels(shown.astype(np.uint16) * 257 if like.dtype == np.uint16 else shown)


def _tiff(file: BinaryIO, layers: Layers) -> None:
    """Write four pages: the result, the photo before, the edit (RGBA), the mask."""
    after, before = layers.after, layers.before
    meta = Metadata(icc=after.icc, exif=after.exif, xmp=after.xmp, iptc=after.iptc, dpi=after.dpi)
    clear: Samples = np.zeros((*after.shape, 4), after.pixels.dtype)
    clear[(*layers.box.slices, slice(0, 3))] = layers.edit
    clear[(*layers.box.slices, 3)] = _deep(layers.shown, layers.edit)
    mask = np.zeros((*after.shape, 1), np.uint8)
    mask[(*layers.box.slices, 0)] = layers.shown
    order = exif_tiff.order_of(after.exif)
    is_big = after.pixels.nbytes * 3.5 > 3_500_000_000
    writer = t.TiffWriter(file, order=order, is_big=is_big)
    pages: list[tuple[str, Samples, Metadata]] = [
        ("Result", _with_alpha(after), meta),
        ("Before the edit", _with_alpha(before), Metadata(icc=after.icc)),
        ("Edit", clear, Metadata(icc=after.icc)),
        ("Mask", mask, Metadata()),
    ]
    for name, samples, said in pages:
        page = fresh_page(said, writer)
        text = name.encode() + b"\0"
        page.entries[285] = t.Entry(285, 2, len(text), text)
        rows, strips = tiff_strips(samples, "deflate", order=order)
        describe_pixels(
            page, writer, samples, compression="deflate", rows=rows,
            photometric=1 if samples.shape[2] == 1 else 2,
            extra=(2,) if samples.shape[2] == 4 else (),
        )  # fmt: skip
        writer.page(page, None, lambda strips=strips: strips)  # type: ignore[misc]


def _with_alpha(photo: Photo) -> Samples:
    return again.plain_samples(photo, "RGB" if photo.alpha is None else "RGBA", 16)


def _ora(file: BinaryIO, layers: Layers) -> None:
    """Write OpenRaster: a zip of PNG layers and a list of them."""
    after, before = _eight(layers.after), _eight(layers.before)
    height, width = after.shape
    edit = layers.edit if layers.edit.dtype == np.uint8 else again.to_8_bit(layers.edit)
    clear = as_pixels(np.dstack([edit, layers.shown]))
    meta = Metadata(icc=after.icc)
    thumb = color.space_of(after.icc).to_srgb8(after.pixels)
    step = max(1, -(-max(after.shape) // 256))
    stack = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<image version="0.0.3" w="{width}" h="{height}">'
        f'<stack><layer name="Edit" src="data/edit.png" x="{layers.box.left}" '
        f'y="{layers.box.top}"/><layer name="Before the edit" src="data/before.png" x="0" y="0"/>'
        "</stack></image>\n"
    )
    parts: dict[str, bytes] = {
        "mimetype": b"image/openraster",
        "stack.xml": stack.encode(),
        "data/edit.png": encoding.png_bytes(clear, meta, None),
        "data/before.png": encoding.png_bytes(_with_alpha(before), meta, None),
        "mergedimage.png": encoding.png_bytes(_with_alpha(after), meta, None),
        "Thumbnails/thumbnail.png": encoding.png_bytes(thumb[::step, ::step], Metadata(), None),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in parts.items():
            # PNGs are compressed already; the type must come first and plain.
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    file.write(buffer.getbuffer())


def _eight(photo: Photo) -> Photo:
    if photo.pixels.dtype == np.uint8:
        return photo
    alpha = None if photo.alpha is None else again.to_8_bit(photo.alpha)
    return replace(photo, pixels=again.to_8_bit(photo.pixels), alpha=alpha)


_WRITERS: dict[str, Callable[[BinaryIO, Layers], None]] = {
    "psd": _psd, "tiff": _tiff, "ora": _ora,
}  # fmt: skip
