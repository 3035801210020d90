"""Work off the window's thread, answers on it.

`run` takes a plain function and a bound method for its answer. Two threads do free work, one
more does what must stay in order (the history). Callbacks of the job pool come through `call`.
Python's cycle collector may destroy QObjects on the thread it happens to run in, which crashes:
`Collector` switches it off and collects on the window's thread instead.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from inpaint_studio.errors import Cancelled, InpaintError

log = logging.getLogger(__name__)


class Background(QObject):
    """Runs functions elsewhere and hands their answers to the window's thread."""

    _arrived = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._free = ThreadPoolExecutor(2, thread_name_prefix="window-work")
        self._ordered = ThreadPoolExecutor(1, thread_name_prefix="window-order")
        self._arrived.connect(self._deliver)
        self._open = True
        self.pending = 0

    def run(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], object] | None = None,
        failed: Callable[[Exception], object] | None = None,
        *,
        in_order: bool = False,
    ) -> Future[Any]:
        """Run `work` in a thread, then `done(answer)` or `failed(error)` on the window's.

        in_order: one at a time, in the order asked. A `Cancelled` is silent.
        """
        if not self._open:
            dropped: Future[Any] = Future()
            dropped.cancel()
            return dropped
        pool = self._ordered if in_order else self._free
        self.pending += 1
        future = pool.submit(work)
        future.add_done_callback(partial(self._post, done, failed))
        return future

    def call(self, function: Callable[[], object]) -> None:
        """Run `function` on the window's thread; may be called from any thread."""
        if self._open:
            self._arrived.emit((function, False))

    def _post(
        self,
        done: Callable[[Any], object] | None,
        failed: Callable[[Exception], object] | None,
        future: Future[Any],
    ) -> None:
        if self._open:
            self._arrived.emit((partial(_settle, future, done, failed), True))

    def _deliver(self, parcel: tuple[Callable[[], object], bool]) -> None:
        function, counted = parcel
        if counted:
            self.pending -= 1
        if self._open:
            function()

    def close(self) -> None:
        """Wait for what is under way; answers are dropped from now on."""
        self._open = False
        self._free.shutdown(wait=True, cancel_futures=True)
        self._ordered.shutdown(wait=True)


def _settle(
    future: Future[Any],
    done: Callable[[Any], object] | None,
    failed: Callable[[Exception], object] | None,
) -> None:
    if future.cancelled():
        return
    error = future.exception()
    if error is None:
        if done is not None:
            done(future.result())
    elif isinstance(error, Cancelled):
        return
    elif failed is not None and isinstance(error, Exception):
        if not isinstance(error, InpaintError):
            log.error("background work failed", exc_info=error)
        failed(error)
    else:
        raise error


class Collector(QObject):
    """Collects cyclic garbage on the window's thread, in small bites."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.collect()
        gc.freeze()
        gc.disable()
        self._count = 0
        self._timer = QTimer(self)
        self._timer.setInterval(2000)
        self._timer.timeout.connect(self._collect)
        self._timer.start()

    def _collect(self) -> None:
        self._count += 1
        gc.collect(2 if self._count % 30 == 0 else 1)

    def stop(self) -> None:
        self._timer.stop()
        gc.enable()
        gc.unfreeze()
