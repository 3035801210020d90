"""A batch at work: on one thread of its own, heard on the window's."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QThread, Signal

from inpaint_studio.errors import Cancelled
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.review.batch import Batch
from inpaint_studio.review.batch_progress import BatchProgress
from inpaint_studio.store.rows import BatchItemRow
from inpaint_studio.ui.background import Background


class _Thread(QThread):
    """Runs one batch to its end. Signals are made on the window's thread."""

    def __init__(self, runner: BatchRunner, batch: Batch, token: RunToken) -> None:
        super().__init__(runner)
        self._runner = runner
        self._batch = batch
        self._token = token
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self._batch.run(self._token, self._runner.hear)
        except Cancelled:
            pass
        except Exception as error:
            self.error = error


class BatchRunner(QObject):
    """At most one batch at a time.

    progressed: BatchProgress and the row that ended (or None). ended: a sentence, "" when well.
    """

    progressed = Signal(object, object)
    ended = Signal(str)

    def __init__(self, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._background = background
        self._thread: _Thread | None = None
        self._token = RunToken()
        self.batch: Batch | None = None

    @property
    def is_running(self) -> bool:
        return self._thread is not None

    def start(self, batch: Batch) -> None:
        """Run what waits in `batch`."""
        if self._thread is not None:
            return
        self.batch = batch
        batch.resume()
        self._token = RunToken()
        self._thread = _Thread(self, batch, self._token)
        self._thread.finished.connect(self._finished)
        self._thread.start()

    def pause(self) -> None:
        """End what is being worked on, start no more."""
        if self.batch is not None:
            self.batch.pause()

    def stop(self) -> None:
        """Put back what is being worked on; within a second."""
        self._token.cancel()

    def hear(self, progress: BatchProgress, row: BatchItemRow | None) -> None:
        """Called on the batch's thread."""
        self._background.call(partial(self.progressed.emit, progress, row))

    def _finished(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.wait()
            self.ended.emit(str(thread.error) if thread.error else "")
            thread.deleteLater()

    def close(self) -> None:
        if self._thread is not None:
            self._token.cancel()
            self._thread.wait()
            self._thread = None
