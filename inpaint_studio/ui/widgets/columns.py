"""The set-up most pages share: parts side by side whose borders can be dragged."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QWidget


def side_by_side(
    page: QWidget, parts: Sequence[QWidget], widths_px: Sequence[int], *, grows: int
) -> QSplitter:
    """Fill `page` with `parts` from left to right; the one at `grows` takes what is left over."""
    splitter = QSplitter(Qt.Orientation.Horizontal)
    for number, part in enumerate(parts):
        splitter.addWidget(part)
        splitter.setStretchFactor(number, int(number == grows))
        splitter.setCollapsible(number, False)
    splitter.setSizes(list(widths_px))
    whole = QHBoxLayout(page)
    whole.setContentsMargins(0, 0, 0, 0)
    whole.addWidget(splitter)
    return splitter
