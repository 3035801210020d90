"""Before a save: how it will be done, what it keeps, and every loss, in sentences.

The plan is made from the photo, the file it came from and the file it goes to; saving then does
what the plan says. A loss that the plan does not name is a bug.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.errors import BadPhoto, BadSetting, StorageError
from inpaint_studio.imaging import jpeg_file, jpeg_patch, jpeg_pictures
from inpaint_studio.imaging.photo import exif as exif_blocks
from inpaint_studio.imaging.photo import thumb_exif
from inpaint_studio.imaging.photo.again import Palette, indexed
from inpaint_studio.imaging.photo.encoding import AVIF_EXIF_LIMIT
from inpaint_studio.imaging.photo.formats import FORMATS, target_kind
from inpaint_studio.imaging.photo.model import Photo, Samples, SaveOptions
from inpaint_studio.imaging.photo.original import Original

TIFF_CODERS = ("none", "lzw", "deflate", "packbits", "zstd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A save, decided. `original` is the photo's file if it is still the one that was opened;
    `changed` is where the photo differs from it, None when nobody can tell."""

    kind: str
    method: str = "encode"
    mode: str = "RGB"
    bits: int = 8
    compression: str = ""
    original: Original | None = None
    changed: NDArray[np.bool_] | None = None
    before: NDArray[np.uint8] | None = None
    is_same_kind: bool = False
    table: tuple[Samples, Palette] | None = None
    kept: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    estimate_mb: float = 0.0


@dataclass(slots=True)
class _Words:
    """What will be said of the save."""

    kept: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def make_plan(photo: Photo, path: Path, options: SaveOptions) -> Plan:
    """Decide how to save `photo` to `path`.

    Raises: BadSetting: the ending is none we write. StorageError: the file is there already
        and may not be overwritten.
    """
    kind = target_kind(path)
    if path.exists() and not options.overwrite:
        raise StorageError(
            f"{path} is there already; choose another name, or say that it may be replaced."
        )
    form, words = FORMATS[kind], _Words()
    if max(photo.shape) > form.max_side:
        raise BadSetting(f"{form.name} holds at most {form.max_side} pixels a side; save as TIFF.")
    original = Original.of(photo)
    keeps = kind == photo.source.kind == "jpeg" and options.jpeg != "reencode"
    changed, before = original.changed(photo, keep=keeps) if original else (None, None)
    plan = Plan(
        kind=kind, original=original, changed=changed,
        is_same_kind=original is not None and kind == photo.source.kind,
        estimate_mb=_estimate_mb(photo, kind, is_patch=False),
    )  # fmt: skip
    if plan.is_same_kind and changed is not None and not changed.any() and not options.note:
        words.kept.append("Everything: nothing was edited, the file is copied byte for byte.")
        return replace(
            plan, method="copy", mode=photo.source.mode, bits=photo.source.bits,
            kept=tuple(words.kept), estimate_mb=2.0,
        )  # fmt: skip
    if plan.is_same_kind and kind == "jpeg" and _can_patch(photo, plan, options, words):
        return replace(
            plan, method="patch", mode=photo.source.mode, compression="patch", before=before,
            kept=tuple(words.kept), lost=tuple(words.lost),
            estimate_mb=_estimate_mb(photo, kind, is_patch=True),
        )  # fmt: skip
    plan = _pixels(photo, plan, words)
    _metadata(photo, plan, words)
    compression = _coding(photo, plan, options, words)
    return replace(plan, compression=compression, kept=tuple(words.kept), lost=tuple(words.lost))


def _estimate_mb(photo: Photo, kind: str, *, is_patch: bool) -> float:
    """Return the memory a save takes beside the open photo, decoders included, in MB.

    Bytes per pixel were measured at 50 and 100 MP (`tests.benchmarks.photo_speed`).
    """
    size, raw = photo.shape[0] * photo.shape[1], photo.pixels.nbytes
    compare = 2 * size + 256e6
    if kind == "jpeg":
        return (compare + size * (26 if is_patch else 8)) / 1e6
    encoder = {"png": 2.0 * raw, "tiff": 64e6}.get(kind, 6.0 * raw)
    return (compare + encoder) / 1e6


def _can_patch(photo: Photo, plan: Plan, options: SaveOptions, words: _Words) -> bool:
    """Decide for block-wise replacement, and say so; else say why not (in `lost`)."""
    if options.jpeg == "reencode" or plan.original is None:
        return False
    if plan.changed is None:
        reason = "it cannot be compared with its file"
    else:
        found, _ = jpeg_file.segments(plan.original.path.read_bytes())
        frame = jpeg_file.frame_of(found)
        reason = jpeg_patch.refusal(found, frame)
    if reason:
        words.lost.append(f"Patching: only touched blocks cannot be replaced, because {reason}.")
        if options.jpeg == "patch":
            raise BadSetting(f"{photo.path} cannot be patched, because {reason}; save it anew.")
        return False
    words.kept.append("All coded blocks that the edit does not touch, bit for bit.")
    words.kept.append("All metadata, the orientation tag included.")
    words.lost.append(
        "Coding: edited blocks are rounded to the file's own quality; chroma shared with them "
        "may change the pixels right beside them a little."
    )
    if frame.is_progressive:
        words.lost.append("Progressive order: the file becomes a sequential JPEG (same pixels).")
    _say_preview(photo, words)
    return True


def _say_preview(photo: Photo, words: _Words) -> None:
    """The small preview in the EXIF shows the photo before the edit: say what becomes of it."""
    if thumb_exif.find(photo.exif) is not None:
        words.kept.append("Preview: the small picture inside the EXIF is made anew.")
    if thumb_exif.has_hidden(photo.exif):
        words.lost.append(
            "Preview: the camera maker's notes hold a second one, which still shows the photo "
            "before the edit."
        )


def _pixels(photo: Photo, plan: Plan, words: _Words) -> Plan:
    """Decide mode and depth of what is written."""
    source, form = photo.source, FORMATS[plan.kind]
    bits = 16 if photo.pixels.dtype == np.uint16 else 8
    if plan.kind == "avif" and plan.is_same_kind and bits == 16:
        bits = min(source.bits, form.bits)  # 10 and 12 bits come back exactly
        words.kept.append(f"Depth: {bits} bits.")
    elif source.bits < 8:
        words.lost.append(
            f"Depth: {source.bits}-bit samples are saved with 8 bits (every pixel exact)."
        )
    elif bits > form.bits:
        words.lost.append(f"Depth: {form.name} holds {form.bits} bits, the photo has {bits}.")
        bits = form.bits
    elif source.is_float or source.bits > bits:
        words.lost.append(f"Depth: {source.bits}-bit samples are saved with {bits} bits.")
    elif 8 < source.bits < bits:
        words.kept.append(f"Depth: {source.bits}-bit samples, spread over {bits} bits.")
    else:
        words.kept.append(f"Depth: {bits} bits.")
    mode = {"1": "L", "L": "L", "LA": "L", "CMYK": "CMYK"}.get(source.mode, "RGB")
    mode = _grey_or_ink(photo, plan, mode, words)
    if source.mode == "LAB":
        words.lost.append("Colour model: the L*a*b* photo is saved as 16-bit sRGB.")
    if photo.alpha is not None and not form.has_alpha:
        words.lost.append(f"Transparency: {form.name} has none; the colours under it stay.")
    elif photo.alpha is not None:
        mode = {"L": "LA", "RGB": "RGBA"}[mode]
        words.kept.append("Transparency.")
    plan = replace(plan, mode=mode, bits=bits)
    return _palette(photo, plan, words) if source.mode == "P" else plan


def _grey_or_ink(photo: Photo, plan: Plan, mode: str, words: _Words) -> str:
    form = FORMATS[plan.kind]
    if mode == "L":
        if not _is_grey(photo, plan.changed):
            words.lost.append("Colour of the edit: the photo is grey; edited pixels become grey.")
        if "L" not in form.modes:
            words.kept.append(f"Grey: {form.name} has no grey; three equal channels are written.")
            return "RGB"
    if mode == "CMYK":
        if "CMYK" not in form.modes:
            words.lost.append(f"Inks: the CMYK photo is saved as sRGB ({form.name} has no inks).")
            return "RGB"
        if plan.changed is None:
            words.lost.append("Inks: the file is gone or changed; all inks are computed anew.")
        else:
            words.kept.append("Inks: all pixels that were not edited keep theirs exactly.")
    return mode


def _is_grey(photo: Photo, changed: NDArray[np.bool_] | None) -> bool:
    edited = photo.pixels if changed is None else photo.pixels[changed]
    return bool(
        (edited[..., 0] == edited[..., 1]).all() and (edited[..., 1] == edited[..., 2]).all()
    )


def _palette(photo: Photo, plan: Plan, words: _Words) -> Plan:
    if plan.kind == "png" and plan.original is not None and plan.changed is not None:
        try:
            native, table = plan.original.native(photo)
        except BadPhoto:
            table = None
        if table is not None:
            found = indexed(photo, native, table, plan.changed)
            if found is not None:
                words.kept.append("Palette: the edit's colours fit in it.")
                return replace(plan, mode="P", table=found)
            words.lost.append("Palette: the edit needs more than 256 colours; full colours are "
                              "saved (every pixel exact).")  # fmt: skip
            return plan
    words.lost.append("Palette: full colours are saved instead (every pixel exact).")
    return plan


def _metadata(photo: Photo, plan: Plan, words: _Words) -> None:
    form = FORMATS[plan.kind]
    names = {"icc": "Colour profile", "exif": "EXIF", "xmp": "XMP", "iptc": "IPTC",
             "dpi": "Resolution"}  # fmt: skip
    for name, word in names.items():
        if not getattr(photo, name):
            continue
        if name == "exif" and plan.kind == "avif" and len(photo.exif or b"") > AVIF_EXIF_LIMIT:
            words.lost.append("EXIF: longer than the AVIF writer can hold; left out.")
            continue
        in_exif = name == "dpi" and exif_blocks.resolution_of(photo.exif) is not None
        if name in form.metadata or in_exif:
            words.kept.append(f"{word}.")
        else:
            words.lost.append(f"{word}: {form.name} has no place for it.")
    if photo.source.orientation != 1:
        words.kept.append("Orientation: applied to the pixels; the tag is set to 1.")
    _say_jpeg_limits(photo, plan, words)
    if plan.kind == "tiff" and not plan.is_same_kind and thumb_exif.has_maker_notes(photo.exif):
        words.lost.append(
            "Maker notes: kept, but their places move in a TIFF; some programs cannot read them."
        )
    if photo.source.pages > 1 and plan.kind == "tiff" and plan.is_same_kind:
        words.kept.append("Pages: all others are kept as they are.")
    elif photo.source.pages > 1:
        words.lost.append("Pages: only the picture that is open is saved.")
    if photo.source.layers:
        words.lost.append("Layers: the Photoshop layers in the file are dropped; they do not "
                          "show the edit.")  # fmt: skip
    _say_preview(photo, words)


def _say_jpeg_limits(photo: Photo, plan: Plan, words: _Words) -> None:
    """Say what does not fit in a JPEG's segments, and what hangs behind a JPEG's picture."""
    if plan.kind == "jpeg" and not plan.is_same_kind:
        for name in ("exif", "xmp", "iptc"):
            blob = getattr(photo, name)
            if blob and len(blob) > jpeg_file.LIMIT - 64:
                words.lost.append(f"{name.upper()}: longer than a JPEG can hold; left out.")
    if photo.source.kind == "jpeg" and plan.original is not None:
        data = plan.original.path.read_bytes()
        behind = jpeg_pictures.count_of(data[jpeg_file.end_of_picture(data) :])
        if behind:
            words.lost.append(f"Pictures behind the photo (previews, HDR gain maps): {behind} "
                              "dropped.")  # fmt: skip


def _coding(photo: Photo, plan: Plan, options: SaveOptions, words: _Words) -> str:
    name = FORMATS[plan.kind].name
    if plan.kind == "jpeg":
        how = f"at quality {options.quality}"
        if plan.is_same_kind:
            how = "with the file's own tables and sampling"
        words.lost.append(
            f"Coding: the whole JPEG is encoded anew {how}; any pixel may change a little."
        )
        return "lossy"
    if plan.kind in ("avif", "webp") and not options.lossless:
        words.lost.append(f"Coding: {name} is written lossy at quality {options.quality}.")
        return "lossy"
    if plan.kind == "tiff":
        own = photo.source.compression if photo.source.kind == "tiff" else "deflate"
        if options.compression and options.compression not in TIFF_CODERS:
            raise BadSetting(f"TIFF compression is one of {', '.join(TIFF_CODERS)}.")
        wanted = options.compression or own
        if wanted not in TIFF_CODERS:
            words.kept.append(f"Compression: {wanted} becomes deflate, which loses nothing.")
        return wanted if wanted in TIFF_CODERS else "deflate"
    return "lossless"
