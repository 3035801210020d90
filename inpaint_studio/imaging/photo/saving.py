"""Save a photo: plan, write whole, read back, compare. What the plan said is what is written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.errors import BadSetting
from inpaint_studio.imaging import color, jpeg_file, jpeg_patch
from inpaint_studio.imaging.photo import again, encoding, png_file, thumb_exif
from inpaint_studio.imaging.photo.checking import check
from inpaint_studio.imaging.photo.encoding import Metadata
from inpaint_studio.imaging.photo.exif import xmp_with_note
from inpaint_studio.imaging.photo.files import refusal, write_whole
from inpaint_studio.imaging.photo.model import (
    Photo,
    Samples,
    SaveOptions,
    SaveReport,
    SaveStatement,
)
from inpaint_studio.imaging.photo.planning import Plan, make_plan
from inpaint_studio.imaging.photo.stream import hash_of
from inpaint_studio.imaging.photo.tiff_writing import write_tiff
from inpaint_studio.imaging.photo.turn import as_stored, upright

_DEFAULT = SaveOptions()


@dataclass(frozen=True, slots=True)
class Output:
    """What will be written: how, how many bytes at most, and which pixels may differ."""

    fill: Callable[[BinaryIO], object]
    size: int
    touched: NDArray[np.bool_] | None = None
    blocks: int = 0


def save_statement(
    photo: Photo, path: Path | str, options: SaveOptions = _DEFAULT
) -> SaveStatement:
    """Return what a save would keep and lose, without writing anything.

    Raises: BadSetting, StorageError: as `save_photo` would.
    """
    return _statement(make_plan(photo, Path(path), options))


def _statement(plan: Plan) -> SaveStatement:
    return SaveStatement(plan.method, plan.kept, plan.lost, plan.estimate_mb)


def save_photo(photo: Photo, path: Path | str, options: SaveOptions = _DEFAULT) -> SaveReport:
    """Save `photo` at `path`, whole or not at all, and prove what was written by reading it.

    Raises: BadSetting: the ending is none we write. StorageError: the file is there already,
        the disk is full, read-only or gone, or what was written did not read back right.
    """
    where = Path(path)
    plan = make_plan(photo, where, options)
    try:
        output = _output(photo, plan, options)
    except jpeg_patch.CannotPatch as error:
        if options.jpeg == "patch":
            raise BadSetting(
                f"{where} cannot be patched, because {error}; save it anew."
            ) from error
        # Seen only with the coefficients in hand; the report says what was done instead.
        reason = f"Patching: only touched blocks cannot be replaced, because {error}."
        plan = make_plan(photo, where, replace(options, jpeg="reencode"))
        plan = replace(plan, lost=(reason, *plan.lost))
        output = _output(photo, plan, options)
    written = write_whole(
        where, output.fill, reserve=output.size,
        check=lambda draft: check(draft, where, photo, plan, output.touched),
    )  # fmt: skip
    return SaveReport(where, plan.method, _statement(plan), written, hash_of(where), output.blocks)


def _output(photo: Photo, plan: Plan, options: SaveOptions) -> Output:
    if plan.method == "copy":
        return _bytes(_old(plan))
    if plan.method == "patch":
        return _patched(photo, plan, options)
    meta = _metadata(photo, plan, options)
    samples = _samples(photo, plan)
    if plan.kind == "tiff":
        return Output(
            lambda file: write_tiff(file, photo, plan, samples, meta), samples.nbytes + (1 << 16)
        )
    if plan.kind == "png":
        return _bytes(_png(plan, samples, meta))
    if plan.kind == "jpeg":
        found = jpeg_file.segments(_old(plan))[0] if plan.is_same_kind else None
        progressive = plan.is_same_kind and photo.source.is_progressive
        return _bytes(encoding.jpeg_bytes(
            samples, meta, old=found, quality=options.quality, progressive=progressive
        ))  # fmt: skip
    if plan.kind == "webp":
        lossless = plan.compression == "lossless"
        return _bytes(
            encoding.webp_bytes(samples, meta, quality=options.quality, lossless=lossless)
        )
    lossless = plan.compression == "lossless"
    return _bytes(encoding.avif_bytes(
        samples, meta, quality=options.quality, lossless=lossless, bits=plan.bits
    ))  # fmt: skip


def _bytes(data: bytes) -> Output:
    return Output(lambda file: file.write(data), len(data))


def _old(plan: Plan) -> bytes:
    assert plan.original is not None
    try:
        return plan.original.path.read_bytes()
    except OSError as error:
        raise refusal(plan.original.path, error) from error


def _png(plan: Plan, samples: Samples, meta: Metadata) -> bytes:
    old = png_file.chunks(_old(plan)) if plan.is_same_kind else None
    palette = plan.table[1] if plan.table else None
    return encoding.png_bytes(samples, meta, old, palette)


def _samples(photo: Photo, plan: Plan) -> Samples:
    """Return what is encoded, upright: the file's own samples where nothing was edited."""
    if plan.table is not None:
        return plan.table[0]
    more = photo.source.samples > {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}[plan.mode]
    needs_native = plan.mode == "CMYK" or (more and plan.kind == "tiff" and plan.is_same_kind)
    native = None
    if needs_native and plan.original is not None and plan.changed is not None:
        native, _ = plan.original.native(photo)
    if plan.mode == "CMYK":
        inks = again.inks(photo, native, plan.changed)
        return inks if plan.is_same_kind else inks[..., :4]
    samples = again.plain_samples(photo, plan.mode, plan.bits)
    is_alike = plan.is_same_kind and photo.source.mode in ("L", "LA", "RGB", "RGBA")
    return again.with_extra(samples, native, plan.mode) if is_alike else samples


def _metadata(photo: Photo, plan: Plan, options: SaveOptions) -> Metadata:
    xmp = xmp_with_note(photo.xmp, options.note) if options.note else photo.xmp
    icc = photo.source.icc if plan.mode == "CMYK" else photo.icc
    exif = photo.exif
    is_edited = plan.changed is None or bool(plan.changed.any())
    if exif and is_edited and thumb_exif.find(exif) is not None:
        exif = thumb_exif.renewed(exif, _preview(photo))
    return Metadata(icc=icc, exif=exif, xmp=xmp, iptc=photo.iptc, dpi=photo.dpi)


def _preview(photo: Photo) -> NDArray[np.uint8]:
    """Return every so many pixels of the photo as sRGB: enough for 160 pixels."""
    step = max(1, max(photo.shape) // 640)
    return color.space_of(photo.icc).to_srgb8(photo.pixels[::step, ::step])


def _patched(photo: Photo, plan: Plan, options: SaveOptions) -> Output:
    """Replace the touched blocks only; EXIF stays as it is but for its preview."""
    data = _old(plan)
    orientation = photo.source.orientation
    after = as_stored(photo.pixels, orientation)
    before = plan.before
    if before is None:
        raise jpeg_patch.CannotPatch("it cannot be compared with its file")
    try:
        found = jpeg_patch.patch(data, before, after.astype(np.uint8, copy=False))
    except OSError as error:  # the folder for temporary files is full or gone
        raise refusal(Path(tempfile.gettempdir()) / "patch.jpg", error) from error
    exif = jpeg_file.find(jpeg_file.segments(data)[0], jpeg_file.APP1, jpeg_file.EXIF)
    if exif and thumb_exif.find(exif) is not None:
        exif = thumb_exif.renewed(exif, np.asarray(as_stored(_preview(photo), orientation)))
    xmp = xmp_with_note(photo.xmp, options.note) if options.note else None
    result = jpeg_file.with_metadata(found.data, exif=exif, xmp=xmp)
    touched = upright(found.touched, orientation)
    return Output(lambda file: file.write(result), len(result), touched, found.blocks)
