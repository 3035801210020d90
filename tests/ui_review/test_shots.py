"""Items made ready ahead: photos decoded once and one at a time, crops never behind them."""

import threading

import pytest
from PySide6.QtCore import QObject

from inpaint_studio.ui.background import Background
from inpaint_studio.ui.review import wholes
from inpaint_studio.ui.review.shots import Shots


@pytest.fixture
def decoded(monkeypatch):
    """The paths of the photos decoded; `gate` holds every decoding up."""
    real = wholes.photo_of

    class Decoded(list):
        gate = threading.Event()

    found = Decoded()
    found.gate.set()

    def watched(look):
        found.append(look.path)
        assert found.gate.wait(20)
        return real(look)

    monkeypatch.setattr(wholes, "photo_of", watched)
    return found


@pytest.fixture
def shots(qtbot, studio):
    parent = QObject()
    background = Background(parent)
    yield Shots(studio.library, background, lambda _item: None)
    background.close()


def of_photos(studio):
    """The items of the two photos, in two lists."""
    rows = studio.queue.list()
    first = [row for row in rows if row.photo_id == rows[0].photo_id]
    return first, [row for row in rows if row not in first]


def test_items_of_one_photo_share_it(qtbot, studio, shots, decoded):
    first, second = of_photos(studio)
    rows = [*first[:3], second[0]]
    shots.wish(rows)
    qtbot.waitUntil(lambda: all(shots.is_ready(r.item_id, whole=True) for r in rows), timeout=20000)
    assert len(decoded) == 2
    shots.wish(first[3:4])
    qtbot.waitUntil(lambda: shots.is_ready(first[3].item_id, whole=True), timeout=20000)
    assert len(decoded) == 2


def test_a_crop_does_not_wait_for_photos_and_old_wishes_are_forgotten(
    qtbot, studio, shots, decoded
):
    first, second = of_photos(studio)
    decoded.gate.clear()
    shots.wish([first[0]])
    qtbot.waitUntil(lambda: len(decoded) == 1, timeout=20000)
    shots.wish([second[0]])
    shots.wish([first[1]])
    qtbot.waitUntil(lambda: shots.is_ready(first[1].item_id), timeout=20000)
    assert len(decoded) == 1
    decoded.gate.set()
    qtbot.waitUntil(lambda: shots.is_ready(first[1].item_id, whole=True), timeout=20000)
    assert len(decoded) == 1
    assert not shots.is_ready(second[0].item_id, whole=True)


def test_a_photo_that_is_gone_is_looked_for_once(qtbot, studio, shots, decoded, monkeypatch):
    monkeypatch.setattr(wholes, "photo_of", lambda look: decoded.append(look.path))
    first, _ = of_photos(studio)
    shots.wish(first[:1])
    qtbot.waitUntil(lambda: len(decoded) == 1, timeout=20000)
    qtbot.waitUntil(lambda: not shots._background.pending, timeout=20000)
    shots.wish(first[:2])
    qtbot.waitUntil(lambda: shots.is_ready(first[1].item_id), timeout=20000)
    qtbot.waitUntil(lambda: not shots._background.pending, timeout=20000)
    assert len(decoded) == 1
