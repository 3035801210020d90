"""What a worker process runs: the road, with the object store and the readers at hand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from inpaint_studio.arrays import Pixels
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.replay import ReplayAnswer, replay
from inpaint_studio.pipeline.request import Fatal, RunRequest, RunResult
from inpaint_studio.pipeline.road import plans, run
from inpaint_studio.proposals.base import Proposal
from inpaint_studio.proposals.table import propose
from inpaint_studio.records import Kind, Plan, RunRecord
from inpaint_studio.store.objects import ObjectStore
from inpaint_studio.vision.readers import Readers


@cache
def readers() -> Readers:
    """One set of readers per process: their models are loaded once and never shared."""
    return Readers()


def run_job(
    request: RunRequest, objects: str, token: RunToken, *, fatal: Fatal | None = None
) -> RunResult:
    """Run the road; artifacts go to the object store in the folder `objects`."""
    return run(request, token, ObjectStore(Path(objects)), semantic=readers(), fatal=fatal)


def plan_job(request: RunRequest, token: RunToken) -> list[tuple[Box, Plan]]:
    """Say what a run would do, and why, without filling anything."""
    return plans(request, token, semantic=readers())


def propose_job(pixels: Pixels, kinds: Sequence[Kind], token: RunToken) -> list[Proposal]:
    """Propose masks for a photo, sRGB 8 bit."""
    return propose(pixels, kinds, readers(), token)


def replay_job(record: RunRecord, objects: str, scratch: str, token: RunToken) -> ReplayAnswer:
    """Replay a run; new artifacts go to the folder `scratch`, which the caller removes."""
    store = ObjectStore(Path(objects))
    return replay(record, store, token, sink=ObjectStore(Path(scratch)), semantic=readers())


def warm_job(token: RunToken) -> None:
    """Load and compile what the first fill would otherwise wait for."""
    from inpaint_studio.engines.warmup import warm

    warm(token)
