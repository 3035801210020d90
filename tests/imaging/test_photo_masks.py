"""Masks in and out: the size of the photo as seen, more than half means replace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inpaint_studio.errors import BadMask, BadSetting
from inpaint_studio.imaging.photo import read_mask, write_mask


def a_mask() -> np.ndarray:
    mask = np.zeros((40, 60), bool)
    mask[10:20, 30:50] = True
    return mask


def test_a_mask_comes_back(tmp_path: Path) -> None:
    write_mask(a_mask(), tmp_path / "mask.png")
    back = read_mask(tmp_path / "mask.png", (40, 60, 3))
    assert back.dtype == bool
    assert np.array_equal(back, a_mask())
    assert not back.flags.writeable


@pytest.mark.parametrize("mode", ["L", "RGB", "1", "RGBA", "LA", "P", "I;16"])
def test_every_kind_of_picture_is_a_mask(mode: str, tmp_path: Path) -> None:
    if mode == "I;16":
        Image.fromarray(a_mask().astype(np.uint16) * 65535).save(tmp_path / "m.png")
    else:
        Image.fromarray(a_mask().astype(np.uint8) * 255).convert(mode).save(tmp_path / "m.png")
    assert np.array_equal(read_mask(tmp_path / "m.png", (40, 60)), a_mask())


def test_half_is_the_threshold(tmp_path: Path) -> None:
    soft = np.tile(np.array([0, 127, 128, 255], np.uint8), (2, 1))
    Image.fromarray(soft).save(tmp_path / "m.png")
    assert read_mask(tmp_path / "m.png", (2, 4)).tolist() == [[False, False, True, True]] * 2


def test_a_cut_out_is_read_from_its_alpha(tmp_path: Path) -> None:
    black = np.zeros((40, 60, 4), np.uint8)
    black[..., 3] = a_mask() * 255
    Image.fromarray(black).save(tmp_path / "m.png")
    assert np.array_equal(read_mask(tmp_path / "m.png", (40, 60)), a_mask())


def test_wrong_size_and_no_picture_get_a_sentence(tmp_path: Path) -> None:
    write_mask(a_mask(), tmp_path / "mask.png")
    with pytest.raises(BadMask, match="60 × 40"):
        read_mask(tmp_path / "mask.png", (41, 60))
    with pytest.raises(BadMask, match="no file"):
        read_mask(tmp_path / "none.png", (40, 60))
    with pytest.raises(BadSetting, match=r"\.png"):
        write_mask(a_mask(), tmp_path / "mask.jpg")
