"""The photos and the line of letters that the tests of what letters leave behind share."""

import numpy as np
from skimage import data

from tests.overlays import placed, text_alpha

LIGHT, BLACK = (np.full(3, value, dtype=np.float32) for value in (245, 0))


def ink(shape: tuple[int, ...]) -> np.ndarray:
    return placed(text_alpha("Limited Edition", None, 40), shape, 30, 30)


def photo(name: str) -> np.ndarray:
    part = getattr(data, name)()[60:170, :400]
    whole = part if part.ndim == 3 else np.repeat(part[..., None], 3, axis=2)
    return np.ascontiguousarray(whole)
