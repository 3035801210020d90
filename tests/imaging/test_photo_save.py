"""Saving: what was not edited stays, every loss is said before, and files are whole or old."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inpaint_studio.errors import BadSetting, StorageError
from inpaint_studio.imaging.photo import (
    Photo,
    SaveOptions,
    files,
    open_photo,
    save_photo,
    save_statement,
)
from tests.benchmarks.photo_cases import CASES, Case
from tests.benchmarks.photo_matrix import run_case

OVER = SaveOptions(overwrite=True)


def opened(name: str, folder: Path) -> Photo:
    case = next(case for case in CASES if case.name == name)
    path = folder / f"photo{case.suffix}"
    case.make(path)
    return open_photo(path)


def edited(photo: Photo, box: tuple[slice, slice] = (slice(40, 60), slice(30, 70))) -> Photo:
    pixels = photo.pixels.copy()
    pixels[box] = pixels[box] // 2 + 7
    return replace(photo, pixels=pixels)


@pytest.mark.parametrize("edit", [False, True], ids=["untouched", "edited"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_loss_is_silent(case: Case, edit: bool, tmp_path: Path) -> None:
    row = run_case(case, tmp_path, edit=edit)
    assert row.silent == []
    if not edit:
        assert row.method == "copy"


LOSSLESS = ("PNG L", "PNG LA", "PNG P+tRNS", "PNG RGBA", "PNG I;16", "PNG RGBA16",
            "WebP lossless RGBA", "AVIF", "TIFF RGB16 LZW + ICC", "TIFF CMYK", "TIFF RGBA",
            "PNG orientation 6")  # fmt: skip


@pytest.mark.parametrize("name", LOSSLESS)
def test_twenty_chained_edits_change_nothing_else(name: str, tmp_path: Path) -> None:
    first = photo = opened(name, tmp_path)
    mask = np.zeros(photo.shape, bool)
    chance = np.random.default_rng(3)
    for turn in range(20):
        top, left = (int(v) for v in chance.integers(0, (photo.shape[0] - 9, photo.shape[1] - 9)))
        box = (slice(top, top + 9), slice(left, left + 9))
        mask[box] = True
        path = tmp_path / f"turn{turn}{photo.path.suffix}"  # type: ignore[union-attr]
        save_photo(edited(photo, box), path)
        photo = open_photo(path)
    assert np.array_equal(photo.pixels[~mask], first.pixels[~mask])
    if first.alpha is not None and photo.alpha is not None:
        assert np.array_equal(photo.alpha, first.alpha)
    assert photo.icc == first.icc
    assert photo.xmp == first.xmp


def test_pages_that_are_not_open_stay_byte_for_byte(tmp_path: Path) -> None:
    photo = open_photo(opened("TIFF 3 pages", tmp_path).path, page=1)  # type: ignore[arg-type]
    save_photo(edited(photo), tmp_path / "out.tif")
    for page in (0, 2):
        old, new = open_photo(photo.path, page=page), open_photo(tmp_path / "out.tif", page=page)
        assert np.array_equal(old.pixels, new.pixels)
    assert open_photo(tmp_path / "out.tif", page=1).pixels.dtype == np.uint16


def test_unknown_tags_and_further_channels_of_a_tiff_stay(tmp_path: Path) -> None:
    import tifffile

    samples = np.random.default_rng(0).integers(0, 256, (50, 60, 6)).astype(np.uint8)
    private = (65000, "B", 5, b"priv8", True)
    tifffile.imwrite(tmp_path / "a.tif", samples, photometric="rgb", extratags=[private],
                     extrasamples=["unassalpha", "unspecified", "unspecified"])  # fmt: skip
    photo = open_photo(tmp_path / "a.tif")
    save_photo(edited(photo, (slice(5, 9), slice(5, 9))), tmp_path / "b.tif")
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        page = file.pages[0]
        back = page.asarray()
        assert page.tags[65000].value == b"priv8"
        assert page.tags[338].value == (2, 0, 0)
    outside = np.ones((50, 60), bool)
    outside[5:9, 5:9] = False
    assert np.array_equal(back[outside], samples[outside])
    assert np.array_equal(back[..., 3:], samples[..., 3:])


def test_other_chunks_of_a_png_stay(tmp_path: Path) -> None:
    photo = opened("PNG RGB", tmp_path)
    save_photo(edited(photo), tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as image:
        assert image.info["Comment"] == "kept as well"


def test_a_palette_is_kept_while_the_edit_fits_in_it(tmp_path: Path) -> None:
    photo = opened("PNG P", tmp_path)
    pixels = photo.pixels.copy()
    pixels[10:20, 10:20] = (1, 2, 3)
    save_photo(replace(photo, pixels=pixels), tmp_path / "few.png")
    with Image.open(tmp_path / "few.png") as image:
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image.convert("RGB")), pixels)
    noise = np.random.default_rng(0).integers(0, 256, (100, 100, 3))
    pixels[:100, :100] = noise
    many = replace(photo, pixels=pixels)
    statement = save_statement(many, tmp_path / "many.png")
    assert any(line.startswith("Palette") for line in statement.lost)
    save_photo(many, tmp_path / "many.png")
    assert np.array_equal(open_photo(tmp_path / "many.png").pixels, pixels)


def test_inks_of_untouched_pixels_stay(tmp_path: Path) -> None:
    import tifffile

    photo = opened("TIFF CMYK", tmp_path)
    save_photo(edited(photo), tmp_path / "out.tif")
    old, new = tifffile.imread(photo.path), tifffile.imread(tmp_path / "out.tif")
    outside = np.ones(photo.shape, bool)
    outside[40:60, 30:70] = False
    assert np.array_equal(old[outside], new[outside])
    back = open_photo(tmp_path / "out.tif").pixels
    inside = edited(photo).pixels[~outside].astype(int)
    assert np.abs(back[~outside].astype(int) - inside).max() <= 1


LOSSES = [
    ("PNG RGBA16", ".jpg", {"Depth", "Transparency", "Coding"}),
    ("PNG RGB16", ".webp", {"Depth", "Resolution"}),
    ("TIFF CMYK", ".png", {"Inks", "IPTC"}),
    ("TIFF RGB ZIP + ICC", ".png", {"IPTC"}),
    ("TIFF 3 pages", ".png", {"Pages"}),
    ("PNG RGB", ".tif", set()),
    ("JPEG q90 4:2:0", ".png", set()),
    ("PNG L", ".tif", set()),
]


@pytest.mark.parametrize(("name", "suffix", "words"), LOSSES)
def test_losses_of_a_change_of_format_are_said(
    name: str, suffix: str, words: set[str], tmp_path: Path
) -> None:
    photo = edited(opened(name, tmp_path))
    target = tmp_path / f"out{suffix}"
    statement = save_statement(photo, target)
    assert not target.exists()
    assert {line.split(":")[0] for line in statement.lost} == words
    save_photo(photo, target)
    back = open_photo(target)
    assert back.icc == photo.icc
    if not words:
        assert np.array_equal(back.pixels, photo.pixels)
        assert back.dpi == pytest.approx(photo.dpi, rel=1e-3)


def test_grey_photos_stay_grey_and_say_what_that_costs(tmp_path: Path) -> None:
    photo = opened("PNG L", tmp_path)
    pixels = photo.pixels.copy()
    pixels[10:20, 10:20] = (200, 10, 10)
    colored = replace(photo, pixels=pixels)
    statement = save_statement(colored, tmp_path / "out.png")
    assert any(line.startswith("Colour of the edit") for line in statement.lost)
    save_photo(colored, tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as image:
        assert image.mode == "L"


def test_note_is_put_into_the_xmp_beside_what_is_there(tmp_path: Path) -> None:
    photo = edited(opened("PNG RGB", tmp_path))
    save_photo(photo, tmp_path / "out.png", SaveOptions(note='patch, seed 7, run "a<b"'))
    xmp = open_photo(tmp_path / "out.png").xmp or b""
    assert b"patch, seed 7" in xmp
    assert b"&lt;b" in xmp
    assert b'dc:source="a test"' in xmp


def test_nothing_is_overwritten_or_renamed_unasked(tmp_path: Path) -> None:
    photo = opened("PNG RGB", tmp_path)
    with pytest.raises(StorageError, match="there already"):
        save_photo(photo, photo.path or "")
    for name in ("out", "out.gif", "out.png.bak"):
        with pytest.raises(BadSetting, match="not changed for you"):
            save_photo(photo, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["photo.png"]


def test_a_changed_or_vanished_original_is_not_copied(tmp_path: Path) -> None:
    photo = opened("PNG RGB", tmp_path)
    assert photo.path is not None
    photo.path.write_bytes(photo.path.read_bytes()[:-4] + b"abcd")
    assert save_statement(photo, tmp_path / "a.png").method == "encode"
    photo.path.unlink()
    save_photo(photo, tmp_path / "a.png")
    assert np.array_equal(open_photo(tmp_path / "a.png").pixels, photo.pixels)


def refusing(call: str, code: int) -> Callable[[pytest.MonkeyPatch], None]:
    start = os.open

    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    def no_draft(path: object, *rest: object, **more: object) -> int:
        if str(path).endswith(".part"):
            fail()
        return start(path, *rest, **more)  # type: ignore[arg-type]

    def install(patch: pytest.MonkeyPatch) -> None:
        if call == "replace":
            patch.setattr(Path, "replace", fail)
        else:
            patch.setattr(files.os, call, no_draft if call == "open" else fail)

    return install


FAULTS = [
    ("posix_fallocate", errno.ENOSPC, "full"),
    ("posix_fallocate", errno.EDQUOT, "quota"),
    ("fsync", errno.EIO, "error"),
    ("open", errno.EROFS, "read-only"),
    ("open", errno.EACCES, "written"),
    ("replace", errno.ENOENT, "not there"),
]


@pytest.mark.parametrize(("call", "code", "word"), FAULTS)
@pytest.mark.parametrize("name", ["PNG RGB", "JPEG q90 4:2:0", "TIFF RGB16 LZW + ICC"])
def test_a_failing_disk_leaves_the_original(
    name: str, call: str, code: int, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = opened(name, tmp_path)
    assert photo.path is not None
    before = photo.path.read_bytes()
    with monkeypatch.context() as patch:
        refusing(call, code)(patch)
        with pytest.raises(StorageError, match=word):
            save_photo(edited(photo), photo.path, OVER)
    assert photo.path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [photo.path.name]
    save_photo(edited(photo), photo.path, OVER)


def test_a_short_write_leaves_the_original(tmp_path: Path) -> None:
    target = tmp_path / "photo.png"
    target.write_bytes(b"the original")

    def half(file: object) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        raise OSError(errno.ENOSPC, "full")

    with pytest.raises(StorageError, match="full"):
        files.write_whole(target, half, reserve=100)
    assert target.read_bytes() == b"the original"
    assert len(list(tmp_path.iterdir())) == 1


def test_what_reads_back_wrong_replaces_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inpaint_studio.imaging.photo import encoding

    photo = opened("PNG RGB", tmp_path)
    right = encoding.png_bytes

    def wrong(samples: np.ndarray, *rest: object) -> bytes:
        return right(np.ascontiguousarray(samples[::-1]), *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(encoding, "png_bytes", wrong)
    with pytest.raises(StorageError, match="other pixels"):
        save_photo(edited(photo), tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()


def test_permissions_and_links_are_kept(tmp_path: Path) -> None:
    photo = opened("PNG RGB", tmp_path)
    assert photo.path is not None
    photo.path.chmod(0o640)
    link = tmp_path / "link.png"
    link.symlink_to(photo.path)
    save_photo(edited(photo), link, OVER)
    assert link.is_symlink()
    assert photo.path.stat().st_mode & 0o777 == 0o640
    assert np.array_equal(open_photo(photo.path).pixels, edited(photo).pixels)


def test_same_name_with_another_ending_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"a neighbour")
    photo = opened("PNG RGB", tmp_path)
    save_photo(edited(photo), tmp_path / "photo.tif")
    assert (tmp_path / "photo.jpg").read_bytes() == b"a neighbour"
