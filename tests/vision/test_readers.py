"""Readers: nothing loaded by making them, nothing read from a changed model, no network."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from inpaint_studio.errors import Missing
from inpaint_studio.geometry import Box
from inpaint_studio.vision import plausible, wheel
from inpaint_studio.vision.lines import Line, from_heat, strip
from inpaint_studio.vision.objects import installed
from inpaint_studio.vision.readers import Readers, as_rgb8
from tests.overlays import arc_alpha, compose, placed, text_alpha


def _captioned(text: str = "Spring Catalogue", degrees: float = 0.0) -> np.ndarray:
    photo = np.ascontiguousarray(data.coffee()[100:400, 60:540])
    alpha = placed(text_alpha(text, None, 32), photo.shape, 60, 40)
    return compose(photo, [(alpha, np.full(3, 255.0, dtype=np.float32))])


def test_text_is_read_without_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the reader reached for the network")

    monkeypatch.setattr(socket, "socket", refuse)
    readers = Readers(threads=1)
    assert readers.why_no_text() == ""
    found = readers.letters(_captioned())
    assert [text for _, text, _ in found] == ["Spring Catalogue"]
    box, _, score = found[0]
    assert score > 0.9
    assert box.overlaps(Box(60, 40, 300, 80))


def test_a_damaged_or_missing_model_is_refused_with_its_reason(tmp_path: Path) -> None:
    source = wheel.folder()
    assert source is not None
    for model in (wheel.DETECTOR, wheel.RECOGNISER):
        shutil.copy(source / model.file, tmp_path / model.file)
    broken = tmp_path / wheel.DETECTOR.file
    content = bytearray(broken.read_bytes())
    content[1000] ^= 1
    broken.write_bytes(content)
    readers = Readers(text_models=tmp_path)
    assert "damaged" in readers.why_no_text()
    assert readers.letters(_captioned()) == []
    with pytest.raises(Missing, match="SHA-256"):
        readers.lines(_captioned())
    broken.unlink()
    assert "missing" in Readers(text_models=tmp_path).why_no_text()


def test_nothing_is_found_on_a_plain_picture() -> None:
    assert Readers(threads=1).letters(np.full((200, 300, 3), 128, dtype=np.uint8)) == []


def test_curved_text_is_followed_and_read() -> None:
    photo = np.full((300, 480, 3), 90, dtype=np.uint8)
    alpha = placed(arc_alpha("AROUND THE BEND", None, 30, 150.0), photo.shape, 90, 60)
    shown = compose(photo, [(alpha, np.full(3, 255.0, dtype=np.float32))])
    lines = Readers(threads=1).lines(shown)
    assert [line.text for line in lines if line.curved] == ["AROUND THE BEND"]
    area = np.logical_or.reduce([line.area_mask(shown.shape[:2]) for line in lines])
    assert area[alpha > 0.3].mean() > 0.85


def test_a_curved_line_over_the_edge_is_cut_out_all_the_same() -> None:
    turn = np.linspace(np.pi, 1.5 * np.pi, 20)
    outer = np.stack([100 + 130 * np.cos(turn), 100 + 130 * np.sin(turn)], axis=1)
    inner = np.stack([100 + 90 * np.cos(turn), 100 + 90 * np.sin(turn)], axis=1)[::-1]
    polygon = np.concatenate([outer, inner]).astype(np.float32)
    line = Line(polygon, polygon[:4], 0.9, 40.0, 170.0, curved=True)
    assert line.box.left < 0
    level = strip(np.full((200, 200, 3), 7, np.uint8), line)
    assert level.shape[1] > level.shape[0] and (level == 7).all()


def test_tiles_find_small_text_in_a_large_photo() -> None:
    photo = np.full((1500, 2600, 3), 200, dtype=np.uint8)
    photo += np.random.default_rng(0).integers(0, 5, photo.shape, dtype=np.uint8)
    alpha = placed(text_alpha("fine print here", None, 17), photo.shape, 1900, 1300)
    shown = compose(photo, [(alpha, np.full(3, 20.0, dtype=np.float32))])
    found = Readers(threads=1).letters(shown)
    assert any("fine" in text for _, text, _ in found)


def _line(text: str, *, score: float = 0.95, length: float = 200, thick: float = 30) -> Line:
    quad = np.array([[10, 10], [10 + length, 10], [10 + length, 10 + thick], [10, 10 + thick]])
    quad = quad.astype(np.float32)
    return Line(quad, quad, 0.9, thick, length, text=text, score=score)


@pytest.mark.parametrize(
    ("line", "ok"),
    [
        (_line("Spring Sale"), True),
        (_line("", score=0.0), False),
        (_line("...---"), False),
        (_line("A", length=400, thick=20), False),
        (_line("Spring", score=0.8, length=480, thick=200), False),
        (_line("三", score=0.6, length=30), False),
        (_line("Spring Sale", score=0.3), False),
    ],
)
def test_what_cannot_be_text_is_implausible(line: Line, ok: bool) -> None:
    verdict = plausible.judge(line, (400, 600, 3))
    assert verdict.ok is ok
    assert ok or verdict.why


def test_lines_from_a_map_have_the_height_of_the_letters() -> None:
    heat = np.zeros((120, 300), dtype=np.float32)
    heat[50:62, 40:240] = 0.9
    lines = from_heat(heat)
    assert len(lines) == 1
    assert 20 < lines[0].thickness_px < 45
    assert strip(np.zeros((120, 300, 3), np.uint8), lines[0]).shape[1] > 200


def test_objects_work_without_models(tmp_path: Path) -> None:
    readers = Readers(models=tmp_path, threads=1)
    found = readers.objects(data.astronaut())
    assert "OpenCV" in readers.things.title()
    assert any(label == "face" for _, label, _ in found)
    assert found == readers.objects(data.astronaut())
    assert installed(tmp_path).objects is None


def test_objects_use_the_models_folder_when_it_is_filled() -> None:
    weights = Path(__file__).parents[2].parent / "shared" / "weights"
    if not weights.is_dir():
        pytest.skip("no models here")
    readers = Readers(models=weights, threads=1)
    labels = [label for _, label, score in readers.objects(data.astronaut()) if score > 0.5]
    assert "person" in labels and "face" in labels


def test_sixteen_bit_is_read_as_eight() -> None:
    deep = np.array([[[0, 257, 65535]]], dtype=np.uint16)
    assert as_rgb8(deep).tolist() == [[[0, 1, 255]]]
