"""The program's own line icons, coloured for the theme in force."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel

from inpaint_studio.paths import resource
from inpaint_studio.ui import theme

SIZE_PX = 20
_MARK = "icon_drawn"
_cache: dict[tuple[str, str, int], QIcon] = {}


def pixmap(name: str, color: str, size_px: int = SIZE_PX, ratio: float = 1.0) -> QPixmap:
    """Return the icon `name` drawn in `color` for screens of the given pixel ratio."""
    svg = resource("icons", f"{name}.svg").read_text(encoding="utf-8").replace("#000", color)
    made = QPixmap(round(size_px * ratio), round(size_px * ratio))
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    renderer = QSvgRenderer(QByteArray(svg.encode()))
    renderer.render(painter, QRectF(0, 0, made.width(), made.height()))
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made


def icon(name: str, role: str = "text", size_px: int = SIZE_PX) -> QIcon:
    """Return a QIcon in the theme's colour `role`, dimmed where disabled."""
    palette = theme.active().palette
    color = str(getattr(palette, role))
    key = (name, color, size_px)
    if key not in _cache:
        made = QIcon()
        for ratio in (1.0, 2.0):
            made.addPixmap(pixmap(name, color, size_px, ratio))
            made.addPixmap(pixmap(name, palette.faint, size_px, ratio), QIcon.Mode.Disabled)
        _cache[key] = made
    return _cache[key]


def put(target: QAbstractButton | QLabel, name: str, role: str = "text", size_px: int = 20) -> None:
    """Show an icon on a button or label, and again in other colours when the theme changes."""
    target.setProperty(_MARK, [name, role, size_px])
    if isinstance(target, QLabel):
        target.setPixmap(icon(name, role, size_px).pixmap(size_px, size_px))
    else:
        target.setIcon(icon(name, role, size_px))


def redress() -> None:
    """Draw every icon that was `put` anew, in the colours of the theme in force."""
    for target in QApplication.allWidgets():
        mark = target.property(_MARK)
        if mark and isinstance(target, QAbstractButton | QLabel):
            put(target, str(mark[0]), str(mark[1]), int(mark[2]))
