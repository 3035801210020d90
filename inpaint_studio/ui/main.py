"""Opens the window. Kept light: heavy libraries stay out of this process."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLocale, Qt, QTimer, QTranslator
from PySide6.QtWidgets import QApplication

from inpaint_studio.app import Studio
from inpaint_studio.errors import UserError
from inpaint_studio.paths import resource
from inpaint_studio.settings import Settings
from inpaint_studio.ui import theme
from inpaint_studio.ui.background import Collector
from inpaint_studio.ui.memory import return_big_blocks
from inpaint_studio.ui.shell import Shell


def make_application(settings: Settings) -> QApplication:
    """Return the dressed QApplication (the one there is, or a new one)."""
    return_big_blocks()
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        theme.scale_environment(float(settings["ui_scale"]))
        app = QApplication(sys.argv[:1])
    # Every mouse move counts in a stroke. The X11 plugin switches this on when it starts, so it
    # is switched off here and not before.
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_CompressHighFrequencyEvents, False)
    app.setApplicationName("Inpaint Studio")
    app.setDesktopFileName("inpaint-studio")
    _translate(app)
    theme.dress(app, str(settings["theme"]))
    return app


def _translate(app: QApplication) -> None:
    """Load the words of the user's language where somebody has made them (`ui.text.tr`)."""
    words = QTranslator(app)
    if words.load(QLocale(), "inpaint-studio", "_", str(resource("translations"))):
        app.installTranslator(words)


def run(photos: Sequence[Path], library: Path) -> int:
    """Open the window with these photos on this library; return the exit code.

    Raises: LibraryError, StorageError, BadSetting: before the window is there.
    """
    settings = Settings.load()
    app = make_application(settings)
    studio = Studio.open(library, settings=settings)
    try:
        shell = Shell(studio)
        shell.show()
        shell.start(photos)
        collector = Collector(shell)
        leave = os.environ.get("INPAINT_STUDIO_QUIT_AFTER_MS")
        if leave:
            QTimer.singleShot(int(leave), shell.close)
        code = app.exec()
        collector.stop()
        return code
    finally:
        studio.close()


__all__ = ["UserError", "make_application", "run"]
