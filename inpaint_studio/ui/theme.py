"""Colours, type and spacing of the window: neutral greys, one accent, Inter.

One place holds every colour. Widgets that paint themselves ask `active().palette`; the rest is
the style sheet made here. The interface scale is Qt's own scale factor, set before the
application exists (`scale_environment`): everything grows alike, icons and canvas included.
The alternative, scaled sizes in every widget, drifted apart in each peer that tried it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from string import Template

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from inpaint_studio.paths import resource

FONT_PX = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Every colour by what it is for."""

    canvas: str
    bar: str
    panel: str
    field: str
    raised: str
    hover: str
    line: str
    text: str
    dim: str
    faint: str
    accent: str
    accent_hover: str
    on_accent: str
    good: str
    bad: str
    warn: str
    track: str
    lane: str
    bad_card: str
    warn_card: str
    good_card: str
    info_card: str
    shadow: str


DARK = Palette(
    canvas="#191919", bar="#252527", panel="#252527", field="#1b1b1c", raised="#333336",
    hover="#2f2f32", line="#38383b", text="#ececee", dim="#a3a3a8", faint="#85858b",
    accent="#4f8ff7", accent_hover="#6aa1fa", on_accent="#ffffff", good="#52bd80",
    bad="#ee6f6b", warn="#e3a83f", track="#1a1a1b", lane="#2d5a41", bad_card="#3c2a2b",
    warn_card="#3a3224", good_card="#24362b", info_card="#26313f", shadow="#000000",
)  # fmt: skip

LIGHT = Palette(
    canvas="#c9c9cb", bar="#f1f1f3", panel="#f1f1f3", field="#ffffff", raised="#dedee2",
    hover="#e5e5e9", line="#cfcfd4", text="#1c1c1f", dim="#55555c", faint="#6a6a72",
    accent="#2467d6", accent_hover="#1b59c0", on_accent="#ffffff", good="#1d7a45",
    bad="#c2322d", warn="#8f5f00", track="#dcdce0", lane="#a6d6b9", bad_card="#f6dedd",
    warn_card="#f5ead0", good_card="#dbeee2", info_card="#dde8f8", shadow="#55555a",
)  # fmt: skip

PALETTES = {"dark": DARK, "light": LIGHT}


class Theme(QObject):
    """The palette in force. `changed` tells painted widgets to draw themselves anew."""

    changed = Signal()

    def __init__(self, name: str = "dark", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.palette = PALETTES.get(name, DARK)

    def apply(self, name: str) -> None:
        """Dress the whole application in the palette called `name`."""
        self.name = name
        self.palette = PALETTES.get(name, DARK)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.setPalette(_qt_palette(self.palette))
            app.setStyleSheet(style_sheet(self.palette))
        self.changed.emit()

    def color(self, role: str) -> QColor:
        return QColor(str(getattr(self.palette, role)))


_active: list[Theme] = []


def active() -> Theme:
    """Return the theme in force (a dark one before `dress` was called)."""
    if not _active:
        _active.append(Theme())
    return _active[0]


def dress(app: QApplication, name: str) -> Theme:
    """Load the fonts, set the style and the palette of the application."""
    app.setStyle("Fusion")
    load_fonts()
    app.setFont(font())
    theme = active()
    theme.apply(name)
    return theme


def scale_environment(scale: float) -> None:
    """Set Qt's scale factor for the interface scale; call it before the QApplication is made."""
    if scale != 1.0 and "QT_SCALE_FACTOR" not in os.environ:
        os.environ["QT_SCALE_FACTOR"] = f"{scale:g}"


def load_fonts() -> None:
    """Register the bundled Inter (SIL Open Font Licence)."""
    folder = resource("fonts")
    for path in sorted(Path(folder).glob("*.otf")):
        QFontDatabase.addApplicationFont(str(path))


def font(px: float = FONT_PX, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Return Inter at `px`, with tabular digits so that numbers do not dance."""
    made = QFont("Inter")
    made.setStyleHint(QFont.StyleHint.SansSerif)
    made.setPixelSize(round(px))
    made.setWeight(weight)
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    made.setFeature(QFont.Tag("tnum"), 1)
    made.setFeature(QFont.Tag("calt"), 1)
    return made


def _qt_palette(palette: Palette) -> QPalette:
    made = QPalette()
    role = QPalette.ColorRole
    for name, color in (
        (role.Window, palette.panel), (role.WindowText, palette.text),
        (role.Base, palette.field), (role.AlternateBase, palette.panel),
        (role.Text, palette.text), (role.Button, palette.raised),
        (role.ButtonText, palette.text), (role.ToolTipBase, palette.raised),
        (role.ToolTipText, palette.text), (role.Highlight, palette.accent),
        (role.HighlightedText, palette.on_accent), (role.PlaceholderText, palette.faint),
        (role.Link, palette.accent), (role.Accent, palette.accent),
    ):  # fmt: skip
        made.setColor(name, QColor(color))
    for name in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, name, QColor(palette.faint))
    return made


def style_sheet(palette: Palette) -> str:
    """Return the style sheet with this palette's colours in their places."""
    template = Template(resource("style.qss").read_text(encoding="utf-8"))
    colors = {item.name: str(getattr(palette, item.name)) for item in fields(palette)}
    chevron = resource("icons", "chevron-combo.svg").as_posix()
    tick = resource("icons", "check-box.svg").as_posix()
    return template.safe_substitute(colors, chevron=chevron, tick=tick)
