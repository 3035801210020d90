"""A whole window for tests, with a worker that answers at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from inpaint_studio.app import Studio
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import Progress
from inpaint_studio.pipeline.request import Delta, HashOnly, RunRequest, RunResult
from inpaint_studio.records import (
    EditRecord,
    FillRecipe,
    Plan,
    Reading,
    Reason,
    RunRecord,
    Stage,
    Verdict,
)
from inpaint_studio.settings import Settings
from inpaint_studio.ui import theme
from inpaint_studio.ui.retouch.runner import Runner
from inpaint_studio.ui.retouch.workspace import RetouchWorkspace
from inpaint_studio.ui.shell import Shell
from inpaint_studio.ui.workspace import PAGES


class InstantJob:
    """A job that has its answer when it is asked for."""

    def __init__(self, result: Any = None, error: Exception | None = None) -> None:
        self.state = "failed" if error else "finished"
        self.result, self.error = result, error
        self.progress = Progress(1.0, "done")
        self.is_ended = True

    def cancel(self) -> None:
        """Too late."""


class StuckJob(InstantJob):
    """A job that runs until it is cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.is_ended = "running", False
        self.progress = Progress(0.4, "filling", 3.0)

    def cancel(self) -> None:
        self.state, self.is_ended = "cancelled", True


class InstantPool:
    """Fills with the mean of the surroundings; flags what `accepts` does not like."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[Any, ...]]] = []
        self.learns: list[str] = []
        self.accepts: Callable[[RunRequest], bool] = lambda _request: False
        self.stuck = False
        self.error: Exception | None = None
        self.runs = 0
        self.found: list[Any] = []
        """What a proposal job answers."""

    def submit(self, target: str, *args: Any, learns: str = "", **_more: Any) -> InstantJob:
        name = target.split(":")[1]
        self.learns.append(learns)
        self.asked.append((name, args))
        if name == "run_job":
            if self.stuck:
                return StuckJob()
            return InstantJob(None if self.error else self._run(args[0]), self.error)
        if name == "plan_job":
            return InstantJob([(Box(0, 0, 1, 1), _plan(args[0]))])
        return InstantJob(list(self.found))

    def to_front(self, _job: InstantJob) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Nothing to close."""

    def _run(self, request: RunRequest) -> RunResult:
        self.runs += 1
        inside = Box.of_mask(request.mask)
        before = request.pixels[inside.slices].copy()
        after = before.copy()
        mean = request.pixels[~request.mask].mean(axis=0) + request.options.seed
        after[request.mask[inside.slices]] = np.clip(mean, 0, 255).astype(before.dtype)
        origin = request.origin or Box(0, 0, 0, 0)
        box = inside.shift(origin.left, origin.top)
        accepted = self.accepts(request)
        readings = (
            Reading(
                name="seam", value=0.02 if accepted else 0.09, high=0.06, passed=accepted,
                label="Seam", detail="How much the border shows.", box=box,
            ),
            Reading(name="leak", value=0, high=0, label="Pixels changed outside", unit="px"),
        )  # fmt: skip
        sink = HashOnly()
        edit = EditRecord(
            edit_id=f"edit-{self.runs}", box=box, kind="painted", plan=_plan(request),
            verdict=Verdict(
                accepted=accepted, risk=0.2 if accepted else 0.8,
                summary="It looks right." if accepted else "A seam shows along the border.",
                readings=readings,
            ),
            stages=(
                Stage(name="mask", sha256=sink.put_array(request.mask)),
                Stage(name="blended", sha256=sink.put_array(after)),
            ),
            state="accepted" if accepted else "queued", delta_box=box, seconds=0.1,
        )  # fmt: skip
        record = RunRecord(
            run_id=f"run-{self.runs}", created="2026-01-01T00:00:00.000+00:00",
            options=request.options, photo_name=request.photo_name, edits=(edit,),
        )  # fmt: skip
        return RunResult(
            record, (Delta(box, before, after),), ((box, request.mask[inside.slices]),)
        )


def _plan(request: RunRequest) -> Plan:
    engine = "patch" if request.options.engine == "auto" else request.options.engine
    recipe = FillRecipe(engine=engine, engine_version=1, seed=request.options.seed)
    return Plan(recipe=recipe, reasons=(Reason(text="The surroundings have texture."),),
                fallbacks=("flat",))  # fmt: skip


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> InstantPool:
    made = InstantPool()
    monkeypatch.setattr(Runner, "_workers", lambda _self: made)
    return made


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Two small photos."""
    from skimage import data

    folder = tmp_path / "photos"
    folder.mkdir()
    paths = []
    for name, pixels in (("coffee.png", data.coffee()), ("cat.png", data.chelsea())):
        Image.fromarray(pixels[:300, :400]).save(folder / name)
        paths.append(folder / name)
    return paths


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    made = Studio.open(tmp_path / "library", settings=Settings.load())
    yield made
    made.close()


@pytest.fixture
def shell(qapp: Any, studio: Studio, pool: InstantPool) -> Iterator[Shell]:
    if not qapp.styleSheet() or theme.active().name != "dark":
        theme.dress(qapp, "dark")
    made = Shell(studio, pages=[page for page in PAGES if page.key == "retouch"])
    made.resize(1400, 860)
    made.show()
    made.start([])
    yield made
    if not made.isHidden():
        made.close()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


class Hands:
    """Does what a person would do with mouse and keys, in widget pixels of the canvas."""

    def __init__(self, shell: Shell, qtbot: QtBot, pool: InstantPool) -> None:
        self.shell, self.qtbot, self.pool = shell, qtbot, pool
        workspace = shell.workspace("retouch")
        assert isinstance(workspace, RetouchWorkspace)
        self.workspace = workspace
        self.canvas, self.editor = workspace.canvas, workspace.editor

    def open(self, *paths: Path) -> None:
        self.shell.open_files(paths)
        self.until(lambda: self.document.path == paths[0])
        self.settle()

    @property
    def document(self) -> Any:
        return self.editor.document if self.editor.document is not None else _NoDocument()

    def until(self, done: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(done, timeout=30_000)

    def settle(self) -> None:
        """Wait until nothing runs in the background."""
        self.until(
            lambda: self.workspace.background.pending == 0 and not self.workspace.runner.tasks
        )

    def at(self, x: float, y: float) -> QPoint:
        """The canvas point over a photo point."""
        return self.canvas.to_widget(x, y)

    def stroke(self, *points: tuple[float, float], keys: Any = None) -> None:
        keys = keys or Qt.KeyboardModifier.NoModifier
        button = Qt.MouseButton.LeftButton
        QTest.mousePress(self.canvas, button, keys, self.at(*points[0]))
        for point in points[1:]:
            QTest.mouseMove(self.canvas, self.at(*point))
        QTest.mouseRelease(self.canvas, button, keys, self.at(*points[-1]))

    def key(self, key: Any, keys: Any = None) -> None:
        QTest.keyClick(self.canvas, key, keys or Qt.KeyboardModifier.NoModifier)


class _NoDocument:
    path = None


@pytest.fixture
def hands(shell: Shell, qtbot: QtBot, pool: InstantPool) -> Hands:
    return Hands(shell, qtbot, pool)
