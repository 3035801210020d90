"""Save a photo: plan, write whole, read back, compare. What the plan said is what is written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from inpaint_studio.errors import InpaintError, StorageError
from inpaint_studio.imaging import jpeg_file
from inpaint_studio.imaging.photo import encoding, png_file
from inpaint_studio.imaging.photo import tiff_file as t
from inpaint_studio.imaging.photo.convert import grey_of
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

_DEFAULT = SaveOptions()


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
    if plan.method == "copy" and plan.original is not None:
        fill, size = _copier(plan.original.path)
    else:
        fill, size = _encoder(photo, plan, options)
    written = write_whole(
        where, fill, reserve=size, check=lambda draft: _check(draft, where, photo, plan)
    )
    with where.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return SaveReport(where, plan.method, _statement(plan), written, digest)


Fill = Callable[[BinaryIO], object]


def _copier(source: Path) -> tuple[Fill, int]:
    try:
        data = source.read_bytes()
    except OSError as error:
        raise refusal(source, error) from error
    return lambda file: file.write(data), len(data)


def target_samples(photo: Photo, mode: str, bits: int) -> Samples:
    """Return upright samples (H, W, channels) in the mode and depth of the plan."""
    pixels, alpha = photo.pixels, photo.alpha
    if bits == 8 and pixels.dtype == np.uint16:
        pixels = to_8_bit(pixels)
        alpha = to_8_bit(alpha) if alpha is not None else None
    planes = grey_of(pixels)[..., None] if mode in ("L", "LA") else pixels
    if mode in ("LA", "RGBA") and alpha is not None:
        return np.concatenate([planes, alpha[..., None]], axis=2)
    return planes


def to_8_bit(samples: Samples) -> Samples:
    """Return 16-bit samples rounded to the nearest of 8 bits (65535 becomes 255)."""
    return ((samples.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)


def _encoder(photo: Photo, plan: Plan, options: SaveOptions) -> tuple[Fill, int]:
    meta = _metadata(photo, options)
    if plan.mode == "CMYK":
        from inpaint_studio.imaging.photo.ink import cmyk_of_rgb

        samples = cmyk_of_rgb(photo.pixels, photo.source.icc)
    else:
        samples = target_samples(photo, plan.mode, plan.bits)
    is_same = plan.original is not None and plan.kind == photo.source.kind
    if plan.kind == "tiff":
        return _tiff_encoder(photo, plan, samples, meta, is_same=is_same)
    old = photo.path.read_bytes() if is_same and photo.path else b""
    if plan.kind == "png":
        data = encoding.png_bytes(samples, meta, png_file.chunks(old) if old else None)
    elif plan.kind == "jpeg":
        found = jpeg_file.segments(old)[0] if old else None
        data = encoding.jpeg_bytes(
            samples, meta, old=found, quality=options.quality,
            progressive=is_same and photo.source.is_progressive,
        )  # fmt: skip
    elif plan.kind == "webp":
        data = encoding.webp_bytes(
            samples, meta, quality=options.quality, lossless=plan.compression == "lossless"
        )
    else:
        data = encoding.avif_bytes(samples, meta, quality=options.quality)
    return lambda file: file.write(data), len(data)


def _metadata(photo: Photo, options: SaveOptions) -> Metadata:
    xmp = xmp_with_note(photo.xmp, options.note) if options.note else photo.xmp
    icc = photo.source.icc if photo.source.mode == "CMYK" else photo.icc
    return Metadata(icc=icc, exif=photo.exif, xmp=xmp, iptc=photo.iptc, dpi=photo.dpi)


def _tiff_encoder(
    photo: Photo, plan: Plan, samples: Samples, meta: Metadata, *, is_same: bool
) -> tuple[Fill, int]:
    photometric = {"L": 1, "LA": 1, "RGB": 2, "RGBA": 2, "CMYK": 5}[plan.mode]
    extra = (2,) if plan.mode in ("LA", "RGBA") else ()
    size = samples.nbytes + (64 << 10)

    def fresh(file: BinaryIO) -> None:
        encoding.write_tiff(
            file, samples, meta, compression=plan.compression, photometric=photometric, extra=extra
        )

    def again(file: BinaryIO) -> None:
        assert photo.path is not None
        with photo.path.open("rb") as old:
            tree = t.TiffTree(old)
            is_big = tree.is_big or photo.path.stat().st_size + samples.nbytes > 3_500_000_000
            writer = t.TiffWriter(file, order=tree.order, is_big=is_big)
            for index, page in enumerate(tree.pages):
                if index != photo.source.page:
                    writer.page(page, tree)
                    continue
                rows, strips = encoding.tiff_strips(samples, plan.compression, order=tree.order)
                encoding.describe_pixels(
                    page, writer, samples, compression=plan.compression, rows=rows,
                    photometric=photometric, extra=extra,
                )  # fmt: skip
                page.entries.pop(t.LAYERS, None)
                encoding.set_blobs(page, Metadata(icc=meta.icc, xmp=meta.xmp))
                writer.page(page, tree, lambda: strips)

    return (again if is_same else fresh), size


def _check(draft: Path, where: Path, photo: Photo, plan: Plan) -> None:
    """Read the draft back; what the plan promised to keep must be there. Raises: StorageError."""
    from inpaint_studio.imaging.photo.opening import open_photo

    try:
        back = open_photo(draft, float("inf"), photo.source.page if plan.kind == "tiff" else 0)
    except InpaintError as error:
        raise StorageError(
            f"{where} was not saved: what was written could not be read back ({error})"
        ) from error
    same = back.shape == photo.shape
    if same and plan.compression not in ("jpeg", "lossy") and plan.mode != "CMYK":
        want = target_samples(photo, plan.mode, plan.bits)
        got = target_samples(back, plan.mode, plan.bits)
        same = bool(np.array_equal(want, got))
    if not same:
        raise StorageError(
            f"{where} was not saved: reading it back gave other pixels. Nothing was changed; "
            "save in another format and report this."
        )
