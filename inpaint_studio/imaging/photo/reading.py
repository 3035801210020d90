"""From a stream to a Photo: upright, RGB, with everything the file said beside its pixels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import frozen
from inpaint_studio.errors import BadPhoto
from inpaint_studio.imaging.photo import exif as exif_blocks
from inpaint_studio.imaging.photo.limited import limited_stream
from inpaint_studio.imaging.photo.model import Photo, Samples, Source
from inpaint_studio.imaging.photo.stream import Request, Stream, guarded, local_stream
from inpaint_studio.imaging.photo.turn import as_stored, turned_size


@contextmanager
def streaming(request: Request, *, trusted: bool) -> Iterator[Stream]:
    """Decode in a limited child, or in this process when the file is `trusted`.

    Raises: BadPhoto.
    """
    if trusted:
        with guarded(request.path), local_stream(request) as found:
            yield found
    else:
        with limited_stream(request) as found:
            yield found


def decode(request: Request, *, trusted: bool) -> Photo:
    """Decode a whole photo. Raises: BadPhoto."""
    with streaming(request, trusted=trusted) as found:
        pixels, alpha = assemble(request, found)
        return photo_of(request, found, pixels, alpha)


def placed(request: Request, found: Stream) -> Iterator[tuple[slice, Samples]]:
    """Yield (stored rows, band), and make sure that every row comes once. Raises: BadPhoto."""
    name, height = request.path.name, found.head.source.height
    top = 0
    for band in found.bands:
        end = top + len(band)
        if end > height or band.shape[1] != found.head.source.width:
            raise BadPhoto(f"{name} holds other pixels than its header says; it is damaged.")
        yield slice(top, end), band
        top = end
    if top != height:
        raise BadPhoto(
            f"{name} breaks off: {top} of {height} rows are there; take it from its source again."
        )


def assemble(request: Request, found: Stream) -> tuple[Samples, Samples | None]:
    """Put the bands of an RGB stream together, upright. Raises: BadPhoto."""
    source = found.head.source
    width, height = turned_size(source.width, source.height, source.orientation)
    pixels: NDArray[np.generic] = np.empty((height, width, 3), found.dtype)
    stored = as_stored(pixels, source.orientation)
    alpha = stored_alpha = None
    if source.has_alpha:
        alpha = np.empty((height, width), found.dtype)
        stored_alpha = as_stored(alpha, source.orientation)
    for rows, band in placed(request, found):
        stored[rows] = band[..., :3]
        if stored_alpha is not None:
            stored_alpha[rows] = band[..., 3]
    return pixels, alpha  # type: ignore[return-value]


def photo_of(request: Request, found: Stream, pixels: Samples, alpha: Samples | None) -> Photo:
    """Return the photo with these upright pixels and the head's metadata."""
    head, source = found.head, found.head.source
    swapped = source.orientation >= 5 and head.dpi is not None
    return Photo(
        pixels=frozen(pixels),  # type: ignore[arg-type]
        alpha=None if alpha is None else frozen(alpha),  # type: ignore[arg-type]
        icc=head.icc if source.mode not in ("CMYK", "LAB", "RAW") else None,
        exif=exif_blocks.with_orientation_reset(head.exif) if head.exif else None,
        xmp=exif_blocks.xmp_with_orientation_reset(head.xmp) if head.xmp else None,
        iptc=head.iptc,
        dpi=(head.dpi[1], head.dpi[0]) if swapped and head.dpi else head.dpi,
        format=source.kind,
        path=request.path,
        sha256=found.sha256,
        notes=(*head.notes, *_notes(source)),
        source=replace(source),
    )


def differing(
    request: Request, found: Stream, photo: Photo, keep: NDArray[np.uint8] | None = None
) -> NDArray[np.bool_] | None:
    """Return (H, W), True where a stream shows other pixels or alpha than `photo`, upright.

    None when size, depth or the presence of alpha differ. Needs no second picture in memory;
    `keep` (as stored, 8 bits) is filled with the stream's pixels for who needs them too.
    """
    source = found.head.source
    width, height = turned_size(source.width, source.height, source.orientation)
    if (height, width) != photo.shape or found.dtype != photo.pixels.dtype:
        return None
    differs = np.zeros(photo.shape, bool)
    has_alpha = photo.alpha is not None
    if photo.alpha is not None and not source.has_alpha:
        # WebP leaves out an alpha that is opaque everywhere; nothing is lost by that.
        has_alpha = not bool((photo.alpha == np.iinfo(photo.alpha.dtype).max).all())
    if source.has_alpha != has_alpha:
        return None
    result = as_stored(differs, source.orientation)
    pixels = as_stored(photo.pixels, source.orientation)
    alpha = None
    if has_alpha and photo.alpha is not None:
        alpha = as_stored(photo.alpha, source.orientation)
    for rows, band in placed(request, found):
        other = pixels[rows]
        line = band[..., 0] != other[..., 0]  # three planes: reducing an axis of 3 is slow
        line |= band[..., 1] != other[..., 1]
        line |= band[..., 2] != other[..., 2]
        result[rows] = line
        if keep is not None:
            keep[rows] = band[..., :3]
        if alpha is not None:
            result[rows] |= band[..., 3] != alpha[rows]
    return differs


def _notes(source: Source) -> tuple[str, ...]:
    notes = []
    if source.mode == "CMYK":
        way = "through its profile" if source.icc else "without a profile, by plain complement"
        notes.append(
            f"The photo is CMYK; it is shown and edited as sRGB, converted {way}. On save only "
            "edited pixels are converted back, all others keep their inks."
        )
    if source.mode == "LAB":
        notes.append("The photo is L*a*b*; it is edited as 16-bit sRGB and saved as RGB.")
    if source.is_float:
        notes.append("The photo has floating-point samples; it is edited in 16 bits, 0..1.")
    elif source.bits == 32:
        notes.append("The photo has 32 bits per sample; it is edited in 16 bits.")
    return tuple(notes)
