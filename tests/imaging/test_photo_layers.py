"""Layers: other programs' readers find the photo, the edit and the mask."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inpaint_studio.errors import BadSetting, ShapeMismatch, StorageError
from inpaint_studio.imaging.photo import (
    Photo,
    layers_statement,
    open_photo,
    save_layers,
)
from tests.benchmarks.photo_cases import CASES, profile

BOX = (slice(20, 50), slice(60, 90))


def pair(name: str, folder: Path) -> tuple[Photo, Photo, np.ndarray]:
    case = next(case for case in CASES if case.name == name)
    path = folder / f"photo{case.suffix}"
    case.make(path)
    before = open_photo(path)
    pixels = before.pixels.copy()
    pixels[BOX] = pixels[BOX][::-1] // 2
    mask = np.zeros(before.shape, bool)
    mask[BOX] = True
    return before, replace(before, pixels=pixels), mask


@pytest.mark.parametrize("name", ["TIFF RGB ZIP + ICC", "PNG RGBA", "TIFF RGB16 LZW + ICC",
                                  "PNG RGBA16"])  # fmt: skip
def test_psd_is_read_by_psd_tools(name: str, tmp_path: Path) -> None:
    from psd_tools import PSDImage

    before, after, mask = pair(name, tmp_path)
    save_layers(before, after, mask, tmp_path / "out.psd")
    psd = PSDImage.open(tmp_path / "out.psd")
    assert psd.depth == 8 * after.pixels.itemsize
    assert [layer.name for layer in psd] == ["Before the edit", "Edit"]
    under, edit = list(psd)
    top = np.iinfo(after.pixels.dtype).max
    if after.alpha is None:
        seen = np.rint(psd.numpy("color") * top).astype(after.pixels.dtype)
        assert np.array_equal(seen, after.pixels)
    else:
        clear = np.rint(under.numpy("shape")[..., 0] * top).astype(after.pixels.dtype)
        assert np.array_equal(clear, after.alpha)
    old = np.rint(under.numpy("color") * top).astype(after.pixels.dtype)
    assert np.array_equal(old, before.pixels)
    assert edit.bbox == (60, 20, 90, 50)
    assert edit.mask.bbox == (60, 20, 90, 50)
    assert np.rint(edit.numpy("mask")).min() == 1
    new = np.rint(edit.numpy("color") * top).astype(after.pixels.dtype)
    assert np.array_equal(new, after.pixels[BOX])
    if after.icc:
        assert psd.image_resources.get_data(1039) == after.icc


def test_psd_is_read_by_pillow(tmp_path: Path) -> None:
    before, after, mask = pair("TIFF RGB ZIP + ICC", tmp_path)
    save_layers(before, after, mask, tmp_path / "out.psd")
    with Image.open(tmp_path / "out.psd") as image:
        assert np.array_equal(np.asarray(image), after.pixels)
        assert image.info["icc_profile"] == profile("Display P3")


def test_tiff_pages_are_result_before_edit_and_mask(tmp_path: Path) -> None:
    before, after, mask = pair("TIFF RGB16 LZW + ICC", tmp_path)
    save_layers(before, after, mask, tmp_path / "out.tif")
    pages = [open_photo(tmp_path / "out.tif", page=index) for index in range(4)]
    assert np.array_equal(pages[0].pixels, after.pixels)
    assert pages[0].icc == after.icc
    assert np.array_equal(pages[1].pixels, before.pixels)
    assert pages[2].alpha is not None
    assert np.array_equal(pages[2].alpha > 0, mask)
    assert np.array_equal(pages[3].pixels[..., 0] > 127, mask)


def test_openraster_puts_the_edit_over_the_photo(tmp_path: Path) -> None:
    before, after, mask = pair("PNG RGB", tmp_path)
    save_layers(before, after, mask, tmp_path / "out.ora")
    with zipfile.ZipFile(tmp_path / "out.ora") as archive:
        assert archive.infolist()[0].filename == "mimetype"
        assert archive.read("mimetype") == b"image/openraster"
        assert b'x="60" y="20"' in archive.read("stack.xml")
        under = Image.open(BytesIO(archive.read("data/before.png"))).convert("RGBA")
        edit = Image.open(BytesIO(archive.read("data/edit.png")))
        under.alpha_composite(edit, (60, 20))
        merged = np.asarray(Image.open(BytesIO(archive.read("mergedimage.png"))))
    assert np.array_equal(np.asarray(under)[..., :3], after.pixels)
    assert np.array_equal(merged, after.pixels)


def test_losses_are_said_and_files_are_not_overwritten(tmp_path: Path) -> None:
    before, after, mask = pair("TIFF RGB16 LZW + ICC", tmp_path)
    lost = layers_statement(after, tmp_path / "out.ora").lost
    assert {line.split(":")[0] for line in lost} >= {"Depth", "XMP", "IPTC"}
    assert layers_statement(after, tmp_path / "out.psd").lost == ()
    (tmp_path / "out.psd").write_bytes(b"there")
    with pytest.raises(StorageError, match="there already"):
        save_layers(before, after, mask, tmp_path / "out.psd")
    with pytest.raises(BadSetting, match="psd"):
        save_layers(before, after, mask, tmp_path / "out.png")
    with pytest.raises(ShapeMismatch):
        save_layers(before, after, mask[:-1], tmp_path / "new.psd")
