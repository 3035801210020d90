"""Before a save: how it will be done, what it keeps, and every loss, in sentences.

The plan is made from the photo, the file it came from and the file it goes to; saving then does
what the plan says. A loss that the plan does not name is a bug.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.errors import BadSetting, StorageError
from inpaint_studio.imaging.photo import exif as exif_blocks
from inpaint_studio.imaging.photo.model import Photo, SaveOptions
from inpaint_studio.imaging.photo.original import Original
from inpaint_studio.imaging.photo.sniff import WRITABLE, kind_of_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What a format can hold."""

    name: str
    bits: int
    alpha: bool
    modes: tuple[str, ...]
    metadata: tuple[str, ...]
    max_side: int


FORMATS: dict[str, Format] = {
    "jpeg": Format(name="JPEG", bits=8, alpha=False, modes=("L", "RGB", "CMYK"),
                   metadata=("icc", "exif", "xmp", "iptc", "dpi"), max_side=65500),
    "png": Format(name="PNG", bits=16, alpha=True, modes=("L", "LA", "P", "RGB", "RGBA"),
                  metadata=("icc", "exif", "xmp", "dpi"), max_side=2**31 - 1),
    "tiff": Format(name="TIFF", bits=16, alpha=True, modes=("L", "LA", "RGB", "RGBA", "CMYK"),
                   metadata=("icc", "exif", "xmp", "iptc", "dpi"), max_side=2**31 - 1),
    "webp": Format(name="WebP", bits=8, alpha=True, modes=("RGB", "RGBA"),
                   metadata=("icc", "exif", "xmp"), max_side=16383),
    "avif": Format(name="AVIF", bits=8, alpha=True, modes=("RGB", "RGBA"),
                   metadata=("icc", "exif", "xmp"), max_side=65535),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A save, decided."""

    kind: str
    method: str
    mode: str
    bits: int
    compression: str
    kept: tuple[str, ...]
    lost: tuple[str, ...]
    original: Original | None
    changed: NDArray[np.bool_] | None
    estimate_mb: float


def make_plan(photo: Photo, path: Path, options: SaveOptions) -> Plan:
    """Decide how to save `photo` to `path`.

    Raises: BadSetting: the extension is none we write. StorageError: the file is there already
        and may not be overwritten.
    """
    kind = target_kind(path)
    if path.exists() and not options.overwrite:
        raise StorageError(
            f"{path} is there already; choose another name, or say that it may be replaced."
        )
    original = Original.of(photo)
    changed = original.changed(photo) if original else None
    is_same = kind == photo.source.kind and original is not None
    is_untouched = changed is not None and not changed.any()
    kept: list[str] = []
    lost: list[str] = []
    if is_same and is_untouched and not options.note:
        kept.append("Nothing was edited: the file is copied byte for byte.")
        return Plan(
            kind=kind, method="copy", mode=photo.source.mode, bits=photo.source.bits,
            compression=photo.source.compression, kept=tuple(kept), lost=(), original=original,
            changed=changed, estimate_mb=1.0,
        )  # fmt: skip
    mode, bits = _pixels(photo, kind, lost, kept)
    _metadata(photo, kind, lost, kept, original if is_same else None)
    compression = _coding(photo, kind, options, lost, kept, is_same=is_same)
    return Plan(
        kind=kind, method="encode", mode=mode, bits=bits, compression=compression,
        kept=tuple(kept), lost=tuple(lost), original=original, changed=changed,
        estimate_mb=photo.pixels.nbytes * 2.5 / 1e6,
    )  # fmt: skip


def target_kind(path: Path) -> str:
    """Return the kind a save to `path` writes. Raises: BadSetting."""
    kind = kind_of_name(path)
    if kind not in FORMATS:
        known = ".jpg, .png, .tif, .webp and .avif"
        raise BadSetting(
            f"{path.name} cannot be written: the ending is to be one of {known}; "
            "the name was not changed for you."
        )
    return kind


def _pixels(photo: Photo, kind: str, lost: list[str], kept: list[str]) -> tuple[str, int]:
    """Decide mode and depth of what is written."""
    source, form = photo.source, FORMATS[kind]
    bits = 16 if photo.pixels.dtype == np.uint16 else 8
    if max(photo.shape) > form.max_side:
        raise BadSetting(f"{form.name} holds at most {form.max_side} pixels a side; save as TIFF.")
    if bits > form.bits:
        lost.append(f"Depth: {form.name} holds {form.bits} bits, the photo has {bits}.")
        bits = form.bits
    elif source.is_float or source.bits > bits:
        lost.append(f"Depth: {source.bits}-bit samples are saved with {bits} bits.")
    else:
        kept.append(f"Depth: {bits} bits.")
    alpha = photo.alpha is not None
    if alpha and not form.alpha:
        lost.append(f"Transparency: {form.name} has none; the colours under it stay.")
        alpha = False
    mode = {"1": "L", "L": "L", "LA": "L", "CMYK": "CMYK"}.get(source.mode, "RGB")
    if mode == "CMYK" and ("CMYK" not in form.modes or photo.path is None):
        lost.append(f"Inks: the CMYK photo is saved as sRGB, as it is seen ({form.name}).")
        mode = "RGB"
    if source.mode == "LAB":
        lost.append("Colour model: the L*a*b* photo is saved as 16-bit sRGB.")
    if source.mode == "P":
        kept.append("Colours: the palette's colours are saved as full colours.")
    if mode == "L" and "L" not in form.modes:
        mode = "RGB"
        kept.append(f"Grey: {form.name} has no grey; equal red, green and blue are written.")
    if alpha:
        mode = {"L": "LA", "RGB": "RGBA"}[mode]
        kept.append("Transparency.")
    return mode, bits


def _metadata(
    photo: Photo, kind: str, lost: list[str], kept: list[str], original: Original | None
) -> None:
    form = FORMATS[kind]
    words = {"icc": "Colour profile", "exif": "EXIF", "xmp": "XMP", "iptc": "IPTC",
             "dpi": "Resolution"}  # fmt: skip
    for name, word in words.items():
        if not getattr(photo, name):
            continue
        in_exif = name == "dpi" and exif_blocks.resolution_of(photo.exif) is not None
        if name in form.metadata or in_exif:
            kept.append(f"{word}.")
        else:
            lost.append(f"{word}: {form.name} has no place for it.")
    if photo.source.orientation != 1:
        kept.append("Orientation: applied; the tag is set to 1.")
    if photo.source.pages > 1 and not (kind == "tiff" and original):
        lost.append("Pages: only the picture that is open is saved.")
    elif photo.source.pages > 1:
        kept.append("Pages: all others are kept as they are.")
    if photo.source.layers:
        lost.append("Layers: the Photoshop layers in the file are dropped; they no longer fit.")


def _coding(
    photo: Photo, kind: str, options: SaveOptions, lost: list[str], kept: list[str], *,
    is_same: bool,
) -> str:  # fmt: skip
    if kind == "jpeg":
        how = (
            "with the file's own tables and sampling"
            if is_same
            else (f"at quality {options.quality}")
        )
        lost.append(
            f"Coding: the whole JPEG is encoded anew {how}; all pixels may change a little."
        )
        return "jpeg"
    if kind == "avif" or (kind == "webp" and not options.lossless):
        lost.append(f"Coding: {FORMATS[kind].name} is written lossy at quality {options.quality}.")
        return "lossy"
    if kind == "tiff":
        own = photo.source.compression if photo.source.kind == "tiff" else ""
        wanted = options.compression or own
        return wanted if wanted in ("none", "lzw", "deflate", "packbits", "zstd") else "deflate"
    return "lossless"


__all__ = ["FORMATS", "WRITABLE", "Plan", "make_plan", "target_kind"]
