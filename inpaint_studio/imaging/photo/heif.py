"""HEIC and AVIF: read through libheif (pi-heif, HEVC) and libavif (Pillow, AV1).

libheif applies the container's own rotation and mirroring (irot, imir); the EXIF orientation,
which HEIC only repeats, does not count. libavif leaves the pixels as they are stored; Pillow
says the container's rotation as an EXIF orientation, which is applied as any other photo's.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np

from inpaint_studio.arrays import as_pixels
from inpaint_studio.errors import BadPhoto
from inpaint_studio.imaging.photo.exif import orientation_of, with_orientation_reset
from inpaint_studio.imaging.photo.model import Samples
from inpaint_studio.imaging.photo.sniff import kind_of_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HeifInfo:
    width: int
    height: int
    bits: int
    has_alpha: bool
    is_av1: bool
    pages: int
    icc: bytes | None
    exif: bytes | None
    xmp: bytes | None
    notes: tuple[str, ...]
    orientation: int = 1


def _is_av1(data: bytes) -> bool:
    return kind_of_bytes(data[:64]) == "avif"


def info_of(data: bytes) -> HeifInfo:
    """Return size, depth and metadata. Raises: BadPhoto."""
    return _avif_info(data) if _is_av1(data) else _heic_info(data)


def _avif_info(data: bytes) -> HeifInfo:
    from PIL import Image

    with Image.open(BytesIO(data), formats=("AVIF",)) as picture:
        frames = getattr(picture, "n_frames", 1)
        exif = picture.info.get("exif")
        return HeifInfo(
            width=picture.width, height=picture.height, bits=avif_bits(data),
            has_alpha=picture.mode == "RGBA", is_av1=True, pages=frames,
            icc=picture.info.get("icc_profile"), exif=_clean(exif), xmp=picture.info.get("xmp"),
            notes=("The file is a sequence; only its first picture is opened.",)
            if frames > 1 else (), orientation=orientation_of(_bare(exif)),
        )  # fmt: skip


def avif_bits(data: bytes) -> int:
    """Return the bits per sample from the AV1 configuration box (8, 10 or 12)."""
    at = data.find(b"av1C")
    if at < 0 or at + 8 > len(data):
        return 8
    flags = data[at + 6]
    return (12 if flags & 0x20 else 10) if flags & 0x40 else 8


def _heic_info(data: bytes) -> HeifInfo:
    import pi_heif

    try:
        file = pi_heif.open_heif(BytesIO(data), convert_hdr_to_8bit=False)
    except (ValueError, RuntimeError, SyntaxError, EOFError) as error:
        raise BadPhoto(f"The HEIC is damaged ({error}); take it from its source again.") from error
    image = file[file.primary_index]
    notes = ("The file holds several pictures; the main one is opened.",) if len(file) > 1 else ()
    return HeifInfo(
        width=image.size[0], height=image.size[1], bits=int(image.info.get("bit_depth", 8)),
        has_alpha=image.has_alpha, is_av1=False, pages=len(file),
        icc=image.info.get("icc_profile"), exif=_clean(image.info.get("exif")),
        xmp=image.info.get("xmp"), notes=notes,
    )  # fmt: skip


def _bare(exif: bytes | None) -> bytes | None:
    return exif[6:] if exif and exif.startswith(b"Exif\0\0") else exif


def _clean(exif: bytes | None) -> bytes | None:
    exif = _bare(exif)
    return with_orientation_reset(exif) if exif else None


def samples_of(data: bytes) -> Samples:
    """Return (H, W, 3 or 4): 8 bits as they are, 10 and 12 bits spread over 16."""
    if _is_av1(data):
        return _avif_samples(data)
    import pi_heif

    file = pi_heif.open_heif(BytesIO(data), convert_hdr_to_8bit=False)
    image = file[file.primary_index]
    array = np.asarray(image)
    # libheif hands over 10- and 12-bit samples in the upper bits of 16 already.
    return as_pixels(array.copy())


def _avif_samples(data: bytes) -> Samples:
    bits = avif_bits(data)
    if bits == 8:
        from PIL import Image

        with Image.open(BytesIO(data), formats=("AVIF",)) as picture:
            return np.asarray(picture).copy()
    import imagecodecs

    deep = imagecodecs.avif_decode(data, index=0)
    top = np.uint32(2**bits - 1)
    wide: Samples = ((deep.astype(np.uint32) * 65535 + top // 2) // top).astype(np.uint16)
    return wide if wide.ndim == 3 else as_pixels(np.repeat(wide[..., None], 3, axis=2))
