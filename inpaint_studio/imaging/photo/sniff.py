"""Which kind of file this is, by its first bytes. Names and extensions decide nothing.

Only what stands here is ever handed to a decoder.
"""

from __future__ import annotations

from pathlib import Path

from inpaint_studio.errors import BadPhoto

HEAD_BYTES = 64

KINDS: dict[str, tuple[str, ...]] = {
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "png": (".png",),
    "tiff": (".tif", ".tiff"),
    "webp": (".webp",),
    "avif": (".avif",),
    "heif": (".heic", ".heif", ".hif"),
    "raw": (".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2", ".pef", ".srw"),
}
"""Kind -> the extensions it goes by."""


def kind_of_name(path: Path) -> str:
    """Return the kind that a file's extension stands for, or ""."""
    suffix = path.suffix.lower()
    return next((kind for kind, suffixes in KINDS.items() if suffix in suffixes), "")


def kind_of_bytes(head: bytes, path: Path | None = None) -> str:
    """Return the kind of a file that begins with `head`, or "" when it is none we read.

    Camera RAW files are TIFF containers; only there the extension is asked too.
    """
    if head[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:2] == b"\xff\x0a" or head[:12] == b"\0\0\0\x0cJXL \r\n\x87\n":
        return "jxl"
    if head[4:8] == b"ftyp":
        return _kind_of_brand(head)
    raw = path is not None and kind_of_name(path) == "raw"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "raw" if raw else "tiff"
    if raw and head[:4] in (b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FUJI"):
        return "raw"
    return ""


def _kind_of_brand(head: bytes) -> str:
    brands = {head[8:12]} | {head[at : at + 4] for at in range(16, len(head) - 3, 4)}
    if head[8:12] in (b"avif", b"avis") or b"avif" in brands:
        return "avif"
    if head[8:12] == b"crx ":
        return "raw"
    return "heif" if brands & {b"heic", b"heix", b"mif1", b"hevc", b"heim"} else ""


def sniff(path: Path) -> str:
    """Return the kind of the file at `path`.

    Raises: BadPhoto: it is not there, cannot be read, is empty, or is no photo we know.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except FileNotFoundError as error:
        raise BadPhoto(f"There is no file {path}; check the name.") from error
    except IsADirectoryError as error:
        raise BadPhoto(f"{path} is a folder; choose a photo in it.") from error
    except OSError as error:
        raise BadPhoto(f"{path} cannot be read ({error.strerror}).") from error
    if not head:
        raise BadPhoto(f"{path.name} is empty (0 bytes); take it from its source again.")
    kind = kind_of_bytes(head, path)
    if kind == "jxl":
        # The decoder at hand drops the colour profile: wrong colours would be kept in silence.
        raise BadPhoto(
            f"{path.name} is a JPEG XL, whose colour profile cannot be read here; convert it to "
            "TIFF or PNG, which loses nothing."
        )
    if not kind:
        raise BadPhoto(
            f"{path.name} is no photo this program reads (JPEG, PNG, TIFF, WebP, AVIF, "
            "HEIC or camera RAW); convert it first."
        )
    return kind
