"""The road of a photo: normalise, mask, plan, fill, blend, gate, accept or queue, delta.

`run` is the one function that window, command line, batch, service, replay and tests call.
It knows no Qt and no database: what it is given is a value, what it returns is a record, the
deltas, and (through a sink) the artifacts of every stage.
"""

from inpaint_studio.pipeline.pair import PairJudgement, judge_pair
from inpaint_studio.pipeline.replay import ReplayAnswer, replay
from inpaint_studio.pipeline.request import Delta, RunRequest, RunResult, Sink
from inpaint_studio.pipeline.road import run

__all__ = [
    "Delta",
    "PairJudgement",
    "ReplayAnswer",
    "RunRequest",
    "RunResult",
    "Sink",
    "judge_pair",
    "replay",
    "run",
]
