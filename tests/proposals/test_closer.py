"""A close-up may lengthen a line; it may neither change what was read nor run into another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.proposals.closer import whole_line
from inpaint_studio.vision.lines import Line, from_heat

PHOTO = np.full((200, 400, 3), 120, np.uint8)


def _bar(right: int) -> NDArray[np.float32]:
    """The probability of a line from x = 60 to `right`."""
    heat = np.zeros(PHOTO.shape[:2], np.float32)
    heat[92:108, 60:right] = 0.9
    return heat


class _Reader:
    """Sees in every close-up the bar as far as `right`, and reads `text` there."""

    def __init__(self, right: int, text: str, score: float = 0.95) -> None:
        self.bar, self.text, self.score = _bar(right), text, score

    def heat(self, rgb: NDArray[np.uint8], *, scale: float) -> NDArray[np.float32]:
        left, top = 0, 0
        rows, columns = rgb.shape[:2]
        while not (rgb[0, 0] == PHOTO_MARKED[top, left]).all():
            left += 1
            if left == PHOTO.shape[1]:
                left, top = 0, top + 1
        return self.bar[top : top + rows, left : left + columns]

    def read_line(self, rgb: NDArray[np.uint8], line: Line) -> Line:
        return replace(line, text=self.text, score=self.score)


def _marked() -> NDArray[np.uint8]:
    """A photo whose every pixel says where it lies."""
    rows, columns = np.mgrid[: PHOTO.shape[0], : PHOTO.shape[1]]
    return np.stack([rows, columns // 2, columns % 2], axis=-1).astype(np.uint8)


PHOTO_MARKED = _marked()


def _seen() -> Line:
    (line,) = from_heat(_bar(200))
    return replace(line, text="Hello Worl", score=0.95)


def _looked(reader: _Reader, *others: Line) -> Line:
    line = _seen()
    return whole_line(PHOTO_MARKED, line, (line, *others), reader)  # type: ignore[arg-type]


def test_a_letter_missed_at_the_end_is_taken_along() -> None:
    longer = _looked(_Reader(225, "Hello World"))
    assert longer.text == "Hello World"
    assert longer.box.right >= 225


def test_what_reads_otherwise_or_no_further_stays_as_it_was() -> None:
    assert _looked(_Reader(225, "Hello Worl")).text == "Hello Worl"
    assert _looked(_Reader(225, "branches of a")).text == "Hello Worl"
    assert _looked(_Reader(225, "Hello World", 0.6)).text == "Hello Worl"
    assert _looked(_Reader(202, "Hello World")).text == "Hello Worl"


def test_a_line_does_not_run_into_its_neighbour() -> None:
    heat = np.zeros(PHOTO.shape[:2], np.float32)
    heat[93:107, 212:224] = 0.9
    (neighbour,) = from_heat(heat)
    assert _looked(_Reader(225, "Hello World"), neighbour).text == "Hello Worl"
