"""The second text reader adds what the first one missed, and only that."""

from __future__ import annotations

import numpy as np
import pytest

from inpaint_studio.geometry import Box
from inpaint_studio.vision.readers import Readers


def test_without_weights_the_second_reader_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    readers = Readers()
    assert readers.second.why_not()
    monkeypatch.setattr(readers.second, "letters", lambda rgb: pytest.fail("asked"))
    monkeypatch.setattr(readers, "lines", lambda pixels: [])
    assert readers.letters(np.zeros((64, 64, 3), np.uint8)) == []


def test_lines_the_first_reader_missed_are_added_once(monkeypatch: pytest.MonkeyPatch) -> None:
    readers = Readers()
    first = type("Line", (), {"box": Box(0, 0, 20, 10), "text": "one", "score": 0.9})()
    monkeypatch.setattr(readers, "lines", lambda pixels: [first])
    monkeypatch.setattr(readers.second, "why_not", lambda: "")
    both = [(Box(2, 1, 19, 9), "0ne", 0.7), (Box(30, 30, 50, 40), "two", 0.8)]
    monkeypatch.setattr(readers.second, "letters", lambda rgb: both)
    found = readers.letters(np.zeros((64, 64, 3), np.uint8))
    assert [text for _, text, _ in found] == ["one", "two"]
