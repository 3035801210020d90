"""The clock of the mask's marching outline."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

ANTS_MS = 140


class Ants(QTimer):
    """Calls `step` again and again while `wanted` says so; `tend` asks it."""

    def __init__(
        self, parent: QObject, *, wanted: Callable[[], bool], step: Callable[[], None]
    ) -> None:
        super().__init__(parent)
        self._wanted = wanted
        self.setInterval(ANTS_MS)
        self.timeout.connect(step)

    def tend(self) -> None:
        """Start or stop, as the scene wants it."""
        if not self._wanted():
            self.stop()
        elif not self.isActive():
            self.start()
