"""What the text detector's network sees half-way: cells of features, 8 px wide.

A network trained to find text has to tell strokes, borders and surfaces of things apart; its inner
planes tell forms apart where colours and gradients do not. It lies in the `rapidocr` wheel, so it
is there wherever text can be read. One thread: the same bytes each time.
"""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.vision import wheel
from inpaint_studio.vision.cut import cut_at

Rgb8 = NDArray[np.uint8]
Features = NDArray[np.float32]

STRIDE = 8
STAGE_END = "Add.65"
"""The tensor that ends the stage of this stride. What comes after it is cut off: half the time."""
_SIDE = 32
_LOADING = threading.Lock()


def why_not() -> str:
    """Return "" when the network is there, else a sentence that says why not."""
    return wheel.fault(wheel.DETECTOR)


def features(rgb: Rgb8) -> tuple[Features, int]:
    """Return the cells (⌈h / stride⌉, ⌈w / stride⌉, channels) and the stride in px.

    rgb: (h, w, 3) sRGB. Raises: Missing: the network is not there.
    """
    height, width = rgb.shape[:2]
    down, right = -height % _SIDE, -width % _SIDE
    manner = cv2.BORDER_REFLECT_101 if min(height, width) > _SIDE else cv2.BORDER_REPLICATE
    whole = cv2.copyMakeBorder(rgb, 0, down, 0, right, manner)
    blob = (whole[..., ::-1].astype(np.float32) / 127.5 - 1.0).transpose(2, 0, 1)[None]
    with _LOADING:
        net = _session()
    planes = net.run(None, {net.get_inputs()[0].name: np.ascontiguousarray(blob)})[0][0]
    cells = planes.transpose(1, 2, 0)[: -(-height // STRIDE), : -(-width // STRIDE)]
    return np.ascontiguousarray(cells), STRIDE


@cache
def _session() -> Any:
    return wheel.session(wheel.DETECTOR, threads=1, change=_half)


def _half(path: Path) -> bytes:
    return cut_at(path.read_bytes(), (STAGE_END,))
