"""How far a batch is, and what can be done with it now."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from inpaint_studio.review.batch_progress import BatchProgress
from inpaint_studio.ui.text import count, tr
from inpaint_studio.ui.widgets import button, dim, label

ORDER = ("done", "clean", "flagged", "failed", "set aside", "running", "waiting")
WORDS = {
    "done": "delivered", "clean": "with nothing to remove", "flagged": "wait for a person",
    "failed": "failed", "set aside": "set aside", "running": "running", "waiting": "waiting",
}  # fmt: skip


class Overview(QWidget):
    """Title, buttons, bar and numbers. The page connects the buttons."""

    def __init__(self) -> None:
        super().__init__()
        self.title = label("", "title")
        self.numbers = dim("", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(tr("Progress of the batch"))
        self.pause = button(tr("Pause"))
        self.stop = button(tr("Stop"), icon="stop")
        self.retry = button(tr("Retry failed"), icon="retry")
        self.again = button(tr("Retry flagged…"), icon="retry")
        self.review = button(tr("Review"), icon="flag")
        self.report = button(tr("Report…"), icon="save")
        self._parts = QWidget()
        parts = QHBoxLayout(self._parts)
        parts.setContentsMargins(0, 0, 0, 0)
        for part in (self.pause, self.stop, self.retry, self.again, self.review, self.report):
            parts.addWidget(part)
        parts.addStretch(1)
        self._head = head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        head.addWidget(self.title, 1)
        head.addWidget(self._parts)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(self.bar)
        column.addWidget(self.numbers)

    def minimumSizeHint(self) -> QSize:
        """As wide as the buttons: in a narrow window they stand below the title."""
        return QSize(self._parts.sizeHint().width(), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.title.sizeHint().width() + self._parts.sizeHint().width() + 40
        beside, below = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._head.setDirection(beside if wide <= self.width() else below)

    def show_progress(self, progress: BatchProgress | None, *, is_running: bool) -> None:
        """Say how far it is, and grey what cannot be done now."""
        counts = progress.counts if progress else {}
        self._grey(counts, is_running=is_running)
        self.report.setEnabled(progress is not None and progress.total > 0)
        if progress is None:
            self.title.setText(tr("A night's catalogue"))
            self.numbers.setText(
                tr("Choose a folder. What passes the gates goes to the results, what does not "
                   "waits in Review. Stop or crash at any time: it goes on where it was.")
            )  # fmt: skip
            self.bar.setValue(0)
            return
        self.title.setText(tr("{n} of {m} photos", n=progress.ended, m=progress.total))
        self.bar.setValue(round(1000 * progress.fraction))
        ones = {**WORDS, "flagged": "waits for a person"}
        parts = [count(counts[key], ones[key], WORDS[key]) for key in ORDER if counts.get(key)]
        if is_running:
            parts += _pace(progress)
        self.numbers.setText("  ·  ".join(parts))

    def _grey(self, counts: dict[str, int], *, is_running: bool) -> None:
        # Photos that were under way when the program was killed still say "running".
        left = counts.get("waiting", 0) + counts.get("running", 0)
        self.pause.setText(tr("Pause") if is_running else tr("Go on"))
        self.pause.setEnabled(is_running or left > 0)
        self.stop.setEnabled(is_running)
        failed = counts.get("failed", 0) + counts.get("set aside", 0)
        self.retry.setEnabled(not is_running and failed > 0)
        self.again.setEnabled(not is_running and bool(counts.get("flagged")))
        self.review.setEnabled(bool(counts.get("flagged")))


def _pace(progress: BatchProgress) -> list[str]:
    parts = []
    if progress.per_minute:
        parts.append(tr("{n} a minute", n=f"{progress.per_minute:.1f}"))
    if progress.seconds_left is not None:
        parts.append(tr("{t} left", t=duration(progress.seconds_left)))
    if progress.workers:
        parts.append(count(progress.workers, "worker", "workers"))
    return parts


def duration(seconds: float) -> str:
    """90 s, 12 min, 3 h 20 min."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
