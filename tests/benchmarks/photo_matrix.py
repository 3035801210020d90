"""What a save keeps, measured with other decoders than ours, as a table in Markdown.

Run: python -m tests.benchmarks.photo_matrix [--short]

Every form of file in `photo_cases` is opened and saved again in its own format, once untouched
and once with a small edit. Both files are then read by Pillow, OpenCV (16-bit PNG) and libvips
(TIFF, which ours reads with tifffile) and compared: pixels outside the edit, depth, alpha,
profile, EXIF, XMP, resolution. Whatever differs must have been announced by the save statement
beforehand; the command ends with 1 if one loss was not. `--short` puts edits of one outcome on one
line and leaves out the saves without an edit that gave the file back byte for byte.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from inpaint_studio.imaging.photo import SaveOptions, open_photo, save_photo, save_statement
from tests.benchmarks.photo_cases import CASES, Case

BOX = (slice(64, 96), slice(48, 88))
"""Where the edit lies, in the upright picture."""
BLOCKS = (slice(63, 97), slice(47, 97))
"""The 16-pixel blocks that the edit touches, and one pixel around them."""
ANNOUNCED_BY = {
    "pixels": ("Coding", "Depth: 32"),
    "depth": ("Depth", "Palette"),
    "alpha": ("Transparency",),
    "ICC": ("Colour profile",),
    "EXIF": ("EXIF",),
    "XMP": ("XMP",),
    "DPI": ("Resolution",),
    "pages": ("Pages",),
}


@dataclass
class Seen:
    """A file as another library sees it."""

    pixels: NDArray[Any]
    mode: str
    icc: bytes | None
    exif: dict[Any, Any]
    xmp: bytes | None
    dpi: tuple[float, float] | None
    pages: int


@dataclass
class Row:
    """One line of the table."""

    case: str
    edit: str
    method: str
    outside: str
    marks: dict[str, str]
    lost: tuple[str, ...]
    silent: list[str] = field(default_factory=list)


def see(path: Path) -> Seen:
    """Read a file with Pillow, its samples with OpenCV where Pillow knows no such depth."""
    import cv2
    import pyvips

    try:
        opened = Image.open(path)
    except OSError as error:
        raise OSError(f"Pillow does not read {path.name}") from error
    with opened as image:
        exif = image.getexif()
        tags: dict[Any, Any] = {
            tag: value for tag, value in exif.items()
            if tag in (0x010F, 0x0110, 0x013B, 0x8298, 0x9003)
        }  # fmt: skip
        for ifd in (0x8769, 0x8825):
            tags |= {(ifd, tag): value for tag, value in exif.get_ifd(ifd).items()}
        xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
        dpi = image.info.get("dpi")
        pages = getattr(image, "n_frames", 1)
        icc = image.info.get("icc_profile")
        mode = image.mode if image.mode not in ("RGBA",) or image.format != "PNG" else "RGBA"
        try:
            plain = image.convert({"P": "RGBA", "1": "L"}.get(image.mode, image.mode))
            pixels = np.asarray(ImageOps.exif_transpose(plain))
        except (OSError, ValueError, SyntaxError):
            pixels = np.zeros(0)
    # Pillow turns 16-bit colour into 8 bits; OpenCV (PNG) and libvips (TIFF) do not.
    if path.suffix == ".tif":
        pixels = pyvips.Image.new_from_file(str(path)).numpy()
        mode = f"{mode} {pixels.dtype}"
    elif path.suffix == ".png" and mode not in ("1", "P"):
        raw = cv2.imread(str(path), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
        assert raw is not None, path
        order = [2, 1, 0, 3][: raw.shape[2]] if raw.ndim == 3 else None
        deep = raw[..., order] if order else raw
        pixels = deep if deep.dtype != np.uint8 else pixels
        mode = f"{mode} {deep.dtype}"
    text = xmp.encode() if isinstance(xmp, str) else xmp
    return Seen(pixels, mode, icc, tags, text, dpi, pages)


def run_case(case: Case, folder: Path, *, edit: bool) -> Row:
    """Open, (edit,) state, save, look at both files through other eyes."""
    stem = case.name.replace(" ", "_").replace(":", "").replace("+", "_").replace(";", "")
    old, new = folder / f"{stem}{case.suffix}", folder / f"{stem}_out{case.suffix}"
    case.make(old)
    photo = open_photo(old)
    if edit:
        pixels = photo.pixels.copy()
        pixels[BOX] = pixels[BOX][::-1, ::-1] // 2
        photo = replace(photo, pixels=pixels)
    options = SaveOptions(overwrite=True)
    statement = save_statement(photo, new, options)
    report = save_photo(photo, new, options)
    assert report.statement == statement, "the save did not do what it said"
    return compare(case, edit, see(old), see(new), statement.lost, report.method)


def compare(
    case: Case, edit: bool, old: Seen, new: Seen, lost: tuple[str, ...], method: str
) -> Row:
    outside, extent = "not readable", 1.0
    if old.pixels.shape[:2] == new.pixels.shape[:2] and old.pixels.size:
        differs = changed_outside(old.pixels, new.pixels, edit=edit)
        extent = float(differs.mean())
        outside = f"{100 * extent:.2f} %" if extent else "0"
        if method == "patch" and extent:
            differs[BLOCKS] = False
            outside += f" ({differs.sum()} px beyond the touched blocks + 1 px)"
            extent = 1.0 if differs.any() else extent
    has_alpha = old.mode.startswith(("RGBA", "LA")) or old.pixels.shape[-1] == 4
    checks = {
        "depth": old.mode == new.mode and old.pixels.dtype == new.pixels.dtype,
        "alpha": not has_alpha or old.pixels.shape == new.pixels.shape,
        "ICC": old.icc == new.icc,
        "EXIF": old.exif == new.exif,
        "XMP": old.xmp == new.xmp,
        "DPI": same_dpi(old.dpi, new.dpi),
        "pages": old.pages == new.pages,
    }
    have = {
        "depth": True, "alpha": has_alpha, "ICC": bool(old.icc), "EXIF": bool(old.exif),
        "XMP": bool(old.xmp), "DPI": bool(old.dpi), "pages": old.pages > 1,
    }  # fmt: skip
    marks = {
        name: "–" if not have[name] and right else "kept" if right else "LOST"
        for name, right in checks.items()
    }
    wrong = [name for name, right in checks.items() if not right]
    wrong += ["pixels"] if extent else []
    silent = [
        name for name in wrong
        if not any(line.startswith(ANNOUNCED_BY[name]) for line in lost)
    ]  # fmt: skip
    return Row(case.name, "one edit" if edit else "none", method, outside, marks, lost, silent)


def changed_outside(old: NDArray[Any], new: NDArray[Any], *, edit: bool) -> NDArray[np.bool_]:
    """Return (H, W), True where pixels outside the edit differ."""
    old = old[..., None] if old.ndim == 2 else old
    new = new[..., None] if new.ndim == 2 else new
    channels = min(old.shape[2], new.shape[2])
    differs = np.asarray((old[..., :channels] != new[..., :channels]).any(axis=2))
    if edit:
        differs[BOX] = False
    return differs


def same_dpi(old: tuple[float, float] | None, new: tuple[float, float] | None) -> bool:
    if old is None or new is None:
        return old is None
    return bool(np.allclose([float(v) for v in old], [float(v) for v in new], atol=0.1))


def table(rows: list[Row]) -> str:
    """Return the rows as Markdown."""
    names = ["depth", "alpha", "ICC", "EXIF", "XMP", "DPI"]
    head = ["file", "edit", "saved by", "pixels changed outside the edit", *names, "announced"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        said = "; ".join(line.split(":")[0].lower() for line in row.lost) or "–"
        cells = [row.case, row.edit, row.method, row.outside, *(row.marks[n] for n in names), said]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def short(rows: list[Row]) -> str:
    """Return the rows as Markdown, those of one outcome on one line."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        if row.method == "copy" and row.outside == "0" and "LOST" not in row.marks.values():
            continue
        outside = "inside the touched blocks only" if "0 px beyond" in row.outside else row.outside
        said = "; ".join(line.split(":")[0].lower() for line in row.lost) or "–"
        gone = ", ".join(name for name, mark in row.marks.items() if mark == "LOST") or "–"
        case = row.case if row.edit != "none" else f"{row.case} (no edit)"
        groups.setdefault((row.method, outside, gone, said), []).append(case)
    copies = len(rows) - sum(len(cases) for cases in groups.values())
    lines = [
        f"Saved without an edit: {copies} of {sum(row.edit == 'none' for row in rows)} files come "
        "back byte for byte. With one edit:", "",
        "| files | saved by | pixels changed outside the edit | lost | announced |",
        "|" + "---|" * 5,
    ]  # fmt: skip
    for (method, outside, gone, said), cases in groups.items():
        lines.append(f"| {'; '.join(cases)} | {method} | {outside} | {gone} | {said} |")
    return "\n".join(lines)


def main() -> int:
    """Print the table; return 1 when a loss was silent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [run_case(case, Path(folder), edit=edit) for case in CASES for edit in (False, True)]
    print(short(rows) if asked.short else table(rows))
    silent = [(row.case, row.edit, row.silent) for row in rows if row.silent]
    print(f"\n{len(rows)} saves; losses that were not announced: {len(silent)}")
    for case, edit, names in silent:
        print(f"- {case}, {edit}: {', '.join(names)}")
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main())
