"""JPEG patches: every block that an edit does not touch stays bit for bit."""

from __future__ import annotations

import struct
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_dilation

from inpaint_studio.errors import BadSetting
from inpaint_studio.imaging import jpeg_file, jpeg_patch, jpeg_pictures
from inpaint_studio.imaging.photo import SaveOptions, open_photo, save_photo, save_statement
from tests.benchmarks.photo_cases import exif_block, picture, profile


def decoded(data: bytes) -> NDArray[np.uint8]:
    with Image.open(BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def encoded(pixels: NDArray[np.uint8], **options: object) -> bytes:
    out = BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", **({"quality": 90} | options))
    return out.getvalue()


def with_edit(pixels: NDArray[np.uint8], box: tuple[slice, slice]) -> NDArray[np.uint8]:
    changed = pixels.copy()
    changed[box] = 255 - pixels[box]
    return changed


BOXES = {
    "inside": (slice(40, 61), slice(33, 70)),
    "corner": (slice(0, 5), slice(0, 3)),
    "far corner": (slice(-3, None), slice(-5, None)),
    "one pixel": (slice(77, 78), slice(50, 51)),
}


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES.keys())
@pytest.mark.parametrize("size", [(240, 176), (233, 171)], ids=["whole blocks", "odd size"])
@pytest.mark.parametrize("sampling", [0, 1, 2], ids=["444", "422", "420"])
@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
def test_blocks_that_are_not_touched_stay(
    progressive: bool, sampling: int, size: tuple[int, int], box: tuple[slice, slice]
) -> None:
    data = encoded(picture(*size), subsampling=sampling, progressive=progressive)
    before = decoded(data)
    after = with_edit(before, box)
    result = jpeg_patch.patch(data, before, after)
    back = decoded(result.data)
    changed = (back != before).any(axis=2)
    assert not (changed & ~binary_dilation(result.touched, np.ones((3, 3)))).any()
    assert 0 < result.blocks < result.all_blocks / 4
    mask = (before != after).any(axis=2)
    if mask.sum() > 50:
        error = np.abs(back[mask].astype(int) - after[mask]).mean()
        assert error < np.abs(before[mask].astype(int) - after[mask]).mean() / 4


def test_coefficients_outside_are_the_same_numbers(tmp_path: Path) -> None:
    import jpeglib

    data = encoded(picture(), subsampling=2)
    before = decoded(data)
    result = jpeg_patch.patch(data, before, with_edit(before, BOXES["inside"]))
    planes = []
    for name, content in (("a", data), ("b", result.data)):
        (tmp_path / f"{name}.jpg").write_bytes(content)
        planes.append(jpeglib.read_dct(str(tmp_path / f"{name}.jpg")))
    for channel in ("Y", "Cb", "Cr"):
        old, new = getattr(planes[0], channel), getattr(planes[1], channel)
        differs = (old != new).any(axis=(2, 3))
        step = 8 if channel == "Y" else 16
        rows, columns = np.nonzero(differs)
        assert rows.min() >= 40 // step
        assert rows.max() <= 60 // step
        assert columns.min() >= 33 // step
        assert columns.max() <= 69 // step


def test_no_edit_changes_no_pixel() -> None:
    data = encoded(picture(), subsampling=2)
    before = decoded(data)
    result = jpeg_patch.patch(data, before, before.copy())
    assert result.blocks == 0
    assert np.array_equal(decoded(result.data), before)


def test_tables_sampling_and_metadata_are_the_files_own() -> None:
    data = encoded(
        picture(), subsampling=2, exif=b"Exif\0\0" + exif_block(6),
        icc_profile=profile("Adobe RGB"), comment="a comment", restart_marker_blocks=4,
    )  # fmt: skip
    before = decoded(data)
    result = jpeg_patch.patch(data, before, with_edit(before, BOXES["inside"]))
    old, _ = jpeg_file.segments(data)
    new, _ = jpeg_file.segments(result.data)
    assert [s for s in old if s.is_metadata] == [s for s in new if s.is_metadata]
    assert jpeg_file.tables_of(old) == jpeg_file.tables_of(new)
    assert jpeg_file.frame_of(old) == jpeg_file.frame_of(new)


def test_rgb_jpegs_without_luma_are_patched_too(tmp_path: Path) -> None:
    data = encoded(picture(), subsampling=0, keep_rgb=True)
    before = decoded(data)
    after = with_edit(before, BOXES["inside"])
    result = jpeg_patch.patch(data, before, after)
    back = decoded(result.data)
    mask = (before != after).any(axis=2)
    assert np.abs(back[mask].astype(int) - after[mask]).mean() < 6
    changed = (back != before).any(axis=2)
    assert not (changed & ~result.touched).any()


def test_inks_are_not_patched_and_that_is_said(tmp_path: Path) -> None:
    Image.fromarray(picture()).convert("CMYK").save(tmp_path / "a.jpg", quality=92)
    photo = open_photo(tmp_path / "a.jpg")
    photo = replace(photo, pixels=with_edit(photo.pixels, BOXES["inside"]))  # type: ignore[arg-type]
    statement = save_statement(photo, tmp_path / "b.jpg")
    assert statement.method == "encode"
    assert any("CMYK" in line for line in statement.lost)
    with pytest.raises(BadSetting, match="cannot be patched"):
        save_photo(photo, tmp_path / "b.jpg", SaveOptions(jpeg="patch"))


def test_encoding_anew_takes_the_files_own_tables(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encoded(picture(), quality=83, subsampling=2))
    photo = open_photo(tmp_path / "a.jpg")
    photo = replace(photo, pixels=with_edit(photo.pixels, BOXES["inside"]))  # type: ignore[arg-type]
    report = save_photo(photo, tmp_path / "b.jpg", SaveOptions(jpeg="reencode"))
    assert report.method == "encode"
    assert "own tables" in " ".join(report.statement.lost)
    old, _ = jpeg_file.segments((tmp_path / "a.jpg").read_bytes())
    new, _ = jpeg_file.segments((tmp_path / "b.jpg").read_bytes())
    assert jpeg_file.tables_of(old) == jpeg_file.tables_of(new)
    assert jpeg_file.frame_of(old).sampling == jpeg_file.frame_of(new).sampling == "4:2:0"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_photos_are_patched_where_they_were_edited(orientation: int, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(
        encoded(picture(), subsampling=0, exif=b"Exif\0\0" + exif_block(orientation))
    )
    photo = open_photo(tmp_path / "a.jpg")
    after = with_edit(photo.pixels, BOXES["inside"])  # type: ignore[arg-type]
    report = save_photo(replace(photo, pixels=after), tmp_path / "b.jpg")
    assert report.method == "patch"
    back = open_photo(tmp_path / "b.jpg")
    assert back.source.orientation == orientation
    outside = np.ones(photo.shape, bool)
    outside[32:72, 24:80] = False
    assert np.array_equal(back.pixels[outside], photo.pixels[outside])
    inside = (slice(40, 61), slice(33, 70))
    assert np.abs(back.pixels[inside].astype(int) - after[inside]).mean() < 6


def test_twenty_chained_patches_change_nothing_outside_their_blocks(tmp_path: Path) -> None:
    path = tmp_path / "p0.jpg"
    path.write_bytes(encoded(picture(), subsampling=2))
    first = photo = open_photo(path)
    touched = np.zeros(photo.shape, bool)
    chance = np.random.default_rng(1)
    for turn in range(20):
        top, left = (int(v) for v in chance.integers(0, (160, 220)))
        pixels = photo.pixels.copy()
        pixels[top : top + 7, left : left + 7] = chance.integers(0, 256, 3)
        blocks = (slice(top // 16 * 16, (top + 6) // 16 * 16 + 16),
                  slice(left // 16 * 16, (left + 6) // 16 * 16 + 16))  # fmt: skip
        touched[blocks] = True
        path = tmp_path / f"p{turn + 1}.jpg"
        save_photo(replace(photo, pixels=pixels), path)
        photo = open_photo(path)
    outside = ~binary_dilation(touched, np.ones((3, 3)))
    assert outside.sum() > 1000
    assert np.array_equal(photo.pixels[outside], first.pixels[outside])


def test_the_preview_no_longer_shows_what_was_removed(tmp_path: Path) -> None:
    white = np.full((240, 320, 3), 255, np.uint8)
    white[100:140, 140:180] = 0
    small = BytesIO()
    Image.fromarray(white[::2, ::2]).save(small, "JPEG", quality=95)
    thumb = small.getvalue()
    block = b"II*\0" + struct.pack("<IHI", 8, 0, 14) + struct.pack(
        "<HHHIIHHIIHHIII", 3, 0x103, 3, 1, 6, 0x201, 4, 1, 56, 0x202, 4, 1, len(thumb), 0
    )  # fmt: skip
    block = block.ljust(56, b"\0") + thumb
    (tmp_path / "a.jpg").write_bytes(encoded(white, exif=b"Exif\0\0" + block))
    photo = open_photo(tmp_path / "a.jpg")
    clean = np.full_like(photo.pixels, 255)
    save_photo(replace(photo, pixels=clean), tmp_path / "b.jpg")
    exif = open_photo(tmp_path / "b.jpg").exif or b""
    assert len(exif) == len(block)
    preview = np.asarray(Image.open(BytesIO(exif[56:])))
    assert preview.shape == (120, 160, 3)
    assert preview.min() > 240


def test_pictures_behind_the_photo_stay_reachable() -> None:
    data = encoded(picture(), subsampling=2)
    behind = encoded(picture(64, 48), quality=70)
    head = b"MPF\0"
    index = struct.pack("<2sHIH", b"II", 42, 8, 1) + struct.pack("<HHII", 0xB002, 7, 32, 26)
    index = index + b"\0\0\0\0"
    at = 2 + 18  # behind SOI and JFIF
    place = at + 4 + len(head)
    segment_size = 2 + len(head) + len(index) + 32
    size = len(data) + segment_size + 2
    entries = struct.pack("<IIIHH", 0, size, 0, 0, 0) + struct.pack(
        "<IIIHH", 0, len(behind), size - place, 0, 0
    )
    segment = b"\xff\xe2" + struct.pack(">H", segment_size) + head + index + entries
    whole = data[:at] + segment + data[at:] + behind
    before = decoded(whole)
    result = jpeg_patch.patch(whole, before, with_edit(before, BOXES["inside"]))
    spot = result.data.index(head) + 4
    length = struct.unpack_from("<I", result.data, spot + 26 + 4)[0]
    offset = struct.unpack_from("<I", result.data, spot + 26 + 16 + 8)[0]
    assert result.data[length:] == behind
    assert result.data[spot + offset :] == behind
    assert jpeg_pictures.count_of(result.data[length:]) == 1


@pytest.mark.parametrize("marker", [0xC9, 0xC3])
def test_arithmetic_and_lossless_coding_are_refused_by_name(marker: int) -> None:
    frame = jpeg_file.Frame(marker, 8, 16, 16, ((1, 1, 1, 0),))
    assert jpeg_patch.refusal([], frame)


@pytest.mark.parametrize("optimized", [False, True])
def test_a_patched_file_keeps_the_kind_of_its_huffman_tables(optimized: bool) -> None:
    stream = BytesIO()
    Image.fromarray(picture(400, 300)).save(stream, "JPEG", quality=90, optimize=optimized)
    old = stream.getvalue()
    before = np.asarray(Image.open(BytesIO(old)))
    after = before.copy()
    after[100:140, 200:260] = 255 - after[100:140, 200:260]
    new = jpeg_patch.patch(old, before, after).data
    common = jpeg_file.has_common_codes(jpeg_file.segments(new)[0])
    assert common is (not optimized)
    assert common is jpeg_file.has_common_codes(jpeg_file.segments(old)[0])
    assert len(new) < len(old) * 1.03
