"""EXIF as a block (JPEG, PNG, WebP) and as directories (TIFF), from one to the other."""

from __future__ import annotations

from io import BytesIO

from inpaint_studio.errors import BadPhoto
from inpaint_studio.imaging.photo import tiff_file as t

DESCRIPTIVE = (
    270, 271, 272, t.ORIENTATION, t.X_RESOLUTION, t.Y_RESOLUTION, t.UNIT, 305, 306, 315, 316,
    33432, t.EXIF_IFD, t.GPS_IFD, 40091, 40092, 40093, 40094, 40095, 18246, 18249,
)  # fmt: skip
"""Tags of IFD0 that describe the photo and not how its pixels lie in the file."""


def block_of(tree: t.TiffTree, directory: t.Directory) -> bytes | None:
    """Return a page's EXIF as a block of its own, or None when it has nothing to tell."""
    chosen = t.Directory(
        {tag: entry for tag, entry in directory.entries.items() if tag in DESCRIPTIVE},
        {tag: kids for tag, kids in directory.children.items() if tag in DESCRIPTIVE},
    )
    if not set(chosen.entries) - {t.ORIENTATION, t.X_RESOLUTION, t.Y_RESOLUTION, t.UNIT}:
        return None
    file = BytesIO()
    writer = t.TiffWriter(file, order=tree.order)
    writer.page(chosen, None)
    return file.getvalue()


def descriptive_of(block: bytes, order: str) -> t.Directory | None:
    """Return a block's descriptive tags as a directory, or None when the block is broken.

    Only a block of the same byte `order` can be carried over as it is.
    """
    try:
        tree = t.TiffTree(BytesIO(block))
    except BadPhoto:
        return None
    if tree.order != order:
        return None
    first = tree.pages[0]
    return t.Directory(
        {tag: entry for tag, entry in first.entries.items() if tag in DESCRIPTIVE},
        {tag: kids for tag, kids in first.children.items() if tag in DESCRIPTIVE},
    )


def order_of(block: bytes | None) -> str:
    return ">" if block and block[:2] == b"MM" else "<"
