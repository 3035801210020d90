"""Small widgets and dialogs: what they show, what they refuse."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from inpaint_studio.geometry import Box
from inpaint_studio.imaging.photo import SaveOptions, SaveStatement, open_photo
from inpaint_studio.records import (
    AttemptRecord,
    EditRecord,
    FillRecipe,
    Plan,
    Reading,
    Reason,
    Stage,
    Verdict,
)
from inpaint_studio.settings import SETTINGS, Settings
from inpaint_studio.ui import icons, theme
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.dialogs.export import ExportDialog, suggested
from inpaint_studio.ui.dialogs.keys import KeyEditor, KeySheet
from inpaint_studio.ui.dialogs.palette import CommandPalette
from inpaint_studio.ui.dialogs.settings import SettingsDialog, value_of
from inpaint_studio.ui.dialogs.stages import rows_of, viewable
from inpaint_studio.ui.retouch import desk
from inpaint_studio.ui.retouch.inspector import PlanView
from inpaint_studio.ui.shell import Shell
from inpaint_studio.ui.widgets.gauge import Gauge, axis, band, gates_failed, number, spoken


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (Reading(name="seam", value=0.02, high=0.06), "max 0.060"),
        (Reading(name="ratio", value=0.6, low=0.8, high=1.25), "0.800 – 1.25"),
        (Reading(name="likeness", value=0.9, low=0.85), "min 0.850"),
        (Reading(name="leak", value=0, high=0), "must be 0"),
    ],
)
def test_a_gauge_says_its_band_and_keeps_the_needle_in_sight(reading: Reading, words: str) -> None:
    assert band(reading) == words
    start, stop = axis(reading)
    assert start <= reading.value <= stop
    for limit in (reading.low, reading.high):
        assert limit is None or start <= limit <= stop


def test_a_gauge_is_a_sentence_for_screen_readers(qtbot: QtBot) -> None:
    reading = Reading(name="seam", value=0.09, high=0.06, passed=False, label="Seam")
    gauge = Gauge(reading)
    qtbot.addWidget(gauge)
    assert gauge.accessibleName() == spoken(reading) == "Seam: 0.090, max 0.060, failed"


def test_numbers_are_short() -> None:
    found = [number(value) for value in (0.0184, 1.25, 14, 123.4, 0.00004, float("nan"))]
    assert found == ["0.018", "1.25", "14", "123", "4.0e-05", "–"]


@pytest.mark.parametrize("name", ["dark", "light"])
def test_text_stands_out_from_its_ground(name: str) -> None:
    """WCAG 2.1: at least 4.5 : 1 for text, 3 : 1 for signs."""
    palette = theme.PALETTES[name]

    def light(color: str) -> float:
        codes = np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)]) / 255
        linear = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722))

    def contrast(one: str, other: str) -> float:
        high, low = sorted((light(one), light(other)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    for role in ("text", "dim"):
        assert contrast(getattr(palette, role), palette.panel) >= 4.5, role
    for role in ("good", "bad", "warn", "accent"):
        assert contrast(getattr(palette, role), palette.panel) >= 3.0, role


def test_the_bundled_font_is_there_with_its_licence(qapp: Any) -> None:
    theme.load_fonts()
    from PySide6.QtGui import QFontDatabase

    from inpaint_studio.paths import resource

    assert "Inter" in QFontDatabase.families()
    assert "SIL Open Font License" in resource("fonts", "OFL.txt").read_text()


def test_every_icon_draws_something(qapp: Any) -> None:
    from inpaint_studio.paths import resource

    for path in sorted(resource("icons").glob("*.svg")):
        image = icons.pixmap(path.stem, "#ffffff", 24).toImage()
        assert any(image.pixelColor(x, y).alpha() for x in range(24) for y in range(24)), path


def test_settings_dialog_holds_the_whole_table_and_saves(qtbot: QtBot, shell: Shell) -> None:
    settings = Settings.load()
    dialog = SettingsDialog(settings, shell)
    qtbot.addWidget(dialog)
    assert set(dialog.controls) == {setting.key for setting in SETTINGS}
    for setting in SETTINGS:
        assert value_of(dialog.controls[setting.key]) == settings[setting.key]
    dialog.controls["reviewer"].setText("Ada")  # type: ignore[attr-defined]
    dialog.save()
    assert Settings.load()["reviewer"] == "Ada"


def test_the_key_editor_refuses_a_taken_key_with_a_sentence(qtbot: QtBot, shell: Shell) -> None:
    editor = KeyEditor(shell.actions_, shell)
    qtbot.addWidget(editor)
    editor.show()
    editor.choose("tool.brush")
    editor.key.setKeySequence("E")
    editor.set_key.click()
    assert "Eraser" in editor.notice.words
    editor.key.setKeySequence("V")
    editor.set_key.click()
    assert shell.actions_.action("tool.brush").shortcuts()[0].toString() == "V"


def test_the_sheet_and_the_palette_come_from_the_table(qtbot: QtBot, shell: Shell) -> None:
    sheet = KeySheet(shell.actions_, shell)
    qtbot.addWidget(sheet)
    palette = CommandPalette(shell.actions_, shell)
    qtbot.addWidget(palette)
    QTest.keyClicks(palette.field, "wand")
    row = palette.list.item(0)
    assert row is not None and "Wand" in row.text()


def test_saving_over_a_file_needs_a_tick(qtbot: QtBot, shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"x")
    background = Background(shell)

    def state(_path: Path, _options: SaveOptions) -> SaveStatement:
        return SaveStatement("encode", ("Depth: 8 bits.",), ("Alpha is lost.",))

    dialog = ExportDialog(path, state, background, shell)
    qtbot.addWidget(dialog)
    assert dialog.path() == suggested(path) != path
    assert not dialog.save_button.isEnabled()  # Nothing has been said yet of what will be kept.
    qtbot.waitUntil(dialog.save_button.isEnabled, timeout=20_000)
    dialog.where.setText(str(path))
    assert not dialog.save_button.isEnabled() and "original" in dialog.notice.words
    dialog.overwrite.setChecked(True)
    qtbot.waitUntil(dialog.save_button.isEnabled, timeout=20_000)
    assert dialog._lost.isVisibleTo(dialog)
    # Enter right after typing saves as soon as it is told that nothing new is lost.
    dialog.where.setText(str(tmp_path / "other.jpg"))
    dialog.where.returnPressed.emit()
    assert dialog.chosen is None
    qtbot.waitUntil(lambda: dialog.chosen is not None, timeout=20_000)
    assert dialog.chosen is not None and dialog.chosen[0] == tmp_path / "other.jpg"
    background.close()


def test_losses_nobody_has_read_stop_an_early_enter(
    qtbot: QtBot, shell: Shell, tmp_path: Path
) -> None:
    background = Background(shell)

    def state(path: Path, _options: SaveOptions) -> SaveStatement:
        return SaveStatement("encode", (), ("Alpha is lost.",) if path.suffix == ".jpg" else ())

    dialog = ExportDialog(tmp_path / "photo.png", state, background, shell)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(dialog.save_button.isEnabled, timeout=20_000)
    dialog.where.setText(str(tmp_path / "other.jpg"))
    dialog.where.returnPressed.emit()
    qtbot.waitUntil(dialog.save_button.isEnabled, timeout=20_000)
    assert dialog.chosen is None and dialog._lost.isVisibleTo(dialog)
    for at in range(dialog.layers.count()):
        dialog.where.setText("")  # No name yet: nothing lies beside it.
        dialog.layers.setCurrentIndex(at)
        assert dialog.layers_path() is None
    dialog.format.setCurrentIndex(1)
    background.close()


def test_layers_are_offered_beside_the_photo_and_their_losses_said(
    qtbot: QtBot, shell: Shell, tmp_path: Path
) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(np.full((40, 60, 3), 90, np.uint16).astype(np.uint8)).save(path)
    session = SimpleNamespace(
        photo=open_photo(path), state="", row=SimpleNamespace(path=str(path)),
        history=SimpleNamespace(original=lambda box: open_photo(path).pixels[box.slices].copy()),
        mark_saved=lambda state: None,
    )  # fmt: skip
    edited = session.photo.pixels.copy()
    edited[10:20, 15:30] = 200
    session.photo = replace(session.photo, pixels=edited, exif=b"MM\0*\0\0\0\x08\0\0\0\0\0\0")
    document = SimpleNamespace(session=session, photo=session.photo)
    background = Background(shell)

    def state(_path: Path, _options: SaveOptions) -> SaveStatement:
        return SaveStatement("encode", (), ())

    said = partial(desk._layers_statement, document)  # type: ignore[arg-type]
    dialog = ExportDialog(path, state, background, shell, layers=said)
    qtbot.addWidget(dialog)
    assert dialog.layers_path() is None
    dialog.layers.setCurrentIndex(dialog.layers.findData(".ora"))
    qtbot.waitUntil(lambda: dialog._lost.isVisibleTo(dialog), timeout=4000)
    dialog.layers.setCurrentIndex(dialog.layers.findData(".tif"))
    beside = dialog.layers_path()
    assert beside == tmp_path / "photo-retouched-layers.tif"
    desk._save(document, dialog.path(), dialog.options(), beside)  # type: ignore[arg-type]
    pages = [open_photo(beside, page=page).pixels for page in range(3)]
    assert (pages[0] == edited).all()
    assert (pages[1] == open_photo(path).pixels).all()
    dialog._changed()
    assert not dialog.save_button.isEnabled()
    background.close()


def test_kept_stages_can_be_looked_at() -> None:
    assert viewable(np.ones((4, 5), bool)).shape == (4, 5, 3)  # type: ignore[union-attr]
    assert viewable(np.full((4, 5, 3), 0.5, np.float32)).dtype == np.uint8  # type: ignore[union-attr]
    assert viewable(np.zeros((2, 3, 4, 5))) is None


def test_a_fill_that_lost_is_shown_beside_the_one_kept() -> None:
    stages = tuple(Stage(name=name, sha256=name) for name in ("plan", "input", "fill"))
    recipe = FillRecipe(engine="flat", engine_version=1)
    lost = AttemptRecord(recipe=recipe, why="to compare", stages=stages[1:])
    edit = EditRecord(
        edit_id="e", box=Box(0, 0, 4, 4), kind="painted", plan=Plan(recipe=recipe),
        verdict=Verdict(accepted=True, risk=0.1), stages=stages, attempts=(lost,),
    )  # fmt: skip
    words = [title for title, _ in rows_of(edit)]
    assert words == ["Plan", "Input", "Fill", "Fill · flat, not kept"]


def test_the_theme_turns_at_once_and_is_kept(shell: Shell) -> None:
    shell.actions_.run("app.theme")
    assert theme.active().name == "light" and Settings.load()["theme"] == "light"
    shell.actions_.run("app.theme")
    assert theme.active().name == "dark"


def test_what_warns_in_a_plan_wears_another_mark_than_what_is_good_news(qtbot: QtBot) -> None:
    view = PlanView()
    qtbot.addWidget(view)
    reasons = (Reason(text="The ground is plain."), Reason(text="A rest stays.", warns=True))
    recipe = FillRecipe(engine="flat", engine_version=1)
    changes = ("un-blended 98% of a mark", "text broke; patch instead")
    view.show_plans([Plan(recipe=recipe, reasons=reasons, changes=changes)])
    said = [at.text() for at in view.findChildren(QLabel)]
    assert "Un-blended 98% of a mark" in said
    marks = [tuple(at.property("icon_drawn") or ())[:2] for at in view.findChildren(QLabel)]
    warning = ("warning", "warn")
    assert [mark for mark in marks if mark] == [("check", "dim"), warning, ("info", "dim"), warning]


def test_one_count_of_gates_stands_on_every_page() -> None:
    def read(value: float, high: float | None) -> Reading:
        return Reading(
            name="x", value=value, low=None, high=high, passed=high is None or value < high
        )

    assert gates_failed([read(2, 1), read(0, 1), read(5, None)]) == (1, 2)
