"""What each format can hold: the ground of every save statement."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inpaint_studio.errors import BadSetting
from inpaint_studio.imaging.photo.sniff import kind_of_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What a format can hold: most bits per sample, modes, metadata, most pixels a side."""

    name: str
    bits: int
    modes: tuple[str, ...]
    metadata: tuple[str, ...]
    max_side: int

    @property
    def has_alpha(self) -> bool:
        return "RGBA" in self.modes


FORMATS: dict[str, Format] = {
    "jpeg": Format(
        name="JPEG", bits=8, modes=("L", "RGB", "CMYK"),
        metadata=("icc", "exif", "xmp", "iptc", "dpi"), max_side=65500,
    ),
    "png": Format(
        name="PNG", bits=16, modes=("L", "LA", "P", "RGB", "RGBA"),
        metadata=("icc", "exif", "xmp", "dpi"), max_side=2**31 - 1,
    ),
    "tiff": Format(
        name="TIFF", bits=16, modes=("L", "LA", "RGB", "RGBA", "CMYK"),
        metadata=("icc", "exif", "xmp", "iptc", "dpi"), max_side=2**31 - 1,
    ),
    "webp": Format(
        name="WebP", bits=8, modes=("RGB", "RGBA"),
        metadata=("icc", "exif", "xmp"), max_side=16383,
    ),
    "avif": Format(
        name="AVIF", bits=12, modes=("RGB", "RGBA"),
        metadata=("icc", "exif", "xmp"), max_side=65535,
    ),
}  # fmt: skip


def target_kind(path: Path) -> str:
    """Return the kind a save to `path` writes. Raises: BadSetting."""
    kind = kind_of_name(path)
    if kind not in FORMATS:
        raise BadSetting(
            f"{path.name} cannot be written: its ending is to be one of .jpg, .png, .tif, .webp "
            "and .avif. The name was not changed for you; choose another one."
        )
    return kind
