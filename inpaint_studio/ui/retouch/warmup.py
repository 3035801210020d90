"""After the first picture: what the first photo and the first fill would wait for."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from inpaint_studio.imaging.photo import limited
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.retouch.desk import Desk
from inpaint_studio.ui.retouch.runner import Runner
from inpaint_studio.ui.retouch.runpanel import RunPanel

if TYPE_CHECKING:
    from inpaint_studio.app import Studio

TIDY_AFTER_MS = 4000

log = logging.getLogger(__name__)


class Warmup(QObject):
    """Warms worker and decoder, learns which engines can run, keeps the library in its budget."""

    def __init__(
        self, studio: Studio, background: Background, runner: Runner, desk: Desk, panel: RunPanel,
        parent: QObject,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._studio = studio
        self._background = background
        self._runner = runner
        self._desk = desk
        self._panel = panel
        self._tidy_soon = QTimer(self)
        self._tidy_soon.setSingleShot(True)
        self._tidy_soon.timeout.connect(self._tidy)

    def begin(self) -> None:
        """The window has been painted."""
        self._runner.warm()
        self._background.run(limited.warm_up, None, self._quietly)
        self.learn_offers()
        self._tidy_soon.start(TIDY_AFTER_MS)

    def learn_offers(self) -> None:
        """Ask which engines can run now (models come and go on their own page)."""
        self._background.run(_offers, self._learnt, self._quietly)

    def _learnt(self, offers: dict[str, str]) -> None:
        self._panel.set_offers(offers)
        self._runner.ready = frozenset(name for name, why in offers.items() if not why)

    def _tidy(self) -> None:
        """Photos on the desk keep their whole history; while one is being opened, wait."""
        if self._desk.is_loading:
            self._tidy_soon.start(TIDY_AFTER_MS)
            return
        work = partial(self._studio.tidy, open_photos=self._desk.photo_ids)
        self._background.run(work, None, self._quietly, in_order=True)

    def _quietly(self, error: Exception) -> None:
        """None of this is worth a sentence: the first photo or fill takes longer, that is all."""
        log.warning("could not get ready ahead: %s", error)

    def stop(self) -> None:
        self._tidy_soon.stop()


def _offers() -> dict[str, str]:
    from inpaint_studio.pipeline.road import offers

    return offers()
