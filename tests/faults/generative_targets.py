"""The worker's own jobs, with one thing going wrong inside the model: the prompt says which."""

from __future__ import annotations

import ctypes
import faulthandler
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline import worker
from inpaint_studio.pipeline.request import RunRequest, RunResult
from inpaint_studio.pipeline.worker import plan_job, propose_job, replay_job, warm_job

__all__ = ["plan_job", "propose_job", "replay_job", "run_job", "warm_job"]


def _segv(_calls: int) -> None:
    faulthandler.disable()
    ctypes.string_at(0)


def _hang(_calls: int) -> None:
    re.match(r"(a+)+$", "a" * 60 + "b")  # holds the interpreter: not even a heartbeat


def _memory(_calls: int) -> None:
    raise MemoryError


def _device_memory(_calls: int) -> None:
    import torch

    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def _device_memory_once(calls: int) -> None:
    if calls == 1:
        _device_memory(calls)


FAULTS: dict[str, Callable[[int], None]] = {
    "segv": _segv, "hang": _hang, "memory": _memory, "device memory": _device_memory,
    "device memory once": _device_memory_once,
}  # fmt: skip


@contextmanager
def _broken(fault: Callable[[int], None] | None) -> Iterator[None]:
    """Let the fault happen inside the network, in the middle of a step."""
    from inpaint_studio.engines import generative_run

    real, calls = generative_run.answer_of, 0

    def answer_of(loaded: Any, *rest: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1

        def in_the_network(*_: Any) -> None:
            if fault is not None:
                fault(calls)

        hook = loaded.pipe.unet.mid_block.register_forward_pre_hook(in_the_network)
        try:
            return real(loaded, *rest, **more)
        finally:
            hook.remove()

    generative_run.answer_of = answer_of
    try:
        yield
    finally:
        generative_run.answer_of = real


def run_job(request: RunRequest, objects: str, token: RunToken) -> RunResult:
    with _broken(FAULTS.get(request.options.prompt)):
        return worker.run_job(request, objects, token)
