"""A model that crashes, hangs or eats the memory takes its job with it and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from inpaint_studio.app import Studio
from inpaint_studio.errors import JobFailed
from inpaint_studio.jobs.job import Job
from inpaint_studio.jobs.pool import WorkerPool
from inpaint_studio.pipeline.request import RunRequest, RunResult
from inpaint_studio.records import EditRecord, RunOptions
from inpaint_studio.settings import Settings
from inpaint_studio.store.objects import ObjectStore
from inpaint_studio.ui import theme
from inpaint_studio.ui.retouch import runner
from inpaint_studio.ui.retouch.runner import Runner
from inpaint_studio.ui.shell import Shell
from inpaint_studio.ui.workspace import PAGES
from tests.engines.conftest import scene
from tests.models_factory import save
from tests.ui.conftest import Hands, InstantPool

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
TARGETS = "tests.faults.generative_targets"
WAIT_S = 900.0
SILENCE_S = 25.0
"""Long enough for the import of torch on a busy machine, which lets no heartbeat through."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("faults")
    save("sd9", work / "models" / "diffusion" / "sd9", work)
    return work / "models"


@pytest.fixture
def pool(models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerPool]:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    monkeypatch.setenv("INPAINT_STUDIO_MODELS", str(models))
    with WorkerPool(silence_s=SILENCE_S) as made:
        yield made


def _submit(pool: WorkerPool, objects: Path, prompt: str = "", engine: str = "generative") -> Job:
    photo, mask = scene(160)
    options = RunOptions(
        engine=engine, intent="fill", prompt=prompt, seed=5, budget="cheap",
        parameters={"model": "sd9", "steps": 2, "size": 128, "prefill": "flat", "threads": 1},
    )  # fmt: skip
    request = RunRequest(pixels=photo, mask=mask, options=options)
    return pool.submit(f"{TARGETS}:run_job", request, str(objects), kind="heavy", label=prompt)


def _edit(job: Job) -> EditRecord:
    result: RunResult = job.value(WAIT_S)
    (edit,) = result.record.edits
    return edit


def _blended(edit: EditRecord) -> str:
    stage = edit.stage("blended")
    assert stage is not None
    return stage.sha256


def test_every_fault_ends_its_job_and_the_next_one_is_fine(
    pool: WorkerPool, tmp_path: Path
) -> None:
    ObjectStore(tmp_path)
    good = _blended(_edit(_submit(pool, tmp_path)))

    # Memory that runs out once: another rung, said, and the fill is there.
    eased = _edit(_submit(pool, tmp_path, "device memory once"))
    assert any("ran out of memory" in change for change in eased.plan.changes)
    assert eased.plan.engine == "generative" and eased.delta_box is not None

    # Memory that runs out for good: nothing is filled, a person is told why.
    for fault in ("device memory", "memory"):
        left = _edit(_submit(pool, tmp_path, fault))
        assert left.state == "queued" and left.delta_box is None
        assert any("ran out of memory in every way" in change for change in left.plan.changes)
    pids = pool.pids()

    crashed = _submit(pool, tmp_path, "segv")
    with pytest.raises(JobFailed, match="SIGSEGV"):
        crashed.value(WAIT_S)
    assert _blended(_edit(_submit(pool, tmp_path))) == good
    assert set(pool.pids()).isdisjoint(pids)

    hung = _submit(pool, tmp_path, "hang")
    with pytest.raises(JobFailed, match="no sign of life"):
        hung.value(WAIT_S)
    assert hung.seconds < WAIT_S
    assert _blended(_edit(_submit(pool, tmp_path))) == good
    assert pool.is_idle


class _Patient(Hands):
    def until(self, done: Any) -> None:
        self.qtbot.waitUntil(done, timeout=int(WAIT_S * 1000))


@pytest.fixture
def window(
    qapp: Any, pool: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shell]:
    monkeypatch.setattr(runner, "WORKER", TARGETS)
    monkeypatch.setattr(Runner, "_workers", lambda _self: pool)
    theme.dress(qapp, "dark")
    studio = Studio.open(tmp_path / "library", settings=Settings.load())
    made = Shell(studio, pages=[page for page in PAGES if page.key in ("retouch", "review")])
    made.resize(1400, 860)
    made.show()
    made.start([])
    yield made
    made.close()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    studio.close()


def test_the_window_lives_on_and_says_what_happened(
    window: Shell, qtbot: QtBot, tmp_path: Path
) -> None:
    from PIL import Image
    from skimage import data

    path = tmp_path / "photo.png"
    Image.fromarray(data.coffee()[:300, :400]).save(path)
    hands = _Patient(window, qtbot, InstantPool())
    hands.open(path)
    panel = hands.workspace.inspector.run
    hands.until(lambda: "generative" in hands.workspace.runner.ready)
    panel.engine.setCurrentIndex(panel.engine.findData("generative"))
    document, said = hands.document, []
    hands.workspace.notice.connect(lambda kind, words: said.append((kind, words)))
    hands.stroke((200.0, 150.0), (230.0, 150.0))
    painted, original = document.mask.mask.copy(), document.history.pixels.copy()

    def run(prompt: str) -> None:
        panel.prompt.setText(prompt)
        QTest.mouseClick(panel.go, Qt.MouseButton.LeftButton)
        hands.until(lambda: not hands.workspace.runner.busy)
        hands.settle()

    run("segv")
    assert said[-1][0] == "bad" and "SIGSEGV" in said[-1][1]
    assert np.array_equal(document.mask.mask, painted)
    assert np.array_equal(document.history.pixels, original) and document.history.cursor == 0

    run("hang")
    assert said[-1][0] == "bad" and "no sign of life" in said[-1][1]
    assert np.array_equal(document.mask.mask, painted)
    assert np.array_equal(document.history.pixels, original) and document.history.cursor == 0

    run("memory")
    hands.until(lambda: any("gave up" in words for _, words in said))
    assert document.history.cursor == 0 and window.studio.queue.count() == 1

    run("device memory once")
    hands.until(lambda: document.history.cursor == 1)
    edit = document.edit_of(0)
    assert edit is not None and any("ran out of memory" in said for said in edit.plan.changes)
    assert (document.history.pixels != original).any(axis=2)[painted].mean() > 0.5
    assert edit.plan.engine == "generative"
