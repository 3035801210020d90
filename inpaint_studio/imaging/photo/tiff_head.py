"""What one page of a TIFF says about itself."""

from __future__ import annotations

from typing import Any, BinaryIO

from inpaint_studio.errors import BadPhoto
from inpaint_studio.imaging.photo import tiff_file as t
from inpaint_studio.imaging.photo.exif_tiff import block_of
from inpaint_studio.imaging.photo.model import Source
from inpaint_studio.imaging.photo.photoshop import iptc_of

COMPRESSIONS = {
    1: "none", 2: "ccitt", 3: "ccitt", 4: "ccitt", 5: "lzw", 6: "jpeg", 7: "jpeg", 8: "deflate",
    32946: "deflate", 32773: "packbits", 34712: "jpeg2000", 50000: "zstd", 50001: "webp",
    50002: "jpegxl", 34925: "lzma", 34887: "lerc",
}  # fmt: skip
LOSSY = ("jpeg", "jpeg2000", "webp", "jpegxl", "lerc")
PHOTOMETRIC_MODES = {0: "L", 1: "L", 2: "RGB", 3: "P", 5: "CMYK", 6: "RGB", 8: "LAB"}


def tiff_head(file: BinaryIO, name: str, page: int) -> dict[str, Any]:
    """Return the fields of a Head for one page. Raises: BadPhoto."""
    tree = t.TiffTree(file)
    if not 0 <= page < len(tree.pages):
        raise BadPhoto(f"{name} has {len(tree.pages)} page(s); page {page + 1} is not among them.")
    directory = tree.pages[page]
    icc = tree.blob(directory, t.ICC)
    orientation = tree.number(directory, t.ORIENTATION, 1)
    iptc = tree.blob(directory, t.IPTC) or iptc_of(tree.blob(directory, t.PHOTOSHOP))
    notes = []
    if len(tree.pages) > 1:
        notes.append(f"Page {page + 1} of {len(tree.pages)} is opened; the others are kept.")
    source = _source(tree, directory, name)
    if source["layers"]:
        notes.append("The file holds Photoshop layers; the flattened picture is opened.")
    return {
        "source": Source(
            **source,
            orientation=orientation if 1 <= orientation <= 8 else 1,
            page=page, pages=len(tree.pages), icc=icc,
        ),
        "icc": icc,
        "exif": block_of(tree, directory),
        "xmp": tree.blob(directory, t.XMP),
        "iptc": iptc,
        "dpi": _dpi(tree, directory),
        "notes": tuple(notes),
    }  # fmt: skip


def _source(tree: t.TiffTree, directory: t.Directory, name: str) -> dict[str, Any]:
    number = tree.number
    bits = number(directory, t.BITS, 1)
    samples = number(directory, t.SAMPLES, 1)
    photometric = number(directory, t.PHOTOMETRIC, 1)
    mode = PHOTOMETRIC_MODES.get(photometric)
    colors = {"L": 1, "P": 1, "RGB": 3, "CMYK": 4, "LAB": 3}.get(mode or "", 0)
    if mode is None or samples < colors:
        raise BadPhoto(
            f"{name} stores its colours in a way (photometric {photometric}, {samples} channels) "
            "that this program does not read; convert it to RGB first."
        )
    is_float = number(directory, t.SAMPLE_FORMAT, 1) == 3
    if bits not in ((16, 32, 64) if is_float else (1, 2, 4, 8, 16, 32)):
        raise BadPhoto(f"{name} has {bits} bits per sample; convert it to 8 or 16 bits first.")
    has_alpha = samples > colors and mode in ("L", "RGB")
    if mode == "L" and bits == 1 and not has_alpha:
        mode = "1"
    if has_alpha:
        mode += "A" if mode == "RGB" else ""
        mode = "LA" if mode == "L" else mode
    compression = COMPRESSIONS.get(number(directory, t.COMPRESSION, 1), "unknown")
    layers = directory.entries.get(t.LAYERS)
    return {
        "kind": "tiff",
        "mode": mode,
        "bits": bits,
        "width": number(directory, t.WIDTH),
        "height": number(directory, t.LENGTH),
        "has_alpha": has_alpha,
        "is_float": is_float,
        "is_lossy": compression in LOSSY,
        "compression": compression,
        "layers": len(layers.data) if layers else 0,
        "samples": samples,
        "is_whole": t.TILE_WIDTH in directory.entries or number(directory, t.PLANAR, 1) == 2,
    }


def _dpi(tree: t.TiffTree, directory: t.Directory) -> tuple[float, float] | None:
    scale = {2: 1.0, 3: 2.54}.get(tree.number(directory, t.UNIT, 2), 0.0)
    x = tree.ratio(directory, t.X_RESOLUTION) * scale
    y = tree.ratio(directory, t.Y_RESOLUTION) * scale
    return (x, y) if x > 0 and y > 0 else None
