"""Runs for a worker process in which an engine takes the whole process down."""

from __future__ import annotations

import os
import signal
from typing import Any
from unittest import mock

from inpaint_studio.engines.patch import PatchEngine
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.request import Fatal, RunRequest, RunResult
from inpaint_studio.pipeline.worker import run_job
from inpaint_studio.review.batch_worker import Order, Outcome, process


def _die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run(
    request: RunRequest, objects: str, token: RunToken, *, fatal: Fatal | None = None
) -> RunResult:
    with mock.patch.object(PatchEngine, "make", _die):
        return run_job(request, objects, token, fatal=fatal)


def photo(order: Order, objects: str, token: RunToken, *, fatal: Fatal | None = None) -> Outcome:
    with mock.patch.object(PatchEngine, "make", _die):
        return process(order, objects, token, fatal=fatal)
