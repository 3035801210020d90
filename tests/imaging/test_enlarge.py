"""Enlarged and scaled back, a photo is the photo."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import data

from inpaint_studio.errors import BadSetting
from inpaint_studio.imaging import enlarge
from inpaint_studio.imaging.enlarge import enlarged, shrunk


@pytest.mark.parametrize("factor", enlarge.FACTORS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_scaled_back_it_is_the_photo(factor: int, dtype: type[np.unsignedinteger]) -> None:
    photo = np.ascontiguousarray(data.coffee()[:120, :170]).astype(dtype)
    photo = photo * (257 if dtype is np.uint16 else 1)
    big = enlarged(photo, factor)
    assert big.dtype == dtype and big.shape == (120 * factor, 170 * factor, 3)
    apart = np.abs(shrunk(big, factor) - photo) / np.iinfo(dtype).max
    assert np.percentile(apart, 99) <= 2 / 255
    assert np.median(apart) <= 0.5 / 255


def test_strips_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = np.ascontiguousarray(data.astronaut()[:300, :80])
    whole = enlarged(photo, 2)
    monkeypatch.setattr(enlarge, "STRIP_PX", 70)
    assert np.array_equal(enlarged(photo, 2), whole)


def test_a_flat_photo_stays_flat() -> None:
    assert (enlarged(np.full((9, 13, 3), 77, np.uint8), 3) == 77).all()


def test_alpha_is_enlarged_too() -> None:
    alpha = np.zeros((10, 10), np.uint8)
    alpha[5:] = 255
    big = enlarged(alpha, 2)
    assert big.shape == (20, 20) and big[0, 0] == 0 and big[-1, -1] == 255


def test_other_factors_are_refused() -> None:
    with pytest.raises(BadSetting, match="2, 3 or 4"):
        enlarged(np.zeros((4, 4, 3), np.uint8), 5)
