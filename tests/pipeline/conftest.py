"""Small real crops for the road."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from inpaint_studio.store.objects import ObjectStore


def sample(name: str) -> NDArray[np.uint8]:
    from skimage import data

    found = next(Path(data.__path__[0]).glob(f"{name}.*"))
    return np.asarray(Image.open(found).convert("RGB")).copy()


@pytest.fixture(scope="session")
def coffee() -> NDArray[np.uint8]:
    return sample("coffee")[60:300, 20:360]


@pytest.fixture
def spot() -> NDArray[np.bool_]:
    mask = np.zeros((240, 340), dtype=bool)
    yy, xx = np.mgrid[:240, :340]
    mask[(yy - 40) ** 2 + (xx - 40) ** 2 < 14**2] = True
    return mask


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "objects")
